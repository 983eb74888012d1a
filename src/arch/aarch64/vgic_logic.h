/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The interrupt controller of a mediated cell, as far as it can be said without
 * a system register: everything here is also built and tested on the host.
 * (IHI 0069 is the reference; docs/decisions/0011 says why it is as it is.)
 *
 *   device line, SGI, register write --> struct vgic, struct vgic_vcpu   shared, atomic words
 *                                           | summary bit, kick
 *                                           v
 *   physical line acknowledged at EL2 --> the hand: struct vgic_cpu      its own CPU only
 *                                           | fill      ^ harvest
 *                                           v           |
 *                                         list registers <--> guest
 *
 * Three kinds of interrupts:
 *   linked  SPIs of passed devices, PPIs of the timers. Pending and trigger type live in the physical distributor,
 *           and so does enabled (copied there). In hand from EL2's acknowledge to the guest's end of interrupt, all
 *           that time physically active; its list register is linked (HW = 1), so that the end does not trap.
 *   soft    SPIs of virtual devices: pending = level | latched (an edge or ISPENDR). In hand by the bit `inhand`.
 *   SGI     a bit for each in struct vgic_vcpu.
 *
 * The hand is the bits pend and act. While the guest runs, list registers hold as much of it as they can and the words
 * hold the rest (overflow); vgic_harvest brings all of it into the words, vgic_sync decides and fills again.
 *
 * Calls: unless it says otherwise a function is called on the vCPU's own CPU, between vgic_harvest and vgic_sync.
 * Several vCPUs call at once; nothing locks or waits.
 *
 * Field legend: [C]onst after init, [O]wner CPU only, [A]tomic.
 */
#ifndef CLOISON_ARCH_AARCH64_VGIC_LOGIC_H
#define CLOISON_ARCH_AARCH64_VGIC_LOGIC_H

#include "vgic_config.h"

#define VGIC_LR_MAX 16u
#define VGIC_VCPU_MAX 32u

#define VGIC_TYPER ((VGIC_WORDS - 1) | 9u << 19 /* IDbits: 10 */ | 1u << 25 /* No1N */)

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
#define VGIC_HCR_NPIE BIT(3)    /* something pending has none: call when no list register is pending any more */
#define VGIC_HCR_TDIR BIT(14)   /* as LRENPIE, for DIR */

/* vgic_vcpu.summary: bit w for word w of the SPIs, and: */
#define VGIC_LOOK 0x80000000u /* requests, or enables of its own: look at everything */

enum { VGIC_PENDING, VGIC_ACTIVE }; /* indices of seen, asked */

/* What other CPUs may do to a vCPU. */
struct vgic_vcpu {
	u32 summary;                 /* [A] where there is news; who finds it zero sends the kick */
	u32 present;                 /* [A] it is on, so it answers */
	u32 sgis;                    /* [A] SGIs pending and in nobody's hand; who sets one kicks, unless one that is enabled was set */
	u32 enabled;                 /* [A] GICR_ISENABLER0 */
	u32 unpend[VGIC_WORDS];      /* [A] request: if in your hand, pending no more */
	u32 deactivate[VGIC_WORDS];  /* [A] request: if in your hand, active no more */
	u32 seen[2][VGIC_WORDS];     /* [A] what it had in hand when it last looked, pending and active: for others' reading */
	u8 priority[32];             /* [A] GICR_IPRIORITYR */
} __attribute__((aligned(64)));

/* One cell. */
struct vgic {
	const struct vgic_config *config; /* [C] */
	struct vgic_vcpu *vcpus;          /* [C] vcpu_count of them */
	u32 vcpu_count;                   /* [C] <= VGIC_VCPU_MAX */
	u32 ctlr;                         /* [A] GICD_CTLR.EnableGrp1 (bit 1) */
	/* SPIs; words 0 are unused */
	u32 enabled[VGIC_WORDS];          /* [A] */
	u32 level[VGIC_WORDS];            /* [A] soft: output of the device */
	u32 latched[VGIC_WORDS];          /* [A] soft: by an edge or ISPENDR, and not in hand yet. linked: by ISPENDR */
	u32 inhand[VGIC_WORDS];           /* [A] soft: some vCPU has it, */
	u8 holder[VGIC_LINES];            /* [A] this one */
	u8 priority[VGIC_LINES];          /* [A] */
	u8 route[VGIC_LINES];             /* [A] number of the vCPU */
};

/* A vCPU's own side. */
struct vgic_cpu {
	u64 lr[VGIC_LR_MAX];      /* [O] in: list registers as they are; out: as they shall be */
	u32 lr_count;             /* [C] 1..VGIC_LR_MAX */
	u32 index;                /* [C] number of the vCPU */
	u32 eoi_count;            /* [O] in: ICH_HCR_EL2.EOIcount */
	u32 hcr;                  /* [O] out: VGIC_HCR_*, to be in ICH_HCR_EL2 besides En */
	u32 busy;                 /* [O] not zero: no short path: the distributor is off, or there is more in hand than list registers say */
	u32 words;                /* [O] bit w: pend[w] or act[w] may have a bit */
	u32 latched;              /* [O] PPIs: by ISPENDR */
	u32 asked[2];             /* [O] bit w: others were asked to look, for ISPENDR, ISACTIVER of word w */
	u32 pend[VGIC_WORDS];     /* [O] */
	u32 act[VGIC_WORDS];      /* [O] */
	u32 waits[VGIC_WORDS];    /* [O] of pend: its list register has it as active only, so it waits for the end */
	u32 sticky[VGIC_WORDS];   /* [O] of pend: was latched, so is pending whatever the level */
	u32 forced[VGIC_WORDS];   /* [O] of act: by ISACTIVER, so no EOI ends it */
	u8 running[VGIC_LINES];   /* [O] priority with which act's became active */
	u64 injected;             /* [O] what came in hand without a physical interrupt, so far: soft lines and SGIs. CONFIG_METRICS */
};

/* ---- life ---- */

/* Each vCPU's CPU, to the same, so that none waits for another; all else in it and in vcpus[] is zero: reset state. */
void vgic_cell_init(struct vgic *v, const struct vgic_config *config, struct vgic_vcpu *vcpus, u32 vcpu_count);
/* Reset state again. No vCPU of the cell runs. Others may say what they say of a device meanwhile (vgic_level); the caller's devices are quiet. */
void vgic_cell_reset(struct vgic *v);
/* The vCPU starts: nothing of its own enabled, pending or active; SPIs that wait for it come in. lr_count, index are set. */
void vgic_vcpu_start(struct vgic *v, struct vgic_cpu *c);
/* After vgic_harvest: it stops. What is in hand is given back (SPIs) or forgotten (SGIs, PPIs, what is active); lr[] are 0. */
void vgic_vcpu_stop(struct vgic *v, struct vgic_cpu *c);

/* ---- the hand ---- */

void vgic_harvest(struct vgic *v, struct vgic_cpu *c);
void vgic_sync(struct vgic *v, struct vgic_cpu *c);
/* A physical line of the cell, linked to INTID line, was acknowledged on this CPU; priority dropped. */
void vgic_irq(struct vgic *v, struct vgic_cpu *c, u32 line);
/* The guest deactivates intid by ICC_DIR_EL1 (EOImode 1), trapped (VGIC_HCR_TDIR). Anything may be asked. */
void vgic_dir(struct vgic *v, struct vgic_cpu *c, u32 intid);

/* ---- news: any time, and any CPU. c: the calling CPU's vCPU of this cell, or NULL ---- */

/*
 * These only post. For another vCPU they kick; for the calling one they leave
 * its summary (or sgis) not zero, and it must harvest and sync before its guest goes on.
 */
/* The output of a virtual device. True: it was not so, and the caller asks the device again (core/mmio.c). */
bool vgic_level(struct vgic *v, struct vgic_cpu *c, u32 line, bool high);
/* SGI to the vCPUs in targets (bit n: vCPU n; others ignored). intid < 16. */
void vgic_sgi(struct vgic *v, struct vgic_cpu *c, u32 targets, u32 intid);
/* Is there something for the vCPU to sync for? */
bool vgic_has_news(const struct vgic *v, const struct vgic_cpu *c);

/* ---- registers (vgic_regs.c); after vgic_harvest ---- */

/*
 * The distributor's frame, 64 KiB. offset is aligned to size: 1, 2, 4 or 8 bytes. What the architecture does not
 * define (size, offset) reads zero and writes nothing. GICD_CTLR.RWP is 1 while another vCPU has yet to look.
 */
u64 vgic_dist_read(struct vgic *v, struct vgic_cpu *c, u64 offset, u32 size);
void vgic_dist_write(struct vgic *v, struct vgic_cpu *c, u64 offset, u32 size, u64 value);
/* The redistributor frames of vCPU n < vcpu_count, which need not be the caller: RD at 0, SGI at 64 KiB. */
u64 vgic_redist_read(struct vgic *v, struct vgic_cpu *c, u32 n, u64 offset, u32 size);
void vgic_redist_write(struct vgic *v, struct vgic_cpu *c, u32 n, u64 offset, u32 size, u64 value);
/* At an offset into either: pending and active are read, which may be in somebody's hand. All other reads need no vgic_harvest before, no vgic_sync after. */
bool vgic_reads_hand(u64 offset);

/* ---- what the port (or a test) supplies: the physical line behind a linked one ---- */

/* PPIs: of the calling CPU. */
void vgic_hw_enable(struct vgic *v, u32 line, bool on);
void vgic_hw_pend(struct vgic *v, u32 line, bool on); /* ISPENDR, ICPENDR */
bool vgic_hw_pending(struct vgic *v, u32 line);
bool vgic_hw_active(struct vgic *v, u32 line);
void vgic_hw_activate(struct vgic *v, u32 line, bool on); /* ISACTIVER, ICACTIVER */
void vgic_hw_route(struct vgic *v, u32 line, u32 vcpu);
/*
 * Call vCPU n of the cell: it will harvest and sync. Everything stored before
 * is visible to it. May be the calling vCPU: then after its guest's next entry.
 */
void vgic_hw_kick(struct vgic *v, u32 vcpu);

#endif
