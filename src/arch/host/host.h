/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What a test sees and steers of the host ISA. Counters are written with
 * atomics, so that threads can play CPUs.
 */
#ifndef CLOISON_ARCH_HOST_HOST_H
#define CLOISON_ARCH_HOST_HOST_H

#include <setjmp.h>

#include "core/cell.h"

#define HOST_LINES 64u
#define HOST_HZ 1000000u /* a tick is a microsecond */

#define HOST_EVENTS 256u
struct host_events {
	struct iommu_event events[HOST_EVENTS];
	u32 head, tail;
};

/* What IOMMUs do, and what they did. */
struct host_iommu {
	u32 inits[IOMMU_COUNT];
	bool table[STREAM_COUNT];     /* as arch_iommu_set left it */
	bool effective[STREAM_COUNT]; /* what the hardware works by */
	u32 syncs[CELL_COUNT];
	bool silent;                  /* the hardware does not answer */
	u32 inside;                   /* a CPU is in a function that one may be in */
	void (*on_sync)(u16 cell);    /* before a SYNC is answered. NULL: nothing happens */
	struct host_events events[IOMMU_COUNT];
};

struct host {
	u64 now;                    /* ticks; moves only when a test moves it, and by step for each look */
	u64 step;
	u64 wake_at;                /* last arch_time_wake_at */
	u32 raised[HOST_LINES];     /* arch_irq_level high so far, by line */
	u32 kicks[CPU_COUNT];       /* arch_cpu_kick so far */
	u32 kick_pending[CPU_COUNT];
	u32 waits;                  /* arch_cpu_wait so far */
	u32 revoked[CELL_COUNT];
	u32 unrevoked[CELL_COUNT];
	u32 silenced[CELL_COUNT];
	u32 restored[CELL_COUNT];
	u32 irq_inits, verifies, cpu_inits;
	u32 started[CPU_COUNT];     /* arch_cpu_start so far */
	bool start_fails;
	struct host_iommu iommu;
	/* Called in arch_cpu_wait and arch_cpu_relax: a test lets something happen meanwhile. NULL: yield. */
	void (*on_wait)(struct cpu *cpu);
	void (*on_take)(const void *address, u32 size); /* arch_memory_take */
	u32 memory_cleans; /* arch_memory_clean so far, and who is told of each (a reset may come in between); NULL: nobody */
	void (*on_clean)(const void *address, u32 size);
	bool traced[CPU_COUNT];       /* arch_trace_switch */
	u32 trace_calls[CELL_COUNT];
	/* Registers of devices; NULL: nothing is there, all ones. */
	u32 (*device_read)(u64 address, u32 size);
	void (*device_write)(u64 address, u32 size, u32 value);
};

extern struct host host;
extern struct cpu host_cpus[CPU_COUNT];

/* How a function that does not return ended. */
enum host_end { HOST_RETURNED, HOST_HALT, HOST_BOARD_OFF, HOST_ENTER, HOST_ESCAPE, HOST_BOARD_RESET };

extern _Thread_local jmp_buf host_exit;
extern _Thread_local bool host_exit_set;

/* Where a call of a _Noreturn function of the contract comes back to. */
#define HOST_CATCH(end, statement)                                        \
	do {                                                              \
		host_exit_set = true;                                     \
		(end) = (enum host_end)setjmp(host_exit);                 \
		if (!(end)) {                                             \
			statement;                                        \
		}                                                         \
		host_exit_set = false;                                    \
	} while (0)

/* An IOMMU has refused something. */
void host_event(u16 iommu, struct iommu_event event);
/* Everything as after power-on; the calling thread is CPU 0. */
void host_reset(void);
/* The calling thread plays this CPU from now on; cpu_init is done for it. */
struct cpu *host_become(u16 index);
/* Leave the innermost HOST_CATCH, for instance out of on_wait. */
_Noreturn void host_leave(enum host_end end);

#endif
