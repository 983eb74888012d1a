/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Hypercalls to control cells, and of cells that are looked after; restore_none.c without CONFIG_LIFECYCLE. */
#include "core/cell.h"
#include "core/control.h"
#include "core/watch.h"
#include "smccc.h"

static s64 code(enum control_result result)
{
	switch (result) {
	case CONTROL_OK: return 0;
	case CONTROL_DENIED: return CLOISON_DENIED;
	case CONTROL_BUSY: return CLOISON_BUSY;
	default: return SMCCC_INVALID_PARAMETER;
	}
}

static void cell_status(const struct cpu *cpu, u64 *x)
{
	struct control_status status;
	enum control_result result = control_status(cpu, x[1], &status);

	x[0] = result == CONTROL_OK ? (u64)status.state : (u64)code(result);
	if (result != CONTROL_OK)
		return;
	x[1] = status.lives;
	x[2] = status.reason;
	x[3] = status.result;
}

static void cell_times(const struct cpu *cpu, u64 *x)
{
	struct control_status status;
	enum control_result result = control_status(cpu, x[1], &status);

	x[0] = (u64)code(result);
	if (result != CONTROL_OK)
		return;
	x[1] = status.times.regain;
	x[2] = status.times.stop;
	x[3] = status.times.clear;
	x[4] = status.times.start;
	x[5] = status.times.resume;
}

static void shutdown_asked(const struct cpu *cpu, u64 *x)
{
	u64 left = 0;

	x[0] = watch_asked(cpu->cell_index, &left);
	x[1] = x[0] ? left * 1000 / arch_time_hz() : 0;
}

bool calls_life(struct cpu *cpu, u32 function, u64 *x)
{
	switch (function) {
	case CLOISON_CONTROL:
		x[0] = (u64)code(control_ask(cpu, x[1], x[2]));
		return true;
	case CLOISON_CELL_STATUS:
		cell_status(cpu, x);
		return true;
	case CLOISON_CELL_TIMES:
		cell_times(cpu, x);
		return true;
	case CLOISON_HEARTBEAT:
		watch_beat(cpu);
		shutdown_asked(cpu, x);
		return true;
	case CLOISON_SHUTDOWN_ASKED:
		shutdown_asked(cpu, x);
		return true;
	default:
		return false;
	}
}
