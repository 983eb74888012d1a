/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Mediated interrupts: what is asked for by pairs leads to the cell's own devices, and in one cell a number means one
 * interrupt. Numbers of different cells have nothing to do with each other.
 */
#include "check.h"

/* One in a microsecond. A number beyond that is a mistake: a string, or nanoseconds. */
#define LIMIT_MAX 1000000u

static const char *const mediated_only[] = {
	"cloison,virtual-interrupts", "cloison,interrupt-limit", "cloison,interrupt-limits",
};

static void check_direct(const struct cell *cell, struct diag *diag)
{
	for (u32 i = 0; i < ARRAY_COUNT(mediated_only); i++) {
		const struct prop *prop = node_prop(cell->node, mediated_only[i]);

		if (prop) {
			diag_error(diag, "mediated-only", prop->at, "%s means nothing for '%s', whose interrupts are direct (%s), so that "
				   "the core has no part in them; take it out, or write cloison,interrupts = \"mediated\"",
				   prop->name, cell->name, diag_at(prop_at(cell->node, "cloison,interrupts")));
		}
	}
}

static bool has_access(const struct cell *cell, u16 device)
{
	for (u32 i = 0; i < cell->access_count; i++) {
		if (device != DEVICE_NONE && cell->access[i].device == device) {
			return true;
		}
	}
	return false;
}

/* Pairs before index that name the same device. */
static u32 earlier(const struct line_wish *list, u32 index)
{
	u32 count = 0;

	for (u32 i = 0; i < index; i++) {
		count += list[i].device == list[index].device;
	}
	return count;
}

static bool check_target(const struct cell *cell, const struct line_wish *wish, const char *name, struct diag *diag)
{
	const char *whose = mem_format("%s of '%s'", name, cell->name);

	if (!wish->node) {
		check_reference(wish->phandle, whose, wish->at, diag);
		return false;
	}
	if (!has_access(cell, wish->device)) {
		diag_error(diag, "not-in-access", wish->at, "%s names %s (%s), which is not in its access; add it there, or take it out "
			   "here", whose, node_nick(wish->node), diag_at(wish->node->at));
		return false;
	}
	return true;
}

static void check_number(const struct decision *d, const struct cell *cell, u32 index, struct diag *diag)
{
	const struct line_wish *wish = &cell->numbers[index];
	const struct device *device;
	u32 nth = earlier(cell->numbers, index);

	if (!check_target(cell, wish, "cloison,virtual-interrupts", diag)) {
		return;
	}
	device = &d->devices[wish->device];
	if (nth >= device->irq_count) {
		diag_error(diag, "device-interrupt", wish->at, "cloison,virtual-interrupts of '%s' numbers interrupt %u of %s (%s), which "
			   "has %u; take the pair out", cell->name, nth + 1, device->name, diag_at(device->node->at),
			   device->irq_count);
	} else if (wish->value >= VIRTUAL_SPI_COUNT) {
		diag_error(diag, "line-limit", wish->at, "cloison,virtual-interrupts of '%s' gives %s SPI %u, but a cell has SPI 0 to "
			   "%u; choose another number", cell->name, device->name, wish->value, VIRTUAL_SPI_COUNT - 1);
	}
}

static void check_limit(const struct decision *d, const struct cell *cell, u32 index, struct diag *diag)
{
	const struct line_wish *wish = &cell->limits[index];
	const struct device *device;

	if (!check_target(cell, wish, "cloison,interrupt-limits", diag)) {
		return;
	}
	device = &d->devices[wish->device];
	if (device->irq_count == 0) {
		diag_error(diag, "device-interrupt", wish->at, "cloison,interrupt-limits of '%s' limits %s (%s), which has no interrupt; "
			   "take it out", cell->name, device->name, diag_at(device->node->at));
	} else if (earlier(cell->limits, index)) {
		diag_error(diag, "bad-value", wish->at, "cloison,interrupt-limits of '%s' limits %s twice; write one limit", cell->name,
			   device->name);
	} else if (wish->value > LIMIT_MAX) {
		diag_error(diag, "bad-value", wish->at, "cloison,interrupt-limits of '%s' limits %s to %u interrupts in a second; it can be "
			   "%u at most, or 0 for no limit", cell->name, device->name, wish->value, LIMIT_MAX);
	}
}

static void check_wishes(const struct decision *d, const struct cell *cell, struct diag *diag)
{
	const struct prop *limit = node_prop(cell->node, "cloison,interrupt-limit");

	for (u32 i = 0; i < cell->number_count; i++) {
		check_number(d, cell, i, diag);
	}
	for (u32 i = 0; i < cell->limit_count; i++) {
		check_limit(d, cell, i, diag);
	}
	if (limit && limit->size == 4 && cell->limit == 0) {
		diag_error(diag, "bad-value", limit->at, "cloison,interrupt-limit of '%s' is 0 interrupts in a second; it must be 1 or "
			   "more: take it out to have no limit", cell->name);
	} else if (cell->limit > LIMIT_MAX) {
		diag_error(diag, "bad-value", limit->at, "cloison,interrupt-limit of '%s' is %u interrupts in a second, more than any CPU "
			   "takes; write a number up to %u, such as <20000>", cell->name, cell->limit, LIMIT_MAX);
	}
}

/* Devices on one line; the pairs that differ are in one property, so one place is enough. */
static void check_shared(const struct cell *cell, const struct virtual_line *a, const struct virtual_line *b, struct diag *diag)
{
	if (a->intid != b->intid) {
		diag_error(diag, "line-shared", b->at, "%s and %s of '%s' are on one line, SPI %u, but cloison,virtual-interrupts gives "
			   "it SPI %u and SPI %u; write one number", a->what, b->what, cell->name, a->physical - SPI_BASE,
			   a->intid - SPI_BASE, b->intid - SPI_BASE);
	}
	if (a->limit != b->limit) {
		diag_error(diag, "line-shared", prop_at(cell->node, "cloison,interrupt-limits"), "%s and %s of '%s' are on one line, SPI "
			   "%u, but cloison,interrupt-limits limits it to %u and to %u; write one limit", a->what, b->what,
			   cell->name, a->physical - SPI_BASE, a->limit, b->limit);
	}
}

static void check_pair(const struct decision *d, const struct virtual_line *a, const struct virtual_line *b, struct diag *diag)
{
	const struct cell *cell = &d->cells[b->cell];

	if (a->cell != b->cell) {
		return;
	}
	if (a->physical && a->physical == b->physical) {
		check_shared(cell, a, b, diag);
	} else if (a->intid && a->intid == b->intid) {
		diag_error(diag, "line-owned-twice", b->at, "in '%s', SPI %u is claimed by %s here and by %s at %s; a number means one "
			   "interrupt: choose another, or write none to have a free one chosen", cell->name,
			   b->intid - SPI_BASE, b->what, a->what, diag_at(a->at));
	}
}

void check_virtual(const struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->cell_count; i++) {
		if (d->cells[i].mediated) {
			check_wishes(d, &d->cells[i], diag);
		} else {
			check_direct(&d->cells[i], diag);
		}
	}
	for (u32 i = 0; i < d->virtual_count; i++) {
		const struct virtual_line *line = &d->virtual_lines[i];

		if (line->intid >= SPI_BASE + VIRTUAL_SPI_COUNT) {
			diag_error(diag, "line-limit", line->at, "in '%s', %s has SPI %u, but a cell has SPI 0 to %u; choose another number",
				   d->cells[line->cell].name, line->what, line->intid - SPI_BASE, VIRTUAL_SPI_COUNT - 1);
		}
		for (u32 k = 0; k < i; k++) {
			check_pair(d, &d->virtual_lines[k], line, diag);
		}
	}
}
