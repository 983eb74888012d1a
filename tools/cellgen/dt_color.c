/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The board's caches and the partition's colours.
 *
 * Caches: next-level-cache of a CPU, and of what it leads to (Devicetree Specification 3.8, 3.9). Geometry is judged only
 * where somebody asks for colours (check_color.c). llc-colors has Xen's syntax: "0-3,7".
 */
#include <stdlib.h>
#include <string.h>

#include "parts.h"

#define LEVELS_MAX 8 /* from a CPU to its last cache; also ends a circle */

static u32 number_of(const struct node *node, const char *name)
{
	const struct prop *prop = node_prop(node, name);

	return prop && prop->size == 4 ? prop_cell(prop, 0) : 0;
}

static bool is_power(u64 value)
{
	return value && (value & (value - 1)) == 0;
}

static void load_geometry(struct cache *c)
{
	u64 way;

	c->size = number_of(c->node, "cache-size");
	c->sets = number_of(c->node, "cache-sets");
	c->line = number_of(c->node, "cache-line-size");
	if (c->line == 0) {
		c->line = number_of(c->node, "cache-block-size"); /* the same, if line-size is left out */
	}
	way = (u64)c->sets * c->line;
	if (c->size == 0) {
		c->problem = "has no cache-size";
	} else if (c->sets == 0) {
		c->problem = "has no cache-sets";
	} else if (c->line == 0) {
		c->problem = "has no cache-line-size";
	} else if (!is_power(c->sets) || !is_power(c->line)) {
		c->problem = "has a cache-sets or cache-line-size that is no power of two";
	} else if (c->size % way != 0) {
		c->problem = "has a cache-size that is no multiple of cache-sets times cache-line-size";
	} else if (way / PAGE_SIZE > COLORS_MAX) {
		c->problem = "has more than 1024 colours (cache-sets times cache-line-size is above 4 MiB)";
	} else {
		c->colors = way > PAGE_SIZE ? (u32)(way / PAGE_SIZE) : 1;
	}
}

static struct cache *cache_of(struct decision *d, const struct node *node)
{
	struct cache *cache;

	for (u32 i = 0; i < d->cache_count; i++) {
		if (d->caches[i].node == node) {
			return &d->caches[i];
		}
	}
	cache = mem_push(&d->caches, &d->cache_count, sizeof(*cache));
	*cache = (struct cache){ .node = node, .cpus = mem_alloc(d->cpu_count * sizeof(bool)) };
	load_geometry(cache);
	return cache;
}

void dt_caches(struct decision *d)
{
	for (u32 i = 0; i < d->cpu_count; i++) {
		const struct node *node = d->cpus[i].node;

		for (u32 level = 0; level < LEVELS_MAX; level++) {
			u32 phandle = number_of(node, "next-level-cache");

			const struct node *next = phandle ? tree_phandle(d->tree, phandle) : NULL;

			if (!next) {
				d->cpus[i].cache_lost = phandle ? prop_at(node, "next-level-cache") : (struct pos){0};
				break;
			}
			cache_of(d, next)->cpus[i] = true;
			node = next;
		}
	}
	for (u32 i = 0; i < d->cache_count; i++) {
		d->color_count = d->caches[i].colors > d->color_count ? d->caches[i].colors : d->color_count;
	}
}

/* One number, no sign, no blank; *at behind it. */
static bool read_number(const char **at, u32 *value)
{
	const char *start = *at;

	*value = 0;
	while (**at >= '0' && **at <= '9' && *value <= COLORS_MAX) {
		*value = *value * 10 + (u32)(*(*at)++ - '0');
	}
	return *at != start && (**at < '0' || **at > '9');
}

/* "N" or "N-M" */
static bool read_range(const char **at, u32 *first, u32 *last)
{
	if (!read_number(at, first)) {
		return false;
	}
	*last = *first;
	if (**at == '-') {
		(*at)++;
		return read_number(at, last) && *last >= *first;
	}
	return true;
}

static bool add_range(struct colors *c, u32 first, u32 last, const struct node *node, struct diag *diag)
{
	if (last >= c->of) {
		diag_error(diag, "color-unknown", c->prop->at, "llc-colors of '%s' names colour %u, but the caches have %u: 0 to %u",
			   node->name, last, c->of, c->of - 1);
		return false;
	}
	for (u32 color = first; color <= last; color++) {
		if (color_in(c->mask, color)) {
			diag_error(diag, "color-twice", c->prop->at, "llc-colors of '%s' names colour %u twice; name it once",
				   node->name, color);
			return false;
		}
		c->mask[color / 64] |= BIT(color % 64);
	}
	return true;
}

static void read_colors(struct colors *c, const struct node *node, struct diag *diag)
{
	const char *at = c->text;
	u32 first, last;

	do {
		if (!read_range(&at, &first, &last) || (*at != ',' && *at != 0)) {
			diag_error(diag, "bad-value", c->prop->at, "llc-colors of '%s' is \"%s\"; write colours and ranges with commas "
				   "between, such as \"0-3,7\"", node->name, c->text);
			return;
		}
		if (!add_range(c, first, last, node, diag)) {
			return;
		}
	} while (*at++ == ',');
	c->list = mem_alloc(c->of * sizeof(*c->list));
	for (u32 color = 0; color < c->of; color++) {
		if (color_in(c->mask, color)) {
			c->list[c->count++] = (u16)color;
		}
	}
}

void dt_colors(const struct decision *d, const struct node *node, struct colors *colors, struct diag *diag)
{
	*colors = (struct colors){ .prop = node_prop(node, "llc-colors"), .text = node_string(node, "llc-colors"),
		.of = d->color_count };
	if (!colors->prop || !colors->text) {
		return; /* what is no string is reported by check_prop.c */
	}
	if (d->color_count < 2) {
		diag_error(diag, "colors-no-cache", colors->prop->at, "'%s' asks for cache colours, but %s; add a cache node with "
			   "cache-size, cache-sets and cache-line-size, and next-level-cache = <&...> to the CPUs", node->name,
			   d->cache_count ? "no cache of the board tree gives more than one" :
					    "no CPU of the board tree has a next-level-cache");
		return;
	}
	read_colors(colors, node, diag);
}
