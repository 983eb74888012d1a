/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A stream (the log, a console) as the server keeps it: the last bytes, however many clients there are and wherever they have
 * read to. Positions are those of the board, so that a client finds its place again whether it asks the board or us; what the
 * board says was missed is a gap between two segments. After a reset of the board they go on where they were.
 *
 *     start                                   end
 *       |== segment ==|  gap  |== segment ======|
 */
#ifndef CELLCTL_SERVE_STREAM_H
#define CELLCTL_SERVE_STREAM_H

#include "core/line_format.h"

#define STREAM_SEGMENTS 16u

struct stream_segment {
	u32 position, length;
	u64 index; /* of its first byte, in all that was ever put */
};

struct serve_stream {
	u8 *bytes;
	u32 size;     /* a power of two */
	bool records; /* struct line_log, whole ones only */
	u32 count;    /* of segments; at least 1 */
	u32 lost;     /* bytes (records) that the board lost, as it says */
	u32 offset;   /* to be added to the board's positions */
	bool rebase;  /* the next piece has positions of another boot */
	bool known;   /* where it is on the board */
	struct stream_segment segments[STREAM_SEGMENTS];
};

/* False: no memory. size: a power of two. */
bool stream_make(struct serve_stream *s, u32 size, bool records);
void stream_free(struct serve_stream *s);
/* Where it begins, before anything has come; later it changes nothing. */
void stream_begin(struct serve_stream *s, u32 position);
/* As it came from the board. */
void stream_put(struct serve_stream *s, u32 position, const u8 *bytes, u32 size);
/* The board was reset. */
void stream_reset(struct serve_stream *s);
u32 stream_start(const struct serve_stream *s);
u32 stream_end(const struct serve_stream *s);
/* Where a reader goes on that has everything before: the same, unless that is gone or a gap. */
u32 stream_next(const struct serve_stream *s, u32 position);
/* Bytes from there on (a result of stream_next), one behind the other; at most room; whole records. */
u32 stream_peek(const struct serve_stream *s, u32 position, u8 *to, u32 room);

#endif
