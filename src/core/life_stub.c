/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Until control.c, watch.c, audit.c, crash.c and health.c are there: each definition gives way to theirs. */
#include "core/audit.h"
#include "core/control.h"
#include "core/crash.h"
#include "core/health.h"
#include "core/watch.h"

#define STUB __attribute__((weak))

STUB void control_serve(void) { }
STUB void audit_note(u16 by, u16 target, enum life_op op, enum life_result result) { (void)by; (void)target; (void)op; (void)result; }
STUB void audit_serve(void) { }
STUB void watch_event(u16 cell, enum life_event event) { (void)cell; (void)event; }
STUB void watch_ask(u16 cell, enum life_op op, u16 by) { (void)cell; (void)op; (void)by; }
STUB u32 watch_asked(u16 cell, u64 *left) { (void)cell; *left = 0; return 0; }
STUB void watch_reset(u16 cell) { (void)cell; }
STUB void watch_slept(u16 cell, u64 ticks) { (void)cell; (void)ticks; }
STUB void watch_serve(void) { }
STUB void crash_init(void) { }
STUB void crash_serve(void) { }
STUB bool crash_is_kept(u16 cell, u32 incarnation) { (void)cell; (void)incarnation; return true; }
STUB void crash_console(u16 cell, u8 byte) { (void)cell; (void)byte; }
STUB bool crash_panic(const struct panic_state *state) { (void)state; return false; }
STUB bool crash_print(u16 cell, u32 line) { (void)cell; (void)line; return false; }
STUB void health_init(void) { }
STUB void health_serve(void) { }
STUB void health_lost(void) { }
STUB struct audit *audit_place(void) { return 0; }
STUB bool audit_print(u32 line) { (void)line; return false; }
STUB enum life_result life_do(u16 cell, enum life_op op, u16 by) { (void)cell; (void)op; (void)by; return LIFE_REFUSED; }
STUB bool life_end(u16 cell, enum stop_reason reason, const char *what, u16 by, u32 end) { (void)cell; (void)reason; (void)what; (void)by; (void)end; return false; }
STUB void life_capture(struct cpu *cpu) { (void)cpu; }
STUB bool life_was_suspended(struct cpu *cpu) { (void)cpu; return false; }
STUB enum control_result control_ask(struct cpu *cpu, u64 number, u64 op) { (void)cpu; (void)number; (void)op; return CONTROL_INVALID; }
STUB enum control_result control_status(const struct cpu *cpu, u64 number, struct control_status *status) { (void)cpu; (void)number; (void)status; return CONTROL_INVALID; }
STUB void watch_beat(struct cpu *cpu) { (void)cpu; }
STUB void *crash_audit(void) { return 0; }
STUB enum life_shown life_shown(u32 state)
{
	static const u8 shown[CELL_STATE_COUNT] = {
		[CELL_OFF] = SHOWN_OFF, [CELL_LOADING] = SHOWN_LOADING, [CELL_RUNNING] = SHOWN_RUNNING, [CELL_SUSPENDED] = SHOWN_SUSPENDED,
		[CELL_STOPPING] = SHOWN_STOPPING, [CELL_FAILING] = SHOWN_STOPPING, [CELL_RESTARTING] = SHOWN_STOPPING,
		[CELL_STOPPED] = SHOWN_STOPPED, [CELL_FAILED] = SHOWN_FAILED,
	};

	return (enum life_shown)shown[state];
}
STUB const char *const life_op_names[LIFE_OP_COUNT] = { "status", "start", "stop", "restart", "suspend", "resume", "kill" };
STUB const char *const life_shown_names[] = { "off", "loading", "running", "suspended", "stopping", "stopped", "failed" };
STUB const char *const life_result_names[] = { "ok", "already", "refused", "asked", "denied" };
