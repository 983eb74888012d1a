/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Physical memory: all of it is RAM of the board, and no two claims on it
 * overlap, whether somebody wrote them down or cellgen chose them.
 */
#include "check.h"

#define PHYS_LIMIT (1ULL << 48) /* 4 KiB granule without LPA2 */

static void check_bank(const struct decision *d, u32 index, struct diag *diag)
{
	const struct ram_bank *bank = &d->banks[index];

	if (!check_region(&(struct region){ .what = "the board's RAM", .base = bank->base, .size = bank->size,
			.alignment = PAGE_SIZE, .at = bank->at }, diag)) {
		return;
	}
	for (u32 i = 0; i < index; i++) {
		if (range_overlap(bank->base, bank->size, d->banks[i].base, d->banks[i].size)) {
			diag_error(diag, "board-ram-overlap", bank->at, "RAM %s overlaps RAM %s (%s); correct the board tree",
				   text_range(bank->base, bank->size), text_range(d->banks[i].base, d->banks[i].size),
				   diag_at(d->banks[i].at));
		}
	}
}

/* How far from base on everything is RAM, across banks that touch. */
static u64 ram_end(const struct decision *d, u64 base)
{
	u64 end = base;

	for (u32 round = 0; round < d->bank_count; round++) {
		for (u32 i = 0; i < d->bank_count; i++) {
			const struct ram_bank *bank = &d->banks[i];

			if (!range_wraps(bank->base, bank->size) && end >= bank->base && end - bank->base < bank->size) {
				end = bank->base + bank->size;
			}
		}
	}
	return end;
}

static const char *bank_list(const struct decision *d)
{
	struct out list = {0};

	for (u32 i = 0; i < d->bank_count; i++) {
		out_printf(&list, "%s%s (%s)", i ? ", " : "", text_range(d->banks[i].base, d->banks[i].size),
			   diag_at(d->banks[i].at));
	}
	return list.data;
}

static void check_inside(const struct decision *d, const struct extent *e, struct diag *diag)
{
	bool ram = e->kind == EXTENT_RAM || e->kind == EXTENT_HYP || e->kind == EXTENT_IMAGE || e->kind == EXTENT_SHARED || e->kind == EXTENT_ITS ||
		   e->kind == EXTENT_CRASH;

	if (range_wraps(e->base, e->size)) {
		return; /* reported with its region */
	}
	if (ram && d->bank_count && ram_end(d, e->base) < e->base + e->size) {
		diag_error(diag, "memory-outside-ram", e->at, "%s at %s is not all RAM; the board's RAM is %s", e->what,
			   text_range(e->base, e->size), bank_list(d));
	}
	if (ram && e->base + e->size > PHYS_LIMIT) {
		diag_error(diag, "physical-address-limit", e->at, "%s at %s is not all below 0x%llx, where the tables' reach "
			   "ends; use lower RAM", e->what, text_range(e->base, e->size), TEXT_NUMBER(PHYS_LIMIT));
	}
}

static bool is_registers(const struct extent *e)
{
	return e->kind == EXTENT_DEVICE || e->kind == EXTENT_GIC || e->kind == EXTENT_CONFIG;
}

/* Pairs that others judge (devices among themselves), or that the board has to settle with itself. */
static bool pair_ignored(const struct extent *a, const struct extent *b)
{
	return (is_registers(a) && is_registers(b)) || (a->kind == EXTENT_RESERVED && b->kind == EXTENT_RESERVED);
}

static void check_pair(const struct extent *a, const struct extent *b, struct diag *diag)
{
	const struct extent *here = b->kind == EXTENT_RESERVED || (a->asked && !b->asked) ? a : b;
	const struct extent *there = here == a ? b : a;

	if (!pair_ignored(a, b) && colors_meet(a->colors, b->colors) && range_overlap(a->base, a->size, b->base, b->size)) {
		diag_error(diag, "memory-overlap", here->at, "%s at %s overlaps %s at %s (%s); move one of them", here->what,
			   text_range(here->base, here->size), there->what, text_range(there->base, there->size),
			   diag_at(there->at));
	}
}

static void check_extents(const struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->phys_count; i++) {
		const struct extent *e = &d->phys[i];

		check_inside(d, e, diag);
		if (e->kind == EXTENT_RESERVED && e->size) {
			check_region(&(struct region){ .what = e->what, .base = e->base, .size = e->size, .alignment = 1,
				.at = e->at }, diag);
		}
		for (u32 j = i + 1; j < d->phys_count && d->phys[j].base - e->base < e->size; j++) {
			check_pair(e, &d->phys[j], diag);
		}
	}
}

static void check_ram(const struct cell *cell, const struct ram *ram, struct diag *diag)
{
	if (ram->phys_asked) {
		check_region(&(struct region){ .what = mem_format("cloison,physical-base of '%s'", cell->name), .base = ram->phys,
			.size = ram->size, .alignment = PAGE_SIZE, .at = ram->phys_at }, diag);
	}
}

void check_memory(const struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->bank_count; i++) {
		check_bank(d, i, diag);
	}
	for (u32 i = 0; i < d->cell_count; i++) {
		for (u32 r = 0; r < d->cells[i].ram_count; r++) {
			check_ram(&d->cells[i], &d->cells[i].ram[r], diag);
		}
	}
	check_extents(d, diag);
}
