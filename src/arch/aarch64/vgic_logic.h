/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The interrupt controller of a mediated cell, as far as it can be said without
 * a system register: everything here is also built and tested on the host.
 *
 *   raise, lower, SGI, register access --> struct vgic, struct vgic_vcpu  (shared, atomic words)
 *                                             | summary bit + kick
 *                                             v
 *   physical line acknowledged at EL2 --> struct vgic_cpu: lr[] <-> held  (its own CPU only)
 *
 * Three kinds of lines (IHI 0069 is the reference for all of it):
 *   hw     SPIs of passed devices, PPIs of the timers. Virtual INTID = physical INTID; the list register
 *          is linked (HW = 1). Pending and enabled live in the physical distributor. From EL2's acknowledge
 *          until the guest's EOI (or until it is given back) the line is physically active.
 *   soft   SPIs of virtual devices: level-sensitive. pending = level | latched (ISPENDR). Its list register
 *          asks for a maintenance interrupt at EOI, which is when the level counts again.
 *   SGI    edge: a bit for each in struct vgic_vcpu.
 *
 * Overflow: list registers hold the pending interrupts of highest priority, and always one if any is held.
 * A pending one is swapped out for a better one; an active one only when no list register is pending (spilled).
 *
 * Calls: unless it says otherwise a function is called on the vCPU's own CPU, which has brought lr[] up to date
 * (each list register that ICH_ELRSR_EL2 calls empty may be 0), and eoi_count. Afterwards the caller writes
 * the list registers in `dirty` (and clears it), and hcr. Several vCPUs call at once; nothing locks or waits.
 *
 * Field legend: [C]onst after init, [O]wner CPU only, [A]tomic.
 */
#ifndef CLOISON_ARCH_AARCH64_VGIC_LOGIC_H
#define CLOISON_ARCH_AARCH64_VGIC_LOGIC_H

#include "core/types.h"

#define VGIC_LINES 288u /* SGIs, PPIs, 256 SPIs: what GICD_TYPER says */
#define VGIC_WORDS 9u
#define VGIC_LR_MAX 16u
#define VGIC_VCPU_MAX 32u

#define VGIC_TYPER ((VGIC_LINES / 32 - 1) | 9u << 19 /* IDbits: 10 */ | 1u << 25 /* No1N */)

/* ICH_LR<n>_EL2 (IHI 0069 12.4.9) */
#define LR_PENDING BIT(62)
#define LR_ACTIVE BIT(63)
#define LR_STATE (LR_PENDING | LR_ACTIVE)
#define LR_HW BIT(61)
#define LR_GROUP1 BIT(60)
#define LR_EOI BIT(41) /* HW = 0: maintenance interrupt at the end of interrupt */
#define LR_PRIORITY(p) ((u64)(u8)(p) << 48)
#define LR_PRIORITY_OF(lr) ((u8)((lr) >> 48))
#define LR_PINTID(i) ((u64)(i) << 32)
#define LR_VINTID(lr) ((u32)(lr))

/* ICH_HCR_EL2 (12.4.8): what vgic_cpu.hcr may ask for */
#define VGIC_HCR_LRENPIE BIT(2) /* an active interrupt has no list register: its EOI counts in EOIcount */
#define VGIC_HCR_NPIE BIT(3)    /* something is held: call when no list register is pending any more */
#define VGIC_HCR_TDIR BIT(14)   /* as LRENPIE, for DIR */

/* vgic_vcpu.summary: bit 0 SGIs, bit w word w of the SPIs, and: */
#define VGIC_LOOK 0x80000000u /* enables, routes or requests changed: look at everything */

/* What other CPUs may do to a vCPU. */
struct vgic_vcpu {
	u32 summary;      /* [A] where there is news; who finds it zero sends the kick */
	u32 present;      /* [A] it is on, so it answers */
	u32 sgis;         /* [A] SGIs pending and in no list register, nor held */
	u32 enabled;      /* [A] GICR_ISENABLER0 */
	u32 unpend;       /* [A] request: SGIs and PPIs to be pending no more */
	u32 deactivate;   /* [A] request: SGIs and PPIs to be deactivated */
	u8 priority[32];  /* [A] GICR_IPRIORITYR */
} __attribute__((aligned(64)));

/* One cell. */
struct vgic {
	const u32 *hw;           /* [C] VGIC_WORDS words: linked lines; word 0 its PPIs, the same for each vCPU */
	const u32 *soft;         /* [C] lines of virtual devices; word 0 is zero */
	struct vgic_vcpu *vcpus; /* [C] vcpu_count of them */
	u32 vcpu_count;          /* [C] <= VGIC_VCPU_MAX */
	u32 ctlr;                /* [A] GICD_CTLR.EnableGrp1 (bit 1) */
	/* SPIs; words 0 are unused */
	u32 enabled[VGIC_WORDS];    /* [A] */
	u32 level[VGIC_WORDS];      /* [A] soft: output of the device */
	u32 latched[VGIC_WORDS];    /* [A] made pending by GICD_ISPENDR, not taken since */
	u32 inflight[VGIC_WORDS];   /* [A] soft: in the hands of a vCPU: list register, held or spilled */
	u32 unpend[VGIC_WORDS];     /* [A] request to whoever has it in hand */
	u32 deactivate[VGIC_WORDS]; /* [A] request to whoever has it in hand */
	u8 priority[VGIC_LINES];    /* [A] */
	u8 route[VGIC_LINES];       /* [A] number of the vCPU */
};

/* A vCPU's own side. */
struct vgic_cpu {
	u64 lr[VGIC_LR_MAX];      /* [O] */
	u32 lr_count;             /* [C] */
	u32 index;                /* [C] number of the vCPU */
	u32 dirty;                /* [O] list registers to be written */
	u32 hcr;                  /* [O] VGIC_HCR_*: to be in ICH_HCR_EL2 besides En */
	u32 eoi_count;            /* [O] in: ICH_HCR_EL2.EOIcount; taken (zero) after each call that sees the list registers */
	u32 overflow;             /* [O] lines held or spilled; 0: the short paths may be taken */
	u32 held[VGIC_WORDS];     /* [O] pending, no list register */
	u32 spilled[VGIC_WORDS];  /* [O] active, no list register */
	u32 forced[VGIC_WORDS];   /* [O] of spilled: made active by ISACTIVER, so no EOI ends it */
	u32 sticky[VGIC_WORDS];   /* [O] soft, pending in a list register or held, whatever the level: by GICD_ISPENDR */
};

/* ---- life ---- */

/* Reset state. No vCPU of the cell runs. hw, soft: VGIC_WORDS words each, disjoint. */
void vgic_cell_init(struct vgic *v, const u32 *hw, const u32 *soft, struct vgic_vcpu *vcpus, u32 vcpu_count);
/* The vCPU starts: nothing enabled, pending or active of its own; SPIs that wait for it come in. c->lr_count, c->index are set. */
void vgic_vcpu_start(struct vgic *v, struct vgic_cpu *c);
/* It stops: what it has in hand is given back (SPIs) or forgotten (SGIs, PPIs, active ones). All lr[] are 0 afterwards. */
void vgic_vcpu_stop(struct vgic *v, struct vgic_cpu *c);

/* ---- events ---- */

/* A physical line of the cell was acknowledged on this CPU, priority dropped. False: not a line of this cell; nothing done. */
bool vgic_irq(struct vgic *v, struct vgic_cpu *c, u32 line);
/*
 * vgic_raise, vgic_lower, vgic_sgi and register writes only post: no list register changes. What they post for the
 * calling vCPU itself (no kick is sent for it) comes in when the caller, seeing its summary not zero, runs
 * vgic_collect before the guest goes on.
 */
/* The output of a virtual device is high (low). Any CPU; c: the calling CPU's vCPU of this cell, or NULL. */
void vgic_raise(struct vgic *v, struct vgic_cpu *c, u32 line);
void vgic_lower(struct vgic *v, struct vgic_cpu *c, u32 line);
/* SGI to the vCPUs in targets (bit n: vCPU n; others ignored). intid < 16. */
void vgic_sgi(struct vgic *v, struct vgic_cpu *c, u32 targets, u32 intid);
/* A kick arrived, or summary is not zero. */
void vgic_collect(struct vgic *v, struct vgic_cpu *c);
/* Maintenance interrupt: an end of interrupt, EOIcount, or nothing pending while something is held. */
void vgic_maintain(struct vgic *v, struct vgic_cpu *c);
/* The guest deactivates intid by ICC_DIR_EL1, trapped (VGIC_HCR_TDIR). */
void vgic_dir(struct vgic *v, struct vgic_cpu *c, u32 intid);

/* ---- registers (vgic_regs.c) ---- */

/*
 * The distributor's frame, 64 KiB. offset is aligned to size: 1, 2, 4 or 8 bytes. What the architecture does not
 * define (size, offset) reads zero and writes nothing. GICD_CTLR.RWP is 1 while another vCPU has yet to look.
 */
u64 vgic_dist_read(struct vgic *v, struct vgic_cpu *c, u64 offset, u32 size);
void vgic_dist_write(struct vgic *v, struct vgic_cpu *c, u64 offset, u32 size, u64 value);
/* The redistributor frames of vCPU n < vcpu_count, which need not be the caller: RD at 0, SGI at 64 KiB. */
u64 vgic_redist_read(struct vgic *v, struct vgic_cpu *c, u32 n, u64 offset, u32 size);
void vgic_redist_write(struct vgic *v, struct vgic_cpu *c, u32 n, u64 offset, u32 size, u64 value);

/* ---- what the port (or a test) supplies ---- */

/*
 * The physical distributor, for hw lines only: word 0 are PPIs of the calling CPU, word w SPIs 32w..32w+31.
 * No call with bits outside v->hw[word].
 */
void vgic_hw_enable(u32 word, u32 bits, bool on);
void vgic_hw_pend(u32 word, u32 bits, bool on); /* ISPENDR, ICPENDR */
u32 vgic_hw_pending(u32 word);                  /* ISPENDR as it reads: bits of others may be set */
u32 vgic_hw_active(u32 word);                   /* ISACTIVER */
u32 vgic_hw_edge(u32 word);                     /* bit: edge-triggered */
void vgic_hw_deactivate(u32 line);
void vgic_hw_activate(u32 line);                /* ISACTIVER */
void vgic_hw_route(struct vgic *v, u32 line, u32 vcpu);
/* Call vCPU n of the cell: it will run vgic_collect. Everything stored before is visible to it. May be the
 * calling vCPU: then at once, or after the guest's next instruction. */
void vgic_hw_kick(struct vgic *v, u32 vcpu);

/* ---- internal to vgic_*.c ---- */

/* List registers as the guest left them: what ended is let go. First thing in each call that acts on them. */
void vgic_harvest(struct vgic *v, struct vgic_cpu *c);
/* Everything again under the present enables, routes, priorities and requests. */
void vgic_look(struct vgic *v, struct vgic_cpu *c);
/* Let every vCPU look. */
void vgic_look_all(struct vgic *v, struct vgic_cpu *c);
/* News for vCPU n: bits of its summary. c as in vgic_raise. */
void vgic_notify(struct vgic *v, struct vgic_cpu *c, u32 n, u32 bits);
/* Of word `word`: what this vCPU has in hand, pending (list register, held) or active (list register, spilled). */
u32 vgic_own_pending(const struct vgic_cpu *c, u32 word);
u32 vgic_own_active(const struct vgic_cpu *c, u32 word);
/* Make a line active that is not (GICD_ISACTIVER). */
void vgic_activate(struct vgic *v, struct vgic_cpu *c, u32 line);

#endif
