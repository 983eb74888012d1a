/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * PCI hosts in a guest's tree: the configuration space of one bus, a window that has the cell's BARs and nothing else, the
 * lines of its functions. What is on the bus the guest finds there by itself.
 */
#include "guest_writer.h"
#include "pci.h"

#define UNIT_ADDRESS 5   /* of the GIC in an entry of interrupt-map: as many cells as its #address-cells */
#define MAP_MASK 0xff00u /* device and function: a line is that of one function */

/* From the first BAR of the cell to the last: place_pci.c has put nobody else's between. */
static struct range window_of(const struct writer *w, u16 host)
{
	u64 base = ADDRESS_NONE, end = 0;

	for (u32 i = 0; i < w->d->function_count; i++) {
		const struct function *f = &w->d->functions[i];

		for (u32 k = 0; f->cell == w->cell->index && f->host == host && k < f->bar_count; k++) {
			u64 at = f->bars[k].base, size = align_up(f->bars[k].size, PAGE_SIZE);

			if (at != ADDRESS_NONE) {
				base = at < base ? at : base;
				end = at + size > end ? at + size : end;
			}
		}
	}
	return (struct range){ base, end > base ? end - base : 0 };
}

static void put_window(struct writer *w, u16 host)
{
	struct range window = window_of(w, host);

	if (window.size) {
		PUT_CELLS(w, "ranges", PCI_MEMORY << 24, 0, (u32)window.base, 0, (u32)window.base, (u32)(window.size >> 32), (u32)window.size);
	}
}

static void put_lines(struct writer *w, u16 host)
{
	u32 *cells = NULL, count = 0;

	for (u32 i = 0; i < w->d->function_count; i++) {
		const struct function *f = &w->d->functions[i];
		const struct device *device = &w->d->devices[f->device];

		for (u32 k = 0; f->cell == w->cell->index && f->host == host && k < device->irq_count; k++) {
			const u32 entry[] = { PCI_HIGH(f->address) & MAP_MASK, 0, 0, f->pin, PHANDLE_GIC, 0, 0, device->irqs[k].ppi,
				guest_line(w->d, w->cell, device->irqs[k].intid) - SPI_BASE, device->irqs[k].flags };

			for (u32 c = 0; c < ARRAY_COUNT(entry); c++) {
				if (c < UNIT_ADDRESS || c >= UNIT_ADDRESS + 2 - guest_gic_cells(w)) {
					*(u32 *)mem_push(&cells, &count, sizeof(u32)) = entry[c];
				}
			}
		}
	}
	if (count) {
		PUT_CELLS(w, "#interrupt-cells", 1);
		PUT_CELLS(w, "interrupt-map-mask", MAP_MASK, 0, 0, 7);
		put_cells(w, "interrupt-map", cells, count);
	}
}

static void emit_host(struct writer *w, u16 index)
{
	const struct pci_host *host = &w->d->hosts[index];
	const struct prop *domain = node_prop(host->node, "linux,pci-domain");

	put_begin(w, pci_guest_name(host));
	put_text(w, "compatible", "pci-host-ecam-generic");
	put_text(w, "device_type", "pci");
	PUT_CELLS(w, "#address-cells", PCI_ADDRESS_CELLS);
	PUT_CELLS(w, "#size-cells", PCI_SIZE_CELLS);
	put_ranges(w, &(struct range){ pci_config(host), PCI_BUS_CONFIG }, 1);
	PUT_CELLS(w, "bus-range", host->first_bus, host->first_bus);
	put_window(w, index);
	put_lines(w, index);
	put_guest_msis(w, index);
	if (node_prop(host->node, "dma-coherent")) {
		put(w, "dma-coherent", "", 0);
	}
	if (domain) {
		put(w, domain->name, domain->data, domain->size);
	}
	put_end(w);
}

bool guest_has_pci(const struct writer *w)
{
	u16 host = 0;

	while (host < w->d->host_count && !pci_first(w->d, w->cell->index, host)) {
		host++;
	}
	return host < w->d->host_count;
}

void emit_guest_pci(struct writer *w)
{
	for (u16 i = 0; i < w->d->host_count; i++) {
		if (pci_first(w->d, w->cell->index, i)) {
			emit_host(w, i);
		}
	}
}
