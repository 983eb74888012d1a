/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Hypercalls that only answer, the short way (entry.S). Compiled to use no
 * register but x0-x3: only those are saved (isa.mk). Nothing here may call anything.
 */
#include "fast.h"
#include "smccc.h"

/*
 * Every function that is known, each in the slot its number is hashed to, so
 * that an unknown one is told by one comparison. The multiplier was searched
 * for; two functions in one slot are an error of the compiler (override-init),
 * and slot 0 is taken, so that 0 is no function.
 */
#define SLOT(function) ((u32)((u32)(function) * 0xdd3db729u) >> 26)
#define KNOWN(function) [SLOT(function)] = (function)

static const u32 known[64] = {
	KNOWN(SMCCC_VERSION), KNOWN(SMCCC_ARCH_FEATURES),
	KNOWN(SMCCC_ARCH_WORKAROUND_1), KNOWN(SMCCC_ARCH_WORKAROUND_2), KNOWN(SMCCC_ARCH_WORKAROUND_3),
	KNOWN(PSCI_VERSION), KNOWN(PSCI_CPU_SUSPEND), KNOWN(PSCI_CPU_SUSPEND | SMC64), KNOWN(PSCI_CPU_OFF),
	KNOWN(PSCI_CPU_ON), KNOWN(PSCI_CPU_ON | SMC64), KNOWN(PSCI_AFFINITY_INFO), KNOWN(PSCI_AFFINITY_INFO | SMC64),
	KNOWN(PSCI_MIGRATE_INFO_TYPE), KNOWN(PSCI_SYSTEM_OFF), KNOWN(PSCI_SYSTEM_RESET), KNOWN(PSCI_FEATURES),
	KNOWN(PSCI_SYSTEM_RESET2), KNOWN(PSCI_SYSTEM_RESET2 | SMC64),
	KNOWN(CLOISON_CALL_UID), KNOWN(CLOISON_CALL_REVISION),
	KNOWN(CLOISON_EXITS_TOTAL), KNOWN(CLOISON_EXITS_REASON), KNOWN(CLOISON_BOOT_TIMES),
	KNOWN(CLOISON_CONTROL), KNOWN(CLOISON_CELL_STATUS), KNOWN(CLOISON_CELL_TIMES), KNOWN(CLOISON_HEARTBEAT),
	KNOWN(CLOISON_SHUTDOWN_ASKED),
};

s64 fast_hypercall(u32 function)
{
	if (function == PSCI_VERSION)
		return PSCI_VERSION_1_1;
	return known[SLOT(function)] == function ? 0 : SMCCC_NOT_SUPPORTED;
}
