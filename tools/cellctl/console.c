/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * console: one cell's console. At a terminal its keys go to the cell as they are; else standard input is typed, and when it has
 * ended what comes is listened to for a while. What comes is written as it is, so scrolling back is the terminal's own.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "terminal.h"

#define REOPEN_MS 500
#define FLUSH_MS 5000u

struct console {
	struct context *x;
	unsigned cell;
	const char *name;
	bool raw, filtered, interactive;
	bool ended;       /* standard input has */
	bool leave;
	bool denied;      /* what is typed goes nowhere: the role at a server */
	int escape;       /* key; negative: none */
	bool escaped;     /* it was pressed */
	struct terminal terminal;
	struct termios before;
	unsigned char waiting[1024]; /* typed, not taken yet */
	size_t waiting_count;
	uint64_t last;    /* when the last of standard input was taken */
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* A line of our own; in raw mode a line feed is not enough. */
static void say(const struct console *console, const char *text)
{
	fflush(stdout);
	fprintf(stderr, console->interactive ? "\r\n[cellctl: %s]\r\n" : "cellctl: %s\n", text);
}

/* ---- what comes ---- */

static void write_all(const char *bytes, size_t count)
{
	fwrite(bytes, 1, count, stdout);
	fflush(stdout);
}

static void on_console(void *context, unsigned cell, const void *bytes, size_t count)
{
	struct console *console = context;
	char filtered[LINE_PAYLOAD + TERMINAL_SEQUENCE];

	(void)cell;
	if (console->x->json) {
		cJSON *line = cJSON_CreateObject();

		json_string(line, "cell", console->name);
		json_text(line, "text", bytes, count);
		json_line(line);
	} else if (console->filtered && count <= LINE_PAYLOAD) {
		write_all(filtered, terminal_filter(&console->terminal, bytes, count, filtered));
	} else {
		write_all(bytes, count);
	}
}

static void on_missed(void *context, unsigned channel, uint32_t bytes)
{
	struct console *console = context;
	char text[160];

	(void)channel;
	if (console->x->json) {
		cJSON *line = cJSON_CreateObject();

		json_string(line, "cell", console->name);
		json_number(line, "missed", bytes);
		json_line(line);
		return;
	}
	snprintf(text, sizeof text, _("%u bytes of this console are missing here: printed as plain text, or pushed out while nobody read them"), bytes);
	say(console, text);
}

static void on_news(void *context, enum cellctl_news news, uint32_t boot)
{
	struct console *console = context;

	(void)boot;
	if (news == CELLCTL_REBOOTED)
		say(console, _("the board has been reset"));
	else if (news == CELLCTL_RESUMED)
		say(console, _("the session goes on"));
	else if (news == CELLCTL_ENDED)
		say(console, _("the core has ended the session; waiting for it to come back"));
}

/* After a panic, or while the board starts. */
static void on_plain(void *context, const void *bytes, size_t count)
{
	struct terminal terminal = { 0 };
	char text[1024];

	(void)context;
	if (count > sizeof text - TERMINAL_SEQUENCE)
		return;
	fflush(stdout);
	fwrite(text, 1, terminal_filter(&terminal, bytes, count, text), stderr);
}

/* ---- what is typed ---- */

static void escape_key(struct console *console, unsigned char key)
{
	char text[120];

	console->escaped = false;
	if (key == '.' || key == 'q') {
		console->leave = true;
	} else if (key == console->escape) {
		console->waiting[console->waiting_count++] = key;
	} else {
		snprintf(text, sizeof text, _("Ctrl-%c then . or q: leave; Ctrl-%c again: send it"), console->escape + '@', console->escape + '@');
		say(console, text);
	}
}

static void take_typed(struct console *console, const unsigned char *bytes, size_t count)
{
	for (size_t i = 0; i < count && !console->leave; i++) {
		if (console->escaped)
			escape_key(console, bytes[i]);
		else if (console->interactive && bytes[i] == console->escape)
			console->escaped = true;
		else
			console->waiting[console->waiting_count++] = bytes[i];
	}
}

static void read_typed(struct console *console)
{
	unsigned char bytes[256];
	ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);

	if (count > 0) {
		take_typed(console, bytes, (size_t)count);
	} else if (!count || (errno != EINTR && errno != EAGAIN)) {
		console->ended = true;
		console->last = now_ms();
	}
}

/* At a terminal one may go on watching. */
static int watch_only(struct console *console)
{
	if (!console->interactive)
		return CELLCTL_DENIED;
	if (!console->denied)
		say(console, cellctl_message(console->x->c));
	console->denied = true;
	console->waiting_count = 0;
	return 0;
}

static int send_typed(struct console *console)
{
	size_t taken;
	int error;

	if (cellctl_flush(console->x->c, 0) == CELLCTL_DENIED)
		return watch_only(console);
	if (!console->waiting_count)
		return 0;
	if ((error = cellctl_type(console->x->c, console->cell, console->waiting, console->waiting_count, &taken)))
		return error;
	console->waiting_count -= taken;
	console->last = taken ? now_ms() : console->last;
	memmove(console->waiting, console->waiting + taken, console->waiting_count);
	return 0;
}

/* ---- the loop ---- */

static int wait_for_port(struct console *console)
{
	struct timespec pause = { .tv_nsec = REOPEN_MS * 1000000 };
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

	say(console, _("the port has gone; waiting for it"));
	for (;;) {
		int error = cellctl_reopen(console->x->c);

		if (!error || error == CELLCTL_STOPPED || error == CELLCTL_USAGE)
			return error;
		if (console->interactive && poll(&in, 1, 0) > 0)
			read_typed(console);
		console->waiting_count = 0; /* nobody is there to type at */
		if (console->leave || interrupted || console->ended)
			return console->leave ? 0 : CELLCTL_CLOSED;
		nanosleep(&pause, NULL);
	}
}

static int step(struct console *console)
{
	struct cellctl *c = console->x->c;
	bool room = !console->ended && console->waiting_count <= sizeof console->waiting - 256;
	struct pollfd fds[2] = {
		{ .fd = cellctl_fd(c), .events = (short)(POLLIN | (cellctl_wants_write(c) ? POLLOUT : 0)) },
		{ .fd = room ? STDIN_FILENO : -1, .events = POLLIN },
	};
	int error;

	poll(fds, 2, (int)cellctl_wait(c));
	if (fds[1].revents)
		read_typed(console);
	if ((error = send_typed(console)))
		return error;
	error = cellctl_poll(c, 0);
	return error == CELLCTL_CLOSED && console->interactive ? wait_for_port(console) : error;
}

static int talk(struct console *console, uint64_t listen)
{
	int error = 0;

	while (!error && !console->leave) {
		if (console->ended && !console->waiting_count && cellctl_flush(console->x->c, 0) != CELLCTL_TIMEOUT &&
		    cellctl_caught_up(console->x->c, LINE_CONSOLE + console->cell) && now_ms() - console->last >= listen * 1000)
			return 0;
		if (console->ended && now_ms() - console->last >= listen * 1000 + FLUSH_MS)
			return complain(CELLCTL_TIMEOUT, _("%s does not read what is typed"), console->name);
		error = step(console);
	}
	if (!error && console->leave)
		cellctl_flush(console->x->c, 200);
	return error;
}

/* "^]", "^T", "-" or one character. */
static int parse_escape(const char *text)
{
	if (!text)
		return ']' - '@';
	if (!strcmp(text, "-"))
		return -1;
	if (text[0] == '^' && text[1] >= '@' && text[1] <= '~' && !text[2])
		return text[1] & 0x1f;
	return text[0] && !text[1] && (unsigned char)text[0] < ' ' ? text[0] : -2;
}

static int converse(struct console *console, uint64_t listen)
{
	struct termios raw;
	char text[200];
	int error;

	if (!console->interactive)
		return talk(console, listen);
	tcgetattr(STDIN_FILENO, &console->before);
	raw = console->before;
	cfmakeraw(&raw);
	if (console->escape < 0)
		raw.c_lflag |= ISIG; /* there has to be a way out */
	snprintf(text, sizeof text, _("console of %s; Ctrl-%c then . leaves"), console->name, console->escape < 0 ? 'C' : console->escape + '@');
	if (console->escape < 0)
		snprintf(text, sizeof text, _("console of %s; Ctrl-C leaves"), console->name);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	say(console, text);
	error = talk(console, listen);
	if (console->filtered || !console->x->json)
		write_all("\033[0m\033[?25h", 10);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &console->before);
	fprintf(stderr, "\n");
	return error;
}

int command_console(struct context *x, int count, char **arguments)
{
	struct console console = { .x = x, .name = arguments[0], .interactive = isatty(STDIN_FILENO), .raw = option(x, "raw"), .escape = parse_escape(option(x, "escape")) };
	struct cellctl_events events = { .context = &console, .console = on_console, .missed = on_missed, .news = on_news, .plain = on_plain };
	struct cellctl_options options = { .events = &events, .one_cell = true, .cell = 1 << 20 };
	struct manage_cell cell;
	uint64_t listen = 1;
	int error;

	(void)count;
	console.filtered = !console.raw && isatty(STDOUT_FILENO);
	if (!option_number(x, "for", 0, 86400, &listen))
		return CELLCTL_USAGE;
	if (console.escape == -2)
		return complain(CELLCTL_USAGE, _("--escape: '%s' is no key; it can be ^A to ^_ or - for none"), option(x, "escape"));
	if ((error = context_open(x, &options)) || (error = context_cell(x, arguments[0], &console.cell)))
		return error;
	if ((error = cellctl_cell(x->c, console.cell, &cell)))
		return context_failed(x, error);
	if (!cell.console)
		return complain(CELLCTL_NO, _("%s has no console in its partition"), arguments[0]);
	const char *state = cellctl_name(x->c, NAMES_STATES, cell.state);

	if (state && strcmp(state, "running"))
		complain(0, _("%s is %s: it reads nothing before it runs"), arguments[0], cellctl_word(state));
	cellctl_listen(x->c, (int)console.cell);
	console.last = now_ms();
	error = converse(&console, listen);
	if (error == CELLCTL_STOPPED || !error)
		return console.denied ? CELLCTL_DENIED : 0;
	return error == CELLCTL_TIMEOUT ? error : context_failed(x, error);
}
