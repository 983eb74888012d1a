/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The session, and which frame is next (line.h). What goes over the wire: docs/line.md.
 *
 *   text --HELLO--> frames --BYE, silence, escape key alone--> leaving (until BYE is out) --> text
 *
 * Noise must not become keys: where it could be noise that ended a session, text goes out, but nothing is taken for a key
 * until the escape key has come alone. Noise has no pauses.
 *
 * All of it: only the CPU that pumps.
 */
#include "core/bound.h"
#include "config.h"
#include "core/cell.h"
#include "core/crash_format.h"
#include "core/debug.h"
#include "core/frame.h"
#include "core/keys.h"
#include "core/line_channel.h"
#include "core/log.h"
#include "core/wire.h"
#include "platform/platform.h"

#define ALONE_MS 50u      /* behind the escape key */
#define HELLO_MS 200u     /* a HELLO in plain text has no longer pauses, on a machine that is busy either */
#define STEP_MS 50u       /* most that a round counts for silence: this CPU may have been away, with the input waiting */
#define RESEND_MOST_MS 2000u
#define ROOM_STEP 32u     /* when so much more may come than the host knows, it is told */
#define HELLO_WIRE 23u
#define FRAME_BYTES 64u   /* one frame is built for so many bytes of a round */
#define UART_TRIES 1000000u

enum mode { MODE_TEXT, MODE_FRAMES, MODE_LEAVING, MODE_LEFT /* BYE is going out */ };

static struct {
	enum mode mode;
	bool deaf;          /* in plain text: no keys */
	bool welcome_due;
	bool fresh;         /* all states are due, and no ACK has gone before them */
	u32 session, boot;
	u64 clock;          /* ticks, of the last round */
	u64 idle, silent;   /* ticks since a byte, since a valid frame */
	bool heard;         /* a byte has come in this round */
	bool escape;        /* the escape key, behind a pause */
	u32 next, next_state; /* channels in turn */
	bool acked;         /* the last frame was an ACK: data's turn */
	u64 told;           /* ticks: the last state in turn */
	struct frame_parser parser;
	struct line_counters counters;
} line;

/* Bytes in plain text that may be a HELLO, and those that were none. */
static struct {
	u32 held, given, count;
	u8 hold[HELLO_WIRE], give[HELLO_WIRE + 1];
} maybe;

/* The frame that is going out. */
static struct {
	u32 at, count;
	u32 channel; /* index of DATA, else CHANNEL_COUNT */
	u32 position;
	u8 wire[LINE_WIRE];
} out;

/* ---- for others ---- */

bool line_is_framed(void)
{
	return line.mode != MODE_TEXT;
}

u32 line_boot(void)
{
	return line.boot;
}

const struct line_counters *line_counters(void)
{
	return &line.counters;
}

u64 line_ticks(u32 milliseconds)
{
	return milliseconds * arch_time_hz() / 1000;
}

static u8 number_of(u32 index)
{
	return (u8)(index < CHANNEL_CONSOLES ? index : index - CHANNEL_CONSOLES + LINE_CONSOLE);
}

/* CHANNEL_COUNT: there is none. */
static u32 index_of(u8 number)
{
	u32 index = number < CHANNEL_CONSOLES ? number : number - LINE_CONSOLE + CHANNEL_CONSOLES;

	return (number < CHANNEL_CONSOLES || number >= LINE_CONSOLE) && index < CHANNEL_COUNT ? index : CHANNEL_COUNT;
}

/* ---- the session ---- */

static void leave(bool deaf)
{
	if (line.mode != MODE_FRAMES)
		return;
	line.mode = MODE_LEAVING;
	line.deaf = deaf;
	debug_gone();
}

static void begin_session(u32 session, u64 now)
{
	bool same = line.counters.sessions && session == line.session, on = line.mode == MODE_FRAMES;

	if (!line.boot)
		line.boot = crash_boot() ? crash_boot() : ((u32)now ^ session * 0x9e3779b1u) | 1;
	for (u32 i = 0; i < CHANNEL_COUNT; i++) {
		LOOP_BOUND(CHANNEL_COUNT);
		if (!same || !on)
			channel_begin(i, now, !same);
		channels[i].state_due = true;
	}
	if (!same)
		debug_gone();
	line.counters.sessions += !same || !on;
	line.session = session;
	line.mode = MODE_FRAMES;
	line.welcome_due = line.fresh = true;
	line.deaf = line.escape = false;
	line.silent = 0;
	line.told = now;
	keys_forget();
}

static bool is_hello(const struct frame_parser *p)
{
	return p->head.kind == LINE_HELLO && p->size >= sizeof(struct line_hello) && frame_get(p->payload, 4) == LINE_MAGIC;
}

/* Of another version: what we speak is said, and that is all. */
static void hello(const struct frame_parser *p, u64 now)
{
	u32 session = (u32)frame_get(p->payload + 4, 4);

	if (p->head.version == LINE_VERSION) {
		begin_session(session, now);
		return;
	}
	line.counters.ignored++;
	if (line.mode == MODE_TEXT)
		line.mode = MODE_LEAVING;
	line.session = session;
	line.welcome_due = true;
}

/* ---- frames that come in ---- */

/* What has been sent from start on is sent once more. */
static void send_again(struct channel *c)
{
	c->recover = c->high;
	c->recovering = true;
	c->sent = c->start;
	line.counters.resent++;
}

/* An ACK that does not move: something behind it has come, and this has not. Once for all that was on the way. */
static void ack_stands(struct channel *c)
{
	if (!c->recovering && c->sent != c->start)
		send_again(c);
}

static void ack_moves(u32 index, struct channel *c, u32 position, u64 now)
{
	u32 far = position - c->start;

	if (c->sent - c->start < far)
		c->sent = position;
	c->recovering = c->recovering && c->recover - c->start > far;
	channel_passed(index, position);
	c->probing = false;
	c->wait = (u32)line_ticks(LINE_RESEND_MS);
	c->since = c->moved = now;
}

static void ack(u32 index, const struct frame_parser *p, u64 now)
{
	struct channel *c = &channels[index];
	u32 position = p->head.position;

	channel_look(index, now);
	if (p->size >= sizeof(struct line_ack) && !channel_is_request(index)) {
		c->open = frame_get(p->payload, 4);
		if (!c->open)
			c->sent = c->start;
	}
	if (position - c->start > c->high - c->start || !channel_may_end(index, position)) {
		line.counters.ignored++;
		c->state_due = true;
	} else if (position == c->start) {
		ack_stands(c);
	} else {
		ack_moves(index, c, position, now);
	}
}

/* All of it, or nothing: the host begins again from where the answer says. */
static void data(u32 index, const struct frame_parser *p)
{
	channels[index].ack_due = true;
	if (!p->size)
		return; /* it asks for that */
	if (p->head.position == channel_taken(index) && p->size <= channel_room(index))
		channel_take(index, p->payload, p->size);
	else
		line.counters.ignored++;
}

static void frame(const struct frame_parser *p, u64 now)
{
	u32 index = index_of(p->head.channel);

	line.counters.frames++;
	if (is_hello(p)) {
		hello(p, now);
		return;
	}
	if (p->head.version != LINE_VERSION || line.mode != MODE_FRAMES || index == CHANNEL_COUNT) {
		line.counters.ignored++;
		return;
	}
	line.silent = 0;
	switch (p->head.kind) {
	case LINE_DATA:
		data(index, p);
		break;
	case LINE_ACK:
		ack(index, p, now);
		break;
	case LINE_BYE:
		leave(false);
		break;
	case LINE_ALIVE:
		break;
	default:
		line.counters.ignored++;
		break;
	}
}

/* ---- bytes that come in ---- */

/* How a HELLO begins; 0: the version and a number of COBS, anything but 0. */
static const u8 hello_begin[] = { 0, 2, LINE_HELLO, 2, 0, 1, 1, 1, 1, 0, 'C', 'L', 'S', 'N' };

static bool may_be_hello(u8 byte)
{
	u32 n = maybe.held;

	if (!n || n >= sizeof hello_begin || !hello_begin[n])
		return n ? byte && n < HELLO_WIRE : !byte;
	return byte == hello_begin[n];
}

static void give_back(void)
{
	maybe.given = maybe.count = 0;
	for (u32 i = 0; i < maybe.held && !line.deaf; i++) {
		LOOP_BOUND(HELLO_WIRE);
		maybe.give[maybe.count++] = maybe.hold[i];
	}
	maybe.held = 0;
}

int line_key(void)
{
	return maybe.given < maybe.count ? maybe.give[maybe.given++] : -1;
}

/* In plain text. What is no HELLO is given back in its order, but for a 0, which may begin one. */
static bool text_input(u8 byte, u64 now)
{
	enum frame_event event = FRAME_MORE;

	if (maybe.held) {
		event = frame_byte(&line.parser, byte);
		if (event == FRAME_WHOLE && is_hello(&line.parser)) {
			maybe.held = 0;
			frame(&line.parser, now);
			return true;
		}
	}
	if (may_be_hello(byte)) {
		if (!maybe.held)
			frame_drop(&line.parser);
		maybe.hold[maybe.held++] = byte;
		return true;
	}
	bool held = maybe.held;

	give_back();
	if (!byte) {
		frame_drop(&line.parser);
		maybe.hold[maybe.held++] = byte;
	} else if (held && !line.deaf) {
		maybe.give[maybe.count++] = byte;
	}
	return held || !byte || line.deaf;
}

bool line_input(u8 byte, u64 now)
{
	bool quiet = line.idle >= line_ticks(LINE_QUIET_MS);

	line.heard = true;
	line.idle = 0;
	line.escape = false;
	if (quiet && (line.mode != MODE_TEXT || line.deaf)) {
		line.counters.damaged += frame_drop(&line.parser);
		line.escape = byte == CONFIG_CONSOLE_ESCAPE;
		if (line.escape)
			return true;
	}
	if (line.mode != MODE_FRAMES) /* leaving, too: a HELLO may begin there and end in plain text */
		return text_input(byte, now);
	switch (frame_byte(&line.parser, byte)) {
	case FRAME_WHOLE:
		frame(&line.parser, now);
		break;
	case FRAME_BAD:
		line.counters.damaged++;
		break;
	default:
		break;
	}
	return true;
}

/* ---- time ---- */

static void escaped(void)
{
	line.escape = false;
	line.deaf = false;
	leave(false);
	log_put(MESSAGE_LINE_ESCAPED, LOG_NO_CELL);
}

static void resend(u64 now)
{
	for (u32 i = 0; i < CHANNEL_COUNT; i++) {
		LOOP_BOUND(CHANNEL_COUNT);
		struct channel *c = &channels[i];

		channel_look(i, now);
		c->ack_due |= channel_room(i) >= c->room + ROOM_STEP;
		if (c->sent == c->start || now - c->since < c->wait || (out.at < out.count && out.channel == i))
			continue;
		send_again(c);
		c->probing = true;
		c->since = now;
		c->wait = 2 * c->wait < line_ticks(RESEND_MOST_MS) ? 2 * c->wait : (u32)line_ticks(RESEND_MOST_MS);
	}
}

void line_clock(u64 now)
{
	u64 step = now - line.clock;

	if (step > line_ticks(STEP_MS))
		step = line_ticks(STEP_MS);
	line.clock = now;
	line.idle = line.heard ? 0 : line.idle + step; /* it may be later than the time that has passed */
	line.heard = false;
	line.silent += step;
	if (line.escape && line.idle >= line_ticks(ALONE_MS))
		escaped();
	if (maybe.held && line.idle >= line_ticks(HELLO_MS))
		give_back();
	if (line.mode == MODE_FRAMES && line.silent >= line_ticks(LINE_SILENCE_MS)) {
		leave(true);
		log_put(MESSAGE_LINE_SILENT, LOG_NO_CELL, CONFIG_CONSOLE_ESCAPE + '@');
	}
	channel_work();
	if (line.mode == MODE_FRAMES)
		resend(now);
}

/* ---- frames that go out ---- */

static void build(enum line_kind kind, u32 index, u32 position, const u8 *payload, u32 size)
{
	struct line_head head = { (u8)kind, 0, LINE_VERSION, index < CHANNEL_COUNT ? number_of(index) : 0, position };

	out.at = 0;
	out.count = frame_build(out.wire, &head, payload, size);
	out.channel = kind == LINE_DATA ? index : CHANNEL_COUNT;
	out.position = position;
	line.counters.sent++;
}

static void welcome(void)
{
	u8 payload[sizeof(struct line_welcome)];

	frame_put(payload, LINE_MAGIC, 4);
	frame_put(payload + 4, line.session, 4);
	frame_put(payload + 8, line.boot, 4);
	frame_put(payload + 12, CELL_COUNT, 2);
	frame_put(payload + 14, CHANNEL_COUNT, 2);
	build(LINE_WELCOME, CHANNEL_COUNT, 0, payload, sizeof payload);
	line.welcome_due = false;
}

static void state(u32 index, u64 now)
{
	struct channel *c = &channels[index];
	u8 payload[sizeof(struct line_state)];

	channel_look(index, now);
	c->room = channel_room(index);
	frame_put(payload, c->start, 4);
	frame_put(payload + 4, c->end, 4);
	frame_put(payload + 8, channel_lost(index), 4);
	frame_put(payload + 12, channel_taken(index), 4);
	frame_put(payload + 16, c->room, 4);
	build(LINE_STATE, index, 0, payload, sizeof payload);
	c->state_due = false;
	c->told = now;
}

static void send_ack(u32 index)
{
	struct channel *c = &channels[index];
	u8 payload[sizeof(struct line_ack)];

	c->room = channel_room(index);
	frame_put(payload, c->room, 4);
	build(LINE_ACK, index, channel_taken(index), payload, sizeof payload);
	c->ack_due = false;
}

/* Those that are due after WELCOME, and where something was lost, but not always; and one in turn. */
static bool next_state(u64 now)
{
	for (u32 i = 0; i < CHANNEL_COUNT; i++) {
		LOOP_BOUND(CHANNEL_COUNT);
		if (channels[i].state_due && (line.fresh || now - channels[i].told >= line_ticks(LINE_RESEND_MS))) {
			state(i, now);
			return true;
		}
	}
	line.fresh = false;
	if (now - line.told < line_ticks(LINE_ALIVE_MS))
		return false;
	line.told = now;
	line.next_state = (line.next_state + 1) % CHANNEL_COUNT;
	state(line.next_state, now);
	return true;
}

static bool next_ack(void)
{
	for (u32 i = 0; i < CHANNEL_COUNT; i++) {
		LOOP_BOUND(CHANNEL_COUNT);
		if (channels[i].ack_due) {
			send_ack(i);
			return true;
		}
	}
	return false;
}

/* Bytes on the way, but for channels where nothing moves. */
static u32 flight(void)
{
	u32 bytes = 0;

	for (u32 i = 0; i < CHANNEL_COUNT; i++) {
		LOOP_BOUND(CHANNEL_COUNT);
		if (!channels[i].probing)
			bytes += channels[i].sent - channels[i].start;
	}
	return bytes;
}

static bool send_data(u32 index, u32 room, u64 now)
{
	struct channel *c = &channels[index];
	u8 payload[LINE_PAYLOAD];

	channel_look(index, now);
	if (!c->open || c->sent == c->end || (c->probing && c->sent != c->start))
		return false;
	u32 size = channel_copy(index, payload, c->probing || room > LINE_PAYLOAD ? LINE_PAYLOAD : room);

	if (!size)
		return false;
	if (c->sent == c->start)
		c->since = now;
	build(LINE_DATA, index, c->sent, payload, size);
	c->sent += size;
	if (c->sent - c->start > c->high - c->start)
		c->high = c->sent;
	return true;
}

static bool next_data(u64 now)
{
	u32 bytes = flight(), room = bytes < LINE_FLIGHT ? LINE_FLIGHT - bytes : 0;

	for (u32 i = 0; i < CHANNEL_COUNT; i++) {
		LOOP_BOUND(CHANNEL_COUNT);
		line.next = (line.next + 1) % CHANNEL_COUNT;
		if (send_data(line.next, room, now))
			return true;
	}
	return false;
}

/* False: there is none. */
static bool next_frame(u64 now)
{
	if (line.welcome_due) {
		welcome();
		return true;
	}
	if (line.mode == MODE_LEAVING) {
		line.mode = MODE_LEFT;
		build(LINE_BYE, CHANNEL_COUNT, 0, NULL, 0);
		return true;
	}
	if (next_state(now))
		return true;
	line.acked = !line.acked && next_ack();
	return line.acked || next_data(now) || next_ack();
}

/* The frame is out. False: it was the last. */
static bool finished(u64 now)
{
	if (out.channel < CHANNEL_COUNT && out.position == channels[out.channel].start)
		channels[out.channel].since = now;
	if (line.mode != MODE_LEFT)
		return true;
	line.mode = MODE_TEXT;
	wire_restart();
	return false;
}

void line_round(u64 now, u32 bytes)
{
	u32 frames = 0;

	for (u32 n = 0; n < bytes; n++) {
		LOOP_BOUND(LINE_ROUND);
		if (out.at >= out.count) {
			LOOP_RARELY(LINE_ROUND / FRAME_BYTES + 1);
			if (frames++ >= bytes / FRAME_BYTES || line.mode == MODE_LEFT || !next_frame(now))
				return;
		}
		if (!plat_console_put(machine_console_base, out.wire[out.at]))
			return;
		if (++out.at >= out.count && !finished(now))
			return;
	}
}

void line_stop(void)
{
	struct line_head head = { LINE_BYE, 0, LINE_VERSION, 0, 0 };
	u8 wire[LINE_WIRE];

	if (line.mode == MODE_TEXT)
		return;
	line.mode = MODE_TEXT;
	out.at = out.count = 0;
	u32 count = frame_build(wire, &head, NULL, 0);

	for (u32 i = 0; i < count; i++) {
		LOOP_BOUND(LINE_WIRE);
		for (u32 tries = 0; tries < UART_TRIES && !plat_console_put(machine_console_base, wire[i]); tries++)
			LOOP_PATIENCE(UART_TRIES);
	}
}
