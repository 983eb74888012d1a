/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * System registers by name, and the fields used of them. Names the assembler
 * for armv8-a does not know are spelled S<op0>_<op1>_C<n>_C<m>_<op2>.
 */
#ifndef CLOISON_ARCH_AARCH64_SYSREG_H
#define CLOISON_ARCH_AARCH64_SYSREG_H

#include "core/types.h"

#define SYSREG_STRING_(x) #x
#define SYSREG_STRING(x) SYSREG_STRING_(x)
#define READ_SYSREG(reg) ({ u64 value_; __asm__ volatile("mrs %0, " SYSREG_STRING(reg) : "=r"(value_)); value_; })
#define WRITE_SYSREG(reg, value) __asm__ volatile("msr " SYSREG_STRING(reg) ", %x0" : : "rZ"((u64)(value)) : "memory")

static inline void isb(void) { __asm__ volatile("isb" : : : "memory"); }
static inline void dsb_sy(void) { __asm__ volatile("dsb sy" : : : "memory"); }
static inline void dsb_ish(void) { __asm__ volatile("dsb ish" : : : "memory"); }

/* GICv3 CPU interface (IHI 0069 12.2) */
#define ICC_PMR_EL1 S3_0_C4_C6_0
#define ICC_DIR_EL1 S3_0_C12_C11_1
#define ICC_RPR_EL1 S3_0_C12_C11_3
#define ICC_SGI1R_EL1 S3_0_C12_C11_5
#define ICC_IAR1_EL1 S3_0_C12_C12_0
#define ICC_EOIR1_EL1 S3_0_C12_C12_1
#define ICC_HPPIR1_EL1 S3_0_C12_C12_2
#define ICC_BPR1_EL1 S3_0_C12_C12_3
#define ICC_CTLR_EL1 S3_0_C12_C12_4
#define ICC_SRE_EL1 S3_0_C12_C12_5
#define ICC_IGRPEN1_EL1 S3_0_C12_C12_7
#define ICC_AP1R0_EL1 S3_0_C12_C9_0
#define ICC_AP1R1_EL1 S3_0_C12_C9_1
#define ICC_AP1R2_EL1 S3_0_C12_C9_2
#define ICC_AP1R3_EL1 S3_0_C12_C9_3
#define ICC_SRE_EL2 S3_4_C12_C9_5
#define ICH_AP0R0_EL2 S3_4_C12_C8_0
#define ICH_AP0R1_EL2 S3_4_C12_C8_1
#define ICH_AP0R2_EL2 S3_4_C12_C8_2
#define ICH_AP0R3_EL2 S3_4_C12_C8_3
#define ICH_AP1R0_EL2 S3_4_C12_C9_0
#define ICH_AP1R1_EL2 S3_4_C12_C9_1
#define ICH_AP1R2_EL2 S3_4_C12_C9_2
#define ICH_AP1R3_EL2 S3_4_C12_C9_3
#define ICH_HCR_EL2 S3_4_C12_C11_0
#define ICH_VTR_EL2 S3_4_C12_C11_1
#define ICH_ELRSR_EL2 S3_4_C12_C11_5
#define ICH_VMCR_EL2 S3_4_C12_C11_7
#define ICH_LR0_EL2 S3_4_C12_C12_0

#define ICC_CTLR_EOIMODE BIT(1)
#define ICH_HCR_EN BIT(0)
#define ICH_HCR_EOICOUNT(hcr) ((u32)((hcr) >> 27) & 0x1f)
#define ICH_VMCR_VEOIM BIT(9)
#define ICH_VTR_TDS BIT(19)
#define ICH_VTR_PREBITS(vtr) (((u32)((vtr) >> 26) & 7) + 1)
#define ICH_VTR_LRS(vtr) (((u32)(vtr) & 0x1f) + 1)

#define CNT_ISTATUS BIT(2) /* of a timer that is enabled: due */

#define SGI1R_TARGETS 0xffffULL
#define SGI1R_INTID (0xfULL << 24)
#define SGI1R_IRM BIT(40)

/* Registers of later extensions: written only where the ID registers have them */
#define HCRX_EL2 S3_4_C1_C2_2
#define HFGRTR_EL2 S3_4_C1_C1_4
#define HFGWTR_EL2 S3_4_C1_C1_5
#define HFGITR_EL2 S3_4_C1_C1_6
#define HDFGRTR_EL2 S3_4_C3_C1_4
#define HDFGWTR_EL2 S3_4_C3_C1_5
#define HAFGRTR_EL2 S3_4_C3_C1_6
#define HFGRTR2_EL2 S3_4_C3_C1_2
#define HFGWTR2_EL2 S3_4_C3_C1_3
#define HFGITR2_EL2 S3_4_C3_C1_7
#define HDFGRTR2_EL2 S3_4_C3_C1_0
#define HDFGWTR2_EL2 S3_4_C3_C1_1
#define MPAM2_EL2 S3_4_C10_C5_0
#define CNTPOFF_EL2 S3_4_C14_C0_6
#define VDISR_EL2 S3_4_C12_C1_1

/* Exception classes (ESR_EL2.EC, D24.2) */
#define EC_UNKNOWN 0x00
#define EC_WFX 0x01
#define EC_HVC64 0x16
#define EC_SMC64 0x17
#define EC_SYSREG 0x18
#define EC_IABT_GUEST 0x20
#define EC_DABT_GUEST 0x24
#define EC_BREAKPOINT_GUEST 0x30
#define EC_STEP_GUEST 0x32
#define EC_WATCHPOINT_GUEST 0x34
#define EC_BKPT32 0x38
#define EC_BRK64 0x3c

#define ESR_EC(esr) ((u32)((esr) >> 26) & 0x3f)
#define ESR_IL BIT(25)
#define ESR_ISV BIT(24)

/* ESR_EL2.ISS of a trapped MSR/MRS (D24.2.40), and the same for a name */
#define ISS_NAME(esr) ((u32)(esr) & 0x3ffc1e)
#define ISS_RT(esr) ((u32)(esr) >> 5 & 0x1f)
#define ISS_READ(esr) ((esr) & 1)
#define ISS_SYSREG(op0, op1, crn, crm, op2) ((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (crm) << 1)

#endif
