/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * libFuzzer target: the virtual watchdog and the virtual GPIO controller with the power key, used in any order, at any offset and
 * size, while time passes, the service CPU looks, or not, and the cell is suspended. Looked for, besides what sanitizers
 * find: registers and lines that contradict each other, and a watchdog that runs out before its time.
 *
 *   tests/fuzz/run [seconds [output folder [vdev]]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "host.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { LOAD = 0x00, VALUE = 0x04, CONTROL = 0x08, INTCLR = 0x0c, RIS = 0x10, MIS = 0x14, LOCK = 0xc00 };
enum { GPIO_IE = 0x410, GPIO_RIS = 0x414, GPIO_MIS = 0x418 };

static struct vdev_sp805 dog;
static struct vdev_pl061 gpio;
static const struct vdev_config watchdog = { .ops = &vdev_sp805, .state = &dog, .size = 0x1000, .line = 40 };
static const struct vdev_config keys = { .ops = &vdev_pl061, .state = &gpio, .size = 0x1000, .line = 41 };
static u64 fed; /* when the guest has last begun a count, and the shortest time until it runs out */
static u64 shortest;

static void check(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_vdev: %s\n", what);
	abort();
}

static u64 rd(const struct vdev_config *dev, u64 offset)
{
	return dev->ops->read(dev, offset, 4);
}

static u64 count_ticks(void)
{
	return (rd(&watchdog, LOAD) + 1) * HOST_HZ / SP805_HZ;
}

/* Of a count that has begun with the interrupt there the first zero is the end. */
static void note_feeding(bool interrupt)
{
	fed = host.now;
	shortest = interrupt ? count_ticks() : 2 * count_ticks();
}

static void access(struct input *input)
{
	static const u32 known[] = { LOAD, VALUE, CONTROL, INTCLR, RIS, MIS, LOCK, 0xfe0 };
	u32 what = next(input, 1), size = 1u << (what & 3);
	const struct vdev_config *dev = what & 8 ? &keys : &watchdog;
	u64 offset = what & 0x10 ? next(input, 2) & 0xfff : what & 8 ? 0x400 + (next(input, 1) & 0x3f) : known[next(input, 1) & 7];
	u64 value = what & 0x20 ? 0x1acce551 : next(input, what & 0x40 ? 1 : 4);
	bool interrupt, locked, counting;

	offset &= ~(u64)(size - 1);
	if (!(what & 4)) {
		check(dev->ops->read(dev, offset, size) <= (size < 4 ? (1ULL << size * 8) - 1 : ~0u), "a wide answer");
		return;
	}
	interrupt = rd(&watchdog, RIS);
	locked = rd(&watchdog, LOCK);
	counting = rd(&watchdog, CONTROL) & 1;
	dev->ops->write(dev, offset, size, value | (u64)what << 32);
	if (dev == &keys || locked || (offset != LOAD && offset != INTCLR && offset != CONTROL))
		return;
	if (offset != CONTROL || (!counting && rd(&watchdog, CONTROL) & 1))
		note_feeding(interrupt && offset != INTCLR);
}

static void look(void)
{
	u64 control = rd(&watchdog, CONTROL);

	if (!watchdog.ops->tick(&watchdog))
		return;
	check(control == 3, "it ran out, and does not count or may not reset");
	check(host.now - fed >= shortest, "it ran out too early");
	check(!watchdog.ops->tick(&watchdog), "it ran out twice");
}

static void step(struct input *input)
{
	u32 what = next(input, 1);
	u64 pause;

	switch (what & 7) {
	case 0:
		look();
		break;
	case 1:
		host.now += what & 8 ? (u64)next(input, 2) << (what >> 4) : count_ticks() * next(input, 1) / 64;
		break;
	case 2:
		pause = (u64)next(input, 2) << (what >> 3);
		host.now += pause;
		watchdog.ops->slept(&watchdog, pause);
		fed += pause;
		break;
	case 3:
		keys.ops->key(&keys, what & 8);
		break;
	default:
		access(input);
		break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input input = { data, size };

	host_reset();
	host.now = 1000000;
	watchdog.ops->reset(&watchdog);
	keys.ops->reset(&keys);
	while (input.left) {
		step(&input);
		check(rd(&watchdog, MIS) == (rd(&watchdog, RIS) & rd(&watchdog, CONTROL)), "MIS of the watchdog");
		check(rd(&watchdog, VALUE) <= rd(&watchdog, LOAD) || !(rd(&watchdog, CONTROL) & 1), "it counts from above");
		check(watchdog.ops->level(&watchdog) == (rd(&watchdog, MIS) != 0), "the watchdog's line is not MIS");
		check(rd(&keys, GPIO_MIS) == (rd(&keys, GPIO_RIS) & rd(&keys, GPIO_IE)), "MIS of the GPIO");
		check(keys.ops->level(&keys) == (rd(&keys, GPIO_MIS) != 0), "the GPIO's line is not MIS");
		check(!(rd(&keys, 0x3fc) & ~rd(&keys, 0x400) & 0xf7), "an input that nothing drives is high");
	}
	return 0;
}
