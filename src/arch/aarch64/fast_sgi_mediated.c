/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Sending an SGI from a mediated guest, the short way (mediated.S).
 * Compiled to use no register but x0-x8: only those are saved (isa.mk). Nothing
 * here may call anything.
 */
#include "core/cell.h"
#include "fast.h"
#include "fast_lr.h"
#include "sysreg.h"

#define NAMED (SGI1R_TARGETS | SGI1R_INTID) /* target list and INTID only: vCPUs 0..15 by name. The rest is rare. */

/* Mediated, to itself: into list register 0, and so without a second trap. */
INLINE u64 to_self(const struct cpu *cpu, u32 intid)
{
	const struct vgic_vcpu *vcpu = cpu->arch.vcpu;

	if (!(vcpu->enabled >> intid & 1) || !empty_handed(cpu))
		return 1;
	lr0_put(intid, vcpu->priority[intid]);
	return 0;
}

/*
 * Mediated, to another: a bit, and one physical interrupt unless one is under
 * way (vgic_sgi in vgic_news.c). One that is off waits in the core: it wakes for nothing, and starts without SGIs.
 */
INLINE u64 to_other(const struct cpu *cpu, u32 intid, u32 n)
{
	struct vgic_vcpu *vcpu = &cpu->arch.vgic->vcpus[n];

	if (__atomic_fetch_or(&vcpu->sgis, 1u << intid, __ATOMIC_SEQ_CST) & __atomic_load_n(&vcpu->enabled, __ATOMIC_SEQ_CST))
		return 0;
	__asm__ volatile("dsb ishst" : : : "memory"); /* what the kick announces is visible first */
	WRITE_SYSREG(ICC_SGI1R_EL1, cpu->arch.sgi_routes[SGI_ROUTE(n)]);
	return 0;
}

/* One vCPU; the rest is left to vgic_news.c. */
u64 fast_sgi_mediated(u64 value, const struct cpu *cpu)
{
	u32 targets = (u32)value & cpu->arch.sgi_targets, intid = (u32)(value >> 24) & 0xf;

	if (value & ~NAMED || !targets || targets & (targets - 1))
		return 1;
	if (targets >> cpu->vcpu_index == 1)
		return to_self(cpu, intid);
	return to_other(cpu, intid, (u32)__builtin_ctz(targets));
}
