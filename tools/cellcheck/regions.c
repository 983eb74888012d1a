/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Regions that cells name by memory-region: who declares which, and where each is. The place of one without reg is in the
 * tables only: where a cell with a guest address of its own for it sees it, or, if all see it at its physical address, at
 * the top of what is mapped so, as these lie in descending order (docs/image-format.md).
 */
#include <string.h>

#include "cellcheck.h"

static size_t region_of(struct arena *a, struct ask *ask, const struct hw *hw, int node)
{
	const struct tree *t = hw->tree;
	struct ask_region *r;
	spans regs = { 0 };
	int length;
	const u8 *p;

	for (size_t i = 0; i < ask->regions.n; i++)
		if (ask->regions.v[i].node == node)
			return i;
	if (node < 0 || t->nodes.v[node].parent != tree_child(t, 0, "reserved-memory"))
		unreadable("memory-region names no child of /reserved-memory");
	r = VEC_ADD(a, ask->regions);
	*r = (struct ask_region) { .node = node, .name = t->nodes.v[node].name };
	tree_regs(a, t, node, &regs);
	p = tree_prop(t, node, "size", &length);
	r->placed = regs.n;
	r->place = regs.n ? regs.v[0].base : 0;
	r->size = regs.n ? regs.v[0].size : p && (length == 4 || length == 8) ? get_be(p, length) : 0;
	return ask->regions.n - 1;
}

static void read_shares(struct arena *a, struct ask *ask, const struct hw *hw, struct ask_cell *cell)
{
	int length, words, wide;
	const u8 *p = tree_prop(hw->tree, cell->node, "memory-region", &length);
	const u8 *word = tree_prop(hw->tree, cell->node, "cloison,memory-region-rights", &words);
	const u8 *base = tree_prop(hw->tree, cell->node, "cloison,memory-region-base", &wide), *end = word ? word + words : NULL;

	for (int at = 0; p && at + 4 <= length; at += 4) {
		struct ask_share s = { .region = region_of(a, ask, hw, tree_phandle(hw->tree, (u32)get_be(p + at, 4))), .write = true };

		if (word && (word >= end || !memchr(word, 0, (size_t)(end - word))))
			unreadable("cell '%s': too few words in cloison,memory-region-rights", cell->name);
		if (word) {
			s.write = !strcmp((const char *)word, "rw");
			word += strlen((const char *)word) + 1;
		}
		s.said = base && 2 * at + 8 <= wide;
		s.base = s.said ? get_be(base + 2 * at, 8) : 0;
		*VEC_ADD(a, cell->shares) = s;
	}
}

/* In the order of the tree, which is that of their places. */
static void sort(struct ask *ask)
{
	for (size_t i = 1; i < ask->regions.n; i++)
		for (size_t n = i; n && ask->regions.v[n].node < ask->regions.v[n - 1].node; n--) {
			struct ask_region later = ask->regions.v[n - 1];

			ask->regions.v[n - 1] = ask->regions.v[n];
			ask->regions.v[n] = later;
			for (size_t c = 0; c < ask->cells.n; c++)
				for (size_t s = 0; s < ask->cells.v[c].shares.n; s++) {
					struct ask_share *share = &ask->cells.v[c].shares.v[s];

					share->region = share->region == n ? n - 1 : share->region == n - 1 ? n : share->region;
				}
		}
}

void regions_read(struct arena *a, struct ask *ask, const struct hw *hw)
{
	for (size_t i = 0; i < ask->cells.n; i++)
		read_shares(a, ask, hw, &ask->cells.v[i]);
	sort(ask);
}

/* ---- where they are */

static const struct ask_share *share_of(const struct check *c, int cell, size_t region)
{
	const struct ask_cell *ask = &c->ask->cells.v[cell];

	for (size_t i = 0; i < ask->shares.n; i++)
		if (ask->shares.v[i].region == region)
			return &ask->shares.v[i];
	return NULL;
}

static void place_said(struct check *c, size_t region)
{
	for (size_t i = 0; i < c->ask->cells.n && !c->regions[region].known; i++) {
		const struct ask_share *s = share_of(c, (int)i, region);

		if (s && s->said)
			c->regions[region].known = leaf_place(&c->cells[i].run, s->base, &c->regions[region].base);
	}
}

static bool taken(const struct check *c, u64 address)
{
	for (size_t i = 0; i < c->ask->regions.n; i++)
		if (c->regions[i].known && address >= c->regions[i].base && address - c->regions[i].base < c->ask->regions.v[i].size)
			return true;
	return false;
}

/* The end of the highest leaf that only a region can explain, and none does yet. */
static u64 highest(const struct check *c)
{
	u64 end = 0;

	for (size_t i = 0; i < c->ask->cells.n; i++)
		for (size_t n = 0; n < c->cells[i].run.n; n++) {
			const struct leaf *l = &c->cells[i].run.v[n];

			if (l->in == l->out && (l->attr == S2_SHARED || l->attr == S2_SHARED_READ) && !taken(c, l->out) && l->out + l->size > end)
				end = l->out + l->size;
		}
	return end;
}

void regions_place(struct check *c)
{
	c->regions = arena_get(&c->arena, (c->ask->regions.n + 1) * sizeof *c->regions);
	for (size_t i = 0; i < c->ask->regions.n; i++) {
		c->regions[i].base = c->ask->regions.v[i].place;
		c->regions[i].known = c->ask->regions.v[i].placed;
		place_said(c, i);
	}
	for (size_t i = 0; i < c->ask->regions.n; i++) {
		u64 end = c->regions[i].known ? 0 : highest(c), size = c->ask->regions.v[i].size;

		if (!c->regions[i].known && end < size)
			finding(c, "mapping", "region %s is reached by no cell", c->ask->regions.v[i].name);
		else if (!c->regions[i].known)
			c->regions[i].base = end - size;
		c->regions[i].known = true;
	}
}

/* ---- who may */

static bool may(const struct ask_share *s, unsigned rights)
{
	return s && !(rights & (PERM_X | PERM_DEVICE)) && (s->write || !(rights & PERM_W));
}

bool regions_declared(const struct check *c, struct span s, const int cell[2], const unsigned rights[2])
{
	u64 at = s.base, end = s.base + s.size;
	size_t i = 0;

	while (at < end && i < c->ask->regions.n) {
		u64 base = c->regions[i].base, size = c->ask->regions.v[i].size;

		if (at < base || at - base >= size || !may(share_of(c, cell[0], i), rights[0]) || !may(share_of(c, cell[1], i), rights[1])) {
			i++;
			continue;
		}
		at = base + size;
		i = 0;
	}
	return at >= end;
}

char *region_text(struct check *c, u64 address, int but)
{
	for (size_t i = 0; i < c->ask->regions.n; i++) {
		char *text = arena_text(&c->arena, "region %s", c->ask->regions.v[i].name);
		const char *word = " with";

		if (address < c->regions[i].base || address - c->regions[i].base >= c->ask->regions.v[i].size)
			continue;
		for (size_t k = 0; k < c->ask->cells.n; k++) {
			const struct ask_share *s = share_of(c, (int)k, i);

			if (s && (int)k != but) {
				text = arena_text(&c->arena, "%s%s '%s' (%s)", text, word, c->ask->cells.v[k].name, s->write ? "rw-" : "r--");
				word = ",";
			}
		}
		return text;
	}
	return NULL;
}
