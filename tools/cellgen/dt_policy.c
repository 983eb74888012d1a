/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What becomes of a cell that has stopped, and what is done when something else happens to it. */
#include <string.h>

#include "parts.h"

/* What a cell gets that says nothing: a guest that asks for a reset means one. */
#define RESTART_DEFAULT "on-reset"

/* Of a reset cloison,restart alone says what it leads to. */
const char *const event_props[EVENT_COUNT] = {
	[EVENT_FAULT] = "cloison,on-fault", [EVENT_WATCHDOG] = "cloison,on-watchdog", [EVENT_DMA] = "cloison,on-dma-fault",
	[EVENT_STORM] = "cloison,on-interrupt-storm", [EVENT_LIMIT] = "cloison,on-restart-limit",
};
const char *const event_words[EVENT_COUNT] = { "fault", "reset", "watchdog", "dma-fault", "interrupt-storm", "restart-limit" };
const char *const action_words[ACTION_COUNT] = { "ignore", "record", "stop", "restart", "stop-others", "reset-board" };

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
static void decide_defaults(struct policy *p, bool lifecycle)
{
	enum action failed = p->on_failure ? ACTION_RESTART : ACTION_STOP;

	p->actions[EVENT_FAULT] = failed;
	p->actions[EVENT_RESET] = p->on_reset ? ACTION_RESTART : ACTION_STOP;
	p->actions[EVENT_WATCHDOG] = lifecycle ? failed : ACTION_IGNORE;
	p->actions[EVENT_DMA] = lifecycle ? ACTION_RECORD : ACTION_IGNORE;
	p->actions[EVENT_STORM] = lifecycle ? ACTION_RECORD : ACTION_IGNORE;
	p->actions[EVENT_LIMIT] = lifecycle ? ACTION_STOP : ACTION_IGNORE;
}

/* A word that is none is a finding of check_prop.c. */
static void load_actions(const struct cell *cell, struct policy *p)
{
	for (u32 e = 0; e < EVENT_COUNT; e++) {
		const char *word = event_props[e] ? node_string(cell->node, event_props[e]) : NULL;

		p->said[e] = word ? node_prop(cell->node, event_props[e]) : NULL;
		for (u32 a = 0; word && a < ACTION_COUNT; a++) {
			if (strcmp(word, action_words[a]) == 0) {
				p->actions[e] = (enum action)a;
			}
		}
	}
}

void dt_policy(const struct decision *d, struct cell *cell, struct diag *diag)
{
	struct policy *p = &cell->policy;
	const char *restart = node_string(cell->node, "cloison,restart");
	bool always;

	p->restart = restart ? restart : is_without(d, "lifecycle") ? "never" : RESTART_DEFAULT;
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
	decide_defaults(p, !is_without(d, "lifecycle"));
	load_actions(cell, p);
}
