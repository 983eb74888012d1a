/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What is in a guest's memory the core cannot see, as no table of EL2 maps it. The guest's own CPU can: at EL1, under the cell's
 * load root, in the page of the copier (entry.S), for as long as its guest is put aside. Twice: vits_trap.c, debug.c.
 *
 * By name cellcheck counts who writes VTTBR_EL2 and HCR_EL2.
 */
#include "reader.h"
#include "sysreg.h"
#include "trap.h"

#define SCTLR_EL1_READER 0x30d00800ULL /* RES1; little endian. MMU and caches are HCR_EL2.DC's business */

/*
 * From root to root in two steps, so that nothing is ever translated by the run root with HCR_EL2.DC, or the other way
 * round; what remains under the load roots' VMID is gone before anything runs there.
 */
void reader_enter(struct cpu *cpu, u32 state, u64 without)
{
	const struct arch_regs *regs = &machine_regs[cpu->index];
	struct vits_reader *r = &cpu->arch.reader;

	for (u32 i = 0; i < ARRAY_COUNT(r->x); i++)
		r->x[i] = cpu->frame.x[i];
	r->pc = READ_SYSREG(elr_el2);
	r->spsr = READ_SYSREG(spsr_el2);
	r->sctlr = READ_SYSREG(sctlr_el1);
	r->state = state;
	WRITE_SYSREG(sctlr_el1, SCTLR_EL1_READER);
	WRITE_SYSREG(vttbr_el2, regs->vttbr_load);
	isb();
	WRITE_SYSREG(hcr_el2, regs->hcr_load & ~without);
	isb();
	__asm__ volatile("tlbi vmalls12e1; dsb nsh; isb" : : : "memory");
}

void reader_start(const struct cpu *cpu, u64 offset)
{
	WRITE_SYSREG(elr_el2, cpu->cell->arch.load_entry + offset);
	WRITE_SYSREG(spsr_el2, SPSR_EL1H_MASKED);
}

void reader_leave(struct cpu *cpu, u64 with)
{
	const struct arch_regs *regs = &machine_regs[cpu->index];
	struct vits_reader *r = &cpu->arch.reader;

	for (u32 i = 0; i < ARRAY_COUNT(r->x); i++)
		cpu->frame.x[i] = r->x[i];
	WRITE_SYSREG(hcr_el2, regs->hcr_run | with);
	isb();
	WRITE_SYSREG(vttbr_el2, regs->vttbr_run);
	WRITE_SYSREG(sctlr_el1, r->sctlr);
	WRITE_SYSREG(elr_el2, r->pc);
	WRITE_SYSREG(spsr_el2, r->spsr);
	isb();
	r->state = READER_OFF;
}
