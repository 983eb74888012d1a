/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Entry points of the core, called by the ISA's boot code with the MMU on and interrupts masked. */
#ifndef CLOISON_CORE_BOOT_H
#define CLOISON_CORE_BOOT_H

#include "core/types.h"

struct cpu;

/* Ticks; for the boot-cost figures (hypercall CLOISON_BOOT_TIMES). Written before any cell runs. */
struct boot_times {
	u64 entry;  /* counter at the first instruction of the image */
	u64 banner; /* spent printing */
	u64 copy;   /* spent by the last loaded cell's copier */
};
extern struct boot_times boot_times;

/* Boot CPU. entry_ticks: counter value at the first instruction. */
_Noreturn void hyp_main(struct cpu *cpu, u16 index, u64 entry_ticks);
/* Every other CPU, started by arch_cpu_start. */
_Noreturn void hyp_secondary(struct cpu *cpu, u16 index);

/* One bounded round of what the core does on its own account, and when the next is due. Service CPU. */
void core_serve(struct cpu *cpu);

#endif
