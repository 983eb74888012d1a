/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The distributor's set/clear registers and GICD_TYPER, the short way
 * (entry.S); vgic_direct.c has all of it. Compiled to use no register but
 * x0-x8: only those are saved (isa.mk). Nothing here may call anything.
 */
#include "core/cell.h"
#include "fast.h"
#include "gic.h"
#include "vgic.h"

/* GICD_ISENABLER .. GICD_ICACTIVER, whole words: masked with the lines the cell owns. */
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

u64 fast_gicd_write(u32 value, u64 offset, const struct cpu *cpu)
{
	if (!is_bits(offset))
		return 1;
	mmio_write32(machine_board.gicd + offset, value & cpu->cell->arch.lines[offset >> 2 & 31]);
	return 0;
}
