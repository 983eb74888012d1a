/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Who reaches what, from the leaves alone: whatever the tables were meant to say, does a
 * frame belong to two parties? Each frame has one word, so this takes as long as there are
 * frames, however many parties and leaves. The only things that two may reach are the SGI frame
 * of a direct cell's CPU, the register that resets a cell's PCI function, and a region that both name.
 */
#include <stdlib.h>
#include <string.h>

#include "cellcheck.h"

#define CHUNK (GIB / PAGE) /* words for a GiB; no leaf is larger */

struct reach {
	u32 **top[512]; /* of 512 GiB each */
	spans usable;
	size_t shown;
};

static u32 *word_of(struct check *c, u64 phys)
{
	u32 ***top = &c->reach->top[phys >> 39 & 511], **chunk;

	if (!*top)
		*top = arena_get(&c->arena, 512 * sizeof **top);
	chunk = &(*top)[phys >> 30 & 511];
	if (!*chunk)
		*chunk = arena_get(&c->arena, CHUNK * sizeof **chunk);
	return *chunk + phys / PAGE % CHUNK;
}

static const u32 *chunk_of(const struct check *c, u64 phys)
{
	u32 **top = phys >> 48 ? NULL : c->reach->top[phys >> 39];

	return top ? top[phys >> 30 & 511] : NULL;
}

u32 reach_get(const struct check *c, u64 phys)
{
	const u32 *chunk = chunk_of(c, phys);

	return chunk ? chunk[phys / PAGE % CHUNK] : 0;
}

bool reach_empty(const struct check *c, u64 phys)
{
	return !chunk_of(c, phys);
}

/* ---- RAM that cells can have */

static int by_base(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->base > y->base) - (x->base < y->base);
}

static void add_span(struct arena *a, spans *to, struct span s)
{
	u64 most = ~0ull - s.base;

	if (s.size)
		*VEC_ADD(a, *to) = (struct span) { s.base, s.size < most ? s.size : most };
}

/* What is left of a bank; cuts are sorted. Banks that continue each other become one. */
static void cut(struct check *c, spans *to, struct span bank, const spans *cuts)
{
	u64 from = bank.base, end = bank.base + bank.size;

	for (size_t i = 0; i <= cuts->n && from < end; i++) {
		bool last = i == cuts->n || cuts->v[i].base >= end;
		u64 stop = last ? end : cuts->v[i].base;

		if (stop > from && to->n && to->v[to->n - 1].base + to->v[to->n - 1].size == from)
			to->v[to->n - 1].size += stop - from;
		else if (stop > from)
			add_span(&c->arena, to, (struct span) { from, stop - from });
		if (last)
			break;
		if (cuts->v[i].base + cuts->v[i].size > from)
			from = cuts->v[i].base + cuts->v[i].size;
	}
}

void reach_usable(struct check *c, spans *found)
{
	spans banks = { 0 }, cuts = { 0 };

	for (size_t i = 0; i < c->hw->ram.n; i++)
		add_span(&c->arena, &banks, c->hw->ram.v[i]);
	for (size_t i = 0; i < c->hw->reserved.n; i++)
		add_span(&c->arena, &cuts, c->hw->reserved.v[i]);
	add_span(&c->arena, &cuts, c->ask->memory);
	if (banks.n)
		qsort(banks.v, banks.n, sizeof *banks.v, by_base);
	if (cuts.n)
		qsort(cuts.v, cuts.n, sizeof *cuts.v, by_base);
	for (size_t i = 0; i < banks.n; i++)
		cut(c, found, banks.v[i], &cuts);
}

u64 usable_end(const struct check *c, u64 phys, u64 *next)
{
	const spans *u = &c->reach->usable;
	size_t low = 0, high = u->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (u->v[middle].base <= phys)
			low = middle + 1;
		else
			high = middle;
	}
	*next = low < u->n ? u->v[low].base : 0;
	return low && phys - u->v[low - 1].base < u->v[low - 1].size ? u->v[low - 1].base + u->v[low - 1].size : 0;
}

/* ---- two parties */

#define PAIRS 20 /* are shown */

static bool own_frame(struct check *c, int cell, u64 phys, unsigned core)
{
	const struct ask_cell *ask = &c->ask->cells.v[cell];

	for (size_t n = 0; ask->direct && core & PERM_DEVICE && n < ask->cpus.n; n++)
		if (phys - (c->hw->cpus.v[ask->cpus.v[n]].gicr + FRAME) < FRAME)
			return true;
	for (size_t n = 0; core & PERM_DEVICE && n < c->ask->functions.n; n++)
		if (c->ask->functions.v[n].cell == (size_t)cell && reset_page(c, &c->ask->functions.v[n]) == phys)
			return true;
	return false;
}

/* By which way another party reaches a frame. */
static const struct regime *other_way(struct check *c, int party, u64 phys, struct leaf *leaf)
{
	for (size_t i = 0; party == CORE && i < c->hw->cpus.n; i++)
		if (find_output(c, &c->el2[i], phys, leaf))
			return &c->el2[i];
	if (party != CORE && find_output(c, &c->cells[party].run, phys, leaf))
		return &c->cells[party].run;
	if (party != CORE && find_output(c, &c->cells[party].load, phys, leaf))
		return &c->cells[party].load;
	return NULL;
}

static void two_parties(struct check *c, const struct regime *r, const struct leaf *leaf, u64 phys, int party)
{
	struct leaf other = { 0 };
	const struct regime *way = other_way(c, party, phys, &other);

	if (c->reach->shown++ < PAIRS && way)
		finding(c, "shared", "%s, guest address 0x%llx, physical page 0x%llx (%s): also reachable by %s (%saddress 0x%llx, %s)",
			r->who, leaf->in + (phys - leaf->out), phys, rights_text(attr_rights(leaf->attr, STAGE_2)),
			party == CORE ? "the core" : way->who, party == CORE ? "" : "guest ", other.in + (phys - other.out),
			rights_text(attr_rights(other.attr, way->stage)));
}

static void claim_core(struct check *c, u32 *word, u64 phys, unsigned rights, bool *said)
{
	unsigned before = *word >> REACH_SHIFT & 15, after = before | rights, both = PERM_W | PERM_X;

	*word |= (rights | 16) << REACH_SHIFT;
	if (*said || (after & both) != both || (before & both) == both)
		return;
	*said = true;
	if ((rights & both) == both)
		finding(c, "w-xor-x", "the core can write and execute 0x%llx", phys);
	else
		finding(c, "w-xor-x", "the core can write 0x%llx on one CPU, or at one address, and execute it on another", phys);
}

static void claim_cell(struct check *c, const struct regime *r, const struct leaf *leaf, u32 *word, u64 phys, bool *said)
{
	u32 mine = (u32)r->party + 1, old = *word;

	if (!(old & REACH_CELL))
		*word |= mine;
	if (*said || ((!(old & REACH_CELL) || (old & REACH_CELL) == mine) && !(old & (REACH_CORE | REACH_IMAGE))))
		return;
	if (old & REACH_CELL && (old & REACH_CELL) != mine) {
		two_parties(c, r, leaf, phys, (int)(old & REACH_CELL) - 1);
		*said = true;
	} else if (old & REACH_CORE && (r->load || !own_frame(c, r->party, phys, old >> REACH_SHIFT))) {
		two_parties(c, r, leaf, phys, CORE);
		*said = true;
	} else if (old & REACH_IMAGE && !(r->load && leaf->in >= LOAD_IMAGES && attr_rights(leaf->attr, STAGE_2) == PERM_R)) {
		finding(c, "reach", "%s, guest address 0x%llx, physical 0x%llx, reaches %s, a pristine image", r->who,
			leaf->in + (phys - leaf->out), phys, extent_phys(c->img, phys)->section->name);
		*said = true;
	}
}

/* A frame of a region is for those who name it, each with its rights. False: it is of none, or more is wrong with it. */
static bool claim_region(struct check *c, const struct regime *r, const struct leaf *leaf, u32 *word, u64 phys, bool *said)
{
	int region = region_at(c, phys);
	unsigned rights = attr_rights(leaf->attr, STAGE_2);

	if (region < 0 || *word & (REACH_CORE | REACH_IMAGE))
		return false;
	if (!(*word & REACH_CELL))
		*word |= (u32)r->party + 1;
	if (*said || (!r->load && region_may(c, r->party, region, rights)))
		return true;
	*said = true;
	if (c->reach->shown++ < PAIRS)
		finding(c, "shared", "%s, guest address 0x%llx, physical page 0x%llx (%s): that is %s, and more than it may there", r->who,
			leaf->in + (phys - leaf->out), phys, rights_text(rights), region_text(c, phys, -1));
	return true;
}

/* ---- one party, what it may never reach */

/* What is the service CPU's alone. True: it is, and the leaf is of that CPU. */
static bool check_own(struct check *c, const struct regime *r, const struct leaf *leaf, unsigned rights)
{
	struct span s = { leaf->out, leaf->size };
	const struct own *own = own_at(c, s);
	bool mine = r->stage == STAGE_EL2 && c->ask->service >= 0 && r == &c->el2[c->ask->service];

	if (own && !mine)
		finding(c, "reach", "%s, %saddress 0x%llx, reaches %s, which the core has for itself, on %s", r->who, r->stage == STAGE_EL2 ? "" :
			"guest ", leaf->in, own->what, c->ask->service < 0 ? "no CPU" : arena_text(&c->arena, "CPU %d alone", c->ask->service));
	return own && mine && span_holds(own->span, s) && rights == attr_rights(own->attr, STAGE_EL2);
}

static void check_where(struct check *c, const struct regime *r, const struct leaf *leaf, unsigned rights)
{
	struct span s = { leaf->out, leaf->size }, hyp = c->ask->memory;
	u64 next, end = usable_end(c, s.base, &next);

	for (size_t i = 0; r->stage == STAGE_2 && i < c->hw->guarded.n; i++)
		if (span_meet(s, c->hw->guarded.v[i].span))
			finding(c, "reach", "%s, guest address 0x%llx, reaches %s at 0x%llx, which is no cell's", r->who, leaf->in,
				tree_name(&c->arena, c->hw->tree, c->hw->guarded.v[i].node), s.base);
	if (c->pa_bits < 48 && s.base + s.size > 1ull << (c->pa_bits & 63))
		finding(c, "reach", "%s reaches 0x%llx, beyond %llu physical address bits", r->who, s.base, c->pa_bits);
	if (c->own.n && check_own(c, r, leaf, rights))
		return;
	if (!(rights & PERM_DEVICE) && end && s.size <= end - s.base)
		return;
	if (r->stage != STAGE_DMA && regions_cover(c, r, s, rights))
		return; /* where a region is, is regions.c's business */
	for (size_t i = 0; i < c->hw->reserved.n; i++)
		if (span_meet(s, c->hw->reserved.v[i]))
			finding(c, "reach", "%s reaches reserved memory at 0x%llx", r->who, c->hw->reserved.v[i].base);
	for (size_t i = 0; rights & PERM_DEVICE && i < c->hw->ram.n; i++)
		if (span_meet(s, c->hw->ram.v[i]))
			finding(c, "reach", "%s reaches RAM at 0x%llx as a device", r->who, s.base);
	if (!(rights & PERM_DEVICE) && !span_holds(hyp, s))
		finding(c, "reach", "%s reaches 0x%llx, 0x%llx bytes, as memory, which is not within RAM", r->who, s.base, s.size);
	if (r->party == CORE || !span_meet(s, hyp) || (r->load && s.size == PAGE && (leaf->in == LOAD_LIST || leaf->in == LOAD_COPIER)))
		return;
	finding(c, "reach", "%s, guest address 0x%llx, reaches the hypervisor's memory at 0x%llx: %s", r->who, leaf->in, s.base,
		owner_of(c, s.base, r->party));
}

static void check_leaf_colors(struct check *c, const struct regime *r, const struct leaf *leaf)
{
	int party = r->party == CORE ? core_owner(c, leaf->in) : r->party;

	if (!party_colors(c, party)->set)
		return;
	for (u64 at = 0; at < leaf->size; at += PAGE)
		if (!color_ok(c, party, leaf->out + at) && region_at(c, leaf->out + at) < 0 && leaf->out + at - c->its.base >= c->its.size) {
			color_wrong(c, party, arena_text(&c->arena, "%s, %saddress 0x%llx", r->who, r->party == CORE ? "" : "guest ",
				leaf->in + at), leaf->out + at);
			return;
		}
}

static void claim(struct check *c, const struct regime *r, const struct leaf *leaf, void *context)
{
	unsigned rights = attr_rights(leaf->attr, r->stage);
	u32 *word = word_of(c, leaf->out);
	bool said = false;

	(void)context;
	if (r->stage == STAGE_DMA)
		dma_claim(c, r, leaf);
	for (u64 at = 0; r->stage != STAGE_DMA && at < leaf->size; at += PAGE, word++)
		if (r->party == CORE)
			claim_core(c, word, leaf->out + at, rights, &said);
		else if (!c->ask->regions.n || !claim_region(c, r, leaf, word, leaf->out + at, &said))
			claim_cell(c, r, leaf, word, leaf->out + at, &said);
	check_where(c, r, leaf, rights);
	if (!(rights & PERM_DEVICE))
		check_leaf_colors(c, r, leaf);
}

static void mark_images(struct check *c)
{
	for (size_t i = 0; i < c->img->extents.n; i++) {
		const struct extent *e = &c->img->extents.v[i];

		for (u64 at = 0; !strncmp(e->section->name, ".image.", 7) && at < e->size && !((e->phys + at) >> 48); at += PAGE)
			*word_of(c, e->phys + at) |= REACH_IMAGE;
	}
}

void reach_first(struct check *c)
{
	c->reach = arena_get(&c->arena, sizeof *c->reach);
	reach_usable(c, &c->reach->usable);
	mark_images(c);
	for (size_t i = 0; i < c->hw->cpus.n; i++)
		walk_first(c, &c->el2[i], claim, NULL);
	for (size_t i = 0; i < c->ask->cells.n; i++) {
		walk_first(c, &c->cells[i].run, claim, NULL);
		walk_first(c, &c->cells[i].load, claim, NULL);
	}
	for (size_t i = 0; i < c->ask->trees.n; i++)
		walk_first(c, &c->dma[i], claim, NULL);
}
