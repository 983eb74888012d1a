/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "serve_client.h"

#include <stdlib.h>
#include <string.h>

struct client *client_make(const struct client_host *host, enum client_role role, u32 number)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->host = host;
	c->role = role;
	c->number = number;
	c->consoles = calloc(host->cells ? host->cells : 1u, sizeof(c->consoles[0]));
	if (!c->consoles) {
		free(c);
		return NULL;
	}
	return c;
}

void client_free(struct client *c)
{
	for (u32 i = 0; i < CLIENT_REQUESTS; i++)
		free(c->requests[i].answers);
	free(c->consoles);
	free(c);
}

/* ---- frames out ---- */

static void put_frame(struct client *c, enum line_kind kind, u8 channel, u32 position, const void *payload, u32 size)
{
	struct line_head head = { .kind = (u8)kind, .version = LINE_VERSION, .channel = channel, .position = position };

	/* The last frame goes beyond CLIENT_OUT; there is room for one. */
	if (c->out_size <= CLIENT_OUT)
		c->out_size += frame_build(c->out + c->out_size, &head, payload, size);
}

static bool is_request(u8 channel)
{
	return channel < CLIENT_REQUESTS && channel != LINE_LOG;
}

/* NULL: not a stream. */
static struct client_stream *stream_of(struct client *c, u8 channel, struct serve_stream **source)
{
	if (channel == LINE_LOG) {
		*source = c->host->log;
		return &c->log;
	}
	if (channel < LINE_CONSOLE || channel - LINE_CONSOLE >= c->host->cells)
		return NULL;
	*source = &c->host->consoles[channel - LINE_CONSOLE];
	return &c->consoles[channel - LINE_CONSOLE];
}

/* How many bytes it may send on that channel. */
static u32 room_of(const struct client *c, u8 channel)
{
	if (is_request(channel))
		return CLIENT_IN - c->requests[channel].in_size;
	if (channel < LINE_CONSOLE || c->role == ROLE_OBSERVER)
		return 0;
	return CLIENT_TYPED - c->consoles[channel - LINE_CONSOLE].typed_size;
}

static u32 taken_of(const struct client *c, u8 channel)
{
	if (is_request(channel))
		return c->requests[channel].taken;
	return channel < LINE_CONSOLE ? 0 : c->consoles[channel - LINE_CONSOLE].taken;
}

static void put_state(struct client *c, u8 channel)
{
	struct line_state state = { .taken = taken_of(c, channel), .room = room_of(c, channel) };
	struct serve_stream *source;
	struct client_stream *s = stream_of(c, channel, &source);

	if (s) {
		state.start = stream_next(source, s->acked);
		state.end = stream_end(source);
		state.lost = source->lost;
	} else if (is_request(channel)) {
		state.start = c->requests[channel].start;
		state.end = state.start + c->requests[channel].size;
	}
	put_frame(c, LINE_STATE, channel, state.start, &state, sizeof(state));
}

static void put_ack(struct client *c, u8 channel)
{
	struct line_ack ack = { .room = room_of(c, channel) };

	put_frame(c, LINE_ACK, channel, taken_of(c, channel), &ack, sizeof(ack));
}

/* ---- session ---- */

static u32 channel_count(const struct client *c)
{
	return CLIENT_REQUESTS + c->host->cells;
}

static u8 channel_at(u32 n)
{
	return (u8)(n < CLIENT_REQUESTS ? n : LINE_CONSOLE + n - CLIENT_REQUESTS);
}

static void begin_requests(struct client_requests *r)
{
	r->start += r->size;
	r->sent = r->start;
	r->size = 0;
	r->in_size = 0;
	r->busy = false;
	r->ticket++;
}

static void begin_stream(struct client_stream *s, const struct serve_stream *source)
{
	s->open = false;
	s->acked = s->sent = stream_next(source, stream_start(source));
}

static void begin(struct client *c, u32 id)
{
	c->session = true;
	c->id = id;
	for (u32 i = 0; i < CLIENT_REQUESTS; i++)
		begin_requests(&c->requests[i]);
	begin_stream(&c->log, c->host->log);
	for (u32 i = 0; i < c->host->cells; i++)
		begin_stream(&c->consoles[i], &c->host->consoles[i]);
}

static void hello(struct client *c, u64 now)
{
	struct line_welcome welcome = { .magic = LINE_MAGIC, .boot = c->host->boot, .cells = c->host->cells, .channels = (u16)channel_count(c) };

	if (c->parser.size < sizeof(struct line_hello) || frame_get(c->parser.payload, 4) != LINE_MAGIC)
		return;
	welcome.session = (u32)frame_get(c->parser.payload + 4, 4);
	if (c->parser.head.version == LINE_VERSION && (!c->session || c->id != welcome.session))
		begin(c, welcome.session);
	c->alive = now;
	put_frame(c, LINE_WELCOME, 0, 0, &welcome, sizeof(welcome));
	if (c->parser.head.version != LINE_VERSION)
		return;
	for (u32 i = 0; i < channel_count(c); i++)
		put_state(c, channel_at(i));
}

void client_end(struct client *c)
{
	if (c->session)
		put_frame(c, LINE_BYE, 0, 0, NULL, 0);
	c->session = false;
}

/* ---- what it sends ---- */

/* A whole message is in front: it goes up, and nothing else of this channel until it is answered. */
static void take_request(struct client *c, u8 channel)
{
	struct client_requests *r = &c->requests[channel];
	u8 message[LINE_MESSAGE];
	u32 size = r->in_size >= sizeof(struct line_request) ? (u32)frame_get(r->in, 2) : 0;

	if (r->busy || r->in_size < sizeof(struct line_request))
		return;
	if (size < sizeof(struct line_request) || size > LINE_MESSAGE) {
		r->in_size = 0; /* nothing behind it can be understood; the next session begins anew */
		return;
	}
	if (r->in_size < size)
		return;
	memcpy(message, r->in, size);
	r->in_size -= size;
	memmove(r->in, r->in + size, r->in_size);
	r->op = message[2];
	r->tag = message[3];
	r->busy = true;
	c->host->request(c->host->of, c, channel, ++r->ticket, message, size);
}

static void take_typed(struct client *c, u16 cell)
{
	struct client_stream *s = &c->consoles[cell];
	u32 took = s->typed_size ? c->host->type(c->host->of, c, cell, s->typed, s->typed_size) : 0;

	if (!took || took > s->typed_size)
		return;
	s->typed_size -= took;
	memmove(s->typed, s->typed + took, s->typed_size);
	put_ack(c, (u8)(LINE_CONSOLE + cell)); /* there is room again */
}

/* Without room it sends DATA without payload: that is how one notices that it would. */
static void deny(struct client *c, u8 channel)
{
	put_frame(c, LINE_READ_ONLY, channel, 0, NULL, 0);
	c->host->denied(c->host->of, c, (u16)(channel - LINE_CONSOLE));
}

static void data(struct client *c, u8 channel)
{
	const struct frame_parser *p = &c->parser;
	u32 size = p->size;

	if (channel >= LINE_CONSOLE && c->role == ROLE_OBSERVER)
		deny(c, channel);
	if (p->head.position == taken_of(c, channel) && size <= room_of(c, channel) && size) {
		if (is_request(channel)) {
			struct client_requests *r = &c->requests[channel];

			memcpy(r->in + r->in_size, p->payload, size);
			r->in_size += size;
			r->taken += size;
			take_request(c, channel);
		} else {
			struct client_stream *s = &c->consoles[channel - LINE_CONSOLE];

			memcpy(s->typed + s->typed_size, p->payload, size);
			s->typed_size += size;
			s->taken += size;
			take_typed(c, (u16)(channel - LINE_CONSOLE));
		}
	}
	put_ack(c, channel);
}

static void ack_requests(struct client *c, u8 channel, u32 position, u64 now)
{
	struct client_requests *r = &c->requests[channel];
	u32 moved = position - r->start;

	if (moved > r->sent - r->start) {
		put_state(c, channel);
		return;
	}
	if (!moved)
		return;
	r->start = position;
	r->size -= moved;
	memmove(r->answers, r->answers + moved, r->size);
	r->since = now;
}

static void ack_stream(struct client *c, u8 channel, u32 position, u64 now)
{
	struct serve_stream *source;
	struct client_stream *s = stream_of(c, channel, &source);

	s->open = c->parser.size < sizeof(struct line_ack) ? s->open : frame_get(c->parser.payload, 4) != 0;
	/* It may have been here before: then it goes on where it was. */
	if (s->sent == s->acked && stream_next(source, position) == position)
		s->acked = s->sent = position;
	if (position - s->acked > s->sent - s->acked) {
		put_state(c, channel);
		return;
	}
	if (position != s->acked)
		s->since = now;
	s->acked = position;
}

static void frame(struct client *c, u64 now)
{
	struct line_head head = c->parser.head;
	struct serve_stream *source;

	if (head.kind == LINE_HELLO) {
		hello(c, now);
		return;
	}
	if (!c->session || head.version != LINE_VERSION)
		return;
	if (head.kind == LINE_BYE) {
		client_end(c);
		return;
	}
	if (!is_request(head.channel) && !stream_of(c, head.channel, &source))
		return;
	switch (head.kind) {
	case LINE_DATA: data(c, head.channel); break;
	case LINE_ACK:
		if (is_request(head.channel))
			ack_requests(c, head.channel, head.position, now);
		else
			ack_stream(c, head.channel, head.position, now);
		break;
	case LINE_ALIVE: put_state(c, head.channel); break;
	default: break;
	}
}

void client_input(struct client *c, const u8 *bytes, u32 size, u64 now)
{
	for (u32 i = 0; i < size; i++)
		switch (frame_byte(&c->parser, bytes[i])) {
		case FRAME_WHOLE: frame(c, now); break;
		case FRAME_BAD: c->damaged++; break;
		case FRAME_MORE: break;
		}
}

/* ---- what it gets ---- */

void client_answer(struct client *c, u8 channel, u32 ticket, enum line_status status, const void *payload, u32 size, u16 part, bool more)
{
	struct client_requests *r = &c->requests[channel];
	struct line_answer head = { .op = r->op, .tag = r->tag, .status = (u8)status, .more = more, .part = part };

	if (!r->busy || ticket != r->ticket || size > LINE_MESSAGE - sizeof(head))
		return;
	head.size = (u16)(sizeof(head) + size);
	if (r->room - r->size < head.size) {
		u32 room = r->room ? 2 * r->room : 4096;
		u8 *larger = realloc(r->answers, room);

		if (!larger) {
			c->broken = true;
			return;
		}
		r->answers = larger;
		r->room = room;
	}
	memcpy(r->answers + r->size, &head, sizeof(head));
	if (size)
		memcpy(r->answers + r->size + sizeof(head), payload, size);
	r->size += head.size;
	if (!more)
		r->busy = false;
}

static void serve_requests(struct client *c, u8 channel, u64 now)
{
	struct client_requests *r = &c->requests[channel];

	if (r->sent != r->start && now - r->since >= CLIENT_RESEND_MS)
		r->sent = r->start;
	while (r->sent - r->start < r->size && c->out_size < CLIENT_OUT) {
		u32 from = r->sent - r->start, size = r->size - from < LINE_PAYLOAD ? r->size - from : LINE_PAYLOAD;

		if (!from)
			r->since = now;
		put_frame(c, LINE_DATA, channel, r->sent, r->answers + from, size);
		r->sent += size;
	}
	take_request(c, channel);
}

static void serve_stream(struct client *c, u8 channel, u64 now)
{
	struct serve_stream *source;
	struct client_stream *s = stream_of(c, channel, &source);
	u8 piece[LINE_PAYLOAD];

	if (!s->open)
		return;
	if (s->sent != s->acked && now - s->since >= CLIENT_RESEND_MS)
		s->sent = s->acked;
	while (c->out_size < CLIENT_OUT && s->sent - s->acked < CLIENT_FLIGHT) {
		u32 next = stream_next(source, s->sent), size;

		if (next != s->sent) {
			if (s->sent != s->acked)
				return; /* first what is before the gap */
			s->acked = s->sent = next;
			put_state(c, channel);
		}
		size = stream_peek(source, s->sent, piece, LINE_PAYLOAD);
		if (!size)
			return;
		if (s->sent == s->acked)
			s->since = now;
		put_frame(c, LINE_DATA, channel, s->sent, piece, size);
		s->sent += size;
	}
}

void client_serve(struct client *c, u64 now)
{
	if (!c->session)
		return;
	for (u8 i = 0; i < CLIENT_REQUESTS; i++)
		if (is_request(i))
			serve_requests(c, i, now);
	serve_stream(c, LINE_LOG, now);
	for (u16 i = 0; i < c->host->cells; i++) {
		serve_stream(c, (u8)(LINE_CONSOLE + i), now);
		take_typed(c, i);
	}
	if (now - c->alive >= LINE_ALIVE_MS && c->out_size < CLIENT_OUT) {
		c->alive = now;
		put_state(c, channel_at(c->turn++ % channel_count(c)));
	}
}

u32 client_wait(const struct client *c, u64 now)
{
	u64 gone = now - c->alive;

	if (!c->session)
		return LINE_ALIVE_MS;
	for (u32 i = 0; i < c->host->cells; i++)
		if (c->consoles[i].typed_size)
			return 20; /* until the board has room */
	return gone >= LINE_ALIVE_MS ? 0 : (u32)(LINE_ALIVE_MS - gone);
}
