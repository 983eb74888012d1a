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
#include "reader.h"
#include "sysreg.h"
#include "trap.h"

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

static void read_next(struct cpu *cpu, u64 address)
{
	if (cpu->arch.reader.state != READER_RUNS)
		reader_enter(cpu, READER_RUNS, 0);
	cpu->frame.x[0] = address;
	reader_start(cpu, COPIER_READ);
}

static void finish(struct cpu *cpu, bool again)
{
	struct vits_reader *r = &cpu->arch.reader;

	if (r->state == READER_RUNS)
		reader_leave(cpu, 0);
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
			read_next(cpu, address);
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
