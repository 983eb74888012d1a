/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * vdev/sp805.c against the TRM (DDI 0270B), by what Linux' driver does, and
 * against a second model that counts clock by clock. The counter's frequency
 * is the test's to say.
 */
#include "test.h"

#include "machine.h"
#include "host.h"

u64 __wrap_time_hz(void);
static u64 hz;

u64 __wrap_time_hz(void)
{
	return hz;
}

enum { LOAD = 0x00, VALUE = 0x04, CONTROL = 0x08, INTCLR = 0x0c, RIS = 0x10, MIS = 0x14, LOCK = 0xc00 };
enum { INTEN = 1, RESEN = 2 };
#define KEY 0x1acce551u
#define CLOCK 31u /* ticks of a clock, at the usual frequency here */

static struct vdev_sp805 dog;
static const struct vdev_config dev = { .ops = &vdev_sp805, .state = &dog, .base = 0xb000000, .size = 0x1000, .line = 40 };

static u32 rd(u64 offset)
{
	return (u32)dev.ops->read(&dev, offset, 4);
}

static void wr(u64 offset, u32 value)
{
	dev.ops->write(&dev, offset, 4, value);
}

static void clocks(u64 count)
{
	host.now += count * CLOCK;
}

static int setup(void **state)
{
	(void)state;
	host_reset();
	host.now = 1000;
	hz = CLOCK * SP805_HZ;
	memset(&dog, 0, sizeof dog);
	dev.ops->reset(&dev);
	return 0;
}

static void reset_values(void **state)
{
	static const u32 ids[] = { 0x05, 0x18, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 }; /* Linux: periphid 0x00141805 */

	(void)state;
	assert_int_equal(rd(LOAD), ~0u);
	assert_int_equal(rd(VALUE), ~0u);
	for (u32 offset = CONTROL; offset < 0xfe0; offset += 4) {
		assert_int_equal(rd(offset), 0);
		if (offset != LOCK && offset != CONTROL) {
			wr(offset, ~0u);
			assert_int_equal(rd(offset), 0);
		}
	}
	for (u32 i = 0; i < 8; i++) {
		wr(0xfe0 + 4 * i, 0);
		assert_int_equal(rd(0xfe0 + 4 * i), ids[i]);
	}
	assert_int_equal(rd(0x1000), 0); /* in a larger window there is nothing more */
	assert_false(dev.ops->level(&dev));
	clocks(1ULL << 33);
	assert_false(dev.ops->tick(&dev));
	assert_int_equal(rd(VALUE), ~0u);
}

/* 2.2.2: interrupt at the first zero, reset at the second, once, and then it stands. */
static void counts_twice(void **state)
{
	(void)state;
	wr(LOAD, 99);
	wr(CONTROL, INTEN | RESEN);
	assert_int_equal(rd(VALUE), 99);
	clocks(99);
	assert_int_equal(rd(VALUE), 0);
	assert_false(dev.ops->tick(&dev));
	assert_int_equal(rd(RIS), 0);
	clocks(1);
	assert_false(dev.ops->level(&dev));
	assert_false(dev.ops->tick(&dev));
	assert_true(dev.ops->level(&dev));
	assert_int_equal(rd(RIS), 1);
	assert_int_equal(rd(MIS), 1);
	assert_int_equal(rd(VALUE), 99);
	clocks(99);
	assert_false(dev.ops->tick(&dev));
	clocks(1);
	assert_true(dev.ops->tick(&dev));
	assert_false(dev.ops->tick(&dev));
	assert_int_equal(rd(VALUE), 0);
	clocks(1000);
	assert_false(dev.ops->tick(&dev));
	assert_int_equal(rd(VALUE), 0);
	wr(INTCLR, 0); /* nobody acted on it: the guest may go on */
	assert_int_equal(rd(VALUE), 99);
	assert_false(dev.ops->level(&dev));
}

/* A read makes the interrupt seen, as the service CPU does; without RESEN it never runs out. */
static void interrupts_only(void **state)
{
	(void)state;
	wr(LOAD, 9);
	wr(CONTROL, INTEN);
	clocks(10);
	assert_int_equal(rd(MIS), 1);
	assert_true(dev.ops->level(&dev));
	for (u32 i = 0; i < 100; i++) {
		clocks(1);
		assert_false(dev.ops->tick(&dev));
		assert_int_equal(rd(VALUE), 9 - (i + 1) % 10);
	}
	wr(CONTROL, INTEN | RESEN); /* the next zero finds the interrupt */
	clocks(9);
	assert_false(dev.ops->tick(&dev));
	clocks(1);
	assert_true(dev.ops->tick(&dev));
}

static void control(void **state)
{
	(void)state;
	wr(CONTROL, ~0u);
	assert_int_equal(rd(CONTROL), 3);
	wr(LOAD, 100);
	clocks(40);
	wr(CONTROL, RESEN);
	clocks(400);
	assert_int_equal(rd(VALUE), 60);
	assert_false(dev.ops->tick(&dev));
	wr(CONTROL, INTEN); /* afresh */
	assert_int_equal(rd(VALUE), 100);
	clocks(101);
	assert_int_equal(rd(RIS), 1);
	wr(CONTROL, 0);
	assert_int_equal(rd(RIS), 1);
	assert_int_equal(rd(MIS), 0);
	assert_false(dev.ops->level(&dev));
	wr(LOAD, 7);
	assert_int_equal(rd(VALUE), 7);
	wr(INTCLR, 1);
	assert_int_equal(rd(RIS), 0);
}

static void lock(void **state)
{
	(void)state;
	wr(LOCK, 1);
	assert_int_equal(rd(LOCK), 1);
	wr(LOAD, 5);
	wr(CONTROL, 3);
	assert_int_equal(rd(LOAD), ~0u);
	assert_int_equal(rd(CONTROL), 0);
	dev.ops->write(&dev, LOCK, 1, KEY & 0xff);
	assert_int_equal(rd(LOCK), 1);
	dev.ops->write(&dev, LOCK, 8, 0xffffffff00000000ULL | KEY);
	assert_int_equal(rd(LOCK), 0);
	wr(LOAD, 5);
	assert_int_equal(rd(LOAD), 5);
	wr(LOCK, KEY + 1);
	assert_int_equal(rd(LOCK), 1);
	dev.ops->reset(&dev);
	assert_int_equal(rd(LOCK), 0);
}

static void widths(void **state)
{
	(void)state;
	dev.ops->write(&dev, LOAD, 8, 0x1234567811223344ULL);
	assert_int_equal(dev.ops->read(&dev, LOAD, 8), 0x11223344);
	assert_int_equal(dev.ops->read(&dev, LOAD, 2), 0x3344);
	assert_int_equal(dev.ops->read(&dev, LOAD + 2, 2), 0x1122);
	assert_int_equal(dev.ops->read(&dev, LOAD + 3, 1), 0x11);
	dev.ops->write(&dev, LOAD + 2, 2, 0xffff);
	assert_int_equal(rd(LOAD), 0x11223344);
	dev.ops->write(&dev, LOAD, 1, 0xabcd);
	assert_int_equal(rd(LOAD), 0xcd);
}

/* drivers/watchdog/sp805_wdt.c: half of the timeout is loaded, a ping writes LOAD and INTCLR. */
static void linux_ping(u32 seconds, bool first)
{
	wr(LOCK, KEY);
	wr(LOAD, SP805_HZ / 2 * seconds - 1);
	wr(INTCLR, 1);
	if (first)
		wr(CONTROL, INTEN | RESEN);
	wr(LOCK, 1);
}

static u32 linux_timeleft(void)
{
	return (rd(VALUE) + (rd(RIS) ? 0 : SP805_HZ / 2 * 10)) / SP805_HZ;
}

/* Milliseconds until it runs out, at most limit: then 0. */
static u32 until_run_out(u32 limit)
{
	for (u32 ms = 1; ms <= limit; ms++) {
		host.now += hz / 1000;
		if (dev.ops->tick(&dev))
			return ms;
	}
	return 0;
}

static void as_linux(void **state)
{
	static const u64 rates[] = { 1000000, 19200000, 24000000, 31250000, 62500000, 1000000000, 0xffffffff };

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(rates); i++) {
		setup(NULL);
		hz = rates[i];
		linux_ping(10, true);
		assert_in_range(linux_timeleft(), 9, 10);
		for (u32 fed = 0; fed < 5; fed++) {
			assert_int_equal(until_run_out(9900), 0);
			linux_ping(10, false);
			assert_in_range(linux_timeleft(), 9, 10);
		}
		assert_in_range(until_run_out(20000), 9999, 10002);
		linux_ping(1, false);
		assert_in_range(until_run_out(20000), 999, 1002);
		wr(LOCK, KEY); /* its restart handler */
		wr(CONTROL, 0);
		wr(LOAD, 0);
		wr(CONTROL, INTEN | RESEN);
		assert_in_range(until_run_out(20000), 1, 3);
	}
}

static void longest(void **state)
{
	const u64 year = 365ULL * 24 * 3600;

	(void)state;
	hz = 1000000000;
	host.now = 10 * year * hz;
	wr(LOAD, ~0u);
	wr(CONTROL, INTEN | RESEN);
	assert_int_equal(rd(VALUE), ~0u);
	host.now += (1ULL << 17) * hz - 1; /* 2^32 clocks are 2^17 seconds */
	assert_int_equal(rd(VALUE), 0);
	assert_false(dev.ops->tick(&dev));
	assert_int_equal(rd(RIS), 0);
	host.now++;
	assert_false(dev.ops->tick(&dev));
	assert_int_equal(rd(RIS), 1);
	host.now += (1ULL << 17) * hz;
	assert_true(dev.ops->tick(&dev));
	/* Nobody has looked for ten years: it is no reason to end a cell. */
	wr(INTCLR, 0);
	host.now += 10 * year * hz;
	assert_false(dev.ops->tick(&dev));
	assert_true(dev.ops->level(&dev));
	assert_false(dev.ops->tick(&dev));
}

static void slept(void **state)
{
	(void)state;
	dev.ops->slept(&dev, 12345); /* not counting: nothing to move */
	assert_int_equal(dog.next, 0);
	wr(LOAD, 99);
	wr(CONTROL, INTEN | RESEN);
	clocks(40);
	clocks(100000);
	dev.ops->slept(&dev, 100000 * CLOCK);
	assert_int_equal(rd(VALUE), 59);
	clocks(59);
	assert_false(dev.ops->tick(&dev));
	assert_int_equal(rd(RIS), 0);
	clocks(1);
	assert_false(dev.ops->tick(&dev));
	clocks(50);
	clocks(7000);
	dev.ops->slept(&dev, 7000 * CLOCK);
	assert_int_equal(rd(RIS), 1);
	clocks(49);
	assert_false(dev.ops->tick(&dev));
	clocks(1);
	assert_true(dev.ops->tick(&dev));
}

/* It ran out, and the guest feeds it before the service CPU looks: the guest has won. Afterwards it has lost. */
static void late_but_first(void **state)
{
	(void)state;
	wr(LOAD, 99);
	wr(CONTROL, INTEN | RESEN);
	clocks(100);
	dev.ops->tick(&dev);
	clocks(110);
	assert_int_equal(rd(RIS), 1); /* looking is not feeding */
	assert_int_equal(rd(VALUE), 89);
	wr(INTCLR, 0);
	assert_false(dev.ops->tick(&dev));
	assert_int_equal(rd(RIS), 0);
}

static void next_life(void **state)
{
	(void)state;
	wr(LOAD, 1);
	wr(CONTROL, 3);
	clocks(10);
	dev.ops->reset(&dev);
	assert_int_equal(rd(RIS), 0);
	assert_int_equal(rd(VALUE), ~0u);
	clocks(10);
	assert_false(dev.ops->tick(&dev));
	assert_false(dev.ops->tick(&dev));
	assert_false(dev.ops->level(&dev));
}

/* ---- the second model: a counter that counts ---- */

struct model {
	u32 load, control, value, ris;
	bool stands, locked, out;
	u32 phase; /* ticks since the last clock */
};

static void model_clock(struct model *m)
{
	if (!(m->control & INTEN) || m->stands)
		return;
	if (m->value--)
		return;
	m->value = m->load;
	if (m->ris && m->control & RESEN) {
		m->stands = m->out = true;
		m->value = 0;
	}
	m->ris = 1;
}

static void model_ticks(struct model *m, u32 ticks)
{
	while (ticks--) {
		if (++m->phase == CLOCK) {
			m->phase = 0;
			model_clock(m);
		}
	}
}

static void model_reload(struct model *m)
{
	m->value = m->load;
	m->phase = 0;
	if (m->control & INTEN)
		m->stands = false;
}

static void model_write(struct model *m, u32 offset, u32 value)
{
	if (offset == LOCK)
		m->locked = value != KEY;
	if (m->locked)
		return;
	if (offset == LOAD) {
		m->load = value;
		model_reload(m);
	} else if (offset == INTCLR) {
		m->ris = 0;
		model_reload(m);
	} else if (offset == CONTROL) {
		bool rises = value & ~m->control & INTEN;

		m->control = value & 3;
		if (rises)
			model_reload(m);
	}
}

/* The service CPU looks after each step, and no count is shorter than a step: then both agree to the clock. */
static void random_step(struct model *m, u64 *seed)
{
	static const u32 offsets[] = { LOAD, CONTROL, CONTROL, INTCLR, LOCK, LOCK, RIS, MIS };
	u32 n = next_random(seed), offset = offsets[n % ARRAY_COUNT(offsets)], ticks = n >> 8 & 0xff;
	u32 value = offset == LOCK ? KEY + (n >> 16) % 2 : offset == LOAD ? 8 + (n >> 16) % 60 : n >> 16;

	host.now += ticks;
	model_ticks(m, ticks);
	assert_int_equal(dev.ops->tick(&dev), m->out);
	m->out = false;
	if (n >> 24 & 3) {
		wr(offset, value);
		model_write(m, offset, value);
	}
	assert_int_equal(rd(VALUE), m->value);
	assert_int_equal(rd(RIS), m->ris);
	assert_int_equal(rd(MIS), m->ris && m->control & INTEN);
	assert_int_equal(dev.ops->level(&dev), m->ris && m->control & INTEN);
	assert_int_equal(rd(CONTROL), m->control);
	assert_int_equal(rd(LOAD), m->load);
	assert_int_equal(rd(LOCK), m->locked);
}

static void as_counted(void **state)
{
	u32 runs = 0;

	(void)state;
	for (u64 seed = 1; seed <= 200; seed++) {
		struct model m = { .load = ~0u, .value = ~0u };
		u64 random = seed;

		setup(NULL);
		for (u32 i = 0; i < 3000; i++) {
			bool stood = m.stands;

			random_step(&m, &random);
			runs += m.stands && !stood;
		}
	}
	assert_in_range(runs, 500, ~0u); /* it did run out, often */
}

/* Looked at whenever it pleases, at any frequency: never early, and late by no more than a count and a look. */
static void never_early(void **state)
{
	u64 seed = 4711;

	(void)state;
	for (u32 round = 0; round < 3000; round++) {
		u32 load = next_random(&seed) >> next_random(&seed) % 32;
		u64 count, begin, late = 0;

		setup(NULL);
		hz = 1000000 + next_random(&seed) % 2000000000;
		host.now = begin = (u64)next_random(&seed) << 20;
		count = ((u64)load + 1) * hz / SP805_HZ;
		wr(LOAD, load);
		wr(CONTROL, INTEN | RESEN);
		for (u32 i = 0; i < 1000; i++) {
			u64 look = count / 3 + next_random(&seed) % (count + 10);
			u32 value = rd(VALUE);

			assert_in_range(value, 0, load);
			host.now += look;
			late = look > late ? look : late;
			if (dev.ops->tick(&dev))
				break;
		}
		assert_true((unsigned __int128)(host.now - begin) * SP805_HZ >= (unsigned __int128)2 * (load + 1ULL) * hz);
		assert_true(host.now - begin <= 3 * count + 2 * late + 10);
		assert_int_equal(rd(VALUE), 0);
	}
}

/* Where a clock is no whole number of ticks, a count ends with the tick behind its last clock. */
static void to_the_tick(void **state)
{
	static const u64 rates[] = { 1000000, 19200000, 62500000, 1000000000 };

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(rates) * 40; i++) {
		u64 load = i % 40 * 997, count;

		setup(NULL);
		hz = rates[i / 40];
		count = ((load + 1) * hz + SP805_HZ - 1) / SP805_HZ;
		wr(LOAD, (u32)load);
		wr(CONTROL, INTEN);
		host.now += count - 1;
		assert_int_equal(rd(RIS), 0);
		assert_int_equal(rd(VALUE), 0);
		host.now++;
		assert_int_equal(rd(RIS), 1);
		assert_int_equal(rd(VALUE), load);
	}
}

/* ---- hostile guests ---- */

static void anything(void **state)
{
	u64 seed = 99;

	(void)state;
	for (u32 i = 0; i < 300000; i++) {
		u32 n = next_random(&seed), size = 1u << (n & 3);
		u64 offset = (n >> 2 & 3 ? next_random(&seed) & 0x1f : next_random(&seed) & 0xfff) & ~(u64)(size - 1);
		u64 value = (u64)next_random(&seed) << 32 | (n & 0x80 ? next_random(&seed) : n >> 8 & 3);

		if (n >> 4 & 1)
			dev.ops->write(&dev, n >> 5 & 1 ? offset : LOCK, size, n >> 5 & 1 ? value : KEY);
		else
			assert_true(dev.ops->read(&dev, offset, size) <= (size < 4 ? (1ULL << size * 8) - 1 : ~0u));
		if (n >> 9 & 1)
			host.now += (u64)next_random(&seed) >> (n >> 10 & 31);
		if (n >> 16 & 1)
			dev.ops->tick(&dev);
		if (n >> 17 & 1)
			dev.ops->slept(&dev, next_random(&seed));
		assert_in_range(rd(CONTROL), 0, 3);
		assert_int_equal(rd(MIS), rd(RIS) & rd(CONTROL));
		assert_int_equal(dev.ops->level(&dev), rd(MIS));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(reset_values, setup), cmocka_unit_test_setup(counts_twice, setup),
		cmocka_unit_test_setup(interrupts_only, setup), cmocka_unit_test_setup(control, setup),
		cmocka_unit_test_setup(lock, setup), cmocka_unit_test_setup(widths, setup),
		cmocka_unit_test_setup(as_linux, setup), cmocka_unit_test_setup(longest, setup),
		cmocka_unit_test_setup(slept, setup), cmocka_unit_test_setup(late_but_first, setup),
		cmocka_unit_test_setup(next_life, setup), cmocka_unit_test_setup(as_counted, setup),
		cmocka_unit_test_setup(never_early, setup), cmocka_unit_test_setup(to_the_tick, setup),
		cmocka_unit_test_setup(anything, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
