/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The bytes and the trees: what is read, before anybody asks what it means. Part of cellcheck.h. */
#ifndef CELLCHECK_IMAGE_H
#define CELLCHECK_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef unsigned long long u64; /* for %llx */
typedef uint32_t u32;
typedef uint16_t u16;
typedef uint8_t u8;

#define KIB 1024ull
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define PAGE (4 * KIB)
#define TEXT_PAGES 32 /* of the slot of .text */
#define FRAME (64 * KIB)
#define NONE 0xffffu
#define INTIDS 1024u
#define LOAD_COPIER 0x7fc0000000ull
#define LOAD_LIST 0x7fc0001000ull
#define LOAD_IMAGES 0x7fc0200000ull
#define LOAD_END 0x8000000000ull
#define GUEST_GICD 0x08000000ull
#define GUEST_GICR 0x080a0000ull
#define GUEST_DOORBELL 0x08090000ull /* of the ITS as its cell has it: the page of GITS_TRANSLATER */

/* ---- util.c */

/* Freed as a whole: a check may run thousands of times in one process (tests/cellcheck/flip.c). */
struct arena {
	struct block *blocks;
};
void *arena_get(struct arena *a, size_t size); /* zeros; ends the program when there is no memory */
char *arena_text(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_free(struct arena *a);

/* An array that grows: VEC(type) v; *VEC_ADD(arena, v) = element. */
#define VEC(type) struct { type *v; size_t n, room; }
#define VEC_ADD(a, x) (vec_room(a, (void **)&(x).v, &(x).n, &(x).room, sizeof *(x).v), &(x).v[(x).n - 1])
void vec_room(struct arena *a, void **v, size_t *n, size_t *room, size_t size);

u64 get(const u8 *p, int bytes);    /* little endian */
static inline u64 get64(const u8 *p)
{
	return (u64)p[0] | (u64)p[1] << 8 | (u64)p[2] << 16 | (u64)p[3] << 24 | (u64)p[4] << 32 | (u64)p[5] << 40 |
		(u64)p[6] << 48 | (u64)p[7] << 56;
}
u64 get_be(const u8 *p, int bytes); /* device trees */
void hex_of(const u8 *bytes, size_t size, char *hex);
_Noreturn void unreadable(const char *format, ...) __attribute__((format(printf, 1, 2))); /* exit 2 */

struct span {
	u64 base, size;
};
static inline bool span_meet(struct span a, struct span b)
{
	return a.size && b.size && a.base <= b.base + (b.size - 1) && b.base <= a.base + (a.size - 1);
}
static inline bool span_holds(struct span a, struct span b)
{
	return b.base >= a.base && b.size <= a.size && b.base - a.base <= a.size - b.size;
}

/* ---- image.c, extents.c */

struct section {
	const char *name;
	u64 base, size; /* link addresses */
	u64 flags, offset;
	u8 *bytes;
};
struct symbol {
	const char *name;
	u64 value, size;
	bool object;
};
/* Bytes that are contiguous by link address and in physical memory: a program header. */
struct extent {
	u64 link, phys, size;
	const struct section *section;
	u8 *bytes;
};
struct image {
	struct arena arena;
	const char *path;
	void *elf; /* libelf's; here, so that it is not lost when an unreadable file ends the program */
	u8 *file;
	size_t file_size;
	bool bare; /* cloison.bin alone: link addresses in .tables behind the roots are made up */
	const char *malformed; /* first departure from "The file" of the page */
	VEC(struct section) sections; /* sorted by link address */
	VEC(struct section *) images; /* .image.0, .image.1, ... */
	VEC(struct extent) extents;   /* sorted by link address */
	struct extent **by_phys;      /* the same, by physical address */
	VEC(struct symbol) symbols;   /* sorted by name */
	VEC(struct symbol) places;    /* of .text, sorted by address */
	u64 hyp_memory, hyp_size, hyp_base, image_end, image_size, text_offset, boot_frames, boot_frames_end;
	struct section *text, *rodata, *copier, *roots, *streams, *data, *tables; /* streams: NULL, if no IOMMU is used */
};
/* symbols: an ELF for a .bin that lies at base; bin without symbols: cloison.bin alone */
void image_open(struct image *img, const char *path, const char *symbols, u64 base, bool bin);
void image_parse(struct image *img, u8 *elf, size_t size); /* what image_open does with an ELF; img->arena, path, file are set */
void image_close(struct image *img);
void image_name(struct image *img); /* finds the sections that have names, numbers those that have numbers */
void image_sort_symbols(struct image *img);
void depart(struct image *img, const char *what, const char *name);
u8 *file_read(struct arena *a, const char *path, size_t *size);
const struct symbol *image_symbol(const struct image *img, const char *name);
const u8 *image_at(const struct image *img, u64 link, u64 size); /* NULL: not within one section */
struct section *image_section(const struct image *img, const char *name);
const struct section *section_at(const struct image *img, u64 link); /* NULL: none */

void extents_sort(struct image *img); /* and what cannot be: frames that are there twice */
const struct extent *extent_link(const struct image *img, u64 link);
const struct extent *extent_phys(const struct image *img, u64 phys);
bool image_phys(const struct image *img, u64 link, u64 *phys);
void extents_take(struct image *img, u64 base); /* the bytes from img->file, a .bin at base */
void extents_gaps(struct image *img, u64 base);
void bare_open(struct image *img, u64 base); /* cloison.bin alone */

/* ---- tree.c */

struct node {
	int offset, parent;
	u32 phandle;
	const char *name;
};
struct tree {
	const void *fdt;
	VEC(struct node) nodes;
};
typedef VEC(struct span) spans;
void tree_open(struct arena *a, struct tree *t, const char *path, size_t *size);
const u8 *tree_prop(const struct tree *t, int node, const char *name, int *length); /* NULL: none */
u32 tree_u32(const struct tree *t, int node, const char *name, u32 otherwise);
const char *tree_text(const struct tree *t, int node, const char *name); /* NULL: none, or no string */
bool tree_is(const struct tree *t, int node, const char *compatible);
int tree_child(const struct tree *t, int node, const char *name);
int tree_path(const struct tree *t, const char *path);
int tree_phandle(const struct tree *t, u32 phandle);
bool tree_below(const struct tree *t, int node, int above);
u32 tree_width(const struct tree *t, int node, const char *name); /* this node's, or of the nearest above; else 2 */
bool tree_pci(const struct tree *t, int node);                                 /* a PCI host */
void tree_regs(struct arena *a, const struct tree *t, int node, spans *found); /* none of a PCI function: its bus has no such addresses */
char *tree_name(struct arena *a, const struct tree *t, int node); /* its path */
const char *tree_label(struct arena *a, const struct tree *t, int node, size_t nth); /* NULL: it has no more */

#endif
