/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The life of cells: somebody starts them, times are such that the core can keep, and what needs the service CPU has one. */
#include <string.h>

#include "check.h"

/* The core looks once in a millisecond; a day is as good as never. */
#define TIME_MIN 10u
#define TIME_MAX 86400000u

/* ---- what it takes */

static void check_needs(const struct decision *d, const char *what, struct pos at, bool service, struct diag *diag)
{
	if (is_without(d, "lifecycle")) {
		diag_error(diag, "lifecycle-not-built", at, "%s needs the life of cells, and this core is built without; set CONFIG_LIFECYCLE "
			   "(make LIFECYCLE=y), or take it out", what);
	} else if (service && d->service_cpu == CPU_NONE) {
		diag_error(diag, "needs-service-cpu", at, "%s needs a service CPU, which carries it out; add cpus = <&...> to '%s' (%s), or take it "
			   "out", what, d->hyp.node->name, diag_at(d->hyp.node->at));
	}
}

static void check_prop(const struct decision *d, const struct node *node, const char *name, bool service, struct diag *diag)
{
	const struct prop *prop = node_prop(node, name);

	if (prop) {
		check_needs(d, mem_format("%s of '%s'", name, node->name), prop->at, service, diag);
	}
}

/* What the cell's own CPU does at once, without anybody's help. */
static bool is_own(const struct policy *p, u32 e)
{
	return (e == EVENT_FAULT && (p->actions[e] == ACTION_STOP || p->actions[e] == ACTION_RESTART)) ||
	       (e == EVENT_LIMIT && p->actions[e] == ACTION_STOP);
}

static void check_debug(const struct decision *d, const struct cell *cell, struct diag *diag)
{
	if (cell->gdb && is_without(d, "gdb")) {
		diag_error(diag, "gdb-not-built", prop_at(cell->node, "cloison,debug"), "'%s' is for a debugger, but the core is built without that "
			   "(GDB=n, or LINE=n, or LIFECYCLE=n); build with it, or take cloison,debug out", cell->name);
	} else if (cell->gdb) {
		check_prop(d, cell->node, "cloison,debug", true, diag);
	}
}

static void check_cell(const struct decision *d, const struct cell *cell, struct diag *diag)
{
	const struct policy *p = &cell->policy;

	check_debug(d, cell, diag);
	if (p->on_reset || p->on_failure) {
		check_prop(d, cell->node, "cloison,restart", false, diag);
	}
	if (cell->life.manual) {
		check_prop(d, cell->node, "cloison,start", true, diag);
	}
	check_prop(d, cell->node, "cloison,controls", true, diag);
	check_prop(d, cell->node, "cloison,heartbeat", true, diag);
	check_prop(d, cell->node, "cloison,shutdown-time", true, diag);
	for (u32 e = 0; e < EVENT_COUNT; e++) {
		if (p->said[e]) {
			check_prop(d, cell->node, event_props[e], !is_own(p, e), diag);
		}
	}
	/* That it needs a service CPU is check_vdev.c's */
	for (u32 i = cell->first_vdev; i < cell->first_vdev + cell->vdev_count; i++) {
		if (d->vdevs[i].type && d->vdevs[i].type->life) {
			check_needs(d, mem_format("%s of '%s'", d->vdevs[i].node->name, cell->name), d->vdevs[i].node->at, false, diag);
		}
	}
}

/* ---- times */

static void check_time(const struct cell *cell, const struct prop *prop, u32 value, const char *what, struct diag *diag)
{
	if (value < TIME_MIN || value > TIME_MAX) {
		diag_error(diag, "life-time-range", prop->at, "%s of '%s' is %u milliseconds%s; it can be %u to %u", prop->name, cell->name, value,
			   what, TIME_MIN, TIME_MAX);
	}
}

static void check_times(const struct cell *cell, struct diag *diag)
{
	const struct life *life = &cell->life;

	if (life->heartbeat) {
		check_time(cell, life->heartbeat, life->first, " until the first", diag);
		check_time(cell, life->heartbeat, life->period, " from one to the next", diag);
	}
	if (life->shutdown) {
		check_time(cell, life->shutdown, life->shutdown_time, "", diag);
	}
}

/* ---- who starts it */

/* Cells that run, may start others, which then run. */
static void spread(const struct decision *d, bool *runs)
{
	for (u32 round = 0; round < d->cell_count; round++) {
		for (u32 i = 0; i <= d->cell_count; i++) {
			const struct controls *controls = controls_of(d, i);

			for (u32 k = 0; (i == d->cell_count || runs[i]) && k < controls->count; k++) {
				if (controls->list[k].target != CELL_NONE && (controls->list[k].rights & STARTS)) {
					runs[controls->list[k].target] = true;
				}
			}
		}
	}
}

static void check_started(const struct decision *d, struct diag *diag)
{
	bool *runs = mem_alloc(d->cell_count * sizeof(*runs) + 1);

	for (u32 i = 0; i < d->cell_count; i++) {
		runs[i] = !d->cells[i].life.manual;
	}
	spread(d, runs);
	for (u32 i = 0; i < d->cell_count; i++) {
		if (!runs[i]) {
			diag_error(diag, "never-started", prop_at(d->cells[i].node, "cloison,start"), "'%s' waits to be started, and nobody that runs "
				   "may do that; name it in cloison,controls of another cell or of '%s' (%s), or take cloison,start out",
				   d->cells[i].name, d->hyp.node->name, diag_at(d->hyp.node->at));
		}
	}
}

/* ---- what happens to a cell that is loaded again */

static void add_reason(struct again **list, u32 *count, const char *why, const char *advice, struct pos at)
{
	*(struct again *)mem_push(list, count, sizeof(**list)) = (struct again){ why, advice, at };
}

static void add_actions(const struct cell *cell, struct again **list, u32 *count)
{
	const struct policy *p = &cell->policy;
	bool written = node_prop(cell->node, "cloison,restart") != NULL;

	if (p->on_reset || p->on_failure) {
		add_reason(list, count, written ? mem_format("'%s' is to be restarted", cell->name) :
			   mem_format("'%s' is restarted when it asks for a reset, as it does not say otherwise", cell->name),
			   "write cloison,restart = \"never\"", prop_at(cell->node, "cloison,restart"));
	}
	for (u32 e = 0; e < EVENT_COUNT; e++) {
		if (p->said[e] && p->actions[e] == ACTION_RESTART) {
			add_reason(list, count, mem_format("'%s' is to be restarted", cell->name), "write \"stop\"", p->said[e]->at);
		}
	}
}

u32 again_reasons(const struct decision *d, const struct cell *cell, struct again **list)
{
	u32 count = 0;

	add_actions(cell, list, &count);
	for (u32 i = 0; i <= d->cell_count; i++) {
		const struct controls *controls = controls_of(d, i);

		for (u32 k = 0; k < controls->count; k++) {
			if (controls->list[k].target == cell->index && (controls->list[k].rights & STARTS)) {
				add_reason(list, &count, mem_format("%s may start '%s' again", control_who(d, i), cell->name),
					   "give no right to start or restart it", controls->list[k].at);
			}
		}
	}
	return count;
}

void check_lives(const struct decision *d, struct diag *diag)
{
	check_prop(d, d->hyp.node, "cloison,controls", true, diag);
	check_prop(d, d->hyp.node, "cloison,board-rights", true, diag);
	check_prop(d, d->hyp.node, "cloison,crash-region", true, diag);
	check_prop(d, d->hyp.node, "cloison,watchdog", true, diag);
	for (u32 i = 0; i < d->cell_count; i++) {
		check_cell(d, &d->cells[i], diag);
		check_times(&d->cells[i], diag);
	}
	check_started(d, diag);
}
