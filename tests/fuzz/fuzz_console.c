/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * libFuzzer target: two cells do to their PL011s whatever the input says (any
 * offset, size, value; any bytes printed), keys are typed, time passes, the
 * board's UART is fast or slow. Looked for, besides what sanitizers find: a
 * device that contradicts itself, and bytes on the wire that leave the line or
 * reach the prefix of the cell that printed them.
 *
 *   tests/fuzz/run [seconds [output folder]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "core/console.h"
#include "core/mmio.h"
#include "host.h"
#include "input.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_console: %s\nwire: %.*s\n", what, (int)wire_length, wire_text);
	abort();
}

/* ---- the terminal at the far end ---- */

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

/* ---- the cells ---- */

static void check_device(u32 vdev)
{
	const struct vdev_config *dev = &machine_vdevs[vdev];
	u64 mis = dev->ops->read(dev, 0x40, 4), ris = dev->ops->read(dev, 0x3c, 4), fr = dev->ops->read(dev, 0x18, 4);

	check(mis == (ris & dev->ops->read(dev, 0x38, 4)), "MIS is not RIS & IMSC");
	check(dev->ops->level(dev) == (mis != 0), "the line is not MIS");
	check(dev->ops->pending(dev) <= PL011_TX_SIZE, "more pending than there is room");
	check((fr & 0x80) == 0 || (fr & 0x28) == 0, "transmitter empty and full or busy");
	check((fr & 0x50) != 0x50, "receiver empty and full");
	check(dev->policy == CONSOLE_BLOCK || !(fr & 0x28), "policy drop shows a full FIFO");
}

static void access(struct input *input, u16 cpu)
{
	u32 what = next(input, 1), offset = next(input, 1);
	u64 value = next(input, what & 4 ? 1 : 4);

	/* Registers mostly, identification and reserved ones sometimes. */
	offset = what & 8 ? UART_BASE + offset * 16 + (what >> 4) : UART_BASE + (offset & 0x4f);
	host_this = &host_cpus[cpu];
	mmio_access(host_this, offset, what & 4, 1u << (what & 3), &value);
}

static void print(struct input *input, u32 vdev)
{
	u32 count = next(input, 1) & 63;
	char bytes[64] = { 0 };

	for (u32 i = 0; i < count; i++) {
		bytes[i] = (char)next(input, 1);
		if (!bytes[i])
			break;
	}
	guest_print(vdev, bytes);
}

static void type(struct input *input)
{
	char key = (char)next(input, 1);

	if (key != 'x') /* power off ends the world */
		wire_type(&key, 1);
}

static void step(struct input *input)
{
	u32 what = next(input, 1);

	switch (what & 7) {
	case 0: case 1:
		access(input, what >> 3 & 1 ? 2 : 0);
		break;
	case 2: case 3:
		print(input, what >> 3 & 1 ? VDEV_CONTROL : VDEV_LINUX);
		break;
	case 4:
		type(input);
		break;
	case 5:
		host_this = &host_cpus[what >> 3 & 3];
		console_printf("says %u", what);
		break;
	case 6:
		wire_room = what & 0x80 ? ~0u : what >> 3 & 15;
		break;
	default:
		serve(1 + (what >> 3));
		break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input input = { data, size };

	machine_reset(NULL);
	while (input.left && wire_length < sizeof wire_text / 2) {
		step(&input);
		check_device(VDEV_LINUX);
		check_device(VDEV_CONTROL);
	}
	wire_room = ~0u;
	for (u32 i = 0; i < CELL_COUNT; i++)
		cells[i].state = CELL_STOPPED; /* what has no end goes out too */
	serve(60);
	check_wire();
	return 0;
}
