/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Regions of /reserved-memory. One with reg has its place. One with only a size that cells name is placed from the top
 * of RAM downwards, each below the one before it in the tree (docs/image-format.md says so, and cellcheck relies on it):
 * images and cells are placed from the bottom, so that down there a guest's own memory is least likely to be in the way.
 */
#include "parts.h"

const char *share_rights(const struct share *share)
{
	return share->write ? "rw-" : "r--";
}

/* The core's alone. One that cells name as well is a finding, and theirs until then. */
static bool is_crash(const struct decision *d, u32 index)
{
	return d->hyp.crash.reserve == index && d->reserves[index].share_count == 0;
}

/* "shm0 of 'a' (rw-), 'b' (r--)" */
static const char *describe(const struct decision *d, u32 index)
{
	struct out out = {0};
	const char *separator = " of";

	if (is_crash(d, index)) {
		return mem_format("the crash region %s", d->reserves[index].name);
	}
	out_printf(&out, "region %s", d->reserves[index].name);
	for (u32 i = 0; i < d->cell_count; i++) {
		for (u32 k = 0; k < d->cells[i].share_count; k++) {
			if (d->cells[i].shares[k].reserve == index) {
				out_printf(&out, "%s '%s' (%s)", separator, d->cells[i].name, share_rights(&d->cells[i].shares[k]));
				separator = ",";
			}
		}
	}
	return out.data;
}

/* The cell that has it alone; CELL_NONE: nobody, or several. */
static u16 owner_of(const struct decision *d, u32 index)
{
	for (u32 i = 0; d->reserves[index].share_count == 1 && i < d->cell_count; i++) {
		for (u32 k = 0; k < d->cells[i].share_count; k++) {
			if (d->cells[i].shares[k].reserve == index) {
				return (u16)i;
			}
		}
	}
	return CELL_NONE;
}

/* Somebody has it. */
static bool wanted(const struct decision *d, u32 index)
{
	return d->reserves[index].share_count || is_crash(d, index);
}

static enum extent_kind kind_of(const struct decision *d, u32 index)
{
	return is_crash(d, index) ? EXTENT_CRASH : EXTENT_SHARED;
}

static void add_fixed(struct decision *d, u32 index)
{
	const struct reserve *reserve = &d->reserves[index];

	for (u32 i = 0; i < reserve->reg_count; i++) {
		bool shared = wanted(d, index) && i == 0; /* more than one is a finding */

		phys_add(d, (struct extent){ .base = reserve->regs[i].base, .size = reserve->regs[i].size,
			.kind = shared ? kind_of(d, index) : EXTENT_RESERVED, .cell = owner_of(d, index), .asked = true,
			.what = shared ? describe(d, index) : mem_format("reserved memory %s", reserve->node->name),
			.at = reserve->at });
	}
}

/* The lowest byte of a claim that overlaps [base, base + size), or base + size: the piece is free. */
static u64 obstacle(const struct decision *d, u64 base, u64 size)
{
	u64 lowest = base + size;

	for (u32 i = 0; i < d->phys_count; i++) {
		const struct extent *e = &d->phys[i];

		if (!range_wraps(e->base, e->size) && base < e->base + e->size && e->base < lowest) {
			lowest = e->base;
		}
	}
	return lowest;
}

/* The highest free place below limit in one bank; ADDRESS_NONE: there is none. */
static u64 find_in(const struct decision *d, const struct ram_bank *bank, u64 limit, const struct reserve *reserve)
{
	u64 end = bank->base + bank->size < limit ? bank->base + bank->size : limit;

	while (!range_wraps(bank->base, bank->size) && end > bank->base && reserve->size <= end - bank->base) {
		u64 at = align_down(end - reserve->size, reserve->alignment), next;

		if (at < bank->base) {
			break;
		}
		next = obstacle(d, at, reserve->size);
		if (next == at + reserve->size) {
			return at;
		}
		end = next;
	}
	return ADDRESS_NONE;
}

static void place_one(struct decision *d, u32 index, u64 *limit, struct diag *diag)
{
	struct reserve *reserve = &d->reserves[index];

	if (range_wraps(0, reserve->size) || (reserve->alignment & (reserve->alignment - 1)) || reserve->alignment < PAGE_SIZE) {
		return; /* check_share.c has said so */
	}
	for (u32 i = 0; i < d->bank_count; i++) {
		u64 at = find_in(d, &d->banks[i], *limit, reserve);

		if (at != ADDRESS_NONE && (reserve->phys == ADDRESS_NONE || at > reserve->phys)) {
			reserve->phys = at;
		}
	}
	if (reserve->phys == ADDRESS_NONE) {
		diag_error(diag, "no-room", reserve->at, "the board has no free piece of RAM of 0x%llx bytes left for %s; make it smaller, or "
			   "give it a place by reg", (unsigned long long)reserve->size, reserve->name);
		return;
	}
	*limit = reserve->phys;
	phys_add(d, (struct extent){ .base = reserve->phys, .size = reserve->size, .kind = kind_of(d, index), .cell = owner_of(d, index),
		.what = describe(d, index), .at = reserve->at });
}

void place_reserves(struct decision *d, struct diag *diag)
{
	u64 limit = ADDRESS_NONE;

	for (u32 i = 0; i < d->reserve_count; i++) {
		add_fixed(d, i);
	}
	for (u32 i = 0; i < d->reserve_count; i++) {
		if (wanted(d, i) && !node_prop(d->reserves[i].node, "reg")) {
			place_one(d, i, &limit, diag);
		}
	}
	for (u32 i = 0; i < d->cell_count; i++) {
		for (u32 k = 0; k < d->cells[i].share_count; k++) {
			struct share *share = &d->cells[i].shares[k];

			if (!share->guest_asked && share->reserve != RESERVE_NONE) {
				share->guest = d->reserves[share->reserve].phys;
			}
		}
	}
}

void place_share_map(const struct decision *d, struct cell *cell)
{
	for (u32 i = 0; i < cell->share_count; i++) {
		const struct share *share = &cell->shares[i];

		if (share->reserve != RESERVE_NONE && share->guest != ADDRESS_NONE) {
			extent_add(&cell->map, &cell->map_count, (struct extent){ .base = share->guest,
				.size = d->reserves[share->reserve].size, .kind = EXTENT_SHARED, .cell = cell->index,
				.asked = share->guest_asked, .what = d->reserves[share->reserve].name, .at = share->at });
		}
	}
}
