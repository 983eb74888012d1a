/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Each cell by itself: it has what a cell needs, and does not ask for what nobody can give. */
#include <string.h>

#include "check.h"
#include "pte.h"

#define CELL_MAX (LOAD_VMID - 1u) /* CELL_VMID counts from 1, and the last one is the loader's */
#define BOOTARGS_MAX 2047 /* arm64 Linux: COMMAND_LINE_SIZE is 2048 with the final NUL */
#define VCPU_MAX_MEDIATED 32 /* src/arch/aarch64: a set of vCPUs is one word */
#define VCPU_MAX 123      /* redistributors between 0x080a0000 and 0x09000000 of the default guest map */

static void check_needs(const struct cell *cell, struct diag *diag)
{
	if (!node_prop(cell->node, "cpus")) {
		diag_error(diag, "cell-without-cpus", cell->at, "'%s' has no CPU; add cpus = <&...>", cell->name);
	}
	if (!node_prop(cell->node, "memory")) {
		diag_error(diag, "cell-without-memory", cell->at, "'%s' has no memory; add memory = <address size>, guest-physical",
			   cell->name);
	}
	if (!node_prop(cell->node, "cloison,kernel")) {
		diag_error(diag, "cell-without-kernel", cell->at, "'%s' has nothing to run; add cloison,kernel = \"Image\"",
			   cell->name);
	}
	if (cell->cpu_count > VCPU_MAX) {
		diag_error(diag, "vcpu-limit", prop_at(cell->node, "cpus"), "'%s' has %u CPUs, but the guest map has room for the "
			   "redistributors of %u; give it fewer", cell->name, cell->cpu_count, VCPU_MAX);
	} else if (cell->mediated && cell->cpu_count > VCPU_MAX_MEDIATED) {
		diag_error(diag, "vcpu-limit", prop_at(cell->node, "cpus"), "'%s' has %u CPUs, but with mediated interrupts a cell can "
			   "have %u; give it fewer, or write cloison,interrupts = \"direct\"", cell->name, cell->cpu_count,
			   VCPU_MAX_MEDIATED);
	}
}

/* What cellgen itself writes into a guest's chosen. */
static const char *const own_chosen[] = { "linux,initrd-start", "linux,initrd-end", "linux,usable-memory-range" };

static void check_chosen(const struct cell *cell, struct diag *diag)
{
	const struct node *chosen = node_child(cell->node, "chosen");
	const struct prop *args = chosen ? node_prop(chosen, "bootargs") : NULL;

	if (args && (args->size == 0 || memchr(args->data, 0, args->size) != args->data + args->size - 1)) {
		diag_error(diag, "bad-property", args->at, "bootargs of '%s' must be one string", cell->name);
	} else if (args && args->size - 1 > BOOTARGS_MAX) {
		diag_error(diag, "bootargs-too-long", args->at, "bootargs of '%s' has %u characters; Linux reads %u and drops the "
			   "rest", cell->name, args->size - 1, BOOTARGS_MAX);
	}
	for (u32 i = 0; chosen && i < ARRAY_COUNT(own_chosen); i++) {
		if (node_prop(chosen, own_chosen[i])) {
			diag_error(diag, "chosen-reserved", prop_at(chosen, own_chosen[i]), "%s of '%s' is decided by cellgen; take "
				   "it out (an initrd is named by cloison,initrd)", own_chosen[i], cell->name);
		}
	}
}

void check_cells(const struct decision *d, struct diag *diag)
{
	if (d->hyp.node && d->cell_count == 0) {
		diag_error(diag, "no-cells", d->hyp.node->at, "'%s' has no cell, so nothing would run; add a node with compatible = "
			   "\"openamp,domain-v1\", \"cloison,cell-v1\"", d->hyp.node->name);
	}
	if (d->cell_count > CELL_MAX) {
		diag_error(diag, "cell-limit", d->cells[CELL_MAX].at, "'%s' is cell number %u, but there are only %u VMIDs; take "
			   "%u cell(s) out", d->cells[CELL_MAX].name, CELL_MAX + 1, CELL_MAX, d->cell_count - CELL_MAX);
	}
	for (u32 i = 0; i < d->cell_count; i++) {
		check_needs(&d->cells[i], diag);
		check_chosen(&d->cells[i], diag);
	}
}
