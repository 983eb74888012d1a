/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A session from the host's side (session.h; docs/line.md has the rules of both sides). Everything is done by session_step: what
 * has come is looked at, what is due is sent.
 *
 *     HELLO --WELCOME--> UP --nothing valid for DEAD_MS, BYE--> HELLO          HELLO is said again and again
 *
 * Positions outlive that: the session number stays the same, so the core goes on where it was, unless it is another boot.
 */
#include "session.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "structures are used as they come");

#define ENDED_HELLO_MS 1000u /* after a BYE of the core's */
#define PROBE_MS 300u

struct channel *session_channel(struct cellctl *c, unsigned channel)
{
	if (!c->channels[channel])
		c->channels[channel] = calloc(1, sizeof *c->channels[channel]);
	return c->channels[channel];
}

static void tell(struct cellctl *c, enum cellctl_news news)
{
	if (c->events.news)
		c->events.news(c->events.context, news, c->boot);
}

static bool is_requests(unsigned channel)
{
	return channel == LINE_MANAGE || (channel >= LINE_METRICS && channel <= LINE_DEBUG);
}

/* Does somebody here want what comes on it? */
bool session_takes(const struct cellctl *c, unsigned channel)
{
	if (channel == LINE_LOG)
		return c->events.log ? c->formats == FORMATS_KNOWN : c->events.stream != NULL;
	if (channel < LINE_CONSOLE)
		return is_requests(channel);
	return (c->events.console || c->events.stream) && (!c->options.one_cell || (int)(channel - LINE_CONSOLE) == c->options.cell);
}

int session_assemble(struct channel *ch, uint8_t byte, size_t least, size_t most)
{
	uint16_t whole;

	ch->assembly[ch->assembled++] = byte;
	if (ch->assembled < sizeof whole)
		return 0;
	memcpy(&whole, ch->assembly, sizeof whole);
	if (whole >= least && whole <= most && ch->assembled < whole)
		return 0;
	ch->assembled = 0;
	return whole >= least && whole <= most ? whole : -1;
}

/* ---- out ---- */

/* False: there is no room for it now. */
static bool put_frame(struct cellctl *c, unsigned kind, unsigned channel, uint32_t position, const void *payload, size_t size)
{
	const struct line_head head = { .kind = (u8)kind, .version = LINE_VERSION, .channel = (u8)channel, .position = position };

	if (OUTPUT_SIZE - c->output_count < LINE_WIRE)
		return false;
	c->output_count += frame_build(c->output + c->output_count, &head, payload, (u32)size);
	c->counts.frames_out++;
	c->said = session_now();
	return true;
}

static void put_ack(struct cellctl *c, unsigned channel, uint32_t position)
{
	const struct line_ack ack = { .room = session_takes(c, channel) ? TAKEN_ROOM : 0 };

	put_frame(c, LINE_ACK, channel, position, &ack, sizeof ack);
}

static void put_hello(struct cellctl *c, uint64_t now)
{
	const struct line_hello hello = { .magic = LINE_MAGIC, .session = c->session };

	put_frame(c, LINE_HELLO, 0, 0, &hello, sizeof hello);
	c->hello_at = now + HELLO_MS;
}

/* What is not acknowledged is sent again after so long: on a slow line not before it can have come. */
static unsigned resend_time(const struct cellctl *c)
{
	return LINE_RESEND_MS + 4 * LINE_WIRE * 10 * 1000 / (c->options.baud ? c->options.baud : 115200);
}

static void again(struct cellctl *c, struct channel *ch, uint64_t now)
{
	if (sender_again(&ch->out))
		c->counts.resent++;
	ch->sent = now;
}

static void serve_channel(struct cellctl *c, unsigned channel, struct channel *ch, uint64_t now)
{
	uint8_t bytes[LINE_PAYLOAD];
	uint32_t position;
	size_t count;

	if (!ch->known)
		return;
	if (ch->acknowledge && c->output_count < OUTPUT_FULL) {
		put_ack(c, channel, ch->in.kept);
		ch->acknowledge = false;
	}
	if (ch->out.next != ch->out.base && now - ch->sent >= resend_time(c))
		again(c, ch, now);
	while (c->output_count < OUTPUT_FULL && (count = sender_take(&ch->out, &position, bytes, sizeof bytes))) {
		put_frame(c, LINE_DATA, channel, position, bytes, count);
		ch->sent = now;
	}
	if (sender_is_stuck(&ch->out) && now - ch->probed >= PROBE_MS) {
		put_frame(c, LINE_DATA, channel, ch->out.next, NULL, 0); /* asks for an ACK, where the room is */
		ch->probed = now;
	}
}

/* Has the core said where each channel is that somebody wants? It says so of all there are. */
static bool has_states(const struct cellctl *c)
{
	for (unsigned i = 0; i < LINE_CONSOLE + c->cells && i < CHANNELS; i++)
		if ((i <= LINE_DEBUG || i >= LINE_CONSOLE) && session_takes(c, i) && !(c->channels[i] && c->channels[i]->known))
			return false;
	return true;
}

int cellctl_listen(struct cellctl *c, int cell)
{
	c->options.one_cell = cell >= 0;
	c->options.cell = cell;
	if (c->state == SESSION_UP)
		put_hello(c, session_now()); /* changes nothing, and is answered by all positions */
	return 0;
}

void session_serve(struct cellctl *c)
{
	uint64_t now = session_now();

	names_serve(c);
	request_serve(c, now);
	if (c->state == SESSION_UP && now - c->heard >= DEAD_MS) {
		c->state = SESSION_HELLO;
		c->hello_at = now;
	}
	if (c->state == SESSION_HELLO && !c->ended && c->welcomed && now - c->heard >= LINE_SILENCE_MS) {
		c->ended = true;
		tell(c, CELLCTL_ENDED);
	}
	if (c->state == SESSION_HELLO) {
		if (now >= c->hello_at)
			put_hello(c, now);
		return;
	}
	if (c->state_tries && now - c->welcome_at >= STATE_MS && !has_states(c)) {
		c->state_tries--;
		c->welcome_at = now;
		put_hello(c, now);
	}
	for (unsigned i = 0; i < CHANNELS; i++)
		if (c->channels[i])
			serve_channel(c, i, c->channels[i], now);
	if (now - c->said >= LINE_ALIVE_MS)
		put_frame(c, LINE_ALIVE, 0, 0, NULL, 0);
}

/* ---- in ---- */

static void reset_channel(struct cellctl *c, unsigned channel)
{
	free(c->channels[channel]);
	c->channels[channel] = NULL;
}

static void forget_boot(struct cellctl *c)
{
	for (unsigned i = 0; i < CHANNELS; i++)
		reset_channel(c, i);
	memset(c->sequences, 0, CPUS * sizeof *c->sequences);
	names_forget(c);
}

static void take_welcome(struct cellctl *c, const struct line_welcome *welcome)
{
	bool first = !c->welcomed, was_up = c->state == SESSION_UP, other = c->welcomed && c->boot != welcome->boot;

	if (welcome->magic != LINE_MAGIC || welcome->session != c->session)
		return;
	c->state = SESSION_UP;
	c->welcomed = true;
	c->ended = false;
	c->boot = welcome->boot;
	c->cells = welcome->cells;
	c->welcome_at = session_now();
	if (!was_up)
		c->state_tries = STATE_TRIES;
	c->counts.sessions += !was_up || other;
	if (first)
		memory_boot(c);
	if (other)
		forget_boot(c);
	for (unsigned i = 0; i < CHANNELS; i++)
		if (c->channels[i])
			c->channels[i]->known = c->channels[i]->denied = false;
	if (other)
		request_lost(c, CHANNELS, CELLCTL_LOST);
	if (!was_up || other)
		tell(c, first ? CELLCTL_BEGUN : other ? CELLCTL_REBOOTED : CELLCTL_RESUMED);
}

/* What went in before is not what the core has of it. */
static void take_sender(struct cellctl *c, unsigned channel, struct channel *ch, const struct line_state *state)
{
	if (!ch->out.begun) {
		sender_begin(&ch->out, state->taken, state->room);
	} else if (!sender_acknowledge(&ch->out, state->taken, state->room)) {
		sender_begin(&ch->out, state->taken, state->room);
		request_lost(c, channel, CELLCTL_LOST);
	} else if (!ch->known) {
		again(c, ch, session_now()); /* what was on its way when the session ended is not */
	}
}

static void take_state(struct cellctl *c, unsigned channel, const struct line_state *state)
{
	struct channel *ch = session_channel(c, channel);

	if (!ch)
		return;
	uint32_t before = ch->in.position, missed = 0;
	bool begun = ch->in.begun, takes = session_takes(c, channel);

	if (!begun && takes && c->remembered[channel].there && !is_requests(channel)) {
		ch->in.position = ch->in.kept = c->remembered[channel].position;
		ch->in.begun = true;
	}
	ch->wanted |= takes && !is_requests(channel);
	missed = receiver_state(&ch->in, state->start, state->end);
	ch->in.begun = takes; /* else the position moves along: what others take is not missed */
	if (begun && ch->in.position != before) {
		ch->assembled = 0;
		if (is_requests(channel))
			request_lost(c, channel, CELLCTL_LOST);
	}
	if (missed) {
		c->counts.missed += missed;
		if (c->events.missed)
			c->events.missed(c->events.context, channel, missed);
	}
	take_sender(c, channel, ch, state);
	ch->dropped = state->lost;
	if (!ch->known)
		ch->had = state->end;
	ch->acknowledge |= takes && (!ch->known || missed); /* the first one opens it */
	ch->known = true;
}

static void take_ack(struct cellctl *c, unsigned channel, uint32_t position, const struct line_ack *ack, size_t size)
{
	struct channel *ch = c->channels[channel];

	if (!ch || !ch->known)
		return;
	uint32_t before = ch->out.base;
	uint32_t room = size >= sizeof *ack ? ack->room : ch->out.limit - position;
	uint64_t now = session_now();

	if (!sender_acknowledge(&ch->out, position, room))
		return;
	if (ch->out.base != before)
		ch->sent = now;
	else if (ch->out.next != ch->out.base && now - ch->sent >= LINE_RESEND_MS / 4)
		again(c, ch, now); /* it has something from further on, and not this */
}

static void take_stream(struct cellctl *c, unsigned channel, struct channel *ch, const uint8_t *bytes, size_t size)
{
	if (c->events.stream)
		c->events.stream(c->events.context, channel, ch->in.position - (uint32_t)size, bytes, size);
	ch->in.kept = ch->in.position;
	if (is_requests(channel)) {
		request_bytes(c, channel, bytes, size);
	} else if (channel == LINE_LOG) {
		record_bytes(c, bytes, size);
		ch->in.kept -= (uint32_t)ch->assembled; /* whoever comes after us begins with a whole record */
	} else if (c->events.console) {
		c->events.console(c->events.context, channel - LINE_CONSOLE, bytes, size);
	}
}

static void take_data(struct cellctl *c, unsigned channel, uint32_t position, const uint8_t *bytes, size_t size)
{
	struct channel *ch = c->channels[channel];
	size_t skip;

	if (!ch || !ch->known || !session_takes(c, channel))
		return;
	uint32_t kept = ch->in.kept;

	switch (receiver_take(&ch->in, position, size, &skip)) {
	case RECEIVED_GAP:
		c->counts.gaps++;
		ch->acknowledge = true;
		break;
	case RECEIVED_AGAIN:
		c->counts.repeated++;
		ch->acknowledge = true;
		break;
	case RECEIVED_NEW:
		take_stream(c, channel, ch, bytes + skip, size - skip);
		ch->acknowledge |= ch->in.kept != kept;
	}
}

static void take_bye(struct cellctl *c)
{
	if (c->state != SESSION_UP)
		return;
	c->state = SESSION_HELLO;
	c->hello_at = session_now() + ENDED_HELLO_MS;
	c->ended = true;
	tell(c, CELLCTL_ENDED);
}

/* What waits to be sent never will be. */
static void take_denied(struct channel *ch)
{
	if (!ch)
		return;
	ch->denied = true;
	sender_begin(&ch->out, ch->out.base, 0);
}

void session_frame(struct cellctl *c)
{
	const struct frame_parser *p = &c->parser;
	uint8_t payload[LINE_PAYLOAD] __attribute__((aligned(8)));

	c->counts.frames_in++;
	if (p->head.version != LINE_VERSION) {
		c->version = p->head.version; /* a WELCOME of another version is no session */
		return;
	}
	memcpy(payload, p->payload, p->size);
	c->heard = session_now();
	if (c->closing && p->head.kind != LINE_BYE)
		return;
	if (p->head.kind == LINE_WELCOME && p->size >= sizeof(struct line_welcome))
		take_welcome(c, (const void *)payload);
	if (c->state != SESSION_UP)
		return;
	if (p->head.kind == LINE_STATE && p->size >= sizeof(struct line_state))
		take_state(c, p->head.channel, (const void *)payload);
	else if (p->head.kind == LINE_DATA)
		take_data(c, p->head.channel, p->head.position, payload, p->size);
	else if (p->head.kind == LINE_ACK)
		take_ack(c, p->head.channel, p->head.position, (const void *)payload, p->size);
	else if (p->head.kind == LINE_READ_ONLY)
		take_denied(c->channels[p->head.channel]);
	else if (p->head.kind == LINE_BYE)
		take_bye(c);
}
