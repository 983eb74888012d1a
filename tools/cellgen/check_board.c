/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The board's interrupts. A device whose interrupt leads nowhere may drive any
 * line, so cellgen could not say which lines are spare.
 */
#include "check.h"

static void check_parent(const struct decision *d, const struct node *node, const struct prop *prop, u32 index, struct diag *diag)
{
	const struct node *parent = tree_phandle(d->tree, prop_cell(prop, index));

	if (!parent) {
		check_reference(prop_cell(prop, index), mem_format("%s of %s", prop->name, node_nick(node)), prop->at, diag);
	} else if (!node_prop(parent, "interrupt-controller") && !node_prop(parent, "interrupt-map")) {
		diag_error(diag, "board-interrupts", prop->at, "%s of %s leads to %s (%s), which is no interrupt controller; correct the "
			   "board tree", prop->name, node_nick(node), node_nick(parent), diag_at(parent->at));
	}
}

/* The first entry of each is enough: if it leads somewhere, the rest was understood the same way. */
static void check_node(const struct decision *d, const struct node *node, struct diag *diag)
{
	const struct prop *parent = node_prop(node, "interrupt-parent");
	const struct prop *extended = node_prop(node, "interrupts-extended");
	const struct prop *map = node_prop(node, "interrupt-map");
	u32 address = node_own_cells(node, "#address-cells", 0), interrupt = node_own_cells(node, "#interrupt-cells", 1);

	if (parent) {
		check_parent(d, node, parent, 0, diag);
	}
	if (extended) {
		check_parent(d, node, extended, 0, diag);
	}
	if (map && address <= CELLS_MAX && interrupt <= CELLS_MAX) {
		check_parent(d, node, map, address + interrupt, diag);
	}
}

static bool has_parent(const struct node *node)
{
	while (node && !node_prop(node, "interrupt-parent")) {
		node = node->parent;
	}
	return node != NULL;
}

/* One missing property may concern every device: they are reported together. */
static void check_orphans(const struct decision *d, struct diag *diag)
{
	const struct node *first = NULL;
	u32 count = 0;

	for (u32 i = 0; i < d->device_count; i++) {
		const struct node *node = d->devices[i].node;

		if (node_prop(node, "interrupts") && !node_prop(node, "interrupts-extended") && !has_parent(node)) {
			first = first ? first : node;
			count++;
		}
	}
	if (first) {
		diag_error(diag, "board-interrupts", prop_at(first, "interrupts"), "nothing says where the interrupts of %s (and of %u "
			   "other devices) go; give it, or the root, an interrupt-parent", node_nick(first), count - 1);
	}
}

void check_board(const struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->tree->node_count; i++) {
		if (!d->domains || !node_below(d->tree->nodes[i], d->domains)) {
			check_node(d, d->tree->nodes[i], diag);
		}
	}
	check_orphans(d, diag);
}
