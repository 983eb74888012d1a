/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The same facts as certlife.c, for programs. */
#include "cellcheck.h"

static void write_rights(FILE *out, u32 rights)
{
	bool first = true;

	fputs("\"rights\": [", out);
	for (u32 i = 0; i < RIGHTS; i++)
		if (rights >> i & 1) {
			json_next(out, first, "");
			json_text(out, right_words[i]);
			first = false;
		}
	fputs("] }", out);
}

static void write_number(FILE *out, const char *name, u32 value)
{
	fprintf(out, value ? "\"%s\": %u, " : "\"%s\": null, ", name, value);
}

static void write_name(FILE *out, const char *name, const char *value)
{
	if (value)
		json_member(out, name, value);
	else
		fprintf(out, "\"%s\": null", name);
	fputs(", ", out);
}

/* Of one controller, or over one target; NONE: of any. */
static void write_controls(FILE *out, struct check *c, const char *name, const int *controller, const size_t *target)
{
	bool first = true;

	fprintf(out, "\"%s\": [", name);
	for (size_t i = 0; i < c->ask->controls.n; i++) {
		const struct ask_control *control = &c->ask->controls.v[i];

		if ((controller && control->controller != *controller) || (target && control->target != *target))
			continue;
		json_next(out, first, "{ ");
		first = false;
		if (controller)
			json_member(out, "cell", c->ask->cells.v[control->target].name);
		else
			write_name(out, "cell", control->controller == CORE ? NULL : c->ask->cells.v[control->controller].name);
		if (controller)
			fputs(", ", out);
		write_rights(out, control->rights);
	}
	fputs("]", out);
}

void json_life(FILE *out, struct check *c, size_t cell)
{
	const struct ask_life *life = &c->ask->cells.v[cell].life;
	int controller = (int)cell;

	fprintf(out, "\"life\": { \"start\": \"%s\", \"actions\": {", life->manual ? "manual" : "boot");
	for (size_t n = 0; n < EVENTS; n++) {
		json_next(out, !n, " ");
		json_member(out, event_words[n], action_words[life_action(c, cell, (enum event)n)]);
	}
	fputs(" },\n      ", out);
	write_name(out, "watchdog", vdev_name(c, cell, VDEV_SP805));
	write_name(out, "power_key", vdev_name(c, cell, VDEV_PL061));
	write_number(out, "first_heartbeat_ms", life->first_beat);
	write_number(out, "heartbeat_ms", life->period);
	write_number(out, "shutdown_ms", life->shutdown);
	fputs("\n      ", out);
	write_controls(out, c, "controlled_by", NULL, &cell);
	fputs(",\n      ", out);
	write_controls(out, c, "controls", &controller, NULL);
	fputs(" },\n    ", out);
}

static void write_watchdog(FILE *out, struct check *c)
{
	const struct ask *ask = c->ask;

	fputs("    \"watchdog\": ", out);
	if (ask->watchdog < 0) {
		fputs("null,\n", out);
		return;
	}
	fputs("{ ", out);
	json_member(out, "name", device_name(c, ask->watchdog));
	fprintf(out, ", \"control\": \"0x%llx\", \"refresh\": \"0x%llx\", \"seconds\": %u },\n", ask->watchdog_control, ask->watchdog_refresh,
		ask->watchdog_seconds);
}

void json_core(FILE *out, struct check *c)
{
	const struct ask *ask = c->ask;
	int operator = CORE;

	fprintf(out, "  \"lifecycle\": %s,\n  \"core_itself\": {\n    \"panic\": \"%s\",\n    \"board_rights\": %u,\n    \"crash_region\": ", c->lifecycle ? "true" : "false",
		ask->panic_resets ? "reset" : "halt", ask->board_rights);
	if (ask->crash < 0)
		fputs("null,\n", out);
	else {
		fputs("{ ", out);
		json_member(out, "name", ask->regions.v[ask->crash].name);
		fprintf(out, ", \"physical\": \"0x%llx\", \"size\": \"0x%llx\" },\n", c->regions[ask->crash].base, c->regions[ask->crash].size);
	}
	write_watchdog(out, c);
	fputs("    ", out);
	write_controls(out, c, "operator", &operator, NULL);
	fputs(" },\n", out);
}
