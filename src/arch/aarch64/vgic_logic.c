/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Interrupts of a mediated cell between their sources and the list registers
 * (vgic_logic.h). The register frames are in vgic_regs.c.
 *
 * A soft line is claimed by the bit inflight: whoever sets it has the line in
 * hand until it is over or given back. Between raise ("level, then is it in
 * flight?") and the end ("not in flight, then is the level high?") the atomics
 * are sequentially consistent, so that one of the two sees the other.
 */
#include "vgic_bits.h"

static void collect_sgis(struct vgic *v, struct vgic_cpu *c)
{
	u32 ready = get(&v->ctlr) ? get(&vgic_own(v, c)->sgis) & get(&vgic_own(v, c)->enabled) : 0;

	if (!ready)
		return;
	for (ready &= clear_bits(&vgic_own(v, c)->sgis, ready); ready; ready &= ready - 1)
		lr_admit(c, lowest(ready));
}

static void claim(struct vgic *v, struct vgic_cpu *c, u32 line)
{
	u32 w = line / 32, bit = 1u << line % 32;

	if (__atomic_load_n(&v->route[line], __ATOMIC_RELAXED) != c->index || set_bits(&v->inflight[w], bit) & bit)
		return;
	clear_bits(&v->unpend[w], bit); /* requests for another time */
	clear_bits(&v->deactivate[w], bit);
	if (clear_bits(&v->latched[w], bit) & bit)
		c->sticky[w] |= bit;
	if ((get(&v->level[w]) | c->sticky[w]) & bit)
		lr_admit(c, line);
	else
		vgic_release(v, c, line); /* it fell meanwhile */
}

static void collect_word(struct vgic *v, struct vgic_cpu *c, u32 w)
{
	u32 merge = get(&v->latched[w]) & vgic_own_pending(c, w) & v->soft[w];
	u32 fallen, ready;

	if (merge)
		c->sticky[w] |= clear_bits(&v->latched[w], merge) & merge;
	fallen = vgic_own_pending(c, w) & v->soft[w] & ~get(&v->level[w]) & ~c->sticky[w];
	vgic_each(v, c, w, fallen, vgic_withdraw);
	if (!get(&v->ctlr))
		return;
	ready = (get(&v->level[w]) | get(&v->latched[w])) & get(&v->enabled[w]) & v->soft[w] & ~get(&v->inflight[w]);
	vgic_each(v, c, w, ready, claim);
}

void vgic_collect(struct vgic *v, struct vgic_cpu *c)
{
	vgic_harvest(v, c);
	/* Two rounds: what is given back in the first may be news for this vCPU itself. */
	for (u32 round = 0; round < 2; round++) {
		u32 news = __atomic_exchange_n(&vgic_own(v, c)->summary, 0, __ATOMIC_SEQ_CST);

		if (!news)
			break;
		if (news & VGIC_LOOK) {
			vgic_look(v, c);
			news = ~0u;
		}
		if (news & 1)
			collect_sgis(v, c);
		for (u32 w = 1; w < VGIC_WORDS; w++)
			if (news >> w & 1)
				collect_word(v, c, w);
	}
	lr_settle(v, c);
	if (get(&vgic_own(v, c)->summary))
		vgic_hw_kick(v, c->index); /* the rest after one more instruction of the guest's, so this is bounded */
}

/* ---- events ---- */

void vgic_raise(struct vgic *v, struct vgic_cpu *c, u32 line)
{
	u32 w = line / 32, bit = 1u << line % 32;

	if (w >= VGIC_WORDS || !(v->soft[w] & bit))
		return;
	set_bits(&v->level[w], bit);
	if (!(get(&v->inflight[w]) & bit)) /* else who has it in hand looks at the level when it is over */
		vgic_renotify(v, c, line);
}

/* Pending and not taken yet, it is pending no more: who has it in hand withdraws it. */
void vgic_lower(struct vgic *v, struct vgic_cpu *c, u32 line)
{
	u32 w = line / 32, bit = 1u << line % 32;

	if (w >= VGIC_WORDS || !(v->soft[w] & bit) || !(clear_bits(&v->level[w], bit) & bit))
		return;
	if (get(&v->inflight[w]) & bit)
		vgic_notify(v, c, __atomic_load_n(&v->route[line], __ATOMIC_RELAXED), 1u << w);
}

void vgic_sgi(struct vgic *v, struct vgic_cpu *c, u32 targets, u32 intid)
{
	if (v->vcpu_count < 32)
		targets &= (1u << v->vcpu_count) - 1;
	for (; targets; targets &= targets - 1) {
		u32 n = lowest(targets);

		set_bits(&v->vcpus[n].sgis, 1u << (intid & 15));
		vgic_notify(v, c, n, 1);
	}
}

bool vgic_irq(struct vgic *v, struct vgic_cpu *c, u32 line)
{
	u32 w = line / 32, bit = 1u << line % 32;

	if (w >= VGIC_WORDS || !(v->hw[w] & bit))
		return false;
	vgic_harvest(v, c);
	if (w && clear_bits(&v->latched[w], get(&v->latched[w]) & bit) & bit)
		c->sticky[w] |= bit; /* given back, it has to be made pending again */
	if ((vgic_own_pending(c, w) | vgic_own_active(c, w)) & bit) {
		/* Somebody deactivated it behind our back (a direct cell can): once more after the guest's EOI */
		if (vgic_hw_edge(w) & bit)
			vgic_hw_pend(w, bit, true);
	} else if (vgic_deliverable(v, c, line)) {
		lr_admit(c, line);
	} else {
		vgic_give_back(v, c, line);
	}
	lr_settle(v, c);
	return true;
}

void vgic_maintain(struct vgic *v, struct vgic_cpu *c)
{
	vgic_collect(v, c);
}

void vgic_dir(struct vgic *v, struct vgic_cpu *c, u32 intid)
{
	vgic_harvest(v, c);
	if (intid < VGIC_LINES)
		vgic_deactivate(v, c, intid);
	lr_settle(v, c);
}

void vgic_activate(struct vgic *v, struct vgic_cpu *c, u32 line)
{
	u32 w = line / 32, bit = 1u << line % 32, slot = lr_find(c, line);

	if (vgic_own_active(c, w) & bit)
		return;
	/* Pending it stays: of soft and linked lines that is kept where they come from, until the end */
	if (c->sticky[w] & bit)
		set_bits(&v->latched[w], bit);
	c->sticky[w] &= ~bit;
	if (vgic_own_pending(c, w) & v->hw[w] & bit && vgic_hw_edge(w) & bit)
		vgic_hw_pend(w, bit, true);
	if (v->hw[w] & bit)
		vgic_hw_activate(line);
	if (slot != NO_SLOT) {
		lr_set(c, slot, line < 16 ? c->lr[slot] | LR_ACTIVE : c->lr[slot] ^ LR_STATE);
		return;
	}
	if (v->soft[w] & bit && !(c->held[w] & bit) && set_bits(&v->inflight[w], bit) & bit)
		return; /* another vCPU has it in hand */
	if (line >= 16)
		c->held[w] &= ~bit;
	c->spilled[w] |= bit;
	c->forced[w] |= bit;
	lr_settle(v, c);
}

/* ---- life ---- */

/* Whole words, one by one: there is no memset here, and the compiler may not ask for it. */
static void clear_words(void *at, u64 size)
{
	for (u32 *p = at; p < (u32 *)at + size / 4; p++)
		__atomic_store_n(p, 0, __ATOMIC_RELAXED);
}

void vgic_cell_init(struct vgic *v, const u32 *hw, const u32 *soft, struct vgic_vcpu *vcpus, u32 vcpu_count)
{
	clear_words(v, sizeof *v);
	v->hw = hw;
	v->soft = soft;
	v->vcpus = vcpus;
	v->vcpu_count = vcpu_count;
	clear_words(vcpus, vcpu_count * sizeof *vcpus);
}

void vgic_vcpu_start(struct vgic *v, struct vgic_cpu *c)
{
	struct vgic_vcpu *vcpu = vgic_own(v, c);

	u32 lr_count = c->lr_count, index = c->index;

	clear_words(c, sizeof *c);
	c->lr_count = lr_count;
	c->index = index;
	c->dirty = (1u << lr_count) - 1;
	for (u32 i = 0; i < 32; i++)
		__atomic_store_n(&vcpu->priority[i], 0, __ATOMIC_RELAXED);
	clear_bits(&vcpu->sgis, ~0u);
	clear_bits(&vcpu->enabled, ~0u);
	clear_bits(&vcpu->unpend, ~0u);
	clear_bits(&vcpu->deactivate, ~0u);
	vgic_hw_pend(0, v->hw[0], false);
	set_bits(&vcpu->present, 1);
	set_bits(&vcpu->summary, VGIC_LOOK); /* SPIs that wait for it */
	vgic_collect(v, c);
}

void vgic_vcpu_stop(struct vgic *v, struct vgic_cpu *c)
{
	clear_bits(&vgic_own(v, c)->present, 1);
	clear_bits(&vgic_own(v, c)->enabled, ~0u);
	vgic_hw_enable(0, v->hw[0], false);
	vgic_harvest(v, c);
	for (u32 w = 0; w < VGIC_WORDS; w++) {
		vgic_each(v, c, w, vgic_own_active(c, w), vgic_deactivate);
		c->sticky[w] &= vgic_own_pending(c, w);
		vgic_each(v, c, w, c->held[w], vgic_give_back);
		c->held[w] = 0;
	}
	for (u32 i = 0; i < c->lr_count; i++) {
		if (c->lr[i] & LR_PENDING)
			vgic_give_back(v, c, LR_VINTID(c->lr[i]));
		lr_set(c, i, 0);
	}
	clear_bits(&vgic_own(v, c)->sgis, ~0u);
	clear_bits(&vgic_own(v, c)->summary, ~0u);
	lr_settle(v, c);
}
