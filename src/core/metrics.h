/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What is counted so that somebody can look at it later: how long the core's own paths are, and how often virtual devices
 * want an interrupt. (Exits are always counted: cell.h.) Without CONFIG_METRICS all of it is nothing.
 *
 * A path is a slow exit, from the first line of C to the last. Short ones (entry.S) do nothing of this kind, as their
 * length is known (docs/interrupts.md, make bench). What comes of waiting is no path.
 */
#ifndef CLOISON_CORE_METRICS_H
#define CLOISON_CORE_METRICS_H

#include "core/cell.h"

static inline void metrics_begin(struct cpu *cpu)
{
	if (CONFIG_METRICS)
		cpu->path_since = arch_time_glance();
}

/* The CPU waits, or has waited, in the core: this one does not count. */
static inline void metrics_void(struct cpu *cpu)
{
	if (CONFIG_METRICS)
		cpu->path_since = 0;
}

void metrics_path(struct cpu *cpu); /* metrics.c */
static inline void metrics_end(struct cpu *cpu)
{
	if (CONFIG_METRICS)
		metrics_path(cpu);
}

/* A virtual device's line has been raised, or (direct cells) made pending. Any CPU. */
static inline void metrics_raised(u16 cell)
{
	if (CONFIG_METRICS)
		__atomic_fetch_add(&cells[cell].raised, 1, __ATOMIC_RELAXED);
}

#endif
