/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * cellgen: partition device tree in, decided partition out.
 *
 *     partition.dtb + partition.lines
 *        |  dt_tree.c, dt_lines.c     struct tree: every node and property with its place in the DTS
 *        |  dt_board.c, dt_cell.c     struct decision, fields marked "asked": references resolved
 *        |  image*.c                  the files: decompressed, flattened, hashed
 *        |  place*.c                  struct decision, fields marked "decided": every address and line
 *        |  check*.c                  the decision is judged; reads everything, changes nothing
 *        |  arch_aarch64.c, tables.c  the tables as bytes
 *        v  emit_*.c                  gen/
 *
 * Who reports what:
 *   dt_*.c    a property whose encoding is broken (length, not a string): it cannot be represented
 *   image*.c  images that are missing, or are nothing that a cell can start with
 *   place*.c  what cannot be placed (does not fit, no room, no spare line left)
 *   check*.c  everything else: ownership, overlap, alignment, references to nothing, unknown names
 * After a finding everybody goes on with the rest, so that one run shows them all.
 *
 * Memory comes from mem_alloc and lives until exit; this is a short-lived build tool. Arrays that
 * grow (mem_push) are complete before anybody keeps a pointer into them.
 */
#ifndef CELLGEN_H
#define CELLGEN_H

#include "core/types.h"

#define PAGE_SIZE KIB(4)
#define BLOCK_SIZE MIB(2)
#define CELL_NONE 0xffffu   /* also: the core, nobody */
#define CPU_NONE 0xffffu
#define SCATTERED_LINK_BASE 0x1000000000000ULL /* above every physical address */
#define ADDRESS_NONE (~0ULL) /* not placed */
#define SPI_BASE 32u         /* INTID of SPI 0 */
#define SPI_COUNT 256u       /* SPIs cellgen may hand out; boot verifies that the distributor has them */
#define SPI_END 988u         /* the architecture's: INTIDs below 1020 */
#define VIRTUAL_SPI_COUNT 960u /* of a mediated cell, whose numbers are its own: 31 words of INTIDs, as vgic_config.h says */
#define GIC_FRAME KIB(64)
#define IMAGE_MAX GIB(1)     /* bytes of a kernel once it is decompressed, or its segments are one piece */
#define POLICY_COUNT_MAX 32u /* restarts a limit can allow: RESTART_LIMIT_MAX of core/machine.h */
#define CELLS_MAX 16u        /* numbers in one entry of a list: #address-cells and the like */
#define GICR_SIZE KIB(128)   /* redistributor of one CPU: RD frame, SGI frame */

/* ---- findings (diag.c) ---- */

/* A place in the source. file == NULL: unknown (line and col are then 0). */
struct pos {
	const char *file; /* as the user would type it: "configs/linux.dts", "src/platform/x.dts" */
	u32 line;
	u32 col;
};

struct diag; /* the findings so far */

/*
 * One finding: an identifier in kebab case, the place that is printed in front, and a text that names every
 * other place involved (by diag_at) and says what to do:
 *     diag_error(diag, "cpu-owned-twice", claim->at, "%s is given to '%s' here and to '%s' at %s; remove one",
 *                cpu->name, a->name, b->name, diag_at(b_claim->at));
 */
void diag_error(struct diag *diag, const char *id, struct pos where, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
const char *diag_at(struct pos pos); /* "linux.dts:52", or "(unknown place)", for a finding's text only; lives until exit */
struct diag *diag_new(void);
u32 diag_count(const struct diag *diag);
/*
 * All of them, sorted. format: "human", lines on stderr; "json" or "sarif", a document on stdout, even if it is empty.
 */
void diag_print(struct diag *diag, const char *format);
bool diag_format_known(const char *format);
void findings_list(void); /* every kind of finding there is, one line each, on stdout */

struct range {
	u64 base;
	u64 size;
};

/* ---- the tree as written (dt_tree.c, dt_lines.c) ---- */

struct prop {
	const char *name;
	const u8 *data; /* big-endian cells or strings, as in the DTB */
	u32 size;       /* bytes */
	struct pos at;
	const char *written; /* of some lists: '&' for each cell that is a reference in the source, else '0' */
	u32 written_count;   /* 0: not known */
};

/* One of the blocks that together make a node: name { ... } or &label { ... }. */
struct opening {
	struct pos at;
	bool by_reference; /* &label { } or &{/path} { }: extends on purpose */
};

struct node {
	const char *path;  /* "/domains/hypervisor/linux" */
	const char *name;  /* "linux": last component, with its unit address */
	const char *label; /* first label, NULL without one */
	struct pos at;     /* where it is opened first */
	struct opening *openings;
	u32 opening_count;
	u32 phandle;       /* 0 without one */
	struct prop *props;
	u32 prop_count;
	struct node *parent; /* NULL: root */
	struct node *child;  /* first child, in the order of the DTB */
	struct node *next;   /* next sibling */
};

struct tree {
	struct node *root;
	struct node **nodes; /* all of them, depth first */
	struct node **by_path; /* sorted */
	u32 node_count;
	struct range *reserved; /* /memreserve/ */
	u32 reserved_count;
};

const struct prop *node_prop(const struct node *node, const char *name); /* NULL: absent */
const char *node_string(const struct node *node, const char *name);      /* NULL: absent or not a string */
bool node_compatible(const struct node *node, const char *compatible);
bool node_below(const struct node *node, const struct node *ancestor);   /* or equal */
const struct node *node_child(const struct node *node, const char *name);
const char *node_nick(const struct node *node);                          /* label, else name: for messages */
/* node's own number, else its nearest ancestor's, else fallback: #address-cells and the like */
u32 node_cells(const struct node *node, const char *name, u32 fallback);
struct pos prop_at(const struct node *node, const char *name); /* of the property, else of the node */
u32 prop_cell(const struct prop *prop, u32 index);             /* index-th 32-bit cell; 0 beyond the end */
u64 prop_number(const struct prop *prop, u32 index, u32 cells); /* 1 or 2 cells starting at index */
const struct node *tree_phandle(const struct tree *tree, u32 phandle); /* NULL: nobody has it */
const struct node *tree_path(const struct tree *tree, const char *path);

/* ---- the board, as its tree says ---- */

struct dev_irq {
	u32 intid; /* SPI or PPI */
	bool ppi;
	bool edge;
	u32 flags; /* third cell as written */
};

/* A board node with registers or interrupts (not below /domains, /cpus, /memory, /reserved-memory). */
struct device {
	const struct node *node;
	const char *name;        /* label, else node name */
	struct range *regs;      /* physical, as written: not rounded to pages */
	u32 reg_count;
	struct dev_irq *irqs;    /* those that go to the GIC, interrupt-map of a PCI host included */
	u32 irq_count;
	bool foreign_irq;        /* has an interrupt whose parent is not the GIC */
	bool untranslated;       /* has a reg that is no CPU address (a bus without ranges) */
	const char *master;      /* why it can master the bus: "compatible \"virtio,mmio\""; NULL if it cannot */
	bool guessed;            /* of master: no table says so, but its node looks like one's */
	bool passive;            /* it is known to be no bus master; neither: somebody has to say so */
	const struct prop *dma;  /* cloison,dma, if it decided the two; NULL: not written */
	const char *against;     /* and what would have been known otherwise, if that is the contrary; NULL: nothing */
	bool trusted;            /* a cell with cloison,trusted-dma has it, and no IOMMU is in front: it reaches all memory */
	const char *system;      /* why it can be nobody's: "the interrupt controller"; NULL: an ordinary device */
	bool console;            /* decided: the core's UART */
	u16 function;            /* index into functions; FUNCTION_NONE: no PCI function */
	u32 stream_count;        /* of streams that are its; 0: nothing says that an IOMMU is in front of it, or nobody has it */
};
#define FUNCTION_NONE 0xffffu

/* ---- IOMMUs and what is behind them (dt_iommu.c, place_iommu.c) ---- */

/* An SMMUv3 of the board. */
struct iommu {
	const struct node *node;
	const char *name;  /* label, else node name */
	u16 device;        /* index into devices */
	u64 base;          /* physical: its registers */
	bool coherent;     /* dma-coherent */
	struct pos at;
	/* decided, if a cell's device is behind it */
	bool used;
	u32 sid_bits;      /* of StreamIDs the tables can have: 15 */
	u64 level1;        /* physical page of its level 1 table, in tables */
	u32 *leaves;       /* which descriptors of that have a table: first StreamID / 64, ascending */
	u32 leaf_count;
	u64 pages;         /* link address of its pages in the streams slot: a leaf each, then commands, then events */
};

/* A device of a cell, and a number by which an IOMMU knows it. */
struct stream {
	u32 phandle;
	const struct node *node; /* what that leads to; NULL: no node has it */
	u16 iommu;         /* index into iommus; IOMMU_NONE: node is none that is known */
	u32 id;            /* StreamID */
	u16 device;        /* index into devices */
	u16 cell;
	u16 tree;          /* decided: index into dma_trees */
	bool doorbell;     /* it writes MSIs */
	struct pos at;     /* of iommus, or iommu-map */
};
#define IOMMU_NONE 0xffffu

/* What devices of one cell reach: its memory and, if doorbell, the page of GITS_TRANSLATER. */
struct dma_tree {
	u16 cell;
	bool doorbell;
	u16 vmid;          /* from 1 on; the IOMMUs' own, not the CPUs' */
	u64 root;          /* physical, in tables */
};

/* ---- PCI (dt_pci.c, place_pci.c) ---- */

/* A pci-host-ecam-generic. */
struct pci_host {
	const struct node *node;
	const char *name;
	u16 device;        /* index into devices */
	struct range ecam; /* physical */
	u32 first_bus, last_bus;
	struct range window; /* of 32-bit memory, the same address on the bus and for the CPU; size 0: it has none */
	struct pos at;
};

struct bar {
	u32 index;         /* 0..5 */
	u64 size;          /* asked: bytes */
	bool wide, prefetchable;
	u64 base;          /* decided; ADDRESS_NONE: no room */
	struct pos at;
};

/* A node below a PCI host. */
struct function {
	const struct node *node;
	const char *name;  /* label, else node name */
	u16 host;          /* index into hosts */
	u16 device;        /* index into devices */
	u16 address;       /* bus << 8 | device << 3 | function */
	u16 vendor, id;    /* of compatible = "pciVVVV,DDDD" */
	struct bar *bars;  /* memory BARs, ascending by index */
	u32 bar_count;
	u32 vectors;       /* cloison,msi-vectors */
	u32 pin;           /* interrupts: 1..4; 0: none */
	const char *no_reset; /* cloison,no-reset: the reason; NULL: it can be reset */
	bool reset_write;  /* cloison,reset-write: a register resets it */
	u32 reset_bar;     /* 0..5: the BAR with that register */
	u32 reset_offset, reset_value;
	struct pos at;     /* of its reg */
	u16 cell;          /* decided: who has it; CELL_NONE: nobody */
};

/* ---- the GIC's ITS (place_its.c) ---- */

/* A function whose MSIs go through it. */
struct its_user {
	u16 function;     /* index into functions */
	u32 id;           /* DeviceID: what msi-map of its host makes of its address */
	u32 first_event;  /* number of its first event among those of all */
	u64 itt;          /* physical: its table of events, one page */
	struct pos at;    /* of cloison,msi-vectors */
};

/* One direct cell can have it: its tables of LPIs serve all redistributors alike. */
struct its {
	const struct node *node; /* NULL: the board has none */
	const char *name;
	u64 base;         /* physical: its registers; those of GITS_TRANSLATER are 64 KiB above */
	/* decided */
	u16 cell;         /* CELL_NONE: nobody */
	struct its_user *users; /* sorted by id */
	u32 user_count;
	u32 event_count;
	u64 memory, size; /* physical: what it and the redistributors keep in memory; ADDRESS_NONE: no room */
};

/* An SPI and a board device that drives it. One record per pair. */
struct board_line {
	u32 intid;
	bool edge;
	u16 device; /* index into devices */
	struct pos at;
};

enum role { ROLE_UNUSED, ROLE_VCPU, ROLE_SERVICE };

/* A physical CPU; order of the board tree, number 0 boots. */
struct cpu {
	const struct node *node;
	const char *name; /* label, else node name */
	u64 hw_id;
	u64 gicr;         /* RD frame; ADDRESS_NONE: the redistributor regions do not reach it */
	struct pos cache_lost; /* a next-level-cache on the way that leads to no node; file NULL: there is none */
	/* decided; with a CPU claimed twice, the first claim counts */
	enum role role;
	u16 cell;         /* CELL_NONE unless ROLE_VCPU */
	u16 vcpu;         /* number within its cell */
	u32 kick_line;    /* INTID; 0: none needed (its SGIs are the core's), or no spare line left */
	u64 guard;        /* link address in the percpu slot: guard page, 2 stack pages, struct cpu page */
	u64 page;         /* link address of struct cpu: top of the stack */
	u64 root;         /* EL2 root table */
};

struct ram_bank {
	u64 base;
	u64 size;
	struct pos at;
};

/* ---- cache colours (dt_color.c, place_color.c) ---- */

#define COLORS_MAX 1024u

/*
 * A cache that next-level-cache leads to. A way holds sets * line bytes; two frames whose numbers are equal modulo
 * `colors` compete for the same sets, all others never meet.
 */
struct cache {
	const struct node *node;
	u64 size;             /* bytes */
	u32 line;             /* bytes */
	u32 sets;
	u32 colors;           /* frames in a way, at least 1; 0: see problem */
	const char *problem;  /* why its geometry is of no use: "has no cache-sets"; NULL: it is */
	bool *cpus;           /* by CPU number: whether it is behind this cache */
};

/* Some of the partition's colours; what llc-colors says. */
struct colors {
	const struct prop *prop; /* NULL: not written, every colour */
	const char *text;        /* as written */
	u16 *list;               /* ascending, each once */
	u32 count;               /* 0: uncoloured, or llc-colors is broken (reported by dt_color.c) */
	u32 of;                  /* how many there are: decision.color_count */
	u64 mask[COLORS_MAX / 64];
};

/*
 * Where something lies in physical memory. Without colours: stripes are contiguous pieces. With colours: a stripe is a
 * window of whole periods (of * 4 KiB), of which only the frames of those colours are its own:
 *
 *     colours 1, 2 of 4:   | -  0  1  - | -  2  3  - | -  4  5  - |     numbers of the frames
 *                          base         period
 */
struct stripe {
	u64 base;
	u64 pages; /* of its own */
};
struct backing {
	const struct colors *colors; /* NULL: none */
	struct stripe *stripes;
	u32 stripe_count;
};

/* A child of /reserved-memory: nobody's, unless cells name it by memory-region. */
struct reserve {
	const struct node *node;
	const char *name;    /* label, else node name */
	struct range *regs;  /* asked: reg, its fixed place; none: cellgen places it */
	u32 reg_count;
	u64 size;            /* asked: of the first entry of reg, else the property size; 0: neither is there */
	u64 alignment;       /* asked, else what blocks need; only of one that cellgen places */
	u64 phys;            /* asked or decided; ADDRESS_NONE: not placed */
	u32 share_count;     /* how often cells name it */
	struct pos at;       /* of its reg or size, else the node */
};
#define RESERVE_NONE 0xffffu

/* ---- what cells ask for, and get ---- */

/* One entry of a `cpus` property. */
struct cpu_claim {
	u32 phandle;
	const struct node *node; /* NULL: no node has that phandle */
	u16 cpu;                 /* index into cpus; CPU_NONE: not a CPU of the board */
	struct pos at;           /* the property */
};

/* One entry of an `access` property. */
struct access {
	u32 phandle;
	const struct node *node; /* NULL: no node has that phandle */
	u16 device;              /* index into devices; DEVICE_NONE: node is not a device */
	bool by_bus;             /* not named: below a bus of cloison,access-bus */
	const char *flags;       /* as written behind the reference, without effect; NULL: none */
	struct pos at;
};
#define DEVICE_NONE 0xffffu

/* One entry of cloison,access-bus or cloison,access-except. */
struct bus_wish {
	u32 phandle;
	const struct node *node; /* NULL: no node has that phandle */
	struct pos at;
};

/* Below such a bus, and yet not the cell's. */
struct skip {
	const struct node *node;
	const char *why; /* "the core's console" */
};

/* One entry of a `memory-region` property. */
struct share {
	u32 phandle;
	const struct node *node; /* NULL: no node has that phandle */
	u16 reserve;             /* index into reserves; RESERVE_NONE: node is no child of /reserved-memory */
	const char *rights;      /* asked: "rw", "r" or a word that check_share.c refuses; "rw" if nothing is said */
	bool write;              /* of `rights` */
	bool guest_asked;        /* by cloison,memory-region-base */
	u64 guest;               /* asked, else the physical address; ADDRESS_NONE: not placed */
	struct pos at;
};

/* One range of a cell's memory. */
struct ram {
	u64 guest;       /* asked: guest-physical */
	u64 size;        /* asked: bytes */
	u64 phys;        /* asked or decided: its first frame; ADDRESS_NONE: no room (reported by place.c) */
	struct backing backing; /* decided: all of it */
	bool phys_asked; /* by cloison,physical-base */
	struct pos at;
	struct pos phys_at;
};

enum image_kind { IMAGE_KERNEL, IMAGE_INITRD, IMAGE_DTB, IMAGE_KIND_COUNT };

/* What a kernel's file is, decompressed. */
enum kernel_kind { KERNEL_UNKNOWN, KERNEL_IMAGE, KERNEL_ELF, KERNEL_RAW };

/* Something that lies in the cell's RAM when it starts. */
struct image {
	bool present;
	const char *name;  /* as written; for the DTB "<cell>.dtb" */
	const char *path;  /* as found, NULL: missing (reported by place.c) */
	const u8 *data;    /* what is copied into the cell: the file, decompressed; of an ELF its segments as one piece */
	u64 data_size;
	u64 memory_size;   /* bytes it needs in the cell: an Image header's image_size, else data_size */
	bool converted;    /* data are not the file's bytes */
	bool gzip;         /* kernel: the file is compressed */
	enum kernel_kind kind;
	u64 load;          /* kernel: guest address of its first byte */
	u64 entry;         /* kernel: of its first instruction */
	struct pos at;
	/* decided */
	u64 guest;         /* ADDRESS_NONE: not placed */
	u64 phys;          /* pristine copy: its first frame; ADDRESS_NONE: not placed */
	struct backing backing; /* all of it */
	u64 link;          /* link address: phys, unless its frames are scattered */
	u64 phys_size;     /* data_size in whole pages */
	u64 load_source;   /* guest-physical, under the load root */
	u32 section;       /* .image.N */
};

struct vdev_type; /* vdev_types.c */

/* A virtual device: a child node of a cell with a compatible of vdev_types.c. */
struct vdev {
	const struct node *node;
	const struct vdev_type *type; /* NULL: no such virtual device */
	u16 cell;
	u64 base;           /* asked: reg */
	u64 size;
	u32 reg_count;      /* must be 1 */
	u32 line;           /* asked or decided: INTID as the guest sees it; 0: none */
	bool line_asked;    /* `interrupts` written */
	bool edge;          /* asked: its output is an edge, not a level; of a mediated cell only */
	bool drop;          /* cloison,console = "drop" */
	bool input_asked;   /* cloison,console-input */
	struct pos reg_at;
	struct pos line_at;
};

enum extent_kind {
	EXTENT_RAM,     /* a cell's memory */
	EXTENT_IMAGE,   /* physical: a pristine image. guest: kernel, initrd, DTB (inside RAM, so not an overlap with it) */
	EXTENT_HYP,     /* physical: the hypervisor's memory */
	EXTENT_RESERVED, /* physical: reserved-memory, memreserve */
	EXTENT_DEVICE,  /* registers, in whole pages */
	EXTENT_VDEV,    /* guest: window of a virtual device */
	EXTENT_SHARED,  /* a child of reserved-memory that cells name */
	EXTENT_CRASH,   /* physical: the crash region */
	EXTENT_GIC,     /* guest: distributor, redistributors. physical: the real ones */
	EXTENT_ITS,     /* physical: what the ITS and the redistributors keep in memory */
	EXTENT_CONFIG,  /* configuration space of a PCI bus: trapped, so never mapped. physical: the real one */
};

/* A claimed piece of an address space; the raw material of overlap checks and of the report's maps. */
struct extent {
	u64 base;
	u64 size;
	enum extent_kind kind;
	u16 cell;         /* CELL_NONE: the core's, nobody's, or several cells' */
	const struct colors *colors; /* physical: only the frames of these colours; NULL: all of it */
	bool asked;       /* its address comes from the DTS; otherwise cellgen chose it */
	const char *what; /* "RAM of 'linux'", "the hypervisor's memory", "rtc0" */
	struct pos at;
};

/* One pair of cloison,virtual-interrupts or cloison,interrupt-limits. */
struct line_wish {
	u32 phandle;
	const struct node *node; /* NULL: no node has that phandle */
	u16 device;              /* index into devices; DEVICE_NONE: node is not a device */
	u32 value;               /* SPI, or interrupts in a second */
	struct pos at;
};

/* A guest address that the DTS may say. */
struct address_wish {
	bool asked;
	u64 value;
	struct pos at;
};

/* What can happen to a cell, and what is then done: life_event and life_action of core/machine.h, in the same order. */
enum event { EVENT_FAULT, EVENT_RESET, EVENT_WATCHDOG, EVENT_DMA, EVENT_STORM, EVENT_LIMIT, EVENT_COUNT };
enum action { ACTION_IGNORE, ACTION_RECORD, ACTION_STOP, ACTION_RESTART, ACTION_STOP_OTHERS, ACTION_RESET_BOARD, ACTION_COUNT };

/* What becomes of a cell that has stopped, and what else is done: cloison,restart, cloison,restart-limit, cloison,on-... */
struct policy {
	const char *restart; /* "never", "on-reset", "on-failure", "always"; the default if it says nothing (dt_policy.c) */
	bool on_reset, on_failure;
	const struct prop *said[EVENT_COUNT]; /* cloison,on-...; NULL: not written */
	enum action actions[EVENT_COUNT];     /* decided */
	const struct prop *limit; /* NULL: none */
	u32 count, seconds;  /* of the limit */
};

/* When it starts, what is expected of it, how it is asked to end: cloison,start, -heartbeat, -shutdown-time. Milliseconds. */
struct life {
	bool manual;
	const struct prop *heartbeat; /* NULL: none is expected */
	u32 first, period;
	const struct prop *shutdown;  /* NULL: it is not asked */
	u32 shutdown_time;
};

/* One entry of cloison,controls: a cell, and what may be done with it. */
struct control {
	u32 phandle;
	const struct node *node; /* NULL: no node has that phandle */
	u16 target;              /* index into cells; CELL_NONE: node is no cell */
	const char *words;       /* asked: of cloison,controls-rights; NULL: not written, all of them */
	u32 rights;              /* bit n: word n of control_words */
	struct pos at;
};
#define CONTROL_WORDS 6u

struct controls {
	struct control *list;
	u32 count;
};

struct cell {
	const struct node *node;
	const char *name;
	u16 index;
	struct pos at;
	/* asked */
	struct cpu_claim *cpus; /* all of them, wrong ones too; entry n is vCPU n */
	u32 cpu_count;
	struct ram *ram;
	u32 ram_count;
	struct access *access;
	u32 access_count;
	struct bus_wish *buses; /* cloison,access-bus */
	u32 bus_count;
	struct bus_wish *excepts; /* cloison,access-except */
	u32 except_count;
	struct bus_wish *no_dma; /* cloison,no-dma */
	u32 no_dma_count;
	const struct prop *trust; /* cloison,trusted-dma; NULL: not written */
	struct skip *skips;
	u32 skip_count;
	struct share *shares;   /* memory-region */
	u32 share_count;
	struct image images[IMAGE_KIND_COUNT];
	const char *kernel_kind;     /* cloison,kernel-kind: "image", "elf", "raw"; NULL: recognised by what the file has */
	struct address_wish load_address; /* cloison,load-address of a raw kernel */
	struct address_wish entry;        /* cloison,entry of one */
	const char *interrupts; /* cloison,interrupts: "direct", "mediated"; the default if it says nothing (dt_cell.c) */
	bool mediated;          /* of `interrupts` */
	struct line_wish *numbers; /* cloison,virtual-interrupts; the n-th one that names a device is for its n-th interrupt */
	u32 number_count;
	struct line_wish *limits;  /* cloison,interrupt-limits */
	u32 limit_count;
	u32 limit;              /* cloison,interrupt-limit: of every line of a device; 0: none */
	const char *wfi;        /* cloison,wfi: "native" or NULL */
	const char *debug;      /* cloison,debug: "stop", "gdb" or NULL */
	bool gdb;               /* "gdb": for a debugger */
	bool strict;
	struct policy policy;
	struct life life;
	struct controls controls; /* whom it may control */
	struct colors colors;   /* llc-colors */
	/* asked and decided */
	u32 first_vdev;         /* index into vdevs; contiguous, sorted by base */
	u32 vdev_count;
	/* decided */
	u64 gicd;               /* guest-physical */
	u64 gicr;
	struct extent *map;     /* guest-physical, sorted by base: RAM, devices, windows, GIC, images */
	u32 map_count;
	u64 root;               /* physical: root in force, in roots */
	u64 root_link;          /* link address of that */
	u64 root_const;         /* physical: run root, in tables */
	u64 root_const_link;    /* link address of that */
	u64 load_root;
	u64 load_list;          /* physical page of its struct load_list */
	u32 root_used;
};

/* ---- interrupt lines ---- */

enum line_use { LINE_DEVICE, LINE_VDEV, LINE_KICK };

/* One claim on a physical SPI. Two claims on one intid: both are here, the explicit one first. */
struct line {
	u32 intid;
	enum line_use use;
	u16 cell;         /* CELL_NONE: the core's kick */
	u16 cpu;          /* where it is routed at reset */
	u16 device;       /* LINE_DEVICE: index into devices, else DEVICE_NONE */
	bool edge;
	bool asked;       /* written in the DTS (or belongs to a device that `access` names) */
	bool lent;        /* the console UART's own line, lent to this virtual device */
	const char *what; /* "serial@9000000 of 'linux'" */
	struct pos at;
};

/*
 * An interrupt as a mediated cell sees it: its number is the cell's own. Devices that share a physical line have a record
 * each, with one number.
 */
struct virtual_line {
	u16 cell;
	u32 intid;         /* asked or decided; 0: none left */
	u32 physical;      /* INTID of the line behind it; 0: output of a virtual device */
	struct vdev *vdev; /* NULL: of a device of the board */
	u16 device;        /* index into devices, else DEVICE_NONE */
	bool edge;
	bool asked;        /* the number is written in the DTS */
	u32 limit;         /* interrupts in a second; 0: no limit */
	bool limit_asked;  /* by cloison,interrupt-limits */
	const char *what;  /* "serial@9000000" */
	struct pos at;
};

/* ---- the hypervisor's memory ---- */

/* By their numbers in machine_index; they lie in the order of place_slots.c. */
enum slot { SLOT_TEXT, SLOT_RODATA, SLOT_COPIER, SLOT_ROOTS, SLOT_DATA, SLOT_PERCPU, SLOT_TABLES, SLOT_STREAMS, SLOT_COUNT };

/*
 * The core is linked to one piece of addresses from hyp.base on. Each page of it belongs to a cell or to the hypervisor
 * and has a frame of its owner's colours (place_frames.c). Without any colours the two are the same.
 */
struct frames {
	u64 *of_page;     /* physical address of each page, from hyp.base on */
	u32 page_count;
	u32 *page_at;     /* the other way: number of the page, plus 1, of each frame of the hypervisor's memory; 0: free */
	u32 room;         /* frames in page_at */
	u32 *next;        /* where to look for the next frame: of each cell, then of the hypervisor */
};

/* cloison,crash-region: a child of /reserved-memory that the core has to itself. */
struct crash {
	const struct prop *prop;       /* NULL: there is none */
	const struct node *node;       /* NULL: no node has that phandle */
	u16 reserve;                   /* RESERVE_NONE: node is no region */
};
/* src/core/crash.h, crash_format.h, audit.h have these; tests/cellgen/run.py compares. */
#define CRASH_HEAD 4096u
#define CRASH_AUDIT 65536u /* of this boot and of the one before */
#define CRASH_PANIC 4096u
#define CRASH_SLOT 16384u
#define AUDIT_FIXED 176ULL  /* bytes of an audit that are not: */
#define AUDIT_NAME 32u      /* of each cell */
#define AUDIT_ORIGIN 392u   /* of each cell, of the operator, of the core */
#define AUDIT_SIZE(cells) (AUDIT_FIXED + AUDIT_NAME * (cells) + AUDIT_ORIGIN * ((cells) + 2ULL))
#define CRASH_SIZE(cells) (CRASH_HEAD + CRASH_AUDIT + CRASH_PANIC + 2ULL * CRASH_SLOT * (cells))

/* cloison,watchdog: the board's own, an arm,sbsa-gwdt. */
struct watchdog {
	const struct prop *prop;       /* NULL: there is none */
	const struct node *node;       /* NULL: no node has that phandle */
	u16 device;                    /* DEVICE_NONE: node is none that the core can feed */
	const struct prop *time;       /* cloison,watchdog-seconds; NULL: not written */
	u32 seconds;
};

struct hypervisor {
	const struct node *node;       /* NULL: the partition has none (reported by dt_cell.c) */
	struct range memory;           /* asked: physical; size 0: not given */
	u32 memory_count;              /* number of ranges written; must be 1 */
	struct pos memory_at;
	struct cpu_claim *cpus;        /* asked: the service CPU; at most one */
	u32 cpu_count;
	const struct node *console;    /* asked, or the board's stdout-path; NULL: none found */
	bool console_asked;
	struct pos console_at;
	u16 console_device;            /* DEVICE_NONE: node is not a device */
	u32 console_clock;             /* Hz; 0 unknown */
	struct controls controls;      /* what the operator at the console may do */
	struct crash crash;
	struct watchdog watchdog;
	bool panic_resets;             /* cloison,panic = "reset" */
	const struct prop *max_trap_prop; /* cloison,max-trap-instructions; NULL: not written */
	u32 max_trap;                  /* what it says; tools/bound holds the finished code against it */
	const char *board_rights;      /* cloison,board-rights, or what it is if not written: "reset off" */
	struct colors colors;          /* asked: llc-colors */
	u64 base;                      /* decided: link address and frame of the first page */
	struct frames frames;          /* decided */
	struct range slots[SLOT_COUNT]; /* decided: link addresses */
	u64 needed;                    /* decided: bytes from the memory's base to the end of the last frame */
};

struct gic {
	const struct node *node; /* NULL: board has no GICv3 (reported by dt_board.c) */
	u16 device;
	u64 gicd;
};

/* Everything. Built once, from top to bottom. */
struct decision {
	const struct tree *tree;
	const char *name;       /* of the partition: file name without .dts */
	const char *dts;        /* path of the partition's source as the user gave it */
	const char *model;      /* of the board */
	char hash[65];          /* SHA-256 over partition.dtb and what the cells start with (hash.c), hex */
	u8 digest[32];
	const u8 *dtb;
	u64 dtb_size;
	const char **overlays;   /* as the user gave them, in order */
	u32 overlay_count;
	const char **image_dirs; /* where images are looked for, in order */
	u32 image_dir_count;
	const char **without;    /* what this core is built without: "mediated", "lifecycle" */
	u32 without_count;
	/* board */
	struct gic gic;
	struct cache *caches;
	u32 cache_count;
	u32 color_count;        /* of the cache that has most; 0: no cache is known */
	struct cpu *cpus;
	u32 cpu_count;
	struct ram_bank *banks;
	u32 bank_count;
	struct reserve *reserves; /* in the order of the tree */
	u32 reserve_count;
	struct device *devices;
	u32 device_count;
	struct iommu *iommus;
	u32 iommu_count;
	struct pci_host *hosts;
	u32 host_count;
	struct function *functions; /* in the order of the tree */
	u32 function_count;
	struct its its;
	struct board_line *board_lines; /* sorted by intid */
	u32 board_line_count;
	/* partition */
	const struct node *domains;
	struct hypervisor hyp;
	struct cell *cells;
	u32 cell_count;
	struct vdev *vdevs;
	u32 vdev_count;
	/* decided */
	u16 service_cpu;        /* CPU_NONE without one */
	struct extent *phys;    /* physical, sorted by base; holds overlapping claims too */
	u32 phys_count;
	struct line *lines;     /* physical ones, sorted by intid */
	u32 line_count;
	struct stream *streams;     /* of devices that cells have, wrong ones too; sorted by cell, iommu and id */
	u32 stream_count;
	struct dma_tree *dma_trees;
	u32 dma_tree_count;
	struct virtual_line *virtual_lines; /* of mediated cells, sorted by cell and intid */
	u32 virtual_count;
	u64 image_end;          /* physical end of the last pristine image */
	u64 link_end;           /* end of the link addresses of scattered images; 0: there is none */
	u32 image_count;        /* sections .image.0 .. */
	u32 pa_bits;
	u32 line_limit;         /* highest INTID used by anybody */
};

/* Judge the decision; every finding goes to diag. */
void check_decision(const struct decision *decision, struct diag *diag);

#endif
