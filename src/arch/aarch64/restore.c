/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A cell as at boot, and a CPU as if no guest had been on it. Not here: what a
 * guest cannot write (PMU, SVE, SME, trace, statistical profiling: denied).
 */
#include "core/bound.h"
#include "core/cell.h"
#include "device.h"
#include "gic.h"
#include "gic_cpu.h"
#include "idregs.h"
#include "its.h"
#include "restore.h"
#include "sysreg.h"
#include "trap.h"
#include "vgic.h"

/* restore.S */
void restore_fp(void);
void restore_keys(void);
void restore_debug(u64 breakpoints, u64 watchpoints);

#define ID_FIELD(value, shift) ((value) >> (shift) & 0xf)
#define ISAR1_ADDRESS_KEYS (0xffULL << 4)
#define ISAR2_APA3 (0xfULL << 12)
#define FP_NONE 0xf

void restore_private(struct cpu *cpu)
{
	u64 dfr0 = idreg_read(5, 0), pfr0 = idreg_read(4, 0);

	gic_private_reset(cpu);
	WRITE_SYSREG(cntv_cval_el0, 0);
	WRITE_SYSREG(cntp_cval_el0, 0);
	WRITE_SYSREG(mdccint_el1, 0);
	WRITE_SYSREG(dbgclaimclr_el1, 0xff);
	restore_debug(ID_FIELD(dfr0, 12) + 1, ID_FIELD(dfr0, 20) + 1);
	if (ID_FIELD(pfr0, 16) != FP_NONE)
		restore_fp();
	if (ID_FIELD(pfr0, 28)) /* RAS: DISR_EL1 of a guest */
		WRITE_SYSREG(VDISR_EL2, 0);
	if (idreg_read(6, 1) & ISAR1_ADDRESS_KEYS || idreg_read(6, 2) & ISAR2_APA3)
		restore_keys();
}

/* The original is never written. What is invalid is in no TLB: nothing to invalidate. */
static void root_restore(const struct arch_cell_config *config)
{
	for (u32 i = 0; i < config->root_used; i++) {
		LOOP_BOUND(CELL_ROOT_LIMIT);
		__atomic_store_n(&config->root[i], config->root_const[i], __ATOMIC_RELAXED);
	}
	__asm__ volatile("dsb ish; isb" : : : "memory");
}

void arch_cell_unrevoke(u16 cell)
{
	gic_kicks_clear(cell); /* as it would not fault on them any more */
	root_restore(&machine_cells[cell].arch);
}

void arch_cell_restore(struct cpu *cpu)
{
	device_drain(); /* an error that the last life's devices caused would be the next one's */
	gic_cell_restore(cpu->cell_index);
	atomic_store32(&cells[cpu->cell_index].arch.gicd_ctlr, 0);
	vgic_mediated_restore(cpu->cell_index);
	if (vits_of(cpu))
		vits_restore();
	root_restore(&cpu->cell->arch);
}

/*
 * The guest is over: the CPU is as the copier needs it. HCR_EL2.DC makes the copier's memory Normal, write-back, and the run
 * root's RAM is no other at stage 2, so DC ZVA does not fault.
 */
void arch_vcpu_clear(struct cpu *cpu, u64 base, u64 size)
{
	u64 *x = cpu->frame.x;

	arch_vcpu_reset(cpu, cpu->cell->arch.load_entry, 0, true);
	/* One piece: x1 pieces left, x3 size of a cache line, x5 to x6 is cleared, x9 to x6 cleaned (entry.S) */
	x[1] = 1;
	x[3] = 4ULL << (READ_SYSREG(ctr_el0) >> 16 & 0xf);
	x[5] = x[9] = base;
	x[6] = base + size;
	WRITE_SYSREG(elr_el2, cpu->cell->arch.load_entry + COPIER_CLEAR);
}
