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

void summary_of(struct check *c, const struct regime *r, const bool *skip, summary *found)
{
	struct summing s = { found, r->party == CORE ? c->ask->colors.set || c->ask->colored : party_colors(c, r->party)->set };

	walk_again(c, r, skip, add, &s);
}

void load_summary(struct check *c, size_t cell, summary *found)
{
	const struct cell_trees *t = &c->cells[cell];
	bool skip[512];

	for (size_t i = 0; i < 512; i++)
		skip[i] = !t->load.shared[i];
	summary_of(c, &t->run, skip, found);
	summary_of(c, &t->load, NULL, found);
}
