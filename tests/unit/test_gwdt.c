/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* platform/sbsa_gwdt.c, with memory where its frames would be. */
#include "test.h"

#include "platform/sbsa_gwdt.c"

static u32 control[0x1000 / 4], refresh[0x1000 / 4];

static u64 start(u32 revision, u32 seconds, u64 hz)
{
	memset(control, 0, sizeof control);
	memset(refresh, 0xff, sizeof refresh);
	control[WOR_HIGH / 4] = 0x55;
	control[W_IIDR / 4] = revision << 16 | 0x43b;
	return plat_watchdog_start((u64)(uintptr_t)control, (u64)(uintptr_t)refresh, seconds, hz);
}

/* Half of the time: it runs out twice. */
static void half_each(void **state)
{
	(void)state;
	assert_int_equal(start(0, 10, 62500000), 625000000);
	assert_int_equal(control[WOR / 4], 312500000);
	assert_int_equal(control[WOR_HIGH / 4], 0x55); /* reserved in this revision */
	assert_int_equal(control[WCS / 4], 1);
	assert_int_equal(refresh[WRR / 4], 0);
	assert_int_equal(refresh[1], ~0u);
}

static void what_32_bits_hold(void **state)
{
	(void)state;
	assert_int_equal(start(0, 60, 1000000000), 2 * (BIT(32) - 1));
	assert_int_equal(control[WOR / 4], ~0u);
}

static void what_48_bits_hold(void **state)
{
	(void)state;
	assert_int_equal(start(1, 60, 1000000000), 60000000000);
	assert_int_equal(control[WOR / 4], 30000000000 & 0xffffffff);
	assert_int_equal(control[WOR_HIGH / 4], 30000000000 >> 32);
	assert_int_equal(start(1, ~0u, 1000000000), 2 * (BIT(48) - 1));
}

static void never_zero(void **state)
{
	(void)state;
	assert_int_equal(start(0, 1, 1), 2);
	assert_int_equal(control[WOR / 4], 1);
}

static void feeding(void **state)
{
	(void)state;
	memset(control, 0xff, sizeof control);
	memset(refresh, 0xff, sizeof refresh);
	plat_watchdog_feed((u64)(uintptr_t)control, (u64)(uintptr_t)refresh);
	assert_int_equal(refresh[WRR / 4], 0);
	for (u32 i = 0; i < ARRAY_COUNT(control); i++)
		assert_int_equal(control[i], ~0u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_each), cmocka_unit_test(what_32_bits_hold), cmocka_unit_test(what_48_bits_hold),
		cmocka_unit_test(never_zero), cmocka_unit_test(feeding),
	};

	return cmocka_run_group_tests_name("gwdt", tests, NULL, NULL);
}
