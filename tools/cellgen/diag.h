/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The findings of a run, and the list of all kinds there are. */
#ifndef CELLGEN_DIAG_H
#define CELLGEN_DIAG_H

#include "parts.h"

struct finding {
	struct pos at;
	const char *id;
	const char *text;
	struct pos *related; /* other places that the text names, in its order */
	u32 related_count;
};

struct diag {
	struct finding *findings;
	u32 count;
};

void diag_sort(struct diag *diag); /* by file, line, column, identifier; duplicates once */

/* ---- findings.c ---- */

struct finding_kind {
	const char *id;
	const char *subject; /* heading of docs/findings.md */
	const char *meaning; /* one line */
	const char *advice;  /* what to do */
};

const struct finding_kind *finding_kind_at(u32 index); /* NULL: there are no more */
u32 finding_kind_of(const char *id);                   /* its index; the number of kinds: not listed */

#endif
