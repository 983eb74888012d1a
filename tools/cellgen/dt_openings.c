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
	const char *file; /* of the line at hand, as the latest linemarker says */
	u32 line;
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

static void judge_line(struct scan *s, u64 start, u64 end)
{
	for (u32 i = 0; i < s->wanted_count; i++) {
		struct opening *o = s->wanted[i];

		if (s->file && o->at.line == s->line && o->at.col >= 1 && o->at.col <= end - start &&
		    strcmp(o->at.file, s->file) == 0) {
			o->by_reference = by_reference(s->text, start + o->at.col - 1);
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
	struct scan s = { .text = pp, .line = 1 };

	collect(&s, tree);
	for (u64 start = 0; s.wanted_count && start < size;) {
		const char *newline = memchr(pp + start, '\n', size - start);
		u64 end = newline ? (u64)(newline - pp) : size;

		if (!line_marker(pp + start, end - start, &s.file, &s.line)) {
			judge_line(&s, start, end);
			s.line++;
		}
		start = end + 1;
	}
}
