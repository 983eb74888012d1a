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

/* The BARs of a function that a span has: "BAR 0 of nic0", "BARs 0, 1 and 3 of nic0". NULL: none. */
static char *bars_text(struct check *c, const struct ask_function *f, struct span s, int but)
{
	const char *name = c->ask->cells.v[f->cell].name;
	bool own = (int)f->cell == but;
	char *text = NULL;
	size_t count = 0, n = 0;

	for (size_t i = 0; i < f->bars.n; i++)
		count += span_meet(s, bar_pages(c, f, i));
	for (size_t i = 0; i < f->bars.n; i++)
		if (span_meet(s, bar_pages(c, f, i))) {
			text = arena_text(&c->arena, "%s%s%u", n ? text : count > 1 ? "BARs " : "BAR ", !n ? "" : n + 1 == count ? " and " : ", ",
				f->bars.v[i].index);
			n++;
		}
	return text ? arena_text(&c->arena, "%s of %s%s%s%s", text, device_name(c, f->node), own ? "" : " of cell '", own ? "" : name,
		own ? "" : "'") : NULL;
}

/* A BAR of a cell's function, or its configuration space. */
static char *owner_bar(struct check *c, u64 address, int but)
{
	for (size_t i = 0; i < c->ask->functions.n; i++) {
		const struct ask_function *f = &c->ask->functions.v[i];
		char *text = bars_text(c, f, (struct span) { address, 1 }, but);

		if (text)
			return text;
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

/* Whose its first page is, and all BARs that are in it. What begins with a function's: all configuration spaces too. */
static char *owners(struct check *c, const struct leaf *l, enum stage stage, int but)
{
	bool device = attr_rights(l->attr, stage) & PERM_DEVICE;
	bool first = owner_bar(c, l->out, but);
	char *text = first ? NULL : owner_of(c, l->out, but);

	for (size_t i = 0; device && i < c->ask->functions.n; i++) {
		const struct ask_function *f = &c->ask->functions.v[i];
		char *more = bars_text(c, f, (struct span) { l->out, l->size }, but);

		if (!more && first && at(f->config, l->out, l->size))
			more = arena_text(&c->arena, "the configuration space of %s", device_name(c, f->node));
		if (more)
			text = text ? arena_text(&c->arena, "%s, %s", text, more) : more;
	}
	return text ? text : owner_of(c, l->out, but);
}

char *owner_stretch(struct check *c, const struct leaf *l, enum stage stage, int but)
{
	return arena_text(&c->arena, "%s%s", owners(c, l, stage, but), stage == STAGE_EL2 ? resets(c, l) : "");
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
	if (own_at(c, (struct span) { phys, 1 }))
		return arena_text(&c->arena, "%s", own_at(c, (struct span) { phys, 1 })->what);
	text = region_text(c, phys, but);
	if (!text)
		text = owner_cell(c, phys, but);
	if (!text)
		text = owner_bar(c, phys, but);
	if (!text)
		text = owner_device(c, phys);
	return text ? text : arena_text(&c->arena, "nothing of the board");
}
