/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Virtual devices: there is code for each, and its window is one the core can trap. */
#include <stdlib.h>
#include <string.h>

#include "check.h"

static const char *const cell_children[] = { "chosen" };

static void check_type(const struct decision *d, const struct vdev *vdev, struct diag *diag)
{
	const char *compatible = node_string(vdev->node, "compatible");
	const char *cell = d->cells[vdev->cell].name;
	struct nearest type = { .word = compatible ? compatible : "" };
	struct nearest child = { .word = vdev->node->name };

	if (compatible) {
		for (u32 i = 0; vdev_type_at(i); i++) {
			nearest_offer(&type, vdev_type_at(i)->compatible);
		}
		diag_error(diag, "unknown-virtual-device", prop_at(vdev->node, "compatible"), "there is no virtual device \"%s\" for "
			   "%s of '%s'%s", compatible, vdev->node->name, cell,
			   type.best ? nearest_hint(&type) : "; take the node out, or name a device of the board in access");
		return;
	}
	for (u32 i = 0; i < ARRAY_COUNT(cell_children); i++) {
		nearest_offer(&child, cell_children[i]);
	}
	diag_error(diag, "unknown-node", vdev->node->at, "'%s' in '%s' is neither chosen nor a virtual device (it has no "
		   "compatible)%s", vdev->node->name, cell, nearest_hint(&child));
}

static void check_window(const struct decision *d, const struct vdev *vdev, struct diag *diag)
{
	const char *cell = d->cells[vdev->cell].name;

	if (!node_prop(vdev->node, "reg")) {
		diag_error(diag, "vdev-window", vdev->node->at, "%s of '%s' has no reg; give it one window, such as "
			   "reg = <0x0 0x09000000 0x0 0x1000>", vdev->node->name, cell);
	} else if (vdev->reg_count > 1) {
		diag_error(diag, "vdev-window", vdev->reg_at, "reg of %s of '%s' has %u entries; a virtual device has one window",
			   vdev->node->name, cell, vdev->reg_count);
	}
	if (vdev->reg_count) {
		check_region(&(struct region){ .what = mem_format("the window of %s of '%s'", vdev->node->name, cell),
			.base = vdev->base, .size = vdev->size, .alignment = PAGE_SIZE, .at = vdev->reg_at }, diag);
	}
}

static void check_wishes(const struct decision *d, const struct vdev *vdev, struct diag *diag)
{
	const char *whose = mem_format("%s of '%s'", vdev->node->name, d->cells[vdev->cell].name);
	const char *status = node_string(vdev->node, "status");

	if (vdev->input_asked && d->service_cpu == CPU_NONE) {
		diag_error(diag, "needs-service-cpu", prop_at(vdev->node, "cloison,console-input"), "cloison,console-input of %s needs "
			   "a service CPU, as without one the console is output only; add cpus = <&...> to '%s' (%s) or take "
			   "it out", whose, d->hyp.node->name, diag_at(d->hyp.node->at));
	}
	if (vdev->type->life && d->service_cpu == CPU_NONE) {
		diag_error(diag, "needs-service-cpu", vdev->node->at, "%s needs a service CPU, which alone looks at its time or presses its "
			   "key; add cpus = <&...> to '%s' (%s) or take it out", whose, d->hyp.node->name, diag_at(d->hyp.node->at));
	}
	if (status && strcmp(status, "okay") != 0 && strcmp(status, "ok") != 0) {
		diag_error(diag, "device-disabled", prop_at(vdev->node, "status"), "%s has status \"%s\", so its guest would not use it; "
			   "take the node out, or the status", whose, status);
	}
	if (vdev->node->child) {
		diag_error(diag, "unknown-node", vdev->node->child->at, "'%s' is below %s, and nothing there goes into the guest's "
			   "tree; take it out", vdev->node->child->name, whose);
	}
	if (node_prop(vdev->node, "interrupts-extended")) {
		diag_error(diag, "device-reference", prop_at(vdev->node, "interrupts-extended"), "interrupts-extended of %s refers to "
			   "another node; write interrupts = <0 number 4>, or nothing to have a line chosen", whose);
	}
	check_references(d, &d->cells[vdev->cell], vdev->node, whose, diag);
}

/* The binding of a device is open: any word may stand there, and be carried along. */
static const char *const known_words[] = {
	"reg", "interrupts", "interrupt-names", "interrupt-parent", "clocks", "clock-names", "clock-frequency", "compatible", "status",
	"current-speed", "reg-names", "reg-shift", "reg-io-width", "gpio-controller", "#gpio-cells", "gpio-line-names",
	"interrupt-controller", "#interrupt-cells", "timeout-sec",
};

/* Drivers find clocks by name: a PL011's asks for apb_pclk and gives up without it. */
static void check_clock_names(const struct decision *d, const struct vdev *vdev, struct diag *diag)
{
	const struct prop *clocks = node_prop(vdev->node, "clocks"), *names = node_prop(vdev->node, "clock-names");
	const char *cell = d->cells[vdev->cell].name;

	if (names && !clocks) {
		diag_error(diag, "bad-property", names->at, "clock-names of %s of '%s' names clocks, and there are no clocks; write clocks = "
			   "<&...> too, or take it out", vdev->node->name, cell);
	}
	if (clocks && vdev->type->clocks_fixed) {
		diag_error(diag, "bad-property", clocks->at, "clocks of %s of '%s': it counts at a frequency of its own, and a driver that goes by "
			   "another would be wrong about the time; take clocks out: the guest's tree gets the right ones", vdev->node->name, cell);
	} else if (clocks && !names) {
		const char *second = vdev->type->clocks[1];

		diag_error(diag, "bad-property", clocks->at, "%s of '%s' has clocks and no clock-names, by which its driver looks for them; "
			   "write %s and clock-names = \"%s\"%s%s%s, or neither", vdev->node->name, cell, second ? "two clocks" : "one clock",
			   vdev->type->clocks[0], second ? ", \"" : "", second ? second : "", second ? "\"" : "");
	}
}

static void check_console_words(const struct decision *d, const struct vdev *vdev, struct diag *diag)
{
	static const char *const words[] = { "cloison,console", "cloison,console-input" };

	for (u32 i = 0; i < ARRAY_COUNT(words); i++) {
		const struct prop *prop = node_prop(vdev->node, words[i]);

		if (prop && !vdev->type->console) {
			diag_error(diag, "bad-property", prop->at, "%s of %s of '%s' is about consoles, and an \"%s\" is none; take it out", words[i],
				   vdev->node->name, d->cells[vdev->cell].name, vdev->type->compatible);
		}
	}
}

/* The guest's gpio-keys node goes by it. */
static void check_gpio_cells(const struct decision *d, const struct vdev *vdev, struct diag *diag)
{
	const struct prop *cells = node_prop(vdev->node, "#gpio-cells");

	if (vdev->type->power_key && cells && (cells->size != 4 || prop_cell(cells, 0) != 2)) {
		diag_error(diag, "bad-value", cells->at, "#gpio-cells of %s of '%s' must be <2>, a pin and its flags; correct it, or take it out",
			   vdev->node->name, d->cells[vdev->cell].name);
	}
}

/* The name says where the device is, and people believe it: of a copied node the reg is easily forgotten. */
static void check_unit(const struct decision *d, const struct vdev *vdev, struct diag *diag)
{
	const char *name = vdev->node->name, *at = strchr(name, '@');
	char *end = NULL;

	if (!at || !vdev->reg_count || (strtoull(at + 1, &end, 16) == vdev->base && *end == 0)) {
		return;
	}
	diag_error(diag, "unit-address", vdev->reg_at, "%s of '%s' is at 0x%llx, which is not what its name (%s) says; name it "
		   "%.*s@%llx, or correct its reg", name, d->cells[vdev->cell].name, TEXT_NUMBER(vdev->base), diag_at(vdev->node->at),
		   (int)(at - name), name, TEXT_NUMBER(vdev->base));
}

/* A direct cell's virtual device has a latch for a line: an edge would be lost. */
static void check_trigger(const struct decision *d, const struct vdev *vdev, struct diag *diag)
{
	const struct prop *prop = node_prop(vdev->node, "interrupts");
	u32 flags = prop ? prop_cell(prop, 2) : 0;

	if (vdev->line_asked && vdev->line && !d->cells[vdev->cell].mediated && flags != 4) {
		diag_error(diag, "bad-value", vdev->line_at, "the third cell of interrupts of %s of '%s' is %u; with direct interrupts a "
			   "virtual device has a level: write 4", vdev->node->name, d->cells[vdev->cell].name, flags);
	} else if (vdev->line_asked && vdev->line && flags != 1 && flags != 4) {
		diag_error(diag, "bad-value", vdev->line_at, "the third cell of interrupts of %s of '%s' is %u; it can be 4 (level) or "
			   "1 (rising edge)", vdev->node->name, d->cells[vdev->cell].name, flags);
	}
}

/* The pump serves one console of each cell; another's ring would fill and stay full. */
static void check_console_twice(const struct decision *d, u32 index, struct diag *diag)
{
	const struct vdev *vdev = &d->vdevs[index];

	for (u32 i = 0; i < index; i++) {
		const struct vdev *first = &d->vdevs[i];

		if (first->cell == vdev->cell && first->type && first->type->console && vdev->type->console) {
			diag_error(diag, "console-twice", vdev->node->at, "%s is a second console of '%s', after %s at %s; a cell has "
				   "one, take the other out", vdev->node->name, d->cells[vdev->cell].name, first->node->name,
				   diag_at(first->node->at));
			return;
		}
	}
}

void check_vdevs(const struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->vdev_count; i++) {
		const struct vdev *vdev = &d->vdevs[i];

		if (!vdev->type) {
			check_type(d, vdev, diag);
			continue;
		}
		check_window(d, vdev, diag);
		check_spelling(vdev->node, mem_format("%s of '%s'", vdev->node->name, d->cells[vdev->cell].name), known_words,
			       ARRAY_COUNT(known_words), diag);
		check_unit(d, vdev, diag);
		check_clock_names(d, vdev, diag);
		check_console_words(d, vdev, diag);
		check_gpio_cells(d, vdev, diag);
		check_wishes(d, vdev, diag);
		check_trigger(d, vdev, diag);
		check_console_twice(d, i, diag);
	}
}
