/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The records of the log (log.h), one after the other. All but log_waiting and log_line: only the CPU that pumps (console.c). */
#ifndef CLOISON_CORE_LOG_READ_H
#define CLOISON_CORE_LOG_READ_H

#include "core/line_format.h"

#define LOG_DATA 568u    /* bytes of arguments, at most */
#define LOG_RECORDS 128u /* most that wait in one CPU's ring */

/* Its first head.size bytes are what goes over the line. */
struct log_record {
	struct line_log head;
	u8 data[LOG_DATA];
};

/* How much of this CPU's ring waits: not 0, there is a record. */
u32 log_waiting(u32 cpu);
/*
 * Take this CPU's oldest record, as its line. Returns its length, the final 0 included; 0: there is none. left: so much of what
 * waits may be taken; it becomes less by what was.
 */
u32 log_text(u32 cpu, u32 *left, char *text, u32 size);
/*
 * Take the oldest record of all CPUs; returns its size, at most LINE_PAYLOAD; 0: there is none. A line that is too long for
 * that (MESSAGE_PLAIN) comes in pieces, records with the same sequence.
 */
u32 log_take(struct log_record *record);
/* The line of a record that was taken, with no \n; its length. size > 0. */
u32 log_line(const struct log_record *record, char *text, u32 size);

#endif
