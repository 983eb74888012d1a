/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* One check: the walks first, because what a finding says of one tree needs the others. */
#include <string.h>

#include "cellcheck.h"

#define CELL_SIZE 240
#define REGS 128

static void walk_cpus(struct check *c, u32 *user)
{
	struct object regs = object_get(c, "machine_regs", c->hw->cpus.n * REGS);

	c->stack0 = object_field(regs, REGS, 0, 8, 8);
	for (size_t i = 0; regs.p && i < c->hw->cpus.n; i++)
		walk(c, arena_text(&c->arena, "core on CPU %zu", i), object_field(regs, REGS, i, 40, 8), (*user)++, &c->el2[i]);
}

/* The load root is in vttbr_load of the cell's CPUs; regs.c wants them all equal. */
static u64 load_root(struct check *c, size_t cell)
{
	struct object regs = object_get(c, "machine_regs", c->hw->cpus.n * REGS);

	return object_field(regs, REGS, (size_t)c->ask->cells.v[cell].cpus.v[0], 64, 8) & 0xffffffffffff;
}

static void walk_cells(struct check *c, u32 *user)
{
	struct object o = object_get(c, "machine_cells", c->ask->cells.n * CELL_SIZE);

	for (size_t i = 0; o.p && i < c->ask->cells.n; i++) {
		struct cell_trees *t = &c->cells[i];
		const char *name = c->ask->cells.v[i].name;

		t->run_const = object_field(o, CELL_SIZE, i, 56, 8);
		t->entry = object_field(o, CELL_SIZE, i, 32, 8);
		t->load_root = load_root(c, i);
		walk(c, arena_text(&c->arena, "cell '%s'", name), t->run_const, (*user)++, &t->run);
		walk(c, arena_text(&c->arena, "cell '%s' while loading", name), t->load_root, (*user)++, &t->load);
		for (size_t n = 0; n < t->load.n; n++)
			if (t->load.v[n].in == LOAD_LIST)
				t->list = t->load.v[n].out;
	}
}

void check_run(struct check *c)
{
	struct object board = object_get(c, "machine_board", 24);
	u32 user = 1;

	c->pa_bits = object_field(board, 24, 0, 8, 8);
	c->el2 = arena_get(&c->arena, c->hw->cpus.n * sizeof *c->el2);
	c->cells = arena_get(&c->arena, c->ask->cells.n * sizeof *c->cells);
	c->page_user = arena_get(&c->arena, (c->img->tables->size / PAGE + 1) * sizeof *c->page_user);
	if (c->img->malformed)
		finding(c, "file", "%s", c->img->malformed);
	walk_cpus(c, &user);
	walk_cells(c, &user);
	check_reach(c); /* first: its words are the clearest */
	check_el2(c);
	check_cells(c);
	check_lists(c);
	walk_rest(c);
	check_regs(c);
	check_objects(c);
	check_routes(c);
	check_scan(c);
	check_hash(c);
}

void check_free(struct check *c)
{
	arena_free(&c->arena);
}
