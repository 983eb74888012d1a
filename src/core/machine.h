/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The shape of machine.c: everything cellgen decided, as const data.
 *
 *     partition.dts --cellgen--> machine.c (instances of these structs)
 *                                counts.h  (CPU_COUNT, CELL_COUNT, ...)
 *                                tables.bin (translation tables, at fixed physical addresses)
 *
 * The core reads these objects and never writes one. The only mutable data that
 * machine.c defines are the state objects of virtual devices (struct vdev_NAME),
 * because only cellgen knows which devices exist.
 *
 * Field legend (used in every struct with state, see core/cell.h):
 * [C]onst, [O]wner CPU only, [A]tomic, [L]ocked.
 */
#ifndef CLOISON_CORE_MACHINE_H
#define CLOISON_CORE_MACHINE_H

#include "core/types.h"
#include "counts.h"       /* generated: CPU_COUNT, CELL_COUNT, VCPU_COUNT, VDEV_COUNT, ... */
#include "arch_machine.h" /* src/arch/<isa>/: struct arch_cpu_config, arch_cell_config, arch_board_config */

#define CELL_NONE 0xffffu
#define CPU_NONE 0xffffu

/* What a CPU is for. A CPU that is neither a vCPU nor the service CPU stays parked. */
enum cpu_role { CPU_UNUSED, CPU_VCPU, CPU_SERVICE };

struct cpu_config {
	u64 hw_id;  /* MPIDR_EL1 affinity fields / hart id, as in the board tree's reg */
	u16 role;   /* enum cpu_role */
	u16 cell;   /* index into machine_cells, CELL_NONE unless role == CPU_VCPU */
	u16 vcpu;   /* number of this vCPU within its cell: 0.. */
	const char *name; /* board tree label or node name, for messages: "cpu0" */
	struct arch_cpu_config arch;
};

/* What the printing side sees when its ring is full (cloison,console on the virtual UART). */
enum console_policy { CONSOLE_BLOCK, CONSOLE_DROP };

struct vdev; /* vdev/vdev.h */

/*
 * One virtual device of one cell. A cell's devices are contiguous in
 * machine_vdevs, sorted by base, and do not overlap.
 */
struct vdev_config {
	const struct vdev *ops;
	void *state;     /* struct vdev_NAME, defined in machine.c */
	const char *name; /* node name: "serial@9000000" */
	u64 base;        /* guest-physical, page aligned */
	u64 size;        /* bytes, whole pages */
	u32 line;        /* interrupt the core raises for it (physical INTID on aarch64), 0 = none */
	u16 cell;
	u16 policy;      /* enum console_policy, for consoles */
};

#define RESTART_LIMIT_MAX 32u /* restarts that a limit can allow */

struct cell_config {
	const char *name;
	u16 vcpu_count;
	u16 first_cpu;   /* index into machine_cell_cpus of this cell's first entry */
	u16 first_ram;   /* index into machine_cell_ram */
	u16 ram_count;
	u16 first_vdev;  /* index into machine_vdevs */
	u16 vdev_count;
	u16 console;     /* index into machine_vdevs of its (first) console device, VDEV_COUNT = none */
	bool strict;     /* cloison,strict: a denied register stops the cell */
	bool debug_stop; /* cloison,debug = "stop": BRK stops the cell with a record */
	bool wfi_native; /* cloison,wfi = "native" */
	bool debug_gdb;  /* cloison,debug = "gdb": debug exceptions come to the core, for a debugger */
	u64 entry;       /* guest-physical address of the first instruction */
	u64 dtb;         /* guest-physical address of its device tree: first argument */
	struct arch_cell_config arch;
};

/* What can happen to a cell, and what the core then does about it: cloison,on-... */
enum life_event {
	EVENT_FAULT,    /* a fault, a denied register of a strict cell, a breakpoint (cloison,debug) */
	EVENT_RESET,    /* the guest asked for a reset: SYSTEM_RESET, SYSTEM_RESET2 */
	EVENT_WATCHDOG, /* its watchdog has run out, or its heartbeat is missing */
	EVENT_DMA,      /* an IOMMU refused what one of its devices tried */
	EVENT_STORM,    /* one of its interrupts came too often and was masked */
	EVENT_LIMIT,    /* it was restarted too often */
	EVENT_COUNT
};

enum life_action {
	ACTION_IGNORE,      /* counted, not told */
	ACTION_RECORD,      /* told, and that is all */
	ACTION_STOP,        /* it ends in CELL_FAILED (EVENT_RESET: CELL_STOPPED) */
	ACTION_RESTART,
	ACTION_STOP_OTHERS, /* it fails, and all other cells are stopped: the safe state */
	ACTION_RESET_BOARD, /* records are kept, then the board is reset */
};

/* The life of a cell, by its number. Times are in milliseconds unless they say otherwise. */
struct life_config {
	u8 actions[EVENT_COUNT];  /* enum life_action */
	bool manual;              /* cloison,start = "manual": boot leaves it CELL_OFF */
	u16 power_key;            /* index into machine_vdevs of the device whose input 3 is its power key; VDEV_COUNT: none */
	u16 restart_count;        /* cloison,restart-limit: at most so many restarts, <= RESTART_LIMIT_MAX, 0: no limit, */
	u32 restart_seconds;      /* within so many seconds */
	u32 heartbeat_first;      /* cloison,heartbeat: the first is due so long after its start, */
	u32 heartbeat_period;     /* every other so long after the one before; 0: none is expected */
	u32 shutdown_time;        /* cloison,shutdown-time: it is asked first, and stopped the hard way after so long; 0: not asked */
	u16 first_control;        /* index into machine_controls: whom it may control; */
	u16 control_count;        /* a guest's number for them is 0 to control_count - 1 */
};

/* One may do something with another: cloison,controls. Sorted by controller; the operator is the last one. */
struct control_config {
	u16 controller; /* cell, or CONTROLLER_OPERATOR: whoever types at the console */
	u16 target;     /* cell */
	u16 rights;     /* bit n: enum life_op n (core/life.h) */
};
#define CONTROLLER_OPERATOR CELL_NONE

/* What the hypervisor node says of the core itself. */
struct core_config {
	u8 *crash;            /* link address of the crash region; NULL: there is none. The service CPU alone maps it. */
	u64 crash_physical;   /* for messages */
	u32 crash_size;       /* bytes, whole pages */
	bool panic_resets;    /* cloison,panic = "reset" */
	u8 board_rights;      /* of the operator, cloison,board-rights: bit 0 to reset the board, bit 1 to switch it off */
	u32 watchdog_seconds; /* cloison,watchdog-seconds: of the board's watchdog; 0: there is none */
	u64 watchdog_base;    /* physical: its control frame, */
	u64 watchdog_refresh; /* and the one that is written to feed it */
	u16 first_control;    /* index into machine_controls: what the operator may do */
	u16 control_count;
};

/* A range of a cell's memory, as the cell sees it. */
struct cell_ram {
	u64 base; /* guest-physical */
	u64 size; /* bytes */
};

struct ram_bank {
	u64 base;
	u64 size; /* bytes */
};

/*
 * A stream of an IOMMU that a cell's device writes memory by. Sorted by cell,
 * iommu and id. While the cell does not run, the hardware aborts it.
 */
struct stream_config {
	const char *name; /* of the device: "nic0" */
	u32 id;           /* StreamID */
	u16 iommu;        /* index into machine_iommus (arch_machine.h) */
	u16 cell;
	struct arch_stream_config arch;
};

/* A memory BAR, as cellgen has placed it: physical and guest-physical. */
struct pci_bar {
	u64 base;    /* a multiple of its size and of 4 KiB, below 4 GiB */
	u64 size;    /* bytes, a power of two, at least 16 */
	u16 function; /* index into machine_functions */
	u8 index;    /* 0..5; of a wide one the lower */
	bool wide;   /* 64 bits: takes index + 1 too */
	bool prefetchable;
};

#define PCI_NO_BAR 0xffu

/* A PCI function of a cell. Sorted by cell, then by address. */
struct pci_function {
	const char *name; /* "nic0" */
	u64 config;       /* physical address of its 4 KiB of configuration space */
	u16 address;      /* bus << 8 | device << 3 | function */
	u16 cell;
	u16 vendor, device; /* as declared: boot compares */
	u16 first_bar, bar_count; /* index into machine_bars */
	u16 vectors;      /* message signalled interrupts the cell may use; 0: no such capability is shown */
	bool intx;        /* its INTx line is the cell's; else it stays disabled */
	bool no_reset;    /* cloison,no-reset: it is known to have no reset of its own */
	u8 reset_bar;     /* cloison,reset-write: the BAR (0..5) of the register that resets it, in place of a function level reset; */
	u8 pin;           /* its INTx pin: 1 (INTA) to 4, 0: none is declared. Boot compares, as another pin is another line. */
	u32 reset_offset; /* ... the register, */
	u32 reset_value;  /* and what is written; reset_bar PCI_NO_BAR: there is no such register */
};

/*
 * The configuration space of one bus as one cell sees it: 1 MiB, trapped, at
 * the guest address that is also the physical one.
 */
struct pci_space {
	u64 base;
	u16 cell;
	u16 bus;
	u16 first_function, function_count; /* index into machine_functions */
};

/* A bus on which functions are given to cells: boot silences everything on it first. */
struct pci_bus {
	u64 config; /* physical address of the configuration space of function 0 of device 0 of this bus */
	u16 bus;
};

/* Where the objects are that docs/image-format.md describes: for a checker without symbols. */
struct machine_index {
	const void *address;
	u32 size;   /* bytes */
	u16 kind;
	u16 number; /* within its kind */
};

/* Sizes: the generated counts; a count of 0 still defines one (unused) element. */
extern const struct cpu_config machine_cpus[];       /* CPU_COUNT, ordered as in the board tree */
extern const struct cell_config machine_cells[];     /* CELL_COUNT, ordered as in the partition */
extern const struct life_config machine_lives[];     /* CELL_COUNT */
extern const struct control_config machine_controls[]; /* CONTROL_COUNT */
extern const struct core_config machine_core;
extern const u16 machine_cell_cpus[];                /* VCPU_COUNT: physical CPU index of each vCPU */
extern const struct cell_ram machine_cell_ram[];     /* CELL_RAM_COUNT */
extern const struct vdev_config machine_vdevs[];     /* VDEV_COUNT */
extern const struct ram_bank machine_ram[];          /* RAM_BANK_COUNT: the board's declared RAM */
extern const struct stream_config machine_streams[]; /* STREAM_COUNT */
extern const struct pci_function machine_functions[]; /* FUNCTION_COUNT */
extern const struct pci_bar machine_bars[];          /* BAR_COUNT, sorted by function and index */
extern const struct pci_space machine_spaces[];      /* SPACE_COUNT, sorted by cell and base */
extern const struct pci_bus machine_buses[];         /* BUS_COUNT */
extern const struct arch_board_config machine_board; /* interrupt controller, PA range, ... */

extern const u16 machine_service_cpu;                /* CPU index, CPU_NONE without one */
extern const u64 machine_console_base;               /* physical base of the core's UART registers */
extern const u32 machine_console_clock;              /* Hz of the UART's reference clock, 0 = unknown */
extern const char machine_name[];                    /* name of the partition */
extern const char machine_board_name[];              /* model of the board tree */
extern const char machine_hash[];                    /* SHA-256 of the configuration, 64 hex digits */
extern const struct machine_index machine_index[];   /* read by nobody at run time; ends with kind 0 */

#endif
