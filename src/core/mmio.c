/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * From a trapped access to the virtual device, and what follows from it: its
 * interrupt and, for consoles, a word to whoever prints.
 */
#include "core/mmio.h"
#include "core/console.h"
#include "vdev/vdev.h"

/*
 * With a service CPU one kick as the ring fills up to the mark; the service
 * CPU must empty it before there can be another. Without one the printing CPU
 * does the work itself.
 */
static void tell_console(struct cpu *cpu, const struct vdev_config *dev, u32 pending_before)
{
	if (machine_service_cpu == CPU_NONE)
		console_pump(cpu);
	else if (pending_before < VDEV_CONSOLE_KICK && dev->ops->pending(dev) >= VDEV_CONSOLE_KICK)
		arch_cpu_kick(machine_service_cpu);
}

void mmio_line(const struct vdev_config *dev)
{
	bool high;

	/* A latch that nothing samples again (direct): also when it was high before. */
	if (!dev->line)
		return;
	high = dev->ops->level(dev);
	if (arch_irq_level(dev->cell, dev->line, high) && dev->ops->level(dev) != high)
		arch_irq_level(dev->cell, dev->line, !high); /* another CPU was between the two: its change is the later one */
}

static void access(struct cpu *cpu, const struct vdev_config *dev, u64 offset, bool write, u32 size, u64 *value)
{
	const struct vdev *ops = dev->ops;
	u32 pending = ops->pending ? ops->pending(dev) : 0;

	if (write)
		ops->write(dev, offset, size, *value);
	else
		*value = ops->read(dev, offset, size);
	mmio_line(dev);
	if (ops->pending)
		tell_console(cpu, dev, pending);
}

bool mmio_access(struct cpu *cpu, u64 ipa, bool write, u32 size, u64 *value)
{
	for (u32 i = 0; i < cpu->cell->vdev_count; i++) {
		const struct vdev_config *dev = &cpu->vdevs[i];
		u64 offset = ipa - dev->base; /* wraps below the window: then not less than its size */

		if (offset >= dev->size)
			continue;
		if (offset & (size - 1))
			return false;
		access(cpu, dev, offset, write, size, value);
		return true;
	}
	return false;
}
