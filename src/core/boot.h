/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Entry points of the core, called by the ISA's boot code with the MMU on and interrupts masked. */
#ifndef CLOISON_CORE_BOOT_H
#define CLOISON_CORE_BOOT_H

#include "core/types.h"

struct cpu;

/* Ticks; for the boot-cost figures (hypercall CLOISON_BOOT_TIMES). */
struct boot_times {
	u64 entry;  /* counter at the first instruction of the image */
	u64 banner; /* spent printing */
	u64 copy;   /* spent by the copier of the cell that was loaded last: a figure for one cell */
};
extern struct boot_times boot_times;

/* Boot CPU. entry_ticks: counter value at the first instruction. */
_Noreturn void hyp_main(struct cpu *cpu, u16 index, u64 entry_ticks);
/* Every other CPU, started by arch_cpu_start. */
_Noreturn void hyp_secondary(struct cpu *cpu, u16 index);

/*
 * The service CPU: one bounded round of everything the core does on its own
 * account, and when the next is due. A service CPU that a mediated cell has
 * too calls this from the tick's interrupt, and when somebody wants it.
 */
void core_serve(void);
/* Any CPU: the service CPU shall do a round now. There must be one. */
void core_call_service(void);
/* Service CPU: was it called since it last asked? */
bool core_service_wanted(void);
extern u32 core_service_word; /* [A] not zero: called; for short paths that may call nothing */

#endif
