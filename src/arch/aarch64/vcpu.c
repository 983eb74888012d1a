/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A vCPU's registers: reset state, the control registers that hold it in its
 * cell, and its memory taken away. A vCPU has its CPU for itself, so nothing
 * is ever switched: what is set here stays until the next reset.
 */
#include "core/bound.h"
#include "core/cell.h"
#include "gic.h"
#include "gic_cpu.h"
#include "idregs.h"
#include "its.h"
#include "pte.h"
#include "restore.h"
#include "smccc.h"
#include "sysreg.h"
#include "trap.h"
#include "vgic.h"

_Static_assert(offsetof(struct cpu, arch.sgi_routes[SGI_ROUTE(0)]) == 8 * 63, "where entry.S looks for the route of vCPU 0");

#define SCTLR_EL1_RESET 0x30d00800ULL /* RES1, MMU and caches off */

static bool id_field(u64 value, u32 shift) { return value >> shift & 0xf; }

/*
 * Registers that reset leaves UNKNOWN and that later extensions add: all zero,
 * so that nothing is trapped or enabled but what the record says. Each exists
 * only where the ID register named in the condition says so.
 */
static void extensions_off(void)
{
	u64 mmfr0 = idreg_read(7, 0), mmfr1 = idreg_read(7, 1), mmfr3 = idreg_read(7, 3);
	u64 pfr0 = idreg_read(4, 0), dfr0 = idreg_read(5, 0);

	if (id_field(mmfr0, 56)) { /* FEAT_FGT: fine-grained traps; n-bits zero trap SME, GCS, ... */
		WRITE_SYSREG(HFGRTR_EL2, 0);
		WRITE_SYSREG(HFGWTR_EL2, 0);
		WRITE_SYSREG(HFGITR_EL2, 0);
		WRITE_SYSREG(HDFGRTR_EL2, 0);
		WRITE_SYSREG(HDFGWTR_EL2, 0);
		if (id_field(pfr0, 44))
			WRITE_SYSREG(HAFGRTR_EL2, 0);
	}
	if ((mmfr0 >> 56 & 0xf) >= 2) { /* FEAT_FGT2 */
		WRITE_SYSREG(HFGRTR2_EL2, 0);
		WRITE_SYSREG(HFGWTR2_EL2, 0);
		WRITE_SYSREG(HFGITR2_EL2, 0);
		WRITE_SYSREG(HDFGRTR2_EL2, 0);
		WRITE_SYSREG(HDFGWTR2_EL2, 0);
	}
	if (id_field(pfr0, 40)) /* MPAM: EL1 and EL0 accesses trap, partition 0 */
		WRITE_SYSREG(MPAM2_EL2, 3ULL << 48);
	if ((mmfr0 >> 60 & 0xf) >= 2) /* FEAT_ECV_POFF */
		WRITE_SYSREG(CNTPOFF_EL2, 0);
	if (id_field(mmfr1, 40)) /* FEAT_HCX */
		WRITE_SYSREG(HCRX_EL2, 0);
	if (id_field(mmfr1, 8)) /* FEAT_VHE: EL2 virtual timer */
		WRITE_SYSREG(S3_4_C14_C3_1, 0);
	if (id_field(mmfr3, 0)) /* TCR2_EL2 */
		WRITE_SYSREG(S3_4_C2_C0_3, 0);
	if (id_field(mmfr3, 4)) /* SCTLR2_EL2 */
		WRITE_SYSREG(S3_4_C1_C0_3, 0);
	if (id_field(dfr0, 40)) /* TRFCR_EL2 */
		WRITE_SYSREG(S3_4_C1_C2_1, 0);
}

/* EL2 control registers but those of the cell: once per CPU. */
static void controls_init(const struct arch_regs *regs)
{
	u64 dfr0 = idreg_read(5, 0), counters = 0;

	if (dfr0 >> 8 & 0xf && (dfr0 >> 8 & 0xf) != 0xf)
		counters = READ_SYSREG(pmcr_el0) >> 11 & 0x1f; /* HPMN must name existing counters */
	WRITE_SYSREG(vtcr_el2, regs->vtcr_el2);
	WRITE_SYSREG(mdcr_el2, regs->mdcr_el2 | counters);
	WRITE_SYSREG(cptr_el2, regs->cptr_el2);
	WRITE_SYSREG(cnthctl_el2, regs->cnthctl_el2);
	WRITE_SYSREG(cntvoff_el2, 0);
	WRITE_SYSREG(cnthp_ctl_el2, 0);
	WRITE_SYSREG(hstr_el2, 0);
	WRITE_SYSREG(hacr_el2, 0);
	WRITE_SYSREG(actlr_el2, 0);
	WRITE_SYSREG(vpidr_el2, READ_SYSREG(midr_el1));
	WRITE_SYSREG(vmpidr_el2, regs->vmpidr_el2);
	WRITE_SYSREG(ICH_HCR_EL2, regs->ich_hcr_el2);
	extensions_off();
	isb();
}

static void el1_reset(void)
{
	WRITE_SYSREG(sctlr_el1, SCTLR_EL1_RESET);
	WRITE_SYSREG(cpacr_el1, 0);
	WRITE_SYSREG(tcr_el1, 0);
	WRITE_SYSREG(ttbr0_el1, 0);
	WRITE_SYSREG(ttbr1_el1, 0);
	WRITE_SYSREG(mair_el1, 0);
	WRITE_SYSREG(amair_el1, 0);
	WRITE_SYSREG(vbar_el1, 0);
	WRITE_SYSREG(contextidr_el1, 0);
	WRITE_SYSREG(csselr_el1, 0);
	WRITE_SYSREG(tpidr_el0, 0);
	WRITE_SYSREG(tpidrro_el0, 0);
	WRITE_SYSREG(tpidr_el1, 0);
	WRITE_SYSREG(sp_el0, 0);
	WRITE_SYSREG(sp_el1, 0);
	WRITE_SYSREG(elr_el1, 0);
	WRITE_SYSREG(spsr_el1, 0);
	WRITE_SYSREG(esr_el1, 0);
	WRITE_SYSREG(far_el1, 0);
	WRITE_SYSREG(afsr0_el1, 0);
	WRITE_SYSREG(afsr1_el1, 0);
	WRITE_SYSREG(par_el1, 0);
	WRITE_SYSREG(mdscr_el1, 0);
	WRITE_SYSREG(osdlr_el1, 0);
	WRITE_SYSREG(oslar_el1, 1);
	WRITE_SYSREG(cntkctl_el1, 0);
	WRITE_SYSREG(cntv_ctl_el0, 0);
	WRITE_SYSREG(cntp_ctl_el0, 0);
}

/* Nothing of this page is zero before it is set. The size is a multiple of its alignment, 128. */
static void clear_state(struct cpu *cpu)
{
	for (u64 *p = (u64 *)&cpu->arch; p < (u64 *)(&cpu->arch + 1); p += 4)
		p[0] = p[1] = p[2] = p[3] = 0;
}

void arch_cpu_init(struct cpu *cpu)
{
	const struct arch_regs *regs = &machine_regs[cpu->index];

	BOUND_ENTRY(CPU_STACK_SIZE, BOUND_STACK);
	if (cpu->config->role == CPU_UNUSED)
		return;
	clear_state(cpu);
	machine_verify_cpu();
	gic_cpu_init(cpu);
	controls_init(regs);
	if (cpu->config->role != CPU_VCPU) {
		el1_reset(); /* nothing runs there, but nothing is to be translated by them either: invalidate */
		WRITE_SYSREG(hcr_el2, regs->hcr_run);
		isb();
		return;
	}
	smccc_probe_firmware(cpu);
	cpu->arch.gicd_typer = vgic_typer(mmio_read32(machine_board.gicd + GICD_TYPER), vits_of(cpu));
	cpu->arch.gicd_base = cpu->arch.vgic ? ~0ULL : cpu->cell->arch.gicd_base;
	cpu->arch.sgi_rare = ~(cpu->arch.vgic ? SGI1R_INTID : SGI1R_TARGETS | SGI1R_INTID);
	for (u32 n = 0; n < cpu->cell->vcpu_count && n < 16; n++) {
		cpu->arch.sgi_routes[SGI_ROUTE(n)] = gic_sgi_route(machine_cpus[machine_cell_cpus[cpu->cell->first_cpu + n]].hw_id);
		cpu->arch.sgi_targets |= 1u << n;
	}
}

void arch_vcpu_reset(struct cpu *cpu, u64 entry, u64 argument, bool loading)
{
	const struct arch_regs *regs = &machine_regs[cpu->index];

	el1_reset();
	restore_private(cpu);
	gic_reset_state(cpu);
	cpu->arch.reader.state = READER_OFF;
	WRITE_SYSREG(vttbr_el2, loading ? regs->vttbr_load : regs->vttbr_run);
	WRITE_SYSREG(hcr_el2, loading ? regs->hcr_load : regs->hcr_run);
	isb();
	__asm__ volatile("tlbi vmalls12e1; ic iallu; dsb nsh; isb" : : : "memory");
	for (u32 i = 0; i < ARRAY_COUNT(cpu->frame.x); i++)
		cpu->frame.x[i] = 0;
	cpu->frame.x[0] = argument;
	WRITE_SYSREG(elr_el2, entry);
	WRITE_SYSREG(spsr_el2, SPSR_EL1H_MASKED);
}

void arch_vcpu_quiesce(struct cpu *cpu)
{
	WRITE_SYSREG(cntv_ctl_el0, 0);
	WRITE_SYSREG(cntp_ctl_el0, 0);
	gic_wait_state(cpu);
}

void arch_vcpu_record(const struct cpu *cpu, struct record *record)
{
	record->detail[0] = READ_SYSREG(esr_el2);
	record->detail[1] = READ_SYSREG(far_el2);
	record->detail[2] = READ_SYSREG(hpfar_el2);
	record->detail[3] = READ_SYSREG(spsr_el2);
	record->pc = READ_SYSREG(elr_el2);
	for (u32 i = 0; i < ARRAY_COUNT(record->regs); i++)
		record->regs[i] = cpu->frame.x[i];
}

const char arch_record_detail_names[4][REGISTER_NAME] = { "esr", "far", "hpfar", "spsr" };
