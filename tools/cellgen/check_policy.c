/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A cell that is to be loaded again: by a core that can, and within a limit that means something. */
#include "check.h"

/* A day: further apart than that, restarts have nothing to do with each other. */
#define SECONDS_MAX 86400u

static void check_limit(const struct cell *cell, struct diag *diag)
{
	const struct policy *p = &cell->policy;

	if (!p->limit) {
		return;
	}
	if (!p->on_reset && !p->on_failure) {
		diag_error(diag, "policy-limit-unused", p->limit->at, "cloison,restart-limit limits nothing, as '%s' is never restarted; "
			   "take it out, or write cloison,restart = \"on-failure\"", cell->name);
	}
	if (p->count < 1 || p->count > POLICY_COUNT_MAX) {
		diag_error(diag, "policy-limit-range", p->limit->at, "cloison,restart-limit of '%s' allows %u restarts; it can be 1 to %u: "
			   "take it out to have no limit, or write cloison,restart = \"never\"", cell->name, p->count, POLICY_COUNT_MAX);
	}
	if (p->seconds < 1 || p->seconds > SECONDS_MAX) {
		diag_error(diag, "policy-limit-range", p->limit->at, "cloison,restart-limit of '%s' is about %u seconds; it can be 1 to "
			   "%u", cell->name, p->seconds, SECONDS_MAX);
	}
}

void check_policies(const struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->cell_count; i++) {
		const struct cell *cell = &d->cells[i];

		check_limit(cell, diag);
		if ((cell->policy.on_reset || cell->policy.on_failure) && is_without(d, "lifecycle")) {
			diag_error(diag, "policy-not-built", prop_at(cell->node, "cloison,restart"), "'%s' is to be restarted, but this core "
				   "is built without that; set CONFIG_LIFECYCLE (make LIFECYCLE=y), or take cloison,restart out", cell->name);
		}
	}
}
