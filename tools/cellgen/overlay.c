/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Source overlays. Without its first lines an overlay is a piece of device-tree source that extends nodes by reference,
 * and so can follow the partition's text: dtc merges both and knows the position of everything.
 *
 *     /dts-v1/;           blanked, so that lines and columns stay
 *     /plugin/;           must be there, then blanked
 *     &label { ... };     as it is
 *     / { ... };          refused: as an overlay it would be a list of fragments, here a part of the partition
 */
#include <string.h>

#include "parts.h"

struct scan {
	char *text; /* a copy, which is blanked */
	u64 size;
	u64 at;
	u64 line_start;
	struct pos pos;
	u32 depth;  /* of braces */
	bool plugin;
	struct pos plugin_at;
	struct diag *diag; /* NULL: only look for /plugin/ */
};

static struct pos here(const struct scan *s)
{
	return (struct pos){ s->pos.file, s->pos.line, (u32)(s->at - s->line_start) + 1 };
}

static void next_line(struct scan *s)
{
	s->at++;
	s->pos.line++;
	s->line_start = s->at;
}

/* Over a literal, or to the end of &{/path}. */
static void skip_to(struct scan *s, char end)
{
	s->at++;
	while (s->at < s->size && s->text[s->at] != end) {
		if (s->text[s->at] == '\\') {
			s->at++;
		}
		if (s->at < s->size && s->text[s->at] == '\n') {
			next_line(s);
		} else {
			s->at++;
		}
	}
	s->at++;
}

static bool word_here(const struct scan *s, const char *word)
{
	return s->size - s->at >= strlen(word) && memcmp(s->text + s->at, word, strlen(word)) == 0;
}

/* /dts-v1/; and the like, the semicolon included. */
static void blank(struct scan *s)
{
	bool last = false;

	while (s->at < s->size && !last) {
		last = s->text[s->at] == ';';
		if (s->text[s->at] == '\n') {
			next_line(s);
		} else {
			s->text[s->at++] = ' ';
		}
	}
}

static bool opens_root(const struct scan *s)
{
	u64 at = s->at + 1;

	while (at < s->size && strchr(" \t\r\n", s->text[at])) {
		at++;
	}
	return at < s->size && s->text[at] == '{';
}

static void slash(struct scan *s)
{
	if (word_here(s, "/plugin/")) {
		s->plugin_at = here(s);
		s->plugin = true;
		blank(s);
	} else if (word_here(s, "/dts-v1/")) {
		blank(s);
	} else {
		if (s->diag && opens_root(s)) {
			diag_error(s->diag, "overlay-root", here(s), "an overlay cannot open the root like a partition; name the node to be "
				   "changed: &label { ... }; or &{/domains/hypervisor} { ... };");
		}
		s->at++;
	}
}

static void step(struct scan *s)
{
	char c = s->text[s->at];

	if (c == '\n') {
		next_line(s);
	} else if (c == '"' || c == '\'') {
		skip_to(s, c);
	} else if (word_here(s, "&{")) {
		skip_to(s, '}');
	} else if (c == '/' && s->depth == 0) {
		slash(s);
	} else {
		s->depth += c == '{';
		s->depth -= c == '}' && s->depth;
		s->at++;
	}
}

static bool skip_marker(struct scan *s)
{
	const char *end = memchr(s->text + s->at, '\n', s->size - s->at);
	u64 length = end ? (u64)(end - s->text) - s->at : s->size - s->at;

	if (!line_marker(s->text + s->at, length, &s->pos.file, &s->pos.line)) {
		return false;
	}
	s->at += end ? length + 1 : length;
	s->line_start = s->at;
	return true;
}

static void scan(struct scan *s)
{
	while (s->at < s->size) {
		if (s->at != s->line_start || !skip_marker(s)) {
			step(s);
		}
	}
}

static struct scan scan_of(const char *pp, u64 size, struct diag *diag)
{
	struct scan s = { .text = mem_alloc(size + 1), .size = size, .pos.line = 1, .diag = diag };

	memcpy(s.text, pp, size);
	scan(&s);
	return s;
}

const char *overlay_text(const char *pp, u64 size, const char *name, struct diag *diag)
{
	struct scan s = scan_of(pp, size, diag);

	if (!s.plugin) {
		diag_error(diag, "overlay-header", (struct pos){ name, 1, 1 }, "'%s' is given as an overlay, but has no /plugin/; start it "
			   "with /dts-v1/; /plugin/; or give it as the partition (PARTITION=)", name);
	}
	return s.text;
}

void overlay_refuse(const char *pp, u64 size, struct diag *diag)
{
	struct scan s = scan_of(pp, size, NULL);

	if (s.plugin) {
		diag_error(diag, "overlay-header", s.plugin_at, "a partition cannot be a plugin: this is an overlay; name the partition that "
			   "it is for by PARTITION=, and this file by OVERLAYS=");
	}
}
