/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The part of machine.c that is about the life of cells: who does what when something happens, and who may ask for it. */
#include "parts.h"

u32 control_count(const struct decision *d)
{
	(void)d;
	return 0;
}

static void emit_actions(const struct policy *p, struct out *out)
{
	static const char *const events[EVENT_COUNT] = { "FAULT", "RESET", "WATCHDOG", "DMA", "STORM", "LIMIT" };
	static const char *const actions[ACTION_COUNT] = { "IGNORE", "RECORD", "STOP", "RESTART", "STOP_OTHERS", "RESET_BOARD" };

	out_printf(out, "\t\t.actions = {\n");
	for (u32 e = 0; e < EVENT_COUNT; e++) {
		out_printf(out, "\t\t\t[EVENT_%s] = ACTION_%s,\n", events[e], actions[p->actions[e]]);
	}
	out_printf(out, "\t\t},\n");
}

static void emit_life(const struct decision *d, const struct cell *cell, struct out *out)
{
	const struct policy *p = &cell->policy;

	out_printf(out, "\t{ /* %s, %s */\n", emit_path(cell->node), emit_at(d, cell->at));
	emit_actions(p, out);
	out_printf(out, "\t\t.power_key = %u,\n", cell_power_key(d, cell));
	out_printf(out, "\t\t.restart_count = %u,\n\t\t.restart_seconds = %u,\n\t},\n", p->count, p->seconds);
}

void emit_lives(const struct decision *d, struct out *out)
{
	out_printf(out, "const struct life_config machine_lives[MACHINE_MAX_CELL] = {\n");
	for (u32 i = 0; i < d->cell_count; i++) {
		emit_life(d, &d->cells[i], out);
	}
	out_printf(out, "};\n\nconst struct control_config machine_controls[MACHINE_MAX_CONTROL] = {\n};\n\n"
		   "const struct core_config machine_core = {\n\t.crash = 0,\n};\n\n");
}
