/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * List registers of a mediated cell's vCPU: what goes in, what has to wait, and
 * for what the core wants to be called (vgic_logic.h).
 */
#include "vgic_bits.h"

#define NO_LINE 0xffffffffu

u8 vgic_priority(const struct vgic *v, const struct vgic_cpu *c, u32 line)
{
	const u8 *p = line < 32 ? &v->vcpus[c->index].priority[line] : &v->priority[line];

	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

/* May this vCPU signal the line to its guest now? */
bool vgic_deliverable(struct vgic *v, const struct vgic_cpu *c, u32 line)
{
	u32 w = line / 32, bit = 1u << line % 32;

	if (!get(&v->ctlr) || !((w ? get(&v->enabled[w]) : get(&vgic_own(v, c)->enabled)) & bit))
		return false;
	if (w && __atomic_load_n(&v->route[line], __ATOMIC_RELAXED) != c->index)
		return false;
	return !(v->soft[w] & bit) || ((get(&v->level[w]) | c->sticky[w]) & bit);
}

/* ---- list registers ---- */

u32 lr_find(const struct vgic_cpu *c, u32 line)
{
	for (u32 i = 0; i < c->lr_count; i++)
		if (c->lr[i] & LR_STATE && LR_VINTID(c->lr[i]) == line)
			return i;
	return NO_SLOT;
}

void lr_set(struct vgic_cpu *c, u32 slot, u64 value)
{
	c->lr[slot] = value;
	c->dirty |= 1u << slot;
}

void lr_put(struct vgic *v, struct vgic_cpu *c, u32 slot, u32 line)
{
	u32 w = line / 32, bit = 1u << line % 32;
	u64 value = LR_PENDING | LR_GROUP1 | LR_PRIORITY(vgic_priority(v, c, line)) | line;

	if (v->hw[w] & bit)
		value |= LR_HW | LR_PINTID(line);
	else if (v->soft[w] & bit)
		value |= LR_EOI;
	lr_set(c, slot, value);
}

/* The held line of highest priority that is not active as well (that one has to wait for its end). */
static u32 best_held(const struct vgic *v, const struct vgic_cpu *c)
{
	u32 best = NO_LINE, least = 0x100;

	for (u32 w = 0; w < VGIC_WORDS; w++)
		for (u32 bits = c->held[w] & ~c->spilled[w]; bits; bits &= bits - 1) {
			u32 line = w * 32 + lowest(bits);

			if (vgic_priority(v, c, line) < least) {
				least = vgic_priority(v, c, line);
				best = line;
			}
		}
	return best;
}

/* The list register of lowest priority in this state, exactly or (any) among others. */
static u32 worst(const struct vgic_cpu *c, u64 state, u64 mask)
{
	u32 slot = NO_SLOT;

	for (u32 i = 0; i < c->lr_count; i++)
		if ((c->lr[i] & mask) == state &&
		    (slot == NO_SLOT || LR_PRIORITY_OF(c->lr[i]) > LR_PRIORITY_OF(c->lr[slot])))
			slot = i;
	return slot;
}

/* A list register for a pending interrupt of this priority; what is in it is held or spilled. NO_SLOT: it must wait. */
static u32 make_room(struct vgic_cpu *c, u8 priority)
{
	u32 slot = worst(c, 0, LR_STATE);

	if (slot != NO_SLOT)
		return slot;
	slot = worst(c, LR_PENDING, LR_STATE);
	if (slot != NO_SLOT) {
		if (LR_PRIORITY_OF(c->lr[slot]) <= priority)
			return NO_SLOT;
		mark(c->held, LR_VINTID(c->lr[slot]));
		return slot;
	}
	slot = worst(c, LR_ACTIVE, LR_ACTIVE);
	mark(c->spilled, LR_VINTID(c->lr[slot]));
	if (c->lr[slot] & LR_PENDING)
		mark(c->held, LR_VINTID(c->lr[slot]));
	return slot;
}

/* What is held goes where it belongs; each round fills a list register with something better. Then what to be called for. */
void lr_settle(struct vgic *v, struct vgic_cpu *c)
{
	u32 line = best_held(v, c), any = 0, spilled = 0;

	for (u32 n = 0; line != NO_LINE && n < 2 * VGIC_LR_MAX; n++) {
		u32 slot = make_room(c, vgic_priority(v, c, line));

		if (slot == NO_SLOT)
			break;
		unmark(c->held, line);
		lr_put(v, c, slot, line);
		line = best_held(v, c);
	}
	for (u32 w = 0; w < VGIC_WORDS; w++) {
		any |= c->held[w];
		spilled |= c->spilled[w];
	}
	c->overflow = any | spilled;
	c->hcr = (line != NO_LINE ? VGIC_HCR_NPIE : 0) | (spilled ? VGIC_HCR_LRENPIE | VGIC_HCR_TDIR : 0);
}

/* Pending, and this vCPU has it in hand: into a list register at the next settle. */
void lr_admit(struct vgic_cpu *c, u32 line)
{
	u32 slot = lr_find(c, line);

	if (slot == NO_SLOT)
		mark(c->held, line);
	else if (line < 16 && !(c->lr[slot] & LR_PENDING))
		lr_set(c, slot, c->lr[slot] | LR_PENDING);
}

u32 vgic_own_pending(const struct vgic_cpu *c, u32 word)
{
	u32 bits = c->held[word];

	for (u32 i = 0; i < c->lr_count; i++)
		if (c->lr[i] & LR_PENDING && LR_VINTID(c->lr[i]) / 32 == word)
			bits |= 1u << LR_VINTID(c->lr[i]) % 32;
	return bits;
}

u32 vgic_own_active(const struct vgic_cpu *c, u32 word)
{
	u32 bits = c->spilled[word];

	for (u32 i = 0; i < c->lr_count; i++)
		if (c->lr[i] & LR_ACTIVE && LR_VINTID(c->lr[i]) / 32 == word)
			bits |= 1u << LR_VINTID(c->lr[i]) % 32;
	return bits;
}
