/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* record.c, request.c: what comes out of bytes of the log and of answers, also if they are not what they should be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session.h"

static struct {
	unsigned count;
	uint32_t lost;
	char text[600], name[64], cell[40];
	bool has_name;
} last;

static void on_log(void *context, const struct cellctl_record *record)
{
	const char *text;
	uint64_t number;

	(void)context;
	last.count++;
	last.lost = record->lost;
	last.has_name = record->name;
	strncpy(last.text, record->text, sizeof last.text - 1);
	strncpy(last.cell, record->cell ? record->cell : "-", sizeof last.cell - 1);
	for (unsigned i = 0; i < 20; i++)
		cellctl_argument(record, i, &text, &number);
}

static struct cellctl *c;

static int begin(void **state)
{
	static const char formats[] = "%s\0cell @: number %u of %08lx, %s%c\0bad %s";
	static const struct cellctl_options options = { .timeout = 1 };

	(void)state;
	c = calloc(1, sizeof *c);
	c->fd = -1;
	c->options = options;
	c->events.log = on_log;
	c->sequences = calloc(CPUS, sizeof *c->sequences);
	c->cells = 1;
	c->cell_names = calloc(1, sizeof *c->cell_names);
	strcpy(c->cell_names[0].name, "linux");
	c->names[NAMES_MESSAGES].text = malloc(sizeof formats);
	memcpy(c->names[NAMES_MESSAGES].text, formats, sizeof formats);
	c->names[NAMES_MESSAGES].size = sizeof formats;
	c->formats = FORMATS_KNOWN;
	session_channel(c, LINE_LOG);
	session_channel(c, LINE_MANAGE);
	memset(&last, 0, sizeof last);
	return 0;
}

static int end(void **state)
{
	(void)state;
	cellctl_close(c);
	return 0;
}

static size_t record(uint8_t *to, struct line_log head, const void *arguments, size_t size)
{
	head.size = (uint16_t)(sizeof head + size);
	memcpy(to, &head, sizeof head);
	memcpy(to + sizeof head, arguments, size);
	return head.size;
}

static void a_record(void **state)
{
	uint8_t bytes[LINE_PAYLOAD], arguments[64];
	uint64_t numbers[2] = { 7, 0xabc };

	(void)state;
	memcpy(arguments, numbers, 16);
	memcpy(arguments + 16, "why", 4);
	memcpy(arguments + 20, &(uint64_t){ '!' }, 8);
	size_t size = record(bytes, (struct line_log){ .message = 1, .cell = 0, .arguments = 4, .strings = 4, .sequence = 5 }, arguments, 28);

	for (size_t i = 0; i < size; i++)
		record_bytes(c, bytes + i, 1);
	assert_int_equal(last.count, 1);
	assert_string_equal(last.text, "cell linux: number 7 of 00000abc, why!");
	assert_string_equal(last.cell, "linux");
	assert_false(last.has_name); /* the core does not mean by 1 what this program does */
	assert_int_equal(last.lost, 0);
}

static void gaps_are_losses(void **state)
{
	uint8_t bytes[LINE_PAYLOAD];
	static const uint32_t sequences[] = { 10, 11, 14, 14, 15, 0x7fffffff };
	static const uint32_t lost[] = { 0, 0, 2, 0 /* pieces of one */, 0, 0x7fffffff - 16 };

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		record_bytes(c, bytes, record(bytes, (struct line_log){ .cell = 0xffff, .arguments = 1, .strings = 1, .sequence = sequences[i] }, "x", 2));
		assert_int_equal(last.lost, lost[i]);
	}
	record_bytes(c, bytes, record(bytes, (struct line_log){ .cell = 0xffff, .cpu = 1, .sequence = 99 }, "x", 2)); /* another CPU */
	assert_int_equal(last.lost, 0);
}

static void what_a_record_says_wrong(void **state)
{
	uint8_t bytes[LINE_PAYLOAD];

	(void)state;
	/* a string in the place of a number, and the other way round; too few; no format; control characters; no end */
	record_bytes(c, bytes, record(bytes, (struct line_log){ .message = 1, .cell = 3, .arguments = 2, .strings = 1 }, "abc\0" "12345678", 12));
	assert_string_equal(last.text, "cell ?: number 0 of 3837363534333231, ?");
	record_bytes(c, bytes, record(bytes, (struct line_log){ .message = 77, .cell = 0xffff, .arguments = 2, .strings = 2 }, "\1\0\0\0\0\0\0\0xy", 11));
	assert_string_equal(last.text, "message 77: 0x1 \"xy\"");
	record_bytes(c, bytes, record(bytes, (struct line_log){ .arguments = 1, .strings = 1 }, "\033]0;x\007\n", 8));
	assert_string_equal(last.text, ".]0;x.");
	record_bytes(c, bytes, record(bytes, (struct line_log){ .arguments = 1, .strings = 1 }, "no end", 6));
	assert_string_equal(last.text, "?");
	unsigned count = last.count;

	record_bytes(c, (const uint8_t *)"\3\0", 2); /* shorter than a head */
	assert_int_equal(c->counts.garbled, 1);
	assert_int_equal(last.count, count);
}

static struct {
	unsigned count;
	int error;
	unsigned status;
	size_t size;
} answer;

static void on_part(void *context, int error, unsigned status, const void *payload, size_t size, unsigned part, bool more)
{
	(void)context;
	(void)payload;
	(void)part;
	(void)more;
	answer.count++;
	answer.error = error;
	answer.status = status;
	answer.size = size;
}

static void answers(void **state)
{
	struct line_answer head = { .size = sizeof head + 3, .op = MANAGE_CELL };
	uint8_t bytes[LINE_MESSAGE];

	(void)state;
	memset(&answer, 0, sizeof answer);
	assert_int_equal(cellctl_begin(c, LINE_MANAGE, MANAGE_CELL, "ab", 2, on_part, NULL), 0);
	assert_int_equal(cellctl_begin(c, LINE_CONSOLE, 1, NULL, 0, on_part, NULL), CELLCTL_USAGE);
	assert_int_equal(cellctl_begin(c, LINE_MANAGE, 1, bytes, LINE_MESSAGE, on_part, NULL), CELLCTL_USAGE);
	head.tag = c->pending->tag;
	memcpy(bytes, &head, sizeof head);
	request_bytes(c, LINE_MANAGE, bytes, head.size); /* it was not sent: of somebody before us */
	assert_int_equal(answer.count, 0);
	c->pending->sent = true;
	head.tag++;
	memcpy(bytes, &head, sizeof head);
	request_bytes(c, LINE_MANAGE, bytes, head.size);
	assert_int_equal(answer.count, 0);
	head.tag--;
	head.more = 1;
	memcpy(bytes, &head, sizeof head);
	request_bytes(c, LINE_MANAGE, bytes, head.size);
	assert_int_equal(answer.count, 1);
	assert_int_equal(answer.size, 3);
	request_bytes(c, LINE_MANAGE, bytes, head.size); /* part 0 again in the place of part 1 */
	assert_int_equal(answer.count, 2);
	assert_int_equal(answer.error, CELLCTL_PROTOCOL);
	assert_null(c->pending);
}

static void nonsense(void **state)
{
	unsigned long long seed = 3;

	(void)state;
	for (unsigned n = 0; n < 20000; n++) {
		uint8_t bytes[97];

		for (size_t i = 0; i < sizeof bytes; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			bytes[i] = (uint8_t)(seed >> 40);
			if (seed >> 62)
				bytes[i] &= 0x1f;
		}
		if (n % 16 == 0)
			cellctl_begin(c, LINE_MANAGE, bytes[0], bytes, 4, on_part, NULL), c->pending->sent = true;
		bytes[1] = 0;
		record_bytes(c, bytes, sizeof bytes);
		request_bytes(c, LINE_MANAGE, bytes, sizeof bytes);
	}
	assert_true(last.count > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_record, begin, end),
		cmocka_unit_test_setup_teardown(gaps_are_losses, begin, end),
		cmocka_unit_test_setup_teardown(what_a_record_says_wrong, begin, end),
		cmocka_unit_test_setup_teardown(answers, begin, end),
		cmocka_unit_test_setup_teardown(nonsense, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
