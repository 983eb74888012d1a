/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The partition's DTB as a tree of C structs, and the questions everybody asks
 * of it. Nothing here knows what a property means.
 */
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "parts.h"

#define DEPTH_MAX 64

static int compare_paths(const void *left, const void *right)
{
	return strcmp((*(struct node *const *)left)->path, (*(struct node *const *)right)->path);
}

static void load_props(const void *dtb, int offset, struct node *node)
{
	int prop;

	fdt_for_each_property_offset(prop, dtb, offset) {
		int size;
		const char *name;
		const void *data = fdt_getprop_by_offset(dtb, prop, &name, &size);
		struct prop *p = mem_push(&node->props, &node->prop_count, sizeof(*p));

		*p = (struct prop){ .name = name, .data = data, .size = (u32)size };
		if (strcmp(name, "phandle") == 0 && size == 4) {
			node->phandle = prop_cell(p, 0);
		}
	}
}

static struct node *load_node(const void *dtb, int offset, struct node *parent)
{
	struct node *node = mem_alloc(sizeof(*node));

	node->parent = parent;
	node->name = parent ? fdt_get_name(dtb, offset, NULL) : "/";
	if (!parent) {
		node->path = "/";
	} else if (!parent->parent) {
		node->path = mem_format("/%s", node->name);
	} else {
		node->path = mem_format("%s/%s", parent->path, node->name);
	}
	load_props(dtb, offset, node);
	return node;
}

/* __symbols__ is how dtc -@ hands labels down: label = "/path". */
static void load_labels(struct tree *tree)
{
	const struct node *symbols = node_child(tree->root, "__symbols__");

	for (u32 i = 0; symbols && i < symbols->prop_count; i++) {
		const char *path = node_string(symbols, symbols->props[i].name);
		struct node *node = path ? tree_find(tree, path) : NULL;

		if (node && !node->label) {
			node->label = symbols->props[i].name;
		}
	}
}

static void load_reserved(struct tree *tree, const void *dtb)
{
	for (int i = 0; i < fdt_num_mem_rsv(dtb); i++) {
		struct range *range = mem_push(&tree->reserved, &tree->reserved_count, sizeof(*range));

		fdt_get_mem_rsv(dtb, i, &range->base, &range->size);
	}
}

struct tree *tree_load(const void *dtb, u64 size)
{
	struct tree *tree = mem_alloc(sizeof(*tree));
	struct node *last[DEPTH_MAX] = {0}; /* the latest node of each depth: its children and siblings come next */
	int depth = 0;

	if (size < sizeof(struct fdt_header) || fdt_check_full(dtb, size) != 0) {
		fatal("the partition's DTB is broken");
	}
	for (int offset = 0; offset >= 0 && depth >= 0; offset = fdt_next_node(dtb, offset, &depth)) {
		struct node *node;

		if (depth >= DEPTH_MAX - 1) {
			fatal("the partition's DTB is nested deeper than %d", DEPTH_MAX - 1);
		}
		node = load_node(dtb, offset, depth ? last[depth - 1] : NULL);
		if (last[depth]) {
			last[depth]->next = node;
		} else if (depth) {
			last[depth - 1]->child = node;
		}
		last[depth] = node;
		last[depth + 1] = NULL;
		*(struct node **)mem_push(&tree->nodes, &tree->node_count, sizeof(node)) = node;
	}
	tree->root = tree->nodes[0];
	tree->by_path = mem_alloc(tree->node_count * sizeof(struct node *));
	memcpy(tree->by_path, tree->nodes, tree->node_count * sizeof(struct node *));
	qsort(tree->by_path, tree->node_count, sizeof(struct node *), compare_paths);
	load_labels(tree);
	load_reserved(tree, dtb);
	return tree;
}

struct node *tree_find(const struct tree *tree, const char *path)
{
	const struct node wanted = { .path = path };
	const struct node *key = &wanted;
	struct node **found = bsearch(&key, tree->by_path, tree->node_count, sizeof(key), compare_paths);

	return found ? *found : NULL;
}

const struct node *tree_path(const struct tree *tree, const char *path)
{
	return tree_find(tree, path);
}

const struct node *tree_phandle(const struct tree *tree, u32 phandle)
{
	for (u32 i = 0; phandle && i < tree->node_count; i++) {
		if (tree->nodes[i]->phandle == phandle) {
			return tree->nodes[i];
		}
	}
	return NULL;
}

const struct prop *node_prop(const struct node *node, const char *name)
{
	for (u32 i = 0; i < node->prop_count; i++) {
		if (strcmp(node->props[i].name, name) == 0) {
			return &node->props[i];
		}
	}
	return NULL;
}

const char *node_string(const struct node *node, const char *name)
{
	const struct prop *prop = node_prop(node, name);

	return prop && prop->size && prop->data[prop->size - 1] == 0 ? (const char *)prop->data : NULL;
}

bool node_compatible(const struct node *node, const char *compatible)
{
	const struct prop *prop = node_prop(node, "compatible");

	return prop && fdt_stringlist_contains((const char *)prop->data, (int)prop->size, compatible);
}

bool node_below(const struct node *node, const struct node *ancestor)
{
	while (node && node != ancestor) {
		node = node->parent;
	}
	return node != NULL;
}

const struct node *node_child(const struct node *node, const char *name)
{
	const struct node *child = node->child;

	while (child && strcmp(child->name, name) != 0) {
		child = child->next;
	}
	return child;
}

const char *node_nick(const struct node *node)
{
	return node->label ? node->label : node->name;
}

u32 node_own_cells(const struct node *node, const char *name, u32 fallback)
{
	const struct prop *prop = node_prop(node, name);

	return prop && prop->size == 4 && prop_cell(prop, 0) <= CELLS_MAX ? prop_cell(prop, 0) : fallback;
}

u32 node_cells(const struct node *node, const char *name, u32 fallback)
{
	while (node && !node_prop(node, name)) {
		node = node->parent;
	}
	return node ? node_own_cells(node, name, fallback) : fallback;
}

struct pos prop_at(const struct node *node, const char *name)
{
	const struct prop *prop = node_prop(node, name);

	return prop && prop->at.file ? prop->at : node->at;
}

u32 prop_cell(const struct prop *prop, u32 index)
{
	const u8 *p = prop->data + (u64)index * 4;

	if ((u64)index * 4 + 4 > prop->size) {
		return 0;
	}
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

u64 prop_number(const struct prop *prop, u32 index, u32 cells)
{
	return cells == 2 ? (u64)prop_cell(prop, index) << 32 | prop_cell(prop, index + 1) : prop_cell(prop, index);
}

u32 prop_ranges(const struct prop *prop, u32 address_cells, u32 size_cells, struct range **ranges, struct diag *diag)
{
	u32 entry = address_cells + size_cells, count = 0;

	if (address_cells < 1 || address_cells > 2 || size_cells < 1 || size_cells > 2) {
		diag_error(diag, "bad-property", prop->at, "%s: addresses of %u cells with sizes of %u cells are not supported; "
			   "#address-cells and #size-cells must be 1 or 2", prop->name, address_cells, size_cells);
		return 0;
	}
	if (prop->size == 0 || prop->size % (entry * 4) != 0) {
		diag_error(diag, "bad-property", prop->at, "%s: %u bytes are no whole number of (address, size) entries of %u "
			   "cells (#address-cells %u, #size-cells %u)", prop->name, prop->size, entry, address_cells,
			   size_cells);
		return 0;
	}
	for (u32 i = 0; i < prop->size / 4; i += entry) {
		struct range *range = mem_push(ranges, &count, sizeof(*range));

		range->base = prop_number(prop, i, address_cells);
		range->size = prop_number(prop, i + address_cells, size_cells);
	}
	return count;
}
