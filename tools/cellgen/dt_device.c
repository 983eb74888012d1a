/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The board's devices: registers as CPU addresses, interrupts as lines of the
 * GIC; dt_dma.c says whether a device could write memory behind the CPU's back.
 */
#include <string.h>

#include "parts.h"

/* Nodes that describe no device; everything below them neither. */
static const char *const no_devices[] = {
	"/domains", "/cpus", "/reserved-memory", "/chosen", "/aliases", "/__symbols__", "/psci",
};

struct system_kind {
	const char *compatible;
	const char *why;
};

/* What every cell depends on, or what is the core's by nature. */
static const struct system_kind systems[] = {
	{ "arm,gic-v3", "the interrupt controller" },
	{ "arm,gic-v3-its", "part of the interrupt controller" },
	{ "arm,gic-400", "an interrupt controller" },
	{ "arm,armv8-timer", "the CPUs' timer, which every cell has anyway" },
	{ "arm,armv7-timer", "the CPUs' timer, which every cell has anyway" },
	{ "arm,armv8-pmuv3", "part of the CPUs" },
	{ "arm,smmu-v3", "an IOMMU" },
	{ "arm,mmu-500", "an IOMMU" },
	{ "arm,psci-1.0", "the firmware's power interface" },
	{ "simple-bus", "a bus; name the devices on it" },
	{ "pci-host-ecam-generic", "a PCI host; name the functions below it" },
};

const char *device_why_system(const struct node *node)
{
	const char *type = node_string(node, "device_type");

	for (u32 i = 0; i < ARRAY_COUNT(systems); i++) {
		if (node_compatible(node, systems[i].compatible)) {
			return systems[i].why;
		}
	}
	if (type && strcmp(type, "memory") == 0) {
		return "memory";
	}
	return node_prop(node, "interrupt-controller") ? "an interrupt controller" : NULL;
}

/* One step towards the root: an address on the bus node becomes one on its parent's bus. */
static bool translate_step(const struct node *bus, u64 *base, u64 size)
{
	const struct prop *ranges = node_prop(bus, "ranges");
	u32 child = node_own_cells(bus, "#address-cells", 2), sizes = node_own_cells(bus, "#size-cells", 1);
	u32 parent = bus->parent ? node_own_cells(bus->parent, "#address-cells", 2) : 2;
	u32 entry = child + parent + sizes;

	if (!ranges || child > 2 || parent > 2 || sizes > 2) {
		return false;
	}
	for (u32 i = 0; i + entry <= ranges->size / 4; i += entry) {
		u64 from = prop_number(ranges, i, child);
		u64 length = prop_number(ranges, i + child + parent, sizes);

		if (*base >= from && size <= length && *base - from <= length - size) {
			*base = *base - from + prop_number(ranges, i + child, parent);
			return true;
		}
	}
	return ranges->size == 0; /* an empty ranges is the identity */
}

bool dt_translate(const struct node *node, struct range *range)
{
	for (const struct node *bus = node->parent; bus->parent; bus = bus->parent) {
		if (!translate_step(bus, &range->base, range->size)) {
			return false;
		}
	}
	return true;
}

static void load_regs(struct device *device, struct diag *diag)
{
	const struct prop *reg = node_prop(device->node, "reg");
	u32 address_cells = node_own_cells(device->node->parent, "#address-cells", 2);
	u32 size_cells = node_own_cells(device->node->parent, "#size-cells", 1);

	if (!reg) {
		return;
	}
	if (address_cells > 2 || size_cells == 0) { /* PCI functions, I2C chips: no CPU address */
		device->untranslated = true;
		return;
	}
	device->reg_count = prop_ranges(reg, address_cells, size_cells, &device->regs, diag);
	for (u32 i = 0; i < device->reg_count; i++) {
		if (!dt_translate(device->node, &device->regs[i])) {
			device->untranslated = true;
		}
	}
	if (device->untranslated) {
		device->reg_count = 0;
	}
}

static bool excluded(const struct tree *tree, const struct node *node)
{
	const char *type = node_string(node, "device_type");

	for (u32 i = 0; i < ARRAY_COUNT(no_devices); i++) {
		const struct node *top = tree_path(tree, no_devices[i]);

		if (top && node_below(node, top)) {
			return true;
		}
	}
	return !node->parent || (type && strcmp(type, "memory") == 0);
}

static bool is_device(const struct node *node)
{
	return node_prop(node, "reg") || node_prop(node, "interrupts") || node_prop(node, "interrupts-extended") ||
	       node_prop(node, "interrupt-map");
}

u16 device_of(const struct decision *d, const struct node *node)
{
	for (u32 i = 0; node && i < d->device_count; i++) {
		if (d->devices[i].node == node) {
			return (u16)i;
		}
	}
	return DEVICE_NONE;
}

/* What has addresses of the CPU is a device by itself, and named by itself. */
bool child_carried(const struct decision *d, const struct node *child)
{
	u16 index = device_of(d, child);
	const char *status = node_string(child, "status");

	return (!status || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0) &&
	       (index == DEVICE_NONE || d->devices[index].reg_count == 0);
}

void dt_devices(struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->tree->node_count; i++) {
		const struct node *node = d->tree->nodes[i];
		struct device *device;

		if (excluded(d->tree, node) || !is_device(node)) {
			continue;
		}
		if (d->device_count == DEVICE_NONE) {
			fatal("more than %u devices", DEVICE_NONE - 1);
		}
		device = mem_push(&d->devices, &d->device_count, sizeof(*device));
		device->node = node;
		device->function = FUNCTION_NONE;
		device->name = node_nick(node);
		dt_dma(device);
		device->system = device_why_system(node);
		load_regs(device, diag);
	}
	dt_pci(d, diag);
	dt_irqs(d, diag);
}
