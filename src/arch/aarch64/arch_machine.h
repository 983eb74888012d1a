/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The aarch64 part of machine.c (core/machine.h): what only this ISA needs to
 * know about a CPU, a cell and the board. Written by cellgen, read by
 * src/arch/aarch64. Addresses are physical unless said otherwise.
 */
#ifndef CLOISON_ARCH_AARCH64_MACHINE_H
#define CLOISON_ARCH_AARCH64_MACHINE_H

#include "core/types.h"

/*
 * Control registers that decide isolation, one record per physical CPU, all
 * in the read-only section .regs. Boot loads them verbatim, so that a checker
 * can read the isolation of a finished image from the image alone.
 * boot.S uses the byte offsets (asm-offsets), C the names.
 */
struct arch_regs {
	u64 hw_id;     /* MPIDR_EL1 & 0xff00ffffff of the CPU this record is for */
	u64 stack;     /* address of its struct cpu; the stack grows down from it */
	u64 sctlr_el2; /* SCTLR_EL2_VALUE with the MMU, caches, W^X on */
	u64 tcr_el2;
	u64 mair_el2;
	u64 ttbr0_el2;
	u64 vtcr_el2;
	u64 vttbr_run;  /* VMID << 48 | root page in force; 0 when the CPU runs no vCPU */
	u64 vttbr_load; /* VMID << 48 | load root page */
	u64 hcr_run;
	u64 hcr_load;
	u64 mdcr_el2;   /* without HPMN, which boot takes from PMCR_EL0.N */
	u64 cptr_el2;
	u64 cnthctl_el2;
	u64 ich_hcr_el2;
	u64 vmpidr_el2;
};

struct vgic_config; /* vgic_config.h, which machine.c includes besides */

struct arch_cpu_config {
	u64 gicr;      /* RD frame of its redistributor; the SGI frame is 64 KiB above */
	u32 kick_line; /* INTID by which the core calls this CPU: a spare SPI for CPUs of direct cells, whose SGIs
	                  are the guest's; for all others 0, which is SGI 0 */
};

#define GIC_LINE_WORDS 32 /* INTIDs 0..1023, one bit each */

struct arch_cell_config {
	u64 *root;             /* stage-2 root page in force: mutable, in section .roots */
	const u64 *root_const; /* its pristine value */
	u32 root_used;         /* entries [0, root_used) may be non-zero */
	u64 gicd_base;         /* guest-physical; 64 KiB */
	u64 gicr_base;         /* guest-physical; vcpu_count * 128 KiB */
	u64 load_entry;        /* guest-physical address of the copier under the load root */
	u64 load_list;         /* guest-physical address of its struct load_list */
	u32 lines[GIC_LINE_WORDS]; /* physical INTIDs the cell owns (SPIs; word 0 is zero) */
	const struct vgic_config *vgic; /* its interrupt controller if it is mediated; NULL: direct */
};

/* Whose a physical line is, if it belongs to a mediated cell. */
struct arch_owner {
	u16 cell;  /* CELL_NONE: nobody's, or a direct cell's */
	u16 intid; /* the cell's own number for it */
	u32 limit; /* interrupts in a second, more and it is masked; 0: no limit */
};

/* One piece of a pristine image: copied by the cell's first CPU under the load root. */
struct load_piece {
	u64 source; /* guest-physical, 16-byte aligned */
	u64 target; /* guest-physical, 16-byte aligned */
	u64 size;   /* bytes, a multiple of 16 (the source is padded with zeros) */
};

/* A page of the tables area: count, then that many pieces. */
struct load_list {
	u64 count;
	u64 reserved;
	struct load_piece pieces[];
};

/* A shared peripheral interrupt the partition uses: set up once, before any cell runs. */
struct arch_line {
	u16 intid;
	u16 cpu;     /* CPU index it is routed to at reset */
	bool edge;   /* trigger type, from the tree; spare lines are edge (a latch) */
	bool kick;   /* belongs to the core: priority 0, enabled at boot */
};

/* What boot writes into an SMMUv3 (IHI 0070), and expects of it. Addresses in registers are physical, pointers link addresses. */
struct arch_iommu_config {
	const char *name;  /* "smmu0" */
	u64 base;          /* its registers: two frames of 64 KiB */
	u64 strtab_base;   /* SMMU_STRTAB_BASE: level 1 table, one page */
	u32 strtab_cfg;    /* SMMU_STRTAB_BASE_CFG: two levels, SPLIT 6 */
	u32 sid_bits;      /* width of StreamIDs the tables rely on */
	u64 cmdq_base;     /* SMMU_CMDQ_BASE, LOG2SIZE included */
	u64 eventq_base;   /* SMMU_EVENTQ_BASE */
	u64 *commands;     /* 256 of 16 bytes: one page of .streams */
	u64 *events;       /* 128 of 32 bytes */
	bool coherent;     /* dma-coherent: it looks into the CPUs' caches */
};

/* Words 0 of a stream table entry: the two values it can have. */
#define STE_REVOKED 0x1ULL /* valid, Config 0b000: abort */
#define STE_IN_FORCE 0xdULL /* valid, Config 0b110: stage 2 */

struct arch_stream_config {
	u64 *entry; /* link address of word 0 of its stream table entry, in .streams */
	u32 vmid;   /* of the tree behind it */
};

/*
 * The GIC's ITS, if a direct cell has functions with message-signalled interrupts. What it and the redistributors keep in
 * memory is one piece, nobody's; link and physical addresses of it are the same.
 */
struct arch_its_config {
	const char *name;
	u64 base;         /* its registers: 64 KiB. GITS_TRANSLATER is in the next 64 KiB, which only devices reach. */
	u64 guest;        /* guest-physical address of those the cell sees, 128 KiB */
	u64 memory, memory_size; /* all of the following, in this order */
	u64 queue;        /* 4 KiB: commands */
	u64 properties;   /* 8 KiB: a byte for each LPI, 8192 to 16383 */
	                  /* 4 KiB for each device: events, machine_its_devices */
	u64 devices, devices_size; /* flat table, 8 bytes for each DeviceID */
	u64 collections;  /* 64 KiB */
	u64 pending;      /* 64 KiB for each vCPU */
	u16 cell;         /* that has it */
	u16 device_bits;  /* of DeviceIDs that are in use */
	u16 event_bits;   /* of the EventIDs of the device that has most */
};

/* A device that writes such interrupts. Sorted by id. */
struct its_device {
	const char *name;
	u64 itt;          /* its table of events */
	u32 id;           /* DeviceID */
	u16 first_event;  /* number of its first event among those of all */
	u16 event_count;  /* EventIDs 0 to event_count - 1 */
};

struct arch_board_config {
	u64 gicd;
	u64 pa_bits;    /* physical address bits the tables rely on: 32, 36, 40, 42, 44, 48 */
	u32 line_limit; /* highest INTID used by anybody; the distributor must have it */
};

extern const struct arch_regs machine_regs[];  /* CPU_COUNT, section .regs */
extern const struct arch_line machine_lines[]; /* LINE_COUNT, sorted by intid */
extern const struct arch_owner machine_owners[]; /* OWNER_COUNT, by physical INTID: line_limit + 1 */
extern const struct arch_iommu_config machine_iommus[]; /* IOMMU_COUNT */
extern const struct arch_its_config machine_its[];      /* ITS_COUNT: 0 or 1 */
extern const struct its_device machine_its_devices[];   /* ITS_DEVICE_COUNT; of their events there are ITS_EVENT_COUNT */
extern const u64 machine_its_commands[][4];             /* ITS_COMMAND_COUNT: MAPD of each device, MAPC of each vCPU; boot issues them */

#endif
