/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The board: CPUs, RAM, reserved memory, interrupt controller. Devices are in dt_device.c. */
#include <string.h>

#include "parts.h"

static bool is_cpu(const struct node *node)
{
	const char *type = node_string(node, "device_type");

	return type && strcmp(type, "cpu") == 0;
}

static void load_cpus(struct decision *d, struct diag *diag)
{
	const struct node *cpus = tree_path(d->tree, "/cpus");
	const struct node *node;

	for (node = cpus ? cpus->child : NULL; node; node = node->next) {
		const struct prop *reg = node_prop(node, "reg");
		struct cpu *cpu;

		if (!is_cpu(node)) {
			continue;
		}
		if (!reg || (reg->size != 4 && reg->size != 8)) {
			diag_error(diag, "bad-property", prop_at(node, "reg"), "%s: a CPU's reg is one or two cells", node->path);
			continue;
		}
		cpu = mem_push(&d->cpus, &d->cpu_count, sizeof(*cpu));
		*cpu = (struct cpu){ .node = node, .name = node_nick(node), .gicr = ADDRESS_NONE, .cell = CELL_NONE };
		cpu->hw_id = prop_number(reg, 0, reg->size / 4);
	}
	if (d->cpu_count == 0) {
		diag_error(diag, "board-no-cpus", d->tree->root->at, "the board tree has no CPU below /cpus");
	}
}

/* A node that a board has only in other variants, or that is somebody else's, is no RAM of ours. */
static bool is_ram(const struct node *node)
{
	const char *type = node_string(node, "device_type");
	const char *status = node_string(node, "status");

	return type && strcmp(type, "memory") == 0 && (!status || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0);
}

static void load_banks(struct decision *d, struct diag *diag)
{
	const struct node *root = d->tree->root;

	for (const struct node *node = root->child; node; node = node->next) {
		const struct prop *reg = node_prop(node, "reg");
		struct range *ranges = NULL;
		u32 count;

		if (!is_ram(node) || !reg) {
			continue;
		}
		count = prop_ranges(reg, node_own_cells(root, "#address-cells", 2), node_own_cells(root, "#size-cells", 1),
				    &ranges, diag);
		for (u32 i = 0; i < count; i++) {
			struct ram_bank *bank = mem_push(&d->banks, &d->bank_count, sizeof(*bank));

			*bank = (struct ram_bank){ .base = ranges[i].base, .size = ranges[i].size, .at = reg->at };
		}
	}
	if (d->bank_count == 0) {
		diag_error(diag, "board-no-ram", root->at, "the board tree has no /memory node with a reg");
	}
}

/* Nobody's, and nobody can name it. */
static void load_memreserve(struct decision *d)
{
	for (u32 i = 0; i < d->tree->reserved_count; i++) {
		phys_add(d, (struct extent){ .base = d->tree->reserved[i].base, .size = d->tree->reserved[i].size,
			.kind = EXTENT_RESERVED, .cell = CELL_NONE, .asked = true, .what = "/memreserve/",
			.at = d->tree->root->at });
	}
}

/* Distance from one redistributor to the next: a property where it is not the architecture's minimum. */
static u64 redistributor_stride(const struct node *gic)
{
	const struct prop *prop = node_prop(gic, "redistributor-stride");
	u64 stride = prop ? prop_number(prop, 0, prop->size / 4) : 0;

	return stride >= GICR_SIZE ? stride : GICR_SIZE;
}

/*
 * reg of arm,gic-v3: the distributor, then #redistributor-regions regions. CPUs take consecutive
 * redistributors in the order of the tree; boot compares with GICR_TYPER.
 */
static void place_redistributors(struct decision *d, const struct range *regs, u32 count)
{
	u64 stride = redistributor_stride(d->gic.node);
	u32 cpu = 0;

	for (u32 i = 0; i < count; i++) {
		for (u64 at = 0; stride <= regs[i].size - at && cpu < d->cpu_count; at += stride) {
			d->cpus[cpu++].gicr = regs[i].base + at;
		}
	}
}

static void load_gic(struct decision *d, struct diag *diag)
{
	const struct device *gic;
	const struct prop *count;
	u32 regions;

	d->gic.device = DEVICE_NONE;
	for (u16 i = 0; i < d->device_count && !d->gic.node; i++) {
		if (node_compatible(d->devices[i].node, "arm,gic-v3")) {
			d->gic.node = d->devices[i].node;
			d->gic.device = i;
		}
	}
	if (!d->gic.node) {
		diag_error(diag, "board-no-gic", d->tree->root->at, "the board tree has no interrupt controller that is "
			   "compatible with \"arm,gic-v3\"");
		return;
	}
	gic = &d->devices[d->gic.device];
	count = node_prop(d->gic.node, "#redistributor-regions");
	regions = count && count->size == 4 ? prop_cell(count, 0) : 1;
	if (gic->reg_count <= regions) {
		diag_error(diag, "bad-property", prop_at(gic->node, "reg"), "%s: reg names %u regions, but the distributor and "
			   "%u redistributor region(s) are needed", gic->name, gic->reg_count, regions);
		return;
	}
	d->gic.gicd = gic->regs[0].base;
	place_redistributors(d, gic->regs + 1, regions);
	for (u32 i = 0; i < d->cpu_count; i++) {
		if (d->cpus[i].gicr == ADDRESS_NONE) {
			diag_error(diag, "board-no-redistributor", prop_at(gic->node, "reg"), "%s: the redistributor regions are "
				   "too small for %s, CPU number %u", gic->name, d->cpus[i].name, i);
		}
	}
}

/* A specifier longer than that is no specifier, and a loop over a list of them would not end. */
static void check_cell_counts(const struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->tree->node_count; i++) {
		const struct node *node = d->tree->nodes[i];

		for (u32 k = 0; k < node->prop_count; k++) {
			const struct prop *prop = &node->props[k];
			size_t length = strlen(prop->name);

			if (prop->name[0] == '#' && length > 6 && strcmp(prop->name + length - 6, "-cells") == 0 &&
			    (prop->size != 4 || prop_cell(prop, 0) > CELLS_MAX)) {
				diag_error(diag, "bad-property", prop_at(node, prop->name), "%s of %s must be one number up to %u",
					   prop->name, node_nick(node), CELLS_MAX);
			}
		}
	}
}

void dt_board(struct decision *d, struct diag *diag)
{
	const char *model = node_string(d->tree->root, "model");
	const char *compatible = node_string(d->tree->root, "compatible");

	d->model = model ? model : compatible ? compatible : "unnamed board";
	check_cell_counts(d, diag);
	load_cpus(d, diag);
	dt_caches(d);
	load_banks(d, diag);
	load_memreserve(d);
	dt_reserves(d, diag);
	dt_devices(d, diag);
	dt_iommus(d);
	load_gic(d, diag);
}
