/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Sending an SGI, the short way (entry.S). Compiled to use no register but
 * x0-x8: only those are saved (isa.mk). Nothing here may call anything, but the last thing may be a jump.
 */
#include "core/cell.h"
#include "fast.h"
#include "sysreg.h"

u64 fast_sgi(u64 value, const struct cpu *cpu)
{
	if (value & cpu->arch.sgi_rare) /* of a mediated cell everything that has a target */
		return cpu->arch.vgic ? fast_sgi_mediated(value, cpu) : 1; /* a jump */
	u64 intid = value & SGI1R_INTID;
	u32 targets = (u32)value & cpu->arch.sgi_targets;

	while (targets) {
		u32 n = (u32)__builtin_ctz(targets);

		targets &= targets - 1;
		WRITE_SYSREG(ICC_SGI1R_EL1, cpu->arch.sgi_route[n] | intid);
	}
	return 0;
}
