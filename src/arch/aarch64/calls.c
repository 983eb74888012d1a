/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Hypercalls of Cloison's own: docs/hypercalls.md is the reference. */
#include "core/boot.h"
#include "core/cell.h"
#include "core/control.h"
#include "core/watch.h"
#include "smccc.h"

static void uid(u64 *x)
{
	/* 7b1d3c52-9f0e-4a6b-8c44-1e5a0c15b0ae, as DEN0028 6.2 lays a UUID out in four registers */
	x[0] = 0x523c1d7b;
	x[1] = 0x6b4a0e9f;
	x[2] = 0x5a1e448c;
	x[3] = 0xaeb0150c;
}

static u64 exits_total(const struct cpu *cpu)
{
	u64 total = 0;

	for (u32 i = 0; i < EXIT_REASON_COUNT; i++)
		total += cpu->exits[i];
	return total - 1; /* not this call */
}

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
}

static void shutdown_asked(const struct cpu *cpu, u64 *x)
{
	u64 left = 0;

	x[0] = watch_asked(cpu->cell_index, &left);
	x[1] = x[0] ? left * 1000 / arch_time_hz() : 0;
}

bool calls_own(struct cpu *cpu, u32 function, u64 *x)
{
	switch (function) {
	case CLOISON_CALL_UID:
		uid(x);
		return true;
	case CLOISON_CALL_REVISION:
		x[0] = CLOISON_ABI_MAJOR;
		x[1] = CLOISON_ABI_MINOR;
		return true;
	case CLOISON_EXITS_TOTAL:
		x[0] = exits_total(cpu);
		return true;
	case CLOISON_EXITS_REASON:
		x[0] = x[1] < EXIT_REASON_COUNT ? cpu->exits[x[1]] : (u64)SMCCC_INVALID_PARAMETER;
		return true;
	case CLOISON_BOOT_TIMES:
		x[0] = boot_times.entry;
		x[1] = boot_times.banner;
		x[2] = boot_times.copy;
		return true;
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
