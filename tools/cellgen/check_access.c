/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What `access` and cloison,access-bus say, before it is asked what the devices are. */
#include <string.h>

#include "check.h"

const char *access_advice(const struct access *access)
{
	return access->by_bus ? "add it to cloison,access-except" : "take it out";
}

/* ---- references and flags, as they are written */

/*
 * A number and a reference are the same in a DTB, so that one flag too few or too many makes a device of a flag or a flag
 * of a device. In the source they differ (dt_written.c).
 */
static void check_flags(const struct decision *d, const struct cell *cell, struct diag *diag)
{
	const struct prop *prop = node_prop(cell->node, "access");
	const struct prop *cells = node_prop(cell->node, "#access-flags-cells");
	u32 step = 1 + node_own_cells(cell->node, "#access-flags-cells", 0);
	const char *says = cells ? mem_format("#access-flags-cells is %u (%s)", step - 1, diag_at(cells->at)) :
				   "there is no #access-flags-cells";

	for (u32 i = 0; prop && i < prop->written_count; i++) {
		bool reference = prop->written[i] == '&', first = i % step == 0;
		const struct node *target = tree_phandle(d->tree, prop_cell(prop, i));

		if (reference && !first && target) {
			diag_error(diag, "access-flags", prop->at, "cell %u of access of '%s' is a reference (%s) where a flag has to be, as %s; "
				   "correct one of them", i + 1, cell->name, node_nick(target), says);
			return;
		}
		if (!reference && first && target) {
			diag_error(diag, "access-flags", prop->at, "cell %u of access of '%s' is the number 0x%x where a reference has to be, as "
				   "%s; correct one of them", i + 1, cell->name, prop_cell(prop, i), says);
			return;
		}
	}
}

/* ---- buses */

static bool any_device(const struct decision *d, const struct node *top, bool itself)
{
	for (u32 i = 0; i < d->device_count; i++) {
		if (node_below(d->devices[i].node, top) && (itself || d->devices[i].node != top)) {
			return true;
		}
	}
	return false;
}

static void check_bus(const struct decision *d, const struct cell *cell, const struct bus_wish *wish, struct diag *diag)
{
	if (!wish->node) {
		check_reference(wish->phandle, mem_format("cloison,access-bus of '%s'", cell->name), wish->at, diag);
	} else if (node_below(wish->node, d->domains) || !any_device(d, wish->node, false)) {
		diag_error(diag, "not-a-bus", wish->at, "cloison,access-bus of '%s' names %s (%s), below which there is no device; name a bus, "
			   "or a device by access", cell->name, node_nick(wish->node), diag_at(wish->node->at));
	}
}

static bool on_bus(const struct cell *cell, const struct node *node)
{
	for (u32 i = 0; i < cell->bus_count; i++) {
		if (cell->buses[i].node && node != cell->buses[i].node && node_below(node, cell->buses[i].node)) {
			return true;
		}
	}
	return false;
}

static void check_except(const struct decision *d, const struct cell *cell, const struct bus_wish *wish, struct diag *diag)
{
	const char *whose = mem_format("cloison,access-except of '%s'", cell->name);

	if (!wish->node) {
		check_reference(wish->phandle, whose, wish->at, diag);
	} else if (!on_bus(cell, wish->node)) {
		diag_error(diag, "not-on-bus", wish->at, "%s names %s (%s), which is below no bus of its cloison,access-bus; take it out", whose,
			   node_nick(wish->node), diag_at(wish->node->at));
	} else if (!any_device(d, wish->node, true)) {
		diag_error(diag, "not-on-bus", wish->at, "%s names %s (%s), which is no device and has none below it, so that nothing is "
			   "excepted; take it out", whose, node_nick(wish->node), diag_at(wish->node->at));
	}
}

/* Said twice and meant once: which of the two is wrong nobody can say. */
static void check_both(const struct cell *cell, const struct bus_wish *wish, struct diag *diag)
{
	for (u32 i = 0; wish->node && i < cell->access_count; i++) {
		if (cell->access[i].node == wish->node) { /* by access: of a bus no excepted node is taken */
			diag_error(diag, "not-on-bus", wish->at, "cloison,access-except of '%s' excepts %s, which access at %s names; take it out of "
				   "one of them", cell->name, node_nick(wish->node), diag_at(cell->access[i].at));
		}
	}
}

/* ---- who cannot write memory by itself */

bool said_passive(const struct cell *cell, const struct node *node)
{
	for (u32 i = 0; i < cell->no_dma_count; i++) {
		if (cell->no_dma[i].node == node) {
			return true;
		}
	}
	return false;
}

static const struct access *access_to(const struct cell *cell, const struct node *node)
{
	for (u32 i = 0; i < cell->access_count; i++) {
		if (cell->access[i].node == node) {
			return &cell->access[i];
		}
	}
	return NULL;
}

/* Somebody's word is needed where nothing is known, and worth nothing against what is. */
static void check_word(const struct decision *d, const struct cell *cell, const struct bus_wish *wish, struct diag *diag)
{
	const struct access *access = access_to(cell, wish->node);
	const char *whose = mem_format("cloison,no-dma of '%s'", cell->name);

	if (!wish->node) {
		check_reference(wish->phandle, whose, wish->at, diag);
	} else if (!access) {
		diag_error(diag, "not-in-access", wish->at, "%s names %s (%s), which '%s' does not have; take it out", whose,
			   node_nick(wish->node), diag_at(wish->node->at), cell->name);
	} else if (access->device != DEVICE_NONE && d->devices[access->device].master) {
		const struct device *device = &d->devices[access->device];

		diag_error(diag, "bus-master", wish->at, "%s says that %s (%s) cannot write memory by itself, but it %s (%s); %s", whose,
			   node_nick(wish->node), diag_at(wish->node->at), device->guessed ? "looks as if it could" : "can",
			   device->master, device->guessed ? "that is a guess: if it cannot, write cloison,dma = \"none\" in its node instead" :
			   "take it out here and of access");
	}
}

void check_access(const struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->cell_count; i++) {
		const struct cell *cell = &d->cells[i];

		check_flags(d, cell, diag);
		for (u32 k = 0; k < cell->bus_count; k++) {
			check_bus(d, cell, &cell->buses[k], diag);
		}
		for (u32 k = 0; k < cell->except_count; k++) {
			check_except(d, cell, &cell->excepts[k], diag);
			check_both(cell, &cell->excepts[k], diag);
		}
		for (u32 k = 0; k < cell->no_dma_count; k++) {
			check_word(d, cell, &cell->no_dma[k], diag);
		}
	}
}
