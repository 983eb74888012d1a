/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * cellcheck: is the finished image what the partition says, and nothing more?
 *
 *     image.c extents.c bare.c       the bytes, where they lie      tree.c, board.c, cache.c, ask.c  what hardware, what was asked
 *       |                                                           devices.c, regions.c, pci.c, streams.c
 *       | walk.c                     tables, as VMSAv8-64 defines a walk
 *       | reach.c owner.c            who reaches what, from the leaves alone
 *       v frames.c el2.c cells.c compare.c stripes.c color.c      where everything lies, and is it what was asked
 *         regs.c lists.c kernel.c hash.c objects.c index.c routes.c scan.c  each page of docs/image-format.md, compared
 *         dma.c iommu.c entries.c functions.c its.c                         the same, of devices that write memory
 *     summary.c, nobody.c, cert.c, certio.c, json.c, jsonio.c
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
#define TEXT_PAGES 24 /* of the slot of .text */
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

/* ---- board.c: the hardware */

struct place {
	struct span span;
	int node;
};
struct hw_cpu {
	u64 id, gicr;
	int node;
};
struct wire {
	u32 intid;
	bool edge;
	int node;
};
struct cache {
	int node;
	u64 size, sets, line;
	u32 colors;        /* at least 1 */
	const char *wrong; /* with its geometry */
	bool *cpus;        /* that are behind it */
};
struct hw {
	const struct tree *tree;
	VEC(struct hw_cpu) cpus;
	VEC(struct cache) caches;
	u32 colors; /* of the cache with most */
	spans ram, reserved, gicr;
	u64 gicd;
	int gic;
	VEC(struct place) guarded; /* registers of IOMMUs and the ITS, configuration spaces: no cell's, whatever the partition says */
	VEC(struct wire) wires; /* of SPIs */
	VEC(struct place) places; /* of the registers of every node that has some, partition aside */
	const char *model;
	VEC(char *) changes; /* of the board's tree by the partition */
};
void board_read(struct arena *a, struct hw *hw, const struct tree *t);
void board_compare(struct arena *a, struct hw *hw, const struct tree *board);
bool board_drives(const struct hw *hw, u32 intid);
bool board_intx(const struct hw *hw, int node); /* its interrupt pin leads to a line */

/* ---- cache.c: caches, and the words for colours */

struct colors {
	bool set; /* else: all of them */
	u32 n, of;
	u32 *list; /* ascending */
	bool *has; /* of each colour */
	VEC(const char *) shared; /* whom it names in cloison,llc-colors-shared-with */
};
void caches_read(struct arena *a, struct hw *hw);
void colors_read(struct arena *a, struct colors *colors, const struct hw *hw, int node);
bool colors_meet(const struct colors *a, const struct colors *b, u32 modulo);
char *colors_text(struct arena *a, const struct colors *colors, u32 modulo); /* "0-3,7"; "all" */

/* ---- ask.c: the partition */

struct ask_address {
	bool said;
	u64 at;
};
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
struct ask_region { /* a child of /reserved-memory that cells name */
	int node;
	const char *name;
	u64 base, size;
	bool placed;
};
struct ask_share {
	size_t region;
	bool write, said; /* said: its guest address is written */
	u64 base;
};
struct ask_cell {
	const char *name;
	int node;
	const char *kind; /* cloison,kernel-kind; NULL: not written */
	struct ask_address load, entry;
	bool direct, wfi_native, debug_stop, strict, initrd;
	u32 limit;
	u32 restart;           /* bit 0: after a reset it asked for, bit 1: after a failure */
	u32 restarts, seconds; /* at most so many within so many; 0: no limit */
	VEC(int) cpus;
	VEC(struct ask_range) ram;
	VEC(int) devices;
	VEC(struct ask_share) shares;
	VEC(int) no_dma; /* said to be no bus masters */
	VEC(int) loose;  /* bus masters that no IOMMU holds, by the trees */
	VEC(int) passive; /* whose node says cloison,dma = "none" */
	const char *trusted; /* cloison,trusted-dma: why that is meant; NULL: it is not */
	VEC(struct ask_vdev) vdevs;
	spans pages; /* of devices */
	VEC(struct wire) wires; /* of devices, each once */
	VEC(u32) numbers; /* INTID in the cell that is written for a wire; 0: none */
	VEC(u32) limits;
	struct colors colors;
};
struct ask_bar {
	u32 index;
	u64 size;
	bool wide, prefetchable;
};
struct ask_function { /* of PCI, with a cell */
	int node, host;
	size_t cell;
	u64 config; /* its page of configuration space */
	u16 address, vendor, device;
	u32 vectors;
	size_t first_bar; /* in machine_bars */
	VEC(struct ask_bar) bars;
	const char *no_reset; /* why it has none; NULL: it has one */
	u32 pin;
	bool resets; /* a register of its own resets it */
	u32 reset_bar, reset_offset, reset_value;
	int its; /* by msi-map, if it has vectors; -1: to none */
	u32 device_id;
};
struct ask_iommu { /* a device of a cell is behind it */
	int node;
	VEC(u32) leaves; /* StreamID / 64 of those in use, ascending */
};
struct ask_stream {
	int node; /* of several devices, as an IOMMU cannot tell these apart, the first in the tree */
	VEC(int) others;
	size_t cell, iommu, tree;
	u32 id;
	bool doorbell;
};
/* What devices of a cell reach: its memory and, if doorbell, the page by which they interrupt. VMID is its place + 1. */
struct ask_tree {
	size_t cell;
	bool doorbell;
};
struct ask {
	struct span memory;
	int service; /* CPU index, -1: none */
	u64 console;
	u32 console_clock;
	int console_node;
	VEC(struct ask_cell) cells;
	VEC(struct ask_region) regions; /* in the order of the tree */
	VEC(struct ask_function) functions; /* by cell, host, address */
	VEC(size_t) messages; /* functions with vectors, by DeviceID */
	int its;              /* where the first of them leads; -1: nowhere */
	u64 its_base;
	VEC(struct ask_iommu) iommus;   /* in the order of the tree */
	VEC(struct ask_stream) streams; /* by cell, IOMMU, id */
	VEC(struct ask_tree) trees;     /* by cell, without the doorbell first */
	size_t vcpus, ranges, vdevs, bars;
	struct colors colors; /* of the hypervisor */
	bool colored;         /* a cell is */
};
void ask_read(struct arena *a, struct ask *ask, const struct hw *hw);
void devices_read(struct arena *a, const struct hw *hw, const struct ask *ask, struct ask_cell *cell); /* devices.c */
void devices_page(struct arena *a, struct ask_cell *cell, struct span reg);
void regions_read(struct arena *a, struct ask *ask, const struct hw *hw); /* regions.c */
void functions_read(struct arena *a, struct ask *ask, const struct hw *hw); /* pci.c */
void messages_read(struct arena *a, struct ask *ask, const struct hw *hw);  /* its.c, behind the former */
void streams_read(struct arena *a, struct ask *ask, const struct hw *hw);   /* streams.c, behind the former */
u64 pci_bus(const struct hw *hw, const struct ask_function *f); /* configuration space of the function's bus */
bool pci_window(const struct hw *hw, int host, struct span s);  /* 32-bit memory, at the same address for the CPUs */
const struct ask_function *function_of(const struct ask *ask, int node); /* NULL: it is none that a cell has */

/* ---- one check */

enum { CORE = -1 }; /* a party is a cell, or this */
enum stage { STAGE_EL2, STAGE_2, STAGE_DMA }; /* DMA: stage 2 of an IOMMU */
struct leaf {
	u64 in, out, size, attr;
};
/* A run of leaves that is meant to be there; stripes: its frames are the cell's colours, out is not known. */
struct range {
	u64 in, out, size, attr;
	bool stripes, placed; /* placed: out is what it must be */
};
typedef VEC(struct range) wants;

/* One translation: an EL2 root, a run root, a load root, a tree for devices. */
struct regime {
	const char *who;
	enum stage stage;
	int party;
	bool load;
	u32 user; /* of its table pages */
	u64 root;
	bool shared[512]; /* of a load root: entries that are the run root's own */
};
/* Leaves of a regime that continue each other. */
struct stretch {
	struct leaf leaf;
	bool scattered; /* frames one after another, leaf.out is the first */
};
typedef VEC(struct stretch) summary;

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
	struct regime run, load;
	u64 list; /* physical address of the load list */
	u64 entry; /* where the cell starts, guest-physical */
	summary run_summary, load_summary;
};
struct site {
	const char *reg, *place;
	unsigned count, allowed;
};
enum { SLOT_TEXT, SLOT_RODATA, SLOT_COPIER, SLOT_ROOTS, SLOT_STREAMS, SLOT_DATA, SLOT_CPUS, SLOT_TABLES, SLOTS };
struct slot {
	const char *name;
	u64 base, pages;
};
struct page_use {
	u32 user; /* 0: nobody yet */
	int party, level;
	u64 input;
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
	struct regime *el2; /* of each CPU */
	struct cell_trees *cells;
	struct regime *dma; /* of each ask->trees */
	const char **dma_texts; /* what each reaches, by dma_text() */
	size_t dma_shown;
	struct span its;    /* what the ITS keeps in memory */
	u64 *level1;        /* of each ask->iommus: its stream table */
	u32 *level1_user;
	struct page_use *pages; /* of each page of .tables */
	struct slot slots[SLOTS];
	u64 *frames; /* of each of the core's pages, from the first: where it must be; NULL: that is not known */
	size_t frame_count;
	struct reach *reach;
	struct span *regions; /* of each region; size 0: nobody knows where it is */
	size_t *region_order; /* by their places */
	size_t color_findings;
	VEC(struct line) lines;
	VEC(struct site) sites;
	VEC(const char *) notes; /* what this check could not settle */
	u64 stack0;
	u64 pa_bits;
	const char *hash;
	char image_hash[65], tables_hash[65]; /* by hashes() */
};
void check_run(struct check *c);
void check_free(struct check *c);
void finding(struct check *c, const char *id, const char *format, ...) __attribute__((format(printf, 3, 4)));
void expect(struct check *c, const char *id, const char *where, const char *field, u64 found, u64 wanted);
const char *party_name(struct check *c, int party);
static inline const struct colors *party_colors(const struct check *c, int party)
{
	return party == CORE ? &c->ask->colors : &c->ask->cells.v[party].colors;
}

/* ---- walk.c */
enum { /* attributes, docs/image-format.md "Translation tables" */
	PERM_R = 1, PERM_W = 2, PERM_X = 4, PERM_DEVICE = 8
};
#define EL2_TEXT 0x00000000000007c4ull
#define EL2_CONST 0x00400000000007c4ull
#define EL2_DATA 0x0040000000000744ull
#define EL2_DEVICE 0x0040000000000440ull
#define S2_RAM 0x00000000000007fcull
#define S2_COPIER 0x000000000000077cull
#define S2_READ 0x004000000000077cull
#define S2_SHARED 0x00400000000007fcull
#define S2_SHARED_READ S2_READ
#define S2_DEVICE 0x00400000000004c4ull
#define DMA_RAM 0x00400000000007fcull
#define DMA_DOORBELL 0x0040000000000484ull
unsigned attr_rights(u64 attr, enum stage stage);
const char *rights_text(unsigned rights);
extern const u64 entry_bytes[]; /* bytes of an entry of level 1, 2, 3 */
typedef void leaf_fn(struct check *c, const struct regime *r, const struct leaf *leaf, void *context);
void walk_first(struct check *c, const struct regime *r, leaf_fn *each, void *context); /* takes the pages, reports */
void walk_again(struct check *c, const struct regime *r, leaf_fn *each, void *context);
void walk_peek(struct check *c, const struct regime *r, leaf_fn *each, void *context); /* before pages are taken */
bool look_up(struct check *c, const struct regime *r, u64 in, struct leaf *leaf); /* as the hardware does */
const u8 *table_page(const struct check *c, u64 phys);
bool table_take(struct check *c, const char *who, u64 phys, const struct page_use *use);
void walk_rest(struct check *c); /* is each page of .tables used? */

/* ---- compare.c, stripes.c */
void range_add(struct check *c, wants *to, u64 in, u64 out, u64 size, u64 attr);
void compare(struct check *c, const struct regime *r, wants *wanted);
/* The next window of a striped range, given the frame that is found there and the window before (NULL: none). */
bool stripes_next(struct check *c, int cell, u64 found, const u64 *before, u64 *window);

/* ---- reach.c: who reaches each frame. Zero: nobody */
#define REACH_CELL 0xffffu    /* cell + 1 */
#define REACH_SHIFT 16        /* what the core may there, on any CPU; 16: it reaches it */
#define REACH_CORE 0x1f0000u
#define REACH_IMAGE 0x200000u /* holds a pristine image */
void reach_first(struct check *c); /* walks all regimes */
u32 reach_get(const struct check *c, u64 phys);
bool reach_empty(const struct check *c, u64 phys); /* nobody reaches anything of its GiB */
void reach_usable(struct check *c, spans *found); /* RAM that is not reserved and not the hypervisor's */
u64 usable_end(const struct check *c, u64 phys, u64 *next); /* 0: not usable, next is the next that is (0: none) */

/* ---- regions.c */
void regions_place(struct check *c);
int region_at(const struct check *c, u64 phys); /* -1: none */
bool region_may(const struct check *c, int cell, int region, unsigned rights);
bool regions_cover(const struct check *c, const struct regime *r, struct span s, unsigned rights); /* each byte, and it may */
char *region_text(struct check *c, u64 phys, int but); /* "region x with 'a' (rw-)", others than `but`; NULL: no region */

/* ---- frames.c */
void frames_slots(struct check *c);
int core_owner(const struct check *c, u64 link); /* of a page of the core */
void check_frames(struct check *c);

/* ---- color.c */
void check_colors(struct check *c);
bool color_ok(const struct check *c, int party, u64 phys);
void color_wrong(struct check *c, int party, const char *what, u64 phys);
bool color_behind(const struct check *c, int party, const struct cache *cache);
bool color_declared(const struct check *c, int a, int b);

/* ---- dma.c, iommu.c, entries.c, functions.c */
#define STREAMS 64u /* entries of a leaf of a stream table, 64 bytes each */
void dma_find(struct check *c, u32 *user); /* the trees that the image's stream tables lead to */
void dma_tables(struct check *c);          /* takes their pages of .tables */
void dma_claim(struct check *c, const struct regime *r, const struct leaf *leaf);
void check_dma(struct check *c);
u64 iommu_pages(const struct check *c, size_t iommu); /* link address of the first of its pages in .streams */
const u8 *stream_entry(struct check *c, size_t iommu, u32 id); /* as the IOMMU finds it; NULL: it does not */
void check_iommus(struct check *c);
void check_entries(struct check *c); /* every byte of level 1 and .streams */
void check_functions(struct check *c);
void check_window(struct check *c, const char *id, const char *who, size_t cell, struct span s); /* trapped: mapped by no root, over nothing */
void its_find(struct check *c);
void check_its(struct check *c);
u32 bits_of(u64 value); /* at least 1 */
u64 bar_base(struct check *c, const struct ask_function *f, size_t bar);
u64 reset_page(struct check *c, const struct ask_function *f); /* with the register that resets it; 0: there is none */
struct span bar_pages(struct check *c, const struct ask_function *f, size_t bar);
const char *device_name(struct check *c, int node); /* its label, else its node's name */
bool looks_master(const struct tree *t, int node); /* by its compatible, or by a property that only bus masters have */
const char *stream_name(struct check *c, const struct ask_stream *s); /* "nic0 (stream 0x8 of smmu0)" */

/* ---- owner.c */
char *owner_of(struct check *c, u64 phys, int but);
char *owner_stretch(struct check *c, const struct leaf *l, enum stage stage, int but); /* of leaves that continue each other */
bool find_output(struct check *c, const struct regime *r, u64 phys, struct leaf *leaf); /* the leaf that reaches it */

/* ---- what is compared */
void check_regs(struct check *c);
void check_el2(struct check *c);
void check_cells(struct check *c);
void wanted_ram(struct check *c, size_t cell, u64 attr, wants *wanted);
bool has_role(const struct check *c, size_t cpu);
bool has_memory(const struct ask_cell *ask, u64 gib); /* does a range lie in it? */
void check_lists(struct check *c);
void check_hash(struct check *c);
void check_objects(struct check *c);
void check_routes(struct check *c);
void check_scan(struct check *c);
void check_index(struct check *c);

/* lists.c: the piece of a load list, and where its image is. */
struct piece {
	u64 source, target, size;
	const struct section *image;
};
size_t list_pieces(struct check *c, size_t cell, struct piece piece[3]);
void check_kernel(struct check *c, size_t cell, const char *who, const struct piece *p); /* kernel.c */
u64 chosen_number(const void *fdt, const char *name); /* of /chosen of a guest's tree; 0: none */

/* objects.c */
struct object {
	const u8 *p; /* NULL: not there, or not of the size that follows from the partition */
	u64 address, size;
};
struct object object_get(struct check *c, const char *symbol, u64 size);
struct object array_get(struct check *c, const char *symbol, size_t count, size_t element); /* with no elements: one, of zeros */
struct object array_io(struct check *c, const char *symbol, size_t count, size_t element);
u64 object_field(struct object o, size_t element, size_t index, size_t offset, int bytes);
void expect_zero(struct check *c, struct object o, const char *who, size_t from, size_t to);
void expect_name(struct check *c, const char *who, u64 address, int node); /* a label of the node, or its own name */
struct object object_vgic(struct check *c, size_t cell);

/* index.c */
enum { INDEX_SLOT = 1, INDEX_OBJECT, INDEX_VGIC, INDEX_STATE, INDEX_OPS, INDEX_FILE, INDEX_RANGE };
const char *index_object(u32 number);
u32 index_slot(int slot); /* its number */
u64 index_file_size(struct check *c, size_t image); /* 0: not known */
bool index_range_base(struct check *c, size_t range, u64 *phys);

/* ---- what comes out */
void cert_write(FILE *out, struct check *c);
void cert_words(FILE *out, struct check *c);   /* what only the partition says */
void cert_devices(FILE *out, struct check *c); /* certio.c */
void json_write(FILE *out, struct check *c);
void json_text(FILE *out, const char *s);
void json_member(FILE *out, const char *name, const char *value);
void json_devices(FILE *out, struct check *c); /* jsonio.c */
const char *dma_text(struct check *c, size_t tree); /* what it reaches, in words */
extern const char *const assumptions[]; /* ends with NULL */
extern const char *const restart_words[4]; /* of the partition, by ask_cell.restart */
void summary_of(struct check *c, const struct regime *r, summary *found);
void cell_summary(struct check *c, size_t cell, const summary **run, const summary **load); /* load: with what it shares */
bool is_ram(const struct leaf *leaf);
void hashes(struct check *c); /* of the image, of the tables */

struct free_ram {
	struct span span;
	u64 free; /* bytes; less than the span's size: scattered */
};
/* nobody.c: what no party reaches, besides reserved memory. */
struct nobody {
	VEC(struct free_ram) ram;
	VEC(char *) devices;
	VEC(u32) lines; /* that devices of the board drive */
	VEC(int) cpus;
};
void nobody_find(struct check *c, struct nobody *n);

#endif
