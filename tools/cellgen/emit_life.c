/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The part of machine.c that is about the life of cells: who does what when something happens, and who may ask for it. */
#include <string.h>

#include "parts.h"

typedef unsigned long long ull;

u32 control_count(const struct decision *d)
{
	u32 count = 0;

	for (u32 i = 0; i <= d->cell_count; i++) {
		count += controls_of(d, i)->count;
	}
	return count;
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

static void emit_life(const struct decision *d, const struct cell *cell, u32 first_control, struct out *out)
{
	const struct policy *p = &cell->policy;
	const struct life *life = &cell->life;

	out_printf(out, "\t{ /* %s, %s */\n", emit_path(cell->node), emit_at(d, cell->at));
	emit_actions(p, out);
	out_printf(out, "\t\t.manual = %s,\n\t\t.power_key = %u,\n", life->manual ? "true" : "false", cell_power_key(d, cell));
	out_printf(out, "\t\t.restart_count = %u,\n\t\t.restart_seconds = %u,\n", p->count, p->seconds);
	out_printf(out, "\t\t.heartbeat_first = %u,\n\t\t.heartbeat_period = %u,\n", life->first, life->period);
	out_printf(out, "\t\t.shutdown_time = %u,\n", life->shutdown_time);
	out_printf(out, "\t\t.first_control = %u,\n\t\t.control_count = %u,\n\t},\n", first_control, cell->controls.count);
}

static void emit_controls(const struct decision *d, u32 index, struct out *out)
{
	const struct controls *controls = controls_of(d, index);

	for (u32 k = 0; k < controls->count; k++) {
		const struct control *c = &controls->list[k];

		out_printf(out, index < d->cell_count ? "\t{ .controller = %u, " : "\t{ .controller = CONTROLLER_OPERATOR, ", index);
		out_printf(out, ".target = %u, .rights = 0x%x }, /* %s: %s of %s, %s */\n", c->target, c->rights, control_who(d, index),
			   control_text(c->rights), d->cells[c->target].name, emit_at(d, c->at));
	}
}

static void emit_core(const struct decision *d, u32 first_control, struct out *out)
{
	const struct hypervisor *h = &d->hyp;
	const struct device *watchdog = h->watchdog.device == DEVICE_NONE ? NULL : &d->devices[h->watchdog.device];

	out_printf(out, "/* %s, %s */\nconst struct core_config machine_core = {\n", emit_path(h->node), emit_at(d, h->node->at));
	if (h->crash.reserve != RESERVE_NONE) {
		const struct reserve *region = &d->reserves[h->crash.reserve];

		out_printf(out, "\t.crash = (u8 *)0x%llxUL, /* %s, %s */\n\t.crash_physical = 0x%llx,\n\t.crash_size = 0x%llx,\n",
			   (ull)region->phys, emit_comment(region->name), emit_at(d, region->at), (ull)region->phys, (ull)region->size);
	}
	out_printf(out, "\t.panic_resets = %s,\n", h->panic_resets ? "true" : "false");
	out_printf(out, "\t.board_rights = 0x%x, /* %s */\n", (strstr(h->board_rights, "reset") ? 1u : 0) | (strstr(h->board_rights, "off") ? 2u : 0),
		   emit_comment(h->board_rights));
	if (watchdog) {
		out_printf(out, "\t.watchdog_seconds = %u, /* %s, %s */\n", h->watchdog.seconds, emit_comment(watchdog->name),
			   emit_at(d, h->watchdog.prop->at));
		out_printf(out, "\t.watchdog_base = 0x%llx,\n\t.watchdog_refresh = 0x%llx,\n", (ull)watchdog->regs[0].base,
			   (ull)watchdog->regs[1].base);
	}
	out_printf(out, "\t.first_control = %u,\n\t.control_count = %u,\n};\n\n", first_control, h->controls.count);
}

void emit_lives(const struct decision *d, struct out *out)
{
	u32 first = 0;

	out_printf(out, "const struct life_config machine_lives[MACHINE_MAX_CELL] = {\n");
	for (u32 i = 0; i < d->cell_count; i++) {
		emit_life(d, &d->cells[i], first, out);
		first += d->cells[i].controls.count;
	}
	out_printf(out, "};\n\nconst struct control_config machine_controls[MACHINE_MAX_CONTROL] = {\n");
	for (u32 i = 0; i <= d->cell_count; i++) {
		emit_controls(d, i, out);
	}
	out_printf(out, "};\n\n");
	emit_core(d, first, out);
}
