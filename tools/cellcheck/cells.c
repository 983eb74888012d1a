/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What each cell may reach: exactly what the partition gives it, in its run root and in its
 * load root. Only the places of its RAM and of regions are taken from the image where the
 * partition leaves them open; that these are nobody else's is reach.c's business.
 */
#include <string.h>

#include "cellcheck.h"

/* Each range of its memory, as the run root has it. */
void wanted_ram(struct check *c, size_t cell, u64 attr, wants *wanted)
{
	const struct ask_cell *ask = &c->ask->cells.v[cell];
	size_t first = 0;

	for (size_t i = 0; i < cell; i++)
		first += c->ask->cells.v[i].ram.n;
	for (size_t i = 0; i < ask->ram.n; i++) {
		const struct ask_range *r = &ask->ram.v[i];
		struct range range = { r->base, r->physical, r->size, attr, ask->colors.set, r->placed };
		struct leaf leaf;

		if (!range.placed)
			range.placed = index_range_base(c, first + i, &range.out);
		if (attr == S2_RAM && (!look_up(c, &c->cells[cell].run, r->base, &leaf) || leaf.out + (r->base - leaf.in) != range.out))
			finding(c, "mapping", "cell '%s': its memory at guest address 0x%llx does not begin at 0x%llx, as machine_index or the "
				"partition says", ask->name, r->base, range.out);
		if (range.size)
			*VEC_ADD(&c->arena, *wanted) = range;
	}
}

static void wanted_run(struct check *c, size_t cell, wants *wanted)
{
	const struct ask_cell *ask = &c->ask->cells.v[cell];

	wanted_ram(c, cell, S2_RAM, wanted);
	for (size_t i = 0; i < ask->shares.n; i++) {
		const struct ask_share *s = &ask->shares.v[i];
		struct span place = c->regions[s->region];

		range_add(c, wanted, s->said ? s->base : place.base, place.base, place.size, s->write ? S2_SHARED : S2_SHARED_READ);
	}
	for (size_t i = 0; i < ask->pages.n; i++)
		range_add(c, wanted, ask->pages.v[i].base, ask->pages.v[i].base, ask->pages.v[i].size, S2_DEVICE);
	for (size_t i = 0; i < c->ask->functions.n; i++)
		for (size_t n = 0; c->ask->functions.v[i].cell == cell && n < c->ask->functions.v[i].bars.n; n++) {
			struct span bar = bar_pages(c, &c->ask->functions.v[i], n);

			range_add(c, wanted, bar.base, bar.base, bar.size, S2_DEVICE);
		}
	for (size_t n = 0; ask->direct && n < ask->cpus.n; n++)
		range_add(c, wanted, GUEST_GICR + n * 2 * FRAME + FRAME, c->hw->cpus.v[ask->cpus.v[n]].gicr + FRAME, FRAME, S2_DEVICE);
}

/* Besides what it shares with the run root. */
static void wanted_load(struct check *c, size_t cell, wants *wanted)
{
	struct piece piece[3];
	size_t count = list_pieces(c, cell, piece);
	u64 out;

	image_phys(c->img, c->img->copier->base + cell * PAGE, &out);
	range_add(c, wanted, LOAD_COPIER, out, PAGE, S2_COPIER);
	range_add(c, wanted, LOAD_LIST, c->cells[cell].list, PAGE, S2_READ);
	for (size_t k = 0; k < count; k++)
		if (piece[k].image && image_phys(c->img, piece[k].image->base, &out)) {
			range_add(c, wanted, piece[k].source, out, (piece[k].image->size + PAGE - 1) & ~(PAGE - 1), S2_READ);
			if (wanted->n)
				wanted->v[wanted->n - 1].stripes = c->ask->cells.v[cell].colors.set;
		}
}

bool has_memory(const struct ask_cell *ask, u64 gib)
{
	for (size_t i = 0; i < ask->ram.n; i++)
		if (span_meet((struct span) { ask->ram.v[i].base, ask->ram.v[i].size }, (struct span) { gib * GIB, GIB }))
			return true;
	return false;
}

/* Each GiB with memory: the same entry. */
static void check_shared(struct check *c, size_t cell)
{
	const struct cell_trees *t = &c->cells[cell];
	const struct ask_cell *ask = &c->ask->cells.v[cell];
	const u8 *run = table_page(c, t->run.root), *load = table_page(c, t->load.root);

	for (u64 n = 0; run && load && n < 512; n++)
		if (has_memory(ask, n) && !t->load.shared[n])
			finding(c, "mapping", "%s: the root's entry for 0x%llx is 0x%llx, not the run root's 0x%llx", t->load.who, n * GIB,
				get64(load + 8 * n), get64(run + 8 * n));
}

/* The root in force, which the core may zero and restore, against its constant. */
static void check_roots(struct check *c, size_t cell)
{
	const char *name = c->ask->cells.v[cell].name;
	const u8 *original = table_page(c, c->cells[cell].run.root);

	if (original && c->img->roots->size >= (cell + 1) * PAGE && memcmp(original, c->img->roots->bytes + cell * PAGE, PAGE))
		finding(c, "root-in-force", "cell '%s': its page of .roots (0x%llx) is not its constant original (0x%llx)",
			name, c->img->roots->base + cell * PAGE, c->img->tables->base + cell * PAGE);
}

static bool masters_bus(const struct check *c, size_t cell, int node)
{
	for (size_t i = 0; i < c->ask->cells.v[cell].passive.n; i++)
		if (c->ask->cells.v[cell].passive.v[i] == node)
			return false;
	for (size_t i = 0; i < c->ask->streams.n; i++)
		if (c->ask->streams.v[i].cell == cell && c->ask->streams.v[i].node == node)
			return true;
	for (size_t i = 0; i < c->ask->cells.v[cell].loose.n; i++)
		if (c->ask->cells.v[cell].loose.v[i] == node)
			return true;
	return false;
}

/* Without an IOMMU a device that masters the bus reaches every cell, whatever the tables say. */
static void check_masters(struct check *c, size_t cell)
{
	const struct ask_cell *ask = &c->ask->cells.v[cell];
	bool again = life_again(c, cell);
	size_t first = 0;
	u64 phys;

	for (size_t i = 0; i < cell; i++)
		first += c->ask->cells.v[i].ram.n;
	for (size_t i = 0; i < ask->loose.n; i++)
		if (!ask->trusted || function_of(c->ask, ask->loose.v[i]))
			finding(c, "bus-master", "cell '%s' has %s, which can master the bus, without an IOMMU", ask->name,
				tree_name(&c->arena, c->hw->tree, ask->loose.v[i]));
	for (size_t i = 0; again && i < ask->devices.n; i++)
		if (!function_of(c->ask, ask->devices.v[i]) && masters_bus(c, cell, ask->devices.v[i]))
			finding(c, "bus-master", "cell '%s' is loaded again, but nobody resets %s, which can master the bus", ask->name,
				tree_name(&c->arena, c->hw->tree, ask->devices.v[i]));
	for (size_t i = 0; ask->trusted && i < ask->ram.n; i++)
		if (!index_range_base(c, first + i, &phys) || phys != ask->ram.v[i].base)
			finding(c, "bus-master", "cell '%s' is trusted with DMA past an IOMMU, but its memory at guest address 0x%llx is elsewhere "
				"for its devices", ask->name, ask->ram.v[i].base);
}

/* One page for each cell, all the same. */
static void check_copier(struct check *c, size_t cell)
{
	const struct section *s = c->img->copier;

	if (s->size >= (cell + 1) * PAGE && memcmp(s->bytes, s->bytes + cell * PAGE, PAGE))
		finding(c, "load", "the copier of cell '%s' is not that of cell '%s'", c->ask->cells.v[cell].name, c->ask->cells.v[0].name);
}

void check_cells(struct check *c)
{
	for (size_t i = 0; i < c->ask->cells.n; i++) {
		wants run = { 0 }, load = { 0 };

		check_roots(c, i);
		check_masters(c, i);
		check_copier(c, i);
		wanted_run(c, i, &run);
		compare(c, &c->cells[i].run, &run);
		wanted_load(c, i, &load);
		check_shared(c, i);
		compare(c, &c->cells[i].load, &load);
	}
}
