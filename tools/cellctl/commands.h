/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What the commands of cellctl have in common. A command is a line in the table of main.c and a function here; main.c knows its
 * options, so that help, completion and messages come from one place. What a command returns is the exit code (enum cellctl_error).
 */
#ifndef CELLCTL_COMMANDS_H
#define CELLCTL_COMMANDS_H

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>

#include "cellctl.h"
#include "text.h"

#define OPTIONS_MAX 12

struct command_option {
	const char *name;     /* long: "elf" */
	char letter;          /* 0: it has none */
	const char *argument; /* N_("FILE"); NULL: it takes none */
	const char *help;     /* N_() */
};

struct context;

struct command {
	const char *name;
	const char *arguments; /* "CELL [VCPU]", for help */
	const char *help;      /* N_(), one line */
	int least, most;       /* arguments; most negative: any number */
	int (*run)(struct context *x, int count, char **arguments);
	struct command_option options[OPTIONS_MAX]; /* up to the first without a name */
};

/* What the options in front say, and those of the command. */
struct context {
	const struct command *command;
	const char *values[OPTIONS_MAX]; /* of command->options, in their order; "" for one without an argument; NULL: not given */
	const char *port;
	unsigned timeout, baud; /* as in cellctl_options */
	bool json;
	bool quiet;             /* no progress */
	struct cellctl *c;      /* context_open; closed by main */
};

/* Set by SIGINT, SIGTERM, SIGHUP: whoever waits ends. */
extern volatile sig_atomic_t interrupted;

/* Value of an option of the running command, NULL if it was not given. */
const char *option(const struct context *x, const char *name);
/* The same as a number; false, with a message, if it is none in these bounds. Leaves *number alone if it was not given. */
bool option_number(const struct context *x, const char *name, uint64_t least, uint64_t most, uint64_t *number);
/* "12", "0x1f"; false: it is none. */
bool parse_number(const char *text, uint64_t *number);

/* Open the port and begin a session. options may be NULL; its timeout, baud and stop are set here. 0, or the exit code after a message. */
int context_open(struct context *x, struct cellctl_options *options);
/* A file for what is kept of this port between two calls: its name, and `behind`. NULL: there is no place for it. */
const char *state_path(const struct context *x, const char *behind, char *to, size_t size);
/* The same without options, and what board it is. */
int context_board(struct context *x, const struct manage_identity **board);
/* The cell that an argument names; 0, or the exit code after a message. */
int context_cell(struct context *x, const char *name, unsigned *cell);
/* "cellctl: MESSAGE" of the connection; returns error. */
int context_failed(const struct context *x, int error);
/* "cellctl: ...", a line on stderr; returns error, for `return complain(CELLCTL_USAGE, ...)`. */
int complain(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Standard output took less than all (errno). CELLCTL_FAILED after a message; CELLCTL_STOPPED without one, if its reader has gone. */
int output_failed(void);
/* How far it is, on stderr if that is a terminal: "reading 40 %". done == all: the line is wiped. First argument: struct context. */
void progress(void *context, size_t done, size_t all);
/* In place of bytes that could move a cursor: text from the board that goes to a terminal. Returns `to`. */
const char *printable(const void *from, size_t size, char *to, size_t room);

/* ---- JSON: docs/cellctl.md has the schema ---- */

/* One document, with a line end; frees it. 0, or CELLCTL_FAILED if it cannot be written. */
int json_print(cJSON *document);
/* The same on one line, flushed: for streams. */
int json_line(cJSON *document);
/* Numbers of 64 bits, which JSON readers may round: as a string, "0x..". */
void json_hex(cJSON *to, const char *name, uint64_t value);
void json_general(cJSON *to, const uint64_t x[31]); /* x0 to x30 */
/* Bytes from the board, of whatever kind: what is no UTF-8 becomes the replacement character. */
void json_text(cJSON *to, const char *name, const void *bytes, size_t size);
/* The same of a string; NULL: null. */
void json_string(cJSON *to, const char *name, const char *text);
/* A number as a number; exact up to 2^53. */
void json_number(cJSON *to, const char *name, uint64_t value);

/* ---- crash_fetch.c ---- */

/* The region of the board, for free() whatever is returned: what counts of it (of one cell; NULL: all), or every byte. The exit code, after a message. */
int crash_fetch(struct context *x, const char *cell, bool all, uint8_t **data, size_t *size);

/* ---- entries of an audit (crash.c) ---- */

struct audit_line; /* crash_read.h */
const char *audit_op(unsigned op);
const char *audit_result(unsigned result);
/* target NULL: it names none. */
void audit_line_json(cJSON *list, const struct audit_line *line, const char *by, const char *target);
void audit_line_print(const struct audit_line *line, const char *by, const char *target);

/* ---- the commands ---- */

int command_list(struct context *x, int count, char **arguments);
int command_status(struct context *x, int count, char **arguments);
int command_operate(struct context *x, int count, char **arguments); /* start, stop, kill, restart, suspend, resume */
int command_console(struct context *x, int count, char **arguments);
int command_log(struct context *x, int count, char **arguments);
int command_metrics(struct context *x, int count, char **arguments);
int command_top(struct context *x, int count, char **arguments);
int command_regs(struct context *x, int count, char **arguments);
int command_latency(struct context *x, int count, char **arguments);
int command_crash(struct context *x, int count, char **arguments);
int command_audit(struct context *x, int count, char **arguments);
int command_identify(struct context *x, int count, char **arguments);
int command_trace(struct context *x, int count, char **arguments);
int command_gdb(struct context *x, int count, char **arguments);
int command_run(struct context *x, int count, char **arguments);
int command_serve(struct context *x, int count, char **arguments);
int command_board(struct context *x, int count, char **arguments); /* reset-board, power-off */

#endif
