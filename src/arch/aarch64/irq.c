/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Physical interrupts taken from a mediated guest, those fast_irq.c leaves:
 * acknowledged there, priority dropped here, deactivated by the guest's EOI if
 * they are the guest's, else here. Whatever comes is counted and bounded.
 */
#include "core/boot.h"
#include "core/cell.h"
#include "core/console.h"
#include "core/fmt.h"
#include "gic.h"
#include "sysreg.h"
#include "trap.h"
#include "vgic.h"

#define SPECIAL_INTID 1020u /* from here on: nothing to acknowledge */

static void service(struct cpu *cpu)
{
	u64 start = arch_time_now();

	WRITE_SYSREG(cnthp_ctl_el2, 0);
	core_serve(cpu);
	cpu->arch.irq_counts[IRQ_SERVICE]++;
	cpu->arch.service_ticks += arch_time_now() - start;
}

/* Nobody's: it will not come again. */
static void mask(const struct cpu *cpu, u32 intid)
{
	u64 frame = intid < 32 ? cpu->arch.gicr + GICR_SGI_FRAME : machine_board.gicd;

	mmio_write32(frame + GICD_ICENABLER + intid / 32 * 4, 1u << intid % 32);
}

#define SINCE_SHIFT 16 /* of ticks, so that 32 bits last for hours: a thousandth of a second at 62.5 MHz */

/*
 * A line of the cell's once more than the short path lets pass without asking.
 * Its budget is full again after a second; used up before, the line is masked
 * behind the guest's back until the guest disables and enables it.
 */
static bool storms(struct cpu *cpu, u32 line)
{
	struct arch_cell *cell = &cells[cpu->cell_index].arch;
	u32 limit = cpu->cell->arch.irq_limit, now = (u32)(arch_time_now() >> SINCE_SHIFT);

	if (line < 32 || line >= VGIC_LINES || !(cell->vgic.hw[line / 32] >> line % 32 & 1))
		return false;
	if (cell->budget[line] > 1) {
		cell->budget[line]--;
		return false;
	}
	if (limit && cell->budget[line] && now - cell->since[line] < (u32)(arch_time_hz() >> SINCE_SHIFT))
		return true;
	cell->since[line] = now;
	cell->budget[line] = limit ? limit : ~0u; /* this one is the first */
	return false;
}

static void storm(struct cpu *cpu, u32 line)
{
	vgic_hw_enable(line / 32, 1u << line % 32, false);
	/* The guest may go on enabling it: told at the 1st, 2nd, 4th, 8th ... time */
	u32 before = cpu->arch.irq_counts[IRQ_STORM]++;

	if (before & (before + 1))
		return;
	console_printf("cell %s: interrupt %u came more than %u times in a second: masked", cpu->cell->name, line,
		       cpu->cell->arch.irq_limit);
}

void arch_cpu_status(const struct cpu *cpu, char *buffer, u32 size)
{
	static const char *const names[IRQ_COUNT_COUNT] = {
		[IRQ_SPURIOUS] = "spurious", [IRQ_UNOWNED] = "unowned", [IRQ_STORM] = "storms", [IRQ_SERVICE] = "service",
	};
	u32 at = 0;

	buffer[0] = 0;
	if (!cpu->arch.vgic)
		return;
	for (u32 i = 0; i < IRQ_COUNT_COUNT; i++)
		at += fmt_print(buffer + at, size - at, "%s=%u ", names[i], cpu->arch.irq_counts[i]);
	fmt_print(buffer + at, size - at, "service_ticks=%lu", cpu->arch.service_ticks);
}

void trap_irq(struct cpu *cpu)
{
	u32 intid = cpu->arch.irq_taken;

	if (intid >= SPECIAL_INTID) {
		cpu->arch.irq_counts[IRQ_SPURIOUS]++;
		return;
	}
	cpu->exits[EXIT_IRQ]++;
	WRITE_SYSREG(ICC_EOIR1_EL1, intid);
	if (storms(cpu, intid)) {
		storm(cpu, intid);
	} else if (intid == cpu->config->arch.kick_line || intid == PPI_MAINTENANCE) {
		vgic_mediated_collect(cpu);
		if (cpu->index == machine_service_cpu)
			service(cpu);
	} else if (intid == PPI_HYP_TIMER) {
		service(cpu);
	} else if (vgic_mediated_line(cpu, intid)) {
		return; /* the guest's own EOI deactivates it */
	} else {
		cpu->arch.irq_counts[IRQ_UNOWNED]++;
		mask(cpu, intid);
	}
	isb();
	WRITE_SYSREG(ICC_DIR_EL1, intid);
}
