/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Sending an SGI, the short way (entry.S). Compiled to use no register but
 * x0-x8: only those are saved (isa.mk). Nothing here may call anything.
 */
#include "core/cell.h"
#include "fast.h"
#include "fast_lr.h"
#include "gic.h"
#include "sysreg.h"

#define NAMED (SGI1R_TARGETS | SGI1R_INTID) /* target list and INTID only: vCPUs 0..15 by name. The rest is rare. */

/* Mediated, to itself: into list register 0, and so without a second trap. */
static inline u64 to_self(const struct cpu *cpu, u32 intid)
{
	const struct vgic_vcpu *vcpu = cpu->arch.vcpu;

	if (!(vcpu->enabled >> intid & 1) || !all_empty(cpu) || !peek(&cpu->arch.vgic->ctlr))
		return 1;
	lr0_put(intid, vcpu->priority[intid]);
	return 0;
}

/* Mediated, to another: a bit, and one physical interrupt unless one is under way. */
static inline u64 to_other(const struct cpu *cpu, u32 intid, u32 n)
{
	struct vgic_vcpu *vcpu = &cpu->arch.vgic->vcpus[n];
	u32 kick = (u32)cpu->arch.sgi_route[n];

	if (!peek(&vcpu->present))
		return 0;
	__atomic_fetch_or(&vcpu->sgis, 1u << intid, __ATOMIC_SEQ_CST);
	if (__atomic_fetch_or(&vcpu->summary, 1, __ATOMIC_SEQ_CST))
		return 0;
	__asm__ volatile("dsb ishst" : : : "memory"); /* what the kick announces is visible first */
	mmio_write32(machine_board.gicd + GICD_ISPENDR + kick / 32 * 4, 1u << kick % 32);
	return 0;
}

/* One vCPU; the rest is left to vgic_logic.c. */
static inline u64 mediated(u64 value, const struct cpu *cpu)
{
	u32 targets = (u32)value & cpu->arch.sgi_targets, intid = (u32)(value >> 24) & 0xf;

	if (value & ~NAMED || !targets || targets & (targets - 1))
		return 1;
	if (targets >> cpu->vcpu_index == 1)
		return to_self(cpu, intid);
	return to_other(cpu, intid, (u32)__builtin_ctz(targets));
}

u64 fast_sgi(u64 value, const struct cpu *cpu)
{
	if (value & cpu->arch.sgi_rare) /* of a mediated cell everything that has a target */
		return cpu->arch.vgic ? mediated(value, cpu) : 1;
	u64 intid = value & SGI1R_INTID;
	u32 targets = (u32)value & cpu->arch.sgi_targets;

	while (targets) {
		u32 n = (u32)__builtin_ctz(targets);

		targets &= targets - 1;
		WRITE_SYSREG(ICC_SGI1R_EL1, cpu->arch.sgi_route[n] | intid);
	}
	return 0;
}
