/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A frame for each page of the core: the lowest free one of its owner's colours in the hypervisor's memory. Link addresses
 * are given in the order of the calls, so without any colours both go side by side and are equal. The first page is where
 * boot begins, with the MMU off: its link address is its frame, and no frame lies below it, as the flat image starts there.
 */
#include <string.h>

#include "parts.h"

static const struct colors *colors_of(const struct decision *d, u16 owner)
{
	return owner == CELL_NONE ? &d->hyp.colors : &d->cells[owner].colors;
}

static bool has_color(const struct colors *colors, u64 phys)
{
	return colors->count == 0 || color_in(colors->mask, (u32)(phys / PAGE_SIZE % colors->of));
}

static u64 frame_at(const struct decision *d, u32 index)
{
	return d->hyp.memory.base + index * PAGE_SIZE;
}

void frames_start(struct decision *d)
{
	struct frames *f = &d->hyp.frames;
	u32 first = 0;

	*f = (struct frames){ .next = mem_alloc((d->cell_count + 1) * sizeof(*f->next)) };
	d->hyp.needed = 0;
	while (!has_color(&d->hyp.colors, frame_at(d, first))) {
		first++;
	}
	for (u32 i = 0; i <= d->cell_count; i++) {
		f->next[i] = first;
	}
	d->hyp.base = frame_at(d, first);
}

/* Whether the frame is taken; beyond what has been looked at, none is. */
static bool taken(struct frames *f, u32 index)
{
	if (index >= f->room) {
		u32 room = (index + 1) * 2;
		u32 *bigger = mem_alloc(room * sizeof(*bigger));

		if (f->room) {
			memcpy(bigger, f->page_at, f->room * sizeof(*bigger));
		}
		f->page_at = bigger;
		f->room = room;
	}
	return f->page_at[index] != 0;
}

/* What does not fit goes behind the hypervisor's memory: then `needed` says how large it has to be. */
u64 frames_take(struct decision *d, u16 owner)
{
	struct frames *f = &d->hyp.frames;
	u32 *next = &f->next[owner == CELL_NONE ? d->cell_count : owner];
	u64 phys;

	while (taken(f, *next) || !has_color(colors_of(d, owner), frame_at(d, *next))) {
		(*next)++;
	}
	phys = frame_at(d, *next);
	*(u64 *)mem_push(&f->of_page, &f->page_count, sizeof(u64)) = phys;
	f->page_at[(*next)++] = f->page_count;
	if (phys + PAGE_SIZE - d->hyp.memory.base > d->hyp.needed) {
		d->hyp.needed = phys + PAGE_SIZE - d->hyp.memory.base;
	}
	return phys;
}

u64 frames_of(const struct decision *d, u64 link)
{
	u64 page = (link - d->hyp.base) / PAGE_SIZE;

	if (page >= d->hyp.frames.page_count) {
		fatal("bug: 0x%llx is no address of the core", (unsigned long long)link);
	}
	return d->hyp.frames.of_page[page] + link % PAGE_SIZE;
}

u32 frames_page(const struct decision *d, u64 phys)
{
	const struct frames *f = &d->hyp.frames;
	u64 index = (phys - d->hyp.memory.base) / PAGE_SIZE;

	if (index >= f->room || f->page_at[index] == 0) {
		fatal("bug: nothing of the core is at 0x%llx", (unsigned long long)phys);
	}
	return f->page_at[index] - 1;
}
