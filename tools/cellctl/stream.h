/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * One direction of a channel, as arithmetic on positions: what to send, what is new of what has come. No time, no descriptor, no
 * frame: session.c has those; so has `cellctl serve`, which is at the core's end of its clients' lines.
 *
 *     sender    base ........ next ........ end          base..end is in the ring; next: to be sent; limit: the other's room ends
 *     receiver  kept ........ position                   position: the next byte expected; kept: up to here it may be acknowledged
 */
#ifndef CELLCTL_STREAM_H
#define CELLCTL_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SENDER_SIZE 4096u /* power of two */

struct sender {
	uint32_t base, next, end;
	uint32_t limit;
	bool begun; /* positions mean something */
	uint8_t ring[SENDER_SIZE];
};

/* Where positions begin, and how far the other has room. */
void sender_begin(struct sender *s, uint32_t position, uint32_t room);
/* As much as the ring takes; returns how much that was. */
size_t sender_put(struct sender *s, const void *bytes, size_t size);
size_t sender_room(const struct sender *s);
/* What may be sent now, at most `most` bytes, to `to`; *position: of the first. `next` moves behind it. Returns how many. */
size_t sender_take(struct sender *s, uint32_t *position, void *to, size_t most);
/* Everything before position is taken, room bytes more may follow. False: position is not of what was sent. */
bool sender_acknowledge(struct sender *s, uint32_t position, uint32_t room);
/* Everything not acknowledged once more. Returns whether there is any. */
bool sender_again(struct sender *s);
/* Is there something that could not be sent because the other has no room? */
bool sender_is_stuck(const struct sender *s);
bool sender_is_empty(const struct sender *s);

struct receiver {
	uint32_t position, kept;
	bool begun;
};

enum received { RECEIVED_NEW, RECEIVED_AGAIN, RECEIVED_GAP };

/*
 * The other side's stream can be had from start up to end. Returns how many bytes between where this one was and start will
 * never come (0 the first time: nobody knows).
 */
uint32_t receiver_state(struct receiver *r, uint32_t start, uint32_t end);
/* A piece has come: *skip bytes of it are known already. Only of RECEIVED_NEW position moves; kept does not. */
enum received receiver_take(struct receiver *r, uint32_t position, size_t size, size_t *skip);

#endif
