/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Mediated interrupts: the logic of vgic_logic.h on this CPU's list registers
 * and the physical distributor. Around each use of the hand:
 *
 *     enter: list registers, EOIcount --> harvest
 *     leave: sync --> list registers, ICH_HCR_EL2
 */
#include "core/bound.h"
#include "core/metrics.h"
#include "gic.h"
#include "irq.h"
#include "sysreg.h"
#include "vgic.h"
#include "vgic_bits.h"

static struct vgic_vcpu vgic_vcpus[VCPU_COUNT ? VCPU_COUNT : 1];

u64 ich_lr_read(u64 n);              /* entry.S */
void ich_lr_write(u64 value, u64 n);

void vgic_mediated_restore(u16 cell)
{
	if (machine_cells[cell].arch.vgic)
		vgic_cell_reset(&cells[cell].arch.vgic);
}

void vgic_mediated_cpu_init(struct cpu *cpu)
{
	u32 count = ICH_VTR_LRS(READ_SYSREG(ICH_VTR_EL2));
	struct vgic_vcpu *of_cell = &vgic_vcpus[cpu->cell->first_cpu];

	cpu->arch.vgic = &cells[cpu->cell_index].arch.vgic;
	cpu->arch.vcpu = &of_cell[cpu->vcpu_index];
	vgic_cell_init(cpu->arch.vgic, cpu->cell->arch.vgic, of_cell, cpu->cell->vcpu_count);
	cpu->arch.frame_gicd = cpu->cell->arch.gicd_base + GICD_ISENABLER;
	cpu->arch.frame_sgi = cpu->cell->arch.gicr_base + GICR_SIZE * cpu->vcpu_index + GICR_SGI_FRAME + GICD_ISENABLER;
	WRITE_SYSREG(ICH_HCR_EL2, 0);
	for (u32 i = 0; i < count; i++) { /* reset leaves them UNKNOWN */
		LOOP_BOUND(32);
		ich_lr_write(0, i);
	}
	cpu->arch.hand.index = cpu->vcpu_index;
	cpu->arch.hand.lr_count = count < VGIC_LR_MAX ? count : VGIC_LR_MAX;
	cpu->arch.serves = cpu->index == machine_service_cpu;
	cpu->arch.lr_mask = (1u << cpu->arch.hand.lr_count) - 1;
}

/* ---- list registers ---- */

/*
 * Ends of active interrupts without a list register. With EOImode 1 DIR ends
 * them, and is trapped while there are any, where it can be (TDS): then nothing
 * is left to count. (QEMU 10 counts priority drops, which are no ends.)
 */
static u32 ends_counted(void)
{
	if (READ_SYSREG(ICH_VMCR_EL2) & ICH_VMCR_VEOIM && READ_SYSREG(ICH_VTR_EL2) & ICH_VTR_TDS)
		return 0;
	return ICH_HCR_EOICOUNT(READ_SYSREG(ICH_HCR_EL2));
}

static struct vgic_cpu *enter(struct cpu *cpu)
{
	struct vgic_cpu *c = &cpu->arch.hand;

	for (u32 i = 0; i < c->lr_count; i++) {
		LOOP_BOUND(VGIC_LR_MAX);
		c->lr[i] = ich_lr_read(i);
		if (c->lr[i])
			ich_lr_write(0, i); /* never one INTID in two of them, not while they are filled either */
	}
	c->eoi_count = ends_counted();
	vgic_harvest(cpu->arch.vgic, c);
	return c;
}

/* EOImode 1: a vCPU may deactivate what another has in hand, and nothing but a trap would say so. */
static u64 trap_dir(const struct cpu *cpu)
{
	return cpu->cell->vcpu_count > 1 && READ_SYSREG(ICH_VMCR_EL2) & ICH_VMCR_VEOIM ? VGIC_HCR_TDIR : 0;
}

static void write_back(struct cpu *cpu)
{
	const struct vgic_cpu *c = &cpu->arch.hand;

	for (u32 i = 0; i < c->lr_count; i++) {
		LOOP_BOUND(VGIC_LR_MAX);
		if (c->lr[i])
			ich_lr_write(c->lr[i], i);
	}
	WRITE_SYSREG(ICH_HCR_EL2, machine_regs[cpu->index].ich_hcr_el2 | c->hcr | trap_dir(cpu)); /* EOIcount zero again */
	isb();
}

static void leave(struct cpu *cpu)
{
	vgic_sync(cpu->arch.vgic, &cpu->arch.hand);
	write_back(cpu);
}

void vgic_mediated_sync(struct cpu *cpu)
{
	enter(cpu);
	leave(cpu);
}

void vgic_mediated_settle(struct cpu *cpu)
{
	if (cpu->arch.vgic && vgic_has_news(cpu->arch.vgic, &cpu->arch.hand))
		vgic_mediated_sync(cpu);
}

/* A virtual interrupt would not end a WFI here. What brings one is physical, and does. */
void vgic_mediated_wait(struct cpu *cpu)
{
	vgic_mediated_settle(cpu);
	if (!(cpu->arch.lr_mask & ~READ_SYSREG(ICH_ELRSR_EL2)))
		__asm__ volatile("dsb sy; wfi" : : : "memory");
}

/* The virtual CPU interface as at reset: nothing active, everything masked. List registers are empty. */
static void interface_clear(void)
{
	u32 bits = ICH_VTR_PREBITS(READ_SYSREG(ICH_VTR_EL2));

	WRITE_SYSREG(ICH_VMCR_EL2, 0);
	WRITE_SYSREG(ICH_AP0R0_EL2, 0); /* counts for the running priority, group 0 or not */
	WRITE_SYSREG(ICH_AP1R0_EL2, 0);
	if (bits >= 6) { /* further ones exist with more bits only (12.4.2) */
		WRITE_SYSREG(ICH_AP0R1_EL2, 0);
		WRITE_SYSREG(ICH_AP1R1_EL2, 0);
	}
	if (bits >= 7) {
		WRITE_SYSREG(ICH_AP0R2_EL2, 0);
		WRITE_SYSREG(ICH_AP0R3_EL2, 0);
		WRITE_SYSREG(ICH_AP1R2_EL2, 0);
		WRITE_SYSREG(ICH_AP1R3_EL2, 0);
	}
}

/* The physical interface is the core's: everything comes in, and priority drop is apart from deactivation. */
void vgic_mediated_start(struct cpu *cpu)
{
	gic_interface(ICC_CTLR_EOIMODE, 0xff, true);
	interface_clear();
	vgic_vcpu_start(cpu->arch.vgic, &cpu->arch.hand);
	write_back(cpu);
}

void vgic_mediated_stop(struct cpu *cpu)
{
	enter(cpu);
	vgic_vcpu_stop(cpu->arch.vgic, &cpu->arch.hand);
	write_back(cpu);
	interface_clear();
}

/* Off: of what list registers ask for, maintenance interrupts, which the wait does not mask. EOIcount stays. */
void vgic_mediated_pause(void)
{
	WRITE_SYSREG(ICH_HCR_EL2, READ_SYSREG(ICH_HCR_EL2) & ~ICH_HCR_EN);
	isb();
}

/* Whoever had news has kicked, and that was consumed. */
void vgic_mediated_resume(struct cpu *cpu)
{
	vgic_notify(cpu->arch.vgic, &cpu->arch.hand, cpu->vcpu_index, VGIC_LOOK);
	vgic_mediated_sync(cpu);
}

/* ---- what the guest does ---- */

#define DISTRIBUTOR ~0u

/* frame: DISTRIBUTOR, or whose redistributor. On its own: accesses to devices pass by here, with little to save. */
static __attribute__((noinline)) void frame_access(struct cpu *cpu, u32 frame, u64 offset, bool write, u32 size, u64 *value)
{
	struct vgic *v = cpu->arch.vgic;
	struct vgic_cpu *c = &cpu->arch.hand;
	bool hand = write || vgic_reads_hand(offset);

	if (hand)
		enter(cpu);
	if (frame == DISTRIBUTOR && write)
		vgic_dist_write(v, c, offset, size, *value);
	else if (frame == DISTRIBUTOR)
		*value = vgic_dist_read(v, c, offset, size);
	else if (write)
		vgic_redist_write(v, c, frame, offset, size, *value);
	else
		*value = vgic_redist_read(v, c, frame, offset, size);
	if (hand)
		leave(cpu);
	cell_count_exit(cpu, EXIT_IRQCHIP);
}

bool vgic_mediated_access(struct cpu *cpu, u64 ipa, bool write, u32 size, u64 *value)
{
	const struct cell_config *cell = cpu->cell;
	u64 offset = ipa - cell->arch.gicd_base, n = (ipa - cell->arch.gicr_base) / GICR_SIZE;

	if (offset < GIC_FRAME_SIZE)
		frame_access(cpu, DISTRIBUTOR, offset, write, size, value);
	else if (n < cell->vcpu_count)
		frame_access(cpu, (u32)n, (ipa - cell->arch.gicr_base) % GICR_SIZE, write, size, value);
	else
		return false;
	return true;
}

static void send_sgi(struct cpu *cpu, u64 value)
{
	u32 first = (u32)(value >> 16 & 0xff) * 16;
	u32 targets = first < 32 ? ((u32)value & 0xffff) << first : 0;

	if (value & SGI1R_IRM)
		targets = ~(1u << cpu->vcpu_index);
	else if (value & 0xfff0ff00000000ULL)
		return; /* Aff2, Aff3, targets from 16 on: no such vCPU */
	vgic_sgi(cpu->arch.vgic, &cpu->arch.hand, targets, (u32)(value >> 24) & 0xf);
}

static void deactivate(struct cpu *cpu, u64 value)
{
	struct vgic_cpu *c = enter(cpu);

	if (READ_SYSREG(ICH_VMCR_EL2) & ICH_VMCR_VEOIM)
		vgic_dir(cpu->arch.vgic, c, (u32)value & 0xffffff);
	leave(cpu);
}

/*
 * Of a mediated cell only these trap: SGIs always (HCR_EL2.IMO), DIR while an
 * active interrupt has no list register, group 0 (fast_register.c).
 */
bool vgic_mediated_trap(struct cpu *cpu, u32 name, bool read, u64 *value)
{
	switch (name) {
	case ISS_SYSREG(3, 0, 12, 11, 5): /* ICC_SGI1R_EL1 */
		if (!read)
			send_sgi(cpu, *value);
		return true;
	case ISS_SYSREG(3, 0, 12, 11, 1): /* ICC_DIR_EL1 */
		if (!read)
			deactivate(cpu, *value);
		return true;
	default:
		return false;
	}
}

/* ---- from outside ---- */

u32 vgic_mediated_owned(const struct cpu *cpu, u32 intid)
{
	if (intid < 32)
		return cpu->cell->arch.vgic->linked[0] >> intid & 1 ? intid : 0;
	return intid < OWNER_COUNT && machine_owners[intid].cell == cpu->cell_index ? machine_owners[intid].intid : 0;
}

bool vgic_mediated_line(struct cpu *cpu, u32 intid, u32 line)
{
	struct vgic_cpu *c = enter(cpu);
	/* In hand, and it came all the same: a direct cell has deactivated it. That is not the device's doing. */
	bool again = (c->pend[line / 32] | c->act[line / 32]) >> line % 32 & 1;
	bool stormy = intid >= 32 && !again && irq_storms(intid);

	if (!stormy)
		vgic_irq(cpu->arch.vgic, c, line);
	leave(cpu);
	return !stormy;
}

/* A direct cell's line is a latch: only a rise counts. */
bool arch_irq_level(u16 cell, u32 line, bool high)
{
	struct cpu *cpu = arch_cpu_this();
	struct vgic *v = &cells[cell].arch.vgic;

	if (machine_cells[cell].arch.vgic) {
		bool changed = vgic_level(v, cpu->arch.vgic == v ? &cpu->arch.hand : NULL, line, high);

		if (changed && high)
			metrics_raised(cell);
		return changed;
	}
	if (high) {
		metrics_raised(cell);
		gic_raise(line);
	}
	return false;
}

bool arch_cell_is_direct(u16 cell)
{
	return !machine_cells[cell].arch.vgic;
}

/* ---- the physical distributor, for the logic ---- */

/* The word with this line's bit in a register of set or clear bits. */
static u64 word_of(const struct vgic *v, u32 line, u64 reg)
{
	u32 physical = v->config->physical[line];

	return physical < 32 ? arch_cpu_this()->arch.gicr + GICR_SGI_FRAME + reg : machine_board.gicd + reg + physical / 32 * 4;
}

/* What the logic stored before is seen by whoever the line comes to next; what it looks at afterwards is newer than the write. */
static void bit_write(const struct vgic *v, u32 line, u64 reg)
{
	__asm__ volatile("dsb ishst" : : : "memory");
	mmio_write32(word_of(v, line, reg), 1u << v->config->physical[line] % 32);
}

static bool bit_read(const struct vgic *v, u32 line, u64 reg)
{
	return mmio_read32(word_of(v, line, reg)) >> v->config->physical[line] % 32 & 1;
}

/* Off: until it is off everywhere (12.9.3, 12.11.2), so that afterwards ISACTIVER says whether some CPU has taken it. */
void vgic_hw_enable(struct vgic *v, u32 line, bool on)
{
	bit_write(v, line, on ? GICD_ISENABLER : GICD_ICENABLER);
	if (!on)
		gic_await_off(line < 32);
	dsb_sy();
}

void vgic_hw_pend(struct vgic *v, u32 line, bool on) { bit_write(v, line, on ? GICD_ISPENDR : GICD_ICPENDR); }
bool vgic_hw_pending(struct vgic *v, u32 line) { return bit_read(v, line, GICD_ISPENDR); }
bool vgic_hw_active(struct vgic *v, u32 line) { return bit_read(v, line, GICD_ISACTIVER); }
void vgic_hw_activate(struct vgic *v, u32 line, bool on) { bit_write(v, line, on ? GICD_ISACTIVER : GICD_ICACTIVER); }

static u16 cpu_of(const struct vgic *v, u32 vcpu)
{
	return machine_cell_cpus[(v->vcpus - vgic_vcpus) + vcpu];
}

void vgic_hw_route(struct vgic *v, u32 line, u32 vcpu)
{
	__asm__ volatile("dsb ishst" : : : "memory");
	mmio_write64(machine_board.gicd + GICD_IROUTER + 8ULL * v->config->physical[line], machine_cpus[cpu_of(v, vcpu)].hw_id);
	dsb_sy();
}

void vgic_hw_kick(struct vgic *v, u32 vcpu)
{
	arch_cpu_kick(cpu_of(v, vcpu));
}
