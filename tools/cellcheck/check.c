/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* One check: the walks first, because what a finding says of one tree needs the others. */
#include <string.h>

#include "cellcheck.h"

#define REGS 128

static void find_cpus(struct check *c, u32 *user)
{
	struct object regs = object_get(c, "machine_regs", c->hw->cpus.n * REGS);

	c->stack0 = object_field(regs, REGS, 0, 8, 8);
	for (size_t i = 0; i < c->hw->cpus.n; i++)
		c->el2[i] = (struct regime) { .who = arena_text(&c->arena, "core on CPU %zu", i), .stage = STAGE_EL2, .party = CORE,
			.user = (*user)++, .root = object_field(regs, REGS, i, 40, 8) };
}

/* The load root is in vttbr_load of the cell's CPUs; regs.c wants them all equal. */
static u64 load_root(struct check *c, size_t cell)
{
	struct object regs = object_get(c, "machine_regs", c->hw->cpus.n * REGS);

	return object_field(regs, REGS, (size_t)c->ask->cells.v[cell].cpus.v[0], 64, 8) & 0xffffffffffff;
}

/*
 * The entries of the load root that are the run root's: those of each GiB with memory. What
 * differs is no such entry, so it is walked, and compared with what a load root may have.
 */
static void find_shared(struct check *c, size_t cell)
{
	struct cell_trees *t = &c->cells[cell];
	const struct ask_cell *ask = &c->ask->cells.v[cell];
	const u8 *run = table_page(c, t->run.root), *load = table_page(c, t->load.root);

	for (u64 n = 0; run && load && n < 511; n++) /* the last is the load window */
		t->load.shared[n] = has_memory(ask, n) && !memcmp(run + 8 * n, load + 8 * n, 8);
}

static void find_cells(struct check *c, u32 *user)
{
	struct object o = object_get(c, "machine_cells", c->ask->cells.n * CELL_SIZE);

	for (size_t i = 0; i < c->ask->cells.n; i++) {
		struct cell_trees *t = &c->cells[i];
		const char *name = c->ask->cells.v[i].name;
		struct leaf list;

		t->run = (struct regime) { .who = arena_text(&c->arena, "cell '%s'", name), .stage = STAGE_2, .party = (int)i,
			.user = (*user)++ };
		t->load = (struct regime) { .who = arena_text(&c->arena, "cell '%s' while loading", name), .stage = STAGE_2, .party = (int)i,
			.load = true, .user = (*user)++, .root = load_root(c, i) };
		image_phys(c->img, object_field(o, CELL_SIZE, i, 56, 8), &t->run.root);
		t->entry = object_field(o, CELL_SIZE, i, 32, 8);
		find_shared(c, i);
		if (look_up(c, &t->load, LOAD_LIST, &list) && list.in == LOAD_LIST)
			t->list = list.out;
	}
}

void check_run(struct check *c)
{
	struct object board = object_get(c, "machine_board", 24);
	u32 user = 1;

	c->pa_bits = object_field(board, 24, 0, 8, 8);
	c->el2 = arena_get(&c->arena, c->hw->cpus.n * sizeof *c->el2);
	c->cells = arena_get(&c->arena, c->ask->cells.n * sizeof *c->cells);
	c->pages = arena_get(&c->arena, (c->img->tables->size / PAGE + 1) * sizeof *c->pages);
	if (c->img->malformed)
		finding(c, "file", "%s", c->img->malformed);
	life_find(c);
	find_cpus(c, &user);
	find_cells(c, &user);
	dma_find(c, &user);
	its_find(c);
	frames_slots(c);
	regions_place(c);
	core_find(c);
	reach_first(c); /* first: its words are the clearest */
	dma_tables(c);
	check_lists(c); /* takes pages of .tables, so before their owners are asked for */
	check_frames(c);
	check_colors(c);
	check_el2(c);
	check_cells(c);
	check_dma(c);
	walk_rest(c);
	check_regs(c);
	check_objects(c);
	check_lives(c);
	check_core(c);
	check_iommus(c);
	check_entries(c);
	check_functions(c);
	check_its(c);
	check_routes(c);
	check_index(c);
	check_scan(c);
	check_vectors(c);
	check_hash(c);
}

void check_free(struct check *c)
{
	arena_free(&c->arena);
}
