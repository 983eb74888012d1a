/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Interrupt numbers of mediated cells. Each cell has its own, so two cells may use the same ones, whatever the physical
 * lines are. In each cell
 *
 *   a  what is written: interrupts of virtual devices, cloison,virtual-interrupts
 *   b  devices of the board keep the number of their line, if it is still free
 *   c  the UART of the default guest map has SPI 1, if that is still free
 *   d  everything else gets the highest number that is still free, from SPI 255 down
 */
#include <stdlib.h>

#include "parts.h"

/* The records of one cell are behind first. */
struct numbers {
	struct decision *d;
	const struct cell *cell;
	u32 first;
};

static struct virtual_line *add(struct numbers *n, struct virtual_line line)
{
	struct virtual_line *slot = mem_push(&n->d->virtual_lines, &n->d->virtual_count, sizeof(*slot));

	line.cell = n->cell->index;
	*slot = line;
	return slot;
}

/* The nth of the wishes that name device; NULL: there are fewer. */
static const struct line_wish *nth_wish(const struct line_wish *list, u32 count, u16 device, u32 nth)
{
	for (u32 i = 0; i < count; i++) {
		if (list[i].device == device && nth-- == 0) {
			return &list[i];
		}
	}
	return NULL;
}

static void add_device(struct numbers *n, const struct access *access)
{
	const struct cell *cell = n->cell;
	const struct device *device = &n->d->devices[access->device];
	const struct line_wish *limit = nth_wish(cell->limits, cell->limit_count, access->device, 0);

	for (u32 i = 0; i < device->irq_count; i++) {
		const struct dev_irq *irq = &device->irqs[i];
		const struct line_wish *number = nth_wish(cell->numbers, cell->number_count, access->device, i);
		struct virtual_line *line;

		if (irq->ppi) {
			continue; /* reported by check.c */
		}
		line = add(n, (struct virtual_line){ .physical = irq->intid, .device = access->device, .edge = irq->edge,
			.limit = limit ? limit->value : cell->limit, .limit_asked = limit != NULL,
			.what = device->irq_count > 1 ? mem_format("interrupt %u of %s", i + 1, device->name) : device->name,
			.at = number ? number->at : access->at });
		if (number && number->value < VIRTUAL_SPI_COUNT) {
			line->intid = SPI_BASE + number->value;
			line->asked = true;
		}
	}
}

static void collect(struct numbers *n)
{
	const struct cell *cell = n->cell;

	for (u32 i = 0; i < cell->access_count; i++) {
		if (cell->access[i].device != DEVICE_NONE) {
			add_device(n, &cell->access[i]);
		}
	}
	for (u32 i = cell->first_vdev; i < cell->first_vdev + cell->vdev_count; i++) {
		struct vdev *vdev = &n->d->vdevs[i];

		if (vdev->line || (vdev->type && !vdev->type->line_optional && !vdev->line_asked)) {
			add(n, (struct virtual_line){ .intid = vdev->line, .vdev = vdev, .device = DEVICE_NONE,
				.edge = vdev->edge, .asked = vdev->line_asked, .what = vdev->node->name, .at = vdev->line_at });
		}
	}
}

static bool taken(const struct numbers *n, u32 intid)
{
	for (u32 i = n->first; i < n->d->virtual_count; i++) {
		if (n->d->virtual_lines[i].intid == intid) {
			return true;
		}
	}
	return false;
}

/* One physical line has one number and one limit, whichever of the devices on it they are written for. */
static void share(const struct numbers *n, struct virtual_line *line)
{
	for (u32 i = n->first; line->physical && i < n->d->virtual_count; i++) {
		const struct virtual_line *other = &n->d->virtual_lines[i];

		if (other->physical != line->physical) {
			continue;
		}
		line->intid = line->intid ? line->intid : other->intid;
		if (other->limit_asked && !line->limit_asked) {
			line->limit = other->limit;
		}
	}
}

static u32 highest_free(const struct numbers *n)
{
	u32 intid = SPI_BASE + SPI_COUNT - 1;

	while (intid >= SPI_BASE && taken(n, intid)) {
		intid--;
	}
	return intid >= SPI_BASE ? intid : 0;
}

static void keep_physical(struct numbers *n)
{
	for (u32 i = n->first; i < n->d->virtual_count; i++) {
		struct virtual_line *line = &n->d->virtual_lines[i];

		share(n, line);
		if (!line->intid && !line->vdev && line->physical < SPI_BASE + VIRTUAL_SPI_COUNT && !taken(n, line->physical)) {
			line->intid = line->physical;
		}
	}
}

static void number_rest(struct numbers *n, struct diag *diag)
{
	for (u32 i = n->first; i < n->d->virtual_count; i++) {
		struct virtual_line *line = &n->d->virtual_lines[i];

		share(n, line);
		line->intid = line->intid ? line->intid : highest_free(n);
		if (!line->intid) {
			diag_error(diag, "no-spare-line", line->at, "no free interrupt number is left in '%s' for %s; take a device out",
				   n->cell->name, line->what);
		}
	}
}

static void number_cell(struct numbers *n, struct diag *diag)
{
	collect(n);
	keep_physical(n);
	for (u32 i = n->first; i < n->d->virtual_count; i++) {
		struct virtual_line *line = &n->d->virtual_lines[i];

		if (!line->intid && vdev_is_default_uart(line->vdev) && !taken(n, DEFAULT_UART_INTID)) {
			line->intid = DEFAULT_UART_INTID;
		}
	}
	number_rest(n, diag);
	for (u32 i = n->first; i < n->d->virtual_count; i++) {
		if (n->d->virtual_lines[i].vdev) {
			n->d->virtual_lines[i].vdev->line = n->d->virtual_lines[i].intid;
		}
	}
}

static int compare(const void *left, const void *right)
{
	const struct virtual_line *a = left, *b = right;

	if (a->cell != b->cell) {
		return (int)a->cell - (int)b->cell;
	}
	if (a->intid != b->intid) {
		return a->intid < b->intid ? -1 : 1;
	}
	return a->device != b->device ? (int)a->device - (int)b->device : (a->at.line > b->at.line) - (a->at.line < b->at.line);
}

void place_virtual(struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->cell_count; i++) {
		struct numbers n = { .d = d, .cell = &d->cells[i], .first = d->virtual_count };

		if (d->cells[i].mediated) {
			number_cell(&n, diag);
		}
	}
	if (d->virtual_count) {
		qsort(d->virtual_lines, d->virtual_count, sizeof(*d->virtual_lines), compare);
	}
}

u32 guest_line(const struct decision *d, const struct cell *cell, u32 intid)
{
	for (u32 i = 0; i < d->virtual_count; i++) {
		if (d->virtual_lines[i].cell == cell->index && d->virtual_lines[i].physical == intid) {
			return d->virtual_lines[i].intid;
		}
	}
	return intid;
}
