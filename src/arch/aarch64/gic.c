/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The physical GICv3, as the core uses it: every line the partition names is
 * set up once, before any cell runs; afterwards the core only enables, masks
 * and pends by the set/clear registers, which need no lock.
 */
#include "core/bound.h"
#include "core/cell.h"
#include "core/panic.h"
#include "gic.h"
#include "gic_cpu.h"
#include "irq.h"
#include "its.h"
#include "pte.h"
#include "sysreg.h"
#include "vgic.h"

#define PMR_STEP 0x10 /* there whether 4 or 5 priority bits are, also in the non-secure view of them */
#define PRIORITY_BITS_MAX 5
/* How often to look at a register that hardware settles within microseconds. */
#define SETTLE_TRIES 1000000u

#define LINE_WORDS ((OWNER_COUNT - 1) / 32) /* of INTIDs from 32 on */

static u64 gicd(u64 offset) { return machine_board.gicd + offset; }

static __attribute__((noinline)) void line_write(u64 reg, u32 line) /* smaller than its uses */
{
	mmio_write32(gicd(reg) + line / 32 * 4, 1u << line % 32);
}

static void await_clear(u64 address, u32 bits, const char *what)
{
	for (u32 i = 0; i < SETTLE_TRIES; i++) {
		LOOP_PATIENCE(SETTLE_TRIES);
		if (!(mmio_read32(address) & bits))
			return;
	}
	panic(what, 0, bits);
}

static void line_reset(const struct arch_line *line)
{
	mmio_write8(gicd(GICD_IPRIORITYR) + line->intid, line->kick ? GIC_PRIORITY_KICK : GIC_PRIORITY_DEFAULT);
	mmio_write64(gicd(GICD_IROUTER) + 8ULL * line->intid, machine_cpus[line->cpu].hw_id);
}

static void line_set_up(const struct arch_line *line)
{
	u64 cfg = gicd(GICD_ICFGR) + line->intid / 16 * 4;
	u32 edge = 2u << line->intid % 16 * 2;
	u32 value = mmio_read32(cfg);

	mmio_write32(cfg, line->edge ? value | edge : value & ~edge);
	line_reset(line);
}

void arch_irq_init(void)
{
	u64 words = GICD_TYPER_LINES(mmio_read32(gicd(GICD_TYPER))) / 32;

	mmio_write32(gicd(GICD_CTLR), 0);
	await_clear(gicd(GICD_CTLR), GICD_CTLR_RWP, "distributor does not settle: bits expected and seen");
	for (u64 i = 1; i < words && i < GIC_LINE_WORDS; i++) {
		LOOP_BOUND(GIC_LINE_WORDS);
		mmio_write32(gicd(GICD_ICENABLER) + 4 * i, ~0u);
		mmio_write32(gicd(GICD_ICPENDR) + 4 * i, ~0u);
		mmio_write32(gicd(GICD_ICACTIVER) + 4 * i, ~0u);
		mmio_write32(gicd(GICD_IGROUPR) + 4 * i, ~0u);
	}
	mmio_write32(gicd(GICD_CTLR), GICD_CTLR_ARE); /* before routes: IROUTER exists with ARE only */
	await_clear(gicd(GICD_CTLR), GICD_CTLR_RWP, "distributor does not settle: bits expected and seen");
	for (u32 i = 0; i < LINE_COUNT; i++) {
		LOOP_BOUND(LINE_COUNT);
		line_set_up(&machine_lines[i]);
	}
	mmio_write32(gicd(GICD_CTLR), GICD_CTLR_ARE | GICD_CTLR_GRP1);
	for (u32 i = 0; i < LINE_COUNT; i++) {
		LOOP_BOUND(LINE_COUNT);
		if (machine_lines[i].kick)
			mmio_write32(gicd(GICD_ISENABLER) + machine_lines[i].intid / 32 * 4,
				     1u << machine_lines[i].intid % 32);
	}
	if (ITS_COUNT)
		its_init();
}

/* MPIDR affinity as GICR_TYPER[63:32] has it: Aff3.Aff2.Aff1.Aff0 */
static u32 typer_affinity(u64 hw_id)
{
	return (u32)(hw_id & 0xffffff) | (u32)(hw_id >> 32) << 24;
}

/* SGIs and PPIs that the core takes itself on this CPU. */
static u32 core_lines(const struct cpu *cpu)
{
	return (cpu->config->arch.kick_line ? 0 : 1u << INTID_KICK) | (cpu->arch.vgic ? 1u << PPI_MAINTENANCE : 0) |
	       (cpu->index == machine_service_cpu ? 1u << PPI_HYP_TIMER : 0);
}

void gic_private_reset(const struct cpu *cpu)
{
	u64 sgi = cpu->arch.gicr + GICR_SGI_FRAME;

	mmio_write32(sgi + GICD_IGROUPR, ~0u);
	mmio_write32(sgi + GICD_ICFGR + 4, 0); /* PPIs are levels */
	for (u32 i = 0; i < 8; i++)
		mmio_write32(sgi + GICD_IPRIORITYR + 4 * i, GIC_PRIORITY_DEFAULT * 0x01010101u);
	for (u32 core = core_lines(cpu); core; core &= core - 1)
		mmio_write8(sgi + GICD_IPRIORITYR + (u32)__builtin_ctz(core), GIC_PRIORITY_KICK);
}

static void redistributor_init(struct cpu *cpu)
{
	u64 rd = cpu->config->arch.gicr;
	u32 affinity = (u32)(mmio_read64(rd + GICR_TYPER) >> 32);

	cpu->arch.gicr = rd;
	if (affinity != typer_affinity(cpu->config->hw_id))
		panic("redistributor belongs to another CPU: affinity", typer_affinity(cpu->config->hw_id), affinity);
	mmio_write32(rd + GICR_WAKER, mmio_read32(rd + GICR_WAKER) & ~(u32)GICR_WAKER_SLEEP);
	await_clear(rd + GICR_WAKER, GICR_WAKER_ASLEEP, "redistributor does not wake: bits expected and seen");
}

/* The others: masked, not pending, not active. A kick that is under way stays. */
static void private_lines_clear(const struct cpu *cpu)
{
	u64 sgi = cpu->arch.gicr + GICR_SGI_FRAME;
	u32 core = core_lines(cpu);

	mmio_write32(sgi + GICD_ICENABLER, ~core);
	mmio_write32(sgi + GICD_ICPENDR, ~core);
	mmio_write32(sgi + GICD_ICACTIVER, ~0u);
	mmio_write32(sgi + GICD_ISENABLER, core);
}

void gic_interface(u64 control, u64 mask, bool on)
{
	WRITE_SYSREG(ICC_PMR_EL1, 0);
	WRITE_SYSREG(ICC_CTLR_EL1, control);
	WRITE_SYSREG(ICC_BPR1_EL1, 0);
	WRITE_SYSREG(ICC_AP1R0_EL1, 0);
	WRITE_SYSREG(ICC_IGRPEN1_EL1, on);
	WRITE_SYSREG(ICC_PMR_EL1, mask);
	isb();
	dsb_sy(); /* the redistributor knows of the mask (ICC_CTLR_EL1.PMHE) */
}

/* A kick of the calling direct CPU's, sent and not taken back. */
bool gic_kick_is_pending(const struct cpu *cpu)
{
	u32 line = cpu->config->arch.kick_line;

	return line && mmio_read32(gicd(GICD_ISPENDR) + line / 32 * 4) >> line % 32 & 1;
}

/*
 * None that was sent before reaches the guest. The distributor has forwarded it already, and the CPU interface gives it back
 * in its own time (IHI 0069 4.1): it is over when HPPIR1 says so, or when another has been sent. Not active either: a guest
 * that had got hold of one and kept it would never be called again.
 */
void gic_kick_clear(const struct cpu *cpu)
{
	u32 line = cpu->config->arch.kick_line;

	if (!line)
		return;
	line_write(GICD_ICPENDR, line);
	line_write(GICD_ICACTIVER, line);
	dsb_sy();
	for (u32 i = 0; i < SETTLE_TRIES && !gic_kick_is_pending(cpu); i++) {
		LOOP_PATIENCE(SETTLE_TRIES);
		if ((READ_SYSREG(ICC_HPPIR1_EL1) & 0xffffff) != line)
			break;
	}
}

/* Of all CPUs of a direct cell that is suspended: who has not come in by now is not called any more. */
void gic_kicks_clear(u16 cell)
{
	const struct cell_config *config = &machine_cells[cell];

	for (u16 n = 0; n < config->vcpu_count; n++) {
		LOOP_BOUND(CELL_VCPU_LIMIT);
		u32 line = machine_cpus[machine_cell_cpus[config->first_cpu + n]].arch.kick_line;

		if (line)
			line_write(GICD_ICPENDR, line);
	}
	dsb_sy();
}

/*
 * While the core waits, of all group 1 interrupts only a kick or the service's
 * tick (priority 0) passes the mask, so nothing of the guest's wakes it in vain.
 * HCR_EL2.IMO: an interrupt that is routed to a lower EL may not end a WFI here.
 */
u64 gic_wait_priority(const struct cpu *cpu)
{
	return cpu->arch.kick_priority + PMR_STEP;
}

__attribute__((noinline)) void gic_wait_mask(const struct cpu *cpu) /* cellcheck counts who writes HCR_EL2 */
{
	gic_interface(0, gic_wait_priority(cpu), true);
	WRITE_SYSREG(hcr_el2, READ_SYSREG(hcr_el2) | HCR_IMO | HCR_FMO);
	isb();
}

void gic_wait_state(struct cpu *cpu)
{
	if (cpu->arch.vgic)
		vgic_mediated_stop(cpu);
	private_lines_clear(cpu);
	if (cpu->config->arch.kick_line)
		line_write(GICD_ICACTIVER, cpu->config->arch.kick_line);
	gic_wait_mask(cpu);
}

/* Reset values, as a guest's first instruction finds them. A kick that has been sent is not for the guest: SGI 0 never is. */
void gic_reset_state(struct cpu *cpu)
{
	gic_kick_clear(cpu);
	private_lines_clear(cpu);
	if (cpu->arch.vgic)
		vgic_mediated_start(cpu);
	else
		gic_interface(0, 0, false);
}

/*
 * Priority 0, written without access to secure state, as ICC_PMR_EL1 compares
 * it (IHI 0069 4.8.1). One security state (DS): 0. Two, and the mask in the
 * non-secure view (SCR_EL3.FIQ): 0, both are shifted. Two, and the mask not
 * shifted: 0x80; then the smallest mask reads back as written.
 */
static u64 kick_priority(void)
{
	if (mmio_read32(gicd(GICD_CTLR)) & GICD_CTLR_DS)
		return 0;
	WRITE_SYSREG(ICC_PMR_EL1, 0x80 >> (READ_SYSREG(ICC_CTLR_EL1) >> 8 & 7)); /* PRIbits */
	return READ_SYSREG(ICC_PMR_EL1) ? 0x80 : 0;
}

void gic_cpu_init(struct cpu *cpu)
{
	WRITE_SYSREG(ICC_SRE_EL2, 0x7); /* Enable = 0: a guest cannot turn the system registers off */
	isb();
	WRITE_SYSREG(ICC_SRE_EL1, 0x7);
	isb();
	/* With more bits there are active priorities that a guarded WFI does not look at */
	u64 bits = (READ_SYSREG(ICC_CTLR_EL1) >> 8 & 7) + 1;

	if (bits > PRIORITY_BITS_MAX)
		panic("interrupt priority bits, at most", PRIORITY_BITS_MAX, bits);
	redistributor_init(cpu);
	cpu->arch.kick_priority = kick_priority();
	if (cpu->cell && cpu->cell->arch.vgic)
		vgic_mediated_cpu_init(cpu);
	if (ITS_COUNT)
		its_cpu_init(cpu);
	gic_private_reset(cpu); /* after cpu->arch.vgic */
	gic_wait_state(cpu);
}

u64 gic_sgi_route(u64 hw_id) { return gic_sgi_route_inline(hw_id); }

void arch_cpu_kick(u16 index)
{
	__asm__ volatile("dsb ishst" : : : "memory"); /* what the kick announces is visible first */
	gic_kick(index);
	gic_kicked();
	if (machine_cpus[index].role == CPU_VCPU)
		arch_cpu_relax(); /* where CPUs take turns (emulated, one at a time) the one that was called comes next */
}

void gic_await_off(bool own)
{
	u64 address = own ? arch_cpu_this()->arch.gicr + GICR_CTLR : gicd(GICD_CTLR);
	u32 busy = own ? (u32)GICR_CTLR_RWP : (u32)GICD_CTLR_RWP;

	for (u32 i = 0; i < SETTLE_TRIES && mmio_read32(address) & busy; i++)
		LOOP_PATIENCE(SETTLE_TRIES);
}

void gic_raise(u32 line)
{
	__asm__ volatile("dsb ishst" : : : "memory");
	line_write(GICD_ISPENDR, line);
}

void arch_cpu_kicked(struct cpu *cpu)
{
	/* Bounded: kick, tick, and nothing else is enabled for a CPU that waits */
	for (u32 i = 0; i < 4; i++) {
		u32 intid = (u32)READ_SYSREG(ICC_IAR1_EL1) & 0xffffff;

		if (INTID_IS_SPECIAL(intid)) /* an LPI is none: not given back, its priority would mask every kick */
			break;
		if (intid == PPI_HYP_TIMER)
			WRITE_SYSREG(cnthp_ctl_el2, 0);
		dsb_sy();
		WRITE_SYSREG(ICC_EOIR1_EL1, intid);
		isb();
	}
	arch_cpu_relax(); /* it may look again at once, until somebody has done something */
	(void)cpu;
}

void arch_cell_silence(u16 cell)
{
	const u32 *lines = machine_cells[cell].arch.lines;

	if (machine_cells[cell].arch.vgic) /* nothing its vCPUs give back is enabled again */
		atomic_store32(&cells[cell].arch.vgic.ctlr, 0);
	for (u32 i = 1; i <= machine_board.line_limit / 32; i++) {
		LOOP_BOUND(LINE_WORDS);
		if (lines[i])
			mmio_write32(gicd(GICD_ICENABLER) + 4 * i, lines[i]);
	}
}

/*
 * Disabled lines of a cell of which no vCPU runs, by words: nothing can make one
 * active again, so a bounded look at what is written is enough.
 */
static void lines_clear(const u32 *lines)
{
	for (u32 i = 1; i <= machine_board.line_limit / 32; i++) {
		LOOP_BOUND(LINE_WORDS);
		if (!lines[i])
			continue;
		mmio_write32(gicd(GICD_ICPENDR) + 4 * i, lines[i]);
		mmio_write32(gicd(GICD_ICACTIVER) + 4 * i, lines[i]);
		for (u32 n = 0; n < SETTLE_TRIES && mmio_read32(gicd(GICD_ISACTIVER) + 4 * i) & lines[i]; n++)
			LOOP_PATIENCE(SETTLE_TRIES);
	}
}

/* Group and trigger type are as at boot: a cell cannot change them. */
void gic_cell_restore(u16 cell)
{
	const u32 *lines = machine_cells[cell].arch.lines;

	arch_cell_silence(cell);
	gic_await_off(false);
	lines_clear(lines);
	for (u32 i = 0; i < LINE_COUNT; i++) {
		LOOP_BOUND(LINE_COUNT);
		if (lines[machine_lines[i].intid / 32] >> machine_lines[i].intid % 32 & 1)
			line_reset(&machine_lines[i]);
	}
}
