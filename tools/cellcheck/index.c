/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * machine_index: what the image itself says about where its objects are, so that cloison.bin can be
 * checked without the ELF. Every element of it follows from symbols, sections and files.
 */
#include <libfdt.h>
#include <string.h>

#include "cellcheck.h"

#define ELEMENT 16

struct element {
	u64 address, size;
	u32 kind, number;
};

static const char *const objects[] = { "machine_regs", "machine_cpus", "machine_cells", "machine_cell_cpus", "machine_cell_ram",
	"machine_vdevs", "machine_lines", "machine_owners", "machine_ram", "machine_board", "machine_service_cpu", "machine_console_base",
	"machine_console_clock", "machine_name", "machine_board_name", "machine_hash",
	/* from here on: only if an IOMMU is used */
	"machine_iommus", "machine_streams", "machine_functions", "machine_bars", "machine_spaces", "machine_buses",
	/* and these, if a cell has the ITS */
	"machine_its", "machine_its_devices", "machine_its_commands",
	/* always */
	"machine_lives", "machine_controls", "machine_core" };
enum { OBJECTS_IOMMU = 16, OBJECTS_ITS = 22, OBJECTS_LIFE = 25 };

const char *const vdev_symbols[VDEV_KINDS] = { "vdev_pl011", "vdev_sp805", "vdev_pl061" };

/* Numbered as they came to be, not as they lie. */
static const int slots[] = { SLOT_TEXT, SLOT_RODATA, SLOT_COPIER, SLOT_ROOTS, SLOT_DATA, SLOT_CPUS, SLOT_TABLES, SLOT_STREAMS };

u32 index_slot(int slot)
{
	u32 number = 0;

	while (slots[number] != slot)
		number++;
	return number;
}

const char *index_object(u32 number)
{
	return number < sizeof objects / sizeof objects[0] ? objects[number] : NULL;
}

static struct object get_index(const struct check *c)
{
	const struct symbol *s = image_symbol(c->img, "machine_index");
	const u8 *p = s && s->object && section_at(c->img, s->value) == c->img->rodata ? image_at(c->img, s->value, s->size) : NULL;

	return (struct object) { p, p ? s->value : 0, p ? s->size : 0 };
}

static struct element element_at(struct object o, size_t i)
{
	const u8 *p = o.p + i * ELEMENT;

	return (struct element) { get(p, 8), get(p + 8, 4), (u32)get(p + 12, 2), (u32)get(p + 14, 2) };
}

static bool find(const struct check *c, u32 kind, size_t number, struct element *e)
{
	struct object o = get_index(c);

	for (size_t i = 0; o.p && i < o.size / ELEMENT; i++) {
		*e = element_at(o, i);
		if (e->kind == kind && e->number == number)
			return true;
	}
	return false;
}

u64 index_file_size(struct check *c, size_t image)
{
	struct element e;

	return find(c, INDEX_FILE, image, &e) ? e.size : 0;
}

bool index_range_base(struct check *c, size_t range, u64 *phys)
{
	struct element e;

	if (!find(c, INDEX_RANGE, range, &e))
		return false;
	*phys = e.address;
	return true;
}

/* ---- what it must be */

typedef VEC(struct element) elements;

static void want(struct check *c, elements *all, u32 kind, size_t number, u64 address, u64 size)
{
	*VEC_ADD(&c->arena, *all) = (struct element) { address, size, kind, (u32)number };
}

static void want_symbol(struct check *c, elements *all, u32 kind, size_t number, const char *name)
{
	const struct symbol *s = image_symbol(c->img, name);

	if (s)
		want(c, all, kind, number, s->value, kind == INDEX_OPS ? 0 : s->size);
}

static bool has_vdev(const struct ask *ask, enum vdev_kind kind)
{
	for (size_t i = 0; i < ask->cells.n; i++)
		for (size_t n = 0; n < ask->cells.v[i].vdevs.n; n++)
			if (ask->cells.v[i].vdevs.v[n].kind == kind)
				return true;
	return false;
}

static void want_objects(struct check *c, elements *all)
{
	bool iommu = c->ask->iommus.n;

	for (size_t i = 0; i < (iommu ? SLOTS : SLOTS - 1); i++)
		want(c, all, INDEX_SLOT, i, c->slots[slots[i]].base, c->slots[slots[i]].pages * PAGE);
	for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++)
		if (i < OBJECTS_IOMMU || i >= OBJECTS_LIFE || (i < OBJECTS_ITS ? iommu : c->ask->messages.n))
			want_symbol(c, all, INDEX_OBJECT, i, objects[i]);
	for (size_t i = 0; i < c->ask->cells.n; i++)
		if (!c->ask->cells.v[i].direct)
			want_symbol(c, all, INDEX_VGIC, i, arena_text(&c->arena, "vgic_%zu", i));
	for (size_t i = 0; i < c->ask->vdevs; i++)
		want_symbol(c, all, INDEX_STATE, i, arena_text(&c->arena, "state_%zu", i));
	for (size_t kind = 0; kind < VDEV_KINDS; kind++)
		if (has_vdev(c->ask, (enum vdev_kind)kind))
			want_symbol(c, all, INDEX_OPS, kind, vdev_symbols[kind]);
}

/* Exact: the kernel's is for machine_hash to say, which has it from here. */
static u64 file_size(struct check *c, size_t cell, const struct piece *piece, size_t k, size_t count, size_t image)
{
	const struct section *tree = piece[count - 1].image;
	u64 said = index_file_size(c, image);

	if (!tree || fdt_check_full(tree->bytes, tree->size))
		return said; /* found already */
	if (k + 1 == count)
		return fdt_totalsize(tree->bytes);
	if (k == 1)
		return chosen_number(tree->bytes, "linux,initrd-end") - chosen_number(tree->bytes, "linux,initrd-start");
	if ((said + 15) / 16 * 16 != piece[0].size)
		finding(c, "index", "machine_index: the kernel of '%s' has %llu bytes, but the load list copies %llu",
			c->ask->cells.v[cell].name, said, piece[0].size);
	return said;
}

static void want_files(struct check *c, elements *all)
{
	size_t image = 0;

	for (size_t cell = 0; cell < c->ask->cells.n; cell++) {
		struct piece piece[3];
		size_t count = list_pieces(c, cell, piece);

		for (size_t k = 0; k < count; k++, image++)
			if (piece[k].image)
				want(c, all, INDEX_FILE, image, piece[k].image->base, file_size(c, cell, piece, k, count, image));
	}
}

/* Where each range begins; that the tables say so too is compare.c's business. */
static void want_ranges(struct check *c, elements *all)
{
	for (size_t i = 0; i < c->ask->ranges; i++) {
		u64 phys = 0;

		if (!index_range_base(c, i, &phys))
			finding(c, "index", "machine_index does not say where range %zu of machine_cell_ram is", i);
		want(c, all, INDEX_RANGE, i, phys, 0);
	}
}

/* Where there are no symbols: each object in .rodata, none over another. */
static void check_objects_apart(struct check *c, struct object o)
{
	const struct section *s = c->img->rodata;

	for (size_t i = 0; i < o.size / ELEMENT; i++) {
		struct element a = element_at(o, i);
		struct span span = { a.address, a.size };

		if (a.kind != INDEX_OBJECT && a.kind != INDEX_VGIC)
			continue;
		if (!span_holds((struct span) { s->base, s->size }, span) || span_meet(span, (struct span) { o.address, o.size }))
			finding(c, "index", "machine_index[%zu]: the object is not in .rodata, or is the index", i);
		for (size_t n = 0; n < i; n++) {
			struct element b = element_at(o, n);

			if ((b.kind == INDEX_OBJECT || b.kind == INDEX_VGIC) && span_meet(span, (struct span) { b.address, b.size }))
				finding(c, "index", "machine_index[%zu] and [%zu] are over each other", n, i);
		}
	}
}

void check_index(struct check *c)
{
	struct object o = get_index(c);
	elements all = { 0 };

	if (!o.p) {
		finding(c, "index", "there is no object machine_index in .rodata");
		return;
	}
	if (c->img->bare)
		check_objects_apart(c, o);
	want_objects(c, &all);
	want_files(c, &all);
	want_ranges(c, &all);
	want(c, &all, 0, 0, 0, 0);
	expect(c, "index", "machine_index", "size", o.size, all.n * ELEMENT);
	for (size_t i = 0; i < all.n && i < o.size / ELEMENT; i++) {
		char *who = arena_text(&c->arena, "machine_index[%zu]", i);
		struct element e = element_at(o, i);

		expect(c, "index", who, "address", e.address, all.v[i].address);
		expect(c, "index", who, "size", e.size, all.v[i].size);
		expect(c, "index", who, "kind", e.kind, all.v[i].kind);
		expect(c, "index", who, "number", e.number, all.v[i].number);
	}
}
