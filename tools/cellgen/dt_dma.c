/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Whether a device writes memory by itself: what the table of bindings knows; else what its node looks like, which is a
 * guess and called one; and above both what somebody has said by cloison,dma.
 */
#include <string.h>

#include "parts.h"

static void judge(struct device *device)
{
	const struct binding *known = binding_of(device->node);
	const char *guess = binding_guess(device->node);

	if (known && known->dma == DMA_MASTER) {
		device->master = mem_format("compatible \"%s\"", known->compatible);
	} else if (guess) {
		device->master = guess;
		device->guessed = true;
	} else {
		/* Nobody can tell a device without registers what to do */
		device->passive = known || !node_prop(device->node, "reg");
	}
}

void dt_dma(struct device *device)
{
	const struct binding *known = binding_of(device->node);
	const char *said = node_string(device->node, "cloison,dma");

	judge(device);
	if (said && strcmp(said, "none") == 0) {
		device->dma = node_prop(device->node, "cloison,dma");
		device->against = device->master;
		device->master = NULL;
		device->guessed = false;
		device->passive = true;
	} else if (said && strcmp(said, "master") == 0) {
		device->dma = node_prop(device->node, "cloison,dma");
		device->against = !known || known->dma == DMA_MASTER ? NULL : mem_format("compatible \"%s\"", known->compatible);
		device->master = "as cloison,dma says";
		device->guessed = false;
		device->passive = false;
	}
}

/* A cell that is trusted has its devices without an IOMMU, where there is none. A function's registers need one all the same. */
void dt_trust(struct decision *d, const struct cell *cell)
{
	for (u32 i = 0; i < cell->access_count && cell->trust; i++) {
		u16 index = cell->access[i].device;
		struct device *device = index == DEVICE_NONE ? NULL : &d->devices[index];

		if (device && device->master && !device->stream_count && device->function == FUNCTION_NONE) {
			device->trusted = true;
		}
	}
}
