/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Writes down which instructions a vCPU executes between two places.
 *
 *     -plugin O/instrument/path.so,out=FILE[,from=ADDRESS...][,to=ADDRESS...]
 *
 * A stretch begins before the instruction at one of the first, again if one has begun, and ends before the next at one of the
 * second. Addresses are virtual: a guest's own that are nobody else's. For tests/bench/where.py; in order of their ends:
 *
 *     {"stretches": [{"cpu": 0, "code": [ADDRESS, ...]}, ...]}
 */
#define _GNU_SOURCE
#include "host.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

int qemu_plugin_version = PLUGIN_VERSION;

#define PLACES_MAX 256
#define CODE_MAX 100000u       /* of one stretch: longer ones lose their end */

struct stretch {
	unsigned int cpu;
	size_t count, room;
	uint64_t *code;
};

static struct { uint64_t at[PLACES_MAX]; unsigned int count; } from, to;
static struct { bool open; struct stretch now; } vcpus[VCPUS_MAX];
static struct stretch *stretches;
static size_t stretch_count, stretch_room;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *out;

static void *larger(void *old, size_t *room, size_t size)
{
	void *new;

	*room = *room ? *room * 2 : 64;
	new = realloc(old, *room * size);
	if (!new)
		refuse("no memory");
	return new;
}

static void append(struct stretch *s, uint64_t address)
{
	if (s->count == CODE_MAX)
		return;
	if (s->count == s->room)
		s->code = larger(s->code, &s->room, sizeof(*s->code));
	s->code[s->count++] = address;
}

static void ended(unsigned int cpu)
{
	if (!vcpus[cpu].open)
		return;
	vcpus[cpu].open = false;
	pthread_mutex_lock(&lock);
	if (stretch_count == stretch_room)
		stretches = larger(stretches, &stretch_room, sizeof(*stretches));
	stretches[stretch_count++] = vcpus[cpu].now;
	pthread_mutex_unlock(&lock);
	memset(&vcpus[cpu].now, 0, sizeof(vcpus[cpu].now));
}

static void begun(unsigned int cpu)
{
	vcpus[cpu].open = true;
	vcpus[cpu].now.cpu = cpu;
	vcpus[cpu].now.count = 0;
}

static void executed(unsigned int said, void *data)
{
	unsigned int cpu = vcpu_running(said);

	if (vcpus[cpu].open)
		append(&vcpus[cpu].now, (uintptr_t)data);
}

static void at_from(unsigned int said, void *data)
{
	(void)data;
	begun(vcpu_running(said));
}

static void at_to(unsigned int said, void *data)
{
	(void)data;
	ended(vcpu_running(said));
}

static void translated(uint64_t id, struct qemu_plugin_tb *block)
{
	(void)id;
	vcpu_block(block);
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
		uint64_t address = qemu_plugin_insn_vaddr(insn);

		for (unsigned int n = 0; n < to.count; n++)
			if (to.at[n] == address)
				qemu_plugin_register_vcpu_insn_exec_cb(insn, at_to, NO_REGISTERS, NULL);
		for (unsigned int n = 0; n < from.count; n++)
			if (from.at[n] == address)
				qemu_plugin_register_vcpu_insn_exec_cb(insn, at_from, NO_REGISTERS, NULL);
		qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, NO_REGISTERS, (void *)(uintptr_t)address);
	}
}

static void turn_changes(unsigned int vcpu)
{
	(void)vcpu;
}

static void finish(uint64_t id, void *data)
{
	FILE *file = result_begin(out);

	(void)id, (void)data;
	fputs("{\"stretches\": [", file);
	for (size_t i = 0; i < stretch_count; i++) {
		fprintf(file, "%s\n {\"cpu\": %u, \"code\": [", i ? "," : "", stretches[i].cpu);
		for (size_t n = 0; n < stretches[i].count; n++)
			fprintf(file, "%s%lu", n ? "," : "", stretches[i].code[n]);
		fputs("]}", file);
	}
	fputs("]}\n", file);
	result_end(file, out);
}

static bool place_of(const char *text, uint64_t *places, unsigned int *count)
{
	char *end;

	if (*count == PLACES_MAX)
		refuse("more than %d places", PLACES_MAX);
	places[(*count)++] = strtoull(text, &end, 0);
	return !*end && end != text;
}

int qemu_plugin_install(uint64_t id, const struct plugin_info *info, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		bool good = true;

		if (strncmp(argv[i], "out=", 4) == 0)
			out = strdup(argv[i] + 4);
		else if (strncmp(argv[i], "from=", 5) == 0)
			good = place_of(argv[i] + 5, from.at, &from.count);
		else if (strncmp(argv[i], "to=", 3) == 0)
			good = place_of(argv[i] + 3, to.at, &to.count);
		else
			good = false;
		if (!good)
			refuse("path: '%s' is no option: there are out=FILE, from=ADDRESS, to=ADDRESS", argv[i]);
	}
	if (!out)
		refuse("path: out=FILE is missing");
	vcpu_init(info, turn_changes);
	qemu_plugin_register_vcpu_init_cb(id, vcpu_started);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, finish, NULL);
	return 0;
}
