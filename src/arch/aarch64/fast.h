/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Called by entry.S; what has a direct cell's frames (fast_gicd.c) by vgic_direct.c, too. */
#ifndef CLOISON_ARCH_AARCH64_FAST_H
#define CLOISON_ARCH_AARCH64_FAST_H

#include "core/types.h"

struct cpu;

/* The result for the guest's x0; 0: not one of the short ones (none of those returns 0). */
s64 fast_hypercall(u32 function);
/* MRS or MSR with this syndrome; value: of its register. What is read, or 0; negative: not a short one. */
s64 fast_register(u64 value, const struct cpu *cpu, u64 esr);
/* 32-bit access to a direct cell's distributor. Read: the value; write: 0 when done. Left (negative, 1) are halves of routes, and what is misaligned. */
s64 fast_gicd_read(u64 offset, const struct cpu *cpu);
u64 fast_gicd_write(u32 value, u64 offset, const struct cpu *cpu);
/*
 * A read of 2^sas bytes at an offset into the frames of a direct cell's vCPUs: GICR_TYPER, or 32 bits of an RD frame. The value, negative if
 * it is neither, or vits.c's.
 */
s64 fast_gicr_read(u64 offset, const struct cpu *cpu, u32 sas);
/* As both, 32 bits at any guest-physical address, of a mediated cell. Write: 0 when done. */
s64 fast_vgic_read(u64 ipa, const struct cpu *cpu);
u64 fast_vgic_write(u32 value, u64 ipa, const struct cpu *cpu);
/* Acknowledges a physical interrupt. Returns 0 when done; else it is left to trap_irq, INTID in cpu->arch.irq_taken. */
u64 fast_irq(struct cpu *cpu);
/* value: what a mediated guest wrote to ICC_SGI1R_EL1. Returns 0 when sent. */
u64 fast_sgi_mediated(u64 value, const struct cpu *cpu);

#endif
