/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Writing a trace (trace.h). What the vectors do by themselves, C does here: the same entry, the same order.
 *
 *   head is n --barrier--> the words of entry n --barrier--> head is n + 1
 *
 * So whoever sees a new word of a slot sees that its old entry is going, and whoever sees n + 1 sees entry n.
 */
#include "core/trace.h"

void trace_write(struct cpu *cpu, enum trace_kind kind, u32 code, u64 where, u64 more)
{
	u32 head = cpu->trace.head;
	struct trace_entry *entry = &cpu->trace_ring[head % TRACE_ENTRIES];

	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&entry->when, arch_time_now(), __ATOMIC_RELAXED);
	__atomic_store_n(&entry->kind, kind, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->code, code, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->where, where, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->more, more, __ATOMIC_RELAXED);
	atomic_store32(&cpu->trace.head, head + 1);
}

/* A wish that comes back meanwhile is not lost: then the swap fails, and the next look finds it. */
void trace_follow(struct cpu *cpu)
{
	bool wanted = atomic_load32(&cpu->vcpu->trace) == TRACE_WANTED;

	if (wanted != cpu->trace.on) {
		arch_trace_switch(wanted);
		atomic_store32(&cpu->trace.on, wanted);
	}
	if (!wanted)
		arch_cas32(&cpu->vcpu->trace, TRACE_UNWANTED, TRACE_QUIET);
}

void trace_step(u16 cell, enum cell_state state, u16 by)
{
	trace_write(arch_cpu_this(), TRACE_LIFE, state, cell, by);
}
