/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Physical interrupts taken from a mediated guest, those fast_irq.c leaves:
 * acknowledged there, priority dropped here, deactivated by the guest's EOI if
 * they are the guest's, else here. Whatever comes is counted and bounded.
 */
#include "core/boot.h"
#include "core/cell.h"
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
	cpu->arch.service_ticks += arch_time_now() - start;
}

/* Nobody's: it will not come again. */
static void mask(const struct cpu *cpu, u32 intid)
{
	u64 frame = intid < 32 ? cpu->arch.gicr + GICR_SGI_FRAME : machine_board.gicd;

	mmio_write32(frame + GICD_ICENABLER + intid / 32 * 4, 1u << intid % 32);
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
	if (intid == cpu->config->arch.kick_line || intid == PPI_MAINTENANCE) {
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
