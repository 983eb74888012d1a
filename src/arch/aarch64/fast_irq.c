/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Mediated interrupts, the short way (entry.S): into list register 0 when all
 * of them are empty and nothing is held, which is how it nearly always is.
 * Compiled to use no register but x0-x8: only those are saved (isa.mk).
 * Nothing here may call anything. Everything else: irq.c, vgic_mediated.c.
 */
#include "core/cell.h"
#include "fast.h"
#include "fast_lr.h"
#include "gic.h"
#include "sysreg.h"

/* A kick: exactly one SGI, and nothing else to look at? */
static inline bool one_sgi(struct cpu *cpu)
{
	struct vgic_vcpu *vcpu = cpu->arch.vcpu;
	u32 ready;

	if (peek(&vcpu->summary) != 1 || !all_empty(cpu) || !peek(&cpu->arch.vgic->ctlr))
		return false;
	__atomic_exchange_n(&vcpu->summary, 0, __ATOMIC_SEQ_CST); /* a bit set meanwhile: its line is found below, or below there is more than one */
	ready = peek(&vcpu->sgis) & vcpu->enabled;
	if (!ready || ready & (ready - 1)) {
		__atomic_fetch_or(&vcpu->summary, VGIC_LOOK, __ATOMIC_SEQ_CST);
		return false;
	}
	__atomic_fetch_and(&vcpu->sgis, ~ready, __ATOMIC_SEQ_CST);
	u32 line = (u32)__builtin_ctz(ready);

	lr0_put(line, vcpu->priority[line]);
	return true;
}

static inline bool owned_line(const struct cpu *cpu, u32 intid)
{
	const struct vgic *v = cpu->arch.vgic;
	u32 w = intid / 32, enabled;

	if (w >= VGIC_WORDS || !(v->hw[w] >> intid % 32 & 1) || !all_empty(cpu))
		return false;
	enabled = w ? v->enabled[w] : cpu->arch.vcpu->enabled;
	return enabled >> intid % 32 & 1 && peek(&v->ctlr) &&
	       (!w || (v->route[intid] == cpu->vcpu_index && !((v->latched[w] | cpu->arch.irq.sticky[w]) >> intid % 32 & 1)));
}

/* SPIs only: a timer disturbs nobody but its own CPU. Refilled, or the line masked, by irq.c. */
static inline bool within_budget(const struct cpu *cpu, u32 intid)
{
	if (intid < 32)
		return true;
	if (cpu->arch.budget[intid] <= 1)
		return false;
	cpu->arch.budget[intid]--;
	return true;
}

u64 fast_irq(struct cpu *cpu)
{
	u32 intid = (u32)READ_SYSREG(ICC_IAR1_EL1) & 0xffffff;

	dsb_sy(); /* the acknowledge is done before what it depends on is read (IHI 0069 4.1.1) */
	if (owned_line(cpu, intid) && within_budget(cpu, intid)) {
		WRITE_SYSREG(ICC_EOIR1_EL1, intid);
		lr0_put(LR_HW | LR_PINTID(intid) | intid, intid < 32 ? cpu->arch.vcpu->priority[intid] : cpu->arch.vgic->priority[intid]);
	} else if (intid == cpu->config->arch.kick_line && cpu->index != machine_service_cpu && one_sgi(cpu)) {
		WRITE_SYSREG(ICC_EOIR1_EL1, intid);
		WRITE_SYSREG(ICC_DIR_EL1, intid);
	} else {
		cpu->arch.irq_taken = intid;
		return 1;
	}
	cpu->exits[EXIT_IRQ]++;
	return 0;
}
