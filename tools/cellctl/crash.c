/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* crash: the crash region of a board or of a dump, in words or as JSON: what tools/crash-show prints, and names of addresses. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "crash_show.h"

#define REGION_MOST (64u << 20)

/* The numbers are ABI (core/life.h). */
static const char *const op_words[] = { "status", "start", "stop", "restart", "suspend", "resume", "kill", "reset-board", "power-off" };
static const char *const result_words[] = { "ok", "already", "refused", "asked", "denied" };

struct crash {
	struct context *x;
	const char *only;         /* cell; NULL: all */
	struct symbols *symbols;
	struct crash_view view;
	uint8_t *data;
	size_t size;
	cJSON *to;                /* NULL: text */
	unsigned found;           /* records and panics */
	char name[33];            /* of the cell, if it was asked for by its number */
};

/* ---- records of cells ---- */

static void damaged(const struct crash *crash, const char *part, const char *why)
{
	if (!why)
		return;
	if (!crash->to) {
		printf(_("%s: damaged (%s)\n"), part, _(why));
		return;
	}
	cJSON *one = cJSON_CreateObject();

	json_string(one, "part", part);
	json_string(one, "why", why);
	cJSON_AddItemToArray(cJSON_GetObjectItem(crash->to, "damaged"), one);
}

/* By their sequence; there are few. */
static void show_cells(struct crash *crash)
{
	unsigned count = crash_slot_number(&crash->view), last = 0;
	cJSON *list = crash->to ? cJSON_AddArrayToObject(crash->to, "cells") : NULL;
	char part[24];

	for (unsigned n = 0; n < count; n++) {
		const char *why;
		struct crash_cell *cell = crash_slot_read(&crash->view, n, &why);

		snprintf(part, sizeof part, "slot %u", n);
		damaged(crash, part, why);
		free(cell);
	}
	for (;;) {
		struct crash_cell *next = NULL;
		unsigned slot = 0;

		for (unsigned n = 0; n < count; n++) {
			const char *why;
			struct crash_cell *cell = crash_slot_read(&crash->view, n, &why);

			if (cell && cell->origin.sequence > last && (!next || cell->origin.sequence < next->origin.sequence)) {
				free(next);
				next = cell;
				slot = n;
			} else {
				free(cell);
			}
		}
		if (!next)
			return;
		last = next->origin.sequence;
		if (!crash->only || !strncmp(next->cell, crash->only, sizeof next->cell)) {
			crash->found++;
			if (list)
				crash_cell_json(crash->symbols, slot, next, list);
			else
				crash_print_cell(crash->symbols, next);
		}
		free(next);
	}
}

/* ---- panic ---- */

static void show_panic(struct crash *crash)
{
	const char *why;
	struct crash_panic *panic = crash_panic_read(&crash->view, &why);
	unsigned stack = panic && panic->stack_count < PANIC_STACK ? panic->stack_count : PANIC_STACK;

	damaged(crash, "panic", why);
	if (crash->to && !panic)
		cJSON_AddNullToObject(crash->to, "panic");
	if (!panic)
		return;
	crash->found++;
	if (crash->to)
		crash_panic_json(panic, stack, cJSON_AddObjectToObject(crash->to, "panic"));
	else
		crash_print_panic(panic, stack);
	free(panic);
}

/* ---- audits ---- */

static const char *word_of(const char *const *words, size_t count, unsigned n)
{
	return n < count ? words[n] : "?";
}

const char *audit_op(unsigned op)
{
	return word_of(op_words, sizeof op_words / sizeof *op_words, op);
}

const char *audit_result(unsigned result)
{
	return word_of(result_words, sizeof result_words / sizeof *result_words, result);
}

static const char *origin_name(const struct crash_audit *audit, unsigned n, char *to, size_t size)
{
	if (n + 2 == audit->origins || n + 1 == audit->origins)
		snprintf(to, size, "%s", n + 2 == audit->origins ? "operator" : "policy");
	else if (audit->names && n < audit->origins)
		printable((const char *)audit + audit->names + (size_t)n * CRASH_NAME, CRASH_NAME, to, size);
	else
		snprintf(to, size, "cell %u", n);
	return to;
}

void audit_line_json(cJSON *list, const struct audit_line *line, const char *by, const char *target)
{
	cJSON *one = cJSON_CreateObject();

	json_number(one, "sequence", line->sequence);
	json_number(one, "ticks", line->when);
	json_string(one, "by", by);
	json_string(one, "operation", audit_op(line->op));
	json_string(one, "target", target);
	json_string(one, "result", audit_result(line->result));
	json_number(one, "times", line->times);
	cJSON_AddItemToArray(list, one);
}

void audit_line_print(const struct audit_line *line, const char *by, const char *target)
{
	bool cell = line->origin + 2 < line->origins; /* whose name is no word */

	printf("    %u: %s %s%s%s: %s", line->sequence, cell ? by : cellctl_word(by), cellctl_word(audit_op(line->op)), target ? " " : "", target ? target : "",
	       cellctl_word(audit_result(line->result)));
	if (line->times > 1)
		printf(_(" (%u times)"), line->times);
	putchar('\n');
}

static void show_audit(struct crash *crash, const struct crash_audit *audit, cJSON *list)
{
	size_t count;
	struct audit_line *lines = audit_of_crash(audit, &count);
	cJSON *to = list ? cJSON_CreateObject() : NULL, *entries = NULL;
	char by[CRASH_NAME + 1], target[CRASH_NAME + 1];

	(void)crash;
	if (to) {
		json_string(to, "kind", "audit");
		crash_origin_json(&audit->origin, to);
		entries = cJSON_AddArrayToObject(to, "entries");
		cJSON_AddItemToArray(list, to);
	} else {
		printf(_("audit of boot %u: %zu entries\n"), audit->origin.boot, lines ? count : 0);
	}
	for (size_t i = 0; lines && i < count; i++) {
		bool known = lines[i].target + 2u < audit->origins;

		origin_name(audit, lines[i].origin, by, sizeof by);
		if (known)
			origin_name(audit, lines[i].target, target, sizeof target);
		if (to)
			audit_line_json(entries, &lines[i], by, known ? target : NULL);
		else
			audit_line_print(&lines[i], by, known ? target : NULL);
	}
	free(lines);
}

static void show_audits(struct crash *crash)
{
	cJSON *list = crash->to ? cJSON_AddArrayToObject(crash->to, "audits") : NULL;
	const char *why[2];
	struct crash_audit *audits[2];

	for (unsigned i = 0; i < 2; i++) {
		audits[i] = crash_audit_read(&crash->view, i, &why[i]);
		damaged(crash, i ? "audit 1" : "audit 0", why[i]);
	}
	unsigned first = audits[0] && audits[1] && audits[1]->origin.boot < audits[0]->origin.boot;

	for (unsigned i = 0; i < 2; i++)
		if (audits[i ^ first])
			show_audit(crash, audits[i ^ first], list);
	free(audits[0]);
	free(audits[1]);
}

/* ---- where it comes from ---- */

static int read_file(struct crash *crash, const char *path)
{
	FILE *file = fopen(path, "re");
	struct stat status;
	int error = 0;

	if (!file)
		return complain(CELLCTL_USAGE, "%s: %s", path, strerror(errno));
	if (fstat(fileno(file), &status) || status.st_size <= 0 || status.st_size > REGION_MOST)
		error = complain(CELLCTL_USAGE, _("%s: is no dump of a crash region"), path);
	else if (!(crash->data = malloc((size_t)status.st_size)))
		error = complain(CELLCTL_FAILED, _("out of memory"));
	else
		crash->size = fread(crash->data, 1, (size_t)status.st_size, file);
	fclose(file);
	return error;
}

static int save(const struct crash *crash, const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file)
		return complain(CELLCTL_FAILED, "%s: %s", path, strerror(errno));
	bool bad = fwrite(crash->data, 1, crash->size, file) != crash->size;

	bad |= fclose(file) != 0;
	return bad ? complain(CELLCTL_FAILED, "%s: %s", path, strerror(errno)) : 0;
}

/* ---- which cell ---- */

static bool audit_has(const struct crash_audit *audit, const char *name)
{
	for (unsigned i = 0; audit && audit->names && i + 2 < audit->origins; i++)
		if (!strncmp((const char *)audit + audit->names + (size_t)i * CRASH_NAME, name, CRASH_NAME))
			return true;
	return false;
}

/* A dump has the names of its cells in its audits. */
static bool dump_has(const struct crash *crash, const char *name)
{
	bool has = false;

	for (unsigned i = 0; i < 2; i++) {
		const char *why;
		struct crash_audit *audit = crash_audit_read(&crash->view, i, &why);

		has |= audit_has(audit, name);
		free(audit);
	}
	return has;
}

/* Of a cell that there is, or of a name that nobody has. */
static int no_record(const struct crash *crash)
{
	unsigned cell;

	if (!crash->x->c && !dump_has(crash, crash->only))
		return complain(CELLCTL_UNKNOWN, _("there is no record of %s, and no cell of that name"), crash->only);
	if (crash->x->c && cellctl_find(crash->x->c, crash->only, &cell))
		return context_failed(crash->x, CELLCTL_UNKNOWN);
	if (crash->x->c)
		return complain(CELLCTL_NO, _("there is no record of %s: only a cell that has failed leaves one; cellctl status %s says how it is, and how it ended"), crash->only, crash->only);
	return complain(CELLCTL_NO, _("there is no record of %s"), crash->only);
}

static bool has_record(const struct crash *crash)
{
	bool has = false;

	for (unsigned n = 0; n < crash_slot_number(&crash->view) && !has; n++) {
		const char *why;
		struct crash_cell *cell = crash_slot_read(&crash->view, n, &why);

		has = cell && !strncmp(cell->cell, crash->only, sizeof cell->cell);
		free(cell);
	}
	return has;
}

/* What is asked for by its number has a name. */
static void take_name(struct crash *crash)
{
	struct manage_cell cell;
	unsigned number;

	if (!crash->only || !crash->x->c || has_record(crash) || cellctl_find(crash->x->c, crash->only, &number) || cellctl_cell(crash->x->c, number, &cell))
		return;
	snprintf(crash->name, sizeof crash->name, "%s", cell.name);
	crash->only = crash->name;
}

static int show(struct crash *crash)
{
	const char *why;

	crash->to = crash->x->json ? cJSON_CreateObject() : NULL;
	if (crash->to)
		cJSON_AddArrayToObject(crash->to, "damaged");
	void *head = crash_part(&crash->view, 0, CRASH_HEAD, CRASH_KIND_HEAD, sizeof(struct crash_head), &why);

	free(head);
	damaged(crash, "head", why);
	if (crash->view.has_head && crash->to)
		crash_origin_json(&crash->view.head.origin, cJSON_AddObjectToObject(crash->to, "head"));
	else if (crash->to)
		cJSON_AddNullToObject(crash->to, "head");
	else if (crash->view.has_head)
		printf(_("boot %u, partition %s, configuration %s\n"), crash->view.head.origin.boot, TEXT(crash->view.head.origin.partition), TEXT(crash->view.head.origin.hash));
	show_cells(crash);
	if (!crash->only) {
		show_panic(crash);
		show_audits(crash);
	}
	int error = crash->to ? json_print(crash->to) : 0;

	if (!error && !crash->found && crash->only)
		return no_record(crash);
	return error ? error : crash->found || crash->view.has_head ? 0 : complain(CELLCTL_NO, _("there is nothing"));
}

int command_crash(struct context *x, int count, char **arguments)
{
	struct crash crash = { .x = x, .only = count ? arguments[0] : NULL };
	int error = symbols_open(option(x, "elf"), &crash.symbols);

	if (!error)
		error = option(x, "file") ? read_file(&crash, option(x, "file")) : crash_fetch(x, crash.only, option(x, "save"), &crash.data, &crash.size);
	if (!error && option(x, "save"))
		error = save(&crash, option(x, "save"));
	if (!error) {
		crash_view(&crash.view, crash.data, crash.size);
		take_name(&crash);
	}
	if (!error && option(x, "core"))
		error = crash.only && !has_record(&crash) ? no_record(&crash) : crash_core(&crash.view, crash.only, option(x, "core"));
	else if (!error)
		error = show(&crash);
	free(crash.data);
	symbols_close(crash.symbols);
	return error;
}
