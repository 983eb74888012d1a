/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What a mediated vCPU has in hand (vgic_logic.h):
 *
 *   harvest   list registers --> pend, act; what the guest has ended is let go
 *   sync      requests of others; claim what waits for this vCPU; review: what may not be signalled
 *             now goes back to where it came from; fill: the best --> list registers
 */
#include "core/bound.h"
#include "config.h"
#include "vgic_bits.h"

#define NO_LINE 0xffffffffu
#define MOST(a, b) ((a) > (b) ? (a) : (b))
#define CLEAR_MOST MOST(MOST(sizeof(struct vgic), sizeof(struct vgic_cpu)), CELL_VCPU_LIMIT * sizeof(struct vgic_vcpu)) /* bytes of clear_words */
#define SYNC_ROUNDS 2u /* what is let go in the first may be news for this vCPU itself */

static bool linked(const struct vgic *v, u32 line) { return marked(v->config->linked, line); }
static bool soft(const struct vgic *v, u32 line) { return marked(v->config->soft, line); }

static u8 priority_of(const struct vgic *v, const struct vgic_cpu *c, u32 line)
{
	return get_byte(line < 32 ? &vgic_own(v, c)->priority[line] : &v->priority[line]);
}

static void in_hand(struct vgic_cpu *c, u32 *words, u32 line)
{
	mark(words, line);
	c->words |= 1u << line / 32;
}

/* ---- letting go ---- */

/* Neither pending nor active here any more. */
static void let_go(struct vgic *v, struct vgic_cpu *c, u32 line)
{
	u32 w = line / 32;

	unmark(c->sticky, line);
	if (linked(v, line)) {
		vgic_hw_activate(v, line, false);
	} else if (soft(v, line)) {
		clear_bits(&v->inhand[w], bit_of(line));
		if (vgic_asserted(v, w) & bit_of(line))
			vgic_offer_line(v, c, line);
	}
}

/* What is pending here becomes pending in the physical distributor, for the same reason. */
static void pend_physical(struct vgic *v, struct vgic_cpu *c, u32 line)
{
	if (marked(c->sticky, line)) {
		if (line < 32)
			c->latched |= bit_of(line);
		else
			set_bits(&v->latched[line / 32], bit_of(line));
	}
	if (marked(c->sticky, line) || marked(v->config->edge, line))
		vgic_hw_pend(v, line, true);
	unmark(c->sticky, line);
}

/* Pending, and not to be signalled here now. The physical line is made pending again before it is deactivated: so it is never lost. */
static void give_back_linked(struct vgic *v, struct vgic_cpu *c, u32 line)
{
	pend_physical(v, c, line);
	if (line >= 32) {
		vgic_follow_route(v, line);
		vgic_follow(v, line);
	} else if (!(get(&v->ctlr) && get(&vgic_own(v, c)->enabled) & bit_of(line))) {
		vgic_hw_enable(v, line, false);
	}
	if (!marked(c->act, line))
		let_go(v, c, line);
}

void vgic_unpend(struct vgic *v, struct vgic_cpu *c, u32 line)
{
	if (!marked(c->pend, line))
		return;
	unmark(c->sticky, line);
	if (soft(v, line) && !marked(v->config->edge, line) && get(&v->level[line / 32]) & bit_of(line))
		return; /* pending as long as the level is high */
	unmark(c->pend, line);
	if (!marked(c->act, line))
		let_go(v, c, line);
}

void vgic_deactivate(struct vgic *v, struct vgic_cpu *c, u32 line)
{
	if (!marked(c->act, line))
		return;
	unmark(c->act, line);
	unmark(c->forced, line);
	if (!marked(c->pend, line))
		let_go(v, c, line);
}

/* ---- list registers to words ---- */

/* ICH_HCR_EL2.EOIcount: ends of active interrupts that had no list register. The guest ends the one of highest priority (4.8.3). */
static void end_overflow(struct vgic *v, struct vgic_cpu *c)
{
	for (; c->eoi_count; c->eoi_count--) {
		LOOP_BOUND(31); /* EOIcount has five bits */
		u32 best = NO_LINE;

		FOR_EACH_WORD(w, c->words) {
			FOR_EACH_LINE(line, w, c->act[w] & ~c->forced[w]) {
				if (best == NO_LINE || c->running[line] < c->running[best])
					best = line;
			}
		}
		if (best == NO_LINE)
			break;
		vgic_deactivate(v, c, best);
	}
	c->eoi_count = 0;
}

/* EOIcount first: it is about what had no list register, and that is what the words hold now. */
void vgic_harvest(struct vgic *v, struct vgic_cpu *c)
{
	end_overflow(v, c);
	for (u32 i = 0; i < c->lr_count; i++) {
		LOOP_BOUND(VGIC_LR_MAX);
		u64 lr = c->lr[i];
		u32 line = LR_VINTID(lr);

		c->lr[i] = 0;
		if (!lr)
			continue;
		if (lr & LR_PENDING)
			in_hand(c, c->pend, line);
		else if (!marked(c->pend, line))
			unmark(c->sticky, line); /* what was latched has been taken */
		if (lr & LR_ACTIVE) {
			in_hand(c, c->act, line);
			c->running[line] = LR_PRIORITY_OF(lr);
		} else {
			unmark(c->forced, line);
		}
		if (!(lr & LR_STATE) && soft(v, line) && !marked(c->pend, line)) /* a linked one has been deactivated by hardware */
			let_go(v, c, line);
	}
}

/* ---- deciding ---- */

/* Of these lines of word w: those this vCPU may signal to its guest now. */
static u32 allowed(const struct vgic *v, const struct vgic_cpu *c, u32 w, u32 bits)
{
	const struct vgic_vcpu *own = vgic_own(v, c);

	if (!get(&v->ctlr) || !get(&own->present))
		return 0;
	if (!w)
		return bits & get(&own->enabled);
	bits &= get(&v->enabled[w]);
	FOR_EACH_LINE(line, w, bits) {
		if (get_byte(&v->route[line]) != c->index)
			bits &= ~bit_of(line);
	}
	return bits;
}

/* Soft lines in hand: is it latched meanwhile, is the level still high? Those that go back leave their latch. */
static u32 review_soft(struct vgic *v, struct vgic_cpu *c, u32 w, u32 mine)
{
	u32 fresh = get(&v->latched[w]) & mine;
	u32 want, ok;

	if (fresh)
		c->sticky[w] |= clear_bits(&v->latched[w], fresh) & fresh;
	want = mine & ((get(&v->level[w]) & ~v->config->edge[w]) | c->sticky[w]);
	ok = allowed(v, c, w, want);
	if (c->sticky[w] & mine & ~ok) {
		set_bits(&v->latched[w], c->sticky[w] & mine & ~ok);
		c->sticky[w] &= ~(mine & ~ok);
	}
	return ok;
}

/* What is in hand of word w, under present circumstances. */
static void review(struct vgic *v, struct vgic_cpu *c, u32 w)
{
	u32 mine = (c->pend[w] | c->act[w]) & v->config->soft[w], others = c->pend[w] & ~mine;
	u32 ok = mine ? review_soft(v, c, w, mine) : 0, back;

	back = others & ~allowed(v, c, w, others);
	c->pend[w] = ok | (others & ~back);
	FOR_EACH_LINE(line, w, (mine & ~ok & ~c->act[w]))
		let_go(v, c, line);
	FOR_EACH_LINE(line, w, back & v->config->linked[w])
		give_back_linked(v, c, line);
	if (!w && back & 0xffff)
		set_bits(&vgic_own(v, c)->sgis, back & 0xffff);
}

static void claim(struct vgic *v, struct vgic_cpu *c, u32 w)
{
	u32 ready = vgic_asserted(v, w) & ~get(&v->inhand[w]);

	FOR_EACH_LINE(line, w, ready ? allowed(v, c, w, ready) : 0) {
		if (set_bits(&v->inhand[w], bit_of(line)) & bit_of(line))
			continue; /* another vCPU was first: it was routed there a moment ago */
		set_byte(&v->holder[line], (u8)c->index);
		in_hand(c, c->pend, line); /* review says whether it still is */
		if (CONFIG_METRICS)
			c->injected++;
	}
}

static void claim_sgis(struct vgic *v, struct vgic_cpu *c)
{
	struct vgic_vcpu *own = vgic_own(v, c);

	/* Who sends while this looks may count on its being looked at again: hence until there is none, or a kick */
	for (u32 i = 0; i < SYNC_ROUNDS; i++) {
		LOOP_BOUND(SYNC_ROUNDS);
		u32 ready = allowed(v, c, 0, get(&own->sgis));

		if (!ready)
			return;
		ready &= clear_bits(&own->sgis, ready);
		c->pend[0] |= ready;
		c->words |= 1;
		for (; CONFIG_METRICS && ready; ready &= ready - 1)
			c->injected++;
	}
	if (allowed(v, c, 0, get(&own->sgis)))
		vgic_hw_kick(v, c->index);
}

static void requests(struct vgic *v, struct vgic_cpu *c)
{
	struct vgic_vcpu *own = vgic_own(v, c);

	FOR_EACH_WORD(w, VGIC_WORDS_USED) {
		u32 unpend = take_all(&own->unpend[w]);

		if (!w) { /* PPIs not in hand: only this CPU can */
			c->latched &= ~unpend;
			FOR_EACH_LINE(line, w, unpend & v->config->linked[w])
				vgic_hw_pend(v, line, false);
		}
		FOR_EACH_LINE(line, w, unpend)
			vgic_unpend(v, c, line);
		FOR_EACH_LINE(line, w, take_all(&own->deactivate[w]))
			vgic_deactivate(v, c, line);
	}
}

/*
 * For others' ISPENDR and ISACTIVER; before the summary is taken, by which they see that it is up to date. With any news: who
 * disables a line and then waits for its end must not be told what was so before it was disabled.
 */
static void publish(struct vgic *v, struct vgic_cpu *c)
{
	struct vgic_vcpu *own = vgic_own(v, c);

	FOR_EACH_WORD(w, VGIC_WORDS_USED) {
		__atomic_store_n(&own->seen[VGIC_PENDING][w], c->pend[w], __ATOMIC_SEQ_CST);
		__atomic_store_n(&own->seen[VGIC_ACTIVE][w], c->act[w], __ATOMIC_SEQ_CST);
	}
}

static void look(struct vgic *v, struct vgic_cpu *c)
{
	u32 on = get(&v->ctlr) ? get(&vgic_own(v, c)->enabled) : 0;

	requests(v, c);
	FOR_EACH_LINE(line, 0, v->config->linked[0])
		vgic_hw_enable(v, line, on & bit_of(line));
}

/* ---- words to list registers ---- */

/* Pending, and not active as well: that one waits for its end. */
static u32 ready(const struct vgic_cpu *c, u32 w)
{
	return c->pend[w] & ~c->act[w] & ~c->waits[w];
}

/* The line of highest priority that is active or, if not, ready. */
static u32 best(const struct vgic *v, const struct vgic_cpu *c, bool active)
{
	u32 found = NO_LINE, least = 0x100;

	FOR_EACH_WORD(w, c->words) {
		FOR_EACH_LINE(line, w, active ? c->act[w] : ready(c, w)) {
			u32 priority = active ? c->running[line] : priority_of(v, c, line);

			if (priority < least) {
				least = priority;
				found = line;
			}
		}
	}
	return found;
}

/* EOI: it is asserted, so somebody has to look at it when it ends. If its level has fallen nobody has. */
static u64 image(const struct vgic *v, const struct vgic_cpu *c, u32 line)
{
	bool pending = marked(c->pend, line), active = marked(c->act, line);
	u64 lr = LR_GROUP1 | line | (pending ? LR_PENDING : 0) | (active ? LR_ACTIVE : 0) |
		 LR_PRIORITY(active ? c->running[line] : priority_of(v, c, line));

	if (linked(v, line))
		return lr | LR_HW | LR_PINTID(v->config->physical[line]);
	return lr | (vgic_asserted(v, line / 32) & bit_of(line) ? LR_EOI : 0);
}

/*
 * Of an active and pending interrupt the pending half waits in the words, and
 * its end is told: a list register would then go on with the priority of the
 * active half, or before others that have none.
 */
static void split(struct vgic_cpu *c, u32 slot)
{
	u32 line = LR_VINTID(c->lr[slot]);

	c->lr[slot] = (c->lr[slot] & ~LR_PENDING) | LR_EOI;
	mark(c->pend, line);
	mark(c->waits, line);
}

static bool is_both(u64 lr) { return (lr & LR_STATE) == LR_STATE; }

static u32 put_best(struct vgic *v, struct vgic_cpu *c, u32 slot, bool active)
{
	u32 line = slot < c->lr_count ? best(v, c, active) : NO_LINE;

	if (line == NO_LINE)
		return slot;
	c->lr[slot] = image(v, c, line);
	/* What harvest has to do when it ends a short path would overwrite. */
	c->busy |= soft(v, line) || marked(c->sticky, line) || marked(c->forced, line);
	unmark(c->pend, line);
	unmark(c->act, line);
	if (is_both(c->lr[slot]) && LR_PRIORITY_OF(c->lr[slot]) != priority_of(v, c, line))
		split(c, slot);
	return slot + 1;
}

/* One pending interrupt always, so that no priority waits behind active ones; then what is active, then the rest. */
static void fill(struct vgic *v, struct vgic_cpu *c)
{
	u32 slot, next, left = 0, words = 0, actives = 0;

	c->busy = c->latched | !get(&v->ctlr);
	FOR_EACH_WORD(w, c->words)
		c->waits[w] = 0;
	slot = put_best(v, c, 0, false);
	while ((next = put_best(v, c, slot, true)) != slot) {
		LOOP_BOUND(VGIC_LR_MAX);
		slot = next;
	}
	while ((next = put_best(v, c, slot, false)) != slot) {
		LOOP_BOUND(VGIC_LR_MAX);
		slot = next;
	}
	FOR_EACH_WORD(w, c->words)
		left |= ready(c, w);
	for (u32 i = 0; i < slot && left; i++) {
		LOOP_BOUND(VGIC_LR_MAX);
		if (is_both(c->lr[i]))
			split(c, i);
	}
	FOR_EACH_WORD(w, c->words) {
		actives |= c->act[w];
		words |= c->pend[w] | c->act[w] ? 1u << w : 0;
	}
	c->words = words;
	c->busy |= words;
	c->hcr = (u32)((left ? VGIC_HCR_NPIE : 0) | (actives ? VGIC_HCR_LRENPIE | VGIC_HCR_TDIR : 0));
}

void vgic_sync(struct vgic *v, struct vgic_cpu *c)
{
	struct vgic_vcpu *own = vgic_own(v, c);
	u32 news, any = 0;

	for (u32 round = 0; round < SYNC_ROUNDS; round++) {
		LOOP_BOUND(SYNC_ROUNDS);
		if (get(&own->summary))
			publish(v, c);
		news = take_all(&own->summary);
		any |= news;
		if (news & VGIC_LOOK) {
			look(v, c);
			news = VGIC_WORDS_USED;
		}
		claim_sgis(v, c);
		FOR_EACH_WORD(w, news & ~1u)
			claim(v, c, w);
		FOR_EACH_WORD(w, c->words)
			review(v, c, w);
		if (!get(&own->summary))
			break;
	}
	if (any)
		publish(v, c); /* and what has come in hand since */
	fill(v, c);
	if (get(&own->summary))
		vgic_hw_kick(v, c->index);
}

/* ---- events ---- */

void vgic_irq(struct vgic *v, struct vgic_cpu *c, u32 line)
{
	u32 *latched = line < 32 ? &c->latched : &v->latched[line / 32], bit = bit_of(line);

	/* Requests are older than the edge or ISPENDR that comes now. A level they take back comes again if it is high. */
	if (line >= 32 && (v->config->edge[line / 32] | get(latched)) & bit)
		requests(v, c);
	if (marked(c->act, line)) {
		/* Deactivated behind our back, as a direct cell can: once more after the guest's EOI */
		if ((v->config->edge[line / 32] | get(latched)) & bit)
			vgic_hw_pend(v, line, true);
		return;
	}
	in_hand(c, c->pend, line);
	if (get(latched) & bit && clear_bits(latched, bit) & bit)
		mark(c->sticky, line);
}

void vgic_dir(struct vgic *v, struct vgic_cpu *c, u32 intid)
{
	if (intid >= VGIC_LINES)
		return;
	if (marked(c->act, intid))
		vgic_deactivate(v, c, intid);
	else if (intid >= 32 && vgic_implemented(v, intid / 32) & bit_of(intid))
		vgic_request(v, c, intid / 32, 0, bit_of(intid), true);
}

void vgic_activate(struct vgic *v, struct vgic_cpu *c, u32 line)
{
	if (marked(c->act, line))
		return;
	if (linked(v, line)) {
		if (marked(c->pend, line)) { /* pending it stays, in the physical distributor */
			pend_physical(v, c, line);
			unmark(c->pend, line);
		} else if (vgic_hw_active(v, line)) {
			return;
		} else {
			vgic_hw_activate(v, line, true);
		}
	} else if (soft(v, line) && !marked(c->pend, line)) {
		if (set_bits(&v->inhand[line / 32], bit_of(line)) & bit_of(line))
			return;
		set_byte(&v->holder[line], (u8)c->index);
	}
	in_hand(c, c->act, line);
	mark(c->forced, line);
	c->running[line] = priority_of(v, c, line);
}

/* ---- life ---- */

/* Whole words, mostly four at a time: there is no memset here, and the compiler may not ask for it. Aligned to 4, as its size is. */
static void clear_words(void *at, u64 size)
{
	typedef u64 __attribute__((may_alias)) pair;
	u32 *p = at, *end = p + size / 4;

	for (; p < end && (u64)p % 8; p++) {
		LOOP_BOUND(1);
		__atomic_store_n(p, 0, __ATOMIC_RELAXED);
	}
	for (; end - p >= 4; p += 4) {
		LOOP_BOUND(CLEAR_MOST / 16);
		__atomic_store_n((pair *)p, 0, __ATOMIC_RELAXED);
		__atomic_store_n((pair *)p + 1, 0, __ATOMIC_RELAXED);
	}
	for (; p < end; p++) {
		LOOP_BOUND(3);
		__atomic_store_n(p, 0, __ATOMIC_RELAXED);
	}
}

void vgic_cell_init(struct vgic *v, const struct vgic_config *config, struct vgic_vcpu *vcpus, u32 vcpu_count)
{
	v->config = config;
	v->vcpus = vcpus;
	v->vcpu_count = vcpu_count;
}

void vgic_cell_reset(struct vgic *v)
{
	clear_words(&v->ctlr, sizeof *v - offsetof(struct vgic, ctlr));
	clear_words(v->vcpus, v->vcpu_count * sizeof *v->vcpus);
}

void vgic_vcpu_start(struct vgic *v, struct vgic_cpu *c)
{
	u32 lr_count = c->lr_count, index = c->index;

	clear_words(c, offsetof(struct vgic_cpu, injected));
	c->lr_count = lr_count;
	c->index = index;
	clear_words(vgic_own(v, c), sizeof *vgic_own(v, c));
	set_bits(&vgic_own(v, c)->present, 1);
	set_bits(&vgic_own(v, c)->summary, VGIC_LOOK);
	vgic_sync(v, c);
}

void vgic_vcpu_stop(struct vgic *v, struct vgic_cpu *c)
{
	struct vgic_vcpu *own = vgic_own(v, c);

	clear_bits(&own->present, 1);
	clear_bits(&own->enabled, ~0u);
	requests(v, c); /* or what they take back would be given back */
	FOR_EACH_WORD(w, c->words) {
		FOR_EACH_LINE(line, w, c->act[w])
			vgic_deactivate(v, c, line);
		review(v, c, w);
	}
	FOR_EACH_LINE(line, 0, v->config->linked[0])
		vgic_hw_enable(v, line, false);
	clear_bits(&own->sgis, ~0u);
	publish(v, c);
	fill(v, c);
}
