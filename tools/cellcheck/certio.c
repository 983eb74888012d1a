/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The certificate's part about devices that write memory: by which streams they reach what, and what is past an IOMMU. */
#include <string.h>

#include "cellcheck.h"

struct reaching {
	u64 memory; /* bytes of the cell's own RAM */
	spans ranges; /* the same, by the addresses that the device uses: guest-physical */
	bool doorbell;
	const char *other;
};

static void add_range(struct check *c, struct reaching *found, const struct leaf *leaf)
{
	struct span *last = found->ranges.n ? &found->ranges.v[found->ranges.n - 1] : NULL;

	found->memory += leaf->size;
	if (last && last->base + last->size == leaf->in)
		last->size += leaf->size;
	else
		*VEC_ADD(&c->arena, found->ranges) = (struct span) { leaf->in, leaf->size };
}

static void look(struct check *c, const struct regime *r, const struct leaf *leaf, void *context)
{
	struct reaching *found = context;
	u64 next, end = usable_end(c, leaf->out, &next);

	if (leaf->attr == DMA_DOORBELL && c->ask->its_base && leaf->out == c->ask->its_base + FRAME && leaf->size == PAGE)
		found->doorbell = true;
	else if (leaf->attr == DMA_RAM && end && (reach_get(c, leaf->out) & REACH_CELL) == (u32)r->party + 1)
		add_range(c, found, leaf);
	else if (!found->other)
		found->other = owner_of(c, leaf->out, -1);
}

/* As many as a cell may have; a tree that is wrong can have any number. */
static const char *ranges_text(struct check *c, const spans *ranges)
{
	const char *text = "";
	size_t i;

	for (i = 0; i < ranges->n && i < 64; i++)
		text = arena_text(&c->arena, "%s0x%llx-0x%llx, ", text, ranges->v[i].base, ranges->v[i].base + (ranges->v[i].size - 1));
	return i < ranges->n ? arena_text(&c->arena, "%sand %zu more, ", text, ranges->n - i) : text;
}

/* From its leaves. */
const char *dma_text(struct check *c, size_t tree)
{
	struct reaching found = { 0 };

	if (c->dma_texts[tree])
		return c->dma_texts[tree];
	walk_again(c, &c->dma[tree], look, &found);
	return c->dma_texts[tree] = arena_text(&c->arena, "memory of %s (%s%llu KiB)%s%s%s", c->ask->cells.v[c->ask->trees.v[tree].cell].name,
		ranges_text(c, &found.ranges), found.memory / KIB, found.doorbell ? ", the ITS's doorbell (-w-)" : "", found.other ? ", " : ", nothing else",
		found.other ? found.other : "");
}

/* In the order in which the core decides. */
static void write_reset(FILE *out, struct check *c, const struct ask_function *f)
{
	if (f->no_reset)
		fprintf(out, "    reset: not at all; the partition's word: %s\n", f->no_reset);
	else if (f->resets)
		fprintf(out, "    reset: by its register at 0x%x of BAR %u (0x%010llx), where 0x%x is written\n", f->reset_offset, f->reset_bar,
			reset_page(c, f) | (f->reset_offset & (PAGE - 1)), f->reset_value);
	else
		fputs("    reset: function level reset, without which boot ends\n", out);
}

static void write_function(FILE *out, struct check *c, const struct ask_function *f)
{
	fprintf(out, "  %s: function %02x:%02x.%x of %s, %04x:%04x, of cell '%s'\n", device_name(c, f->node), f->address >> 8,
		f->address >> 3 & 31, f->address & 7, tree_name(&c->arena, c->hw->tree, f->host), f->vendor, f->device,
		c->ask->cells.v[f->cell].name);
	write_reset(out, c, f);
	for (size_t i = 0; i < f->bars.n; i++) {
		struct span s = bar_pages(c, f, i);

		fprintf(out, "    BAR %u  0x%010llx  %9llu KiB\n", f->bars.v[i].index, s.base, s.size / KIB);
	}
}

static void write_trusted(FILE *out, struct check *c, const struct ask_cell *cell)
{
	for (size_t i = 0; i < cell->loose.n; i++)
		fprintf(out, "  DMA of %s past an IOMMU, so to all memory; the partition's word for cell '%s': %s\n",
			device_name(c, cell->loose.v[i]), cell->name, cell->trusted ? cell->trusted : "none");
}

static void write_messages(FILE *out, struct check *c)
{
	for (size_t i = 0; i < c->ask->messages.n; i++) {
		const struct ask_function *f = &c->ask->functions.v[c->ask->messages.v[i]];

		fprintf(out, "  MSIs of %s, DeviceID 0x%x: %u events of cell '%s'\n", device_name(c, f->node), f->device_id, f->vectors,
			c->ask->cells.v[f->cell].name);
	}
	if (c->ask->messages.n)
		fprintf(out, "  what the ITS keeps in memory: 0x%010llx  %9llu KiB, reached by the core and by it\n", c->its.base, c->its.size / KIB);
}

void cert_words(FILE *out, struct check *c)
{
	for (size_t i = 0; i < c->ask->cells.n; i++) {
		const struct ask_cell *cell = &c->ask->cells.v[i];

		for (size_t k = 0; k < cell->no_dma.n; k++)
			fprintf(out, "  the partition's word: %s of cell '%s' cannot write memory by itself\n",
				tree_name(&c->arena, c->hw->tree, cell->no_dma.v[k]), cell->name);
		for (size_t k = 0; k < cell->passive.n; k++)
			fprintf(out, "  the word of its node (cloison,dma): %s of cell '%s' cannot write memory by itself%s\n",
				tree_name(&c->arena, c->hw->tree, cell->passive.v[k]), cell->name,
				looks_master(c->hw->tree, cell->passive.v[k]) ? ", against what the rest of its node says" : "");
	}
}

void cert_devices(FILE *out, struct check *c)
{
	size_t loose = 0;

	fputs("\nDEVICES THAT WRITE MEMORY\n\n", out);
	for (size_t i = 0; i < c->ask->functions.n; i++)
		write_function(out, c, &c->ask->functions.v[i]);
	for (size_t i = 0; i < c->ask->streams.n; i++) {
		const struct ask_stream *s = &c->ask->streams.v[i];

		fprintf(out, "  DMA of %s, VMID %zu: %s\n", stream_name(c, s), s->tree + 1, dma_text(c, s->tree));
	}
	write_messages(out, c);
	for (size_t i = 0; i < c->ask->cells.n; i++) {
		write_trusted(out, c, &c->ask->cells.v[i]);
		loose += c->ask->cells.v[i].loose.n;
	}
	if (c->ask->streams.n || loose)
		fprintf(out, "  %zu streams of cells behind %zu IOMMUs, aborting until the core switches them on; %zu devices past them\n",
			c->ask->streams.n, c->ask->iommus.n, loose);
	else
		fputs("  none is with a cell\n", out);
}
