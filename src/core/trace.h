/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What a CPU went through, entry by entry (struct trace_entry): exits of its guest, interrupts, hypercalls,
 * returns, and steps in the life of cells. The last ones are in a ring in the CPU's own page (struct cpu). That CPU alone
 * writes it; the service CPU, which maps the page read-only, finds out by itself what was overwritten meanwhile.
 *
 *   guest --second table of vectors: one entry--> the ordinary code, short or long --> C: trace_put --> one entry --> guest
 *
 * A CPU whose cell is not traced has the ordinary vectors, so its short exits know nothing of this; the long ones look at one
 * word. TRACE_SET changes that word, and the CPU follows when it is next in the core's long way, or waits in the core.
 * docs/trace.md explains what is in an entry. trace_none.c: a core without CONFIG_TRACE.
 */
#ifndef CLOISON_CORE_TRACE_H
#define CLOISON_CORE_TRACE_H

#include "core/cell.h"

/* vcpu.trace: set by the service CPU; TRACE_UNWANTED is made TRACE_QUIET by the vCPU's own CPU. */
enum trace_wish { TRACE_QUIET, TRACE_WANTED, TRACE_UNWANTED };

#define TRACE_READABLE (TRACE_ENTRIES - 1) /* at rest; the next entry goes where the oldest is */

/* ---- any CPU, about itself ---- */

/* One entry more, into the calling CPU's ring. */
void trace_write(struct cpu *cpu, enum trace_kind kind, u32 code, u64 where, u64 more);
/* In the core: follow the wish. */
void trace_follow(struct cpu *cpu);
/* A cell has come to this state. by: as record.by. Into the calling CPU's ring. */
void trace_step(u16 cell, enum cell_state state, u16 by);

static inline bool trace_is_wished(const struct vcpu *vcpu)
{
	return CONFIG_TRACE && __atomic_load_n(&vcpu->trace, __ATOMIC_RELAXED);
}

static inline void trace_put(struct cpu *cpu, enum trace_kind kind, u32 code, u64 where, u64 more)
{
	if (CONFIG_TRACE && cpu->trace.on)
		trace_write(cpu, kind, code, where, more);
}

static inline void trace_life(u16 cell, enum cell_state state, u16 by)
{
	if (trace_is_wished(cell_vcpu(cell, 0)))
		trace_step(cell, state, by);
}

/* ---- service CPU (trace_read.c) ---- */

/*
 * Up to count entries of a CPU, one behind the other, *first being the number of the first one: the one that was asked for, or
 * the oldest that is still there. Those before `end` only. Returns how many.
 */
u32 trace_read(const struct cpu *cpu, u32 *first, u32 end, struct trace_entry *to, u32 count);
/* The last entries of a CPU that is being traced, at most so many; 0, if it is not. */
u32 trace_last(const struct cpu *cpu, struct trace_entry *to, u32 count);
/* The cell's CPUs are to be traced from now on, or no more. */
void trace_set(u16 cell, bool on);

#endif
