/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What stopped cells leave behind, and the counters, as lines of the core.
 * Made line by line as the log has room, so a long report cannot displace
 * anything. Only the CPU that pumps.
 */
#ifndef CLOISON_CORE_RECORD_H
#define CLOISON_CORE_RECORD_H

#include "core/types.h"

/* Ask for the status of all cells; a request during a status starts it again. Service CPU. */
void record_status(void);
/* The line of one cell's life: state, lives, why the last one ended, times. */
void record_life(u32 cell);
/* A word for why a cell was stopped: "fault". */
const char *record_reason(u32 reason);
/* Write the next lines of what is due: records first, then the status, then what the command line asked for. shared: few, as the CPU is a cell's too. */
void record_poll(bool shared);
/* Is a record waiting to be printed? */
bool record_is_due(void);

#endif
