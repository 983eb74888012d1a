/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* core/wire.c: what a cell may send to the terminal, and what it may not. */
#include "test.h"

#include "machine.h"
#include "core/console.h"
#include "core/wire.h"
#include "host.h"

static void expect_wire(const char *text)
{
	assert_string_equal(wire_text, text);
	memset(wire_text, 0, wire_length);
	wire_length = 0;
}

static void send_and_expect(const char *sent, const char *expected)
{
	guest_print(VDEV_LINUX, sent);
	guest_print(VDEV_LINUX, "\n");
	serve(1);
	char all[512];

	snprintf(all, sizeof all, "%s\r\n", expected);
	expect_wire(all);
}

static void carriage_returns(void **state)
{
	(void)state;
	send_and_expect("a\r", "[linux] a");
	send_and_expect("a\r\r\r", "[linux] a");
	send_and_expect("10%\r20%", "[linux] 10%\r[linux] 20%");
	send_and_expect("\rx", "[linux] x");
	send_and_expect("a\r[core] cell control: stopped", "[linux] a\r[linux] [core] cell control: stopped");
	guest_print(VDEV_LINUX, "a\r");
	serve(1010);
	expect_wire("[linux] a");
	guest_print(VDEV_LINUX, "b");
	serve(1010);
	expect_wire("\r[linux] b");
	guest_print(VDEV_LINUX, "\n");
	serve(1);
	expect_wire("\r\n");
}

static void backspaces(void **state)
{
	(void)state;
	send_and_expect("ab\b \bc", "[linux] ab\b \bc");
	send_and_expect("\b\bx", "[linux] x");
	send_and_expect("ab\b\b\b\b\b\b\b\b\b\b\b[core]", "[linux] ab\b\b[core]");
	send_and_expect("ab\r\b\bx", "[linux] ab\r[linux] x");
	send_and_expect("\xc3\xa9\bx", "[linux] \xc3\xa9x"); /* may take no column: e.g. a combining accent */
}

static void control_characters(void **state)
{
	char all[8] = "a.b";

	(void)state;
	send_and_expect("a\tb\a", "[linux] a\tb\a");
	for (u32 c = 1; c < 0x20; c++) {
		if (c == '\a' || c == '\b' || c == '\t' || c == '\n' || c == '\r' || c == 0x1b)
			continue;
		all[1] = (char)c;
		send_and_expect(all, "[linux] ab");
	}
	send_and_expect("a\177b", "[linux] ab");
	/* C1 controls in UTF-8: U+009B is ESC [ to a terminal. U+00A0 is not one of them. */
	send_and_expect("a\xc2\x9b" "2Jb", "[linux] a\xc2?2Jb");
	send_and_expect("a\xc2\xa0" "b", "[linux] a\xc2\xa0" "b");
	send_and_expect("\xc3\x89t\xc3\xa9 \xe2\x80\x9cx\xe2\x80\x9d", "[linux] \xc3\x89t\xc3\xa9 \xe2\x80\x9cx\xe2\x80\x9d");
	send_and_expect("a\xc2\033\x9b\a\001\x9b", "[linux] a\xc2?\a?"); /* what is swallowed does not part them */
	guest_print(VDEV_LINUX, "a");
	machine_vdevs[VDEV_LINUX].ops->write(&machine_vdevs[VDEV_LINUX], 0, 4, 0);
	send_and_expect("b", "[linux] ab");
}

static void line_editing(void **state)
{
	(void)state;
	send_and_expect("abc\033[2Dx\033[K", "[linux] abc\033[2Dx\033[K");
	send_and_expect("abc\033[D\033[C\033[J\033[P\033[2P\033[@\033[0K", "[linux] abc\033[D\033[C\033[J\033[P\033[2P\033[@\033[0K");
	send_and_expect("\033[6n", "[linux] \033[6n");
	send_and_expect("a\033[1;31mred", "[linux] a\033[1;31mred\033[0m"); /* colours end with the line */
	send_and_expect("plain", "[linux] plain");
}

static void escapes_stay_inside_the_line(void **state)
{
	static const char *const evil[] = {
		"\033[2J", "\033[H", "\033[1;1H", "\033[A", "\033[9A", "\033[B", "\033[E", "\033[F", "\033[G",
		"\033[1G", "\033[d", "\033[1K", "\033[2K", "\033[1J", "\033[3J", "\033[L", "\033[M", "\033[S",
		"\033[T", "\033[r", "\033[s", "\033[u", "\033[?25l", "\033[?1049h", "\033[5n", "\033[c", "\033[x",
		"\033[>m", "\033[?m", "\0337", "\0338", "\033c", "\033D", "\033E", "\033M", "\033Z", "\033(0",
		"\033#8", "\033[3D", "\033[99999999999D", "\033[4294967297D", "\033[12345D", "\033[1;1D", "\033[1;1K",
		"\033[i", "\033[4i", "\033[!p", "\033[b", "\033[9999999999999999999999m", "\033[X", "\033[Z",
	};
	char sent[128];

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(evil); i++) {
		snprintf(sent, sizeof sent, "ab%sc", evil[i]);
		send_and_expect(sent, "[linux] abc");
	}
	send_and_expect("ab\033[2D\033[D\b\b\bc", "[linux] ab\033[2Dc"); /* together not further than alone */
	send_and_expect("ab\033[9C\b\b\b\bc", "[linux] ab\033[9C\b\bc"); /* right is no licence for left */
	send_and_expect("ab\r\033[1Dc", "[linux] ab\r[linux] c");
	send_and_expect("ab\033[2;1Dc", "[linux] abc"); /* to a terminal the first number counts */
	send_and_expect("a line of some length", "[linux] a line of some length");
	send_and_expect("\033[3Dc", "[linux] c"); /* what was on the line before does not count, */
	guest_print(VDEV_CONTROL, "tick\n");
	serve(1);
	expect_wire("[control] tick\r\n");
	send_and_expect("\033[3Dc", "[linux] c"); /* nor what is another's */
	send_and_expect("ab\033[0D\033[0D\033[0D", "[linux] ab\033[0D\033[0D"); /* 0 means 1 */
}

static void broken_escapes(void **state)
{
	(void)state;
	send_and_expect("a\033", "[linux] a"); /* the line feed ends it */
	send_and_expect("a\033[12", "[linux] a");
	send_and_expect("a\033[1\033[Kb", "[linux] a\033[Kb");
	send_and_expect("a\033[1\tb", "[linux] a\tb");
	send_and_expect("a\033[1\xc3\xa9", "[linux] a\xc3\xa9");
	/* Interrupted by another source: still whole. */
	guest_print(VDEV_LINUX, "a\033[1");
	serve(1010);
	guest_print(VDEV_CONTROL, "tick\n");
	serve(1);
	guest_print(VDEV_LINUX, ";31mb\n");
	serve(1);
	expect_wire("[linux] a\r\n[control] tick\r\n[linux] \033[1;31mb\033[0m\r\n");
	/* Colours of one source end where another begins. */
	guest_print(VDEV_LINUX, "\033[8mhidden");
	serve(1010);
	guest_print(VDEV_CONTROL, "tick\n");
	serve(1);
	expect_wire("[linux] \033[8mhidden\033[0m\r\n[control] tick\r\n");
}

/* Whatever bytes cells print: what follows a line feed or carriage return is a prefix. */
static void prefixes_always(void **state)
{
	static const char alphabet[] = "ab[]core \r\n\b\033[;0123mKDCAHJ\xc2\x9b\xc3\xa9\t\a\177";
	u64 seed = 42;

	(void)state;
	for (u32 round = 0; round < 3000; round++) {
		char bytes[41] = { 0 };

		for (u32 i = 0; i < 40; i++)
			bytes[i] = alphabet[next_random(&seed) % (sizeof alphabet - 1)];
		guest_print(next_random(&seed) % 2 ? VDEV_LINUX : VDEV_CONTROL, bytes);
		if (next_random(&seed) % 8 == 0)
			console_printf("core line");
		serve(next_random(&seed) % 16);
	}
	serve(1100);
	for (u32 i = 0; i < wire_length; i++) {
		const char *next = wire_text + i + 1;

		assert_int_not_equal(wire_text[i], 0);
		if (wire_text[i] == '\r' && *next == '\n')
			continue;
		if ((wire_text[i] == '\r' || wire_text[i] == '\n') && *next)
			assert_true(!strncmp(next, "[linux] ", 8) || !strncmp(next, "[control] ", 10) ||
				    !strncmp(next, "[core] core line\r\n", 18));
	}
	assert_true(wire_length > 50000);
}

/*
 * A line that goes out in one piece is the same as one that goes byte by byte, whatever is in it and however little the UART takes
 * at a time.
 */
static void plain_text_goes_straight(void **state)
{
	static const char *const texts[] = { "plain text that is longer than what is handed over at once", "a\rb", "x\b\by", "over eight letters\b\b\bx", "\033[1mred\033[0m and \033[5Hno", "\033[",
					     "caf\xc3\xa9 \xc2\x9b!", "a\nb\n\nc", "", "\r", "\x7f\x01z" };
	char expected[512];

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(texts); i++) {
		struct filter filter = { .length = 0 };

		for (const char *p = texts[i]; *p; p++) {
			wire_byte(&filter, WIRE_CORE, (u8)*p);
			assert_true(wire_drain());
		}
		wire_byte(&filter, WIRE_CORE, '\n');
		assert_true(wire_drain());
		assert_in_range(wire_length, 1, sizeof expected - 1);
		memcpy(expected, wire_text, wire_length + 1);
		memset(wire_text, 0, wire_length);
		wire_length = 0;
		for (u32 room = 1; room < 12; room++) {
			u32 at = 0, length = (u32)strlen(texts[i]);

			filter = (struct filter){ .length = 0 };
			for (u32 tries = 0; at <= length; tries++) {
				assert_in_range(tries, 0, 1000);
				wire_room = room;
				u32 sent = wire_plain(&filter, WIRE_CORE, (const u8 *)&texts[i][at], length - at);

				assert_in_range(sent, 0, WIRE_PLAIN);
				at += sent;
				if (wire_drain())
					wire_byte(&filter, WIRE_CORE, at < length ? (u8)texts[i][at] : '\n'), at++;
			}
			wire_room = ~0u;
			assert_true(wire_drain());
			expect_wire(expected);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(plain_text_goes_straight, machine_reset),
		cmocka_unit_test_setup(carriage_returns, machine_reset),
		cmocka_unit_test_setup(backspaces, machine_reset),
		cmocka_unit_test_setup(control_characters, machine_reset),
		cmocka_unit_test_setup(line_editing, machine_reset),
		cmocka_unit_test_setup(escapes_stay_inside_the_line, machine_reset),
		cmocka_unit_test_setup(broken_escapes, machine_reset),
		cmocka_unit_test_setup(prefixes_always, machine_reset),
	};
	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
