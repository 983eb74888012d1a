/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Which device drives which line of the GIC. Read from interrupts,
 * interrupts-extended and the interrupt-map of PCI hosts; the three cells
 * behind a reference to a GIC are <type number flags>.
 *
 * The lines of a PCI host are all that any function below it can drive. A function has of them the one that its pin
 * leads to; that it drives it is the host's record.
 */
#include <stdlib.h>
#include <string.h>

#include "pci.h"

#define GIC_CELLS 3
#define IRQ_EDGE 3u /* flags: 1 rising, 2 falling, 4 high, 8 low */

static bool is_gic(const struct node *node)
{
	return node && node_compatible(node, "arm,gic-v3") && node_own_cells(node, "#interrupt-cells", 0) == GIC_CELLS;
}

static const struct node *interrupt_parent(const struct tree *tree, const struct node *node)
{
	while (node && !node_prop(node, "interrupt-parent")) {
		node = node->parent;
	}
	return node ? tree_phandle(tree, prop_cell(node_prop(node, "interrupt-parent"), 0)) : NULL;
}

/* The same line twice in one device (an interrupt-map names each several times) is one record. */
static void add_irq(struct device *device, const struct prop *prop, u32 index)
{
	u32 type = prop_cell(prop, index), number = prop_cell(prop, index + 1), flags = prop_cell(prop, index + 2);
	struct dev_irq irq = { .ppi = type == 1, .edge = flags & IRQ_EDGE, .flags = flags };
	struct dev_irq *slot;

	irq.intid = number + (irq.ppi ? 16 : SPI_BASE);
	if (type > 1) { /* the extended ranges of GICv3.1 */
		device->foreign_irq = true;
		return;
	}
	for (u32 i = 0; i < device->irq_count; i++) {
		if (device->irqs[i].intid == irq.intid) {
			return;
		}
	}
	slot = mem_push(&device->irqs, &device->irq_count, sizeof(*slot));
	*slot = irq;
}

static void load_interrupts(const struct tree *tree, struct device *device, struct diag *diag)
{
	const struct prop *prop = node_prop(device->node, "interrupts");

	if (!prop) {
		return;
	}
	if (!is_gic(interrupt_parent(tree, device->node))) {
		device->foreign_irq = true;
		return;
	}
	if (prop->size % (GIC_CELLS * 4) != 0) {
		diag_error(diag, "bad-property", prop->at, "%s: interrupts of a GIC have three cells each: type, number, flags",
			   device->node->path);
		return;
	}
	for (u32 i = 0; i < prop->size / 4; i += GIC_CELLS) {
		add_irq(device, prop, i);
	}
}

static void load_extended(const struct tree *tree, struct device *device)
{
	const struct prop *prop = node_prop(device->node, "interrupts-extended");

	for (u32 i = 0; prop && i < prop->size / 4;) {
		const struct node *parent = tree_phandle(tree, prop_cell(prop, i));

		if (!parent) {
			device->foreign_irq = true;
			return;
		}
		if (is_gic(parent)) {
			add_irq(device, prop, i + 1);
		} else {
			device->foreign_irq = true;
		}
		i += 1 + node_own_cells(parent, "#interrupt-cells", 1);
	}
}

/* Entries of (child address, child interrupt, parent, parent address, parent interrupt). */
static void load_map(const struct tree *tree, struct device *device)
{
	const struct node *node = device->node;
	const struct prop *map = node_prop(node, "interrupt-map");
	u32 child = node_own_cells(node, "#address-cells", 0) + node_own_cells(node, "#interrupt-cells", 1);

	for (u32 i = 0; map && i + child < map->size / 4;) {
		const struct node *parent = tree_phandle(tree, prop_cell(map, i + child));

		if (!parent) {
			device->foreign_irq = true;
			return;
		}
		i += child + 1 + node_own_cells(parent, "#address-cells", 0);
		if (is_gic(parent)) {
			add_irq(device, map, i);
		} else {
			device->foreign_irq = true;
		}
		i += node_own_cells(parent, "#interrupt-cells", 1);
	}
}

/* A function's pin, as the map and its mask say. */
static void load_pin(const struct decision *d, struct device *device)
{
	const struct function *f = &d->functions[device->function];
	const struct node *host = d->hosts[f->host].node;
	const struct prop *map = node_prop(host, "interrupt-map"), *mask = node_prop(host, "interrupt-map-mask");
	u32 unit[] = { PCI_HIGH(f->address), 0, 0, f->pin };
	u32 child = ARRAY_COUNT(unit);

	if (f->pin == 0 || node_own_cells(host, "#interrupt-cells", 1) != 1) {
		return;
	}
	for (u32 i = 0; map && i + child < map->size / 4;) {
		const struct node *parent = tree_phandle(d->tree, prop_cell(map, i + child));
		bool match = true;

		for (u32 k = 0; k < child; k++) {
			match = match && ((unit[k] ^ prop_cell(map, i + k)) & (mask ? prop_cell(mask, k) : ~0u)) == 0;
		}
		if (!parent) {
			return; /* reported by check_board.c */
		}
		i += child + 1 + node_own_cells(parent, "#address-cells", 0);
		if (match && is_gic(parent)) {
			add_irq(device, map, i);
			return;
		}
		i += node_own_cells(parent, "#interrupt-cells", 1);
	}
}

static int compare_lines(const void *left, const void *right)
{
	const struct board_line *a = left, *b = right;

	return a->intid != b->intid ? (a->intid < b->intid ? -1 : 1) : (int)a->device - (int)b->device;
}

static const char *irq_property(const struct node *node)
{
	return node_prop(node, "interrupts") ? "interrupts" :
	       node_prop(node, "interrupts-extended") ? "interrupts-extended" : "interrupt-map";
}

void dt_irqs(struct decision *d, struct diag *diag)
{
	for (u16 i = 0; i < d->device_count; i++) {
		struct device *device = &d->devices[i];

		if (device->function != FUNCTION_NONE) {
			load_pin(d, device);
			continue;
		}
		load_interrupts(d->tree, device, diag);
		load_extended(d->tree, device);
		load_map(d->tree, device);
		for (u32 j = 0; j < device->irq_count; j++) {
			struct board_line *line;

			if (device->irqs[j].ppi) {
				continue;
			}
			line = mem_push(&d->board_lines, &d->board_line_count, sizeof(*line));
			*line = (struct board_line){ .intid = device->irqs[j].intid, .edge = device->irqs[j].edge,
				.device = i, .at = prop_at(device->node, irq_property(device->node)) };
		}
	}
	if (d->board_line_count) {
		qsort(d->board_lines, d->board_line_count, sizeof(*d->board_lines), compare_lines);
	}
}
