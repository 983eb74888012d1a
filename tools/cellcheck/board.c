/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The hardware, from the tree: CPUs, RAM, the GIC, which device drives which line. And what
 * the partition changed in the board's own tree, for people to judge.
 */
#include <libfdt.h>
#include <string.h>

#include "cellcheck.h"

/* Arm GICv3 binding: reg is the distributor, then the redistributor regions. */
static void read_gic(struct arena *a, struct hw *hw)
{
	const struct tree *t = hw->tree;
	spans regs = { 0 };

	hw->gic = -1;
	for (size_t i = 0; i < t->nodes.n && hw->gic < 0; i++)
		if (tree_is(t, (int)i, "arm,gic-v3"))
			hw->gic = (int)i;
	tree_regs(a, t, hw->gic, &regs);
	if (regs.n < 2)
		unreadable("the tree has no arm,gic-v3 with redistributors");
	hw->gicd = regs.v[0].base;
	for (u32 i = 1; i < regs.n && i <= tree_u32(t, hw->gic, "#redistributor-regions", 1); i++)
		*VEC_ADD(a, hw->gicr) = regs.v[i];
}

static u64 redistributor(const struct hw *hw, u64 n)
{
	for (size_t i = 0; i < hw->gicr.n; i++) {
		u64 frames = hw->gicr.v[i].size / (2 * FRAME);

		if (n < frames)
			return hw->gicr.v[i].base + n * 2 * FRAME;
		n -= frames;
	}
	unreadable("the tree has more CPUs than redistributors");
}

static void read_cpus(struct arena *a, struct hw *hw)
{
	const struct tree *t = hw->tree;
	int all = tree_child(t, 0, "cpus");

	for (size_t i = 0; i < t->nodes.n; i++) {
		const char *type = tree_text(t, (int)i, "device_type");
		int length;
		const u8 *reg = tree_prop(t, (int)i, "reg", &length);
		u64 gicr;

		if (all < 0 || t->nodes.v[i].parent != all || !type || strcmp(type, "cpu") || !reg || (length != 4 && length != 8))
			continue;
		gicr = redistributor(hw, hw->cpus.n); /* the nth CPU of the tree has the nth frame */
		*VEC_ADD(a, hw->cpus) = (struct hw_cpu) { get_be(reg, length), gicr, (int)i };
	}
	if (!hw->cpus.n)
		unreadable("the tree has no CPUs");
}

/* Devicetree Specification 2.3.4. */
static bool available(const struct tree *t, int node)
{
	const char *status = tree_text(t, node, "status");

	return !status || !strcmp(status, "okay") || !strcmp(status, "ok");
}

static void read_memory(struct arena *a, struct hw *hw)
{
	const struct tree *t = hw->tree;
	int reserved = tree_child(t, 0, "reserved-memory"), count = fdt_num_mem_rsv(t->fdt);

	for (size_t i = 0; i < t->nodes.n; i++) {
		const char *type = tree_text(t, (int)i, "device_type");

		if (t->nodes.v[i].parent == 0 && type && !strcmp(type, "memory")) {
			if (available(t, (int)i))
				tree_regs(a, t, (int)i, &hw->ram);
		} else if (reserved >= 0 && t->nodes.v[i].parent == reserved)
			tree_regs(a, t, (int)i, &hw->reserved);
	}
	for (int i = 0; i < count; i++) {
		uint64_t base, size;

		if (!fdt_get_mem_rsv(t->fdt, i, &base, &size))
			*VEC_ADD(a, hw->reserved) = (struct span) { base, size };
	}
}

/* One interrupt specifier of the GIC: kind (0: SPI), number, flags (1, 2: edge). */
static void add_wire(struct arena *a, struct hw *hw, int node, int parent, const u8 *p)
{
	u32 flags = (u32)get_be(p + 8, 4) & 0xf;

	if (parent == hw->gic && !get_be(p, 4) && get_be(p + 4, 4) < INTIDS - 32)
		*VEC_ADD(a, hw->wires) = (struct wire) { (u32)get_be(p + 4, 4) + 32, flags == 1 || flags == 2, node };
}

static void read_extended(struct arena *a, struct hw *hw, int node, const u8 *p, int length)
{
	while (length >= 4) {
		int parent = tree_phandle(hw->tree, (u32)get_be(p, 4));
		u32 width = tree_u32(hw->tree, parent, "#interrupt-cells", 0);

		if (parent < 0 || width > 16 || (u32)length < 4 + 4 * width)
			return;
		if (width >= 3)
			add_wire(a, hw, node, parent, p + 4);
		p += 4 + 4 * width;
		length -= (int)(4 + 4 * width);
	}
}

/* A child: unit address and pin. Equal, where the mask says that it counts. */
static bool same_unit(const u8 *row, const u8 *unit, const u8 *mask, u32 bytes)
{
	for (u32 i = 0; i < bytes; i++)
		if ((row[i] ^ unit[i]) & (mask ? mask[i] : 0xff))
			return false;
	return true;
}

/*
 * Of a PCI host: child unit address and pin, parent, its unit address, its specifier. All of the map are the host's; the
 * first that fits a unit is the unit's, which is on the node `whose`.
 */
static void read_map(struct arena *a, struct hw *hw, int node, const u8 *unit, int whose)
{
	u32 front = tree_u32(hw->tree, node, "#address-cells", 2) + tree_u32(hw->tree, node, "#interrupt-cells", 1);
	int length, wide;
	const u8 *p = tree_prop(hw->tree, node, "interrupt-map", &length), *mask = tree_prop(hw->tree, node, "interrupt-map-mask", &wide);

	mask = mask && (u32)wide >= 4 * front ? mask : NULL;
	while (p && front < 16 && (u32)length >= 4 * front + 4) {
		int parent = tree_phandle(hw->tree, (u32)get_be(p + 4 * front, 4));
		u32 wide_unit = tree_u32(hw->tree, parent, "#address-cells", 0), width = tree_u32(hw->tree, parent, "#interrupt-cells", 0);
		u32 row = 4 * (front + 1 + wide_unit + width);

		if (parent < 0 || wide_unit > 4 || width > 16 || (u32)length < row)
			return;
		if (width >= 3 && (!unit || same_unit(p, unit, mask, 4 * front)))
			add_wire(a, hw, whose, parent, p + 4 * (front + 1 + wide_unit));
		if (unit && same_unit(p, unit, mask, 4 * front))
			return;
		p += row;
		length -= (int)row;
	}
}

/* The pin of a PCI function: its host's map leads to a line. */
static void read_pin(struct arena *a, struct hw *hw, int node)
{
	int host = hw->tree->nodes.v[node].parent, regs, pins;
	const u8 *reg = tree_prop(hw->tree, node, "reg", &regs), *pin = tree_prop(hw->tree, node, "interrupts", &pins);
	u8 unit[16];

	if (!reg || regs < 12 || !pin || pins < 4 || tree_u32(hw->tree, host, "#address-cells", 2) != 3 ||
		tree_u32(hw->tree, host, "#interrupt-cells", 1) != 1)
		return;
	memcpy(unit, reg, 12);
	memcpy(unit + 12, pin, 4);
	read_map(a, hw, host, unit, node);
}

static void read_wires(struct arena *a, struct hw *hw, int node)
{
	int length, above = node, parent;
	const u8 *p;
	u32 width;

	if (tree_pci(hw->tree, hw->tree->nodes.v[node].parent)) {
		read_pin(a, hw, node);
		return;
	}
	read_map(a, hw, node, NULL, node);
	p = tree_prop(hw->tree, node, "interrupts-extended", &length);
	if (p) {
		read_extended(a, hw, node, p, length);
		return;
	}
	p = tree_prop(hw->tree, node, "interrupts", &length);
	while (p && above >= 0 && !tree_prop(hw->tree, above, "interrupt-parent", NULL))
		above = hw->tree->nodes.v[above].parent;
	parent = tree_phandle(hw->tree, tree_u32(hw->tree, above, "interrupt-parent", 0));
	width = tree_u32(hw->tree, parent, "#interrupt-cells", 0);
	for (u32 at = 0; p && width >= 3 && width < 16 && at + 4 * width <= (u32)length; at += 4 * width)
		add_wire(a, hw, node, parent, p + at);
}

/* What no cell may reach, whatever the partition says: what holds devices, and what moves their addresses. */
static void read_guarded(struct arena *a, struct hw *hw, int node)
{
	spans regs = { 0 };

	if (!tree_is(hw->tree, node, "arm,gic-v3-its") && !tree_is(hw->tree, node, "arm,smmu-v3") && !tree_is(hw->tree, node, "pci-host-ecam-generic"))
		return;
	tree_regs(a, hw->tree, node, &regs);
	for (size_t i = 0; i < regs.n; i++)
		*VEC_ADD(a, hw->guarded) = (struct place) { regs.v[i], node };
}

void board_read(struct arena *a, struct hw *hw, const struct tree *t)
{
	int domains = tree_child(t, 0, "domains");

	memset(hw, 0, sizeof *hw);
	hw->tree = t;
	hw->model = tree_text(t, 0, "model");
	read_gic(a, hw);
	read_cpus(a, hw);
	caches_read(a, hw);
	read_memory(a, hw);
	for (size_t i = 0; i < t->nodes.n; i++) {
		spans regs = { 0 };

		if (tree_below(t, (int)i, domains))
			continue;
		read_wires(a, hw, (int)i);
		read_guarded(a, hw, (int)i);
		tree_regs(a, t, (int)i, &regs);
		for (size_t n = 0; n < regs.n; n++)
			*VEC_ADD(a, hw->places) = (struct place) { regs.v[n], (int)i };
	}
}

bool board_drives(const struct hw *hw, u32 intid)
{
	for (size_t i = 0; i < hw->wires.n; i++)
		if (hw->wires.v[i].intid == intid)
			return true;
	return false;
}

bool board_intx(const struct hw *hw, int node)
{
	for (size_t i = 0; i < hw->wires.n; i++)
		if (hw->wires.v[i].node == node)
			return true;
	return false;
}

/* Equal, phandles by the node they name: dtc numbers them anew for each tree. */
static bool same_value(const struct tree *a, const u8 *x, const struct tree *b, const u8 *y, int length, struct arena *arena)
{
	for (int at = 0; at < length; at += 4) {
		int m, n;

		if (at + 4 > length || !memcmp(x + at, y + at, 4)) {
			if (memcmp(x + at, y + at, (size_t)(length - at < 4 ? length - at : 4)))
				return false;
			continue;
		}
		m = tree_phandle(a, (u32)get_be(x + at, 4));
		n = tree_phandle(b, (u32)get_be(y + at, 4));
		if (m < 0 || n < 0 || strcmp(tree_name(arena, a, m), tree_name(arena, b, n)))
			return false;
	}
	return true;
}

static void compare_node(struct arena *a, struct hw *hw, const struct tree *board, int node)
{
	char *path = tree_name(a, board, node);
	int other = tree_path(hw->tree, path), prop;

	if (other < 0) {
		*VEC_ADD(a, hw->changes) = arena_text(a, "%s is taken out", path);
		return;
	}
	fdt_for_each_property_offset(prop, board->fdt, board->nodes.v[node].offset) {
		const char *name;
		int length, found;
		const u8 *x = fdt_getprop_by_offset(board->fdt, prop, &name, &length), *y = NULL;

		if (x)
			y = tree_prop(hw->tree, other, name, &found);
		if (!x || !strcmp(name, "phandle") || (y && found == length && same_value(board, x, hw->tree, y, length, a)))
			continue;
		*VEC_ADD(a, hw->changes) = arena_text(a, "%s: %s is %s", path, name, y ? "changed" : "taken out");
	}
}

void board_compare(struct arena *a, struct hw *hw, const struct tree *board)
{
	int domains = tree_child(hw->tree, 0, "domains"), symbols = tree_child(hw->tree, 0, "__symbols__");
	int own = tree_child(board, 0, "__symbols__");

	for (size_t i = 0; i < board->nodes.n; i++)
		if (!tree_below(board, (int)i, own))
			compare_node(a, hw, board, (int)i);
	for (size_t i = 0; i < hw->tree->nodes.n; i++) {
		char *path = tree_name(a, hw->tree, (int)i);

		if (!tree_below(hw->tree, (int)i, domains) && !tree_below(hw->tree, (int)i, symbols) &&
			strncmp(hw->tree->nodes.v[i].name, "__", 2) && tree_path(board, path) < 0)
			*VEC_ADD(a, hw->changes) = arena_text(a, "%s is added", path);
	}
}
