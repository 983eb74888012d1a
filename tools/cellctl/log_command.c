/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* log: the core's records, as lines or as JSON lines, also into a file that is turned. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "rotate.h"
#include "terminal.h"

#define REOPEN_MS 500
#define NO_CELL 0xffffu

struct log {
	struct context *x;
	const char *cell;  /* only about this one; NULL: all */
	unsigned level;    /* at most */
	struct rotate file; /* JSON lines; path NULL: to the terminal */
	bool unwritten;     /* the file took one less: said once */
	uint64_t lost;
	bool any;           /* something has come, or its loss was said */
};

/* Frees it. A full disk does not stop us from reading on: what is not written is at least not in the core's way. */
static void into_file(struct log *log, cJSON *line)
{
	char *text = cJSON_PrintUnformatted(line);

	cJSON_Delete(line);
	if (text && rotate_line(&log->file, text, strlen(text)))
		log->unwritten = false;
	else if (!log->unwritten)
		log->unwritten = complain(CELLCTL_FAILED, _("%s: records are missing from here on: %s"), log->file.path, strerror(errno));
	cJSON_free(text);
}

static void record_json(struct log *log, const struct cellctl_record *record)
{
	cJSON *line = cJSON_CreateObject(), *list;
	const char *text;
	uint64_t number;

	cJSON_AddNumberToObject(line, "seconds", record->seconds);
	json_string(line, "severity", cellctl_severity_name(record->head.severity));
	json_string(line, "category", cellctl_category_name(record->head.category));
	json_string(line, "cell", record->cell);
	json_number(line, "cpu", record->head.cpu);
	json_number(line, "sequence", record->head.sequence);
	json_number(line, "lost_before", record->lost);
	json_number(line, "number", record->head.message);
	json_string(line, "message", record->name);
	json_string(line, "text", record->text);
	list = cJSON_AddArrayToObject(line, "arguments");
	for (unsigned i = 0; i < record->head.arguments && cellctl_argument(record, i, &text, &number); i++) {
		cJSON *one = cJSON_CreateObject();

		if (text)
			json_string(one, "text", text);
		else
			json_hex(one, "number", number);
		cJSON_AddItemToArray(list, one);
	}
	if (log->file.path)
		into_file(log, line);
	else
		json_line(line);
}

static void on_log(void *context, const struct cellctl_record *record)
{
	struct log *log = context;

	log->any = true;
	if (record->lost) {
		log->lost += record->lost;
		complain(0, _("%u records of CPU %u were lost: its ring was full"), record->lost, record->head.cpu);
	}
	if (record->head.severity > log->level || (log->cell && (!record->cell || strcmp(record->cell, log->cell))))
		return;
	if (log->x->json || log->file.path) {
		record_json(log, record);
		return;
	}
	printf("%12.6f %-7s %-6s %s\n", record->seconds, cellctl_severity_name(record->head.severity), cellctl_category_name(record->head.category), record->text);
	fflush(stdout);
}

static void on_missed(void *context, unsigned channel, uint32_t bytes)
{
	struct log *log = context;

	log->any = true;
	(void)channel;
	complain(0, _("%u bytes of the log are missing here: printed as plain text, or pushed out while nobody read them"), bytes);
}

static void on_news(void *context, enum cellctl_news news, uint32_t boot)
{
	(void)context;
	(void)boot;
	if (news == CELLCTL_REBOOTED)
		complain(0, _("the board has been reset"));
	else if (news == CELLCTL_RESUMED)
		complain(0, _("the session goes on"));
	else if (news == CELLCTL_ENDED)
		complain(0, _("the core has ended the session; waiting for it to come back"));
}

static void on_plain(void *context, const void *bytes, size_t count)
{
	struct terminal terminal = { 0 };
	char text[1024];

	(void)context;
	if (count <= sizeof text - TERMINAL_SEQUENCE)
		fwrite(text, 1, terminal_filter(&terminal, bytes, count, text), stderr);
}

static int parse_level(const char *text, unsigned *level)
{
	if (!text)
		return 0;
	for (*level = 0; strcmp(cellctl_severity_name(*level), "?"); ++*level)
		if (!strcmp(cellctl_severity_name(*level), text))
			return 0;
	return complain(CELLCTL_USAGE, _("--level: '%s' is none of error, warning, notice, info, debug"), text);
}

/* Until it is there again. */
static int wait_for_port(struct context *x)
{
	struct timespec pause = { .tv_nsec = REOPEN_MS * 1000000 };
	int error;

	complain(0, _("the port has gone; waiting for it"));
	do {
		nanosleep(&pause, NULL);
		error = cellctl_reopen(x->c);
	} while (error && error != CELLCTL_STOPPED && !interrupted);
	return interrupted ? CELLCTL_STOPPED : error;
}

static int follow(struct context *x, bool on)
{
	struct timespec now, begin;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (;;) {
		int error = cellctl_poll(x->c, 200);

		if (error == CELLCTL_CLOSED && on)
			error = wait_for_port(x);
		if (error)
			return error;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (!on && cellctl_caught_up(x->c, LINE_LOG))
			return 0;
		if (!on && (unsigned)(now.tv_sec - begin.tv_sec) * 1000 > 2 * x->timeout + 1000)
			return complain(CELLCTL_TIMEOUT, _("the log does not end: --follow shows what comes"));
	}
}

static int open_file(struct log *log)
{
	const char *path = option(log->x, "output");
	uint64_t limit = 1 << 20, keep = 8;

	if (!option_number(log->x, "rotate", 1024, 1ull << 40, &limit) || !option_number(log->x, "keep", 0, 1000, &keep))
		return CELLCTL_USAGE;
	if (path && !rotate_open(&log->file, path, limit, (u32)keep, 0600))
		return complain(CELLCTL_FAILED, "%s: %s", path, strerror(errno));
	return 0;
}

int command_log(struct context *x, int count, char **arguments)
{
	struct log log = { .x = x, .cell = option(x, "cell"), .level = 255 };
	struct cellctl_events events = { .context = &log, .log = on_log, .missed = on_missed, .news = on_news, .plain = on_plain };
	struct cellctl_options options = { .events = &events };
	unsigned cell;
	int error;

	(void)count;
	(void)arguments;
	if ((error = parse_level(option(x, "level"), &log.level)) || (error = open_file(&log)) || (error = context_open(x, &options)))
		return error;
	if (log.cell && (error = context_cell(x, log.cell, &cell)))
		return error;
	error = follow(x, option(x, "follow"));
	if (!error && !log.any && !x->quiet)
		complain(0, _("nothing new. What the core says while nobody is connected goes out as plain text and is not kept for later: cellctl serve, or log --follow, reads all of it"));
	if (error == CELLCTL_STOPPED)
		return 0;
	return error && error != CELLCTL_TIMEOUT ? context_failed(x, error) : error;
}
