/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * How far streams were read, kept in a file from one connection to the next, so that the next one can say what it has missed.
 *
 *     cellctl-positions 1
 *     boot 2864434397
 *     1 41228
 *     16 9027
 *
 * It is a convenience: what cannot be read or written is as if it were not there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session.h"

#define HEADING "cellctl-positions 1\n"

void memory_load(struct cellctl *c)
{
	FILE *file = c->memory ? fopen(c->memory, "re") : NULL;
	char line[80];
	unsigned channel, position, boot;

	if (!file)
		return;
	if (fgets(line, sizeof line, file) && !strcmp(line, HEADING) && fgets(line, sizeof line, file) && sscanf(line, "boot %u", &boot) == 1) {
		c->remembered_boot = boot;
		while (fgets(line, sizeof line, file))
			if (sscanf(line, "%u %u", &channel, &position) == 2 && channel < CHANNELS)
				c->remembered[channel] = (struct remembered){ position, true };
	}
	fclose(file);
}

void memory_boot(struct cellctl *c)
{
	if (c->remembered_boot != c->boot)
		memset(c->remembered, 0, sizeof c->remembered);
	c->remembered_boot = c->boot;
}

/* Written aside and renamed: two that end at once leave one of both, whole. */
void memory_save(const struct cellctl *c)
{
	char aside[4096];

	if (!c->memory || !c->welcomed || snprintf(aside, sizeof aside, "%s.%ld", c->memory, (long)getpid()) >= (int)sizeof aside)
		return;
	FILE *file = fopen(aside, "we");

	if (!file)
		return;
	fprintf(file, HEADING "boot %u\n", c->boot);
	for (unsigned i = 0; i < CHANNELS; i++) {
		if (c->channels[i] && c->channels[i]->wanted)
			fprintf(file, "%u %u\n", i, c->channels[i]->in.kept);
		else if (c->remembered[i].there)
			fprintf(file, "%u %u\n", i, c->remembered[i].position);
	}
	if (fclose(file) || rename(aside, c->memory))
		unlink(aside);
}
