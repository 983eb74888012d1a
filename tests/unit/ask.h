/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Requests as line.c hands them to who answers: part by part, arguments and payload at no aligned address, with guards around the payload. */
#ifndef TESTS_UNIT_ASK_H
#define TESTS_UNIT_ASK_H

#include <stdlib.h>
#include <string.h>

#include "core/line.h"

#define ASK_PARTS 256u
#define ASK_LATER 64u /* so often an answer may wait: then asked.later */

struct asked {
	u8 bytes[ASK_PARTS * LINE_PART];
	u32 size, parts;
	u32 part_size[ASK_PARTS];
	bool later; /* it did not come */
};

static inline void job_begin(struct line_job *job, u8 *payload, u8 op, const void *arguments, u32 size)
{
	memset(job, 0, sizeof *job);
	job->data = arguments;
	job->size = size;
	job->op = op;
	job->payload = payload;
}

/* Ends the process where the contract is broken. */
static inline void ask_must(bool holds)
{
	if (!holds)
		abort();
}

static inline enum line_status ask_all(enum line_status (*answer)(struct line_job *), struct asked *asked, u8 op, const void *arguments, u32 size)
{
	static const u8 guard[8] = { 0xa5, 0x5a, 0xa5, 0x5a, 0xa5, 0x5a, 0xa5, 0x5a };
	u8 room[1 + LINE_PART + sizeof guard], *copy = malloc(size + 1);
	struct line_job job;
	enum line_status status;
	u32 waits = 0;

	memcpy(copy + 1, arguments, size);
	job_begin(&job, room + 1, op, copy + 1, size);
	asked->size = asked->parts = 0;
	asked->later = false;
	do {
		memcpy(room + 1 + LINE_PART, guard, sizeof guard);
		job.length = 0xdead; /* it is the answerer's to set */
		job.more = job.later = true;
		status = answer(&job);
		ask_must(!memcmp(room + 1 + LINE_PART, guard, sizeof guard));
		if (job.later) {
			ask_must(status == LINE_OK);
			job.more = asked->later = ++waits <= ASK_LATER;
			continue;
		}
		asked->later = false;
		ask_must(job.length <= LINE_PART && asked->parts < ASK_PARTS && (status == LINE_OK || (!job.length && !job.more)));
		ask_must(job.length || !job.more);
		memcpy(asked->bytes + asked->size, room + 1, job.length);
		asked->part_size[asked->parts++] = job.length;
		asked->size += job.length;
		job.part++;
	} while (job.more || (job.later && waits <= ASK_LATER));
	if (job.later)
		asked->later = true;
	free(copy);
	return status;
}

#endif
