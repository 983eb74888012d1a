/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "serve_stream.h"

#include <stdlib.h>
#include <string.h>

#include "core/frame.h"

#define RECORD_MIN ((u32)sizeof(struct line_log))

bool stream_make(struct serve_stream *s, u32 size, bool records)
{
	*s = (struct serve_stream){ .bytes = malloc(size), .size = size, .records = records, .count = 1 };
	return s->bytes != NULL;
}

void stream_free(struct serve_stream *s)
{
	free(s->bytes);
	s->bytes = NULL;
}

static struct stream_segment *last(struct serve_stream *s)
{
	return &s->segments[s->count - 1];
}

static void copy_out(const struct serve_stream *s, u64 index, u8 *to, u32 size)
{
	for (u32 i = 0; i < size; i++)
		to[i] = s->bytes[(index + i) & (s->size - 1)];
}

/* Of the record that begins there; never 0, and never more than there is. */
static u32 record_size(const struct serve_stream *s, u64 index, u32 length)
{
	u8 head[2];
	u32 size;

	copy_out(s, index, head, sizeof(head));
	size = (u32)frame_get(head, 2);
	return size < RECORD_MIN || size > length ? length : size;
}

static void drop_segment(struct serve_stream *s)
{
	s->count--;
	memmove(s->segments, s->segments + 1, s->count * sizeof(s->segments[0]));
}

/* The oldest byte or record goes. */
static void drop(struct serve_stream *s)
{
	struct stream_segment *first = &s->segments[0];
	u32 size = s->records && first->length ? record_size(s, first->index, first->length) : 1;

	if (first->length > size || s->count == 1) {
		size = size < first->length ? size : first->length;
		first->position += size;
		first->index += size;
		first->length -= size;
	} else {
		drop_segment(s);
	}
}

static u64 index_end(const struct serve_stream *s)
{
	const struct stream_segment *l = &s->segments[s->count - 1];

	return l->index + l->length;
}

static void begin_segment(struct serve_stream *s, u32 position)
{
	u64 index = index_end(s);

	if (!last(s)->length) {
		last(s)->position = position;
		return;
	}
	if (s->count == STREAM_SEGMENTS)
		drop_segment(s);
	s->segments[s->count++] = (struct stream_segment){ position, 0, index };
}

static bool are_records(const u8 *bytes, u32 size)
{
	u32 at = 0;

	while (size - at >= RECORD_MIN && frame_get(bytes + at, 2) >= RECORD_MIN && frame_get(bytes + at, 2) <= size - at)
		at += (u32)frame_get(bytes + at, 2);
	return at == size;
}

void stream_begin(struct serve_stream *s, u32 position)
{
	if (!s->known)
		s->segments[0].position = position;
	s->known = true;
}

void stream_put(struct serve_stream *s, u32 position, const u8 *bytes, u32 size)
{
	if (s->rebase && s->known)
		s->offset = stream_end(s) - position;
	s->rebase = false;
	position += s->offset;
	if (!size || size > s->size || (s->records && !are_records(bytes, size)))
		return; /* of a log it is a gap then: the next piece says so */
	stream_begin(s, position);
	if (position != stream_end(s))
		begin_segment(s, position);
	while (index_end(s) + size - s->segments[0].index > s->size)
		drop(s);
	for (u32 i = 0; i < size; i++)
		s->bytes[(index_end(s) + i) & (s->size - 1)] = bytes[i];
	last(s)->length += size;
}

void stream_reset(struct serve_stream *s)
{
	s->rebase = true;
}

u32 stream_start(const struct serve_stream *s)
{
	return s->segments[0].position;
}

u32 stream_end(const struct serve_stream *s)
{
	return s->segments[s->count - 1].position + s->segments[s->count - 1].length;
}

static const struct stream_segment *segment_of(const struct serve_stream *s, u32 position)
{
	for (u32 i = 0; i < s->count; i++)
		if (position - s->segments[i].position < s->segments[i].length)
			return &s->segments[i];
	return NULL;
}

u32 stream_next(const struct serve_stream *s, u32 position)
{
	if (segment_of(s, position) || position == stream_end(s))
		return position;
	/* Behind it, as far as that can be said of numbers that wrap: the nearest that begins there. */
	for (u32 i = 0; i < s->count; i++)
		if (s->segments[i].position - position < 0x80000000u)
			return s->segments[i].position;
	return stream_start(s);
}

u32 stream_peek(const struct serve_stream *s, u32 position, u8 *to, u32 room)
{
	const struct stream_segment *segment = segment_of(s, position);
	u32 skipped, left, size = 0;

	if (!segment)
		return 0;
	skipped = position - segment->position;
	left = segment->length - skipped;
	if (!s->records)
		size = left < room ? left : room;
	while (s->records && size < left) {
		u32 one = record_size(s, segment->index + skipped + size, left - size);

		if (one > room - size)
			break;
		size += one;
	}
	copy_out(s, segment->index + skipped, to, size);
	return size;
}
