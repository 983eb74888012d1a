/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * cellcheck: is the finished image what the partition says, and nothing more?
 *
 *     image.c  the bytes and the symbols      tree.c, board.c, ask.c  what hardware there is, what was asked
 *       | regs.c el2.c cells.c lists.c kernel.c objects.c routes.c scan.c      each page of docs/image-format.md, compared
 *       | walk.c                                                      tables, as VMSAv8-64 defines a walk
 *       v reach.c                                                     who reaches what, from the leaves alone
 *     nobody.c, cert.c, json.c
 *
 * Nothing is shared with cellgen or src/, not even a header: what both could get wrong is
 * in docs/image-format.md only.
 */
#ifndef CELLCHECK_H
#define CELLCHECK_H

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
#define FRAME (64 * KIB)
#define NONE 0xffffu
#define INTIDS 1024u
#define LOAD_COPIER 0x7fc0000000ull
#define LOAD_LIST 0x7fc0001000ull
#define LOAD_IMAGES 0x7fc0200000ull
#define LOAD_END 0x8000000000ull
#define GUEST_GICD 0x08000000ull
#define GUEST_GICR 0x080a0000ull

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
u64 get_be(const u8 *p, int bytes); /* device trees */
void hash_hex(const void *bytes, size_t size, char hex[65]);
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

/* ---- image.c */

struct section {
	const char *name;
	u64 base, size;
	u8 *bytes;
};
struct symbol {
	const char *name;
	u64 value, size;
	bool object;
};
struct image {
	struct arena arena;
	const char *path;
	void *elf; /* libelf's; here, so that it is not lost when an unreadable file ends the program */
	u8 *file;
	size_t file_size;
	const char *malformed; /* first departure from "The file" of the page */
	VEC(struct section) sections;
	VEC(struct symbol) symbols; /* sorted by name */
	VEC(struct symbol) places;  /* of .text, sorted by address */
	u64 hyp_base, hyp_size, image_end, image_size, text_offset;
	struct section *text, *copier, *rodata, *tables, *roots, *data;
};
void image_open(struct image *img, const char *path, const char *elf, u64 base); /* elf: symbols of a .bin at base */
void image_close(struct image *img);
u8 *file_read(struct arena *a, const char *path, size_t *size);
const struct symbol *image_symbol(const struct image *img, const char *name);
const u8 *image_at(const struct image *img, u64 address, u64 size); /* NULL: not within one section */
struct section *image_section(const struct image *img, const char *name);

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
void tree_regs(struct arena *a, const struct tree *t, int node, spans *found);
char *tree_name(struct arena *a, const struct tree *t, int node); /* its path */

/* ---- board.c: the hardware */

struct hw_cpu {
	u64 id, gicr;
	int node;
};
struct wire {
	u32 intid;
	bool edge;
	int node;
};
struct hw {
	const struct tree *tree;
	VEC(struct hw_cpu) cpus;
	spans ram, reserved, gicr;
	u64 gicd;
	int gic;
	VEC(struct wire) wires; /* of SPIs */
	const char *model;
	VEC(char *) changes; /* of the board's tree by the partition */
};
void board_read(struct arena *a, struct hw *hw, const struct tree *t);
void board_compare(struct arena *a, struct hw *hw, const struct tree *board);
bool board_drives(const struct hw *hw, u32 intid);

/* ---- ask.c: the partition */

struct ask_vdev {
	const char *name;
	u64 base, size;
	bool drop, edge, said; /* said: its SPI is written */
	u32 intid;
};
struct ask_range {
	u64 base, size, physical;
	bool placed;
};
struct ask_address {
	bool said;
	u64 at;
};
struct ask_cell {
	const char *name;
	int node;
	const char *kind; /* cloison,kernel-kind; NULL: not written */
	struct ask_address load, entry;
	bool direct, wfi_native, debug_stop, strict, initrd;
	u32 limit;
	VEC(int) cpus;
	VEC(struct ask_range) ram;
	VEC(int) devices;
	VEC(struct ask_vdev) vdevs;
	spans pages; /* of devices */
	VEC(struct wire) wires; /* of devices, each once */
	VEC(u32) numbers; /* INTID in the cell that is written for a wire; 0: none */
	VEC(u32) limits;
};
struct ask {
	struct span memory;
	int service; /* CPU index, -1: none */
	u64 console;
	u32 console_clock;
	int console_node;
	VEC(struct ask_cell) cells;
	size_t vcpus, ranges, vdevs;
};
void ask_read(struct arena *a, struct ask *ask, const struct hw *hw);

/* ---- one check */

/* A leaf of a tree, or a run of leaves that is meant to be there. */
struct leaf {
	u64 in, out, size, attr;
};
typedef VEC(struct leaf) leaves;

struct line {
	u32 intid;
	int cell; /* -1: a kick of the core's */
	int cpu;
	const char *what;
};
struct finding {
	const char *id;
	char *text;
};
struct cell_trees {
	leaves run, load;
	u64 run_const, load_root, list, entry;
};
struct site {
	const char *reg, *place;
	unsigned count, allowed;
};
struct check {
	struct arena arena;
	const struct image *img;
	const struct hw *hw;
	const struct ask *ask;
	const void *partition;
	size_t partition_size;
	VEC(struct finding) findings;
	size_t hidden; /* findings beyond what anybody reads */
	leaves *el2;   /* of each CPU */
	struct cell_trees *cells;
	u32 *page_user; /* of each page of .tables, number of its tree; 0: none yet */
	VEC(struct line) lines;
	VEC(struct site) sites;
	VEC(char *) notes; /* what this check could not settle */
	u64 stack0;
	u64 pa_bits;
	const char *hash;
};
void check_run(struct check *c);
void check_free(struct check *c);
void finding(struct check *c, const char *id, const char *format, ...) __attribute__((format(printf, 3, 4)));
void expect(struct check *c, const char *id, const char *where, const char *field, u64 found, u64 wanted);

/* ---- walk.c */
enum stage { STAGE_EL2, STAGE_2 };
enum { /* attributes, docs/image-format.md "Translation tables" */
	PERM_R = 1, PERM_W = 2, PERM_X = 4, PERM_DEVICE = 8
};
#define EL2_TEXT 0x00000000000007c4ull
#define EL2_CONST 0x00400000000007c4ull
#define EL2_DATA 0x0040000000000744ull
#define EL2_DEVICE 0x0040000000000440ull
#define S2_RAM 0x00000000000007fcull
#define S2_RAM_LOAD 0x00400000000007fcull
#define S2_COPIER 0x000000000000077cull
#define S2_READ 0x004000000000077cull
#define S2_DEVICE 0x00400000000004c4ull
unsigned attr_rights(u64 attr, enum stage stage);
const char *rights_text(unsigned rights);
void walk(struct check *c, const char *who, u64 root, u32 user, leaves *found);
void walk_compare(struct check *c, const char *who, enum stage stage, const leaves *found, const leaves *wanted);
const u8 *table_page(struct check *c, u64 address);
bool table_take(struct check *c, const char *who, u64 address, u32 user);
void walk_rest(struct check *c); /* pages that nobody used are zero */
void range_add(struct check *c, leaves *to, u64 in, u64 out, u64 size, u64 attr);

/* ---- what is compared */
void check_regs(struct check *c);
void check_el2(struct check *c);
void check_cells(struct check *c);
void check_lists(struct check *c);
void check_hash(struct check *c);
struct piece;
void check_kernel(struct check *c, size_t cell, const char *who, const struct piece *p);
void check_objects(struct check *c);
void check_routes(struct check *c);
void check_scan(struct check *c);
void check_reach(struct check *c);

/* lists.c: the piece of a load list, and where its image is. */
struct piece {
	u64 source, target, size;
	const struct section *image;
};
size_t list_pieces(struct check *c, size_t cell, struct piece piece[3]);

/* objects.c */
struct object {
	const u8 *p; /* NULL: not there, or not of the size that follows from the partition */
	u64 address, size;
};
struct object object_get(struct check *c, const char *symbol, u64 size);
u64 object_field(struct object o, size_t element, size_t index, size_t offset, int bytes);
struct object object_vgic(struct check *c, size_t cell);

/* reach.c */
char *owner_of(struct check *c, u64 address, int but);

/* ---- what comes out */
void cert_write(FILE *out, struct check *c);
void json_write(FILE *out, struct check *c);
extern const char *const assumptions[]; /* ends with NULL */
/* Leaves that continue each other, as one. */
void leaves_merge(struct arena *a, const leaves *from, leaves *to);

/* nobody.c: what no party reaches, besides reserved memory. */
struct nobody {
	spans ram;
	VEC(char *) devices;
	VEC(u32) lines; /* that devices of the board drive */
	VEC(int) cpus;
};
void nobody_find(struct check *c, struct nobody *n);

#endif
