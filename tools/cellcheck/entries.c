/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Every byte of the stream tables, and of the queues beside them. Entries of cells' streams are there, revoked; a device
 * that is no cell's has none, and is refused with an event. SMMUv3 (Arm IHI 0070) 5.1 and 5.2.
 */
#include <string.h>

#include "cellcheck.h"

#define ENTRY 64
#define REVOKED 0x1ull           /* V, Config 0b000: abort */
#define IN_FORCE 0xdull          /* V, Config 0b110: stage 2 */
#define CONFIG(word) ((word) >> 1 & 7)
#define WORD1 0x0000100000080000ull /* SHCFG: what comes in; MEV; no ATS */
#define WORD2 0x0468355900000000ull /* S2T0SZ 25, level 1, WB, inner shareable, 4 KiB; AArch64, AFFD, PTW, R; VMID, PS: to be added */
#define LEVEL1 7ull              /* Span: 64 entries */

static u64 size_code(u64 bits)
{
	return bits == 40 ? 2 : bits == 42 ? 3 : bits == 44 ? 4 : bits == 48 ? 5 : 7;
}

static const char *config_text(u64 word)
{
	static const char *const text[] = { "aborts", "reserved", "reserved", "reserved", "bypasses the IOMMU and reaches all memory",
		"is translated by tables of its own alone, and reaches all memory", "is in force", "is in force behind tables of its own" };

	return text[CONFIG(word)];
}

static const struct ask_stream *stream_of(const struct check *c, size_t iommu, u32 id)
{
	for (size_t i = 0; i < c->ask->streams.n; i++)
		if (c->ask->streams.v[i].iommu == iommu && c->ask->streams.v[i].id == id)
			return &c->ask->streams.v[i];
	return NULL;
}

static bool all_zero(const u8 *p, u64 size)
{
	for (u64 i = 0; i < size; i++)
		if (p[i])
			return false;
	return true;
}

/* Whose tree an entry leads to, as far as a walk knows. */
static const char *tree_text_of(struct check *c, u64 root)
{
	for (size_t i = 0; i < c->ask->trees.n; i++)
		if (c->dma[i].root == root)
			return arena_text(&c->arena, "the tree of %s", c->dma[i].who);
	return owner_of(c, root, -1);
}

static void check_nobodys(struct check *c, size_t iommu, u32 id, const u8 *p)
{
	const char *who = device_name(c, c->ask->iommus.v[iommu].node);
	u64 word = get64(p);

	if (word & 1)
		finding(c, "stream", "%s: stream 0x%x is no cell's, but its entry is valid: it %s (word 0 is 0x%llx, tree %s)", who, id,
			config_text(word), word, tree_text_of(c, get64(p + 24) & ~(PAGE - 1)));
	else
		finding(c, "stream", "%s: stream 0x%x is no cell's, but its entry is not zero", who, id);
}

static void check_cells_entry(struct check *c, const struct ask_stream *s, const u8 *p)
{
	char *who = arena_text(&c->arena, "%s of cell '%s'", stream_name(c, s), c->ask->cells.v[s->cell].name);
	u64 word = get64(p), root = c->dma[s->tree].root, word2 = WORD2 + (size_code(c->pa_bits) << 48);

	if (word & 1 && CONFIG(word))
		finding(c, "stream", "%s: its entry %s before the core has switched it on (word 0 is 0x%llx, not 0x%llx)", who,
			config_text(word), word, REVOKED);
	else
		expect(c, "stream", who, "word 0 of its entry", word, REVOKED);
	expect(c, "stream", who, "word 1 of its entry", get64(p + 8), WORD1);
	expect(c, "stream", who, "VMID of its entry", get64(p + 16) & 0xffff, s->tree + 1);
	expect(c, "stream", who, "word 2 of its entry, VMID aside", get64(p + 16) & ~0xffffull, word2);
	if (get64(p + 24) != root)
		finding(c, "stream", "%s: its entry leads to 0x%llx, %s, not to 0x%llx", who, get64(p + 24), tree_text_of(c, get64(p + 24)), root);
	for (int i = 4; i < 8; i++)
		expect(c, "stream", who, arena_text(&c->arena, "word %d of its entry", i), get64(p + 8 * i), 0);
}

static void check_leaf(struct check *c, size_t iommu, u32 first, const u8 *page)
{
	for (u32 i = 0; i < STREAMS; i++) {
		const struct ask_stream *s = stream_of(c, iommu, first + i);

		if (s)
			check_cells_entry(c, s, page + i * ENTRY);
		else if (!all_zero(page + i * ENTRY, ENTRY))
			check_nobodys(c, iommu, first + i, page + i * ENTRY);
	}
}

/* A descriptor leads to the leaf in .streams, or nowhere: then the device is refused. */
static void check_level1(struct check *c, size_t iommu)
{
	const struct ask_iommu *ask = &c->ask->iommus.v[iommu];
	const u8 *page = table_page(c, c->level1[iommu]);
	size_t leaf = 0;

	for (u32 i = 0; page && i < PAGE / 8; i++) {
		u64 found = get64(page + 8 * i), wanted = 0;

		if (leaf < ask->leaves.n && ask->leaves.v[leaf] == i) {
			image_phys(c->img, iommu_pages(c, iommu) + leaf++ * PAGE, &wanted);
			wanted |= LEVEL1;
		}
		if (found != wanted)
			finding(c, "stream", "%s: the descriptor of streams 0x%x to 0x%x is 0x%llx, not 0x%llx; that leads to %s",
				device_name(c, ask->node), i * STREAMS, (i + 1) * STREAMS - 1, found, wanted,
				found ? owner_of(c, found & ~(PAGE - 1), -1) : "nothing");
	}
}

void check_entries(struct check *c)
{
	for (size_t i = 0; i < c->ask->iommus.n; i++) {
		const struct ask_iommu *ask = &c->ask->iommus.v[i];
		const char *who = device_name(c, ask->node);
		u64 link = iommu_pages(c, i);

		check_level1(c, i);
		for (size_t leaf = 0; leaf < ask->leaves.n + 2; leaf++, link += PAGE) {
			const u8 *page = image_at(c->img, link, PAGE);

			if (!page)
				finding(c, "stream", "%s: page %zu of its stream table is not in the image", who, leaf);
			else if (leaf < ask->leaves.n)
				check_leaf(c, i, ask->leaves.v[leaf] * STREAMS, page);
			else if (!all_zero(page, PAGE))
				finding(c, "iommu", "%s: its page of %s is not zero", who, leaf == ask->leaves.n ? "commands" : "events");
		}
	}
}
