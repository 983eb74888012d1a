/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "walk.h"

#define SCTLR_M BIT(0)
#define PHYSICAL (BIT(48) - 1)

struct space { /* one half of the address space, as TCR_EL1 describes it */
	u64 table;
	u32 size;   /* TxSZ */
	u32 granule; /* log2 of bytes; 0: a reserved value */
	bool off;   /* EPDx */
	bool tag;   /* TBIx: the top byte does not count */
};

static struct space space_of(const struct walk *w, bool upper)
{
	static const u32 granules0[] = { 12, 16, 14, 0 }, granules1[] = { 0, 14, 12, 16 };

	if (upper)
		return (struct space){ w->ttbr1, w->tcr >> 16 & 63, granules1[w->tcr >> 30 & 3], w->tcr & BIT(23), w->tcr & BIT(38) };
	return (struct space){ w->ttbr0, w->tcr & 63, granules0[w->tcr >> 14 & 3], w->tcr & BIT(7), w->tcr & BIT(37) };
}

/* All bits above those that are translated have to be what bit 55 is; the top byte only if it counts. */
static bool is_canonical(const struct space *s, u64 address, bool upper)
{
	u32 bits = 64 - s->size;
	u64 above = ~(BIT(bits) - 1);

	if (s->tag)
		above &= BIT(56) - 1;
	return (address & above) == (upper ? above : 0);
}

static bool may_be_block(u32 granule, u32 level)
{
	return granule == 12 ? level == 1 || level == 2 : level == 2;
}

static bool descend(const struct walk *w, const struct space *s, u64 address, u64 *physical, u64 *left)
{
	u32 stride = s->granule - 3, bits = 64 - s->size, levels = (bits - s->granule + stride - 1) / stride;
	u64 table = s->table & PHYSICAL & ~1ull, entry;

	for (u32 level = 4 - levels; level <= 3; level++) {
		u32 shift = s->granule + stride * (3 - level);
		u64 slots = level == 4 - levels ? BIT(bits - shift) : BIT(stride), size = BIT(shift);

		if (!w->read(w->of, table + 8 * (address >> shift & (slots - 1)), &entry) || !(entry & 1))
			return false;
		if (level == 3 ? entry & 2 : !(entry & 2) && may_be_block(s->granule, level)) {
			*physical = (entry & PHYSICAL & ~(size - 1)) | (address & (size - 1));
			*left = size - (address & (size - 1));
			return true;
		}
		if (level == 3 || !(entry & 2))
			return false;
		table = entry & PHYSICAL & ~(BIT(s->granule) - 1);
	}
	return false;
}

bool walk_address(const struct walk *w, u64 address, u64 *physical, u64 *left)
{
	bool upper = address & BIT(55);
	struct space s = space_of(w, upper);

	if (!(w->sctlr & SCTLR_M)) {
		*physical = address;
		*left = 4096 - (address & 4095);
		return address <= PHYSICAL;
	}
	/* 16 to 39: without the extensions for larger and for smaller spaces (LVA, TTST). */
	if (s.off || !s.granule || s.size < 16 || s.size > 39 || !is_canonical(&s, address, upper))
		return false;
	return descend(w, &s, address, physical, left);
}
