/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "rotate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static bool open_file(struct rotate *r)
{
	struct stat found;

	r->file = open(r->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, r->mode);
	if (r->file < 0 || fstat(r->file, &found) != 0)
		return false;
	r->size = (u64)found.st_size;
	return true;
}

bool rotate_open(struct rotate *r, const char *path, u64 limit, u32 keep, int mode)
{
	*r = (struct rotate){ .path = path, .limit = limit, .keep = keep, .mode = mode, .file = -1 };
	return open_file(r);
}

/* From the oldest on, so that each place is free when something comes to it. */
static bool turn(struct rotate *r)
{
	size_t size = strlen(r->path) + 16;
	char *from = malloc(size), *to = malloc(size);
	bool done = from && to;

	for (u32 i = r->keep; i && done; i--) {
		snprintf(to, size, "%s.%u", r->path, i);
		snprintf(from, size, i > 1 ? "%s.%u" : "%s", r->path, i - 1);
		done = rename(from, to) == 0 || errno == ENOENT;
	}
	if (!r->keep && done)
		done = unlink(r->path) == 0 || errno == ENOENT;
	free(from);
	free(to);
	return done;
}

bool rotate_line(struct rotate *r, const char *line, size_t length)
{
	struct iovec parts[2] = { { (void *)line, length }, { (void *)"\n", 1 } };
	ssize_t written;

	/* If it cannot be turned, it grows: lines are worth more than the limit. */
	if (r->limit && r->size && r->size + length + 1 > r->limit && turn(r)) {
		rotate_close(r);
		open_file(r);
	}
	if (r->file < 0 && !open_file(r))
		return false;
	written = writev(r->file, parts, 2);
	if (written == (ssize_t)(length + 1)) {
		r->size += length + 1;
		return true;
	}
	/* A full disk: no half of a line. */
	if (written > 0 && ftruncate(r->file, (off_t)r->size) != 0)
		r->size += (u64)written;
	if (written >= 0)
		errno = ENOSPC;
	return false;
}

void rotate_close(struct rotate *r)
{
	if (r->file >= 0)
		close(r->file);
	r->file = -1;
}
