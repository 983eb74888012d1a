/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A cell's memory taken away, and its CPUs called: a suspension or a stop, at any moment. It is timed (docs/lifecycle.md),
 * so what a CPU that sleeps waits for is in this file, which is built for speed.
 */
#include "core/bound.h"
#include "core/cell.h"
#include "gic.h"
#include "gic_cpu.h"
#include "pte.h"
#include "sysreg.h"

/* Behind a DSB, so that what a kick announces is visible first. A direct cell's CPUs have lines of their own. */
static inline void kick(const struct cell_config *config)
{
	const u16 *at = &machine_cell_cpus[config->first_cpu], *end = at + config->vcpu_count;
	u16 own = arch_cpu_this()->index;

	for (; at < end; at++) {
		LOOP_BOUND(CELL_VCPU_LIMIT);
		if (*at != own)
			gic_kick(*at);
	}
	gic_kicked();
	__asm__ volatile("yield"); /* as arch_cpu_kick */
}

/*
 * No CPU has an entry that was made by this root, which is zero by now. Whoever calls has a VMID of his own: the service CPU
 * that of its guest or none, a CPU of the cell that of the load root, if it was in the copier.
 *
 * Some cores may use a walk that mixes VTTBR_EL2 and EL1 registers which never belonged together, and keep what it finds
 * (errata 1319367, 1319537, 1165522, 1530923). While the VMID is the victim's, stage 2 is on and its root is zero: such a walk
 * finds nothing. A CPU whose stage 2 is off gets that root before, with a VMID that is nobody's, and keeps it.
 */
static inline void invalidate(const struct cell_config *config, u64 vttbr)
{
	u64 hcr = READ_SYSREG(hcr_el2);
	u64 own = hcr & HCR_VM ? READ_SYSREG(vttbr_el2) : vttbr & VTTBR_ROOT;

	WRITE_SYSREG(vttbr_el2, own);
	isb();
	WRITE_SYSREG(hcr_el2, hcr | HCR_VM);
	isb();
	WRITE_SYSREG(vttbr_el2, vttbr);
	isb();
	/* Twice: some cores need it (errata 1286807 of the A76, 2441007 of the A55, 2441009 of the A510) */
	__asm__ volatile("tlbi vmalls12e1is; dsb ish; tlbi vmalls12e1is; dsb ish; isb" : : : "memory");
	kick(config); /* before the rest: they need not wait for it */
	WRITE_SYSREG(vttbr_el2, own);
	isb();
	WRITE_SYSREG(hcr_el2, hcr);
	isb();
}

void arch_cell_revoke(u16 cell)
{
	const struct cell_config *config = &machine_cells[cell];

	dsb_ish(); /* the cell's state is seen stopped before its memory is gone */
	for (u64 *entry = config->arch.root, *end = entry + config->arch.root_used; entry < end; entry++) {
		LOOP_BOUND(CELL_ROOT_LIMIT);
		__atomic_store_n(entry, 0, __ATOMIC_RELAXED);
	}
	__asm__ volatile("dsb ishst" : : : "memory");
	invalidate(config, machine_regs[machine_cell_cpus[config->first_cpu]].vttbr_run);
}
