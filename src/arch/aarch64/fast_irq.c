/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Physical interrupts of mediated guests, the short way (entry.S): a timer, a
 * device line or an SGI that the guest can have at once. Everything else:
 * irq.c. Compiled to use no register but x0-x8: only those are saved (isa.mk).
 * Nothing here may call anything.
 */
#include "core/boot.h"
#include "core/cell.h"
#include "fast.h"
#include "fast_lr.h"
#include "gic.h"
#include "irq.h"
#include "sysreg.h"

/* Exactly one SGI, and nothing else to look at? */
INLINE bool kick(struct cpu *cpu)
{
	struct vgic_vcpu *vcpu = cpu->arch.vcpu;
	u32 ready, was;

	if (cpu->arch.serves && (peek(&core_service_word) || READ_SYSREG(cnthp_ctl_el2) & CNT_ISTATUS))
		return false;
	ready = peek(&vcpu->sgis) & peek(&vcpu->enabled);
	if (!ready || ready & (ready - 1))
		return false;
	was = __atomic_fetch_and(&vcpu->sgis, ~ready, __ATOMIC_SEQ_CST);
	if (was & ~ready & peek(&vcpu->enabled)) { /* whoever sent that relied on this kick */
		__atomic_fetch_or(&vcpu->sgis, ready, __ATOMIC_SEQ_CST);
		return false;
	}
	u32 line = (u32)__builtin_ctz(ready);

	lr0_put(line, vcpu->priority[line]);
	return true;
}

INLINE bool timer(const struct cpu *cpu, u32 intid)
{
	const struct vgic_vcpu *vcpu = cpu->arch.vcpu;

	if (!((cpu->arch.vgic->config->linked[0] & vcpu->enabled) >> intid & 1))
		return false;
	lr0_put(LR_HW | LR_PINTID(intid) | intid, vcpu->priority[intid]);
	return true;
}

/* Refilled, or the line masked, by irq.c. */
INLINE bool within_budget(const struct arch_owner *owner, u32 intid)
{
	if (!owner->limit)
		return true;
	if (!irq_budgets[intid].left)
		return false;
	irq_budgets[intid].left--;
	return true;
}

INLINE bool device(const struct cpu *cpu, u32 intid)
{
	const struct arch_owner *owner = &machine_owners[intid];
	const struct vgic *v = cpu->arch.vgic;
	u32 line, w;

	if (intid >= OWNER_COUNT || owner->cell != cpu->cell_index)
		return false;
	line = owner->intid;
	w = line / 32;
	if (!((peek(&v->enabled[w]) & ~peek(&v->latched[w])) >> line % 32 & 1) || v->route[line] != cpu->vcpu_index)
		return false;
	if (!within_budget(owner, intid))
		return false;
	lr0_put(LR_HW | LR_PINTID(intid) | line, v->priority[line]);
	return true;
}

u64 fast_irq(struct cpu *cpu)
{
	u32 intid = (u32)READ_SYSREG(ICC_IAR1_EL1) & 0xffffff;

	dsb_sy(); /* the acknowledge is done before what it depends on is read (IHI 0069 4.1.1) */
	if (!empty_handed(cpu) || !(intid == INTID_KICK ? kick(cpu) : intid < 32 ? timer(cpu, intid) : device(cpu, intid))) {
		cpu->arch.irq_taken = intid;
		return 1;
	}
	WRITE_SYSREG(ICC_EOIR1_EL1, intid);
	if (intid == INTID_KICK)
		WRITE_SYSREG(ICC_DIR_EL1, intid);
	cell_count_exit(cpu, EXIT_IRQ);
	return 0;
}
