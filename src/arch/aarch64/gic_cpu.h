/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The GIC's per-CPU part, for vcpu.c. */
#ifndef CLOISON_ARCH_AARCH64_GIC_CPU_H
#define CLOISON_ARCH_AARCH64_GIC_CPU_H

#include "core/types.h"

struct cpu;

void gic_cpu_init(struct cpu *cpu);         /* once per CPU that has a role */
void gic_wait_mask(const struct cpu *cpu);  /* of what is enabled only kicks (and the service tick) wake this CPU */
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

#endif
