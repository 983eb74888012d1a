/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Sending an SGI, the short way (entry.S). Compiled to use no register but
 * x0-x8: only those are saved (isa.mk). Nothing here may call anything.
 */
#include "core/cell.h"
#include "fast.h"
#include "sysreg.h"

u64 fast_sgi(u64 value, struct cpu *cpu)
{
	/* Target list and INTID only: vCPUs 0..15 by name. The rest is rare. */
	if (value & cpu->arch.sgi_rare)
		return 1;
	u64 intid = value & SGI1R_INTID;
	u32 targets = (u32)value & cpu->arch.sgi_targets;

	while (targets) {
		u32 n = (u32)__builtin_ctz(targets);

		targets &= targets - 1;
		WRITE_SYSREG(ICC_SGI1R_EL1, cpu->arch.sgi_route[n] | intid);
	}
	return 0;
}
