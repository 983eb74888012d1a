/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Where everything lies: layout.ld (MEMORY regions and symbols), images.ld (the pristine images' sections), the
 * assembly that pulls in tables and images as they are, and frames.txt, by which tools/scatter gives the linked bytes
 * their physical addresses. src/arch/aarch64/cloison.lds includes the two .ld files.
 */
#include "arch_machine.h"
#include "parts.h"

typedef unsigned long long ull;

#define BOOT_DATA KIB(1) /* of .rodata, behind machine_regs: what boot reads with the MMU off, besides the RAM banks */

static const char *const slot_names[SLOT_COUNT] = { "text", "rodata", "copier", "roots", "data", "percpu", "tables", "streams" };

static void emit_head(const struct decision *d, struct out *out)
{
	out_printf(out, "/* SPDX-License-Identifier: Apache-2.0 OR MIT */\n/* Written by cellgen from %s; not to be edited. */\n",
		   emit_comment(path_base(d->dts)));
}

static u64 bank_base(const struct decision *d)
{
	for (u32 i = 0; i < d->bank_count; i++) {
		if (d->hyp.base - d->banks[i].base < d->banks[i].size) {
			return d->banks[i].base;
		}
	}
	return d->hyp.base;
}

static void emit_layout_ld(const struct decision *d, const char *dir)
{
	struct out out = {0};

	emit_head(d, &out);
	out_printf(&out, "MEMORY\n{\n");
	for (u32 i = 0; i < SLOT_COUNT; i++) {
		out_printf(&out, "\t%s : ORIGIN = 0x%llx, LENGTH = 0x%llx\n", slot_names[i], (ull)d->hyp.slots[i].base,
			   (ull)d->hyp.slots[i].size);
	}
	out_printf(&out, "\timages : ORIGIN = 0, LENGTH = 0x%llx /* each says where */\n}\n\n", 2 * SCATTERED_LINK_BASE);
	out_printf(&out, "hyp_memory = 0x%llx;\nhyp_size = 0x%llx;\n", (ull)d->hyp.memory.base, (ull)d->hyp.memory.size);
	out_printf(&out, "hyp_base = 0x%llx; /* first page of the core: link address and frame */\n", (ull)d->hyp.base);
	out_printf(&out, "image_end = 0x%llx; /* of the last pristine image */\n", (ull)d->image_end);
	out_printf(&out, "text_offset_value = 0x%llx; /* hyp_base above its RAM bank */\n",
		   (ull)(d->hyp.base - bank_base(d)));
	file_write(dir, "layout.ld", out.data, out.size);
}

/*
 * image.N: a link, so that no path of this machine is in what is emitted (`as -I gen` finds it). What is not the file's
 * bytes is a file itself, and source.N the link, by which tools/partition learns what the build depends on.
 */
static void emit_file(const struct image *image, const char *dir)
{
	if (image->converted) {
		file_write(dir, mem_format("image.%u", image->section), image->data, image->data_size);
	}
	file_link(dir, mem_format("%s.%u", image->converted ? "source" : "image", image->section), image->path);
}

static void emit_image(const struct decision *d, const struct cell *cell, const struct image *image, const char *dir,
		       struct out *ld, struct out *as)
{
	const char *from = emit_at(d, image->at);

	out_printf(ld, "\t/* %s of %s, %s */\n", emit_comment(image->name), cell->name, from);
	/* AT: a segment of its own, as lld's places in the file are as far apart as addresses in one segment are. */
	out_printf(ld, "\t.image.%u 0x%llx : AT(0x%llx) { KEEP(*(.image.%u)) } > images\n", image->section, (ull)image->link, (ull)image->link,
		   image->section);
	out_printf(as, "/* %s of %s, %s */\n", emit_comment(image->name), cell->name, from);
	out_printf(as, "\t.section .image.%u, \"a\"\n\t.balign 4096\n", image->section);
	if (image != &cell->images[IMAGE_DTB]) {
		out_printf(as, "\t.incbin \"image.%u\"\n\t.balign 4096\n", image->section);
		emit_file(image, dir);
	} else {
		out_printf(as, "\t.incbin %s\n\t.balign 4096\n", emit_quote(image->name));
	}
}

static void emit_images(const struct decision *d, const char *dir)
{
	struct out ld = {0}, as = {0}, starts = {0};

	emit_head(d, &ld);
	emit_head(d, &as);
	starts_of(d, &starts);
	file_write(dir, "starts.bin", starts.data, starts.size); /* so that anybody can repeat the configuration's hash */
	out_printf(&ld, "SECTIONS\n{\n");
	for (u32 i = 0; i < d->cell_count; i++) {
		for (u32 kind = 0; kind < IMAGE_KIND_COUNT; kind++) {
			const struct image *image = &d->cells[i].images[kind];

			if (image->present) {
				emit_image(d, &d->cells[i], image, dir, &ld, &as);
			}
		}
		file_write(dir, d->cells[i].images[IMAGE_DTB].name, d->cells[i].images[IMAGE_DTB].data,
			   d->cells[i].images[IMAGE_DTB].data_size);
	}
	out_printf(&ld, "}\n");
	file_write(dir, "images.ld", ld.data, ld.size);
	file_write(dir, "images.S", as.data, as.size);
}

/* Pages from hyp_base on whose frames boot must know: the code, and of the constants what it reads before the MMU is on. */
static u32 boot_pages(const struct decision *d)
{
	u64 data = d->cpu_count * sizeof(struct arch_regs) + d->bank_count * sizeof(struct ram_bank) + BOOT_DATA;

	return (u32)((d->hyp.slots[SLOT_RODATA].base - d->hyp.base + align_up(data, PAGE_SIZE)) / PAGE_SIZE);
}

static void emit_boot_frames(const struct decision *d, struct out *as)
{
	u32 count = boot_pages(d);

	out_printf(as, "/* Frames of the core's first pages, in pages from hyp_base on */\n");
	out_printf(as, "\t.section .frames, \"a\"\n\t.balign 4\n\t.global boot_frames, boot_frames_end\nboot_frames:\n");
	for (u32 i = 0; i < count; i++) {
		out_printf(as, "\t.long %llu\n", (ull)((d->hyp.frames.of_page[i] - d->hyp.base) / PAGE_SIZE));
	}
	out_printf(as, "boot_frames_end:\n\n");
}

/* Contiguous in both kinds of addresses: link address, physical address, size. */
static void emit_run(struct out *out, u64 link, u64 phys, u64 size)
{
	out_printf(out, "0x%llx 0x%llx 0x%llx\n", (ull)link, (ull)phys, (ull)size);
}

static void emit_image_frames(const struct cell *cell, struct out *out)
{
	for (u32 i = 0; i < IMAGE_KIND_COUNT; i++) {
		const struct image *image = &cell->images[i];

		for (u64 at = 0; image->present && at < image->phys_size;) {
			struct run run = backing_run(&image->backing, at);
			u64 size = run.size < image->phys_size - at ? run.size : image->phys_size - at;

			emit_run(out, image->link + at, run.phys, size);
			at += size;
		}
	}
}

static void emit_frames(const struct decision *d, const char *dir)
{
	const struct frames *f = &d->hyp.frames;
	struct out out = {0};

	out_printf(&out, "# Written by cellgen from %s: link address, physical address, size\n", path_base(d->dts));
	for (u32 i = 0; i < f->page_count;) {
		u32 end = i + 1;

		while (end < f->page_count && f->of_page[end] == f->of_page[end - 1] + PAGE_SIZE) {
			end++;
		}
		emit_run(&out, d->hyp.base + i * PAGE_SIZE, f->of_page[i], (end - i) * PAGE_SIZE);
		i = end;
	}
	for (u32 i = 0; i < d->cell_count; i++) {
		emit_image_frames(&d->cells[i], &out);
	}
	file_write(dir, "frames.txt", out.data, out.size);
}

static void emit_tables(const struct decision *d, const struct tables *t, const u8 *roots, const char *dir)
{
	struct out as = {0};

	emit_head(d, &as);
	emit_boot_frames(d, &as);
	out_printf(&as, "/* %u pages: run roots, load lists, load roots, %sEL2 roots */\n", t->count, d->dma_tree_count ? "trees of devices, " : "");
	out_printf(&as, "\t.section .tables, \"a\"\n\t.balign 4096\n\t.incbin \"tables.bin\"\n\n");
	out_printf(&as, "/* Roots in force: one page per cell, the only table pages anybody writes */\n");
	out_printf(&as, "\t.section .roots, \"aw\"\n\t.balign 4096\n\t.incbin \"roots.bin\"\n");
	if (d->hyp.slots[SLOT_STREAMS].size) {
		out_printf(&as, "\n/* What IOMMUs read: entries of streams, a page of commands and one of events each */\n");
		out_printf(&as, "\t.section .streams, \"aw\"\n\t.balign 4096\n\t.incbin \"streams.bin\"\n");
		file_write(dir, "streams.bin", arch_streams(d), d->hyp.slots[SLOT_STREAMS].size);
	}
	file_write(dir, "tables.S", as.data, as.size);
	file_write(dir, "tables.bin", t->pages, t->count * PAGE_SIZE);
	file_write(dir, "roots.bin", roots, d->cell_count * PAGE_SIZE);
}

void emit_layout(const struct decision *d, const struct tables *t, const u8 *roots, const char *dir)
{
	emit_layout_ld(d, dir);
	emit_images(d, dir);
	emit_tables(d, t, roots, dir);
	emit_frames(d, dir);
}
