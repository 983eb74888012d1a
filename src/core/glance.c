/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The register of a cell's console that its driver polls, the short way. Part of
 * a port's short exits: compiled to use few registers (isa.mk). Nothing here may
 * call anything, but the last thing may be a jump.
 */
#include "core/mmio.h"
#include "vdev/vdev.h"

s64 glance_read(const struct cpu *cpu)
{
	/* Without a service CPU the guests' accesses are what keeps the console going: from time to time one has to go all the way. */
	if (machine_service_cpu == CPU_NONE && arch_time_glance() >= cpu->pump_due)
		return -1;
	return cpu->glanced->ops->glance(cpu->glanced);
}
