/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The GIC's per-CPU part, for vcpu.c. */
#ifndef CLOISON_ARCH_AARCH64_GIC_CPU_H
#define CLOISON_ARCH_AARCH64_GIC_CPU_H

#include "core/types.h"

struct cpu;

void gic_cpu_init(struct cpu *cpu);         /* once per CPU that has a role */
void gic_wait_state(struct cpu *cpu);  /* only kicks (and the service tick) wake this CPU */
void gic_reset_state(struct cpu *cpu); /* what a guest finds at its first instruction */
void gic_private_reset(const struct cpu *cpu); /* priority, group and trigger of the CPU's own lines */
void gic_cell_restore(u16 cell);       /* the cell's lines as at boot; none of its vCPUs runs */

/* ICC_SGI1R_EL1 value, without INTID, that reaches the CPU with this MPIDR affinity (IHI 0069 12.2.19) */
u64 gic_sgi_route(u64 hw_id);

#endif
