/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The overlap checks read lists of claims (decision.phys, cell.map), the tables
 * are made from the cells' own fields. Here the two are compared, so that a
 * claim nobody listed is not a claim nobody checked. A finding here is a bug of cellgen's.
 */
#include "check.h"
#include "pci.h"

static bool listed(const struct extent *list, u32 count, const struct extent *wanted)
{
	for (u32 i = 0; i < count; i++) {
		if (list[i].base == wanted->base && list[i].size == wanted->size && list[i].kind == wanted->kind &&
		    list[i].cell == wanted->cell) {
			return true;
		}
	}
	return false;
}

static void check_listed(const struct extent *list, u32 count, const struct extent *wanted, struct diag *diag)
{
	if (!listed(list, count, wanted)) {
		diag_error(diag, "claim-not-listed", wanted->at, "this is a bug of cellgen: %s (0x%llx, 0x%llx bytes) is not in its list "
			   "of claims; please report it with this partition", wanted->what, TEXT_NUMBER(wanted->base),
			   TEXT_NUMBER(wanted->size));
	}
}

static void check_backing(const struct decision *d, const struct backing *backing, struct extent wanted, struct diag *diag)
{
	for (u32 i = 0; i < backing->stripe_count; i++) {
		wanted.base = backing->stripes[i].base;
		wanted.size = stripe_size(backing, i);
		check_listed(d->phys, d->phys_count, &wanted, diag);
	}
}

static void check_physical(const struct decision *d, const struct cell *cell, struct diag *diag)
{
	for (u32 i = 0; i < cell->ram_count; i++) {
		const struct ram *ram = &cell->ram[i];

		if (ram->phys != ADDRESS_NONE) {
			check_backing(d, &ram->backing, (struct extent){ .kind = EXTENT_RAM, .cell = cell->index,
				.what = "physical memory", .at = ram->at }, diag);
		}
	}
	for (u32 i = 0; i < IMAGE_KIND_COUNT; i++) {
		const struct image *image = &cell->images[i];

		if (image->present && image->phys != ADDRESS_NONE) {
			check_backing(d, &image->backing, (struct extent){ .kind = EXTENT_IMAGE, .cell = cell->index,
				.what = "a pristine image", .at = image->at }, diag);
		}
	}
}

static void check_regions(const struct decision *d, const struct cell *cell, struct diag *diag)
{
	for (u32 i = 0; i < cell->share_count; i++) {
		const struct share *share = &cell->shares[i];
		const struct reserve *reserve = share->reserve == RESERVE_NONE ? NULL : &d->reserves[share->reserve];

		if (!reserve || reserve->phys == ADDRESS_NONE) {
			continue;
		}
		check_listed(d->phys, d->phys_count, &(struct extent){ .base = reserve->phys, .size = reserve->size,
			.kind = EXTENT_SHARED, .cell = reserve->share_count == 1 ? cell->index : CELL_NONE,
			.what = reserve->name, .at = share->at }, diag);
		check_listed(cell->map, cell->map_count, &(struct extent){ .base = share->guest, .size = reserve->size,
			.kind = EXTENT_SHARED, .cell = cell->index, .what = reserve->name, .at = share->at }, diag);
	}
}

static void check_guest(const struct decision *d, const struct cell *cell, struct diag *diag)
{
	for (u32 i = 0; i < cell->ram_count; i++) {
		check_listed(cell->map, cell->map_count, &(struct extent){ .base = cell->ram[i].guest, .size = cell->ram[i].size,
			.kind = EXTENT_RAM, .cell = cell->index, .what = "guest memory", .at = cell->ram[i].at }, diag);
	}
	for (u32 i = 0; i < IMAGE_KIND_COUNT; i++) {
		const struct image *image = &cell->images[i];

		if (image->present && image->guest != ADDRESS_NONE) {
			check_listed(cell->map, cell->map_count, &(struct extent){ .base = image->guest,
				.size = image->memory_size, .kind = EXTENT_IMAGE, .cell = cell->index, .what = "an image",
				.at = image->at }, diag);
		}
	}
	for (u32 i = 0; i < cell->vdev_count; i++) {
		const struct vdev *vdev = &d->vdevs[cell->first_vdev + i];

		if (vdev->reg_count) {
			check_listed(cell->map, cell->map_count, &(struct extent){ .base = vdev->base, .size = vdev->size,
				.kind = EXTENT_VDEV, .cell = cell->index, .what = "a window", .at = vdev->reg_at }, diag);
		}
	}
	check_listed(cell->map, cell->map_count, &(struct extent){ .base = cell->gicd, .size = GIC_FRAME, .kind = EXTENT_GIC,
		.cell = cell->index, .what = "the distributor", .at = cell->at }, diag);
	check_listed(cell->map, cell->map_count, &(struct extent){ .base = cell->gicr, .size = cell->cpu_count * GICR_SIZE,
		.kind = EXTENT_GIC, .cell = cell->index, .what = "the redistributors", .at = cell->at }, diag);
}

/* A BAR is in the window of its host, at a multiple of its size and of a page; what is mapped and compared are the claims. */
static void check_bar(const struct decision *d, const struct function *f, const struct bar *bar, struct diag *diag)
{
	const struct range *window = &d->hosts[f->host].window;
	struct extent wanted = { .base = bar->base, .size = align_up(bar->size, PAGE_SIZE), .kind = EXTENT_DEVICE, .cell = f->cell,
		.what = mem_format("BAR %u of %s", bar->index, f->name), .at = f->at };

	if (bar->base & (wanted.size - 1) || bar->base < window->base || !range_below(bar->base - window->base, wanted.size, window->size)) {
		diag_error(diag, "pci-bar-place", f->at, "this is a bug of cellgen: %s (0x%llx, 0x%llx bytes) is not where a BAR can be; please report it "
			   "with this partition", wanted.what, TEXT_NUMBER(bar->base), TEXT_NUMBER(bar->size));
	}
	check_listed(d->phys, d->phys_count, &wanted, diag);
	check_listed(d->cells[f->cell].map, d->cells[f->cell].map_count, &wanted, diag);
}

static void check_functions(const struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->function_count; i++) {
		const struct function *f = &d->functions[i];
		const struct cell *cell = f->cell == CELL_NONE ? NULL : &d->cells[f->cell];

		for (u32 k = 0; cell && k < f->bar_count; k++) {
			if (f->bars[k].base != ADDRESS_NONE) {
				check_bar(d, f, &f->bars[k], diag);
			}
		}
		if (cell) {
			check_listed(cell->map, cell->map_count, &(struct extent){ .base = pci_config(&d->hosts[f->host]),
				.size = PCI_BUS_CONFIG, .kind = EXTENT_CONFIG, .cell = f->cell, .what = "a configuration space", .at = f->at },
				diag);
		}
	}
}

/* Who owns a physical line is judged in check_line.c; what a mediated cell sees is made from another list. */
static void check_behind(const struct decision *d, const struct virtual_line *wanted, struct diag *diag)
{
	u32 i = 0;

	while (i < d->line_count && (d->lines[i].cell != wanted->cell || d->lines[i].intid != wanted->physical ||
				     d->lines[i].use != LINE_DEVICE)) {
		i++;
	}
	if (i == d->line_count) {
		diag_error(diag, "claim-not-listed", wanted->at, "this is a bug of cellgen: line %u, behind %s of '%s', is not in its "
			   "list of claims; please report it with this partition", wanted->physical, wanted->what,
			   d->cells[wanted->cell].name);
	}
}

void check_claims(const struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->virtual_count; i++) {
		if (d->virtual_lines[i].physical) {
			check_behind(d, &d->virtual_lines[i], diag);
		}
	}
	for (u32 i = 0; i < d->cell_count; i++) {
		check_physical(d, &d->cells[i], diag);
		check_guest(d, &d->cells[i], diag);
		check_regions(d, &d->cells[i], diag);
	}
	check_functions(d, diag);
	if (d->hyp.crash.reserve != RESERVE_NONE && d->reserves[d->hyp.crash.reserve].share_count == 0 &&
	    d->reserves[d->hyp.crash.reserve].phys != ADDRESS_NONE) {
		const struct reserve *region = &d->reserves[d->hyp.crash.reserve];

		check_listed(d->phys, d->phys_count, &(struct extent){ .base = region->phys, .size = region->size, .kind = EXTENT_CRASH,
			.cell = CELL_NONE, .what = "the crash region", .at = region->at }, diag);
	}
	if (d->hyp.memory.size) {
		check_listed(d->phys, d->phys_count, &(struct extent){ .base = d->hyp.memory.base, .size = d->hyp.memory.size,
			.kind = EXTENT_HYP, .cell = CELL_NONE, .what = "the hypervisor's memory", .at = d->hyp.memory_at }, diag);
	}
}
