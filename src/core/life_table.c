/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What each operation means in each state, and the words for all of it. docs/lifecycle.md has the same table; tests/unit/test_life.c compares. */
#include "core/life.h"

#define SAME(result, state) [state] = { result, state }
#define STEP(state, next) [state] = { LIFE_OK, next }

/* What can be stopped in the middle, and goes the same way from everywhere. */
#define END_ALIVE(end) \
	STEP(CELL_RUNNING, end), STEP(CELL_SUSPENDED, end), STEP(CELL_RESUMING, end)
/* Ends for good, whatever it was to become; also before its guest has begun. */
#define STOP_TABLE {                                                                                              \
	SAME(LIFE_ALREADY, CELL_OFF), STEP(CELL_STARTING, CELL_STOPPING), STEP(CELL_LOADING, CELL_STOPPING),      \
	END_ALIVE(CELL_STOPPING), SAME(LIFE_ALREADY, CELL_STOPPING), SAME(LIFE_ALREADY, CELL_FAILING),            \
	STEP(CELL_RESTARTING, CELL_STOPPING), SAME(LIFE_ALREADY, CELL_STOPPED), SAME(LIFE_ALREADY, CELL_FAILED) }

const struct life_step life_table[LIFE_OP_COUNT][CELL_STATE_COUNT] = {
	[LIFE_STATUS] = {
		SAME(LIFE_OK, CELL_OFF), SAME(LIFE_OK, CELL_STARTING), SAME(LIFE_OK, CELL_LOADING), SAME(LIFE_OK, CELL_RUNNING),
		SAME(LIFE_OK, CELL_SUSPENDED), SAME(LIFE_OK, CELL_RESUMING), SAME(LIFE_OK, CELL_STOPPING),
		SAME(LIFE_OK, CELL_FAILING), SAME(LIFE_OK, CELL_RESTARTING), SAME(LIFE_OK, CELL_STOPPED), SAME(LIFE_OK, CELL_FAILED),
	},
	/* While it ends: it is started when it has. Who wants a suspended cell to go on means LIFE_RESUME. */
	[LIFE_START] = {
		STEP(CELL_OFF, CELL_STARTING), SAME(LIFE_ALREADY, CELL_STARTING), SAME(LIFE_ALREADY, CELL_LOADING),
		SAME(LIFE_ALREADY, CELL_RUNNING), SAME(LIFE_REFUSED, CELL_SUSPENDED), SAME(LIFE_REFUSED, CELL_RESUMING),
		STEP(CELL_STOPPING, CELL_RESTARTING), STEP(CELL_FAILING, CELL_RESTARTING), SAME(LIFE_ALREADY, CELL_RESTARTING),
		STEP(CELL_STOPPED, CELL_STARTING), STEP(CELL_FAILED, CELL_STARTING),
	},
	[LIFE_STOP] = STOP_TABLE,
	/* One that is about to begin is pristine. */
	[LIFE_RESTART] = {
		STEP(CELL_OFF, CELL_STARTING), SAME(LIFE_ALREADY, CELL_STARTING), SAME(LIFE_ALREADY, CELL_LOADING),
		END_ALIVE(CELL_RESTARTING), STEP(CELL_STOPPING, CELL_RESTARTING), STEP(CELL_FAILING, CELL_RESTARTING),
		SAME(LIFE_ALREADY, CELL_RESTARTING), STEP(CELL_STOPPED, CELL_STARTING), STEP(CELL_FAILED, CELL_STARTING),
	},
	[LIFE_SUSPEND] = {
		SAME(LIFE_REFUSED, CELL_OFF), SAME(LIFE_REFUSED, CELL_STARTING), SAME(LIFE_REFUSED, CELL_LOADING),
		STEP(CELL_RUNNING, CELL_SUSPENDED), SAME(LIFE_ALREADY, CELL_SUSPENDED), STEP(CELL_RESUMING, CELL_SUSPENDED),
		SAME(LIFE_REFUSED, CELL_STOPPING), SAME(LIFE_REFUSED, CELL_FAILING), SAME(LIFE_REFUSED, CELL_RESTARTING),
		SAME(LIFE_REFUSED, CELL_STOPPED), SAME(LIFE_REFUSED, CELL_FAILED),
	},
	[LIFE_RESUME] = {
		SAME(LIFE_REFUSED, CELL_OFF), SAME(LIFE_ALREADY, CELL_STARTING), SAME(LIFE_ALREADY, CELL_LOADING),
		SAME(LIFE_ALREADY, CELL_RUNNING), STEP(CELL_SUSPENDED, CELL_RESUMING), SAME(LIFE_ALREADY, CELL_RESUMING),
		SAME(LIFE_REFUSED, CELL_STOPPING), SAME(LIFE_REFUSED, CELL_FAILING), SAME(LIFE_REFUSED, CELL_RESTARTING),
		SAME(LIFE_REFUSED, CELL_STOPPED), SAME(LIFE_REFUSED, CELL_FAILED),
	},
	[LIFE_KILL] = STOP_TABLE,
};

const char *const life_op_names[LIFE_OP_COUNT] = {
	[LIFE_STATUS] = "status", [LIFE_START] = "start", [LIFE_STOP] = "stop", [LIFE_RESTART] = "restart",
	[LIFE_SUSPEND] = "suspend", [LIFE_RESUME] = "resume", [LIFE_KILL] = "kill",
};

const char *const life_shown_names[] = {
	[SHOWN_OFF] = "off", [SHOWN_LOADING] = "loading", [SHOWN_RUNNING] = "running", [SHOWN_SUSPENDED] = "suspended",
	[SHOWN_STOPPING] = "stopping", [SHOWN_STOPPED] = "stopped", [SHOWN_FAILED] = "failed",
};

const char *const life_result_names[] = {
	[LIFE_OK] = "ok", [LIFE_ALREADY] = "already", [LIFE_REFUSED] = "refused", [LIFE_ASKED] = "asked", [LIFE_DENIED] = "denied",
	[LIFE_LOST] = "lost",
};

const char *const life_reason_names[STOP_REASON_COUNT] = {
	[STOP_NONE] = "none", [STOP_SYSTEM_OFF] = "off", [STOP_SYSTEM_RESET] = "reset", [STOP_DEBUG] = "debug", [STOP_FAULT] = "fault",
	[STOP_DENIED] = "denied", [STOP_TOLD] = "told", [STOP_TIMEOUT] = "timeout", [STOP_WATCHDOG] = "watchdog",
	[STOP_HEARTBEAT] = "heartbeat", [STOP_DMA] = "dma", [STOP_STORM] = "storm", [STOP_OTHER] = "other",
};

enum life_shown life_shown(u32 state)
{
	switch (state) {
	case CELL_OFF: return SHOWN_OFF;
	case CELL_STARTING:
	case CELL_LOADING: return SHOWN_LOADING;
	case CELL_RUNNING: return SHOWN_RUNNING;
	case CELL_SUSPENDED:
	case CELL_RESUMING: return SHOWN_SUSPENDED;
	case CELL_STOPPED: return SHOWN_STOPPED;
	case CELL_FAILED: return SHOWN_FAILED;
	default: return SHOWN_STOPPING;
	}
}
