/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What becomes of each cell, and who may do what with it: machine_lives and machine_controls against the partition, in its
 * words. docs/image-format.md "Lives of cells".
 */
#include <string.h>

#include "cellcheck.h"

#define LIFE_SIZE 32
#define CONTROL_SIZE 6
#define RESTARTS_MAX 32

/* ---- what is meant */

static bool said(const struct ask *ask)
{
	for (size_t i = 0; i < ask->cells.n; i++) {
		const struct ask_life *life = &ask->cells.v[i].life;

		for (size_t n = 0; n < EVENTS; n++)
			if (life->action[n] != ACTIONS)
				return true;
		if ((life->restart && life->restart != RESTART_SILENT) || life->manual || life->period || life->shutdown)
			return true;
	}
	return ask->controls.n || ask->crash >= 0 || ask->watchdog >= 0;
}

/*
 * Is the core built to act on what happens to cells (CONFIG_LIFECYCLE)? If not, the image says so: whatever nobody looks for
 * leads to nothing. A partition that asks for anything of that is never built so.
 */
void life_find(struct check *c)
{
	const struct symbol *s = image_symbol(c->img, "machine_lives");
	const u8 *p = s ? image_at(c->img, s->value, c->ask->cells.n * LIFE_SIZE) : NULL;

	c->lifecycle = p && said(c->ask);
	for (size_t i = 0; p && i < c->ask->cells.n; i++)
		for (size_t n = EVENT_WATCHDOG; n < EVENTS; n++)
			c->lifecycle |= p[i * LIFE_SIZE + n] != ACTION_IGNORE;
}

u32 life_restart(const struct check *c, size_t cell)
{
	u32 restart = c->ask->cells.v[cell].life.restart;

	return restart != RESTART_SILENT ? restart : c->lifecycle; /* bit 0 */
}

u32 life_action(const struct check *c, size_t cell, enum event event)
{
	u32 written = c->ask->cells.v[cell].life.action[event], restart = life_restart(c, cell);

	if (written != ACTIONS)
		return written;
	if (event == EVENT_RESET)
		return restart & 1 ? ACTION_RESTART : ACTION_STOP;
	if (event == EVENT_FAULT)
		return restart & 2 ? ACTION_RESTART : ACTION_STOP;
	if (!c->lifecycle)
		return ACTION_IGNORE;
	if (event == EVENT_WATCHDOG)
		return restart & 2 ? ACTION_RESTART : ACTION_STOP;
	return event == EVENT_LIMIT ? ACTION_STOP : ACTION_RECORD;
}

bool life_again(const struct check *c, size_t cell)
{
	for (size_t n = 0; n < EVENTS; n++)
		if (life_action(c, cell, (enum event)n) == ACTION_RESTART)
			return true;
	for (size_t i = 0; i < c->ask->controls.n; i++)
		if (c->ask->controls.v[i].target == cell && c->ask->controls.v[i].rights & (1u << RIGHT_START | 1u << RIGHT_RESTART))
			return true;
	return false;
}

size_t power_key(const struct check *c, size_t cell)
{
	size_t first = 0;

	for (size_t i = 0; i < cell; i++)
		first += c->ask->cells.v[i].vdevs.n;
	for (size_t i = 0; i < c->ask->cells.v[cell].vdevs.n; i++)
		if (c->ask->cells.v[cell].vdevs.v[i].kind == VDEV_PL061)
			return first + i;
	return c->ask->vdevs;
}

/* "status, stop", "nothing". */
char *rights_words(struct check *c, u32 rights)
{
	char *text = NULL;

	for (u32 i = 0; i < RIGHTS; i++)
		if (rights >> i & 1)
			text = arena_text(&c->arena, "%s%s%s", text ? text : "", text ? ", " : "", right_words[i]);
	return text ? text : arena_text(&c->arena, "nothing");
}

/* ---- lives */

static const char *action_text(struct check *c, u64 action)
{
	return action < ACTIONS ? action_words[action] : arena_text(&c->arena, "0x%llx, which is no action", action);
}

static void check_actions(struct check *c, struct object o, size_t cell)
{
	for (size_t n = 0; n < EVENTS; n++) {
		u64 found = object_field(o, LIFE_SIZE, cell, n, 1), wanted = life_action(c, cell, (enum event)n);

		if (found != wanted)
			finding(c, "life", "cell '%s': %s leads to %s; by the partition it leads to %s", c->ask->cells.v[cell].name, event_words[n],
				action_text(c, found), action_text(c, wanted));
	}
}

static void check_limit(struct check *c, struct object o, size_t cell)
{
	const struct ask_life *life = &c->ask->cells.v[cell].life;
	u64 count = object_field(o, LIFE_SIZE, cell, 10, 2), seconds = object_field(o, LIFE_SIZE, cell, 12, 4);
	const char *name = c->ask->cells.v[cell].name;

	if (!count && life->restarts)
		finding(c, "life", "cell '%s' is restarted without limit; by the partition at most %u times within %u seconds", name,
			life->restarts, life->seconds);
	else if (count != life->restarts || seconds != life->seconds)
		finding(c, "life", "cell '%s' is restarted at most %llu times within %llu seconds; by the partition %s", name, count, seconds,
			!life->restarts ? "without limit" : arena_text(&c->arena, "%u times within %u seconds", life->restarts, life->seconds));
	if (life->restarts > RESTARTS_MAX)
		finding(c, "life", "cell '%s': nobody keeps count of %u restarts", name, life->restarts);
}

static void check_life(struct check *c, struct object o, size_t cell)
{
	const struct ask_life *life = &c->ask->cells.v[cell].life;
	const char *name = c->ask->cells.v[cell].name;
	char *who = arena_text(&c->arena, "machine_lives[%zu] ('%s')", cell, name);
	u64 manual = object_field(o, LIFE_SIZE, cell, 6, 1), key = object_field(o, LIFE_SIZE, cell, 8, 2);
	size_t first, count = controls_of(c->ask, (int)cell, &first);
	const struct { const char *name; size_t offset; int bytes; u64 value; } all[] = {
		{ "first heartbeat", 16, 4, life->first_beat }, { "period of the heartbeat", 20, 4, life->period },
		{ "shutdown time", 24, 4, life->shutdown }, { "first control", 28, 2, first }, { "controls", 30, 2, count },
	};

	check_actions(c, o, cell);
	check_limit(c, o, cell);
	if (manual != life->manual)
		finding(c, "life", "cell '%s' %s; by the partition %s", name, manual == 1 ? "waits until somebody starts it" : manual ?
			"has no start that there is" : "is started at boot", life->manual ? "it waits until somebody starts it" : "it is started at boot");
	if (key != power_key(c, cell))
		finding(c, "life", "cell '%s': its power key is device %llu of machine_vdevs, not %zu (of %zu)", name, key, power_key(c, cell),
			c->ask->vdevs);
	for (size_t n = 0; n < sizeof all / sizeof all[0]; n++)
		expect(c, "life", who, all[n].name, object_field(o, LIFE_SIZE, cell, all[n].offset, all[n].bytes), all[n].value);
	expect_zero(c, o, who, cell * LIFE_SIZE + 7, cell * LIFE_SIZE + 8);
}

/* ---- rights */

static const char *controller_text(struct check *c, u64 controller)
{
	if (controller == NONE)
		return "the operator";
	return controller < c->ask->cells.n ? party_name(c, (int)controller) : arena_text(&c->arena, "cell %llu, which there is not", controller);
}

static void check_control(struct check *c, struct object o, size_t i)
{
	const struct ask_control *control = &c->ask->controls.v[i];
	u64 controller = object_field(o, CONTROL_SIZE, i, 0, 2), target = object_field(o, CONTROL_SIZE, i, 2, 2);
	u64 rights = object_field(o, CONTROL_SIZE, i, 4, 2), wanted = (u64)control->controller & NONE;
	const char *who = controller_text(c, wanted), *whom = c->ask->cells.v[control->target].name;

	if (controller != wanted)
		finding(c, "control", "machine_controls[%zu]: %s controls, not %s", i, controller_text(c, controller), who);
	if (target != control->target)
		finding(c, "control", "machine_controls[%zu]: %s controls %s, not cell '%s'", i, who, controller_text(c, target), whom);
	for (u32 n = 0; n < RIGHTS; n++)
		if ((rights ^ control->rights) >> n & 1)
			finding(c, "control", rights >> n & 1 ? "%s has the right '%s' over cell '%s', which the partition does not give" :
				"%s lacks the right '%s' over cell '%s', which the partition gives", who, right_words[n], whom);
	if (rights >> RIGHTS)
		finding(c, "control", "rights of %s over cell '%s' are 0x%llx, more than there are", who, whom, rights);
}

/* What only a CPU that no guest can keep busy does. */
static void check_service(struct check *c)
{
	if (c->ask->service >= 0)
		return;
	for (size_t i = 0; i < c->ask->cells.n; i++) {
		const struct ask_life *life = &c->ask->cells.v[i].life;

		if (life->period || life->shutdown)
			finding(c, "life", "cell '%s' has a heartbeat or is asked to shut down, and there is no service CPU to do that",
				c->ask->cells.v[i].name);
		for (size_t n = EVENT_WATCHDOG; n < EVENT_LIMIT; n++)
			if (life->action[n] != ACTIONS && life->action[n] > ACTION_RECORD)
				finding(c, "life", "cell '%s': %s leads to %s, and there is no service CPU to do that", c->ask->cells.v[i].name, event_words[n],
					action_words[life->action[n]]);
	}
	if (c->ask->controls.n)
		finding(c, "control", "there are rights over cells, and no service CPU to carry out what is asked");
}

void check_lives(struct check *c)
{
	struct object lives = array_get(c, "machine_lives", c->ask->cells.n, LIFE_SIZE);
	struct object controls = array_get(c, "machine_controls", c->ask->controls.n, CONTROL_SIZE);

	for (size_t i = 0; lives.p && i < c->ask->cells.n; i++)
		check_life(c, lives, i);
	for (size_t i = 0; controls.p && i < c->ask->controls.n; i++)
		check_control(c, controls, i);
	check_service(c);
}
