/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The life of cells in the reports: what follows what, who may do what with whom, what the core has to itself. */
#include <string.h>

#include "parts.h"

typedef unsigned long long ull;

/* ---- report.txt */

static void emit_events(const struct decision *d, struct out *out)
{
	out_printf(out, "  %-31s", "what follows:  after");
	for (u32 e = 0; e < EVENT_COUNT; e++) {
		out_printf(out, " %-15s", event_words[e]);
	}
	for (u32 i = 0; i < d->cell_count; i++) {
		out_printf(out, "\n  %-31s", d->cells[i].name);
		for (u32 e = 0; e < EVENT_COUNT; e++) {
			out_printf(out, " %-15s", action_words[d->cells[i].policy.actions[e]]);
		}
	}
	out_printf(out, "\n\n");
}

static void emit_times(const struct decision *d, const struct cell *cell, struct out *out)
{
	const struct life *life = &cell->life;
	u32 key = cell_power_key(d, cell);

	out_printf(out, "  %-31s %s; restarted %s", cell->name, life->manual ? "starts when it is told to" : "starts at boot",
		   cell->policy.restart);
	if (cell->policy.limit) {
		out_printf(out, ", at most %u times within %u seconds", cell->policy.count, cell->policy.seconds);
	}
	if (life->heartbeat) {
		out_printf(out, "; heartbeat within %u ms, then every %u ms", life->first, life->period);
	}
	if (life->shutdown) {
		out_printf(out, "; asked %u ms before it is stopped%s", life->shutdown_time,
			   key < d->vdev_count ? mem_format(", by %s", d->vdevs[key].node->name) : "");
	}
	out_printf(out, "\n");
}

/* Of a column of the matrix. */
static int width_of(const struct cell *cell)
{
	int length = (int)strlen(cell->name);

	return length < (int)CONTROL_WORDS ? (int)CONTROL_WORDS : length;
}

/* A letter for each right, in the order of control_words: what the matrix of report.txt is made of. */
static void emit_pair(const struct controls *controls, const struct cell *target, struct out *out)
{
	static const char letters[CONTROL_WORDS + 1] = "tsxrzw";
	char text[CONTROL_WORDS + 1] = "......";
	bool any = false;

	for (u32 k = 0; k < controls->count; k++) {
		for (u32 r = 0; r < CONTROL_WORDS && controls->list[k].target == target->index; r++) {
			text[r] = controls->list[k].rights & 1u << r ? letters[r] : '.';
			any = true;
		}
	}
	out_printf(out, "  %-*s", width_of(target), any ? text : "-");
}

static void emit_matrix(const struct decision *d, struct out *out)
{
	out_printf(out, "\n  %-31s", "who may do what:  with whom");
	for (u32 i = 0; i < d->cell_count; i++) {
		out_printf(out, "  %-*s", width_of(&d->cells[i]), d->cells[i].name);
	}
	for (u32 i = 0; i <= d->cell_count; i++) {
		if (controls_of(d, i)->count == 0) {
			continue;
		}
		out_printf(out, "\n  %-31s", i < d->cell_count ? d->cells[i].name : "the operator at the console");
		for (u32 k = 0; k < d->cell_count; k++) {
			emit_pair(controls_of(d, i), &d->cells[k], out);
		}
	}
	out_printf(out, "\n  t status, s start, x stop, r restart, z suspend, w resume\n");
}

static void emit_core(const struct hypervisor *h, const struct decision *d, struct out *out)
{
	out_printf(out, "\n  after a panic of the core: %s\n", h->panic_resets ? "the board is reset" : "that CPU halts");
	out_printf(out, "  the operator's rights over the board: %s\n", h->board_rights);
	if (h->max_trap) {
		out_printf(out, "  a way through the core has at most %u instructions  (%s)\n", h->max_trap, emit_at(d, h->max_trap_prop->at));
	}
	if (h->crash.reserve != RESERVE_NONE) {
		const struct reserve *region = &d->reserves[h->crash.reserve];

		out_printf(out, "  crash region: %s, 0x%llx bytes at 0x%010llx%s, of the service CPU alone, past the caches  (%s)\n", region->name, (ull)region->size,
			   (ull)region->phys, region->reg_count ? "" : ", placed by cellgen: another image may have it elsewhere",
			   emit_at(d, region->at));
	} else {
		out_printf(out, "  crash region: none; records do not survive a reset\n");
	}
	if (h->watchdog.device != DEVICE_NONE) {
		out_printf(out, "  the board's watchdog: %s, fed while the core is healthy, %u seconds  (%s)\n", d->devices[h->watchdog.device].name,
			   h->watchdog.seconds, emit_at(d, h->watchdog.prop->at));
	}
}

void emit_life_report(const struct decision *d, struct out *out)
{
	out_printf(out, "\nLIFE OF CELLS\n\n");
	emit_events(d, out);
	for (u32 i = 0; i < d->cell_count; i++) {
		emit_times(d, &d->cells[i], out);
	}
	if (control_count(d)) {
		emit_matrix(d, out);
	} else {
		out_printf(out, "\n  nobody may do anything with any cell\n");
	}
	emit_core(&d->hyp, d, out);
}

/* ---- report.json */

static void emit_json_controls(const struct decision *d, const struct controls *controls, struct out *out)
{
	out_printf(out, "\"controls\": [");
	for (u32 k = 0; k < controls->count; k++) {
		const struct control *c = &controls->list[k];
		const char *separator = "";

		out_printf(out, "%s{ \"cell\": ", k ? ", " : "");
		emit_json_string(out, d->cells[c->target].name);
		out_printf(out, ", \"rights\": [");
		for (u32 r = 0; r < CONTROL_WORDS; r++) {
			if (c->rights & 1u << r) {
				out_printf(out, "%s\"%s\"", separator, control_words[r]);
				separator = ", ";
			}
		}
		out_printf(out, "], \"from\": ");
		emit_json_string(out, emit_at(d, c->at));
		out_printf(out, " }");
	}
	out_printf(out, "]");
}

void emit_json_life(const struct decision *d, const struct cell *cell, struct out *out)
{
	const struct life *life = &cell->life;
	u32 key = cell_power_key(d, cell);

	out_printf(out, "\"start\": \"%s\", \"restart\": ", life->manual ? "manual" : "boot");
	emit_json_string(out, cell->policy.restart);
	out_printf(out, ", \"restart_count\": %u, \"restart_seconds\": %u,\n      \"actions\": {", cell->policy.count, cell->policy.seconds);
	for (u32 e = 0; e < EVENT_COUNT; e++) {
		out_printf(out, "%s\"%s\": \"%s\"", e ? ", " : " ", event_words[e], action_words[cell->policy.actions[e]]);
	}
	out_printf(out, " },\n      \"heartbeat_first\": %u, \"heartbeat_period\": %u, \"shutdown_time\": %u, \"power_key\": ", life->first,
		   life->period, life->shutdown_time);
	if (key < d->vdev_count) {
		emit_json_string(out, d->vdevs[key].node->name);
	} else {
		out_printf(out, "null");
	}
	out_printf(out, ",\n      ");
	emit_json_controls(d, &cell->controls, out);
	out_printf(out, ",\n      ");
}

static void emit_json_crash(const struct decision *d, struct out *out)
{
	const struct reserve *region;

	if (d->hyp.crash.reserve == RESERVE_NONE) {
		out_printf(out, "\"crash_region\": null");
		return;
	}
	region = &d->reserves[d->hyp.crash.reserve];
	out_printf(out, "\"crash_region\": { \"name\": ");
	emit_json_string(out, region->name);
	out_printf(out, ", \"base\": \"0x%llx\", \"size\": \"0x%llx\", \"asked\": %s, \"from\": ", (ull)region->phys, (ull)region->size,
		   region->reg_count ? "true" : "false");
	emit_json_string(out, emit_at(d, region->at));
	out_printf(out, " }");
}

void emit_json_core(const struct decision *d, struct out *out)
{
	const struct watchdog *w = &d->hyp.watchdog;

	emit_json_crash(d, out);
	if (d->hyp.max_trap) {
		out_printf(out, ", \"max_trap_instructions\": %u", d->hyp.max_trap);
	}
	out_printf(out, ", \"panic\": \"%s\", \"board_rights\": \"%s\", \"watchdog\": ", d->hyp.panic_resets ? "reset" : "halt", d->hyp.board_rights);
	if (w->device != DEVICE_NONE) {
		out_printf(out, "{ \"name\": ");
		emit_json_string(out, d->devices[w->device].name);
		out_printf(out, ", \"seconds\": %u, \"from\": ", w->seconds);
		emit_json_string(out, emit_at(d, w->prop->at));
		out_printf(out, " }");
	} else {
		out_printf(out, "null");
	}
	out_printf(out, ",\n    ");
	emit_json_controls(d, &d->hyp.controls, out);
}
