/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * From a trapped access to the virtual device, and what follows from it: its
 * interrupt and, for consoles, a word to whoever prints.
 */
#include "core/mmio.h"
#include "core/boot.h"
#include "core/bound.h"
#include "core/console.h"
#include "core/iommu.h"
#include "vdev/vdev.h"

#define PUMP_PERIOD(hz) ((hz) / 1000) /* as a service CPU's tick */

/*
 * With a service CPU one kick as the ring fills up to the mark; the service
 * CPU must empty it before there can be another. Without one the printing CPU
 * does the work itself: at once if the device has something to print, else from time to time.
 */
static void tell_console(struct cpu *cpu, const struct vdev_config *dev, u32 pending_before)
{
	if (machine_service_cpu == CPU_NONE) {
		if (!dev->ops->pending(dev) && arch_time_glance() < cpu->pump_due)
			return;
		iommu_serve();
		console_pump();
		cpu->pump_due = arch_time_glance() + PUMP_PERIOD(arch_time_hz());
	} else if (pending_before < VDEV_CONSOLE_KICK && dev->ops->pending(dev) >= VDEV_CONSOLE_KICK)
		core_call_service();
}

#define SETTLE_TRIES 4u /* more only if the guest's own CPUs go on contradicting each other about one device */

/* Of two CPUs that change the device the last to tell must have seen both changes: who told a change looks again. */
void mmio_settle(const struct vdev_config *dev)
{
	if (!dev->line)
		return;
	for (u32 i = 0; i < SETTLE_TRIES; i++)
		if (!arch_irq_level(dev->cell, dev->line, dev->ops->level(dev)))
			return;
}

static void access(struct cpu *cpu, const struct vdev_config *dev, u64 offset, bool write, u32 size, u64 *value)
{
	const struct vdev *ops = dev->ops;
	u32 pending = ops->pending && machine_service_cpu != CPU_NONE ? ops->pending(dev) : 0;

	if (write)
		ops->write(dev, offset, size, *value);
	else
		*value = ops->read(dev, offset, size);
	mmio_settle(dev);
	if (ops->pending)
		tell_console(cpu, dev, pending);
}

static const struct vdev_config *find(const struct cpu *cpu, u64 ipa)
{
	for (u32 i = 0; i < cpu->cell->vdev_count; i++) {
		LOOP_BOUND(CELL_VDEV_LIMIT);
		if (ipa - cpu->vdevs[i].base < cpu->vdevs[i].size) /* wraps below the window: then not less */
			return &cpu->vdevs[i];
	}
	return NULL;
}

bool mmio_access(struct cpu *cpu, u64 ipa, bool write, u32 size, u64 *value)
{
	const struct vdev_config *dev = find(cpu, ipa);

	if (!dev || ipa & (size - 1)) /* windows are page aligned */
		return false;
	access(cpu, dev, ipa - dev->base, write, size, value);
	return true;
}

bool mmio_covers(const struct cpu *cpu, u64 ipa)
{
	return find(cpu, ipa) != NULL;
}
