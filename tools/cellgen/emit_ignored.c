/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What a partition says and Cloison carries along without obeying it: other programs' words, other processors' domains. */
#include <string.h>

#include "parts.h"

struct list {
	struct ignored *items;
	u32 count;
};

static void add(struct list *list, const char *what, const struct node *where, struct pos at, const char *why)
{
	struct ignored *item = mem_push(&list->items, &list->count, sizeof(*item));

	*item = (struct ignored){ .what = what, .where = where->path, .why = why, .at = at };
}

/* Of a domain that only holds others: everything but what makes it one. */
static void add_holder(struct list *list, const struct node *node)
{
	static const char *const form[] = { "compatible", "#address-cells", "#size-cells", "ranges", "phandle" };

	for (u32 i = 0; i < node->prop_count; i++) {
		u32 k = 0;

		while (k < ARRAY_COUNT(form) && strcmp(form[k], node->props[i].name) != 0) {
			k++;
		}
		if (k == ARRAY_COUNT(form)) {
			add(list, node->props[i].name, node, node->props[i].at, "the domain holds others, which say themselves what they have");
		}
	}
}

static void add_foreign(struct list *list, const struct decision *d, const struct node *node)
{
	if (node_compatible(node, "openamp,domain-v1")) {
		add(list, "the domain", node, node->at, "no cell of this hypervisor: nothing starts it, and its CPUs and memory are not kept free "
		    "(/reserved-memory does that)");
	} else if (node->parent == d->hyp.node || strcmp(node->name, "chosen") == 0 || strcmp(node->name, "reserved-memory") == 0) {
		add(list, "the node", node, node->at, "it means something in a cell only");
	} else {
		add(list, "the node", node, node->at, "no binding of Cloison's");
	}
}

static void add_props(struct list *list, const struct decision *d, const struct node *node)
{
	for (u32 i = 0; i < node->prop_count; i++) {
		const char *why = prop_ignored(d, node, &node->props[i]);

		if (why) {
			add(list, node->props[i].name, node, node->props[i].at, why);
		}
	}
}

static void add_cell(struct list *list, const struct cell *cell)
{
	for (u32 i = 0; i < cell->access_count; i++) {
		const struct access *access = &cell->access[i];

		if (access->flags) {
			add(list, mem_format("flags %s of %s in access", access->flags, node_nick(access->node)), cell->node, access->at,
			    "flags of access have no effect");
		}
	}
	for (const struct node *node = cell->node->child; node; node = node->next) {
		if (strcmp(node->name, "chosen") != 0 && vdev_foreign(node)) {
			add(list, "the node", node, node->at, "no virtual device, and no binding of Cloison's");
		}
	}
}

u32 ignored_list(const struct decision *d, struct ignored **items)
{
	struct list list = {0};

	add_props(&list, d, d->domains);
	for (u32 i = 0; i < d->tree->node_count; i++) {
		const struct node *node = d->tree->nodes[i];
		enum domain_kind kind = domain_kind(d, node);

		if (kind == DOMAIN_HOLDS) {
			add_holder(&list, node);
		} else if (kind == DOMAIN_FOREIGN) {
			add_foreign(&list, d, node);
		} else if (kind == DOMAIN_OURS) {
			add_props(&list, d, node);
		}
	}
	for (u32 i = 0; i < d->cell_count; i++) {
		add_cell(&list, &d->cells[i]);
	}
	*items = list.items;
	return list.count;
}

void emit_ignored(const struct decision *d, struct out *out)
{
	struct ignored *items;
	u32 count = ignored_list(d, &items);

	for (u32 i = 0; i < count; i++) {
		bool whole = strncmp(items[i].what, "the ", 4) == 0; /* "the node" */

		out_printf(out, "%s  %s %s%s: %s  (%s)\n", i ? "" : "\nNOT OBEYED\n\n", items[i].what, whole ? "" : "of ",
			   items[i].where, items[i].why, emit_at(d, items[i].at));
	}
}

void emit_json_ignored(const struct decision *d, struct out *out)
{
	struct ignored *items;
	u32 count = ignored_list(d, &items);

	out_printf(out, "  \"not_obeyed\": [\n");
	for (u32 i = 0; i < count; i++) {
		out_printf(out, "    { \"what\": ");
		emit_json_string(out, items[i].what);
		out_printf(out, ", \"where\": ");
		emit_json_string(out, items[i].where);
		out_printf(out, ", \"why\": ");
		emit_json_string(out, items[i].why);
		out_printf(out, ", \"from\": ");
		emit_json_string(out, emit_at(d, items[i].at));
		out_printf(out, " }%s", i + 1 < count ? ",\n" : "\n");
	}
	out_printf(out, "  ],\n");
}
