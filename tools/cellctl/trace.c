/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The command trace: entries of all CPUs (or of a cell's), while it lasts. A CPU keeps the last ones only, and the cable is slower
 * than a busy CPU: what was overwritten before it could be read is said, as a line of text or a mark in the file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "trace_out.h"

#define WORDS 16u
#define BATCH 4096u /* entries of one round, of all CPUs */

struct batched {
	struct trace_entry entry;
	u32 lost, order;
	u16 cpu;
};

struct batch {
	struct batched entries[BATCH];
	u32 count;
};

struct tracer {
	struct context *x;
	struct trace_out out;
	struct trace_cpu cpus[TRACE_CPUS];
	char names[TRACE_CPUS][16];
	char (*cells)[32];
	const char *states[WORDS];
	char words[WORDS][24];
	u32 next[TRACE_CPUS];
	bool set[256];           /* of each cell: switched on here, so off at the end */
	struct batch batch;
};

/* ---- who is where ---- */

static int take_cell(struct tracer *t, unsigned cell, int only)
{
	struct manage_cell about;
	int error = cellctl_cell(t->x->c, cell, &about);

	if (error)
		return error;
	snprintf(t->cells[cell], sizeof *t->cells, "%.31s", about.name);
	for (unsigned i = 0; i < about.vcpu_count; i++) {
		struct manage_vcpu vcpu;

		error = cellctl_vcpu(t->x->c, cell, i, &vcpu);
		if (error)
			return error;
		if (vcpu.number >= TRACE_CPUS)
			continue;
		memcpy(t->names[vcpu.number], vcpu.cpu, sizeof t->names[0]);
		t->cpus[vcpu.number] = (struct trace_cpu){ (u16)cell, t->names[vcpu.number], t->cells[cell], only >= 0 && only != (int)cell };
		if (vcpu.number >= t->out.cpu_count)
			t->out.cpu_count = vcpu.number + 1u;
	}
	return 0;
}

static int take_cpus(struct tracer *t, int only)
{
	const struct manage_identity *identity;
	int error = cellctl_identity(t->x->c, &identity);

	if (error)
		return error;
	t->out.hz = identity->hz;
	for (u32 i = 0; i < TRACE_CPUS; i++) {
		snprintf(t->names[i], sizeof t->names[i], "cpu%u", i);
		t->cpus[i] = (struct trace_cpu){ TRACE_CORE, t->names[i], "core", only >= 0 };
	}
	for (unsigned i = 0; i < cellctl_cells(t->x->c) && !error; i++)
		error = take_cell(t, i, only);
	for (u32 i = 0; i < WORDS; i++) {
		const char *name = cellctl_name(t->x->c, NAMES_STATES, i);

		snprintf(t->words[i], sizeof t->words[i], "%s", name ? name : "?");
		t->states[i] = t->words[i];
		t->out.state_count = name ? i + 1 : t->out.state_count;
	}
	return error;
}

/* ---- on and off ---- */

static int set_cell(struct tracer *t, unsigned cell, bool on)
{
	uint16_t arguments[2] = { (uint16_t)cell, on };
	size_t none = 0;

	return cellctl_ask(t->x->c, LINE_TRACE, TRACE_SET, arguments, sizeof arguments, NULL, &none);
}

static int state_of(struct tracer *t, u32 cpu, struct trace_state *state)
{
	uint16_t argument = (uint16_t)cpu;
	size_t size = sizeof *state;

	return cellctl_ask(t->x->c, LINE_TRACE, TRACE_STATE, &argument, sizeof argument, state, &size);
}

/* What is on already stays on when we go; of a CPU that is not used nothing is read. used: how many are. */
static int begin(struct tracer *t, u32 used)
{
	for (u32 i = 0, found = 0; i < TRACE_CPUS && found < used; i++) {
		struct trace_state state = { 0 };
		int error = t->cpus[i].other ? 0 : state_of(t, i, &state);

		if (error && cellctl_status(t->x->c) == LINE_INVALID) {
			t->cpus[i].other = true;
			continue;
		}
		if (error)
			return error;
		found += !t->cpus[i].other;
		if (!t->cpus[i].other && i >= t->out.cpu_count)
			t->out.cpu_count = i + 1;
		if (state.width && state.width != sizeof(struct trace_entry))
			return complain(CELLCTL_PROTOCOL, _("entries of %u bytes are not of this version"), state.width);
		t->next[i] = option(t->x, "past") ? state.head - state.entries : state.head;
		if (t->cpus[i].other || t->cpus[i].cell == TRACE_CORE || state.on & 1 || t->set[t->cpus[i].cell & 255])
			continue;
		error = set_cell(t, t->cpus[i].cell, true);
		if (error)
			return error;
		t->set[t->cpus[i].cell & 255] = true;
	}
	return 0;
}

static void end(struct tracer *t)
{
	for (u32 i = 0; i < 256; i++)
		if (t->set[i])
			set_cell(t, i, false);
}

/* ---- reading ---- */

static void take_part(void *context, int error, unsigned status, const void *payload, size_t size, unsigned part, bool more)
{
	struct tracer *t = context;
	struct trace_part head;
	u32 lost;

	(void)part, (void)more;
	if (error || status != LINE_OK || size < sizeof head)
		return;
	memcpy(&head, payload, sizeof head);
	if (head.cpu >= TRACE_CPUS || size - sizeof head < head.count * sizeof(struct trace_entry))
		return;
	lost = head.first - t->next[head.cpu];
	for (u32 i = 0; i < head.count && t->batch.count < BATCH; i++, lost = 0) {
		struct batched *to = &t->batch.entries[t->batch.count];

		memcpy(&to->entry, (const char *)payload + sizeof head + i * sizeof to->entry, sizeof to->entry);
		to->cpu = head.cpu;
		to->lost = lost;
		to->order = t->batch.count++;
		t->next[head.cpu] = head.first + i + 1;
	}
}

/* By time; what has the same stays in its order. */
static int compare(const void *a, const void *b)
{
	const struct batched *x = a, *y = b;

	if (x->entry.when != y->entry.when)
		return x->entry.when < y->entry.when ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static int read_all(struct tracer *t)
{
	int error = 0;

	t->batch.count = 0;
	for (u32 i = 0; i < t->out.cpu_count && !error; i++) {
		struct { uint16_t cpu, reserved; uint32_t from; } arguments = { (uint16_t)i, 0, t->next[i] };

		if (!t->cpus[i].other)
			error = cellctl_ask_parts(t->x->c, LINE_TRACE, TRACE_READ, &arguments, sizeof arguments, take_part, t);
	}
	if (!t->out.json) /* a file has a track for each CPU, each in its order */
		qsort(t->batch.entries, t->batch.count, sizeof t->batch.entries[0], compare);
	for (u32 i = 0; i < t->batch.count; i++) {
		if (t->batch.entries[i].lost)
			trace_lost(&t->out, t->batch.entries[i].cpu, t->batch.entries[i].entry.when, t->batch.entries[i].lost);
		trace_entry(&t->out, t->batch.entries[i].cpu, &t->batch.entries[i].entry);
	}
	fflush(t->out.out);
	return error;
}

static int read_for(struct tracer *t, uint64_t seconds)
{
	struct timespec from, now;
	int error;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do {
		error = read_all(t);
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (t->out.json)
			progress(t->x, (size_t)(now.tv_sec - from.tv_sec), (size_t)seconds);
	} while (!error && !interrupted && (uint64_t)(now.tv_sec - from.tv_sec) < seconds);
	return error == CELLCTL_STOPPED ? 0 : error;
}

static int trace(struct tracer *t, int only, uint64_t seconds)
{
	const struct manage_identity *identity;
	char hash[65] = "", partition[33] = "";
	const char *about[] = { "partition", partition, "configuration", hash, "made by", "cellctl", NULL };
	int error = take_cpus(t, only);

	if (!error)
		error = cellctl_identity(t->x->c, &identity);
	if (error)
		return context_failed(t->x, error);
	snprintf(hash, sizeof hash, "%.64s", identity->hash);
	snprintf(partition, sizeof partition, "%.32s", identity->partition);
	t->out.cpus = t->cpus;
	t->out.states = t->states;
	error = begin(t, identity->cpus);
	if (!error) {
		trace_begin(&t->out, about);
		error = read_for(t, seconds);
		if (!trace_end(&t->out))
			error = complain(CELLCTL_FAILED, _("the trace could not be written: %s"), strerror(errno));
		else if (!t->x->quiet && t->out.lost)
			complain(0, _("%llu entries were overwritten before they could be read"), (unsigned long long)t->out.lost);
	}
	cellctl_unstoppable(t->x->c, true); /* after a Ctrl-C, too */
	end(t);
	return error && error != CELLCTL_FAILED ? context_failed(t->x, error) : error;
}

int command_trace(struct context *x, int count, char **arguments)
{
	struct tracer *t = calloc(1, sizeof *t);
	const char *path = option(x, "output");
	uint64_t seconds = 5;
	unsigned cell = 0;
	int error;

	if (!t)
		return complain(CELLCTL_FAILED, _("out of memory"));
	t->x = x;
	error = option_number(x, "for", 0, 86400, &seconds) ? context_open(x, NULL) : CELLCTL_USAGE;
	if (!error && count)
		error = context_cell(x, arguments[0], &cell);
	if (!error) {
		t->cells = calloc(cellctl_cells(x->c) + 1, sizeof *t->cells);
		t->out.json = path != NULL || x->json;
		t->out.out = path ? fopen(path, "w") : stdout;
		if (!t->cells || !t->out.out)
			error = complain(CELLCTL_FAILED, "%s: %s", path ? path : "trace", strerror(errno));
		else
			error = trace(t, count ? (int)cell : -1, seconds);
	}
	if (path && t->out.out && fclose(t->out.out) && !error)
		error = complain(CELLCTL_FAILED, "%s: %s", path, strerror(errno));
	free(t->cells);
	free(t);
	return error;
}
