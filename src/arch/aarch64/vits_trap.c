/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Between traps of the guest and vits.c. What a guest has written into its
 * memory the core cannot read: no table of EL2 maps it. The guest's own CPU does,
 * at EL1 under the cell's load root, as the copier does (entry.S):
 *
 *   store to CWRITER --trap--> registers put aside --eret--> reader: four loads, HVC --> taken, next ...
 *                                                                                    --> registers back --> guest
 *
 * Interrupts stay masked meanwhile, and nothing of the guest's state is in the
 * reader's way but SCTLR_EL1.EE. A store that is not done with yet is repeated:
 * then the guest takes its interrupts first.
 */
#include "core/cell.h"
#include "gic.h"
#include "its.h"
#include "sysreg.h"
#include "trap.h"

#define SCTLR_EL1_READER 0x30d00800ULL /* RES1; little endian. MMU and caches are HCR_EL2.DC's business */

bool vits_trap(struct cpu *cpu, u64 ipa, bool write, u32 size, u64 *value)
{
	struct vits_reader *r = &cpu->arch.reader;
	u64 offset = ipa - cpu->cell->arch.gicr_base;
	enum vits_result result = VITS_NONE;

	if (!vits_of(cpu))
		return false;
	if (vits_covers(cpu, ipa))
		result = vits_access(ipa - machine_its[0].guest, write, size, value);
	else if (offset < GICR_SIZE * cpu->cell->vcpu_count && offset % GICR_SIZE < GIC_FRAME_SIZE)
		result = vits_redistributor((u32)(offset / GICR_SIZE), offset % GICR_SIZE, write, size, value);
	if (!write && offset % GICR_SIZE == GICR_CTLR && offset / GICR_SIZE == cpu->vcpu_index)
		*value |= mmio_read32(cpu->arch.gicr + GICR_CTLR) & GICR_CTLR_RWP;
	r->back = READ_SYSREG(elr_el2);
	if (result == VITS_WORK)
		r->state = READER_WANTED;
	else if (result == VITS_BUSY)
		r->state = READER_REPEAT;
	return result != VITS_NONE;
}

static void put_aside(struct cpu *cpu)
{
	struct vits_reader *r = &cpu->arch.reader;

	for (u32 i = 0; i < ARRAY_COUNT(r->x); i++)
		r->x[i] = cpu->frame.x[i];
	r->pc = READ_SYSREG(elr_el2);
	r->spsr = READ_SYSREG(spsr_el2);
	r->sctlr = READ_SYSREG(sctlr_el1);
}

/*
 * From root to root in two steps, so that nothing is ever translated by the run root with HCR_EL2.DC, or the other way
 * round what remains under the load root's VMID is gone before the reader runs.
 */
static void start_reader(struct cpu *cpu, u64 address)
{
	const struct arch_regs *regs = &machine_regs[cpu->index];

	if (cpu->arch.reader.state != READER_RUNS) {
		put_aside(cpu);
		cpu->arch.reader.state = READER_RUNS;
		WRITE_SYSREG(sctlr_el1, SCTLR_EL1_READER);
		WRITE_SYSREG(vttbr_el2, regs->vttbr_load);
		isb();
		WRITE_SYSREG(hcr_el2, regs->hcr_load);
		isb();
		__asm__ volatile("tlbi vmalls12e1; dsb nsh; isb" : : : "memory");
	}
	cpu->frame.x[0] = address;
	WRITE_SYSREG(elr_el2, cpu->cell->arch.load_entry + COPIER_READ);
	WRITE_SYSREG(spsr_el2, SPSR_EL1H_MASKED);
}

static void finish(struct cpu *cpu, bool again)
{
	const struct arch_regs *regs = &machine_regs[cpu->index];
	struct vits_reader *r = &cpu->arch.reader;

	if (r->state == READER_RUNS) {
		for (u32 i = 0; i < ARRAY_COUNT(r->x); i++)
			cpu->frame.x[i] = r->x[i];
		WRITE_SYSREG(hcr_el2, regs->hcr_run);
		isb();
		WRITE_SYSREG(vttbr_el2, regs->vttbr_run);
		WRITE_SYSREG(sctlr_el1, r->sctlr);
		WRITE_SYSREG(elr_el2, r->pc);
		WRITE_SYSREG(spsr_el2, r->spsr);
		isb();
	}
	r->state = READER_OFF;
	if (again)
		WRITE_SYSREG(elr_el2, r->back);
}

void vits_settle(struct cpu *cpu)
{
	enum vits_step step = VITS_AGAIN;
	u64 address;

	if (cpu->arch.reader.state == READER_OFF)
		return;
	if (cpu->arch.reader.state != READER_REPEAT) {
		/* Of a cell that is stopped the guest's next instruction faults, and what is left is undone by the restart */
		step = cell_is_ending(cpu->cell_index) ? VITS_IDLE : vits_next(&address);
		if (step == VITS_READ) {
			start_reader(cpu, address);
			return;
		}
		vits_leave();
	}
	finish(cpu, step == VITS_AGAIN);
}

bool vits_returned(struct cpu *cpu)
{
	if (cpu->arch.reader.state != READER_RUNS)
		return false;
	vits_take(&cpu->frame.x[1]);
	return true;
}
