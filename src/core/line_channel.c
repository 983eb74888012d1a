/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What waits in the channels (line_channel.h). The log has a ring of its own here: in it are whole records, taken from the
 * CPUs' rings in their order in time. What a cell prints is where console.c has it for plain text, too.
 */
#include "core/bound.h"
#include "core/cell.h"
#include "core/console.h"
#include "core/line_channel.h"
#include "core/log.h"
#include "core/log_read.h"
#include "core/mmio.h"
#include "vdev/vdev.h"

#define LOG_SIZE 4096u   /* powers of two */
#define INPUT_SIZE 64u
#define LOG_ROUND 8u     /* records in a round */
#define DROP_BYTES 256u  /* of a console at once */

_Static_assert(LOG_SIZE / sizeof(struct line_log) <= LINE_LEFT, "so many records are kept for a session at most");

struct channel channels[CHANNEL_COUNT] = {
	[0 ... CHANNEL_COUNT - 1] = { .start = LINE_FIRST, .sent = LINE_FIRST, .end = LINE_FIRST, .high = LINE_FIRST }
};

static struct {
	struct log_record next;
	u8 bytes[LOG_SIZE];
} logs;

/* What is typed at a cell, until its UART has room for it. */
static struct input {
	u32 head, tail;
	u32 life; /* it is typed at: the next one does not get it */
	u8 bytes[INPUT_SIZE];
} inputs[CELL_COUNT] = { [0 ... CELL_COUNT - 1] = { .head = LINE_FIRST, .tail = LINE_FIRST } };

/* ---- the log ---- */

/* Of the record at this position; 0: there is none, or no whole one. */
static u32 record_size(u32 position)
{
	const struct channel *c = &channels[LINE_LOG];
	u32 left = c->end - position, size = logs.bytes[position % LOG_SIZE] | (u32)logs.bytes[(position + 1) % LOG_SIZE] << 8;

	return left <= LOG_SIZE && size <= left && size >= sizeof(struct line_log) && size <= sizeof(struct log_record) ? size : 0;
}

static bool log_waits(void)
{
	for (u32 cpu = 0; cpu < CPU_COUNT; cpu++) {
		LOOP_BOUND(CPU_COUNT);
		if (log_waiting(cpu))
			return true;
	}
	return false;
}

static void log_fill(void)
{
	struct channel *c = &channels[LINE_LOG];

	for (u32 n = 0; n < LOG_ROUND && LOG_SIZE - (c->end - c->start) >= LINE_PAYLOAD; n++) {
		LOOP_BOUND(LOG_ROUND);
		u32 size = log_take(&logs.next);

		if (!size)
			break;
		for (u32 i = 0; i < size; i++) {
			LOOP_BOUND(sizeof(struct log_record));
			logs.bytes[c->end++ % LOG_SIZE] = ((const u8 *)&logs.next)[i];
		}
	}
}

u32 line_left(char *text, u32 size)
{
	struct channel *c = &channels[LINE_LOG];
	u32 bytes = record_size(c->start);

	for (u32 i = 0; i < bytes; i++) {
		LOOP_BOUND(sizeof(struct log_record));
		((u8 *)&logs.next)[i] = logs.bytes[(c->start + i) % LOG_SIZE];
	}
	c->start = c->sent = c->high = bytes ? c->start + bytes : c->end;
	return bytes ? log_line(&logs.next, text, size) + 1 : 0;
}

/* ---- out ---- */

void channel_begin(u32 index, u64 now, bool anew)
{
	struct channel *c = &channels[index];

	if (channel_is_request(index) && anew)
		request_begin(index);
	c->sent = c->start;
	c->open = channel_is_request(index);
	c->recovering = c->probing = c->ack_due = false;
	c->wait = (u32)line_ticks(LINE_RESEND_MS);
	c->since = c->moved = now;
}

static void drop(u32 index, struct channel *c)
{
	u32 size = index == LINE_LOG ? record_size(c->start) : DROP_BYTES;

	if (!size)
		size = c->end - c->start;
	c->lost += index == LINE_LOG ? 1 : size;
	channel_passed(index, c->start + size);
	c->state_due = true;
}

void channel_look(u32 index, u64 now)
{
	struct channel *c = &channels[index];
	bool console = index >= CHANNEL_CONSOLES, full = index == LINE_LOG && LOG_SIZE - (c->end - c->start) < LINE_PAYLOAD && log_waits();

	if (console) {
		c->start = console_from(index - CHANNEL_CONSOLES);
		c->end = console_to(index - CHANNEL_CONSOLES);
		full = c->end - c->start >= CONSOLE_SIZE;
	}
	if (c->start == c->end)
		c->moved = now;
	else if (full && now - c->moved >= line_ticks(LINE_STALL_MS))
		drop(index, c);
	if (c->sent - c->start > c->end - c->start)
		c->sent = c->start;
	if (c->high - c->start > c->end - c->start || c->high - c->start < c->sent - c->start)
		c->high = c->sent;
}

bool channel_may_end(u32 index, u32 position)
{
	u32 at = channels[index].start;

	if (index != LINE_LOG)
		return true;
	for (u32 n = 0; n < LOG_SIZE / sizeof(struct line_log) && at != position && record_size(at); n++) {
		LOOP_BOUND(LOG_SIZE / sizeof(struct line_log));
		at += record_size(at);
	}
	return at == position;
}

void channel_passed(u32 index, u32 position)
{
	channels[index].start = position;
	if (index >= CHANNEL_CONSOLES)
		console_passed(index - CHANNEL_CONSOLES, position);
}

/* As many records as fit. */
static u32 log_bytes(u32 from, u32 size)
{
	u32 bytes = 0, next;

	for (; (next = record_size(from + bytes)) && bytes + next <= size; bytes += next)
		LOOP_BOUND(LINE_PAYLOAD / sizeof(struct line_log));
	return bytes;
}

u32 channel_copy(u32 index, u8 *to, u32 size)
{
	const struct channel *c = &channels[index];
	u32 count = c->end - c->sent < size ? c->end - c->sent : size;

	if (channel_is_request(index)) {
		request_copy(index, c->sent, to, count);
	} else if (index == LINE_LOG) {
		count = log_bytes(c->sent, count);
		for (u32 i = 0; i < count; i++) {
			LOOP_BOUND(LINE_PAYLOAD);
			to[i] = logs.bytes[(c->sent + i) % LOG_SIZE];
		}
	} else {
		for (u32 i = 0; i < count; i++) {
			LOOP_BOUND(LINE_PAYLOAD);
			to[i] = console_at(index - CHANNEL_CONSOLES, c->sent + i);
		}
	}
	return count;
}

u32 channel_lost(u32 index)
{
	const struct vdev_config *dev = index >= CHANNEL_CONSOLES ? cell_console(index - CHANNEL_CONSOLES) : NULL;

	if (index == LINE_LOG)
		return log_lost() + channels[index].lost;
	return channels[index].lost + (dev ? (u32)dev->ops->dropped(dev) : 0);
}

/* ---- in ---- */

u32 channel_taken(u32 index)
{
	if (channel_is_request(index))
		return request_taken(index);
	return index == LINE_LOG ? 0 : inputs[index - CHANNEL_CONSOLES].head;
}

u32 channel_room(u32 index)
{
	if (channel_is_request(index))
		return request_room(index);
	if (index == LINE_LOG || !cell_console(index - CHANNEL_CONSOLES))
		return 0;
	const struct input *input = &inputs[index - CHANNEL_CONSOLES];

	return INPUT_SIZE - (input->head - input->tail);
}

void channel_take(u32 index, const u8 *bytes, u32 size)
{
	if (channel_is_request(index)) {
		request_take(index, bytes, size);
		return;
	}
	struct input *input = &inputs[index - CHANNEL_CONSOLES];

	for (u32 i = 0; i < size; i++) {
		LOOP_BOUND(LINE_PAYLOAD);
		input->bytes[input->head++ % INPUT_SIZE] = bytes[i];
	}
}

/* A cell that does not read, or has not begun, keeps what is typed at it waiting here, and makes no overrun. */
static void deliver(u32 cell)
{
	const struct vdev_config *dev = cell_console(cell);
	struct input *input = &inputs[cell];
	u32 life = atomic_load32(&cells[cell].incarnation), before;

	if (!life)
		return;
	if (input->life && input->life != life)
		input->tail = input->head;
	input->life = life;
	before = input->tail;
	for (; input->tail != input->head && dev->ops->room(dev); input->tail++) {
		LOOP_BOUND(INPUT_SIZE);
		dev->ops->put(dev, input->bytes[input->tail % INPUT_SIZE]);
	}
	if (input->tail != before)
		mmio_settle(dev);
}

void channel_work(void)
{
	for (u32 cell = 0; cell < CELL_COUNT; cell++) {
		LOOP_BOUND(CELL_COUNT);
		if (cell_console(cell))
			deliver(cell);
	}
	request_work();
	if (line_is_framed())
		log_fill();
}
