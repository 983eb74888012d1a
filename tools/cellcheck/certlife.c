/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The certificate's part about lives: what happens to a cell and what that leads to, who may do what with it; and what is the core's own. */
#include "cellcheck.h"

#define COLUMN "    %-15s  "

/* By bits of life_restart(). */
const char *restart_word(const struct check *c, size_t cell)
{
	return restart_words[life_restart(c, cell) & 3];
}

static const struct ask_vdev *vdev_of(const struct ask_cell *ask, enum vdev_kind kind)
{
	for (size_t i = 0; i < ask->vdevs.n; i++)
		if (ask->vdevs.v[i].kind == kind)
			return &ask->vdevs.v[i];
	return NULL;
}

const char *vdev_name(const struct check *c, size_t cell, enum vdev_kind kind)
{
	const struct ask_vdev *v = vdev_of(&c->ask->cells.v[cell], kind);

	return v ? v->name : NULL;
}

static void write_event(FILE *out, struct check *c, size_t cell, enum event event)
{
	const struct ask_life *life = &c->ask->cells.v[cell].life;
	const char *dog = vdev_name(c, cell, VDEV_SP805);

	if ((event == EVENT_WATCHDOG && !dog && !life->period) || (event == EVENT_LIMIT && !life->restarts)) {
		fprintf(out, COLUMN "none\n", event_words[event]);
		return;
	}
	fprintf(out, COLUMN "%s", event_words[event], action_words[life_action(c, cell, event)]);
	if (event == EVENT_WATCHDOG && dog)
		fprintf(out, ", by %s", dog);
	if (event == EVENT_WATCHDOG && life->period)
		fprintf(out, ", by a heartbeat: the first within %u ms, then each within %u ms", life->first_beat, life->period);
	if (event == EVENT_LIMIT)
		fprintf(out, ", at more than %u restarts within %u seconds", life->restarts, life->seconds);
	fputs("\n", out);
}

/* Who may do something with it, and with whom it may. */
static void write_rights(FILE *out, struct check *c, size_t cell)
{
	bool any = false;

	for (size_t i = 0; i < c->ask->controls.n; i++) {
		const struct ask_control *control = &c->ask->controls.v[i];

		if (control->target != cell)
			continue;
		fprintf(out, COLUMN "%s may do with it: %s\n", any ? "" : "controlled by", control->controller == CORE ? "the operator" :
			party_name(c, control->controller), rights_words(c, control->rights));
		any = true;
	}
	if (!any)
		fprintf(out, COLUMN "nobody\n", "controlled by");
	for (size_t i = 0; i < c->ask->controls.n; i++)
		if (c->ask->controls.v[i].controller == (int)cell)
			fprintf(out, COLUMN "cell '%s': %s\n", "it controls", c->ask->cells.v[c->ask->controls.v[i].target].name,
				rights_words(c, c->ask->controls.v[i].rights));
}

/* What all others suffer by this cell's events, whoever has rights over whom. */
static void write_others(FILE *out, struct check *c, size_t cell, u32 action, const char *what)
{
	const char *events = NULL;

	for (size_t n = 0; n < EVENTS; n++)
		if (life_action(c, cell, (enum event)n) == action)
			events = arena_text(&c->arena, "%s%s%s", events ? events : "", events ? ", " : "", event_words[n]);
	if (events)
		fprintf(out, COLUMN "%s (%s)\n", "by its doing", what, events);
}

void cert_life(FILE *out, struct check *c, size_t cell)
{
	const struct ask_life *life = &c->ask->cells.v[cell].life;
	const char *key = vdev_name(c, cell, VDEV_PL061);

	fprintf(out, "  life: restart %s%s\n", restart_word(c, cell), c->lifecycle ? "" : "; the core does nothing else, by how it is built");
	fprintf(out, COLUMN "%s\n", "starts", life->manual ? "when somebody starts it" : "at boot");
	for (size_t n = 0; n < EVENTS; n++)
		write_event(out, c, cell, (enum event)n);
	if (life->shutdown)
		fprintf(out, COLUMN "it is asked first%s%s, and stopped after %u ms\n", "stop, restart", key ? ", by its power key " : "", key ? key : "",
			life->shutdown);
	write_rights(out, c, cell);
	write_others(out, c, cell, ACTION_STOP_OTHERS, "all other cells can be stopped");
	write_others(out, c, cell, ACTION_RESET_BOARD, "the board can be reset");
}

/* Whom no IOMMU holds. */
static bool any_loose(const struct ask *ask)
{
	for (size_t i = 0; i < ask->cells.n; i++)
		if (ask->cells.v[i].loose.n)
			return true;
	return false;
}

/* That nobody else reaches these is reach.c's business: else there is no certificate. */
void cert_core(FILE *out, struct check *c)
{
	const struct ask *ask = c->ask;
	size_t first, count = controls_of(ask, CORE, &first);
	static const char *const board[] = { "neither reset the board nor switch it off", "reset the board", "switch the board off", "reset the board and switch it off" };

	fprintf(out, "\nTHE CORE ITSELF\n\n  after a panic %s\n", ask->panic_resets ? "the board is reset" : "the CPU halts");
	fprintf(out, "  the operator may %s\n", board[ask->board_rights]);
	for (size_t i = 0; i < c->own.n; i++)
		fprintf(out, "  0x%010llx  %9llu KiB  %s: reached by the core on CPU %d, by no other CPU, no cell, no device of a cell%s\n",
			c->own.v[i].span.base, c->own.v[i].span.size / KIB, c->own.v[i].what, ask->service,
			any_loose(ask) ? " but those past an IOMMU" : "");
	if (ask->watchdog >= 0)
		fprintf(out, "  the board's watchdog resets the board after %u seconds\n", ask->watchdog_seconds);
	for (size_t i = first; i < first + count; i++)
		fprintf(out, "  the operator may do with cell '%s': %s\n", ask->cells.v[ask->controls.v[i].target].name,
			rights_words(c, ask->controls.v[i].rights));
	if (!count)
		fputs("  the operator may do nothing with cells\n", out);
}
