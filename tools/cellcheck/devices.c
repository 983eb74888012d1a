/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Which devices a cell asks for: by access, and everything below the buses of cloison,access-bus that is a device and
 * not the system's (docs/partition.md, "Everything on a bus").
 */
#include <string.h>

#include "cellcheck.h"

static bool among(const struct ask_cell *cell, int device)
{
	for (size_t i = 0; i < cell->devices.n; i++)
		if (cell->devices.v[i] == device)
			return true;
	return false;
}

/* Each reference has #access-flags-cells of this node behind it. A zero is no device. */
static void read_named(struct arena *a, const struct hw *hw, struct ask_cell *cell)
{
	int length;
	const u8 *p = tree_prop(hw->tree, cell->node, "access", &length);
	u32 step = 4 * (1 + tree_u32(hw->tree, cell->node, "#access-flags-cells", 0));

	for (u32 at = 0; p && step < 1024 && at + step <= (u32)length; at += step) {
		u32 phandle = (u32)get_be(p + at, 4);
		int device = tree_phandle(hw->tree, phandle);

		if (!phandle)
			continue;
		if (device < 0)
			unreadable("cell '%s': access names no node", cell->name);
		*VEC_ADD(a, cell->devices) = device;
	}
}

static bool below_any(const struct hw *hw, int node, const u8 *p, int length, bool itself)
{
	for (int at = 0; p && at + 4 <= length; at += 4) {
		int top = tree_phandle(hw->tree, (u32)get_be(p + at, 4));

		if (tree_below(hw->tree, node, top) && (itself || node != top))
			return true;
	}
	return false;
}

static bool off(const struct tree *t, int node)
{
	for (; node >= 0; node = t->nodes.v[node].parent) {
		const char *status = tree_text(t, node, "status");

		if (status && strcmp(status, "okay") && strcmp(status, "ok"))
			return true;
	}
	return false;
}

static bool systems(const struct tree *t, int node)
{
	static const char *const kinds[] = { "arm,gic-v3", "arm,gic-v3-its", "arm,gic-400", "arm,armv8-timer", "arm,armv7-timer",
		"arm,armv8-pmuv3", "arm,smmu-v3", "arm,mmu-500", "arm,psci-1.0", "simple-bus", "pci-host-ecam-generic" };
	static const char *const tops[] = { "domains", "cpus", "reserved-memory", "chosen", "aliases", "psci", "__symbols__" };
	const char *type = tree_text(t, node, "device_type");

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (tree_is(t, node, kinds[i]))
			return true;
	for (size_t i = 0; i < sizeof tops / sizeof tops[0]; i++)
		if (tree_below(t, node, tree_child(t, 0, tops[i])))
			return true;
	return (type && !strcmp(type, "memory")) || tree_prop(t, node, "interrupt-controller", NULL);
}

/* It has registers that a CPU can address, or none but an interrupt; or it is a PCI function. */
static bool is_device(struct arena *a, const struct hw *hw, int node)
{
	spans regs = { 0 };

	if (tree_is(hw->tree, hw->tree->nodes.v[node].parent, "pci-host-ecam-generic"))
		return true;
	if (tree_prop(hw->tree, node, "reg", NULL)) {
		tree_regs(a, hw->tree, node, &regs);
		return regs.n && tree_u32(hw->tree, hw->tree->nodes.v[node].parent, "#size-cells", 1);
	}
	return tree_prop(hw->tree, node, "interrupts", NULL) || tree_prop(hw->tree, node, "interrupts-extended", NULL) ||
		tree_prop(hw->tree, node, "interrupt-map", NULL);
}

static void read_buses(struct arena *a, const struct hw *hw, const struct ask *ask, struct ask_cell *cell)
{
	int buses, excepts;
	const u8 *bus = tree_prop(hw->tree, cell->node, "cloison,access-bus", &buses);
	const u8 *except = tree_prop(hw->tree, cell->node, "cloison,access-except", &excepts);

	for (size_t i = 1; bus && i < hw->tree->nodes.n; i++) {
		int node = (int)i;

		if (below_any(hw, node, bus, buses, false) && !below_any(hw, node, except, excepts, true) && !off(hw->tree, node) &&
			!systems(hw->tree, node) && node != ask->console_node && !among(cell, node) && is_device(a, hw, node))
			*VEC_ADD(a, cell->devices) = node;
	}
}

void devices_read(struct arena *a, const struct hw *hw, const struct ask *ask, struct ask_cell *cell)
{
	int length;
	const u8 *p = tree_prop(hw->tree, cell->node, "cloison,no-dma", &length);

	for (int at = 0; p && at + 4 <= length; at += 4)
		*VEC_ADD(a, cell->no_dma) = tree_phandle(hw->tree, (u32)get_be(p + at, 4));
	read_named(a, hw, cell);
	read_buses(a, hw, ask, cell);
}

/* In whole pages; ranges that overlap are one. */
void devices_page(struct arena *a, struct ask_cell *cell, struct span reg)
{
	u64 from = reg.base & ~(PAGE - 1), end = (reg.base + reg.size + PAGE - 1) & ~(PAGE - 1);

	for (size_t i = 0; i < cell->pages.n; i++) {
		struct span s = cell->pages.v[i];

		if (!span_meet(s, (struct span) { from, end - from }))
			continue;
		from = s.base < from ? s.base : from;
		end = s.base + s.size > end ? s.base + s.size : end;
		cell->pages.v[i] = cell->pages.v[--cell->pages.n]; /* taken out: the larger one may meet others */
		i = (size_t)-1;
	}
	*VEC_ADD(a, cell->pages) = (struct span) { from, end - from };
}
