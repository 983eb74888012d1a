/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Positions: stream.h. They are free-running, so what is compared is differences. */
#include "stream.h"

void sender_begin(struct sender *s, uint32_t position, uint32_t room)
{
	s->base = s->next = s->end = position;
	s->limit = position + room;
	s->begun = true;
}

size_t sender_room(const struct sender *s)
{
	return SENDER_SIZE - (s->end - s->base);
}

size_t sender_put(struct sender *s, const void *bytes, size_t size)
{
	const uint8_t *from = bytes;

	if (size > sender_room(s))
		size = sender_room(s);
	for (size_t i = 0; i < size; i++)
		s->ring[(s->end + i) % SENDER_SIZE] = from[i];
	s->end += (uint32_t)size;
	return size;
}

/* Bytes from next on that exist and for which there is room. */
static uint32_t sendable(const struct sender *s)
{
	uint32_t there = s->end - s->next;
	int32_t room = (int32_t)(s->limit - s->next);

	if (!s->begun || room <= 0)
		return 0;
	return there < (uint32_t)room ? there : (uint32_t)room;
}

size_t sender_take(struct sender *s, uint32_t *position, void *to, size_t most)
{
	uint8_t *bytes = to;
	size_t count = sendable(s);

	if (count > most)
		count = most;
	*position = s->next;
	for (size_t i = 0; i < count; i++)
		bytes[i] = s->ring[(s->next + i) % SENDER_SIZE];
	s->next += (uint32_t)count;
	return count;
}

bool sender_acknowledge(struct sender *s, uint32_t position, uint32_t room)
{
	if (!s->begun || position - s->base > s->end - s->base)
		return false;
	if (position - s->base > s->next - s->base)
		s->next = position; /* it was sent once, before sender_again */
	s->base = position;
	s->limit = position + room;
	return true;
}

bool sender_again(struct sender *s)
{
	s->next = s->base;
	return s->base != s->end;
}

bool sender_is_stuck(const struct sender *s)
{
	return s->begun && s->next != s->end && !sendable(s);
}

bool sender_is_empty(const struct sender *s)
{
	return s->base == s->end;
}

uint32_t receiver_state(struct receiver *r, uint32_t start, uint32_t end)
{
	uint32_t missed = 0;

	if (!r->begun) {
		r->position = r->kept = start;
	} else if ((int32_t)(start - r->position) > 0) {
		missed = start - r->position;
		r->position = r->kept = start;
	} else if ((int32_t)(r->position - end) > 0) {
		r->position = r->kept = start; /* it has less than it had: it is not what it was, and all it has is new */
	}
	r->begun = true;
	return missed;
}

enum received receiver_take(struct receiver *r, uint32_t position, size_t size, size_t *skip)
{
	uint32_t known = r->position - position;

	*skip = 0;
	if ((int32_t)known < 0)
		return RECEIVED_GAP;
	if (known >= size)
		return RECEIVED_AGAIN;
	*skip = known;
	r->position += (uint32_t)size - known;
	return RECEIVED_NEW;
}
