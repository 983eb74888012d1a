/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What the core may reach, CPU by CPU; docs/image-format.md "EL2 root of a CPU". */
#include <string.h>

#include "cellcheck.h"

bool has_role(const struct check *c, size_t cpu)
{
	for (size_t i = 0; i < c->ask->cells.n; i++)
		for (size_t n = 0; n < c->ask->cells.v[i].cpus.n; n++)
			if (c->ask->cells.v[i].cpus.v[n] == (int)cpu)
				return true;
	return c->ask->service == (int)cpu;
}

/* Pages of a slot, which have frames one by one. */
static void pages(struct check *c, int slot, u64 first, u64 count, u64 attr, wants *wanted)
{
	u64 number = (c->slots[slot].base - c->slots[0].base) / PAGE + first, link = c->slots[slot].base + first * PAGE;

	for (u64 i = 0, run; i < count; i += run) {
		run = 1;
		while (i + run < count && c->frames[number + i + run] == c->frames[number + i + run - 1] + PAGE)
			run++;
		range_add(c, wanted, link + i * PAGE, c->frames[number + i], run * PAGE, attr);
	}
}

static void slots(struct check *c, wants *wanted)
{
	const struct slot *s = c->slots;
	u64 roots = s[SLOT_TABLES].pages < c->ask->cells.n ? s[SLOT_TABLES].pages : c->ask->cells.n;

	pages(c, SLOT_TEXT, 0, s[SLOT_TEXT].pages, EL2_TEXT, wanted);
	pages(c, SLOT_RODATA, 0, s[SLOT_RODATA].pages, EL2_CONST, wanted);
	pages(c, SLOT_ROOTS, 0, s[SLOT_ROOTS].pages, EL2_DATA, wanted);
	pages(c, SLOT_DATA, 0, s[SLOT_DATA].pages, EL2_DATA, wanted);
	pages(c, SLOT_TABLES, 0, roots, EL2_CONST, wanted);
}

static bool has_streams(const struct check *c, size_t cpu)
{
	for (size_t i = 0; i < c->ask->streams.n; i++) {
		const struct ask_cell *cell = &c->ask->cells.v[c->ask->streams.v[i].cell];

		for (size_t n = 0; n < cell->cpus.n; n++)
			if (cell->cpus.v[n] == (int)cpu)
				return true;
	}
	return false;
}

/* Who switches streams on and off, or hears what was refused: the stream tables, and registers of the IOMMUs. */
static void iommus(struct check *c, size_t cpu, wants *wanted)
{
	int service = c->ask->service;

	if (cpu && service != (int)cpu && !(service < 0 && has_role(c, cpu)) && !has_streams(c, cpu))
		return;
	pages(c, SLOT_STREAMS, 0, c->slots[SLOT_STREAMS].pages, EL2_DATA, wanted);
	for (size_t i = 0; i < c->ask->iommus.n; i++) {
		spans regs = { 0 };

		tree_regs(&c->arena, c->hw->tree, c->ask->iommus.v[i].node, &regs);
		if (regs.n)
			range_add(c, wanted, regs.v[0].base, regs.v[0].base, 2 * FRAME, EL2_DEVICE);
	}
}

/* CPU 0, which sets up: whole buses. The CPUs of a cell: what belongs to its functions. Both: what resets these. */
static void functions(struct check *c, size_t cpu, wants *wanted)
{
	u64 before = 0;

	for (size_t i = 0; i < c->ask->functions.n; i++) {
		const struct ask_function *f = &c->ask->functions.v[i];
		const struct ask_cell *cell = &c->ask->cells.v[f->cell];
		u64 bus = pci_bus(c->hw, f);
		bool its = false, done = false;

		for (size_t n = 0; n < cell->cpus.n; n++)
			its |= cell->cpus.v[n] == (int)cpu;
		for (size_t n = 0; n < i; n++)
			done |= pci_bus(c->hw, &c->ask->functions.v[n]) == bus;
		if (!cpu && !done)
			range_add(c, wanted, bus, bus, MIB, EL2_DEVICE);
		else if (cpu && its && f->config != before)
			range_add(c, wanted, f->config, f->config, PAGE, EL2_DEVICE);
		if ((!cpu || its) && reset_page(c, f))
			range_add(c, wanted, reset_page(c, f), reset_page(c, f), PAGE, EL2_DEVICE);
		before = f->config;
	}
}

/* What the ITS keeps in memory is set up by CPU 0; commands and properties are written by the CPUs of its cell. */
static void its(struct check *c, size_t cpu, wants *wanted)
{
	const struct ask *ask = c->ask;
	bool uses = !cpu;

	for (size_t i = 0; ask->messages.n && i < ask->cells.v[ask->functions.v[ask->messages.v[0]].cell].cpus.n; i++)
		uses |= ask->cells.v[ask->functions.v[ask->messages.v[0]].cell].cpus.v[i] == (int)cpu;
	if (!ask->messages.n || !uses)
		return;
	range_add(c, wanted, ask->its_base, ask->its_base, FRAME, EL2_DEVICE);
	range_add(c, wanted, c->its.base, c->its.base, cpu ? 12 * KIB : c->its.size, EL2_DATA);
}

/* What is the service CPU's alone. */
static void own(struct check *c, size_t cpu, wants *wanted)
{
	for (size_t i = 0; c->ask->service == (int)cpu && i < c->own.n; i++)
		range_add(c, wanted, c->own.v[i].span.base, c->own.v[i].span.base, c->own.v[i].span.size, c->own.v[i].attr);
}

static void wanted_of(struct check *c, size_t cpu, wants *wanted)
{
	int service = c->ask->service;
	bool role = has_role(c, cpu);
	u64 gicr = c->hw->cpus.v[cpu].gicr;

	slots(c, wanted);
	for (size_t i = 0; i < c->hw->cpus.n && 4 * i + 3 < c->slots[SLOT_CPUS].pages; i++) {
		if (i == cpu)
			pages(c, SLOT_CPUS, 4 * i + 1, 3, EL2_DATA, wanted);
		else if (service == (int)cpu)
			pages(c, SLOT_CPUS, 4 * i + 3, 1, EL2_CONST, wanted);
	}
	if (role || !cpu) {
		range_add(c, wanted, c->hw->gicd, c->hw->gicd, FRAME, EL2_DEVICE);
		range_add(c, wanted, gicr, gicr, 2 * FRAME, EL2_DEVICE);
	}
	if (!cpu || service == (int)cpu || (service < 0 && role))
		range_add(c, wanted, c->ask->console & ~(PAGE - 1), c->ask->console & ~(PAGE - 1), PAGE, EL2_DEVICE);
	iommus(c, cpu, wanted);
	functions(c, cpu, wanted);
	its(c, cpu, wanted);
	own(c, cpu, wanted);
}

/* Linux arm64 boot protocol. */
static void check_header(struct check *c)
{
	const struct image *img = c->img;
	const struct symbol *index = image_symbol(img, "machine_index");
	const u8 *p = img->text->bytes;
	static const u8 zeros[24];

	if (img->text->size < 76) {
		finding(c, "header", "no Image header");
		return;
	}
	if ((get(p, 4) & 0xfc000000) != 0x14000000)
		finding(c, "header", "Image header: no branch in front");
	expect(c, "header", "Image header", "word 1", get(p + 4, 4), 0);
	expect(c, "header", "Image header", "text_offset", get(p + 8, 8), img->text_offset);
	expect(c, "header", "Image header", "image_size", get(p + 16, 8), img->image_size);
	expect(c, "header", "Image header", "flags", get(p + 24, 8), 2);
	if (memcmp(p + 32, zeros, 24) || memcmp(p + 56, "ARM\x64\0\0\0", 8))
		finding(c, "header", "Image header: what follows the flags is not zeros and the magic");
	expect(c, "header", "Image header", "distance of boot_frames", get(p + 64, 4), img->boot_frames - img->hyp_base);
	expect(c, "header", "Image header", "elements of boot_frames", get(p + 68, 4), (img->boot_frames_end - img->boot_frames) / 4);
	expect(c, "header", "Image header", "distance of machine_index", get(p + 72, 4), index ? index->value - img->hyp_base : 0);
	expect(c, "header", "image", "hyp_image_size", img->image_size, img->image_end - img->hyp_base);
}

/* Ends with the last frame of a pristine image; begins where its RAM bank does, and text_offset_value more. */
static void check_ends(struct check *c)
{
	const struct image *img = c->img;
	u64 end = 0, bank = ~0ull;

	for (size_t i = 0; i < img->extents.n; i++)
		if (!strncmp(img->extents.v[i].section->name, ".image.", 7) && img->extents.v[i].phys + img->extents.v[i].size > end)
			end = img->extents.v[i].phys + img->extents.v[i].size;
	for (size_t i = 0; i < c->hw->ram.n; i++)
		if (span_holds(c->hw->ram.v[i], (struct span) { img->hyp_base, PAGE }))
			bank = c->hw->ram.v[i].base;
	expect(c, "layout", "image", "image_end", img->image_end, (end + PAGE - 1) & ~(PAGE - 1));
	expect(c, "header", "image", "text_offset_value", img->text_offset, img->hyp_base - bank);
}

void check_el2(struct check *c)
{
	check_header(c);
	check_ends(c);
	for (size_t i = 0; c->frames && i < c->hw->cpus.n; i++) {
		wants wanted = { 0 };

		wanted_of(c, i, &wanted);
		compare(c, &c->el2[i], &wanted);
	}
}
