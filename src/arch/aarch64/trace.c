/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Traces (core/trace.h): which vectors a CPU has, and the way back of the long exits. The way in is trace.S. */
#include "core/trace.h"
#include "sysreg.h"
#include "trap.h"

/* A mediated guest does not see a kick: the core takes it. A direct one does, so its CPUs come when they come. */
void arch_trace_call(u16 cell)
{
	if (cell_vcpu(cell, 0)->trace && machine_cells[cell].arch.vgic)
		cell_kick(cell);
}

void trap_return_traced(struct cpu *cpu)
{
	trace_follow(cpu);
	trace_put(cpu, TRACE_RETURN, 0, READ_SYSREG(elr_el2), READ_SYSREG(spsr_el2));
}
