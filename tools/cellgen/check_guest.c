/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A cell's guest-physical address space: sane pieces, below the load window,
 * none over another; images inside its memory; one node per name in its tree.
 */
#include <string.h>

#include "check.h"
#include "pci.h"
#include "pte.h"

/* Size and wrap are the same on both sides, so a range with a fixed place is judged there by its address alone. */
static void check_ram(const struct cell *cell, struct diag *diag)
{
	for (u32 i = 0; i < cell->ram_count; i++) {
		const struct ram *ram = &cell->ram[i];
		struct region region = {
			.what = i == 0 ? mem_format("the memory of '%s', where its kernel goes,", cell->name) :
					 mem_format("range %u of the memory of '%s'", i + 1, cell->name),
			.base = ram->guest, .size = ram->size, .alignment = i == 0 ? BLOCK_SIZE : PAGE_SIZE, .at = ram->at,
		};

		check_region(&region, diag);
	}
}

/* Registers of a device that no cell can have: it is another file's finding, and does not need a place here. */
static bool refused(const struct decision *d, const struct extent *e)
{
	u32 i = 0;

	while (i < d->device_count && d->devices[i].name != e->what) { /* the same string, not an equal one */
		i++;
	}
	return e->kind == EXTENT_DEVICE && i < d->device_count && check_refused(&d->devices[i]);
}

/* Where the guest sees it is where it is. */
static bool identical(const struct extent *e)
{
	return e->kind == EXTENT_DEVICE || e->kind == EXTENT_CONFIG;
}

static bool pair_ignored(const struct decision *d, const struct extent *a, const struct extent *b)
{
	bool a_image = a->kind == EXTENT_IMAGE, b_image = b->kind == EXTENT_IMAGE;

	return check_share_silent(a) || check_share_silent(b) || a_image != b_image || /* an image is in RAM, which is compared with the rest */
	       (identical(a) && identical(b)) || /* so check_regs.c has judged them */
	       refused(d, a) || refused(d, b);
}

static void check_pair(const struct decision *d, const struct cell *cell, const struct extent *a,
		       const struct extent *b, struct diag *diag)
{
	const struct extent *here = a->kind == EXTENT_GIC ? b : a;
	const struct extent *there = here == a ? b : a;
	bool images = a->kind == EXTENT_IMAGE && b->kind == EXTENT_IMAGE;

	if (pair_ignored(d, a, b) || !range_overlap(a->base, a->size, b->base, b->size)) {
		return;
	}
	diag_error(diag, images ? "image-overlap" : "guest-overlap", here->at, "in '%s', guest addresses %s (%s) overlap %s (%s, %s); "
		   "move one of them", cell->name, text_range(here->base, here->size), here->what,
		   text_range(there->base, there->size), there->what, diag_at(there->at));
}

static bool in_ram(const struct cell *cell, const struct extent *image)
{
	for (u32 i = 0; i < cell->ram_count; i++) {
		const struct ram *ram = &cell->ram[i];

		if (image->base >= ram->guest && range_below(image->base - ram->guest, image->size, ram->size)) {
			return true;
		}
	}
	return false;
}

static void check_map(const struct decision *d, const struct cell *cell, struct diag *diag)
{
	for (u32 i = 0; i < cell->map_count; i++) {
		const struct extent *e = &cell->map[i];
		bool own = e->kind == EXTENT_RAM || e->kind == EXTENT_VDEV || e->kind == EXTENT_SHARED; /* devices: check_regs.c, check_pci.c */

		if (own && !range_wraps(e->base, e->size) && !range_below(e->base, e->size, LOAD_WINDOW)) {
			diag_error(diag, "guest-address-limit", e->at, "%s of '%s' at %s reaches beyond 0x%llx, where guest addresses "
				   "end (the loader's window follows); move it down", e->what, cell->name,
				   text_range(e->base, e->size), TEXT_NUMBER(LOAD_WINDOW));
		}
		if (e->kind == EXTENT_IMAGE && !in_ram(cell, e)) {
			diag_error(diag, "image-outside-memory", e->at, "\"%s\" at %s is not inside one range of the memory of '%s'; "
				   "give the first range more memory", e->what, text_range(e->base, e->size), cell->name);
		}
		for (u32 j = i + 1; j < cell->map_count && cell->map[j].base - e->base < e->size; j++) {
			check_pair(d, cell, e, &cell->map[j], diag);
		}
	}
}

/* A node of the guest's tree and what stands for it in the partition. */
struct name {
	const char *name;
	struct pos at;
};

struct names {
	struct name *list;
	u32 count;
};

static void add_name(struct names *names, const char *name, struct pos at, const struct cell *cell, struct diag *diag)
{
	struct name *slot;

	for (u32 i = 0; i < names->count; i++) {
		if (strcmp(names->list[i].name, name) == 0) {
			diag_error(diag, "guest-node-twice", at, "the tree of '%s' would have two nodes %s: this one and that of %s; "
				   "rename one", cell->name, name, diag_at(names->list[i].at));
			return;
		}
	}
	slot = mem_push(&names->list, &names->count, sizeof(*slot));
	*slot = (struct name){ .name = name, .at = at };
}

/* What cellgen writes into every guest's tree by itself: emit_guest_dtb.c. */
static const char *const own_nodes[] = { "chosen", "cpus", "psci", "timer", "cloison-clock", "cloison-watchdog-clock", "reserved-memory" };

/* Clocks that go along: emit_guest_dtb.c. Each once, at the root, wherever the board has it. */
struct clocks {
	const struct node **list;
	u32 count;
};

static void add_clocks(struct clocks *clocks, struct names *names, const struct decision *d, const struct node *node,
		       const struct cell *cell, struct diag *diag)
{
	const struct prop *prop = node_prop(node, "clocks");

	for (u32 i = 0; prop && i < prop->size / 4; i++) {
		const struct node *clock = tree_phandle(d->tree, prop_cell(prop, i));
		u32 k = 0;

		while (clock && k < clocks->count && clocks->list[k] != clock) {
			k++;
		}
		if (clock && k == clocks->count) {
			*(const struct node **)mem_push(&clocks->list, &clocks->count, sizeof(clock)) = clock;
			add_name(names, clock->name, prop->at, cell, diag);
			if (clock_factor(clock)) {
				add_clocks(clocks, names, d, clock, cell, diag);
			}
		}
	}
}

/* Of a device, and of what is behind it. */
static void add_device_clocks(struct clocks *clocks, struct names *names, const struct decision *d, const struct node *node,
			      const struct cell *cell, struct diag *diag)
{
	add_clocks(clocks, names, d, node, cell, diag);
	for (const struct node *child = node->child; child; child = child->next) {
		if (child_carried(d, child)) {
			add_device_clocks(clocks, names, d, child, cell, diag);
		}
	}
}

static void check_names(const struct decision *d, const struct cell *cell, struct diag *diag)
{
	struct names names = {0};
	struct clocks clocks = {0};

	for (u32 i = 0; i < ARRAY_COUNT(own_nodes); i++) {
		add_name(&names, own_nodes[i], cell->at, cell, diag);
	}
	if (cell->controls.count) {
		add_name(&names, "hypervisor", cell->at, cell, diag);
	}
	add_name(&names, mem_format("intc@%llx", TEXT_NUMBER(cell->gicd)), cell->at, cell, diag);
	for (u32 i = 0; i < cell->ram_count; i++) {
		add_name(&names, mem_format("memory@%llx", TEXT_NUMBER(cell->ram[i].guest)), cell->ram[i].at, cell, diag);
	}
	for (u32 i = 0; i < cell->access_count; i++) {
		const struct access *access = &cell->access[i];
		bool repeated = false; /* the same device twice is another finding */

		for (u32 j = 0; j < i; j++) {
			repeated = repeated || cell->access[j].node == access->node;
		}
		if (access->device != DEVICE_NONE && !repeated && !check_refused(&d->devices[access->device]) &&
		    d->devices[access->device].function == FUNCTION_NONE) {
			add_name(&names, access->node->name, access->at, cell, diag);
			add_device_clocks(&clocks, &names, d, access->node, cell, diag);
		}
	}
	for (u16 i = 0; i < d->host_count; i++) {
		if (pci_first(d, cell->index, i)) {
			add_name(&names, pci_guest_name(&d->hosts[i]), cell->at, cell, diag);
		}
	}
	for (u32 i = 0; i < cell->vdev_count; i++) {
		const struct vdev *vdev = &d->vdevs[cell->first_vdev + i];

		add_name(&names, vdev->node->name, vdev->node->at, cell, diag);
		if (cell->first_vdev + i == cell_power_key(d, cell)) {
			add_name(&names, "gpio-keys", vdev->node->at, cell, diag);
		}
		add_clocks(&clocks, &names, d, vdev->node, cell, diag);
	}
}

void check_guests(const struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->cell_count; i++) {
		check_ram(&d->cells[i], diag);
		check_map(d, &d->cells[i], diag);
		check_names(d, &d->cells[i], diag);
	}
}
