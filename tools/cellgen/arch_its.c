/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What the core sees of the ITS at EL2: its registers, without the frame of GITS_TRANSLATER; of its memory the CPU that boots all,
 * to fill it with zeros; the cell's CPUs what they write, commands and properties.
 */
#include "its.h"
#include "pte.h"

void arch_map_its(const struct decision *d, const struct cpu *cpu, const struct space *s)
{
	const struct its *its = &d->its;
	bool boot = cpu == &d->cpus[0], own = cpu->role == ROLE_VCPU && cpu->cell == its->cell;

	if (!its->user_count || !(boot || own)) {
		return;
	}
	arch_map(s, its->base, its->base, GIC_FRAME, EL2_MMIO);
	arch_map(s, its->memory, its->memory, boot ? its->size : ITS_QUEUE_SIZE + ITS_PROPERTIES_SIZE, EL2_DATA);
}
