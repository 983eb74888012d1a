/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What the files of cellgen call of each other. The model they work on is in cellgen.h. */
#ifndef CELLGEN_PARTS_H
#define CELLGEN_PARTS_H

#include "cellgen.h"

/* ---- util.c ---- */

void *mem_alloc(u64 size);                                       /* zeroed; lives until exit */
void *mem_push(void *array, u32 *count, u64 item_size);          /* &items: one zeroed item more, returned */
const char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *mem_text(const char *text, u64 length);              /* copy, terminated */
void mem_free_all(void);
_Noreturn void fatal(const char *format, ...) __attribute__((format(printf, 1, 2))); /* no finding: exit 1 now */
u64 little(const u8 *bytes, u32 count);                          /* a little-endian number */
u64 align_up(u64 value, u64 alignment);                          /* to a power of two */
u64 align_down(u64 value, u64 alignment);
bool range_wraps(u64 base, u64 size);                            /* empty or beyond 2^64 */
const char *path_base(const char *path);                         /* last component */

/* A file in the making. */
struct out {
	char *data;
	u64 size;
	u64 room;
};
void out_printf(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void out_little(struct out *out, u64 value, u32 count);
bool file_regular(const char *path);                            /* no folder, pipe or device: reading it ends */
u8 *file_read(const char *path, u64 *size);                      /* NULL: not a readable file */
void file_write(const char *dir, const char *name, const void *data, u64 size);
void file_link(const char *dir, const char *name, const char *path); /* dir/name -> path */

/* ---- dt_*.c ---- */

struct tree *tree_load(const void *dtb, u64 size);
void tree_locate(struct tree *tree, const char *listing, u64 size); /* positions, from dtc -T -T */
void tree_openings(struct tree *tree, const char *pp, u64 size);    /* by_reference, from the preprocessed text */
void tree_written(struct tree *tree, const char *pp, u64 size);     /* written, from the same */

/* A line of the preprocessed text, and which line of which file it is. Begin with zeros. */
struct pp_line {
	const char *file;
	u32 number;
	u64 start, end, next;
};
bool pp_next(const char *pp, u64 size, struct pp_line *line); /* false: there is none */

/* # 12 "file.dts" 2: false if the line is none. */
bool line_marker(const char *line, u64 length, const char **file, u32 *number);
struct node *tree_find(const struct tree *tree, const char *path);
u32 node_own_cells(const struct node *node, const char *name, u32 fallback); /* not inherited */
/* Property of (address, size) pairs; a broken length or a cell count outside 1..2 is a finding. */
u32 prop_ranges(const struct prop *prop, u32 address_cells, u32 size_cells, struct range **ranges, struct diag *diag);

void dt_board(struct decision *d, struct diag *diag);
void dt_devices(struct decision *d, struct diag *diag);
bool dt_translate(const struct node *node, struct range *range);  /* from the bus that node is on to the CPU's addresses */
void dt_pci(struct decision *d, struct diag *diag);
void dt_dma(struct device *device);
void dt_trust(struct decision *d, const struct cell *cell);        /* when its devices have their streams */
void dt_irqs(struct decision *d, struct diag *diag);
void dt_cells(struct decision *d, struct diag *diag);
void dt_iommus(struct decision *d);
void dt_streams(struct decision *d, struct diag *diag);           /* when it is known who has which device */
void dt_vdevs(struct decision *d, struct cell *cell, struct diag *diag);
void dt_mediated(const struct decision *d, struct cell *cell, struct diag *diag);
void dt_policy(const struct decision *d, struct cell *cell, struct diag *diag);
bool is_without(const struct decision *d, const char *feature);   /* the core is built without it */
extern const char *const event_props[EVENT_COUNT];  /* "cloison,on-fault"; NULL: there is none */
extern const char *const event_words[EVENT_COUNT];  /* "fault" */
extern const char *const action_words[ACTION_COUNT]; /* "stop" */
void dt_life(struct cell *cell, struct diag *diag);
void dt_controls(struct decision *d, struct diag *diag);          /* when all cells are known */
extern const char *const control_words[CONTROL_WORDS];            /* "status", ...: bits of rights, as core/life.h numbers them */
const char *control_who(const struct decision *d, u32 index);     /* of controls_of: "'linux'", "the operator" */
const struct controls *controls_of(const struct decision *d, u32 index); /* of cell `index`; cell_count: the operator's */
const char *control_text(u32 rights);                             /* "status, stop" */
void dt_core(struct decision *d, struct diag *diag);
u16 reserve_of(const struct decision *d, const struct node *node); /* RESERVE_NONE: no region */
void dt_caches(struct decision *d);
void dt_colors(const struct decision *d, const struct node *node, struct colors *colors, struct diag *diag);
enum domain_kind {
	DOMAIN_NONE,    /* not below /domains */
	DOMAIN_OURS,    /* the hypervisor's node, a cell, or something in a cell */
	DOMAIN_HOLDS,   /* a domain that holds one of those, and decides nothing */
	DOMAIN_FOREIGN, /* stands where one of those could, and is none */
	DOMAIN_INSIDE,  /* in a foreign one */
};
enum domain_kind domain_kind(const struct decision *d, const struct node *node);
const struct node *domain_hypervisor(const struct decision *d);   /* NULL: there is none */
bool domain_is_cell(const struct decision *d, const struct node *node);
bool vdev_foreign(const struct node *node);                       /* in a cell, with a binding of somebody else's */
void dt_access(const struct decision *d, struct cell *cell, struct diag *diag);
void dt_reserves(struct decision *d, struct diag *diag);
void dt_shares(struct decision *d, struct cell *cell, struct diag *diag);
u16 device_of(const struct decision *d, const struct node *node); /* DEVICE_NONE: not a device */
bool child_carried(const struct decision *d, const struct node *child); /* of a device: goes into the guest's tree with it */
bool clock_fixed(const struct node *clock);                       /* the clocks that go along with a device */
bool clock_factor(const struct node *clock);
const char *device_why_system(const struct node *node);           /* why nobody can have it, or NULL */
bool prop_is_reference(const char *name);                         /* holds phandles, so it cannot be copied */
bool device_prop_copied(const char *name);                        /* goes into the guest's tree as it stands */

/* ---- overlay.c, errors.c ---- */

/* An overlay's text as a part of one tree, of the same size; what is none is a finding. */
const char *overlay_text(const char *pp, u64 size, const char *name, struct diag *diag);
void overlay_refuse(const char *pp, u64 size, struct diag *diag); /* as a partition */
void errors_read(const char *said, u64 size, const char *dts, struct diag *diag); /* what cpp or dtc has said */

/* ---- bindings.c ---- */

enum dma {
	DMA_NONE,   /* reads and writes no memory by itself */
	DMA_MASTER, /* does */
};
struct binding {
	const char *compatible;
	enum dma dma;
};
const struct binding *binding_of(const struct node *node); /* NULL: in no line of the table */
const char *binding_guess(const struct node *node);        /* what makes a node look like a bus master's: "property dma-ranges"; or NULL */

/* ---- vdev_types.c ---- */

struct vdev_type {
	const char *compatible;
	const char *name;   /* struct vdev_NAME, object vdev_NAME */
	bool console;       /* take, put: the core's console serves it */
	bool power_key;     /* key: the core presses it */
	bool watchdog;      /* tick: it may run out */
	bool life;          /* it is nothing without the service CPU, and without CONFIG_LIFECYCLE */
	bool line_optional; /* an interrupt only if its node says so */
	bool clocks_fixed;  /* it counts: its node has no clocks but those of cellgen */
	const char *clocks[2]; /* clock-names of the fixed clocks its node gets in the guest's tree if it names none; */
	u32 clocks_hz[2];      /* their frequencies */
};
#define VDEV_CLOCKS 2u /* frequencies there are: vdev_clock_hz */
const struct vdev_type *vdev_type_of(const struct node *node);
const struct vdev_type *vdev_type_at(u32 index); /* NULL: there are no more */
u32 vdev_clock_hz(u32 index);                    /* of index < VDEV_CLOCKS */
u32 cell_power_key(const struct decision *d, const struct cell *cell); /* its first device that has one: index into vdevs; vdev_count: none */

/* The UART of the default guest map, QEMU virt's: a guest written for that machine expects its console there. */
#define DEFAULT_UART_INTID (SPI_BASE + 1)
bool vdev_is_default_uart(const struct vdev *vdev); /* NULL: no */

/* ---- image*.c, hash.c, place*.c ---- */

void images_load(struct decision *d, struct diag *diag);
void kernel_load(const struct cell *cell, struct image *image, struct diag *diag); /* its file is read */
bool kernel_is_image(const struct image *image);
const char *kernel_kind_name(enum kernel_kind kind);
void elf_load(const struct cell *cell, struct image *image, struct diag *diag); /* data NULL afterwards: a finding says why */
bool gzip_magic(const u8 *data, u64 size);
/* NULL: *data is what the file holds. Else what is wrong with it, as the end of a sentence. */
const char *gzip_read(const u8 *file, u64 size, const u8 **data, u64 *data_size);
void hash_configuration(struct decision *d);
void starts_of(const struct decision *d, struct out *out);       /* 16 bytes for each cell: what hash.c says */
void hash_bytes(const void *data, u64 size, u8 digest[32]);
void place(struct decision *d, struct diag *diag);
void place_cpus(struct decision *d);
void place_pci(struct decision *d, struct diag *diag);
void place_pci_map(const struct decision *d, struct cell *cell); /* configuration spaces, in the cell's map ... */
void place_pci_config(struct decision *d);                       /* ... and in the physical one */
void place_lines(struct decision *d, struct diag *diag);
void place_virtual(struct decision *d, struct diag *diag);
u32 guest_line(const struct decision *d, const struct cell *cell, u32 intid); /* the cell's number for a physical INTID */
void place_guest(struct decision *d, struct cell *cell, struct diag *diag);
void place_guest_map(struct decision *d, struct cell *cell);
void place_iommus(struct decision *d);
void place_slots(struct decision *d);
u32 iommu_pages(const struct iommu *iommu);                       /* in the streams slot */
bool cell_has_streams(const struct decision *d, u16 cell);
u64 doorbell_of(const struct decision *d);                        /* the page with GITS_TRANSLATER; ADDRESS_NONE: there is no ITS */
void place_reserves(struct decision *d, struct diag *diag);
u32 device_pages(const struct decision *d, const struct cell *cell, struct range **pages); /* sorted; how many ranges */
void place_share_map(const struct decision *d, struct cell *cell);
void extent_add(struct extent **list, u32 *count, struct extent extent);
void extent_sort(struct extent *list, u32 count);
void phys_add(struct decision *d, struct extent extent);
/* First fit in RAM, ascending from start; ADDRESS_NONE: no room. */
u64 phys_find(const struct decision *d, u64 start, u64 size, u64 alignment);

/* ---- place_color.c, place_frames.c ---- */

bool color_in(const u64 *mask, u32 color);
const char *colors_text(const u64 *mask, u32 of);                 /* "0-3,7" */
bool any_colors(const struct decision *d);                        /* somebody has some */
bool colors_meet(const struct colors *a, const struct colors *b); /* NULL: all colours */
/* Stripes for that many frames of these colours in free RAM, ascending from start; false: no room, nothing is kept. */
bool phys_stripes(const struct decision *d, u64 start, u64 pages, const struct colors *colors, struct backing *backing);
void backing_plain(struct backing *backing, u64 base, u64 size);  /* one contiguous piece */
u64 stripe_size(const struct backing *backing, u32 stripe);       /* bytes from its base to the end of its window */
struct run { u64 phys, size; };
struct run backing_run(const struct backing *backing, u64 offset); /* the contiguous bytes that begin at offset */
void phys_add_backing(struct decision *d, const struct backing *backing, struct extent extent); /* extent, for each stripe */

void frames_start(struct decision *d);           /* forget all frames; decides hyp.base */
u64 frames_take(struct decision *d, u16 owner);  /* the next page of the core: its frame. owner: a cell, or CELL_NONE */
u64 frames_of(const struct decision *d, u64 link); /* physical address behind a link address */
u32 frames_page(const struct decision *d, u64 phys); /* number of the page there; fatal if there is none */

/* ---- tables.c, arch_aarch64.c ---- */

/* The pages of the tables slot, in the order of their link addresses. */
struct tables {
	struct decision *d; /* whose frames they are in */
	u32 first;  /* number of the first page, among all pages of the core */
	u8 *pages;
	u32 count;  /* pages used */
	u32 room;   /* pages allocated */
};
u64 tables_page(struct tables *t, u16 owner); /* a new zero page, of a cell's or (CELL_NONE) the core's: its physical address */
u64 tables_read(const struct tables *t, u64 page, u32 index);
void tables_write(struct tables *t, u64 page, u32 index, u64 value);
/*
 * Map [from, from + size) to to..., all page aligned, with these attributes, in the tree under root; tables it needs
 * are owner's. Blocks are used where both sides and the size allow it exactly. Overlapping maps are a bug: fatal.
 */
struct mapping { u64 from, to, size, attributes; u16 owner; };
void tables_map(struct tables *t, u64 root, const struct mapping *m);
const u8 *tables_bytes(const struct tables *t, u64 page); /* of that table */

void arch_tables(struct decision *d, struct tables *t, u8 **roots);
u32 arch_pa_field(u32 bits);                      /* an address size, as registers and stream table entries say it */

/* A root, and whose tables grow below it. */
struct space {
	struct tables *t;
	u64 root;
	u16 owner;
};
void arch_map(const struct space *s, u64 from, u64 to, u64 size, u64 attributes);
void arch_map_backing(const struct space *s, u64 from, const struct backing *backing, u64 size, u64 attributes);
void arch_map_core(const struct space *s, u64 link, u64 size, u64 attributes); /* pages of the core, by their link addresses */

/* ---- arch_smmu.c ---- */

void arch_dma(struct decision *d, struct tables *t);              /* trees of devices; level 1 of stream tables */
void arch_map_iommus(const struct decision *d, const struct cpu *cpu, const struct space *s); /* what this CPU needs at EL2 */
void arch_map_pci(const struct decision *d, const struct cpu *cpu, const struct space *s); /* arch_pci.c */
void arch_map_life(const struct decision *d, const struct space *s); /* arch_life.c: of the service CPU */
u8 *arch_streams(const struct decision *d);                       /* the streams slot as bytes */
struct arch_regs;
void arch_registers(const struct decision *d, u32 cpu, struct arch_regs *regs);

/* ---- emit_*.c ---- */

const char *emit_at(const struct decision *d, struct pos pos); /* place, without any directory of the user's */
const char *emit_comment(const char *text);                    /* as part of a C comment */
const char *emit_path(const struct node *node);                /* its path, as part of a C comment */
const char *emit_quote(const char *text);                      /* as a string literal of C and of the assembler */
void emit_json_string(struct out *out, const char *text);      /* as a string of JSON, in UTF-8 whatever the text is */
void *emit_guest_dtb(const struct decision *d, const struct cell *cell, u64 *size, const char **problem);
void emit_machine(const struct decision *d, const char *dir);
void emit_cells(const struct decision *d, struct out *out);
void emit_lives(const struct decision *d, struct out *out);    /* emit_life.c: machine_lives, machine_controls, machine_core */
u32 control_count(const struct decision *d);
void emit_vgic_counts(const struct decision *d, struct out *out); /* VGIC_WORDS and its kin */
void emit_vgics(const struct decision *d, struct out *out);    /* vgic_N of each mediated cell N */
void emit_index(const struct decision *d, struct out *out);     /* machine_index */
void emit_owners(const struct decision *d, struct out *out);
void place_its_users(struct decision *d);                       /* behind place_pci */
void place_its_memory(struct decision *d, struct diag *diag);   /* behind all other memory */
void place_its_map(const struct decision *d, struct cell *cell);
bool its_cell(const struct decision *d, const struct cell *cell); /* it has the ITS */
void arch_map_its(const struct decision *d, const struct cpu *cpu, const struct space *s);
void emit_its(const struct decision *d, struct out *out);       /* the GIC's ITS */
void emit_its_report(const struct decision *d, struct out *out);
struct its_counts { u32 its, devices, events, commands; };
struct its_counts emit_its_counts(const struct decision *d);
void emit_io(const struct decision *d, struct out *out);        /* IOMMUs, streams, PCI functions */
struct io_counts { u32 iommus, streams, functions, bars, spaces, buses; };
struct io_counts emit_io_counts(const struct decision *d);
u32 functions_owned(const struct decision *d, const struct function ***list); /* those that cells have: by cell, host, address */
void emit_layout(const struct decision *d, const struct tables *t, const u8 *roots, const char *dir);
bool said_passive(const struct cell *cell, const struct node *node); /* by cloison,no-dma */
const char *share_rights(const struct share *share);            /* "rw-" or "r--": never executable */
void emit_shares(const struct decision *d, struct out *out);    /* of report.txt */
void emit_json_shares(const struct decision *d, struct out *out);
void emit_functions(const struct decision *d, struct out *out); /* emit_pci.c: of report.txt */
void emit_json_functions(const struct decision *d, struct out *out);
const char *dma_text(const struct decision *d, u32 device);     /* of one that a cell has: what it can reach, and who says so; or "" */
void emit_dma(const struct decision *d, struct out *out);       /* of report.txt */
void emit_json_dma(const struct decision *d, struct out *out);
struct ignored {
	const char *what;  /* "xen,kernel" */
	const char *where; /* path of its node */
	const char *why;
	struct pos at;
};
u32 ignored_list(const struct decision *d, struct ignored **list); /* carried and not obeyed: how many */
void emit_ignored(const struct decision *d, struct out *out);      /* of report.txt */
void emit_json_ignored(const struct decision *d, struct out *out);
const char *prop_ignored(const struct decision *d, const struct node *node, const struct prop *prop); /* why, or NULL */
bool prop_is_known(const struct decision *d, const struct node *node, const struct prop *prop);          /* its name means something there */
const char *device_owner(const struct decision *d, u32 device); /* name of the cell that has it, or NULL */
void emit_life_report(const struct decision *d, struct out *out); /* emit_life_report.c: of report.txt */
void emit_json_life(const struct decision *d, const struct cell *cell, struct out *out);
void emit_json_core(const struct decision *d, struct out *out); /* into "hypervisor" */
void emit_report(const struct decision *d, const char *dir);
void emit_json(const struct decision *d, const char *dir);

#endif
