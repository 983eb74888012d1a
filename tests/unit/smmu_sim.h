/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * An SMMUv3 (IHI 0070) as src/arch/aarch64/smmu.c sees one, in place of
 * smmu_hw.h: registers, queues, configuration cache and TLB. Where hardware may
 * choose it does what hurts: it caches all it can, and an invalidation has an
 * effect with the next SYNC and not before. Addresses are the process's own.
 */
#ifndef CLOISON_ARCH_AARCH64_SMMU_HW_H
#define CLOISON_ARCH_AARCH64_SMMU_HW_H

#include "core/types.h"

/* The counter is the test's, too. */
#define CLOISON_ARCH_AARCH64_TIME_H
u64 arch_time_now(void);
u64 arch_time_hz(void);

#define SIM_SMMUS 2
#define SIM_FRAME 0x20000ULL
#define SIM_BASE(n) (0x9050000ULL + SIM_FRAME * (n))
#define SIM_STES 16
#define SIM_TLB 64

struct sim_smmu {
	/* What it is */
	u32 idr0, idr1, idr5, aidr;
	bool absent;      /* reading it aborts */
	bool stuck;       /* takes no command */
	bool disobeys;    /* CR0ACK does not follow */
	u32 refuses;      /* opcode that it takes for illegal */
	bool like_qemu;   /* a full event queue is an error, not an overflow */
	/* Registers */
	u32 cr0, cr0ack, cr1, cr2, gbpa, irq_ctrl, gerror, gerrorn, strtab_cfg, cmdq_prod, cmdq_cons, eventq_prod, eventq_cons;
	u64 strtab_base, cmdq_base, eventq_base, gerror_msi, eventq_msi;
	/* What it remembers */
	struct { bool valid, stale; u32 id; u64 words[8]; } stes[SIM_STES];
	struct { bool valid, stale; u16 vmid; u64 page, descriptor; } tlb[SIM_TLB];
	u32 tlb_next;
	u32 commands, syncs;
	u32 barriers;     /* since the last write of CMDQ_PROD, or read of EVENTQ_PROD */
};

extern struct sim_smmu sim_smmus[SIM_SMMUS];
extern void (*sim_on_write)(u32 smmu); /* after each write of a register */

enum sim_result { SIM_ABORTED, SIM_BYPASSED, SIM_TRANSLATED };
/* A device reads or writes; where it went: *to. */
enum sim_result sim_dma(u32 smmu, u32 id, u64 address, bool write, u64 *to);

u32 smmu_read(u64 address);
void smmu_write(u64 address, u32 value);
void smmu_write_wide(u64 address, u64 value);
bool smmu_answers(u64 address);
void smmu_barrier(void);

#endif
