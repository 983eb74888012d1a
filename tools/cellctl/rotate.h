/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A file of lines that does not grow without end: when a line would make it larger than `limit`, FILE becomes FILE.1, FILE.1
 * FILE.2 and so on, and what was FILE.keep is gone. A line is never cut, and is in the file when rotate_line returns.
 */
#ifndef CELLCTL_ROTATE_H
#define CELLCTL_ROTATE_H

#include "core/types.h"

struct rotate {
	const char *path;
	u64 limit; /* bytes; 0: never */
	u32 keep;  /* old files */
	int mode;  /* of new ones: 0600 */
	int file;  /* -1: not open */
	u64 size;
};

/* What is there is appended to. False: errno says why. */
bool rotate_open(struct rotate *r, const char *path, u64 limit, u32 keep, int mode);
/* length bytes and a line feed. False: not written, or not all of it. */
bool rotate_line(struct rotate *r, const char *line, size_t length);
void rotate_close(struct rotate *r);

#endif
