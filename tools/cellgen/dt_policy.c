/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What becomes of a cell that has stopped. */
#include <string.h>

#include "parts.h"

/* What a cell gets that says nothing. */
#define RESTART_DEFAULT "never"

void dt_policy(struct cell *cell, struct diag *diag)
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
}
