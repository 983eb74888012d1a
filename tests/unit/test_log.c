/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* core/log.c: records in, the same lines or records out, in order, whole or counted. */
#include "test.h"

#include "machine.h"
#include "core/fmt.h"
#include "core/log.h"
#include "core/log_read.h"
#include "host.h"

static struct log_record record;
static char text[LOG_LINE], expected[4096];

static int empty(void **state)
{
	machine_reset(state);
	while (log_take(&record))
		;
	host_become(2);
	return 0;
}

static void put_text(const char *line)
{
	log_put(MESSAGE_PLAIN, LOG_NO_CELL, line);
}

static const char *take_text(u32 cpu)
{
	u32 left = ~0u, waiting = log_waiting(cpu), length = log_text(cpu, &left, text, sizeof text);

	assert_int_equal(waiting - log_waiting(cpu), ~0u - left);
	return length && strlen(text) + 1 == length ? text : NULL;
}

/* All pieces of the next record, put together; of how many. */
static u32 take_pieces(char *line)
{
	u32 n = 0, sequence = 0;

	*line = 0;
	do {
		u32 size = log_take(&record);

		assert_in_range(size, sizeof record.head + 1, LINE_PAYLOAD);
		assert_int_equal(size, record.head.size);
		assert_int_equal(record.head.message, MESSAGE_PLAIN);
		assert_int_equal(record.head.arguments, 1);
		assert_int_equal(record.head.strings, 1);
		assert_int_equal(record.data[size - sizeof record.head - 1], 0);
		assert_true(!n++ || record.head.sequence == sequence);
		sequence = record.head.sequence;
		strcat(line, (const char *)record.data);
	} while (record.head.size == LINE_PAYLOAD && log_waiting(record.head.cpu));
	return n;
}

/* ---- the table ---- */

static void table(void **state)
{
	(void)state;
	assert_int_equal(MESSAGE_PLAIN, 0);
	assert_string_equal(log_format(MESSAGE_PLAIN), "%s");
	for (u32 m = 0; m < MESSAGE_COUNT; m++) {
		struct fmt_spec specs[FMT_ARGUMENTS];
		u32 percents = 0;

		/* Here are no PCI functions, of which these would be */
		assert_int_equal(!*log_format(m), m == MESSAGE_FUNCTION_DIFFERS || m == MESSAGE_FUNCTION_SILENT);
		for (const char *p = log_format(m); *p; p++) {
			percents += *p == '%';
			assert_in_range(*p, ' ', '~'); /* one line, and nothing that moves a cursor */
		}
		assert_int_equal(fmt_specs(log_format(m), specs), percents); /* each takes an argument, and none is left over */
		assert_true(percents <= FMT_PERCENTS);
	}
	assert_null(log_format(MESSAGE_COUNT));
	assert_string_equal(log_severity_name(LOG_DEBUG), "debug");
	assert_null(log_severity_name(LOG_DEBUG + 1));
	assert_string_equal(log_category_name(LOG_TEXT), "text");
	assert_null(log_category_name(LOG_TEXT + 1));
}

/* With '@' as it will be. */
static void expect_format(const char *format)
{
	u32 at = 0;

	for (; *format; format++)
		at += (u32)snprintf(expected + at, sizeof expected - at, *format == '@' ? "control" : "%c", *format);
}

/*
 * Every message there is, with arguments of its kinds, as plain text and through a frame: what the C library says. All are passed
 * as 8 bytes: the ABIs that tests run on do not mind.
 */
static void every_message(void **state)
{
	static const char *const words[] = { "", "a", "a word", "exactly8", "of 15 letters..", "of 16 letters...", "a longer string than the others" };
	u64 seed = 1;

	(void)state;
	for (u32 turn = 0; turn < 40 * MESSAGE_COUNT; turn++) {
		enum log_message m = (enum log_message)(turn % MESSAGE_COUNT);
		u64 v[FMT_ARGUMENTS] = { 0 };
		struct fmt_spec specs[FMT_ARGUMENTS];
		u32 count = fmt_specs(log_format(m), specs);
		char line[1024];

		if (!*log_format(m))
			continue;
		for (u32 n = 0; n < count; n++)
			v[n] = specs[n].type == 's' ? (u64)words[next_random(&seed) % ARRAY_COUNT(words)] : specs[n].type == 'c' ? 'x' :
			       ((u64)next_random(&seed) << 32 | next_random(&seed)) >> next_random(&seed) % 64;
		expect_format(log_format(m));
		snprintf(line, sizeof line, expected, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11], v[12], v[13]);
		for (u32 i = 0; i < 2; i++)
			(log_put)(m, CELL_CONTROL, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11], v[12], v[13]);
		assert_string_equal(take_text(2), line);
		if (m == MESSAGE_CRASH_CELL || m == MESSAGE_CRASH_SHOWN) { /* strings beyond the eighth argument */
			take_pieces(text);
		} else {
			log_take(&record);
			assert_int_equal(record.head.message, m);
			assert_int_equal(record.head.arguments, count);
			assert_int_equal(log_line(&record, text, sizeof text), strlen(line));
		}
		assert_int_equal(record.head.cell, CELL_CONTROL);
		assert_string_equal(text, line);
		assert_int_equal(log_waiting(2), 0);
	}
}

/* ---- one record ---- */

static void as_bytes(void **state)
{
	static const u8 arguments[] = "nic0\0\x08\0\0\0\0\0\0\0out of\0\xef\xcd\xab\x89\x67\x45\x23\x01why\0\x10\0\0\0\0\0\0\0";

	(void)state;
	host.now = 1234;
	log_put(MESSAGE_DMA_REFUSED_AT, CELL_LINUX, "nic0", 8u, "out of", 0x123456789abcdeful, "why", 16u, (const char *)NULL);
	host_become(4);
	log_put(MESSAGE_DMA_LOST, LOG_NO_CELL, "", "");
	host_become(2);
	log_take(&record);
	assert_int_equal(record.head.message, MESSAGE_DMA_REFUSED_AT);
	assert_int_equal(record.head.severity, LOG_ERROR);
	assert_int_equal(record.head.category, LOG_DMA);
	assert_int_equal(record.head.cell, CELL_LINUX);
	assert_int_equal(record.head.cpu, 2);
	assert_int_equal(record.head.arguments, 7);
	assert_int_equal(record.head.strings, 0x55);
	assert_true(record.head.when == 1234);
	assert_int_equal(record.head.size, sizeof record.head + sizeof arguments - 1 + 2);
	assert_memory_equal(record.data, arguments, sizeof arguments - 1);
	assert_memory_equal(record.data + sizeof arguments - 1, "?", 2);
	log_take(&record);
	assert_int_equal(record.head.cell, LOG_NO_CELL);
	assert_int_equal(record.head.cpu, 4);
	assert_int_equal(record.head.size, sizeof record.head + 2);
	assert_int_equal(log_take(&record), 0);
}

/* Of any length: whole, up to what a line holds; in a frame or in several. */
static void texts(void **state)
{
	static char line[601], got[601];

	(void)state;
	for (u32 length = 0; length <= 600; length++) {
		for (u32 i = 0; i < length; i++)
			line[i] = (char)('a' + i % 26);
		line[length] = 0;
		put_text(line);
		put_text(line);
		line[length < LOG_LINE ? length : LOG_LINE - 1] = 0;
		assert_string_equal(take_text(2), line);
		assert_int_equal(take_pieces(got), length ? 1 + ((u32)strlen(line) - 1) / 203 : 1);
		assert_string_equal(got, line);
		assert_int_equal(log_waiting(2), 0);
	}
}

/* Too much for a frame, though no text by itself: sent as text. */
static void long_arguments(void **state)
{
	char name[300], got[601];

	(void)state;
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = 0;
	for (u32 i = 0; i < 2; i++)
		log_put(MESSAGE_DMA_REFUSED_AT, CELL_LINUX, name, 8u, "write to", 0x40ul, "why", 16u, "");
	take_text(2);
	assert_non_null(strstr(text, "nnn (stream 0x8): write to 0x40 refused: why (event 0x10)"));
	assert_int_equal(take_pieces(got), 2);
	assert_string_equal(got, text);
	assert_int_equal(record.head.severity, LOG_ERROR);
	assert_int_equal(record.head.category, LOG_DMA);
	/* Of several long strings the last ones are cut, and numbers are not */
	for (u32 i = 0; i < 2; i++)
		log_put(MESSAGE_DMA_REFUSED_AT, CELL_LINUX, name, 8u, name, 0x40ul, name, 16u, name);
	log_take(&record);
	assert_int_equal(record.head.message, MESSAGE_PLAIN);
	while (log_take(&record))
		;
	assert_int_equal(log_waiting(2), 0);
}

/* Half of a long text was sent when plain text began: there it is whole, and what comes next begins at its beginning. */
static void text_between_pieces(void **state)
{
	static char first[301], second[301], got[601];

	(void)state;
	memset(first, 'a', 300);
	memset(second, 'b', 300);
	put_text(first);
	put_text(second);
	assert_int_equal(log_take(&record), LINE_PAYLOAD);
	assert_string_equal(take_text(2), first);
	assert_int_equal(take_pieces(got), 2);
	assert_string_equal(got, second);
}

/* ---- many ---- */

static void oldest_first(void **state)
{
	static const u32 cpus[] = { 3, 0, 2, 2, 4, 1, 0 };

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(cpus); i++) {
		host.now += 1 + i % 2;
		host_become((u16)cpus[i]);
		log_put(MESSAGE_RESTARTED, CELL_HELLO, i);
	}
	for (u32 i = 0; i < ARRAY_COUNT(cpus); i++) {
		assert_int_not_equal(log_take(&record), 0);
		assert_int_equal(record.head.cpu, cpus[i]);
		assert_int_equal(record.data[0], i);
	}
	assert_int_equal(log_take(&record), 0);
}

/* What does not fit is counted, and a gap in the sequence; all else comes, over the ring's end, too. */
static void lost_by_counting(void **state)
{
	static const char dots[] = "................................................................";
	u32 before = log_lost(), next, lost = 0;
	u64 seed = 1;

	(void)state;
	log_put(MESSAGE_RESTARTED, CELL_HELLO, 0);
	log_take(&record);
	next = record.head.sequence + 1;
	for (u32 i = 0; i < 5000; i++) {
		log_put(MESSAGE_DMA_LOST, CELL_HELLO, &dots[next_random(&seed) % sizeof dots], "");
		if (next_random(&seed) % 3)
			continue;
		assert_int_not_equal(log_take(&record), 0);
		lost += record.head.sequence - next;
		next = record.head.sequence + 1;
		assert_int_equal(record.data[record.head.size - sizeof record.head - 1], 0);
	}
	assert_true(log_lost() - before > 1000);
	while (log_take(&record)) {
		lost += record.head.sequence - next;
		next = record.head.sequence + 1;
	}
	log_put(MESSAGE_RESTARTED, CELL_HELLO, 0);
	log_take(&record);
	assert_int_equal(lost + record.head.sequence - next, log_lost() - before);
}

/* When there is room, the longest record fits. */
static void room(void **state)
{
	static char line[LOG_LINE + 1];
	u32 lost = log_lost();

	(void)state;
	memset(line, 'x', LOG_LINE);
	for (u32 i = 0; i < 2000; i++) {
		while (log_has_room())
			log_put(MESSAGE_DMA_REFUSED_AT, CELL_LINUX, i % 3 ? line : "short", 8u, line, 0x40ul, line, 16u, line);
		assert_non_null(take_text(2));
	}
	assert_int_equal(log_lost(), lost);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(table, empty),
		cmocka_unit_test_setup(every_message, empty),
		cmocka_unit_test_setup(as_bytes, empty),
		cmocka_unit_test_setup(texts, empty),
		cmocka_unit_test_setup(long_arguments, empty),
		cmocka_unit_test_setup(text_between_pieces, empty),
		cmocka_unit_test_setup(oldest_first, empty),
		cmocka_unit_test_setup(lost_by_counting, empty),
		cmocka_unit_test_setup(room, empty),
	};
	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
