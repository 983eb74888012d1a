/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * libFuzzer target: the line with a host that sends whatever the input says: raw bytes, frames of every kind with any
 * channel, position and payload, requests of all four channels, and what a host that behaves would send; frames of the core
 * are taken, lost or not acknowledged. Cells print and read, the core logs, the UART is fast, slow or stuck. Looked for,
 * besides what sanitizers find: channels that contradict themselves, a frame that cannot be, more bytes in a round than
 * there may be, and a line that is no longer what it was: at the end a host that behaves must get all it asks for.
 *
 *   tests/fuzz/run [seconds [output folder]] line
 */
#include "core/console.h"
#include "core/line_channel.h"
#include "core/log.h"
#include "host.h"
#include "input.h"
#include "line_host.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz: %s\n", what);
	abort();
}

static void check_channels(void)
{
	for (u32 i = 0; i < CHANNEL_COUNT; i++) {
		struct channel *c = &channels[i];
		u32 length = c->end - c->start;

		if (!line_is_framed())
			return; /* as text they are not looked after */
		channel_look(i, host.now);
		length = c->end - c->start;
		check(length <= 4096, "more in a channel than it has room for");
		check(c->sent - c->start <= length && c->high - c->start <= length && c->sent - c->start <= c->high - c->start,
		      "a channel's positions are out of order");
		check(channel_room(i) <= 512, "more room than there is");
		check(c->open || c->sent == c->start, "a stream that is not wanted is sent");
		check(i != LINE_LOG || (channel_may_end(i, c->sent) && channel_may_end(i, c->end)), "the log is cut within a record");
	}
}

/* Rounds of the core, each looked at. */
static void rounds(u32 count)
{
	for (u32 i = 0; i < count; i++) {
		u32 before = wire_length; /* 0 */

		serve(1);
		check(wire_length - before <= 2 * 512 + 96, "too much in a round");
		check_channels();
		far_look();
	}
}

static u32 near(struct input *input, u32 position)
{
	u32 how = next(input, 1);

	return how & 0x80 ? next(input, 4) : position + (how & 0x40 ? how & 0x3f : 0) - (how & 0x20 ? how & 0x1f : 0);
}

static u32 fill(struct input *input, u8 *payload, u32 limit)
{
	u32 size = next(input, 1) % (limit + 1);

	for (u32 i = 0; i < size; i++)
		payload[i] = (u8)next(input, 1);
	return size;
}

static void any_frame(struct input *input)
{
	u32 kind = next(input, 1), index = next(input, 1) % FAR_CHANNELS;
	u8 payload[LINE_PAYLOAD], wire[LINE_WIRE];
	u32 position = near(input, kind & 1 ? far.channels[index].taken : far.channels[index].expected);
	struct line_head head = { (u8)(kind % 9), 0, kind & 0x80 ? (u8)(kind >> 4) : LINE_VERSION,
				  kind & 0x40 ? (u8)(index * 37) : far_number(index), position };
	u32 size = fill(input, payload, LINE_PAYLOAD);

	if (kind & 0x20 && size >= 4) /* a number where one is expected */
		frame_put(payload, LINE_MAGIC, 4);
	wire_type((const char *)wire, frame_build(wire, &head, payload, size));
	rounds(4);
}

/* To where the core expects it; its size may be wrong. */
static void request(struct input *input)
{
	static const u8 of[] = { LINE_MANAGE, LINE_METRICS, LINE_TRACE, LINE_DEBUG };
	u32 what = next(input, 1), index = of[what & 3];
	u8 message[LINE_MESSAGE] = { 0 };
	u32 size = 4 + fill(input, message + 4, what & 4 ? 16 : LINE_MESSAGE - 4);

	frame_put(message, what & 8 ? next(input, 2) : size, 2);
	message[2] = (u8)(next(input, 1) % 12);
	message[3] = (u8)what;
	far_send(LINE_DATA, index, far.channels[index].taken, message, size);
	rounds(5);
}

static void raw(struct input *input)
{
	u8 bytes[64];

	wire_type((const char *)bytes, fill(input, bytes, sizeof bytes));
	rounds(2);
}

static void cells_do(struct input *input, u32 what)
{
	static const u32 uarts[] = { VDEV_LINUX, VDEV_CONTROL, VDEV_HELLO };
	u32 uart = uarts[what % 3];

	if (what & 8)
		for (u32 i = 0; i < 20; i++)
			machine_vdevs[uart].ops->read(&machine_vdevs[uart], 0, 4);
	else if (what & 16)
		cells[what % 3].incarnation++;
	else
		for (u32 i = 0; i < next(input, 1); i++)
			guest_print(uart, "some line that is printed\n");
}

static void step(struct input *input)
{
	u32 what = next(input, 1);

	switch (what & 7) {
	case 0:
		raw(input);
		break;
	case 1: case 2:
		any_frame(input);
		break;
	case 3:
		request(input);
		break;
	case 4:
		cells_do(input, what >> 3);
		break;
	case 5:
		far.silent = what & 8;
		far.loss = what & 16 ? what >> 5 << 4 : 0;
		if (what & 0x80)
			far_hello(next(input, 1) & 3);
		rounds(3);
		break;
	case 6:
		wire_room = what & 0x80 ? ~0u : what >> 3 & 15;
		console_printf("says %u", what);
		break;
	default:
		for (u32 i = 0; i <= what >> 3; i++) {
			host.now += what & 0x80 ? 40 * HOST_HZ / 1000 : 0;
			rounds(1);
		}
		break;
	}
}

/* Whatever was: a host of a new session has all it asks for. */
static void behave(void)
{
	struct far_channel *manage = &far.channels[LINE_MANAGE], *console = &far.channels[5 + CELL_HELLO];

	wire_room = ~0u;
	rounds(10); /* what the host has said is heard */
	far_begin();
	far_hello(77);
	for (u32 i = 0; i < 600 && !far.channels[FAR_CHANNELS - 1].states; i++)
		rounds(1);
	check(far.welcomes && far.welcome.session == 77, "no answer to a hello");
	for (u32 i = 0; i < FAR_CHANNELS; i++)
		check(far.channels[i].states, "a state is missing");
	far_send(LINE_DATA, LINE_MANAGE, manage->taken, "\4\0\x99\7", 4);
	guest_print(VDEV_HELLO, "the end\n");
	for (u32 i = 0; i < 3000 && (manage->length < 8 || console->length < 8 || memcmp(console->bytes + console->length - 8, "the end\n", 8)); i++)
		rounds(1);
	check(manage->length == 8 && manage->bytes[3] == 7 && manage->bytes[4] == LINE_UNKNOWN, "no answer to a request");
	check(console->length >= 8 && !memcmp(console->bytes + console->length - 8, "the end\n", 8), "a cell is not heard");
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input input = { data, size };

	machine_reset(NULL);
	for (u32 i = 0; i < CELL_COUNT; i++)
		cells[i].incarnation = 1;
	unit_core.board_rights = 0; /* the end of the board would be the end of this */
	far_begin();
	far_hello(1);
	rounds(20);
	while (input.left)
		step(&input);
	behave();
	return 0;
}
