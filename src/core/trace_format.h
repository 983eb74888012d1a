/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * An entry of a CPU's trace: docs/trace.md. In the memory of the core, on the line (line_format.h) and in a crash record
 * (crash_format.h) it is the same 32 bytes, little endian. Shared with tools/cellctl.
 */
#ifndef CLOISON_CORE_TRACE_FORMAT_H
#define CLOISON_CORE_TRACE_FORMAT_H

#include "core/types.h"

struct trace_entry {
	u64 when;  /* ticks */
	u32 kind;  /* enum trace_kind */
	u32 code;
	u64 where;
	u64 more;
};

enum trace_kind {    /* code, where, more */
	TRACE_EXIT = 1, /* syndrome (ESR_EL2), pc, guest-physical address: it counts if the syndrome is of an abort */
	TRACE_IRQ,      /* INTID of what is pending (1023: it has gone away), pc, 0; of mediated cells */
	TRACE_LIFE,     /* enum cell_state, number of the cell, who wanted it: as record.by */
	TRACE_CALL,     /* function, pc, first argument; of hypercalls that do not only answer, behind their TRACE_EXIT */
	TRACE_RETURN,   /* 0, pc, pstate; of the exits that were not short */
};

#endif
