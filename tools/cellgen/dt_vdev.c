/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A cell's virtual devices: every child node of the cell but chosen, and what is no device at all. */
#include <stdlib.h>
#include <string.h>

#include "parts.h"

#define FLAGS_RISING 1u /* third cell of a GIC's interrupt specifier */

static void load_window(struct vdev *vdev, const struct cell *cell, struct diag *diag)
{
	const struct prop *reg = node_prop(vdev->node, "reg");
	struct range *ranges = NULL;

	vdev->reg_at = prop_at(vdev->node, "reg");
	if (!reg) {
		return;
	}
	vdev->reg_count = prop_ranges(reg, node_cells(cell->node, "#address-cells", 2),
				      node_cells(cell->node, "#size-cells", 2), &ranges, diag);
	if (vdev->reg_count) {
		vdev->base = ranges[0].base;
		vdev->size = ranges[0].size;
	}
}

static void load_line(struct vdev *vdev, const struct cell *cell, struct diag *diag)
{
	const struct prop *prop = node_prop(vdev->node, "interrupts");

	vdev->line_at = prop_at(vdev->node, "interrupts");
	if (!prop) {
		return;
	}
	vdev->line_asked = true;
	if (prop->size != 12 || prop_cell(prop, 0) != 0 || prop_cell(prop, 1) >= SPI_END) {
		diag_error(diag, "bad-property", prop->at, "interrupts of '%s': a virtual device has one shared interrupt: "
			   "write three cells, <0 SPI 4>, the SPI below %u", vdev->node->name,
			   cell->mediated ? VIRTUAL_SPI_COUNT : SPI_END);
		return;
	}
	vdev->line = SPI_BASE + prop_cell(prop, 1);
	vdev->edge = cell->mediated && prop_cell(prop, 2) == FLAGS_RISING;
}

static int compare_vdevs(const void *left, const void *right)
{
	const struct vdev *a = left, *b = right;

	return a->base != b->base ? (a->base < b->base ? -1 : 1) : strcmp(a->node->path, b->node->path);
}

void dt_vdevs(struct decision *d, struct cell *cell, struct diag *diag)
{
	cell->first_vdev = d->vdev_count;
	for (const struct node *node = cell->node->child; node; node = node->next) {
		const char *console = node_string(node, "cloison,console");
		struct vdev *vdev;

		if (strcmp(node->name, "chosen") == 0 || vdev_foreign(node)) {
			continue;
		}
		vdev = mem_push(&d->vdevs, &d->vdev_count, sizeof(*vdev));
		*vdev = (struct vdev){ .node = node, .type = vdev_type_of(node), .cell = cell->index };
		vdev->drop = console && strcmp(console, "drop") == 0;
		vdev->input_asked = node_prop(node, "cloison,console-input") != NULL;
		load_window(vdev, cell, diag);
		load_line(vdev, cell, diag);
	}
	cell->vdev_count = d->vdev_count - cell->first_vdev;
	if (cell->vdev_count) {
		qsort(d->vdevs + cell->first_vdev, cell->vdev_count, sizeof(*d->vdevs), compare_vdevs);
	}
}
