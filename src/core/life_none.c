/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Without CONFIG_LIFECYCLE, in place of life.c: a cell that is stopped stays so. cellgen refuses what asks for more. */
#include "core/command.h"
#include "core/control.h"
#include "core/crash.h"
#include "core/health.h"
#include "core/record.h"
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

/* Those that there are without a life after. */
enum life_shown life_shown(u32 state)
{
	switch (state) {
	case CELL_LOADING: return SHOWN_LOADING;
	case CELL_RUNNING: return SHOWN_RUNNING;
	case CELL_STOPPED: return SHOWN_STOPPED;
	case CELL_FAILED: return SHOWN_FAILED;
	default: return SHOWN_OFF;
	}
}

const char *const life_shown_names[] = {
	[SHOWN_OFF] = "off", [SHOWN_LOADING] = "loading", [SHOWN_RUNNING] = "running", [SHOWN_SUSPENDED] = "suspended",
	[SHOWN_STOPPING] = "stopping", [SHOWN_STOPPED] = "stopped", [SHOWN_FAILED] = "failed",
};

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

u32 watch_asked(u16 cell, u64 *left)
{
	(void)cell, (void)left;
	return 0;
}

void watch_event(u16 cell, enum life_event event) { (void)cell; (void)event; }
bool watch_is_told(u16 cell, enum life_event event) { (void)cell; (void)event; return true; }

void command_init(void) { }
bool command_open(void) { return false; }
void command_close(void) { }
bool command_is_open(void) { return false; }
bool command_is_busy(void) { return false; }
void command_key(u8 byte) { (void)byte; }
u32 command_draw(u8 *buffer, bool here, bool idle) { (void)buffer; (void)here; (void)idle; return 0; }
bool command_line(void) { return false; }

bool record_is_complete(u32 cell) { (void)cell; return true; }
const struct vcpu_registers *record_captured(u32 cell) { (void)cell; return NULL; }
void record_print_captured(const char *name, const struct vcpu_registers *registers, u32 line) { (void)name; (void)registers; (void)line; }
void record_life(u32 cell) { (void)cell; }
void crash_console(u16 cell, u8 byte) { (void)cell; (void)byte; }
bool crash_panic(const struct panic_state *state) { (void)state; return false; }
void health_lost(void) { }
