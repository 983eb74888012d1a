/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Devices that cells ask for by `access`: each exists, can be given away at
 * all, has one owner, and a page of its own.
 */
#include <string.h>

#include "check.h"

/* One entry of an access property with its cell. */
struct claim {
	const struct access *access;
	const struct cell *cell;
};

struct claims {
	struct claim *list;
	u32 count;
};

static struct claims collect(const struct decision *d)
{
	struct claims claims = {0};

	for (u32 i = 0; i < d->cell_count; i++) {
		for (u32 j = 0; j < d->cells[i].access_count; j++) {
			struct claim *claim = mem_push(&claims.list, &claims.count, sizeof(*claim));

			*claim = (struct claim){ .access = &d->cells[i].access[j], .cell = &d->cells[i] };
		}
	}
	return claims;
}

static const char *node_kind(const struct node *node)
{
	const char *type = node_string(node, "device_type");

	if (type && strcmp(type, "cpu") == 0) {
		return "is a CPU; name it in cpus";
	}
	if (type && strcmp(type, "memory") == 0) {
		return "is RAM; ask for memory by the property of that name";
	}
	return "has neither registers nor interrupts; name a device";
}

/* A reference that leads to no device. */
static void check_target(const struct claim *claim, struct diag *diag)
{
	const struct access *a = claim->access;

	if (!a->node) {
		check_reference(a->phandle, mem_format("access of '%s'", claim->cell->name), a->at, diag);
	} else if (a->device == DEVICE_NONE) {
		diag_error(diag, "not-a-device", a->at, "access of '%s' names %s (%s), which %s", claim->cell->name,
			   node_nick(a->node), diag_at(a->node->at), node_kind(a->node));
	}
}

bool check_refused(const struct device *device)
{
	return device->console || device->system || (device->master && !device->stream_count && !device->trusted) || device->untranslated;
}

/* Of a bus master without a stream: why it has none, as far as the tree says anything. */
static const char *no_iommu(const struct decision *d, const struct device *device)
{
	const struct pci_host *host;
	const struct prop *map;

	if (device->function == FUNCTION_NONE) {
		return "has no iommus, so no IOMMU is known to be in front of it";
	}
	host = &d->hosts[d->functions[device->function].host];
	map = node_prop(host->node, "iommu-map");
	return map ? mem_format("has no StreamID, as its bus address is not in iommu-map of %s (%s)", host->name, diag_at(map->at)) :
		     mem_format("has no StreamID, as %s (%s) has no iommu-map", host->name, diag_at(host->at));
}

/* What is known is said otherwise than what is guessed. */
static const char *master_text(const struct device *device)
{
	return device->dma ? mem_format("can write any memory by itself (%s at %s)", device->master, diag_at(device->dma->at)) :
	       device->guessed ? mem_format("looks as if it could write any memory by itself (%s, which is a guess)", device->master) :
	       mem_format("can write any memory by itself (%s)", device->master);
}

/* What else can be done than to do without it. Nobody can trust a PCI function. */
static const char *remedy(const struct decision *d, const struct device *device)
{
	if (device->function == FUNCTION_NONE) {
		return "write iommus in the board tree if an SMMUv3 is in front of it, or trust it by cloison,trusted-dma";
	}
	return node_prop(d->hosts[d->functions[device->function].host].node, "iommu-map") ? "or correct the board tree" :
	       "or take a board tree whose host has one, such as board/qemu-virt-aarch64-smmu.dts";
}

/* Devices that nobody can have. One reason is enough: the others do not matter then. */
static void report_refused(const struct decision *d, const struct claim *claim, const struct device *device, struct diag *diag)
{
	struct pos at = claim->access->at;
	const char *cell = claim->cell->name, *where = diag_at(device->node->at);

	if (device->console) {
		diag_error(diag, "console-claimed", at, "'%s' asks for %s (%s), but that is the core's console by %s; give the cell a "
			   "virtual UART (a child node with compatible \"arm,pl011\")", cell, device->name, where,
			   diag_at(d->hyp.console_at));
	} else if (device->system) {
		diag_error(diag, "device-not-assignable", at, "'%s' asks for %s (%s), but that is %s; %s", cell,
			   device->name, where, device->system, access_advice(claim->access));
	} else if (device->master) {
		diag_error(diag, "bus-master", at, "'%s' asks for %s (%s), which %s and %s; %s%s, %s", cell, device->name, where,
			   master_text(device), no_iommu(d, device), device->guessed ? "if it cannot, write cloison,dma = \"none\" in its node, else " : "",
			   access_advice(claim->access), remedy(d, device));
	} else {
		diag_error(diag, "device-untranslated", at, "'%s' asks for %s (%s), whose reg is no address of the CPU; name the "
			   "controller of its bus instead", cell, device->name, where);
	}
}

/* Known to be none, or said to be none: anything else might be a bus master. */
static void check_dma(const struct claim *claim, const struct device *device, struct diag *diag)
{
	bool wrong = node_prop(device->node, "cloison,dma") && !device->dma; /* a word that check_prop.c refuses */

	if (!device->master && !device->passive && !wrong && !said_passive(claim->cell, device->node)) {
		diag_error(diag, "dma-unknown", claim->access->at, "'%s' asks for %s (%s), and nothing says whether it can write memory by itself; "
			   "if it cannot, write cloison,no-dma = <&%s>, else %s", claim->cell->name, device->name,
			   diag_at(device->node->at), device->node->label ? device->name : mem_format("{%s}", device->node->path),
			   access_advice(claim->access));
	}
}

static void check_interrupts(const struct claim *claim, const struct device *device, struct diag *diag)
{
	struct pos at = claim->access->at;
	const char *where = diag_at(device->node->at);

	if (device->foreign_irq) {
		diag_error(diag, "device-interrupt", at, "'%s' asks for %s (%s), which has an interrupt that goes to no shared line "
			   "of the GIC; only those can be given to a cell: %s", claim->cell->name, device->name, where,
			   access_advice(claim->access));
	}
	for (u32 i = 0; i < device->irq_count; i++) {
		if (device->irqs[i].ppi) {
			diag_error(diag, "device-interrupt", at, "'%s' asks for %s (%s), which has the private interrupt %u of each "
				   "CPU; only shared lines can be given to a cell: %s", claim->cell->name, device->name, where,
				   device->irqs[i].intid, access_advice(claim->access));
		} else if (device->irqs[i].flags != 1 && device->irqs[i].flags != 4) {
			diag_error(diag, "device-interrupt", at, "'%s' asks for %s (%s), whose interrupt on SPI %u has the flags 0x%x; a "
				   "shared line of the GIC is 4 (level) or 1 (rising edge): correct the board tree", claim->cell->name,
				   device->name, where, device->irqs[i].intid - SPI_BASE, device->irqs[i].flags);
		}
	}
}

/* A device may use regions that its cell has. */
static void check_regions(const struct decision *d, const struct cell *cell, const char *whose, const struct prop *prop, struct diag *diag)
{
	if (!share_all_named(d, cell, prop)) {
		diag_error(diag, "device-reference", prop->at, "memory-region of %s names a region that '%s' does not have; name it in "
			   "memory-region of '%s' (%s), or take the property or the device out", whose, cell->name, cell->name,
			   diag_at(cell->at));
	}
}

/* The guest's tree does without, as the core does what it asks for. */
static bool followed(const struct decision *d, const struct node *node, const struct prop *prop)
{
	u16 index = device_of(d, node);

	return strcmp(prop->name, "iommus") == 0 && index != DEVICE_NONE && d->devices[index].function == FUNCTION_NONE &&
	       d->devices[index].stream_count;
}

void check_references(const struct decision *d, const struct cell *cell, const struct node *node, const char *whose, struct diag *diag)
{
	for (u32 i = 0; i < node->prop_count; i++) {
		const struct prop *prop = &node->props[i];

		if (strcmp(prop->name, "clocks") == 0) {
			check_clocks(d, node, whose, diag);
		} else if (strcmp(prop->name, "memory-region") == 0) {
			check_regions(d, cell, whose, prop, diag);
		} else if (prop_is_reference(prop->name) && !followed(d, node, prop)) {
			diag_error(diag, "device-reference", prop->at, "%s of %s refers to another node, which the guest's tree does "
				   "not have; take the property or the device out", prop->name, whose);
		}
	}
}

/* For a finding about the board's text: why that text matters. */
static const char *whose(const struct claim *claim, const struct device *device)
{
	return !claim->access->by_bus ? device->name : mem_format("%s (below a bus of cloison,access-bus of '%s', %s: add it to "
		"cloison,access-except, if it cannot go along)", device->name, claim->cell->name, diag_at(claim->access->at));
}

static void check_status(const struct claim *claim, const struct device *device, struct diag *diag)
{
	const char *status = node_string(device->node, "status");

	if (status && strcmp(status, "okay") != 0 && strcmp(status, "ok") != 0) {
		diag_error(diag, "device-disabled", claim->access->at, "'%s' asks for %s, but its status at %s is \"%s\"; enable it "
			   "there or take it out", claim->cell->name, device->name,
			   diag_at(prop_at(device->node, "status")), status);
	}
}

static void report_owners(const struct claim *claim, const struct claim *other, const struct device *device, struct diag *diag)
{
	if (other->cell == claim->cell) {
		diag_error(diag, "device-owned-twice", claim->access->at, "%s is given to '%s' twice; list it once", device->name,
			   claim->cell->name);
	} else if (claim->access->by_bus) {
		diag_error(diag, "device-owned-twice", claim->access->at, "%s is below a bus of cloison,access-bus of '%s', but it is given to "
			   "'%s' at %s; add it to cloison,access-except", device->name, claim->cell->name, other->cell->name,
			   diag_at(other->access->at));
	} else {
		diag_error(diag, "device-owned-twice", claim->access->at, "%s is given to '%s' here and to '%s' at %s; take it from one of "
			   "them", device->name, claim->cell->name, other->cell->name, diag_at(other->access->at));
	}
}

/* What is behind a device goes along with it, if a guest can be told of it. */
static void check_children(const struct decision *d, const struct claim *claim, const struct node *node, struct diag *diag)
{
	for (const struct node *child = node->child; child; child = child->next) {
		const char *name = mem_format("%s, which is behind %s", node_nick(child), node_nick(node));

		if (!child_carried(d, child)) {
			continue;
		}
		check_references(d, claim->cell, child, name, diag);
		if (node_prop(child, "interrupts") || node_prop(child, "interrupts-extended")) {
			diag_error(diag, "device-interrupt", claim->access->at, "'%s' asks for %s (%s), and %s (%s) has an interrupt, which cannot go "
				   "along: disable that node, or %s", claim->cell->name, node_nick(node), diag_at(node->at), name,
				   diag_at(child->at), access_advice(claim->access));
		}
		check_children(d, claim, child, diag);
	}
}

/* Of a device that is named and one that comes with a bus, the bus is where something can be done about it. */
static void check_owner(const struct decision *d, const struct claims *claims, u32 index, struct diag *diag)
{
	const struct claim *claim = &claims->list[index];

	for (u32 i = 0; i < index; i++) {
		const struct claim *other = &claims->list[i];
		bool swap = other->access->by_bus && !claim->access->by_bus;

		if (other->access->device == claim->access->device) {
			report_owners(swap ? other : claim, swap ? claim : other, &d->devices[claim->access->device], diag);
			return;
		}
	}
}

/* A PCI function the guest finds by itself: nothing of its node goes into the guest's tree. */
static void check_carried(const struct decision *d, const struct claim *claim, const struct device *device, struct diag *diag)
{
	if (device->function == FUNCTION_NONE) {
		check_children(d, claim, device->node, diag);
		check_references(d, claim->cell, device->node, whose(claim, device), diag);
	}
}

void check_devices(const struct decision *d, struct diag *diag)
{
	struct claims claims = collect(d);

	for (u32 i = 0; i < claims.count; i++) {
		const struct claim *claim = &claims.list[i];
		const struct device *device;

		check_target(claim, diag);
		if (claim->access->device == DEVICE_NONE) {
			continue;
		}
		device = &d->devices[claim->access->device];
		check_owner(d, &claims, i, diag);
		if (check_refused(device)) {
			report_refused(d, claim, device, diag);
		} else {
			check_dma(claim, device, diag);
			check_interrupts(claim, device, diag);
			check_carried(d, claim, device, diag);
			check_status(claim, device, diag);
			check_registers(d, claim->access, claim->cell, diag);
		}
	}
}
