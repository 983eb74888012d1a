/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * PCI hosts and the functions below them. The board tree has the host; which functions are plugged in the partition says, by
 * nodes in the form of the PCI bus binding (IEEE 1275):
 *
 *     phys.hi   npt000ss bbbbbbbb dddddfff rrrrrrrr     ss: 0 configuration, 1 I/O, 2 memory, 3 memory of 64 bits
 *     reg       <phys.hi 0 0 0 0>                       the function's address, then for each BAR
 *               <phys.hi 0 0 size.hi size.lo>           r: its register, 0x10 to 0x24; where it is cellgen decides
 *
 * What cannot be a BAR is left out here, and reported by check_pci.c if a cell has the function.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "pci.h"

/* ---- hosts */

/* The first window of 32-bit memory that has the same addresses on both sides. */
static struct range find_window(const struct node *node)
{
	const struct prop *ranges = node_prop(node, "ranges");
	u32 parent = node_own_cells(node->parent, "#address-cells", 2);
	u32 entry = PCI_ADDRESS_CELLS + parent + PCI_SIZE_CELLS;

	for (u32 i = 0; ranges && parent <= 2 && i + entry <= ranges->size / 4; i += entry) {
		u32 high = prop_cell(ranges, i);
		u64 bus = prop_number(ranges, i + 1, 2);
		struct range window = {
			.base = prop_number(ranges, i + PCI_ADDRESS_CELLS, parent),
			.size = prop_number(ranges, i + PCI_ADDRESS_CELLS + parent, PCI_SIZE_CELLS),
		};

		if (PCI_SPACE(high) == PCI_MEMORY && !(high & PCI_PREFETCHABLE) && dt_translate(node, &window) &&
		    window.base == bus && !range_wraps(bus, window.size) && bus + window.size <= PCI_WINDOW_END) {
			return window;
		}
	}
	return (struct range){0};
}

static void load_host(struct decision *d, u16 device)
{
	struct pci_host *host = mem_push(&d->hosts, &d->host_count, sizeof(*host));
	const struct device *dev = &d->devices[device];
	const struct prop *buses = node_prop(dev->node, "bus-range");

	*host = (struct pci_host){ .node = dev->node, .name = dev->name, .device = device, .last_bus = 255,
		.window = find_window(dev->node), .at = dev->node->at };
	if (dev->reg_count) {
		host->ecam = dev->regs[0];
	}
	if (buses && buses->size == 8) {
		host->first_bus = prop_cell(buses, 0);
		host->last_bus = prop_cell(buses, 1);
	}
}

/* ---- functions */

/* "pci8086,10d3": vendor and device, four digits each. */
static bool read_ids(const char *word, u16 *vendor, u16 *id)
{
	static const char form[] = "pci....,....";
	u64 numbers[2] = {0};

	if (strlen(word) != sizeof(form) - 1) {
		return false;
	}
	for (u32 i = 0; i < sizeof(form) - 1; i++) {
		if (form[i] == '.' ? !isxdigit((unsigned char)word[i]) || isupper((unsigned char)word[i]) : word[i] != form[i]) {
			return false;
		}
	}
	numbers[0] = strtoul(word + 3, NULL, 16);
	numbers[1] = strtoul(word + 8, NULL, 16);
	*vendor = (u16)numbers[0];
	*id = (u16)numbers[1];
	return true;
}

bool pci_ids(const struct node *node, u16 *vendor, u16 *id)
{
	const struct prop *prop = node_prop(node, "compatible");

	if (!prop || prop->size == 0 || prop->data[prop->size - 1] != 0) {
		return false;
	}
	for (u32 at = 0; at < prop->size; at += (u32)strlen((const char *)prop->data + at) + 1) {
		if (read_ids((const char *)prop->data + at, vendor, id)) {
			return true;
		}
	}
	return false;
}

bool pci_bar_read(const struct prop *reg, u32 entry, struct bar *bar)
{
	u32 at = entry * PCI_REG_CELLS, high = prop_cell(reg, at);
	u32 offset = PCI_REGISTER(high);

	*bar = (struct bar){ .index = (offset - PCI_BAR_FIRST) / 4, .size = prop_number(reg, at + PCI_ADDRESS_CELLS, PCI_SIZE_CELLS),
		.wide = PCI_SPACE(high) == PCI_MEMORY_WIDE, .prefetchable = (high & PCI_PREFETCHABLE) != 0, .base = ADDRESS_NONE, .at = reg->at };
	return (PCI_SPACE(high) == PCI_MEMORY || bar->wide) && offset >= PCI_BAR_FIRST && offset <= PCI_BAR_LAST && offset % 4 == 0 &&
	       bar->index + bar->wide < PCI_BARS && bar->size >= PCI_BAR_MIN && bar->size <= PCI_WINDOW_END / 2 &&
	       (bar->size & (bar->size - 1)) == 0;
}

const char *pci_address(u16 address)
{
	return mem_format("%02x:%02x.%u", PCI_BUS(address), PCI_DEVICE(address), address & 7u);
}

static int compare_bars(const void *left, const void *right)
{
	const struct bar *a = left, *b = right;

	return (a->index > b->index) - (a->index < b->index);
}

static void load_bars(struct function *f, const struct prop *reg)
{
	for (u32 i = 1; i < reg->size / 4 / PCI_REG_CELLS; i++) {
		struct bar bar;

		if (pci_bar_read(reg, i, &bar)) {
			*(struct bar *)mem_push(&f->bars, &f->bar_count, sizeof(bar)) = bar;
		}
	}
	if (f->bar_count) {
		qsort(f->bars, f->bar_count, sizeof(*f->bars), compare_bars);
	}
}

/* One number; 0 if it is not there. */
static u32 load_number(const struct node *node, const char *name, const char *example, struct diag *diag)
{
	const struct prop *prop = node_prop(node, name);

	if (prop && prop->size != 4) {
		diag_error(diag, "bad-property", prop->at, "%s of %s has %u bytes; it is one number, such as %s", name, node_nick(node),
			   prop->size, example);
		return 0;
	}
	return prop ? prop_cell(prop, 0) : 0;
}

static void load_reset(struct function *f, struct diag *diag)
{
	const struct prop *prop = node_prop(f->node, "cloison,reset-write");

	if (prop && prop->size != 12) {
		diag_error(diag, "bad-property", prop->at, "cloison,reset-write of %s has %u bytes; it is three numbers, a BAR, an offset in it and "
			   "the value that is written there, such as <0 0x0 0x04000000>", f->name, prop->size);
		return;
	}
	f->reset_write = prop != NULL;
	f->reset_bar = prop ? prop_cell(prop, 0) : 0;
	f->reset_offset = prop ? prop_cell(prop, 1) : 0;
	f->reset_value = prop ? prop_cell(prop, 2) : 0;
}

static void load_function(struct decision *d, u16 host, u16 device, struct diag *diag)
{
	struct device *dev = &d->devices[device];
	const struct prop *reg = node_prop(dev->node, "reg");
	struct function *f;

	if (reg->size == 0 || reg->size % (PCI_REG_CELLS * 4) != 0) {
		diag_error(diag, "bad-property", reg->at, "reg of %s has %u bytes; a PCI function has one entry of five cells for its address, "
			   "such as <0x800 0 0 0 0>, and one for each memory BAR", dev->name, reg->size);
		return; /* what it is nobody knows: not assignable */
	}
	f = mem_push(&d->functions, &d->function_count, sizeof(*f));
	*f = (struct function){ .node = dev->node, .name = dev->name, .host = host, .device = device,
		.address = PCI_FUNCTION(prop_cell(reg, 0)), .at = reg->at, .cell = CELL_NONE };
	pci_ids(dev->node, &f->vendor, &f->id);
	load_bars(f, reg);
	f->vectors = load_number(dev->node, "cloison,msi-vectors", "<4>", diag);
	f->pin = load_number(dev->node, "interrupts", "<1>, which is pin A", diag);
	load_reset(f, diag);
	f->no_reset = node_string(dev->node, "cloison,no-reset");
	dev->function = (u16)(d->function_count - 1);
	dev->untranslated = false;
	dev->passive = dev->guessed = false;
	dev->dma = NULL;
	dev->master = "it is a PCI function";
}

/* The host that a node is below, at any depth, if all between them are PCI buses. */
static u16 host_of(const struct decision *d, const struct node *node)
{
	for (const struct node *bus = node->parent; bus && node_own_cells(bus, "#address-cells", 2) == PCI_ADDRESS_CELLS &&
	     node_own_cells(bus, "#size-cells", 1) == PCI_SIZE_CELLS; bus = bus->parent) {
		for (u16 i = 0; i < d->host_count; i++) {
			if (d->hosts[i].node == bus) {
				return i;
			}
		}
	}
	return PCI_HOST_NONE;
}

void dt_pci(struct decision *d, struct diag *diag)
{
	for (u16 i = 0; i < d->device_count; i++) {
		if (node_compatible(d->devices[i].node, "pci-host-ecam-generic")) {
			load_host(d, i);
		}
	}
	for (u16 i = 0; i < d->device_count; i++) {
		u16 host = host_of(d, d->devices[i].node);

		if (host != PCI_HOST_NONE && node_prop(d->devices[i].node, "reg")) {
			load_function(d, host, i, diag);
		}
	}
}
