/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The frames of a coloured range: windows of n pages, of each the frames of the cell's colours.
 * Which windows is for the tables to say, but they ascend, and one is left out only if
 * something in it cannot be the cell's.
 */
#include "cellcheck.h"

static bool may_meet(const struct check *c, int cell, u32 word)
{
	int other = (int)(word & REACH_CELL) - 1;

	if (other < 0)
		return word & REACH_IMAGE;
	return colors_meet(party_colors(c, cell), party_colors(c, other), c->hw->colors);
}

/* Why a window cannot be had: not RAM, the ITS's, a region, or somebody else's, whose colours meet the cell's. */
static bool blocked(struct check *c, int cell, u64 window, u64 size)
{
	u64 next, end = usable_end(c, window, &next);

	if (!end || size > end - window || span_meet((struct span) { window, size }, c->its))
		return true;
	for (u64 at = window; at < window + size; at += PAGE)
		if (may_meet(c, cell, reach_get(c, at)) || region_at(c, at) >= 0)
			return true;
	return false;
}

/* Is no window between the two left out without a reason? */
static bool reasons(struct check *c, int cell, u64 from, u64 to, u64 size)
{
	while (from < to) {
		u64 next, end = usable_end(c, from, &next);

		if (!end && !next)
			return true;
		if (!end)
			from = next - next % size;
		if (from < to && !blocked(c, cell, from, size))
			return false;
		from += size;
	}
	return true;
}

bool stripes_next(struct check *c, int cell, u64 found, const u64 *before, u64 *window)
{
	u64 size = party_colors(c, cell)->of * PAGE;

	*window = found - found % size;
	return !before || *window == *before + size || (*window > *before && reasons(c, cell, *before + size, *window, size));
}
