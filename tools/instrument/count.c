/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Counts what each vCPU executes, exactly: every instruction is counted by
 * itself, just before it is executed, so those that trap are right, too.
 *
 *     -plugin O/instrument/count.so,out=FILE[,core=LO-HI...][,region=NAME:LO-HI...][,what entries.h has]
 *
 * An instruction belongs to a region by its physical address: guests have the
 * same virtual ones. Marks in the guest (hint #96 to #111, NOPs) say where what is
 * measured begins and ends; docs/instrument.md tells all of it.
 */
#define _GNU_SOURCE
#include "entries.h"
#include "histogram.h"
#include "host.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

int qemu_plugin_version = PLUGIN_VERSION;

#define REGIONS_MAX 15          /* CORE among them */
#define RANGES_MAX 256
#define CORE 0
#define SOURCES 12              /* marks 1 to 11; 0 is not one */
#define WINDOWS_MAX 65536

enum { MARK_WAIT = 0, MARK_RESET = 12, MARK_LAP, MARK_BEGIN, MARK_END, MARKS };
#define HINT(number) (0xd503201fu | (number) << 5)
#define MARK_FIRST 96u

/* What a vCPU has executed so far. The first is of all instructions, then one for each region. */
struct count {
	uint64_t of[1 + REGIONS_MAX];
};
#define ALL 0
#define OF(region) (1 + (region))

/* A window: what this vCPU executed in it, and all together meanwhile (exact only where the others stand still). */
struct window {
	unsigned int number, from, to;
	struct count own, total;
};

static struct vcpu {
	struct count turns;             /* if vCPUs take turns: what it executed; the scoreboard is not used then */
	struct count waiting;           /* at the last mark 0; the first count is since power-on */
	bool reset, sampled, open, lapped; /* reset, sampled: and no mark 0 since */
	struct count begun, begun_total; /* of the window that is open */
	struct count lap, lap_total;
	struct histogram *all[SOURCES], *core[SOURCES];
	struct window *windows;
	unsigned int window_count, room;
} *vcpus;

static struct qemu_plugin_scoreboard *board;
static struct count *turn;              /* if vCPUs take turns: of whose turn it is */
static struct { char name[32]; } regions[REGIONS_MAX] = { { "core" } };
static unsigned int region_count = 1;
static struct { struct range at; unsigned int region; } ranges[RANGES_MAX];
static unsigned int range_count;
static bool core_known;                 /* core= was there */
static const char *out;
static uint64_t outside;                /* instructions translated that are not in RAM */
static pthread_mutex_t windows_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int window_number, opened_last = VCPUS_MAX;

/* ---- counts ---- */

static void add(struct count *to, const struct count *more, const struct count *less)
{
	for (unsigned int i = 0; i <= region_count; i++)
		to->of[i] += more->of[i] - less->of[i];
}

static void vcpu_changes(unsigned int vcpu)
{
	turn = &vcpus[vcpu].turns;
}

/* So far, on this vCPU. */
static const struct count *counted(unsigned int vcpu)
{
	return vcpu_turns() ? &vcpus[vcpu].turns : qemu_plugin_scoreboard_find(board, vcpu);
}

uint64_t core_so_far(unsigned int vcpu)
{
	return counted(vcpu)->of[OF(CORE)];
}

static struct count everything(void)
{
	static const struct count none;
	struct count sum = none;

	for (unsigned int i = 0; i < vcpu_count(); i++)
		add(&sum, counted(i), &none);
	return sum;
}

static void reset(struct vcpu *v)
{
	for (unsigned int i = 0; i < SOURCES; i++) {
		free(v->all[i]);
		free(v->core[i]);
		v->all[i] = v->core[i] = NULL;
	}
	v->reset = true;
}

/* ---- windows ---- */

static struct window *window_new(struct vcpu *v)
{
	if (v->window_count == v->room) {
		v->room = v->room ? v->room * 2 : 64;
		v->windows = realloc(v->windows, v->room * sizeof(*v->windows));
		if (!v->windows || v->room > WINDOWS_MAX)
			refuse("more than %d windows of one vCPU", WINDOWS_MAX);
	}
	memset(&v->windows[v->window_count], 0, sizeof(*v->windows));
	return &v->windows[v->window_count++];
}

/* The two marks are not in it: `now` is with the last of them. */
static void window_close(unsigned int vcpu, unsigned int from, const struct count *begun, const struct count *begun_total, const struct count *now)
{
	struct count total = everything();
	struct window *w;

	w = window_new(&vcpus[vcpu]);
	w->number = window_number++;
	w->from = from;
	w->to = vcpu;
	if (from == vcpu) {
		add(&w->own, now, begun);
		w->own.of[ALL]--;
	}
	add(&w->total, &total, begun_total);
	w->total.of[ALL]--;
}

static void window_begin(unsigned int vcpu, const struct count *now)
{
	vcpus[vcpu].open = true;
	vcpus[vcpu].begun = *now;
	vcpus[vcpu].begun_total = everything();
	opened_last = vcpu;
}

/* A program that has moved to another vCPU ends the window it began: the one that was opened last. */
static void window_end(unsigned int vcpu, const struct count *now)
{
	unsigned int from = vcpus[vcpu].open ? vcpu : opened_last;

	if (from == VCPUS_MAX || !vcpus[from].open)
		return;
	window_close(vcpu, from, &vcpus[from].begun, &vcpus[from].begun_total, now);
	vcpus[from].open = false;
}

static void window_lap(unsigned int vcpu, const struct count *now)
{
	struct vcpu *v = &vcpus[vcpu];

	if (v->lapped)
		window_close(vcpu, vcpu, &v->lap, &v->lap_total, now);
	v->lapped = true;
	v->lap = *now;
	v->lap_total = everything();
}

static void window_mark(unsigned int vcpu, unsigned int mark, const struct count *now)
{
	pthread_mutex_lock(&windows_lock);
	switch (mark) {
	case MARK_LAP: window_lap(vcpu, now); break;
	case MARK_BEGIN: window_begin(vcpu, now); break;
	case MARK_END: window_end(vcpu, now); break;
	}
	pthread_mutex_unlock(&windows_lock);
}

/* ---- marks ---- */

/* The mark itself is counted already: it is no part of what lies between two. */
static void handler_reached(struct vcpu *v, unsigned int source, const struct count *now)
{
	if (v->reset)
		return;
	sample(&v->all[source], now->of[ALL] - v->waiting.of[ALL] - 1);
	v->all[source]->unarmed += v->sampled;
	v->sampled = true;
	sample(&v->core[source], now->of[OF(CORE)] - v->waiting.of[OF(CORE)]);
}

static void mark_executed(unsigned int said, void *data)
{
	unsigned int mark = (unsigned int)(uintptr_t)data, vcpu = vcpu_running(said);
	struct vcpu *v = &vcpus[vcpu];
	struct count now = *counted(vcpu);

	if (mark == MARK_WAIT) {
		v->waiting = now;
		v->reset = v->sampled = false;
	} else if (mark < SOURCES) {
		handler_reached(v, mark, &now);
	} else if (mark == MARK_RESET) {
		reset(v);
	} else {
		window_mark(vcpu, mark, &now);
	}
}

/* ---- translation ---- */

static int region_of(uint64_t physical)
{
	for (unsigned int i = 0; i < range_count; i++)
		if (physical >= ranges[i].at.low && physical < ranges[i].at.high)
			return (int)ranges[i].region;
	return -1;
}

static void count_in(struct qemu_plugin_insn *insn, unsigned int which)
{
	struct plugin_u64 entry = { board, offsetof(struct count, of) + which * sizeof(uint64_t) };

	qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, ADD_U64, entry, 1);
}

/* One more of the vCPU whose turn it is; data: 1 + its region, or 0. */
static void executed_in_turn(unsigned int said, void *data)
{
	uintptr_t which = (uintptr_t)data;

	(void)said;
	turn->of[ALL]++;
	if (which)
		turn->of[which]++;
}

static void instrument(struct qemu_plugin_insn *insn)
{
	const void *host = qemu_plugin_insn_haddr(insn);
	uint64_t physical = host ? ram_physical(host) : NOT_RAM;
	int region = region_of(physical);
	uint32_t code = 0;

	if (physical == NOT_RAM)
		__atomic_fetch_add(&outside, 1, __ATOMIC_RELAXED);
	if (vcpu_turns()) {
		qemu_plugin_register_vcpu_insn_exec_cb(insn, executed_in_turn, NO_REGISTERS, (void *)(intptr_t)(1 + region));
	} else {
		count_in(insn, ALL);
		if (region >= 0)
			count_in(insn, OF((unsigned int)region));
	}
	if (qemu_plugin_insn_data(insn, &code, sizeof(code)) != sizeof(code))
		return;
	if (region == CORE)
		entries_instrument(insn, physical, code);
	else /* the core has no marks, whatever a guest could make it contain */
		for (unsigned int mark = 0; mark < MARKS; mark++)
			if (code == HINT(MARK_FIRST + mark))
				qemu_plugin_register_vcpu_insn_exec_cb(insn, mark_executed, NO_REGISTERS, (void *)(uintptr_t)mark);
}

static void translated(uint64_t id, struct qemu_plugin_tb *block)
{
	(void)id;
	ram_learn(block);
	vcpu_block(block);
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++)
		instrument(qemu_plugin_tb_get_insn(block, i));
}

/* ---- the result ---- */

static void write_marks(FILE *file, const struct vcpu *v)
{
	const char *comma = "";

	fputs("\"marks\": {", file);
	for (unsigned int i = 1; i < SOURCES; i++) {
		const struct histogram *h = v->all[i];

		if (!h)
			continue;
		fprintf(file, "%s\n   \"%u\": {\"samples\": %lu, \"min\": %lu, \"max\": %lu, \"sum\": %lu, \"lost\": %lu, \"unarmed\": %lu,\n    \"all\": ", comma, i,
			h->samples, h->min, h->max, h->sum, h->lost, h->unarmed);
		write_histogram(file, h);
		fputs(",\n    \"core\": ", file);
		write_histogram(file, v->core[i]);
		fputc('}', file);
		comma = ",";
	}
	fputs("},\n", file);
}

static void write_count(FILE *file, const struct count *c)
{
	fprintf(file, "\"instructions\": %lu", c->of[ALL]);
	for (unsigned int i = 0; i < region_count; i++)
		fprintf(file, ", \"%s\": %lu", regions[i].name, c->of[OF(i)]);
}

static void write_windows(FILE *file, const struct vcpu *v)
{
	fputs("   \"windows\": [", file);
	for (unsigned int i = 0; i < v->window_count; i++) {
		const struct window *w = &v->windows[i];

		fprintf(file, "%s\n    {\"number\": %u, \"from\": %u, \"to\": %u, ", i ? "," : "", w->number, w->from, w->to);
		write_count(file, &w->own);
		fputs(", \"total\": {", file);
		write_count(file, &w->total);
		fputs("}}", file);
	}
	fputs("]}", file);
}

static void finish(uint64_t id, void *data)
{
	FILE *file = result_begin(out);

	(void)id, (void)data;
	fprintf(file, "{\"turns\": %s, \"outside\": %lu, \"core_known\": %s, \"cpus\": [", vcpu_turns() ? "true" : "false", outside, core_known ? "true" : "false");
	for (unsigned int i = 0; i < vcpu_count(); i++) {
		fputs(i ? ",\n  {" : "\n  {", file);
		write_count(file, counted(i));
		fputs(", ", file);
		write_marks(file, &vcpus[i]);
		entries_write(file, i);
		write_windows(file, &vcpus[i]);
	}
	fputs("]}\n", file);
	result_end(file, out);
}

/* ---- the beginning ---- */

static void range_add(const char *text, unsigned int region)
{
	if (range_count == RANGES_MAX)
		refuse("more than %d ranges", RANGES_MAX);
	ranges[range_count].at = range_of(text, NULL, 0);
	ranges[range_count].region = region;
	ram_must_hold(ranges[range_count++].at);
}

static void region_add(const char *text)
{
	char name[sizeof(regions[0].name)];
	unsigned int i = 0;

	range_of(text, name, sizeof(name));
	while (i < region_count && strcmp(regions[i].name, name) != 0)
		i++;
	if (i == REGIONS_MAX)
		refuse("more than %d regions", REGIONS_MAX);
	if (i == region_count)
		strcpy(regions[region_count++].name, name);
	range_add(text, i);
}

int qemu_plugin_install(uint64_t id, const struct plugin_info *info, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "out=", 4) == 0)
			out = argv[i] + 4;
		else if (strncmp(argv[i], "core=", 5) == 0)
			range_add(argv[i] + 5, CORE), core_known = true;
		else if (strncmp(argv[i], "region=", 7) == 0)
			region_add(argv[i] + 7);
		else if (entries_option(argv[i]))
			continue;
		else
			refuse("what is '%s'? there are out=FILE, core=LOW-HIGH, region=NAME:LOW-HIGH, and those of entries (entries.h)", argv[i]);
	}
	if (!out)
		refuse("out=FILE has to say where the counts go");
	vcpu_init(info, vcpu_changes);
	vcpus = calloc(vcpu_count(), sizeof(*vcpus));
	board = qemu_plugin_scoreboard_new(sizeof(struct count));
	if (!vcpus || !board)
		refuse("no memory");
	qemu_plugin_register_vcpu_init_cb(id, vcpu_started);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, finish, NULL);
	return 0;
}
