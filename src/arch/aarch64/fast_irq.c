/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Mediated interrupts, the short way (entry.S): into list register 0 when all
 * of them are empty and nothing is held, which is how it nearly always is.
 * Compiled to use no register but x0-x8: only those are saved (isa.mk).
 * Nothing here may call anything. Everything else: irq.c, vgic_mediated.c.
 */
#include "core/cell.h"
#include "fast.h"
#include "gic.h"
#include "sysreg.h"

static inline u32 peek(const u32 *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }

/* Empty, and no maintenance interrupt due (ICH_ELRSR_EL2, IHI 0069 12.4.7). */
static inline bool all_empty(const struct cpu *cpu)
{
	u32 all = (1u << cpu->arch.irq.lr_count) - 1;

	return !cpu->arch.irq.overflow && (READ_SYSREG(ICH_ELRSR_EL2) & all) == all;
}

static inline void put(u64 what, u8 priority)
{
	WRITE_SYSREG(ICH_LR0_EL2, LR_PENDING | LR_GROUP1 | LR_PRIORITY(priority) | what);
}

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

	put(line, vcpu->priority[line]);
	return true;
}

static inline bool owned_line(const struct cpu *cpu, u32 intid)
{
	const struct vgic *v = cpu->arch.vgic;
	u32 w = intid / 32, enabled;

	if (w >= VGIC_WORDS || !(v->hw[w] >> intid % 32 & 1) || !all_empty(cpu))
		return false;
	enabled = w ? v->enabled[w] : cpu->arch.vcpu->enabled;
	return enabled >> intid % 32 & 1 && peek(&v->ctlr) && (!w || v->route[intid] == cpu->vcpu_index);
}

u64 fast_irq(struct cpu *cpu)
{
	u32 intid = (u32)READ_SYSREG(ICC_IAR1_EL1) & 0xffffff;

	dsb_sy(); /* the acknowledge is done before what it depends on is read (IHI 0069 4.1.1) */
	if (owned_line(cpu, intid)) {
		WRITE_SYSREG(ICC_EOIR1_EL1, intid);
		put(LR_HW | LR_PINTID(intid) | intid, intid < 32 ? cpu->arch.vcpu->priority[intid] : cpu->arch.vgic->priority[intid]);
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

/* One SGI to one vCPU. False: not one of the short ones; nothing done. */
u64 fast_sgi_mediated(u64 value, struct cpu *cpu)
{
	u32 targets = (u32)value & cpu->arch.sgi_targets, bit = 1u << (value >> 24 & 0xf);
	struct vgic_vcpu *vcpu;

	if (value & ~(SGI1R_TARGETS | SGI1R_INTID) || !targets || targets & (targets - 1))
		return 1;
	if (targets == 1u << cpu->vcpu_index) {
		vcpu = cpu->arch.vcpu;
		if (!(vcpu->enabled & bit) || !all_empty(cpu) || !peek(&cpu->arch.vgic->ctlr))
			return 1;
		put(value >> 24 & 0xf, vcpu->priority[value >> 24 & 0xf]);
		return 0;
	}
	u32 n = (u32)__builtin_ctz(targets);

	vcpu = &cpu->arch.vgic->vcpus[n];
	__atomic_fetch_or(&vcpu->sgis, bit, __ATOMIC_SEQ_CST);
	if (!peek(&vcpu->present) || __atomic_fetch_or(&vcpu->summary, 1, __ATOMIC_SEQ_CST))
		return 0;
	__asm__ volatile("dsb ishst" : : : "memory"); /* what the kick announces is visible first */
	u32 kick = (u32)cpu->arch.sgi_route[n];

	mmio_write32(machine_board.gicd + GICD_ISPENDR + kick / 32 * 4, 1u << kick % 32);
	return 0;
}
