/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Words of a direct cell's distributor, read and written, and of its RD frames,
 * read: the short way (entry.S), and vgic_direct.c, which has the rest, calls the same. Compiled to use no register but
 * x0-x8: only those are saved (isa.mk). Nothing here may call anything.
 */
#include "core/bound.h"
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

/* The bits of the lines from first on, a multiple of how many are asked for. */
static inline u32 lines_from(const struct cpu *cpu, u64 first)
{
	return cpu->cell->arch.lines[first / 32] >> first % 32;
}

/* Bytes of four lines, of those that are the cell's. */
static inline u32 priorities(const struct cpu *cpu, u64 offset)
{
	u32 own = lines_from(cpu, offset - GICD_IPRIORITYR) & 0xf;

	return mmio_read32(machine_board.gicd + offset) & (own * 0x204081 & 0x01010101) * 0xff;
}

/* Two bits for each of 16 lines. A spare line, of a virtual device, is an edge in the distributor and a level to the guest. */
static inline u32 triggers(const struct cpu *cpu, u64 offset)
{
	u64 first = (offset - GICD_ICFGR) * 4;
	u32 own = lines_from(cpu, first) & 0xffff;

	for (u32 i = 0; i < cpu->cell->vdev_count; i++) {
		LOOP_BOUND(CELL_VDEV_LIMIT);
		if (cpu->vdevs[i].line - first < 16)
			own &= ~(1u << (cpu->vdevs[i].line - first));
	}
	own = (own | own << 8) & 0x00ff00ff;
	own = (own | own << 4) & 0x0f0f0f0f;
	own = (own | own << 2) & 0x33333333;
	own = (own | own << 1) & 0x55555555;
	return mmio_read32(machine_board.gicd + offset) & own * 3;
}

static inline u32 control(const struct cpu *cpu)
{
	return atomic_load32(&cells[cpu->cell_index].arch.gicd_ctlr) | GICD_CTLR_ARE | GICD_CTLR_DS |
	       (mmio_read32(machine_board.gicd + GICD_CTLR) & (u32)GICD_CTLR_RWP);
}

s64 fast_gicd_read(u64 offset, const struct cpu *cpu)
{
	if (is_bits(offset))
		return mmio_read32(machine_board.gicd + offset) & cpu->cell->arch.lines[offset >> 2 & 31];
	if (offset == GICD_TYPER)
		return cpu->arch.gicd_typer;
	if (offset == GICD_CTLR)
		return control(cpu);
	if (offset & 3 || offset - GICD_IROUTER < GICD_IROUTER_SIZE)
		return -1;
	if (offset - GICD_IPRIORITYR < GICD_IPRIORITYR_SIZE)
		return priorities(cpu, offset);
	if (offset - GICD_ICFGR < GICD_ICFGR_SIZE)
		return triggers(cpu, offset);
	if (offset - GICD_IGROUPR < GICD_ISENABLER - GICD_IGROUPR)
		return cpu->cell->arch.lines[offset >> 2 & 31]; /* all its lines are group 1 */
	if (offset == GICD_IIDR)
		return mmio_read32(machine_board.gicd + GICD_IIDR);
	return offset == GIC_PIDR2 ? GIC_PIDR2_GICV3 : 0;
}

/*
 * RD frames, but for what vits.c has of them. A cell without the ITS has no LPIs, as their tables would be a DMA path:
 * GICR_CTLR is RWP alone and the BASE registers are zero.
 */
s64 fast_gicr_read(u64 offset, const struct cpu *cpu, u32 sas)
{
	u64 n = offset / GICR_SIZE, reg = offset % GICR_SIZE;
	u32 count = cpu->cell->vcpu_count;
	bool its = vits_of(cpu);

	if (n >= count)
		return -1;
	if (reg - GICR_TYPER < 8)
		return gicr_typer_read(offset, count, sas, its /* PLPIS */);
	if (sas != 2 || reg & (GIC_FRAME_SIZE | 3))
		return -1;
	if (its && (reg == GICR_CTLR || reg - GICR_PROPBASER < 16)) /* and GICR_PENDBASER */
		return -1;
	if (reg == GICR_CTLR)
		return n == cpu->vcpu_index ? mmio_read32(cpu->arch.gicr + GICR_CTLR) & GICR_CTLR_RWP : 0;
	if (reg == GICR_IIDR)
		return mmio_read32(cpu->arch.gicr + GICR_IIDR);
	return reg == GIC_PIDR2 ? GIC_PIDR2_GICV3 : 0;
}

/* Byte by byte: no other cell's may be touched. */
static inline void set_priorities(const struct cpu *cpu, u64 offset, u32 value)
{
	u32 own = lines_from(cpu, offset - GICD_IPRIORITYR) & 0xf;

	for (u32 i = 0; own; i++) {
		LOOP_BOUND(4);
		if (own & 1)
			mmio_write8(machine_board.gicd + offset + i, (u8)value);
		own >>= 1;
		value >>= 8;
	}
}

/* A kernel writes all priorities, groups and triggers once, whosever they are. */
u64 fast_gicd_write(u32 value, u64 offset, const struct cpu *cpu)
{
	if (is_bits(offset))
		mmio_write32(machine_board.gicd + offset, value & cpu->cell->arch.lines[offset >> 2 & 31]);
	else if (offset & 3 || offset - GICD_IROUTER < GICD_IROUTER_SIZE)
		return 1;
	else if (offset - GICD_IPRIORITYR < GICD_IPRIORITYR_SIZE)
		set_priorities(cpu, offset, value);
	else if (offset == GICD_CTLR)
		atomic_store32(&cells[cpu->cell_index].arch.gicd_ctlr, value & (u32)GICD_CTLR_GRP1);
	return 0;
}
