/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The virtual devices there are: a new file in src/vdev/ is one line here, behind the others (machine_index numbers them). */
#include <string.h>

#include "parts.h"

#define DEFAULT_UART_BASE 0x09000000ULL
#define APB_HZ 24000000u
#define WATCHDOG_HZ 32768u /* SP805_HZ of src/vdev/sp805.h */

/* As the drivers look for clocks: by name, and the watchdog's counts the first. */
static const struct vdev_type types[] = {
	{ .compatible = "arm,pl011", .name = "pl011", .console = true,
	  .clocks = { "uartclk", "apb_pclk" }, .clocks_hz = { APB_HZ, APB_HZ } },
	{ .compatible = "arm,sp805", .name = "sp805", .watchdog = true, .life = true, .line_optional = true, .clocks_fixed = true,
	  .clocks = { "wdog_clk", "apb_pclk" }, .clocks_hz = { WATCHDOG_HZ, APB_HZ } },
	{ .compatible = "arm,pl061", .name = "pl061", .power_key = true, .life = true,
	  .clocks = { "apb_pclk" }, .clocks_hz = { APB_HZ } },
};

u32 vdev_clock_hz(u32 index)
{
	static const u32 frequencies[VDEV_CLOCKS] = { APB_HZ, WATCHDOG_HZ };

	return frequencies[index];
}

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

u32 cell_power_key(const struct decision *d, const struct cell *cell)
{
	for (u32 i = cell->first_vdev; i < cell->first_vdev + cell->vdev_count; i++) {
		if (d->vdevs[i].type && d->vdevs[i].type->power_key) {
			return i;
		}
	}
	return d->vdev_count;
}

bool vdev_is_default_uart(const struct vdev *vdev)
{
	return vdev && vdev->type && vdev->base == DEFAULT_UART_BASE && strcmp(vdev->type->name, "pl011") == 0;
}
