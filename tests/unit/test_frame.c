/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* core/frame.c against words of the standard, and against every way a frame can be damaged. */
#include "test.h"

#include "core/frame.h"

static u64 seed = 1;

struct sent {
	struct line_head head;
	u8 payload[LINE_PAYLOAD];
	u32 size;
	u8 wire[LINE_WIRE];
	u32 length;
};

/* zeros: how many in 8 of the payload's bytes are 0. */
static void build(struct sent *sent, u32 size, u32 zeros)
{
	sent->head = (struct line_head){ (u8)(1 + next_random(&seed) % 255), 0, (u8)next_random(&seed), (u8)next_random(&seed), next_random(&seed) };
	sent->size = size;
	for (u32 i = 0; i < size; i++)
		sent->payload[i] = next_random(&seed) % 8 < zeros ? 0 : (u8)next_random(&seed);
	memset(sent->wire, 0xee, sizeof sent->wire);
	sent->length = frame_build(sent->wire, &sent->head, sent->payload, size);
}

static enum frame_event feed(struct frame_parser *parser, const u8 *wire, u32 length)
{
	enum frame_event event = FRAME_MORE;

	for (u32 i = 0; i < length; i++)
		event = frame_byte(parser, wire[i]);
	return event;
}

static bool is_same(const struct frame_parser *parser, const struct sent *sent)
{
	return parser->head.kind == sent->head.kind && parser->head.version == sent->head.version &&
	       parser->head.channel == sent->head.channel && parser->head.position == sent->head.position &&
	       parser->size == sent->size && !memcmp(parser->payload, sent->payload, sent->size);
}

static void crc(void **state)
{
	(void)state;
	assert_int_equal(frame_crc((const u8 *)"123456789", 9), 0xcbf43926);
	assert_int_equal(frame_crc(NULL, 0), 0);
	assert_int_equal(frame_crc((const u8 *)"", 1), 0xd202ef8d);
}

static void numbers(void **state)
{
	u8 bytes[10] = { 0 };

	(void)state;
	frame_put(bytes + 1, 0x1122334455667788, 8);
	assert_memory_equal(bytes, "\0\x88\x77\x66\x55\x44\x33\x22\x11\0", 10);
	assert_true(frame_get(bytes + 1, 8) == 0x1122334455667788);
	assert_true(frame_get(bytes + 2, 2) == 0x6677);
}

/* As docs/line.md has it. */
static void bytes_on_the_wire(void **state)
{
	static const u8 hello[] = { 0x00, 0x02, 0x01, 0x02, 0x01, 0x01, 0x01, 0x01, 0x01, 0x06, 0x43, 0x4c, 0x53, 0x4e, 0x07, 0x01, 0x01, 0x05, 0, 0, 0, 0, 0x00 };
	const struct line_head head = { LINE_HELLO, 0, LINE_VERSION, 0, 0 };
	u8 wire[LINE_WIRE], payload[8], raw[16] = { LINE_HELLO, 0, LINE_VERSION };

	(void)state;
	frame_put(payload, LINE_MAGIC, 4);
	frame_put(payload + 4, 7, 4);
	memcpy(raw + LINE_HEAD, payload, 8);
	assert_int_equal(frame_build(wire, &head, payload, 8), sizeof hello);
	assert_memory_equal(wire, hello, 18);
	assert_int_equal(frame_get(wire + 18, 4), frame_crc(raw, 16)); /* none of its bytes is 0 */
	assert_int_equal(wire[22], 0);
}

static void all_sizes_come_back(void **state)
{
	struct frame_parser parser = { 0 };
	struct sent sent;

	(void)state;
	for (u32 n = 0; n < 9 * (LINE_PAYLOAD + 1); n++) {
		build(&sent, n % (LINE_PAYLOAD + 1), n / (LINE_PAYLOAD + 1));
		assert_in_range(sent.length, LINE_HEAD + sent.size + 4 + 3, LINE_WIRE);
		assert_null(memchr(sent.wire + 1, 0, sent.length - 2));
		assert_int_equal(sent.wire[0], 0);
		assert_int_equal(sent.wire[1], 2);
		assert_int_equal(sent.wire[sent.length - 1], 0);
		assert_int_equal(feed(&parser, sent.wire, sent.length - 1), FRAME_MORE);
		assert_int_equal(frame_byte(&parser, 0), FRAME_WHOLE);
		assert_true(is_same(&parser, &sent));
	}
	assert_int_equal(frame_build(sent.wire, &sent.head, sent.payload, LINE_PAYLOAD + 1), 0);
}

/* One delimiter may end a frame and begin the next; more of them are nothing. */
static void delimiters(void **state)
{
	struct frame_parser parser = { 0 };
	struct sent one, two;

	(void)state;
	build(&one, 20, 2);
	build(&two, 30, 2);
	assert_int_equal(feed(&parser, (const u8 *)"\0\0\0", 3), FRAME_MORE);
	assert_int_equal(feed(&parser, one.wire, one.length), FRAME_WHOLE);
	assert_int_equal(feed(&parser, two.wire + 1, two.length - 1), FRAME_WHOLE);
	assert_true(is_same(&parser, &two));
	assert_int_equal(frame_byte(&parser, 0), FRAME_MORE);
	assert_int_equal(feed(&parser, (const u8 *)"text\r\n", 6), FRAME_MORE);
	assert_int_equal(feed(&parser, one.wire, 1), FRAME_BAD);
	assert_int_equal(feed(&parser, one.wire, one.length), FRAME_WHOLE);
	assert_int_equal(feed(&parser, (const u8 *)"text", 4), FRAME_MORE);
	assert_true(frame_drop(&parser));
	assert_false(frame_drop(&parser));
	assert_int_equal(feed(&parser, one.wire, one.length), FRAME_WHOLE);
	assert_true(is_same(&parser, &one));
}

/* Every bit of it turned, every byte left out or doubled, cut off everywhere: never a frame; the next is whole. */
static void damage(void **state)
{
	struct frame_parser parser = { 0 };
	struct sent sent, next;
	u8 wire[LINE_WIRE + 1];

	(void)state;
	for (u32 round = 0; round < 40; round++) {
		build(&sent, round * 5, round % 4);
		build(&next, 9, 1);
		for (u32 i = 0; i < 10 * sent.length; i++) {
			u32 at = i / 10, bit = i % 10, length = sent.length;

			if (at == 0 || at == sent.length - 1)
				continue; /* delimiters */
			memcpy(wire, sent.wire, sent.length);
			if (bit < 8) {
				wire[at] ^= (u8)(1u << bit);
			} else {
				u32 less = bit == 8;

				length = less ? length - 1 : length + 1;
				memmove(wire + at + !less, sent.wire + at + less, sent.length - at - less);
			}
			bool doubled = bit == 9 && sent.wire[at] == sent.wire[at + 1];

			for (u32 n = 0; n < length; n++)
				assert_true(frame_byte(&parser, wire[n]) != FRAME_WHOLE || doubled);
			assert_int_equal(feed(&parser, next.wire, next.length), FRAME_WHOLE);
			assert_true(is_same(&parser, &next));
		}
	}
}

/* Whatever comes: nothing outside of the buffer (sanitizers), and the frame behind it is found. */
static void garbage(void **state)
{
	struct frame_parser parser = { 0 };
	struct sent sent;
	u32 whole = 0;

	(void)state;
	for (u32 round = 0; round < 2000; round++) {
		u32 count = next_random(&seed) % 1000;

		for (u32 i = 0; i < count; i++)
			whole += frame_byte(&parser, next_random(&seed) % 300 ? (u8)(next_random(&seed) | (round & 1)) : 0) == FRAME_WHOLE;
		build(&sent, next_random(&seed) % (LINE_PAYLOAD + 1), 1);
		assert_int_equal(feed(&parser, sent.wire, sent.length), FRAME_WHOLE);
		assert_true(is_same(&parser, &sent));
	}
	assert_int_equal(whole, 0);
}

/* With a valid CRC, but too short or not beginning as a frame does. */
static void not_a_frame(void **state)
{
	struct frame_parser parser = { 0 };
	u8 raw[20];

	(void)state;
	for (u32 length = 4; length < 16; length++)
		for (u32 second = 0; second < 2; second++) {
			u8 wire[40] = { 0 };
			u32 at = 2, code = 1;

			memset(raw, 1, sizeof raw);
			raw[1] = (u8)second;
			frame_put(raw + length - 4, frame_crc(raw, length - 4), 4);
			for (u32 i = 0; i < length; i++)
				if (raw[i]) {
					wire[at++] = raw[i];
				} else {
					wire[code] = (u8)(at - code);
					code = at++;
				}
			wire[code] = (u8)(at - code);
			wire[at] = 0;
			assert_int_equal(feed(&parser, wire, at + 1), length >= 12 && !second ? FRAME_WHOLE : FRAME_BAD);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc),
		cmocka_unit_test(numbers),
		cmocka_unit_test(bytes_on_the_wire),
		cmocka_unit_test(all_sizes_come_back),
		cmocka_unit_test(delimiters),
		cmocka_unit_test(damage),
		cmocka_unit_test(garbage),
		cmocka_unit_test(not_a_frame),
	};
	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
