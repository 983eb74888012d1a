/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What a regime maps, for people: leaves that continue each other as one, coloured frames too. */
#include <string.h>

#include "cellcheck.h"

struct summing {
	summary *found;
	bool scatter; /* frames that do not continue each other may be one stretch */
};

static void add(struct check *c, const struct regime *r, const struct leaf *leaf, void *context)
{
	struct summing *s = context;
	struct stretch *last = s->found->n ? &s->found->v[s->found->n - 1] : NULL;
	bool follows = last && last->leaf.in + last->leaf.size == leaf->in && last->leaf.attr == leaf->attr;
	bool contiguous = follows && !last->scattered && last->leaf.out + last->leaf.size == leaf->out;

	if (follows && (contiguous || (s->scatter && !(attr_rights(leaf->attr, r->stage) & PERM_DEVICE)))) {
		last->leaf.size += leaf->size;
		last->scattered = !contiguous;
	} else
		*VEC_ADD(&c->arena, *s->found) = (struct stretch) { *leaf, false };
}

void summary_of(struct check *c, const struct regime *r, summary *found)
{
	struct summing s = { found, r->party == CORE ? c->ask->colors.set || c->ask->colored : party_colors(c, r->party)->set };

	walk_again(c, r, add, &s);
}

/* The part of a stretch that is in a GiB. */
static void clip(struct check *c, const struct regime *r, const struct stretch *s, u64 gib, summary *found)
{
	u64 from = s->leaf.in > gib ? s->leaf.in : gib, end = s->leaf.in + s->leaf.size;
	struct stretch part = *s, *last = found->n ? &found->v[found->n - 1] : NULL;
	struct leaf leaf;

	end = end < gib + GIB ? end : gib + GIB;
	if (from >= end)
		return;
	if (last && last->leaf.in + last->leaf.size == from && from != s->leaf.in) {
		last->leaf.size += end - from; /* goes on from the GiB before */
		return;
	}
	part.leaf.size = end - from;
	part.leaf.in = from;
	part.leaf.out += from - s->leaf.in;
	if (s->scattered && look_up(c, r, from, &leaf))
		part.leaf.out = leaf.out + (from - leaf.in);
	*VEC_ADD(&c->arena, *found) = part;
}

void cell_summary(struct check *c, size_t cell, const summary **run, const summary **load)
{
	struct cell_trees *t = &c->cells[cell];

	if (!t->run_summary.n && !t->load_summary.n) {
		summary_of(c, &t->run, &t->run_summary);
		for (u64 n = 0; n < 512; n++)
			for (size_t i = 0; t->load.shared[n] && i < t->run_summary.n; i++)
				clip(c, &t->run, &t->run_summary.v[i], n * GIB, &t->load_summary);
		summary_of(c, &t->load, &t->load_summary);
	}
	*run = &t->run_summary;
	*load = &t->load_summary;
}

/* Memory that the cell may write is its own RAM, or there is a counter-example. */
bool is_ram(const struct leaf *leaf)
{
	unsigned rights = attr_rights(leaf->attr, STAGE_2);

	return rights & PERM_W && !(rights & PERM_DEVICE);
}
