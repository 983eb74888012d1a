/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What is asked of LINE_MANAGE and LINE_METRICS, as functions; what does not change within a boot is asked once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/life.h"
#include "session.h"
#include "text.h"

#define READ_PIECE 8192u /* of one request: between two of them others have their turn */
#define READ_TRIES 4u
#define NAMES_MOST 65536u

/* ---- names ---- */

void names_forget(struct cellctl *c)
{
	for (unsigned i = 0; i < NAMES_KINDS; i++) {
		free(c->names[i].text);
		c->names[i] = (struct names){ NULL, 0 };
	}
	free(c->cell_names);
	c->cell_names = NULL;
	c->identified = false;
	c->formats = FORMATS_NONE;
}

static const char *nth(const struct names *names, unsigned number)
{
	const char *p = names->text, *end = p ? p + names->size : p;

	for (; p < end; p += strlen(p) + 1)
		if (!number--)
			return p;
	return NULL;
}

const char *names_known(const struct cellctl *c, enum manage_names which, unsigned number)
{
	return nth(&c->names[which], number);
}

const char *names_cell(const struct cellctl *c, unsigned cell)
{
	return c->cell_names && cell < c->cells ? c->cell_names[cell].name : NULL;
}

/* Behind what there is; kept with a final 0, whatever came. */
static bool add_names(struct names *names, const void *bytes, size_t size)
{
	char *text = names->size + size > NAMES_MOST ? NULL : realloc(names->text, names->size + size + 1);

	if (!text)
		return false;
	if (size)
		memcpy(text + names->size, bytes, size);
	names->text = text;
	names->size += size;
	text[names->size] = 0;
	return true;
}

struct reading {
	struct cellctl *c;
	enum manage_names which;
};

static void names_part(void *context, int error, unsigned status, const void *payload, size_t size, unsigned part, bool more)
{
	struct reading *r = context;

	(void)status;
	(void)part;
	(void)more;
	if (!error)
		add_names(&r->c->names[r->which], payload, size);
}

static int load_names(struct cellctl *c, enum manage_names which)
{
	struct reading reading = { .c = c, .which = which };
	uint16_t argument = (uint16_t)which;

	if (c->names[which].text)
		return 0;
	int error = cellctl_ask_parts(c, LINE_MANAGE, MANAGE_NAMES, &argument, sizeof argument, names_part, &reading);

	if (error) {
		free(c->names[which].text);
		c->names[which] = (struct names){ NULL, 0 };
	}
	return error;
}

const char *cellctl_name(struct cellctl *c, enum manage_names which, unsigned number)
{
	return which < NAMES_KINDS && !load_names(c, which) ? nth(&c->names[which], number) : NULL;
}

int cellctl_number(struct cellctl *c, enum manage_names which, const char *name)
{
	const char *one;

	for (unsigned i = 0; (one = cellctl_name(c, which, i)); i++)
		if (!strcmp(one, name))
			return (int)i;
	return -1;
}

/* ---- formats of the log and names of cells, without waiting ---- */

static void formats_part(void *context, int error, unsigned status, const void *payload, size_t size, unsigned part, bool more)
{
	struct cellctl *c = context;

	(void)part;
	c->names_asked -= !more;
	if (c->formats != FORMATS_ASKED)
		return; /* forgotten meanwhile */
	if (error) {
		c->formats = FORMATS_NONE; /* again, in the next session */
		return;
	}
	if (status == LINE_OK)
		add_names(&c->names[NAMES_MESSAGES], payload, size);
	if (more)
		return;
	c->formats = FORMATS_KNOWN;
	if (c->channels[LINE_LOG])
		c->channels[LINE_LOG]->acknowledge = true; /* opens it */
}

static void cell_part(void *context, int error, unsigned status, const void *payload, size_t size, unsigned part, bool more)
{
	struct cellctl *c = context;
	struct manage_cell cell;

	(void)part;
	c->names_asked -= !more;
	if (c->formats != FORMATS_ASKED || !c->cell_names || c->cell_names_at >= c->cells)
		return;
	if (!error && status == LINE_OK && size >= sizeof cell)
		memcpy(c->cell_names[c->cell_names_at].name, payload, sizeof c->cell_names->name - 1);
	c->cell_names_at++;
}

#define END_TEXT(field) ((field)[sizeof(field) - 1] = 0)

static void take_identity(struct cellctl *c, const void *answer)
{
	memcpy(&c->identity, answer, sizeof c->identity);
	END_TEXT(c->identity.partition);
	END_TEXT(c->identity.board);
	c->identified = true;
}

static void identity_part(void *context, int error, unsigned status, const void *payload, size_t size, unsigned part, bool more)
{
	struct cellctl *c = context;

	(void)part;
	c->names_asked -= !more;
	if (c->formats == FORMATS_ASKED && !error && status == LINE_OK && size >= sizeof c->identity)
		take_identity(c, payload);
}

/* Cells first: requests are answered in their order, so when the formats are there the names are, too. */
void names_serve(struct cellctl *c)
{
	uint16_t which = NAMES_MESSAGES;

	if (!c->events.log || c->state != SESSION_UP || c->formats != FORMATS_NONE || c->names_asked)
		return;
	c->formats = FORMATS_ASKED;
	free(c->names[NAMES_MESSAGES].text);
	c->names[NAMES_MESSAGES] = (struct names){ NULL, 0 };
	free(c->cell_names);
	c->cell_names = calloc(c->cells ? c->cells : 1, sizeof *c->cell_names);
	c->cell_names_at = 0;
	c->names_asked += !cellctl_begin(c, LINE_MANAGE, MANAGE_IDENTIFY, NULL, 0, identity_part, c);
	for (uint16_t i = 0; i < c->cells && c->cell_names; i++)
		c->names_asked += !cellctl_begin(c, LINE_MANAGE, MANAGE_CELL, &i, sizeof i, cell_part, c);
	if (cellctl_begin(c, LINE_MANAGE, MANAGE_NAMES, &which, sizeof which, formats_part, c))
		c->formats = FORMATS_NONE;
	else
		c->names_asked++;
}

/* ---- single answers ---- */

/* An answer of at least `least` bytes; what a later version has more of is left away. */
static int ask_struct(struct cellctl *c, unsigned channel, unsigned op, const void *arguments, size_t size, void *to, size_t least)
{
	uint8_t answer[1024];
	size_t length = sizeof answer;
	int error = cellctl_ask(c, channel, op, arguments, size, answer, &length);

	if (error)
		return error;
	if (length < least)
		return session_fail(c, CELLCTL_PROTOCOL, _("an answer of %zu bytes in the place of %zu"), length, least);
	memcpy(to, answer, least);
	return 0;
}

int cellctl_identity(struct cellctl *c, const struct manage_identity **identity)
{
	*identity = &c->identity;
	if (c->identified)
		return 0;
	struct manage_identity answer;
	int error = ask_struct(c, LINE_MANAGE, MANAGE_IDENTIFY, NULL, 0, &answer, sizeof answer);

	if (!error)
		take_identity(c, &answer);
	return error;
}

int cellctl_cell(struct cellctl *c, unsigned cell, struct manage_cell *to)
{
	uint16_t number = (uint16_t)cell;
	int error = ask_struct(c, LINE_MANAGE, MANAGE_CELL, &number, sizeof number, to, sizeof *to);

	if (!error) {
		END_TEXT(to->name);
		END_TEXT(to->what);
	}
	return error;
}

int cellctl_vcpu(struct cellctl *c, unsigned cell, unsigned vcpu, struct manage_vcpu *to)
{
	const uint16_t numbers[2] = { (uint16_t)cell, (uint16_t)vcpu };
	int error = ask_struct(c, LINE_MANAGE, MANAGE_VCPU, numbers, sizeof numbers, to, sizeof *to);

	if (!error)
		END_TEXT(to->cpu);
	return error;
}

int cellctl_find(struct cellctl *c, const char *name, unsigned *cell)
{
	char list[256] = "", *end;
	struct manage_cell one;

	for (*cell = 0; *cell < c->cells; ++*cell) {
		int error = cellctl_cell(c, *cell, &one);

		if (error)
			return error;
		if (!strcmp(one.name, name))
			return 0;
		snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", *cell ? ", " : "", one.name);
	}
	unsigned long number = strtoul(name, &end, 10);

	if (*name >= '0' && *name <= '9' && !*end && number < c->cells) {
		*cell = (unsigned)number;
		return 0;
	}
	return session_fail(c, CELLCTL_UNKNOWN, _("there is no cell '%s'; there are: %s"), name, list);
}

int cellctl_operate(struct cellctl *c, unsigned cell, unsigned op, unsigned *result)
{
	const uint16_t numbers[2] = { (uint16_t)cell, (uint16_t)op };
	uint16_t answer;
	int error = ask_struct(c, LINE_MANAGE, MANAGE_OPERATE, numbers, sizeof numbers, &answer, sizeof answer);

	*result = error ? 0 : answer;
	return error;
}

int cellctl_board(struct cellctl *c, enum manage_board what)
{
	uint16_t argument = (uint16_t)what, result;
	int error = ask_struct(c, LINE_MANAGE, MANAGE_BOARD, &argument, sizeof argument, &result, sizeof result);

	if (!error && result == LIFE_DENIED)
		return session_fail(c, CELLCTL_DENIED, _("the partition (cloison,board-rights), or the role at the server, does not allow it"));
	return error;
}

/* ---- memory ---- */

static int read_piece(struct cellctl *c, const struct manage_read *what, uint8_t *to)
{
	for (unsigned tries = 0;; tries++) {
		size_t size = what->size;
		int error = cellctl_ask(c, LINE_MANAGE, MANAGE_READ, what, sizeof *what, to, &size);

		if (error == CELLCTL_NO) { /* it was written meanwhile */
			if (tries < READ_TRIES)
				continue;
			return session_fail(c, CELLCTL_CHANGED, "%s", cellctl_error_text(CELLCTL_CHANGED));
		}
		if (error)
			return error;
		if (size != what->size)
			return session_fail(c, CELLCTL_PROTOCOL, _("%zu bytes came in the place of %u"), size, what->size);
		return 0;
	}
}

int cellctl_read(struct cellctl *c, const struct manage_read *what, void *to, void (*progress)(void *context, size_t done, size_t all), void *context)
{
	for (uint32_t done = 0; done < what->size;) {
		struct manage_read piece = *what;

		piece.offset += done;
		piece.size = what->size - done < READ_PIECE ? what->size - done : READ_PIECE;
		int error = read_piece(c, &piece, (uint8_t *)to + done);

		if (error)
			return error;
		done += piece.size;
		if (progress)
			progress(context, done, what->size);
	}
	return 0;
}

/* ---- metrics ---- */

struct values {
	void (*value)(void *context, const char *name, uint64_t number);
	void *context;
	bool cut;
};

static void values_part(void *context, int error, unsigned status, const void *payload, size_t size, unsigned part, bool more)
{
	struct values *values = context;
	const char *p = payload, *end = p + size;

	(void)status;
	(void)part;
	(void)more;
	while (!error && p < end) {
		size_t length = strnlen(p, (size_t)(end - p));
		uint64_t number;

		if (length + 1 + sizeof number > (size_t)(end - p)) {
			values->cut = true;
			return;
		}
		memcpy(&number, p + length + 1, sizeof number);
		values->value(values->context, p, number);
		p += length + 1 + sizeof number;
	}
}

int cellctl_metrics(struct cellctl *c, int cell, int vcpu, void (*value)(void *context, const char *name, uint64_t number), void *context)
{
	const uint16_t numbers[2] = { (uint16_t)cell, (uint16_t)vcpu };
	struct values values = { .value = value, .context = context };
	unsigned op = cell < 0 ? METRICS_CORE : vcpu < 0 ? METRICS_CELL : METRICS_VCPU;
	int error = cellctl_ask_parts(c, LINE_METRICS, op, numbers, op == METRICS_CORE ? 0 : op == METRICS_CELL ? 2 : 4, values_part, &values);

	return !error && values.cut ? session_fail(c, CELLCTL_PROTOCOL, _("a value was cut")) : error;
}

int cellctl_paths(struct cellctl *c, unsigned cell, unsigned vcpu, uint32_t *counts, size_t *count)
{
	const uint16_t numbers[2] = { (uint16_t)cell, (uint16_t)vcpu };
	size_t size = *count * sizeof *counts;
	int error = cellctl_ask(c, LINE_METRICS, METRICS_PATHS, numbers, sizeof numbers, counts, &size);

	*count = size / sizeof *counts;
	return error;
}

/* ---- consoles ---- */

static int not_allowed(struct cellctl *c)
{
	return session_fail(c, CELLCTL_DENIED, _("the role at the server does not allow to type"));
}

int cellctl_type(struct cellctl *c, unsigned cell, const void *bytes, size_t size, size_t *taken)
{
	*taken = 0;
	if (cell >= c->cells || LINE_CONSOLE + cell >= CHANNELS)
		return session_fail(c, CELLCTL_UNKNOWN, _("there is no cell %u"), cell);
	struct channel *ch = c->channels[LINE_CONSOLE + cell];

	if (ch && ch->denied)
		return not_allowed(c);
	if (ch && ch->known)
		*taken = sender_put(&ch->out, bytes, size);
	return 0;
}

int cellctl_flush(struct cellctl *c, unsigned timeout)
{
	uint64_t end = session_now() + timeout;

	for (;;) {
		bool empty = true, denied = false;
		int error;

		for (unsigned i = LINE_CONSOLE; i < CHANNELS; i++) {
			empty &= !c->channels[i] || sender_is_empty(&c->channels[i]->out);
			denied |= c->channels[i] && c->channels[i]->denied;
		}
		if (denied)
			return not_allowed(c);
		if (empty)
			return 0;
		if (session_now() >= end)
			return session_fail(c, CELLCTL_TIMEOUT, _("the cell does not read what is typed"));
		if ((error = session_step(c, 20)))
			return error;
	}
}
