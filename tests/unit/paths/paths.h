/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * All interleavings of a few CPUs, over the real code (explore.c). Each CPU is a
 * coroutine; it lets others in wherever it calls paths_step, and there the
 * whole state of the program - its data, and what is in use of the CPUs' stacks
 * and registers - is one of the states that are visited once.
 */
#ifndef TESTS_UNIT_PATHS_H
#define TESTS_UNIT_PATHS_H

#include "core/types.h"

#define PATHS_THREADS 3u

/* Before something that others can see. */
void paths_step(const char *what);
/* One of n, each of them in a path of its own. */
u32 paths_choose(const char *what, u32 n);
/* Goes on only when ready(thread) says so. */
void paths_wait(const char *what);
/* What must hold does not: how it came to that is printed, and explore returns false. */
void paths_fail(const char *why);
u32 paths_self(void); /* the running thread */

struct paths {
	u32 threads;
	void (*run)(u32 thread);       /* never returns */
	bool (*ready)(u32 thread);     /* of one that waits */
	void (*check)(void);           /* after each step */
	bool (*is_stable)(void);       /* from every state one of these has to be reached */
	void (*before)(u32 thread);    /* it goes on */
	u64 states, edges;             /* how many there were */
};
/* Everything from the present state of the program on. False: something is wrong, and was printed. */
bool paths_explore(struct paths *paths);

#endif
