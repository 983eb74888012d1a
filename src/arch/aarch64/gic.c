/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The physical GICv3, as the core uses it: every line the partition names is
 * set up once, before any cell runs; afterwards the core only enables, masks
 * and pends by the set/clear registers, which need no lock.
 */
#include "core/cell.h"
#include "core/panic.h"
#include "gic.h"
#include "gic_cpu.h"
#include "sysreg.h"
#include "vgic.h"

/* How often to look at a register that hardware settles within microseconds. */
#define PMR_CORE 0x08 /* passes priority 0 */
#define SETTLE_TRIES 1000000u

static u64 gicd(u64 offset) { return machine_board.gicd + offset; }

static void await_clear(u64 address, u32 bits, const char *what)
{
	for (u32 i = 0; i < SETTLE_TRIES; i++)
		if (!(mmio_read32(address) & bits))
			return;
	panic(what, 0, bits);
}

static void line_set_up(const struct arch_line *line)
{
	u64 cfg = gicd(GICD_ICFGR) + line->intid / 16 * 4;
	u32 edge = 2u << line->intid % 16 * 2;
	u32 value = mmio_read32(cfg);

	mmio_write32(cfg, line->edge ? value | edge : value & ~edge);
	mmio_write8(gicd(GICD_IPRIORITYR) + line->intid, line->kick ? GIC_PRIORITY_KICK : GIC_PRIORITY_DEFAULT);
	mmio_write64(gicd(GICD_IROUTER) + 8ULL * line->intid, machine_cpus[line->cpu].hw_id);
}

void arch_irq_init(void)
{
	u64 words = GICD_TYPER_LINES(mmio_read32(gicd(GICD_TYPER))) / 32;

	mmio_write32(gicd(GICD_CTLR), 0);
	await_clear(gicd(GICD_CTLR), GICD_CTLR_RWP, "distributor does not settle: bits expected and seen");
	for (u64 i = 1; i < words && i < GIC_LINE_WORDS; i++) {
		mmio_write32(gicd(GICD_ICENABLER) + 4 * i, ~0u);
		mmio_write32(gicd(GICD_ICPENDR) + 4 * i, ~0u);
		mmio_write32(gicd(GICD_ICACTIVER) + 4 * i, ~0u);
		mmio_write32(gicd(GICD_IGROUPR) + 4 * i, ~0u);
	}
	mmio_write32(gicd(GICD_CTLR), GICD_CTLR_ARE); /* before routes: IROUTER exists with ARE only */
	await_clear(gicd(GICD_CTLR), GICD_CTLR_RWP, "distributor does not settle: bits expected and seen");
	vgic_mediated_init();
	for (u32 i = 0; i < LINE_COUNT; i++)
		line_set_up(&machine_lines[i]);
	mmio_write32(gicd(GICD_CTLR), GICD_CTLR_ARE | GICD_CTLR_GRP1);
	for (u32 i = 0; i < LINE_COUNT; i++)
		if (machine_lines[i].kick)
			mmio_write32(gicd(GICD_ISENABLER) + machine_lines[i].intid / 32 * 4,
				     1u << machine_lines[i].intid % 32);
}

/* MPIDR affinity as GICR_TYPER[63:32] has it: Aff3.Aff2.Aff1.Aff0 */
static u32 typer_affinity(u64 hw_id)
{
	return (u32)(hw_id & 0xffffff) | (u32)(hw_id >> 32) << 24;
}

static void redistributor_init(struct cpu *cpu)
{
	u64 rd = cpu->config->arch.gicr, sgi = rd + GICR_SGI_FRAME;
	u32 affinity = (u32)(mmio_read64(rd + GICR_TYPER) >> 32);

	cpu->arch.gicr = rd;
	if (affinity != typer_affinity(cpu->config->hw_id))
		panic("redistributor belongs to another CPU: affinity", typer_affinity(cpu->config->hw_id), affinity);
	mmio_write32(rd + GICR_WAKER, mmio_read32(rd + GICR_WAKER) & ~(u32)GICR_WAKER_SLEEP);
	await_clear(rd + GICR_WAKER, GICR_WAKER_ASLEEP, "redistributor does not wake: bits expected and seen");
	mmio_write32(sgi + GICD_IGROUPR, ~0u);
	for (u32 i = 0; i < 8; i++)
		mmio_write32(sgi + GICD_IPRIORITYR + 4 * i, GIC_PRIORITY_DEFAULT * 0x01010101u);
}

/* SGIs and PPIs: masked, not pending, not active. */
static void private_lines_clear(const struct cpu *cpu)
{
	u64 sgi = cpu->arch.gicr + GICR_SGI_FRAME;

	mmio_write32(sgi + GICD_ICENABLER, ~0u);
	mmio_write32(sgi + GICD_ICPENDR, ~0u);
	mmio_write32(sgi + GICD_ICACTIVER, ~0u);
}

/* What the core takes itself on this CPU besides the kick. */
static void core_lines_enable(const struct cpu *cpu)
{
	u32 lines = (cpu->arch.vgic ? 1u << PPI_MAINTENANCE : 0) | (cpu->index == machine_service_cpu ? 1u << PPI_HYP_TIMER : 0);

	if (lines)
		mmio_write32(cpu->arch.gicr + GICR_SGI_FRAME + GICD_ISENABLER, lines);
}

/*
 * The CPU interface while the core waits: of all group 1 interrupts only a kick
 * (or the service's tick (priority 0) passes the mask, so nothing of the guest's wakes it in vain.
 */
void gic_wait_state(struct cpu *cpu)
{
	if (cpu->arch.vgic)
		vgic_mediated_stop(cpu);
	private_lines_clear(cpu);
	WRITE_SYSREG(ICC_CTLR_EL1, 0);
	WRITE_SYSREG(ICC_BPR1_EL1, 0);
	WRITE_SYSREG(ICC_AP1R0_EL1, 0);
	WRITE_SYSREG(ICC_PMR_EL1, PMR_CORE);
	WRITE_SYSREG(ICC_IGRPEN1_EL1, 1);
	core_lines_enable(cpu);
	isb();
}

/*
 * The physical CPU interface is the core's: everything comes in, and priority
 * drop is apart from deactivation, which is mostly the guest's (HW = 1).
 */
static void mediated_state(struct cpu *cpu)
{
	private_lines_clear(cpu);
	WRITE_SYSREG(ICC_CTLR_EL1, ICC_CTLR_EOIMODE);
	WRITE_SYSREG(ICC_BPR1_EL1, 0);
	WRITE_SYSREG(ICC_AP1R0_EL1, 0);
	WRITE_SYSREG(ICC_PMR_EL1, 0xff);
	WRITE_SYSREG(ICC_IGRPEN1_EL1, 1);
	core_lines_enable(cpu);
	vgic_mediated_start(cpu);
}

/* Reset values, as a guest's first instruction finds them. */
void gic_reset_state(struct cpu *cpu)
{
	if (cpu->arch.vgic) {
		mediated_state(cpu);
		return;
	}
	private_lines_clear(cpu);
	WRITE_SYSREG(ICC_IGRPEN1_EL1, 0);
	WRITE_SYSREG(ICC_PMR_EL1, 0);
	WRITE_SYSREG(ICC_CTLR_EL1, 0);
	WRITE_SYSREG(ICC_BPR1_EL1, 0);
	WRITE_SYSREG(ICC_AP1R0_EL1, 0);
	isb();
}

void gic_cpu_init(struct cpu *cpu)
{
	WRITE_SYSREG(ICC_SRE_EL2, 0xf);
	isb();
	WRITE_SYSREG(ICC_SRE_EL1, 0x7);
	isb();
	redistributor_init(cpu);
	if (cpu->index == machine_service_cpu)
		mmio_write8(cpu->arch.gicr + GICR_SGI_FRAME + GICD_IPRIORITYR + PPI_HYP_TIMER, GIC_PRIORITY_KICK);
	if (cpu->cell && cpu->cell->arch.mediated)
		vgic_mediated_cpu_init(cpu);
	gic_wait_state(cpu);
}

static void line_write(u64 reg, u32 line)
{
	mmio_write32(gicd(reg) + line / 32 * 4, 1u << line % 32);
}

void arch_cpu_kick(u16 index)
{
	__asm__ volatile("dsb ishst" : : : "memory"); /* what the kick announces is visible first */
	if (machine_cpus[index].arch.kick_line)
		line_write(GICD_ISPENDR, machine_cpus[index].arch.kick_line);
	__asm__ volatile("dsb ishst; sev" : : : "memory"); /* a guest may sleep in WFE */
}

bool arch_irq_level(u16 cell, u32 line, bool high)
{
	if (machine_cells[cell].arch.mediated)
		return vgic_mediated_level(cell, line, high);
	if (high) {
		__asm__ volatile("dsb ishst" : : : "memory");
		line_write(GICD_ISPENDR, line);
	}
	return false;
}

bool arch_cpu_kicked(struct cpu *cpu)
{
	bool kicked = false;

	/* Bounded: kick, tick, and nothing else is enabled for a CPU that waits */
	for (u32 i = 0; i < 4; i++) {
		u32 intid = (u32)READ_SYSREG(ICC_IAR1_EL1) & 0xffffff;

		if (intid >= 1020)
			break;
		if (intid == PPI_HYP_TIMER)
			WRITE_SYSREG(cnthp_ctl_el2, 0);
		kicked |= intid == cpu->config->arch.kick_line;
		dsb_sy();
		WRITE_SYSREG(ICC_EOIR1_EL1, intid);
		isb();
	}
	return kicked;
}

void arch_cell_silence(u16 cell)
{
	const u32 *lines = machine_cells[cell].arch.lines;

	for (u32 i = 1; i <= machine_board.line_limit / 32; i++)
		if (lines[i])
			mmio_write32(gicd(GICD_ICENABLER) + 4 * i, lines[i]);
}
