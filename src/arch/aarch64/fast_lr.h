/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* List register 0 on the short paths of mediated cells: used when all of them are empty and nothing is held. */
#ifndef CLOISON_ARCH_AARCH64_FAST_LR_H
#define CLOISON_ARCH_AARCH64_FAST_LR_H

#include "core/cell.h"
#include "sysreg.h"

static inline __attribute__((always_inline)) u32 peek(const u32 *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }

/* Empty, and no maintenance interrupt due (ICH_ELRSR_EL2, IHI 0069 12.4.7). */
static inline __attribute__((always_inline)) bool all_empty(const struct cpu *cpu)
{
	u32 all = (1u << cpu->arch.irq.lr_count) - 1;

	return !cpu->arch.irq.overflow && (READ_SYSREG(ICH_ELRSR_EL2) & all) == all;
}

static inline __attribute__((always_inline)) void lr0_put(u64 what, u8 priority)
{
	WRITE_SYSREG(ICH_LR0_EL2, LR_PENDING | LR_GROUP1 | LR_PRIORITY(priority) | what);
}

#endif
