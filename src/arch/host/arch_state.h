/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Mutable per-CPU state of the host ISA: a CPU is a thread. */
#ifndef CLOISON_ARCH_HOST_STATE_H
#define CLOISON_ARCH_HOST_STATE_H

#include "core/types.h"

struct arch_frame {
	u64 x[31];
	u64 pc;
};

struct arch_cpu {
	u32 resets;    /* arch_vcpu_reset so far */
	u32 quiesces;  /* arch_vcpu_quiesce so far */
	bool loading;  /* the last reset was under the load root */
	u32 cleans;    /* arch_vcpu_clean so far, and the last one */
	u64 cleaned_base, cleaned_size;
	u32 clears;    /* the same of arch_vcpu_clear */
	u64 cleared_base, cleared_size;
	u32 pauses;    /* arch_vcpu_pause so far */
	bool paused;   /* and no arch_vcpu_resume since */
	u32 steps;     /* arch_vcpu_step so far */
	/* arch_debug_arm as it was last called; what arch_debug_access was asked for, and arch_debug_brk */
	struct { u32 arms, breaks, watches, brks, accesses; bool step, write; u64 address, value; u32 bytes, brk; } debug;
};

/* Per cell, shared by its CPUs. */
struct arch_cell {
	u32 unused;
};

/* As arch_time_now. */
u64 arch_time_now(void);
u64 arch_time_hz(void);
static inline u64 arch_time_glance(void)
{
	return arch_time_now();
}

struct cpu;
extern _Thread_local struct cpu *host_this;

static inline struct cpu *arch_cpu_this(void)
{
	return host_this;
}

#endif
