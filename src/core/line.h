/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The board's UART in frames (line_format.h, docs/line.md), in the place of lines of text: from a valid HELLO until BYE, the
 * escape key, or silence. One session at a time; a HELLO in the middle of one begins another.
 *
 *   keys.c --byte--> line_input --> frame whole --> session, channel --> request --> manage.c, metrics.c, trace_read.c, debug.c
 *                                                                    --> input of a cell's console
 *   console.c --line_round--> acknowledgements, answers, log, consoles, in turn --> UART
 *
 * Everything here happens on the service CPU, called by the pump, and is bounded by what the UART takes. A line that is dead,
 * floods or speaks nonsense costs that CPU its rounds, and nobody else anything. line_none.c: a core without CONFIG_LINE.
 *
 * Files: line.c, the session and its frames; line_channel.c, what waits in the channels; line_request.c, requests and their
 * answers; frame.c, a frame as bytes.
 */
#ifndef CLOISON_CORE_LINE_H
#define CLOISON_CORE_LINE_H

#include "core/line_format.h"

/* Positions of streams begin so near to where they wrap that every session comes by there. */
#define LINE_FIRST 0xfffff000u

/* A byte from the UART. True: it is, or may be, part of a frame; else it is a key. Those that turned out not to be are given back: line_key. */
bool line_input(u8 byte, u64 now);
/* The next byte that was taken for part of a frame and is a key after all; -1: there is none. */
int line_key(void);
/* Once a round, behind the input: what comes of time that has passed. now: ticks. */
void line_clock(u64 now);
/* Is there a session? Then nothing goes out as plain text. */
bool line_is_framed(void);
/* Hand out up to so many bytes, LINE_ROUND at most, as far as the UART takes them. now: ticks. */
#define LINE_ROUND 512u
void line_round(u64 now, u32 bytes);
/* The end of the session is at hand and text follows at once: panic, power off. Waits for the UART. */
void line_stop(void);
/* In plain text: the oldest record of the log that was handed to the last session and never acknowledged. False: there is none. */
struct log_record;
u32 line_left(char *text, u32 size);
#define LINE_LEFT 176u /* most of these */

/* Differs from boot to boot; 0 before the first HELLO. */
u32 line_boot(void);

/* Since boot. */
struct line_counters {
	u32 sessions; /* begun */
	u32 frames;   /* that came in whole */
	u32 damaged;  /* what came between two delimiters and was no frame */
	u32 ignored;  /* whole, but not of this version, channel or position */
	u32 sent;     /* frames that went out, */
	u32 resent;   /* and how often a channel began again with what was not acknowledged */
};
const struct line_counters *line_counters(void);

/* ---- for who answers requests: manage.c, metrics.c, trace_read.c, debug.c ---- */

#define LINE_PART (LINE_MESSAGE - (u32)sizeof(struct line_answer)) /* most payload of a message of an answer */

struct line_job {
	const u8 *data; /* arguments, behind struct line_request; not aligned */
	u32 size;       /* of them, bytes */
	u8 op;
	u32 part;       /* which message of the answer is wanted: 0, 1, ... */
	u64 state[2];   /* the answerer's, from part to part; zero at part 0 */
	u8 *payload;    /* room for LINE_PART bytes */
	u32 length;     /* out: bytes of payload */
	bool more;      /* out: another message follows */
	bool later;     /* out: not yet; the same call again in the next round */
};

/* Carry the request out, or its next part. Never waits. What is returned goes into struct line_answer. */
enum line_status manage_answer(struct line_job *job);
enum line_status metrics_answer(struct line_job *job);
enum line_status trace_answer(struct line_job *job);
enum line_status debug_answer(struct line_job *job);

#endif
