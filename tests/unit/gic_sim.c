/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* See gic_sim.h. Section numbers are those of IHI 0069. */
#include <string.h>

#include "gic_sim.h"

#define PENDING BIT(62)
#define ACTIVE BIT(63)
#define HW BIT(61)
#define GROUP1 BIT(60)
#define EOI BIT(41)
#define NO_SLOT 0xffu
#define NO_INTERRUPT 1023u

static u64 state(const struct sim_ich *ich, u32 slot) { return ich->lr[slot] & (PENDING | ACTIVE); }
static u32 vintid(const struct sim_ich *ich, u32 slot) { return (u32)ich->lr[slot]; }
static u8 priority(const struct sim_ich *ich, u32 slot) { return (u8)(ich->lr[slot] >> 48) & sim_priority_mask(ich); }
static u8 group_mask(const struct sim_ich *ich) { return (u8)(0xff << ich->binary_point); }

u8 sim_priority_mask(const struct sim_ich *ich)
{
	return (u8)(0xff << (8 - ich->priority_bits));
}

u8 sim_least_binary_point(const struct sim_ich *ich)
{
	/* 4.8.3: BPR0 from 7 - PREbits, BPR1 one more; and BPR1 is never 0 */
	return (u8)(8 - (ich->priority_bits > 7 ? 7 : ich->priority_bits));
}

void sim_ich_reset(struct sim_ich *ich)
{
	ich->group = ich->split = false;
	ich->mask = 0;
	ich->binary_point = sim_least_binary_point(ich);
	memset(ich->running, 0, sizeof ich->running);
}

u32 sim_rpr(const struct sim_ich *ich)
{
	for (u32 p = 0; p < 0xff; p++)
		if (ich->running[p])
			return p;
	return 0xff;
}

/* Highest priority pending; the group enable counts, the priority mask does not. */
static u32 highest(const struct sim_ich *ich)
{
	u32 best = NO_SLOT;

	for (u32 i = 0; ich->group && i < ich->lr_count; i++) {
		if (state(ich, i) != PENDING || !(ich->lr[i] & GROUP1))
			continue;
		if (best == NO_SLOT || priority(ich, i) < priority(ich, best) ||
		    (priority(ich, i) == priority(ich, best) && ich->last_of_equals))
			best = i;
	}
	return best;
}

static bool can_preempt(const struct sim_ich *ich, u32 slot)
{
	u32 running = sim_rpr(ich);

	return priority(ich, slot) < ich->mask &&
	       (running == 0xff || (priority(ich, slot) & group_mask(ich)) < (running & group_mask(ich)));
}

bool sim_irq(const struct sim_ich *ich)
{
	u32 slot = highest(ich);

	return slot != NO_SLOT && can_preempt(ich, slot);
}

u32 sim_hppir(const struct sim_ich *ich)
{
	u32 slot = highest(ich);

	return slot == NO_SLOT ? NO_INTERRUPT : vintid(ich, slot);
}

u32 sim_iar(struct sim_ich *ich)
{
	u32 slot = highest(ich);

	if (slot == NO_SLOT || !can_preempt(ich, slot))
		return NO_INTERRUPT;
	ich->running[priority(ich, slot) & group_mask(ich)] = true;
	ich->lr[slot] = (ich->lr[slot] & ~PENDING) | ACTIVE;
	return vintid(ich, slot);
}

static u32 find_active(const struct sim_ich *ich, u32 intid)
{
	for (u32 i = 0; i < ich->lr_count; i++)
		if (ich->lr[i] & ACTIVE && vintid(ich, i) == intid)
			return i;
	return NO_SLOT;
}

static void deactivate_slot(struct sim *s, u32 cpu, u32 slot)
{
	struct sim_ich *ich = &s->cpus[cpu].ich;

	ich->lr[slot] &= ~ACTIVE;
	if (ich->lr[slot] & HW)
		sim_deactivate(s, cpu, ich->lr[slot] >> 32 & 0x1fff);
}

static void count_eoi(struct sim_ich *ich)
{
	ich->eoi_count = (ich->eoi_count + 1) & 31;
}

/* Priority drop; a list register whose priority is not the one dropped is not deactivated (an allowed choice, QEMU's). */
void sim_eoir(struct sim *s, u32 cpu, u32 intid)
{
	struct sim_ich *ich = &s->cpus[cpu].ich;
	u32 dropped = sim_rpr(ich), slot = find_active(ich, intid);

	if (dropped == 0xff || (intid >= 1020 && intid <= 1023))
		return;
	ich->running[dropped] = false;
	if (ich->split)
		return;
	if (slot == NO_SLOT)
		count_eoi(ich);
	else if ((priority(ich, slot) & group_mask(ich)) == dropped)
		deactivate_slot(s, cpu, slot);
}

void sim_dir(struct sim *s, u32 cpu, u32 intid)
{
	struct sim_ich *ich = &s->cpus[cpu].ich;
	u32 slot = find_active(ich, intid);

	if (!ich->split || (intid >= 1020 && intid <= 1023))
		return;
	if (slot == NO_SLOT)
		count_eoi(ich);
	else
		deactivate_slot(s, cpu, slot);
}

bool sim_lr_empty(const struct sim_ich *ich, u32 slot)
{
	return !state(ich, slot) && (ich->lr[slot] & HW || !(ich->lr[slot] & EOI));
}

u32 sim_misr(const struct sim_ich *ich)
{
	u32 valid = 0, pending = 0, misr = 0;

	for (u32 i = 0; i < ich->lr_count; i++) {
		valid += state(ich, i) != 0;
		pending += state(ich, i) == PENDING;
		if (!state(ich, i) && !(ich->lr[i] & HW) && ich->lr[i] & EOI)
			misr |= 1;
	}
	if (ich->hcr & SIM_HCR_UIE && valid < 2)
		misr |= 2;
	if (ich->hcr & SIM_HCR_LRENPIE && ich->eoi_count)
		misr |= 4;
	if (ich->hcr & SIM_HCR_NPIE && !pending)
		misr |= 8;
	return misr;
}

/* ---- physical lines ---- */

struct sim_line *sim_line(struct sim *s, u32 cpu, u32 line)
{
	return line < 32 ? &s->cpus[cpu].own[line] : &s->shared[line];
}

bool sim_line_pending(const struct sim_line *line)
{
	return line->latch || (!line->edge && line->level);
}

void sim_deactivate(struct sim *s, u32 cpu, u32 line)
{
	if (line >= SIM_LINES || !sim_line(s, cpu, line)->active)
		s->bad("deactivated, but was not active", line);
	else
		sim_line(s, cpu, line)->active = false;
}

bool sim_line_waits(struct sim *s, u32 cpu, u32 line)
{
	const struct sim_line *l = sim_line(s, cpu, line);

	return l->enabled && !l->active && sim_line_pending(l) && (line < 32 || l->route == cpu);
}

u32 sim_take(struct sim *s, u32 cpu, u32 skip)
{
	u32 found = SIM_LINES;

	for (u32 i = 0; i < s->line_count; i++) {
		if (!sim_line_waits(s, cpu, s->lines[i]))
			continue;
		found = s->lines[i];
		if (!skip--)
			break;
	}
	if (found != SIM_LINES) {
		sim_line(s, cpu, found)->active = true;
		sim_line(s, cpu, found)->latch = false;
	}
	return found;
}
