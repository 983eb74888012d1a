/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * IOMMUs of the host ISA. What the table says has an effect on the hardware only
 * with arch_iommu_sync, and every function but arch_iommu_init may be called by
 * one CPU at a time: who does otherwise ends the test.
 */
#include <stdlib.h>

#include "arch/arch.h"
#include "host.h"

static void enter(void)
{
	if (__atomic_exchange_n(&host.iommu.inside, 1, __ATOMIC_ACQUIRE))
		abort();
}

static void leave(void)
{
	__atomic_store_n(&host.iommu.inside, 0, __ATOMIC_RELEASE);
}

const char *arch_iommu_name(u16 iommu)
{
	static const char *const names[] = { "smmu0", "smmu1" };

	return names[iommu % ARRAY_COUNT(names)];
}

void arch_iommu_init(u16 iommu)
{
	host.iommu.inits[iommu]++;
}

void arch_iommu_set(u32 stream, bool on)
{
	enter();
	host.iommu.table[stream] = on;
	leave();
}

bool arch_iommu_sync(u16 cell)
{
	enter();
	host.iommu.syncs[cell]++;
	if (host.iommu.on_sync)
		host.iommu.on_sync(cell);
	for (u32 i = 0; i < STREAM_COUNT && !host.iommu.silent; i++)
		if (machine_streams[i].cell == cell)
			__atomic_store_n(&host.iommu.effective[i], host.iommu.table[i], __ATOMIC_RELEASE);
	leave();
	return !host.iommu.silent;
}

bool arch_iommu_event(u16 iommu, struct iommu_event *event)
{
	struct host_events *queue = &host.iommu.events[iommu];
	bool any = queue->tail != queue->head;

	enter();
	if (any)
		*event = queue->events[queue->tail++ % HOST_EVENTS];
	leave();
	return any;
}

void host_event(u16 iommu, struct iommu_event event)
{
	struct host_events *queue = &host.iommu.events[iommu];

	if (queue->head - queue->tail < HOST_EVENTS)
		queue->events[queue->head++ % HOST_EVENTS] = event;
}
