/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Physical interrupt lines. With direct interrupts a guest's INTID is the physical one,
 * so a shared line has one owner on the whole board, and a virtual device can
 * only have a line that nothing drives (or the console's, which the core polls).
 */
#include "check.h"
#include "pci.h"

static void check_range(const struct line *line, struct diag *diag)
{
	bool wired = line->use == LINE_DEVICE; /* where a device is wired to is nobody's choice */
	u32 count = wired ? SPI_END : SPI_COUNT;

	if (line->intid < SPI_BASE || line->intid >= SPI_BASE + count) {
		diag_error(diag, "line-limit", line->at, "%s uses SPI %u, but %s SPI 0 to %u; %s", line->what, line->intid - SPI_BASE,
			   wired ? "a GICv3 has" : "cellgen hands out", count - 1, wired ? "correct the board tree" :
			   "choose another line");
	}
}

/* Devices of one cell may share a line, as they may on the board; one device with two owners is check_device.c's finding. */
static bool may_share(const struct line *a, const struct line *b)
{
	return a->use == LINE_DEVICE && b->use == LINE_DEVICE &&
	       (a->device == b->device || (a->cell == b->cell && a->edge == b->edge));
}

static bool is_function(const struct decision *d, const struct line *line)
{
	return line->use == LINE_DEVICE && d->devices[line->device].function != FUNCTION_NONE;
}

static const char *advice(const struct decision *d, const struct line *a, const struct line *b)
{
	if (a->cell != b->cell && is_function(d, a) && is_function(d, b)) {
		return "put one into another slot, whose pins have other lines, or leave out interrupts of one that can do without (MSIs, polling)";
	}
	if (a->use != LINE_DEVICE || b->use != LINE_DEVICE) {
		return "a line has one owner: choose another, or write no interrupts to have a spare one chosen";
	}
	return a->cell == b->cell ? "they do not agree on its trigger: correct the board tree" :
				    "give both devices to one cell, or take one out";
}

static void check_owner(const struct decision *d, u32 index, struct diag *diag)
{
	const struct line *line = &d->lines[index];

	for (u32 i = index; i > 0 && d->lines[i - 1].intid == line->intid; i--) {
		const struct line *first = &d->lines[i - 1];

		if (!may_share(first, line)) {
			diag_error(diag, "line-owned-twice", line->at, "SPI %u is claimed by %s here and by %s at %s; %s",
				   line->intid - SPI_BASE, line->what, first->what, diag_at(first->at), advice(d, first, line));
			return;
		}
	}
}

static bool claimed_by_device(const struct decision *d, u32 intid, u16 device)
{
	for (u32 i = 0; i < d->line_count; i++) {
		if (d->lines[i].intid == intid && d->lines[i].device == device) {
			return true;
		}
	}
	return false;
}

/* A host of which somebody has functions: boot has silenced all others, so whatever drives the line has a claim of its own. */
static bool is_silenced(const struct decision *d, u16 device)
{
	for (u16 i = 0; i < d->host_count; i++) {
		if (d->hosts[i].device == device) {
			return pci_first(d, CELL_NONE, i) != NULL;
		}
	}
	return false;
}

static void report_driven(const struct decision *d, const struct line *line, const struct board_line *driver, struct diag *diag)
{
	const struct device *device = &d->devices[driver->device];
	u32 spi = line->intid - SPI_BASE;

	if (line->use == LINE_DEVICE) {
		diag_error(diag, "line-shared", line->at, "SPI %u of %s is also driven by %s (%s), which the cell does not have; "
			   "take the device out, or give both to one cell", spi, line->what, device->name,
			   diag_at(driver->at));
	} else if (device->console) {
		diag_error(diag, "needs-service-cpu", line->at, "SPI %u, which %s asks for, is driven by the console %s (%s); it can "
			   "be lent only while a service CPU polls that UART: add cpus = <&...> to '%s' (%s)", spi,
			   line->what, device->name, diag_at(driver->at), d->hyp.node->name, diag_at(d->hyp.node->at));
	} else {
		diag_error(diag, "line-driven", line->at, "SPI %u, which %s asks for, is driven by %s (%s); choose a line that no "
			   "device drives, or write no interrupts to have one chosen", spi, line->what, device->name,
			   diag_at(driver->at));
	}
}

/* Board devices on this line that are in nobody's hands, or in the core's. */
static void check_drivers(const struct decision *d, const struct line *line, struct diag *diag)
{
	for (u32 i = 0; i < d->board_line_count; i++) {
		const struct board_line *driver = &d->board_lines[i];
		bool lent = line->lent && d->devices[driver->device].console && d->service_cpu != CPU_NONE;
		bool silenced = line->use == LINE_DEVICE && is_silenced(d, driver->device);

		if (driver->intid == line->intid && !lent && !silenced && !claimed_by_device(d, line->intid, driver->device)) {
			report_driven(d, line, driver, diag);
		}
	}
}

void check_lines(const struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->line_count; i++) {
		check_range(&d->lines[i], diag);
		check_owner(d, i, diag);
		check_drivers(d, &d->lines[i], diag);
	}
}
