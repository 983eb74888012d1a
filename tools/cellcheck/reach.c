/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Who reaches what, from the leaves alone: whatever the tables were meant to say, does a
 * physical byte belong to two parties? The only things that two may reach are the copier (all
 * cells, while they load), a load list (its cell and the core, both to read), the SGI frame
 * of a direct cell's CPU, and a region that both cells name.
 */
#include <stdlib.h>
#include <string.h>

#include "cellcheck.h"

struct reach {
	u64 out, size, in;
	unsigned rights;
	int party; /* cell, or CORE */
	bool load;
};
enum { CORE = -1 };
typedef VEC(struct reach) reaches;

static bool at(u64 address, u64 base, u64 size)
{
	return address >= base && address - base < size;
}

void leaves_merge(struct arena *a, const leaves *from, leaves *to)
{
	for (size_t i = 0; i < from->n; i++) {
		struct leaf l = from->v[i], *last = to->n ? &to->v[to->n - 1] : NULL;

		if (last && last->in + last->size == l.in && last->out + last->size == l.out && last->attr == l.attr)
			last->size += l.size;
		else
			*VEC_ADD(a, *to) = l;
	}
}

/* ---- whose is an address? */

static char *owner_cell(struct check *c, u64 address, int but)
{
	for (size_t i = 0; i < c->ask->cells.n; i++)
		for (size_t n = 0; (int)i != but && n < c->cells[i].run.n; n++) {
			const struct leaf *l = &c->cells[i].run.v[n];

			for (size_t r = 0; at(address, l->out, l->size) && r < c->ask->cells.v[i].ram.n; r++)
				if (at(l->in, c->ask->cells.v[i].ram.v[r].base, c->ask->cells.v[i].ram.v[r].size))
					return arena_text(&c->arena, "RAM of cell '%s' (its guest address 0x%llx)", c->ask->cells.v[i].name,
						l->in + (address - l->out));
		}
	return NULL;
}

static char *owner_device(struct check *c, u64 address)
{
	const struct hw *hw = c->hw;

	if (at(address, hw->gicd, FRAME))
		return arena_text(&c->arena, "the interrupt distributor");
	for (size_t i = 0; i < hw->cpus.n; i++)
		if (at(address, hw->cpus.v[i].gicr, 2 * FRAME))
			return arena_text(&c->arena, "the redistributor of CPU %zu, %s frame", i,
				address - hw->cpus.v[i].gicr < FRAME ? "RD" : "SGI");
	if (at(address, c->ask->console & ~(PAGE - 1), PAGE))
		return arena_text(&c->arena, "the core's console");
	for (size_t i = hw->tree->nodes.n; i-- > 1;) {
		spans regs = { 0 };

		if (tree_below(hw->tree, (int)i, tree_child(hw->tree, 0, "domains")))
			continue;
		tree_regs(&c->arena, hw->tree, (int)i, &regs);
		for (size_t n = 0; n < regs.n; n++)
			if (at(address, regs.v[n].base & ~(PAGE - 1), regs.v[n].size + (regs.v[n].base & (PAGE - 1))))
				return arena_text(&c->arena, "%s", tree_name(&c->arena, hw->tree, (int)i));
	}
	return NULL;
}

char *owner_of(struct check *c, u64 address, int but)
{
	const struct image *img = c->img;
	char *text;

	for (size_t i = 0; i < img->sections.n; i++)
		if (at(address, img->sections.v[i].base, (img->sections.v[i].size + PAGE - 1) & ~(PAGE - 1)))
			return arena_text(&c->arena, "%s of the image", img->sections.v[i].name);
	if (at(address, img->hyp_base, img->hyp_size))
		return arena_text(&c->arena, "the hypervisor's memory");
	text = region_text(c, address, but);
	if (!text)
		text = owner_cell(c, address, but);
	if (!text)
		text = owner_device(c, address);
	return text ? text : arena_text(&c->arena, "nothing of the board");
}

/* ---- two parties */

static void collect(struct check *c, reaches *all, const leaves *found, enum stage stage, int party, bool load)
{
	leaves merged = { 0 };

	leaves_merge(&c->arena, found, &merged);
	for (size_t i = 0; i < merged.n; i++) {
		const struct leaf *l = &merged.v[i];

		*VEC_ADD(&c->arena, *all) = (struct reach) { l->out, l->size, l->in, attr_rights(l->attr, stage), party, load };
	}
}

static int by_output(const void *a, const void *b)
{
	const struct reach *x = a, *y = b;

	if (x->out != y->out)
		return x->out < y->out ? -1 : 1;
	if (x->party != y->party)
		return x->party - y->party;
	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return (int)x->rights - (int)y->rights;
}

static const char *party_name(struct check *c, const struct reach *r)
{
	if (r->party == CORE)
		return "the core";
	return arena_text(&c->arena, "cell '%s'%s", c->ask->cells.v[r->party].name, r->load ? " while loading" : "");
}

static bool own_frame(struct check *c, const struct reach *cell, const struct reach *core)
{
	const struct ask_cell *ask = &c->ask->cells.v[cell->party];

	for (size_t n = 0; ask->direct && !cell->load && n < ask->cpus.n; n++)
		if (cell->out == c->hw->cpus.v[ask->cpus.v[n]].gicr + FRAME && cell->size <= FRAME)
			return core->rights & PERM_DEVICE;
	return false;
}

static bool shared_region(struct check *c, const struct reach *a, const struct reach *b)
{
	u64 base = a->out > b->out ? a->out : b->out;
	u64 end = a->out + a->size < b->out + b->size ? a->out + a->size : b->out + b->size;

	return regions_declared(c, (struct span) { base, end - base }, (int[]) { a->party, b->party }, (unsigned[]) { a->rights, b->rights });
}

static bool declared(struct check *c, const struct reach *a, const struct reach *b)
{
	const struct reach *cell = a->party == CORE ? b : a, *other = a->party == CORE ? a : b;
	unsigned both = (a->rights | b->rights) & PERM_W;

	if (cell->load && cell->out == c->img->copier->base && cell->size == PAGE && !both)
		return other->party == CORE || (other->load && other->out == cell->out && other->size == PAGE);
	if (other->party != CORE)
		return !cell->load && !other->load && shared_region(c, cell, other);
	return (cell->load && cell->in == LOAD_LIST && cell->size == PAGE && cell->out == c->cells[cell->party].list && !both) ||
		own_frame(c, cell, other);
}

static void two_parties(struct check *c, const struct reach *a, const struct reach *b)
{
	u64 address = a->out > b->out ? a->out : b->out;
	const struct reach *cell = a->party == CORE ? b : a, *other = a->party == CORE ? a : b;

	finding(c, "shared", "%s, guest address 0x%llx, physical page 0x%llx (%s): also reachable by %s (%saddress 0x%llx, %s)",
		party_name(c, cell), cell->in + (address - cell->out), address, rights_text(cell->rights), party_name(c, other),
		other->party == CORE ? "" : "guest ", other->in + (address - other->out), rights_text(other->rights));
}

#define PAIRS 20

static void check_pairs(struct check *c, const reaches *all)
{
	struct reach const **active = arena_get(&c->arena, (all->n + 1) * sizeof *active);
	size_t count = 0, shown = 0;

	for (size_t i = 0; i < all->n; i++) {
		const struct reach *r = &all->v[i];
		size_t kept = 0;

		if (i && !by_output(r, r - 1) && r->party == CORE)
			continue; /* the same of another CPU */
		for (size_t n = 0; n < count; n++)
			if (r->out - active[n]->out < active[n]->size)
				active[kept++] = active[n];
		count = kept;
		for (size_t n = 0; n < count && shown < PAIRS; n++) {
			if (active[n]->party == CORE && r->party == CORE && (active[n]->rights | r->rights) & PERM_X &&
				(active[n]->rights | r->rights) & PERM_W) {
				finding(c, "w-xor-x", "the core can write 0x%llx on one CPU and execute it on another", r->out);
				shown++;
			}
			if (active[n]->party != r->party && !declared(c, active[n], r)) {
				two_parties(c, active[n], r);
				shown++;
			}
		}
		if ((r->rights & (PERM_W | PERM_X)) == (PERM_W | PERM_X) && r->party == CORE)
			finding(c, "w-xor-x", "the core can write and execute 0x%llx", r->out);
		active[count++] = r;
	}
}

/* ---- one party, what it may never reach */

static bool in_ram(struct check *c, struct span s)
{
	for (size_t i = 0; i < c->hw->ram.n; i++)
		if (span_holds(c->hw->ram.v[i], s))
			return true;
	return false;
}

/* Reserved memory is nobody's but for those who name it. */
static bool own_region(struct check *c, const struct reach *r, struct span reserved)
{
	struct reach region = { .out = reserved.base, .size = reserved.size, .party = r->party };

	return r->party != CORE && !r->load && shared_region(c, r, &region);
}

static void check_one(struct check *c, const struct reach *r)
{
	const struct image *img = c->img;
	struct span s = { r->out, r->size };
	bool list = r->load && r->in == LOAD_LIST && r->size == PAGE, copier = r->load && r->in == LOAD_COPIER && r->size == PAGE;
	const char *who = party_name(c, r);

	if (c->pa_bits < 48 && s.base + s.size > 1ull << c->pa_bits)
		finding(c, "reach", "%s reaches 0x%llx, beyond %llu physical address bits", who, s.base, c->pa_bits);
	for (size_t i = 0; i < c->hw->reserved.n; i++)
		if (span_meet(s, c->hw->reserved.v[i]) && !own_region(c, r, c->hw->reserved.v[i]))
			finding(c, "reach", "%s reaches reserved memory at 0x%llx", who, c->hw->reserved.v[i].base);
	if (!(r->rights & PERM_DEVICE) && !in_ram(c, s))
		finding(c, "reach", "%s reaches 0x%llx, 0x%llx bytes, as memory, which is not within RAM", who, s.base, s.size);
	for (size_t i = 0; r->rights & PERM_DEVICE && i < c->hw->ram.n; i++)
		if (span_meet(s, c->hw->ram.v[i]))
			finding(c, "reach", "%s reaches RAM at 0x%llx as a device", who, s.base);
	if (r->party == CORE || list || copier)
		return;
	if (span_meet(s, (struct span) { img->hyp_base, img->hyp_size }))
		finding(c, "reach", "%s, guest address 0x%llx, reaches the hypervisor's memory at 0x%llx: %s", who, r->in, s.base,
			owner_of(c, s.base, r->party));
	for (size_t i = 0; i < img->sections.n && (!r->load || r->rights != PERM_R || r->in < LOAD_IMAGES); i++)
		if (!strncmp(img->sections.v[i].name, ".image.", 7) &&
			span_meet(s, (struct span) { img->sections.v[i].base, img->sections.v[i].size }))
			finding(c, "reach", "%s, guest address 0x%llx, physical 0x%llx, 0x%llx bytes, reaches %s, a pristine image", who, r->in, s.base,
				s.size, img->sections.v[i].name);
}

void check_reach(struct check *c)
{
	reaches all = { 0 };

	for (size_t i = 0; i < c->hw->cpus.n; i++)
		collect(c, &all, &c->el2[i], STAGE_EL2, CORE, false);
	for (size_t i = 0; i < c->ask->cells.n; i++) {
		collect(c, &all, &c->cells[i].run, STAGE_2, (int)i, false);
		collect(c, &all, &c->cells[i].load, STAGE_2, (int)i, true);
	}
	if (all.n)
		qsort(all.v, all.n, sizeof *all.v, by_output);
	check_pairs(c, &all);
	for (size_t i = 0; i < all.n; i++)
		if (!i || by_output(&all.v[i], &all.v[i - 1]))
			check_one(c, &all.v[i]);
}
