/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A flattened device tree as an array of nodes in the order of the file, so that questions
 * about parents cost no search. Devicetree Specification 0.4, 2.3 (reg, ranges), 5 (format).
 */
#include <libfdt.h>
#include <string.h>

#include "cellcheck.h"

#define DEPTH 64

void tree_open(struct arena *a, struct tree *t, const char *path, size_t *size)
{
	u8 *bytes = file_read(a, path, size);
	int stack[DEPTH], depth = 0, offset = 0;

	memset(t, 0, sizeof *t);
	t->fdt = bytes;
	if (fdt_check_full(bytes, *size))
		unreadable("%s: no flattened device tree", path);
	while (offset >= 0 && depth >= 0) {
		struct node *n;

		if (depth >= DEPTH)
			unreadable("%s: nodes are nested too deep", path);
		n = VEC_ADD(a, t->nodes);
		n->offset = offset;
		n->parent = depth ? stack[depth - 1] : -1;
		n->phandle = fdt_get_phandle(bytes, offset);
		n->name = fdt_get_name(bytes, offset, NULL);
		if (!n->name)
			unreadable("%s: a node without a name", path);
		stack[depth] = (int)t->nodes.n - 1;
		offset = fdt_next_node(bytes, offset, &depth);
	}
}

const u8 *tree_prop(const struct tree *t, int node, const char *name, int *length)
{
	int none;

	length = length ? length : &none;
	*length = 0;
	return node < 0 ? NULL : fdt_getprop(t->fdt, t->nodes.v[node].offset, name, length);
}

u32 tree_u32(const struct tree *t, int node, const char *name, u32 otherwise)
{
	int length;
	const u8 *p = tree_prop(t, node, name, &length);

	return p && length >= 4 ? (u32)get_be(p, 4) : otherwise;
}

const char *tree_text(const struct tree *t, int node, const char *name)
{
	int length;
	const u8 *p = tree_prop(t, node, name, &length);

	return p && length > 0 && !p[length - 1] ? (const char *)p : NULL;
}

bool tree_is(const struct tree *t, int node, const char *compatible)
{
	int length;
	const u8 *p = tree_prop(t, node, "compatible", &length);

	return p && fdt_stringlist_contains((const char *)p, length, compatible);
}

int tree_child(const struct tree *t, int node, const char *name)
{
	for (size_t i = 0; node >= 0 && i < t->nodes.n; i++)
		if (t->nodes.v[i].parent == node && !strcmp(t->nodes.v[i].name, name))
			return (int)i;
	return -1;
}

int tree_path(const struct tree *t, const char *path)
{
	int offset = fdt_path_offset(t->fdt, path);

	for (size_t i = 0; offset >= 0 && i < t->nodes.n; i++)
		if (t->nodes.v[i].offset == offset)
			return (int)i;
	return -1;
}

int tree_phandle(const struct tree *t, u32 phandle)
{
	for (size_t i = 0; phandle && i < t->nodes.n; i++)
		if (t->nodes.v[i].phandle == phandle)
			return (int)i;
	return -1;
}

bool tree_below(const struct tree *t, int node, int above)
{
	while (node >= 0 && node != above)
		node = t->nodes.v[node].parent;
	return above >= 0 && node == above;
}

u32 tree_width(const struct tree *t, int node, const char *name)
{
	for (; node >= 0; node = t->nodes.v[node].parent)
		if (tree_prop(t, node, name, NULL))
			break;
	return tree_u32(t, node, name, 2) == 1 ? 1 : 2;
}

static u64 cells(const u8 *p, u32 width)
{
	return width > 2 ? get_be(p + 4 * (width - 2), 8) : get_be(p, 4 * (int)width);
}

/* An address on the bus of `node`, as the CPUs see it; false: not at all. */
static bool translate(const struct tree *t, int node, u64 *address)
{
	for (; node > 0; node = t->nodes.v[node].parent) {
		u32 own = tree_u32(t, node, "#address-cells", 2), size = tree_u32(t, node, "#size-cells", 1);
		u32 above = tree_u32(t, t->nodes.v[node].parent, "#address-cells", 2), row = 4 * (own + above + size);
		int length;
		const u8 *p = tree_prop(t, node, "ranges", &length);
		bool found = p && !length;

		if (own > 4 || size > 2 || above > 4 || !p)
			return false;
		for (u32 at = 0; !found && row && at + row <= (u32)length; at += row) {
			u64 from = cells(p + at, own), to = cells(p + at + 4 * own, above);

			found = *address >= from && *address - from < cells(p + at + 4 * (own + above), size);
			*address += found ? to - from : 0;
		}
		if (!found)
			return false;
	}
	return true;
}

bool tree_pci(const struct tree *t, int node)
{
	const char *type = tree_text(t, node, "device_type");

	return (type && !strcmp(type, "pci")) || tree_is(t, node, "pci-host-ecam-generic");
}

void tree_regs(struct arena *a, const struct tree *t, int node, spans *found)
{
	int bus = node < 0 ? -1 : t->nodes.v[node].parent, length;
	u32 wide = tree_u32(t, bus, "#address-cells", 2), long_ = tree_u32(t, bus, "#size-cells", 1);
	const u8 *p = tree_prop(t, node, "reg", &length);
	u32 row = 4 * (wide + long_);

	if (!p || wide > 4 || long_ > 2 || !row || tree_pci(t, bus))
		return;
	for (u32 at = 0; at + row <= (u32)length; at += row) {
		struct span s = { cells(p + at, wide), cells(p + at + 4 * wide, long_) };

		if (translate(t, bus, &s.base))
			*VEC_ADD(a, *found) = s;
	}
}

char *tree_name(struct arena *a, const struct tree *t, int node)
{
	char *path = arena_text(a, "%s", node > 0 ? "" : "/");

	for (; node > 0; node = t->nodes.v[node].parent)
		path = arena_text(a, "/%s%s", t->nodes.v[node].name, path);
	return path;
}

const char *tree_label(struct arena *a, const struct tree *t, int node, size_t nth)
{
	int symbols = tree_child(t, 0, "__symbols__"), prop;
	char *path = tree_name(a, t, node);

	if (symbols >= 0)
		fdt_for_each_property_offset(prop, t->fdt, t->nodes.v[symbols].offset) {
			const char *label;
			int length;
			const char *value = fdt_getprop_by_offset(t->fdt, prop, &label, &length);

			if (value && length == (int)strlen(path) + 1 && !memcmp(value, path, (size_t)length) && !nth--)
				return label;
		}
	return NULL;
}
