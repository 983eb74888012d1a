/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Who may do what with which cell: cloison,controls of a cell, and of the hypervisor's node for whoever types at the console. */
#include <string.h>

#include "parts.h"

const char *const control_words[CONTROL_WORDS] = { "status", "start", "stop", "restart", "suspend", "resume" };
#define ALL_RIGHTS ((1u << CONTROL_WORDS) - 1)

static u16 cell_of(const struct decision *d, const struct node *node)
{
	for (u32 i = 0; node && i < d->cell_count; i++) {
		if (d->cells[i].node == node) {
			return (u16)i;
		}
	}
	return CELL_NONE;
}

/* The words of one string. One that is none of them is a finding of check_control.c. */
static u32 rights_of(const char *words)
{
	u32 rights = 0;

	for (const char *word = words; *word; word += strcspn(word, " ")) {
		word += strspn(word, " ");
		for (u32 i = 0; i < CONTROL_WORDS; i++) {
			u64 length = strlen(control_words[i]);

			if (strcspn(word, " ") == length && memcmp(word, control_words[i], length) == 0) {
				rights |= 1u << i;
			}
		}
	}
	return rights;
}

static void load_rights(const struct node *node, struct controls *controls, struct diag *diag)
{
	const struct prop *prop = node_prop(node, "cloison,controls-rights");
	const char *words = prop ? (const char *)prop->data : NULL;
	u32 count = 0;

	for (u32 i = 0; prop && i < prop->size; i++) {
		count += prop->data[i] == 0;
	}
	if (prop && (prop->size == 0 || count != controls->count || prop->data[prop->size - 1] != 0)) {
		diag_error(diag, "bad-property", prop->at, "cloison,controls-rights of '%s' has %u string(s), but cloison,controls names %u "
			   "cell(s); write one for each, such as \"status stop start\", \"status\"", node->name, count, controls->count);
		return;
	}
	for (u32 i = 0; prop && i < controls->count; i++) {
		controls->list[i].words = words;
		controls->list[i].rights = rights_of(words);
		words += strlen(words) + 1;
	}
}

static void load(const struct decision *d, const struct node *node, struct controls *controls, struct diag *diag)
{
	const struct prop *prop = node_prop(node, "cloison,controls");

	if (prop && (prop->size == 0 || prop->size % 4 != 0)) {
		diag_error(diag, "bad-property", prop->at, "cloison,controls of '%s' is not a list of references to cells, such as <&linux>",
			   node->name);
		return;
	}
	for (u32 i = 0; prop && i < prop->size / 4; i++) {
		struct control *control = mem_push(&controls->list, &controls->count, sizeof(*control));
		u32 phandle = prop_cell(prop, i);
		const struct node *target = tree_phandle(d->tree, phandle);

		*control = (struct control){ .phandle = phandle, .node = target, .target = cell_of(d, target), .rights = ALL_RIGHTS,
			.at = prop->at };
	}
	load_rights(node, controls, diag);
}

void dt_controls(struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->cell_count; i++) {
		load(d, d->cells[i].node, &d->cells[i].controls, diag);
	}
	load(d, d->hyp.node, &d->hyp.controls, diag);
}

const struct controls *controls_of(const struct decision *d, u32 index)
{
	return index < d->cell_count ? &d->cells[index].controls : &d->hyp.controls;
}

const char *control_who(const struct decision *d, u32 index)
{
	return index < d->cell_count ? mem_format("'%s'", d->cells[index].name) : "the operator";
}

const char *control_text(u32 rights)
{
	struct out out = {0};

	for (u32 i = 0; i < CONTROL_WORDS; i++) {
		if (rights & 1u << i) {
			out_printf(&out, "%s%s", out.size ? ", " : "", control_words[i]);
		}
	}
	return out.size ? out.data : "nothing";
}
