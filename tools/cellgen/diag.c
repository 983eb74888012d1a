/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Findings. They are collected, because one run has to show all of them, and
 * printed sorted by place, because the order in which the checks happen to run
 * is nobody's concern.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts.h"

struct finding {
	struct pos at;
	const char *id;
	const char *text;
};

struct diag {
	struct finding *findings;
	u32 count;
};

struct diag *diag_new(void)
{
	return mem_alloc(sizeof(struct diag));
}

u32 diag_count(const struct diag *diag)
{
	return diag->count;
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
	*finding = (struct finding){ .at = where, .id = id, .text = text };
}

const char *diag_at(struct pos pos)
{
	return pos.file ? mem_format("%s:%u", pos.file, pos.line) : "(unknown place)";
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

static void print_finding(const struct finding *finding)
{
	if (finding->at.file) {
		fprintf(stderr, "%s:%u:%u: ", finding->at.file, finding->at.line, finding->at.col);
	} else {
		fputs("cellgen: ", stderr);
	}
	fprintf(stderr, "error[%s]: %s\n", finding->id, finding->text);
}

void diag_print(struct diag *diag)
{
	if (diag->count == 0) {
		return;
	}
	qsort(diag->findings, diag->count, sizeof(*diag->findings), compare_findings);
	for (u32 i = 0; i < diag->count; i++) {
		if (i == 0 || compare_findings(&diag->findings[i - 1], &diag->findings[i]) != 0) {
			print_finding(&diag->findings[i]);
		}
	}
}
