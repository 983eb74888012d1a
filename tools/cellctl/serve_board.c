/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The side of the server that is towards the board. */
#include "serve.h"

#include <stdlib.h>
#include <string.h>

#include "core/frame.h"

#define AGAIN_MS 1000u /* the port has gone: so often it is tried */

/* A request that is on its way, for whom. */
struct on_way {
	struct serve *s;
	u32 client, ticket;
	u8 channel, op;
	bool deed;
};

struct served *serve_find(struct serve *s, const struct client *client, u32 number)
{
	for (u32 i = 0; i < SERVE_CLIENTS; i++)
		if (s->clients[i].client && (client ? s->clients[i].client == client : s->clients[i].client->number == number))
			return &s->clients[i];
	return NULL;
}

/* ---- what comes by itself ---- */

static struct serve_stream *stream_at(struct serve *s, unsigned channel)
{
	if (channel == LINE_LOG)
		return s->host.log;
	return channel >= LINE_CONSOLE && channel - LINE_CONSOLE < s->host.cells ? &s->host.consoles[channel - LINE_CONSOLE] : NULL;
}

static void came(void *context, unsigned channel, uint32_t position, const void *bytes, size_t count)
{
	struct serve_stream *stream = stream_at(context, channel);

	if (stream)
		stream_put(stream, position, bytes, (u32)count);
}

static void news(void *context, enum cellctl_news what, uint32_t boot)
{
	static const char *const events[] = { [CELLCTL_BEGUN] = "session", [CELLCTL_RESUMED] = "resumed", [CELLCTL_REBOOTED] = "board reset",
					      [CELLCTL_ENDED] = "plain text", [CELLCTL_GONE] = "port closed" };
	struct serve *s = context;
	char number[16];

	s->reset |= what == CELLCTL_REBOOTED;
	s->host.boot = boot;
	snprintf(number, sizeof(number), "%u", boot);
	audit_write(&s->audit, NULL, events[what], (const char *const[]){ "boot", number, NULL });
	if (!s->x->quiet)
		complain(0, what == CELLCTL_REBOOTED ? _("the board was reset") : what == CELLCTL_ENDED ? _("the board speaks plain text") :
			 what == CELLCTL_GONE ? _("the port was closed") : _("the board is there"));
}

/* ---- requests ---- */

static const char *cell_name(const struct serve *s, u32 cell)
{
	return cell < s->host.cells ? s->names[cell] : "?";
}

static const char *word(char words[16][24], u64 number)
{
	return number < 16 && *words[number] ? words[number] : "?";
}

static bool note(struct serve *s, const struct served *client, const char *event, u8 channel, u8 op, const u8 *arguments, u32 size, const char *result)
{
	const char *name = role_request_name(channel, op), *pairs[10] = { NULL };
	u32 n = 0, cell = size >= 2 ? (u32)frame_get(arguments, 2) : 0;
	bool has_cell = channel == LINE_DEBUG || (channel == LINE_TRACE && op == TRACE_SET) || (channel == LINE_MANAGE && op == MANAGE_OPERATE);

	pairs[n++] = "request";
	pairs[n++] = name ? name : "unknown";
	if (has_cell && size >= 2) {
		pairs[n++] = "cell";
		pairs[n++] = cell_name(s, cell);
	}
	if (channel == LINE_MANAGE && op == MANAGE_OPERATE && size >= 4) {
		pairs[n++] = "operation";
		pairs[n++] = word(s->ops, frame_get(arguments + 2, 2));
	}
	if (result) {
		pairs[n++] = "result";
		pairs[n++] = result;
	}
	return audit_write(&s->audit, client ? &client->who : NULL, event, pairs);
}

static const char *status_word(unsigned status)
{
	static const char *const words[] = { "ok", "unknown", "invalid", "denied", "refused", "failed", "changed" };

	return status < ARRAY_COUNT(words) ? words[status] : "?";
}

static void answered(void *context, int error, unsigned status, const void *payload, size_t size, unsigned part, bool more)
{
	struct on_way *w = context;
	struct served *client = serve_find(w->s, NULL, w->client);
	enum line_status told = error ? LINE_FAILED : (enum line_status)status;

	if (w->deed && !more) {
		const char *result = error ? "no answer" : status_word(status);

		if (!error && status == LINE_OK && w->channel == LINE_MANAGE && w->op == MANAGE_OPERATE && size >= 2)
			result = word(w->s->results, frame_get(payload, 2));
		note(w->s, client, "answered", w->channel, w->op, NULL, 0, result);
	}
	if (client)
		client_answer(client->client, w->channel, w->ticket, told, payload, (u32)size, (u16)part, more);
	if (!more)
		free(w);
}

/* A cell is debugged by one client at a time. False: by another one. */
static bool owns(struct serve *s, const struct client *c, u8 op, const u8 *arguments, u32 size)
{
	u32 cell = size >= 2 ? (u32)frame_get(arguments, 2) : s->host.cells;

	if (cell >= s->host.cells)
		return true; /* the board will say what it thinks of it */
	if (op == DEBUG_STATE)
		return true;
	if (s->owners[cell] && s->owners[cell] != c->number && serve_find(s, NULL, s->owners[cell]))
		return false;
	s->owners[cell] = c->number;
	if (op == DEBUG_POINT && size >= 4 && arguments[2] < 32) {
		u32 bit = (u32)BIT(arguments[2]);

		s->points[cell] = arguments[3] == POINT_OFF ? s->points[cell] & ~bit : s->points[cell] | bit;
	}
	return true;
}

static void refuse(struct serve *s, struct client *c, u8 channel, u32 ticket, const struct on_way *w, const u8 *arguments, u32 size, enum line_status status)
{
	note(s, serve_find(s, c, 0), "refused", w->channel, w->op, arguments, size, status_word(status));
	client_answer(c, channel, ticket, status, NULL, 0, 0, false);
}

/* Is it to be written down, and has it not been? */
static bool is_noted(struct serve *s, const struct client *c, u8 channel, u8 op)
{
	struct served *client = serve_find(s, c, 0);
	enum role_deed deed = role_deed(channel, op);
	u64 bit = BIT(role_number(channel, op));

	if (!client || deed == DEED_NONE || (deed == DEED_ONCE && client->noted & bit))
		return false;
	client->noted |= bit;
	return true;
}

static void request(void *of, struct client *c, u8 channel, u32 ticket, const u8 *message, u32 size)
{
	struct serve *s = of;
	const u8 *arguments = message + sizeof(struct line_request);
	struct on_way *w = malloc(sizeof(*w)), like = { s, c->number, ticket, channel, message[2], false };

	size -= (u32)sizeof(struct line_request);
	if (!w || c->role < role_needed(channel, like.op, arguments, size)) {
		refuse(s, c, channel, ticket, &like, arguments, size, w ? LINE_DENIED : LINE_FAILED);
	} else if (channel == LINE_DEBUG && !owns(s, c, like.op, arguments, size)) {
		refuse(s, c, channel, ticket, &like, arguments, size, LINE_REFUSED);
	} else if ((like.deed = is_noted(s, c, channel, like.op)) && !note(s, serve_find(s, c, 0), "asked", channel, like.op, arguments, size, NULL)) {
		refuse(s, c, channel, ticket, &like, arguments, size, LINE_FAILED); /* nothing is done that cannot be written down */
	} else {
		*w = like;
		if (cellctl_begin(s->c, channel, like.op, arguments, size, answered, w) == 0)
			return;
		refuse(s, c, channel, ticket, &like, arguments, size, LINE_FAILED);
	}
	free(w);
}

static u32 type(void *of, struct client *c, u16 cell, const u8 *bytes, u32 size)
{
	struct serve *s = of;
	struct served *client = serve_find(s, c, 0);
	size_t taken = 0;

	if (!client || s->gone)
		return 0;
	if (!client->types[cell] && !audit_write(&s->audit, &client->who, "types", (const char *const[]){ "cell", cell_name(s, cell), NULL }))
		return size; /* it may not, and is not to wait */
	client->types[cell] = true;
	if (cellctl_type(s->c, cell, bytes, size, &taken))
		return 0;
	return (u32)taken;
}

static void denied(void *of, struct client *c, u16 cell)
{
	struct serve *s = of;
	struct served *client = serve_find(s, c, 0);

	if (!client || client->types[cell])
		return;
	client->types[cell] = true;
	audit_write(&s->audit, &client->who, "refused", (const char *const[]){ "request", "type", "cell", cell_name(s, cell), "result", "denied", NULL });
}

static void forget(void *context, int error, unsigned status, const void *payload, size_t size, unsigned part, bool more)
{
	(void)context, (void)error, (void)status, (void)payload, (void)size, (void)part, (void)more;
}

/* Whoever debugged did so from a process that is no more: the cell is not to wait for it. */
void serve_release(struct serve *s, u32 number)
{
	for (u32 i = 0; i < s->host.cells; i++) {
		u16 go[2] = { (u16)i, GO_LEAVE };

		if (s->owners[i] != number)
			continue;
		s->owners[i] = 0;
		for (u8 n = 0; n < 32; n++) {
			struct debug_point point = { .cell = (u16)i, .number = n, .kind = POINT_OFF };

			if (s->points[i] & BIT(n))
				cellctl_begin(s->c, LINE_DEBUG, DEBUG_POINT, &point, sizeof(point), forget, NULL);
		}
		s->points[i] = 0;
		cellctl_begin(s->c, LINE_DEBUG, DEBUG_GO, go, sizeof(go), forget, NULL);
		audit_write(&s->audit, NULL, "debugger gone", (const char *const[]){ "cell", s->names[i], NULL });
	}
}

/* ---- begin, go on, end ---- */

static int make_buffers(struct serve *s, u32 buffer)
{
	s->host.log = calloc(1u + s->host.cells, sizeof(*s->host.log));
	s->names = calloc(s->host.cells + 1u, sizeof(*s->names));
	s->owners = calloc(s->host.cells + 1u, sizeof(*s->owners));
	s->points = calloc(s->host.cells + 1u, sizeof(*s->points));
	if (!s->host.log || !s->names || !s->owners || !s->points || !stream_make(s->host.log, 4 * buffer, true))
		return complain(CELLCTL_FAILED, _("out of memory"));
	s->host.consoles = s->host.log + 1;
	for (u32 i = 0; i < s->host.cells; i++)
		if (!stream_make(&s->host.consoles[i], buffer, false))
			return complain(CELLCTL_FAILED, _("out of memory"));
	return 0;
}

/* While nobody is told anything: names may have to be asked for. */
static void remember_words(struct serve *s)
{
	for (u32 i = 0; i < 16; i++) {
		const char *op = cellctl_name(s->x->c, NAMES_OPS, i), *result = cellctl_name(s->x->c, NAMES_RESULTS, i);

		snprintf(s->ops[i], sizeof(s->ops[i]), "%s", op ? op : "");
		snprintf(s->results[i], sizeof(s->results[i]), "%s", result ? result : "");
	}
}

int serve_open(struct serve *s, u32 buffer)
{
	struct cellctl_events events = { .context = s, .stream = came, .news = news };
	struct cellctl_options options = { .events = &events };
	struct manage_cell cell;
	int error = context_open(s->x, NULL);

	/* First without anybody who listens: nothing is to come before there is room for it. */
	if (error)
		return error;
	s->host.of = s;
	s->host.cells = (u16)cellctl_cells(s->x->c);
	s->host.request = request;
	s->host.type = type;
	s->host.denied = denied;
	error = make_buffers(s, buffer);
	for (u16 i = 0; i < s->host.cells && !error; i++) {
		error = cellctl_cell(s->x->c, i, &cell);
		if (!error)
			snprintf(s->names[i], sizeof(s->names[i]), "%.31s", cell.name);
	}
	if (error)
		return error;
	remember_words(s);
	cellctl_close(s->x->c);
	s->x->c = NULL;
	error = context_open(s->x, &options);
	s->c = s->x->c;
	if (!error && cellctl_cells(s->c) != s->host.cells)
		return complain(CELLCTL_FAILED, _("the board has %u cells now, and had %u"), cellctl_cells(s->c), s->host.cells);
	return error;
}

/* What clients have left behind is still done. */
void serve_close(struct serve *s)
{
	for (u32 i = 0; i < 20 && s->c && !s->gone; i++)
		if (cellctl_poll(s->c, 20))
			break;
	cellctl_close(s->x->c); /* whoever waited for an answer is told now, while all this is there */
	s->x->c = NULL;
	for (u32 i = 0; s->host.log && i <= s->host.cells; i++)
		stream_free(&s->host.log[i]);
	free(s->host.log);
	free(s->names);
	free(s->owners);
	free(s->points);
}

static void board_was_reset(struct serve *s)
{
	s->reset = false;
	for (u32 i = 0; i <= s->host.cells; i++)
		stream_reset(&s->host.log[i]);
	memset(s->owners, 0, s->host.cells * sizeof(*s->owners));
	memset(s->points, 0, s->host.cells * sizeof(*s->points));
	for (u32 i = 0; i < SERVE_CLIENTS; i++)
		if (s->clients[i].client)
			client_end(s->clients[i].client);
}

static void note_state(struct serve *s, struct serve_stream *stream, unsigned channel)
{
	u32 position;

	stream->lost = cellctl_dropped(s->c, channel);
	if (!stream->known && cellctl_position(s->c, channel, &position))
		stream_begin(stream, position);
}

int serve_board(struct serve *s, u64 now)
{
	int error = 0;

	if (s->gone && now >= s->again) {
		s->gone = cellctl_reopen(s->c) != 0;
		s->again = now + AGAIN_MS;
	}
	/* As much as is there, but not for ever: the clients want something, too. */
	for (u32 i = 0; i < 32 && !s->gone && !error; i++)
		error = cellctl_poll(s->c, 0);
	if (error == CELLCTL_CLOSED || error == CELLCTL_PORT) {
		s->gone = true;
		s->again = now + AGAIN_MS;
	}
	if (s->reset)
		board_was_reset(s);
	if (cellctl_cells(s->c) != s->host.cells)
		return complain(CELLCTL_FAILED, _("the board has %u cells now, and had %u"), cellctl_cells(s->c), s->host.cells);
	note_state(s, s->host.log, LINE_LOG);
	for (u32 i = 0; i < s->host.cells; i++)
		note_state(s, &s->host.consoles[i], LINE_CONSOLE + i);
	return error == CELLCTL_STOPPED ? error : 0;
}
