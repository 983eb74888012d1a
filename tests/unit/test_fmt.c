/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* core/fmt.c: the formats of its head, against printf, and the end of the buffer. */
#include "test.h"

#include "core/fmt.h"

/* Formats that the compiler does not like, too. */
static u32 (*const print)(char *buffer, u32 size, const char *format, ...) = fmt_print;
#define expect(text, ...)                                                          \
	do {                                                                       \
		char buffer[256];                                                  \
		u32 length = print(buffer, sizeof buffer, __VA_ARGS__);            \
                                                                                   \
		assert_string_equal(buffer, text);                                 \
		assert_int_equal(length, strlen(text));                            \
	} while (0)

static void formats(void **state)
{
	const char *volatile nothing = NULL;

	(void)state;
	expect("", "");
	expect("plain", "plain");
	expect("a word, ?", "a %s, %s", "word", nothing);
	expect("x%y", "%c%%%c", 'x', 'y');
	expect("0 7 4294967295", "%u %u %u", 0, 7, ~0u);
	expect("0 ff deadbeef", "%x %x %x", 0, 255, 0xdeadbeef);
	expect("0 -1 -2147483648 2147483647", "%d %d %d %d", 0, -1, -2147483647 - 1, 2147483647);
	expect("18446744073709551615 ffffffffffffffff", "%lu %lx", ~0ul, ~0ul);
	expect("-9223372036854775808 -1", "%ld %ld", (s64)(1ull << 63), (s64)-1);
	expect("   7 0007 00ff", "%4u %04u %04x", 7, 7, 255);
	expect("0000000000000001", "%016lx", 1ul);
	expect("12345", "%2u", 12345);
	expect("                   1", "%999u", 1); /* as wide as it gets */
	expect("[]", "[%s]", "");
	expect("%q", "%%q");
	expect("q", "%q"); /* unknown: as it stands */
	expect("end", "end%");
	expect("end", "end%08l");
}

static void many_arguments(void **state)
{
	(void)state;
	expect("1 2 3 4 5 6 7 8 9 a b c", "%u %u %u %u %u %u %u %lu %s %c %x %lx", 1, 2, 3, 4, 5, 6, 7, 8ul, "9", 'a',
	       11, 12ul);
}

static void against_printf(void **state)
{
	u64 seed = 1;

	(void)state;
	for (u32 i = 0; i < 20000; i++) {
		u64 wide = (u64)next_random(&seed) << 32 | next_random(&seed);
		char mine[128], libc[128];

		wide >>= next_random(&seed) % 64;
		u32 length = fmt_print(mine, sizeof mine, "%lu|%lx|%016lx|%u|%x|%8u|%08x|%d|%ld", wide, wide, wide,
				       (u32)wide, (u32)wide, (u32)wide, (u32)wide, (s32)wide, (s64)wide);
		int expected = snprintf(libc, sizeof libc, "%lu|%lx|%016lx|%u|%x|%8u|%08x|%d|%ld", wide, wide, wide,
					(u32)wide, (u32)wide, (u32)wide, (u32)wide, (s32)wide, (s64)wide);

		assert_int_equal(length, expected);
		assert_string_equal(mine, libc);
	}
}

static void stops_at_the_end(void **state)
{
	char buffer[32];

	(void)state;
	for (u32 size = 1; size < sizeof buffer; size++) {
		memset(buffer, '#', sizeof buffer);
		u32 length = fmt_print(buffer, size, "%s-%016lx-%c", "abcdef", 0x1234ul, 'z');

		assert_int_equal(length, size - 1 < 25 ? size - 1 : 25);
		assert_int_equal(buffer[length], 0);
		assert_memory_equal(buffer, "abcdef-0000000000001234-z", length);
		for (u32 i = length + 1; i < sizeof buffer; i++)
			assert_int_equal(buffer[i], '#');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats),
		cmocka_unit_test(many_arguments),
		cmocka_unit_test(against_printf),
		cmocka_unit_test(stops_at_the_end),
	};
	return cmocka_run_group_tests_name("fmt", tests, NULL, NULL);
}
