/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What each cell may reach: exactly what the partition gives it, in its run root and in its
 * load root. Only the places of its RAM and of regions are taken from the tables where the
 * partition leaves them open; that it is nobody else's is reach.c's business.
 */
#include <string.h>

#include "cellcheck.h"

static void wanted_ram(struct check *c, size_t cell, u64 attr, leaves *wanted)
{
	const struct ask_cell *ask = &c->ask->cells.v[cell];

	for (size_t i = 0; i < ask->ram.n; i++) {
		const struct ask_range *r = &ask->ram.v[i];
		u64 out = r->physical;

		/* from the run root in both cases: both roots show the same RAM */
		if (!r->placed && !leaf_place(&c->cells[cell].run, r->base, &out))
			finding(c, "mapping", "cell '%s': nothing is at guest address 0x%llx, where its memory begins", ask->name, r->base);
		else
			range_add(c, wanted, r->base, out, r->size, attr);
	}
}

static void wanted_run(struct check *c, size_t cell, leaves *wanted)
{
	const struct ask_cell *ask = &c->ask->cells.v[cell];

	wanted_ram(c, cell, S2_RAM, wanted);
	for (size_t i = 0; i < ask->shares.n; i++) {
		const struct ask_share *s = &ask->shares.v[i];
		u64 place = c->regions[s->region].base;

		range_add(c, wanted, s->said ? s->base : place, place, c->ask->regions.v[s->region].size, s->write ? S2_SHARED : S2_SHARED_READ);
	}
	for (size_t i = 0; i < ask->pages.n; i++)
		range_add(c, wanted, ask->pages.v[i].base, ask->pages.v[i].base, ask->pages.v[i].size, S2_DEVICE);
	for (size_t n = 0; ask->direct && n < ask->cpus.n; n++)
		range_add(c, wanted, GUEST_GICR + n * 2 * FRAME + FRAME, c->hw->cpus.v[ask->cpus.v[n]].gicr + FRAME, FRAME, S2_DEVICE);
}

static void wanted_load(struct check *c, size_t cell, leaves *wanted)
{
	struct piece piece[3];
	size_t count = list_pieces(c, cell, piece);

	wanted_ram(c, cell, S2_RAM_LOAD, wanted);
	range_add(c, wanted, LOAD_COPIER, c->img->copier->base, PAGE, S2_COPIER);
	range_add(c, wanted, LOAD_LIST, c->cells[cell].list, PAGE, S2_READ);
	for (size_t k = 0; k < count; k++)
		if (piece[k].image)
			range_add(c, wanted, piece[k].source, piece[k].image->base, piece[k].image->size, S2_READ);
}

/* The root in force, which the core may zero and restore, against its constant. */
static void check_roots(struct check *c, size_t cell)
{
	const char *name = c->ask->cells.v[cell].name;
	const u8 *original = table_page(c, c->cells[cell].run_const);

	if (original && c->img->roots->size >= (cell + 1) * PAGE && memcmp(original, c->img->roots->bytes + cell * PAGE, PAGE))
		finding(c, "root-in-force", "cell '%s': its page of .roots (0x%llx) is not its constant original (0x%llx)",
			name, c->img->roots->base + cell * PAGE, c->cells[cell].run_const);
}

/* Without an IOMMU a device that masters the bus reaches every cell, whatever the tables say. */
static void check_masters(struct check *c, size_t cell)
{
	static const char *const props[] = { "iommus", "iommu-map", "dma-coherent", "dma-ranges", "dmas", "msi-map", "bus-range" };
	static const char *const kinds[] = { "virtio,mmio", "qemu,fw-cfg-mmio", "pci-host-ecam-generic", "arm,pl080", "arm,pl330" };
	const struct ask_cell *ask = &c->ask->cells.v[cell];
	const struct tree *t = c->hw->tree;

	for (size_t d = 0; d < ask->devices.n; d++) {
		int node = ask->devices.v[d];
		bool master = false;

		for (size_t i = 0; i < sizeof props / sizeof props[0]; i++)
			master |= tree_prop(t, node, props[i], NULL) != NULL;
		for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
			master |= tree_is(t, node, kinds[i]);
		if (master)
			finding(c, "bus-master", "cell '%s' has %s, which can master the bus, without an IOMMU", ask->name,
				tree_name(&c->arena, t, node));
	}
}

void check_cells(struct check *c)
{
	for (size_t i = 0; i < c->ask->cells.n; i++) {
		const char *name = c->ask->cells.v[i].name;
		leaves run = { 0 }, load = { 0 };

		check_roots(c, i);
		check_masters(c, i);
		wanted_run(c, i, &run);
		walk_compare(c, arena_text(&c->arena, "cell '%s'", name), STAGE_2, &c->cells[i].run, &run);
		wanted_load(c, i, &load);
		walk_compare(c, arena_text(&c->arena, "cell '%s' while loading", name), STAGE_2, &c->cells[i].load, &load);
	}
}
