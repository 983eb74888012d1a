/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The enable registers of a mediated cell and GICD_TYPER, the short way
 * (entry.S); vgic_regs.c has all of it. Compiled to use no register but x0-x8:
 * only those are saved (isa.mk). Nothing here may call anything.
 */
#include "core/cell.h"
#include "fast.h"
#include "gic.h"
#include "vgic.h"

#define ENABLES (GICD_ISPENDR - GICD_ISENABLER) /* set and clear registers, bytes */

/*
 * Offset from GICD_ISENABLER of an enable register that exists: words 1.. of
 * the distributor, word 0 of the vCPU's own SGI frame. Others: not below ENABLES.
 */
static inline __attribute__((always_inline)) u64 enable_at(u64 ipa, const struct cpu *cpu)
{
	u64 offset = ipa - cpu->arch.frame_gicd;

	if (offset < ENABLES)
		return (offset & 0x7f) - 4 < 4 * (VGIC_WORDS - 1) && !(offset & 3) ? offset : ~0ULL;
	offset = ipa - cpu->arch.frame_sgi;
	return offset & 0x7f ? ~0ULL : offset;
}

s64 fast_vgic_read(u64 ipa, const struct cpu *cpu)
{
	u64 offset = enable_at(ipa, cpu);

	if (offset >= ENABLES)
		return -1;
	offset &= 0x7f;
	return offset ? cpu->arch.vgic->enabled[offset / 4] : cpu->arch.vcpu->enabled;
}

/*
 * Only where nothing has to come in or go out: linked lines that no list
 * register holds, SGIs that are not pending anywhere. hw: the bits that
 * are physical.
 */
static inline __attribute__((always_inline)) u64 change(u32 *word, u32 value, u32 hw, u64 frame, bool set)
{
	if (set) {
		value &= ~__atomic_fetch_or(word, value, __ATOMIC_SEQ_CST);
	} else {
		if (mmio_read32(frame + GICD_ISACTIVER - GICD_ICENABLER) & value)
			return 1;
		value &= __atomic_fetch_and(word, ~value, __ATOMIC_SEQ_CST);
	}
	if (value & hw)
		mmio_write32(frame, value & hw);
	return 0;
}

u64 fast_vgic_write(u32 value, u64 ipa, const struct cpu *cpu)
{
	u64 offset = enable_at(ipa, cpu);
	const struct vgic *v = cpu->arch.vgic;
	bool set = offset < ENABLES / 2;
	u32 w = (u32)offset >> 2 & 31;

	if (offset >= ENABLES || !v->ctlr)
		return 1;
	if (!w) {
		if (value & (set ? cpu->arch.vcpu->sgis : 0xffff))
			return 1;
		return change(&cpu->arch.vcpu->enabled, value & (v->hw[0] | 0xffff), v->hw[0],
			      cpu->arch.gicr + GICR_SGI_FRAME + GICD_ISENABLER + offset, set);
	}
	if (value & v->soft[w])
		return 1;
	return change(&cpu->arch.vgic->enabled[w], value & v->hw[w], v->hw[w], machine_board.gicd + GICD_ISENABLER + offset, set);
}
