/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Caches of the board tree, and what llc-colors says. docs/image-format.md "Colours".
 *
 * Two frames meet in a cache if their numbers are equal modulo its colours, so the partition's
 * colours (of the cache with most) say it for all caches whose number divides that one.
 */
#include <string.h>

#include "cellcheck.h"

#define LEVELS 16
#define COLORS_MAX 65536

static void read_geometry(const struct tree *t, struct cache *cache)
{
	u64 colors;

	cache->size = tree_u32(t, cache->node, "cache-size", 0);
	cache->sets = tree_u32(t, cache->node, "cache-sets", 0);
	cache->line = tree_u32(t, cache->node, "cache-line-size", tree_u32(t, cache->node, "cache-block-size", 0));
	colors = cache->sets * cache->line / PAGE;
	cache->colors = colors && colors <= COLORS_MAX ? (u32)colors : 1;
	if (!cache->size || !cache->sets || !cache->line)
		cache->wrong = "its size, sets or line size is missing";
	else if (cache->size % (cache->sets * cache->line))
		cache->wrong = "its size is no multiple of sets times line size";
	else if (colors > COLORS_MAX || (colors && cache->sets * cache->line % PAGE))
		cache->wrong = "sets times line size is no sensible number of pages";
}

static struct cache *cache_of(struct arena *a, struct hw *hw, int node)
{
	struct cache *cache;

	for (size_t i = 0; i < hw->caches.n; i++)
		if (hw->caches.v[i].node == node)
			return &hw->caches.v[i];
	cache = VEC_ADD(a, hw->caches);
	*cache = (struct cache) { .node = node, .cpus = arena_get(a, hw->cpus.n * sizeof(bool)) };
	read_geometry(hw->tree, cache);
	return cache;
}

/* Devicetree Specification 3.8: from a CPU to its last cache. */
void caches_read(struct arena *a, struct hw *hw)
{
	hw->colors = 1;
	for (size_t i = 0; i < hw->cpus.n; i++) {
		int node = hw->cpus.v[i].node;

		for (int level = 0; level < LEVELS; level++) {
			node = tree_phandle(hw->tree, tree_u32(hw->tree, node, "next-level-cache", 0));
			if (node < 0)
				break;
			cache_of(a, hw, node)->cpus[i] = true;
		}
	}
	for (size_t i = 0; i < hw->caches.n; i++)
		hw->colors = hw->caches.v[i].colors > hw->colors ? hw->caches.v[i].colors : hw->colors;
	for (size_t i = 0; i < hw->caches.n; i++)
		if (!hw->caches.v[i].wrong && hw->colors % hw->caches.v[i].colors)
			hw->caches.v[i].wrong = "its number of colours does not divide that of the largest";
}

/* Digits only; the end, or NULL. */
static const char *read_number(const char *p, u32 *value)
{
	const char *start = p;

	for (*value = 0; *p >= '0' && *p <= '9' && *value <= COLORS_MAX; p++)
		*value = *value * 10 + (u32)(*p - '0');
	return p == start ? NULL : p;
}

/* "N" or "N-M", then a comma or the end. */
static const char *read_range(const char *p, u32 *first, u32 *last)
{
	p = read_number(p, first);
	*last = *first;
	if (p && *p == '-')
		p = read_number(p + 1, last);
	return p && (*p == ',' || !*p) ? p : NULL;
}

static void read_list(struct arena *a, struct colors *colors, const struct tree *t, int node, const char *text)
{
	const char *p = text;

	do {
		u32 first = 0, last = 0;

		p = read_range(p, &first, &last);
		if (!p || first > last || last >= colors->of)
			unreadable("%s: llc-colors is \"%s\", with %u colours", tree_name(a, t, node), text, colors->of);
		for (u32 color = first; color <= last; color++)
			colors->has[color] = true;
	} while (*p++ == ',');
	for (u32 color = 0; color < colors->of; color++)
		if (colors->has[color])
			colors->list[colors->n++] = color;
}

void colors_read(struct arena *a, struct colors *colors, const struct hw *hw, int node)
{
	const char *text = tree_text(hw->tree, node, "llc-colors");
	int length;
	const u8 *p = tree_prop(hw->tree, node, "cloison,llc-colors-shared-with", &length);

	memset(colors, 0, sizeof *colors);
	colors->of = hw->colors;
	if (!tree_prop(hw->tree, node, "llc-colors", NULL))
		return;
	colors->set = true;
	colors->list = arena_get(a, colors->of * sizeof *colors->list);
	colors->has = arena_get(a, colors->of * sizeof *colors->has);
	read_list(a, colors, hw->tree, node, text ? text : "");
	for (int at = 0; p && length && !p[length - 1] && at < length; at += (int)strlen((const char *)p + at) + 1)
		*VEC_ADD(a, colors->shared) = (const char *)p + at;
}

/* In a cache with so many colours. */
bool colors_meet(const struct colors *a, const struct colors *b, u32 modulo)
{
	struct arena scratch = { 0 };
	bool meet = false, *seen;

	if (!a->set || !b->set)
		return true;
	seen = arena_get(&scratch, modulo * sizeof *seen);
	for (u32 i = 0; i < a->n; i++)
		seen[a->list[i] % modulo] = true;
	for (u32 i = 0; i < b->n; i++)
		meet |= seen[b->list[i] % modulo];
	arena_free(&scratch);
	return meet;
}

/* As llc-colors would say it, in a cache with so many colours. */
char *colors_text(struct arena *a, const struct colors *colors, u32 modulo)
{
	char *text = arena_text(a, "%s", "");
	bool *seen;

	if (!colors->set)
		return arena_text(a, "all");
	seen = arena_get(a, modulo * sizeof *seen);
	for (u32 i = 0; i < colors->n; i++)
		seen[colors->list[i] % modulo] = true;
	for (u32 first = 0, last; first < modulo; first = last + 1) {
		last = first;
		while (seen[first] && last + 1 < modulo && seen[last + 1])
			last++;
		if (seen[first])
			text = first == last ? arena_text(a, "%s%s%u", text, *text ? "," : "", first) :
				arena_text(a, "%s%s%u-%u", text, *text ? "," : "", first, last);
	}
	return text;
}
