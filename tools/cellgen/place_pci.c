/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * PCI functions: who has which, and where their BARs are. In the window of a host the cells follow one another, in each the
 * BARs from the largest to the smallest, so that between the first and the last one of a cell there is nothing else:
 *
 *     | cell 0: 1 MiB  128 KiB  16 KiB | gap | cell 1: 64 KiB  4 KiB |           window of the host
 *
 * A BAR smaller than a page has its page to itself. What has been placed are registers of the function's device, like those
 * of any device: mapped, compared with everything else, reported.
 */
#include <stdlib.h>

#include "pci.h"

u64 pci_config(const struct pci_host *host)
{
	return host->ecam.base; /* of the root bus, which is the first */
}

u64 function_config(const struct decision *d, const struct function *f)
{
	const struct pci_host *host = &d->hosts[f->host];

	return host->ecam.base + ((u64)(PCI_BUS(f->address) - host->first_bus) << 20) + ((u64)(f->address & 0xff) << 12);
}

const struct bar *function_bar(const struct function *f, u32 index)
{
	u32 i = 0;

	while (i < f->bar_count && f->bars[i].index != index) {
		i++;
	}
	return i < f->bar_count ? &f->bars[i] : NULL;
}

u64 pci_reset_register(const struct function *f)
{
	return function_bar(f, f->reset_bar)->base + f->reset_offset;
}

const char *pci_guest_name(const struct pci_host *host)
{
	return mem_format("pcie@%llx", (unsigned long long)pci_config(host));
}

const struct function *pci_first(const struct decision *d, u16 cell, u16 host)
{
	for (u32 i = 0; i < d->function_count; i++) {
		const struct function *f = &d->functions[i];

		if (f->host == host && (cell == CELL_NONE ? f->cell != CELL_NONE : f->cell == cell)) {
			return f;
		}
	}
	return NULL;
}

/* With a function given twice, the first claim counts; check_device.c reports the other. */
static void find_owners(struct decision *d)
{
	for (u16 i = 0; i < d->cell_count; i++) {
		for (u32 k = 0; k < d->cells[i].access_count; k++) {
			u16 device = d->cells[i].access[k].device;
			u16 function = device == DEVICE_NONE ? FUNCTION_NONE : d->devices[device].function;

			if (function != FUNCTION_NONE && d->functions[function].cell == CELL_NONE) {
				d->functions[function].cell = i;
			}
		}
	}
}

/* One BAR and what decides about its place. */
struct item {
	struct bar *bar;
	u64 size; /* in whole pages */
	u16 address;
};

static int compare_items(const void *left, const void *right)
{
	const struct item *a = left, *b = right;

	if (a->size != b->size) {
		return a->size > b->size ? -1 : 1;
	}
	return a->address != b->address ? (int)a->address - (int)b->address : (int)a->bar->index - (int)b->bar->index;
}

static u32 collect(const struct decision *d, u16 cell, u16 host, struct item **items)
{
	u32 count = 0;

	*items = NULL;
	for (u32 i = 0; i < d->function_count; i++) {
		const struct function *f = &d->functions[i];

		for (u32 k = 0; f->cell == cell && f->host == host && k < f->bar_count; k++) {
			*(struct item *)mem_push(items, &count, sizeof(**items)) = (struct item){ .bar = &f->bars[k],
				.size = align_up(f->bars[k].size, PAGE_SIZE), .address = f->address };
		}
	}
	if (count) {
		qsort(*items, count, sizeof(**items), compare_items);
	}
	return count;
}

static void report_full(const struct decision *d, const struct pci_host *host, u16 cell, const struct item *item, struct diag *diag)
{
	if (host->window.size == 0) {
		diag_error(diag, "pci-window", host->at, "%s has no window for the BARs of '%s' (%s): ranges needs one of 32-bit memory that is not "
			   "prefetchable and has the same addresses on the bus and for the CPU; correct the board tree", host->name,
			   d->cells[cell].name, diag_at(item->bar->at));
	} else {
		diag_error(diag, "pci-window", item->bar->at, "there is no room for BAR %u of %s (0x%llx bytes), of '%s', in the window of %s (%s), "
			   "which has 0x%llx bytes; give fewer functions away", item->bar->index, pci_address(item->address),
			   (unsigned long long)item->bar->size, d->cells[cell].name, host->name, diag_at(host->at),
			   (unsigned long long)host->window.size);
	}
}

/* From `next` on; returns where the next cell's may begin. */
static u64 place_bars(struct decision *d, u16 cell, u16 host, u64 next, struct diag *diag)
{
	const struct range *window = &d->hosts[host].window;
	struct item *items;
	u32 count = collect(d, cell, host, &items);

	for (u32 i = 0; i < count; i++) {
		u64 at = align_up(next, items[i].size);

		if (at - window->base > window->size || items[i].size > window->size - (at - window->base)) {
			report_full(d, &d->hosts[host], cell, &items[i], diag);
			return next; /* the first one that does not fit says it */
		}
		items[i].bar->base = at;
		next = at + items[i].size;
	}
	return next;
}

static void add_registers(struct decision *d, const struct function *f)
{
	struct device *device = &d->devices[f->device];

	for (u32 i = 0; i < f->bar_count; i++) {
		if (f->bars[i].base != ADDRESS_NONE) {
			*(struct range *)mem_push(&device->regs, &device->reg_count, sizeof(struct range)) =
				(struct range){ f->bars[i].base, f->bars[i].size };
		}
	}
}

void place_pci(struct decision *d, struct diag *diag)
{
	find_owners(d);
	for (u16 host = 0; host < d->host_count; host++) {
		u64 next = d->hosts[host].window.base;

		for (u16 cell = 0; cell < d->cell_count; cell++) {
			next = place_bars(d, cell, host, next, diag);
		}
	}
	for (u32 i = 0; i < d->function_count; i++) {
		add_registers(d, &d->functions[i]);
	}
}

/* ---- configuration space */

static struct extent config_extent(const struct pci_host *host, u16 cell, struct pos at)
{
	return (struct extent){ .base = pci_config(host), .size = PCI_BUS_CONFIG, .kind = EXTENT_CONFIG, .cell = cell, .asked = true,
		.what = mem_format("configuration space of %s", host->name), .at = at };
}

void place_pci_map(const struct decision *d, struct cell *cell)
{
	for (u16 i = 0; i < d->host_count; i++) {
		const struct function *f = pci_first(d, cell->index, i);

		if (f) {
			extent_add(&cell->map, &cell->map_count, config_extent(&d->hosts[i], cell->index, f->at));
		}
	}
}

void place_pci_config(struct decision *d)
{
	for (u16 i = 0; i < d->host_count; i++) {
		if (pci_first(d, CELL_NONE, i)) {
			phys_add(d, config_extent(&d->hosts[i], CELL_NONE, d->hosts[i].at));
		}
	}
}
