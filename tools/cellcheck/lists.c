/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Load lists: what is copied from where to where, before a cell's first instruction. Which
 * image section is which piece follows from the order: of cells, then kernel, initrd, device tree.
 */
#include <libfdt.h>
#include <string.h>

#include "cellcheck.h"

static size_t count_of(const struct ask_cell *ask)
{
	return ask->initrd ? 3 : 2;
}

/* What the list says, without judging it; with the image section each piece must be. */
size_t list_pieces(struct check *c, size_t cell, struct piece piece[3])
{
	const u8 *page = table_page(c, c->cells[cell].list);
	size_t count = count_of(&c->ask->cells.v[cell]), image = 0;

	memset(piece, 0, 3 * sizeof *piece);
	for (size_t i = 0; i < cell; i++)
		image += count_of(&c->ask->cells.v[i]);
	for (size_t k = 0; k < count; k++) {
		const u8 *p = page ? page + 16 + 24 * k : NULL;

		piece[k].image = image + k < c->img->images.n ? c->img->images.v[image + k] : NULL;
		if (p)
			piece[k] = (struct piece) { get(p, 8), get(p + 8, 8), get(p + 16, 8), piece[k].image };
	}
	return count;
}

static const char *piece_name(size_t k, size_t count)
{
	return k == 0 ? "kernel" : k + 1 < count ? "initrd" : "device tree";
}

/* The frames that the load root shows are those of the image, one by one. */
static void check_frames_of(struct check *c, size_t cell, const char *who, const struct piece *p)
{
	for (u64 at = 0; at < p->image->size; at += PAGE) {
		struct leaf leaf;
		u64 phys;

		if (image_phys(c->img, p->image->base + at, &phys) && look_up(c, &c->cells[cell].load, p->source + at, &leaf) &&
			leaf.out + (p->source + at - leaf.in) == phys)
			continue;
		finding(c, "load", "%s: guest address 0x%llx does not reach byte 0x%llx of %s", who, p->source + at, at, p->image->name);
		return;
	}
}

static void check_image_place(struct check *c, const char *who, const struct section *s)
{
	bool contiguous = true;
	u64 first = 0;

	image_phys(c->img, s->base, &first);
	for (u64 at = 0; at < s->size; at += PAGE) {
		u64 phys = 0;

		if (!image_phys(c->img, s->base + at, &phys) || phys < c->img->hyp_base || phys >= c->img->image_end ||
			span_meet((struct span) { phys, PAGE }, c->ask->memory)) {
			finding(c, "load", "%s: page 0x%llx of %s is at 0x%llx, which is not between the hypervisor's memory and image_end", who,
				at / PAGE, s->name, phys);
			return;
		}
		contiguous = contiguous && phys == first + at;
	}
	if (s->base % PAGE || s->size % PAGE || (contiguous ? s->base != first : s->base < 1ull << 48))
		finding(c, "load", "%s: the link address of %s is 0x%llx", who, s->name, s->base);
}

/* The bytes of the image, then zeros to the end of its last page. */
static void check_piece(struct check *c, size_t cell, const char *who, const struct piece *p)
{
	const struct section *s = p->image;
	u64 size = s->size < p->size ? s->size : p->size, phys = 0;

	image_phys(c->img, s->base, &phys);
	if (p->source % PAGE || (p->source ^ phys) % (2 * MIB) || p->source < LOAD_IMAGES || p->source >= LOAD_END ||
		s->size > LOAD_END - p->source)
		finding(c, "load", "%s: source 0x%llx is not where 0x%llx can be in the load window", who, p->source, phys);
	if (!p->size || p->size % 16 || p->size > s->size || s->size - p->size >= PAGE)
		finding(c, "load", "%s: 0x%llx bytes are not a file in %s of 0x%llx bytes", who, p->size, s->name, s->size);
	for (u64 i = size; i < s->size; i++)
		if (s->bytes[i]) {
			finding(c, "load", "%s: bytes in %s that are not copied", who, s->name);
			break;
		}
	check_image_place(c, who, s);
	check_frames_of(c, cell, who, p);
}

static void check_target(struct check *c, size_t cell, const char *who, const struct piece *p)
{
	const struct ask_cell *ask = &c->ask->cells.v[cell];
	bool inside = false;

	for (size_t i = 0; i < ask->ram.n; i++)
		inside |= span_holds((struct span) { ask->ram.v[i].base, ask->ram.v[i].size }, (struct span) { p->target, p->size });
	if (!inside)
		finding(c, "load", "%s: is copied to guest address 0x%llx, 0x%llx bytes: not the cell's RAM", who, p->target, p->size);
}

/* Arm64 Image header: text_offset at 8, "ARM\x64" at 56. */
static void check_kernel(struct check *c, size_t cell, const char *who, const struct piece *p)
{
	if (p->image->size < 64 || memcmp(p->image->bytes + 56, "ARM\x64", 4))
		finding(c, "load", "%s: is no arm64 Image", who);
	else
		expect(c, "load", who, "target", p->target, c->ask->cells.v[cell].ram.v[0].base + get(p->image->bytes + 8, 8));
}

u64 chosen_number(const void *fdt, const char *name)
{
	int length = 0;
	const u8 *p = fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), name, &length);

	return p && length == 8 ? get_be(p, 8) : 0;
}

/* A list copies multiples of 16 bytes: what it copies behind the end of the file is zero. */
static void check_tail(struct check *c, const char *who, const struct piece *p, u64 length)
{
	for (u64 i = length; i < p->size && i < p->image->size; i++)
		if (p->image->bytes[i]) {
			finding(c, "load", "%s: byte 0x%llx of %s is copied, but behind the end of the file and not zero", who, i, p->image->name);
			return;
		}
}

/* The guest's own tree: as long as it says, and right about the initrd. */
static void check_tree(struct check *c, const char *who, const struct piece *tree, const struct piece *initrd)
{
	const void *fdt = tree->image->bytes;
	u64 start, end;

	if (tree->image->size < 64 || fdt_check_full(fdt, tree->image->size)) {
		finding(c, "load", "%s: is no flattened device tree", who);
		return;
	}
	check_tail(c, who, tree, fdt_totalsize(fdt));
	expect(c, "load", who, "size", tree->size, (fdt_totalsize(fdt) + 15ull) & ~15ull);
	start = chosen_number(fdt, "linux,initrd-start");
	end = chosen_number(fdt, "linux,initrd-end");
	if (start > end || !initrd != !end || (initrd && (start != initrd->target || (end - start + 15) / 16 * 16 != initrd->size)))
		finding(c, "load", "%s: says that the initrd is at 0x%llx to 0x%llx, which it is not", who, start, end);
	else if (initrd)
		check_tail(c, who, initrd, end - start);
}

static void check_list(struct check *c, size_t cell)
{
	const char *name = c->ask->cells.v[cell].name;
	const u8 *page = table_page(c, c->cells[cell].list);
	struct piece piece[3];
	size_t count = list_pieces(c, cell, piece);
	const struct page_use use = { (u32)(3000000 + cell), (int)cell, 0, 0 };
	bool images = true;

	if (!page || !table_take(c, arena_text(&c->arena, "load list of '%s'", name), c->cells[cell].list, &use)) {
		finding(c, "load", "cell '%s' has no load list at 0x%llx under its load root", name, LOAD_LIST);
		return;
	}
	expect(c, "load", name, "number of pieces", get(page, 8), count);
	expect(c, "load", name, "word 1 of the load list", get(page + 8, 8), 0);
	for (size_t at = 16 + 24 * count; at < PAGE; at++)
		if (page[at]) {
			finding(c, "load", "load list of '%s': byte %zu is behind its end and not zero", name, at);
			break;
		}
	for (size_t k = 0; k < count; k++) {
		char *who = arena_text(&c->arena, "%s of '%s'", piece_name(k, count), name);

		images = images && piece[k].image;
		if (!piece[k].image)
			finding(c, "load", "%s: there is no image section for it", who);
		else
			check_piece(c, cell, who, &piece[k]);
		check_target(c, cell, who, &piece[k]);
		for (size_t n = 0; n < k; n++)
			if (span_meet((struct span) { piece[n].target, piece[n].size }, (struct span) { piece[k].target, piece[k].size }))
				finding(c, "load", "%s: is copied over the %s", who, piece_name(n, count));
	}
	if (images) {
		check_kernel(c, cell, arena_text(&c->arena, "kernel of '%s'", name), &piece[0]);
		check_tree(c, arena_text(&c->arena, "device tree of '%s'", name), &piece[count - 1], count == 3 ? &piece[1] : NULL);
	}
}

void check_lists(struct check *c)
{
	size_t images = 0;

	for (size_t i = 0; i < c->ask->cells.n; i++) {
		check_list(c, i);
		images += count_of(&c->ask->cells.v[i]);
	}
	if (images != c->img->images.n)
		finding(c, "load", "the number of image sections is not that of the cells' files");
}
