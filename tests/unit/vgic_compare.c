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
	if (linked != (bool)(world.hw[w] >> line % 32 & 1))
		world_fail("cpu%u: INTID %u %s", cpu, line, linked ? "is linked" : "is not linked");
	if (!linked)
		return;
	if ((lr >> 32 & 0x1fff) != line || (lr & LR_STATE) == LR_STATE)
		world_fail("cpu%u: list register %u is linked, %#llx", cpu, slot, (unsigned long long)lr);
	if (!sim_line(&world.sim, cpu, line)->active && !world.rude)
		world_fail("cpu%u: line %u in list register %u is physically not active", cpu, line, slot);
}

void world_check_lrs(u32 cpu)
{
	const struct vgic_cpu *c = &world.cpus[cpu];

	if (c->hcr & ~(VGIC_HCR_LRENPIE | VGIC_HCR_NPIE | VGIC_HCR_TDIR))
		world_fail("cpu%u: hcr %#x", cpu, c->hcr);
	for (u32 i = 0; i < ich_of(cpu)->lr_count; i++) {
		check_lr(cpu, i);
		if (!(ich_of(cpu)->lr[i] & LR_STATE))
			continue;
		/* Nowhere else: not on this CPU, and an SPI not on another (that is in its guest). */
		for (u32 other = 0; other < world.cpu_count; other++)
			for (u32 k = 0; k < ich_of(other)->lr_count && !world.inside[other]; k++)
				if ((other != cpu || k != i) && ich_of(other)->lr[k] & LR_STATE &&
				    (u32)ich_of(other)->lr[k] == (u32)ich_of(cpu)->lr[i] &&
				    (other == cpu || (u32)ich_of(cpu)->lr[i] >= 32))
					world_fail("INTID %u in two list registers, cpu%u and cpu%u", (u32)ich_of(cpu)->lr[i], cpu,
						   other);
	}
	for (u32 i = ich_of(cpu)->lr_count; i < VGIC_LR_MAX; i++)
		if (c->lr[i])
			world_fail("cpu%u: list register %u does not exist", cpu, i);
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
	struct vgic_cpu *c;
	u64 value;

	if (world.short_paths && size == 4 && fast_read(cpu, frame, offset, &value))
		return value;
	c = world_enter(cpu);
	value = frame == SPEC_DIST ? vgic_dist_read(&world.vgic, c, offset, size)
				   : vgic_redist_read(&world.vgic, c, frame, offset, size);
	world_leave(cpu);
	return value;
}

/* Bits of a word of 32 interrupts that the logic may answer imprecisely: another vCPU has them in hand. */
static u32 elsewhere(u32 cpu, u32 first, bool active, u32 got)
{
	u32 bits = 0;

	for (u32 i = 0; i < 32 && first; i++) {
		struct spec_irq *irq = &world.spec.shared[first + i];
		bool other = false;

		for (u32 n = 0; n < world.cpu_count; n++)
			other |= n != cpu && spec_forwarded(&world.spec, n, first + i, true);
		/* Active is said of what is pending there; pending may be missed. */
		if ((other && active == (got >> i & 1)) || (!active && irq->active && irq->owner != cpu && spec_pending(irq)))
			bits |= 1u << i;
	}
	return bits;
}

static void compare_register(u32 cpu, u32 frame, u32 offset, u32 size)
{
	u32 reg = offset & 0xff80, others = world.others;
	u64 care, want, got = world_read(cpu, frame, offset, size);
	bool pending = reg == 0x200 || reg == 0x280, active = reg == 0x300 || reg == 0x380;

	if (others != world.others)
		return; /* not the same any more */
	want = spec_read(&world.spec, cpu, frame, offset, size, &care);
	if (pending || active)
		care &= frame == SPEC_DIST ? ~elsewhere(cpu, (offset & 0x7f) * 8, active, (u32)got)
					   : frame == cpu ? ~0u : 0; /* of others' own lines little is known */
	if ((got ^ want) & care)
		world_fail("cpu%u reads %s%u+%#x: %#llx, expected %#llx", cpu, frame == SPEC_DIST ? "GICD" : "GICR",
			   frame == SPEC_DIST ? 0 : frame, offset, (unsigned long long)got, (unsigned long long)(want & care));
}

void world_compare_registers(u32 cpu)
{
	for (u32 w = 0; w < VGIC_WORDS && !world.rude; w++) {
		if (w && !(world.hw[w] | world.soft[w]))
			continue;
		for (u32 kind = 0x100; kind < 0x400; kind += 0x80) {
			world_settle(); /* reading what is active asks the others */
			if (!world_quiet())
				return;
			compare_register(cpu, w ? SPEC_DIST : cpu, (w ? 0 : 0x10000) + kind + 4 * w, 4);
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
	for (u32 w = 0; w < VGIC_WORDS; w++) {
		if (world.vgic.inflight[w] || world.vgic.latched[w])
			world_fail("word %u: left in flight %#x, latched %#x", w, world.vgic.inflight[w], world.vgic.latched[w]);
		for (u32 i = 0; i < 32 && w; i++)
			if (world.sim.shared[w * 32 + i].active)
				world_fail("line %u is left active", w * 32 + i);
	}
	for (u32 cpu = 0; cpu < world.cpu_count; cpu++) {
		const struct vgic_cpu *c = &world.cpus[cpu];

		for (u32 i = 0; i < 32; i++)
			if (world.sim.cpus[cpu].own[i].active)
				world_fail("cpu%u: line %u is left active", cpu, i);
		for (u32 w = 0; w < VGIC_WORDS; w++)
			if (c->held[w] | c->spilled[w] | (c->sticky[w] & world.vgic.soft[w]))
				world_fail("cpu%u: word %u left: held %#x, spilled %#x, sticky %#x", cpu, w, c->held[w], c->spilled[w],
					   c->sticky[w]);
		for (u32 i = 0; i < ich_of(cpu)->lr_count; i++)
			if (ich_of(cpu)->lr[i] & LR_STATE)
				world_fail("cpu%u: list register %u left: %#llx", cpu, i, (unsigned long long)ich_of(cpu)->lr[i]);
		if (c->overflow || c->hcr)
			world_fail("cpu%u: overflow %#x, hcr %#x left", cpu, c->overflow, c->hcr);
	}
}
