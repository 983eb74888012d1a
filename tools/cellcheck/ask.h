/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The hardware, and what the partition asks for. Part of cellcheck.h. */
#ifndef CELLCHECK_ASK_H
#define CELLCHECK_ASK_H

#include "image.h"

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

/* ---- asklife.c: lives of cells, rights, the core itself; numbers are those of the image */

enum event { EVENT_FAULT, EVENT_RESET, EVENT_WATCHDOG, EVENT_DMA, EVENT_STORM, EVENT_LIMIT, EVENTS };
enum action { ACTION_IGNORE, ACTION_RECORD, ACTION_STOP, ACTION_RESTART, ACTION_STOP_OTHERS, ACTION_RESET_BOARD, ACTIONS };
enum right { RIGHT_STATUS, RIGHT_START, RIGHT_STOP, RIGHT_RESTART, RIGHT_SUSPEND, RIGHT_RESUME, RIGHTS };
#define ALL_RIGHTS ((1u << RIGHTS) - 1)
#define RESTART_SILENT 4u /* cloison,restart is not written; else bit 0: after a reset it asked for, bit 1: after a failure */
#define WATCHDOG_SECONDS 10u /* cloison,watchdog-seconds is not written */
extern const char *const event_words[EVENTS];
extern const char *const action_words[ACTIONS];
extern const char *const right_words[RIGHTS];
extern const char *const restart_words[4];
struct ask_life {
	u32 restart;           /* RESTART_SILENT: not written */
	u32 action[EVENTS];    /* ACTIONS: not written */
	u32 restarts, seconds; /* at most so many within so many; 0: no limit */
	u32 first_beat, period, shutdown; /* milliseconds */
	bool manual;
};
struct ask_control {
	int controller; /* a cell; CORE: the operator */
	size_t target;
	u32 rights;
};

/* ---- ask.c: the partition */

struct ask_address {
	bool said;
	u64 at;
};
enum vdev_kind { VDEV_PL011, VDEV_SP805, VDEV_PL061, VDEV_KINDS }; /* as machine_index has their operations */
struct ask_vdev {
	const char *name;
	enum vdev_kind kind;
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
	bool direct, wfi_native, debug_stop, debug_gdb, strict, initrd;
	u32 limit;
	struct ask_life life;
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
enum { CORE = -1 }; /* a party is a cell, or this */
struct ask {
	int node; /* of the hypervisor */
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
	VEC(struct ask_control) controls; /* in the order of the image */
	int crash;            /* index of the region in which the core keeps records; -1: none */
	bool panic_resets;
	u32 board_rights; /* bit 0 to reset the board, bit 1 to switch it off: the operator */
	int watchdog;         /* node of the board's; -1: none */
	u64 watchdog_control, watchdog_refresh;
	u32 watchdog_seconds;
};
void ask_read(struct arena *a, struct ask *ask, const struct hw *hw);
void devices_read(struct arena *a, const struct hw *hw, const struct ask *ask, struct ask_cell *cell); /* devices.c */
void devices_page(struct arena *a, struct ask_cell *cell, struct span reg);
void regions_read(struct arena *a, struct ask *ask, const struct hw *hw); /* regions.c */
void functions_read(struct arena *a, struct ask *ask, const struct hw *hw); /* pci.c */
void life_read(const struct tree *t, struct ask_life *life, int node); /* asklife.c */
void controls_read(struct arena *a, struct ask *ask, const struct tree *t);
size_t controls_of(const struct ask *ask, int controller, size_t *first); /* how many; first: where in ask->controls they are, or would be */
void core_read(struct arena *a, struct ask *ask, const struct tree *t);
void messages_read(struct arena *a, struct ask *ask, const struct hw *hw);  /* its.c, behind the former */
void streams_read(struct arena *a, struct ask *ask, const struct hw *hw);   /* streams.c, behind the former */
u64 pci_bus(const struct hw *hw, const struct ask_function *f); /* configuration space of the function's bus */
bool pci_window(const struct hw *hw, int host, struct span s);  /* 32-bit memory, at the same address for the CPUs */
const struct ask_function *function_of(const struct ask *ask, int node); /* NULL: it is none that a cell has */

#endif
