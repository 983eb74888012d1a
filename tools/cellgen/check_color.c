/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Cache colours: who meets whom in which cache. Colours are numbered by the cache that has most; in one with fewer, those that
 * are equal modulo its number fall together. The core runs on every CPU.
 */
#include <string.h>

#include "check.h"

struct party {
	const char *name;
	const struct node *node;
	const struct cell *cell; /* NULL: the hypervisor */
	const struct colors *colors;
};

static u32 party_count(const struct decision *d)
{
	return d->cell_count + 1;
}

static struct party party_at(const struct decision *d, u32 index)
{
	if (index < d->cell_count) {
		const struct cell *cell = &d->cells[index];

		return (struct party){ cell->name, cell->node, cell, &cell->colors };
	}
	return (struct party){ "hypervisor", d->hyp.node, NULL, &d->hyp.colors };
}

static bool behind(const struct party *p, const struct cache *cache)
{
	if (!p->cell) {
		return true;
	}
	for (u32 i = 0; i < p->cell->cpu_count; i++) {
		if (p->cell->cpus[i].cpu != CPU_NONE && cache->cpus[p->cell->cpus[i].cpu]) {
			return true;
		}
	}
	return false;
}

/* Whether a's colour is, in this cache, one of b's. */
static bool met(const struct cache *cache, u32 color, const struct colors *b)
{
	for (u32 i = 0; i < b->count; i++) {
		if (color % cache->colors == b->list[i] % cache->colors) {
			return true;
		}
	}
	return false;
}

/* The colours of a that meet b's in this cache, as text; NULL: none. */
static const char *common(const struct cache *cache, const struct colors *a, const struct colors *b)
{
	u64 mask[COLORS_MAX / 64] = {0};
	bool any = false;

	for (u32 i = 0; i < a->count; i++) {
		if (met(cache, a->list[i], b)) {
			mask[a->list[i] / 64] |= BIT(a->list[i] % 64);
			any = true;
		}
	}
	return any ? colors_text(mask, a->of) : NULL;
}

/* Its names, each ended by NUL; NULL: not there, or no list of strings. */
static const struct prop *shared_with(const struct party *p)
{
	const struct prop *prop = node_prop(p->node, "cloison,llc-colors-shared-with");

	return prop && prop->size >= 2 && prop->data[prop->size - 1] == 0 ? prop : NULL;
}

static const char *name_at(const struct prop *names, u32 at)
{
	return (const char *)names->data + at;
}

static bool says_shared(const struct party *p, const struct party *with)
{
	const struct prop *names = shared_with(p);

	for (u32 at = 0; names && at < names->size; at += (u32)strlen(name_at(names, at)) + 1) {
		if (strcmp(name_at(names, at), with->name) == 0) {
			return true;
		}
	}
	return false;
}

static void check_pair(const struct decision *d, const struct party *a, const struct party *b, struct diag *diag)
{
	if (says_shared(a, b) && says_shared(b, a)) {
		return;
	}
	for (u32 i = 0; i < d->cache_count; i++) {
		const struct cache *cache = &d->caches[i];
		const char *colors;

		if (!cache->colors || !behind(a, cache) || !behind(b, cache)) {
			continue;
		}
		colors = common(cache, b->colors, a->colors);
		if (colors) {
			diag_error(diag, "colors-overlap", b->colors->prop->at, "colours %s of '%s' meet those of '%s' at %s in the cache "
				   "%s; give them different ones, or write cloison,llc-colors-shared-with on both, each naming the "
				   "other", colors, b->name, a->name, diag_at(a->colors->prop->at), node_nick(cache->node));
			return;
		}
	}
}

static void check_name(const struct decision *d, const struct party *p, const struct prop *prop, const char *name,
		       struct diag *diag)
{
	struct nearest nearest = { .word = name };

	for (u32 i = 0; i < party_count(d); i++) {
		struct party other = party_at(d, i);

		if (strcmp(other.name, name) == 0 && other.node != p->node && other.colors->prop && p->colors->prop) {
			return;
		}
		if (other.node != p->node && other.colors->prop) {
			nearest_offer(&nearest, other.name);
		}
	}
	diag_error(diag, "colors-shared-with", prop->at, "cloison,llc-colors-shared-with of '%s' names \"%s\"; both must have "
		   "llc-colors, and it can be another cell or \"hypervisor\"%s", p->name, name, nearest_hint(&nearest));
}

static void check_shared_with(const struct decision *d, const struct party *p, struct diag *diag)
{
	const struct prop *prop = node_prop(p->node, "cloison,llc-colors-shared-with"), *names = shared_with(p);

	if (prop && !names) {
		diag_error(diag, "bad-property", prop->at, "cloison,llc-colors-shared-with of '%s' must be a list of names, such as "
			   "\"linux\", \"hypervisor\"", p->name);
	}
	for (u32 at = 0; names && at < names->size; at += (u32)strlen(name_at(names, at)) + 1) {
		check_name(d, p, names, name_at(names, at), diag);
	}
}

static void check_caches(const struct decision *d, const struct pos asked, struct diag *diag)
{
	for (u32 i = 0; i < d->cache_count; i++) {
		const struct cache *cache = &d->caches[i];

		if (cache->problem) {
			diag_error(diag, "cache-geometry", cache->node->at, "the cache %s %s, and llc-colors at %s asks which frames meet "
				   "in it; correct the node", node_nick(cache->node), cache->problem, diag_at(asked));
		}
	}
}

static bool has_cache(const struct decision *d, u32 cpu)
{
	bool any = false;

	for (u32 i = 0; i < d->cache_count; i++) {
		any |= d->caches[i].cpus[cpu];
	}
	return any;
}

/* Several CPUs may be behind the cache whose property it is. */
static bool said_before(const struct decision *d, u32 cpu)
{
	struct pos at = d->cpus[cpu].cache_lost;
	bool before = false;

	for (u32 i = 0; i < cpu; i++) {
		struct pos other = d->cpus[i].cache_lost;

		before |= other.file && strcmp(other.file, at.file) == 0 && other.line == at.line && other.col == at.col;
	}
	return before;
}

/* A CPU that somebody uses, and of whose caches the tree does not tell. */
static void check_cpus_behind(const struct decision *d, const struct pos asked, struct diag *diag)
{
	for (u32 i = 0; i < d->cpu_count; i++) {
		const struct cpu *cpu = &d->cpus[i];

		if (cpu->cache_lost.file && said_before(d, i)) {
			continue;
		}
		if (cpu->cache_lost.file) {
			diag_error(diag, "unknown-phandle", cpu->cache_lost, "next-level-cache leads from %s to no node, and llc-colors at %s asks "
				   "which caches there are; refer by label, such as <&l2>", cpu->name, diag_at(asked));
		} else if (cpu->role != ROLE_UNUSED && d->color_count >= 2 && !has_cache(d, i)) {
			diag_error(diag, "colors-no-cache", cpu->node->at, "%s is used and has no next-level-cache, and llc-colors at %s asks "
				   "which caches there are; add next-level-cache = <&...>", cpu->name, diag_at(asked));
		}
	}
}

static void check_bases(const struct cell *cell, struct diag *diag)
{
	const struct prop *bases = node_prop(cell->node, "cloison,physical-base");

	if (bases && cell->colors.prop) {
		diag_error(diag, "colors-physical-base", bases->at, "'%s' says where its memory lies, but with llc-colors (%s) its frames "
			   "are scattered over RAM by cellgen; take one of the two out", cell->name,
			   diag_at(cell->colors.prop->at));
	}
}

void check_colors(const struct decision *d, struct diag *diag)
{
	const struct colors *first = NULL;

	for (u32 i = 0; i < party_count(d); i++) {
		struct party a = party_at(d, i);

		first = first || !a.colors->prop ? first : a.colors;
		check_shared_with(d, &a, diag);
		for (u32 j = i + 1; j < party_count(d); j++) {
			struct party b = party_at(d, j);

			check_pair(d, &a, &b, diag);
		}
		if (a.cell) {
			check_bases(a.cell, diag);
		}
	}
	if (first) {
		check_caches(d, first->prop->at, diag);
		check_cpus_behind(d, first->prop->at, diag);
	}
}
