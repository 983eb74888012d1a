/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Without CONFIG_LIFECYCLE, in place of all that the Makefile's LIFE names: boot starts every cell, one that is stopped
 * stays so, and nothing is kept of it. cellgen refuses what asks for more.
 */
#include "core/audit.h"
#include "core/command.h"
#include "core/console.h"
#include "core/control.h"
#include "core/crash.h"
#include "core/health.h"
#include "core/log.h"
#include "core/record.h"
#include "core/watch.h"

void life_boot(struct cpu *cpu)
{
	if (!cpu->vcpu_index)
		arch_cas32(&cells[cpu->cell_index].state, CELL_OFF, CELL_STARTING);
}

u32 life_decide(const struct cpu *cpu, enum stop_reason reason)
{
	(void)cpu;
	return reason == STOP_SYSTEM_OFF || reason == STOP_SYSTEM_RESET ? CELL_STOPPED : CELL_FAILED;
}

enum life_place life_poll(struct cpu *cpu)
{
	if (cpu->vcpu_index || atomic_load32(&cells[cpu->cell_index].state) != CELL_STARTING)
		return LIFE_SLEEP;
	cell_reset_devices(cpu);
	return cell_start(cpu) ? LIFE_LEAVE : LIFE_SLEEP;
}

void life_ended(u16 cell, enum stop_reason reason, u32 end) { (void)cell; (void)reason; (void)end; }
void life_cleared(struct cpu *cpu) { (void)cpu; }
bool life_was_suspended(struct cpu *cpu) { (void)cpu; return false; }
void life_capture(struct cpu *cpu) { cpu->copier = COPIER_NONE; }
void life_reported(u16 cell) { (void)cell; }
void life_serve(void) { }

void control_serve(void) { }

/* Nobody has rights, and who sits at the board's console has its switch. */
enum life_result control_board(enum manage_board what)
{
	if (what != BOARD_OFF)
		return LIFE_DENIED;
	log_put(MESSAGE_POWER_OFF, LOG_NO_CELL);
	console_flush();
	arch_board_off();
}

void audit_serve(void) { }
void watch_serve(void) { }
void crash_init(void) { }
void crash_serve(void) { }
void health_init(void) { }
void health_serve(void) { }

void watch_event(u16 cell, enum life_event event) { (void)cell; (void)event; }
bool watch_is_told(u16 cell, enum life_event event) { (void)cell; (void)event; return true; }

void command_init(void) { }
bool command_open(void) { return false; }
void command_close(void) { }
bool command_is_open(void) { return false; }
bool command_is_busy(void) { return false; }
void command_key(u8 byte) { (void)byte; }
void command_obey(void) { }
u32 command_draw(u8 *buffer, bool here, bool idle) { (void)buffer; (void)here; (void)idle; return 0; }
bool command_line(void) { return false; }

bool record_is_told(const struct record *record) { (void)record; return false; }
void record_told_line(u32 cell, u32 line) { (void)cell; (void)line; }
u32 record_told_lines(u32 cell) { (void)cell; return 0; }
bool record_is_complete(u32 cell) { (void)cell; return true; }
bool record_goes_on(u32 cell, u32 line) { (void)cell; return line; }
void record_life(u32 cell) { (void)cell; }
void crash_console(u16 cell, u8 byte) { (void)cell; (void)byte; }
bool crash_panic(const struct panic_state *state) { (void)state; return false; }
void health_lost(void) { }
