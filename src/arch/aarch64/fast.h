/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Called by entry.S only. */
#ifndef CLOISON_ARCH_AARCH64_FAST_H
#define CLOISON_ARCH_AARCH64_FAST_H

#include "core/types.h"

struct cpu;

/* The result for the guest's x0; 0: not one of the short ones (none of those returns 0). */
s64 fast_hypercall(u32 function);
/* value: what the guest wrote to ICC_SGI1R_EL1. Returns 0 when sent. */
u64 fast_sgi(u64 value, const struct cpu *cpu);

#endif
