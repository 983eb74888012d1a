/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Mediated interrupts: the logic of vgic_logic.h on this CPU's list registers
 * and the physical distributor. Around each use of the logic:
 *
 *     vgic_enter: lr[] <- list registers that are in use
 *     vgic_leave: own news come in; list registers that changed and ICH_HCR_EL2 are written
 */
#include "core/cell.h"
#include "gic.h"
#include "sysreg.h"
#include "vgic.h"

static struct vgic_vcpu vgic_vcpus[VCPU_COUNT ? VCPU_COUNT : 1];

u64 ich_lr_read(u64 n);              /* entry.S */
void ich_lr_write(u64 value, u64 n);

void vgic_mediated_init(void)
{
	for (u32 i = 0; i < CELL_COUNT; i++) {
		const struct cell_config *cell = &machine_cells[i];

		vgic_cell_init(&cells[i].arch.vgic, cell->arch.lines, cell->arch.soft, &vgic_vcpus[cell->first_cpu], cell->vcpu_count);
	}
}

void vgic_mediated_cpu_init(struct cpu *cpu)
{
	u32 count = ICH_VTR_LRS(READ_SYSREG(ICH_VTR_EL2));

	cpu->arch.vgic = &cells[cpu->cell_index].arch.vgic;
	cpu->arch.budget = cells[cpu->cell_index].arch.budget;
	cpu->arch.vcpu = &cpu->arch.vgic->vcpus[cpu->vcpu_index];
	cpu->arch.frame_gicd = cpu->cell->arch.gicd_base + GICD_ISENABLER;
	cpu->arch.frame_sgi = cpu->cell->arch.gicr_base + GICR_SIZE * cpu->vcpu_index + GICR_SGI_FRAME + GICD_ISENABLER;
	cpu->arch.irq.index = cpu->vcpu_index;
	cpu->arch.irq.lr_count = count < VGIC_LR_MAX ? count : VGIC_LR_MAX;
}

/* ---- list registers ---- */

struct vgic_cpu *vgic_enter(struct cpu *cpu)
{
	struct vgic_cpu *c = &cpu->arch.irq;
	u64 empty = READ_SYSREG(ICH_ELRSR_EL2);

	for (u32 i = 0; i < c->lr_count; i++)
		c->lr[i] = empty >> i & 1 ? 0 : ich_lr_read(i);
	c->eoi_count = ICH_HCR_EOICOUNT(READ_SYSREG(ICH_HCR_EL2));
	return c;
}

void vgic_leave(struct cpu *cpu)
{
	struct vgic_cpu *c = &cpu->arch.irq;
	u64 hcr;

	if (atomic_load32(&cpu->arch.vcpu->summary) && atomic_load32(&cpu->arch.vcpu->present))
		vgic_collect(cpu->arch.vgic, c);
	for (u32 dirty = c->dirty; dirty; dirty &= dirty - 1) {
		u32 i = (u32)__builtin_ctz(dirty);

		ich_lr_write(c->lr[i], i);
	}
	c->dirty = 0;
	hcr = machine_regs[cpu->index].ich_hcr_el2 | c->hcr;
	if (READ_SYSREG(ICH_HCR_EL2) != hcr)
		WRITE_SYSREG(ICH_HCR_EL2, hcr); /* EOIcount zero again */
	isb();
}

/* The virtual CPU interface as at reset. */
static void interface_clear(struct cpu *cpu)
{
	u32 pre = ICH_VTR_PREBITS(READ_SYSREG(ICH_VTR_EL2));

	for (u32 i = 0; i < cpu->arch.irq.lr_count; i++)
		ich_lr_write(0, i);
	WRITE_SYSREG(ICH_VMCR_EL2, 0);
	WRITE_SYSREG(ICH_AP0R0_EL2, 0);
	WRITE_SYSREG(ICH_AP1R0_EL2, 0);
	if (pre >= 6) /* further ones exist with more bits only (12.4.2) */
		WRITE_SYSREG(ICH_AP1R1_EL2, 0);
	if (pre >= 7) {
		WRITE_SYSREG(ICH_AP1R2_EL2, 0);
		WRITE_SYSREG(ICH_AP1R3_EL2, 0);
	}
	WRITE_SYSREG(ICH_HCR_EL2, machine_regs[cpu->index].ich_hcr_el2);
	isb();
}

void vgic_mediated_start(struct cpu *cpu)
{
	interface_clear(cpu);
	vgic_vcpu_start(cpu->arch.vgic, &cpu->arch.irq);
	vgic_leave(cpu);
}

void vgic_mediated_stop(struct cpu *cpu)
{
	vgic_vcpu_stop(cpu->arch.vgic, vgic_enter(cpu));
	cpu->arch.irq.dirty = 0;
	interface_clear(cpu);
}

/* ---- what the guest does ---- */

bool vgic_mediated_access(struct cpu *cpu, u64 ipa, bool write, u32 size, u64 *value)
{
	const struct arch_cell_config *cell = &cpu->cell->arch;
	struct vgic *v = cpu->arch.vgic;
	struct vgic_cpu *c;
	u64 offset = ipa - cell->gicd_base, n = (ipa - cell->gicr_base) / GICR_SIZE;
	bool distributor = offset < GIC_FRAME_SIZE;

	if (!distributor && n >= cpu->cell->vcpu_count)
		return false;
	if (!distributor)
		offset = (ipa - cell->gicr_base) % GICR_SIZE;
	c = vgic_enter(cpu);
	if (distributor && write)
		vgic_dist_write(v, c, offset, size, *value);
	else if (distributor)
		*value = vgic_dist_read(v, c, offset, size);
	else if (write)
		vgic_redist_write(v, c, (u32)n, offset, size, *value);
	else
		*value = vgic_redist_read(v, c, (u32)n, offset, size);
	vgic_leave(cpu);
	cpu->exits[EXIT_IRQCHIP]++;
	return true;
}

void vgic_mediated_sgi(struct cpu *cpu, u64 value)
{
	u32 first = ((u32)(value >> 16 & 0xff) + (u32)(value >> 44 & 0xf)) * 16;
	u32 targets = first < 32 ? ((u32)value & 0xffff) << first : 0;

	if (value & SGI1R_IRM)
		targets = ~(1u << cpu->vcpu_index);
	else if (value & 0xff00ff00000000ULL)
		return; /* Aff2, Aff3: no such vCPU */
	vgic_sgi(cpu->arch.vgic, vgic_enter(cpu), targets, (u32)(value >> 24) & 0xf);
	vgic_leave(cpu);
}

void vgic_mediated_dir(struct cpu *cpu, u64 value)
{
	vgic_dir(cpu->arch.vgic, vgic_enter(cpu), (u32)value & 0xffffff);
	vgic_leave(cpu);
}

/* The calling CPU, if it runs a vCPU of this cell. */
static struct cpu *cpu_of(u16 cell)
{
	struct cpu *cpu = arch_cpu_this();

	return cpu->arch.vgic == &cells[cell].arch.vgic ? cpu : NULL;
}

bool vgic_mediated_level(u16 cell, u32 line, bool high)
{
	struct vgic *v = &cells[cell].arch.vgic;
	bool was = line < VGIC_LINES && atomic_load32(&v->level[line / 32]) >> line % 32 & 1;
	struct cpu *cpu = cpu_of(cell);
	struct vgic_cpu *c = cpu ? &cpu->arch.irq : NULL;

	if (was == high)
		return false; /* whoever has it in hand looks at the level when it is over */
	(high ? vgic_raise : vgic_lower)(v, c, line);
	if (cpu && atomic_load32(&cpu->arch.vcpu->summary)) {
		vgic_enter(cpu);
		vgic_leave(cpu);
	}
	return true;
}

/* ---- interrupts taken ---- */

void vgic_mediated_collect(struct cpu *cpu)
{
	vgic_collect(cpu->arch.vgic, vgic_enter(cpu));
	vgic_leave(cpu);
}

bool vgic_mediated_line(struct cpu *cpu, u32 line)
{
	bool owned = vgic_irq(cpu->arch.vgic, vgic_enter(cpu), line);

	vgic_leave(cpu);
	return owned;
}

/* ---- the physical distributor, for the logic ---- */

static u64 frame(u32 word)
{
	return word ? machine_board.gicd : arch_cpu_this()->arch.gicr + GICR_SGI_FRAME;
}

void vgic_hw_enable(u32 word, u32 bits, bool on)
{
	mmio_write32(frame(word) + (on ? GICD_ISENABLER : GICD_ICENABLER) + 4 * word, bits);
}

void vgic_hw_pend(u32 word, u32 bits, bool on)
{
	mmio_write32(frame(word) + (on ? GICD_ISPENDR : GICD_ICPENDR) + 4 * word, bits);
}

u32 vgic_hw_pending(u32 word) { return mmio_read32(frame(word) + GICD_ISPENDR + 4 * word); }
u32 vgic_hw_active(u32 word) { return mmio_read32(frame(word) + GICD_ISACTIVER + 4 * word); }

u32 vgic_hw_edge(u32 word)
{
	u32 edge = 0;

	for (u32 half = 0; word && half < 2; half++) {
		u32 config = mmio_read32(machine_board.gicd + GICD_ICFGR + 8 * word + 4 * half);

		for (u32 i = 0; i < 16; i++)
			edge |= (config >> (2 * i + 1) & 1) << (16 * half + i);
	}
	return edge;
}

void vgic_hw_deactivate(u32 line)
{
	mmio_write32(frame(line / 32) + GICD_ICACTIVER + line / 32 * 4, 1u << line % 32);
}

void vgic_hw_activate(u32 line)
{
	mmio_write32(frame(line / 32) + GICD_ISACTIVER + line / 32 * 4, 1u << line % 32);
}

static u16 physical(const struct vgic *v, u32 vcpu)
{
	return machine_cell_cpus[(v->vcpus - vgic_vcpus) + vcpu];
}

void vgic_hw_route(struct vgic *v, u32 line, u32 vcpu)
{
	mmio_write64(machine_board.gicd + GICD_IROUTER + 8ULL * line, machine_cpus[physical(v, vcpu)].hw_id);
}

void vgic_hw_kick(struct vgic *v, u32 vcpu)
{
	arch_cpu_kick(physical(v, vcpu));
}
