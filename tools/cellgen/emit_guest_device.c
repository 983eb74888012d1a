/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What a partition puts into a guest's tree: board devices, virtual devices, regions. Properties go over as they are;
 * what refers to another node cannot, except to nodes that go along: fixed clocks, and regions of the cell.
 */
#include <string.h>

#include "guest_writer.h"

/* The phandle by which the guest knows this clock of the board. */
static u32 carry_clock(struct writer *w, const struct node *clock)
{
	u32 i = 0;

	while (i < w->clock_count && w->clocks[i] != clock) {
		i++;
	}
	if (i == w->clock_count) {
		*(const struct node **)mem_push(&w->clocks, &w->clock_count, sizeof(clock)) = clock;
	}
	return PHANDLE_CARRIED + i;
}

static void put_clocks(struct writer *w, const struct prop *prop)
{
	u32 count = prop->size / 4;
	u32 *cells = mem_alloc(count * 4ULL);

	for (u32 i = 0; i < count; i++) {
		const struct node *clock = tree_phandle(w->d->tree, prop_cell(prop, i));

		cells[i] = clock ? carry_clock(w, clock) : 0;
	}
	put_cells(w, "clocks", cells, count);
}

/* The phandle by which the guest knows a region: check_device.c has seen that the cell names it. */
static u32 region_phandle(const struct writer *w, u32 phandle)
{
	u32 i = 0;

	while (i < w->cell->share_count && w->cell->shares[i].phandle != phandle) {
		i++;
	}
	return i < w->cell->share_count ? PHANDLE_REGION + i : 0;
}

static void put_regions(struct writer *w, const struct prop *prop)
{
	u32 count = prop->size / 4;
	u32 *cells = mem_alloc(count * 4ULL);

	for (u32 i = 0; i < count; i++) {
		cells[i] = region_phandle(w, prop_cell(prop, i));
	}
	put_cells(w, prop->name, cells, count);
}

static bool is_width(const char *name)
{
	return strcmp(name, "#address-cells") == 0 || strcmp(name, "#size-cells") == 0;
}

static void put_props(struct writer *w, const struct node *node)
{
	for (u32 i = 0; i < node->prop_count; i++) {
		const struct prop *prop = &node->props[i];

		if (strcmp(prop->name, "clocks") == 0) {
			put_clocks(w, prop);
		} else if (strcmp(prop->name, "memory-region") == 0) {
			put_regions(w, prop);
		} else if (device_prop_copied(prop->name) && !is_width(prop->name)) {
			put(w, prop->name, prop->data, prop->size);
		}
	}
}

/* How the nodes behind a device are addressed matters only if there are any. */
static void put_widths(struct writer *w, const struct node *node)
{
	static const char *const names[] = { "#address-cells", "#size-cells" };
	const struct node *child = node->child;

	while (child && !child_carried(w->d, child)) {
		child = child->next;
	}
	for (u32 i = 0; child && i < ARRAY_COUNT(names); i++) {
		const struct prop *prop = node_prop(node, names[i]);

		if (prop) {
			put(w, prop->name, prop->data, prop->size);
		}
	}
}

/* Chips behind a controller, partitions of a flash: as they are, with addresses that mean something to the device only. */
static void emit_children(struct writer *w, const struct node *node)
{
	for (const struct node *child = node->child; child; child = child->next) {
		const struct prop *reg = node_prop(child, "reg");

		if (!child_carried(w->d, child)) {
			continue;
		}
		put_begin(w, child->name);
		put_props(w, child);
		put_widths(w, child);
		if (reg) {
			put(w, reg->name, reg->data, reg->size);
		}
		emit_children(w, child);
		put_end(w);
	}
}

static void emit_device(struct writer *w, const struct device *device)
{
	u32 *cells = mem_alloc(device->irq_count * 12ULL);

	put_begin(w, device->node->name);
	put_props(w, device->node);
	put_widths(w, device->node);
	if (device->reg_count) {
		put_ranges(w, device->regs, device->reg_count);
	}
	for (u32 i = 0; i < device->irq_count; i++) {
		cells[3 * i] = device->irqs[i].ppi;
		cells[3 * i + 1] = device->irqs[i].ppi ? device->irqs[i].intid - 16 :
							 guest_line(w->d, w->cell, device->irqs[i].intid) - SPI_BASE;
		cells[3 * i + 2] = device->irqs[i].flags;
	}
	if (device->irq_count) {
		put_cells(w, "interrupts", cells, device->irq_count * 3);
	}
	emit_children(w, device->node);
	put_end(w);
}

/* Clocks by the names its driver looks for. */
static void put_own_clocks(struct writer *w, const struct vdev_type *type)
{
	static const u32 phandles[VDEV_CLOCKS] = { PHANDLE_CLOCK, PHANDLE_OTHER_CLOCK };
	u32 cells[ARRAY_COUNT(type->clocks)], count = 0;
	struct out names = {0};

	for (; count < ARRAY_COUNT(type->clocks) && type->clocks[count]; count++) {
		u32 clock = type->clocks_hz[count] == vdev_clock_hz(0) ? 0 : 1;

		cells[count] = phandles[clock];
		w->own_clocks[clock] = true;
		out_printf(&names, "%s%c", type->clocks[count], 0);
	}
	put_cells(w, "clocks", cells, count);
	put(w, "clock-names", names.data, names.size);
}

/* What makes a node a GPIO controller goes without saying. */
static void put_gpio(struct writer *w, const struct node *node)
{
	if (!node_prop(node, "gpio-controller")) {
		put(w, "gpio-controller", "", 0);
	}
	if (!node_prop(node, "#gpio-cells")) {
		PUT_CELLS(w, "#gpio-cells", 2);
	}
	PUT_CELLS(w, "phandle", PHANDLE_GPIO);
}

/*
 * To the guest of a direct cell the line is a level, as the binding of the device says; that a latch stands for it is the
 * core's business.
 */
static void emit_vdev(struct writer *w, u32 index)
{
	const struct vdev *vdev = &w->d->vdevs[index];

	put_begin(w, vdev->node->name);
	put_props(w, vdev->node);
	put_ranges(w, &(struct range){ vdev->base, vdev->size }, 1);
	if (vdev->line) {
		PUT_CELLS(w, "interrupts", 0, vdev->line - SPI_BASE, vdev->edge ? 1 : 4);
	}
	if (vdev->type && vdev->type->clocks[0] && !node_prop(vdev->node, "clocks")) {
		put_own_clocks(w, vdev->type);
	}
	if (index == cell_power_key(w->d, w->cell)) {
		put_gpio(w, vdev->node);
	}
	put_end(w);
}

/* Whoever asks the cell to shut down presses it: pin 3, active high, KEY_POWER (PL061_POWER_KEY of src/vdev/pl061.h). */
static void emit_power_key(struct writer *w)
{
	if (cell_power_key(w->d, w->cell) == w->d->vdev_count) {
		return;
	}
	put_begin(w, "gpio-keys");
	put_text(w, "compatible", "gpio-keys");
	put_begin(w, "power");
	put_text(w, "label", "power");
	PUT_CELLS(w, "linux,code", 116);
	PUT_CELLS(w, "gpios", PHANDLE_GPIO, 3, 0);
	put_end(w);
	put_end(w);
}

static void emit_own_clock(struct writer *w, u32 index, const char *name, u32 phandle)
{
	if (w->own_clocks[index]) {
		put_begin(w, name);
		put_text(w, "compatible", "fixed-clock");
		PUT_CELLS(w, "#clock-cells", 0);
		PUT_CELLS(w, "clock-frequency", vdev_clock_hz(index));
		PUT_CELLS(w, "phandle", phandle);
		put_end(w);
	}
}

static void emit_clocks(struct writer *w)
{
	emit_own_clock(w, 0, "cloison-clock", PHANDLE_CLOCK);
	emit_own_clock(w, 1, "cloison-watchdog-clock", PHANDLE_OTHER_CLOCK);
	for (u32 i = 0; i < w->clock_count; i++) {
		put_begin(w, w->clocks[i]->name);
		put_props(w, w->clocks[i]);
		PUT_CELLS(w, "phandle", PHANDLE_CARRIED + i);
		put_end(w);
	}
}

/* Decided by cellgen, or wrong for memory that is somebody else's too. */
static bool region_prop_copied(const char *name)
{
	static const char *const ours[] = { "size", "alignment", "alloc-ranges", "reusable", "no-map" };

	for (u32 i = 0; i < ARRAY_COUNT(ours); i++) {
		if (strcmp(name, ours[i]) == 0) {
			return false;
		}
	}
	return device_prop_copied(name);
}

/* no-map: a kernel must not make it part of its own memory, which it might execute, or lend to anybody. */
static void emit_region(struct writer *w, u32 index)
{
	const struct share *share = &w->cell->shares[index];
	const struct reserve *reserve = &w->d->reserves[share->reserve];
	const struct node *node = reserve->node;

	put_begin(w, mem_format("%.*s@%llx", (int)strcspn(node->name, "@"), node->name, (unsigned long long)share->guest));
	for (u32 i = 0; i < node->prop_count; i++) {
		if (region_prop_copied(node->props[i].name)) {
			put(w, node->props[i].name, node->props[i].data, node->props[i].size);
		}
	}
	put_ranges(w, &(struct range){ share->guest, reserve->size }, 1);
	put(w, "no-map", "", 0);
	PUT_CELLS(w, "phandle", PHANDLE_REGION + index);
	put_end(w);
}

void emit_guest_regions(struct writer *w)
{
	if (w->cell->share_count == 0) {
		return;
	}
	put_begin(w, "reserved-memory");
	PUT_CELLS(w, "#address-cells", 2);
	PUT_CELLS(w, "#size-cells", 2);
	put(w, "ranges", "", 0);
	for (u32 i = 0; i < w->cell->share_count; i++) {
		if (w->cell->shares[i].reserve != RESERVE_NONE) {
			emit_region(w, i);
		}
	}
	put_end(w);
}

void emit_guest_devices(struct writer *w)
{
	for (u32 i = 0; i < w->cell->access_count; i++) {
		u16 device = w->cell->access[i].device;

		if (device != DEVICE_NONE && w->d->devices[device].function == FUNCTION_NONE) {
			emit_device(w, &w->d->devices[device]);
		}
	}
	for (u32 i = 0; i < w->cell->vdev_count; i++) {
		emit_vdev(w, w->cell->first_vdev + i);
	}
	emit_power_key(w);
	emit_clocks(w);
}
