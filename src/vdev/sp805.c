/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Arm Watchdog Module SP805 (TRM DDI 0270B), as far as software can see.
 *
 *     load ... 2 1 0 | load ... 2 1 0 | stops
 *                    |                |
 *                    interrupt        "reset": the interrupt is still there, and RESEN is set.
 *                                     It is an event of the cell (EVENT_WATCHDOG).
 *
 * Nothing counts. There is the time at which the count is zero next, made by
 * whoever writes LOAD, CONTROL or INTCLR, and WdogValue is computed from the
 * clock. The service CPU looks at it in its rounds. It and the guest agree by
 * compare-and-swap: a guest that feeds its watchdog in time always wins, and
 * what it does later is not undone.
 *
 * Where this differs from the TRM, on purpose:
 * - A count shorter than a round of the service CPU ends in the next round. If
 *   nobody could look for longer than a whole count, it begins again when
 *   somebody does: it never runs out early, not even because the core was late.
 * - A count of n + 1 clocks (n down to 0) for WdogLoad n; 0 is as good as 1.
 * - The integration test registers (0xf00, 0xf04) read as zero.
 */
#include "core/time.h"
#include "vdev/vdev.h"

enum { LOAD = 0x00, VALUE = 0x04, CONTROL = 0x08, INTCLR = 0x0c, RIS = 0x10, MIS = 0x14, LOCK = 0xc00, PERIPH_ID0 = 0xfe0 };

#define CONTROL_INTEN BIT(0) /* counts, and may interrupt */
#define CONTROL_RESEN BIT(1)
#define UNLOCK_KEY 0x1acce551u

#define NEXT_INTERRUPT BIT(0)
#define FEW_TRIES 4u /* a vCPU that still is in the core may change it at the same time */

static const u8 identification[8] = { 0x05, 0x18, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

static u32 get(const u32 *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static void set(u32 *p, u32 value)
{
	__atomic_store_n(p, value, __ATOMIC_RELAXED);
}

static struct vdev_sp805 *state(const struct vdev_config *dev)
{
	return dev->state;
}

static u64 next_get(const struct vdev_sp805 *w)
{
	return __atomic_load_n(&w->next, __ATOMIC_ACQUIRE);
}

/* The guest's own decision, whatever was there. */
static void next_set(struct vdev_sp805 *w, u64 when, u64 interrupt)
{
	__atomic_store_n(&w->next, when << 1 | interrupt, __ATOMIC_RELEASE);
}

static bool next_swap(struct vdev_sp805 *w, u64 from, u64 to)
{
	return __atomic_compare_exchange_n(&w->next, &from, to, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* Ticks from load to zero, at least one. No overflow: 2^32 clocks times a frequency of 32 bits. */
static u64 period(const struct vdev_sp805 *w)
{
	return (((u64)get(&w->load) + 1) * (u32)time_hz() + SP805_HZ - 1) / SP805_HZ;
}

static u32 value_at(const struct vdev_sp805 *w, u64 next, u64 now)
{
	u64 left = (next >> 1) - now, whole = period(w);

	if (!(next >> 1))
		return get(&w->held);
	if (now >= next >> 1) /* nobody has looked meanwhile: it has begun again */
		left = whole - (now - (next >> 1)) % whole;
	/* A racing vCPU may have changed load: then it is a value of neither count, but one. */
	return left - 1 < whole ? (u32)((left - 1) * SP805_HZ / (u32)time_hz()) : get(&w->load);
}

/* What `next` becomes as time goes by; the same if nothing has happened. */
static u64 passed(const struct vdev_sp805 *w, u64 next, u64 now)
{
	u64 when = next >> 1, whole;

	if (!when || now < when)
		return next;
	whole = period(w);
	return (when + ((now - when) / whole + 1) * whole) << 1 | NEXT_INTERRUPT;
}

/* It has run out: this is the zero that finds the interrupt uncleared. */
static bool run_out(const struct vdev_sp805 *w, u64 next, u64 now)
{
	return next >> 1 && now >= next >> 1 && next & NEXT_INTERRUPT && get(&w->control) & CONTROL_RESEN;
}

/*
 * Bring `next` up to the time. Of the zero that ends the cell's life only the
 * service CPU makes something. Who has changed it meanwhile has done that, too.
 */
static u64 catch_up(struct vdev_sp805 *w)
{
	u64 now = time_now(), next = next_get(w), to = passed(w, next, now);

	if (to == next || run_out(w, next, now))
		return next;
	return next_swap(w, next, to) ? to : next_get(w);
}

static void start(struct vdev_sp805 *w, u64 interrupt)
{
	if (get(&w->control) & CONTROL_INTEN)
		next_set(w, time_now() + period(w), interrupt);
	else {
		set(&w->held, get(&w->load));
		next_set(w, 0, interrupt);
	}
}

/* INTEN starts the count afresh, and its fall stops it. */
static void write_control(struct vdev_sp805 *w, u64 next, u32 value)
{
	u32 was = get(&w->control);

	set(&w->control, value & (CONTROL_INTEN | CONTROL_RESEN));
	if (!((was ^ value) & CONTROL_INTEN))
		return;
	if (value & CONTROL_INTEN)
		start(w, next & NEXT_INTERRUPT);
	else {
		set(&w->held, value_at(w, next, time_now()));
		next_set(w, 0, next & NEXT_INTERRUPT);
	}
}

static u32 read_register(struct vdev_sp805 *w, u64 offset)
{
	u64 next = catch_up(w);

	switch (offset) {
	case LOAD:
		return get(&w->load);
	case VALUE:
		return value_at(w, next, time_now());
	case CONTROL:
		return get(&w->control);
	case RIS:
		return next & NEXT_INTERRUPT;
	case MIS:
		return next & NEXT_INTERRUPT & get(&w->control);
	case LOCK:
		return get(&w->locked);
	default:
		offset = offset / 4 - PERIPH_ID0 / 4;
		return offset < ARRAY_COUNT(identification) ? identification[offset] : 0;
	}
}

/* As every device on an APB here: a narrow read sees part of a register, a wide one nothing above it. */
static u64 sp805_read(const struct vdev_config *dev, u64 offset, u32 size)
{
	u64 value = (u64)read_register(state(dev), offset & ~3ULL) >> offset % 4 * 8;

	return size < 4 ? value & (BIT(size * 8) - 1) : value;
}

static void write_register(struct vdev_sp805 *w, u64 offset, u32 value)
{
	u64 next = catch_up(w);

	switch (offset) {
	case LOAD:
		set(&w->load, value);
		start(w, next & NEXT_INTERRUPT);
		break;
	case CONTROL:
		write_control(w, next, value);
		break;
	case INTCLR:
		start(w, 0);
		break;
	default:
		break;
	}
}

/* A narrow write replaces the register; one beside its first byte is ignored. */
static void sp805_write(const struct vdev_config *dev, u64 offset, u32 size, u64 value)
{
	struct vdev_sp805 *w = state(dev);
	u32 bits = (u32)(size < 4 ? value & (BIT(size * 8) - 1) : value);

	if (offset == LOCK)
		set(&w->locked, bits != UNLOCK_KEY);
	else if (offset % 4 == 0 && !get(&w->locked))
		write_register(w, offset, bits);
}

static void sp805_reset(const struct vdev_config *dev)
{
	struct vdev_sp805 *w = state(dev);

	set(&w->load, ~0u);
	set(&w->held, ~0u);
	set(&w->control, 0);
	set(&w->locked, 0);
	next_set(w, 0, 0);
}

/* As tick or the guest's last access has left it, so that who calls tick can see it change. */
static bool sp805_level(const struct vdev_config *dev)
{
	const struct vdev_sp805 *w = state(dev);

	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* vdev/pl011.c says why */
	return next_get(w) & NEXT_INTERRUPT & get(&w->control);
}

/* Having run out it stands at zero: it is told once. If the guest has just changed it, the next round looks again. */
static bool sp805_tick(const struct vdev_config *dev)
{
	struct vdev_sp805 *w = state(dev);
	u64 next = catch_up(w);

	if (!run_out(w, next, time_now()) || !next_swap(w, next, NEXT_INTERRUPT))
		return false;
	set(&w->held, 0);
	return true;
}

static void sp805_slept(const struct vdev_config *dev, u64 ticks)
{
	struct vdev_sp805 *w = state(dev);

	for (u32 i = 0; i < FEW_TRIES; i++) {
		u64 next = next_get(w);

		if (!(next >> 1) || next_swap(w, next, next + (ticks << 1)))
			return;
	}
}

const struct vdev vdev_sp805 = {
	.read = sp805_read,
	.write = sp805_write,
	.reset = sp805_reset,
	.level = sp805_level,
	.tick = sp805_tick,
	.slept = sp805_slept,
};
