/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* platform/pl011.c, with memory where the UART would be. */
#include "test.h"

#include "platform/pl011.c"

static u32 regs[0x1000 / 4];

static void init_sets_115200(void **state)
{
	u64 base = (u64)(uintptr_t)regs;

	(void)state;
	memset(regs, 0, sizeof regs);
	regs[IMSC / 4] = 0x7ff;
	plat_console_init(base, 24000000);
	assert_int_equal(regs[IBRD / 4], 13); /* TRM 3.3.6: 24 MHz / (16 * 115200) = 13 + 1/64 */
	assert_int_equal(regs[FBRD / 4], 1);
	assert_int_equal(regs[LCR_H / 4], 0x70);
	assert_int_equal(regs[CR / 4], 0x301);
	assert_int_equal(regs[IMSC / 4], 0);
	plat_console_init(base, 48000000);
	assert_int_equal(regs[IBRD / 4], 26);
	assert_int_equal(regs[FBRD / 4], 3);
}

static void unknown_clock_keeps_the_speed(void **state)
{
	u64 base = (u64)(uintptr_t)regs;

	(void)state;
	memset(regs, 0x55, sizeof regs);
	regs[FR / 4] = FR_BUSY; /* for ever: comes back all the same */
	plat_console_init(base, 0);
	assert_int_equal(regs[IBRD / 4], 0x55555555);
	assert_int_equal(regs[CR / 4], 0x55555555);
	assert_int_equal(regs[IMSC / 4], 0);
}

static void put_and_get(void **state)
{
	u64 base = (u64)(uintptr_t)regs;

	(void)state;
	memset(regs, 0, sizeof regs);
	regs[FR / 4] = FR_TXFF | FR_RXFE;
	assert_false(plat_console_put(base, 'a'));
	assert_int_equal(regs[DR / 4], 0);
	assert_int_equal(plat_console_get(base), -1);
	regs[FR / 4] = 0;
	assert_true(plat_console_put(base, 'a'));
	assert_int_equal(regs[DR / 4], 'a');
	assert_int_equal(plat_console_get(base), 'a');
	regs[DR / 4] = 0x800 | 'b';
	assert_int_equal(plat_console_get(base), 'b');
	for (u32 error = 0x100; error <= 0x400; error <<= 1) {
		regs[DR / 4] = error | 'c';
		assert_int_equal(plat_console_get(base), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(init_sets_115200),
		cmocka_unit_test(unknown_clock_keeps_the_speed),
		cmocka_unit_test(put_and_get),
	};
	return cmocka_run_group_tests_name("platform", tests, NULL, NULL);
}
