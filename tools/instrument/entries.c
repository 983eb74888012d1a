/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* See entries.h. */
#include "entries.h"
#include "histogram.h"
#include "host.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 64
#define PLACES_MAX 512
#define ERET 0xd69f03e0u

enum kind { ENTER, PATH, LONG, APART, NEST, STAY, WAIT };
enum end { BACK, STAYS, AWAY, ENDS }; /* by ERET; where a CPU lives; from there to another such place */

static char names[NAMES_MAX][40];
static unsigned int name_count;
static struct place { uint64_t at; enum kind kind; unsigned int name; uint64_t round; } places[PLACES_MAX];
static unsigned int place_count;

/* On which way a vCPU is. */
static struct way {
	bool in, keeps, from_stay;      /* keeps its name */
	unsigned int nested, began, name;
	uint64_t begun, waited, waited_to;
	uint64_t seen[PLACES_MAX];      /* when it came by a place of waiting last, plus 1; on an earlier way: never */
	struct histogram *lengths[ENDS][NAMES_MAX];
	uint64_t net[ENDS][NAMES_MAX]; /* the longest without its rounds of waiting */
} ways[VCPUS_MAX];

/* ---- executed ---- */

static void begin(struct way *way, unsigned int name, uint64_t before, bool from_stay)
{
	way->in = true;
	way->from_stay = from_stay;
	way->keeps = false;
	way->nested = 0;
	way->began = way->name = name;
	way->begun = before;
	way->waited = 0;
	way->waited_to = before;
}

/*
 * Here again: what it executed since it was here is a round of waiting, if it is no longer than one may be; else it has been
 * somewhere else. Two places of one loop say the same round.
 */
static void waits(struct way *way, const struct place *place, uint64_t before)
{
	uint64_t *seen = &way->seen[place - places], last = *seen, from = last - 1;

	*seen = before + 1;
	if (last <= way->begun || before - from > place->round)
		return;
	if (from < way->waited_to)
		from = way->waited_to;
	way->waited += before - from;
	way->waited_to = before;
}

static void end(struct way *way, enum end how, uint64_t length)
{
	uint64_t net = length - way->waited;

	sample(&way->lengths[how][way->name], length);
	if (net > way->net[how][way->name])
		way->net[how][way->name] = net;
}

static void passed(unsigned int said, void *data)
{
	const struct place *place = data;
	unsigned int vcpu = vcpu_running(said);
	struct way *way = &ways[vcpu];
	uint64_t before = core_so_far(vcpu) - 1;

	switch (place->kind) {
	case ENTER:
		begin(way, place->name, before, false);
		break;
	case PATH:
		if (!way->keeps)
			way->name = place->name;
		break;
	case LONG:
		way->keeps = true;
		way->name = way->began;
		break;
	case APART:
		way->keeps = true;
		way->name = place->name;
		break;
	case NEST:
		way->nested++;
		break;
	case STAY: /* before this instruction: it is the next way's first */
		if (way->in)
			end(way, way->from_stay && way->began != place->name ? AWAY : STAYS, before - way->begun);
		begin(way, place->name, before, true);
		break;
	case WAIT:
		waits(way, place, before);
		break;
	}
}

/* The ERET is the way's last instruction. */
static void returned(unsigned int said, void *data)
{
	unsigned int vcpu = vcpu_running(said);
	struct way *way = &ways[vcpu];

	(void)data;
	if (way->in && way->nested) {
		way->nested--;
	} else if (way->in) {
		end(way, BACK, core_so_far(vcpu) - way->begun);
		way->in = false;
	}
}

void entries_instrument(struct qemu_plugin_insn *insn, uint64_t physical, uint32_t code)
{
	if (!place_count)
		return;
	for (unsigned int i = 0; i < place_count; i++)
		if (places[i].at == physical)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, passed, NO_REGISTERS, &places[i]);
	if (code == ERET)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, returned, NO_REGISTERS, NULL);
}

/* ---- the result ---- */

static const char *write_one(FILE *file, const char *comma, const struct way *way, unsigned int name, enum end how)
{
	static const char *const ends[ENDS] = { [BACK] = "", [STAYS] = ">stay", [AWAY] = ">away" };
	const struct histogram *h = way->lengths[how][name];

	if (!h)
		return comma;
	fprintf(file, "%s\n    \"%s%s\": {\"samples\": %lu, \"max\": %lu, \"net\": %lu, \"lost\": %lu, \"core\": ", comma, names[name], ends[how],
		h->samples, h->max, way->net[how][name], h->lost);
	write_histogram(file, h);
	fputc('}', file);
	return ",";
}

void entries_write(FILE *file, unsigned int vcpu)
{
	const char *comma = "";

	fputs("   \"entries\": {", file);
	for (unsigned int i = 0; i < name_count; i++)
		for (enum end how = BACK; how < ENDS; how++)
			comma = write_one(file, comma, &ways[vcpu], i, how);
	fputs("},\n", file);
}

/* ---- the beginning ---- */

static unsigned int name_of(const char *text, size_t length)
{
	unsigned int i = 0;

	if (!length || length >= sizeof(names[0]))
		refuse("'%s': a name of at most %zu letters and a colon come first", text, sizeof(names[0]) - 1);
	while (i < name_count && (strlen(names[i]) != length || memcmp(names[i], text, length) != 0))
		i++;
	if (i == NAMES_MAX)
		refuse("more than %d names of ways", NAMES_MAX);
	if (i == name_count) {
		memcpy(names[i], text, length);
		name_count++;
	}
	return i;
}

static void add(const char *text, enum kind kind)
{
	const char *colon = strchr(text, ':');
	struct place *place = &places[place_count];
	char *end;

	if (place_count == PLACES_MAX)
		refuse("more than %d places", PLACES_MAX);
	place->kind = kind;
	if (kind == WAIT)
		place->round = strtoull(text, NULL, 10);
	else if (kind != LONG && kind != NEST)
		place->name = name_of(text, colon ? (size_t)(colon - text) : 0);
	place->at = strtoull(colon ? colon + 1 : text, &end, 0);
	if (*end || !place->at || (kind == WAIT && !place->round))
		refuse("'%s': an address has to come last", text);
	place_count++;
}

bool entries_option(const char *word)
{
	static const char *const kinds[] = { [ENTER] = "enter=", [PATH] = "path=", [LONG] = "long=", [APART] = "apart=", [NEST] = "nest=", [STAY] = "stay=", [WAIT] = "wait=" };

	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(word, kinds[i], strlen(kinds[i])) == 0) {
			add(word + strlen(kinds[i]), i);
			return true;
		}
	return false;
}
