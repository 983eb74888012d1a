/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Which devices a cell asks for: those that `access` names, and everything below the buses of cloison,access-bus that can
 * be given at all. What is below a bus and must not be given is taken all the same, for check_device.c to say why not.
 */
#include <string.h>

#include "parts.h"

/* Below these is no device; nothing of them is worth a line in the report either. */
static const char *const aside[] = { "/domains", "/cpus", "/reserved-memory", "/chosen", "/aliases", "/__symbols__" };

static struct access *add(const struct decision *d, struct cell *cell, const struct node *node, struct pos at)
{
	struct access *access = mem_push(&cell->access, &cell->access_count, sizeof(*access));

	*access = (struct access){ .node = node, .device = device_of(d, node), .at = at };
	return access;
}

static const char *flags_text(const struct prop *prop, u32 first, u32 count)
{
	struct out out = {0};

	for (u32 i = 0; i < count; i++) {
		out_printf(&out, "%s0x%x", i ? " " : "", prop_cell(prop, first + i));
	}
	return out.data;
}

/* Entries of a reference and #access-flags-cells flags. A zero instead of a reference is nothing: no access. */
static void load_named(const struct decision *d, struct cell *cell, struct diag *diag)
{
	const struct prop *prop = node_prop(cell->node, "access");
	u32 flags = node_own_cells(cell->node, "#access-flags-cells", 0);

	if (!prop || (prop->size == 4 && prop_cell(prop, 0) == 0)) {
		return;
	}
	if (prop->size == 0 || prop->size % (4 * (1 + flags)) != 0) {
		diag_error(diag, "bad-property", prop->at, "access of '%s' is not a list of references such as <&rtc0>%s", cell->name,
			   flags ? mem_format(", each with %u flag(s) as #access-flags-cells says", flags) : "");
		return;
	}
	for (u32 i = 0; i < prop->size / 4; i += 1 + flags) {
		u32 phandle = prop_cell(prop, i);
		struct access *access = phandle ? add(d, cell, tree_phandle(d->tree, phandle), prop->at) : NULL;

		if (access) {
			access->phandle = phandle;
			access->flags = flags_text(prop, i + 1, flags);
		}
	}
}

/* ---- cloison,access-bus */

static struct bus_wish *load_list(const struct decision *d, const struct cell *cell, const char *name, u32 *count, struct diag *diag)
{
	const struct prop *prop = node_prop(cell->node, name);
	struct bus_wish *list = NULL;

	if (prop && (prop->size == 0 || prop->size % 4 != 0)) {
		diag_error(diag, "bad-property", prop->at, "%s of '%s' is not a list of references such as <&soc>", name, cell->name);
		return NULL;
	}
	for (u32 i = 0; prop && i < prop->size / 4; i++) {
		struct bus_wish *wish = mem_push(&list, count, sizeof(*wish));
		u32 phandle = prop_cell(prop, i);

		*wish = (struct bus_wish){ .phandle = phandle, .node = tree_phandle(d->tree, phandle), .at = prop->at };
	}
	return list;
}

static bool below_one(const struct node *node, const struct bus_wish *list, u32 count, bool itself)
{
	for (u32 i = 0; i < count; i++) {
		if (list[i].node && node_below(node, list[i].node) && (itself || node != list[i].node)) {
			return true;
		}
	}
	return false;
}

static bool is_aside(const struct decision *d, const struct node *node)
{
	for (u32 i = 0; i < ARRAY_COUNT(aside); i++) {
		const struct node *top = tree_path(d->tree, aside[i]);

		if (top && node_below(node, top)) {
			return true;
		}
	}
	return false;
}

static bool enabled(const struct node *node)
{
	const char *status = node_string(node, "status");

	return !status || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}

/* On a bus that is off nothing is on. */
static const struct node *disabled_above(const struct node *node)
{
	while (node && enabled(node)) {
		node = node->parent;
	}
	return node;
}

/* Why a cell does not get this node, though it has the bus; NULL: it gets it. */
static const char *why_skipped(const struct decision *d, const struct cell *cell, const struct node *node)
{
	u16 index = device_of(d, node);
	const struct device *device = index == DEVICE_NONE ? NULL : &d->devices[index];
	const struct node *off = disabled_above(node);
	const char *system = device_why_system(node);

	if (below_one(node, cell->excepts, cell->except_count, true)) {
		return "excepted";
	}
	if (off) {
		return mem_format("%s%s is \"%s\"", off == node ? "its status" : "the status of the bus ", off == node ? "" : node_nick(off),
				  node_string(off, "status"));
	}
	if (device && device->console) {
		return "the core's console";
	}
	if (device && device->system) {
		return device->system;
	}
	if (system) {
		return system;
	}
	if (clock_fixed(node) || clock_factor(node)) {
		return "a clock, which goes along with the devices that use it";
	}
	if (!device) {
		return "it has neither registers nor interrupts";
	}
	return device->untranslated ? "its reg is no address of the CPU: it goes along with its controller" : NULL;
}

static bool has(const struct cell *cell, const struct node *node)
{
	for (u32 i = 0; i < cell->access_count; i++) {
		if (cell->access[i].node == node) {
			return true;
		}
	}
	return false;
}

static void take(const struct decision *d, struct cell *cell, const struct node *node)
{
	const char *why = why_skipped(d, cell, node);

	if (why) {
		*(struct skip *)mem_push(&cell->skips, &cell->skip_count, sizeof(struct skip)) = (struct skip){ node, why };
	} else if (!has(cell, node)) {
		add(d, cell, node, prop_at(cell->node, "cloison,access-bus"))->by_bus = true;
	}
}

static void load_buses(const struct decision *d, struct cell *cell, struct diag *diag)
{
	cell->buses = load_list(d, cell, "cloison,access-bus", &cell->bus_count, diag);
	cell->excepts = load_list(d, cell, "cloison,access-except", &cell->except_count, diag);
	cell->no_dma = load_list(d, cell, "cloison,no-dma", &cell->no_dma_count, diag);
	for (u32 i = 0; cell->bus_count && i < d->tree->node_count; i++) {
		const struct node *node = d->tree->nodes[i];
		bool known = device_of(d, node) != DEVICE_NONE || node_prop(node, "compatible");
		bool said = below_one(node, cell->excepts, cell->except_count, false); /* with the one above it */

		if (known && node->parent && !said && !is_aside(d, node) && below_one(node, cell->buses, cell->bus_count, false)) {
			take(d, cell, node);
		}
	}
}

void dt_access(const struct decision *d, struct cell *cell, struct diag *diag)
{
	load_named(d, cell, diag);
	load_buses(d, cell, diag);
}
