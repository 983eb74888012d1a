/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* list, status, identify. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"

#define BY_OPERATOR 0xffffu
#define BY_ITSELF 0xfffeu
#define BY_POLICY 0xfffdu

/* The core's own words, "?" for what it has none. */
static const char *word(struct context *x, enum manage_names which, unsigned number)
{
	const char *name = cellctl_name(x->c, which, number);

	return name ? name : "?";
}

/* In the user's language. */
static const char *said(struct context *x, enum manage_names which, unsigned number)
{
	return cellctl_word(word(x, which, number));
}

static const char *who(struct context *x, unsigned by, char *to, size_t size)
{
	struct manage_cell cell;

	if (by == BY_OPERATOR || by == BY_ITSELF || by == BY_POLICY)
		return by == BY_OPERATOR ? "operator" : by == BY_ITSELF ? "itself" : "policy";
	if (by >= cellctl_cells(x->c) || cellctl_cell(x->c, by, &cell))
		return "?";
	return printable(cell.name, sizeof cell.name, to, size);
}

static const char *by_whom(struct context *x, unsigned by, char *to, size_t size)
{
	const char *name = who(x, by, to, size);

	return name == to ? name : cellctl_word(name); /* a cell may be called anything */
}

/* "microseconds" of ticks; 0 stays 0. */
static double microseconds(const struct manage_identity *board, uint64_t ticks)
{
	return board->hz ? (double)ticks * 1e6 / (double)board->hz : 0;
}

static double seconds_since(const struct manage_identity *board, uint64_t when)
{
	return board->hz && when && board->now > when ? (double)(board->now - when) / (double)board->hz : 0;
}

/* ---- JSON ---- */

static void rights_json(struct context *x, cJSON *to, unsigned rights)
{
	cJSON *list = cJSON_AddArrayToObject(to, "rights");
	const char *name;

	for (unsigned op = 0; op < 16; op++)
		if (rights >> op & 1 && (name = cellctl_name(x->c, NAMES_OPS, op)))
			cJSON_AddItemToArray(list, cJSON_CreateString(name));
}

static void times_json(const struct manage_identity *board, cJSON *to, const struct manage_cell *cell)
{
	cJSON *times = cJSON_AddObjectToObject(to, "microseconds");

	cJSON_AddNumberToObject(times, "regain", microseconds(board, cell->regain));
	cJSON_AddNumberToObject(times, "stop", microseconds(board, cell->stop));
	cJSON_AddNumberToObject(times, "clear", microseconds(board, cell->clear));
	cJSON_AddNumberToObject(times, "start", microseconds(board, cell->start));
	cJSON_AddNumberToObject(times, "resume", microseconds(board, cell->resume));
}

static cJSON *cell_json(struct context *x, const struct manage_identity *board, unsigned number, const struct manage_cell *cell)
{
	cJSON *to = cJSON_CreateObject();
	char name[32];

	json_number(to, "number", number);
	json_string(to, "name", cell->name);
	json_string(to, "state", word(x, NAMES_STATES, cell->state));
	json_number(to, "lives", cell->lives);
	json_number(to, "vcpu_count", cell->vcpu_count);
	json_string(to, "interrupts", cell->interrupts ? "direct" : "mediated");
	cJSON_AddBoolToObject(to, "console", cell->console);
	cJSON_AddBoolToObject(to, "debug_allowed", cell->debug & 1);
	cJSON_AddBoolToObject(to, "debug_held", cell->debug & 2);
	json_number(to, "missing_vcpus", cell->missing);
	json_number(to, "console_dropped", cell->dropped);
	rights_json(x, to, cell->rights);
	cJSON *end = cell->reason ? cJSON_AddObjectToObject(to, "last_end") : NULL;

	if (end) {
		json_string(end, "reason", word(x, NAMES_REASONS, cell->reason));
		json_string(end, "what", cell->what);
		json_string(end, "by", who(x, cell->by, name, sizeof name));
	} else {
		cJSON_AddNullToObject(to, "last_end");
	}
	cJSON_AddNumberToObject(to, "seconds_since_change", seconds_since(board, cell->since));
	times_json(board, to, cell);
	return to;
}

static cJSON *board_json(const struct manage_identity *board)
{
	static const char *const features[] = { [FEATURE_LIFE] = "life", [FEATURE_METRICS] = "metrics", [FEATURE_TRACE] = "trace", [FEATURE_DEBUG] = "debug" };
	cJSON *to = cJSON_CreateObject(), *list;

	json_string(to, "partition", board->partition);
	json_string(to, "board", board->board);
	json_text(to, "configuration", board->hash, strnlen(board->hash, sizeof board->hash));
	json_number(to, "line_version", board->version);
	json_number(to, "boot", board->boot);
	json_number(to, "cpus", board->cpus);
	json_number(to, "cells", board->cells);
	json_number(to, "vcpus", board->vcpus);
	list = cJSON_AddArrayToObject(to, "features");
	for (unsigned i = 0; i < sizeof features / sizeof *features; i++)
		if (board->features >> i & 1)
			cJSON_AddItemToArray(list, cJSON_CreateString(features[i]));
	json_number(to, "hz", board->hz);
	cJSON_AddNumberToObject(to, "seconds", microseconds(board, board->now) / 1e6);
	json_number(to, "crash_size", board->crash_size);
	json_hex(to, "messages_crc", board->messages);
	json_number(to, "damaged_frames", board->damaged);
	return to;
}

/* ---- list ---- */

static void list_head(void)
{
	const struct { const char *text; int width; } columns[] = { { _("CELL"), -16 }, { _("STATE"), -10 }, { _("LIVES"), 6 }, { _("VCPUS"), 5 } };

	for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
		print_column(columns[i].text, columns[i].width);
		putchar(' ');
	}
	putchar(' ');
	print_column(_("IRQ"), -9);
	printf(" %s\n", _("LAST END"));
}

static void list_cell(struct context *x, const struct manage_cell *cell)
{
	char name[33], what[41];

	print_column(printable(cell->name, sizeof cell->name, name, sizeof name), -16);
	putchar(' ');
	print_column(said(x, NAMES_STATES, cell->state), -10);
	printf(" %6u %5u  %-9s %s%s%s\n", cell->lives, cell->vcpu_count, cell->interrupts ? "direct" : "mediated", cell->reason ? said(x, NAMES_REASONS, cell->reason) : "-",
	       *cell->what ? ": " : "", cellctl_word(printable(cell->what, sizeof cell->what, what, sizeof what)));
}

int command_list(struct context *x, int count, char **arguments)
{
	const struct manage_identity *board;
	struct manage_cell cell;
	int error = context_board(x, &board);

	(void)count;
	(void)arguments;
	if (error)
		return error;
	cJSON *cells = x->json ? cJSON_CreateArray() : NULL;

	if (!x->json)
		list_head();
	for (unsigned i = 0; i < cellctl_cells(x->c); i++) {
		if ((error = cellctl_cell(x->c, i, &cell))) {
			cJSON_Delete(cells);
			return context_failed(x, error);
		}
		if (x->json) {
			cJSON_AddItemToArray(cells, cell_json(x, board, i, &cell));
			continue;
		}
		list_cell(x, &cell);
	}
	if (!x->json)
		return 0;
	cJSON *document = cJSON_CreateObject();

	cJSON_AddItemToObject(document, "cells", cells);
	return json_print(document);
}

/* ---- status ---- */

static void print_time(const struct manage_identity *board, const char *name, uint64_t ticks, bool *first)
{
	if (!ticks)
		return;
	printf("%s%s %.0f us", *first ? "" : ", ", cellctl_word(name), microseconds(board, ticks));
	*first = false;
}

static void print_cell(struct context *x, const struct manage_identity *board, const struct manage_cell *cell)
{
	char text[64];
	bool first = true;
	const char *name;

	printf("%s\n", printable(cell->name, sizeof cell->name, text, sizeof text));
	printf(_("    state       %s, life %u%s"), said(x, NAMES_STATES, cell->state), cell->lives, cell->debug & 2 ? _(", held by a debugger") : "");
	if (cell->since)
		printf(_("; it last began to change %.1f s ago"), seconds_since(board, cell->since));
	putchar('\n');
	if (cell->reason) {
		printf(_("    last end    %s"), said(x, NAMES_REASONS, cell->reason));
		if (*cell->what)
			printf(": %s", cellctl_word(printable(cell->what, sizeof cell->what, text, sizeof text)));
		printf(_(", by %s\n"), by_whom(x, cell->by, text, sizeof text));
	}
	printf(_("    interrupts  %s\n"), cell->interrupts ? "direct" : "mediated");
	printf(_("    console     %s, %u bytes dropped\n"), cell->console ? _("yes") : _("none"), cell->dropped);
	printf(_("    you may    "));
	for (unsigned op = 0; op < 16; op++)
		if (cell->rights >> op & 1 && (name = cellctl_name(x->c, NAMES_OPS, op)))
			printf(" %s", cellctl_word(name));
	if (cell->debug & 1)
		printf(" %s", cellctl_word("debug"));
	printf(_("%s\n    it took     "), cell->rights || cell->debug & 1 ? "" : _(" nothing"));
	print_time(board, "regain", cell->regain, &first);
	print_time(board, "stop", cell->stop, &first);
	print_time(board, "clear", cell->clear, &first);
	print_time(board, "start", cell->start, &first);
	print_time(board, "resume", cell->resume, &first);
	printf("%s\n", first ? "-" : "");
	if (cell->missing)
		printf(_("    missing     %u vCPUs have not come in\n"), cell->missing);
}

static int status_vcpus(struct context *x, unsigned number, const struct manage_cell *cell, cJSON *to)
{
	cJSON *list = to ? cJSON_AddArrayToObject(to, "vcpus") : NULL;
	struct manage_vcpu vcpu;
	char name[17];

	for (unsigned i = 0; i < cell->vcpu_count; i++) {
		int error = cellctl_vcpu(x->c, number, i, &vcpu);

		if (error)
			return error;
		if (!to) {
			printf(_("    vCPU %-3u    %s, %s, %llu exits%s\n"), i, printable(vcpu.cpu, sizeof vcpu.cpu, name, sizeof name), said(x, NAMES_POWER, vcpu.power),
			       (unsigned long long)vcpu.exits, vcpu.kept ? _(", registers of its last end are kept (cellctl regs)") : "");
			continue;
		}
		cJSON *one = cJSON_CreateObject();

		json_number(one, "number", i);
		json_string(one, "cpu", vcpu.cpu);
		json_string(one, "power", word(x, NAMES_POWER, vcpu.power));
		json_number(one, "exits", vcpu.exits);
		cJSON_AddBoolToObject(one, "registers_kept", vcpu.kept);
		json_number(one, "registers_life", vcpu.life);
		cJSON_AddItemToArray(list, one);
	}
	return 0;
}

static int status_cell(struct context *x, const struct manage_identity *board, unsigned number, cJSON *cells)
{
	struct manage_cell cell;
	int error = cellctl_cell(x->c, number, &cell);

	if (error)
		return error;
	cJSON *one = cells ? cell_json(x, board, number, &cell) : NULL;

	if (one)
		cJSON_AddItemToArray(cells, one);
	else
		print_cell(x, board, &cell);
	return status_vcpus(x, number, &cell, one);
}

int command_status(struct context *x, int count, char **arguments)
{
	const struct manage_identity *board;
	unsigned number, all;
	char text[64];
	int error = context_board(x, &board);

	if (error)
		return error;
	cJSON *document = x->json ? cJSON_CreateObject() : NULL, *cells = NULL;

	if (document) {
		cJSON_AddItemToObject(document, "board", board_json(board));
		cells = cJSON_AddArrayToObject(document, "cells");
	} else if (!count) {
		printf(_("%s: %u cells on %u CPUs, up for %.1f s\n"), printable(board->partition, sizeof board->partition, text, sizeof text), board->cells, board->cpus,
		       microseconds(board, board->now) / 1e6);
	}
	all = count ? (unsigned)count : cellctl_cells(x->c);
	for (unsigned i = 0; i < all && !error; i++) {
		number = i;
		if (count && (error = context_cell(x, arguments[i], &number))) {
			cJSON_Delete(document);
			return error;
		}
		error = status_cell(x, board, number, cells);
	}
	if (error) {
		cJSON_Delete(document);
		return context_failed(x, error);
	}
	return document ? json_print(document) : 0;
}

/* ---- identify ---- */

#define HASH_LENGTH 64

/*
 * The configuration's hash is a constant of the image, and the only text of that shape in it that is there by itself: so the
 * image of a build folder is asked, not what that folder says of it.
 */
static int image_has(const char *path, const char *hash, bool *has)
{
	FILE *file = fopen(path, "re");
	char window[1 << 16];
	size_t kept = 0, count;

	*has = false;
	if (!file)
		return complain(CELLCTL_USAGE, "%s: %s", path, strerror(errno));
	while (!*has && (count = fread(window + kept, 1, sizeof window - kept, file))) {
		kept += count;
		*has = memmem(window, kept, hash, HASH_LENGTH);
		if (kept > HASH_LENGTH) {
			memmove(window, window + kept - HASH_LENGTH, HASH_LENGTH);
			kept = HASH_LENGTH;
		}
	}
	fclose(file);
	return 0;
}

static int compare_build(const struct manage_identity *board, const char *folder, bool *same)
{
	char path[4096];

	if (snprintf(path, sizeof path, "%s/cloison.elf", folder) >= (int)sizeof path)
		return complain(CELLCTL_USAGE, "%s: %s", folder, strerror(ENAMETOOLONG));
	for (size_t i = 0; i < sizeof board->hash; i++)
		if (!strchr("0123456789abcdef", board->hash[i]) || !board->hash[i])
			return complain(CELLCTL_PROTOCOL, _("what the board says of its configuration is no hash"));
	return image_has(path, board->hash, same);
}

static void print_identity(const struct manage_identity *board)
{
	char text[64], hash[65];

	printf(_("partition      %s\n"), printable(board->partition, sizeof board->partition, text, sizeof text));
	printf(_("board          %s\n"), printable(board->board, sizeof board->board, text, sizeof text));
	printf(_("configuration  %s\n"), printable(board->hash, sizeof board->hash, hash, sizeof hash));
	printf(_("line           version %u; this program: %u\n"), board->version, LINE_VERSION);
	printf(_("boot           %u, up for %.1f s\n"), board->boot, microseconds(board, board->now) / 1e6);
	printf(_("size           %u CPUs, %u cells, %u vCPUs\n"), board->cpus, board->cells, board->vcpus);
	printf(_("built in      %s%s%s%s\n"), board->features >> FEATURE_LIFE & 1 ? " life" : "", board->features >> FEATURE_METRICS & 1 ? " metrics" : "",
	       board->features >> FEATURE_TRACE & 1 ? " trace" : "", board->features >> FEATURE_DEBUG & 1 ? " debug" : "");
}

int command_identify(struct context *x, int count, char **arguments)
{
	const struct manage_identity *board;
	const char *folder = option(x, "build");
	bool same = true;
	int error = context_board(x, &board);

	(void)count;
	(void)arguments;
	if (error)
		return error;
	if (folder && (error = compare_build(board, folder, &same)))
		return error;
	if (x->json) {
		cJSON *document = board_json(board);

		if (folder)
			cJSON_AddBoolToObject(document, "matches_build", same);
		error = json_print(document);
	} else {
		print_identity(board);
		if (folder)
			printf(same ? _("build          %s is of the same configuration\n") : _("build          %s is of ANOTHER configuration\n"), folder);
	}
	return error ? error : same ? 0 : CELLCTL_NO;
}
