/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Trace entries for people, and as a file that Perfetto (ui.perfetto.dev) and chrome://tracing open: JSON trace events. A cell
 * is a process there, a CPU a thread of it; the core's share of an exit is a slice, all else a mark. JSON and not Perfetto's own
 * protobuf, because everybody can read it, and a test can say whether it is what the format asks for.
 */
#ifndef CELLCTL_TRACE_OUT_H
#define CELLCTL_TRACE_OUT_H

#include <stdio.h>

#include "core/line_format.h"

#define TRACE_CPUS 256u
#define TRACE_CORE 0xffffu /* cell: the core's own CPU */

/* Where a CPU belongs, and how things are called. */
struct trace_cpu {
	u16 cell;         /* or TRACE_CORE */
	const char *name; /* "cpu0" */
	const char *owner; /* name of the cell */
	bool other;       /* it is not looked at */
};

struct trace_out {
	FILE *out;
	bool json;
	u64 hz;
	const struct trace_cpu *cpus;
	u32 cpu_count;
	const char *const *states; /* NAMES_STATES */
	u32 state_count;
	/* Its own from here on: */
	bool begun;
	bool open[TRACE_CPUS];       /* an exit or an interrupt whose return has not come */
	struct trace_entry exit[TRACE_CPUS];
	u64 lost;                    /* entries, in all */
};

/* json: with what it is of, in pairs of name and text, NULL at their end. */
void trace_begin(struct trace_out *t, const char *const *about);
/* Of one CPU in their order; of several as they come (text: sort them before). */
void trace_entry(struct trace_out *t, u16 cpu, const struct trace_entry *e);
/* Entries that were overwritten before they were read. */
void trace_lost(struct trace_out *t, u16 cpu, u64 when, u32 count);
/* False: the file could not be written. */
bool trace_end(struct trace_out *t);

/* What an exception was about: "data abort". */
const char *trace_class(u32 syndrome);

#endif
