/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Requests: messages out, parts of answers in, by their tags. The core answers those of a channel one after the other, so only
 * one of each channel is sent at a time; which of them it was is never in doubt.
 */
#include <stdlib.h>
#include <string.h>

#include "session.h"
#include "text.h"

static bool is_request_channel(unsigned channel)
{
	return channel == LINE_MANAGE || (channel >= LINE_METRICS && channel <= LINE_DEBUG);
}

/* The first of a channel: who is, or will be, answered next. */
static struct pending *first_of(struct cellctl *c, unsigned channel)
{
	for (struct pending *p = c->pending; p; p = p->next)
		if (p->channel == channel)
			return p;
	return NULL;
}

static void unlink_pending(struct cellctl *c, struct pending *p)
{
	struct pending **at = &c->pending;

	while (*at && *at != p)
		at = &(*at)->next;
	if (*at)
		*at = p->next;
}

/* It is over; its caller hears why. */
static void give_up(struct cellctl *c, struct pending *p, int error)
{
	unlink_pending(c, p);
	p->part(p->context, error, LINE_FAILED, NULL, 0, p->parts, false);
	free(p);
}

int cellctl_begin(struct cellctl *c, unsigned channel, unsigned op, const void *arguments, size_t size, cellctl_part *part, void *context)
{
	struct line_request head = { .size = (uint16_t)(sizeof head + size), .op = (uint8_t)op, .tag = ++c->tag };
	struct pending *p, **end = &c->pending;

	if (!is_request_channel(channel) || size > LINE_MESSAGE - sizeof head)
		return session_fail(c, CELLCTL_USAGE, _("a request of %zu bytes on channel %u is none"), size, channel);
	p = calloc(1, sizeof *p);
	if (!p)
		return session_fail(c, CELLCTL_FAILED, _("out of memory"));
	p->channel = (uint8_t)channel;
	p->tag = head.tag;
	p->part = part;
	p->context = context;
	p->size = head.size;
	p->deadline = session_now() + c->options.timeout;
	memcpy(p->message, &head, sizeof head);
	if (size)
		memcpy(p->message + sizeof head, arguments, size);
	while (*end)
		end = &(*end)->next;
	*end = p;
	return 0;
}

/* Only whole messages go into the sender: so a session that begins anew never begins in the middle of one. */
static void send_first(struct cellctl *c, struct pending *p, uint64_t now)
{
	struct channel *ch = c->channels[p->channel];

	if (p->sent || !ch || !ch->known || sender_room(&ch->out) < p->size)
		return;
	sender_put(&ch->out, p->message, p->size);
	p->sent = true;
	p->deadline = now + c->options.timeout;
}

void request_serve(struct cellctl *c, uint64_t now)
{
	bool seen[CHANNELS] = { false };

	for (struct pending *p = c->pending, *next; p; p = next) {
		next = p->next;
		if (seen[p->channel])
			p->deadline = now + c->options.timeout; /* its turn has not come */
		else if (c->state == SESSION_UP)
			send_first(c, p, now);
		seen[p->channel] = true;
		if (now >= p->deadline) {
			give_up(c, p, CELLCTL_TIMEOUT);
			return; /* whoever was told may have changed the list; the others' turn is in a moment */
		}
	}
}

void request_lost(struct cellctl *c, unsigned channel, int error)
{
	struct pending *lost = NULL, **end = &lost, **at = &c->pending;

	while (*at) {
		struct pending *p = *at;

		if (!p->sent || (channel != CHANNELS && p->channel != channel)) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		p->next = NULL;
		*end = p;
		end = &p->next;
	}
	if (lost)
		session_fail(c, error, "%s", cellctl_error_text(CELLCTL_LOST));
	while (lost) {
		struct pending *p = lost;

		lost = p->next;
		p->part(p->context, error, LINE_FAILED, NULL, 0, p->parts, false);
		free(p);
	}
}

void request_free(struct cellctl *c)
{
	while (c->pending)
		give_up(c, c->pending, CELLCTL_CLOSED);
}

/* A whole message of an answer. Those of somebody who waits no more have another tag. */
static void take_answer(struct cellctl *c, unsigned channel, const uint8_t *message, size_t size)
{
	struct pending *p = first_of(c, channel);
	struct line_answer head;

	memcpy(&head, message, sizeof head);
	if (!p || !p->sent || head.tag != p->tag || head.op != ((const struct line_request *)p->message)->op)
		return;
	bool more = head.more && head.status == LINE_OK;
	unsigned part = p->parts++;
	cellctl_part *tell = p->part;
	void *context = p->context;

	p->deadline = session_now() + c->options.timeout;
	if (head.part != part) {
		session_fail(c, CELLCTL_PROTOCOL, _("part %u of an answer came in the place of part %u"), head.part, part);
		give_up(c, p, CELLCTL_PROTOCOL);
		return;
	}
	if (!more) {
		unlink_pending(c, p);
		free(p);
	}
	tell(context, 0, head.status, message + sizeof head, size - sizeof head, part, more);
}

void request_bytes(struct cellctl *c, unsigned channel, const uint8_t *bytes, size_t size)
{
	struct channel *ch = c->channels[channel];
	uint8_t message[LINE_MESSAGE];

	for (size_t i = 0; i < size; i++) {
		int whole = session_assemble(ch, bytes[i], sizeof(struct line_answer), LINE_MESSAGE);

		if (whole < 0) { /* Nobody knows where the next one begins. Another session does: its channels begin anew. */
			c->session++;
			c->hello_at = 0;
			c->state = SESSION_HELLO;
			session_fail(c, CELLCTL_PROTOCOL, _("an answer of %u bytes is none"), (unsigned)frame_get(ch->assembly, 2));
			request_lost(c, channel, CELLCTL_PROTOCOL);
			return;
		}
		if (whole) {
			memcpy(message, ch->assembly, (size_t)whole);
			take_answer(c, channel, message, (size_t)whole);
		}
	}
}

/* ---- for who waits ---- */

#define LOST_TRIES 3u

/* The answer, in `answer`; or each part with its size in front, if there is `part`: it is told when all have come. */
struct ask {
	cellctl_part *part;
	void *context;
	uint8_t *answer;
	size_t room, size;
	bool done, over;
	int error;
	unsigned status;
};

/* With the size in front of it, and with more room. False: there is no memory. */
static bool keep_part(struct ask *ask, uint16_t size)
{
	if (ask->room - ask->size < size + sizeof size) {
		size_t room = ask->room * 2 + LINE_MESSAGE + sizeof size;
		uint8_t *larger = realloc(ask->answer, room);

		if (!larger)
			return false;
		ask->answer = larger;
		ask->room = room;
	}
	memcpy(ask->answer + ask->size, &size, sizeof size);
	ask->size += sizeof size;
	return true;
}

static void asked(void *context, int error, unsigned status, const void *payload, size_t size, unsigned part, bool more)
{
	struct ask *ask = context;

	ask->error = error;
	ask->status = status;
	ask->done = !more;
	(void)part;
	if (error || status != LINE_OK)
		return;
	ask->over |= ask->part ? !keep_part(ask, (uint16_t)size) : size > ask->room - ask->size;
	if (!ask->over && size)
		memcpy(ask->answer + ask->size, payload, size);
	if (!ask->over)
		ask->size += size;
}

static int status_error(struct cellctl *c, unsigned status)
{
	c->status = status;
	switch (status) {
	case LINE_OK: return 0;
	case LINE_UNKNOWN: return session_fail(c, CELLCTL_UNKNOWN, _("this core cannot do that: it is not built in, or not of its version"));
	case LINE_INVALID: return session_fail(c, CELLCTL_UNKNOWN, _("the core knows no such cell, vCPU or range"));
	case LINE_DENIED: return session_fail(c, CELLCTL_DENIED, _("the partition, or the role at the server, does not allow it"));
	case LINE_REFUSED: return session_fail(c, CELLCTL_NO, _("not in this state"));
	case LINE_FAILED: return session_fail(c, CELLCTL_FAILED, _("the core tried, and it did not work"));
	default: return session_fail(c, CELLCTL_PROTOCOL, _("the core answers with the unknown status %u"), status);
	}
}

static int wait_once(struct cellctl *c, struct ask *ask, unsigned channel, unsigned op, const void *arguments, size_t size)
{
	int error = cellctl_begin(c, channel, op, arguments, size, asked, ask);

	if (error)
		return error;
	while (!ask->done) {
		if ((error = session_step(c, c->options.timeout))) {
			/* Nobody is there any more to be told. */
			for (struct pending *p = c->pending, *next; p; p = next) {
				next = p->next;
				if (p->context == ask)
					give_up(c, p, error);
			}
			return error;
		}
	}
	if (ask->error == CELLCTL_TIMEOUT && c->state == SESSION_UP)
		return session_fail(c, CELLCTL_TIMEOUT, _("the core does not answer; the session is there"));
	if (ask->error == CELLCTL_TIMEOUT)
		return session_silent(c);
	if (ask->error)
		return ask->error;
	if (ask->over)
		return session_fail(c, CELLCTL_PROTOCOL, _("the answer is longer than it can be"));
	return status_error(c, ask->status);
}

/* May be asked again if the answer is lost: nothing happens by it. */
static bool only_reads(unsigned channel, unsigned op)
{
	if (channel == LINE_MANAGE)
		return op != MANAGE_OPERATE && op != MANAGE_BOARD;
	return channel == LINE_METRICS;
}

static int wait_for(struct cellctl *c, struct ask *ask, unsigned channel, unsigned op, const void *arguments, size_t size)
{
	int error;

	for (unsigned tries = 0;; tries++) {
		ask->size = 0;
		ask->done = ask->over = false;
		error = wait_once(c, ask, channel, op, arguments, size);
		if (error != CELLCTL_LOST || !only_reads(channel, op) || tries == LOST_TRIES)
			return error;
	}
}

int cellctl_ask(struct cellctl *c, unsigned channel, unsigned op, const void *arguments, size_t size, void *answer, size_t *answer_size)
{
	struct ask ask = { .answer = answer, .room = answer_size ? *answer_size : 0 };
	int error = wait_for(c, &ask, channel, op, arguments, size);

	if (answer_size)
		*answer_size = ask.size;
	return error;
}

int cellctl_ask_parts(struct cellctl *c, unsigned channel, unsigned op, const void *arguments, size_t size, cellctl_part *part, void *context)
{
	struct ask ask = { .part = part, .context = context };
	int error = wait_for(c, &ask, channel, op, arguments, size);
	unsigned number = 0;

	for (size_t at = 0; !error && at < ask.size; number++) {
		uint16_t length;

		memcpy(&length, ask.answer + at, sizeof length);
		at += sizeof length + length;
		part(context, 0, LINE_OK, ask.answer + at - length, length, number, at < ask.size);
	}
	free(ask.answer);
	return error;
}

enum line_status cellctl_status(const struct cellctl *c)
{
	return c->status;
}
