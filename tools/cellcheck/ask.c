/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What the partition asks for: docs/partition.md, read once more. A partition that cellgen
 * would refuse is not this file's business; what makes no sense here is unreadable.
 */
#include <string.h>

#include "cellcheck.h"

static u64 number(const u8 *p, u32 width)
{
	return get_be(p, 4 * (int)width);
}

/* Base and size, in cells of the node's own or inherited width. */
static void read_ranges(struct arena *a, const struct tree *t, int node, const char *name, spans *found)
{
	u32 wide = tree_width(t, node, "#address-cells"), long_ = tree_width(t, node, "#size-cells");
	int length;
	const u8 *p = tree_prop(t, node, name, &length);

	for (u32 at = 0; p && at + 4 * (wide + long_) <= (u32)length; at += 4 * (wide + long_))
		*VEC_ADD(a, *found) = (struct span) { number(p + at, wide), number(p + at + 4 * wide, long_) };
}

static int cpu_index(const struct hw *hw, int node)
{
	for (size_t i = 0; i < hw->cpus.n; i++)
		if (hw->cpus.v[i].node == node)
			return (int)i;
	return -1;
}

/* CPUs by reference; or a node with CPUs below, a mask of them, a mode. */
static void read_cpus(struct arena *a, const struct hw *hw, struct ask_cell *cell, int node)
{
	int length;
	const u8 *p = tree_prop(hw->tree, node, "cpus", &length);

	for (int at = 0; p && at + 4 <= length; at += 4) {
		int named = tree_phandle(hw->tree, (u32)get_be(p + at, 4)), index = cpu_index(hw, named), bit = 0;
		u64 mask;

		if (index >= 0) {
			*VEC_ADD(a, cell->cpus) = index;
			continue;
		}
		if (named < 0 || at + 12 > length)
			unreadable("%s: cpus names no CPU", tree_name(a, hw->tree, node));
		mask = get_be(p + at + 4, 4);
		for (size_t i = 0; i < hw->cpus.n; i++)
			if (hw->tree->nodes.v[hw->cpus.v[i].node].parent == named && bit < 32 && mask >> bit++ & 1)
				*VEC_ADD(a, cell->cpus) = (int)i;
		at += 8;
	}
}

static void read_memory(struct arena *a, const struct tree *t, struct ask_cell *cell)
{
	spans ranges = { 0 };
	int length;
	const u8 *physical = tree_prop(t, cell->node, "cloison,physical-base", &length);

	read_ranges(a, t, cell->node, "memory", &ranges);
	if (!ranges.n)
		unreadable("cell '%s' has no memory", cell->name);
	for (size_t i = 0; i < ranges.n; i++) {
		bool placed = physical && (size_t)length >= 8 * (i + 1);

		*VEC_ADD(a, cell->ram) = (struct ask_range) { ranges.v[i].base, ranges.v[i].size,
			placed ? get_be(physical + 8 * i, 8) : 0, placed };
	}
}

/* The number of the nth wire of a device, and its limit. Pairs: a device, a value. */
static u32 pair_value(const struct hw *hw, int node, const char *name, int device, u32 nth, u32 otherwise)
{
	int length;
	const u8 *p = tree_prop(hw->tree, node, name, &length);

	for (int at = 0; p && at + 8 <= length; at += 8)
		if (tree_phandle(hw->tree, (u32)get_be(p + at, 4)) == device && !nth--)
			return (u32)get_be(p + at + 4, 4);
	return otherwise;
}

static void read_wires(struct arena *a, const struct hw *hw, struct ask_cell *cell, int device)
{
	u32 nth = 0;

	for (size_t i = 0; i < hw->wires.n; i++) {
		const struct wire *w = &hw->wires.v[i];
		size_t at = 0;
		u32 spi;

		if (w->node != device)
			continue;
		while (at < cell->wires.n && cell->wires.v[at].intid != w->intid)
			at++;
		if (at == cell->wires.n) {
			*VEC_ADD(a, cell->wires) = *w;
			*VEC_ADD(a, cell->numbers) = 0;
			*VEC_ADD(a, cell->limits) = cell->limit;
		}
		spi = pair_value(hw, cell->node, "cloison,virtual-interrupts", device, nth++, NONE);
		if (spi != NONE)
			cell->numbers.v[at] = spi + 32;
		cell->limits.v[at] = pair_value(hw, cell->node, "cloison,interrupt-limits", device, 0, cell->limits.v[at]);
	}
}

static void read_access(struct arena *a, const struct hw *hw, const struct ask *ask, struct ask_cell *cell)
{
	devices_read(a, hw, ask, cell);
	for (size_t d = 0; d < cell->devices.n; d++) {
		spans regs = { 0 };

		tree_regs(a, hw->tree, cell->devices.v[d], &regs);
		for (size_t i = 0; i < regs.n; i++)
			devices_page(a, cell, regs.v[i]);
		read_wires(a, hw, cell, cell->devices.v[d]);
	}
}

/* Widths of reg are the cell's, or inherited. */
static struct ask_vdev read_vdev(const struct tree *t, int cell, int node)
{
	u32 wide = tree_width(t, cell, "#address-cells"), long_ = tree_width(t, cell, "#size-cells");
	struct ask_vdev v = { .name = t->nodes.v[node].name, .kind = tree_is(t, node, "arm,sp805") ? VDEV_SP805 :
		tree_is(t, node, "arm,pl061") ? VDEV_PL061 : VDEV_PL011 };
	const char *policy = tree_text(t, node, "cloison,console");
	int length;
	const u8 *p = tree_prop(t, node, "reg", &length);

	if ((u32)length >= 4 * (wide + long_)) {
		v.base = number(p, wide);
		v.size = number(p + 4 * wide, long_);
	}
	v.drop = policy && !strcmp(policy, "drop");
	p = tree_prop(t, node, "interrupts", &length);
	v.said = p && length >= 12;
	v.intid = v.said ? (u32)get_be(p + 4, 4) + 32 : 0;
	v.edge = v.said && get_be(p + 8, 4) == 1;
	return v;
}

static void read_vdevs(struct arena *a, const struct tree *t, struct ask_cell *cell)
{
	for (size_t i = 0; i < t->nodes.n; i++) {
		struct ask_vdev v;
		size_t at;

		if (t->nodes.v[i].parent != cell->node || !tree_prop(t, (int)i, "reg", NULL))
			continue;
		v = read_vdev(t, cell->node, (int)i);
		*VEC_ADD(a, cell->vdevs) = v;
		for (at = cell->vdevs.n - 1; at && cell->vdevs.v[at - 1].base > v.base; at--)
			cell->vdevs.v[at] = cell->vdevs.v[at - 1]; /* sorted by base */
		cell->vdevs.v[at] = v;
	}
}

static bool says(const struct tree *t, int node, const char *name, const char *value)
{
	const char *text = tree_text(t, node, name);

	return text && !strcmp(text, value);
}

/* Two cells, whatever #address-cells says. */
static struct ask_address read_address(const struct tree *t, int node, const char *name)
{
	int length;
	const u8 *p = tree_prop(t, node, name, &length);

	if (p && length != 8)
		unreadable("%s is no 64-bit address", name);
	return (struct ask_address) { p, p ? get_be(p, 8) : 0 };
}

static void read_cell(struct arena *a, struct ask *ask, const struct hw *hw, int node)
{
	const struct tree *t = hw->tree;
	struct ask_cell *cell = VEC_ADD(a, ask->cells);

	cell->node = node;
	cell->name = t->nodes.v[node].name;
	cell->direct = says(t, node, "cloison,interrupts", "direct");
	cell->wfi_native = !cell->direct || says(t, node, "cloison,wfi", "native");
	cell->debug_stop = says(t, node, "cloison,debug", "stop");
	cell->debug_gdb = says(t, node, "cloison,debug", "gdb");
	cell->strict = tree_prop(t, node, "cloison,strict", NULL);
	cell->initrd = tree_prop(t, node, "cloison,initrd", NULL);
	cell->kind = tree_text(t, node, "cloison,kernel-kind");
	cell->load = read_address(t, node, "cloison,load-address");
	cell->entry = read_address(t, node, "cloison,entry");
	cell->trusted = tree_text(t, node, "cloison,trusted-dma");
	cell->limit = tree_u32(t, node, "cloison,interrupt-limit", 0);
	life_read(t, &cell->life, node);
	read_cpus(a, hw, cell, node);
	read_memory(a, t, cell);
	read_access(a, hw, ask, cell);
	read_vdevs(a, t, cell);
	colors_read(a, &cell->colors, hw, node);
	ask->colored |= cell->colors.set;
	if (!cell->cpus.n)
		unreadable("cell '%s' has no CPU", cell->name);
	ask->vcpus += cell->cpus.n;
	ask->ranges += cell->ram.n;
	ask->vdevs += cell->vdevs.n;
}

/* cloison,console, or /chosen/stdout-path: a path or an alias, maybe with options behind a colon. */
static void read_console(struct arena *a, struct ask *ask, const struct hw *hw, int hypervisor)
{
	const struct tree *t = hw->tree;
	int node = tree_phandle(t, tree_u32(t, hypervisor, "cloison,console", 0));
	const char *out = tree_text(t, tree_child(t, 0, "chosen"), "stdout-path");
	spans regs = { 0 };

	if (node < 0 && out) {
		char *path = arena_text(a, "%.*s", (int)strcspn(out, ":"), out);
		const char *alias = tree_text(t, tree_child(t, 0, "aliases"), path);

		node = tree_path(t, alias ? alias : path);
	}
	tree_regs(a, t, node, &regs);
	if (!regs.n)
		unreadable("the partition has no console with registers");
	ask->console_node = node;
	ask->console = regs.v[0].base;
	ask->console_clock = tree_u32(t, tree_phandle(t, tree_u32(t, node, "clocks", 0)), "clock-frequency", 0);
}

/* Between top and node there are only domains, none of them a cell. */
static bool in_domains(const struct tree *t, int node, int top)
{
	for (node = t->nodes.v[node].parent; node >= 0 && node != top; node = t->nodes.v[node].parent)
		if (!tree_is(t, node, "openamp,domain-v1") || tree_is(t, node, "cloison,cell-v1"))
			return false;
	return top >= 0 && node == top;
}

void ask_read(struct arena *a, struct ask *ask, const struct hw *hw)
{
	const struct tree *t = hw->tree;
	int domains = tree_child(t, 0, "domains"), hypervisor = -1;
	struct ask_cell core = { 0 };
	spans memory = { 0 };

	memset(ask, 0, sizeof *ask);
	for (size_t i = 0; i < t->nodes.n && hypervisor < 0; i++)
		if (tree_is(t, (int)i, "openamp,hypervisor-v1") && in_domains(t, (int)i, domains))
			hypervisor = (int)i;
	if (hypervisor < 0)
		unreadable("the tree is no partition: no openamp,hypervisor-v1 below /domains");
	ask->node = hypervisor;
	read_ranges(a, t, hypervisor, "memory", &memory);
	if (memory.n != 1)
		unreadable("the hypervisor node does not have one range of memory");
	ask->memory = memory.v[0];
	read_cpus(a, hw, &core, hypervisor);
	ask->service = core.cpus.n ? core.cpus.v[0] : -1;
	read_console(a, ask, hw, hypervisor);
	colors_read(a, &ask->colors, hw, hypervisor);
	for (size_t i = 0; i < t->nodes.n; i++)
		if (tree_is(t, (int)i, "cloison,cell-v1") && in_domains(t, (int)i, hypervisor))
			read_cell(a, ask, hw, (int)i);
	if (!ask->cells.n)
		unreadable("the partition has no cells");
	controls_read(a, ask, t);
	core_read(a, ask, t);
	regions_read(a, ask, hw);
	functions_read(a, ask, hw);
	messages_read(a, ask, hw);
	streams_read(a, ask, hw);
}
