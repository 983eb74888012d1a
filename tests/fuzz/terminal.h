/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The terminal at the far end of the board's UART: what may be on the wire, whoever printed it. */
#ifndef TESTS_FUZZ_TERMINAL_H
#define TESTS_FUZZ_TERMINAL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

static void check(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz: %s\nwire: %.*s\n", what, (int)wire_length, wire_text);
	abort();
}

static const char *const prefixes[] = { "[linux] ", "[control] ", "[hello] ", "[core] " };

/* Length of the prefix that must stand at p; 0 when the text ends within it. */
static u32 prefix_at(const char *p, u32 left)
{
	for (u32 i = 0; i < ARRAY_COUNT(prefixes); i++) {
		u32 length = (u32)strlen(prefixes[i]);

		if (!memcmp(p, prefixes[i], left < length ? left : length))
			return left < length ? 0 : length;
	}
	check(false, "a line without prefix");
	return 0;
}

/*
 * One escape sequence; returns its last byte's position. Columns are counted
 * as whoever wants to reach the prefix would like them: ASCII takes one, all
 * else none, moving right does nothing.
 */
static u32 sequence_at(u32 at, u32 *column)
{
	u32 number = 0, digits = 0, i = at + 2;

	if (i >= wire_length)
		return wire_length;
	check(wire_text[at + 1] == '[', "an escape sequence that is not CSI");
	for (; i < wire_length && wire_text[i] < 0x40; i++) {
		if (wire_text[i] >= '0' && wire_text[i] <= '9') {
			number = number * 10 + (u32)(wire_text[i] - '0');
			digits++;
		}
	}
	if (i >= wire_length)
		return wire_length;
	switch (wire_text[i]) {
	case 'm':
	case 'C':
	case 'P':
	case '@':
		break;
	case 'K':
	case 'J':
		check(number == 0, "erases what is not the cell's");
		break;
	case 'n':
		check(number == 6, "asks the terminal something else");
		break;
	case 'D':
		number = digits && number ? number : 1;
		check(digits < 10 && *column >= number, "moves into the prefix");
		*column -= number;
		break;
	default:
		check(false, "a sequence that is not allowed");
	}
	return i;
}

static u32 byte_at(u32 at, u32 *column)
{
	u8 byte = (u8)wire_text[at];

	if (byte == 0x1b)
		return sequence_at(at, column);
	if (byte == '\b')
		check((*column)-- > 0, "backspace into the prefix");
	else if (byte < 0x20)
		check(byte == '\r' || byte == '\n' || byte == '\t' || byte == '\a', "a control character");
	else
		*column += byte < 0x80;
	check(byte != 0x7f, "a delete");
	check(byte != '\n' || (at && wire_text[at - 1] == '\r'), "a line feed without carriage return");
	if (byte >= 0x80 && byte < 0xa0)
		check((u8)wire_text[at - 1] >= 0x80 && (u8)wire_text[at - 1] != 0xc2, "a C1 control");
	return at;
}

static void check_wire(void)
{
	bool start = true; /* of a line, or behind a carriage return */

	for (u32 i = 0, column = 0; i < wire_length; i++) {
		if (start && wire_text[i] != '\n') {
			u32 length = prefix_at(wire_text + i, wire_length - i);

			if (!length)
				return;
			i += length - 1;
			column = 0;
			start = false;
			continue;
		}
		start = wire_text[i] == '\n' || wire_text[i] == '\r';
		i = byte_at(i, &column);
	}
}

#endif
