/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * How a node below /domains was opened a second time. dtc merges both
 *
 *     linux { cpus = <&cpu0>; };        and        &linux { cpus = <&cpu1>; };
 *
 * silently; the second is meant, the first is two people using one name. The listing does not tell them apart, so the
 * preprocessed text, in which dtc counted its lines and columns, is asked what stands in front of the brace.
 */
#include <stdlib.h>
#include <string.h>

#include "parts.h"

struct scan {
	const char *text;
	struct opening **wanted;
	u32 wanted_count;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static bool ends_word(char c)
{
	return is_space(c) || c == ';' || c == '{' || c == '}' || c == ':';
}

/* Is the word in front of the brace &label or &{/path}? */
static bool by_reference(const char *text, u64 brace)
{
	u64 end = brace, start;

	while (end > 0 && is_space(text[end - 1])) {
		end--;
	}
	if (end > 0 && text[end - 1] == '}') {
		for (start = end - 1; start > 0 && text[start - 1] != '{'; start--) {
		}
		return start > 1 && text[start - 2] == '&';
	}
	for (start = end; start > 0 && !ends_word(text[start - 1]); start--) {
	}
	return start < end && text[start] == '&';
}

bool line_marker(const char *line, u64 length, const char **file, u32 *number)
{
	const char *open = memchr(line, '"', length), *close;

	if (length < 3 || line[0] != '#' || line[1] != ' ' || line[2] < '0' || line[2] > '9' || !open) {
		return false;
	}
	close = memchr(open + 1, '"', length - (u64)(open + 1 - line));
	if (!close) {
		return false;
	}
	*number = (u32)strtoul(line + 2, NULL, 10);
	*file = mem_text(open + 1, (u64)(close - open - 1));
	return true;
}

bool pp_next(const char *pp, u64 size, struct pp_line *line)
{
	bool marker = true;
	u32 number;

	while (marker && line->next < size) {
		const char *newline = memchr(pp + line->next, '\n', size - line->next);

		line->start = line->next;
		line->end = newline ? (u64)(newline - pp) : size;
		line->next = line->end + 1;
		marker = line_marker(pp + line->start, line->end - line->start, &line->file, &number);
		line->number = marker ? number - 1 : line->number;
	}
	line->number++;
	return !marker;
}

static void judge_line(struct scan *s, const struct pp_line *line)
{
	for (u32 i = 0; i < s->wanted_count; i++) {
		struct opening *o = s->wanted[i];

		if (line->file && o->at.line == line->number && o->at.col >= 1 && o->at.col <= line->end - line->start &&
		    strcmp(o->at.file, line->file) == 0) {
			o->by_reference = by_reference(s->text, line->start + o->at.col - 1);
		}
	}
}

static void collect(struct scan *s, const struct tree *tree)
{
	const struct node *domains = tree_path(tree, "/domains");

	for (u32 i = 0; domains && i < tree->node_count; i++) {
		struct node *node = tree->nodes[i];

		for (u32 j = 0; node_below(node, domains) && node->opening_count > 1 && j < node->opening_count; j++) {
			*(struct opening **)mem_push(&s->wanted, &s->wanted_count, sizeof(void *)) = &node->openings[j];
		}
	}
}

void tree_openings(struct tree *tree, const char *pp, u64 size)
{
	struct scan s = { .text = pp };
	struct pp_line line = {0};

	collect(&s, tree);
	while (s.wanted_count && pp_next(pp, size, &line)) {
		judge_line(&s, &line);
	}
}
