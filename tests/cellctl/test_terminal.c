/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* terminal.c: what a guest may do to somebody's terminal, and what not, however it comes in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "terminal.h"

static void expect_bytes(const char *in, size_t count, const char *out, size_t piece)
{
	struct terminal t = { 0 };
	char got[1024];
	size_t at = 0;

	for (size_t i = 0; i < count; i += piece)
		at += terminal_filter(&t, in + i, count - i < piece ? count - i : piece, got + at);
	got[at] = 0;
	assert_string_equal(got, out);
}

static void expect(const char *in, const char *out)
{
	expect_bytes(in, strlen(in), out, strlen(in) + 1);
	expect_bytes(in, strlen(in), out, 1);
}

static void same(const char *text)
{
	expect(text, text);
}

static void what_passes(void **state)
{
	(void)state;
	same("plain\r\n\ttext\a\b");
	same("caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80");
	same("\033[1;31mred\033[0m");
	same("\033[2J\033[H\033[10;20H\033[K\033[3A");
	same("\033[?25l\033[?1049h\033[?2004h");
	same("\0337\0338\033M\033=\033>\033(B\033)0");
}

static void what_does_not(void **state)
{
	(void)state;
	expect("a\033]0;title\007b", "ab");
	expect("a\033]52;c;cm0gLXJm\033\\b", "ab");            /* the clipboard */
	expect("a\033P$q\"p\033\\b", "ab");                     /* settings asked for */
	expect("a\033_x\033\\b\033^y\033\\c\033Xz\033\\d", "abcd");
	expect("a\033[c\033[0c\033[>c\033[5n\033[6n\033[?6n\033[21t\033[xb", "ab"); /* all that is answered */
	expect("a\033[5i\033[4ib", "ab");                       /* the printer */
	expect("a\033[?1000h\033[?1004hb", "ab");                 /* the mouse */
	expect("a\033[1$p\033[!pb", "ab");
	expect("a\xc2\x9b" "2Jb\x9b" "2Jc", "a2Jb2Jc");        /* C1, as a character and as a byte */
	expect("a\x7f\x01\x05\x1c" "b", "ab");
	expect("\xc3(\xff\xfe", "(");                           /* no UTF-8 */
	expect("a\033]never ended\nb", "ab");
	expect("\033]x\033[31mred", "\033[31mred");
	expect_bytes("a\0b", 3, "ab", 3);
}

static void ends_anywhere(void **state)
{
	char text[200] = "\033[", out[512];
	struct terminal t = { 0 };

	(void)state;
	memset(text + 2, '1', sizeof text - 3);
	terminal_filter(&t, text, strlen(text), out);
	assert_true(t.length <= TERMINAL_SEQUENCE);
}

/* Whatever comes: out of it come only sequences that are known, and never more than there is room for. */
static void anything(void **state)
{
	static const char likely[] = "\033\033\033[[]]P_?;:0123456789hlmnctJHABCDq\a\\\xc2\x9b\xe2\x82\xac \n";
	unsigned long long seed = 7;

	(void)state;
	for (unsigned n = 0; n < 20000; n++) {
		char in[64], out[64 + TERMINAL_SEQUENCE];
		struct terminal t = { 0 };

		for (size_t i = 0; i < sizeof in; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			in[i] = seed >> 63 ? likely[(seed >> 33) % (sizeof likely - 1)] : (char)(seed >> 40);
		}
		size_t count = terminal_filter(&t, in, sizeof in, out);

		assert_true(count <= sizeof in + TERMINAL_SEQUENCE);
		for (size_t i = 0; i < count; i++) {
			unsigned char byte = (unsigned char)out[i];

			assert_true(byte >= ' ' || memchr("\a\b\t\n\v\f\r\016\017\033", byte, 10));
			assert_int_not_equal(byte, 0x7f);
			if (byte == 0xc2 && i + 1 < count)
				assert_true((unsigned char)out[i + 1] >= 0xa0);
			if (byte == '\033' && i + 1 < count)
				assert_non_null(memchr("[78=>DEHMc()", out[i + 1], 12));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_passes),
		cmocka_unit_test(what_does_not),
		cmocka_unit_test(ends_anywhere),
		cmocka_unit_test(anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
