/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Calls of a guest by HVC or SMC: PSCI 1.1 (DEN0022), SMCCC discovery (DEN0028);
 * Cloison's own are in calls.c. What is not known is NOT_SUPPORTED, silently; fast_call.c
 * has already answered those that come by HVC.
 */
#include "core/cell.h"
#include "pte.h"
#include "smccc.h"
#include "sysreg.h"
#include "trap.h"
#include "vgic.h"

s64 smccc_firmware(u64 function, u64 a, u64 b, u64 c)
{
	register u64 x0 __asm__("x0") = function;
	register u64 x1 __asm__("x1") = a;
	register u64 x2 __asm__("x2") = b;
	register u64 x3 __asm__("x3") = c;

	/* SMCCC 1.0 lets the callee change x4-x17 */
	__asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 : : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory");
	return (s64)x0;
}

static const u32 workarounds[3] = { SMCCC_ARCH_WORKAROUND_1, SMCCC_ARCH_WORKAROUND_2, SMCCC_ARCH_WORKAROUND_3 };

void smccc_probe_firmware(struct cpu *cpu)
{
	bool discovery = (s32)smccc_firmware(PSCI_FEATURES, SMCCC_VERSION, 0, 0) >= 0 &&
			 (s32)smccc_firmware(SMCCC_VERSION, 0, 0, 0) >= 0x10001;

	for (u32 i = 0; i < 3; i++)
		cpu->arch.workaround[i] = discovery ? (s32)smccc_firmware(SMCCC_ARCH_FEATURES, workarounds[i], 0, 0)
						    : SMCCC_NOT_SUPPORTED;
}

static s64 psci_result(enum power_result result)
{
	switch (result) {
	case POWER_OK: return PSCI_SUCCESS;
	case POWER_ALREADY_ON: return PSCI_ALREADY_ON;
	case POWER_ON_PENDING: return PSCI_ON_PENDING;
	case POWER_INVALID_ADDRESS: return PSCI_INVALID_ADDRESS;
	default: return PSCI_INVALID_PARAMETERS;
	}
}

/* Virtual affinity to vCPU number; ~0 if no vCPU can have it. */
static u64 vcpu_of(u64 affinity)
{
	return affinity & ~0xff0fULL ? ~0ULL : (affinity & 15) | (affinity >> 8) << 4;
}

static s64 affinity_info(struct cpu *cpu, u64 affinity, u64 level)
{
	enum vcpu_state state;

	if (level != 0 || power_vcpu_state(cpu, vcpu_of(affinity), &state) != POWER_OK)
		return PSCI_INVALID_PARAMETERS;
	return state == VCPU_ON ? 0 : state == VCPU_OFF ? 1 : 2;
}

/*
 * Standby only: the core waits for an interrupt in the guest's stead, under
 * the same condition as a guarded WFI, so that the CPU can be had back.
 */
static s64 cpu_suspend(struct cpu *cpu, u64 power_state)
{
	if (power_state != 0)
		return PSCI_INVALID_PARAMETERS;
	u64 hcr = READ_SYSREG(hcr_el2);

	if (cpu->arch.vgic) {
		vgic_mediated_wait(cpu);
		return PSCI_SUCCESS;
	}
	if (READ_SYSREG(ICC_IGRPEN1_EL1) & 1 && READ_SYSREG(ICC_PMR_EL1) > cpu->arch.kick_priority && !READ_SYSREG(ICC_AP1R0_EL1)) {
		WRITE_SYSREG(hcr_el2, hcr | HCR_IMO | HCR_FMO); /* as entry.S does for WFI */
		__asm__ volatile("isb; dsb sy; wfi" : : : "memory");
		WRITE_SYSREG(hcr_el2, hcr);
	}
	return PSCI_SUCCESS;
}

static s64 arch_features(const struct cpu *cpu, u32 function)
{
	for (u32 i = 0; i < 3; i++)
		if (function == workarounds[i])
			return cpu->arch.workaround[i];
	return function == SMCCC_VERSION || function == SMCCC_ARCH_FEATURES ? 0 : SMCCC_NOT_SUPPORTED;
}

static s64 psci_features(u32 function)
{
	u32 offset = function & 0x1f;
	u64 known = function & SMC64 ? PSCI_FUNCTIONS_64 : PSCI_FUNCTIONS_32;

	if (function == SMCCC_VERSION)
		return 0;
	return (function & ~(SMC64 | 0x1f)) == PSCI_VERSION && known >> offset & 1 ? 0 : PSCI_NOT_SUPPORTED;
}

/* A workaround the firmware has is carried out by the firmware, on this CPU. */
static s64 workaround(const struct cpu *cpu, u32 function, u64 argument)
{
	if (arch_features(cpu, function) < 0)
		return SMCCC_NOT_SUPPORTED;
	smccc_firmware(function, argument, 0, 0);
	return 0;
}

void smccc_call(struct cpu *cpu)
{
	u64 *x = cpu->frame.x;
	u32 function = (u32)x[0];
	u64 mask = function & SMC64 ? ~0ULL : 0xffffffff; /* 32-bit calls: upper halves are not arguments */
	u64 a = x[1] & mask, b = x[2] & mask, c = x[3] & mask;

	if (calls_own(cpu, function, x))
		return;
	switch (function) {
	case PSCI_VERSION: x[0] = PSCI_VERSION_1_1; return;
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND | SMC64: x[0] = (u64)cpu_suspend(cpu, a & 0xffffffff); return;
	case PSCI_CPU_OFF: power_vcpu_off(cpu); return;
	case PSCI_CPU_ON:
	case PSCI_CPU_ON | SMC64: x[0] = (u64)psci_result(power_vcpu_on(cpu, vcpu_of(a), b, c)); return;
	case PSCI_AFFINITY_INFO:
	case PSCI_AFFINITY_INFO | SMC64: x[0] = (u64)affinity_info(cpu, a, b); return;
	case PSCI_MIGRATE_INFO_TYPE: x[0] = 2; return; /* no trusted OS to migrate */
	case PSCI_SYSTEM_OFF: trap_stop(cpu, STOP_SYSTEM_OFF, "PSCI SYSTEM_OFF"); return;
	case PSCI_SYSTEM_RESET2:
	case PSCI_SYSTEM_RESET2 | SMC64:
		if (a && !(a & BIT(31))) { /* a reserved architectural reset type */
			x[0] = (u64)PSCI_INVALID_PARAMETERS;
			return;
		}
		trap_stop(cpu, STOP_SYSTEM_RESET, "PSCI SYSTEM_RESET2");
		return;
	case PSCI_SYSTEM_RESET: trap_stop(cpu, STOP_SYSTEM_RESET, "PSCI SYSTEM_RESET"); return;
	case PSCI_FEATURES: x[0] = (u64)psci_features((u32)a); return;
	case SMCCC_VERSION: x[0] = SMCCC_VERSION_1_2; return;
	case SMCCC_ARCH_FEATURES: x[0] = (u64)arch_features(cpu, (u32)a); return;
	case SMCCC_ARCH_WORKAROUND_1:
	case SMCCC_ARCH_WORKAROUND_2:
	case SMCCC_ARCH_WORKAROUND_3: x[0] = (u64)workaround(cpu, function, a); return;
	default: x[0] = (u64)SMCCC_NOT_SUPPORTED;
	}
}
