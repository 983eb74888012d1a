/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* cellctl: the host's hand on a running board. docs/cellctl.md is for its users, commands.h for who adds a command. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"

static const struct command_option common[] = {
	{ "port", 'p', N_("PORT"), N_("unix:PATH, tcp:HOST:PORT, tty:PATH[,BAUD], or just the path [$CELLCTL_PORT, else build/uart]") },
	{ "baud", 'b', N_("RATE"), N_("of a serial line [115200]") },
	{ "timeout", 't', N_("SECONDS"), N_("how long an answer may take [3]") },
	{ "json", 'j', NULL, N_("for programs: docs/cellctl.md has the schema") },
	{ "quiet", 'q', NULL, N_("no progress on stderr") },
	{ "help", 'h', NULL, N_("this; after a command: of that command") },
	{ "version", 'V', NULL, N_("of this program and of the line") },
};
enum { COMMON_PORT, COMMON_BAUD, COMMON_TIMEOUT, COMMON_JSON, COMMON_QUIET, COMMON_HELP, COMMON_VERSION, COMMON_COUNT };

#define WAIT { "wait", 'w', N_("SECONDS"), N_("until the cell is where it was to go, at most so long") }

static const struct command commands[] = {
	{ "list", "", N_("the cells, and what each of them does"), 0, 0, command_list, { { 0 } } },
	{ "status", "[CELL]...", N_("all that is known about cells"), 0, -1, command_status, { { 0 } } },
	{ "start", "CELL", N_("begin a life of a cell that has none"), 1, 1, command_operate, { WAIT } },
	{ "stop", "CELL", N_("end it; it is asked first, if it can be asked"), 1, 1, command_operate, { WAIT } },
	{ "kill", "CELL", N_("end it without asking"), 1, 1, command_operate, { WAIT } },
	{ "restart", "CELL", N_("end it and begin another life"), 1, 1, command_operate, { WAIT } },
	{ "suspend", "CELL", N_("its CPUs wait, all else stays"), 1, 1, command_operate, { WAIT } },
	{ "resume", "CELL", N_("a suspended cell goes on"), 1, 1, command_operate, { WAIT } },
	{ "console", "CELL", N_("what it prints; what is typed goes to it"), 1, 1, command_console, {
		{ "escape", 'e', N_("KEY"), N_("the key that leaves, when a . follows [^]]; - for none") },
		{ "for", 'f', N_("SECONDS"), N_("not from a terminal: listen so long after the end of the input [1]") },
		{ "raw", 'r', NULL, N_("nothing is filtered: the cell may do anything to this terminal") } } },
	{ "log", "", N_("what the core has said that nobody has read yet"), 0, 0, command_log, {
		{ "follow", 'f', NULL, N_("and go on, until Ctrl-C") },
		{ "cell", 'c', N_("CELL"), N_("only what is about this cell") },
		{ "level", 'l', N_("LEVEL"), N_("at least: error, warning, notice, info, debug") },
		{ "output", 'o', N_("FILE"), N_("JSON lines into this file, which becomes FILE.1 when it is full") },
		{ "rotate", 'R', N_("BYTES"), N_("that is full [1048576]") },
		{ "keep", 'k', N_("NUMBER"), N_("of such old files [8]") } } },
	{ "metrics", "[CELL [VCPU]]", N_("every counter there is"), 0, 2, command_metrics, { { 0 } } },
	{ "top", "", N_("a live table of cells and vCPUs"), 0, 0, command_top, {
		{ "delay", 'd', N_("SECONDS"), N_("between two looks [1]") },
		{ "count", 'n', N_("NUMBER"), N_("of looks; then it ends") } } },
	{ "regs", "CELL [VCPU]", N_("registers of a cell's last end"), 1, 2, command_regs, { { "elf", 'E', N_("FILE"), N_("the guest's, for names of addresses") } } },
	{ "latency", "[CELL [VCPU]]", N_("how long the core kept vCPUs: a histogram"), 0, 2, command_latency, { { 0 } } },
	{ "crash", "[CELL]", N_("why cells ended, and panics: also of earlier boots"), 0, 1, command_crash, {
		{ "elf", 'E', N_("FILE"), N_("the guest's, for names of addresses") },
		{ "file", 'F', N_("FILE"), N_("a dump of the region in the place of a board") },
		{ "core", 'C', N_("FILE"), N_("the cell's last end (without CELL: the panic) as a core file for gdb-multiarch") },
		{ "save", 's', N_("FILE"), N_("the region as it is, for later: --file reads it") } } },
	{ "audit", "", N_("who asked what of which cell, and what came of it"), 0, 0, command_audit, { { 0 } } },
	{ "identify", "", N_("what image runs there"), 0, 0, command_identify, { { "build", 'B', N_("FOLDER"), N_("is it the image of this build folder? exit code 1 if not") } } },
	{ "trace", "[CELL]", N_("what CPUs go through, with times"), 0, 1, command_trace, {
		{ "output", 'o', N_("FILE"), N_("for Perfetto (ui.perfetto.dev) or chrome://tracing") },
		{ "for", 'f', N_("SECONDS"), N_("so long; 0: what is there now [5]") },
		{ "past", 0, NULL, N_("and what was there before") } } },
	{ "gdb", "CELL", N_("gdb's remote protocol for a cell that may be debugged"), 1, 1, command_gdb, {
		{ "listen", 'l', N_("PORT"), N_("of this machine, 127.0.0.1; 0: any [1234]") },
		{ "once", '1', NULL, N_("end when gdb goes") } } },
	{ "run", "[--insns] FILE|HEX...", N_("run instructions in a cell that is there for it"), 1, -1, command_run, {
		{ "insns", 'i', NULL, N_("what follows is instructions: hexadecimal words, or files of them") },
		{ "cell", 'c', N_("CELL"), N_("where [the only one that runs and may be debugged]") },
		{ "reg", 'r', N_("x0=N,..."), N_("set before; all else is 0") },
		{ "data", 'd', N_("ADDRESS=FILE,..."), N_("put into the cell's memory before") },
		{ "memory", 'm', N_("ADDRESS=BYTES,..."), N_("show after") },
		{ "limit", 'L', N_("MS"), N_("then it is stopped, and the exit code is 1 [1000]") },
		{ "at", 'a', N_("ADDRESS"), N_("where the instructions go [where the waiting cell's x0 points]") } } },
	{ "serve", "SOCKET", N_("hold the line for several clients: SOCKET.observer, SOCKET.operator, SOCKET.admin"), 1, 1, command_serve, {
		{ "audit", 'A', N_("FILE"), N_("who asked for what, in JSON lines") },
		{ "rotate", 'R', N_("BYTES"), N_("of that file, before it becomes FILE.1 [1048576]") },
		{ "keep", 'k', N_("NUMBER"), N_("of such old files [8]") },
		{ "buffer", 'B', N_("KIB"), N_("kept of each console, and four times that of the log [256]") },
		{ "observers", 0, N_("GROUP"), N_("whose members may use that socket; else only you") },
		{ "operators", 0, N_("GROUP"), N_("the same") },
		{ "admins", 0, N_("GROUP"), N_("the same") } } },
	{ "reset-board", "", N_("reset the board"), 0, 0, command_board, { { 0 } } },
	{ "power-off", "", N_("switch the board off"), 0, 0, command_board, { { 0 } } },
};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static void note_signal(int number)
{
	interrupted = number;
}

/* ---- help ---- */

static void show_option(const struct command_option *o)
{
	char text[64];

	snprintf(text, sizeof text, "%c%c%s --%s%s%s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ', o->letter ? "," : " ", o->name, o->argument ? " " : "", o->argument ? _(o->argument) : "");
	printf("  %-26s %s\n", text, _(o->help));
}

static int show_help(const struct command *command)
{
	if (command) {
		printf(_("Usage: cellctl %s%s%s\n\n%s\n\n"), command->name, *command->arguments ? " " : "", command->arguments, _(command->help));
		for (int i = 0; i < OPTIONS_MAX && command->options[i].name; i++)
			show_option(&command->options[i]);
	} else {
		printf(_("Usage: cellctl [OPTION]... COMMAND [ARGUMENT]...\n\nThe host's hand on a board that runs Cloison, over its one cable.\n\n"));
		for (size_t i = 0; i < COMMAND_COUNT; i++) {
			char text[48];

			snprintf(text, sizeof text, "%s %s", commands[i].name, commands[i].arguments);
			printf("  %-26s %s\n", text, _(commands[i].help));
		}
		printf("\n");
	}
	for (size_t i = 0; i < COMMON_COUNT; i++)
		show_option(&common[i]);
	if (!command) {
		printf(_("\nExit codes:"));
		for (int i = 0; i < CELLCTL_ERROR_COUNT; i++)
			printf("\n  %2d  %s", i, cellctl_error_text(i));
		printf("\n");
	}
	return 0;
}

/* ---- options ---- */

struct given {
	const char *common[COMMON_COUNT];
	const char *values[OPTIONS_MAX];
	char *joined[OPTIONS_MAX]; /* of lists: their texts that were made here */
	char **arguments;
	int count;
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	complain(0, _("there is no command '%s'; cellctl --help lists them"), name);
	return NULL;
}

/* Where the value of an option belongs; NULL: there is none of that name (length 1 and one dash: letter). */
static const char **place_of(struct given *given, const struct command *command, const char *name, size_t length, bool letter, const struct command_option **found)
{
	for (int i = 0; i < COMMON_COUNT; i++) {
		*found = &common[i];
		if (letter ? common[i].letter == *name : strlen(common[i].name) == length && !strncmp(common[i].name, name, length))
			return &given->common[i];
	}
	for (int i = 0; command && i < OPTIONS_MAX && command->options[i].name; i++) {
		*found = &command->options[i];
		if (letter ? (*found)->letter == *name : strlen((*found)->name) == length && !strncmp((*found)->name, name, length))
			return &given->values[i];
	}
	return NULL;
}

/* "x0=N,...": given several times it is one list. */
static bool is_list(const struct command_option *o)
{
	size_t length = o->argument ? strlen(o->argument) : 0;

	return length > 4 && !strcmp(o->argument + length - 4, ",...");
}

static int take_more(struct given *given, const char **place, const char *value)
{
	char **joined = &given->joined[place - given->values], *both;

	if (asprintf(&both, "%s,%s", *place, value) < 0)
		return complain(CELLCTL_FAILED, _("out of memory"));
	free(*joined);
	*place = *joined = both;
	return 0;
}

/* argv[*at] begins with a dash: take it, and its value. */
static int take_option(struct given *given, const struct command *command, char **argv, int *at)
{
	const char *text = argv[*at], *value = NULL, **place;
	const struct command_option *o;
	bool letter = text[1] != '-';
	const char *name = text + (letter ? 1 : 2);
	size_t length = letter ? 1 : strcspn(name, "=");

	place = place_of(given, command, name, length, letter, &o);
	if (!place)
		return command ? complain(CELLCTL_USAGE, _("%s has no option %.*s; %s --help lists those it has"), command->name, (int)(length + (letter ? 1 : 2)), text, command->name)
			       : complain(CELLCTL_USAGE, _("there is no option %.*s in front of a command"), (int)(length + (letter ? 1 : 2)), text);
	if (name[length])
		value = name + length + !letter;
	if (!o->argument && value && letter) { /* -jq */
		*place = "";
		argv[*at]++;
		argv[*at][0] = '-';
		return take_option(given, command, argv, at);
	}
	if (!o->argument && value)
		return complain(CELLCTL_USAGE, _("--%s takes no value"), o->name);
	if (o->argument && !value)
		value = argv[++*at];
	if (o->argument && !value)
		return complain(CELLCTL_USAGE, _("--%s wants a value: %s"), o->name, _(o->argument));
	if (*place && is_list(o))
		return take_more(given, place, value);
	*place = o->argument ? value : "";
	return 0;
}

static int take_arguments(struct given *given, const struct command **command, int argc, char **argv)
{
	bool options = true;
	int error;

	*command = NULL;
	for (int at = 1; at < argc; at++) {
		if (options && !strcmp(argv[at], "--")) {
			options = false;
		} else if (options && argv[at][0] == '-' && argv[at][1]) {
			if ((error = take_option(given, *command, argv, &at)))
				return error;
		} else if (!*command) {
			*command = find_command(argv[at]);
			if (!*command)
				return CELLCTL_USAGE;
		} else {
			given->arguments[given->count++] = argv[at];
		}
	}
	return 0;
}

static int number_option(const char *text, const char *name, uint64_t least, uint64_t most, uint64_t *number)
{
	if (!text)
		return 0;
	if (!parse_number(text, number) || *number < least || *number > most)
		return complain(CELLCTL_USAGE, _("--%s: '%s' is no number from %llu to %llu"), name, text, (unsigned long long)least, (unsigned long long)most);
	return 0;
}

static const char *default_port(void)
{
	const char *port = getenv("CELLCTL_PORT");

	return port && *port ? port : "build/uart";
}

static int run(const struct given *given, const struct command *command)
{
	struct context x = { .command = command, .port = given->common[COMMON_PORT] ? given->common[COMMON_PORT] : default_port(),
			     .json = given->common[COMMON_JSON], .quiet = given->common[COMMON_QUIET] };
	uint64_t baud = 0, seconds = 3;
	int error;

	if ((error = number_option(given->common[COMMON_BAUD], "baud", 1, 100000000, &baud)) ||
	    (error = number_option(given->common[COMMON_TIMEOUT], "timeout", 1, 3600, &seconds)))
		return error;
	if (given->count < command->least || (command->most >= 0 && given->count > command->most))
		return complain(CELLCTL_USAGE, _("usage: cellctl %s%s%s"), command->name, *command->arguments ? " " : "", command->arguments);
	x.baud = (unsigned)baud;
	x.timeout = (unsigned)seconds * 1000;
	memcpy(x.values, given->values, sizeof x.values);
	error = command->run(&x, given->count, given->arguments);
	cellctl_close(x.c);
	return error;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = note_signal };
	struct given given = { .arguments = calloc((size_t)argc + 1, sizeof(char *)) };
	const struct command *command;

	locale_init();
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGPIPE, &action, NULL);
	int code = given.arguments ? take_arguments(&given, &command, argc, argv) : CELLCTL_FAILED;

	if (code)
		;
	else if (given.common[COMMON_HELP])
		code = show_help(command);
	else if (given.common[COMMON_VERSION])
		printf("cellctl, line version %u\n", LINE_VERSION);
	else if (!command)
		code = complain(CELLCTL_USAGE, _("which command? cellctl --help lists them"));
	else
		code = run(&given, command);
	free(given.arguments);
	for (int i = 0; i < OPTIONS_MAX; i++)
		free(given.joined[i]);
	if (fflush(stdout) && !code)
		code = output_failed();
	if (interrupted == SIGPIPE) { /* whoever read it has enough: the end of any other program, but in good order */
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	return code;
}
