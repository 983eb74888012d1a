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

#include "ask.h"
#include "image.h"

/* ---- one check */

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
/* Registers or memory that the core has for itself, on the service CPU alone. */
struct own {
	struct span span;
	const char *what;
	u64 attr;
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
	bool lifecycle;    /* the core is built to load cells again, and to look after them */
	VEC(struct own) own;
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
#define EL2_UNCACHED 0x0040000000000648ull
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
const char *attr_text(u64 attr, enum stage stage); /* its rights, and if it is past the caches */
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

/* ---- lives.c, core.c */
void life_find(struct check *c); /* first of all: defaults depend on it */
u32 life_action(const struct check *c, size_t cell, enum event event); /* as the partition means it */
u32 life_restart(const struct check *c, size_t cell); /* by itself; bit 0: after a reset it asked for, bit 1: after a failure */
bool life_again(const struct check *c, size_t cell); /* by itself or by somebody it can have more than one life */
size_t power_key(const struct check *c, size_t cell); /* index into machine_vdevs; their number: none */
char *rights_words(struct check *c, u32 rights);
void check_lives(struct check *c);
void core_find(struct check *c); /* when it is known where regions are: what is in c->own */
const struct own *own_at(const struct check *c, struct span s); /* NULL: none */
void check_core(struct check *c);

/* ---- owner.c */
char *owner_of(struct check *c, u64 phys, int but);
char *owner_stretch(struct check *c, const struct leaf *l, enum stage stage, int but); /* of leaves that continue each other */
bool find_output(struct check *c, const struct regime *r, u64 phys, struct leaf *leaf); /* the leaf that reaches it */

/* ---- what is compared */
#define CELL_SIZE 240u /* of an element of machine_cells */
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
void check_vectors(struct check *c);
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
extern const char *const vdev_symbols[VDEV_KINDS]; /* of their operations */
const char *index_object(u32 number);
u32 index_slot(int slot); /* its number */
u64 index_file_size(struct check *c, size_t image); /* 0: not known */
bool index_range_base(struct check *c, size_t range, u64 *phys);

/* ---- what comes out */
void cert_write(FILE *out, struct check *c);
void cert_words(FILE *out, struct check *c);   /* what only the partition says */
void cert_devices(FILE *out, struct check *c); /* certio.c */
void cert_life(FILE *out, struct check *c, size_t cell); /* certlife.c */
void cert_core(FILE *out, struct check *c);
const char *restart_word(const struct check *c, size_t cell);
const char *vdev_name(const struct check *c, size_t cell, enum vdev_kind kind); /* of the cell's first; NULL: none */
void json_life(FILE *out, struct check *c, size_t cell); /* jsonlife.c */
void json_core(FILE *out, struct check *c);
void json_write(FILE *out, struct check *c);
void json_text(FILE *out, const char *s);
void json_member(FILE *out, const char *name, const char *value);
void json_next(FILE *out, bool first, const char *opener); /* of an element of a list */
void json_devices(FILE *out, struct check *c); /* jsonio.c */
const char *dma_text(struct check *c, size_t tree); /* what it reaches, in words */
extern const char *const assumptions[]; /* ends with NULL */
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
