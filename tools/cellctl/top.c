/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* top: cells and vCPUs, again and again. Plain ANSI at a terminal, tables one behind the other elsewhere. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"

#define NAME_SIZE 32
#define VALUES_MOST 64u

struct value {
	char name[NAME_SIZE];
	uint64_t number;
};

/* A vCPU as it was at the last look. */
struct line {
	bool seen;
	uint64_t exits;
	size_t count;
	struct value values[VALUES_MOST];
};

struct top {
	struct context *x;
	struct line *lines; /* of all vCPUs */
	unsigned line_count;
	uint64_t now, before; /* ticks, of this look and the last one */
	bool metrics;
	cJSON *to; /* JSON: vCPUs of this look */
};

static void take_value(void *context, const char *name, uint64_t number)
{
	struct line *line = context;

	if (line->count == VALUES_MOST)
		return;
	printable(name, strlen(name), line->values[line->count].name, NAME_SIZE);
	line->values[line->count++].number = number;
}

static double rate(const struct top *top, const struct manage_identity *board, uint64_t difference)
{
	return top->now > top->before && top->before && board->hz ? (double)difference * (double)board->hz / (double)(top->now - top->before) : 0;
}

/* What it exits for most, or where it has most. */
static const struct value *busiest(const struct line *before, const struct line *now, uint64_t *difference)
{
	const struct value *found = NULL;

	*difference = 0;
	for (size_t i = 0; i < now->count; i++) {
		bool same = before->seen && i < before->count && !strcmp(before->values[i].name, now->values[i].name);
		uint64_t more = same ? now->values[i].number - before->values[i].number : 0;

		if (more > *difference && more < UINT64_MAX / 2 && strcmp(now->values[i].name, "total") && !strstr(now->values[i].name, "ticks") &&
		    !strstr(now->values[i].name, "_most")) {
			*difference = more;
			found = &now->values[i];
		}
	}
	return found;
}

static int show_vcpu(struct top *top, const struct manage_identity *board, const struct manage_cell *cell, unsigned number, unsigned vcpu, struct line *before)
{
	struct line now = { .seen = true };
	struct manage_vcpu state;
	uint64_t most;
	char text[17], name[33];
	int error = cellctl_vcpu(top->x->c, number, vcpu, &state);

	if (!error && top->metrics && (error = cellctl_metrics(top->x->c, (int)number, (int)vcpu, take_value, &now)) == CELLCTL_UNKNOWN) {
		top->metrics = false;
		error = 0;
	}
	if (error)
		return error;
	const struct value *reason = busiest(before, &now, &most);
	const char *power = cellctl_name(top->x->c, NAMES_POWER, state.power), *shown = cellctl_name(top->x->c, NAMES_STATES, cell->state);
	double exits = rate(top, board, before->seen ? state.exits - before->exits : 0);

	now.exits = state.exits;
	printable(cell->name, sizeof cell->name, name, sizeof name);
	if (top->to) {
		cJSON *one = cJSON_CreateObject();

		json_string(one, "cell", name);
		json_string(one, "state", shown);
		json_number(one, "lives", cell->lives);
		json_number(one, "vcpu", vcpu);
		json_string(one, "cpu", state.cpu);
		json_string(one, "power", power);
		json_number(one, "exits", state.exits);
		cJSON_AddNumberToObject(one, "exits_per_second", exits);
		json_string(one, "most", reason ? reason->name : NULL);
		cJSON_AddNumberToObject(one, "most_per_second", rate(top, board, most));
		cJSON_AddItemToArray(top->to, one);
	} else {
		printf("%-16s ", name);
		print_column(shown ? cellctl_word(shown) : "?", -10);
		printf(" %6u %5u %-8s ", cell->lives, vcpu, printable(state.cpu, sizeof state.cpu, text, sizeof text));
		print_column(power ? cellctl_word(power) : "?", -8);
		printf(" %14" PRIu64 " %12.1f  ", state.exits, exits);
		if (reason)
			printf("%s %.1f", reason->name, rate(top, board, most));
		printf(isatty(STDOUT_FILENO) ? "\033[K\n" : "\n");
	}
	*before = now;
	return 0;
}

static int show_cells(struct top *top, const struct manage_identity *board)
{
	struct manage_cell cell;
	unsigned line = 0;
	int error = 0;

	for (unsigned i = 0; i < cellctl_cells(top->x->c) && !error; i++) {
		error = cellctl_cell(top->x->c, i, &cell);
		for (unsigned v = 0; v < cell.vcpu_count && !error && line < top->line_count; v++)
			error = show_vcpu(top, board, &cell, i, v, &top->lines[line++]);
	}
	return error;
}

static void show_head(bool terminal)
{
	const struct { const char *text; int width; } columns[] = {
		{ _("CELL"), -16 }, { _("STATE"), -10 }, { _("LIVES"), 6 }, { _("VCPU"), 5 }, { _("CPU"), -8 }, { _("POWER"), -8 }, { _("EXITS"), 14 }, { _("PER SECOND"), 12 },
	};

	for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
		print_column(columns[i].text, columns[i].width);
		putchar(' ');
	}
	printf(" %s%s\n", _("MOST OF IT"), terminal ? "\033[K" : "");
}

static int look(struct top *top)
{
	struct manage_identity board;
	size_t size = sizeof board;
	bool terminal = isatty(STDOUT_FILENO) && !top->x->json;
	int error = cellctl_ask(top->x->c, LINE_MANAGE, MANAGE_IDENTIFY, NULL, 0, &board, &size); /* not the remembered one: the time */

	if (error)
		return error;
	if (size < sizeof board)
		return CELLCTL_PROTOCOL;
	top->before = top->now;
	top->now = board.now;
	double seconds = board.hz ? (double)board.now / (double)board.hz : 0;
	cJSON *document = top->x->json ? cJSON_CreateObject() : NULL;

	if (document) {
		cJSON_AddNumberToObject(document, "seconds", seconds);
		top->to = cJSON_AddArrayToObject(document, "vcpus");
	} else {
		char name[33];

		printf(terminal ? "\033[H" : "");
		printf(_("%s: up for %.1f s, %u cells, %u CPUs%s\n"), printable(board.partition, sizeof board.partition, name, sizeof name), seconds, board.cells, board.cpus,
		       terminal ? "\033[K" : "");
		show_head(terminal);
	}
	error = show_cells(top, &board);
	printf(terminal ? "\033[J" : "");
	fflush(stdout);
	if (document && !error)
		return json_line(document);
	cJSON_Delete(document);
	return error;
}

/* The session wants to be kept alive meanwhile. */
static int sleep_seconds(struct context *x, uint64_t seconds)
{
	for (uint64_t i = 0; i < seconds * 10; i++) {
		struct timespec pause = { .tv_nsec = 100000000 };
		int error = cellctl_poll(x->c, 0);

		if (error)
			return error;
		nanosleep(&pause, NULL);
	}
	return 0;
}

int command_top(struct context *x, int count, char **arguments)
{
	struct top top = { .x = x, .metrics = true };
	const struct manage_identity *board;
	uint64_t delay = 1, looks = 0;
	bool terminal = isatty(STDOUT_FILENO) && !x->json;
	int error;

	(void)count;
	(void)arguments;
	if (!option_number(x, "delay", 1, 3600, &delay) || !option_number(x, "count", 1, UINT32_MAX, &looks))
		return CELLCTL_USAGE;
	if ((error = context_board(x, &board)))
		return error;
	top.line_count = board->vcpus;
	top.lines = calloc(top.line_count ? top.line_count : 1, sizeof *top.lines);
	if (!top.lines)
		return complain(CELLCTL_FAILED, _("out of memory"));
	printf(terminal ? "\033[?25l\033[2J" : "");
	for (uint64_t i = 0; !error && (!looks || i < looks); i++) {
		error = i ? sleep_seconds(x, delay) : 0;
		error = error ? error : look(&top);
	}
	printf(terminal ? "\033[?25h" : "");
	fflush(stdout);
	free(top.lines);
	return error == CELLCTL_STOPPED ? 0 : error ? context_failed(x, error) : 0;
}
