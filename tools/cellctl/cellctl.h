/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * libcellctl: a board that runs Cloison, over its one cable (docs/line.md). docs/cellctl.md is the program made of it.
 *
 *     struct cellctl *c;
 *     struct manage_cell cell;
 *
 *     if (cellctl_open(&c, "unix:build/uart", NULL) || cellctl_cell(c, 0, &cell))
 *             fprintf(stderr, "%s\n", cellctl_message(c));
 *     else
 *             printf("%s\n", cell.name);
 *     cellctl_close(c);
 *
 * One connection is used by one thread at a time. Nothing waits longer than it is told to, and nothing happens in the background:
 * the session lives as long as somebody calls cellctl_poll, or anything that waits, once in a second (LINE_ALIVE_MS); after
 * LINE_SILENCE_MS without, the core speaks plain text again. Then the next call takes up the session where it was.
 *
 * Ownership: what a function is given it copies; what a callback is given is valid until it returns. Callbacks come from
 * inside of calls that wait; in them, only cellctl_begin, cellctl_type and functions that ask nothing may be called.
 * Units: milliseconds, unless a name says otherwise; time on the board is in ticks, manage_identity.hz of them in a second.
 * Errors: functions that can fail return 0 or enum cellctl_error; cellctl_message says it in words.
 * Structures of requests are those of core/line_format.h, in the byte order of this machine.
 */
#ifndef CELLCTL_H
#define CELLCTL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/line_format.h"

/* The numbers are the exit codes of the program, too. */
enum cellctl_error {
	CELLCTL_OK,
	CELLCTL_NO,          /* the core says no: not in this state, not equal, nothing there */
	CELLCTL_USAGE,       /* arguments that mean nothing */
	CELLCTL_PORT,        /* the port cannot be opened */
	CELLCTL_TIMEOUT,     /* no answer in time */
	CELLCTL_CLOSED,      /* the other end of the port has gone */
	CELLCTL_PROTOCOL,    /* it speaks another version, or nonsense */
	CELLCTL_DENIED,      /* the partition, or the role at a server, does not allow it */
	CELLCTL_UNKNOWN,     /* no such cell or vCPU, or not built into this core */
	CELLCTL_FAILED,      /* tried, and it did not work; also: out of memory, a file cannot be written */
	CELLCTL_LOST,        /* the session ended before the answer came: whether it was carried out nobody here knows (the audit does). Never repeated by itself */
	CELLCTL_CHANGED,     /* what is read was written meanwhile, again and again */
	CELLCTL_STOPPED,     /* cellctl_options.stop was set: Ctrl-C */
	CELLCTL_ERROR_COUNT
};

struct cellctl;

/* ---- what comes without being asked for ---- */

/* A record of the log (struct line_log, then its arguments), and what is known about it here. */
struct cellctl_record {
	struct line_log head;
	const void *arguments; /* head.size - sizeof head bytes, as they came */
	double seconds;        /* since the board's counter began */
	uint32_t lost;         /* records of this CPU that should have come before it, and did not */
	const char *name;      /* of the message: "PLAIN"; NULL: this program and the core do not mean the same by its number */
	const char *cell;      /* name of the cell it is about; NULL: none, or not known */
	const char *text;      /* rendered, in the user's language; never NULL, no line end, printable */
};

enum cellctl_news {
	CELLCTL_BEGUN,    /* a session begins; boot: the core's */
	CELLCTL_RESUMED,  /* the session goes on where it was, after an interruption */
	CELLCTL_REBOOTED, /* the board has been reset meanwhile: what was asked is gone, positions begin anew */
	CELLCTL_ENDED,    /* the core speaks plain text: a panic, somebody's escape key, silence */
	CELLCTL_GONE,     /* the other end of the port has closed */
};

/* All may be NULL. Without `console` or `log` the bytes of that channel are not taken: they stay in the core for who wants them. */
struct cellctl_events {
	void *context; /* first argument of all */
	void (*console)(void *context, unsigned cell, const void *bytes, size_t count);
	void (*log)(void *context, const struct cellctl_record *record);
	/* So many bytes of that channel will never come: printed as plain text, or pushed out, while nobody took them. */
	void (*missed)(void *context, unsigned channel, uint32_t bytes);
	/* Bytes outside of frames: what the core says as plain text, or noise. */
	void (*plain)(void *context, const void *bytes, size_t count);
	void (*news)(void *context, enum cellctl_news news, uint32_t boot);
	/* Every piece of a stream as it came (log and consoles), before the two above: for who passes it on. Takes the channel, too. */
	void (*stream)(void *context, unsigned channel, uint32_t position, const void *bytes, size_t count);
};

struct cellctl_options {
	unsigned timeout;            /* for the session to begin, and between two signs of life of an answer; 0: 3000 */
	unsigned baud;               /* of a tty; 0: 115200. A pty does not mind */
	int cell;                    /* of the consoles only this one is taken; negative: all. Default 0 means all, too, unless one_cell */
	bool one_cell;
	bool no_bye;                 /* closing says nothing, as if the cable was cut: for tests */
	const char *memory;          /* a file that keeps positions from one connection to the next, so that events.missed knows; NULL: none */
	const struct cellctl_events *events; /* copied; NULL: nobody listens */
	const volatile sig_atomic_t *stop;   /* not 0: whatever waits gives up with CELLCTL_STOPPED; NULL: nothing stops it */
};

/* What went wrong on the way, since the port was opened. */
struct cellctl_counts {
	uint64_t frames_in, frames_out, bytes_in, bytes_out;
	uint64_t garbled;   /* frames whose CRC or shape is wrong */
	uint64_t repeated;  /* frames with nothing new */
	uint64_t gaps;      /* frames from further on than what came before: one was lost between, and comes again */
	uint64_t resent;    /* frames sent again */
	uint64_t sessions;  /* begun or taken up again */
	uint64_t missed;    /* bytes of streams that will never come */
};

/* ---- the connection ---- */

/*
 * Open a port and begin a session.
 *
 *     unix:PATH        a UNIX socket (QEMU's, or of `cellctl serve`)
 *     tcp:HOST:PORT
 *     tty:PATH[,BAUD]  a serial line, or a pty
 *     PATH             one of them, by what is there
 *
 * *c is valid after a failure, too (for cellctl_message), and must be closed; NULL only if there is no memory at all.
 */
int cellctl_open(struct cellctl **c, const char *port, const struct cellctl_options *options);
/* The same on a descriptor that is open; it belongs to the connection then, and becomes non-blocking. */
int cellctl_open_fd(struct cellctl **c, int fd, const struct cellctl_options *options);
/* Ends the session (LINE_BYE) if it can in 500 ms, closes the port, frees everything. NULL is fine. */
void cellctl_close(struct cellctl *c);

/* Of the last failure; in the user's language, one line without its end. */
const char *cellctl_message(const struct cellctl *c);
/* "no answer in time", of any enum cellctl_error. */
const char *cellctl_error_text(int error);
/* A word of the core (of enum manage_names, or within its messages) in the language of the user; one that is not known here stays as it is. */
const char *cellctl_word(const char *word);
const struct cellctl_counts *cellctl_counts(const struct cellctl *c);
/* Has everything come that this channel (LINE_LOG, LINE_CONSOLE + n) had when the session began? False also while that is not known. */
bool cellctl_caught_up(const struct cellctl *c, unsigned channel);
/* Where this end of a stream is: everything before has come, or never will. False: the core has not said yet. */
bool cellctl_position(const struct cellctl *c, unsigned channel, uint32_t *position);
/* As WELCOME says: number of this boot, cells. */
uint32_t cellctl_boot(const struct cellctl *c);
unsigned cellctl_cells(const struct cellctl *c);
/* Bytes (console) or records (log) which the core had to drop since boot, as it last said. */
uint32_t cellctl_dropped(const struct cellctl *c, unsigned channel);

/*
 * Take what is there, send what is due, call callbacks; wait at most so long for something to do (0: not at all). Returns after the first piece of work.
 * For a loop of one's own: wait until cellctl_fd is readable (writable too, if cellctl_wants_write), at most cellctl_wait.
 * After CELLCTL_CLOSED cellctl_reopen may help.
 */
int cellctl_poll(struct cellctl *c, unsigned wait);
int cellctl_fd(const struct cellctl *c);
bool cellctl_wants_write(const struct cellctl *c);
unsigned cellctl_wait(const struct cellctl *c);
/* From now on nothing is stopped by options.stop: for who has to leave things as they were. Until it is called with false. */
void cellctl_unstoppable(struct cellctl *c, bool on);
/* The port has gone (CELLCTL_CLOSED): open it again and take the session up. Of cellctl_open only, not of _open_fd. */
int cellctl_reopen(struct cellctl *c);

/* ---- requests ---- */

/*
 * One message of an answer. error: 0, or why there will be none (then payload is NULL). status: enum line_status. more: another follows.
 */
typedef void cellctl_part(void *context, int error, unsigned status, const void *payload, size_t size, unsigned part, bool more);

/*
 * Ask without waiting: `part` is called from a later cellctl_poll, at least once. Requests of one channel are carried out in
 * this order, one after the other; as many as one likes may be under way.
 */
int cellctl_begin(struct cellctl *c, unsigned channel, unsigned op, const void *arguments, size_t size, cellctl_part *part, void *context);
/* Ask and wait. The parts' payloads are put one behind the other; *size: room, then bytes. What does not fit is CELLCTL_PROTOCOL. */
int cellctl_ask(struct cellctl *c, unsigned channel, unsigned op, const void *arguments, size_t size, void *answer, size_t *answer_size);
/* The same, part by part. */
int cellctl_ask_parts(struct cellctl *c, unsigned channel, unsigned op, const void *arguments, size_t size, cellctl_part *part, void *context);
/* Of the last cellctl_ask. */
enum line_status cellctl_status(const struct cellctl *c);

/* ---- LINE_MANAGE ---- */

/* Asked once for each boot, then remembered. */
int cellctl_identity(struct cellctl *c, const struct manage_identity **identity);
/* The core's own word for a number: "running", "x0"; NULL: it has none for it, or cannot be asked. Remembered; valid until the board is reset. */
const char *cellctl_name(struct cellctl *c, enum manage_names which, unsigned number);
/* Which number has that name; negative: none. */
int cellctl_number(struct cellctl *c, enum manage_names which, const char *name);
int cellctl_cell(struct cellctl *c, unsigned cell, struct manage_cell *to);
int cellctl_vcpu(struct cellctl *c, unsigned cell, unsigned vcpu, struct manage_vcpu *to);
/* By name, or by number if there is none of that name. CELLCTL_UNKNOWN: the message lists those there are. */
int cellctl_find(struct cellctl *c, const char *name, unsigned *cell);
/* op: enum life_op, as NAMES_OPS numbers them; *result: enum life_result. CELLCTL_OK says that the core has answered. */
int cellctl_operate(struct cellctl *c, unsigned cell, unsigned op, unsigned *result);
/* A piece of memory of the core's: as many requests as it takes. progress (may be NULL): bytes so far, of how many. */
int cellctl_read(struct cellctl *c, const struct manage_read *what, void *to, void (*progress)(void *context, size_t done, size_t all), void *context);
int cellctl_board(struct cellctl *c, enum manage_board what);

/* ---- LINE_METRICS ---- */

/* For each value its name and number. cell negative: the core's own; vcpu negative: the cell's. */
int cellctl_metrics(struct cellctl *c, int cell, int vcpu, void (*value)(void *context, const char *name, uint64_t number), void *context);
/* counts[n]: exits that took less than 2^n ticks in the core, and not less than half of that. *count: room, then how many there are. */
int cellctl_paths(struct cellctl *c, unsigned cell, unsigned vcpu, uint32_t *counts, size_t *count);

/* ---- consoles, log ---- */

/* Type at a cell: as much as there is room for at once; *taken says how much that was. Never waits. */
int cellctl_type(struct cellctl *c, unsigned cell, const void *bytes, size_t size, size_t *taken);
/* From now on only this console is taken; negative: all. */
int cellctl_listen(struct cellctl *c, int cell);
/* Wait until the core has everything that was typed; the cell reads it when it likes. */
int cellctl_flush(struct cellctl *c, unsigned timeout);
/* "error", "warning", ... and "life", "fault", ...: the core's words if it was asked for them, "?" if unknown. */
const char *cellctl_severity_name(unsigned severity);
const char *cellctl_category_name(unsigned category);
/* An argument of a record: true, and either *text (of a string) or *number. */
bool cellctl_argument(const struct cellctl_record *record, unsigned n, const char **text, uint64_t *number);

#endif
