/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A busy host: each vCPU stands now and then, wherever it is, while the others and the clock go on.
 *
 *     -plugin O/instrument/stall.so[,seed=N][,longest=MILLISECONDS]
 *
 * For tests that must hold on any machine, and for windows between two instructions that are too narrow to be met by chance
 * (tests/system, --stalls). How long it runs and how long it stands are even on a logarithmic scale: from one block to a million,
 * from 20 microseconds to the longest, 100 ms if that is not said. Needs a thread for each vCPU: not for icount. What is random
 * is the same for one seed; what it meets is not.
 */
#define _GNU_SOURCE
#include "plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int qemu_plugin_version = PLUGIN_VERSION;

#define SHORTEST_US 20

static uint64_t seed = 1;
static uint32_t longest_us = 100000;
static _Thread_local uint64_t state, blocks; /* until it stands */

static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* In [low, high], even on a logarithmic scale within a factor of two. */
static uint64_t any_size(uint64_t low, uint64_t high)
{
	uint32_t steps = 0;
	uint64_t from;

	while (low << (steps + 1) <= high)
		steps++;
	from = low << (next_random() >> 16) % (steps + 1);
	from += (next_random() >> 16) % from;
	return from < high ? from : high;
}

static void block(unsigned int vcpu, void *data)
{
	(void)data;
	if (!state)
		state = (seed * 64 + vcpu + 1) * 0x9e3779b97f4a7c15u;
	else if (--blocks)
		return;
	else {
		uint64_t us = any_size(SHORTEST_US, longest_us);
		struct timespec t = { .tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000 * 1000) };

		nanosleep(&t, NULL);
	}
	blocks = any_size(1, 1u << 20);
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	(void)id;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, block, NO_REGISTERS, NULL);
}

EXPORTED int qemu_plugin_install(uint64_t id, const struct plugin_info *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		char *end = NULL;
		unsigned long value = 0;

		if (!strncmp(argv[i], "seed=", 5))
			value = seed = strtoul(argv[i] + 5, &end, 0);
		else if (!strncmp(argv[i], "longest=", 8))
			value = longest_us = 1000 * (uint32_t)strtoul(argv[i] + 8, &end, 0);
		if (!end || *end || !value || longest_us > 10000000) {
			fprintf(stderr, "stall: %s: not seed=NUMBER or longest=MILLISECONDS, from 1 to 10000\n", argv[i]);
			return 1;
		}
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
