/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Distributor and redistributors as a mediated cell sees them (IHI 0069 12.9,
 * 12.11): constants and the words of struct vgic. A write does work only for
 * the bits it changes. All lines are group 1; there are no LPIs.
 */
#include "core/bound.h"
#include "gic.h"
#include "vgic_bits.h"

#define IIDR_VALUE 0x43bu  /* Arm; what drivers look for errata by */
#define PRIORITY_MASK 0xf8 /* five bits, as the virtual CPU interface has at least */

/* The six kinds of set and clear registers, in their order in the frame. */
enum { ENABLE_SET, ENABLE_CLEAR, PENDING_SET, PENDING_CLEAR, ACTIVE_SET, ACTIVE_CLEAR };

/* ---- reading ---- */

static u32 linked_where(struct vgic *v, u32 w, bool active)
{
	u32 bits = 0;

	FOR_EACH_LINE(line, w, v->config->linked[w])
		bits |= (active ? vgic_hw_active(v, line) : vgic_hw_pending(v, line)) ? bit_of(line) : 0;
	return bits;
}

/* Of word w (n: whose, of word 0): what may be in another vCPU's hand. */
static u32 elsewhere(struct vgic *v, const struct vgic_cpu *c, u32 w, u32 n)
{
	if (!w)
		return n == c->index ? 0 : ~0u;
	return (get(&v->inhand[w]) | linked_where(v, w, true)) & ~(c->pend[w] | c->act[w]);
}

/*
 * What others have in hand only they know. Asked about it the first time they
 * are made to look, and the answer is `meanwhile`; when they have looked, what
 * they found then is the answer, once.
 */
static u32 ask(struct vgic *v, struct vgic_cpu *c, u32 w, u32 n, u32 state, u32 meanwhile)
{
	u32 *asked = &c->asked[state], bit = 1u << w, others = elsewhere(v, c, w, n), found = 0;

	if (!others) {
		*asked &= ~bit; /* or the answer to this would be given to a later question */
		return 0;
	}
	if (!(*asked & bit) || vgic_outstanding(v, vgic_own(v, c))) {
		*asked |= bit;
		vgic_look_all(v, c);
		return others & meanwhile;
	}
	*asked &= ~bit;
	for (u32 i = 0; i < v->vcpu_count; i++) {
		LOOP_BOUND(CELL_VCPU_LIMIT);
		if (i != c->index && (w || i == n))
			found |= get(&v->vcpus[i].seen[state][w]);
	}
	return others & found;
}

static u32 pending_read(struct vgic *v, struct vgic_cpu *c, u32 w, u32 n)
{
	u32 own = w || n == c->index ? c->pend[w] | linked_where(v, w, false) : 0;

	return own | (w ? vgic_asserted(v, w) : get(&v->vcpus[n].sgis)) | ask(v, c, w, n, VGIC_PENDING, 0);
}

/* Meanwhile: active, which a guest that waits for the end can live with. */
static u32 active_read(struct vgic *v, struct vgic_cpu *c, u32 w, u32 n)
{
	return (w || n == c->index ? c->act[w] : 0) | ask(v, c, w, n, VGIC_ACTIVE, w ? ~0u : 0);
}

static u32 bits_read(struct vgic *v, struct vgic_cpu *c, u32 kind, u32 w, u32 n)
{
	switch (kind) {
	case ENABLE_SET:
	case ENABLE_CLEAR:
		return get(w ? &v->enabled[w] : &v->vcpus[n].enabled);
	case PENDING_SET:
	case PENDING_CLEAR:
		return pending_read(v, c, w, n);
	default:
		return active_read(v, c, w, n);
	}
}

/* ---- writing ---- */

/* Its own PPIs a vCPU enables itself: the others' frames are theirs. */
static void follow(struct vgic *v, struct vgic_cpu *c, u32 w, u32 n, u32 bits)
{
	if (!w && n != c->index) {
		vgic_notify(v, c, n, VGIC_LOOK);
		return;
	}
	FOR_EACH_LINE(line, w, bits & v->config->linked[w]) {
		if (w)
			vgic_follow(v, line);
		else
			vgic_hw_enable(v, line, get(&v->ctlr) && get(&vgic_own(v, c)->enabled) & bit_of(line));
	}
}

/* fast_vgic.c may have changed the word already and left the consequences to these; hence not only what changes. */
static void enable(struct vgic *v, struct vgic_cpu *c, u32 w, u32 n, u32 bits, bool on)
{
	u32 *enabled = w ? &v->enabled[w] : &v->vcpus[n].enabled;

	if (on)
		set_bits(enabled, bits);
	else
		clear_bits(enabled, bits);
	follow(v, c, w, n, bits);
	if (w && on)
		vgic_offer(v, c, w, bits & (vgic_asserted(v, w) | get(&v->inhand[w])));
	else if (w)
		vgic_touch(v, c, w, bits);
}

/* A PPI of another vCPU cannot be made pending: its frame is that CPU's own. */
static void pend(struct vgic *v, struct vgic_cpu *c, u32 w, u32 n, u32 bits)
{
	u32 linked = bits & v->config->linked[w], mine = c->pend[w];

	if (!w && n != c->index)
		linked = 0;
	/* First the latch: whoever takes the line must see that it is no level. In hand and pending it stays, for this reason too. */
	if (w)
		set_bits(&v->latched[w], bits & ~(linked & mine));
	else
		c->latched |= linked & ~mine;
	c->sticky[w] |= linked & mine;
	FOR_EACH_LINE(line, w, linked & ~mine)
		vgic_hw_pend(v, line, true);
	if (w)
		vgic_offer(v, c, w, bits);
	FOR_EACH_LINE(line, w, w ? 0 : bits & 0xffff)
		vgic_sgi(v, c, 1u << n, line);
}

static void ask_to_unpend(struct vgic *v, struct vgic_cpu *c, u32 w, u32 n, u32 bits)
{
	u32 others = bits & elsewhere(v, c, w, n);

	if (others)
		vgic_request(v, c, w, n, others, false);
}

/* Others are asked before, as they may be giving a line back, and after, as they may be taking it. */
static void unpend(struct vgic *v, struct vgic_cpu *c, u32 w, u32 n, u32 bits)
{
	ask_to_unpend(v, c, w, n, bits);
	clear_bits(w ? &v->latched[w] : &v->vcpus[n].sgis, bits);
	if (w || n == c->index) {
		c->latched &= w ? ~0u : ~bits;
		FOR_EACH_LINE(line, w, bits & v->config->linked[w])
			vgic_hw_pend(v, line, false);
		FOR_EACH_LINE(line, w, bits & c->pend[w])
			vgic_unpend(v, c, line);
	}
	ask_to_unpend(v, c, w, n, bits);
}

static void inactivate(struct vgic *v, struct vgic_cpu *c, u32 w, u32 n, u32 bits)
{
	u32 others = bits & elsewhere(v, c, w, n);

	if (w || n == c->index)
		FOR_EACH_LINE(line, w, bits & c->act[w])
			vgic_deactivate(v, c, line);
	if (others)
		vgic_request(v, c, w, n, others, true);
}

static void bits_write(struct vgic *v, struct vgic_cpu *c, u32 kind, u32 w, u32 n, u32 bits)
{
	bits &= vgic_implemented(v, w);
	if (!bits)
		return;
	switch (kind) {
	case ENABLE_SET:
	case ENABLE_CLEAR: enable(v, c, w, n, bits, kind == ENABLE_SET); return;
	case PENDING_SET: pend(v, c, w, n, bits); return;
	case PENDING_CLEAR: unpend(v, c, w, n, bits); return;
	case ACTIVE_SET:
		/* Of another vCPU's own: ignored. Nobody has a use for it but saving and restoring a whole machine. */
		FOR_EACH_LINE(line, w, w || n == c->index ? bits : 0)
			vgic_activate(v, c, line);
		return;
	default: inactivate(v, c, w, n, bits);
	}
}

/* Priorities, byte by byte; n: whose, for lines below 32. */
static u8 *priority_at(struct vgic *v, u32 line, u32 n)
{
	return line < 32 ? &v->vcpus[n].priority[line] : &v->priority[line];
}

static u64 priorities_read(struct vgic *v, u32 first, u32 n, u32 size)
{
	u64 value = 0;

	for (u32 i = 0; i < size && first + i < VGIC_LINES; i++) {
		LOOP_BOUND(4);
		value |= (u64)get_byte(priority_at(v, first + i, n)) << 8 * i;
	}
	return value;
}

static void priorities_write(struct vgic *v, struct vgic_cpu *c, u32 first, u32 n, u32 size, u64 value)
{
	u32 w = first / 32, changed = 0;

	for (u32 i = 0; i < size && first + i < VGIC_LINES; i++) {
		LOOP_BOUND(4);
		u32 line = first + i;
		u8 fresh = (u8)(value >> 8 * i) & PRIORITY_MASK;

		if (!(vgic_implemented(v, w) & bit_of(line)) || get_byte(priority_at(v, line, n)) == fresh)
			continue;
		set_byte(priority_at(v, line, n), fresh);
		changed |= bit_of(line);
	}
	if (changed && w)
		vgic_touch(v, c, w, changed);
	else if (changed && n != c->index)
		vgic_notify(v, c, n, VGIC_LOOK);
}

/* Trigger types are those of the tree: writes are ignored. */
static u32 config_read(const struct vgic *v, u32 first)
{
	u32 bits = 0;

	for (u32 i = 0; i < 16 && first < VGIC_LINES; i++)
		bits |= (v->config->edge[first / 32] >> (first % 32 + i) & 1) << (2 * i + 1);
	return bits;
}

static u64 affinity(u32 n) { return (n & 15) | (n >> 4) << 8; }

static void route_write(struct vgic *v, struct vgic_cpu *c, u32 line, u64 value)
{
	u64 n = (value & 15) | (value >> 8 & 0xff) << 4;
	u32 w = line / 32, bit = bit_of(line);

	if (!(vgic_implemented(v, w) & bit) || value & 0xff00ff00f0ULL || n >= v->vcpu_count)
		return;
	set_byte(&v->route[line], (u8)n);
	if (v->config->linked[w] & bit)
		vgic_follow_route(v, line);
	vgic_touch(v, c, w, bit);
}

/* ---- frames ---- */

/* Off: lines not in hand are disabled physically as they come (vgic_hand.c). On: they are enabled again. */
static void control_write(struct vgic *v, struct vgic_cpu *c, u32 value)
{
	u32 fresh = value & GICD_CTLR_GRP1;

	if (__atomic_exchange_n(&v->ctlr, fresh, __ATOMIC_SEQ_CST) == fresh)
		return;
	FOR_EACH_WORD(w, VGIC_WORDS_USED & ~1u) {
		FOR_EACH_LINE(line, w, fresh ? v->config->linked[w] & get(&v->enabled[w]) : 0)
			vgic_follow(v, line);
	}
	vgic_look_all(v, c);
}

/* The part both frames have: set/clear registers, groups, priorities, trigger types. False: not that part. */
static bool common_read(struct vgic *v, struct vgic_cpu *c, u32 n, u64 offset, u32 size, u64 *value)
{
	u32 w = (u32)offset / 4 % 32;

	if (offset >= GICD_IPRIORITYR && offset < GICD_IPRIORITYR + GICD_IPRIORITYR_SIZE) {
		*value = size <= 4 ? priorities_read(v, (u32)(offset - GICD_IPRIORITYR), n, size) : 0;
		return true;
	}
	if (offset < GICD_IGROUPR || offset >= GICD_ICFGR + 256)
		return false;
	*value = 0;
	if (size != 4)
		return true;
	if (offset >= GICD_ICFGR)
		*value = config_read(v, (u32)(offset - GICD_ICFGR) * 4);
	else if (w < VGIC_WORDS && offset < GICD_ISENABLER)
		*value = vgic_implemented(v, w);
	else if (w < VGIC_WORDS && offset < GICD_IPRIORITYR)
		*value = bits_read(v, c, (u32)(offset - GICD_ISENABLER) / 0x80, w, n);
	return true;
}

static void common_write(struct vgic *v, struct vgic_cpu *c, u32 n, u64 offset, u32 size, u64 value)
{
	u32 w = (u32)offset / 4 % 32;

	if (offset >= GICD_IPRIORITYR && offset < GICD_IPRIORITYR + VGIC_LINES && size <= 4)
		priorities_write(v, c, (u32)(offset - GICD_IPRIORITYR), n, size, value);
	else if (offset >= GICD_ISENABLER && offset < GICD_IPRIORITYR && size == 4 && w < VGIC_WORDS)
		bits_write(v, c, (u32)(offset - GICD_ISENABLER) / 0x80, w, n, (u32)value);
}

static bool is_route(u64 offset)
{
	return offset >= GICD_IROUTER + 8 * 32 && offset < GICD_IROUTER + 8 * VGIC_LINES;
}

/* INTIDs below 32 are not the distributor's: affinity routing is on. */
static bool is_private(u64 offset)
{
	return (offset >= GICD_IPRIORITYR && offset < GICD_IPRIORITYR + 32) ||
	       (offset >= GICD_ICFGR && offset < GICD_ICFGR + 8) ||
	       (offset >= GICD_IGROUPR && offset < GICD_IPRIORITYR && !(offset & 0x7c));
}

bool vgic_reads_hand(u64 offset)
{
	return offset % GIC_FRAME_SIZE - GICD_ISPENDR < GICD_IPRIORITYR - GICD_ISPENDR;
}

u64 vgic_dist_read(struct vgic *v, struct vgic_cpu *c, u64 offset, u32 size)
{
	u64 value = 0;

	if (is_private(offset) || common_read(v, c, 0, offset, size, &value))
		return value;
	if (is_route(offset) && size >= 4)
		return offset & 4 ? 0 : affinity(get_byte(&v->route[(offset - GICD_IROUTER) / 8]));
	if (size != 4)
		return 0;
	switch (offset) {
	case GICD_CTLR: return get(&v->ctlr) | GICD_CTLR_ARE | GICD_CTLR_DS | vgic_outstanding(v, vgic_own(v, c));
	case GICD_TYPER: return VGIC_TYPER;
	case GICD_IIDR: return IIDR_VALUE;
	case GIC_PIDR2: return GIC_PIDR2_GICV3;
	default: return 0;
	}
}

void vgic_dist_write(struct vgic *v, struct vgic_cpu *c, u64 offset, u32 size, u64 value)
{
	if (is_private(offset))
		return;
	if (is_route(offset) && size >= 4 && !(offset & 4))
		route_write(v, c, (u32)(offset - GICD_IROUTER) / 8, value);
	else if (offset == GICD_CTLR && size == 4)
		control_write(v, c, (u32)value);
	else
		common_write(v, c, 0, offset, size, value);
}

static bool is_sgi_frame(u64 reg)
{
	/* One word of each set and clear register, 32 priorities, two words of trigger types */
	return (reg >= GICD_IPRIORITYR && reg < GICD_IPRIORITYR + 32) || (reg >= GICD_ICFGR && reg < GICD_ICFGR + 8) ||
	       (reg < GICD_IPRIORITYR && !(reg & 0x7c));
}

u64 vgic_redist_read(struct vgic *v, struct vgic_cpu *c, u32 n, u64 offset, u32 size)
{
	u64 value = 0;

	if (offset >= GICR_SGI_FRAME) {
		if (is_sgi_frame(offset - GICR_SGI_FRAME))
			common_read(v, c, n, offset - GICR_SGI_FRAME, size, &value);
		return value;
	}
	if (offset == GICR_TYPER)
		return size == 8 ? gicr_typer(n, v->vcpu_count) : size == 4 ? (u32)gicr_typer(n, v->vcpu_count) : 0;
	if (size != 4)
		return 0;
	switch (offset) {
	case GICR_CTLR: return n != c->index && vgic_outstanding(v, vgic_own(v, c)) ? GICR_CTLR_RWP : 0;
	case GICR_TYPER + 4: return gicr_typer(n, v->vcpu_count) >> 32;
	case GICR_IIDR: return IIDR_VALUE;
	case GIC_PIDR2: return GIC_PIDR2_GICV3;
	default: return 0;
	}
}

void vgic_redist_write(struct vgic *v, struct vgic_cpu *c, u32 n, u64 offset, u32 size, u64 value)
{
	if (offset >= GICR_SGI_FRAME && is_sgi_frame(offset - GICR_SGI_FRAME))
		common_write(v, c, n, offset - GICR_SGI_FRAME, size, value);
}
