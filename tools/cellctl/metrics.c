/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* metrics, latency: the core's counters and histograms. */
#include <inttypes.h>
#include <string.h>

#include "commands.h"

#define PATHS_MOST 64u
#define BAR 50u

/* What an argument pair [CELL [VCPU]] names; -1: all. */
struct place {
	int cell, vcpu;
};

static int parse_place(struct context *x, int count, char **arguments, struct place *place)
{
	unsigned cell;
	uint64_t vcpu;
	int error;

	*place = (struct place){ -1, -1 };
	if (!count)
		return 0;
	if ((error = context_cell(x, arguments[0], &cell)))
		return error;
	place->cell = (int)cell;
	if (count < 2)
		return 0;
	if (!parse_number(arguments[1], &vcpu) || vcpu > UINT16_MAX)
		return complain(CELLCTL_USAGE, _("'%s' is no number of a vCPU"), arguments[1]);
	place->vcpu = (int)vcpu;
	return 0;
}

/* ---- metrics ---- */

struct values {
	const char *prefix; /* text */
	cJSON *to;          /* or JSON */
};

static void value(void *context, const char *name, uint64_t number)
{
	const struct values *values = context;
	char text[64], whole[160];

	printable(name, strlen(name), text, sizeof text);
	snprintf(whole, sizeof whole, "%s%s", values->to ? "" : values->prefix, text);
	if (values->to)
		json_number(values->to, text, number);
	else
		printf("%-32s %" PRIu64 "\n", whole, number);
}

static int metrics_of(struct context *x, int cell, int vcpu, const char *prefix, cJSON *to)
{
	struct values values = { .prefix = prefix, .to = to ? cJSON_AddObjectToObject(to, "values") : NULL };

	return cellctl_metrics(x->c, cell, vcpu, value, &values);
}

static int metrics_cell(struct context *x, unsigned number, int only, cJSON *cells)
{
	cJSON *to = cells ? cJSON_CreateObject() : NULL, *vcpus = NULL;
	char name[33], prefix[64];
	struct manage_cell cell;
	int error = cellctl_cell(x->c, number, &cell);

	if (to) {
		cJSON_AddItemToArray(cells, to);
		json_string(to, "name", cell.name);
		vcpus = cJSON_AddArrayToObject(to, "vcpus");
	}
	printable(cell.name, sizeof cell.name, name, sizeof name);
	snprintf(prefix, sizeof prefix, "%s.", name);
	if (!error && only < 0)
		error = metrics_of(x, (int)number, -1, prefix, to);
	if (!error && only >= cell.vcpu_count)
		return complain(CELLCTL_UNKNOWN, _("%s has the vCPUs 0 to %u"), name, cell.vcpu_count - 1u);
	for (int i = 0; i < cell.vcpu_count && !error; i++) {
		if (only >= 0 && only != i)
			continue;
		cJSON *one = vcpus ? cJSON_CreateObject() : NULL;

		if (one) {
			json_number(one, "number", (uint64_t)i);
			cJSON_AddItemToArray(vcpus, one);
		}
		snprintf(prefix, sizeof prefix, "%s.%d.", name, i);
		error = metrics_of(x, (int)number, i, prefix, one);
	}
	return error ? context_failed(x, error) : 0;
}

int command_metrics(struct context *x, int count, char **arguments)
{
	struct place place;
	int error;

	if ((error = context_open(x, NULL)) || (error = parse_place(x, count, arguments, &place)))
		return error;
	cJSON *document = x->json ? cJSON_CreateObject() : NULL, *cells;
	cJSON *core = document ? cJSON_AddObjectToObject(document, "core") : NULL;

	if (place.cell < 0 && (error = metrics_of(x, -1, -1, "core.", core)))
		error = context_failed(x, error);
	cells = document ? cJSON_AddArrayToObject(document, "cells") : NULL;
	for (unsigned i = 0; i < cellctl_cells(x->c) && !error; i++)
		if (place.cell < 0 || (unsigned)place.cell == i)
			error = metrics_cell(x, i, place.vcpu, cells);
	if (document && !error)
		return json_print(document);
	cJSON_Delete(document);
	return error;
}

/* ---- latency ---- */

static double ns(const struct manage_identity *board, unsigned bucket)
{
	return board->hz ? (double)(1ull << bucket) * 1e9 / (double)board->hz : 0;
}

static void print_paths(const struct manage_identity *board, const char *name, unsigned vcpu, const uint32_t *counts, size_t count)
{
	uint64_t all = 0, most = 0, so_far = 0;

	for (size_t i = 0; i < count; i++) {
		all += counts[i];
		most = counts[i] > most ? counts[i] : most;
	}
	printf(_("%s vCPU %u: %" PRIu64 " long exits\n"), name, vcpu, all);
	for (size_t i = 0; i < count; i++) {
		if (!counts[i])
			continue;
		so_far += counts[i];
		printf(_("  < %10.0f ns %10u %6.2f %%  "), ns(board, (unsigned)i), counts[i], (double)so_far * 100 / (double)all);
		for (uint64_t n = 0; n < (counts[i] * (uint64_t)BAR + most - 1) / most; n++)
			putchar('#');
		putchar('\n');
	}
}

static void paths_json(const struct manage_identity *board, const char *name, unsigned vcpu, const uint32_t *counts, size_t count, cJSON *to)
{
	cJSON *one = cJSON_CreateObject(), *list;

	json_string(one, "cell", name);
	json_number(one, "vcpu", vcpu);
	list = cJSON_AddArrayToObject(one, "buckets");
	for (size_t i = 0; i < count; i++) {
		cJSON *bucket = cJSON_CreateObject();

		cJSON_AddNumberToObject(bucket, "below_ticks", (double)(1ull << i));
		cJSON_AddNumberToObject(bucket, "below_ns", ns(board, (unsigned)i));
		json_number(bucket, "count", counts[i]);
		cJSON_AddItemToArray(list, bucket);
	}
	cJSON_AddItemToArray(to, one);
}

static int latency_cell(struct context *x, const struct manage_identity *board, unsigned number, int only, cJSON *to)
{
	struct manage_cell cell;
	char name[33];
	int error = cellctl_cell(x->c, number, &cell);

	if (error)
		return context_failed(x, error);
	printable(cell.name, sizeof cell.name, name, sizeof name);
	if (only >= cell.vcpu_count)
		return complain(CELLCTL_UNKNOWN, _("%s has the vCPUs 0 to %u"), name, cell.vcpu_count - 1u);
	for (unsigned i = 0; i < cell.vcpu_count; i++) {
		uint32_t counts[PATHS_MOST];
		size_t count = PATHS_MOST;

		if (only >= 0 && (unsigned)only != i)
			continue;
		if ((error = cellctl_paths(x->c, number, i, counts, &count)))
			return context_failed(x, error);
		if (to)
			paths_json(board, name, i, counts, count, to);
		else
			print_paths(board, name, i, counts, count);
	}
	return 0;
}

int command_latency(struct context *x, int count, char **arguments)
{
	const struct manage_identity *board;
	struct place place;
	int error;

	if ((error = context_open(x, NULL)) || (error = parse_place(x, count, arguments, &place)))
		return error;
	if ((error = cellctl_identity(x->c, &board)))
		return context_failed(x, error);
	cJSON *document = x->json ? cJSON_CreateObject() : NULL;
	cJSON *list = document ? cJSON_AddArrayToObject(document, "paths") : NULL;

	for (unsigned i = 0; i < cellctl_cells(x->c) && !error; i++)
		if (place.cell < 0 || (unsigned)place.cell == i)
			error = latency_cell(x, board, i, place.vcpu, list);
	if (document && !error)
		return json_print(document);
	cJSON_Delete(document);
	return error;
}
