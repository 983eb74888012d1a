/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * cloison.bin alone: everything that the first page leads to. boot_frames -> machine_regs -> the EL2
 * tables of CPU 0 -> machine_index, which says where sections and objects are; the load roots lead to
 * copiers and images; pages of .tables are those that a walk comes to. Bounded by the size of the file:
 * what is nonsense here is found by the checks, which read it once more.
 */
#include <stdlib.h>
#include <string.h>

#include "cellcheck.h"

#define OUTPUT 0x0000fffffffff000ull
#define REGS 128
#define OBJECT_IOMMUS 16
#define IOMMU_SIZE 72

struct bare {
	struct image *img;
	u64 base, root; /* root: of EL2, CPU 0 */
	u64 total;      /* bytes of sections */
	bool *table;    /* pages of the file that are tables, or load lists */
	VEC(struct symbol) index; /* name: NULL; value, size as there, object: unused */
	VEC(u32) kinds; /* kind << 16 | number */
};

/* A page of the file by physical address, NULL: not in it. */
static const u8 *page_at(const struct bare *b, u64 phys)
{
	const struct image *img = b->img;
	u64 offset = (phys & ~(PAGE - 1)) - b->base;

	return phys < b->base || offset >= img->file_size || img->file_size - offset < PAGE ? NULL : img->file + offset;
}

/* As the hardware does. */
static bool look(const struct bare *b, u64 table, u64 in, u64 *out)
{
	for (int level = 1; level <= 3 && !(in >> 39); level++) {
		const u8 *page = page_at(b, table);
		u64 entry = page ? get64(page + in / entry_bytes[level] % 512 * 8) : 0;

		if (!(entry & 1) || (level == 3 && !(entry & 2)))
			return false;
		if (level == 3 || !(entry & 2)) {
			*out = (entry & OUTPUT & ~(entry_bytes[level] - 1)) + in % entry_bytes[level];
			return true;
		}
		table = entry & OUTPUT;
	}
	return false;
}

/* What is at a link address, to the end of its page; ends the program if that is nothing. */
static const u8 *at_link(const struct bare *b, u64 link)
{
	const u8 *page;
	u64 phys;

	if (!look(b, b->root, link, &phys) || !(page = page_at(b, phys)))
		unreadable("%s: the tables of CPU 0 do not lead to link address 0x%llx", b->img->path, link);
	return page + phys % PAGE;
}

/* ---- machine_index */

static void read_index(struct bare *b, u64 link)
{
	for (;; link += 16) {
		const u8 *front = at_link(b, link & ~7ull), *p = at_link(b, (link & ~7ull) + 8); /* an element may straddle a page */
		u32 kind = (u32)get(p + 4, 2), number = (u32)get(p + 6, 2);

		if (link % 8 || b->kinds.n > b->img->file_size / 16)
			unreadable("%s: machine_index is none", b->img->path);
		*VEC_ADD(&b->img->arena, b->index) = (struct symbol) { NULL, get64(front), get(p, 4), true };
		*VEC_ADD(&b->img->arena, b->kinds) = kind << 16 | number;
		if (!kind)
			break;
	}
}

static const struct symbol *entry_of(const struct bare *b, u32 kind, u32 number)
{
	for (size_t i = 0; i < b->kinds.n; i++)
		if (b->kinds.v[i] == (kind << 16 | number))
			return &b->index.v[i];
	return NULL;
}

static const struct symbol *slot_of(const struct bare *b, int slot)
{
	return entry_of(b, INDEX_SLOT, index_slot(slot));
}

static void add_section(struct bare *b, const char *name, u64 base, u64 size)
{
	struct image *img = b->img;

	if (base % PAGE || size % PAGE || !size || size > img->file_size - b->total || base + size < base)
		unreadable("%s: machine_index: %s has no place", img->path, name);
	b->total += size;
	*VEC_ADD(&img->arena, img->sections) = (struct section) { name, base, size, 0, 0, arena_get(&img->arena, size) };
}

/* A page of a section. Its bytes are a copy, in the order of link addresses. */
static void add_page(struct bare *b, u64 link, u64 phys)
{
	const struct section *s = section_at(b->img, link);
	const u8 *page = page_at(b, phys);

	if (!s || !page || phys % PAGE)
		unreadable("%s: link address 0x%llx is at 0x%llx, which is not in the file", b->img->path, link, phys);
	memcpy(s->bytes + (link - s->base), page, PAGE);
	*VEC_ADD(&b->img->arena, b->img->extents) = (struct extent) { link, phys, PAGE, s, s->bytes + (link - s->base) };
}

static void add_symbols(struct bare *b, u64 index)
{
	struct arena *a = &b->img->arena;

	for (size_t i = 0; i < b->kinds.n; i++) {
		u32 kind = b->kinds.v[i] >> 16, number = b->kinds.v[i] & 0xffff;
		struct symbol s = b->index.v[i];

		s.name = kind == INDEX_OBJECT ? index_object(number) : kind == INDEX_VGIC ? arena_text(a, "vgic_%u", number) :
			kind == INDEX_STATE ? arena_text(a, "state_%u", number) : kind == INDEX_OPS && number < VDEV_KINDS ? vdev_symbols[number] : NULL;
		if (s.name)
			*VEC_ADD(a, b->img->symbols) = s;
	}
	*VEC_ADD(a, b->img->symbols) = (struct symbol) { "machine_index", index, b->kinds.n * 16, true };
	image_sort_symbols(b->img);
}

/* ---- pages of .tables: those that walks come to, in the order of their frames */

static void mark(struct bare *b, u64 table, int level)
{
	const u8 *page = table % PAGE ? NULL : page_at(b, table);
	bool *known = page ? &b->table[(page - b->img->file) / PAGE] : NULL;

	if (!known || *known)
		return;
	*known = true;
	for (unsigned i = 0; level < 3 && i < 512; i++) {
		u64 entry = get64(page + 8 * i);

		if ((entry & 3) == 3)
			mark(b, entry & OUTPUT, level + 1);
	}
}

/* What the stream tables lead to: level 1, and the trees of entries. */
static void mark_streams(struct bare *b)
{
	const struct symbol *iommus = entry_of(b, INDEX_OBJECT, OBJECT_IOMMUS);

	for (u64 i = 0; iommus && i < iommus->size / IOMMU_SIZE; i++) {
		const u8 *level1 = page_at(b, get64(at_link(b, iommus->value + i * IOMMU_SIZE + 16)) & OUTPUT);

		if (!level1)
			continue;
		b->table[(level1 - b->img->file) / PAGE] = true;
		for (u64 n = 0; n < PAGE / 8; n++) {
			u64 descriptor = get64(level1 + 8 * n);
			const u8 *leaf = descriptor ? page_at(b, descriptor & OUTPUT) : NULL;

			for (u64 k = 0; leaf && k < STREAMS; k++)
				if (leaf[64 * k] & 1)
					mark(b, get64(leaf + 64 * k + 24) & OUTPUT, 1);
		}
	}
}

static void mark_all(struct bare *b)
{
	const struct symbol *regs = entry_of(b, INDEX_OBJECT, 0), *tables = slot_of(b, SLOT_TABLES);
	const struct symbol *roots = slot_of(b, SLOT_ROOTS);
	u64 phys;

	b->table = arena_get(&b->img->arena, b->img->file_size / PAGE + 1);
	for (u64 i = 0; i < regs->size / REGS; i++) {
		const u8 *p = at_link(b, regs->value + i * REGS);
		u64 load = get64(p + 64) & OUTPUT;

		mark(b, get64(p + 40), 1);
		if (load)
			mark(b, load, 1);
		if (load && look(b, load, LOAD_LIST, &phys) && page_at(b, phys))
			b->table[(phys - b->base) / PAGE] = true;
	}
	for (u64 at = 0; at < roots->size; at += PAGE)
		if (look(b, b->root, tables->value + at, &phys))
			mark(b, phys, 1);
	mark_streams(b);
}

static void add_tables(struct bare *b)
{
	const struct symbol *tables = slot_of(b, SLOT_TABLES), *roots = slot_of(b, SLOT_ROOTS);
	u64 link = tables->value, end = tables->value + tables->size, phys;

	mark_all(b);
	for (u64 at = 0; at < roots->size && link < end; at += PAGE, link += PAGE)
		if (look(b, b->root, link, &phys) && page_at(b, phys)) {
			add_page(b, link, phys);
			b->table[(phys - b->base) / PAGE] = false;
		}
	for (u64 i = 0; i < b->img->file_size / PAGE && link < end; i++)
		if (b->table[i]) {
			add_page(b, link, b->base + i * PAGE);
			link += PAGE;
		}
}

/* ---- what load roots lead to */

/* The load root of a cell: VMIDs are 1, 2, ...; 0: none. */
static u64 load_root(const struct bare *b, u64 cell)
{
	const struct symbol *regs = entry_of(b, INDEX_OBJECT, 0);

	for (u64 i = 0; i < regs->size / REGS; i++) {
		const u8 *p = at_link(b, regs->value + i * REGS);

		if (get64(p + 56) >> 48 == cell + 1)
			return get64(p + 64) & OUTPUT;
	}
	return 0;
}

static const u8 *load_list(const struct bare *b, u64 cell, u64 *count)
{
	const u8 *page = NULL;
	u64 phys;

	if (look(b, load_root(b, cell), LOAD_LIST, &phys))
		page = page_at(b, phys);
	if (!page || get64(page) > 3)
		unreadable("%s: cell %llu has no load list", b->img->path, cell);
	*count = get64(page);
	return page;
}

/* Images are numbered in the order of cells and of their load lists. */
static void each_image(struct bare *b, void (*each)(struct bare *, u64 cell, u32 image, u64 source))
{
	u64 cells = slot_of(b, SLOT_ROOTS)->size / PAGE, count;
	u32 image = 0;

	for (u64 cell = 0; cell < cells; cell++) {
		const u8 *list = load_list(b, cell, &count);

		for (u64 k = 0; k < count; k++, image++)
			each(b, cell, image, get64(list + 16 + 24 * k));
	}
}

static void add_image(struct bare *b, u64 cell, u32 image, u64 source)
{
	const struct symbol *e = entry_of(b, INDEX_FILE, image);

	(void)cell;
	(void)source;
	if (!e)
		unreadable("%s: machine_index has no image %u", b->img->path, image);
	add_section(b, arena_text(&b->img->arena, ".image.%u", image), e->value, (e->size + PAGE - 1) & ~(PAGE - 1));
}

static void add_image_pages(struct bare *b, u64 cell, u32 image, u64 source)
{
	const struct symbol *e = entry_of(b, INDEX_FILE, image);
	u64 phys;

	for (u64 at = 0; at < e->size; at += PAGE)
		if (look(b, load_root(b, cell), source + at, &phys))
			add_page(b, e->value + at, phys);
}

/* ---- sections */

static const char *const slot_names[SLOTS] = { ".text", ".rodata", ".copier", ".roots", ".streams", ".data", NULL, ".tables" };

static void add_pages(struct bare *b)
{
	u64 phys;

	for (u32 i = 0; i < SLOT_CPUS; i++) {
		const struct symbol *e = slot_of(b, (int)i);

		for (u64 at = 0; e && at < e->size; at += PAGE)
			if (look(b, i == SLOT_COPIER ? load_root(b, at / PAGE) : b->root, i == SLOT_COPIER ? LOAD_COPIER : e->value + at, &phys))
				add_page(b, e->value + at, phys);
	}
	add_tables(b);
	each_image(b, add_image_pages);
}

static int by_base(const void *x, const void *y)
{
	const struct section *a = x, *b = y;

	return (a->base > b->base) - (a->base < b->base);
}

static void add_sections(struct bare *b)
{
	struct image *img = b->img;

	for (u32 i = 0; i < SLOTS; i++) {
		const struct symbol *e = slot_of(b, (int)i);

		if ((!e && i != SLOT_STREAMS) || !entry_of(b, INDEX_OBJECT, 0))
			unreadable("%s: machine_index has no slot %u, or no machine_regs", img->path, i);
		if (e && slot_names[i])
			add_section(b, slot_names[i], e->value, e->size);
	}
	each_image(b, add_image);
	qsort(img->sections.v, img->sections.n, sizeof *img->sections.v, by_base);
	image_name(img);
}

void bare_open(struct image *img, u64 base)
{
	struct bare b = { .img = img, .base = base };
	const u8 *p = img->file, *regs;
	u64 frames, count, index;

	img->bare = true;
	if (img->file_size < 32 * PAGE || base % PAGE || memcmp(p + 56, "ARM\x64", 4))
		unreadable("%s: neither an ELF file nor an image at 0x%llx", img->path, base);
	frames = get(p + 64, 4);
	count = get(p + 68, 4);
	index = base + get(p + 72, 4);
	if (frames > PAGE || count <= TEXT_PAGES || count > (PAGE - frames) / 4)
		unreadable("%s: no boot_frames in the first page", img->path);
	regs = page_at(&b, base + get(p + frames + 4 * TEXT_PAGES, 4) * PAGE);
	if (!regs)
		unreadable("%s: machine_regs is not in it", img->path);
	b.root = get64(regs + 40);
	img->hyp_base = base;
	img->image_size = img->file_size;
	img->image_end = base + img->file_size;
	img->text_offset = get64(p + 8);
	img->boot_frames = base + frames;
	img->boot_frames_end = base + frames + 4 * count;
	read_index(&b, index);
	add_symbols(&b, index);
	add_sections(&b);
	add_pages(&b);
	extents_sort(img);
	extents_gaps(img, base);
}
