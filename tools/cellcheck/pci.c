/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * PCI functions that cells name: nodes below a host, as the partition declares them. IEEE 1275 PCI Bus Binding 2.2.1.1 (reg),
 * Devicetree bindings pci/host-generic-pci (configuration space, ranges).
 */
#include <stdlib.h>
#include <string.h>

#include "cellcheck.h"

#define ENTRY 20 /* of reg: three cells of address, two of size */
#define SPACE(high) ((high) >> 24 & 3) /* 0 configuration, 1 I/O, 2 memory of 32 bits, 3 of 64 */

static u32 first_bus(const struct hw *hw, int host)
{
	return tree_u32(hw->tree, host, "bus-range", 0);
}

static u64 ecam(const struct hw *hw, int host)
{
	for (size_t i = 0; i < hw->guarded.n; i++)
		if (hw->guarded.v[i].node == host)
			return hw->guarded.v[i].span.base;
	return 0;
}

u64 pci_bus(const struct hw *hw, const struct ask_function *f)
{
	return ecam(hw, f->host) + ((u64)((u32)(f->address >> 8) - first_bus(hw, f->host)) << 20);
}

bool pci_window(const struct hw *hw, int host, struct span s)
{
	int length;
	const u8 *p = tree_prop(hw->tree, host, "ranges", &length);
	u32 above = tree_u32(hw->tree, hw->tree->nodes.v[host].parent, "#address-cells", 2), row = 4 * (3 + above + 2);

	for (u32 at = 0; p && (above == 1 || above == 2) && at + row <= (u32)length; at += row) {
		struct span window = { get_be(p + at + 4, 8), get_be(p + at + 12 + 4 * above, 8) };

		if (SPACE((u32)get_be(p + at, 4)) == 2 && window.base == get_be(p + at + 12, 4 * (int)above) && span_holds(window, s))
			return true;
	}
	return false;
}

/* "pciVVVV,DDDD" among compatible. */
static void read_ids(const struct tree *t, struct ask_function *f)
{
	int length;
	const char *p = (const char *)tree_prop(t, f->node, "compatible", &length), *end = p ? p + length : NULL;
	unsigned vendor, device;

	for (; p && p < end && memchr(p, 0, (size_t)(end - p)); p += strlen(p) + 1)
		if (strlen(p) == 12 && sscanf(p, "pci%4x,%4x", &vendor, &device) == 2) {
			f->vendor = (u16)vendor;
			f->device = (u16)device;
			return;
		}
}

static void read_bars(struct arena *a, struct ask_function *f, const u8 *reg, int length)
{
	for (int at = ENTRY; at + ENTRY <= length; at += ENTRY) {
		u32 high = (u32)get_be(reg + at, 4), space = SPACE(high);
		struct ask_bar bar = { ((high & 0xff) - 0x10) / 4, get_be(reg + at + 12, 8), space == 3, high >> 30 & 1 };
		size_t i;

		if (space < 2 || bar.index > 5)
			unreadable("a function has a reg that is no memory BAR");
		*VEC_ADD(a, f->bars) = bar;
		for (i = f->bars.n - 1; i && f->bars.v[i - 1].index > bar.index; i--)
			f->bars.v[i] = f->bars.v[i - 1];
		f->bars.v[i] = bar;
	}
}

/* A BAR, a register in it, what to write there. */
static void read_reset(const struct tree *t, struct ask_function *f)
{
	int length;
	const u8 *p = tree_prop(t, f->node, "cloison,reset-write", &length);

	f->resets = p && length >= 12;
	f->reset_bar = f->resets ? (u32)get_be(p, 4) : 0xff;
	f->reset_offset = f->resets ? (u32)get_be(p + 4, 4) : 0;
	f->reset_value = f->resets ? (u32)get_be(p + 8, 4) : 0;
}

static void read_function(struct arena *a, struct ask *ask, const struct hw *hw, size_t cell, int node)
{
	struct ask_function *f = VEC_ADD(a, ask->functions);
	int length;
	const u8 *reg = tree_prop(hw->tree, node, "reg", &length);

	*f = (struct ask_function) { .node = node, .host = hw->tree->nodes.v[node].parent, .cell = cell,
		.vectors = tree_u32(hw->tree, node, "cloison,msi-vectors", 0), .no_reset = tree_text(hw->tree, node, "cloison,no-reset") };
	if (!reg || length < ENTRY)
		unreadable("%s has no address on its bus", tree_name(a, hw->tree, node));
	f->address = (u16)(get_be(reg, 4) >> 8);
	f->config = pci_bus(hw, f) + ((u64)(f->address & 0xff) << 12);
	f->pin = tree_u32(hw->tree, node, "interrupts", 0);
	read_ids(hw->tree, f);
	read_reset(hw->tree, f);
	read_bars(a, f, reg, length);
	ask->bars += f->bars.n;
}

static int by_address(const void *x, const void *y)
{
	const struct ask_function *a = x, *b = y;

	if (a->cell != b->cell)
		return a->cell < b->cell ? -1 : 1;
	if (a->host != b->host)
		return a->host < b->host ? -1 : 1;
	return (a->address > b->address) - (a->address < b->address);
}

void functions_read(struct arena *a, struct ask *ask, const struct hw *hw)
{
	size_t bars = 0;

	for (size_t i = 0; i < ask->cells.n; i++)
		for (size_t d = 0; d < ask->cells.v[i].devices.n; d++) {
			int node = ask->cells.v[i].devices.v[d];

			if (tree_is(hw->tree, hw->tree->nodes.v[node].parent, "pci-host-ecam-generic"))
				read_function(a, ask, hw, i, node);
		}
	if (ask->functions.n)
		qsort(ask->functions.v, ask->functions.n, sizeof *ask->functions.v, by_address);
	for (size_t i = 0; i < ask->functions.n; i++) {
		ask->functions.v[i].first_bar = bars;
		bars += ask->functions.v[i].bars.n;
	}
}

const struct ask_function *function_of(const struct ask *ask, int node)
{
	for (size_t i = 0; i < ask->functions.n; i++)
		if (ask->functions.v[i].node == node)
			return &ask->functions.v[i];
	return NULL;
}
