/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The core's pages and their frames: docs/image-format.md "The core's pages". Link addresses
 * follow one another; each page gets the lowest free frame of its owner's colours. So where
 * every page must lie is computed here, from the owners alone, and compared with the program
 * headers; what the EL2 tables map is compared with it in el2.c.
 */
#include <string.h>

#include "cellcheck.h"

#define PERCPU_PAGES 4 /* guard, two of stack, struct cpu; `stack` is the address of the last */

static const char *const names[] = { ".text", ".rodata", ".copier", ".roots", ".streams", ".data", "the CPUs' pages", ".tables" };

/* What the streams of cells need of .streams: of each IOMMU its leaves, a page of commands, one of events. */
static u64 stream_pages(const struct check *c)
{
	u64 pages = 0;

	for (size_t i = 0; i < c->ask->iommus.n; i++)
		pages += c->ask->iommus.v[i].leaves.n + 2;
	return pages;
}

/* Slots follow each other from hyp_base, each to the next one's start. That of .streams is empty if there is no such section. */
void frames_slots(struct check *c)
{
	const struct section *s[] = { c->img->text, c->img->rodata, c->img->copier, c->img->roots, c->img->streams, c->img->data, NULL,
		c->img->tables };
	bool fits = true;

	for (int i = 0; i < SLOTS; i++)
		c->slots[i] = (struct slot) { names[i], s[i] ? s[i]->base : i == SLOT_STREAMS ? c->img->data->base :
			c->stack0 - (PERCPU_PAGES - 1) * PAGE, 0 };
	for (int i = 0; i < SLOTS; i++) {
		struct slot *slot = &c->slots[i];
		u64 end = i + 1 < SLOTS ? slot[1].base : slot->base + s[i]->size;

		if (slot->base % PAGE || end < slot->base || end - slot->base > c->ask->memory.size ||
			(s[i] && s[i]->size > end - slot->base)) {
			finding(c, "layout", "%s does not fit between 0x%llx and 0x%llx", slot->name, slot->base, end);
			fits = false;
		} else
			slot->pages = (end - slot->base) / PAGE;
	}
	expect(c, "layout", ".text", "address", c->slots[SLOT_TEXT].base, c->img->hyp_base);
	expect(c, "layout", ".text", "pages", c->slots[SLOT_TEXT].pages, TEXT_PAGES);
	expect(c, "layout", ".copier", "pages", c->slots[SLOT_COPIER].pages, c->ask->cells.n);
	expect(c, "layout", ".roots", "pages", c->slots[SLOT_ROOTS].pages, c->ask->cells.n);
	expect(c, "layout", "the CPUs' pages", "number", c->slots[SLOT_CPUS].pages, c->hw->cpus.n * PERCPU_PAGES);
	expect(c, "layout", ".streams", "pages", c->slots[SLOT_STREAMS].pages, stream_pages(c));
	expect(c, "layout", ".streams", "size", c->img->streams ? c->img->streams->size : 0, stream_pages(c) * PAGE);
	expect(c, "layout", ".copier", "size", c->img->copier->size, c->ask->cells.n * PAGE);
	expect(c, "layout", ".roots", "size", c->img->roots->size, c->ask->cells.n * PAGE);
	expect(c, "layout", ".tables", "rest of a page", c->img->tables->size % PAGE, 0);
	for (size_t i = 0; fits && i < SLOTS; i++)
		c->frame_count += c->slots[i].pages;
}

static int owner_in(const struct check *c, int slot, u64 page)
{
	bool cells = slot == SLOT_COPIER || slot == SLOT_ROOTS;

	if (slot == SLOT_TABLES && page < c->img->tables->size / PAGE && c->pages[page].user)
		return c->pages[page].party;
	return (cells || slot == SLOT_TABLES) && page < c->ask->cells.n ? (int)page : CORE;
}

int core_owner(const struct check *c, u64 link)
{
	for (int i = 0; i < SLOTS; i++)
		if (link >= c->slots[i].base && (link - c->slots[i].base) / PAGE < c->slots[i].pages)
			return owner_in(c, i, (link - c->slots[i].base) / PAGE);
	return CORE;
}

/* ---- where each page must be */

struct filling {
	bool *taken;
	u64 count; /* frames of the hypervisor's memory */
	u64 *next; /* of each owner: no frame below is free and of its colours */
};

static bool take(struct check *c, struct filling *f, int owner, u64 *phys)
{
	u64 *at = &f->next[owner == CORE ? c->ask->cells.n : (size_t)owner];

	while (*at < f->count && (f->taken[*at] || !color_ok(c, owner, c->ask->memory.base + *at * PAGE)))
		++*at;
	if (*at == f->count)
		return false;
	f->taken[*at] = true;
	*phys = c->ask->memory.base + *at * PAGE;
	return true;
}

static void start(struct check *c, struct filling *f)
{
	u64 size = c->ask->memory.size / PAGE, first = 0;

	f->count = size < 1u << 26 ? size : 1u << 26;
	f->taken = arena_get(&c->arena, f->count * sizeof *f->taken);
	f->next = arena_get(&c->arena, (c->ask->cells.n + 1) * sizeof *f->next);
	while (first < f->count && !color_ok(c, CORE, c->ask->memory.base + first * PAGE))
		first++;
	for (size_t i = 0; i <= c->ask->cells.n; i++)
		f->next[i] = first; /* nothing lies below hyp_base */
	expect(c, "layout", "hypervisor", "hyp_base", c->img->hyp_base, c->ask->memory.base + first * PAGE);
}

static void fill(struct check *c)
{
	struct filling f;
	size_t n = 0;

	start(c, &f);
	if (!c->frame_count)
		return;
	c->frames = arena_get(&c->arena, c->frame_count * sizeof *c->frames);
	for (int i = 0; i < SLOTS; i++)
		for (u64 page = 0; page < c->slots[i].pages; page++, n++)
			if (!take(c, &f, owner_in(c, i, page), &c->frames[n])) {
				finding(c, "layout", "the hypervisor's memory has no frame of %s's colours for page %llu of %s",
					party_name(c, owner_in(c, i, page)), page, c->slots[i].name);
				c->frames = NULL;
				return;
			}
}

/* ---- where it is */

#define SHOWN 4

static void check_places(struct check *c)
{
	size_t n = 0, wrong = 0;
	u64 phys;

	for (int i = 0; i < SLOTS; i++)
		for (u64 page = 0; page < c->slots[i].pages; page++, n++) {
			bool unknown = c->img->bare && i == SLOT_TABLES && page >= c->ask->cells.n;

			if (unknown || !image_phys(c->img, c->slots[i].base + page * PAGE, &phys) || phys == c->frames[n] || wrong++ >= SHOWN)
				continue;
			finding(c, "layout", "page %llu of %s (link address 0x%llx, of %s) lies at 0x%llx; the lowest free frame of its colours "
				"is 0x%llx", page, c->slots[i].name, c->slots[i].base + page * PAGE, party_name(c, owner_in(c, i, page)), phys,
				c->frames[n]);
		}
	if (wrong > SHOWN)
		finding(c, "layout", "and %zu more of the core's pages lie elsewhere", wrong - SHOWN);
}

/* Colours of all that has a program header; what else the EL2 tables map is in reach.c. */
static void check_page_colors(struct check *c)
{
	size_t wrong = 0;
	u64 phys;

	for (int i = 0; i < SLOTS; i++)
		for (u64 page = 0; page < c->slots[i].pages; page++) {
			int owner = owner_in(c, i, page);

			if (!party_colors(c, owner)->set || !image_phys(c->img, c->slots[i].base + page * PAGE, &phys) ||
				color_ok(c, owner, phys) || wrong++ >= SHOWN)
				continue;
			color_wrong(c, owner, arena_text(&c->arena, "%s: page %llu of %s", party_name(c, owner), page, c->slots[i].name), phys);
		}
}

/* What of .tables nobody but a walk knows: no link address, but it is the hypervisor's memory. */
static void check_bare(struct check *c)
{
	for (size_t i = 0; i < c->img->extents.n; i++) {
		const struct extent *e = &c->img->extents.v[i];

		if (e->section == c->img->tables && !span_holds(c->ask->memory, (struct span) { e->phys, e->size }))
			finding(c, "layout", "a table page at 0x%llx is not in the hypervisor's memory", e->phys);
	}
}

/* Before the MMU is on: page 0 is at its link address, and boot_frames says where the next ones are. */
static void check_boot_frames(struct check *c)
{
	static const char *const read[] = { "machine_regs", "machine_ram", "machine_console_base" };
	const struct image *img = c->img;
	u64 base = img->hyp_base, from = img->boot_frames, end = img->boot_frames_end, count = (end - from) / 4;

	if (from < base + 64 || end < from || end > base + PAGE || from % 4 || end % 4 || !image_at(img, from, end - from)) {
		finding(c, "layout", "boot_frames (0x%llx to 0x%llx) is not in the first page", from, end);
		return;
	}
	for (size_t i = 0; i < sizeof read / sizeof read[0]; i++) {
		const struct symbol *s = image_symbol(img, read[i]);

		if (s && s->value + s->size > base + count * PAGE)
			finding(c, "layout", "boot_frames has %llu elements, and %s is behind them", count, read[i]);
	}
	for (u64 i = 0; c->frames && i < count; i++)
		expect(c, "layout", "boot_frames", arena_text(&c->arena, "element %llu", i), get(image_at(img, from + 4 * i, 4), 4),
			i < c->frame_count ? (c->frames[i] - base) / PAGE : 0);
}

void check_frames(struct check *c)
{
	if (!c->img->bare) {
		expect(c, "layout", "hypervisor", "hyp_memory", c->img->hyp_memory, c->ask->memory.base);
		expect(c, "layout", "hypervisor", "hyp_size", c->img->hyp_size, c->ask->memory.size);
	}
	check_page_colors(c);
	fill(c);
	if (c->frames)
		check_places(c);
	if (c->img->bare)
		check_bare(c);
	check_boot_frames(c);
}
