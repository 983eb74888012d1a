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
 */
#ifndef CLOISON_CORE_LINE_H
#define CLOISON_CORE_LINE_H

#include "core/line_format.h"

void line_init(void);
/* A byte from the UART. True: it is, or may be, part of a frame; else it is a key. Those that turned out not to be are given back: line_key. */
bool line_input(u8 byte, u64 now);
/* The next byte that was taken for part of a frame and is a key after all; -1: there is none. */
int line_key(u64 now);
/* Is there a session? Then nothing goes out as plain text. */
bool line_is_framed(void);
/* Hand out up to so many bytes, as far as the UART takes them. now: ticks. */
void line_round(u64 now, u32 bytes);

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
