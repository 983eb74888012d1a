/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* See gic_spec.h. Section numbers are those of IHI 0069. */
#include <string.h>

#include "gic_spec.h"

struct spec_irq *spec_irq(struct spec *s, u32 cpu, u32 intid)
{
	return intid < 32 ? &s->cpus[cpu].own[intid] : &s->shared[intid];
}

bool spec_pending(const struct spec_irq *irq)
{
	return irq->latch || (!irq->edge && irq->level);
}

/* ---- CPU interface (4.8) ---- */

u8 spec_group_mask(u8 binary_point)
{
	/* table 4-9, Non-secure group 1: 1 means [7:1], 7 means [7] */
	return (u8)(0xff << binary_point);
}

void spec_cpu_reset(struct spec *s, u32 cpu, u8 binary_point)
{
	struct spec_cpu *c = &s->cpus[cpu];

	c->group = c->split = false;
	c->mask = 0;
	c->binary_point = binary_point;
	memset(c->running, 0, sizeof c->running);
}

u32 spec_running(const struct spec *s, u32 cpu)
{
	u32 priority = 0;

	while (priority < 0xff && !s->cpus[cpu].running[priority])
		priority++;
	return priority;
}

bool spec_due(struct spec *s, u32 cpu, u32 intid, bool may)
{
	const struct spec_irq *irq;

	if (intid >= SPEC_LINES || s->kind[intid] == SPEC_NONE || !s->cpus[cpu].on || !s->group)
		return false;
	irq = spec_irq(s, cpu, intid);
	return (spec_pending(irq) || (may && irq->may)) && irq->enabled && (intid < 32 || irq->route == cpu);
}

bool spec_forwarded(struct spec *s, u32 cpu, u32 intid, bool may)
{
	return spec_due(s, cpu, intid, may) && !spec_irq(s, cpu, intid)->active;
}

bool spec_signalled(struct spec *s, u32 cpu, u32 intid, bool may)
{
	const struct spec_cpu *c = &s->cpus[cpu];
	u8 priority, mask = spec_group_mask(c->binary_point);
	u32 running;

	if (!spec_forwarded(s, cpu, intid, may) || !c->group)
		return false;
	priority = spec_irq(s, cpu, intid)->priority;
	if (priority >= c->mask)
		return false;
	running = spec_running(s, cpu);
	return running == 0xff || (priority & mask) < (running & mask);
}

bool spec_any_signalled(struct spec *s, u32 cpu, bool may)
{
	for (u32 i = 0; i < s->line_count; i++)
		if (spec_signalled(s, cpu, s->lines[i], may))
			return true;
	return false;
}

static bool is_highest(struct spec *s, u32 cpu, u32 intid)
{
	u8 priority = spec_irq(s, cpu, intid)->priority;

	for (u32 i = 0; i < s->line_count; i++)
		if (spec_forwarded(s, cpu, s->lines[i], false) && spec_irq(s, cpu, s->lines[i])->priority < priority)
			return false;
	return true;
}

bool spec_iar_allowed(struct spec *s, u32 cpu, u32 intid)
{
	if (intid == SPEC_NOTHING)
		return !spec_any_signalled(s, cpu, false);
	return spec_signalled(s, cpu, intid, true) && is_highest(s, cpu, intid);
}

bool spec_hppir_allowed(struct spec *s, u32 cpu, u32 intid)
{
	if (!s->cpus[cpu].group)
		return intid == SPEC_NOTHING;
	if (intid != SPEC_NOTHING)
		return spec_forwarded(s, cpu, intid, true) && is_highest(s, cpu, intid);
	for (u32 i = 0; i < s->line_count; i++)
		if (spec_forwarded(s, cpu, s->lines[i], false))
			return false;
	return true;
}

void spec_acknowledge(struct spec *s, u32 cpu, u32 intid, u8 priority)
{
	struct spec_irq *irq = spec_irq(s, cpu, intid);

	irq->latch = false;
	irq->may = irq->again;
	irq->again = false;
	irq->active = true;
	irq->owner = (u8)cpu;
	s->cpus[cpu].running[priority & spec_group_mask(s->cpus[cpu].binary_point)] = true;
}

void spec_eoi(struct spec *s, u32 cpu, u32 intid)
{
	u32 running = spec_running(s, cpu);

	if (running == 0xff)
		return;
	s->cpus[cpu].running[running] = false;
	if (!s->cpus[cpu].split)
		spec_deactivate(s, cpu, intid);
}

void spec_deactivate(struct spec *s, u32 cpu, u32 intid)
{
	spec_irq(s, cpu, intid)->active = false;
}

/* ---- inputs ---- */

void spec_sgi(struct spec *s, u32 targets, u32 intid)
{
	for (u32 i = 0; i < s->cpu_count; i++)
		if (targets >> i & 1 && s->cpus[i].on)
			s->cpus[i].own[intid].latch = true;
}

void spec_level(struct spec *s, u32 cpu, u32 intid, bool level)
{
	spec_irq(s, cpu, intid)->level = level;
}

void spec_edge(struct spec *s, u32 cpu, u32 intid)
{
	spec_irq(s, cpu, intid)->latch = true;
}

/* ---- registers (12.9, 12.11) ---- */

enum { CTLR = 0, TYPER = 4, IGROUPR = 0x80, ISENABLER = 0x100, ICENABLER = 0x180, ISPENDR = 0x200, ICPENDR = 0x280,
       ISACTIVER = 0x300, ICACTIVER = 0x380, IPRIORITYR = 0x400, PRIORITY_END = 0x800, ICFGR = 0xc00,
       CONFIG_END = 0xd00, IROUTER = 0x6000, ROUTER_END = 0x7fe0 };
enum { SGI_FRAME = 0x10000 };

/*
 * Which interrupt the register of one bit (byte, two bits) each is about; NULL:
 * none of the guest's. In the distributor INTIDs 0..31 are not there with
 * affinity routing, in a redistributor those above.
 */
static struct spec_irq *register_irq(struct spec *s, u32 frame, u32 intid)
{
	if (intid >= SPEC_LINES || s->kind[intid] == SPEC_NONE || (frame == SPEC_DIST) != (intid >= 32))
		return NULL;
	return spec_irq(s, frame == SPEC_DIST ? 0 : frame, intid);
}

static bool irq_bit(const struct spec_irq *irq, u32 reg)
{
	switch (reg) {
	case IGROUPR:
		return true;
	case ISENABLER: case ICENABLER:
		return irq->enabled;
	case ISPENDR: case ICPENDR:
		return spec_pending(irq);
	default:
		return irq->active;
	}
}

static u64 bits_read(struct spec *s, u32 frame, u32 offset, u64 *care)
{
	u32 reg = offset & ~0x7fu, first = (offset & 0x7f) * 8;
	u64 value = 0;

	for (u32 i = 0; i < 32; i++) {
		const struct spec_irq *irq = register_irq(s, frame, first + i);

		if (irq && irq_bit(irq, reg))
			value |= BIT(i);
		if (irq && irq->may && (reg == ISPENDR || reg == ICPENDR) && !spec_pending(irq))
			*care &= ~BIT(i);
		if (!irq && reg == IGROUPR) /* nobody's: whatever */
			*care &= ~BIT(i);
	}
	return value;
}

static void irq_bit_write(struct spec_irq *irq, u32 cpu, u32 reg)
{
	switch (reg) {
	case ISENABLER: case ICENABLER:
		irq->enabled = reg == ISENABLER;
		break;
	case ISPENDR:
		irq->latch = true;
		break;
	case ICPENDR:
		irq->latch = irq->may = irq->again = false;
		break;
	case ISACTIVER:
		if (!irq->active)
			irq->owner = (u8)cpu;
		irq->active = true;
		break;
	case ICACTIVER:
		irq->active = false;
		break;
	}
}

static u64 fields_read(struct spec *s, u32 frame, u32 offset, u32 size)
{
	u64 value = 0;

	if (offset < PRIORITY_END) {
		for (u32 i = 0; i < size; i++) {
			const struct spec_irq *irq = register_irq(s, frame, offset - IPRIORITYR + i);

			if (irq)
				value |= (u64)irq->priority << 8 * i;
		}
		return value;
	}
	for (u32 i = 0; i < 16; i++) {
		const struct spec_irq *irq = register_irq(s, frame, (offset - ICFGR) * 4 + i);

		if (irq && irq->edge)
			value |= BIT(2 * i + 1);
	}
	return value;
}

static void priority_write(struct spec *s, u32 frame, u32 offset, u32 size, u64 value)
{
	for (u32 i = 0; i < size; i++) {
		struct spec_irq *irq = register_irq(s, frame, offset - IPRIORITYR + i);

		if (irq)
			irq->priority = (u8)(value >> 8 * i) & s->priority_mask;
	}
}

/*
 * Both halves of a route, or the lower one. Of it Aff3..Aff0 count; the rest is
 * reserved, as is Interrupt_Routing_Mode where GICD_TYPER.No1N is 1 (12.9.22).
 * A vCPU that does not exist: left as it was.
 */
static void route_write(struct spec *s, u32 offset, u64 value)
{
	struct spec_irq *irq = register_irq(s, SPEC_DIST, (offset - IROUTER) / 8);

	value &= 0xff00ffffffULL;
	if (irq && !(offset & 4) && value < s->cpu_count)
		irq->route = (u8)value;
}

/* Accesses that are defined: the size of the register, and bytes of priorities (12.1.3). */
static bool is_defined(u32 frame, u32 offset, u32 size)
{
	if (frame == SPEC_DIST && offset >= IROUTER && offset < ROUTER_END)
		return (offset - IROUTER) / 8 >= 32 && (size == 8 || size == 4);
	if (offset >= IPRIORITYR && offset < PRIORITY_END)
		return size <= 4; /* halves: not the architecture's, but what a hypervisor may as well do */
	return size == 4 && ((offset >= IGROUPR && offset < IPRIORITYR) || (offset >= ICFGR && offset < CONFIG_END));
}

u64 spec_read(struct spec *s, u32 cpu, u32 frame, u32 offset, u32 size, u64 *care)
{
	const struct spec_irq *irq;

	(void)cpu;
	*care = size == 8 ? ~0ULL : BIT(8 * size) - 1;
	if (frame == SPEC_DIST && offset == CTLR && size == 4) {
		*care &= ~BIT(31); /* RWP */
		return (s->group ? 2u : 0) | BIT(4) | BIT(6);
	}
	if (frame != SPEC_DIST)
		offset -= SGI_FRAME;
	if ((s32)offset < 0 || !is_defined(frame, offset, size)) {
		*care = 0;
		return 0;
	}
	if (offset < IPRIORITYR)
		return bits_read(s, frame, offset, care);
	if (offset < CONFIG_END)
		return fields_read(s, frame, offset, size);
	irq = register_irq(s, frame, (offset - IROUTER) / 8);
	return irq && !(offset & 4) ? irq->route : 0;
}

void spec_write(struct spec *s, u32 cpu, u32 frame, u32 offset, u32 size, u64 value)
{
	if (frame == SPEC_DIST && offset == CTLR && size == 4)
		s->group = value >> 1 & 1;
	if (frame != SPEC_DIST)
		offset -= SGI_FRAME;
	if ((s32)offset < 0 || !is_defined(frame, offset, size))
		return;
	if (offset < IPRIORITYR) {
		for (u32 i = 0; i < 32; i++) {
			struct spec_irq *irq = register_irq(s, frame, (offset & 0x7f) * 8 + i);

			if (irq && value >> i & 1)
				irq_bit_write(irq, cpu, offset & ~0x7fu);
		}
	} else if (offset < PRIORITY_END) {
		priority_write(s, frame, offset, size, value);
	} else if (offset >= IROUTER) {
		route_write(s, offset, value);
	}
}
