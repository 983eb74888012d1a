/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The enable registers of a mediated cell, GICD_CTLR, which drivers poll, GICD_TYPER and GICR_TYPER, the short way
 * (entry.S); vgic_regs.c has all of it. Compiled to use no register but x0-x8:
 * only those are saved (isa.mk). Nothing here may call anything.
 */
#include "core/cell.h"
#include "fast.h"
#include "fast_lr.h"
#include "gic.h"
#include "vgic_bits.h"

#define ENABLES (GICD_ISPENDR - GICD_ISENABLER) /* set and clear registers, bytes */

/*
 * Offset from GICD_ISENABLER of an enable register that exists: words 1.. of
 * the distributor, word 0 of the vCPU's own SGI frame. Others: not below ENABLES.
 */
INLINE u64 enable_at(u64 ipa, const struct cpu *cpu)
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
	const struct vgic *v = cpu->arch.vgic;

	if (offset >= ENABLES) {
		offset = ipa - (cpu->arch.frame_gicd - GICD_ISENABLER);
		if (offset == GICD_TYPER)
			return (s64)VGIC_TYPER;
		if (offset == GICD_CTLR)
			return get(&v->ctlr) | GICD_CTLR_ARE | GICD_CTLR_DS | vgic_outstanding(v, cpu->arch.vcpu);
		return gicr_typer_read(ipa - (cpu->arch.frame_sgi - GICD_ISENABLER - GICR_SGI_FRAME - GICR_SIZE * cpu->vcpu_index),
				       v->vcpu_count, 2, 0);
	}
	offset &= 0x7f;
	return offset ? v->enabled[offset / 4] : cpu->arch.vcpu->enabled;
}

/* Returns the bits that change. */
INLINE u32 change(u32 *word, u32 value, bool set)
{
	return set ? value & ~__atomic_fetch_or(word, value, __ATOMIC_SEQ_CST) :
		     value & __atomic_fetch_and(word, ~value, __ATOMIC_SEQ_CST);
}

/*
 * The physical line behind this bit follows (bit_write in vgic_mediated.c says why the barriers). Returns not 0 where there is
 * more to do: another CPU contradicts, or some CPU has taken it.
 */
INLINE u32 follow(const struct vgic *v, u32 w, u32 bit, bool set)
{
	u32 physical = v->config->physical[w * 32 + (u32)__builtin_ctz(bit)], line = 1u << physical % 32, more = 0;
	u64 at = machine_board.gicd + physical / 32 * 4;

	__asm__ volatile("dsb ishst" : : : "memory");
	mmio_write32(at + (set ? GICD_ISENABLER : GICD_ICENABLER), line);
	dsb_sy();
	if (!set) {
		more = mmio_read32(at + GICD_ISACTIVER) & line;
		more |= mmio_read32(machine_board.gicd + GICD_CTLR) & GICD_CTLR_RWP;
	}
	return more | (!(peek(&v->enabled[w]) & bit) == set);
}

INLINE u64 spis(u32 value, u32 w, const struct cpu *cpu, bool set)
{
	struct vgic *v = cpu->arch.vgic;
	u32 linked = value & v->config->linked[w], soft = value & v->config->soft[w];
	u32 changed;

	if (linked & (linked - 1))
		return 1;
	changed = change(&v->enabled[w], linked | soft, set) & linked;
	if (changed && follow(v, w, changed, set))
		return 1;
	return soft & (set ? peek(&v->level[w]) | peek(&v->latched[w]) | peek(&v->inhand[w]) : peek(&v->inhand[w]));
}

/* SGIs and PPIs of the vCPU itself. Disabled: one that has been sent may have counted on a kick that counts no more. */
INLINE u64 own_lines(u32 value, const struct cpu *cpu, bool set)
{
	u32 linked = cpu->arch.vgic->config->linked[0];
	u32 changed = change(&cpu->arch.vcpu->enabled, value & (linked | 0xffff), set) & linked;

	if (changed)
		mmio_write32(cpu->arch.gicr + GICR_SGI_FRAME + (set ? GICD_ISENABLER : GICD_ICENABLER), changed);
	return peek(&cpu->arch.vcpu->sgis) || (!set && !empty_handed(cpu));
}

/* What it leaves (not 0) is done again by vgic_regs.c, with its consequences: something has to come in or go out. */
u64 fast_vgic_write(u32 value, u64 ipa, const struct cpu *cpu)
{
	u64 offset = enable_at(ipa, cpu);

	if (offset >= ENABLES || !peek(&cpu->arch.vgic->ctlr))
		return 1;
	if (offset == 0)
		return own_lines(value, cpu, true);
	if (offset == ENABLES / 2)
		return own_lines(value, cpu, false);
	u32 w = (u32)offset >> 2 & 31;

	return offset < ENABLES / 2 ? spis(value, w, cpu, true) : spis(value, w, cpu, false);
}
