/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Physical memory. What has a fixed place goes first (reserved memory, the hypervisor, cells that
 * say cloison,physical-base); then the pristine images, directly above the hypervisor so that the flat binary
 * stays compact; then the cells' memory, first fit from below. What has colours goes through place_color.c. The same input
 * always gives the same placement.
 */
#include <stdlib.h>
#include <string.h>

#include "pte.h"
#include "parts.h"

void extent_add(struct extent **list, u32 *count, struct extent extent)
{
	*(struct extent *)mem_push(list, count, sizeof(extent)) = extent;
}

static int compare_extents(const void *left, const void *right)
{
	const struct extent *a = left, *b = right;

	if (a->base != b->base) {
		return a->base < b->base ? -1 : 1;
	}
	if (a->size != b->size) {
		return a->size > b->size ? -1 : 1; /* what contains the other comes first */
	}
	return a->kind != b->kind ? (int)a->kind - (int)b->kind : (int)a->cell - (int)b->cell;
}

void extent_sort(struct extent *list, u32 count)
{
	if (count) {
		qsort(list, count, sizeof(*list), compare_extents);
	}
}

void phys_add(struct decision *d, struct extent extent)
{
	extent_add(&d->phys, &d->phys_count, extent);
}

/* The end of a claim that overlaps [base, base + size); 0: the piece is free. */
static u64 obstacle(const struct decision *d, u64 base, u64 size)
{
	for (u32 i = 0; i < d->phys_count; i++) {
		const struct extent *e = &d->phys[i];

		if (!range_wraps(e->base, e->size) && base < e->base + e->size && e->base < base + size) {
			return e->base + e->size;
		}
	}
	return 0;
}

u64 phys_find(const struct decision *d, u64 start, u64 size, u64 alignment)
{
	for (u32 i = 0; i < d->bank_count; i++) {
		const struct ram_bank *bank = &d->banks[i];
		u64 end = bank->base + bank->size;
		u64 at = align_up(bank->base > start ? bank->base : start, alignment);

		while (at >= bank->base && at < end && size <= end - at) {
			u64 next = obstacle(d, at, size);

			if (next == 0) {
				return at;
			}
			at = align_up(next, alignment);
		}
	}
	return ADDRESS_NONE;
}

static void add_fixed(struct decision *d)
{
	const struct hypervisor *h = &d->hyp;

	if (h->memory.size) {
		phys_add(d, (struct extent){ .base = h->memory.base, .size = h->memory.size, .kind = EXTENT_HYP,
			.cell = CELL_NONE, .asked = true, .what = "the hypervisor's memory", .at = h->memory_at });
	}
	for (u32 i = 0; i < d->cell_count; i++) {
		for (u32 r = 0; r < d->cells[i].ram_count; r++) {
			struct ram *ram = &d->cells[i].ram[r];

			if (ram->phys_asked) {
				backing_plain(&ram->backing, ram->phys, ram->size);
				phys_add(d, (struct extent){ .base = ram->phys, .size = ram->size, .kind = EXTENT_RAM,
					.cell = (u16)i, .asked = true, .what = mem_format("memory of '%s'", d->cells[i].name),
					.at = ram->phys_at });
			}
		}
	}
}

/* Free RAM for size bytes of a cell, contiguous or of its colours: the first frame, ADDRESS_NONE: no room. */
static u64 find(const struct decision *d, const struct cell *cell, struct backing *backing, u64 start, u64 size, u64 alignment)
{
	u64 phys;

	if (cell->colors.count) {
		/* A part of a page is a finding, and placed all the same */
		if (!phys_stripes(d, start, size / PAGE_SIZE + (size % PAGE_SIZE != 0), &cell->colors, backing)) {
			return ADDRESS_NONE;
		}
		return backing_run(backing, 0).phys;
	}
	phys = phys_find(d, start, size, alignment);
	if (phys != ADDRESS_NONE) {
		backing_plain(backing, phys, size);
	}
	return phys;
}

static u64 backing_end(const struct backing *backing)
{
	u64 end = 0, pages = 0;

	for (u32 i = 0; i < backing->stripe_count; i++) {
		u64 last;

		pages += backing->stripes[i].pages;
		last = backing_run(backing, (pages - 1) * PAGE_SIZE).phys + PAGE_SIZE;
		end = last > end ? last : end;
	}
	return end;
}

/* Where the linker puts it: scattered frames are no addresses for one section. Nobody maps these addresses. */
static u64 link_address(struct decision *d, const struct image *image)
{
	u64 at = d->link_end ? d->link_end : SCATTERED_LINK_BASE;

	if (backing_run(&image->backing, 0).size >= image->phys_size) {
		return image->phys;
	}
	d->link_end = at + image->phys_size;
	return at;
}

static void place_image(struct decision *d, struct cell *cell, struct image *image, struct diag *diag)
{
	image->phys_size = align_up(image->data_size, PAGE_SIZE);
	image->phys = find(d, cell, &image->backing, d->hyp.memory.base + d->hyp.memory.size, image->phys_size, PAGE_SIZE);
	if (image->phys == ADDRESS_NONE) {
		diag_error(diag, "no-room", image->at, "there is no room above the hypervisor's memory for the pristine copy of "
			   "\"%s\" (0x%llx bytes)", image->name, (unsigned long long)image->phys_size);
		return;
	}
	for (u32 i = 0; i < d->phys_count; i++) {
		const struct extent *e = &d->phys[i];

		if ((e->kind == EXTENT_RESERVED || ((e->kind == EXTENT_SHARED || e->kind == EXTENT_CRASH) && e->asked)) && e->base > d->hyp.memory.base &&
		    e->base < backing_end(&image->backing)) {
			diag_error(diag, "image-behind-reserved", image->at, "the pristine copy of \"%s\" finds room only behind %s at "
				   "%s, and cloison.bin, one piece from the hypervisor's memory to the last image, would "
				   "overwrite that; put the hypervisor's memory (%s) where more room follows", image->name,
				   e->what, diag_at(e->at), diag_at(d->hyp.memory_at));
		}
	}
	image->section = d->image_count++;
	image->link = link_address(d, image);
	phys_add_backing(d, &image->backing, (struct extent){ .kind = EXTENT_IMAGE, .cell = cell->index,
		.what = mem_format("pristine %s of '%s'", image->name, cell->name), .at = image->at });
	if (backing_end(&image->backing) > d->image_end) {
		d->image_end = backing_end(&image->backing);
	}
}

/* Under the load root the images follow one another, each congruent to its physical address so that blocks can map it. */
static void place_load_sources(struct cell *cell, struct diag *diag)
{
	u64 next = LOAD_WINDOW + LOAD_IMAGES_OFFSET;

	for (u32 i = 0; i < IMAGE_KIND_COUNT; i++) {
		struct image *image = &cell->images[i];
		u64 at = align_down(next, BLOCK_SIZE) + (image->phys & (BLOCK_SIZE - 1));

		if (!image->present || image->phys == ADDRESS_NONE) {
			continue;
		}
		image->load_source = at < next ? at + BLOCK_SIZE : at;
		next = image->load_source + image->phys_size;
	}
	if (next > 1ULL << PTE_INPUT_BITS) {
		diag_error(diag, "images-too-big", cell->at, "the images of '%s' take more than the 1022 MiB that the loader can "
			   "see", cell->name);
	}
}

static void place_images(struct decision *d, struct diag *diag)
{
	d->image_end = align_up(d->hyp.memory.base + d->hyp.memory.size, PAGE_SIZE);
	for (u32 i = 0; i < d->cell_count; i++) {
		struct cell *cell = &d->cells[i];

		for (u32 kind = 0; kind < IMAGE_KIND_COUNT; kind++) {
			if (cell->images[kind].present && cell->images[kind].data && cell->images[kind].data_size) {
				place_image(d, cell, &cell->images[kind], diag);
			}
		}
		place_load_sources(cell, diag);
	}
}

static void place_ram(struct decision *d, const struct cell *cell, struct ram *ram, struct diag *diag)
{
	if (ram->phys_asked || range_wraps(ram->guest, ram->size)) {
		return;
	}
	if (ram->size % GIB(1) == 0) {
		ram->phys = find(d, cell, &ram->backing, 0, ram->size, GIB(1));
	}
	if (ram->phys == ADDRESS_NONE) {
		ram->phys = find(d, cell, &ram->backing, 0, ram->size, BLOCK_SIZE);
	}
	if (ram->phys == ADDRESS_NONE) {
		diag_error(diag, "no-room", ram->at, "the board has no free %s of 0x%llx bytes left for '%s'; give the cells less memory, "
			   "or this one %s", cell->colors.count ? "frames of its colours for a range" : "piece of RAM",
			   (unsigned long long)ram->size, cell->name,
			   cell->colors.count ? "more colours" : "several smaller ranges");
		return;
	}
	phys_add_backing(d, &ram->backing, (struct extent){ .kind = EXTENT_RAM, .cell = cell->index,
		.what = mem_format("memory of '%s'", cell->name), .at = ram->at });
}

static void add_registers(struct decision *d, const struct device *device, u16 cell, enum extent_kind kind, struct pos at)
{
	for (u32 i = 0; i < device->reg_count; i++) {
		u64 base = align_down(device->regs[i].base, PAGE_SIZE);
		u64 end = align_up(device->regs[i].base + device->regs[i].size, PAGE_SIZE);

		phys_add(d, (struct extent){ .base = base, .size = end - base, .kind = kind, .cell = cell, .asked = true,
			.what = device->name, .at = at });
	}
}

static void add_devices(struct decision *d)
{
	if (d->gic.device != DEVICE_NONE) {
		add_registers(d, &d->devices[d->gic.device], CELL_NONE, EXTENT_GIC, d->gic.node->at);
	}
	if (d->hyp.console_device != DEVICE_NONE) {
		add_registers(d, &d->devices[d->hyp.console_device], CELL_NONE, EXTENT_DEVICE, d->hyp.console_at);
	}
	if (d->hyp.watchdog.device != DEVICE_NONE) {
		add_registers(d, &d->devices[d->hyp.watchdog.device], CELL_NONE, EXTENT_DEVICE, d->hyp.watchdog.prop->at);
	}
	for (u32 i = 0; i < d->iommu_count; i++) {
		add_registers(d, &d->devices[d->iommus[i].device], CELL_NONE, EXTENT_DEVICE, d->iommus[i].at);
	}
	place_pci_config(d);
	for (u32 i = 0; i < d->cell_count; i++) {
		for (u32 j = 0; j < d->cells[i].access_count; j++) {
			const struct access *access = &d->cells[i].access[j];

			if (access->device != DEVICE_NONE) {
				add_registers(d, &d->devices[access->device], (u16)i, EXTENT_DEVICE, access->at);
			}
		}
	}
}

/*
 * The physical address size the tables rely on. Never below 40 bits: a cell's load window ends at 2^39, and with its
 * MMU off a CPU faults on addresses beyond its physical address size.
 */
static u32 address_bits(const struct decision *d)
{
	static const u32 sizes[] = { 40, 42, 44, 48 };
	u64 end = 0;
	u32 i = 0;

	for (u32 e = 0; e < d->phys_count; e++) {
		u64 last = d->phys[e].base + d->phys[e].size;

		end = last > end ? last : end;
	}
	while (i < ARRAY_COUNT(sizes) - 1 && end > 1ULL << sizes[i]) {
		i++;
	}
	return sizes[i];
}

void place(struct decision *d, struct diag *diag)
{
	place_cpus(d);
	place_pci(d, diag); /* BARs are registers, like those of any device, to all that follows */
	place_its_users(d);
	place_lines(d, diag);
	place_virtual(d, diag);
	add_fixed(d);
	place_reserves(d, diag); /* before the guests' trees, which say where these are */
	for (u32 i = 0; i < d->cell_count; i++) {
		place_guest(d, &d->cells[i], diag);
		place_guest_map(d, &d->cells[i]);
	}
	place_images(d, diag);
	for (u32 i = 0; i < d->cell_count; i++) {
		for (u32 r = 0; r < d->cells[i].ram_count; r++) {
			place_ram(d, &d->cells[i], &d->cells[i].ram[r], diag);
		}
	}
	place_its_memory(d, diag);
	add_devices(d);
	extent_sort(d->phys, d->phys_count);
	d->pa_bits = address_bits(d);
	place_iommus(d);
	place_slots(d);
}
