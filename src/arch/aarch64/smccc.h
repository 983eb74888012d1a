/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Function identifiers of the Arm SMC Calling Convention (DEN0028) and PSCI 1.1
 * (DEN0022), and Cloison's own in the vendor hypervisor range.
 */
#ifndef CLOISON_ARCH_AARCH64_SMCCC_H
#define CLOISON_ARCH_AARCH64_SMCCC_H

#include "core/types.h"

struct cpu;

#define SMCCC_NOT_SUPPORTED (-1)
#define SMCCC_NOT_REQUIRED (-2)
#define SMCCC_INVALID_PARAMETER (-3)

#define SMCCC_VERSION 0x80000000u
#define SMCCC_ARCH_FEATURES 0x80000001u
#define SMCCC_ARCH_WORKAROUND_1 0x80008000u
#define SMCCC_ARCH_WORKAROUND_2 0x80007fffu
#define SMCCC_ARCH_WORKAROUND_3 0x80003fffu
#define SMCCC_VERSION_1_2 0x10002

#define PSCI_VERSION 0x84000000u
#define PSCI_CPU_SUSPEND 0x84000001u
#define PSCI_CPU_OFF 0x84000002u
#define PSCI_CPU_ON 0x84000003u
#define PSCI_AFFINITY_INFO 0x84000004u
#define PSCI_MIGRATE_INFO_TYPE 0x84000006u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u
#define PSCI_FEATURES 0x8400000au
#define PSCI_SYSTEM_RESET2 0x84000012u
#define SMC64 0x40000000u /* same function, 64-bit arguments */
#define PSCI_VERSION_1_1 0x10001

#define PSCI_SUCCESS 0
#define PSCI_NOT_SUPPORTED (-1)
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_ALREADY_ON (-4)
#define PSCI_ON_PENDING (-5)
#define PSCI_INVALID_ADDRESS (-9)

/* Offsets from PSCI_VERSION that exist with 32-bit and with 64-bit arguments, as bit masks. */
#define PSCI_FUNCTIONS_32 (BIT(0) | BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(6) | BIT(8) | BIT(9) | BIT(10) | BIT(18))
#define PSCI_FUNCTIONS_64 (BIT(1) | BIT(3) | BIT(4) | BIT(18))

/* Vendor-specific hypervisor service, owner 6. docs/hypercalls.md is the reference. */
#define CLOISON_CALL_UID 0x8600ff01u
#define CLOISON_CALL_REVISION 0x8600ff03u
#define CLOISON_EXITS_TOTAL 0xc6000001u  /* -> x0 exits of this vCPU before this call */
#define CLOISON_EXITS_REASON 0xc6000002u /* x1 reason -> x0 exits of this vCPU for it */
#define CLOISON_BOOT_TIMES 0xc6000003u   /* -> x0 entry, x1 banner, x2 copy; ticks */
#define CLOISON_CONTROL 0xc6000010u      /* x1 number of a cell it controls, x2 enum life_op -> x0 */
#define CLOISON_CELL_STATUS 0xc6000011u  /* x1 number -> x0 enum life_shown or error, x1 lives begun, x2 enum stop_reason of the last stop, x3 result of its last request (enum life_result) */
#define CLOISON_CELL_TIMES 0xc6000012u   /* x1 number -> x0 0 or error, x1 regain, x2 stop, x3 clear, x4 start, x5 resume; ticks (struct life_times) */
#define CLOISON_HEARTBEAT 0xc6000013u    /* -> x0 as SHUTDOWN_ASKED */
#define CLOISON_SHUTDOWN_ASKED 0xc6000014u /* -> x0 0: no; else enum life_op: LIFE_STOP, LIFE_RESTART; x1 ms that are left */
#define CLOISON_DENIED (-16)
#define CLOISON_BUSY (-17)
#define CLOISON_ABI_MAJOR 1
#define CLOISON_ABI_MINOR 2

/* One of Cloison's own, of which x are the registers. False: it is none of them. calls.c. */
bool calls_own(struct cpu *cpu, u32 function, u64 *x);
bool calls_life(struct cpu *cpu, u32 function, u64 *x); /* those of cells that control others or are looked after: calls_life.c */
/* Carry out the call in cpu->frame; results go there too. May park (CPU_OFF, SYSTEM_OFF). */
void smccc_call(struct cpu *cpu);
/* Ask the firmware once per CPU which workarounds it has. */
void smccc_probe_firmware(struct cpu *cpu);
/* SMC to the firmware: x0 of the result. */
s64 smccc_firmware(u64 function, u64 a, u64 b, u64 c);

#endif
