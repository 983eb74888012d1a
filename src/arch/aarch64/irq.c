/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Physical interrupts taken from a mediated guest, those fast_irq.c leaves:
 * acknowledged there, priority dropped here, deactivated by the guest's EOI if
 * they are the guest's, else here. Whatever comes is counted and bounded.
 */
#include "core/boot.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/watch.h"
#include "gic.h"
#include "irq.h"
#include "sysreg.h"
#include "trap.h"
#include "vgic.h"

struct irq_budget irq_budgets[OWNER_COUNT];

static void service(struct cpu *cpu)
{
	u64 start = arch_time_now(), ticks;

	core_serve();
	ticks = arch_time_now() - start;
	cpu->arch.irq_counts[IRQ_SERVICE]++;
	cpu->arch.service_ticks += ticks;
	if (ticks > cpu->arch.service_most)
		cpu->arch.service_most = ticks;
}

/* ---- rate limit ---- */

/*
 * One interrupt more of a line that has a limit. Its budget is full again when
 * a second has passed since it last was; used up before, the line storms.
 */
bool irq_storms(u32 intid)
{
	struct irq_budget *budget = &irq_budgets[intid];
	u32 limit = machine_owners[intid].limit;
	u64 now = arch_time_now();

	if (!limit)
		return false;
	if (!budget->left) {
		if (budget->since && now - budget->since < arch_time_hz())
			return true;
		budget->since = now;
		budget->left = limit;
	}
	budget->left--;
	return false;
}

/* Masked behind the guest's back, until it disables and enables the line. What came stays pending. */
static void storm(struct cpu *cpu, u32 intid, u32 line)
{
	struct vgic *v = cpu->arch.vgic;
	u32 before = (u32)cpu->arch.irq_counts[IRQ_STORM]++;

	watch_event(cpu->cell_index, EVENT_STORM);

	vgic_hw_enable(v, line, false);
	if ((v->config->edge[line / 32] | v->latched[line / 32]) >> line % 32 & 1) /* or it was no level that made it pending */
		vgic_hw_pend(v, line, true);
	/* The guest may go on enabling it: told at the 1st, 2nd, 4th, 8th ... time */
	if (before & (before + 1))
		return;
	log_put(MESSAGE_STORM, cpu->cell_index, intid, line, machine_owners[intid].limit);
}

/* Nobody's: it will not come again. */
static void mask(const struct cpu *cpu, u32 intid)
{
	u64 frame = intid < 32 ? cpu->arch.gicr + GICR_SGI_FRAME : machine_board.gicd;

	if (intid < 32 * GIC_LINE_WORDS) /* above: an LPI or extended range that firmware has left on */
		mmio_write32(frame + GICD_ICENABLER + intid / 32 * 4, 1u << intid % 32);
}

/* False: it has to be deactivated here. */
static bool to_guest(struct cpu *cpu, u32 intid)
{
	u32 line = vgic_mediated_owned(cpu, intid);

	if (!line) {
		cpu->arch.irq_counts[IRQ_UNOWNED]++;
		mask(cpu, intid);
		return false;
	}
	if (cell_is_ending(cpu->cell_index)) { /* it came while the cell was stopped; a suspended one gets it later */
		mask(cpu, intid);
		return false;
	}
	if (vgic_mediated_line(cpu, intid, line))
		return true;
	storm(cpu, intid, line);
	return false;
}

static void take(struct cpu *cpu, u32 intid)
{
	WRITE_SYSREG(ICC_EOIR1_EL1, intid);
	switch (intid) {
	case PPI_HYP_TIMER:
		WRITE_SYSREG(cnthp_ctl_el2, 0); /* or it were pending again; core_serve sets the next */
		service(cpu);
		break;
	case INTID_KICK:
		/* A flood of kicks may not keep the tick away: of equal priorities any may be taken first */
		if (cpu->index == machine_service_cpu && (core_service_wanted() || READ_SYSREG(cnthp_ctl_el2) & CNT_ISTATUS))
			service(cpu);
		vgic_mediated_sync(cpu);
		break;
	case PPI_MAINTENANCE:
		vgic_mediated_sync(cpu);
		break;
	default:
		if (to_guest(cpu, intid))
			return; /* the guest's own EOI deactivates it */
	}
	if (CONFIG_METRICS)
		cpu->arch.irq_counts[IRQ_OWN]++;
	isb();
	WRITE_SYSREG(ICC_DIR_EL1, intid);
	vgic_mediated_settle(cpu);
}

void trap_irq(struct cpu *cpu)
{
	u32 intid = cpu->arch.irq_taken;

	if (INTID_IS_SPECIAL(intid)) {
		cpu->arch.irq_counts[IRQ_SPURIOUS]++;
	} else {
		metrics_begin(cpu);
		cell_count_exit(cpu, EXIT_IRQ);
		take(cpu, intid);
		metrics_end(cpu);
	}
	trap_traced(cpu);
}

/* The guest has been given what was taken and was not the core's own: so the short way counts nothing more. */
const char *arch_cpu_count(const struct cpu *cpu, u32 n, u64 *value)
{
	static const char *const names[] = { "spurious", "unowned", "storms", "service", "service_ticks", "service_most", "delivered", "injected" };
	const u64 *counts = cpu->arch.irq_counts;
	const u64 values[ARRAY_COUNT(names)] = {
		counts[IRQ_SPURIOUS], counts[IRQ_UNOWNED], counts[IRQ_STORM], counts[IRQ_SERVICE], cpu->arch.service_ticks,
		cpu->arch.service_most, (CONFIG_METRICS ? cpu->exits[EXIT_IRQ] : 0) - counts[IRQ_OWN], cpu->arch.hand.injected,
	};

	if (!cpu->arch.vgic || n >= ARRAY_COUNT(names) - (CONFIG_METRICS ? 0 : 2))
		return NULL;
	*value = values[n];
	return names[n];
}
