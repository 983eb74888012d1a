/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The pages of a cell's devices. Devices of one cell may share a page, which is mapped once. */
#include <stdlib.h>

#include "parts.h"

static int compare_ranges(const void *left, const void *right)
{
	const struct range *a = left, *b = right;

	return a->base != b->base ? (a->base < b->base ? -1 : 1) : 0;
}

static void collect(const struct decision *d, const struct cell *cell, struct range **list, u32 *count)
{
	for (u32 i = 0; i < cell->access_count; i++) {
		const struct device *device = &d->devices[cell->access[i].device];

		for (u32 r = 0; r < device->reg_count; r++) {
			struct range *range = mem_push(list, count, sizeof(*range));

			range->base = align_down(device->regs[r].base, PAGE_SIZE);
			range->size = align_up(device->regs[r].base + device->regs[r].size, PAGE_SIZE) - range->base;
		}
	}
}

/* Those that overlap become one; those that only touch do not, as docs/image-format.md says which blocks a range needs. */
u32 device_pages(const struct decision *d, const struct cell *cell, struct range **pages)
{
	u32 count = 0, kept = 0;

	*pages = NULL;
	collect(d, cell, pages, &count);
	if (count) {
		qsort(*pages, count, sizeof(**pages), compare_ranges);
	}
	for (u32 i = 0; i < count; i++) {
		const struct range *range = &(*pages)[i];
		struct range *last = kept ? &(*pages)[kept - 1] : NULL;
		u64 end = range->base + range->size;

		if (last && range->base < last->base + last->size) {
			last->size = (end > last->base + last->size ? end : last->base + last->size) - last->base;
		} else {
			(*pages)[kept++] = *range;
		}
	}
	return kept;
}
