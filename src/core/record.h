/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What stopped cells leave behind, and the counters, as lines of the core.
 * Made line by line as the log has room, so a long report cannot displace
 * anything. Only the CPU that pumps.
 */
#ifndef CLOISON_CORE_RECORD_H
#define CLOISON_CORE_RECORD_H

#include "core/cell.h"

/* Ask for the status of all cells; a request during a status starts it again. Service CPU. */
void record_status(void);
/* Write the next lines of what is due: records first, then the status, then what the command line asked for. */
void record_poll(void);
/* Is a record waiting to be printed? */
bool record_is_due(void);

#define RECORD_POWERS (VCPU_ON + 1u)
extern const char record_exit_names[EXIT_REASON_COUNT][8]; /* "hvc" */
extern const char record_power_names[RECORD_POWERS][8];    /* of enum vcpu_state: "on" */

/* ---- between record.c and record_life.c; life_none.c is a core without that ---- */

#define RECORD_REGS_PER_LINE 4u
#define RECORD_REG_COUNT ARRAY_COUNT(((struct record *)0)->regs)
#define RECORD_REG_LINES ((RECORD_REG_COUNT + RECORD_REGS_PER_LINE - 1) / RECORD_REGS_PER_LINE)

/* name: a=0x.. b=0x.. of up to four words; numbered names x<first>.. unless given. */
void record_words(u32 cell, const char (*names)[REGISTER_NAME], u32 first, const u64 *words, u32 count);
/* That line of 31 general registers. */
void record_regs(u32 cell, const u64 *regs, u32 line);
/* Was the cell stopped by somebody else, so that the record has no registers? Then it is told by these. */
bool record_is_told(const struct record *record);
void record_told_line(u32 cell, u32 line);
u32 record_told_lines(u32 cell);
/* Is nothing more awaited for the record? */
bool record_is_complete(u32 cell);
/* Before each line: is it still that of the last one? Else it begins again: the cell's next end was written over it. */
bool record_goes_on(u32 cell, u32 line);
/* The line of one cell's life: state, lives, why the last one ended, times. */
void record_life(u32 cell);
/* A word for why a cell was stopped: "fault". */
const char *record_reason(u32 reason);

#endif
