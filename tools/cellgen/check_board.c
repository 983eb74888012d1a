/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The board's interrupts. A device whose interrupt leads nowhere may drive any
 * line, so cellgen could not say which lines are spare.
 */
#include "check.h"

static const struct node *check_parent(const struct decision *d, const struct node *node, const struct prop *prop, u32 index,
				       struct diag *diag)
{
	const struct node *parent = tree_phandle(d->tree, prop_cell(prop, index));

	if (!parent) {
		check_reference(prop_cell(prop, index), mem_format("%s of %s", prop->name, node_nick(node)), prop->at, diag);
	} else if (!node_prop(parent, "interrupt-controller") && !node_prop(parent, "interrupt-map")) {
		diag_error(diag, "board-interrupts", prop->at, "%s of %s leads to %s (%s), which is no interrupt controller; correct the "
			   "board tree", prop->name, node_nick(node), node_nick(parent), diag_at(parent->at));
	}
	return parent;
}

static void check_end(const struct node *node, const struct prop *prop, u32 next, struct diag *diag)
{
	if (next > prop->size / 4) {
		diag_error(diag, "board-interrupts", prop->at, "%s of %s ends in the middle of an entry; correct the board tree", prop->name,
			   node_nick(node));
	}
}

/* A GIC of another form is board-gic's finding, and how long its specifiers are is not known. */
static bool readable(const struct node *parent)
{
	return parent && (!node_compatible(parent, "arm,gic-v3") || node_own_cells(parent, "#interrupt-cells", 0) == 3);
}

/* A list of references, each followed by a specifier in its controller's form. */
static void check_extended(const struct decision *d, const struct node *node, const struct prop *prop, struct diag *diag)
{
	for (u32 i = 0; i < prop->size / 4;) {
		const struct node *parent = check_parent(d, node, prop, i, diag);

		if (!readable(parent)) {
			return; /* how long the entry is cannot be known */
		}
		i += 1 + node_own_cells(parent, "#interrupt-cells", 1);
		check_end(node, prop, i, diag);
	}
}

/* Entries of (child address, child interrupt, parent, parent address, parent interrupt). */
static void check_map(const struct decision *d, const struct node *node, const struct prop *prop, u32 child, struct diag *diag)
{
	for (u32 i = 0; i < prop->size / 4;) {
		const struct node *parent = NULL;

		if (i + child < prop->size / 4) {
			parent = check_parent(d, node, prop, i + child, diag);
		} else {
			check_end(node, prop, i + child + 1, diag);
		}
		if (!readable(parent)) {
			return;
		}
		i += child + 1 + node_own_cells(parent, "#address-cells", 0) + node_own_cells(parent, "#interrupt-cells", 1);
		check_end(node, prop, i, diag);
	}
}

static void check_node(const struct decision *d, const struct node *node, struct diag *diag)
{
	const struct prop *parent = node_prop(node, "interrupt-parent");
	const struct prop *extended = node_prop(node, "interrupts-extended");
	const struct prop *map = node_prop(node, "interrupt-map");

	if (parent) {
		check_parent(d, node, parent, 0, diag);
	}
	if (extended) {
		check_extended(d, node, extended, diag);
	}
	if (map) {
		check_map(d, node, map, node_own_cells(node, "#address-cells", 0) + node_own_cells(node, "#interrupt-cells", 1), diag);
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
		if (!node_below(d->tree->nodes[i], d->domains)) {
			check_node(d, d->tree->nodes[i], diag);
		}
	}
	check_orphans(d, diag);
}
