/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Whose is a physical address? In the words of findings and certificates. */
#include <string.h>

#include "cellcheck.h"

static bool at(u64 address, u64 base, u64 size)
{
	return address >= base && address - base < size;
}

struct looking {
	u64 phys;
	struct leaf *leaf;
	bool found;
};

static void look(struct check *c, const struct regime *r, const struct leaf *leaf, void *context)
{
	struct looking *l = context;

	(void)c;
	(void)r;
	if (!l->found && at(l->phys, leaf->out, leaf->size)) {
		*l->leaf = *leaf;
		l->found = true;
	}
}

bool find_output(struct check *c, const struct regime *r, u64 phys, struct leaf *leaf)
{
	struct looking l = { phys, leaf, false };

	walk_again(c, r, look, &l);
	return l.found;
}

static char *owner_cell(struct check *c, u64 phys, int but)
{
	int cell = (int)(reach_get(c, phys) & REACH_CELL) - 1;
	struct leaf leaf;

	if (cell < 0 || cell == but || !find_output(c, &c->cells[cell].run, phys, &leaf))
		return NULL;
	for (size_t r = 0; r < c->ask->cells.v[cell].ram.n; r++)
		if (at(leaf.in, c->ask->cells.v[cell].ram.v[r].base, c->ask->cells.v[cell].ram.v[r].size))
			return arena_text(&c->arena, "RAM of cell '%s' (its guest address 0x%llx)", c->ask->cells.v[cell].name,
				leaf.in + (phys - leaf.out));
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
	for (size_t i = hw->places.n; i-- > 0;) { /* the innermost */
		struct span s = hw->places.v[i].span;

		if (at(address, s.base & ~(PAGE - 1), s.size + (s.base & (PAGE - 1))))
			return tree_name(&c->arena, hw->tree, hw->places.v[i].node);
	}
	return NULL;
}

/* A BAR of a cell's function. */
static char *owner_bar(struct check *c, u64 address, int but)
{
	for (size_t i = 0; i < c->ask->functions.n; i++) {
		const struct ask_function *f = &c->ask->functions.v[i];
		const char *name = c->ask->cells.v[f->cell].name;

		for (size_t n = 0; n < f->bars.n; n++) {
			struct span s = bar_pages(c, f, n);

			if (at(address, s.base, s.size))
				return arena_text(&c->arena, "BAR %u of %s%s%s%s", f->bars.v[n].index, device_name(c, f->node),
					(int)f->cell == but ? "" : " of cell '", (int)f->cell == but ? "" : name, (int)f->cell == but ? "" : "'");
		}
		if (at(address, f->config, PAGE))
			return arena_text(&c->arena, "the configuration space of %s", device_name(c, f->node));
	}
	return NULL;
}

/* The core reaches a BAR only for the register that resets its function. */
static const char *resets(struct check *c, const struct leaf *l)
{
	for (size_t i = 0; i < c->ask->functions.n; i++) {
		const struct ask_function *f = &c->ask->functions.v[i];
		u64 page = reset_page(c, f);

		if (page && at(page, l->out, l->size))
			return arena_text(&c->arena, ": the register that resets %s", device_name(c, f->node));
	}
	return "";
}

char *owner_stretch(struct check *c, const struct leaf *l, enum stage stage, int but)
{
	return arena_text(&c->arena, "%s%s", owner_of(c, l->out, but), stage == STAGE_EL2 ? resets(c, l) : "");
}

char *owner_of(struct check *c, u64 phys, int but)
{
	const struct extent *e = extent_phys(c->img, phys & ~(PAGE - 1));
	char *text;

	if (e)
		return arena_text(&c->arena, "%s of the image", e->section->name);
	if (at(phys, c->ask->memory.base, c->ask->memory.size))
		return arena_text(&c->arena, "the hypervisor's memory");
	if (at(phys, c->its.base, c->its.size))
		return arena_text(&c->arena, "what the ITS keeps in memory");
	text = region_text(c, phys, but);
	if (!text)
		text = owner_cell(c, phys, but);
	if (!text)
		text = owner_bar(c, phys, but);
	if (!text)
		text = owner_device(c, phys);
	return text ? text : arena_text(&c->arena, "nothing of the board");
}
