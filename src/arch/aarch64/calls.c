/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Hypercalls of Cloison's own: docs/hypercalls.md is the reference. */
#include "core/boot.h"
#include "core/cell.h"
#include "smccc.h"

static void uid(u64 *x)
{
	/* 7b1d3c52-9f0e-4a6b-8c44-1e5a0c15b0ae, as DEN0028 6.2 lays a UUID out in four registers */
	x[0] = 0x523c1d7b;
	x[1] = 0x6b4a0e9f;
	x[2] = 0x5a1e448c;
	x[3] = 0xaeb0150c;
}

bool calls_own(struct cpu *cpu, u32 function, u64 *x)
{
	switch (function) {
	case CLOISON_CALL_UID:
		uid(x);
		return true;
	case CLOISON_CALL_REVISION:
		x[0] = CLOISON_ABI_MAJOR;
		x[1] = CLOISON_ABI_MINOR;
		return true;
	case CLOISON_EXITS_TOTAL:
		x[0] = EXITS_COUNTED ? cell_exits(cpu) - 1 /* not this call */ : (u64)SMCCC_NOT_SUPPORTED;
		return true;
	case CLOISON_EXITS_REASON:
		x[0] = !EXITS_COUNTED ? (u64)SMCCC_NOT_SUPPORTED : x[1] < EXITS_COUNTED ? cpu->exits[x[1]] : (u64)SMCCC_INVALID_PARAMETER;
		return true;
	case CLOISON_BOOT_TIMES:
		x[0] = boot_times.entry;
		x[1] = boot_times.banner;
		x[2] = boot_times.copy;
		return true;
	default:
		return calls_life(cpu, function, x);
	}
}
