/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Without CONFIG_LIFECYCLE, in place of life.c: a cell that is stopped stays so. cellgen refuses what asks for more. */
#include "core/control.h"
#include "core/watch.h"

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

bool life_was_suspended(struct cpu *cpu)
{
	(void)cpu;
	return false;
}

void life_capture(struct cpu *cpu) { (void)cpu; }

/* Nobody is given a right: machine_controls are refused. */
enum control_result control_ask(struct cpu *cpu, u64 number, u64 op)
{
	(void)cpu, (void)number, (void)op;
	return CONTROL_INVALID;
}

enum control_result control_status(const struct cpu *cpu, u64 number, struct control_status *status)
{
	(void)cpu, (void)number, (void)status;
	return CONTROL_INVALID;
}

void watch_beat(struct cpu *cpu) { (void)cpu; }
void watch_event(u16 cell, enum life_event event) { (void)cell; (void)event; }

u32 watch_asked(u16 cell, u64 *left)
{
	(void)cell, (void)left;
	return 0;
}
