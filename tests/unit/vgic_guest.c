/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What a guest does: register accesses, handlers, SGIs; politely and not. See vgic_world.h. */
#include "vgic_world.h"

static const u8 priorities[] = { 0x00, 0x08, 0x20, 0x40, 0x80, 0x87, 0xa0, 0xa0, 0xa0, 0xc0, 0xf0, 0xf8, 0xff };

static struct sim_ich *ich_of(u32 cpu) { return &world.sim.cpus[cpu].ich; }

/* ---- accesses ---- */

/* Where the registers of this line begin in their frame. */
static u32 base_of(u32 line) { return line < 32 ? GUEST_SGI_FRAME : 0; }

/* Has EL2 taken this line for another CPU's guest, which has not taken it yet? */
static bool is_elsewhere(u32 cpu, u32 owner, u32 line)
{
	const struct vgic_cpu *c = &world.cpus[cpu];
	bool mine = c->pend[line / 32] >> line % 32 & 1;

	if (world.spec.kind[line] != SPEC_LINKED || !world_line(owner, line)->active || spec_irq(&world.spec, owner, line)->active)
		return false;
	for (u32 i = 0; i < ich_of(cpu)->lr_count; i++)
		mine |= ich_of(cpu)->lr[i] & LR_PENDING && LR_VINTID(ich_of(cpu)->lr[i]) == line;
	return !mine;
}

/* ISPENDR on such a line: see `again` in gic_spec.h. On one that somebody's ICPENDR is about: either is first. */
static void note_again(u32 cpu, u32 owner, u32 first, u32 value, const bool *elsewhere, const bool *clearing)
{
	for (u32 i = 0; i < 32 && first + i < SPEC_LINES; i++) {
		struct spec_irq *irq = spec_irq(&world.spec, owner, first + i);

		if (!(value >> i & 1) || world.spec.kind[first + i] == SPEC_NONE)
			continue;
		if (clearing[i]) {
			irq->may = irq->again = true;
			irq->latch = false;
		}
		irq->again |= elsewhere[i] || is_elsewhere(cpu, owner, first + i); /* before, or meanwhile */
	}
}

void guest_write(u32 cpu, u32 frame, u32 offset, u32 size, u64 value)
{
	u32 first = (offset & 0x7f) * 8, owner = frame == SPEC_DIST ? cpu : frame, reg = offset & 0xff80;
	bool elsewhere[32], clearing[32], pends = size == 4 && reg == GUEST_ISPENDR;

	if (size < 8)
		value &= BIT(8 * size) - 1; /* trap.c */
	world_say("cpu%u writes %s%u+%#x/%u: %#llx", cpu, frame == SPEC_DIST ? "GICD" : "GICR", frame == SPEC_DIST ? 0 : frame,
		  offset, size, (unsigned long long)value);
	for (u32 i = 0; i < 32 && pends; i++) {
		elsewhere[i] = first + i < SPEC_LINES && is_elsewhere(cpu, owner, first + i);
		clearing[i] = first + i < SPEC_LINES && world_clears(owner, first + i);
	}
	spec_write(&world.spec, cpu, frame, offset, size, value);
	world.clearing_frame = frame;
	world.clearing_first = first;
	world.clearing = reg == GUEST_ICPENDR ? (u32)value : 0;
	if (!world.short_paths || size != 4 || !fast_write(cpu, frame, offset, (u32)value)) {
		struct vgic_cpu *c = world_enter(cpu);

		if (frame == SPEC_DIST)
			vgic_dist_write(&world.vgic, c, offset, size, value);
		else
			vgic_redist_write(&world.vgic, c, frame, offset, size, value);
		world_leave(cpu);
		world_settle_trap(cpu);
	}
	world.clearing = 0;
	if (pends)
		note_again(cpu, owner, first, (u32)value, elsewhere, clearing);
}

void guest_write_line(u32 cpu, u32 reg, u32 line)
{
	guest_write(cpu, line < 32 ? cpu : SPEC_DIST, base_of(line) + reg + line / 32 * 4, 4, 1u << line % 32);
}

static void read_access(u32 cpu, u32 frame, u32 offset, u32 size)
{
	bool quiet = world_quiet();
	u32 reg = offset & 0xff80, others = world.others;
	u64 care, want = spec_read(&world.spec, cpu, frame, offset, size, &care), got = world_read(cpu, frame, offset, size);

	world_say("cpu%u reads %s%u+%#x/%u: %#llx", cpu, frame == SPEC_DIST ? "GICD" : "GICR", frame == SPEC_DIST ? 0 : frame,
		  offset, size, (unsigned long long)got);
	if (size < 8 && got >> 8 * size)
		world_fail("cpu%u reads more than %u bytes: %#llx", cpu, size, (unsigned long long)got);
	/* Pending and active: world_compare_registers; and what others' CPUs have not heard of yet cannot be compared. */
	if ((reg >= GUEST_ISPENDR && reg < GUEST_IPRIORITYR) || !quiet || others != world.others || world.rude)
		return;
	if ((got ^ want) & care)
		world_fail("cpu%u reads %s%u+%#x/%u: %#llx, expected %#llx", cpu, frame == SPEC_DIST ? "GICD" : "GICR",
			   frame == SPEC_DIST ? 0 : frame, offset, size, (unsigned long long)got, (unsigned long long)(want & care));
}

u32 pick_line(void) { return world.spec.lines[pick(world.spec.line_count)]; }

/* The frame that has this line for a vCPU. */
static u32 frame_at(u32 cpu, u32 line) { return line < 32 ? cpu : SPEC_DIST; }

/* The same, or for a private line the frame of another vCPU that is on. */
static u32 frame_of(u32 cpu, u32 line)
{
	u32 n = pick(4);

	if (line >= 32)
		return SPEC_DIST;
	return n < world.cpu_count && world.spec.cpus[n].on ? n : cpu;
}

/* One bit mostly, or several lines of the same word. */
static u32 pick_bits(u32 line)
{
	static const u32 masks[] = { 0, 0, 0, 0, 0xffffffff, 0xff00ff, 0xf0f };

	return 1u << line % 32 | masks[pick(ARRAY_COUNT(masks))];
}

static void write_bits(u32 cpu, u32 reg)
{
	u32 line = pick_line(), frame = frame_of(cpu, line), bits = pick_bits(line);

	/* vgic_regs.c: a PPI is made pending by its own vCPU only */
	if (reg == GUEST_ISPENDR && frame != SPEC_DIST && frame != cpu)
		bits &= 0xffff;
	guest_write(cpu, frame, base_of(line) + reg + line / 32 * 4, 4, bits);
}

/*
 * GUEST_ICACTIVER on what a handler has yet to end, once in a while. Not when others
 * are nested: an end without a list register is taken for that of the spilled
 * interrupt that was acknowledged last, and this one would be the last.
 */
static bool may_inactivate(u32 intid)
{
	for (u32 n = 0; n < world.cpu_count; n++)
		for (u32 i = 0; i < world.debts[n].count; i++)
			if (world.debts[n].running[i] == intid && (world.debts[n].count > 1 || pick(4)))
				return false;
	return true;
}

/* Its EOIR has yet to come, and would end what ISACTIVER made active, if a list register has it: EOIcount names none. */
static bool is_owed(u32 intid)
{
	for (u32 n = 0; n < world.cpu_count; n++) {
		for (u32 i = 0; i < world.debts[n].count; i++)
			if (world.debts[n].running[i] == intid)
				return true;
		for (u32 i = 0; i < world.debts[n].dropped_count; i++)
			if (world.debts[n].dropped[i] == intid)
				return true;
	}
	return false;
}

/* GUEST_ISACTIVER is for lines of the vCPU itself that no other has in hand (vgic_regs.c); GUEST_ICACTIVER ends it again later. */
static void write_active(u32 cpu)
{
	u32 line = pick_line();
	struct spec_irq *irq = spec_irq(&world.spec, cpu, line);

	if (!world_quiet())
		return;
	if (irq->active) {
		if (!may_inactivate(line))
			return;
		for (u32 n = 0; n < world.cpu_count; n++)
			for (u32 i = 0; i < world.debts[n].count; i++)
				if (world.debts[n].running[i] == line && (line >= 32 || n == cpu))
					world.debts[n].over[i] = true;
		guest_write_line(cpu, GUEST_ICACTIVER, line);
	} else if ((line < 32 || irq->route == cpu) && !is_owed(line)) {
		guest_write_line(cpu, GUEST_ISACTIVER, line);
	}
}

static void write_priority(u32 cpu)
{
	u32 line = pick_line(), frame = frame_of(cpu, line), at = base_of(line) + GUEST_IPRIORITYR + line;
	u32 value = priorities[pick(ARRAY_COUNT(priorities))];

	if (pick(3))
		guest_write(cpu, frame, at, 1, value);
	else
		guest_write(cpu, frame, at & ~3u, 4, value * 0x01010101u ^ pick(4) << 21);
}

static void write_route(u32 cpu)
{
	u32 line = pick_line();

	if (line >= 32)
		guest_write(cpu, SPEC_DIST, GUEST_IROUTER + 8 * line, pick(2) ? 8 : 4, pick(8) ? pick(world.cpu_count) : world.bits);
}

/* Registers that do nothing, sizes that do not exist. */
static void write_oddly(u32 cpu)
{
	static const u16 registers[] = { GUEST_IGROUPR, GUEST_ICFGR, 0xd00, GUEST_ISENABLER, GUEST_ISPENDR, GUEST_ISACTIVER,
					 GUEST_IPRIORITYR, GUEST_IROUTER, 0x14, 0x40, 0x820, 0xf00, 0xffe8 };
	u32 frame = pick(2) ? SPEC_DIST : cpu, size = 1u << pick(4), reg = registers[pick(ARRAY_COUNT(registers))];
	u32 offset = (reg + pick(256) * size) & 0xffff & ~(size - 1);

	if (frame != SPEC_DIST && pick(2))
		offset += GUEST_SGI_FRAME;
	/* What is defined is tried elsewhere. */
	if ((offset & 0xffff) >= GUEST_ISENABLER && (offset & 0xffff) < GUEST_ICFGR &&
	    (size == 4 || ((offset & 0xffff) >= GUEST_IPRIORITYR && size < 4)))
		return;
	if (frame == SPEC_DIST && offset >= GUEST_IROUTER && size >= 4)
		return;
	guest_write(cpu, frame, offset, size, world.bits);
}

static void read_something(u32 cpu)
{
	static const u16 registers[] = { 0, 4, 8, GUEST_IGROUPR, GUEST_ISENABLER, GUEST_ICENABLER, GUEST_ISPENDR, GUEST_ICPENDR,
					 GUEST_ISACTIVER, GUEST_ICACTIVER, GUEST_ICFGR, 0xffe8 };
	u32 line = pick_line(), frame = frame_of(cpu, line), base = base_of(line);
	u32 reg = registers[pick(ARRAY_COUNT(registers))];

	switch (pick(6)) {
	case 0:
		read_access(cpu, frame, base + GUEST_IPRIORITYR + line, 1);
		break;
	case 1:
		read_access(cpu, frame, base + GUEST_IPRIORITYR + (line & ~3u), 4);
		break;
	case 2:
		read_access(cpu, SPEC_DIST, GUEST_IROUTER + 8 * line, 4u << pick(2));
		break;
	case 3:
		read_access(cpu, frame, (base + pick(0x8000)) & ~7u, 1u << pick(4));
		break;
	default:
		reg += reg == GUEST_ICFGR ? line / 16 * 4 : reg >= GUEST_IGROUPR && reg < GUEST_ICFGR ? line / 32 * 4 : 0;
		read_access(cpu, frame, base + reg, 4);
		break;
	}
}

/* ---- the guest's handlers ---- */

void guest_acknowledge(u32 cpu)
{
	struct debts *d = &world.debts[cpu];
	u32 intid;

	if (d->count == WORLD_STACK || d->dropped_count == WORLD_STACK)
		return;
	intid = world_acknowledge(cpu);
	if (intid == SPEC_NOTHING)
		return;
	d->over[d->count] = false;
	d->running[d->count++] = (u16)intid;
}

void guest_end(u32 cpu)
{
	struct debts *d = &world.debts[cpu];
	u32 intid, running = spec_running(&world.spec, cpu);

	if (!d->count)
		return;
	intid = d->running[--d->count];
	world_say("cpu%u EOIR %u%s", cpu, intid, d->over[d->count] ? " (over)" : "");
	if (d->over[d->count] && running != 0xff)
		world.spec.cpus[cpu].running[running] = false; /* priority drop only */
	else
		spec_eoi(&world.spec, cpu, intid);
	sim_eoir(&world.sim, cpu, intid);
	if (world.spec.cpus[cpu].split && !d->over[d->count])
		d->dropped[d->dropped_count++] = (u16)intid;
}

static void serve_device(u32 cpu, u32 line)
{
	if (world.spec.kind[line] == SPEC_DEVICE && world.output[line])
		world_device(cpu, line, false);
	if (world.spec.kind[line] == SPEC_LINKED && world_line(cpu, line)->level)
		world_move_linked(cpu, line);
}

void guest_handle(u32 cpu)
{
	struct debts *d = &world.debts[cpu];

	world_compare();
	for (u32 i = 0; i < 20 && (sim_irq(ich_of(cpu)) || d->count); i++) {
		guest_acknowledge(cpu);
		if (d->count)
			serve_device(cpu, d->running[d->count - 1]);
		world_compare();
		guest_end(cpu);
		while (d->dropped_count)
			guest_deactivate(cpu);
		world_event(cpu, chance(30));
		world_compare();
	}
}

static void write_dir(u32 cpu, u32 intid)
{
	if (!(ich_of(cpu)->hcr & SIM_HCR_TDIR)) {
		sim_dir(&world.sim, cpu, intid);
		return;
	}
	vgic_dir(&world.vgic, world_enter(cpu), intid);
	world_leave(cpu);
	world_settle_trap(cpu);
}

void guest_deactivate(u32 cpu)
{
	struct debts *d = &world.debts[cpu];
	u32 i, intid;

	if (!d->dropped_count)
		return;
	i = pick(d->dropped_count);
	intid = d->dropped[i];
	d->dropped[i] = d->dropped[--d->dropped_count];
	if (!spec_irq(&world.spec, cpu, intid)->active || spec_irq(&world.spec, cpu, intid)->owner != cpu)
		return;
	world_say("cpu%u DIR %u", cpu, intid);
	spec_deactivate(&world.spec, cpu, intid);
	write_dir(cpu, intid);
}

/* Registers of the CPU interface. What decides how interrupts end changes only while none runs. */
static void write_interface(u32 cpu)
{
	struct sim_ich *ich = ich_of(cpu);
	struct spec_cpu *c = &world.spec.cpus[cpu];
	bool idle = !world.debts[cpu].count && !world.debts[cpu].dropped_count;

	switch (pick(5)) {
	case 0:
		c->group = ich->group = pick(3);
		break;
	case 1:
		if (idle)
			c->split = ich->split = pick(2);
		break;
	case 2:
		if (idle)
			c->binary_point = ich->binary_point = (u8)(sim_least_binary_point(ich) + pick(8 - sim_least_binary_point(ich)));
		break;
	default:
		c->mask = ich->mask = (pick(2) ? 0xff : priorities[pick(ARRAY_COUNT(priorities))]) & sim_priority_mask(ich);
		break;
	}
	world_say("cpu%u PMR %#x, BPR %u, EOImode %u, IGRPEN %u", cpu, c->mask, c->binary_point, c->split, c->group);
}

void world_send_sgi(u32 cpu, u32 targets, u32 intid)
{
	world_say("cpu%u SGI %u to %#x", cpu, intid, targets);
	spec_sgi(&world.spec, targets, intid);
	world_note_recent(intid);
	for (u32 n = 0; n < world.cpu_count; n++) {
		struct spec_irq *irq = &world.spec.cpus[n].own[intid];

		if (targets >> n & 1 && irq->latch && world_clears(n, intid)) {
			irq->may = true;
			irq->latch = false;
		}
	}
	if (world.short_paths && fast_send(cpu, targets, intid))
		return;
	world_begin(cpu);
	vgic_sgi(&world.vgic, &world.cpus[cpu], targets, intid);
	world_end(cpu);
	world_settle_trap(cpu);
}

static void send_sgi(u32 cpu)
{
	u32 intid = pick(pick(2) ? 16 : 4);

	world_send_sgi(cpu, pick(8), intid);
}

/* Ends and deactivates what nobody acknowledged, or in another order. Afterwards only the walls are looked at. */
static void be_rude(u32 cpu)
{
	u32 intid = pick(4) ? pick_line() : pick(1100);

	world_say("cpu%u is rude about %u", cpu, intid);
	switch (pick(4)) {
	case 0:
		sim_eoir(&world.sim, cpu, intid);
		break;
	case 1:
		write_dir(cpu, intid);
		break;
	case 2:
		ich_of(cpu)->split = pick(2);
		break;
	default:
		guest_write(cpu, frame_at(cpu, intid), base_of(intid) + (pick(2) ? GUEST_ISACTIVER : GUEST_ICACTIVER) + intid / 32 * 4, 4,
			     pick_bits(intid));
		break;
	}
}

void guest_enable_everything(u32 cpu)
{
	struct spec_cpu *c = &world.spec.cpus[cpu];
	bool trace = world.trace;

	world_say("cpu%u enables everything", cpu);
	world.trace = false;
	c->group = ich_of(cpu)->group = true;
	c->mask = ich_of(cpu)->mask = 0xff & sim_priority_mask(ich_of(cpu));
	guest_write(cpu, cpu, GUEST_SGI_FRAME + GUEST_ISENABLER, 4, 0xffffffff);
	for (u32 w = 1; w < VGIC_WORDS; w++)
		if (world.config.linked[w] | world.config.soft[w])
			guest_write(cpu, SPEC_DIST, GUEST_ISENABLER + 4 * w, 4, 0xffffffff);
	guest_write(cpu, SPEC_DIST, 0, 4, 2);
	/* 0xf8 is the lowest, and no PMR of five bits lets it pass */
	for (u32 i = 0; i < world.spec.line_count; i++) {
		u32 line = world.spec.lines[i];

		if (spec_irq(&world.spec, cpu, line)->priority >= c->mask)
			guest_write(cpu, frame_at(cpu, line), base_of(line) + GUEST_IPRIORITYR + line, 1, 0xa0);
	}
	world.trace = trace;
}

/* ---- one of it ---- */

/* Leaves something in list registers for long: a mask, a priority, an active interrupt that nobody handles. */
static bool is_lasting(u32 act) { return act == 12 || (act >= 19 && act <= 21) || act == 23; }

void guest_act(u32 cpu)
{
	u32 act = pick(32);

	switch (world.calm && is_lasting(act) && chance(16) ? 31 : act) {
	case 0: case 1: case 2: case 3: case 4: case 5: guest_acknowledge(cpu); break;
	case 6: case 7: case 8: case 9: guest_end(cpu); break;
	case 10: case 11: guest_deactivate(cpu); break;
	case 12: write_interface(cpu); break;
	case 13: case 14: write_bits(cpu, GUEST_ISENABLER); break;
	case 15: write_bits(cpu, GUEST_ICENABLER); break;
	case 16: case 17: write_bits(cpu, GUEST_ISPENDR); break;
	case 18: write_bits(cpu, GUEST_ICPENDR); break;
	case 19: write_active(cpu); break;
	case 20: case 21: write_priority(cpu); break;
	case 22: write_route(cpu); break;
	case 23: if (!pick(4)) guest_write(cpu, SPEC_DIST, 0, 4, pick(4)); break;
	case 24: read_something(cpu); break;
	case 25: write_oddly(cpu); break;
	case 26: if (world.rude) be_rude(cpu); break;
	default: send_sgi(cpu); break;
	}
}
