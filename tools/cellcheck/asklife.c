/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What becomes of a cell, who may do what with it, and what the core keeps for itself: docs/partition.md, read once more.
 * What is not written is decided by life_action(), as a default depends on how the core is built.
 */
#include <string.h>

#include "cellcheck.h"

/* Numbered as machine_lives has them. */
const char *const event_words[EVENTS] = { "fault", "reset", "watchdog", "dma-fault", "interrupt-storm", "restart-limit" };
const char *const action_words[ACTIONS] = { "ignore", "record", "stop", "restart", "stop-others", "reset-board" };
const char *const right_words[RIGHTS] = { "status", "start", "stop", "restart", "suspend", "resume" };
const char *const restart_words[4] = { "never", "on-reset", "on-failure", "always" };

static u32 word_among(const char *word, size_t length, const char *const *words, u32 count)
{
	u32 n = 0;

	while (n < count && (strlen(words[n]) != length || memcmp(words[n], word, length)))
		n++;
	return n;
}

static u32 word_of(const struct tree *t, int node, const char *property, const char *const *words, u32 count)
{
	const char *word = tree_text(t, node, property);
	u32 n = word ? word_among(word, strlen(word), words, count) : count;

	if (word && n == count)
		unreadable("%s: %s is \"%s\"", t->nodes.v[node].name, property, word);
	return n;
}

/* The property's nth number; 0: it has fewer. */
static u32 number_at(const struct tree *t, int node, const char *property, int nth)
{
	int length;
	const u8 *p = tree_prop(t, node, property, &length);

	return p && length >= 4 * (nth + 1) ? (u32)get_be(p + 4 * nth, 4) : 0;
}

void life_read(const struct tree *t, struct ask_life *life, int node)
{
	static const char *const properties[EVENTS] = { "cloison,on-fault", NULL, "cloison,on-watchdog", "cloison,on-dma-fault",
		"cloison,on-interrupt-storm", "cloison,on-restart-limit" };
	static const char *const starts[] = { "boot", "manual" };

	life->restart = word_of(t, node, "cloison,restart", restart_words, RESTART_SILENT);
	for (size_t i = 0; i < EVENTS; i++)
		life->action[i] = properties[i] ? word_of(t, node, properties[i], action_words, ACTIONS) : (u32)ACTIONS;
	life->manual = word_of(t, node, "cloison,start", starts, 2) == 1;
	life->restarts = number_at(t, node, "cloison,restart-limit", 0);
	life->seconds = number_at(t, node, "cloison,restart-limit", 1);
	life->first_beat = number_at(t, node, "cloison,heartbeat", 0);
	life->period = number_at(t, node, "cloison,heartbeat", 1);
	life->shutdown = number_at(t, node, "cloison,shutdown-time", 0);
}

/* ---- who may do what with whom */

static u32 rights_of(const char *who, const char *words)
{
	u32 rights = 0;

	while (*(words += strspn(words, " "))) {
		size_t length = strcspn(words, " ");
		u32 n = word_among(words, length, right_words, RIGHTS);

		if (n == RIGHTS)
			unreadable("%s: cloison,controls-rights: there is no right '%.*s'", who, (int)length, words);
		rights |= 1u << n;
		words += length;
	}
	return rights;
}

static size_t cell_of(const struct ask *ask, const char *who, int node)
{
	for (size_t i = 0; i < ask->cells.n; i++)
		if (ask->cells.v[i].node == node)
			return i;
	unreadable("%s: cloison,controls names no cell", who);
}

/* Of a cell, or, with CORE, of whoever types at the console. */
static void read_controls(struct arena *a, struct ask *ask, const struct tree *t, int controller, int node)
{
	int length, words;
	const u8 *p = tree_prop(t, node, "cloison,controls", &length);
	const u8 *word = tree_prop(t, node, "cloison,controls-rights", &words), *end = word ? word + words : NULL;
	const char *who = t->nodes.v[node].name;

	for (int at = 0; p && at + 4 <= length; at += 4) {
		struct ask_control control = { controller, cell_of(ask, who, tree_phandle(t, (u32)get_be(p + at, 4))), ALL_RIGHTS };

		if (word && (word >= end || !memchr(word, 0, (size_t)(end - word))))
			unreadable("%s: too few words in cloison,controls-rights", who);
		if (word) {
			control.rights = rights_of(who, (const char *)word);
			word += strlen((const char *)word) + 1;
		}
		*VEC_ADD(a, ask->controls) = control;
	}
}

/* By number of the controller, the operator last; a cell's in the order in which it names them. */
void controls_read(struct arena *a, struct ask *ask, const struct tree *t)
{
	for (size_t i = 0; i < ask->cells.n; i++)
		read_controls(a, ask, t, (int)i, ask->cells.v[i].node);
	read_controls(a, ask, t, CORE, ask->node);
}

size_t controls_of(const struct ask *ask, int controller, size_t *first)
{
	size_t count = 0;

	*first = 0;
	for (size_t i = 0; i < ask->controls.n; i++) {
		int who = ask->controls.v[i].controller;

		*first += controller == CORE ? who != CORE : who != CORE && who < controller;
		count += who == controller;
	}
	return count;
}

/* ---- the core itself */

static void read_watchdog(struct arena *a, struct ask *ask, const struct tree *t)
{
	u32 phandle = tree_u32(t, ask->node, "cloison,watchdog", 0);
	spans regs = { 0 };

	ask->watchdog = phandle ? tree_phandle(t, phandle) : -1;
	if (!phandle)
		return;
	tree_regs(a, t, ask->watchdog, &regs);
	if (regs.n < 2 || !tree_is(t, ask->watchdog, "arm,sbsa-gwdt"))
		unreadable("cloison,watchdog is no arm,sbsa-gwdt with two frames");
	ask->watchdog_control = regs.v[0].base;
	ask->watchdog_refresh = regs.v[1].base;
	ask->watchdog_seconds = tree_u32(t, ask->node, "cloison,watchdog-seconds", WATCHDOG_SECONDS);
}

void core_read(struct arena *a, struct ask *ask, const struct tree *t)
{
	static const char *const ends[] = { "halt", "reset" };

	static const char *const rights[] = { "none", "reset", "off", "reset off" };
	u32 board = word_of(t, ask->node, "cloison,board-rights", rights, 4);

	ask->board_rights = board < 4 ? board : 3;
	ask->panic_resets = word_of(t, ask->node, "cloison,panic", ends, 2) == 1;
	read_watchdog(a, ask, t);
}
