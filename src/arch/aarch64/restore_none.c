/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Without CONFIG_LIFECYCLE: a CPU has one life, so there is nothing of an earlier one. */
#include "restore.h"
#include "smccc.h"

void restore_private(struct cpu *cpu) { (void)cpu; }

bool calls_life(struct cpu *cpu, u32 function, u64 *x)
{
	(void)cpu, (void)function, (void)x;
	return false;
}
