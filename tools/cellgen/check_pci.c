/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * PCI functions that cells have: each is where a function can be, is what it says, and can be given away alone. What
 * nobody has is not judged: boot keeps it silent, whatever it is.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "pci.h"
#include "pte.h"

static const char *owner(const struct decision *d, const struct function *f)
{
	return d->cells[f->cell].name;
}

/* ---- hosts */

static void check_host(const struct pci_host *host, struct diag *diag)
{
	const struct prop *buses = node_prop(host->node, "bus-range");
	const char *status = node_string(host->node, "status");

	if (status && strcmp(status, "okay") != 0 && strcmp(status, "ok") != 0) {
		diag_error(diag, "device-disabled", prop_at(host->node, "status"), "%s, whose functions cells have, has the status \"%s\"; enable it "
			   "or take them out", host->name, status);
	}
	if ((buses && buses->size != 8) || host->first_bus > host->last_bus || host->last_bus > 255) {
		diag_error(diag, "pci-host", prop_at(host->node, "bus-range"), "bus-range of %s is not two bus numbers up to 255, the first and the "
			   "last; correct the board tree", host->name);
	}
	if (host->ecam.size == 0) {
		diag_error(diag, "pci-host", prop_at(host->node, "reg"), "%s has no reg, so that nobody knows where its configuration space is; correct "
			   "the board tree", host->name);
	} else if (host->ecam.size < PCI_BUS_CONFIG || host->ecam.base % PCI_BUS_CONFIG) {
		diag_error(diag, "pci-host", prop_at(host->node, "reg"), "the configuration space of %s (%s) has no whole MiB, aligned, for its "
			   "root bus; correct the board tree", host->name, text_range(host->ecam.base, host->ecam.size));
	} else if (!range_below(host->ecam.base, PCI_BUS_CONFIG, LOAD_WINDOW)) {
		diag_error(diag, "guest-address-limit", prop_at(host->node, "reg"), "the configuration space of %s, %s, lies above 0x%llx, where "
			   "guest addresses end, and the reach of the core's own tables too; its functions cannot be given away", host->name,
			   text_range(pci_config(host), PCI_BUS_CONFIG), TEXT_NUMBER(LOAD_WINDOW));
	}
}

/* ---- where a function is */

static void check_place(const struct decision *d, const struct function *f, struct diag *diag)
{
	const struct pci_host *host = &d->hosts[f->host];
	const struct prop *reg = node_prop(f->node, "reg");
	bool plain = (prop_cell(reg, 0) & ~(u32)PCI_HIGH(0xffff)) == 0;

	for (u32 i = 1; i < PCI_REG_CELLS; i++) {
		plain = plain && prop_cell(reg, i) == 0;
	}
	if (!plain) {
		diag_error(diag, "pci-address", f->at, "reg of %s does not begin with the address of a function: bus << 16 | device << 11 | function "
			   "<< 8, and four zeros, such as <0x800 0 0 0 0> for 00:01.0", f->name);
	} else if (f->node->parent != host->node) {
		diag_error(diag, "pci-address", f->at, "%s of '%s' is behind the bridge %s (%s); only functions on the root bus can be given away: "
			   "take it out", f->name, owner(d, f), node_nick(f->node->parent), diag_at(f->node->parent->at));
	} else if (PCI_BUS(f->address) != host->first_bus) {
		diag_error(diag, "pci-address", f->at, "%s of '%s' is on bus %u, but the root bus of %s (%s) is %u; correct its reg", f->name,
			   owner(d, f), PCI_BUS(f->address), host->name, diag_at(host->at), host->first_bus);
	} else if (PCI_DEVICE(f->address) == 0) {
		diag_error(diag, "pci-address", f->at, "%s of '%s' is at %s, where the host bridge is, which the core has a stand-in for; put it "
			   "into another slot", f->name, owner(d, f), pci_address(f->address));
	}
}

/* "nvme@5,0": device and function in hexadecimal; function 0 may be left out. */
static void check_unit(const struct decision *d, const struct function *f, struct diag *diag)
{
	const char *name = f->node->name, *at = strchr(name, '@');
	u32 device = PCI_DEVICE(f->address), function = f->address & 7u;
	char *end = NULL;
	bool same = !at || strtoul(at + 1, &end, 16) == device;

	if (same && at) {
		same = *end == ',' ? strtoul(end + 1, &end, 16) == function && *end == 0 : *end == 0 && function == 0;
	}
	if (!same) {
		diag_error(diag, "unit-address", f->at, "%s of '%s' is at %s, which is not what its name, %s (%s), says; name it %.*s@%x,%x, or correct "
			   "its reg", f->name, owner(d, f), pci_address(f->address), name, diag_at(f->node->at), (int)(at - name), name, device,
			   function);
	}
}

/* The whole device of this function goes to one cell, function 0 included, without which nobody looks for the others. */
static void check_device(const struct decision *d, u32 index, struct diag *diag)
{
	const struct function *f = &d->functions[index];
	bool zero = (f->address & 7) == 0, split = false;

	for (u32 i = 0; i < d->function_count; i++) {
		const struct function *other = &d->functions[i];
		bool same = i != index && other->host == f->host && other->address >> 3 == f->address >> 3;

		if (same && other->address == f->address && (i < index || other->cell == CELL_NONE)) {
			diag_error(diag, "pci-address", f->at, "%s of '%s' is at %s, and so is %s (%s); correct one of them", f->name, owner(d, f),
				   pci_address(f->address), other->name, diag_at(other->at));
			return;
		}
		split = split || (same && other->cell != CELL_NONE && other->cell != f->cell);
		zero = zero || (same && other->cell == f->cell && (other->address & 7) == 0);
		if (same && i < index && other->cell != CELL_NONE && other->cell != f->cell) {
			diag_error(diag, "pci-device-shared", f->at, "%s of '%s' (%s) and %s of '%s' (%s, %s) are functions of one device, which may "
				   "reach each other without passing the IOMMU; give both to one cell", f->name, owner(d, f),
				   pci_address(f->address), other->name, owner(d, other), pci_address(other->address),
				   diag_at(other->at));
		}
	}
	if (!zero && !split) {
		diag_error(diag, "pci-function-zero", f->at, "'%s' has %s (%s), but not function 0 of that device, without which a guest looks for no "
			   "other; give it that one too", owner(d, f), f->name, pci_address(f->address));
	}
}

/* ---- what it says of itself */

/* What is wrong with an entry of reg, as the end of a sentence; NULL: it is a BAR. */
static const char *why_no_bar(const struct function *f, const struct prop *reg, u32 entry)
{
	u32 at = entry * PCI_REG_CELLS, high = prop_cell(reg, at), offset = PCI_REGISTER(high);
	u64 size = prop_number(reg, at + PCI_ADDRESS_CELLS, PCI_SIZE_CELLS);
	struct bar bar;

	if (PCI_FUNCTION(high) != f->address) {
		return mem_format("is of %s; correct its bus, device or function", pci_address(PCI_FUNCTION(high)));
	}
	if (PCI_SPACE(high) == PCI_IO) {
		return "is an I/O BAR, which no cell gets; leave it out";
	}
	if (offset < PCI_BAR_FIRST || offset > PCI_BAR_LAST || offset % 4) {
		return mem_format("is of register 0x%02x, which is no BAR (0x10 to 0x24); leave it out", offset);
	}
	if (PCI_SPACE(high) == 0) {
		return "is of configuration space; a memory BAR begins with 0x02, one of 64 bits with 0x03";
	}
	if (high & ~(u32)(PCI_HIGH(0xffff) | 0xff | PCI_PREFETCHABLE | PCI_MEMORY_WIDE << 24) || prop_number(reg, at + 1, 2)) {
		return "says where the BAR is, which cellgen decides; write zeros there";
	}
	if (size < PCI_BAR_MIN || size > PCI_WINDOW_END / 2 || (size & (size - 1))) {
		return mem_format("has the size 0x%llx; a BAR has a power of two from 0x10 to 0x80000000", TEXT_NUMBER(size));
	}
	return pci_bar_read(reg, entry, &bar) ? NULL : "is a BAR of 64 bits in the last register, where only one of 32 can be";
}

static void check_bars(const struct function *f, struct diag *diag)
{
	const struct prop *reg = node_prop(f->node, "reg");
	u32 used = 0;

	for (u32 i = 1; i < reg->size / 4 / PCI_REG_CELLS; i++) {
		const char *why = why_no_bar(f, reg, i);
		struct bar bar;
		u32 mine;

		if (why) {
			diag_error(diag, "pci-bar", f->at, "entry %u of reg of %s %s", i + 1, f->name, why);
			continue;
		}
		pci_bar_read(reg, i, &bar);
		mine = (bar.wide ? 3u : 1u) << bar.index;
		if (used & mine) {
			diag_error(diag, "pci-bar", f->at, "entry %u of reg of %s is of BAR %u, which another entry has already; one of 64 bits takes the "
				   "next register too", i + 1, f->name, bar.index);
		}
		used |= mine;
	}
}

static void check_ids(const struct function *f, struct diag *diag)
{
	u16 vendor, id;

	if (!pci_ids(f->node, &vendor, &id) || vendor == 0xffff) {
		diag_error(diag, "pci-id", prop_at(f->node, "compatible"), "%s does not say what has to be found there; write compatible = "
			   "\"pciVVVV,DDDD\" with its vendor and device in four lower case digits each, as lspci -n shows them", f->name);
	}
}

static void check_pin(const struct decision *d, const struct function *f, struct diag *diag)
{
	const struct prop *prop = node_prop(f->node, "interrupts");
	const struct pci_host *host = &d->hosts[f->host];

	if (!prop || prop->size != 4) {
		return; /* none, or reported by dt_pci.c */
	}
	if (f->pin < 1 || f->pin > 4) {
		diag_error(diag, "pci-pin", prop->at, "interrupts of %s is %u; it is a pin, from 1 (INTA) to 4 (INTD)", f->name, f->pin);
	} else if (d->devices[f->device].irq_count == 0) {
		diag_error(diag, "pci-pin", prop->at, "pin %u of %s (%s) leads to no line of the GIC by interrupt-map of %s (%s); correct the board "
			   "tree, or leave interrupts out", f->pin, f->name, pci_address(f->address), host->name, diag_at(host->at));
	}
}

static void check_vectors(const struct function *f, struct diag *diag)
{
	const struct prop *prop = node_prop(f->node, "cloison,msi-vectors");

	if (!prop || prop->size != 4) {
		return; /* none, or reported by dt_pci.c */
	}
	if (f->vectors < 1 || f->vectors > PCI_VECTORS_MAX) {
		diag_error(diag, "pci-vectors", prop->at, "cloison,msi-vectors of %s is %u; it can be 1 to %u, or is left out", f->name, f->vectors,
			   PCI_VECTORS_MAX);
	}
}

/* ---- how it is reset */

static void check_reset_write(const struct function *f, struct diag *diag)
{
	struct pos at = prop_at(f->node, "cloison,reset-write");
	const struct bar *bar = function_bar(f, f->reset_bar);

	if (f->no_reset) {
		diag_error(diag, "pci-reset", at, "%s can be reset by cloison,reset-write, and cannot by cloison,no-reset (%s); take one out", f->name,
			   diag_at(prop_at(f->node, "cloison,no-reset")));
	}
	if (!bar) {
		diag_error(diag, "pci-reset", at, "cloison,reset-write of %s names BAR %u, which is not in its reg (%s); add it there", f->name,
			   f->reset_bar, diag_at(f->at));
	} else if (f->reset_offset % 4 || f->reset_offset >= bar->size) {
		diag_error(diag, "pci-reset", at, "cloison,reset-write of %s: there is no register of 32 bits at 0x%x of BAR %u, which has 0x%llx bytes",
			   f->name, f->reset_offset, f->reset_bar, TEXT_NUMBER(bar->size));
	}
}

/* What a device was told by the last life of its cell it would do to the next one. */
static void check_restart(const struct decision *d, const struct function *f, struct diag *diag)
{
	struct again *again = NULL;
	u32 count = f->no_reset ? again_reasons(d, &d->cells[f->cell], &again) : 0;

	for (u32 i = 0; i < count; i++) {
		diag_error(diag, "restart-dma", again[i].at, "%s, but %s cannot be reset (%s), and would go on writing where the life before told it "
			   "to; %s, or say how it is reset: cloison,reset-write", again[i].why, f->name,
			   diag_at(prop_at(f->node, "cloison,no-reset")), again[i].advice);
	}
}

/* A guest finds a host only with a window, and a driver could do nothing without one. */
static void check_any_bar(const struct decision *d, const struct cell *cell, u16 host, struct diag *diag)
{
	const struct function *first = pci_first(d, cell->index, host);
	u32 count = 0;

	for (u32 i = 0; i < d->function_count; i++) {
		const struct function *f = &d->functions[i];

		count += f->cell == cell->index && f->host == host ? node_prop(f->node, "reg")->size / 4 / PCI_REG_CELLS - 1 : 0;
	}
	if (first && count == 0) {
		diag_error(diag, "pci-bar", first->at, "nothing that '%s' has below %s (%s) has a BAR, so that no driver could use it; add an entry for "
			   "each memory BAR to reg", cell->name, d->hosts[host].name, diag_at(d->hosts[host].at));
	}
}

static void check_function(const struct decision *d, u32 index, struct diag *diag)
{
	const struct function *f = &d->functions[index];

	check_place(d, f, diag);
	check_unit(d, f, diag);
	check_device(d, index, diag);
	check_ids(f, diag);
	check_bars(f, diag);
	check_pin(d, f, diag);
	check_vectors(f, diag);
	if (f->reset_write) {
		check_reset_write(f, diag);
	}
	check_restart(d, f, diag);
	if (is_without(d, "pci")) {
		diag_error(diag, "pci-not-built", f->at, "'%s' has %s, but this core is built without PCI; set CONFIG_PCI (make PCI=y), or take it out "
			   "of access", owner(d, f), f->name);
	}
}

void check_pci(const struct decision *d, struct diag *diag)
{
	for (u16 i = 0; i < d->host_count; i++) {
		if (pci_first(d, CELL_NONE, i)) {
			check_host(&d->hosts[i], diag);
		}
		for (u32 c = 0; c < d->cell_count; c++) {
			check_any_bar(d, &d->cells[c], i, diag);
		}
	}
	for (u32 i = 0; i < d->function_count; i++) {
		if (d->functions[i].cell != CELL_NONE) {
			check_function(d, i, diag);
		}
	}
}
