/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The port contract: everything the core asks of an ISA, and nothing else.
 * One implementation per folder src/arch/<isa>/, chosen at link time. The ISA
 * also supplies arch_machine.h (its part of the generated tables) and
 * arch_state.h (struct arch_frame, struct arch_cpu).
 *
 * Unless it says otherwise a function is called on the CPU it concerns, with
 * interrupts masked, and may not fail: what can be wrong is found by
 * arch_verify before the first cell exists.
 */
#ifndef CLOISON_ARCH_ARCH_H
#define CLOISON_ARCH_ARCH_H

#include "arch_state.h" /* struct arch_frame, struct arch_cpu; inline arch_cpu_this() */
#include "core/machine.h"

struct cpu;
struct record;
struct vcpu_registers; /* core/cell.h */
#define VCPU_MORE_REGISTERS 12u

/* ---- boot ---- */

/*
 * Compare what the tables rely on (declared) with what the hardware has
 * (discovered): physical address range, granule, interrupt controller, CPUs,
 * lines, RAM. Boot CPU, once. Panics naming both on the first difference.
 */
void arch_verify(struct cpu *cpu);
/* One line: what was found, for the boot banner. At most size bytes including the final 0. */
void arch_describe(char *buffer, u32 size);
/* Interrupt controller, shared part: owned lines configured and masked. Boot CPU, once. */
void arch_irq_init(void);
/* Interrupt controller and trap control, this CPU's part. */
void arch_cpu_init(struct cpu *cpu);
/* Start the CPU with this index; it enters hyp_secondary. Returns false when firmware refuses. */
bool arch_cpu_start(u16 index, s64 *firmware_error);

/* ---- one vCPU ---- */

/*
 * Put the calling CPU's guest registers and trap state into the reset state of
 * the ISA's boot protocol: it will start at entry with argument. Under the
 * load root if loading, else under the root in force. A kick that was sent
 * before the call does not reach the guest.
 */
void arch_vcpu_reset(struct cpu *cpu, u64 entry, u64 argument, bool loading);
/* Leave for the guest with the registers in cpu->frame. */
_Noreturn void arch_vcpu_enter(struct cpu *cpu);
/* Make the CPU quiet before it waits in the core: no interrupt of the guest's may wake it in vain. */
void arch_vcpu_quiesce(struct cpu *cpu);
/* Fill the ISA-specific half of a record (pc, detail, regs). */
void arch_vcpu_record(const struct cpu *cpu, struct record *record);
/* What the ISA counts of this CPU besides its exits: name and value of the nth; NULL: there are no more. Service CPU, of any. */
#define ARCH_COUNTS 8u /* most of them */
const char *arch_cpu_count(const struct cpu *cpu, u32 n, u64 *value);
bool arch_cell_is_direct(u16 cell); /* its interrupts do not pass the core */
#define REGISTER_NAME 16u /* bytes of a register's name, and its end */
extern const char arch_record_detail_names[4][REGISTER_NAME]; /* of record->detail: "esr", "far", ... */
/* All of the guest's registers that explain where it was. Before anything is reset; of a CPU that is in the core. */
void arch_vcpu_capture(const struct cpu *cpu, struct vcpu_registers *to);
extern const char arch_register_names[VCPU_MORE_REGISTERS][REGISTER_NAME]; /* of vcpu_registers.more: "elr_el1", ... */
/*
 * The calling CPU stays in the core for a while, and its guest keeps everything, interrupts that are
 * pending or active included: until arch_vcpu_resume only a kick and the tick end arch_cpu_wait.
 * After each wait: arch_vcpu_paused, in the place of arch_cpu_kicked, which acknowledges nothing that is the guest's.
 */
void arch_vcpu_pause(struct cpu *cpu);
void arch_vcpu_paused(struct cpu *cpu);
void arch_vcpu_resume(struct cpu *cpu); /* no kick that was sent before reaches the guest */

/* ---- a debugger (core/debug.h): of the calling CPU, whose guest waits in the core (arch_vcpu_pause) ---- */

#define DEBUG_POINTS 4u /* most breakpoints, and most watchpoints */
struct debug_place {
	u64 address; /* virtual */
	u8 size;     /* bytes, of a watchpoint */
	u8 kind;     /* enum debug_point_kind (core/line_format.h) */
};
struct debug_points {
	struct debug_place breaks[DEBUG_POINTS], watches[DEBUG_POINTS];
};

u32 arch_debug_limit(bool watches); /* how many there are, at most DEBUG_POINTS */
/* A register, as struct vcpu_registers counts them up to pstate. False: it cannot have that value; nothing is changed. */
bool arch_debug_set(struct cpu *cpu, u32 number, u64 value);
/*
 * What is in force when the guest next goes on: points, NULL: none; step: no breakpoints, and after one instruction a debug
 * exception. arch_vcpu_reset leaves none.
 */
void arch_debug_arm(struct cpu *cpu, const struct debug_points *points, bool step);
/* As arch_vcpu_resume, but what is pending for the guest stays so. arch_vcpu_pause is the end of it. */
void arch_vcpu_step(struct cpu *cpu);
/* The breakpoint instruction at its pc is the guest's: it takes the exception. Also while it runs. */
void arch_debug_brk(struct cpu *cpu, u32 immediate);
/*
 * Leave the core for the copier's page, which reads or writes 1 to 8 bytes of guest-physical memory, of one aligned piece of
 * 8; then the guest waits as before, and debug_accessed is called.
 */
_Noreturn void arch_debug_access(struct cpu *cpu, u64 address, u32 bytes, bool write, u64 value);

/* ---- a cell's memory ---- */

/*
 * Take the whole guest memory away from every CPU of the cell, invalidate, then kick each that is not the calling one: it
 * faults, or comes as it is. Any CPU of the cell, or the service CPU.
 */
void arch_cell_revoke(u16 cell);
/* Give it back, to a cell that was revoked and whose CPUs still hold their guests (SUSPENDED). As above. */
void arch_cell_unrevoke(u16 cell);
/* Mask the cell's interrupt lines. */
void arch_cell_silence(u16 cell);
/*
 * A stopped cell's lines, interrupt controller and memory as at boot, so that
 * it can be loaded again. First CPU of the cell; all of them are parked.
 */
void arch_cell_restore(struct cpu *cpu);
/*
 * The calling CPU, when it next leaves the core, runs the copier under the load root, which fills this piece of guest
 * memory with zeros, in memory and in no cache, and calls. First CPU of the cell; all others are parked.
 */
void arch_vcpu_clear(struct cpu *cpu, u64 base, u64 size);

/* ---- devices of cells (core/iommu.c, core/pci.c) ---- */

enum iommu_event_kind { IOMMU_EVENT_STREAM, IOMMU_EVENT_TRANSLATION, IOMMU_EVENT_PERMISSION, IOMMU_EVENT_OTHER, IOMMU_EVENT_LOST };

/* Something that a device was refused. */
struct iommu_event {
	u32 id;      /* StreamID */
	u16 kind;    /* enum iommu_event_kind: of no stream of a cell; not mapped; not for this; anything else; some were lost */
	u16 number;  /* as the hardware counts its kinds */
	u64 address; /* as the device gave it; 0 if it is not known */
	bool write;
};

/* This IOMMU is the one that was declared (else panic), and every stream of it aborts. Boot CPU. */
void arch_iommu_init(u16 iommu);
/* The stream's table entry: it reaches its cell's memory, or nothing. Has an effect with the next arch_iommu_sync. */
void arch_iommu_set(u32 stream, bool on);
/*
 * No IOMMU works by an older entry of the cell's streams or a translation behind one, and what was under way by it is over.
 * False: the hardware does not answer. One CPU at a time.
 */
bool arch_iommu_sync(u16 cell);
/* The next event: false, if there is none. Of IOMMU_EVENT_LOST there is no more than the kind. One CPU at a time. */
bool arch_iommu_event(u16 iommu, struct iommu_event *event);
const char *arch_iommu_name(u16 iommu); /* "smmu0" */
/* Registers of a device, physical; size 1, 2 or 4. What the bus answers with an error reads as ones, and is not written. */
u32 arch_device_read(u64 address, u32 size);
void arch_device_write(u64 address, u32 size, u32 value);

/* ---- between CPUs, time, interrupts ---- */

void arch_cpu_wait(void);            /* sleep until an interrupt or a kick is pending; may return early */
void arch_cpu_kick(u16 index);       /* wake that CPU out of arch_cpu_wait or guest sleep */
void arch_cpu_kicked(struct cpu *cpu); /* consume kick and tick, after arch_cpu_wait */
void arch_cpu_relax(void);           /* in a short wait loop at boot: let others run */
void arch_cpu_wake_all(void);        /* out of arch_cpu_relax */
/*
 * The output of a virtual device's line, not 0; any CPU, after everything that
 * may have changed it. True: the port saw it change, so the caller asks the
 * device again, as another CPU may have changed it back meanwhile.
 */
bool arch_irq_level(u16 cell, u32 line, bool high);
/* In arch_state.h: u64 arch_time_now(void), ticks; arch_time_glance, the same for a duration of the core's own; u64 arch_time_hz(void) */
void arch_time_wake_at(u64 ticks);   /* service CPU: arch_cpu_wait returns by then */
_Noreturn void arch_halt(void);      /* this CPU does nothing any more */
_Noreturn void arch_board_off(void); /* firmware power-off of the whole board */
_Noreturn void arch_board_reset(void); /* firmware reset of the whole board; memory keeps what arch_memory_clean has written */
/*
 * The crash region. Taken once, before anything of it is looked at: caches hold nothing of it from before the core. Clean:
 * what the CPU has written there is in memory, where it survives a reset of the board.
 */
void arch_memory_take(const void *address, u32 size);
void arch_memory_clean(const void *address, u32 size);
/* "x0=0x.. x1=0x.." of the exception that arch has just taken from the core, and what of its stack there is: panic.c. */
struct panic_state;
void arch_panic_state(struct panic_state *state);

/* ---- traces (core/trace.h) ---- */

void arch_trace_switch(bool on); /* exits of the calling CPU's guest write an entry from now on, or no more */
void arch_trace_call(u16 cell);  /* the CPUs of the cell shall soon be in the core, if that costs their guests nothing they could notice */

/* ---- atomics the compiler cannot be asked for without libatomic ---- */

ONE_INSTRUCTION u32 atomic_load32(const u32 *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
ONE_INSTRUCTION void atomic_store32(u32 *p, u32 v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
bool arch_cas32(u32 *p, u32 expected, u32 value); /* acquire and release */

#endif
