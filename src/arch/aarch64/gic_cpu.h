/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The GIC's per-CPU part, for vcpu.c. */
#ifndef CLOISON_ARCH_AARCH64_GIC_CPU_H
#define CLOISON_ARCH_AARCH64_GIC_CPU_H

struct cpu;

void gic_cpu_init(struct cpu *cpu);         /* once per CPU that has a role */
void gic_wait_state(struct cpu *cpu); /* only kicks (and the service tick) wake this CPU */
void gic_reset_state(struct cpu *cpu); /* what a guest finds at its first instruction */

#endif
