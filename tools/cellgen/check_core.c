/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What the core itself needs: memory, a console it can drive, an interrupt controller, addresses its tables reach. */
#include <string.h>

#include "check.h"
#include "pte.h"

#define HYP_ALIGNMENT KIB(64)
#define REACH (1ULL << PTE_INPUT_BITS) /* the core's own tables map nothing beyond */

void check_reach(const char *what, u64 base, u64 size, struct pos at, struct diag *diag)
{
	if (!range_below(base, size, REACH)) {
		diag_error(diag, "core-address-limit", at, "%s at %s is not all below 0x%llx, where the reach of the core's own "
			   "tables ends; use a lower address", what, text_range(base, size), TEXT_NUMBER(REACH));
	}
}

static void check_hyp_memory(const struct hypervisor *h, struct diag *diag)
{
	if (h->memory_count == 0) {
		return; /* none, or not readable: reported by dt_cell.c */
	}
	if (h->memory_count > 1) {
		diag_error(diag, "hypervisor-memory", h->memory_at, "memory of '%s' has %u ranges, but the core lies in one; write one",
			   h->node->name, h->memory_count);
	}
	if (check_region(&(struct region){ .what = "the hypervisor's memory", .base = h->memory.base, .size = h->memory.size,
			.alignment = HYP_ALIGNMENT, .at = h->memory_at }, diag)) {
		check_reach("the hypervisor's memory", h->memory.base, h->memory.size, h->memory_at, diag);
	}
}

static void check_console_device(const struct decision *d, struct diag *diag)
{
	const struct device *device = &d->devices[d->hyp.console_device];
	const struct node *node = d->hyp.console;
	const char *status = node_string(node, "status");

	if (!node_compatible(node, "arm,pl011") || device->reg_count == 0) {
		diag_error(diag, "console-unsupported", d->hyp.console_at, "the console %s (%s) is no memory-mapped \"arm,pl011\", and "
			   "the core knows no other UART; name one by cloison,console", device->name, diag_at(node->at));
		return;
	}
	if (status && strcmp(status, "okay") != 0 && strcmp(status, "ok") != 0) {
		diag_error(diag, "console-unsupported", d->hyp.console_at, "the console %s has status \"%s\" at %s; enable it there, or "
			   "name another UART by cloison,console", device->name, status, diag_at(prop_at(node, "status")));
	}
	if (check_region(&(struct region){ .what = mem_format("the register block of %s", device->name),
			.base = device->regs[0].base, .size = align_up(device->regs[0].size, PAGE_SIZE), .alignment = PAGE_SIZE,
			.at = prop_at(node, "reg") }, diag)) {
		check_reach(device->name, device->regs[0].base, device->regs[0].size, prop_at(node, "reg"), diag);
	}
}

static void check_console(const struct decision *d, struct diag *diag)
{
	const struct hypervisor *h = &d->hyp;
	const struct prop *prop = node_prop(h->node, "cloison,console");

	if (prop && prop->size != 4) {
		return; /* reported by dt_cell.c */
	}
	if (!h->console && prop) {
		check_reference(prop_cell(prop, 0), "cloison,console", h->console_at, diag);
	} else if (!h->console) {
		diag_error(diag, "no-console", h->node->at, "'%s' has no console: the board's chosen names none by stdout-path; add "
			   "cloison,console = <&...>", h->node->name);
	} else if (h->console_device == DEVICE_NONE) {
		diag_error(diag, "console-unsupported", h->console_at, "%s (%s) is no device of the board, so it cannot be the "
			   "console; name a UART by cloison,console", node_nick(h->console), diag_at(h->console->at));
	} else {
		check_console_device(d, diag);
	}
}

/* One block of the interrupt controller's registers, compared with those before it. */
static void check_gic_block(const struct device *gic, u32 index, struct diag *diag)
{
	const struct range *reg = &gic->regs[index];
	struct region region = { .what = mem_format("register block %u of %s", index, gic->name), .base = reg->base,
		.size = reg->size, .alignment = GIC_FRAME, .at = prop_at(gic->node, "reg") };

	if (!check_region(&region, diag)) {
		return;
	}
	if (index == 0 && reg->size < GIC_FRAME) {
		diag_error(diag, "board-gic", region.at, "the distributor of %s has 0x%llx bytes, but needs 0x10000; correct the board "
			   "tree", gic->name, TEXT_NUMBER(reg->size));
	}
	check_reach(region.what, reg->base, reg->size, region.at, diag);
	for (u32 i = 0; i < index; i++) {
		if (range_overlap(reg->base, reg->size, gic->regs[i].base, gic->regs[i].size)) {
			diag_error(diag, "board-gic", region.at, "register blocks %u and %u of %s overlap at %s; correct the board tree",
				   i, index, gic->name, text_range(reg->base, reg->size));
		}
	}
}

static void check_gic(const struct decision *d, struct diag *diag)
{
	const struct device *gic;
	const struct prop *stride;

	if (!d->gic.node) {
		return; /* reported by dt_board.c */
	}
	gic = &d->devices[d->gic.device];
	if (node_own_cells(gic->node, "#interrupt-cells", 0) != 3) {
		diag_error(diag, "board-gic", prop_at(gic->node, "#interrupt-cells"), "#interrupt-cells of %s must be 3 (type, number, "
			   "flags), as other forms are not understood", gic->name);
	}
	stride = node_prop(gic->node, "redistributor-stride");
	if (stride && prop_number(stride, 0, stride->size == 8 ? 2 : 1) < GICR_SIZE) {
		diag_error(diag, "board-gic", stride->at, "redistributor-stride of %s is 0x%llx, but a redistributor has 0x%llx bytes; "
			   "correct the board tree", gic->name, TEXT_NUMBER(prop_number(stride, 0, stride->size == 8 ? 2 : 1)),
			   TEXT_NUMBER(GICR_SIZE));
	}
	for (u32 i = 0; i < gic->reg_count; i++) {
		check_gic_block(gic, i, diag);
	}
}

/* Guard, two pages of stack, struct cpu: in this order, inside the slot, and no page of them another CPU's. */
static void check_stacks(const struct decision *d, struct diag *diag)
{
	const struct range *slot = &d->hyp.slots[SLOT_PERCPU];
	u64 free = slot->base;

	for (u32 i = 0; i < d->cpu_count; i++) {
		const struct cpu *cpu = &d->cpus[i];

		if (cpu->guard < free || cpu->page != cpu->guard + 3 * PAGE_SIZE || cpu->page >= slot->base + slot->size) {
			diag_error(diag, "stack-overlap", cpu->node->at, "this is a bug of cellgen: the core's stack on %s (0x%llx to 0x%llx) "
				   "is not its own; please report it with this partition", cpu->name, TEXT_NUMBER(cpu->guard),
				   TEXT_NUMBER(cpu->page));
		}
		free = cpu->page + PAGE_SIZE;
	}
}

void check_core(const struct decision *d, struct diag *diag)
{
	check_gic(d, diag);
	check_stacks(d, diag);
	check_hyp_memory(&d->hyp, diag);
	check_console(d, diag);
}
