/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What a mediated vCPU has in hand, under changed circumstances: over, given
 * back, no longer enabled, routed elsewhere, asked for by another vCPU.
 */
#include "vgic_bits.h"

#define NO_LINE 0xffffffffu

void vgic_notify(struct vgic *v, struct vgic_cpu *c, u32 n, u32 bits)
{
	if (n >= v->vcpu_count || !get(&v->vcpus[n].present))
		return; /* it looks at everything when it starts */
	if (set_bits(&v->vcpus[n].summary, bits))
		return; /* a kick is under way, or the caller collects anyway */
	if (!c || c->index != n)
		vgic_hw_kick(v, n);
}

void vgic_look_all(struct vgic *v, struct vgic_cpu *c)
{
	for (u32 n = 0; n < v->vcpu_count; n++)
		vgic_notify(v, c, n, VGIC_LOOK);
}

/* ---- letting go ---- */

void vgic_renotify(struct vgic *v, struct vgic_cpu *c, u32 line)
{
	u32 w = line / 32;

	if ((get(&v->level[w]) | get(&v->latched[w])) & get(&v->enabled[w]) & 1u << line % 32)
		vgic_notify(v, c, __atomic_load_n(&v->route[line], __ATOMIC_RELAXED), 1u << w);
}

/* A soft line is nobody's again. */
void vgic_release(struct vgic *v, struct vgic_cpu *c, u32 line)
{
	if (!marked(v->soft, line))
		return;
	unmark(c->sticky, line);
	clear_bits(&v->inflight[line / 32], 1u << line % 32);
	vgic_renotify(v, c, line);
}

/* Pending and in hand, but not to be signalled here now: back to where it came from. */
void vgic_give_back(struct vgic *v, struct vgic_cpu *c, u32 line)
{
	u32 w = line / 32, bit = 1u << line % 32;

	if (v->hw[w] & bit) {
		if ((vgic_hw_edge(w) | c->sticky[w]) & bit) {
			if (w)
				set_bits(&v->latched[w], bit);
			vgic_hw_pend(w, bit, true);
		}
		c->sticky[w] &= ~bit;
		vgic_hw_deactivate(line);
	} else if (!w) {
		set_bits(&vgic_own(v, c)->sgis, bit);
	} else {
		if (c->sticky[w] & bit)
			set_bits(&v->latched[w], bit);
		vgic_release(v, c, line);
	}
}

/* An active interrupt is over. */
static void end_active(struct vgic *v, struct vgic_cpu *c, u32 line)
{
	if (marked(v->hw, line))
		vgic_hw_deactivate(line);
	else
		vgic_release(v, c, line);
}

/* ICH_HCR_EL2.EOIcount ends spilled interrupts: the guest ends the one of highest priority (4.8.3). */
static void end_spilled(struct vgic *v, struct vgic_cpu *c)
{
	for (; c->eoi_count; c->eoi_count--) {
		u32 best = NO_LINE;

		for (u32 w = 0; w < VGIC_WORDS; w++)
			for (u32 bits = c->spilled[w] & ~c->forced[w]; bits; bits &= bits - 1) {
				u32 line = w * 32 + lowest(bits);

				if (best == NO_LINE || vgic_priority(v, c, line) < vgic_priority(v, c, best))
					best = line;
			}
		if (best == NO_LINE)
			break;
		unmark(c->spilled, best);
		end_active(v, c, best);
	}
	c->eoi_count = 0;
}

void vgic_harvest(struct vgic *v, struct vgic_cpu *c)
{
	for (u32 i = 0; i < c->lr_count; i++) {
		u64 lr = c->lr[i];
		u32 line = LR_VINTID(lr);

		if (!lr)
			continue;
		if (!(lr & LR_PENDING))
			unmark(c->sticky, line); /* what was latched has been taken */
		if (lr & LR_STATE)
			continue;
		lr_set(c, i, 0);
		vgic_release(v, c, line);
	}
	if (c->eoi_count)
		end_spilled(v, c);
	for (u32 w = 1; w < VGIC_WORDS; w++)
		if (c->sticky[w])
			c->sticky[w] &= vgic_own_pending(c, w); /* a linked line ends without a word */
}

/* ---- requests and changes ---- */

/* GICD_ICPENDR on a line in hand. */
static void unpend(struct vgic *v, struct vgic_cpu *c, u32 line)
{
	u32 w = line / 32, bit = 1u << line % 32, slot = lr_find(c, line);

	unmark(c->sticky, line);
	if (v->soft[w] & bit && get(&v->level[w]) & bit)
		return; /* it is pending as long as the level is */
	if (c->held[w] & bit)
		c->held[w] &= ~bit;
	else if (slot != NO_SLOT && c->lr[slot] & LR_PENDING)
		lr_set(c, slot, c->lr[slot] & LR_ACTIVE ? c->lr[slot] & ~LR_PENDING : 0);
	else
		return;
	if (!marked(c->spilled, line) && lr_find(c, line) == NO_SLOT)
		end_active(v, c, line);
}

/* GICD_ICACTIVER, or ICC_DIR_EL1. */
void vgic_deactivate(struct vgic *v, struct vgic_cpu *c, u32 line)
{
	u32 slot = lr_find(c, line);

	if (marked(c->spilled, line)) {
		unmark(c->spilled, line);
		unmark(c->forced, line);
	} else if (slot != NO_SLOT && c->lr[slot] & LR_ACTIVE) {
		if (c->lr[slot] & LR_PENDING) {
			lr_set(c, slot, c->lr[slot] & ~LR_ACTIVE);
			return;
		}
		lr_set(c, slot, 0);
	} else {
		return;
	}
	end_active(v, c, line);
}

void vgic_each(struct vgic *v, struct vgic_cpu *c, u32 w, u32 bits, void (*deed)(struct vgic *, struct vgic_cpu *, u32))
{
	for (; bits; bits &= bits - 1)
		deed(v, c, w * 32 + lowest(bits));
}

/* A request is met by who has the line in hand; one that came too late for a hw line dies here. */
static void requests(struct vgic *v, struct vgic_cpu *c, u32 w)
{
	u32 *ask_pend = w ? &v->unpend[w] : &vgic_own(v, c)->unpend;
	u32 *ask_active = w ? &v->deactivate[w] : &vgic_own(v, c)->deactivate;
	u32 asked = get(ask_pend) | get(ask_active), mine;

	if (!asked)
		return;
	mine = vgic_own_pending(c, w) | vgic_own_active(c, w);
	mine |= w ? asked & v->hw[w] & ~vgic_hw_active(w) : ~0u;
	vgic_each(v, c, w, clear_bits(ask_pend, mine) & vgic_own_pending(c, w), unpend);
	vgic_each(v, c, w, clear_bits(ask_active, mine) & vgic_own_active(c, w), vgic_deactivate);
}

/* Pending in a list register or held, and not to be signalled now: out of there and back. */
void vgic_withdraw(struct vgic *v, struct vgic_cpu *c, u32 line)
{
	u32 slot = lr_find(c, line);

	if (marked(c->held, line))
		unmark(c->held, line);
	else if (slot != NO_SLOT)
		lr_set(c, slot, c->lr[slot] & LR_ACTIVE ? c->lr[slot] & ~LR_PENDING : 0);
	vgic_give_back(v, c, line);
}

static void recheck(struct vgic *v, struct vgic_cpu *c, u32 line)
{
	u32 slot = lr_find(c, line);

	if (!vgic_deliverable(v, c, line))
		vgic_withdraw(v, c, line);
	else if (slot != NO_SLOT && !(c->lr[slot] & LR_ACTIVE) && LR_PRIORITY_OF(c->lr[slot]) != vgic_priority(v, c, line))
		lr_put(v, c, slot, line); /* lr_settle compares it with what is held */
}

void vgic_look(struct vgic *v, struct vgic_cpu *c)
{
	u32 on = get(&v->ctlr) ? get(&vgic_own(v, c)->enabled) & v->hw[0] : 0;

	vgic_hw_enable(0, on, true);
	vgic_hw_enable(0, v->hw[0] & ~on, false);
	for (u32 w = 0; w < VGIC_WORDS; w++) {
		requests(v, c, w);
		vgic_each(v, c, w, vgic_own_pending(c, w), recheck);
	}
}
