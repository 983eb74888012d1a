/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Requests and answers (line.h): bytes come in, a message that is whole is put aside and carried out part by part, each part
 * a message in the ring. Who does not take his answers stops his own channel only.
 */
#include "core/bound.h"
#include "core/frame.h"
#include "core/line_channel.h"

#define IN_SIZE 512u   /* powers of two */
#define OUT_SIZE 1024u
#define REQUEST_COUNT 4u
#define HEAD ((u32)sizeof(struct line_request))
#define ANSWER ((u32)sizeof(struct line_answer))
#define PART_LIMIT 0xffffu /* of an answer's last message */

_Static_assert(OUT_SIZE >= LINE_MESSAGE && IN_SIZE >= LINE_MESSAGE, "a message fits");
_Static_assert(sizeof(struct line_request) == 4 && sizeof(struct line_answer) == 8, "as line_format.h says");

static struct request {
	u32 taken, done; /* positions of input: come in, put aside */
	bool busy;       /* the message at hand is not answered yet */
	bool wrong;      /* it is none: its size cannot be */
	u8 tag;
	struct line_job job;
	u8 message[LINE_MESSAGE];
	u8 in[IN_SIZE];
	u8 out[OUT_SIZE];
} requests[REQUEST_COUNT] = { [0 ... REQUEST_COUNT - 1] = { .taken = LINE_FIRST, .done = LINE_FIRST } };
static u32 turn;

static u32 channel_of(u32 n)
{
	return n ? n + 1 : LINE_MANAGE; /* LINE_LOG is none */
}

static struct request *request_of(u32 index)
{
	return &requests[index ? (index - 1) % REQUEST_COUNT : 0];
}

_Static_assert(LINE_MANAGE == 0 && LINE_LOG == 1 && LINE_DEBUG == REQUEST_COUNT, "as the functions above have it");

void request_begin(u32 index)
{
	struct request *r = request_of(index);

	r->done = r->taken;
	r->busy = false;
	channels[index].start = channels[index].end;
}

void request_copy(u32 index, u32 from, u8 *to, u32 size)
{
	const struct request *r = request_of(index);

	for (u32 i = 0; i < size; i++) {
		LOOP_BOUND(LINE_PAYLOAD);
		to[i] = r->out[(from + i) % OUT_SIZE];
	}
}

u32 request_taken(u32 index)
{
	return request_of(index)->taken;
}

u32 request_room(u32 index)
{
	const struct request *r = request_of(index);

	return IN_SIZE - (r->taken - r->done);
}

void request_take(u32 index, const u8 *bytes, u32 size)
{
	struct request *r = request_of(index);

	for (u32 i = 0; i < size; i++) {
		LOOP_BOUND(LINE_PAYLOAD);
		r->in[r->taken++ % IN_SIZE] = bytes[i];
	}
}

/* ---- carrying out ---- */

static u32 in_byte(const struct request *r, u32 n)
{
	return r->in[(r->done + n) % IN_SIZE];
}

/* Put the next message aside, if it is whole. What cannot be one is answered so, and all that has come in behind it is lost with it. */
static bool begin(u32 index, struct request *r)
{
	u32 waiting = r->taken - r->done, size = in_byte(r, 0) | in_byte(r, 1) << 8;
	bool wrong = size < HEAD || size > LINE_MESSAGE;

	if (waiting < HEAD || (!wrong && waiting < size))
		return false;
	for (u32 i = 0; !wrong && i < size; i++) {
		LOOP_BOUND(LINE_MESSAGE);
		r->message[i] = (u8)in_byte(r, i);
	}
	r->tag = (u8)in_byte(r, 3);
	r->job.data = r->message + HEAD; /* one by one: all at once would be a memset to a compiler */
	r->job.size = wrong ? 0 : size - HEAD;
	r->job.op = (u8)in_byte(r, 2);
	r->job.part = 0;
	r->job.state[0] = r->job.state[1] = 0;
	r->wrong = wrong;
	r->busy = true;
	r->done = wrong ? r->taken : r->done + size;
	channels[index].ack_due = true; /* there is room */
	return true;
}

static enum line_status answer(u32 index, struct line_job *job)
{
	switch (index) {
	case LINE_MANAGE:
		return manage_answer(job);
	case LINE_METRICS:
		return metrics_answer(job);
	case LINE_TRACE:
		return trace_answer(job);
	default:
		return debug_answer(job);
	}
}

static void put(struct channel *c, struct request *r, const u8 *message, u32 size)
{
	for (u32 i = 0; i < size; i++) {
		LOOP_BOUND(LINE_MESSAGE);
		r->out[c->end++ % OUT_SIZE] = message[i];
	}
}

/* One message of an answer; false: there was nothing to do. */
static bool step(u32 index)
{
	static u8 message[LINE_MESSAGE] __attribute__((aligned(8)));
	struct channel *c = &channels[index];
	struct request *r = request_of(index);
	struct line_job *job = &r->job;

	if ((!r->busy && !begin(index, r)) || OUT_SIZE - (c->end - c->start) < LINE_MESSAGE)
		return false;
	job->payload = message + ANSWER;
	job->length = 0;
	job->more = job->later = false;
	enum line_status status = r->wrong ? LINE_INVALID : answer(index, job);

	if (job->later)
		return true;
	u32 length = job->length < LINE_PART ? job->length : LINE_PART;

	r->busy = job->more && status == LINE_OK && job->part < PART_LIMIT;
	frame_put(message, ANSWER + length, 2);
	message[2] = job->op;
	message[3] = r->tag;
	message[4] = (u8)status;
	message[5] = r->busy;
	frame_put(message + 6, job->part++, 2);
	put(c, r, message, ANSWER + length);
	return true;
}

void request_work(void)
{
	for (u32 i = 0; i < REQUEST_COUNT; i++) {
		LOOP_BOUND(REQUEST_COUNT);
		turn = (turn + 1) % REQUEST_COUNT;
		if (step(channel_of(turn)))
			return;
	}
}
