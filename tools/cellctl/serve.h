/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * `cellctl serve`: holds the line, and lets several clients at it.
 *
 *   board <--one session, libcellctl--> serve_board.c --> serve_stream.c: log and consoles as they came
 *                                            |                  |
 *   SOCKET.observer, .operator, .admin --> serve.c --> serve_client.c, one for each client: the core's side of the line
 *                                            |
 *                                       serve_role.c: may it? and the audit file
 *
 * One thread, one poll(). Nobody waits for a client: what it does not read is dropped for it, and counted for it.
 */
#ifndef CELLCTL_SERVE_H
#define CELLCTL_SERVE_H

#include <sys/types.h>

#include "commands.h"
#include "serve_client.h"
#include "serve_role.h"

#define SERVE_CLIENTS 64u

struct served {            /* a client and its socket */
	struct client *client; /* NULL: free */
	int fd;
	struct audit_client who;
	bool *types;           /* of each cell: the audit says that it types, or tries to */
	u64 noted;             /* bits by role_number: the audit has it once */
};

struct serve {
	struct context *x;
	struct cellctl *c;
	struct client_host host;
	char (*names)[32];     /* of the cells */
	char ops[16][24], results[16][24]; /* the core's words */
	u32 *owners;           /* of each cell: number of the client that debugs it; 0: nobody */
	u32 *points;           /* its breakpoints and watchpoints, by number */
	struct audit_file audit;
	struct served clients[SERVE_CLIENTS];
	int listeners[ROLE_COUNT];
	char paths[ROLE_COUNT][108];
	u32 numbers;           /* of clients that ever came */
	bool reset;            /* the board was: clients' sessions are over */
	bool gone;             /* the port was closed */
	u64 again;             /* ms: then it is opened again */
};

/* ---- serve_board.c ---- */

/* Session, names, buffers. 0 or the exit code. buffer: bytes for each console, four times that for the log. */
int serve_open(struct serve *s, u32 buffer);
void serve_close(struct serve *s);
/* What the board has to say, and what is for it; never waits. 0, or the exit code. */
int serve_board(struct serve *s, u64 now);
/* A client has gone: what it debugged goes on. */
void serve_release(struct serve *s, u32 number);
struct served *serve_find(struct serve *s, const struct client *client, u32 number);

#endif
