/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The enable registers of a mediated cell and GICD_TYPER, the short way
 * (entry.S); vgic_regs.c has all of it. Compiled to use no register but x0-x8:
 * only those are saved (isa.mk). Nothing here may call anything.
 */
#include "core/cell.h"
#include "fast.h"
#include "fast_lr.h"
#include "gic.h"

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
		return ipa == cpu->arch.frame_gicd - GICD_ISENABLER + GICD_TYPER ? (s64)VGIC_TYPER : -1;
	offset &= 0x7f;
	return offset ? cpu->arch.vgic->enabled[offset / 4] : cpu->arch.vcpu->enabled;
}

static inline __attribute__((always_inline)) u32 change(u32 *word, u32 value, bool set)
{
	return set ? value & ~__atomic_fetch_or(word, value, __ATOMIC_SEQ_CST) :
		     value & __atomic_fetch_and(word, ~value, __ATOMIC_SEQ_CST);
}

/* Bits that changed, in the physical register. Clear: is one active, so in somebody's hands? */
static inline __attribute__((always_inline)) u32 follow(u64 at, u32 bits, bool set)
{
	if (!bits)
		return 0;
	mmio_write32(at, bits);
	return set ? 0 : mmio_read32(at + GICD_ISACTIVER - GICD_ICENABLER) & bits;
}

/* A word of the distributor, or word 0 of the vCPU's own frame; set is known when this is compiled: fewer registers. */
static inline __attribute__((always_inline)) u64 spis(u32 value, u64 offset, const struct cpu *cpu, bool set)
{
	struct vgic *v = cpu->arch.vgic;
	u32 w = (u32)offset >> 2 & 31;
	u32 changed = change(&v->enabled[w], value & (v->hw[w] | v->soft[w]), set);

	if (follow(machine_board.gicd + GICD_ISENABLER + offset, changed & v->hw[w], set))
		return 1;
	return value & v->soft[w] & (set ? peek(&v->level[w]) | peek(&v->latched[w]) : peek(&v->inflight[w]));
}

static inline __attribute__((always_inline)) u64 own_lines(u32 value, u64 offset, const struct cpu *cpu, bool set)
{
	const struct vgic *v = cpu->arch.vgic;
	u32 changed = change(&cpu->arch.vcpu->enabled, value & (v->hw[0] | 0xffff), set);

	if (follow(cpu->arch.gicr + GICR_SGI_FRAME + GICD_ISENABLER + offset, changed & v->hw[0], set))
		return 1;
	return set ? value & peek(&cpu->arch.vcpu->sgis) : !all_empty(cpu);
}

/* What it leaves (not 0) is done again by vgic_regs.c, with its consequences: something has to come in or go out. */
u64 fast_vgic_write(u32 value, u64 ipa, const struct cpu *cpu)
{
	u64 offset = enable_at(ipa, cpu);

	if (offset >= ENABLES || !peek(&cpu->arch.vgic->ctlr))
		return 1;
	if (offset == 0)
		return own_lines(value, 0, cpu, true);
	if (offset == ENABLES / 2)
		return own_lines(value, ENABLES / 2, cpu, false);
	return offset < ENABLES / 2 ? spis(value, offset, cpu, true) : spis(value, offset, cpu, false);
}
