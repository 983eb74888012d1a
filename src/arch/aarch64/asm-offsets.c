/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Structure offsets for the two .S files. The build compiles this file to
 * assembly and turns each "->NAME value" line into a #define in asm-offsets.h.
 */
#include "core/cell.h"
#include "core/panic.h"
#include "gic.h"
#include "idregs.h"
#include "trap.h"

#define DEFINE(name, value) __asm__ volatile("\n.ascii \"->" #name " %0\"" : : "i"((u64)(value)))

void asm_offsets(void);
void asm_offsets(void)
{
	DEFINE(FRAME_X0, offsetof(struct cpu, frame.x));
	DEFINE(CPU_EXITS_HVC, offsetof(struct cpu, exits) + EXIT_HVC * sizeof(u64));
	DEFINE(CPU_EXITS_SGI, offsetof(struct cpu, exits) + EXIT_SGI * sizeof(u64));
	DEFINE(CPU_EXITS_IRQCHIP, offsetof(struct cpu, exits) + EXIT_IRQCHIP * sizeof(u64));
	DEFINE(CPU_EXITS_ID, offsetof(struct cpu, exits) + EXIT_ID * sizeof(u64));
	DEFINE(CPU_EXITS_SYSREG, offsetof(struct cpu, exits) + EXIT_SYSREG * sizeof(u64));
	DEFINE(GICD_IROUTER, GICD_IROUTER);
	DEFINE(GIC_LINE_WORDS, GIC_LINE_WORDS);
	DEFINE(PA_RANGE_MAX, ID_PA_RANGE_MAX);
	DEFINE(COUNT_EXITS, CONFIG_EXIT_COUNTERS);
	DEFINE(CPU_SGI_RARE, offsetof(struct cpu, arch.sgi_rare));
	DEFINE(CPU_EXITS_VDEV, offsetof(struct cpu, exits) + EXIT_VDEV * sizeof(u64));
	DEFINE(CPU_GLANCED_AT, offsetof(struct cpu, glanced_at));
	DEFINE(CPU_KICK_PRIORITY, offsetof(struct cpu, arch.kick_priority));
	DEFINE(CPU_GICD_BASE, offsetof(struct cpu, arch.gicd_base));
	DEFINE(CPU_CELL, offsetof(struct cpu, cell));
	DEFINE(CELL_LINES, offsetof(struct cell_config, arch.lines));
	DEFINE(CELL_GICR_BASE, offsetof(struct cell_config, arch.gicr_base));
	DEFINE(GICR_FRAMES, CELL_VCPU_LIMIT * GICR_SIZE / 4096);
	DEFINE(PANIC_X19, offsetof(struct panic_state, regs[19]));
	DEFINE(CPU_DUMP, offsetof(struct cpu, arch.dump));
	DEFINE(CPU_STACK_HALF, CPU_STACK_SIZE / 2);
	DEFINE(CPU_VGIC, offsetof(struct cpu, arch.vgic));
	DEFINE(CPU_EXITS_WFI, offsetof(struct cpu, exits) + EXIT_WFI * sizeof(u64));
	DEFINE(REGS_SIZE, sizeof(struct arch_regs));
	DEFINE(REGS_HW_ID, offsetof(struct arch_regs, hw_id));
	DEFINE(REGS_STACK, offsetof(struct arch_regs, stack));
	DEFINE(REGS_SCTLR, offsetof(struct arch_regs, sctlr_el2));
	DEFINE(REGS_TCR, offsetof(struct arch_regs, tcr_el2));
	DEFINE(REGS_MAIR, offsetof(struct arch_regs, mair_el2));
	DEFINE(REGS_TTBR0, offsetof(struct arch_regs, ttbr0_el2));
	DEFINE(COPIER_CLEAN_OFFSET, COPIER_CLEAN);
	DEFINE(COPIER_READ_OFFSET, COPIER_READ);
	DEFINE(COPIER_CLEAR_OFFSET, COPIER_CLEAR);
	DEFINE(COPIER_ACCESS_OFFSET, COPIER_ACCESS);
	DEFINE(COUNT_CPUS, CPU_COUNT);
	DEFINE(COUNT_CELLS, CELL_COUNT);
	DEFINE(COUNT_RAM_BANKS, RAM_BANK_COUNT);
	DEFINE(CPU_TRACE_HEAD, offsetof(struct cpu, trace.head));
	DEFINE(CPU_TRACE_RING, offsetof(struct cpu, trace_ring));
	DEFINE(TRACE_INDEX_BITS, TRACE_BITS);
	DEFINE(RAM_BANK_SIZE, sizeof(struct ram_bank));
}
