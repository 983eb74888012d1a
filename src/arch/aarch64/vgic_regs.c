/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Distributor and redistributors as a mediated cell sees them (IHI 0069 12.9,
 * 12.11): constants and the words of struct vgic. A write does work only for
 * the bits it changes. All lines are group 1; there are no LPIs.
 */
#include "gic.h"
#include "vgic_bits.h"

#define PIDR2_GICV3 0x3b
#define IIDR_VALUE 0x43bu /* Arm; what drivers look for errata by */
#define PRIORITY_MASK 0xf8 /* five bits, as the virtual CPU interface has at least */

/* The six kinds of set and clear registers, in their order in the frame. */
enum { ENABLE_SET, ENABLE_CLEAR, PENDING_SET, PENDING_CLEAR, ACTIVE_SET, ACTIVE_CLEAR };

static u32 implemented(const struct vgic *v, u32 w) { return w ? v->hw[w] | v->soft[w] : v->hw[0] | 0xffffu; }

static u8 route_of(const struct vgic *v, u32 line) { return __atomic_load_n(&v->route[line], __ATOMIC_RELAXED); }

/* ---- reading ---- */

static u32 pending_read(struct vgic *v, struct vgic_cpu *c, u32 w, u32 n)
{
	if (w)
		return ((get(&v->level[w]) | get(&v->latched[w])) & v->soft[w]) | vgic_own_pending(c, w) | (vgic_hw_pending(w) & v->hw[w]);
	if (n != c->index)
		return get(&v->vcpus[n].sgis); /* what it has in hand only it knows */
	return get(&v->vcpus[n].sgis) | vgic_own_pending(c, 0) | (vgic_hw_pending(0) & v->hw[0]);
}

/*
 * What another vCPU has in hand may be active or not: say active, which a guest
 * that waits for the end can live with, and let the other look, so that the
 * answer becomes right.
 */
static u32 active_read(struct vgic *v, struct vgic_cpu *c, u32 w, u32 n)
{
	u32 mine = vgic_own_active(c, w) | vgic_own_pending(c, w), others;

	if (!w)
		return n == c->index ? vgic_own_active(c, 0) : 0;
	others = ((get(&v->inflight[w]) & v->soft[w]) | (vgic_hw_active(w) & v->hw[w])) & ~mine;
	if (others)
		vgic_look_all(v, c);
	return vgic_own_active(c, w) | others;
}

static u32 bits_read(struct vgic *v, struct vgic_cpu *c, u32 kind, u32 w, u32 n)
{
	vgic_harvest(v, c);
	switch (kind) {
	case ENABLE_SET:
	case ENABLE_CLEAR:
		return w ? get(&v->enabled[w]) : get(&v->vcpus[n].enabled);
	case PENDING_SET:
	case PENDING_CLEAR:
		return pending_read(v, c, w, n);
	default:
		return active_read(v, c, w, n);
	}
}

/* ---- writing ---- */

/* Setting and clearing enables: fast_vgic.c may have changed the word already and left the consequences to these. */

/* Lines of the word that are in the hands of some vCPU: pending in a list register, held, or active. */
static u32 in_hand(struct vgic *v, u32 w)
{
	return get(&v->inflight[w]) | (vgic_hw_active(w) & v->hw[w]);
}

static void tell_routes(struct vgic *v, struct vgic_cpu *c, u32 w, u32 bits)
{
	for (; bits; bits &= bits - 1)
		vgic_notify(v, c, route_of(v, w * 32 + lowest(bits)), 1u << w);
}

static void enable(struct vgic *v, struct vgic_cpu *c, u32 w, u32 n, u32 bits)
{
	u32 fresh = bits & ~set_bits(w ? &v->enabled[w] : &v->vcpus[n].enabled, bits);

	if (!w && n != c->index) {
		if (fresh)
			vgic_notify(v, c, n, VGIC_LOOK);
		return;
	}
	if (fresh & v->hw[w] && get(&v->ctlr))
		vgic_hw_enable(w, fresh & v->hw[w], true);
	if (w)
		tell_routes(v, c, w, bits & v->soft[w] & (get(&v->level[w]) | get(&v->latched[w])) & ~get(&v->inflight[w]));
	else if (bits & get(&v->vcpus[n].sgis))
		vgic_notify(v, c, n, 1);
}

static void disable(struct vgic *v, struct vgic_cpu *c, u32 w, u32 n, u32 bits)
{
	u32 gone = bits & clear_bits(w ? &v->enabled[w] : &v->vcpus[n].enabled, bits);

	if (!w && n != c->index) {
		if (gone)
			vgic_notify(v, c, n, VGIC_LOOK);
		return;
	}
	if (gone & v->hw[w])
		vgic_hw_enable(w, gone & v->hw[w], false);
	if (!w && bits & vgic_own_pending(c, 0))
		vgic_notify(v, c, n, VGIC_LOOK);
	else if (w && bits & in_hand(v, w))
		vgic_look_all(v, c);
}

/* A PPI of another vCPU cannot be made pending: its frame is that CPU's own. */
static void pend(struct vgic *v, struct vgic_cpu *c, u32 w, u32 n, u32 bits)
{
	u32 hw = bits & v->hw[w] & ~vgic_own_pending(c, w), soft = bits & v->soft[w];

	if (w) /* first, for a linked one: whoever takes it must see that it is no level */
		set_bits(&v->latched[w], soft | hw);
	if (w)
		c->sticky[w] |= bits & v->hw[w] & vgic_own_pending(c, w); /* pending for this reason too */
	if (hw && (w || n == c->index))
		vgic_hw_pend(w, hw, true);
	if (w) {
		tell_routes(v, c, w, soft & get(&v->enabled[w]));
	} else if (bits & 0xffff) {
		set_bits(&v->vcpus[n].sgis, bits & 0xffff);
		vgic_notify(v, c, n, 1);
	}
}

static void unpend(struct vgic *v, struct vgic_cpu *c, u32 w, u32 n, u32 bits)
{
	if (bits & v->hw[w] && (w || n == c->index))
		vgic_hw_pend(w, bits & v->hw[w], false);
	if (w) {
		clear_bits(&v->latched[w], bits);
		bits &= in_hand(v, w);
		if (bits) {
			set_bits(&v->unpend[w], bits);
			vgic_look_all(v, c);
		}
		return;
	}
	clear_bits(&v->vcpus[n].sgis, bits);
	if (n != c->index || bits & vgic_own_pending(c, 0)) {
		set_bits(&v->vcpus[n].unpend, bits);
		vgic_notify(v, c, n, VGIC_LOOK);
	}
}

/* Only of the calling vCPU's own lines; nobody has a use for it but saving and restoring a whole machine. */
static void activate(struct vgic *v, struct vgic_cpu *c, u32 w, u32 n, u32 bits)
{
	for (; bits; bits &= bits - 1) {
		u32 line = w * 32 + lowest(bits);

		if (w ? route_of(v, line) == c->index : n == c->index)
			vgic_activate(v, c, line);
	}
}

static void inactivate(struct vgic *v, struct vgic_cpu *c, u32 w, u32 n, u32 bits)
{
	if (w) {
		bits &= in_hand(v, w);
		if (bits) {
			set_bits(&v->deactivate[w], bits);
			vgic_look_all(v, c);
		}
	} else if (n != c->index || bits & vgic_own_active(c, 0)) {
		set_bits(&v->vcpus[n].deactivate, bits);
		vgic_notify(v, c, n, VGIC_LOOK);
	}
}

static void bits_write(struct vgic *v, struct vgic_cpu *c, u32 kind, u32 w, u32 n, u32 bits)
{
	bits &= implemented(v, w);
	if (!bits)
		return;
	vgic_harvest(v, c);
	switch (kind) {
	case ENABLE_SET: enable(v, c, w, n, bits); return;
	case ENABLE_CLEAR: disable(v, c, w, n, bits); return;
	case PENDING_SET: pend(v, c, w, n, bits); return;
	case PENDING_CLEAR: unpend(v, c, w, n, bits); return;
	case ACTIVE_SET: activate(v, c, w, n, bits); return;
	default: inactivate(v, c, w, n, bits);
	}
}

/* Priorities, byte by byte; n: whose, for lines below 32. */
static u64 priorities_read(struct vgic *v, u32 first, u32 n, u32 size)
{
	u64 value = 0;

	for (u32 i = 0; i < size && first + i < VGIC_LINES; i++) {
		const u8 *p = first < 32 ? &v->vcpus[n].priority[first + i] : &v->priority[first + i];

		value |= (u64)__atomic_load_n(p, __ATOMIC_RELAXED) << 8 * i;
	}
	return value;
}

static void priorities_write(struct vgic *v, struct vgic_cpu *c, u32 first, u32 n, u32 size, u64 value)
{
	u32 w = first / 32, changed = 0;

	for (u32 i = 0; i < size && first + i < VGIC_LINES; i++) {
		u32 line = first + i;
		u8 *p = first < 32 ? &v->vcpus[n].priority[line] : &v->priority[line], fresh = (u8)(value >> 8 * i) & PRIORITY_MASK;

		if (!(implemented(v, w) >> line % 32 & 1) || __atomic_load_n(p, __ATOMIC_RELAXED) == fresh)
			continue;
		__atomic_store_n(p, fresh, __ATOMIC_RELAXED);
		changed |= 1u << line % 32;
	}
	vgic_harvest(v, c);
	if (w ? changed & in_hand(v, w) : n == c->index && changed & vgic_own_pending(c, 0))
		vgic_look_all(v, c);
	else if (changed && !w && n != c->index)
		vgic_notify(v, c, n, VGIC_LOOK);
}

/* Trigger types are those of the tree: SGIs and edge lines read as edge, writes are ignored. */
static u32 config_read(const struct vgic *v, u32 first)
{
	u32 w = first / 32, bits = 0, edge;

	if (w >= VGIC_WORDS)
		return 0;
	edge = first < 16 ? 0xffffu : (vgic_hw_edge(w) & v->hw[w]) >> first % 32;
	for (u32 i = 0; i < 16; i++)
		bits |= (edge >> i & 1) << (2 * i + 1);
	return bits;
}

static u64 affinity(u32 n) { return (n & 15) | (n >> 4) << 8; }

static void route_write(struct vgic *v, struct vgic_cpu *c, u32 line, u64 value)
{
	u64 n = (value & 15) | (value >> 8 & 0xff) << 4;
	u32 w = line / 32, bit = 1u << line % 32;

	if (!(implemented(v, w) & bit) || value & 0xff00ff00f0ULL || n >= v->vcpu_count || n == route_of(v, line))
		return;
	__atomic_store_n(&v->route[line], (u8)n, __ATOMIC_SEQ_CST);
	if (v->hw[w] & bit)
		vgic_hw_route(v, line, (u32)n);
	if (in_hand(v, w) & bit)
		vgic_look_all(v, c);
	else
		tell_routes(v, c, w, bit & v->soft[w] & get(&v->enabled[w]) & (get(&v->level[w]) | get(&v->latched[w])));
}

/* ---- frames ---- */

static u32 outstanding(const struct vgic *v, const struct vgic_cpu *c)
{
	for (u32 n = 0; n < v->vcpu_count; n++)
		if (n != c->index && get(&v->vcpus[n].present) && get(&v->vcpus[n].summary) & VGIC_LOOK)
			return GICD_CTLR_RWP;
	return 0;
}

static void control_write(struct vgic *v, struct vgic_cpu *c, u32 value)
{
	u32 fresh = value & GICD_CTLR_GRP1;

	if (__atomic_exchange_n(&v->ctlr, fresh, __ATOMIC_SEQ_CST) == fresh)
		return;
	for (u32 w = 1; w < VGIC_WORDS; w++)
		if (v->hw[w] & get(&v->enabled[w]))
			vgic_hw_enable(w, v->hw[w] & get(&v->enabled[w]), fresh);
	vgic_look_all(v, c);
}

/* The part both frames have: set/clear registers, groups, priorities, trigger types. False: not that part. */
static bool common_read(struct vgic *v, struct vgic_cpu *c, u32 n, u64 offset, u32 size, u64 *value)
{
	u32 w = (u32)offset / 4 % 32;

	if (offset >= GICD_IPRIORITYR && offset < GICD_IPRIORITYR + 1024) {
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
		*value = implemented(v, w);
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

u64 vgic_dist_read(struct vgic *v, struct vgic_cpu *c, u64 offset, u32 size)
{
	u64 value = 0;

	if (is_private(offset) || common_read(v, c, 0, offset, size, &value))
		return value;
	if (is_route(offset) && size >= 4)
		return offset & 4 ? 0 : affinity(route_of(v, (u32)(offset - GICD_IROUTER) / 8));
	if (size != 4)
		return 0;
	switch (offset) {
	case GICD_CTLR: return get(&v->ctlr) | GICD_CTLR_ARE | GICD_CTLR_DS | outstanding(v, c);
	case GICD_TYPER: return VGIC_TYPER;
	case GICD_IIDR: return IIDR_VALUE;
	case GIC_PIDR2: return PIDR2_GICV3;
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

static u64 redist_typer(const struct vgic *v, u32 n)
{
	return affinity(n) << 32 | (u64)n << 8 | (n + 1 == v->vcpu_count ? BIT(4) /* Last */ : 0);
}

u64 vgic_redist_read(struct vgic *v, struct vgic_cpu *c, u32 n, u64 offset, u32 size)
{
	u64 value = 0, reg = offset - GICR_SGI_FRAME;

	if (offset >= GICR_SGI_FRAME) {
		/* One word of each register, 32 priorities, two words of trigger types */
		if ((reg >= GICD_IPRIORITYR && reg < GICD_IPRIORITYR + 32) || (reg >= GICD_ICFGR && reg < GICD_ICFGR + 8) ||
		    (reg < GICD_IPRIORITYR && !(reg & 0x7c)))
			common_read(v, c, n, reg, size, &value);
		return value;
	}
	if (offset == GICR_TYPER)
		return size == 8 ? redist_typer(v, n) : size == 4 ? (u32)redist_typer(v, n) : 0;
	if (size != 4)
		return 0;
	switch (offset) {
	case GICR_CTLR: return n != c->index && outstanding(v, c) ? BIT(3) /* RWP */ : 0;
	case GICR_TYPER + 4: return redist_typer(v, n) >> 32;
	case GICR_IIDR: return IIDR_VALUE;
	case GIC_PIDR2: return PIDR2_GICV3;
	default: return 0;
	}
}

void vgic_redist_write(struct vgic *v, struct vgic_cpu *c, u32 n, u64 offset, u32 size, u64 value)
{
	u64 reg = offset - GICR_SGI_FRAME;

	if (offset >= GICR_SGI_FRAME &&
	    ((reg >= GICD_IPRIORITYR && reg < GICD_IPRIORITYR + 32) || (reg < GICD_IPRIORITYR && !(reg & 0x7c))))
		common_write(v, c, n, reg, size, value);
}
