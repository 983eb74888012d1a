/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* core/console.c with a service CPU: lines, prefixes, shares, bounds. */
#include "test.h"

#include "machine.h"
#include "core/console.h"
#include "core/log.h"
#include "host.h"

static const struct vdev_config *linux_uart = &machine_vdevs[VDEV_LINUX];

static void expect_wire(const char *text)
{
	assert_string_equal(wire_text, text);
	memset(wire_text, 0, wire_length);
	wire_length = 0;
}

static u32 count_of(const char *text, const char *what)
{
	u32 n = 0;

	for (const char *p = text; (p = strstr(p, what)); p += strlen(what))
		n++;
	return n;
}

static void lines_get_prefixes(void **state)
{
	(void)state;
	assert_int_equal(wire_inits, 1);
	guest_print(VDEV_LINUX, "one\ntwo\r\n\nfour\n");
	serve(1);
	expect_wire("[linux] one\r\n[linux] two\r\n[linux] \r\n[linux] four\r\n");
	guest_print(VDEV_CONTROL, "tick\n");
	guest_print(VDEV_HELLO, "bonjour \xc3\xa9t\xc3\xa9\n");
	serve(1);
	expect_wire("[control] tick\r\n[hello] bonjour \xc3\xa9t\xc3\xa9\r\n");
	host_become(2);
	console_printf("number %u of %s", 7, "nine");
	console_printf("with its own end\n");
	console_printf("%s", "");
	serve(1);
	expect_wire("[core] number 7 of nine\r\n[core] with its own end\r\n[core] \r\n");
}

/* A line printed in pieces stays whole, though others print meanwhile. */
static void pieces_make_one_line(void **state)
{
	(void)state;
	guest_print(VDEV_CONTROL, "histo");
	serve(5);
	guest_print(VDEV_LINUX, "boot\n");
	serve(5);
	guest_print(VDEV_CONTROL, "gram");
	serve(150);
	guest_print(VDEV_CONTROL, "!\n");
	serve(1);
	expect_wire("[linux] boot\r\n[control] histogram!\r\n");
}

/* What has no end goes out after a silence: soon where somebody types. */
static void prompts_appear(void **state)
{
	(void)state;
	wire_type("\r", 1);
	serve(1);
	guest_print(VDEV_LINUX, "# ");
	guest_print(VDEV_CONTROL, "> ");
	serve(10);
	expect_wire("");
	serve(1);
	expect_wire("[linux] # ");
	serve(989);
	expect_wire("");
	serve(1);
	expect_wire("\r\n[control] > ");
	guest_print(VDEV_LINUX, "ls\n");
	serve(1);
	expect_wire("\r\n[linux] ls\r\n");
	guest_print(VDEV_CONTROL, "ok\n");
	serve(1);
	expect_wire("[control] ok\r\n");
}

/* What was broken off because another source came has had its end: its own line feed ends nothing. */
static void broken_lines_end_once(void **state)
{
	(void)state;
	guest_print(VDEV_LINUX, "half");
	serve(1010);
	guest_print(VDEV_CONTROL, "tick\n");
	serve(1);
	expect_wire("[linux] half\r\n[control] tick\r\n");
	guest_print(VDEV_LINUX, "\r\n");
	serve(1);
	expect_wire("");
	guest_print(VDEV_LINUX, "\nnext\n");
	serve(1);
	expect_wire("[linux] \r\n[linux] next\r\n");
	guest_print(VDEV_LINUX, "half");
	serve(1010);
	guest_print(VDEV_CONTROL, "tick\n");
	serve(1);
	guest_print(VDEV_LINUX, " and half\n\n");
	serve(1);
	expect_wire("[linux] half\r\n[control] tick\r\n[linux]  and half\r\n[linux] \r\n");
}

/* Ten seconds after the last key nobody is taken to be typing. */
static void typing_ends(void **state)
{
	(void)state;
	wire_type("\r", 1);
	serve(10010);
	guest_print(VDEV_LINUX, "# ");
	serve(500);
	expect_wire("");
	serve(501);
	expect_wire("[linux] # ");
}

static void echo_continues_the_line(void **state)
{
	(void)state;
	wire_type("l", 1);
	guest_print(VDEV_LINUX, "# ");
	serve(12);
	guest_print(VDEV_LINUX, "l");
	serve(12);
	guest_print(VDEV_LINUX, "s\r\n");
	serve(1);
	expect_wire("[linux] # ls\r\n");
}

static void dead_cells_are_not_waited_for(void **state)
{
	(void)state;
	guest_print(VDEV_CONTROL, "last words");
	serve(1);
	expect_wire("");
	cells[CELL_CONTROL].state = CELL_FAILED;
	assert_false(console_is_drained(CELL_CONTROL));
	serve(1);
	expect_wire("[control] last words");
	assert_true(console_is_drained(CELL_CONTROL));
}

static void says_the_rest_and_ends(void)
{
	wire_meanwhile = NULL;
	guest_print(VDEV_CONTROL, " in one line\n");
	cells[CELL_CONTROL].state = CELL_STOPPED;
	guest_print(VDEV_HELLO, "tick\n");
}

/* A cell says the rest and ends while the first part is on its way: its line is not broken off for that. */
static void last_words_stay_whole(void **state)
{
	(void)state;
	guest_print(VDEV_HELLO, "tick\n");
	guest_print(VDEV_CONTROL, "last words");
	wire_meanwhile = says_the_rest_and_ends;
	serve(3);
	expect_wire("[hello] tick\r\n[control] last words in one line\r\n[hello] tick\r\n");
}

/* Longer than any buffer: in pieces, but nothing is lost or doubled. */
static void long_lines(void **state)
{
	static char line[1801];

	(void)state;
	for (u32 i = 0; i < 1800; i++)
		line[i] = (char)('a' + i % 26);
	guest_print(VDEV_LINUX, line);
	guest_print(VDEV_LINUX, "\n");
	serve(20);
	assert_int_equal(wire_length, 8 + 1800 + 2);
	assert_memory_equal(wire_text, "[linux] ", 8);
	assert_memory_equal(wire_text + 8, line, 1800);
}

/* ---- shares and bounds ---- */

static void flood(u32 vdev)
{
	const struct vdev_config *dev = &machine_vdevs[vdev];

	while (dev->ops->pending(dev) < 1900)
		guest_print(vdev, "flooding the console without pause\n");
}

/* Cells that print without pause get the same; one that prints little is not kept waiting. */
static void fair_shares(void **state)
{
	u32 ticks = 0;

	(void)state;
	for (u32 ms = 0; ms < 500; ms++) {
		flood(VDEV_LINUX);
		flood(VDEV_CONTROL);
		if (ms % 10 == 0)
			guest_print(VDEV_HELLO, "tick\n");
		serve(1);
		ticks += ms % 10 == 9;
		if (ms % 10 == 9)
			assert_in_range(count_of(wire_text, "[hello] tick"), ticks - 1, ticks);
	}
	u32 first = count_of(wire_text, "[linux] "), second = count_of(wire_text, "[control] ");

	assert_true(first > 1000);
	assert_in_range(second * 100 / first, 90, 110);
	assert_in_range(count_of(wire_text, "[linux] flooding the console without pause\r\n"), first - 1, first);
	assert_in_range(count_of(wire_text, "[control] flooding the console without pause\r\n"), second - 1, second);
}

/* The core's lines pass floods of cells; a flood of the core's leaves half to cells. */
static void core_share(void **state)
{
	(void)state;
	for (u32 ms = 0; ms < 100; ms++) {
		flood(VDEV_LINUX);
		flood(VDEV_CONTROL);
		serve(1);
	}
	console_printf("important");
	serve(3); /* at most: the rest of a chunk */
	assert_non_null(strstr(wire_text, "[core] important\r\n"));
	wire_length = 0;
	memset(wire_text, 0, sizeof wire_text);
	for (u32 ms = 0; ms < 100; ms++) {
		flood(VDEV_LINUX);
		while (log_has_room())
			console_printf("the core floods the console too, in longer lines");
		serve(1);
	}
	u32 core = count_of(wire_text, "[core]"), cell = count_of(wire_text, "[linux]");

	assert_true(core > 100);
	assert_true(cell * 10 > core);
}

/* A record is ten lines or so: they stay together. */
static void core_lines_stay_together(void **state)
{
	(void)state;
	flood(VDEV_LINUX);
	serve(1);
	flood(VDEV_LINUX);
	for (u32 i = 0; i < 10; i++)
		console_printf("line %u of ten of a record, as long as lines of records with registers are: ............", i);
	serve(10);
	const char *p = strstr(wire_text, "[core] line 0");

	assert_non_null(p);
	for (u32 i = 0; i < 10; i++) {
		char expected[16];

		snprintf(expected, sizeof expected, "[core] line %u ", i);
		assert_memory_equal(p, expected, strlen(expected));
		p = strchr(p, '\n') + 1;
	}
}

/* One round never does more than so much, and nothing when the UART is full. */
static void rounds_are_bounded(void **state)
{
	(void)state;
	for (u32 ms = 0; ms < 50; ms++) {
		u32 before = wire_length;

		flood(VDEV_LINUX);
		flood(VDEV_CONTROL);
		serve(1);
		assert_in_range(wire_length - before, 400, 1200);
	}
	wire_room = 0;
	u32 before = wire_length;

	serve(100);
	assert_int_equal(wire_length, before);
}

/* A UART that takes a few bytes each time gets the same text as a fast one. */
static void slow_uart(void **state)
{
	static char fast[65536];

	(void)state;
	for (u32 slow = 0; slow < 2; slow++) {
		machine_reset(state);
		if (slow)
			wire_room = 0;
		for (u32 i = 0; i < 10; i++) {
			guest_print(VDEV_LINUX, "a line of linux\n");
			guest_print(VDEV_CONTROL, "\033[1mcontrol\r\033[0mends\n");
		}
		console_printf("a line of the core");
		for (u32 ms = 0; ms < 2000; ms++) {
			if (slow)
				wire_room = ms % 4;
			serve(1);
			assert_true(!slow || wire_room == 0 || strlen(wire_text) == strlen(fast));
		}
		if (!slow)
			strcpy(fast, wire_text);
	}
	assert_string_equal(wire_text, fast);
	assert_int_equal(count_of(fast, "\n"), 21);
}

/* Block: nothing is lost while the line drains. Drop: what does not fit is counted. */
static void block_and_drop(void **state)
{
	u64 lost = linux_uart->ops->dropped(linux_uart);
	const struct vdev_config *control = &machine_vdevs[VDEV_CONTROL];
	u64 dropped = control->ops->dropped(control);
	u32 sent = 0;

	(void)state;
	for (u32 ms = 0; ms < 300; ms++) {
		wire_room = 60;
		while (!(linux_uart->ops->read(linux_uart, 0x18, 4) & 0x20) && sent < 8000)
			linux_uart->ops->write(linux_uart, 0, 4, sent++ % 40 ? 'z' : '\n');
		guest_print(VDEV_CONTROL, "0123456789012345678\n");
		guest_print(VDEV_CONTROL, "0123456789012345678\n");
		serve(1);
	}
	wire_room = ~0u;
	serve(1100);
	u32 arrived_linux = count_of(wire_text, "z");

	assert_int_equal(sent, 8000);
	assert_int_equal(linux_uart->ops->dropped(linux_uart), lost);
	assert_int_equal(arrived_linux, 8000 - 200);
	u64 now_dropped = control->ops->dropped(control) - dropped;

	assert_true(now_dropped > 0);
	u32 arrived = 0;

	for (const char *p = wire_text; (p = strstr(p, "[control] ")); ) {
		p += 10;
		arrived += (u32)strcspn(p, "\r");
		arrived += p[strcspn(p, "\r")] == '\r'; /* its line feed */
	}
	assert_int_equal(arrived + now_dropped, 300 * 40);
}

/* Taking bytes may let the guest go on: its interrupt is raised. */
static void taking_raises_the_line(void **state)
{
	(void)state;
	linux_uart->ops->write(linux_uart, 0x38, 4, 0x20); /* IMSC: transmit */
	while (!(linux_uart->ops->read(linux_uart, 0x18, 4) & 0x20))
		linux_uart->ops->write(linux_uart, 0, 4, 'x');
	assert_int_equal(host.raised[SPI_LINUX], 0);
	serve(1);
	assert_int_equal(host.raised[SPI_LINUX], 1);
	linux_uart->ops->write(linux_uart, 0x44, 4, 0x20); /* ICR */
	serve(20);
	assert_int_equal(host.raised[SPI_LINUX], 1); /* no transition since */
}

/* ---- the core's log ---- */

static void log_overflows_by_lines(void **state)
{
	u32 lost = log_lost(), printed = 0;

	(void)state;
	while (log_has_room()) {
		console_printf("line %u", printed++);
		assert_true(printed < 1000);
	}
	assert_int_equal(log_lost(), lost);
	while (log_lost() == lost)
		console_printf("line %u", printed++);
	serve(20);
	assert_true(log_has_room());
	assert_int_equal(count_of(wire_text, "[core] line "), printed - 1);
	assert_int_equal(count_of(wire_text, "\r\n"), printed - 1);
	char last[32];

	snprintf(last, sizeof last, "[core] line %u\r\n", printed - 2);
	assert_string_equal(wire_text + wire_length - strlen(last), last);
}

static void too_long_for_a_line(void **state)
{
	char word[600];

	(void)state;
	memset(word, 'w', sizeof word - 1);
	word[sizeof word - 1] = 0;
	console_printf("%s", word);
	console_printf("next");
	serve(3);
	assert_int_equal(wire_length, 7 + (LOG_LINE - 1) + 2 + strlen("[core] next\r\n"));
	assert_non_null(strstr(wire_text, "w\r\n[core] next\r\n"));
}

/* Boot and panic: all of the core's lines, at once, before what cells have printed. */
static void flush_prints_the_log(void **state)
{
	(void)state;
	guest_print(VDEV_LINUX, "partial");
	serve(1010);
	guest_print(VDEV_CONTROL, "tick\n");
	host_become(3);
	console_printf("from cpu3");
	host_become(1);
	console_printf("one");
	console_printf("two");
	console_flush();
	assert_non_null(strstr(wire_text, "[linux] partial\r\n[core] "));
	assert_non_null(strstr(wire_text, "[core] one\r\n[core] two\r\n"));
	assert_non_null(strstr(wire_text, "[core] from cpu3\r\n"));
	assert_null(strstr(wire_text, "tick"));
	serve(1);
	assert_non_null(strstr(wire_text, "[control] tick\r\n"));
}

/* A cell in the middle of its turn waits. */
static void flush_interrupts_a_turn(void **state)
{
	(void)state;
	guest_print(VDEV_LINUX, "line one\nline two\n");
	wire_room = 8 + 4;
	serve(1);
	wire_room = ~0u;
	console_printf("panic");
	console_flush();
	assert_string_equal(wire_text, "[linux] line \r\n[core] panic\r\n");
	serve(1);
	assert_string_equal(wire_text, "[linux] line \r\n[core] panic\r\n[linux] one\r\n[linux] line two\r\n");
}

static void flush_survives_a_dead_uart(void **state)
{
	(void)state;
	console_printf("nobody reads this");
	wire_room = 0;
	console_flush();
	assert_int_equal(wire_length, 0);
	wire_room = ~0u;
	serve(1);
	expect_wire("[core] nobody reads this\r\n");
}

static void notify_kicks_the_service_cpu(void **state)
{
	(void)state;
	console_notify(&host_cpus[2]);
	assert_int_equal(host.kicks[SERVICE], 1);
	assert_int_equal(wire_length, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(lines_get_prefixes, machine_reset),
		cmocka_unit_test_setup(pieces_make_one_line, machine_reset),
		cmocka_unit_test_setup(prompts_appear, machine_reset),
		cmocka_unit_test_setup(broken_lines_end_once, machine_reset),
		cmocka_unit_test_setup(typing_ends, machine_reset),
		cmocka_unit_test_setup(echo_continues_the_line, machine_reset),
		cmocka_unit_test_setup(dead_cells_are_not_waited_for, machine_reset),
		cmocka_unit_test_setup(last_words_stay_whole, machine_reset),
		cmocka_unit_test_setup(long_lines, machine_reset),
		cmocka_unit_test_setup(fair_shares, machine_reset),
		cmocka_unit_test_setup(core_share, machine_reset),
		cmocka_unit_test_setup(core_lines_stay_together, machine_reset),
		cmocka_unit_test_setup(rounds_are_bounded, machine_reset),
		cmocka_unit_test_setup(slow_uart, machine_reset),
		cmocka_unit_test_setup(block_and_drop, machine_reset),
		cmocka_unit_test_setup(taking_raises_the_line, machine_reset),
		cmocka_unit_test_setup(log_overflows_by_lines, machine_reset),
		cmocka_unit_test_setup(too_long_for_a_line, machine_reset),
		cmocka_unit_test_setup(flush_prints_the_log, machine_reset),
		cmocka_unit_test_setup(flush_interrupts_a_turn, machine_reset),
		cmocka_unit_test_setup(flush_survives_a_dead_uart, machine_reset),
		cmocka_unit_test_setup(notify_kicks_the_service_cpu, machine_reset),
	};
	return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
