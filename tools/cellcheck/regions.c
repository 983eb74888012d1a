/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Regions that cells name by memory-region: who declares which, and where each is. The place of one without reg is in the
 * tables only: where a cell with a guest address of its own for it sees it, or, if all see it at its physical address, at
 * the top of what is mapped so, as these lie in descending order (docs/image-format.md).
 */
#include <stdlib.h>
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
	r->base = regs.n ? regs.v[0].base : 0;
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
			ask->crash = ask->crash == (int)n ? (int)n - 1 : ask->crash == (int)n - 1 ? (int)n : ask->crash;
			for (size_t c = 0; c < ask->cells.n; c++)
				for (size_t s = 0; s < ask->cells.v[c].shares.n; s++) {
					struct ask_share *share = &ask->cells.v[c].shares.v[s];

					share->region = share->region == n ? n - 1 : share->region == n - 1 ? n : share->region;
				}
		}
}

void regions_read(struct arena *a, struct ask *ask, const struct hw *hw)
{
	u32 crash = tree_u32(hw->tree, ask->node, "cloison,crash-region", 0);

	ask->crash = crash ? (int)region_of(a, ask, hw, tree_phandle(hw->tree, crash)) : -1;
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

static bool place_said(struct check *c, size_t region)
{
	for (size_t i = 0; i < c->ask->cells.n; i++) {
		const struct ask_share *s = share_of(c, (int)i, region);
		struct leaf leaf;

		if (!s || !s->said || !look_up(c, &c->cells[i].run, s->base, &leaf))
			continue;
		c->regions[region] = (struct span) { leaf.out + (s->base - leaf.in), c->ask->regions.v[region].size };
		return true;
	}
	return false;
}

/* What only a region explains, and is seen at its physical address. */
static void collect(struct check *c, const struct regime *r, const struct leaf *leaf, void *context)
{
	spans *found = context;
	struct span *last = found->n ? &found->v[found->n - 1] : NULL;

	(void)r;
	if (leaf->in != leaf->out || (leaf->attr != S2_SHARED && leaf->attr != S2_SHARED_READ))
		return;
	if (last && last->base + last->size == leaf->out)
		last->size += leaf->size;
	else
		*VEC_ADD(&c->arena, *found) = (struct span) { leaf->out, leaf->size };
}

/* The end of the highest piece that no region explains yet. */
static u64 highest(const struct check *c, const spans *found)
{
	u64 best = 0;

	for (size_t i = 0; i < found->n; i++) {
		u64 end = found->v[i].base + found->v[i].size;

		for (size_t n = 0; n < c->ask->regions.n && end > found->v[i].base; n++)
			if (end > c->regions[n].base && end - c->regions[n].base <= c->regions[n].size) {
				end = c->regions[n].base;
				n = (size_t)-1; /* another may end where this one begins */
			}
		if (end > found->v[i].base && end > best)
			best = end;
	}
	return best;
}

/* No cell sees it; the core says where it is. */
static void place_crash(struct check *c)
{
	const struct symbol *s = image_symbol(c->img, "machine_core");
	const u8 *p = s ? image_at(c->img, s->value, 16) : NULL;

	if (p && !(get64(p + 8) >> 48))
		c->regions[c->ask->crash] = (struct span) { get64(p + 8), c->ask->regions.v[c->ask->crash].size };
}

static void place_all(struct check *c)
{
	spans found = { 0 };
	bool looked = false;

	for (size_t i = 0; i < c->ask->regions.n; i++)
		if (c->ask->regions.v[i].placed)
			c->regions[i] = (struct span) { c->ask->regions.v[i].base, c->ask->regions.v[i].size };
		else if ((int)i == c->ask->crash)
			place_crash(c);
		else
			place_said(c, i);
	for (size_t i = 0; i < c->ask->regions.n; i++) {
		u64 size = c->ask->regions.v[i].size, end;

		if (c->regions[i].size)
			continue;
		if ((int)i == c->ask->crash) {
			finding(c, "region", "machine_core does not say where the crash region %s is", c->ask->regions.v[i].name);
			continue;
		}
		for (size_t k = 0; !looked && k < c->ask->cells.n; k++)
			walk_peek(c, &c->cells[k].run, collect, &found);
		looked = true;
		end = highest(c, &found);
		if (!size || end < size)
			finding(c, "region", "region %s is reached by no cell", c->ask->regions.v[i].name);
		else
			c->regions[i] = (struct span) { end - size, size };
	}
}

static bool in_ram(const struct check *c, struct span s)
{
	for (size_t i = 0; i < c->hw->ram.n; i++) {
		u64 inside = s.base - c->hw->ram.v[i].base, rest = c->hw->ram.v[i].size - inside;

		if (s.base < c->hw->ram.v[i].base || inside >= c->hw->ram.v[i].size)
			continue;
		if (rest >= s.size)
			return true;
		s = (struct span) { s.base + rest, s.size - rest };
		i = (size_t)-1; /* goes on in another bank */
	}
	return false;
}

/* Where no region may be, whoever reaches it. */
static void check_place(struct check *c, size_t i, u64 limit)
{
	const char *name = c->ask->regions.v[i].name;
	struct span s = c->regions[i];
	bool own = !c->ask->regions.v[i].placed;

	if (!in_ram(c, s) || span_meet(s, c->ask->memory) || s.base % PAGE || s.size % PAGE)
		finding(c, "region", "region %s is at 0x%llx, 0x%llx bytes: not whole pages of RAM besides the hypervisor's", name, s.base, s.size);
	for (size_t n = 0; n < c->hw->reserved.n; n++) {
		struct span other = c->hw->reserved.v[n];

		if (!own && other.base == s.base && other.size == s.size)
			own = true;
		else if (span_meet(s, other))
			finding(c, "region", "region %s at 0x%llx meets other reserved memory at 0x%llx", name, s.base, other.base);
	}
	if (!c->ask->regions.v[i].placed && (s.base >= limit || s.size > limit - s.base))
		finding(c, "region", "region %s is at 0x%llx, not below the region without reg before it", name, s.base);
}

/* Before anybody is asked what he may reach. */
void regions_place(struct check *c)
{
	u64 limit = ~0ull;

	c->regions = arena_get(&c->arena, (c->ask->regions.n + 1) * sizeof *c->regions);
	c->region_order = arena_get(&c->arena, (c->ask->regions.n + 1) * sizeof *c->region_order);
	place_all(c);
	for (size_t i = 0, at; i < c->ask->regions.n; i++) {
		for (at = i; at && c->regions[c->region_order[at - 1]].base > c->regions[i].base; at--)
			c->region_order[at] = c->region_order[at - 1];
		c->region_order[at] = i;
		if (c->regions[i].size)
			check_place(c, i, limit);
		if (!c->ask->regions.v[i].placed)
			limit = c->regions[i].base;
	}
	for (size_t i = 1; i < c->ask->regions.n; i++) {
		size_t a = c->region_order[i - 1], b = c->region_order[i];

		if (span_meet(c->regions[a], c->regions[b]))
			finding(c, "region", "regions %s and %s overlap", c->ask->regions.v[a].name, c->ask->regions.v[b].name);
	}
}

/* ---- who may */

int region_at(const struct check *c, u64 phys)
{
	size_t low = 0, high = c->ask->regions.n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (c->regions[c->region_order[middle]].base <= phys)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || phys - c->regions[c->region_order[low - 1]].base >= c->regions[c->region_order[low - 1]].size)
		return -1;
	return (int)c->region_order[low - 1];
}

bool region_may(const struct check *c, int cell, int region, unsigned rights)
{
	const struct ask_share *s = share_of(c, cell, (size_t)region);

	return s && !(rights & (PERM_X | PERM_DEVICE)) && (s->write || !(rights & PERM_W));
}

bool regions_cover(const struct check *c, const struct regime *r, struct span s, unsigned rights)
{
	while (s.size && r->party != CORE && !r->load) {
		int region = region_at(c, s.base);
		u64 rest;

		if (region < 0 || !region_may(c, r->party, region, rights))
			return false;
		rest = c->regions[region].size - (s.base - c->regions[region].base);
		if (rest >= s.size)
			return true;
		s = (struct span) { s.base + rest, s.size - rest };
	}
	return false;
}

char *region_text(struct check *c, u64 phys, int but)
{
	int region = region_at(c, phys);
	const char *word = " with";
	char *text;

	if (region < 0)
		return NULL;
	text = arena_text(&c->arena, "%sregion %s", region == c->ask->crash ? "the crash " : "", c->ask->regions.v[region].name);
	for (int k = 0; k < (int)c->ask->cells.n; k++) {
		const struct ask_share *s = share_of(c, k, (size_t)region);

		if (s && k != but) {
			text = arena_text(&c->arena, "%s%s '%s' (%s)", text, word, c->ask->cells.v[k].name, s->write ? "rw-" : "r--");
			word = ",";
		}
	}
	return text;
}
