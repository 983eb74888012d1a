/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Commands (command.h). Operations on cells are wishes that control.c carries
 * out and answers; what is long is printed line by line, as record.c does.
 */
#include "core/command.h"
#include "core/audit.h"
#include "core/bound.h"
#include "core/control.h"
#include "core/crash.h"
#include "core/fmt.h"
#include "core/log.h"
#include "core/record.h"

#define CTRL_C 0x03
#define CTRL_U 0x15
#define BACKSPACE 0x08
#define DELETE 0x7f
#define WORD 32u /* longest that is compared; more than any name */
#define NEAR 2u  /* so many letters wrong are a slip */

enum verb { VERB_STATUS, VERB_AUDIT, VERB_CRASH, VERB_HELP, VERB_RESET, VERB_OP, VERB_NONE };

static struct {
	char text[COMMAND_LENGTH];
	u32 length;
	bool open;
	bool closing;  /* its end is to be drawn */
	bool entered;  /* it is to be obeyed */
	bool dirty;    /* a key came since it was drawn */
	bool prompted; /* on the wire: the colon, */
	u32 drawn;     /* so many letters, */
	u32 valid;     /* of which so many are still the line's */
} line;

/* What is being printed. */
static struct {
	enum verb verb;
	bool cells[CELL_COUNT ? CELL_COUNT : 1];
	bool of_cells; /* of these one after the other */
	u32 cell, line;
} job = { .verb = VERB_NONE };

/* ---- the line ---- */

void command_init(void)
{
	line.length = 0;
	line.open = line.closing = line.entered = line.dirty = line.prompted = false;
	line.drawn = line.valid = 0;
	job.verb = VERB_NONE;
}

bool command_open(void)
{
	line.length = line.valid = 0;
	line.open = line.dirty = true;
	line.prompted = false;
	return true;
}

bool command_is_open(void)
{
	return line.open;
}

bool command_is_busy(void)
{
	return line.closing;
}

void command_close(void)
{
	line.open = false;
	line.closing = true;
}

static void shorten(u32 length)
{
	line.length = length;
	if (line.valid > length)
		line.valid = length;
}

u32 command_draw(u8 *buffer, bool here, bool idle)
{
	u32 at = 0;

	if (!here) {
		line.prompted = false;
		line.drawn = line.valid = 0;
	}
	if (!line.closing && !(line.open && (line.dirty || (idle && !here))))
		return 0;
	if (!line.prompted) {
		buffer[at++] = ':';
		buffer[at++] = ' ';
		line.drawn = line.valid = 0;
	}
	for (; line.drawn > line.valid; line.drawn--) {
		LOOP_BOUND(COMMAND_LENGTH);
		buffer[at++] = '\b';
		buffer[at++] = ' ';
		buffer[at++] = '\b';
	}
	while (line.valid < line.length) {
		LOOP_BOUND(COMMAND_LENGTH);
		buffer[at++] = (u8)line.text[line.valid++];
	}
	if (line.closing)
		buffer[at++] = '\n';
	line.prompted = !line.closing;
	line.drawn = line.valid;
	line.closing = line.dirty = false;
	return at;
}

/* ---- words ---- */

struct word {
	const char *text;
	u32 length;
};

/* The next one from *at on; of length 0 at the end. */
static struct word next_word(u32 *at)
{
	struct word word;

	while (*at < line.length && line.text[*at] == ' ') {
		LOOP_BOUND(COMMAND_LENGTH);
		(*at)++;
	}
	word.text = &line.text[*at];
	word.length = *at;
	while (*at < line.length && line.text[*at] != ' ') {
		LOOP_BOUND(COMMAND_LENGTH);
		(*at)++;
	}
	word.length = *at - word.length;
	return word;
}

static u32 least(u32 a, u32 b)
{
	return a < b ? a : b;
}

/* How many letters have to be put in, taken out or changed to make one of the other; 0: they are the same. */
static u32 distance(struct word word, const char *name)
{
	u32 row[WORD + 1], length = 0;

	while (length < WORD && name[length])
		length++;
	if (word.length > WORD)
		return WORD;
	for (u32 j = 0; j <= length; j++) {
		LOOP_BOUND(WORD + 1);
		row[j] = j;
	}
	for (u32 i = 1; i <= word.length; i++) {
		LOOP_BOUND(WORD);
		u32 corner = row[0];

		row[0] = i;
		for (u32 j = 1; j <= length; j++) {
			LOOP_BOUND(WORD);
			u32 above = row[j];

			row[j] = least(least(above, row[j - 1]) + 1, corner + (word.text[i - 1] != name[j - 1]));
			corner = above;
		}
	}
	return row[length];
}

static const char *const verbs[] = {
	[VERB_STATUS] = "status", [VERB_AUDIT] = "audit", [VERB_CRASH] = "crash", [VERB_HELP] = "help", [VERB_RESET] = "reset-board",
};

#define NAMES_MOST (VERB_OP + LIFE_OP_COUNT > CELL_COUNT ? VERB_OP + LIFE_OP_COUNT : CELL_COUNT)

/* The n-th cell's; or of a command, operations last. NULL: there are no more. */
static const char *name_of(bool cell, u32 n)
{
	if (cell)
		return n < CELL_COUNT ? machine_cells[n].name : NULL;
	if (n < VERB_OP)
		return verbs[n];
	return n - VERB_OP + LIFE_START < LIFE_OP_COUNT ? life_op_names[n - VERB_OP + LIFE_START] : NULL;
}

static bool is(struct word word, const char *name)
{
	u32 i = 0;

	while (i < word.length && i < WORD && word.text[i] == name[i]) {
		LOOP_BOUND(WORD);
		i++;
	}
	return i == word.length && !name[i];
}

/* Which of these names it is; as many as there are: none. */
static u32 find(bool cell, struct word word)
{
	u32 n = 0;

	while (name_of(cell, n) && !is(word, name_of(cell, n))) {
		LOOP_BOUND(NAMES_MOST);
		n++;
	}
	return n;
}

/* The nearest of these names, and how far it is. */
static u32 nearest(bool cell, struct word word, u32 *far)
{
	u32 best = 0;

	*far = WORD;
	for (u32 n = 0; name_of(cell, n); n++) {
		LOOP_BOUND(NAMES_MOST);
		u32 d = distance(word, name_of(cell, n));

		if (d < *far) {
			*far = d;
			best = n;
		}
	}
	return best;
}

/* what: "no such cell" */
static void print_unknown(const char *what, struct word word, bool cell)
{
	char text[LOG_LINE];
	u32 size = sizeof text - 1, far, best = nearest(cell, word, &far);
	u32 at = fmt_print(text, size, "%s: ", what);

	for (u32 i = 0; i < word.length; i++) {
		LOOP_BOUND(COMMAND_LENGTH);
		text[at++] = word.text[i]; /* no longer than the line */
	}
	text[at] = 0;
	if (far <= NEAR && far < word.length)
		at += fmt_print(text + at, size - at, "; did you mean %s?", name_of(cell, best));
	else
		for (u32 n = 0; name_of(cell, n); n++) {
			LOOP_BOUND(NAMES_MOST);
			at += fmt_print(text + at, size - at, "%s%s", n ? ", " : "; there are ", name_of(cell, n));
		}
	log_put(MESSAGE_PLAIN, LOG_NO_CELL, text);
}

/* ---- commands ---- */

/* The rest of the line names cells. False, and said why: one of the words is none. */
static bool take_cells(u32 at)
{
	struct word word = next_word(&at);

	for (u32 i = 0; i < CELL_COUNT; i++) {
		LOOP_BOUND(CELL_COUNT);
		job.cells[i] = false;
	}
	for (; word.length; word = next_word(&at)) {
		LOOP_BOUND(COMMAND_LENGTH / 2);
		u32 cell = find(true, word);
		bool all = cell == CELL_COUNT && is(word, "all"); /* a cell may be called so */

		if (cell == CELL_COUNT && !all) {
			print_unknown("no such cell", word, true);
			return false;
		}
		for (u32 i = 0; i < CELL_COUNT; i++) {
			LOOP_BOUND(CELL_COUNT);
			job.cells[i] |= all || i == cell;
		}
	}
	return true;
}

static void ask(enum life_op op, u32 at)
{
	if (!next_word(&(u32){ at }).length) {
		log_put(MESSAGE_WHICH_CELL, LOG_NO_CELL, life_op_names[op]);
		return;
	}
	if (!take_cells(at))
		return;
	for (u16 i = 0; i < CELL_COUNT; i++) {
		LOOP_BOUND(CELL_COUNT);
		if (job.cells[i])
			control_operator(i, op);
	}
}

/* Not what is meant, if there is a name. */
static void reset(u32 at)
{
	if (next_word(&at).length) {
		log_put(MESSAGE_NO_NAME, LOG_NO_CELL, verbs[VERB_RESET]);
		return;
	}
	if (control_board(BOARD_RESET) == LIFE_OK)
		log_put(MESSAGE_RESET_BY_OPERATOR, LOG_NO_CELL);
	else
		log_put(MESSAGE_BOARD_DENIED, LOG_NO_CELL, verbs[VERB_RESET]);
}

static void obey(void)
{
	u32 at = 0, verb;
	struct word word = next_word(&at);

	job.verb = VERB_NONE;
	if (!word.length)
		return;
	verb = find(false, word);
	if (!name_of(false, verb)) {
		print_unknown("no such command", word, false);
	} else if (verb >= VERB_OP) {
		ask((enum life_op)(verb - VERB_OP + LIFE_START), at);
	} else if (verb == VERB_STATUS && !next_word(&(u32){ at }).length) {
		record_status();
	} else if (verb == VERB_RESET) {
		reset(at);
	} else if (take_cells(at)) {
		job.verb = (enum verb)verb;
		job.of_cells = (verb == VERB_CRASH || verb == VERB_STATUS) && next_word(&at).length;
		job.cell = job.line = 0;
	}
}

void command_key(u8 byte)
{
	line.dirty = true;
	if (byte == '\r' || byte == '\n') {
		command_close();
		line.entered = true;
	} else if (byte == CTRL_C) {
		command_close();
	} else if (byte == CTRL_U) {
		shorten(0);
	} else if (byte == BACKSPACE || byte == DELETE) {
		if (line.length)
			shorten(line.length - 1);
	} else if (byte >= ' ' && byte < DELETE && line.length < COMMAND_LENGTH) {
		line.text[line.length++] = (char)byte;
	}
}

void command_obey(void)
{
	if (line.entered)
		obey();
	line.entered = false;
}

/* ---- long answers ---- */

static const char *const help[] = {
	"status [NAME...]   what the cells do and have done",
	"start NAME...      load a cell that is off, stopped or failed, and run it",
	"stop NAME...       ask it to shut down, if it can be asked; else as kill",
	"restart NAME...    stop, then start",
	"suspend NAME...    keep it where it is",
	"resume NAME...     let it go on",
	"kill NAME...       stop it at once",
	"audit              who has asked what of which cell",
	"crash [NAME...]    what is kept of the ends of cells",
	"reset-board        as its reset button, when what is to be kept is kept",
	"help               this. NAME is a cell's name; all: every cell. Ctrl-C leaves the line, Ctrl-U empties it.",
};

static bool help_line(u32 n)
{
	if (n < ARRAY_COUNT(help))
		log_put(MESSAGE_PLAIN, LOG_NO_CELL, help[n]);
	return n < ARRAY_COUNT(help);
}

static bool next_line(u32 n)
{
	switch (job.verb) {
	case VERB_HELP:
		return help_line(n);
	case VERB_AUDIT:
		return audit_print(n);
	case VERB_CRASH:
		return crash_print(job.of_cells ? (u16)job.cell : CELL_NONE, n);
	case VERB_STATUS:
		if (!n)
			record_life(job.cell);
		return !n; /* one line; without names it was record_status */
	default:
		return false;
	}
}

bool command_line(void)
{
	if (job.verb == VERB_NONE)
		return false;
	if ((!job.of_cells || job.cells[job.cell]) && next_line(job.line)) {
		job.line++;
		return true;
	}
	if (!job.of_cells && !job.line)
		log_put(MESSAGE_NOTHING, LOG_NO_CELL, verbs[job.verb]);
	job.line = 0;
	if (!job.of_cells || ++job.cell == CELL_COUNT)
		job.verb = VERB_NONE;
	return job.verb != VERB_NONE;
}
