/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What becomes of a cell that has stopped. */
#include <string.h>

#include "parts.h"

/* What a cell gets that says nothing. Of machine_lives it is "on-reset" already. */
#define RESTART_DEFAULT "never"

bool is_without(const struct decision *d, const char *what)
{
	for (u32 i = 0; i < d->without_count; i++) {
		if (strcmp(d->without[i], what) == 0) {
			return true;
		}
	}
	return false;
}

/* A core without lifecycle looks at none of the others. */
static void decide_actions(struct policy *p, bool lifecycle, bool on_reset)
{
	enum action failed = p->on_failure ? ACTION_RESTART : ACTION_STOP;

	p->actions[EVENT_FAULT] = failed;
	p->actions[EVENT_RESET] = on_reset ? ACTION_RESTART : ACTION_STOP;
	p->actions[EVENT_WATCHDOG] = lifecycle ? failed : ACTION_IGNORE;
	p->actions[EVENT_DMA] = lifecycle ? ACTION_RECORD : ACTION_IGNORE;
	p->actions[EVENT_STORM] = lifecycle ? ACTION_RECORD : ACTION_IGNORE;
	p->actions[EVENT_LIMIT] = lifecycle ? ACTION_STOP : ACTION_IGNORE;
}

void dt_policy(const struct decision *d, struct cell *cell, struct diag *diag)
{
	struct policy *p = &cell->policy;
	const char *restart = node_string(cell->node, "cloison,restart");
	bool always;

	p->restart = restart ? restart : RESTART_DEFAULT;
	always = strcmp(p->restart, "always") == 0;
	p->on_reset = always || strcmp(p->restart, "on-reset") == 0;
	p->on_failure = always || strcmp(p->restart, "on-failure") == 0;
	p->limit = node_prop(cell->node, "cloison,restart-limit");
	if (p->limit && p->limit->size != 8) {
		diag_error(diag, "bad-property", p->limit->at, "cloison,restart-limit of '%s' is two numbers, such as <3 60>: so many "
			   "restarts within so many seconds", cell->name);
		p->limit = NULL;
	} else if (p->limit) {
		p->count = prop_cell(p->limit, 0);
		p->seconds = prop_cell(p->limit, 1);
	}
	decide_actions(p, !is_without(d, "lifecycle"), p->on_reset || (!restart && !is_without(d, "lifecycle")));
}
