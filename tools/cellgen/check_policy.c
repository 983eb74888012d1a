/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What is done when something happens to a cell: words that mean something for the event, and a limit that limits something. */
#include <string.h>

#include "check.h"

/* A day: further apart than that, restarts have nothing to do with each other. */
#define SECONDS_MAX 86400u

bool policy_restarts(const struct policy *p)
{
	for (u32 e = 0; e < EVENT_COUNT; e++) {
		if (p->actions[e] == ACTION_RESTART) {
			return true;
		}
	}
	return false;
}

static void check_limit(const struct cell *cell, struct diag *diag)
{
	const struct policy *p = &cell->policy;

	if (!p->limit) {
		return;
	}
	if (!policy_restarts(p)) {
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

/* Why this cannot be the answer to that; NULL: it can. */
static const char *why_not(const struct decision *d, const struct cell *cell, enum event e, enum action a)
{
	bool written = node_prop(cell->node, "cloison,restart") != NULL;

	if (e == EVENT_FAULT && a < ACTION_STOP) {
		return "a cell cannot go on behind its fault; write \"stop\", or what else is to be done";
	}
	if (e == EVENT_LIMIT && (a < ACTION_STOP || a == ACTION_RESTART)) {
		return "a cell that was restarted too often stays failed; write \"stop\", or what else is to be done";
	}
	if (a == ACTION_RESTART && written && strcmp(cell->policy.restart, "never") == 0) {
		return mem_format("cloison,restart (%s) says \"never\"; write another word at one of them",
				  diag_at(prop_at(cell->node, "cloison,restart")));
	}
	if (a == ACTION_STOP_OTHERS && d->cell_count < 2) {
		return "there are no others; write \"stop\"";
	}
	return NULL;
}

static bool watched(const struct decision *d, const struct cell *cell)
{
	for (u32 i = cell->first_vdev; i < cell->first_vdev + cell->vdev_count; i++) {
		if (d->vdevs[i].type && d->vdevs[i].type->watchdog) {
			return true;
		}
	}
	return cell->life.heartbeat != NULL;
}

static bool limited(const struct decision *d, const struct cell *cell)
{
	for (u32 i = 0; i < d->virtual_count; i++) {
		if (d->virtual_lines[i].cell == cell->index && d->virtual_lines[i].limit) {
			return true;
		}
	}
	return false;
}

/* Why that never happens to this cell; NULL: it may. */
static const char *why_never(const struct decision *d, const struct cell *cell, enum event e)
{
	if (e == EVENT_WATCHDOG && !watched(d, cell)) {
		return "it has neither a watchdog nor cloison,heartbeat";
	}
	if (e == EVENT_DMA && !cell_has_streams(d, cell->index)) {
		return "it has no device behind an IOMMU";
	}
	if (e == EVENT_STORM && !limited(d, cell)) {
		return "none of its interrupts has a limit (cloison,interrupt-limit)";
	}
	return e == EVENT_LIMIT && !cell->policy.limit ? "it has no cloison,restart-limit" : NULL;
}

/* Something is written where that word was meant: of it there is a finding already, and what follows from it is none. */
static bool misspelt(const struct decision *d, const struct cell *cell, const char *word)
{
	for (u32 i = 0; i < cell->node->prop_count; i++) {
		struct nearest nearest = { .word = cell->node->props[i].name };

		nearest_offer(&nearest, word);
		if (nearest.best && !prop_is_known(d, cell->node, &cell->node->props[i])) {
			return true;
		}
	}
	return false;
}

static void check_event(const struct decision *d, const struct cell *cell, enum event e, struct diag *diag)
{
	const struct policy *p = &cell->policy;
	const struct prop *prop = p->said[e];
	const char *unfit = why_not(d, cell, e, p->actions[e]), *never = why_never(d, cell, e);

	if (unfit) {
		diag_error(diag, "event-action", prop->at, "%s of '%s' cannot be \"%s\": %s", prop->name, cell->name,
			   action_words[p->actions[e]], unfit);
	}
	if (never && !(e == EVENT_WATCHDOG && misspelt(d, cell, "cloison,heartbeat")) &&
	    !(e == EVENT_LIMIT && misspelt(d, cell, "cloison,restart-limit"))) {
		diag_error(diag, "event-never", prop->at, "%s of '%s' answers what never happens: %s; take it out, or add that", prop->name,
			   cell->name, never);
	}
	if ((e == EVENT_FAULT || e == EVENT_WATCHDOG) && p->on_failure) {
		diag_error(diag, "event-said-twice", prop->at, "%s of '%s' and cloison,restart = \"%s\" (%s) both say what becomes of it after "
			   "a failure; write cloison,restart = \"%s\", or take %s out", prop->name, cell->name, p->restart,
			   diag_at(prop_at(cell->node, "cloison,restart")), p->on_reset ? "on-reset" : "never", prop->name);
	}
}

void check_policies(const struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->cell_count; i++) {
		check_limit(&d->cells[i], diag);
		for (u32 e = 0; e < EVENT_COUNT; e++) {
			if (d->cells[i].policy.said[e]) {
				check_event(d, &d->cells[i], (enum event)e, diag);
			}
		}
	}
}
