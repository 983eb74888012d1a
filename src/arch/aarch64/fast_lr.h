/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * List register 0 on the short paths of mediated cells, used when all of them
 * are empty and the hand is: then nothing has to be weighed against anything.
 */
#ifndef CLOISON_ARCH_AARCH64_FAST_LR_H
#define CLOISON_ARCH_AARCH64_FAST_LR_H

#include "core/cell.h"
#include "sysreg.h"

#define INLINE static inline __attribute__((always_inline))

INLINE u32 peek(const u32 *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }

/* Nothing in hand, all list registers empty, and nobody has news. (The distributor is on, or the vCPU were busy.) */
INLINE bool empty_handed(const struct cpu *cpu)
{
	return !cpu->arch.hand.busy && !peek(&cpu->arch.vcpu->summary) && !(cpu->arch.lr_mask & ~READ_SYSREG(ICH_ELRSR_EL2));
}

INLINE void lr0_put(u64 what, u8 priority)
{
	WRITE_SYSREG(ICH_LR0_EL2, LR_PENDING | LR_GROUP1 | LR_PRIORITY(priority) | what);
}

#endif
