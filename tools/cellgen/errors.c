/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What cpp or dtc has said, as findings, for those who asked for a document:
 *
 *     a.dts:2:10: fatal error: no-such-file: No such file or directory
 *     Error: a.dts:3.1-10 syntax error
 *     a.dts:5.16-7.5: ERROR (phandle_references): /domains: Reference to non-existent node or label "nobody"
 */
#include <stdlib.h>
#include <string.h>

#include "parts.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* file:line.col or file:line:col at the start of text; what follows is *rest. */
static bool position(const char *text, struct pos *pos, const char **rest)
{
	for (const char *colon = strchr(text, ':'); colon; colon = strchr(colon + 1, ':')) {
		char *after;
		u32 line = (u32)strtoul(colon + 1, &after, 10);

		if (is_digit(colon[1]) && (*after == '.' || *after == ':') && is_digit(after[1])) {
			*pos = (struct pos){ mem_text(text, (u64)(colon - text)), line, (u32)strtoul(after + 1, &after, 10) };
			*rest = after + strspn(after, "-.0123456789: ");
			return line != 0;
		}
	}
	return false;
}

static void read_line(const char *line, struct diag *diag)
{
	bool error = strncmp(line, "Error: ", 7) == 0;
	const char *rest;
	struct pos pos;

	if (position(error ? line + 7 : line, &pos, &rest) &&
	    (error || strncmp(rest, "ERROR", 5) == 0 || strncmp(rest, "error: ", 7) == 0 || strncmp(rest, "fatal error: ", 13) == 0)) {
		diag_error(diag, "source", pos, "%s", rest);
	}
}

void errors_read(const char *said, u64 size, const char *dts, struct diag *diag)
{
	for (u64 start = 0; start < size;) {
		const char *newline = memchr(said + start, '\n', size - start);
		u64 length = newline ? (u64)(newline - said) - start : size - start;

		read_line(mem_text(said + start, length), diag);
		start += length + 1;
	}
	if (diag_count(diag) == 0) {
		diag_error(diag, "source", (struct pos){ dts, 1, 1 }, "%s", size ? mem_text(said, strcspn(mem_text(said, size), "\n")) :
			   "the device-tree compiler gives no reason");
	}
}
