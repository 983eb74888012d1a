/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What the cells of a list are in the source: in a DTB a reference is a number like any other. For the lists of which it
 * matters the preprocessed text is read at the place that the listing names:
 *
 *     access = <&rtc0 0x1>, <&gpio0 FLAGS>;        '&' '0' '&' '0'
 */
#include <string.h>

#include "parts.h"

static const char *const lists[] = { "access" };

struct text {
	const char *p;
	const char *end;
	char *cells;
	u32 count;
};

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

/* Blanks, and linemarkers of the preprocessor. */
static void skip_blanks(struct text *t)
{
	while (t->p < t->end && (blank(*t->p) || (*t->p == '#' && t->p[-1] == '\n'))) {
		bool marker = *t->p == '#';

		t->p++;
		while (marker && t->p < t->end && *t->p != '\n') {
			t->p++;
		}
	}
}

/* One cell between < and >: a reference, a number, an expression in parentheses. */
static void read_cell(struct text *t)
{
	u32 depth = 0;

	*(char *)mem_push(&t->cells, &t->count, 1) = *t->p == '&' ? '&' : '0';
	while (t->p < t->end && (depth || (!blank(*t->p) && *t->p != '>'))) {
		depth += (*t->p == '(') - (*t->p == ')' && depth);
		t->p++;
	}
}

/* The value up to its semicolon; false if it is something else than lists of cells. */
static bool read_value(struct text *t)
{
	bool inside = false;

	for (skip_blanks(t); t->p < t->end && (inside || *t->p != ';'); skip_blanks(t)) {
		if (inside ? *t->p == '>' : *t->p == '<') {
			inside = !inside;
			t->p++;
		} else if (inside) {
			read_cell(t);
		} else if (*t->p == ',') {
			t->p++;
		} else {
			return false;
		}
	}
	return t->p < t->end;
}

static void read_prop(struct prop *prop, const char *pp, u64 size, u64 at)
{
	struct text t = { .p = memchr(pp + at, '=', size - at), .end = pp + size };
	u64 length = strlen(prop->name);

	if (!t.p || size - at < length || memcmp(pp + at, prop->name, length) != 0) {
		return;
	}
	t.p++;
	if (read_value(&t) && t.count * 4ULL == prop->size) {
		prop->written = t.cells;
		prop->written_count = t.count;
	}
}

static bool wanted(const char *name)
{
	for (u32 i = 0; i < ARRAY_COUNT(lists); i++) {
		if (strcmp(lists[i], name) == 0) {
			return true;
		}
	}
	return false;
}

static void locate(struct prop *prop, const char *pp, u64 size)
{
	struct pp_line line = {0};

	while (prop->at.file && pp_next(pp, size, &line)) {
		if (line.number == prop->at.line && line.file && strcmp(line.file, prop->at.file) == 0 && prop->at.col >= 1 &&
		    prop->at.col <= line.end - line.start) {
			read_prop(prop, pp, size, line.start + prop->at.col - 1);
			return;
		}
	}
}

void tree_written(struct tree *tree, const char *pp, u64 size)
{
	const struct node *domains = tree_path(tree, "/domains");

	for (u32 i = 0; domains && i < tree->node_count; i++) {
		struct node *node = tree->nodes[i];

		for (u32 k = 0; node_below(node, domains) && k < node->prop_count; k++) {
			if (wanted(node->props[k].name)) {
				locate(&node->props[k], pp, size);
			}
		}
	}
}
