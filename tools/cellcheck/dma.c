/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What devices of cells reach: the trees that the IOMMUs' stream tables lead to, found and walked as the hardware does
 * (SMMUv3, Arm IHI 0070, 3.3.2 stream table lookup; stage 2 as a CPU's). A tree holds exactly the memory of its cell and, for
 * devices that interrupt by messages, the doorbell.
 *
 *     machine_iommus  ->  level 1, a page of .tables  ->  leaf, a page of .streams  ->  entry, word 3  ->  tree, in .tables
 */
#include <string.h>

#include "cellcheck.h"

#define IOMMU_SIZE 72
#define POINTER 0x000ffffffffff000ull /* a page: every table is one */
#define SPAN 0x1full
#define SHOWN 20 /* leaves that reach what they must not */

const char *device_name(struct check *c, int node)
{
	const struct tree *t = c->hw->tree;
	const char *name = t->nodes.v[node].name, *label = tree_label(&c->arena, t, node, 0);

	return label ? label : name;
}

const char *stream_name(struct check *c, const struct ask_stream *s)
{
	const char *who = device_name(c, s->node);

	for (size_t i = 0; i < s->others.n; i++)
		who = arena_text(&c->arena, "%s and %s", who, device_name(c, s->others.v[i]));
	return arena_text(&c->arena, "%s (stream 0x%x of %s)", who, s->id, device_name(c, c->ask->iommus.v[s->iommu].node));
}

const u8 *stream_entry(struct check *c, size_t iommu, u32 id)
{
	const u8 *level1 = id / STREAMS < PAGE / 8 ? table_page(c, c->level1[iommu]) : NULL;
	u64 descriptor = level1 ? get64(level1 + id / STREAMS * 8) : 0, leaf = descriptor & POINTER;
	const struct extent *e = descriptor & SPAN ? extent_phys(c->img, leaf) : NULL;

	if (!e || e->section != c->img->streams || e->size - (leaf - e->phys) < PAGE)
		return NULL;
	return e->bytes + (leaf - e->phys) + id % STREAMS * 64;
}

/* For findings: the cell's devices of this kind. */
static char *who_of(struct check *c, size_t tree)
{
	char *text = arena_text(&c->arena, "DMA of cell '%s' by", c->ask->cells.v[c->ask->trees.v[tree].cell].name);
	unsigned count = 0;

	for (size_t i = 0; i < c->ask->streams.n; i++)
		if (c->ask->streams.v[i].tree == tree && count++ < 2)
			text = arena_text(&c->arena, "%s%s %s", text, count > 1 ? "," : "", stream_name(c, &c->ask->streams.v[i]));
	return count > 2 ? arena_text(&c->arena, "%s and %u more", text, count - 2) : text;
}

void dma_find(struct check *c, u32 *user)
{
	struct object o = { 0 };

	if (c->ask->iommus.n)
		o = object_get(c, "machine_iommus", c->ask->iommus.n * IOMMU_SIZE);
	c->dma = arena_get(&c->arena, (c->ask->trees.n + 1) * sizeof *c->dma);
	c->dma_texts = arena_get(&c->arena, (c->ask->trees.n + 1) * sizeof *c->dma_texts);
	c->level1 = arena_get(&c->arena, (c->ask->iommus.n + 1) * sizeof *c->level1);
	c->level1_user = arena_get(&c->arena, (c->ask->iommus.n + 1) * sizeof *c->level1_user);
	for (size_t i = 0; i < c->ask->iommus.n; i++) {
		c->level1[i] = object_field(o, IOMMU_SIZE, i, 16, 8) & POINTER;
		c->level1_user[i] = (*user)++;
	}
	for (size_t i = 0; i < c->ask->trees.n; i++)
		c->dma[i] = (struct regime) { .who = who_of(c, i), .stage = STAGE_DMA, .party = (int)c->ask->trees.v[i].cell,
			.user = (*user)++ };
	for (size_t i = c->ask->streams.n; i-- > 0;) { /* of several the first; entries.c wants them all equal */
		const struct ask_stream *s = &c->ask->streams.v[i];
		const u8 *entry = stream_entry(c, s->iommu, s->id);

		c->dma[s->tree].root = entry ? get64(entry + 24) & POINTER : 0;
	}
}

/* Not behind a tree: a table of streams. */
void dma_tables(struct check *c)
{
	for (size_t i = 0; i < c->ask->iommus.n; i++)
		table_take(c, arena_text(&c->arena, "stream table of %s", device_name(c, c->ask->iommus.v[i].node)), c->level1[i],
			&(struct page_use) { c->level1_user[i], CORE, 1, 0 });
}

static bool is_doorbell(const struct check *c, const struct regime *r, const struct leaf *leaf)
{
	return c->ask->trees.v[r - c->dma].doorbell && c->ask->its_base && leaf->attr == DMA_DOORBELL && leaf->size == PAGE &&
		leaf->out == c->ask->its_base + FRAME;
}

/* After the run roots have had their say: each frame is one that the cell has as its memory. */
void dma_claim(struct check *c, const struct regime *r, const struct leaf *leaf)
{
	const u32 mine = (u32)r->party + 1;
	u64 next;

	if (is_doorbell(c, r, leaf))
		return;
	for (u64 at = 0; at < leaf->size; at += PAGE) {
		u64 phys = leaf->out + at;
		u32 word = reach_get(c, phys);

		if ((word & REACH_CELL) == mine && !(word & (REACH_CORE | REACH_IMAGE)) && region_at(c, phys) < 0 && usable_end(c, phys, &next))
			continue;
		if (c->dma_shown++ < SHOWN)
			finding(c, "shared", "%s, guest address 0x%llx, reaches physical page 0x%llx (%s): %s", r->who, leaf->in + at, phys,
				rights_text(attr_rights(leaf->attr, STAGE_DMA)), owner_of(c, phys, -1));
		return;
	}
}

/* Which other tree a root belongs to: who walks it has that cell's memory. */
static void check_apart(struct check *c, size_t tree)
{
	for (size_t i = 0; i < c->ask->trees.n; i++)
		if (i != tree && c->dma[i].root && c->dma[i].root == c->dma[tree].root && i < tree)
			finding(c, "stream", "%s walks the tree of %s", c->dma[tree].who, c->dma[i].who);
	for (size_t i = 0; i < c->ask->cells.n; i++)
		if (c->dma[tree].root && (c->dma[tree].root == c->cells[i].run.root || c->dma[tree].root == c->cells[i].load.root))
			finding(c, "stream", "%s walks a root that CPUs of cell '%s' use", c->dma[tree].who, c->ask->cells.v[i].name);
}

void check_dma(struct check *c)
{
	for (size_t i = 0; i < c->ask->trees.n; i++) {
		const struct ask_tree *tree = &c->ask->trees.v[i];
		wants wanted = { 0 };

		check_apart(c, i);
		if (tree->doorbell && !c->ask->its_base)
			finding(c, "stream", "%s: there is no ITS whose doorbell it could reach", c->dma[i].who);
		wanted_ram(c, tree->cell, DMA_RAM, &wanted);
		if (tree->doorbell && c->ask->its_base)
			range_add(c, &wanted, GUEST_DOORBELL, c->ask->its_base + FRAME, PAGE, DMA_DOORBELL);
		compare(c, &c->dma[i], &wanted);
	}
}
