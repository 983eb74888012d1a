/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The channels of the line, as line.c has them: positions here, bytes in line_channel.c (log, consoles), line_request.c.
 *
 *        gone      |  sent, not acknowledged  |  to be sent  |
 *              start                        sent            end            high: as far as anything was ever sent
 *
 * Positions are free-running; what they are compared by is how far they are behind start. Only the CPU that pumps.
 */
#ifndef CLOISON_CORE_LINE_CHANNEL_H
#define CLOISON_CORE_LINE_CHANNEL_H

#include "core/line.h"
#include "core/machine.h"

#define CHANNEL_CONSOLES (LINE_DEBUG + 1u) /* index of the first cell's: they have no gap, as their numbers do */
#define CHANNEL_COUNT (CHANNEL_CONSOLES + CELL_COUNT)

struct channel {
	u32 start, sent, end, high;
	u32 lost;        /* of streams, dropped here: bytes, of the log records */
	u32 room;        /* of input, as the host was last told */
	u32 wait;        /* ticks after which what was sent is sent again */
	u64 since;       /* ticks: when the oldest that was sent went out, or an ACK moved */
	u64 moved;       /* ticks: when start moved, or there was nothing */
	u64 told;        /* ticks: when its state was last sent */
	u32 recover;     /* an ACK before this one that does not move says nothing new: it was sent again already */
	bool recovering;
	bool probing;    /* nothing moved for long: one frame only, and it does not count for the flight */
	bool open;       /* the host wants it */
	bool ack_due, state_due;
};

extern struct channel channels[CHANNEL_COUNT];

static inline bool channel_is_request(u32 index)
{
	return index < CHANNEL_CONSOLES && index != LINE_LOG;
}

u64 line_ticks(u32 milliseconds);

/* ---- all of them ---- */

/* A session begins; anew: what was under way for another one is forgotten. */
void channel_begin(u32 index, u64 now, bool anew);
/* Positions as they are now; a stream that is full and stands still loses its oldest. */
void channel_look(u32 index, u64 now);
/* May the host acknowledge up to there? Only where it could stop reading. */
bool channel_may_end(u32 index, u32 position);
/* Up to there everything is taken. */
void channel_passed(u32 index, u32 position);
/* Bytes from sent on, at most size: what one frame has of them. */
u32 channel_copy(u32 index, u8 *to, u32 size);
/* What did not fit: struct line_state. */
u32 channel_lost(u32 index);
/* Input: everything before this position is taken; so many bytes may follow; take these, which fit. */
u32 channel_taken(u32 index);
u32 channel_room(u32 index);
void channel_take(u32 index, const u8 *bytes, u32 size);
/* Once a round: records of the log come in, input goes to consoles. */
void channel_work(void);

/* ---- of requests: line_request.c ---- */

void request_begin(u32 index);
void request_copy(u32 index, u32 from, u8 *to, u32 size);
u32 request_taken(u32 index);
u32 request_room(u32 index);
void request_take(u32 index, const u8 *bytes, u32 size);
/* Once a round: one message of one answer. */
void request_work(void);

#endif
