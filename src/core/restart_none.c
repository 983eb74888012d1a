/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Without CONFIG_RESTART, in place of restart.c: a cell that is stopped stays so. cellgen refuses what asks for more. */
#include "core/restart.h"

u32 restart_decide(const struct cpu *cpu, enum stop_reason reason)
{
	(void)cpu;
	return reason == STOP_SYSTEM_OFF || reason == STOP_SYSTEM_RESET ? CELL_STOPPED : CELL_FAILED;
}

enum restart_step restart_poll(struct cpu *cpu)
{
	(void)cpu;
	return RESTART_SLEEP;
}

bool restart_cleans(struct cpu *cpu)
{
	(void)cpu;
	return false;
}

void restart_reported(u16 cell) { (void)cell; }
void restart_serve(void) { }
