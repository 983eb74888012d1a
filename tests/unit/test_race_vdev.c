/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Watchdog and power key while the service CPU looks after them and a guest
 * uses them: what is fed in time never runs out, what is not does, no edge of
 * the key is lost; and vCPUs that do not lock spoil nothing but that.
 */
#include "test.h"

#include "threads.h"

enum { LOAD = 0x00, CONTROL = 0x08, INTCLR = 0x0c, RIS = 0x10, LOCK = 0xc00 };
enum { IBE = 0x408, IE = 0x410, MIS = 0x418, IC = 0x41c };
#define MS (HOST_HZ / 1000)

static struct vdev_sp805 dog;
static struct vdev_pl061 gpio;
static const struct vdev_config watchdog = { .ops = &vdev_sp805, .state = &dog, .size = 0x1000, .line = 40 };
static const struct vdev_config keys = { .ops = &vdev_pl061, .state = &gpio, .size = 0x1000, .line = 41 };
static u32 run_outs, turns, looked;
static u64 fed; /* ticks */

static void wr(const struct vdev_config *dev, u64 offset, u32 value)
{
	dev->ops->write(dev, offset, 4, value);
}

static u32 rd(const struct vdev_config *dev, u64 offset)
{
	return (u32)dev->ops->read(dev, offset, 4);
}

static int fresh(void **state)
{
	setup(state);
	watchdog.ops->reset(&watchdog);
	keys.ops->reset(&keys);
	run_outs = 0;
	return 0;
}

#define FED SP805_HZ / 100
#define COUNT (10 * (u64)MS)

/* Time is this thread's. It waits where the watchdog would run out, had it been fed last when `fed` says: then it may not, whatever happens. */
static void *looker(void *argument)
{
	u64 seed = 5;

	while (!stopped()) {
		u64 then = __atomic_load_n(&host.now, __ATOMIC_SEQ_CST) + 1 + next_random(&seed) % MS;

		if (argument && then >= __atomic_load_n(&fed, __ATOMIC_SEQ_CST) + 2 * COUNT)
			then = __atomic_load_n(&host.now, __ATOMIC_SEQ_CST);
		__atomic_store_n(&host.now, then, __ATOMIC_SEQ_CST);
		__atomic_fetch_add(&run_outs, watchdog.ops->tick(&watchdog), __ATOMIC_SEQ_CST);
		watchdog.ops->level(&watchdog);
		if (next_random(&seed) % 64 == 0)
			watchdog.ops->slept(&watchdog, 1);
	}
	return NULL;
}

/* A guest that feeds it: as Linux does, or by clearing the interrupt only. At any moment of a count, the last included. */
static void fed_is_fed(void **state)
{
	double end = now() + PATIENCE;
	u64 seed = 3, interrupts = 0;
	pthread_t thread;

	(void)state;
	fed = host.now;
	wr(&watchdog, LOAD, FED);
	wr(&watchdog, CONTROL, 3);
	thread = spawn(looker, 1);
	while (now() < end) {
		u64 when = __atomic_load_n(&fed, __ATOMIC_SEQ_CST) + next_random(&seed) % (2 * COUNT - MS), at;

		for (u32 i = 0; i < 1000 && __atomic_load_n(&host.now, __ATOMIC_SEQ_CST) < when; i++)
			sched_yield();
		at = __atomic_load_n(&host.now, __ATOMIC_SEQ_CST);
		interrupts += rd(&watchdog, RIS);
		if (next_random(&seed) & 1)
			wr(&watchdog, LOAD, FED);
		wr(&watchdog, INTCLR, 1);
		__atomic_store_n(&fed, at, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&run_outs, __ATOMIC_SEQ_CST))
			break;
	}
	__atomic_store_n(&stop_threads, 1, __ATOMIC_SEQ_CST);
	pthread_join(thread, NULL);
	assert_int_equal(run_outs, 0);
	assert_true(interrupts > 0);
}

/* It has run out, and is looked at and fed at the same moment: who is told so or not, what the guest did last holds. */
static void *one_look(void *argument)
{
	(void)argument;
	for (u32 seen = 0; !stopped();) {
		u32 turn = __atomic_load_n(&turns, __ATOMIC_ACQUIRE);

		if (turn == seen)
			continue;
		seen = turn;
		__atomic_fetch_add(&run_outs, watchdog.ops->tick(&watchdog), __ATOMIC_SEQ_CST);
		__atomic_store_n(&looked, turn, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void at_the_last_moment(void **state)
{
	double end = now() + PATIENCE;
	pthread_t thread;

	(void)state;
	turns = looked = 0;
	thread = spawn(one_look, 0);
	while (now() < end) {
		wr(&watchdog, CONTROL, 0);
		wr(&watchdog, LOAD, FED);
		wr(&watchdog, CONTROL, 3);
		host.now += COUNT + MS;
		rd(&watchdog, RIS);
		host.now += COUNT + MS;
		__atomic_fetch_add(&turns, 1, __ATOMIC_RELEASE);
		for (u32 i = 0; i < turns % 64; i++)
			__atomic_signal_fence(__ATOMIC_SEQ_CST);
		wr(&watchdog, INTCLR, 1);
		while (__atomic_load_n(&looked, __ATOMIC_ACQUIRE) != turns)
			in_time();
		assert_int_equal(rd(&watchdog, RIS), 0);
		assert_int_not_equal(dog.next, 0);
	}
	__atomic_store_n(&stop_threads, 1, __ATOMIC_SEQ_CST);
	pthread_join(thread, NULL);
}

static void *vandal(void *argument)
{
	static const u32 offsets[] = { LOAD, CONTROL, INTCLR, RIS, LOCK, 0x04, 0x14, 0x400, IBE, IE, MIS, IC, 0x3fc };
	u64 seed = 7 + (uintptr_t)argument;
	double end = now() + PATIENCE;

	for (u32 i = 0; i < 200000 && now() < end; i++) { /* on a busy machine, with a sanitizer, they could be minutes */
		u32 n = next_random(&seed), offset = offsets[n % ARRAY_COUNT(offsets)];
		const struct vdev_config *dev = n >> 8 & 1 ? &watchdog : &keys;

		if (n >> 9 & 1)
			wr(dev, offset, n >> 10 & 1 ? n >> 11 & 0xff : offset == LOCK ? 0x1acce551 : next_random(&seed));
		else
			rd(dev, offset);
		dev->ops->level(dev);
	}
	return NULL;
}

static void no_locks(void **state)
{
	pthread_t look = spawn(looker, 0), vandals[3];

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(vandals); i++)
		vandals[i] = spawn(vandal, i);
	for (u32 i = 0; i < 200000; i++)
		keys.ops->key(&keys, i & 1);
	for (u32 i = 0; i < ARRAY_COUNT(vandals); i++)
		pthread_join(vandals[i], NULL);
	/* Left alone, and told properly, it works. */
	wr(&watchdog, LOCK, 0x1acce551);
	wr(&watchdog, CONTROL, 0);
	wr(&watchdog, LOAD, 100);
	wr(&watchdog, INTCLR, 0);
	__atomic_store_n(&run_outs, 0, __ATOMIC_SEQ_CST);
	wr(&watchdog, CONTROL, 3);
	while (!__atomic_load_n(&run_outs, __ATOMIC_SEQ_CST))
		in_time();
	__atomic_store_n(&stop_threads, 1, __ATOMIC_SEQ_CST);
	pthread_join(look, NULL);
}

static u32 handled;

/* Who tells an interrupt clears it first, then looks. */
static void *handler(void *argument)
{
	(void)argument;
	while (!stopped()) {
		if (rd(&keys, MIS) & 8) {
			wr(&keys, IC, 8);
			__atomic_fetch_add(&handled, 1, __ATOMIC_SEQ_CST);
		}
	}
	return NULL;
}

static void no_edge_lost(void **state)
{
	pthread_t thread;

	(void)state;
	handled = 0;
	wr(&keys, IBE, 8);
	wr(&keys, IE, 8);
	thread = spawn(handler, 0);
	for (u32 i = 1; i <= 100000; i++) {
		keys.ops->key(&keys, i & 1);
		while (__atomic_load_n(&handled, __ATOMIC_SEQ_CST) < i)
			in_time();
	}
	__atomic_store_n(&stop_threads, 1, __ATOMIC_SEQ_CST);
	pthread_join(thread, NULL);
	assert_int_equal(handled, 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(fed_is_fed, fresh), cmocka_unit_test_setup(at_the_last_moment, fresh),
		cmocka_unit_test_setup(no_locks, fresh),
		cmocka_unit_test_setup(no_edge_lost, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
