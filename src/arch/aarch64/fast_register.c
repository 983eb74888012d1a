/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Trapped system registers that are little work, the short way (entry.S): those
 * of a direct cell's CPU interface that ICH_HCR_EL2.TC traps along with SGIs,
 * and those that read as a constant and ignore writes although the guest is told
 * the feature is not there, because unmodified kernels touch them all the same.
 * sysreg.c has what is rarer. Compiled to use no register but x0-x8: only those
 * are saved (isa.mk). Nothing here may call anything.
 */
#include "core/cell.h"
#include "fast.h"
#include "sysreg.h"

#define INLINE static inline __attribute__((always_inline))
#define CTLR_PASSED (BIT(0) | BIT(1)) /* CBPR, EOImode */
#define GROUP0 ISS_SYSREG(3, 0, 12, 8, 0) /* ICC_IAR0_EL1 to ICC_AP0R3_EL1, by op2 */
#define NO_INTERRUPT 1023

/* Deactivate: only a line of the cell's own, or a private one. */
INLINE void deactivate(const struct cpu *cpu, u64 value)
{
	u32 intid = (u32)value & 0xffffff;

	if (intid < 32 || (intid < 32 * GIC_LINE_WORDS && cpu->cell->arch.lines[intid / 32] >> intid % 32 & 1))
		WRITE_SYSREG(ICC_DIR_EL1, intid);
}

INLINE s64 constant(u32 name)
{
	switch (name) {
	case ISS_SYSREG(3, 0, 12, 8, 0): /* ICC_IAR0_EL1, ICC_HPPIR0_EL1: nothing is ever pending */
	case ISS_SYSREG(3, 0, 12, 8, 2):
		return NO_INTERRUPT;
	case ISS_SYSREG(3, 0, 1, 0, 1): /* ACTLR_EL1: exists on every CPU; implementation defined, so nothing to say */
	case ISS_SYSREG(3, 0, 12, 11, 6): /* ICC_ASGI1R_EL1, ICC_SGI0R_EL1 */
	case ISS_SYSREG(3, 0, 12, 11, 7):
	case ISS_SYSREG(3, 0, 12, 12, 6): /* ICC_IGRPEN0_EL1: boot code clears it, as Linux does AP0R */
		return 0;
	default:
		return (name & ~ISS_SYSREG(0u, 0, 0, 0, 7)) == GROUP0 ? 0 : -1;
	}
}

INLINE s64 direct(u64 value, const struct cpu *cpu, u32 name, bool read)
{
	switch (name) {
	case ISS_SYSREG(3, 0, 4, 6, 0):
		if (read)
			return (s64)READ_SYSREG(ICC_PMR_EL1);
		WRITE_SYSREG(ICC_PMR_EL1, value & 0xff);
		return 0;
	case ISS_SYSREG(3, 0, 12, 12, 4):
		if (read)
			return (s64)READ_SYSREG(ICC_CTLR_EL1);
		WRITE_SYSREG(ICC_CTLR_EL1, value & CTLR_PASSED);
		return 0;
	case ISS_SYSREG(3, 0, 12, 12, 5): /* ICC_SRE_EL1: system registers, always */
		return 7;
	case ISS_SYSREG(3, 0, 12, 11, 3):
		return (s64)READ_SYSREG(ICC_RPR_EL1);
	case ISS_SYSREG(3, 0, 12, 11, 1):
		if (!read)
			deactivate(cpu, value);
		return 0;
	default:
		return constant(name);
	}
}

s64 fast_register(u64 value, const struct cpu *cpu, u64 esr)
{
	u32 name = ISS_NAME(esr);

	return cpu->arch.vgic ? constant(name) : direct(value, cpu, name, ISS_READ(esr));
}
