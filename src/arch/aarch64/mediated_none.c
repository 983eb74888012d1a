/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Without CONFIG_MEDIATED: in place of all that isa.mk lists in MEDIATED_FILES. */
#include "core/metrics.h"
#include "gic.h"
#include "vgic.h"

_Static_assert(MEDIATED_COUNT == 0, "the partition has mediated cells: set CONFIG_MEDIATED, or give them cloison,interrupts = \"direct\"");

void vgic_mediated_restore(u16 cell) { (void)cell; }
void vgic_mediated_cpu_init(struct cpu *cpu) { (void)cpu; }
void vgic_mediated_start(struct cpu *cpu) { (void)cpu; }
void vgic_mediated_stop(struct cpu *cpu) { (void)cpu; }
void vgic_mediated_pause(void) { }
void vgic_mediated_resume(struct cpu *cpu) { (void)cpu; }
void vgic_mediated_settle(struct cpu *cpu) { (void)cpu; }
void vgic_mediated_wait(struct cpu *cpu) { (void)cpu; }

bool vgic_mediated_access(struct cpu *cpu, u64 ipa, bool write, u32 size, u64 *value)
{
	(void)cpu, (void)ipa, (void)write, (void)size, (void)value;
	return false;
}

bool vgic_mediated_trap(struct cpu *cpu, u32 name, bool read, u64 *value)
{
	(void)cpu, (void)name, (void)read, (void)value;
	return false;
}

bool arch_irq_level(u16 cell, u32 line, bool high)
{
	if (high) {
		metrics_raised(cell);
		gic_raise(line);
	}
	return false;
}

const char *arch_cpu_count(const struct cpu *cpu, u32 n, u64 *value)
{
	(void)cpu, (void)n, (void)value;
	return NULL;
}

bool arch_cell_is_direct(u16 cell)
{
	(void)cell;
	return true;
}
