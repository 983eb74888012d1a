/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Reading identification registers by number, and what the tables' values need of them. */
#ifndef CLOISON_ARCH_AARCH64_IDREGS_H
#define CLOISON_ARCH_AARCH64_IDREGS_H

#include "core/types.h"

/* S3_0_C0_C<crm>_<op2>; crm 1..7, op2 0..7 (entry.S) */
u64 idreg_read_raw(u64 index);
static inline u64 idreg_read(u32 crm, u32 op2)
{
	return idreg_read_raw((crm - 1) * 8ULL + op2);
}

/* What remains of each for a guest, by the same number (sysreg.c). */
#define ID_COUNT 56u
extern const u64 id_masks[ID_COUNT];
#define ID_PA_RANGE_MAX 2 /* 40 bits: stage 2 takes 39 */

/* This CPU against what the tables rely on; panics (machine.c). */
void machine_verify_cpu(void);

#endif
