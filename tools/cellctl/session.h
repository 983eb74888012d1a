/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The inside of a connection, for the files of the library.
 *
 *     port --bytes--> frame_byte --> session.c: WELCOME, STATE, ACK, BYE --> positions (stream.c)
 *                                      | DATA, as far as it is new
 *                                      +--> request.c: whole messages of answers --> who waits for them
 *                                      +--> record.c: whole records of the log   --> events.log
 *                                      +--> events.console
 */
#ifndef CELLCTL_SESSION_H
#define CELLCTL_SESSION_H

#include "cellctl.h"
#include "core/frame.h"
#include "stream.h"

#define CHANNELS 256u
#define TAKEN_ROOM 65536u     /* so much of a stream that is taken may be on its way */
#define OUTPUT_SIZE 16384u    /* of frames that the port has not taken yet */
#define OUTPUT_FULL 4096u     /* nothing that can wait is added to more than that */
#define ASSEMBLY_SIZE 1024u   /* longest message or record */
#define HELLO_MS 500u         /* so often, until it is answered */
#define DEAD_MS 2500u         /* no frame for so long, although each second has one: HELLO again */
#define STATE_MS 1000u        /* a channel's LINE_STATE comes within this after WELCOME, or has been lost */
#define STATE_TRIES 3u
#define NAMES_KINDS (NAMES_CATEGORIES + 1u)
#define CPUS 1024u            /* whose records are counted */

enum formats { FORMATS_NONE, FORMATS_ASKED, FORMATS_KNOWN }; /* of the log: no record is taken before */

enum session_state { SESSION_HELLO, SESSION_UP };

/* A channel that there is, or that somebody has asked for. */
struct channel {
	struct sender out;
	struct receiver in;
	bool known;        /* its LINE_STATE has come in this session */
	bool wanted;       /* a stream that is, or was, taken: its position is worth remembering */
	bool acknowledge;  /* the core is to be told how far it is */
	bool denied;       /* a server: nothing may be sent on it */
	uint64_t sent;     /* when something was last sent, or sent again */
	uint64_t probed;   /* when the core was last asked for room */
	uint32_t had;      /* line_state.end when the session began */
	uint32_t dropped;  /* line_state.lost */
	size_t assembled;  /* bytes of a message or record that is not whole yet */
	uint8_t assembly[ASSEMBLY_SIZE];
};

/* A request under way. Of those with one channel only the first that has not been answered is sent. */
struct pending {
	struct pending *next;
	uint8_t channel, tag;
	bool sent;
	unsigned parts;      /* that have come */
	uint64_t deadline;
	cellctl_part *part;
	void *context;
	size_t size;
	uint8_t message[LINE_MESSAGE];
};

struct cellctl {
	int fd;
	struct remembered { uint32_t position; bool there; } remembered[CHANNELS];
	uint32_t remembered_boot;
	char *memory;
	char *port;                 /* NULL: cellctl_open_fd */
	struct cellctl_options options;
	struct cellctl_events events;
	enum session_state state;
	bool unstoppable;           /* options.stop counts for nothing */
	bool ended;                 /* news of it has been told */
	bool closing;               /* BYE was said: nobody listens to anything but the core's */
	uint32_t session;
	bool welcomed;              /* ever: boot and cells are known */
	uint32_t boot;
	unsigned cells;
	unsigned state_tries;
	uint64_t hello_at;          /* next HELLO */
	uint64_t welcome_at;
	uint64_t heard, said;       /* last valid frame in; last frame out */
	bool plain_seen;            /* text outside of frames has come, ever */
	bool is_plain;              /* what comes is none of a frame, up to the next delimiter */
	unsigned version;           /* of frames that are not of ours; 0: there were none */
	int error;                  /* why the port is not open */
	struct frame_parser parser;
	size_t plain_count;
	uint8_t plain[512];
	size_t output_count;
	uint8_t output[OUTPUT_SIZE];
	struct channel *channels[CHANNELS];
	struct pending *pending;
	uint8_t tag;
	enum line_status status;
	struct cellctl_counts counts;
	uint32_t *sequences;        /* CPUS: of the next record, + 1; 0: not known */
	/* names.c */
	bool identified;
	struct manage_identity identity;
	struct names {
		char *text; /* strings one behind the other, each with its 0 */
		size_t size;
	} names[NAMES_KINDS];
	enum formats formats;
	struct cell_name { char name[32]; } *cell_names; /* NULL: not asked for */
	unsigned cell_names_at; /* the next to come */
	unsigned names_asked;   /* requests for these two that are under way */
	char message[512];
};

uint64_t session_now(void); /* milliseconds */
struct channel *session_channel(struct cellctl *c, unsigned channel); /* makes it; NULL: no memory */
/* Does somebody here want what comes on it? */
bool session_takes(const struct cellctl *c, unsigned channel);
/* Sets cellctl_message; returns error. */
int session_fail(struct cellctl *c, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* What is due is said. */
void session_serve(struct cellctl *c);
/* A frame is in the parser. */
void session_frame(struct cellctl *c);
/* One step; waits at most so long. Does not say what is missing: that is its caller's business. */
int session_step(struct cellctl *c, unsigned wait);
/* Why nothing comes, in words, as cellctl_message. */
int session_silent(struct cellctl *c);

/*
 * One more byte of a message whose first two say how long it is: its length, when it is whole in ch->assembly; 0: more of it is to come;
 * negative: it says that it is shorter or longer than it can be. The next byte begins another one.
 */
int session_assemble(struct channel *ch, uint8_t byte, size_t least, size_t most);

/* ---- request.c ---- */
void request_bytes(struct cellctl *c, unsigned channel, const uint8_t *bytes, size_t size);
/* Send what may be sent, give up what has waited too long. */
void request_serve(struct cellctl *c, uint64_t now);
/* Those of a channel that were sent will not be answered; CHANNELS: of all channels. */
void request_lost(struct cellctl *c, unsigned channel, int error);
uint64_t request_deadline(const struct cellctl *c); /* ~0: none */
void request_free(struct cellctl *c);

/* ---- record.c ---- */
void record_bytes(struct cellctl *c, const uint8_t *bytes, size_t size);

/* ---- memory.c: cellctl_options.memory ---- */
void memory_load(struct cellctl *c);
void memory_boot(struct cellctl *c); /* it is known which boot it is: positions of another one mean nothing */
void memory_save(const struct cellctl *c);

/* ---- names.c ---- */
void names_forget(struct cellctl *c);
const char *names_cell(const struct cellctl *c, unsigned cell); /* NULL: not known */
/* Formats of the log are asked for when somebody wants the log. */
void names_serve(struct cellctl *c);
/* The number-th of strings that are known already; NULL: not known, or there is none. */
const char *names_known(const struct cellctl *c, enum manage_names which, unsigned number);

#endif
