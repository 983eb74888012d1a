/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Interrupts of a mediated cell: what any CPU posts, and for whom (vgic_logic.h). */
#include "core/bound.h"
#include "vgic_bits.h"

#define FOLLOW_TRIES 3u /* more only if the guest's own CPUs go on contradicting each other about one line */

bool vgic_has_news(const struct vgic *v, const struct vgic_cpu *c)
{
	const struct vgic_vcpu *own = vgic_own(v, c);

	return get(&own->present) && (get(&own->summary) || (get(&v->ctlr) && get(&own->sgis) & get(&own->enabled)));
}

void vgic_notify(struct vgic *v, struct vgic_cpu *c, u32 n, u32 bits)
{
	if (n >= v->vcpu_count || !get(&v->vcpus[n].present))
		return; /* it looks at everything when it starts */
	if (set_bits(&v->vcpus[n].summary, bits))
		return; /* a kick is under way, or the caller syncs anyway */
	if (!c || c->index != n)
		vgic_hw_kick(v, n);
}

void vgic_look_all(struct vgic *v, struct vgic_cpu *c)
{
	for (u32 n = 0; n < v->vcpu_count; n++) {
		LOOP_BOUND(CELL_VCPU_LIMIT);
		vgic_notify(v, c, n, VGIC_LOOK);
	}
}

/*
 * "Is it in hand?" comes after whatever made the line so, and who takes one in
 * hand looks at the line after that: one of the two sees the other. In hand may
 * be out of date, as a guest ends an interrupt without a word: then the holder
 * finds out and offers it again.
 */
static void offer(struct vgic *v, struct vgic_cpu *c, u32 line, u32 held)
{
	vgic_notify(v, c, get_byte(held & bit_of(line) ? &v->holder[line] : &v->route[line]), 1u << line / 32);
}

void vgic_offer(struct vgic *v, struct vgic_cpu *c, u32 w, u32 bits)
{
	u32 held = get(&v->inhand[w]);

	FOR_EACH_LINE(line, w, bits & v->config->soft[w] & (held | get(&v->enabled[w])))
		offer(v, c, line, held);
}

void vgic_offer_line(struct vgic *v, struct vgic_cpu *c, u32 line)
{
	u32 w = line / 32, held = get(&v->inhand[w]);

	if (v->config->soft[w] & (held | get(&v->enabled[w])) & bit_of(line))
		offer(v, c, line, held);
}

void vgic_touch(struct vgic *v, struct vgic_cpu *c, u32 w, u32 bits)
{
	u32 mine = c->pend[w] | c->act[w];

	vgic_offer(v, c, w, bits & (get(&v->inhand[w]) | vgic_asserted(v, w)));
	FOR_EACH_LINE(line, w, bits & v->config->linked[w] & ~mine) {
		if (vgic_hw_active(v, line)) {
			vgic_look_all(v, c);
			return;
		}
	}
}

static bool is_on(const struct vgic *v, u32 line)
{
	return get(&v->ctlr) && get(&v->enabled[line / 32]) & bit_of(line);
}

void vgic_follow(struct vgic *v, u32 line)
{
	for (u32 i = 0; i < FOLLOW_TRIES; i++) {
		bool on = is_on(v, line);

		vgic_hw_enable(v, line, on);
		if (is_on(v, line) == on)
			return;
	}
	vgic_hw_enable(v, line, true); /* if it must not come it is disabled when it does (give_back_linked) */
}

void vgic_follow_route(struct vgic *v, u32 line)
{
	for (u32 i = 0; i < FOLLOW_TRIES; i++) {
		u8 n = get_byte(&v->route[line]);

		vgic_hw_route(v, line, n);
		if (get_byte(&v->route[line]) == n)
			return;
	}
}

/* Broadcast: who has a line in hand only the holder knows. n: whose, of word 0. */
void vgic_request(struct vgic *v, struct vgic_cpu *c, u32 w, u32 n, u32 bits, bool active)
{
	for (u32 i = 0; i < v->vcpu_count; i++) {
		LOOP_BOUND(CELL_VCPU_LIMIT);
		if (i == c->index || (!w && i != n))
			continue;
		set_bits(active ? &v->vcpus[i].deactivate[w] : &v->vcpus[i].unpend[w], bits);
		vgic_notify(v, c, i, VGIC_LOOK);
	}
}

bool vgic_level(struct vgic *v, struct vgic_cpu *c, u32 line, bool high)
{
	u32 w = line / 32, bit = bit_of(line);

	if (w >= VGIC_WORDS || !marked(v->config->soft, line) || !(get(&v->level[w]) & bit) == !high)
		return false;
	if (!(high ? ~set_bits(&v->level[w], bit) & bit : clear_bits(&v->level[w], bit) & bit))
		return false; /* another CPU was first */
	if (high && marked(v->config->edge, line))
		set_bits(&v->latched[w], bit);
	if (high || get(&v->inhand[w]) & bit)
		vgic_offer_line(v, c, line);
	return true;
}

void vgic_sgi(struct vgic *v, struct vgic_cpu *c, u32 targets, u32 intid)
{
	if (v->vcpu_count < 32)
		targets &= (1u << v->vcpu_count) - 1;
	for (; targets; targets &= targets - 1) {
		LOOP_BOUND(CELL_VCPU_LIMIT);
		u32 n = lowest(targets);
		struct vgic_vcpu *vcpu = &v->vcpus[n];

		if (!get(&vcpu->present))
			continue;
		if (!(set_bits(&vcpu->sgis, bit_of(intid)) & get(&vcpu->enabled)) && !(c && c->index == n))
			vgic_hw_kick(v, n);
	}
}
