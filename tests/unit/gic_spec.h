/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What a guest must see of its GICv3, written from IHI 0069 and nothing else:
 * one record for each interrupt, one for each CPU interface, every question
 * answered by looking at all of them. No list registers, no words of bits.
 *
 * Where the architecture leaves a choice the model names what is allowed:
 * which of several interrupts of one priority is acknowledged first, and what
 * `may` be pending (below).
 */
#ifndef TESTS_UNIT_GIC_SPEC_H
#define TESTS_UNIT_GIC_SPEC_H

#include "core/types.h"

enum { SPEC_CPUS = 3, SPEC_LINES = 288, SPEC_NOTHING = 1023 };

/* LINKED: a physical line. DEVICE: the output of a virtual device. */
enum spec_kind { SPEC_NONE, SPEC_SGI, SPEC_LINKED, SPEC_DEVICE };

struct spec_irq {
	bool enabled;
	bool edge;
	bool latch;  /* made pending by an edge, by ISPENDR or as an SGI */
	bool level;  /* input of a level-sensitive interrupt */
	bool active;
	u8 owner;    /* vCPU it is active on */
	u8 priority;
	u8 route;    /* SPI: vCPU */
	/*
	 * A physical line is taken before the guest takes it. A level that falls
	 * in between may still be acknowledged once (`may`), and an edge that
	 * comes in between may count for itself (`again`: after the acknowledge).
	 * So may one that is on its way from another CPU while this one acknowledges.
	 */
	bool may;
	bool again;
};

struct spec_cpu {
	bool on;
	struct spec_irq own[32];
	/* CPU interface */
	bool group;           /* IGRPEN1 */
	bool split;           /* EOImode 1 */
	u8 mask;              /* PMR */
	u8 binary_point;      /* BPR1 */
	bool running[256];    /* active priorities: group priorities that were acknowledged and not dropped */
};

struct spec {
	u32 cpu_count;
	u8 priority_mask;     /* priority bits there are; the others read zero */
	bool group;           /* GICD_CTLR.EnableGrp1 */
	enum spec_kind kind[SPEC_LINES];
	u16 lines[SPEC_LINES]; /* those that are not SPEC_NONE */
	u32 line_count;
	struct spec_irq shared[SPEC_LINES];
	struct spec_cpu cpus[SPEC_CPUS];
};

struct spec_irq *spec_irq(struct spec *s, u32 cpu, u32 intid);
bool spec_pending(const struct spec_irq *irq);

/* ---- CPU interface ---- */

void spec_cpu_reset(struct spec *s, u32 cpu, u8 binary_point);
u8 spec_group_mask(u8 binary_point);           /* bits of the group priority (4.8.3) */
u32 spec_running(const struct spec *s, u32 cpu); /* RPR; 0xff: idle */
/* Is pending, enabled, routed here. `may`: or allowed to be. */
bool spec_due(struct spec *s, u32 cpu, u32 intid, bool may);
/* And not active: is forwarded to the CPU interface. */
bool spec_forwarded(struct spec *s, u32 cpu, u32 intid, bool may);
/* And is of sufficient priority to be acknowledged now. */
bool spec_signalled(struct spec *s, u32 cpu, u32 intid, bool may);
bool spec_any_signalled(struct spec *s, u32 cpu, bool may);
/* May IAR (HPPIR) return this, SPEC_NOTHING included? */
bool spec_iar_allowed(struct spec *s, u32 cpu, u32 intid);
bool spec_hppir_allowed(struct spec *s, u32 cpu, u32 intid);
/* priority: with which it is acknowledged. */
void spec_acknowledge(struct spec *s, u32 cpu, u32 intid, u8 priority);
void spec_eoi(struct spec *s, u32 cpu, u32 intid);
void spec_deactivate(struct spec *s, u32 cpu, u32 intid);

/* ---- inputs ---- */

void spec_sgi(struct spec *s, u32 targets, u32 intid);
void spec_level(struct spec *s, u32 cpu, u32 intid, bool level);
void spec_edge(struct spec *s, u32 cpu, u32 intid);

/* ---- registers ---- */

/* frame SPEC_DIST, or n: both frames of redistributor n. care: bits of the result that are decided. */
#define SPEC_DIST 0xffffu
u64 spec_read(struct spec *s, u32 cpu, u32 frame, u32 offset, u32 size, u64 *care);
void spec_write(struct spec *s, u32 cpu, u32 frame, u32 offset, u32 size, u64 value);

#endif
