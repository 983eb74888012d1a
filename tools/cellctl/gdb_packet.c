/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* gdb's packets: $body#sum, where } escapes, and + - Ctrl-C between them. */
#include "gdb.h"

#include <stdio.h>
#include <string.h>

static const char digits_of[] = "0123456789abcdef";

static int digit(char c)
{
	const char *found = c ? strchr(digits_of, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;

	return found ? (int)(found - digits_of) : -1;
}

void gdb_hex(char *to, const void *bytes, u32 size)
{
	const u8 *from = bytes;

	for (u32 i = 0; i < size; i++) {
		*to++ = digits_of[from[i] >> 4];
		*to++ = digits_of[from[i] & 15];
	}
	*to = 0;
}

bool gdb_unhex(void *to, const char *digits, u32 size)
{
	u8 *bytes = to;

	for (u32 i = 0; i < size; i++) {
		int high = digit(digits[2 * i]), low = high < 0 ? -1 : digit(digits[2 * i + 1]);

		if (low < 0)
			return false;
		bytes[i] = (u8)(high << 4 | low);
	}
	return true;
}

bool gdb_number(const char **text, u64 *value)
{
	const char *p = *text;

	*value = 0;
	while (digit(*p) >= 0 && p - *text < 16)
		*value = *value << 4 | (u64)digit(*p++);
	if (p == *text)
		return false;
	*text = p;
	return true;
}

static enum gdb_event between(struct gdb_reader *in, u8 byte)
{
	switch (byte) {
	case '$':
		in->state = GDB_BODY;
		in->size = 0;
		in->sum = in->given = in->digits = 0;
		in->escaped = false;
		return GDB_NOTHING;
	case 3: return GDB_BREAK;
	case '-': return GDB_AGAIN;
	default: return GDB_NOTHING;
	}
}

/* One that is too long is read to its end, and is wrong then. */
static void body_byte(struct gdb_reader *in, u8 byte)
{
	if (byte == '#') {
		in->state = GDB_SUM;
		return;
	}
	in->sum = (u8)(in->sum + byte);
	if (byte == '}' && !in->escaped) {
		in->escaped = true;
		return;
	}
	if (in->size < GDB_PACKET)
		in->body[in->size] = (char)(in->escaped ? byte ^ 0x20 : byte);
	in->size += in->size <= GDB_PACKET;
	in->escaped = false;
}

enum gdb_event gdb_byte(struct gdb_reader *in, u8 byte)
{
	int value;

	if (in->state == GDB_IDLE)
		return between(in, byte);
	if (in->state == GDB_BODY) {
		body_byte(in, byte);
		return GDB_NOTHING;
	}
	value = digit((char)byte);
	in->given = (u8)(in->given << 4 | (value & 15));
	if (++in->digits < 2 && value >= 0)
		return GDB_NOTHING;
	in->state = GDB_IDLE;
	if (value < 0 || in->given != in->sum || in->size > GDB_PACKET)
		return GDB_WRONG;
	in->body[in->size] = 0;
	return GDB_WHOLE;
}

static void put(struct gdb *g, const char *bytes, u32 size)
{
	if (size > sizeof(g->out) - g->out_size) {
		g->ended = g->broken = true; /* nobody reads us */
		return;
	}
	memcpy(g->out + g->out_size, bytes, size);
	g->out_size += size;
}

void gdb_send(struct gdb *g, const char *body)
{
	char *to = g->last_packet;
	u8 sum = 0;

	*to++ = '$';
	for (; *body && to - g->last_packet < (long)sizeof(g->last_packet) - 8; body++) {
		char c = *body;

		if (c == '$' || c == '#' || c == '}' || c == '*') {
			*to++ = '}';
			sum = (u8)(sum + '}');
			c ^= 0x20;
		}
		*to++ = c;
		sum = (u8)(sum + (u8)c);
	}
	*to++ = '#';
	*to++ = digits_of[sum >> 4];
	*to++ = digits_of[sum & 15];
	g->last_size = (u32)(to - g->last_packet);
	put(g, g->last_packet, g->last_size);
}

void gdb_again(struct gdb *g)
{
	put(g, g->last_packet, g->last_size);
}
