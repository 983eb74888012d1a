/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Where the bytes lie: link address to physical address and back, by the program headers. A frame
 * is in one of them at most.
 */
#include <stdlib.h>
#include <string.h>

#include "cellcheck.h"

static int by_link(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;

	return (x->link > y->link) - (x->link < y->link);
}

static int by_phys(const void *a, const void *b)
{
	const struct extent *const *x = a, *const *y = b;

	return ((*x)->phys > (*y)->phys) - ((*x)->phys < (*y)->phys);
}

static u64 up(u64 address)
{
	return (address + PAGE - 1) & ~(PAGE - 1);
}

void extents_sort(struct image *img)
{
	size_t n = img->extents.n;

	if (!n)
		unreadable("%s: nothing is loaded", img->path);
	qsort(img->extents.v, n, sizeof *img->extents.v, by_link);
	img->by_phys = arena_get(&img->arena, n * sizeof *img->by_phys);
	for (size_t i = 0; i < n; i++) {
		struct extent *e = &img->extents.v[i];

		img->by_phys[i] = e;
		if (e->phys + e->size < e->phys || e->phys + e->size > 1ull << 48)
			depart(img, "a piece at no physical address", e->section->name);
		if (i && e[-1].link + e[-1].size > e->link)
			depart(img, "two pieces for one link address", e->section->name);
	}
	qsort(img->by_phys, n, sizeof *img->by_phys, by_phys);
	for (size_t i = 1; i < n; i++)
		if (up(img->by_phys[i - 1]->phys + img->by_phys[i - 1]->size) > img->by_phys[i]->phys)
			depart(img, arena_text(&img->arena, "a frame is in two pieces: 0x%llx", img->by_phys[i]->phys),
				img->by_phys[i]->section->name);
}

const struct extent *extent_link(const struct image *img, u64 link)
{
	size_t low = 0, high = img->extents.n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (img->extents.v[middle].link <= link)
			low = middle + 1;
		else
			high = middle;
	}
	return low && link - img->extents.v[low - 1].link < img->extents.v[low - 1].size ? &img->extents.v[low - 1] : NULL;
}

const struct extent *extent_phys(const struct image *img, u64 phys)
{
	size_t low = 0, high = img->extents.n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (img->by_phys[middle]->phys <= phys)
			low = middle + 1;
		else
			high = middle;
	}
	return low && phys - img->by_phys[low - 1]->phys < img->by_phys[low - 1]->size ? img->by_phys[low - 1] : NULL;
}

bool image_phys(const struct image *img, u64 link, u64 *phys)
{
	const struct extent *e = extent_link(img, link);

	*phys = e ? e->phys + (link - e->link) : 0;
	return e;
}

static bool all_zero(const u8 *p, u64 size)
{
	static const u8 zeros[PAGE];

	for (; size > PAGE; p += PAGE, size -= PAGE)
		if (memcmp(p, zeros, PAGE))
			return false;
	return !memcmp(p, zeros, size);
}

/* What no piece is in, is zero. */
void extents_gaps(struct image *img, u64 base)
{
	u64 at = base, end = base + img->file_size;

	for (size_t i = 0; i < img->extents.n; i++) {
		const struct extent *e = img->by_phys[i];

		if (e->phys > at && !all_zero(img->file + (at - base), e->phys - at))
			depart(img, arena_text(&img->arena, "bytes between the sections, from 0x%llx on", at), img->path);
		at = e->phys + e->size > at ? e->phys + e->size : at;
	}
	if (end > at && !all_zero(img->file + (at - base), end - at))
		depart(img, "bytes behind the sections", img->path);
}

/* cloison.bin: the same sections, the bytes from there. */
void extents_take(struct image *img, u64 base)
{
	u64 end = base + img->file_size;

	if (base != img->hyp_base || img->file_size != img->image_size)
		depart(img, "not the size or not the place of the ELF's memory", img->path);
	for (size_t i = 0; i < img->sections.n; i++)
		img->sections.v[i].bytes = arena_get(&img->arena, img->sections.v[i].size);
	for (size_t i = 0; i < img->extents.n; i++) {
		struct extent *e = &img->extents.v[i];

		if (e->phys < base || e->phys > end || e->size > end - e->phys)
			unreadable("%s: a piece of %s is not in it", img->path, e->section->name);
		e->bytes = e->section->bytes + (e->link - e->section->base);
		memcpy(e->bytes, img->file + (e->phys - base), e->size);
	}
	extents_gaps(img, base);
}
