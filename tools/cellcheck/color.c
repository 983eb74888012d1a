/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Colours: does a frame have one of its owner's, and do two owners meet in a cache? docs/image-format.md "Colours". */
#include <string.h>

#include "cellcheck.h"

bool color_ok(const struct check *c, int party, u64 phys)
{
	const struct colors *colors = party_colors(c, party);

	return !colors->set || colors->has[phys / PAGE % colors->of];
}

/* Whose colour it is, as the partition says. */
static char *whose(struct check *c, u32 color)
{
	char *text = arena_text(&c->arena, "%s", "");

	for (int party = CORE; party < (int)c->ask->cells.n; party++) {
		const struct colors *colors = party_colors(c, party);

		if (colors->set && colors->has[color])
			text = arena_text(&c->arena, "%s%s%s", text, *text ? " and " : "", party_name(c, party));
	}
	return *text ? text : arena_text(&c->arena, "nobody");
}

#define SHOWN 20

void color_wrong(struct check *c, int party, const char *what, u64 phys)
{
	const struct colors *colors = party_colors(c, party);
	u32 color = (u32)(phys / PAGE % colors->of);

	if (c->color_findings++ < SHOWN)
		finding(c, "color", "%s: physical page 0x%llx has colour %u, which is not among its own (%s): that is the colour of %s; "
			"at that page: %s", what, phys, color, colors_text(&c->arena, colors, colors->of), whose(c, color),
			owner_of(c, phys, party));
}

/* ---- two parties */

bool color_behind(const struct check *c, int party, const struct cache *cache)
{
	if (party == CORE)
		return true; /* it runs on every CPU */
	for (size_t i = 0; i < c->ask->cells.v[party].cpus.n; i++)
		if (cache->cpus[c->ask->cells.v[party].cpus.v[i]])
			return true;
	return false;
}

static bool names(const struct check *c, int party, int other)
{
	const char *name = other == CORE ? "hypervisor" : c->ask->cells.v[other].name;
	const struct colors *colors = party_colors(c, party);

	for (size_t i = 0; i < colors->shared.n; i++)
		if (!strcmp(colors->shared.v[i], name))
			return true;
	return false;
}

bool color_declared(const struct check *c, int a, int b)
{
	return names(c, a, b) && names(c, b, a);
}

static void check_pair(struct check *c, int a, int b)
{
	const struct colors *x = party_colors(c, a), *y = party_colors(c, b);

	for (size_t i = 0; x->set && y->set && !color_declared(c, a, b) && i < c->hw->caches.n; i++) {
		const struct cache *cache = &c->hw->caches.v[i];

		if (color_behind(c, a, cache) && color_behind(c, b, cache) && colors_meet(x, y, cache->colors))
			finding(c, "color-overlap", "%s (%s) and %s (%s) have colours in common in the cache %s, and do not both say so",
				party_name(c, a), colors_text(&c->arena, x, cache->colors), party_name(c, b),
				colors_text(&c->arena, y, cache->colors), tree_name(&c->arena, c->hw->tree, cache->node));
	}
}

void check_colors(struct check *c)
{
	int cells = (int)c->ask->cells.n;

	for (size_t i = 0; (c->ask->colored || c->ask->colors.set) && i < c->hw->caches.n; i++)
		if (c->hw->caches.v[i].wrong)
			finding(c, "cache", "the cache %s: %s, so nobody knows which frames meet there",
				tree_name(&c->arena, c->hw->tree, c->hw->caches.v[i].node), c->hw->caches.v[i].wrong);
	for (int a = CORE; a < cells; a++)
		for (int b = a + 1; b < cells; b++)
			check_pair(c, a, b);
}
