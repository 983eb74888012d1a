/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Regions that cells share: each is one, has a place, is written by somebody, and fits into the maps of those who name it. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "pte.h"

bool check_share_silent(const struct extent *e)
{
	return e->kind == EXTENT_SHARED && !e->asked;
}

bool share_all_named(const struct decision *d, const struct cell *cell, const struct prop *prop)
{
	for (u32 i = 0; i < prop->size / 4; i++) {
		const struct node *node = tree_phandle(d->tree, prop_cell(prop, i));
		u32 k = 0;

		while (node && k < cell->share_count && cell->shares[k].node != node) {
			k++;
		}
		if (!node || k == cell->share_count) {
			return false;
		}
	}
	return prop->size % 4 == 0;
}

/* ---- one entry of memory-region */

static void check_target(const struct cell *cell, const struct share *share, struct diag *diag)
{
	const char *status = share->node ? node_string(share->node, "status") : NULL;

	if (!share->node) {
		check_reference(share->phandle, mem_format("memory-region of '%s'", cell->name), share->at, diag);
	} else if (share->reserve == RESERVE_NONE) {
		diag_error(diag, "not-a-region", share->at, "memory-region of '%s' names %s (%s), which is no child of /reserved-memory; "
			   "describe the region there", cell->name, node_nick(share->node), diag_at(share->node->at));
	} else if (status && strcmp(status, "okay") != 0 && strcmp(status, "ok") != 0) {
		diag_error(diag, "region-disabled", share->at, "memory-region of '%s' names %s, but its status at %s is \"%s\"; enable it "
			   "there, or take it out here", cell->name, node_nick(share->node), diag_at(prop_at(share->node, "status")),
			   status);
	}
	if (strcmp(share->rights, "rw") != 0 && strcmp(share->rights, "r") != 0) {
		diag_error(diag, "bad-value", prop_at(cell->node, "cloison,memory-region-rights"), "cloison,memory-region-rights of '%s' has "
			   "the word \"%s\"; it can be \"rw\" or \"r\"", cell->name, share->rights);
	}
}

static void check_twice(const struct cell *cell, u32 index, struct diag *diag)
{
	for (u32 i = 0; i < index; i++) {
		if (cell->shares[i].node && cell->shares[i].node == cell->shares[index].node) {
			diag_error(diag, "region-twice", cell->shares[index].at, "memory-region of '%s' names %s twice; name it once, with "
				   "the rights it needs", cell->name, node_nick(cell->shares[index].node));
			return;
		}
	}
}

/* A guest address that does: behind everything the cell has, with the physical address's offset in a block. */
static u64 free_address(const struct cell *cell, const struct reserve *reserve)
{
	u64 end = 0;

	for (u32 i = 0; i < cell->map_count; i++) {
		const struct extent *e = &cell->map[i];

		if (!check_share_silent(e) && !range_wraps(e->base, e->size) && e->base + e->size > end) {
			end = e->base + e->size;
		}
	}
	return align_up(end, BLOCK_SIZE) + reserve->phys % BLOCK_SIZE;
}

/* Silence means the physical address, and the guest may have something else there. */
static void check_silent(const struct decision *d, const struct cell *cell, const struct share *share, struct diag *diag)
{
	const struct reserve *reserve = &d->reserves[share->reserve];
	u64 other = free_address(cell, reserve);

	for (u32 i = 0; i < cell->map_count; i++) {
		const struct extent *e = &cell->map[i];

		if (!check_share_silent(e) && e->kind != EXTENT_IMAGE && range_overlap(share->guest, reserve->size, e->base, e->size)) {
			diag_error(diag, "guest-overlap", share->at, "'%s' would see %s at its physical address, %s, but there it has %s at "
				   "%s (%s); write where it is to be seen, such as cloison,memory-region-base = <0x%llx 0x%llx>",
				   cell->name, reserve->name, text_range(share->guest, reserve->size), e->what,
				   text_range(e->base, e->size), diag_at(e->at), TEXT_NUMBER(other >> 32),
				   TEXT_NUMBER(other & 0xffffffff));
			return;
		}
	}
}

static void check_guest(const struct decision *d, const struct cell *cell, const struct share *share, struct diag *diag)
{
	const struct reserve *reserve = &d->reserves[share->reserve];

	if (share->guest_asked) {
		check_region(&(struct region){ .what = mem_format("cloison,memory-region-base of '%s' for %s", cell->name, reserve->name),
			.base = share->guest, .size = align_up(reserve->size, PAGE_SIZE), .alignment = PAGE_SIZE,
			.at = prop_at(cell->node, "cloison,memory-region-base") }, diag);
	} else if (share->guest != ADDRESS_NONE) {
		check_silent(d, cell, share, diag);
	}
}

/* ---- one region that cells name */

static bool written(const struct decision *d, u32 index)
{
	for (u32 i = 0; i < d->cell_count; i++) {
		for (u32 k = 0; k < d->cells[i].share_count; k++) {
			if (d->cells[i].shares[k].reserve == index && d->cells[i].shares[k].write) {
				return true;
			}
		}
	}
	return false;
}

static void check_place(const struct reserve *reserve, struct diag *diag)
{
	const struct prop *reg = node_prop(reserve->node, "reg");

	if (!reg && !node_prop(reserve->node, "size")) {
		diag_error(diag, "region-place", reserve->node->at, "%s has neither reg nor size, but somebody names it; write reg to say where it "
			   "is, or size to have it placed", reserve->name);
	} else if (reserve->reg_count > 1) {
		diag_error(diag, "region-place", reserve->at, "reg of %s has %u entries, but a region that somebody names is one piece; make "
			   "several nodes of it", reserve->name, reserve->reg_count);
	} else if (reserve->reg_count || !reg) {
		check_region(&(struct region){ .what = mem_format("the region %s", reserve->name),
			.base = reserve->phys == ADDRESS_NONE ? 0 : reserve->phys, .size = reserve->size, .alignment = PAGE_SIZE,
			.at = reserve->at }, diag);
	}
	if (!reg && ((reserve->alignment & (reserve->alignment - 1)) || reserve->alignment < PAGE_SIZE)) {
		diag_error(diag, "bad-value", prop_at(reserve->node, "alignment"), "alignment of %s is 0x%llx; it must be a power of two, "
			   "0x1000 (a page) or more", reserve->name, TEXT_NUMBER(reserve->alignment));
	}
}

/* The name says where the region is, and of a copied node the reg is easily forgotten. */
static void check_unit(const struct reserve *reserve, struct diag *diag)
{
	const char *at = strchr(reserve->node->name, '@');
	char *end = NULL;

	if (at && reserve->reg_count && (strtoull(at + 1, &end, 16) != reserve->regs[0].base || *end != 0)) {
		diag_error(diag, "unit-address", reserve->at, "the region %s is at 0x%llx, which is not what its name (%s) says; correct "
			   "one of them", reserve->name, TEXT_NUMBER(reserve->regs[0].base), reserve->node->name);
	}
}

/* Into a guest's tree go properties that mean the same there. */
static void check_words(const struct reserve *reserve, struct diag *diag)
{
	for (u32 i = 0; i < reserve->node->prop_count; i++) {
		const struct prop *prop = &reserve->node->props[i];

		if (prop_is_reference(prop->name) || strcmp(prop->name, "clocks") == 0) {
			diag_error(diag, "device-reference", prop->at, "%s of the region %s refers to another node, which a guest's tree does "
				   "not have; take the property out", prop->name, reserve->name);
		}
	}
}

static void check_kind(const struct decision *d, u32 index, struct diag *diag)
{
	const struct reserve *reserve = &d->reserves[index];

	if (node_prop(reserve->node, "reusable")) {
		diag_error(diag, "region-reusable", prop_at(reserve->node, "reusable"), "%s is reusable, which lets a guest use it as ordinary "
			   "memory until a driver wants it; a region that somebody names is never that: take reusable out", reserve->name);
	}
	if (reserve->node->child) {
		diag_error(diag, "unknown-node", reserve->node->child->at, "'%s' is below the region %s, and nothing there goes into a guest's "
			   "tree; take it out", reserve->node->child->name, reserve->name);
	}
	if (node_prop(reserve->node, "alloc-ranges")) {
		diag_error(diag, "not-supported", prop_at(reserve->node, "alloc-ranges"), "alloc-ranges of %s is not supported; write reg to say "
			   "where the region is", reserve->name);
	}
	if (!node_prop(reserve->node, "reg") && reserve->share_count && !written(d, index)) {
		diag_error(diag, "region-unwritten", reserve->at, "%s is placed by cellgen, so that nobody but its cells can fill it, and none of "
			   "them has the right to write; give one of them \"rw\", or give the region a place by reg if firmware or "
			   "another processor fills it", reserve->name);
	}
}

void check_shares(const struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->reserve_count; i++) {
		if (d->reserves[i].share_count || d->hyp.crash.reserve == i) {
			check_place(&d->reserves[i], diag);
			check_unit(&d->reserves[i], diag);
			check_kind(d, i, diag);
		}
		if (d->reserves[i].share_count) {
			check_words(&d->reserves[i], diag);
		}
	}
	for (u32 i = 0; i < d->cell_count; i++) {
		const struct cell *cell = &d->cells[i];

		for (u32 k = 0; k < cell->share_count; k++) {
			check_target(cell, &cell->shares[k], diag);
			check_twice(cell, k, diag);
			if (cell->shares[k].reserve != RESERVE_NONE) {
				check_guest(d, cell, &cell->shares[k], diag);
			}
		}
	}
}
