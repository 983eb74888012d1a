/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A cell's guest-physical address space. In the first range of memory:
 *
 *     base     kernel's own address         2 MiB boundary
 *      |        |                             |
 *      |        kernel (memory_size) ........ DTB | initrd (page aligned) | free
 *
 * A cell too small for the boundary gets its DTB in the page behind the kernel instead.
 */
#include <stdlib.h>
#include <string.h>

#include "pte.h"
#include "parts.h"

#define GUEST_GICD 0x08000000ULL /* the default guest map: QEMU virt's addresses */
#define GUEST_GICR 0x080a0000ULL
#define DTB_MAX MIB(2)           /* Linux maps no more of it */

static bool fits(const struct ram *ram, u64 at, u64 size)
{
	return at >= ram->guest && size <= ram->size && at - ram->guest <= ram->size - size;
}

static void put(const struct cell *cell, struct image *image, u64 at, struct diag *diag)
{
	if (fits(&cell->ram[0], at, image->memory_size)) {
		image->guest = at;
		return;
	}
	diag_error(diag, "image-does-not-fit", image->at, "\"%s\" needs 0x%llx bytes at guest address 0x%llx, but the memory of "
		   "'%s' at %s ends at 0x%llx; give it more memory", image->name, (unsigned long long)image->memory_size,
		   (unsigned long long)at, cell->name, diag_at(cell->ram[0].at),
		   (unsigned long long)(cell->ram[0].guest + cell->ram[0].size));
}

/* The DTB names the initrd's place, which depends on the DTB's size: it is made twice, with the same size. */
static void make_dtb(const struct decision *d, struct cell *cell, struct diag *diag)
{
	struct image *dtb = &cell->images[IMAGE_DTB];
	const char *problem = NULL;

	dtb->data = emit_guest_dtb(d, cell, &dtb->data_size, &problem);
	dtb->memory_size = dtb->data_size;
	if (!dtb->data || dtb->data_size > DTB_MAX) {
		diag_error(diag, "guest-dtb", cell->at, "the device tree of '%s' cannot be made: %s", cell->name,
			   problem ? problem : "it is larger than 2 MiB");
		dtb->data = NULL;
		dtb->present = false;
	}
}

static void place_images(struct cell *cell, struct diag *diag)
{
	struct image *kernel = &cell->images[IMAGE_KERNEL], *initrd = &cell->images[IMAGE_INITRD];
	struct image *dtb = &cell->images[IMAGE_DTB];
	const struct ram *ram = &cell->ram[0];
	u64 end = kernel->load + kernel->memory_size;

	if (!kernel->data) {
		return;
	}
	put(cell, kernel, kernel->load, diag);
	if (kernel->guest == ADDRESS_NONE || !dtb->present) {
		return;
	}
	put(cell, dtb, align_up(end, fits(ram, align_up(end, BLOCK_SIZE), dtb->memory_size) ? BLOCK_SIZE : PAGE_SIZE), diag);
	if (initrd->data && dtb->guest != ADDRESS_NONE) {
		put(cell, initrd, align_up(dtb->guest + dtb->memory_size, PAGE_SIZE), diag);
	}
}

void place_guest(struct decision *d, struct cell *cell, struct diag *diag)
{
	struct image *dtb = &cell->images[IMAGE_DTB];

	cell->gicd = GUEST_GICD;
	cell->gicr = GUEST_GICR;
	*dtb = (struct image){ .present = true, .name = mem_format("%s.dtb", cell->name), .at = cell->at,
		.guest = ADDRESS_NONE, .phys = ADDRESS_NONE };
	dtb->path = dtb->name;
	if (cell->ram_count == 0 || range_wraps(cell->ram[0].guest, cell->ram[0].size)) {
		dtb->present = false;
		return; /* reported by check.c */
	}
	make_dtb(d, cell, diag);
	place_images(cell, diag);
	if (dtb->present) {
		make_dtb(d, cell, diag);
	}
}

static void map_add(struct cell *cell, enum extent_kind kind, u64 base, u64 size, const char *what, struct pos at)
{
	extent_add(&cell->map, &cell->map_count, (struct extent){ .base = base, .size = size, .kind = kind,
		.cell = cell->index, .asked = kind != EXTENT_GIC && kind != EXTENT_IMAGE, .what = what, .at = at });
}

static void map_devices(const struct decision *d, struct cell *cell)
{
	for (u32 i = 0; i < cell->access_count; i++) {
		const struct access *access = &cell->access[i];
		const struct device *device;

		if (access->device == DEVICE_NONE) {
			continue;
		}
		device = &d->devices[access->device];
		for (u32 r = 0; r < device->reg_count; r++) {
			u64 base = align_down(device->regs[r].base, PAGE_SIZE);
			u64 end = align_up(device->regs[r].base + device->regs[r].size, PAGE_SIZE);

			map_add(cell, EXTENT_DEVICE, base, end - base, device->name, access->at);
		}
	}
}

void place_guest_map(struct decision *d, struct cell *cell)
{
	for (u32 i = 0; i < cell->ram_count; i++) {
		map_add(cell, EXTENT_RAM, cell->ram[i].guest, cell->ram[i].size, "memory", cell->ram[i].at);
	}
	for (u32 i = 0; i < IMAGE_KIND_COUNT; i++) {
		const struct image *image = &cell->images[i];

		if (image->guest != ADDRESS_NONE && image->present) {
			map_add(cell, EXTENT_IMAGE, image->guest, image->memory_size, image->name, image->at);
		}
	}
	map_devices(d, cell);
	place_pci_map(d, cell);
	place_its_map(d, cell);
	place_share_map(d, cell);
	for (u32 i = 0; i < cell->vdev_count; i++) {
		const struct vdev *vdev = &d->vdevs[cell->first_vdev + i];

		if (vdev->reg_count) {
			map_add(cell, EXTENT_VDEV, vdev->base, vdev->size, vdev->node->name, vdev->reg_at);
		}
	}
	map_add(cell, EXTENT_GIC, cell->gicd, GIC_FRAME, "the distributor", cell->at);
	map_add(cell, EXTENT_GIC, cell->gicr, cell->cpu_count * GICR_SIZE, "the redistributors", cell->at);
	extent_sort(cell->map, cell->map_count);
}
