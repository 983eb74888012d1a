/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Hardware for src/arch/aarch64/vgic_*.c: per CPU a virtual CPU interface that
 * works on list registers (IHI 0069 4.8, 6; the ICV_* and ICH_* registers), and
 * the physical distributor as far as linked lines need it.
 */
#ifndef TESTS_UNIT_GIC_SIM_H
#define TESTS_UNIT_GIC_SIM_H

#include "core/types.h"

enum { SIM_CPUS = 3, SIM_LINES = 448, SIM_LR_MAX = 16 };

/* ICH_HCR_EL2 */
enum { SIM_HCR_UIE = 1u << 1, SIM_HCR_LRENPIE = 1u << 2, SIM_HCR_NPIE = 1u << 3, SIM_HCR_TDIR = 1u << 14 };

struct sim_ich {
	u32 lr_count;
	u64 lr[SIM_LR_MAX];
	u32 hcr;          /* enables of maintenance interrupts, TDIR; En is 1 */
	u32 eoi_count;
	/* ICH_VMCR_EL2, ICH_AP1R<n>_EL2 */
	bool group;
	bool split;
	u8 mask;
	u8 binary_point;
	bool running[256];
	/* of the implementation */
	u32 priority_bits; /* PRIbits = PREbits */
	bool last_of_equals; /* which of equal priorities wins */
};

struct sim_line {
	bool edge, enabled, latch, level, active;
	u8 route;
};

struct sim_cpu {
	struct sim_ich ich;
	struct sim_line own[32];
	bool kick;
	bool on; /* takes interrupts of the cell */
};

struct sim {
	u32 cpu_count;
	struct sim_cpu cpus[SIM_CPUS];
	struct sim_line shared[SIM_LINES];
	u16 lines[SIM_LINES]; /* those of the cell; physical INTIDs, as everywhere here */
	u32 line_count;
	/* Called when hardware deactivates a line that is not active: a list register is linked to what it should not. */
	void (*bad)(const char *what, u32 line);
};

/* ---- virtual CPU interface ---- */

void sim_ich_reset(struct sim_ich *ich); /* what the guest controls; list registers stay */
u8 sim_priority_mask(const struct sim_ich *ich);
u8 sim_least_binary_point(const struct sim_ich *ich);
bool sim_irq(const struct sim_ich *ich); /* a virtual interrupt is signalled */
u32 sim_iar(struct sim_ich *ich);
u32 sim_hppir(const struct sim_ich *ich);
u32 sim_rpr(const struct sim_ich *ich);
void sim_eoir(struct sim *s, u32 cpu, u32 intid);
/* Not when TDIR traps it. */
void sim_dir(struct sim *s, u32 cpu, u32 intid);
bool sim_lr_empty(const struct sim_ich *ich, u32 slot); /* ICH_ELRSR_EL2 */
u32 sim_misr(const struct sim_ich *ich); /* not zero: the maintenance interrupt is pending */

/* ---- physical lines ---- */

struct sim_line *sim_line(struct sim *s, u32 cpu, u32 line);
bool sim_line_pending(const struct sim_line *line);
void sim_deactivate(struct sim *s, u32 cpu, u32 line);
bool sim_line_waits(struct sim *s, u32 cpu, u32 line); /* for EL2 on this CPU */
/* EL2 reads ICC_IAR1_EL1 and drops the priority; SIM_LINES: nothing for this CPU. skip: so many candidates are passed over. */
u32 sim_take(struct sim *s, u32 cpu, u32 skip);

#endif
