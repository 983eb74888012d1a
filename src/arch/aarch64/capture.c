/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Where a guest was, for whoever has to explain its end: as gdb wants it, and what its EL1 translates and handles by. */
#include "core/cell.h"
#include "gic_cpu.h"
#include "sysreg.h"
#include "trap.h"

/* The copier's reader runs with registers of its own (vits_trap.c). */
static void reader_capture(const struct vits_reader *r, struct vcpu_registers *to)
{
	for (u32 i = 0; i < ARRAY_COUNT(r->x); i++)
		to->regs[i] = r->x[i];
	to->pc = r->pc;
	to->pstate = r->spsr;
}

void arch_vcpu_capture(const struct cpu *cpu, struct vcpu_registers *to)
{
	bool interrupted = !cpu->arch.vgic && pause_interrupted(cpu), reads = cpu->arch.reader.state >= READER_RUNS;
	u64 *more = to->more;

	for (u32 i = 0; i < ARRAY_COUNT(to->regs); i++)
		to->regs[i] = cpu->frame.x[i];
	*more++ = READ_SYSREG(sp_el0);
	*more++ = READ_SYSREG(sp_el1);
	*more++ = READ_SYSREG(elr_el1);
	*more++ = READ_SYSREG(spsr_el1);
	*more++ = READ_SYSREG(esr_el1);
	*more++ = READ_SYSREG(far_el1);
	*more++ = reads ? cpu->arch.reader.sctlr : READ_SYSREG(sctlr_el1);
	*more++ = READ_SYSREG(tcr_el1);
	*more++ = READ_SYSREG(ttbr0_el1);
	*more++ = READ_SYSREG(ttbr1_el1);
	*more++ = READ_SYSREG(vbar_el1);
	*more = READ_SYSREG(tpidr_el1);
	to->pc = interrupted ? READ_SYSREG(elr_el1) : READ_SYSREG(elr_el2);
	to->pstate = interrupted ? READ_SYSREG(spsr_el1) : READ_SYSREG(spsr_el2);
	if (reads)
		reader_capture(&cpu->arch.reader, to);
	to->sp = to->pstate & SPSR_M_AARCH32 ? to->regs[13] : to->pstate & SPSR_M_SPX ? READ_SYSREG(sp_el1) : READ_SYSREG(sp_el0);
}

const char arch_register_names[VCPU_MORE_REGISTERS][REGISTER_NAME] = {
	"sp_el0", "sp_el1", "elr_el1", "spsr_el1", "esr_el1", "far_el1", "sctlr_el1", "tcr_el1", "ttbr0_el1", "ttbr1_el1", "vbar_el1", "tpidr_el1",
};
