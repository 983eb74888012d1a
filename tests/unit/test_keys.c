/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* core/keys.c and core/command.c: who gets the input, what follows the escape key, and the operator's command line. */
#include "test.h"

#include "machine.h"
#include "config.h"
#include "core/console.h"
#include "core/control.h"
#include "core/keys.h"
#include "core/log.h"
#include "core/watch.h"
#include "host.h"

#define ESCAPE "\x14"

static void type(const char *keys)
{
	wire_type(keys, (u32)strlen(keys));
	serve(4); /* one order in a round */
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
	assert_int_equal(host.raised[SPI_LINUX], 0);
	dev->ops->write(dev, 0x38, 4, 0x40); /* IMSC: receive timeout */
	type("ab");
	assert_int_equal(host.raised[SPI_LINUX], 2);
	assert_int_equal(host.raised[SPI_CONTROL], 0);
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

/* ---- the command line ---- */

/* Every cell may be told everything; what is carried out is control_serve's, and life's. */
static int commands(void **state)
{
	machine_reset(state);
	for (u32 i = 0; i < CONTROL_COUNT; i++)
		unit_controls[i] = (struct control_config){ CONTROLLER_OPERATOR, (u16)(i % CELL_COUNT), 0x3f };
	unit_core.first_control = 0;
	unit_core.control_count = CELL_COUNT;
	return 0;
}

/* What the console shows at the end: carriage returns and backspaces obeyed. */
static const char *screen(void)
{
	static char text[sizeof wire_text];
	u32 at = 0, start = 0;

	serve(5);
	for (u32 i = 0; i < wire_length; i++) {
		if (wire_text[i] == '\b') {
			assert_true(at > start + 7); /* not over the prefix */
			at--;
		} else if (wire_text[i] == '\r') {
			assert_int_equal(wire_text[i + 1], '\n');
		} else {
			text[at++] = wire_text[i];
			start = wire_text[i] == '\n' ? at : start;
			if (wire_text[i] == '\n')
				for (; at > 1 && text[at - 2] == ' '; at--)
					text[at - 2] = '\n', start = at - 1; /* what was rubbed out leaves blanks */
		}
	}
	text[at] = 0;
	memset(wire_text, 0, wire_length);
	wire_length = 0;
	return text;
}

static void the_line_is_echoed(void **state)
{
	(void)state;
	type(ESCAPE ":");
	expect_wire("[core] : ");
	type("h");
	expect_wire("h");
	type("elq\b\x7fl");
	expect_wire("el"); /* rubbed out before it was drawn */
	type("\x7f");
	expect_wire("\b \b");
	type("lp");
	expect_wire("lp");
	type("\x15\x15" "help me");
	expect_wire("\b \b\b \b\b \b\b \bhelp me");
	type("\x03");
	expect_wire("\r\n");
	expect_input(VDEV_LINUX, "");
	type("x");
	expect_input(VDEV_LINUX, "x");
	type(ESCAPE ":st" ESCAPE "2y"); /* the escape key leaves it, too */
	assert_string_equal(screen(), "[core] : st\n[core] input goes to control\n");
	expect_input(VDEV_CONTROL, "y");
}

/* Other cells print meanwhile: the line comes again below, when they are done or a key is typed. */
static void others_print_meanwhile(void **state)
{
	(void)state;
	type(ESCAPE ":sta");
	serve(1);
	guest_print(VDEV_HELLO, "hello\n");
	serve(3);
	expect_wire("[core] : sta\r\n[hello] hello\r\n[core] : sta");
	guest_print(VDEV_HELLO, "again\n");
	wire_room = 20; /* the line is not drawn again before the next key */
	serve(1);
	wire_room = ~0u;
	wire_type("tus\r", 4);
	serve(1);
	assert_non_null(strstr(screen(), "\n[hello] again\n[core] : status\n[core] counters cell=linux vcpu=0"));
}

/* A cell that prints as much as it can does not keep the line from being drawn. */
static void a_cell_floods(void **state)
{
	(void)state;
	for (u32 i = 0; i < 90; i++) {
		for (u32 n = 0; n < 4; n++) /* more than the wire takes */
			guest_print(VDEV_HELLO, "noise noise noise noise noise noise noise noise noise\n");
		if (i == 55)
			wire_type(ESCAPE ":crash hello", 13);
		if (i == 70) {
			assert_non_null(strstr(wire_text, "[core] : crash hello\r\n[hello]"));
			wire_type("\r", 1);
		}
		wire_room = 100;
		serve(1);
	}
	const char *first = strstr(wire_text, "[core] : crash hello\r\n");

	assert_non_null(strstr(first + 1, "[core] : crash hello\r\n"));
}

/* Somebody pastes several lines: each is drawn, and carried out. */
static void typed_ahead(void **state)
{
	static const char keys[] = ESCAPE ":xxxx one\r" ESCAPE ":yyyy two\r" ESCAPE ":zzzz\r" ESCAPE "2";

	(void)state;
	wire_type(keys, sizeof keys - 1);
	for (u32 ms = 0; ms < 200; ms++) {
		wire_room = 40;
		serve(1);
	}
	wire_room = ~0u;
	const char *text = screen();

	assert_non_null(strstr(text, "[core] : xxxx one\n"));
	assert_non_null(strstr(text, "[core] : yyyy two\n"));
	assert_non_null(strstr(text, "[core] : zzzz\n"));
	assert_non_null(strstr(text, "[core] no such command: xxxx; there are"));
	assert_non_null(strstr(text, "[core] no such command: yyyy; there are"));
	assert_int_equal(keys_focus(), CELL_CONTROL);
}

static void run(const char *keys)
{
	wire_type(ESCAPE ":", 2);
	wire_type(keys, (u32)strlen(keys));
	wire_type("\r", 1);
	for (u32 i = 0; i < 30; i++) {
		serve(1);
		host_this = &host_cpus[SERVICE];
		control_serve();
	}
}

static void expect_answer(const char *keys, const char *answer)
{
	char text[4096];

	run(keys);
	snprintf(text, sizeof text, "[core] : %s\n%s", keys, answer);
	assert_string_equal(screen(), text);
}

static void unknown_words(void **state)
{
	(void)state;
	run("");
	assert_string_equal(screen(), "[core] :\n"); /* blanks at the end are not seen */
	run("   ");
	assert_string_equal(screen(), "[core] :\n");
	expect_answer("strat hello", "[core] no such command: strat; did you mean start?\n");
	expect_answer("STOP hello", "[core] no such command: STOP; there are status, audit, crash, help, reset-board, start, stop, restart, suspend, resume, kill\n");
	expect_answer("x", "[core] no such command: x; there are status, audit, crash, help, reset-board, start, stop, restart, suspend, resume, kill\n");
	expect_answer("stop", "[core] stop which cell? Names, or all\n");
	expect_answer("stop helo", "[core] no such cell: helo; did you mean hello?\n");
	expect_answer("stop linux helo", "[core] no such cell: helo; did you mean hello?\n"); /* and nothing was done */
	assert_int_equal(cells[CELL_LINUX].state, CELL_RUNNING);
	expect_answer("kill everything", "[core] no such cell: everything; there are linux, control, hello\n");
	expect_answer("reset-board hello", "[core] reset-board is about all of the board, and takes no name\n");
	expect_answer("status -v", "[core] no such cell: -v; there are linux, control, hello\n");
}

static void long_words(void **state)
{
	char keys[200], text[600];

	(void)state;
	memset(keys, 'k', sizeof keys);
	keys[sizeof keys - 1] = 0;
	run(keys); /* no more than a line is taken */
	snprintf(text, sizeof text, "[core] : %.96s\n[core] no such command: %.96s; there are status", keys, keys);
	assert_non_null(strstr(screen(), text));
	keys[95] = 0;
	memcpy(keys, "stop ", 5);
	run(keys);
	snprintf(text, sizeof text, "[core] : %s\n[core] no such cell: %s; there are linux, control, hello\n", keys, keys + 5);
	assert_string_equal(screen(), text);
}

static void help_is_whole(void **state)
{
	(void)state;
	run("help");
	const char *text = screen();

	for (u32 op = LIFE_START; op < LIFE_OP_COUNT; op++) {
		char head[128];

		snprintf(head, sizeof head, "\n[core] %s NAME...", life_op_names[op]);
		assert_non_null(strstr(text, head));
	}
	assert_non_null(strstr(text, "Ctrl-C leaves the line"));
}

static void status_of_some(void **state)
{
	(void)state;
	run("status hello  linux");
	const char *text = screen();

	assert_non_null(strstr(text, "\n[core] life cell=linux state=running"));
	assert_non_null(strstr(text, "\n[core] life cell=hello state=running"));
	assert_null(strstr(text, "cell=control"));
	assert_null(strstr(text, "counters"));
}

/* What all of them say while the console takes little: nothing is lost, nor mixed up. */
static void long_answers_wait(void **state)
{
	static const char *const all[] = { "help", "audit", "crash", "status", "status all" };
	u32 lost = log_lost();

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(all); i++) {
		wire_type(ESCAPE ":", 2);
		wire_type(all[i], (u32)strlen(all[i]));
		wire_type("\r", 1);
		for (u32 ms = 0; ms < 3000; ms++) {
			wire_room = 2;
			serve(1);
		}
	}
	assert_int_equal(log_lost(), lost);
}

/* As main.c has them, a millisecond each. */
static void rounds(u32 count)
{
	for (u32 i = 0; i < count; i++) {
		serve(1);
		watch_serve();
	}
}

static void power_off(void **state)
{
	enum host_end end;

	(void)state;
	host_become(SERVICE);
	for (u32 i = 0; i < CELL_COUNT; i++)
		cells[i].record_state = RECORD_NONE;
	unit_core.board_rights = 1u << BOARD_RESET;
	wire_type(ESCAPE "x", 2);
	HOST_CATCH(end, rounds(2000));
	assert_int_equal(end, HOST_RETURNED);
	assert_non_null(strstr(wire_text, "[core] power off: denied; cloison,board-rights of the hypervisor node says what you may do\r\n"));
	unit_core.board_rights = 1u << BOARD_OFF;
	wire_type(ESCAPE "x", 2);
	HOST_CATCH(end, rounds(2000));
	assert_int_equal(end, HOST_BOARD_OFF);
	assert_non_null(strstr(wire_text, "[core] power off\r\n"));
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
		cmocka_unit_test_setup(the_line_is_echoed, commands),
		cmocka_unit_test_setup(others_print_meanwhile, commands),
		cmocka_unit_test_setup(a_cell_floods, commands),
		cmocka_unit_test_setup(typed_ahead, commands),
		cmocka_unit_test_setup(unknown_words, commands),
		cmocka_unit_test_setup(long_words, commands),
		cmocka_unit_test_setup(help_is_whole, commands),
		cmocka_unit_test_setup(status_of_some, commands),
		cmocka_unit_test_setup(long_answers_wait, commands),
		cmocka_unit_test_setup(power_off, machine_reset), /* last: leaves the pump claimed, as on the board */
	};
	return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
