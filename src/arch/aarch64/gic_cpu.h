/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The GIC's per-CPU part, for vcpu.c. */
#ifndef CLOISON_ARCH_AARCH64_GIC_CPU_H
#define CLOISON_ARCH_AARCH64_GIC_CPU_H

#include "core/machine.h"
#include "gic.h"
#include "sysreg.h"

struct cpu;

void gic_cpu_init(struct cpu *cpu);         /* once per CPU that has a role */
void gic_wait_mask(const struct cpu *cpu);  /* of what is enabled only kicks (and the service tick) wake this CPU */
u64 gic_wait_priority(const struct cpu *cpu);    /* the mask of gic_wait_mask */
bool gic_kick_is_pending(const struct cpu *cpu); /* of a direct guest's CPU, calling */
void gic_kick_clear(const struct cpu *cpu);      /* none that was sent before reaches the guest; kicks pass the mask */
void gic_kicks_clear(u16 cell);                  /* the same for all its CPUs, as far as the distributor goes */
void gic_wait_state(struct cpu *cpu);  /* only kicks (and the service tick) wake this CPU */
void gic_reset_state(struct cpu *cpu); /* what a guest finds at its first instruction */
void gic_private_reset(const struct cpu *cpu); /* priority, group and trigger of the CPU's own lines */
void gic_cell_restore(u16 cell);       /* the cell's lines as at boot; none of its vCPUs runs */

bool pause_interrupted(const struct cpu *cpu); /* pause.c: a direct guest's pc is its interrupt vector, as a kick came; where it was is in ELR_EL1 */

/* ICC_SGI1R_EL1 value, without INTID, that reaches the CPU with this MPIDR affinity (IHI 0069 12.2.19) */
u64 gic_sgi_route(u64 hw_id);
static inline u64 gic_sgi_route_inline(u64 hw_id)
{
	return BIT(hw_id & 0xf) | (hw_id >> 4 & 0xf) << 44 | (hw_id >> 8 & 0xff) << 16 | (hw_id >> 16 & 0xff) << 32 |
	       (hw_id >> 32 & 0xff) << 48;
}

/* Behind a DSB, so that what the kick announces is visible first. Then gic_kicked, once for all of them. */
static inline void gic_kick(u16 index)
{
	u32 line = machine_cpus[index].arch.kick_line;

	if (line)
		mmio_write32(machine_board.gicd + GICD_ISPENDR + line / 32 * 4, 1u << line % 32);
	else
		WRITE_SYSREG(ICC_SGI1R_EL1, gic_sgi_route_inline(machine_cpus[index].hw_id)); /* SGI 0 */
}

/* Sent, before anything that says so; a guest may sleep in WFE. */
static inline void gic_kicked(void)
{
	__asm__ volatile("isb; dsb sy; sev" : : : "memory");
}

#endif
