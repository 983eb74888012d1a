/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * COBS (Cheshire, Baker 1999) and CRC-32 around the head and payload of a frame (frame.h).
 *
 *     raw:   kind 00 version channel position32 | payload | crc32
 *     COBS:  code, code - 1 bytes that are not 0, code, ...       each code but the last stands for a 0 behind its bytes
 *
 * Raw frames have less than 254 bytes, so the code 255 (no 0 behind it) only comes from who does not keep to that.
 */
#include "core/frame.h"
#include "core/bound.h"

#define CRC_BYTES 4u

/* Of four bits at a time: 64 bytes of table, and fast enough for a UART. */
static const u32 crc_table[16] = {
	0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
	0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

u32 frame_crc_more(u32 crc, const u8 *bytes, u32 size)
{
	crc = ~crc;
	for (u32 i = 0; i < size; i++) {
		LOOP_BOUND(LINE_RAW);
		crc ^= bytes[i];
		crc = crc >> 4 ^ crc_table[crc & 15];
		crc = crc >> 4 ^ crc_table[crc & 15];
	}
	return ~crc;
}

u32 frame_crc(const u8 *bytes, u32 size)
{
	return frame_crc_more(0, bytes, size);
}

u64 frame_get(const u8 *from, u32 bytes)
{
	u64 value = 0;

	for (u32 i = bytes; i; i--) {
		LOOP_BOUND(8);
		value = value << 8 | from[i - 1];
	}
	return value;
}

void frame_put(u8 *to, u64 value, u32 bytes)
{
	for (u32 i = 0; i < bytes; i++) {
		LOOP_BOUND(8);
		to[i] = (u8)(value >> 8 * i);
	}
}

/* ---- out ---- */

/* COBS from raw behind the delimiter at wire[0], and the other delimiter. */
static u32 stuff(u8 *wire, const u8 *raw, u32 length)
{
	u32 code = 1, at = 2;

	for (u32 i = 0; i < length; i++) {
		LOOP_BOUND(LINE_RAW);
		if (raw[i]) {
			wire[at++] = raw[i];
			continue;
		}
		wire[code] = (u8)(at - code);
		code = at++;
	}
	wire[code] = (u8)(at - code);
	wire[0] = wire[at] = 0;
	return at + 1;
}

u32 frame_build(u8 *wire, const struct line_head *head, const u8 *payload, u32 size)
{
	u8 raw[LINE_RAW];

	if (size > LINE_PAYLOAD)
		return 0;
	raw[0] = head->kind;
	raw[1] = 0;
	raw[2] = head->version;
	raw[3] = head->channel;
	frame_put(&raw[4], head->position, 4);
	for (u32 i = 0; i < size; i++) {
		LOOP_BOUND(LINE_PAYLOAD);
		raw[LINE_HEAD + i] = payload[i];
	}
	frame_put(&raw[LINE_HEAD + size], frame_crc(raw, LINE_HEAD + size), CRC_BYTES);
	return stuff(wire, raw, LINE_HEAD + size + CRC_BYTES);
}

/* ---- in ---- */

static bool is_whole(struct frame_parser *parser)
{
	const u8 *raw = parser->bytes;
	u32 end = parser->length - CRC_BYTES;

	if (parser->broken || parser->left || parser->length < LINE_HEAD + CRC_BYTES)
		return false;
	if (!raw[0] || raw[1] || frame_get(&raw[end], CRC_BYTES) != frame_crc(raw, end))
		return false;
	parser->head = (struct line_head){ raw[0], raw[1], raw[2], raw[3], (u32)frame_get(&raw[4], 4) };
	parser->payload = &raw[LINE_HEAD];
	parser->size = end - LINE_HEAD;
	return true;
}

static void append(struct frame_parser *parser, u8 byte)
{
	if (parser->length < LINE_RAW)
		parser->bytes[parser->length++] = byte;
	else
		parser->broken = true;
}

bool frame_drop(struct frame_parser *parser)
{
	bool inside = parser->inside;

	parser->length = parser->left = 0;
	parser->zero = parser->inside = parser->broken = false;
	return inside;
}

enum frame_event frame_byte(struct frame_parser *parser, u8 byte)
{
	if (!byte) {
		bool whole = is_whole(parser);

		return frame_drop(parser) ? whole ? FRAME_WHOLE : FRAME_BAD : FRAME_MORE;
	}
	parser->inside = true;
	if (parser->left) {
		parser->left--;
		append(parser, byte);
		return FRAME_MORE;
	}
	if (parser->zero)
		append(parser, 0);
	parser->left = (u8)(byte - 1);
	parser->zero = byte != 0xff;
	return FRAME_MORE;
}
