/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Direct interrupts: the distributor is filtered to the cell's own lines and
 * written through.
 *
 *   set/clear registers   masked with the lines the cell owns: no read-modify-write, no lock
 *   priorities            byte by byte, owned lines only
 *   routes                virtual affinity <-> the cell's CPUs; 1-of-N is off
 *   groups, trigger       set once from the tree: read as they are, writes ignored
 *
 * A spare line (of a virtual device) is a latch, physically edge-triggered; the
 * guest's tree calls it level, so its configuration reads as level.
 */
#include "core/bound.h"
#include "gic.h"
#include "vgic.h"

#define VIRTUAL_PIDR2 0x3b   /* ArchRev 3 */

static u64 gicd(u64 offset) { return machine_board.gicd + offset; }

static bool owned(const struct cell_config *cell, u32 line)
{
	return line < 32 * GIC_LINE_WORDS && cell->arch.lines[line / 32] >> line % 32 & 1;
}

static u64 bits_access(const struct cell_config *cell, u64 offset, bool write, u64 value)
{
	u32 mask = cell->arch.lines[offset >> 2 & 31];

	if (!mask)
		return 0;
	if (!write)
		return mmio_read32(gicd(offset)) & mask;
	mmio_write32(gicd(offset), (u32)value & mask);
	return 0;
}

static u64 priority_access(const struct cell_config *cell, u64 offset, bool write, u32 size, u64 value)
{
	u64 result = 0;

	for (u32 i = 0; i < size; i++) {
		LOOP_BOUND(4);
		u64 at = offset + i;

		if (!owned(cell, (u32)(at - GICD_IPRIORITYR)))
			continue;
		if (write)
			mmio_write8(gicd(at), (u8)(value >> 8 * i));
		else
			result |= (u64)mmio_read8(gicd(at)) << 8 * i;
	}
	return result;
}

/* Lines of the cell's virtual devices among the 16 of one ICFGR word, as its bits. */
static u32 virtual_lines(const struct cpu *cpu, u32 first)
{
	u32 bits = 0;

	for (u32 i = 0; i < cpu->cell->vdev_count; i++) {
		LOOP_BOUND(CELL_VDEV_LIMIT);
		if (cpu->vdevs[i].line - first < 16)
			bits |= 3u << (cpu->vdevs[i].line - first) * 2;
	}
	return bits;
}

static u64 config_read(const struct cpu *cpu, u64 offset)
{
	u32 first = (u32)(offset - GICD_ICFGR) * 4, mask = 0;

	for (u32 i = 0; i < 16; i++) {
		LOOP_BOUND(16);
		if (owned(cpu->cell, first + i))
			mask |= 3u << i * 2;
	}
	return mmio_read32(gicd(offset)) & mask & ~virtual_lines(cpu, first);
}

static u64 route_access(const struct cpu *cpu, u64 offset, bool write, u32 size, u64 value)
{
	u32 line = (u32)(offset - GICD_IROUTER) / 8;
	const u16 *cpus = &machine_cell_cpus[cpu->cell->first_cpu];

	if (!owned(cpu->cell, line) || offset & 4 || size < 4)
		return 0; /* the upper half is Aff3: zero for every vCPU */
	offset &= ~7ULL;
	if (write) {
		u64 n = (value & 15) | (value >> 8 & 0xff) << 4;

		if (!(value & 0xff00ff00f0ULL) && n < cpu->cell->vcpu_count)
			mmio_write64(gicd(offset), machine_cpus[cpus[n]].hw_id);
		return 0;
	}
	u64 route = mmio_read64(gicd(offset)) & 0xff00ffffffULL;

	for (u32 n = 0; n < cpu->cell->vcpu_count; n++) {
		LOOP_BOUND(CELL_VCPU_LIMIT);
		if (machine_cpus[cpus[n]].hw_id == route)
			return (n & 15) | (n >> 4) << 8;
	}
	return 0;
}

static u64 control_access(struct cpu *cpu, bool write, u64 value)
{
	u32 *control = &cells[cpu->cell_index].arch.gicd_ctlr;

	if (write)
		atomic_store32(control, (u32)value & GICD_CTLR_GRP1);
	return atomic_load32(control) | GICD_CTLR_ARE | GICD_CTLR_DS | (mmio_read32(gicd(GICD_CTLR)) & GICD_CTLR_RWP);
}

static u64 identity_read(const struct cpu *cpu, u64 offset)
{
	switch (offset) {
	case GICD_TYPER:
		return cpu->arch.gicd_typer;
	case GICD_IIDR:
		return mmio_read32(gicd(GICD_IIDR));
	default:
		return 0;
	}
}

static u64 distributor_access(struct cpu *cpu, u64 offset, bool write, u32 size, u64 value)
{
	if (offset >= GICD_IPRIORITYR && offset < GICD_IPRIORITYR + 1024 && size <= 4)
		return priority_access(cpu->cell, offset, write, size, value);
	if (offset >= GICD_IROUTER && offset < GICD_IROUTER + 8 * 1020)
		return route_access(cpu, offset, write, size, value);
	if (size != 4)
		return 0;
	if (offset >= GICD_ISENABLER && offset < GICD_IPRIORITYR)
		return bits_access(cpu->cell, offset, write, value);
	if (offset == GICD_CTLR)
		return control_access(cpu, write, value);
	if (write)
		return 0;
	if (offset < GICD_IGROUPR)
		return identity_read(cpu, offset);
	if (offset < GICD_ISENABLER)
		return cpu->cell->arch.lines[offset >> 2 & 31]; /* all its lines are group 1 */
	if (offset >= GICD_ICFGR && offset < GICD_ICFGR + GICD_ICFGR_SIZE)
		return config_read(cpu, offset);
	return offset == GIC_PIDR2 ? VIRTUAL_PIDR2 : 0;
}

/*
 * RD frame of vCPU n, but for what vits.c has of it. A cell without the ITS has no LPIs, as their tables would be a DMA path:
 * GICR_CTLR is RWP alone and the BASE registers are zero.
 */
static u64 redistributor_access(const struct cpu *cpu, u64 offset, bool write, u32 size)
{
	u32 n = (u32)(offset / GICR_SIZE);
	u64 reg = offset & (GIC_FRAME_SIZE - 1), typer;

	if (write)
		return 0;
	typer = gicr_typer(n, cpu->cell->vcpu_count) | vits_of(cpu); /* PLPIS */
	if (reg == GICR_TYPER)
		return size == 8 ? typer : (u32)typer;
	if (reg == GICR_TYPER + 4)
		return typer >> 32;
	if (reg == GICR_CTLR && n == cpu->vcpu_index)
		return mmio_read32(cpu->arch.gicr + GICR_CTLR) & GICR_CTLR_RWP;
	if (reg == GICR_IIDR)
		return mmio_read32(cpu->arch.gicr + GICR_IIDR);
	return reg == GIC_PIDR2 ? VIRTUAL_PIDR2 : 0;
}

bool vgic_covers(const struct cpu *cpu, u64 ipa)
{
	const struct arch_cell_config *cell = &cpu->cell->arch;

	return ipa - cell->gicd_base < GIC_FRAME_SIZE || ipa - cell->gicr_base < GICR_SIZE * cpu->cell->vcpu_count ||
	       vits_covers(cpu, ipa);
}

bool vgic_access(struct cpu *cpu, u64 ipa, bool write, u32 size, u64 *value)
{
	const struct arch_cell_config *cell = &cpu->cell->arch;
	u64 offset = ipa - cell->gicd_base, result;

	if (ipa & (size - 1))
		return false;
	if (cpu->arch.vgic)
		return vgic_mediated_access(cpu, ipa, write, size, value);
	if (ITS_COUNT && vits_trap(cpu, ipa, write, size, value)) {
		cell_count_exit(cpu, EXIT_IRQCHIP);
		return true;
	}
	if (offset < GIC_FRAME_SIZE) {
		result = distributor_access(cpu, offset, write, size, *value);
	} else {
		offset = ipa - cell->gicr_base;
		/* SGI frames are mapped: if one faults the cell's memory has been taken away, and the access is done when it is back */
		if (offset >= GICR_SIZE * cpu->cell->vcpu_count || offset % GICR_SIZE >= GIC_FRAME_SIZE)
			return false;
		result = redistributor_access(cpu, offset, write, size);
	}
	if (!write)
		*value = result;
	cell_count_exit(cpu, EXIT_IRQCHIP);
	return true;
}
