/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Without CONFIG_LIFECYCLE, in place of life.c: a cell that is stopped stays so. cellgen refuses what asks for more. */
#include "core/life.h"

u32 life_decide(const struct cpu *cpu, enum stop_reason reason)
{
	(void)cpu;
	return reason == STOP_SYSTEM_OFF || reason == STOP_SYSTEM_RESET ? CELL_STOPPED : CELL_FAILED;
}

enum life_place life_poll(struct cpu *cpu)
{
	(void)cpu;
	return LIFE_SLEEP;
}

bool life_cleared(struct cpu *cpu)
{
	(void)cpu;
	return false;
}

void life_reported(u16 cell) { (void)cell; }
void life_serve(void) { }
