/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Message-signalled interrupts: who asks for them can have them, and the board tree leads from each function to one ITS, by a
 * DeviceID that is its own.
 */
#include "check.h"
#include "its.h"
#include "pte.h"

static struct pos asked_at(const struct function *f)
{
	return prop_at(f->node, "cloison,msi-vectors");
}

/* One property table for all redistributors, and numbers that the guest chooses. */
static void check_cell(const struct decision *d, const struct function *f, struct diag *diag)
{
	const struct cell *cell = &d->cells[f->cell];
	const struct cell *other = d->its.cell == CELL_NONE ? NULL : &d->cells[d->its.cell];

	if (cell->mediated) {
		diag_error(diag, "msi-cell", asked_at(f), "%s of '%s' asks for message-signalled interrupts, and the core injects none into a cell "
			   "with mediated interrupts; take it out and name its pin (interrupts = <1>), or write cloison,interrupts = \"direct\" (%s)",
			   f->name, cell->name, diag_at(cell->at));
	} else if (cell != other) {
		diag_error(diag, "msi-cell", asked_at(f), "%s of '%s' asks for message-signalled interrupts, which '%s' (%s) has: all redistributors have "
			   "their LPIs from one table, so that one direct cell can have any; take it out and name its pin: "
			   "interrupts = <1>", f->name, cell->name, other->name, diag_at(other->at));
	}
}

/* What is wrong with the way to an ITS; NULL: nothing. */
static const char *problem(const struct decision *d, const struct function *f)
{
	u32 id = 0;
	const struct node *node = its_of(d, f, &id);
	u16 device = node ? device_of(d, node) : DEVICE_NONE;
	const struct range *regs = device != DEVICE_NONE && d->devices[device].reg_count ? &d->devices[device].regs[0] : NULL;

	if (!node) {
		return "has no entry for it in msi-map";
	}
	if (!node_compatible(node, "arm,gic-v3-its")) {
		return mem_format("leads to %s by msi-map, which is no \"arm,gic-v3-its\"", node_nick(node));
	}
	if (!regs || regs->size < ITS_GUEST_SIZE || regs->base % GIC_FRAME || !range_below(regs->base, ITS_GUEST_SIZE, 1ULL << PTE_INPUT_BITS)) {
		return mem_format("leads to %s by msi-map, which does not have 128 KiB of registers at a multiple of 64 KiB below 0x8000000000",
				  node_nick(node));
	}
	if (id > ITS_DEVICE_ID_MAX) {
		return mem_format("gives it the DeviceID 0x%x by msi-map, and the ITS's table ends with 0x%x", id, ITS_DEVICE_ID_MAX);
	}
	if (node != d->its.node) {
		return mem_format("leads to %s by msi-map, and another function's MSIs go to %s: one ITS is driven", node_nick(node), d->its.name);
	}
	return NULL;
}

static void check_way(const struct decision *d, const struct function *f, struct diag *diag)
{
	const struct pci_host *host = &d->hosts[f->host];
	const char *wrong = problem(d, f);

	if (wrong) {
		diag_error(diag, "msi-board", asked_at(f), "%s of '%s' asks for message-signalled interrupts, but %s (%s) %s; take it out and name its "
			   "pin (interrupts = <1>), or correct the board tree", f->name, d->cells[f->cell].name, host->name, diag_at(host->at),
			   wrong);
	}
}

static void check_users(const struct decision *d, struct diag *diag)
{
	const struct its *its = &d->its;

	for (u32 i = 1; i < its->user_count; i++) {
		if (its->users[i].id == its->users[i - 1].id) {
			diag_error(diag, "msi-board", its->users[i].at, "%s and %s (%s) have one DeviceID by msi-map, 0x%x: the ITS cannot tell them apart; "
				   "correct the board tree", d->functions[its->users[i].function].name,
				   d->functions[its->users[i - 1].function].name, diag_at(its->users[i - 1].at), its->users[i].id);
		}
	}
	if (its->event_count > ITS_EVENTS_MAX) {
		diag_error(diag, "msi-limit", its->users[0].at, "the functions of '%s' have %u message-signalled interrupts, and %u can be served; "
			   "lower cloison,msi-vectors", d->cells[its->cell].name, its->event_count, ITS_EVENTS_MAX);
	}
}

void check_its(const struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->function_count; i++) {
		const struct function *f = &d->functions[i];

		if (!its_wanted(f)) {
			continue;
		}
		if (is_without(d, "its")) {
			diag_error(diag, "msi-not-built", asked_at(f), "%s of '%s' asks for message-signalled interrupts, but this core is built without "
				   "them; set CONFIG_ITS (make ITS=y), or take it out and name its pin: interrupts = <1>", f->name,
				   d->cells[f->cell].name);
			continue;
		}
		check_cell(d, f, diag);
		if (f->cell == d->its.cell) {
			check_way(d, f, diag);
		}
	}
	check_users(d, diag);
}
