/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A guest whose CPU waits in the core and which is to notice nothing: its cell is suspended. Nothing of its interrupts is
 * acknowledged, ended, disabled or made pending; what comes meanwhile is pending when it goes on. A mask keeps it from waking
 * the core, and lets the kick through.
 *
 *   direct     the CPU interface is the guest's: put aside, and put back
 *   mediated   the CPU interface is the core's; the virtual one, and what its list registers are linked to, stay as they are
 */
#include "core/cell.h"
#include "gic.h"
#include "gic_cpu.h"
#include "sysreg.h"
#include "trap.h"
#include "vgic.h"

#define SPSR_I BIT(7)
#define SPSR_MODE 0x1fULL
#define VECTOR_KIND 0x600ULL /* from where */
#define VECTOR_IRQ 0x080ULL

/*
 * A direct guest that had interrupts unmasked has taken the kick at EL1, and faulted at the first instruction of its vector. It has done
 * nothing there yet, so it is put back to where it was, and an interrupt of its own that is pending is taken again from there.
 * Whatever it has written into SPSR_EL1 itself, it returns to EL1 or EL0, in AArch64.
 */
bool pause_interrupted(const struct cpu *cpu)
{
	u64 spsr = READ_SYSREG(spsr_el2), before = READ_SYSREG(spsr_el1), mode = before & SPSR_MODE;
	u64 offset = READ_SYSREG(elr_el2) - READ_SYSREG(vbar_el1);

	return ESR_EC(READ_SYSREG(esr_el2)) == EC_IABT_GUEST && (offset & ~VECTOR_KIND) == VECTOR_IRQ && spsr & SPSR_I &&
	       !(before & SPSR_I) && (mode == 0 || mode == 4 || mode == 5) && gic_kick_is_pending(cpu);
}

void arch_vcpu_pause(struct cpu *cpu)
{
	struct arch_paused *p = &cpu->arch.paused;

	if (cpu->arch.vgic) {
		vgic_mediated_pause();
		gic_wait_mask(cpu);
		return;
	}
	u64 before = p->pmr;

	if (pause_interrupted(cpu)) {
		WRITE_SYSREG(elr_el2, READ_SYSREG(elr_el1));
		WRITE_SYSREG(spsr_el2, READ_SYSREG(spsr_el1));
	}
	p->pmr = READ_SYSREG(ICC_PMR_EL1);
	if (p->steps && p->pmr == gic_wait_priority(cpu)) /* the step has not written it */
		p->pmr = before;
	p->steps = false;
	p->igrpen1 = READ_SYSREG(ICC_IGRPEN1_EL1);
	p->ap1r0 = READ_SYSREG(ICC_AP1R0_EL1);
	p->ctlr = READ_SYSREG(ICC_CTLR_EL1);
	WRITE_SYSREG(ICC_CTLR_EL1, 0); /* CBPR hides BPR1 */
	isb();
	p->bpr1 = READ_SYSREG(ICC_BPR1_EL1);
	gic_wait_mask(cpu);
}

/*
 * A guest's own line may have the kick's priority, and end the wait in a direct cell: it stays pending all the same, as
 * nothing is acknowledged. The core then looks in vain. Nothing of a mediated cell's passes the mask.
 */
void arch_vcpu_paused(struct cpu *cpu)
{
	if (cpu->arch.vgic)
		arch_cpu_kicked(cpu);
	else
		gic_kick_clear(cpu);
	arch_cpu_relax();
}

static void give_back(struct cpu *cpu, u64 mask)
{
	const struct arch_paused *p = &cpu->arch.paused;

	gic_kick_clear(cpu); /* as long as the mask lets it through */
	WRITE_SYSREG(ICC_PMR_EL1, 0);
	WRITE_SYSREG(ICC_AP1R0_EL1, p->ap1r0);
	WRITE_SYSREG(ICC_BPR1_EL1, p->bpr1);
	WRITE_SYSREG(ICC_CTLR_EL1, p->ctlr);
	WRITE_SYSREG(ICC_IGRPEN1_EL1, p->igrpen1);
	isb();
	WRITE_SYSREG(ICC_PMR_EL1, mask);
	WRITE_SYSREG(hcr_el2, machine_regs[cpu->index].hcr_run);
	isb();
	dsb_sy(); /* the redistributor knows of the mask (ICC_CTLR_EL1.PMHE) */
}

void arch_vcpu_resume(struct cpu *cpu)
{
	if (cpu->arch.vgic) {
		gic_interface(ICC_CTLR_EOIMODE, 0xff, true);
		vgic_mediated_resume(cpu);
	} else {
		give_back(cpu, cpu->arch.paused.pmr);
	}
}

/* Only the kick passes the mask. Of a mediated guest the virtual interface is off, and the physical one stays masked. */
void arch_vcpu_step(struct cpu *cpu)
{
	if (cpu->arch.vgic)
		return;
	cpu->arch.paused.steps = true;
	give_back(cpu, gic_wait_priority(cpu));
}
