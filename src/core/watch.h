/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What the core looks after: watchdogs and heartbeats of cells, shutdown
 * requests, and events that lead to actions (machine_lives[].actions).
 */
#ifndef CLOISON_CORE_WATCH_H
#define CLOISON_CORE_WATCH_H

#include "core/life.h"
#include "core/line_format.h"

/*
 * Something has happened to a cell. Any CPU; never waits. EVENT_FAULT and EVENT_RESET are posted by who has decided
 * what becomes of the cell itself (life_decide), for what becomes of others.
 */
void watch_event(u16 cell, enum life_event event);
/* Are such events told, or only counted? */
bool watch_is_told(u16 cell, enum life_event event);
/* The calling guest is well. */
void watch_beat(struct cpu *cpu);
/*
 * Ask a running cell to shut down, in order to op (LIFE_STOP, LIFE_RESTART): key, and time. Asked again it is to end in
 * the new op, but has no more time. by: as of life_do. Service CPU.
 */
void watch_ask(u16 cell, enum life_op op, u16 by);
/* 0: it is not asked; else LIFE_STOP or LIFE_RESTART, and how many ticks are left. Any CPU. */
u32 watch_asked(u16 cell, u64 *left);
/* Nothing is awaited of a cell that begins a life or ends it. First CPU, or service CPU. */
void watch_reset(u16 cell);
/* The cell was suspended for so many ticks. Service CPU. */
void watch_slept(u16 cell, u64 ticks);
/* The board is reset or off, as soon as what is to be kept is kept: after a twentieth of a second, at the latest after one. Service CPU. */
void watch_end_board(enum manage_board what);
/* Each round of the service CPU. */
void watch_serve(void);

#endif
