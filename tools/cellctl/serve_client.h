/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * One client of the server: towards it we are the core, and speak the core's side of the line (docs/line.md). Without sockets:
 * bytes in by client_input, bytes out in `out`. What it asks for goes up through struct client_host.
 */
#ifndef CELLCTL_SERVE_CLIENT_H
#define CELLCTL_SERVE_CLIENT_H

#include "core/frame.h"
#include "serve_stream.h"

#define CLIENT_REQUESTS 5u      /* LINE_MANAGE .. LINE_DEBUG; LINE_LOG among them has no requests */
#define CLIENT_IN 512u          /* bytes of requests that wait */
#define CLIENT_TYPED 256u       /* bytes for a console that wait */
#define CLIENT_OUT 65536u       /* bytes that the socket has not taken: then nothing more is made */
#define CLIENT_FLIGHT 16384u    /* of a stream: sent and not acknowledged */
#define CLIENT_RESEND_MS 1000u

enum client_role { ROLE_OBSERVER, ROLE_OPERATOR, ROLE_ADMIN, ROLE_COUNT };

struct client;

struct client_host {
	void *of;
	u32 boot;     /* of the board, as it is now */
	u16 cells;
	struct serve_stream *log, *consoles; /* of each cell */
	/* A whole message (struct line_request and arguments). client_answer comes for this ticket, now or later, up to one with more == 0. */
	void (*request)(void *of, struct client *c, u8 channel, u32 ticket, const u8 *message, u32 size);
	/* For a console; how much of it was taken. */
	u32 (*type)(void *of, struct client *c, u16 cell, const u8 *bytes, u32 size);
	/* It tries to type, and its role may not. */
	void (*denied)(void *of, struct client *c, u16 cell);
};

struct client_requests {
	u32 taken, in_size; /* host to core */
	u8 in[CLIENT_IN];
	bool busy;          /* the answer to what was in front is under way */
	u8 tag, op;         /* of that */
	u32 ticket;         /* of that; changes with each, and with the session */
	u32 start, sent;    /* core to host: bytes not acknowledged from start on; */
	u8 *answers;
	u32 size, room;     /* of answers */
	u64 since;          /* ms: when the oldest was sent or something was acknowledged */
};

struct client_stream {
	bool open;
	u32 acked, sent;
	u64 since;
	u32 taken, typed_size; /* host to core */
	u8 typed[CLIENT_TYPED];
};

struct client {
	const struct client_host *host;
	enum client_role role;
	u32 number;             /* of all there ever were */
	bool session;
	u32 id;                 /* of the session */
	u64 alive;              /* ms: of the last STATE in turn */
	u32 turn;               /* whose it is */
	u32 damaged;
	bool broken;            /* no memory: to be closed */
	struct frame_parser parser;
	struct client_requests requests[CLIENT_REQUESTS];
	struct client_stream log, *consoles;
	u32 out_size;           /* whoever sends takes from the front */
	u8 out[CLIENT_OUT + LINE_WIRE];
};

struct client *client_make(const struct client_host *host, enum client_role role, u32 number);
void client_free(struct client *c);
void client_input(struct client *c, const u8 *bytes, u32 size, u64 now);
/* What is due: pieces of streams, answers, what is sent again. Often. */
void client_serve(struct client *c, u64 now);
/* Milliseconds until client_serve has something to do at the latest. */
u32 client_wait(const struct client *c, u64 now);
/* A part of the answer to a request; nothing if that was of a session that is over. */
void client_answer(struct client *c, u8 channel, u32 ticket, enum line_status status, const void *payload, u32 size, u16 part, bool more);
/* The session ends: by its BYE, or because the board is another one now (reset), and then the client begins a new one. */
void client_end(struct client *c);

#endif
