/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The far end of the line, as docs/line.md has it: frames from and to the core that runs on this machine. */
#ifndef TESTS_UNIT_LINE_HOST_H
#define TESTS_UNIT_LINE_HOST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cell.h"
#include "core/frame.h"
#include "core/line.h"
#include "machine.h"

#define FAR_CHANNELS (5u + CELL_COUNT)
#define FAR_BYTES (1u << 18)

struct far_channel {
	struct line_state state; /* the last that came */
	u32 states, acks;        /* how many came */
	u32 expected;            /* position */
	u32 length;              /* bytes that were taken */
	u32 missed;              /* bytes that were gone */
	u32 again;               /* bytes that came more than once */
	u32 taken, room;         /* as the core's last ACK said */
	u8 *bytes;
};

static struct far_end {
	struct frame_parser parser;
	u32 seen;         /* of wire_text */
	bool deaf;        /* takes nothing */
	bool silent;      /* acknowledges nothing */
	u32 frames, bad, welcomes, byes;
	struct line_welcome welcome;
	u8 version;       /* of the last WELCOME */
	u32 loss;         /* of 100 frames, in either direction */
	u64 seed;
	bool want[FAR_CHANNELS]; /* streams it acknowledges */
	struct far_channel channels[FAR_CHANNELS];
} far;

static u8 far_number(u32 index)
{
	return (u8)(index < 5 ? index : LINE_CONSOLE + index - 5);
}

static bool far_loses(void)
{
	far.seed ^= far.seed >> 12;
	far.seed ^= far.seed << 25;
	far.seed ^= far.seed >> 27;
	return far.loss && (u32)(far.seed * 0x2545f4914f6cdd1dULL >> 32) % 100 < far.loss;
}

static void far_send(u32 kind, u32 index, u32 position, const void *payload, u32 size)
{
	struct line_head head = { (u8)kind, 0, LINE_VERSION, far_number(index), position };
	u8 wire[LINE_WIRE];
	u32 length = frame_build(wire, &head, payload, size);

	if (far_loses())
		wire[1 + length / 2] ^= 0x40;
	wire_type((const char *)wire, length);
}

static void far_hello(u32 session)
{
	struct line_hello hello = { LINE_MAGIC, session };

	far_send(LINE_HELLO, 0, 0, &hello, sizeof hello);
}

static void far_ack(u32 index, u32 position, u32 room)
{
	struct line_ack ack = { room };

	far_send(LINE_ACK, index, position, &ack, sizeof ack);
}

static void far_begin(void)
{
	static u8 bytes[FAR_CHANNELS][FAR_BYTES];

	memset(&far, 0, sizeof far);
	far.seed = 7;
	far.seen = wire_length;
	for (u32 i = 0; i < FAR_CHANNELS; i++) {
		far.channels[i].bytes = bytes[i];
		far.want[i] = true;
	}
}

static u32 far_index(u8 number)
{
	u32 index = number < 5 ? number : number - LINE_CONSOLE + 5u;

	return index < FAR_CHANNELS ? index : 0;
}

static void far_data(struct far_channel *c, u32 index, u32 position, const u8 *payload, u32 size)
{
	u32 ahead = position - c->expected;

	if (!ahead && c->length + size <= FAR_BYTES) {
		memcpy(c->bytes + c->length, payload, size);
		c->length += size;
		c->expected += size;
	} else {
		c->again += ahead ? size : 0;
	}
	if (!far.silent && far.want[index])
		far_ack(index, c->expected, 1);
}

static void far_state(struct far_channel *c, u32 index, const u8 *payload)
{
	memcpy(&c->state, payload, sizeof c->state);
	c->taken = c->state.taken;
	c->room = c->state.room;
	if (!c->states++)
		c->expected = c->state.start;
	if ((s32)(c->state.start - c->expected) > 0) {
		c->missed += c->state.start - c->expected;
		c->expected = c->state.start;
	}
	if (far.want[index] && index >= 1 && (index == LINE_LOG || index >= 5))
		far_ack(index, c->expected, 1);
}

static void far_frame(const struct frame_parser *p)
{
	u32 index = far_index(p->head.channel);
	struct far_channel *c = &far.channels[index];

	far.frames++;
	switch (p->head.kind) {
	case LINE_WELCOME:
		far.welcomes++;
		far.version = p->head.version;
		memcpy(&far.welcome, p->payload, sizeof far.welcome);
		break;
	case LINE_STATE:
		far_state(c, index, p->payload);
		break;
	case LINE_ACK:
		c->acks++;
		c->taken = p->head.position;
		c->room = (u32)frame_get(p->payload, 4);
		break;
	case LINE_DATA:
		far_data(c, index, p->head.position, p->payload, p->size);
		break;
	case LINE_BYE:
		far.byes++;
		break;
	default:
		fprintf(stderr, "a frame of kind %u\n", p->head.kind);
		abort();
	}
}

/* Look at what the core has put on the wire. */
static void far_look(void)
{
	for (; far.seen < wire_length; far.seen++) {
		u8 byte = (u8)wire_text[far.seen];
		enum frame_event event = far.deaf ? FRAME_MORE : frame_byte(&far.parser, byte);

		if (event == FRAME_WHOLE && !far_loses())
			far_frame(&far.parser);
		far.bad += event == FRAME_BAD;
	}
	memset(wire_text, 0, wire_length);
	wire_length = far.seen = 0;
}

static inline void far_serve(u32 milliseconds)
{
	for (u32 i = 0; i < milliseconds; i++) {
		serve(1);
		far_look();
	}
}

static inline void far_connect(u32 session)
{
	far_begin();
	far_hello(session);
	far_serve(20);
}

#endif
