/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* core/keys.c: who gets the input, and what follows the escape key. */
#include "test.h"

#include "machine.h"
#include "config.h"
#include "core/console.h"
#include "core/keys.h"
#include "host.h"

#define ESCAPE "\x14"

static void type(const char *keys)
{
	wire_type(keys, (u32)strlen(keys));
	serve(1);
}

static void expect_wire(const char *text)
{
	serve(2);
	assert_string_equal(wire_text, text);
	memset(wire_text, 0, wire_length);
	wire_length = 0;
}

/* What the guest reads from its UART. */
static void expect_input(u32 vdev, const char *keys)
{
	const struct vdev_config *dev = &machine_vdevs[vdev];

	for (; *keys; keys++) {
		assert_int_equal(dev->ops->read(dev, 0x18, 4) & 0x10, 0);
		assert_int_equal(dev->ops->read(dev, 0, 4), (u8)*keys);
	}
	assert_int_equal(dev->ops->read(dev, 0x18, 4) & 0x10, 0x10);
}

static void input_goes_to_the_focus(void **state)
{
	const struct vdev_config *dev = &machine_vdevs[VDEV_LINUX];

	(void)state;
	assert_int_equal(CONFIG_CONSOLE_ESCAPE, ESCAPE[0]);
	assert_int_equal(keys_focus(), CELL_LINUX);
	type("ls -l\r\x01\x03");
	expect_input(VDEV_LINUX, "ls -l\r\x01\x03");
	expect_input(VDEV_CONTROL, "");
	expect_wire(""); /* no echo of ours */
	assert_int_equal(host.raised[LINE_LINUX], 0);
	dev->ops->write(dev, 0x38, 4, 0x40); /* IMSC: receive timeout */
	type("ab");
	assert_int_equal(host.raised[LINE_LINUX], 2);
	assert_int_equal(host.raised[LINE_CONTROL], 0);
}

static void digits_choose_a_cell(void **state)
{
	(void)state;
	type(ESCAPE "2x");
	expect_wire("[core] input goes to control\r\n");
	expect_input(VDEV_LINUX, "");
	expect_input(VDEV_CONTROL, "x");
	type(ESCAPE "3y" ESCAPE "1z");
	expect_input(VDEV_HELLO, "y");
	expect_input(VDEV_LINUX, "z");
	expect_wire("[core] input goes to hello\r\n[core] input goes to linux\r\n");
	type(ESCAPE "4w");
	expect_wire("[core] no such console\r\n");
	expect_input(VDEV_LINUX, "w");
}

static void next_goes_round(void **state)
{
	(void)state;
	for (u32 i = 1; i <= 7; i++) {
		type(ESCAPE "n");
		assert_int_equal(keys_focus(), i % CELL_COUNT);
	}
}

static void escape_twice_sends_it(void **state)
{
	(void)state;
	type("a" ESCAPE ESCAPE "b");
	expect_input(VDEV_LINUX, "a" ESCAPE "b");
	type(ESCAPE); /* the key may come later */
	serve(1000);
	expect_input(VDEV_LINUX, "");
	type("n");
	assert_int_equal(keys_focus(), CELL_CONTROL);
}

static void help_and_unknown(void **state)
{
	(void)state;
	type(ESCAPE "h");
	serve(2);
	assert_non_null(strstr(wire_text, "[core] Ctrl-T, then: 1-9 cell, n next cell, s status, : commands, x power off, Ctrl-T send it\r\n"
			       "[core] >1 linux\r\n[core]  2 control\r\n[core]  3 hello\r\n"));
	type(ESCAPE "?");
	serve(2);
	const char *first = strstr(wire_text, "Ctrl-T");

	assert_non_null(strstr(strchr(first, '\n'), "Ctrl-T"));
	wire_length = 0;
	memset(wire_text, 0, sizeof wire_text);
	type(ESCAPE "q" ESCAPE "0" ESCAPE "\r");
	expect_wire("[core] unknown key; h shows help\r\n[core] unknown key; h shows help\r\n"
		    "[core] unknown key; h shows help\r\n");
	expect_input(VDEV_LINUX, "");
}

/* A cell that does not read cannot keep our keys from working. */
static void deaf_cell(void **state)
{
	const struct vdev_config *dev = &machine_vdevs[VDEV_LINUX];

	(void)state;
	for (u32 i = 0; i < 100; i++)
		type("0123456789");
	assert_int_equal(dev->ops->read(dev, 0x3c, 4) & 0x400, 0x400); /* overrun, as on any UART */
	type(ESCAPE "2");
	assert_int_equal(keys_focus(), CELL_CONTROL);
}

static void input_is_bounded(void **state)
{
	char paste[200];

	(void)state;
	memset(paste, 'p', sizeof paste);
	wire_type(paste, sizeof paste);
	serve(1);
	const struct vdev_config *dev = &machine_vdevs[VDEV_LINUX];
	u32 n = 0;

	while (!(dev->ops->read(dev, 0x18, 4) & 0x10)) {
		dev->ops->read(dev, 0, 4);
		n++;
	}
	assert_int_equal(n, 64);
}

static void power_off(void **state)
{
	enum host_end end;

	(void)state;
	wire_type(ESCAPE "x", 2);
	HOST_CATCH(end, serve(1));
	assert_int_equal(end, HOST_BOARD_OFF);
	assert_string_equal(wire_text, "[core] power off\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(input_goes_to_the_focus, machine_reset),
		cmocka_unit_test_setup(digits_choose_a_cell, machine_reset),
		cmocka_unit_test_setup(next_goes_round, machine_reset),
		cmocka_unit_test_setup(escape_twice_sends_it, machine_reset),
		cmocka_unit_test_setup(help_and_unknown, machine_reset),
		cmocka_unit_test_setup(deaf_cell, machine_reset),
		cmocka_unit_test_setup(input_is_bounded, machine_reset),
		cmocka_unit_test_setup(power_off, machine_reset), /* last: leaves the pump claimed, as on the board */
	};
	return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
