/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Who may do what with which cell: each entry is a cell, once, and each right a word that there is. */
#include <string.h>

#include "check.h"

static void check_target(const struct node *node, const struct control *control, struct diag *diag)
{
	if (!control->node) {
		check_reference(control->phandle, mem_format("cloison,controls of '%s'", node->name), control->at, diag);
	} else if (control->target == CELL_NONE) {
		diag_error(diag, "not-a-cell", control->at, "cloison,controls of '%s' names %s (%s), which is no cell; name cells by their labels",
			   node->name, node_nick(control->node), diag_at(control->node->at));
	}
}

static void check_twice(const struct node *node, const struct controls *controls, u32 index, struct diag *diag)
{
	for (u32 i = 0; i < index; i++) {
		if (controls->list[i].node && controls->list[i].node == controls->list[index].node) {
			diag_error(diag, "control-twice", controls->list[index].at, "cloison,controls of '%s' names %s twice; name it once, with all "
				   "its rights", node->name, node_nick(controls->list[index].node));
			return;
		}
	}
}

static const char *word_list(void)
{
	return control_text((1u << CONTROL_WORDS) - 1);
}

/* Everything a word can be, for a message: what is near it, or why it is none. */
static const char *hint(const char *word)
{
	struct nearest nearest = { .word = word };

	for (u32 i = 0; i < CONTROL_WORDS; i++) {
		nearest_offer(&nearest, control_words[i]);
	}
	return strcmp(word, "kill") == 0 ? ": it comes with stop" : nearest_hint(&nearest);
}

static void check_words(const struct node *node, const struct control *control, struct diag *diag)
{
	struct pos at = prop_at(node, "cloison,controls-rights");
	const char *whom = control->node ? node_nick(control->node) : "nobody";
	u32 seen = 0;

	for (const char *next = control->words + strspn(control->words, " "); *next;) {
		u64 length = strcspn(next, " ");
		const char *word = mem_text(next, length);
		u32 i = 0;

		while (i < CONTROL_WORDS && strcmp(word, control_words[i]) != 0) {
			i++;
		}
		if (i == CONTROL_WORDS) {
			diag_error(diag, "bad-value", at, "cloison,controls-rights of '%s' has the word \"%s\" for %s; there are %s%s", node->name,
				   word, whom, word_list(), hint(word));
		} else if (seen & 1u << i) {
			diag_error(diag, "bad-value", at, "cloison,controls-rights of '%s' has the word \"%s\" for %s twice; write it once",
				   node->name, word, whom);
		}
		seen |= i < CONTROL_WORDS ? 1u << i : 1u << CONTROL_WORDS;
		next += length + strspn(next + length, " ");
	}
	if (!seen) {
		diag_error(diag, "bad-value", at, "cloison,controls-rights of '%s' gives no right over %s; write some of %s, or take it out of "
			   "cloison,controls", node->name, whom, word_list());
	}
}

void check_controls(const struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i <= d->cell_count; i++) {
		const struct node *node = i < d->cell_count ? d->cells[i].node : d->hyp.node;
		const struct controls *controls = controls_of(d, i);

		for (u32 k = 0; k < controls->count; k++) {
			check_target(node, &controls->list[k], diag);
			check_twice(node, controls, k, diag);
			if (controls->list[k].words) {
				check_words(node, &controls->list[k], diag);
			}
		}
	}
}
