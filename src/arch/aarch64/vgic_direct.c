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
#include "fast.h"
#include "gic.h"
#include "vgic.h"

static u64 gicd(u64 offset) { return machine_board.gicd + offset; }

static bool owned(const struct cell_config *cell, u32 line)
{
	return line < 32 * GIC_LINE_WORDS && cell->arch.lines[line / 32] >> line % 32 & 1;
}

/* Two bytes, or one of them. */
static void priority_write(const struct cell_config *cell, u64 offset, u32 size, u64 value)
{
	for (u32 i = 0; i < size; i++) {
		LOOP_BOUND(2);
		if (owned(cell, (u32)(offset + i - GICD_IPRIORITYR)))
			mmio_write8(gicd(offset + i), (u8)(value >> 8 * i));
	}
}

/* The upper half is Aff3: zero for every vCPU. */
static bool is_route(const struct cpu *cpu, u64 offset, u32 size)
{
	return offset >= GICD_IROUTER && offset < GICD_IROUTER + GICD_IROUTER_SIZE && !(offset & 4) && size >= 4 &&
	       owned(cpu->cell, (u32)(offset - GICD_IROUTER) / 8);
}

static void route_write(const struct cpu *cpu, u64 offset, u64 value)
{
	u64 n = (value & 15) | (value >> 8 & 0xff) << 4;

	if (!(value & 0xff00ff00f0ULL) && n < cpu->cell->vcpu_count)
		mmio_write64(gicd(offset), machine_cpus[machine_cell_cpus[cpu->cell->first_cpu + n]].hw_id);
}

static u64 route_read(const struct cpu *cpu, u64 offset)
{
	const u16 *cpus = &machine_cell_cpus[cpu->cell->first_cpu];
	u64 route = mmio_read64(gicd(offset)) & 0xff00ffffffULL;

	for (u32 n = 0; n < cpu->cell->vcpu_count; n++) {
		LOOP_BOUND(CELL_VCPU_LIMIT);
		if (machine_cpus[cpus[n]].hw_id == route)
			return (n & 15) | (n >> 4) << 8;
	}
	return 0;
}

static bool is_priority(u64 offset, u32 size)
{
	return offset >= GICD_IPRIORITYR && offset < GICD_IPRIORITYR + GICD_IPRIORITYR_SIZE && size <= 2;
}

/* Words are fast_gicd.c's, and so are parts of one. */
static u64 distributor_read(const struct cpu *cpu, u64 offset, u32 size)
{
	s64 word;

	if (is_route(cpu, offset, size))
		return route_read(cpu, offset);
	if (size != 4 && !is_priority(offset, size))
		return 0;
	word = fast_gicd_read(offset & ~3ULL, cpu);
	return word < 0 ? 0 : (u64)word >> offset % 4 * 8 & (BIT(size * 8) - 1);
}

static void distributor_write(const struct cpu *cpu, u64 offset, u32 size, u64 value)
{
	if (size == 4 && !fast_gicd_write((u32)value, offset, cpu))
		return;
	if (is_priority(offset, size))
		priority_write(cpu->cell, offset, size, value);
	else if (is_route(cpu, offset, size))
		route_write(cpu, offset, value);
}

static u64 redistributor_read(const struct cpu *cpu, u64 offset, u32 size)
{
	s64 value = fast_gicr_read(offset, cpu, (u32)__builtin_ctz(size));

	return value < 0 ? 0 : (u64)value;
}

static inline __attribute__((always_inline)) bool covers(const struct cpu *cpu, u64 ipa)
{
	const struct arch_cell_config *cell = &cpu->cell->arch;

	return ipa - cell->gicd_base < GIC_FRAME_SIZE || ipa - cell->gicr_base < GICR_SIZE * cpu->cell->vcpu_count ||
	       vits_covers(cpu, ipa);
}

/* On its own: accesses to devices pass by here, with little to save. */
static __attribute__((noinline)) bool frame_access(struct cpu *cpu, u64 ipa, bool write, u32 size, u64 *value)
{
	u64 offset = ipa - cpu->cell->arch.gicd_base;

	if (ITS_COUNT && vits_trap(cpu, ipa, write, size, value)) {
		cell_count_exit(cpu, EXIT_IRQCHIP);
		return true;
	}
	if (offset < GIC_FRAME_SIZE) {
		if (write)
			distributor_write(cpu, offset, size, *value);
		else
			*value = distributor_read(cpu, offset, size);
	} else {
		offset = ipa - cpu->cell->arch.gicr_base;
		/* SGI frames are mapped: if one faults the cell's memory has been taken away, and the access is done when it is back */
		if (offset & GIC_FRAME_SIZE)
			return false;
		if (!write)
			*value = redistributor_read(cpu, offset, size);
	}
	cell_count_exit(cpu, EXIT_IRQCHIP);
	return true;
}

bool vgic_access(struct cpu *cpu, u64 ipa, bool write, u32 size, u64 *value)
{
	if (ipa & (size - 1))
		return false;
	if (cpu->arch.vgic)
		return vgic_mediated_access(cpu, ipa, write, size, value);
	return covers(cpu, ipa) && frame_access(cpu, ipa, write, size, value);
}

bool vgic_covers(const struct cpu *cpu, u64 ipa) { return covers(cpu, ipa); }
