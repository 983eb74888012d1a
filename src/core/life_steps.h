/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What life.c and life_cpu.c share. */
#ifndef CLOISON_CORE_LIFE_STEPS_H
#define CLOISON_CORE_LIFE_STEPS_H

#include "core/life.h"

/*
 * A word that comes with a kick names a life and is written twice, before and
 * after: who waits for it goes only when it is sent, so that no kick is under
 * way to a CPU that enters a guest. That of an older life means nothing, and
 * nobody has to clear it.
 */
#define KICK_COMES(incarnation) ((incarnation) ? 2 * (incarnation) : ~1u) /* 0 is a word that nobody has written */
#define KICK_SENT(incarnation) (2 * (incarnation) + 1)

/* Figures and times: of no consequence to anybody, but read by others. */
ONE_INSTRUCTION u64 life_get(const u64 *at) { return __atomic_load_n(at, __ATOMIC_RELAXED); }
ONE_INSTRUCTION void life_put(u64 *at, u64 value) { __atomic_store_n(at, value, __ATOMIC_RELAXED); }

/* Tell the cell's first CPU. */
void life_tell(u16 cell, u32 *word, u32 incarnation);
/* Where an end for this event leads to, if its action is to restart: the limit is looked at, and whether its devices allow it. */
u32 life_again(u16 cell);
/* The event of its table that a stop for this reason is; EVENT_COUNT: none, it is its own wish. */
enum life_event life_event_of(enum stop_reason reason);

#endif
