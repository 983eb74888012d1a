/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Physical memory of some colours: stripes in place of contiguous pieces (struct backing). Stripes of cells with different
 * colours may lie over each other; each takes its own frames of the window.
 */
#include <string.h>

#include "parts.h"

bool color_in(const u64 *mask, u32 color)
{
	return mask[color / 64] >> (color % 64) & 1;
}

const char *colors_text(const u64 *mask, u32 of)
{
	struct out out = {0};

	for (u32 first = 0; first < of; first++) {
		u32 last = first;

		if (!color_in(mask, first)) {
			continue;
		}
		while (last + 1 < of && color_in(mask, last + 1)) {
			last++;
		}
		out_printf(&out, "%s%u", out.size ? "," : "", first);
		if (last != first) {
			out_printf(&out, "-%u", last);
		}
		first = last;
	}
	return out.data;
}

bool any_colors(const struct decision *d)
{
	bool any = d->hyp.colors.count != 0;

	for (u32 i = 0; i < d->cell_count; i++) {
		any |= d->cells[i].colors.count != 0;
	}
	return any;
}

bool colors_meet(const struct colors *a, const struct colors *b)
{
	if (!a || !b) {
		return true;
	}
	for (u32 i = 0; i < ARRAY_COUNT(a->mask); i++) {
		if (a->mask[i] & b->mask[i]) {
			return true;
		}
	}
	return false;
}

static u64 period(const struct colors *colors)
{
	return colors->of * PAGE_SIZE;
}

static void push(struct backing *backing, u64 base, u64 pages)
{
	*(struct stripe *)mem_push(&backing->stripes, &backing->stripe_count, sizeof(struct stripe)) =
		(struct stripe){ .base = base, .pages = pages };
}

void backing_plain(struct backing *backing, u64 base, u64 size)
{
	*backing = (struct backing){0};
	push(backing, base, size / PAGE_SIZE);
}

u64 stripe_size(const struct backing *backing, u32 stripe)
{
	u64 pages = backing->stripes[stripe].pages;
	const struct colors *colors = backing->colors;

	return colors ? (pages + colors->count - 1) / colors->count * period(colors) : pages * PAGE_SIZE;
}

/* Frame number page of a stripe. */
static u64 frame(const struct colors *colors, const struct stripe *stripe, u64 page)
{
	return stripe->base + page / colors->count * period(colors) + colors->list[page % colors->count] * PAGE_SIZE;
}

static struct run run_in(const struct colors *colors, const struct stripe *stripe, u64 offset)
{
	u64 page = offset / PAGE_SIZE, last = page;

	if (!colors || colors->count == colors->of) {
		return (struct run){ stripe->base + offset, stripe->pages * PAGE_SIZE - offset };
	}
	while (last + 1 < stripe->pages && frame(colors, stripe, last + 1) == frame(colors, stripe, last) + PAGE_SIZE) {
		last++; /* ends where a colour is missing, within two periods */
	}
	return (struct run){ frame(colors, stripe, page) + offset % PAGE_SIZE, (last + 1) * PAGE_SIZE - offset };
}

struct run backing_run(const struct backing *backing, u64 offset)
{
	for (u32 i = 0; i < backing->stripe_count; i++) {
		const struct stripe *stripe = &backing->stripes[i];

		if (offset < stripe->pages * PAGE_SIZE) {
			return run_in(backing->colors, stripe, offset);
		}
		offset -= stripe->pages * PAGE_SIZE;
	}
	fatal("bug: nothing lies behind that offset");
}

/*
 * The next free window at or above *at and below end, in whole periods; *at becomes its base. Returns its size, 0: none.
 */
static u64 window(const struct decision *d, u64 *at, u64 end, const struct colors *colors)
{
	u64 limit = end, base = *at;

	for (u32 i = 0; i < d->phys_count; i++) {
		const struct extent *e = &d->phys[i];

		if (range_wraps(e->base, e->size) || !colors_meet(e->colors, colors) || e->base + e->size <= base ||
		    e->base >= limit) {
			continue;
		}
		if (e->base >= base + period(colors)) {
			limit = e->base;
		} else {
			base = align_up(e->base + e->size, period(colors)); /* and look at all of them again */
			limit = end;
			i = ~0u;
		}
		if (base < *at || base >= end || end - base < period(colors)) { /* the first: beyond 2^64 */
			return 0;
		}
	}
	*at = base;
	return align_down(limit - base, period(colors));
}

/* As many of the pages as the bank has room for; returns how many remain. */
static u64 fill_bank(const struct decision *d, const struct ram_bank *bank, u64 start, u64 pages, struct backing *backing)
{
	const struct colors *colors = backing->colors;
	u64 end = bank->base + bank->size, at = align_up(bank->base > start ? bank->base : start, period(colors));

	while (pages && at >= bank->base && at < end && end - at >= period(colors)) {
		u64 size = window(d, &at, end, colors);
		u64 room = size / period(colors) * colors->count, take = room < pages ? room : pages;

		if (take == 0) {
			break;
		}
		push(backing, at, take);
		pages -= take;
		at += size;
	}
	return pages;
}

bool phys_stripes(const struct decision *d, u64 start, u64 pages, const struct colors *colors, struct backing *backing)
{
	*backing = (struct backing){ .colors = colors };
	for (u32 i = 0; i < d->bank_count && pages; i++) {
		if (!range_wraps(d->banks[i].base, d->banks[i].size)) {
			pages = fill_bank(d, &d->banks[i], start, pages, backing);
		}
	}
	if (pages) {
		*backing = (struct backing){0};
	}
	return pages == 0;
}

void phys_add_backing(struct decision *d, const struct backing *backing, struct extent extent)
{
	for (u32 i = 0; i < backing->stripe_count; i++) {
		extent.base = backing->stripes[i].base;
		extent.size = stripe_size(backing, i);
		extent.colors = backing->colors;
		phys_add(d, extent);
	}
}
