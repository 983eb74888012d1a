/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* vdev/pl061.c against the TRM (DDI 0190B), by what Linux' drivers do, and against a second model. */
#include "test.h"

#include "machine.h"

enum { DIR = 0x400, IS = 0x404, IBE = 0x408, IEV = 0x40c, IE = 0x410, RIS = 0x414, MIS = 0x418, IC = 0x41c, AFSEL = 0x420 };
#define ALL 0x3fcu
#define KEY 8u

static struct vdev_pl061 gpio;
static const struct vdev_config dev = { .ops = &vdev_pl061, .state = &gpio, .base = 0xb010000, .size = 0x1000, .line = 41 };

static u32 rd(u64 offset)
{
	return (u32)dev.ops->read(&dev, offset, 4);
}

static void wr(u64 offset, u32 value)
{
	dev.ops->write(&dev, offset, 4, value);
}

static void key(bool pressed)
{
	dev.ops->key(&dev, pressed);
}

static int setup(void **state)
{
	(void)state;
	memset(&gpio, 0xff, sizeof gpio);
	dev.ops->reset(&dev);
	return 0;
}

static void reset_values(void **state)
{
	static const u32 ids[] = { 0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 }; /* Linux: periphid 0x00041061 */

	(void)state;
	for (u32 offset = 0; offset < 0xfe0; offset += 4)
		assert_int_equal(rd(offset), 0);
	for (u32 i = 0; i < 8; i++) {
		wr(0xfe0 + 4 * i, 0);
		assert_int_equal(rd(0xfe0 + 4 * i), ids[i]);
	}
	assert_int_equal(rd(0x1fe0), 0);
	assert_false(dev.ops->level(&dev));
}

static void stored_bits(void **state)
{
	(void)state;
	for (u32 offset = DIR; offset < 0xfe0; offset += 4) {
		bool stores = offset <= IE || offset == AFSEL;

		setup(NULL);
		wr(offset, 0xfffff5a5);
		assert_int_equal(rd(offset), stores ? 0xa5 : 0);
	}
}

/* 2.2.1: bits 9:2 of the address are a mask; an input reads as its pin. */
static void data(void **state)
{
	(void)state;
	wr(DIR, 0xf0);
	wr(ALL, 0xff);
	assert_int_equal(rd(ALL), 0xf0);
	wr(0x10 << 2, 0);
	assert_int_equal(rd(ALL), 0xe0);
	assert_int_equal(rd(0xc0 << 2), 0xc0);
	assert_int_equal(rd(0), 0);
	wr(0, 0xff);
	assert_int_equal(rd(ALL), 0xe0);
	key(true);
	assert_int_equal(rd(ALL), 0xe8);
	assert_int_equal(dev.ops->read(&dev, KEY << 2, 1), KEY); /* as Linux reads it */
	wr(DIR, 0xff);
	assert_int_equal(rd(ALL), 0xef); /* written before it was an output */
	wr(KEY << 2, 0);
	assert_int_equal(rd(ALL), 0xe7);
	key(false);
	wr(DIR, 0);
	assert_int_equal(rd(ALL), 0);
}

static void widths(void **state)
{
	(void)state;
	dev.ops->write(&dev, DIR, 1, 0xff);
	assert_int_equal(dev.ops->read(&dev, DIR, 1), 0xff);
	assert_int_equal(dev.ops->read(&dev, DIR + 1, 1), 0);
	assert_int_equal(dev.ops->read(&dev, DIR, 8), 0xff);
	dev.ops->write(&dev, DIR + 1, 1, 0);
	assert_int_equal(rd(DIR), 0xff);
	dev.ops->write(&dev, DIR, 8, ~0ULL << 32);
	assert_int_equal(rd(DIR), 0);
}

/* gpio-pl061.c for gpio_keys.c: both edges, acknowledged in GPIOIC. */
static void as_linux(void **state)
{
	(void)state;
	wr(IE, 0);
	wr(IS, 0);
	wr(IBE, KEY);
	wr(IE, KEY);
	assert_false(dev.ops->level(&dev));
	key(true);
	assert_true(dev.ops->level(&dev));
	assert_int_equal(dev.ops->read(&dev, MIS, 1), KEY);
	dev.ops->write(&dev, IC, 1, KEY);
	assert_false(dev.ops->level(&dev));
	assert_int_equal(dev.ops->read(&dev, KEY << 2, 1), KEY);
	key(true); /* it is pressed already */
	assert_false(dev.ops->level(&dev));
	key(false);
	assert_int_equal(rd(MIS), KEY);
	wr(IC, (u32)~KEY);
	assert_int_equal(rd(MIS), KEY);
	wr(IC, KEY);
	assert_int_equal(rd(RIS), 0);
}

static void one_edge(void **state)
{
	(void)state;
	wr(IEV, KEY);
	key(true);
	assert_int_equal(rd(RIS), KEY);
	assert_false(dev.ops->level(&dev)); /* masked */
	wr(IC, KEY);
	key(false);
	assert_int_equal(rd(RIS), 0);
	wr(IEV, 0);
	key(true);
	assert_int_equal(rd(RIS), 0);
	key(false);
	assert_int_equal(rd(RIS), KEY);
	wr(IC, KEY);
	wr(DIR, KEY); /* no interrupts of an output */
	key(true);
	key(false);
	assert_int_equal(rd(RIS), 0);
}

static void levels(void **state)
{
	(void)state;
	wr(IS, 0xff);
	assert_int_equal(rd(RIS), 0xff); /* all are low, and low levels are asked for */
	wr(IEV, 0xff);
	wr(IE, 0xff);
	assert_false(dev.ops->level(&dev));
	key(true);
	assert_int_equal(rd(MIS), KEY);
	wr(IC, KEY); /* no matter */
	assert_true(dev.ops->level(&dev));
	wr(DIR, KEY);
	assert_false(dev.ops->level(&dev));
	wr(DIR, 0);
	key(false);
	assert_false(dev.ops->level(&dev));
	wr(IS, 0);
	assert_int_equal(rd(RIS), 0); /* a level leaves no edge behind */
}

static void next_life(void **state)
{
	(void)state;
	wr(IE, 0xff);
	wr(IBE, 0xff);
	key(true);
	assert_true(dev.ops->level(&dev));
	dev.ops->reset(&dev);
	assert_false(dev.ops->level(&dev));
	assert_int_equal(rd(ALL), 0);
	wr(IE, 0xff);
	wr(IBE, 0xff);
	key(true);
	assert_true(dev.ops->level(&dev));
}

/* Pin by pin, as the TRM's picture of one has it. */
struct pin {
	bool in, out, dir, is, ibe, iev, ie, latch;
};

static void model_key(struct pin *p, bool pressed)
{
	bool changed = p->in != pressed;

	p->in = pressed;
	if (changed && !p->dir && !p->is && (p->ibe || p->iev == pressed))
		p->latch = true;
}

static bool model_ris(const struct pin *p)
{
	return p->is ? !p->dir && p->in == p->iev : p->latch;
}

static void random_write(struct pin *pins, u64 *seed)
{
	u32 n = next_random(seed), reg = n % 8, value = n >> 8 & 0xff, mask = n >> 16 & 0xff;
	static const u32 offsets[] = { DIR, IS, IBE, IEV, IE, IC, AFSEL };

	wr(reg == 7 ? mask << 2 : offsets[reg], value);
	for (u32 i = 0; i < 8; i++) {
		bool bit = value >> i & 1;
		bool *const fields[] = { &pins[i].dir, &pins[i].is, &pins[i].ibe, &pins[i].iev, &pins[i].ie };

		if (reg < 5)
			*fields[reg] = bit;
		else if (reg == 5 && bit)
			pins[i].latch = false;
		else if (reg == 7 && mask >> i & 1)
			pins[i].out = bit;
	}
}

static void as_modelled(void **state)
{
	u64 seed = 61;
	struct pin pins[8] = { { 0 } };

	(void)state;
	for (u32 i = 0; i < 200000; i++) {
		u32 n = next_random(&seed), data_now = 0, ris = 0, mis = 0;

		if (n & 1) {
			key(n >> 1 & 1);
			model_key(&pins[3], n >> 1 & 1);
		} else
			random_write(pins, &seed);
		for (u32 k = 0; k < 8; k++) {
			data_now |= (u32)(pins[k].dir ? pins[k].out : pins[k].in) << k;
			ris |= (u32)model_ris(&pins[k]) << k;
			mis |= (u32)(model_ris(&pins[k]) && pins[k].ie) << k;
		}
		assert_int_equal(rd(ALL), data_now);
		assert_int_equal(rd((n >> 8 & 0xff) << 2), data_now & n >> 8);
		assert_int_equal(rd(RIS), ris);
		assert_int_equal(rd(MIS), mis);
		assert_int_equal(dev.ops->level(&dev), mis != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(reset_values, setup), cmocka_unit_test_setup(stored_bits, setup),
		cmocka_unit_test_setup(data, setup), cmocka_unit_test_setup(widths, setup), cmocka_unit_test_setup(as_linux, setup),
		cmocka_unit_test_setup(one_edge, setup), cmocka_unit_test_setup(levels, setup),
		cmocka_unit_test_setup(next_life, setup), cmocka_unit_test_setup(as_modelled, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
