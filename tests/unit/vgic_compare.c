/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What the guest sees on both sides. See vgic_world.h. */
#include <string.h>

#include "vgic_world.h"

static struct sim_ich *ich_of(u32 cpu) { return &world.sim.cpus[cpu].ich; }

/* ---- list registers ---- */

/* 12.4.9: what is reserved is zero, and what the combination of fields allows. */
static void check_lr(u32 cpu, u32 slot)
{
	u64 lr = ich_of(cpu)->lr[slot];
	u32 line = (u32)lr, w = line / 32;
	bool linked = lr & LR_HW;

	if (!(lr & LR_STATE))
		return;
	if (line >= VGIC_LINES || world.spec.kind[line] == SPEC_NONE)
		world_fail("cpu%u: list register %u has INTID %u", cpu, slot, line);
	if (!(lr & LR_GROUP1) || lr & 0x0f00e00000000000ULL || lr & 0xfff00000000ULL & ~(linked ? ~0ULL : LR_EOI))
		world_fail("cpu%u: list register %u is %#llx", cpu, slot, (unsigned long long)lr);
	if (linked != (world.config.linked[w] >> line % 32 & 1))
		world_fail("cpu%u: INTID %u %s", cpu, line, linked ? "is linked" : "is not linked");
	if (!linked)
		return;
	if ((lr >> 32 & 0x1fff) != world.config.physical[line] || (lr & LR_STATE) == LR_STATE)
		world_fail("cpu%u: list register %u is linked, %#llx", cpu, slot, (unsigned long long)lr);
	if (!world_line(cpu, line)->active && !world.rude)
		world_fail("cpu%u: line %u in list register %u is physically not active", cpu, line, slot);
}

/*
 * Nowhere else: not on this CPU, and an SPI not on another (that is in its
 * guest). But for ISACTIVER on a line of another vCPU that takes it in this
 * moment: both have it, as there is no test and set in the physical distributor.
 */
static void check_twice(u32 cpu, u32 slot)
{
	u32 line = LR_VINTID(ich_of(cpu)->lr[slot]);
	bool alone = line >= 32 && !(world.rude && world.spec.kind[line] == SPEC_LINKED);

	for (u32 other = 0; other < world.cpu_count; other++)
		for (u32 k = 0; k < ich_of(other)->lr_count && !world.inside[other]; k++)
			if ((other != cpu || k != slot) && ich_of(other)->lr[k] & LR_STATE && LR_VINTID(ich_of(other)->lr[k]) == line &&
			    (other == cpu || alone))
				world_fail("INTID %u in two list registers, cpu%u and cpu%u", line, cpu, other);
}

/* Not busy: list registers are all there is to know, and nothing is lost with what is left in an empty one. */
static void check_busy(u32 cpu)
{
	const struct vgic_cpu *c = &world.cpus[cpu];
	u32 more = c->latched | c->hcr | (!world.depth && !world.vgic.ctlr && !world.vcpus[cpu].summary);

	for (u32 w = 0; w < VGIC_WORDS; w++) {
		more |= c->pend[w] | c->act[w] | c->sticky[w] | c->forced[w];
		/* Unless another CPU is just about to say that it is the holder */
		for (u32 bits = world.depth ? 0 : world.vgic.inhand[w]; bits; bits &= bits - 1)
			more |= world.vgic.holder[w * 32 + (u32)__builtin_ctz(bits)] == cpu;
	}
	if (more)
		world_fail("cpu%u: busy is zero, and it has more than its list registers", cpu);
}

void world_check_lrs(u32 cpu)
{
	const struct vgic_cpu *c = &world.cpus[cpu];

	if (c->hcr & ~(VGIC_HCR_LRENPIE | VGIC_HCR_NPIE | VGIC_HCR_TDIR))
		world_fail("cpu%u: hcr %#x", cpu, c->hcr);
	for (u32 i = 0; i < ich_of(cpu)->lr_count; i++) {
		check_lr(cpu, i);
		if (ich_of(cpu)->lr[i] & LR_STATE)
			check_twice(cpu, i);
	}
	for (u32 i = ich_of(cpu)->lr_count; i < VGIC_LR_MAX; i++)
		if (c->lr[i])
			world_fail("cpu%u: list register %u does not exist", cpu, i);
	if (!c->busy && !world.inside[cpu])
		check_busy(cpu);
}

/* ---- acknowledge ---- */

/* An interrupt that was withdrawn while this CPU had not heard of it; never one that somebody handles already. */
static bool is_late(u32 cpu, u32 intid)
{
	return intid < SPEC_LINES && world.recent[cpu][intid] && !spec_irq(&world.spec, cpu, intid)->active;
}

/* Made pending once more, and this CPU has not heard of it: counts with what is acknowledged now, or for itself. */
static bool is_on_its_way(u32 cpu, u32 intid)
{
	return intid < 32 ? world.vcpus[cpu].sgis >> intid & 1 : world.vgic.latched[intid / 32] >> intid % 32 & 1;
}

static u8 lr_priority(u32 cpu, u32 intid)
{
	for (u32 i = 0; i < ich_of(cpu)->lr_count; i++)
		if (ich_of(cpu)->lr[i] & LR_STATE && LR_VINTID(ich_of(cpu)->lr[i]) == intid)
			return LR_PRIORITY_OF(ich_of(cpu)->lr[i]);
	return 0;
}

u32 world_acknowledge(u32 cpu)
{
	bool quiet = world_quiet();
	u32 intid = sim_iar(ich_of(cpu));

	world_say("cpu%u IAR %u", cpu, intid);
	if (world.rude)
		return intid;
	if (!spec_iar_allowed(&world.spec, cpu, intid) && (quiet || (intid != SPEC_NOTHING && !is_late(cpu, intid))))
		world_fail("cpu%u acknowledges %u", cpu, intid);
	if (intid == SPEC_NOTHING)
		return intid;
	/* A new priority another vCPU has set may not have come here yet. */
	spec_acknowledge(&world.spec, cpu, intid, quiet ? spec_irq(&world.spec, cpu, intid)->priority : lr_priority(cpu, intid));
	spec_irq(&world.spec, cpu, intid)->may |= is_on_its_way(cpu, intid);
	for (u32 i = 0; i < world.cpu_count; i++)
		if (i == cpu || intid >= 32)
			world.recent[i][intid] = false;
	return intid;
}

/* ---- registers ---- */

u64 world_read(u32 cpu, u32 frame, u32 offset, u32 size)
{
	struct vgic_cpu *c = &world.cpus[cpu];
	bool hand = vgic_reads_hand(offset);
	u64 value;

	if (world.short_paths && size == 4 && fast_read(cpu, frame, offset, &value))
		return value;
	if (hand)
		world_enter(cpu);
	else
		world_begin(cpu);
	value = frame == SPEC_DIST ? vgic_dist_read(&world.vgic, c, offset, size)
				   : vgic_redist_read(&world.vgic, c, frame, offset, size);
	if (hand)
		world_leave(cpu);
	else
		world_end(cpu);
	world_settle_trap(cpu);
	return value;
}

static const char *frame_name(u32 frame) { return frame == SPEC_DIST ? "GICD" : "GICR"; }

static void compare_enabled(u32 cpu, u32 frame, u32 offset)
{
	u32 others = world.others;
	u64 care, want, got = world_read(cpu, frame, offset, 4);

	if (others != world.others)
		return; /* not the same any more */
	want = spec_read(&world.spec, cpu, frame, offset, 4, &care);
	if ((got ^ want) & care)
		world_fail("cpu%u reads %s%u+%#x: %#llx, expected %#llx", cpu, frame_name(frame), frame == SPEC_DIST ? 0 : frame, offset,
			   (unsigned long long)got, (unsigned long long)(want & care));
}

/*
 * What another vCPU has in hand is said to be active (an SPI), and not pending,
 * and right the next time. An answer that nobody fetched is given first: it was
 * right when it was made.
 */
static void compare_state(u32 cpu, u32 frame, u32 offset, bool active)
{
	u32 w = (offset & 0x7f) / 4, others = world.others;
	u64 care, want = spec_read(&world.spec, cpu, frame, offset, 4, &care);

	if (frame != SPEC_DIST && frame != cpu)
		care &= 0xffff; /* another CPU's PPIs are in its own physical frame */
	while (world.cpus[cpu].asked[active ? VGIC_ACTIVE : VGIC_PENDING] >> w & 1) { /* as long as somebody has yet to look */
		world_read(cpu, frame, offset, 4);
		world_settle();
	}
	for (u32 i = 0; i < 2; i++) {
		u64 got = world_read(cpu, frame, offset, 4);
		u64 wrong = i ? got ^ want : active && frame == SPEC_DIST ? want & ~got : got & ~want;

		if (others != world.others)
			return;
		if (wrong & care)
			world_fail("cpu%u reads %s%u+%#x: %#llx, expected %#llx", cpu, frame_name(frame), frame == SPEC_DIST ? 0 : frame,
				   offset, (unsigned long long)got, (unsigned long long)(want & care));
		world_settle();
	}
}

static void compare_register(u32 cpu, u32 frame, u32 offset)
{
	u32 reg = offset & 0xff80;

	if (reg == GUEST_ISENABLER || reg == GUEST_ICENABLER)
		compare_enabled(cpu, frame, offset);
	else
		compare_state(cpu, frame, offset, reg == GUEST_ISACTIVER || reg == GUEST_ICACTIVER);
}

void world_compare_registers(u32 cpu)
{
	for (u32 w = 0; w < VGIC_WORDS && !world.rude; w++) {
		if (w && !(world.config.linked[w] | world.config.soft[w]))
			continue;
		for (u32 kind = 0x100; kind < 0x400; kind += 0x80) {
			world_settle();
			world_check_news();
			for (u32 n = 0; n < (w ? 1 : world.cpu_count); n++)
				if (w || world.spec.cpus[n].on)
					compare_register(cpu, w ? SPEC_DIST : n, (w ? 0 : GUEST_SGI_FRAME) + kind + 4 * w);
		}
	}
}

/* ---- everything ---- */

static void note_recent(bool quiet)
{
	for (u32 cpu = 0; cpu < world.cpu_count; cpu++)
		for (u32 i = 0; i < world.spec.line_count; i++) {
			u32 intid = world.spec.lines[i];
			bool now = spec_due(&world.spec, cpu, intid, true);

			world.recent[cpu][intid] = now || (!quiet && world.recent[cpu][intid]);
		}
}

void world_note_recent(u32 line)
{
	for (u32 n = 0; n < world.cpu_count; n++)
		world.recent[n][line] |= world.depth || spec_due(&world.spec, n, line, true);
}

void world_compare(void)
{
	bool quiet = world_quiet();

	if (world.rude)
		return;
	note_recent(quiet);
	for (u32 cpu = 0; cpu < world.cpu_count; cpu++) {
		const struct sim_ich *ich = ich_of(cpu);
		bool irq = sim_irq(ich);

		if (!world.spec.cpus[cpu].on)
			continue;
		if (sim_rpr(ich) != spec_running(&world.spec, cpu))
			world_fail("cpu%u: running priority %#x, expected %#x", cpu, sim_rpr(ich), spec_running(&world.spec, cpu));
		if (!quiet)
			continue;
		if (irq ? !spec_any_signalled(&world.spec, cpu, true) : spec_any_signalled(&world.spec, cpu, false))
			world_fail("cpu%u: %s", cpu, irq ? "signals, nothing is pending" : "does not signal what is pending");
		if (!spec_hppir_allowed(&world.spec, cpu, sim_hppir(ich)))
			world_fail("cpu%u: HPPIR %u", cpu, sim_hppir(ich));
	}
}

void world_check_idle(void)
{
	for (u32 w = 0; w < VGIC_WORDS; w++)
		if (world.vgic.inhand[w] | world.vgic.latched[w] | world.vgic.level[w])
			world_fail("word %u: left in hand %#x, latched %#x, level %#x", w, world.vgic.inhand[w], world.vgic.latched[w],
				   world.vgic.level[w]);
	for (u32 cpu = 0; cpu < world.cpu_count; cpu++) {
		const struct vgic_cpu *c = &world.cpus[cpu];

		for (u32 i = 0; i < world.sim.line_count; i++)
			if (sim_line(&world.sim, cpu, world.sim.lines[i])->active || sim_line(&world.sim, cpu, world.sim.lines[i])->latch)
				world_fail("cpu%u: line %u is left active or latched", cpu, world.sim.lines[i]);
		for (u32 w = 0; w < VGIC_WORDS; w++)
			if (c->pend[w] | c->act[w] | c->sticky[w] | c->forced[w])
				world_fail("cpu%u: word %u left: pending %#x, active %#x, sticky %#x, forced %#x", cpu, w, c->pend[w],
					   c->act[w], c->sticky[w], c->forced[w]);
		for (u32 i = 0; i < ich_of(cpu)->lr_count; i++)
			if (ich_of(cpu)->lr[i] & LR_STATE)
				world_fail("cpu%u: list register %u left: %#llx", cpu, i, (unsigned long long)ich_of(cpu)->lr[i]);
		if (c->busy || c->words || c->hcr || c->latched || world.vcpus[cpu].sgis || world.vcpus[cpu].summary)
			world_fail("cpu%u: busy %#x, words %#x, hcr %#x, latched %#x, SGIs %#x, summary %#x left", cpu, c->busy,
				   c->words, c->hcr, c->latched, world.vcpus[cpu].sgis, world.vcpus[cpu].summary);
	}
}
