/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Mutable per-CPU state of the aarch64 port. Offsets are exported to assembly by asm-offsets. */
#ifndef CLOISON_ARCH_AARCH64_STATE_H
#define CLOISON_ARCH_AARCH64_STATE_H

#include "arch_time.h"
#include "vgic_logic.h"

/*
 * Guest general registers while the CPU is at EL2. SP_EL2 rests on x[0]
 * whenever the guest runs, so the vectors store without computing an address;
 * the stack of the C code grows down below it. ELR_EL2 and SPSR_EL2 stay in
 * the registers themselves.
 */
struct arch_frame {
	u64 x[32]; /* x[31] is zero, as XZR is */
};

/* Interrupts taken by the core: those that were nobody's business, rounds of service, and (CONFIG_METRICS) all that were not the guest's. */
enum { IRQ_SPURIOUS, IRQ_UNOWNED, IRQ_STORM, IRQ_SERVICE, IRQ_OWN, IRQ_COUNT_COUNT };

/* The guest's own CPU reads its memory for the core (reader.c): what it goes on with afterwards. */
enum { READER_OFF, READER_WANTED, READER_REPEAT, READER_RUNS, READER_DEBUG };
struct vits_reader {
	u32 state;
	u64 back;  /* pc of the store that was trapped; READER_DEBUG: bits below what was asked for */
	u64 x[5], pc, spsr, sctlr;
};

/* A direct guest's half of the CPU interface while its CPU waits in the core (pause.c). */
struct arch_paused {
	u64 pmr, ctlr, bpr1, igrpen1, ap1r0;
	bool steps; /* it has left for one instruction, with the mask of the wait */
};

#define CPU_STACK_SIZE 8192u /* below struct cpu */

/* Registers of the core at an exception that it has caused itself (entry.S, dump.c). */
struct arch_dump {
	u64 x[31], sp, pstate;
	u64 state; /* DUMP_TAKEN: there is one */
};
#define DUMP_TAKEN 0x64756d70736f5421ULL /* memory is anything before it is set */

#define SGI_ROUTE(n) (15 - (n))

/* Worked out once at boot, so that the short exits compute nothing. workaround: what the firmware answered. */
struct arch_cpu {
	/* [C] ICC_SGI1R_EL1 value that reaches vCPU n of the cell, without INTID, at SGI_ROUTE(n); 0: nobody. 8 * (63 - n) bytes
	   behind the frame's beginning (entry.S) */
	u64 sgi_routes[17] __attribute__((aligned(128)));
	u64 sgi_rare;      /* [C] bits of ICC_SGI1R_EL1 that are not for the short path of direct cells */
	u32 sgi_targets;   /* [C] bit n: the cell has vCPU n */
	s32 workaround[3]; /* [C] ARCH_WORKAROUND_1, _2, _3: SMCCC result codes */
	u64 gicd_base;     /* [C] guest-physical base of the cell's distributor; mediated: no address */
	u64 kick_priority; /* [C] of the kick as ICC_PMR_EL1 counts: only a higher mask lets it through */
	u64 gicr;          /* [C] RD frame of this CPU's redistributor, physical */
	u32 gicd_typer;    /* [C] GICD_TYPER as a direct cell sees it */
	struct vits_reader reader; /* [O] */
	struct arch_paused paused; /* [O] */
	struct arch_dump dump;     /* [O] */
	/* Mediated cells only */
	struct vgic *vgic;       /* [C] of the cell; NULL: direct, or no cell */
	struct vgic_vcpu *vcpu;  /* [C] of this vCPU */
	u64 frame_gicd;          /* [C] guest-physical address of its GICD_ISENABLER0, */
	u64 frame_sgi;           /* [C] and of the vCPU's own GICR_ISENABLER0 */
	u32 lr_mask;             /* [C] bit n: list register n is there */
	bool serves;             /* [C] this is the service CPU too */
	u32 irq_taken;           /* [O] INTID that fast_irq.c acknowledged and left to trap_irq */
	u64 irq_counts[IRQ_COUNT_COUNT]; /* [O] */
	u64 service_ticks;       /* [O] spent on the core's own account, */
	u64 service_most;        /* [O] and most of it at one time */
	struct vgic_cpu hand;    /* [O] */
};

/* Per cell, shared by its CPUs. */
struct arch_cell {
	u32 gicd_ctlr;    /* [A] direct: what the guest wrote to GICD_CTLR */
	struct vgic vgic; /* mediated */
};

struct cpu;
ONE_INSTRUCTION struct cpu *arch_cpu_this(void)
{
	struct cpu *cpu;
	__asm__("mrs %0, tpidr_el2" : "=r"(cpu));
	return cpu;
}

#endif
