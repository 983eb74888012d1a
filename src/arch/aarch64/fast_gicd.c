/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The distributor's set/clear registers, GICD_TYPER and GICR_TYPER, the short way
 * (entry.S); vgic_direct.c and vgic_regs.c have all of it. Compiled to use no register but
 * x0-x8: only those are saved (isa.mk). Nothing here may call anything.
 */
#include "core/cell.h"
#include "fast.h"
#include "gic.h"
#include "its.h"
#include "vgic.h"

/* Whole words of GICD_ISENABLER .. GICD_ICACTIVER: masked with the lines the cell owns. */
static inline bool is_bits(u64 offset)
{
	return offset - GICD_ISENABLER < GICD_IPRIORITYR - GICD_ISENABLER && !(offset & 3);
}

s64 fast_gicd_read(u64 offset, const struct cpu *cpu)
{
	u64 gicd = machine_board.gicd;

	if (is_bits(offset))
		return mmio_read32(gicd + offset) & cpu->cell->arch.lines[offset >> 2 & 31];
	if (offset == GICD_TYPER)
		return cpu->arch.gicd_typer;
	return -1;
}

/* Each vCPU looks for its own frame, in boot. */
s64 fast_gicr_read(u64 offset, const struct cpu *cpu, u32 sas)
{
	return gicr_typer_read(offset, cpu->cell->vcpu_count, sas, vits_of(cpu) /* PLPIS */);
}

/* Nothing of the cell's is there, or nothing that changes: ignored. (A kernel writes all of these once, whosever they are.) */
static inline bool is_nothing(u64 offset, const struct cpu *cpu)
{
	u64 line = offset - GICD_IPRIORITYR;

	if (offset & 3)
		return false;
	if (line < 32 * GIC_LINE_WORDS)
		return !(cpu->cell->arch.lines[line / 32] >> line % 32 & 0xf);
	return offset - GICD_ICFGR < GICD_ICFGR_SIZE || offset - GICD_IGROUPR < GICD_ISENABLER - GICD_IGROUPR;
}

u64 fast_gicd_write(u32 value, u64 offset, const struct cpu *cpu)
{
	if (!is_bits(offset))
		return !is_nothing(offset, cpu);
	mmio_write32(machine_board.gicd + offset, value & cpu->cell->arch.lines[offset >> 2 & 31]);
	return 0;
}
