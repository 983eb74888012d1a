/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The core's link addresses, from hyp.base upwards, and whose each page is:
 *
 *     text | rodata | copier | roots | streams | data | percpu: CPU 0: guard, stack, stack, struct cpu; CPU 1: ... | tables
 *                     \____ a page per cell,
 *                           the cell's own
 *
 * The code's slots are sized by experience; the linker refuses what outgrows them. The tables come last: they map all the
 * others, and grow until they are complete (arch_aarch64.c).
 */
#include "parts.h"

#define PERCPU_SIZE KIB(16)

static void place_slot(struct decision *d, enum slot slot, u64 size, bool of_cells)
{
	u64 base = d->hyp.base + d->hyp.frames.page_count * PAGE_SIZE;

	d->hyp.slots[slot] = (struct range){ .base = base, .size = align_up(size, PAGE_SIZE) };
	for (u32 page = 0; page < d->hyp.slots[slot].size / PAGE_SIZE; page++) {
		frames_take(d, of_cells ? (u16)page : CELL_NONE);
	}
}

static u64 place_pages(struct decision *d, u64 base)
{
	u64 pages = 0;

	for (u32 i = 0; i < d->iommu_count; i++) {
		if (d->iommus[i].used) {
			d->iommus[i].pages = base + pages * PAGE_SIZE;
			pages += iommu_pages(&d->iommus[i]);
		}
	}
	return pages * PAGE_SIZE;
}

void place_slots(struct decision *d)
{
	frames_start(d);
	place_slot(d, SLOT_TEXT, KIB(128), false);
	place_slot(d, SLOT_RODATA, KIB(64) + KIB(8) * d->cell_count + KIB(1) * d->cpu_count, false);
	place_slot(d, SLOT_COPIER, KIB(4) * d->cell_count, true);
	place_slot(d, SLOT_ROOTS, KIB(4) * d->cell_count, true);
	place_slot(d, SLOT_STREAMS, place_pages(d, d->hyp.slots[SLOT_ROOTS].base + d->hyp.slots[SLOT_ROOTS].size), false);
	place_slot(d, SLOT_DATA, KIB(64) + KIB(8) * d->vdev_count + KIB(16) * d->cell_count + KIB(4) * d->cpu_count + 64ULL * control_count(d), false);
	place_slot(d, SLOT_PERCPU, PERCPU_SIZE * d->cpu_count, false);
	place_slot(d, SLOT_TABLES, 0, false);
	for (u32 i = 0; i < d->cpu_count; i++) {
		d->cpus[i].guard = d->hyp.slots[SLOT_PERCPU].base + i * PERCPU_SIZE;
		d->cpus[i].page = d->cpus[i].guard + 3 * PAGE_SIZE;
	}
}
