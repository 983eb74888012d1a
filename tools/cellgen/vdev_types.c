/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The virtual devices there are: a new file in src/vdev/ is one line here, behind the others (machine_index numbers them). */
#include <string.h>

#include "parts.h"

#define DEFAULT_UART_BASE 0x09000000ULL

static const struct vdev_type types[] = {
	{ .compatible = "arm,pl011", .name = "pl011", .console = true, .clock_hz = 24000000 },
};

const struct vdev_type *vdev_type_of(const struct node *node)
{
	for (u32 i = 0; i < ARRAY_COUNT(types); i++) {
		if (node_compatible(node, types[i].compatible)) {
			return &types[i];
		}
	}
	return NULL;
}

const struct vdev_type *vdev_type_at(u32 index)
{
	return index < ARRAY_COUNT(types) ? &types[index] : NULL;
}

bool vdev_is_default_uart(const struct vdev *vdev)
{
	return vdev && vdev->type && vdev->base == DEFAULT_UART_BASE && strcmp(vdev->type->name, "pl011") == 0;
}
