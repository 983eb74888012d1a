/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What the core may reach, CPU by CPU; docs/image-format.md "EL2 root of a CPU". */
#include <string.h>

#include "cellcheck.h"

#define PERCPU (16 * KIB) /* guard, two pages of stack, struct cpu; `stack` is the address of the last */

static bool has_role(const struct check *c, size_t cpu)
{
	for (size_t i = 0; i < c->ask->cells.n; i++)
		for (size_t n = 0; n < c->ask->cells.v[i].cpus.n; n++)
			if (c->ask->cells.v[i].cpus.v[n] == (int)cpu)
				return true;
	return c->ask->service == (int)cpu;
}

/* Slots follow each other from hyp_base, each to the next one's start. */
static void sections(struct check *c, leaves *wanted)
{
	const struct image *img = c->img;
	const struct section *s[] = { img->text, img->copier, img->rodata, img->tables, img->roots, img->data };
	static const u64 attr[] = { EL2_TEXT, EL2_CONST, EL2_CONST, EL2_CONST, EL2_DATA, EL2_DATA };

	for (size_t i = 0; i < 6; i++) {
		u64 end = i < 5 ? s[i + 1]->base : c->stack0 - (PERCPU - PAGE);

		if (s[i]->base % PAGE || end < s[i]->base || s[i]->size > end - s[i]->base)
			finding(c, "layout", "section %s does not fit between 0x%llx and 0x%llx", s[i]->name, s[i]->base, end);
		else
			range_add(c, wanted, s[i]->base, s[i]->base, end - s[i]->base, attr[i]);
	}
}

static void wanted_of(struct check *c, size_t cpu, leaves *wanted)
{
	int service = c->ask->service;
	bool role = has_role(c, cpu);
	u64 gicr = c->hw->cpus.v[cpu].gicr;

	sections(c, wanted);
	for (size_t i = 0; i < c->hw->cpus.n; i++) {
		u64 stack = c->stack0 + i * PERCPU;

		if (i == cpu)
			range_add(c, wanted, stack - 2 * PAGE, stack - 2 * PAGE, 3 * PAGE, EL2_DATA);
		else if (service == (int)cpu)
			range_add(c, wanted, stack, stack, PAGE, EL2_CONST);
	}
	if (role || !cpu) {
		range_add(c, wanted, c->hw->gicd, c->hw->gicd, FRAME, EL2_DEVICE);
		range_add(c, wanted, gicr, gicr, 2 * FRAME, EL2_DEVICE);
	}
	if (!cpu || service == (int)cpu || (service < 0 && role))
		range_add(c, wanted, c->ask->console & ~(PAGE - 1), c->ask->console & ~(PAGE - 1), PAGE, EL2_DEVICE);
}

static void check_place(struct check *c)
{
	const struct image *img = c->img;
	struct span hyp = { img->hyp_base, img->hyp_size };
	u64 percpu = c->stack0 - (PERCPU - PAGE);

	expect(c, "layout", "hypervisor", "hyp_base", img->hyp_base, c->ask->memory.base);
	expect(c, "layout", "hypervisor", "hyp_size", img->hyp_size, c->ask->memory.size);
	expect(c, "layout", ".text", "address", img->text->base, img->hyp_base);
	if (c->stack0 % PAGE || !span_holds(hyp, (struct span) { percpu, c->hw->cpus.n * PERCPU }))
		finding(c, "layout", "the CPUs' pages from 0x%llx are not in the hypervisor's memory", percpu);
	if (!span_holds(hyp, (struct span) { img->data->base, img->data->size }))
		finding(c, "layout", ".data is not in the hypervisor's memory");
	expect(c, "layout", ".roots", "size", img->roots->size, c->ask->cells.n * PAGE);
	expect(c, "layout", ".tables", "size, rest of a page", img->tables->size % PAGE, 0);
	if (img->copier->size > PAGE)
		finding(c, "layout", ".copier is larger than a page");
}

/* Linux arm64 boot protocol. */
static void check_header(struct check *c)
{
	const struct image *img = c->img;
	const u8 *p = img->text->bytes;
	static const u8 zeros[24];

	if (img->text->size < 64) {
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
	expect(c, "header", "image", "hyp_image_size", img->image_size, img->image_end - img->hyp_base);
}

void check_el2(struct check *c)
{
	check_place(c);
	check_header(c);
	for (size_t i = 0; i < c->hw->cpus.n; i++) {
		leaves wanted = { 0 };

		wanted_of(c, i, &wanted);
		walk_compare(c, arena_text(&c->arena, "core on CPU %zu", i), STAGE_EL2, &c->el2[i], &wanted);
	}
}
