/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Findings. They are collected, because one run has to show all of them, and
 * printed sorted by place, because the order in which the checks happen to run
 * is nobody's concern. In which form: diag_format.c.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"

/*
 * diag_at marks a place in the text of a message: MARK, its number, MARK_END, then the place in words. So the message
 * alone says which places it names, and no check has to list them twice. diag_error takes the marks out.
 */
#define MARK '\001'
#define MARK_END '\002'

static struct pos *marked;
static u32 marked_count;

struct diag *diag_new(void)
{
	marked = NULL; /* freed with everything else, if this is not the first run of the process (fuzzing) */
	marked_count = 0;
	return mem_alloc(sizeof(struct diag));
}

u32 diag_count(const struct diag *diag)
{
	return diag->count;
}

const char *diag_at(struct pos pos)
{
	if (!pos.file) {
		return "(unknown place)";
	}
	*(struct pos *)mem_push(&marked, &marked_count, sizeof(pos)) = pos;
	return mem_format("%c%u%c%s:%u", MARK, marked_count - 1, MARK_END, pos.file, pos.line);
}

/* A mark at text: its length, and which place; 0: something else, such as a control character of the user's. */
static u64 read_mark(const char *text, u32 *number)
{
	char *end;

	if (text[0] != MARK || text[1] < '0' || text[1] > '9') {
		return 0;
	}
	*number = (u32)strtoul(text + 1, &end, 10);
	return *end == MARK_END && *number < marked_count ? (u64)(end + 1 - text) : 0;
}

static void add_related(struct finding *finding, struct pos pos)
{
	for (u32 i = 0; i < finding->related_count; i++) {
		if (memcmp(&finding->related[i], &pos, sizeof(pos)) == 0) {
			return;
		}
	}
	*(struct pos *)mem_push(&finding->related, &finding->related_count, sizeof(pos)) = pos;
}

/* Without marks, and without what would move a terminal's cursor or end the line: strings come from the DTS. */
static const char *clean(const char *text, struct finding *finding)
{
	struct out out = {0};

	while (*text) {
		u32 number = 0;
		u64 length = read_mark(text, &number);
		u8 c = (u8)*text;

		if (length) {
			add_related(finding, marked[number]);
			text += length;
			continue;
		}
		out_printf(&out, c < ' ' || c == 0x7f ? "\\x%02x" : "%c", c);
		text++;
	}
	return out.data ? out.data : "";
}

void diag_error(struct diag *diag, const char *id, struct pos where, const char *format, ...)
{
	struct finding *finding = mem_push(&diag->findings, &diag->count, sizeof(*finding));
	va_list args;
	char *text;
	int length;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	text = mem_alloc((u64)length + 1);
	va_start(args, format);
	vsnprintf(text, (size_t)length + 1, format, args);
	va_end(args);
	*finding = (struct finding){ .at = where, .id = id };
	finding->text = clean(text, finding);
}

static int compare_numbers(u64 a, u64 b)
{
	return a < b ? -1 : a > b;
}

static int compare_findings(const void *left, const void *right)
{
	const struct finding *a = left, *b = right;
	int order = strcmp(a->at.file ? a->at.file : "", b->at.file ? b->at.file : "");

	order = order ? order : compare_numbers(a->at.line, b->at.line);
	order = order ? order : compare_numbers(a->at.col, b->at.col);
	order = order ? order : strcmp(a->id, b->id);
	return order ? order : strcmp(a->text, b->text);
}

void diag_sort(struct diag *diag)
{
	u32 kept = 0;

	if (diag->count == 0) {
		return;
	}
	qsort(diag->findings, diag->count, sizeof(*diag->findings), compare_findings);
	for (u32 i = 0; i < diag->count; i++) {
		if (kept == 0 || compare_findings(&diag->findings[kept - 1], &diag->findings[i]) != 0) {
			diag->findings[kept++] = diag->findings[i];
		}
	}
	diag->count = kept;
}
