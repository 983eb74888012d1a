/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Positions. A DTB carries none, but dtc -I dts -O dts -T -T prints them as
 * comments behind every node and property of the same tree:
 *
 *     l0: uart@9000000 { / * board.dtsi:2:11-2:46, linux.dts:11:5-11:12 * /
 *             reg = <0x00 0x01>; / * board.dtsi:2:13-2:29 * /
 *     }; / * ... * /
 *
 * (one line each; without the blanks inside the comment marks). A node has one position per block that
 * opens it. What dtc made up itself has "<no-file>:<no-line>" and stays unknown.
 */
#include <stdlib.h>
#include <string.h>

#include "parts.h"

#define PATH_ROOM 4096

struct listing {
	struct tree *tree;
	char path[PATH_ROOM]; /* of the node whose block is open; "" before the root */
	struct node *node;    /* that node */
	const char *file;     /* the last file name seen: most lines repeat it, so it is kept once */
};

/* Steps back over the digits that end at text[*end]; false if there are none. */
static bool number_before(const char *text, u64 *end, u32 *value)
{
	u64 start = *end;

	while (start > 0 && text[start - 1] >= '0' && text[start - 1] <= '9') {
		start--;
	}
	if (start == *end) {
		return false;
	}
	*value = (u32)strtoul(text + start, NULL, 10);
	*end = start;
	return true;
}

static bool mark_before(const char *text, u64 *end, char mark)
{
	if (*end == 0 || text[*end - 1] != mark) {
		return false;
	}
	(*end)--;
	return true;
}

/* "file:line:col-line:col"; a file name may hold anything, so it is read from its end. */
static struct pos parse_pos(struct listing *l, const char *text, u64 length)
{
	struct pos pos = {0};
	u32 skip;

	if (!number_before(text, &length, &skip) || !mark_before(text, &length, ':') ||
	    !number_before(text, &length, &skip) || !mark_before(text, &length, '-') ||
	    !number_before(text, &length, &pos.col) || !mark_before(text, &length, ':') ||
	    !number_before(text, &length, &pos.line) || !mark_before(text, &length, ':')) {
		return (struct pos){0};
	}
	if (!l->file || strlen(l->file) != length || memcmp(l->file, text, length) != 0) {
		l->file = mem_text(text, length);
	}
	pos.file = l->file;
	return pos;
}

/* The first of several positions with commas between. A comma in a file name is none of those: what is in front is no position. */
static u64 first_part(struct listing *l, const char *text, u64 length)
{
	bool made_up = length >= 9 && memcmp(text, "<no-file>", 9) == 0;

	for (u64 part = 0; part < length; part++) {
		if (text[part] == ',' && (made_up || parse_pos(l, text, part).file)) {
			return part;
		}
	}
	return length;
}

static void add_openings(struct listing *l, struct node *node, const char *text, u64 length)
{
	while (length) {
		u64 part = first_part(l, text, length);
		struct pos pos = parse_pos(l, text, part);

		if (pos.file) {
			struct opening *opening = mem_push(&node->openings, &node->opening_count, sizeof(*opening));

			opening->at = pos;
		}
		part = part + 2 < length ? part + 2 : length;
		text += part;
		length -= part;
	}
	if (node->opening_count) {
		node->at = node->openings[0].at;
	}
}

/* The last word of [text, text + length): labels stand in front of the name. */
static const char *last_word(const char *text, u64 length)
{
	u64 start = length;

	while (start > 0 && text[start - 1] != ' ' && text[start - 1] != '\t') {
		start--;
	}
	return mem_text(text + start, length - start);
}

static void open_node(struct listing *l, const char *name, const char *comment, u64 length)
{
	u64 used = strlen(l->path);
	bool root = strcmp(name, "/") == 0;

	if (used + strlen(name) + 2 > PATH_ROOM) {
		fatal("a path in the partition is longer than %d", PATH_ROOM);
	}
	if (!root) {
		l->path[used] = '/';
		strcpy(l->path + used + 1, name);
	}
	l->node = tree_find(l->tree, root ? "/" : l->path);
	if (l->node) {
		add_openings(l, l->node, comment, length);
	}
}

static void close_node(struct listing *l)
{
	char *slash = strrchr(l->path, '/');

	if (slash) {
		*slash = 0;
	}
	l->node = tree_find(l->tree, l->path[0] ? l->path : "/");
}

static void set_prop(struct listing *l, const char *name, const char *comment, u64 length)
{
	for (u32 i = 0; l->node && i < l->node->prop_count; i++) {
		if (strcmp(l->node->props[i].name, name) == 0) {
			l->node->props[i].at = parse_pos(l, comment, length);
		}
	}
}

/* One line without its comment: what it is shows at its end, as a value may hold any text. */
static void parse_line(struct listing *l, const char *text, u64 length, const char *comment, u64 comment_length)
{
	const char *value;
	u64 name_length;

	while (length && (text[0] == '\t' || text[0] == ' ')) {
		text++;
		length--;
	}
	while (length && text[length - 1] == ' ') {
		length--;
	}
	if (length >= 2 && text[length - 1] == '{') {
		open_node(l, last_word(text, length - 2), comment, comment_length);
	} else if (length >= 2 && text[0] == '}') {
		close_node(l);
	} else if (length >= 2 && text[length - 1] == ';') {
		text = mem_text(text, length);
		value = strstr(text, " = ");
		name_length = value ? (u64)(value - text) : length - 1;
		set_prop(l, last_word(text, name_length), comment, comment_length);
	}
}

/* The start of the last comment of a line, its whole length if there is none. */
static u64 find_comment(const char *text, u64 length)
{
	if (length < 4 || memcmp(text + length - 2, "*/", 2) != 0) {
		return length;
	}
	for (u64 i = length - 3; i > 0; i--) {
		if (memcmp(text + i - 1, "/* ", 3) == 0) {
			return i - 1;
		}
	}
	return length;
}

void tree_locate(struct tree *tree, const char *listing, u64 size)
{
	struct listing l = { .tree = tree };

	while (size) {
		const char *end = memchr(listing, '\n', size);
		u64 length = end ? (u64)(end - listing) : size;
		u64 comment = find_comment(listing, length);
		u64 inside = comment + 6 <= length ? length - comment - 6 : 0;

		parse_line(&l, listing, comment, listing + comment + (inside ? 3 : 0), inside);
		listing += end ? length + 1 : length;
		size -= end ? length + 1 : length;
	}
}
