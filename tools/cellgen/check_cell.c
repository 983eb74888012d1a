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
static const char *const own_chosen[] = { "linux,initrd-start", "linux,initrd-end", "linux,usable-memory-range", "linux,pci-probe-only" };

/* What Linux and others read there. */
static const char *const known_chosen[] = { "bootargs", "stdout-path", "rng-seed", "kaslr-seed" };

static void check_chosen_words(const struct node *chosen, const struct cell *cell, struct diag *diag)
{
	check_spelling(chosen, mem_format("chosen of '%s'", cell->name), known_chosen, ARRAY_COUNT(known_chosen), diag);
	if (chosen->child) {
		diag_error(diag, "unknown-node", chosen->child->at, "'%s' is in chosen of '%s', of which only properties go into the "
			   "guest's tree; take it out", chosen->child->name, cell->name);
	}
}

static bool in_guest(const struct decision *d, const struct cell *cell, const char *name, u64 length)
{
	for (u32 i = 0; i < cell->vdev_count + cell->access_count; i++) {
		const struct node *node = i < cell->vdev_count ? d->vdevs[cell->first_vdev + i].node :
								 cell->access[i - cell->vdev_count].node;

		if (node && strlen(node->name) == length && memcmp(node->name, name, length) == 0) {
			return true;
		}
	}
	return false;
}

/* A guest whose console is nowhere runs, and says nothing. Its tree has no aliases. */
static void check_stdout(const struct decision *d, const struct cell *cell, const struct node *chosen, struct diag *diag)
{
	const struct prop *prop = node_prop(chosen, "stdout-path");
	const char *path = node_string(chosen, "stdout-path");

	if (prop && !path) {
		diag_error(diag, "bad-property", prop->at, "stdout-path of '%s' must be one string, such as \"/serial@9000000\"", cell->name);
	} else if (path && (path[0] != '/' || !in_guest(d, cell, path + 1, strcspn(path + 1, ":")))) {
		diag_error(diag, "chosen-stdout", prop->at, "stdout-path of '%s' is \"%s\", but its tree has no such node; name one of its "
			   "devices, such as \"/serial@9000000\", or write none to have its virtual UART", cell->name, path);
	}
}

/* The habit of another architecture, or of another board: Linux calls an arm,pl011 ttyAMA. */
static bool has_other_uart(const struct decision *d, const struct cell *cell)
{
	for (u32 i = 0; i < cell->access_count; i++) {
		const struct device *device = cell->access[i].device == DEVICE_NONE ? NULL : &d->devices[cell->access[i].device];

		if (device && !node_compatible(device->node, "arm,pl011") &&
		    (strstr(device->node->name, "serial") || strstr(device->node->name, "uart"))) {
			return true;
		}
	}
	return false;
}

static bool has_virtual_uart(const struct decision *d, const struct cell *cell)
{
	for (u32 i = cell->first_vdev; i < cell->first_vdev + cell->vdev_count; i++) {
		if (d->vdevs[i].type && d->vdevs[i].type->console) {
			return true;
		}
	}
	return false;
}

static void check_bootargs(const struct decision *d, const struct cell *cell, const struct prop *args, struct diag *diag)
{
	const char *text = (const char *)args->data;

	if (args->size == 0 || memchr(args->data, 0, args->size) != args->data + args->size - 1) {
		diag_error(diag, "bad-property", args->at, "bootargs of '%s' must be one string", cell->name);
		return;
	}
	if (args->size - 1 > BOOTARGS_MAX) {
		diag_error(diag, "bootargs-too-long", args->at, "bootargs of '%s' has %u characters; Linux reads %u and drops the "
			   "rest", cell->name, args->size - 1, BOOTARGS_MAX);
	}
	if (strstr(text, "console=ttyS") && !strstr(text, "console=ttyAMA") && has_virtual_uart(d, cell) && !has_other_uart(d, cell)) {
		diag_error(diag, "bootargs-console", args->at, "bootargs of '%s' has console=ttyS..., but its UART is an \"arm,pl011\", "
			   "which Linux calls ttyAMA0; write console=ttyAMA0", cell->name);
	}
}

static void check_chosen(const struct decision *d, const struct cell *cell, struct diag *diag)
{
	const struct node *chosen = node_child(cell->node, "chosen");
	const struct prop *args = chosen ? node_prop(chosen, "bootargs") : NULL;

	if (chosen) {
		check_chosen_words(chosen, cell, diag);
		check_stdout(d, cell, chosen, diag);
	}
	if (args) {
		check_bootargs(d, cell, args, diag);
	}
	for (u32 i = 0; chosen && i < ARRAY_COUNT(own_chosen); i++) {
		if (node_prop(chosen, own_chosen[i])) {
			diag_error(diag, "chosen-reserved", prop_at(chosen, own_chosen[i]), "%s of '%s' is decided by cellgen; take "
				   "it out (an initrd is named by cloison,initrd)", own_chosen[i], cell->name);
		}
	}
}

static void check_built(const struct decision *d, const struct cell *cell, struct diag *diag)
{
	if (cell->mediated && is_without(d, "mediated")) {
		diag_error(diag, "mediated-not-built", prop_at(cell->node, "cloison,interrupts"), "the interrupts of '%s' are mediated%s, but "
			   "the core is built without that (MEDIATED=n); write cloison,interrupts = \"direct\", or build with MEDIATED=y",
			   cell->name, node_prop(cell->node, "cloison,interrupts") ? "" : ", as it does not say otherwise");
	}
}

void check_cells(const struct decision *d, struct diag *diag)
{
	if (d->cell_count == 0) {
		diag_error(diag, "no-cells", d->hyp.node->at, "'%s' has no cell, so nothing would run; add a node with compatible = "
			   "\"openamp,domain-v1\", \"cloison,cell-v1\"", d->hyp.node->name);
	}
	if (d->cell_count > CELL_MAX) {
		diag_error(diag, "cell-limit", d->cells[CELL_MAX].at, "'%s' is cell number %u, but there are only %u VMIDs; take "
			   "%u cell(s) out", d->cells[CELL_MAX].name, CELL_MAX + 1, CELL_MAX, d->cell_count - CELL_MAX);
	}
	for (u32 i = 0; i < d->cell_count; i++) {
		check_needs(&d->cells[i], diag);
		check_built(d, &d->cells[i], diag);
		check_chosen(d, &d->cells[i], diag);
	}
}
