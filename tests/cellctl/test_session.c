/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * libcellctl against the core itself (core_sim), over a cable that loses and garbles bytes, keeps acknowledgements back, and is cut:
 *
 *     libcellctl <--socketpair--> relay (a thread: the cable) <--socketpair--> core_sim (a process: the board)
 */
#include <time.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cellctl.h"
#include "core/frame.h"

#define LINUX 0u
#define CONTROL 1u
#define HELLO 2u
#define TEXT_SIZE (1u << 20)

/* ---- the board ---- */

static struct {
	pid_t pid;
	char region[64];
} board;

static int board_start(bool ticks)
{
	const char *program = getenv("CORE_SIM");
	char number[16];
	int pair[2];

	assert_non_null(program);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	fcntl(pair[0], F_SETFD, FD_CLOEXEC);
	snprintf(number, sizeof number, "%d", pair[1]);
	board.pid = fork();
	assert_true(board.pid >= 0);
	if (!board.pid) {
		execl(program, program, "--region", board.region, "--fd", number, ticks ? "--ticks" : NULL, NULL);
		_exit(127);
	}
	close(pair[1]);
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	return pair[0];
}

static void board_stop(void)
{
	int status;

	kill(board.pid, SIGTERM);
	assert_int_equal(waitpid(board.pid, &status, 0), board.pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- the cable ---- */

static struct relay {
	pthread_t thread;
	int host, core;          /* our ends */
	volatile int loss;       /* of 10000 bytes, either way: lost or garbled */
	volatile bool hold_acks; /* the host's, of streams */
	volatile bool hold_core; /* nothing of the core's passes */
	volatile bool late;      /* bytes of the host are read late, a few at a time; when it closes, what is left is dropped */
	volatile bool swap;      /* core := next_core */
	volatile int next_core;
	volatile bool end;
	volatile bool closed;    /* the host's end has, and all it said has passed */
	uint64_t seed;
	struct frame_parser parser;
} relay;

static uint32_t next_random(void)
{
	relay.seed = relay.seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(relay.seed >> 33);
}

static void forward(int fd, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint8_t byte = bytes[i];

		if (relay.loss && next_random() % 10000 < (uint32_t)relay.loss) {
			if (next_random() & 1)
				continue;
			byte ^= (uint8_t)(1 + next_random() % 255);
		}
		while (!relay.end && write(fd, &byte, 1) < 0 && errno == EAGAIN)
			usleep(100);
	}
}

/* Only frames come from the host. */
static void forward_host(const uint8_t *bytes, size_t count)
{
	uint8_t wire[LINE_WIRE];

	if (!relay.hold_acks) {
		forward(relay.core, bytes, count);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (frame_byte(&relay.parser, bytes[i]) != FRAME_WHOLE)
			continue;
		if (relay.parser.head.kind == LINE_ACK && (relay.parser.head.channel == LINE_LOG || relay.parser.head.channel >= LINE_CONSOLE))
			continue;
		forward(relay.core, wire, frame_build(wire, &relay.parser.head, relay.parser.payload, relay.parser.size));
	}
}

static void *relay_run(void *unused)
{
	uint8_t bytes[512];

	while (!relay.end) {
		struct pollfd fds[2] = { { .fd = relay.host, .events = POLLIN }, { .fd = relay.core, .events = POLLIN } };
		ssize_t count = -1;

		if (relay.swap) {
			close(relay.core);
			relay.core = relay.next_core;
			relay.swap = false;
			continue;
		}
		if (relay.hold_core)
			fds[1].fd = -1;
		poll(fds, 2, 5);
		if (relay.late && fds[0].revents) {
			usleep(1000);
			poll(fds, 1, 0);
		}
		if (relay.late && relay.closed)
			fds[0].revents = 0;
		if (relay.late && fds[0].revents && (count = read(relay.host, bytes, 10)) > 0) {
			forward_host(bytes, (size_t)count);
			relay.closed = fds[0].revents & POLLHUP;
		} else if (fds[0].revents && (count = read(relay.host, bytes, sizeof bytes)) > 0)
			forward_host(bytes, (size_t)count);
		else if (fds[0].revents) {
			relay.closed |= !count;
			usleep(1000);
		}
		if (fds[1].revents && (count = read(relay.core, bytes, sizeof bytes)) > 0)
			forward(relay.host, bytes, (size_t)count);
		else if (fds[1].revents)
			usleep(1000);
	}
	return unused;
}

/* A new cable for the host; what was connected before sees its end closed. wait: that has closed it, and all it said gets through. */
static int relay_host(bool wait)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	int old = relay.host;

	fcntl(pair[1], F_SETFL, O_NONBLOCK);
	for (unsigned n = 0; n < 1000 && wait && old >= 0 && !relay.closed; n++)
		usleep(10000);
	relay.closed = false;
	relay.host = pair[1];
	if (old >= 0) {
		usleep(20000);
		close(old);
	}
	return pair[0];
}

static int begin(void **state)
{
	(void)state;
	memset(&relay, 0, sizeof relay);
	relay.seed = 1;
	relay.host = -1;
	snprintf(board.region, sizeof board.region, "/tmp/cellctl-test-%ld", (long)getpid());
	unlink(board.region);
	return 0;
}

static void connect_board(bool ticks)
{
	relay.core = board_start(ticks);
	relay.host = -1;
}

static void run_relay(void)
{
	assert_int_equal(pthread_create(&relay.thread, NULL, relay_run, NULL), 0);
}

static int end(void **state)
{
	(void)state;
	relay.end = true;
	pthread_join(relay.thread, NULL);
	board_stop();
	close(relay.host);
	close(relay.core);
	unlink(board.region);
	return 0;
}

/* ---- who listens ---- */

static struct heard {
	char *text[3]; /* of each cell */
	size_t count[3];
	uint32_t missed;
	unsigned records;
	char last_record[512];
	unsigned begun, resumed, rebooted, ended, gone;
	size_t plain;
} heard;

static void on_console(void *context, unsigned cell, const void *bytes, size_t count)
{
	(void)context;
	assert_true(cell < 3 && heard.count[cell] + count < TEXT_SIZE);
	memcpy(heard.text[cell] + heard.count[cell], bytes, count);
	heard.count[cell] += count;
	heard.text[cell][heard.count[cell]] = 0;
}

static void on_log(void *context, const struct cellctl_record *record)
{
	(void)context;
	heard.records++;
	snprintf(heard.last_record, sizeof heard.last_record, "%s", record->text);
}

static void on_missed(void *context, unsigned channel, uint32_t bytes)
{
	(void)context;
	(void)channel;
	heard.missed += bytes;
}

static void on_plain(void *context, const void *bytes, size_t count)
{
	(void)context;
	(void)bytes;
	heard.plain += count;
}

static void on_news(void *context, enum cellctl_news news, uint32_t boot)
{
	(void)context;
	(void)boot;
	heard.begun += news == CELLCTL_BEGUN;
	heard.resumed += news == CELLCTL_RESUMED;
	heard.rebooted += news == CELLCTL_REBOOTED;
	heard.ended += news == CELLCTL_ENDED;
	heard.gone += news == CELLCTL_GONE;
}

static const struct cellctl_events events = { .console = on_console, .log = on_log, .missed = on_missed, .plain = on_plain, .news = on_news };

static void forget(void)
{
	for (unsigned i = 0; i < 3; i++) {
		heard.text[i] = heard.text[i] ? heard.text[i] : malloc(TEXT_SIZE);
		heard.text[i][0] = 0;
		heard.count[i] = 0;
	}
	heard.missed = heard.records = heard.begun = heard.resumed = heard.rebooted = heard.ended = heard.gone = 0;
	heard.plain = 0;
}

static struct cellctl *open_with(struct cellctl_options options)
{
	struct cellctl *c;
	int fd = relay_host(true), error;

	if (!relay.thread)
		run_relay();
	options.timeout = options.timeout ? options.timeout : 5000;
	error = cellctl_open_fd(&c, fd, &options);
	if (error)
		print_message("%s\n", cellctl_message(c));
	assert_int_equal(error, 0);
	return c;
}

static struct cellctl *open_all(void)
{
	return open_with((struct cellctl_options){ .events = &events });
}

static void type(struct cellctl *c, unsigned cell, const char *text)
{
	size_t size = strlen(text), taken;

	for (unsigned tries = 0; size; tries++) {
		assert_true(tries < 5000);
		assert_int_equal(cellctl_type(c, cell, text, size, &taken), 0);
		text += taken;
		size -= taken;
		assert_int_equal(cellctl_poll(c, size ? 20 : 0), 0);
	}
}

/* Until a text has come, or so many milliseconds. */
static bool wait_text(struct cellctl *c, unsigned cell, const char *text, unsigned limit)
{
	for (unsigned n = 0; n < limit / 10; n++) {
		if (strstr(heard.text[cell], text))
			return true;
		assert_int_equal(cellctl_poll(c, 10), 0);
	}
	return strstr(heard.text[cell], text);
}

static void poll_for(struct cellctl *c, unsigned milliseconds)
{
	for (unsigned n = 0; n < milliseconds / 10; n++) {
		assert_int_equal(cellctl_poll(c, 0), 0);
		usleep(10000);
	}
}

/* What "flood N" makes of its console. */
static size_t flood_text(char *to, unsigned lines)
{
	size_t at = (size_t)sprintf(to, "flood %u\r\n", lines);

	for (unsigned i = 0; i < lines; i++)
		at += (size_t)sprintf(to + at, "line %u of the flood\r\n", i);
	return at;
}

/* ---- the tests ---- */

static void everything_in_order(struct cellctl *c, unsigned lines)
{
	static char expected[TEXT_SIZE];
	char command[32], last[40];

	flood_text(expected, lines);
	snprintf(command, sizeof command, "flood %u\r", lines);
	snprintf(last, sizeof last, "line %u of the flood\r\n", lines - 1);
	type(c, LINUX, command);
	assert_true(wait_text(c, LINUX, last, 60000));
	assert_string_equal(heard.text[LINUX], expected);
	assert_int_equal(heard.missed, 0);
}

/* All of Linux's bytes have come or been said to be missing, within a minute. */
static void wait_counted(struct cellctl *c, size_t all)
{
	for (unsigned n = 0; n < 600 && heard.count[LINUX] + heard.missed < all; n++)
		poll_for(c, 100);
	print_message("heard %zu, missed %u of %zu bytes\n", heard.count[LINUX], heard.missed, all);
	assert_int_equal(heard.count[LINUX] + heard.missed, all);
}

/* Where a machine is so busy that nothing moves for longer than the core waits, it drops, and says so. */
static void everything_counted(struct cellctl *c, unsigned lines)
{
	static char expected[TEXT_SIZE];
	size_t all = flood_text(expected, lines);
	char command[32];

	snprintf(command, sizeof command, "flood %u\r", lines);
	type(c, LINUX, command);
	wait_counted(c, all);
	if (!heard.missed)
		assert_string_equal(heard.text[LINUX], expected);
}

static void a_clean_cable(void **state)
{
	(void)state;
	connect_board(false);
	forget();
	struct cellctl *c = open_all();

	assert_int_equal(cellctl_cells(c), 3);
	assert_int_equal(heard.begun, 1);
	everything_in_order(c, 2000);
	assert_int_equal(cellctl_counts(c)->garbled, 0);
	cellctl_close(c);
}

static void a_bad_cable(void **state)
{
	(void)state;
	connect_board(false);
	forget();
	struct cellctl *c = open_all();

	relay.loss = 10;
	everything_counted(c, 400);
	print_message("garbled %llu, gaps %llu, repeated %llu, resent %llu\n", (unsigned long long)cellctl_counts(c)->garbled, (unsigned long long)cellctl_counts(c)->gaps,
		      (unsigned long long)cellctl_counts(c)->repeated, (unsigned long long)cellctl_counts(c)->resent);
	assert_true(cellctl_counts(c)->garbled > 0);
	relay.loss = 0;
	cellctl_close(c);
}

/* What is typed arrives once and in order, whatever is lost on the way. */
static void typing(void **state)
{
	static char text[1500], expected[2000];
	(void)state;
	connect_board(false);
	forget();
	struct cellctl *c = open_all();

	for (size_t i = 0; i < sizeof text - 1; i++)
		text[i] = (char)('a' + i % 26);
	for (size_t i = 50; i < sizeof text - 1; i += 50)
		text[i] = '\r';
	for (size_t i = 0, at = 0; i < sizeof text - 1; i++) {
		expected[at++] = text[i];
		if (text[i] == '\r')
			expected[at++] = '\n';
	}
	relay.loss = 10;
	type(c, LINUX, text);
	for (unsigned n = 0; n < 10000 && heard.count[LINUX] < strlen(expected); n++)
		assert_int_equal(cellctl_poll(c, 10), 0);
	assert_string_equal(heard.text[LINUX], expected);
	relay.loss = 0;
	assert_int_equal(cellctl_flush(c, 5000), 0);
	cellctl_close(c);
}

/* Who does not want a stream leaves it to the next one. */
static void nobody_listens(void **state)
{
	char expected[512];
	(void)state;
	connect_board(false);
	forget();
	struct cellctl *c = open_with((struct cellctl_options){ .no_bye = true });

	type(c, LINUX, "flood 8\r");
	assert_int_equal(cellctl_flush(c, 5000), 0);
	poll_for(c, 200);
	cellctl_close(c);
	c = open_all();
	flood_text(expected, 8);
	assert_true(wait_text(c, LINUX, "line 7 of the flood\r\n", 20000));
	assert_string_equal(heard.text[LINUX], expected);
	cellctl_close(c);
}

/* Who closes has been heard: nothing of what it said is cut off and counted as damaged. */
static void closing_is_clean(void **state)
{
	const struct manage_identity *identity;
	(void)state;
	connect_board(false);
	forget();
	for (unsigned n = 0; n < 4; n++) {
		struct cellctl *c = open_all();

		assert_int_equal(cellctl_identity(c, &identity), 0);
		assert_int_equal(identity->damaged, 0);
		relay.late = true;
		cellctl_close(c);
	}
}

static void memory_path(char *to, size_t size)
{
	snprintf(to, size, "/tmp/cellctl-memory-%ld", (long)getpid());
}

/* The cable is cut in the middle, and somebody else comes: what he has and what he is told of is all there was. */
static void cut_and_back(void **state)
{
	static char expected[TEXT_SIZE];
	char memory[64];
	struct cellctl_options options = { .events = &events, .memory = memory, .no_bye = true };
	(void)state;
	connect_board(false);
	memory_path(memory, sizeof memory);
	unlink(memory);
	forget();
	struct cellctl *c = open_with(options);

	type(c, LINUX, "flood 3000\r");
	for (unsigned cuts = 0; cuts < 5; cuts++) {
		size_t before = heard.count[LINUX];

		for (unsigned n = 0; n < 500 && heard.count[LINUX] < before + 3000; n++)
			assert_int_equal(cellctl_poll(c, 10), 0);
		cellctl_close(c); /* what it has taken is in its memory */
		c = open_with(options);
	}
	size_t all = flood_text(expected, 3000);

	wait_counted(c, all);
	cellctl_close(c);
	unlink(memory);
}

/* The same connection through a silence in which the core gives up. */
static void silence_and_back(void **state)
{
	static char expected[TEXT_SIZE];
	(void)state;
	connect_board(false);
	forget();
	struct cellctl *c = open_all();

	size_t all = flood_text(expected, 300);

	type(c, LINUX, "flood 300\r");
	assert_true(wait_text(c, LINUX, "line 20 of the flood", 20000));
	usleep(6500000); /* nobody polls: more than LINE_SILENCE_MS */
	wait_counted(c, all);
	type(c, LINUX, "still there\r");
	assert_true(wait_text(c, LINUX, "still there\r\n", 20000));
	cellctl_close(c);
}

/* Back-pressure: nothing is acknowledged for longer than the core waits; it drops and says so, and the cell goes on. */
static void acknowledgements_withheld(void **state)
{
	static char expected[TEXT_SIZE];
	(void)state;
	connect_board(false);
	forget();
	struct cellctl *c = open_all();

	assert_true(cellctl_poll(c, 100) == 0);
	poll_for(c, 200);
	relay.hold_acks = true;
	type(c, LINUX, "flood 1000\r");
	poll_for(c, 4000);
	relay.hold_acks = false;
	size_t all = flood_text(expected, 1000);

	wait_counted(c, all);
	cellctl_close(c);
}

struct answers {
	unsigned count;
	int error;
};

static void on_answer(void *context, int error, unsigned status, const void *payload, size_t size, unsigned part, bool more)
{
	struct answers *answers = context;

	(void)status;
	(void)payload;
	(void)size;
	(void)part;
	assert_false(more);
	answers->count++;
	answers->error = error;
}

/* Another boot: what was asked is lost, is not asked again, and everything begins anew. */
static void reset_in_the_middle(void **state)
{
	struct answers answers = { 0 };
	uint16_t arguments[2] = { LINUX, 3 };
	(void)state;
	connect_board(false);
	forget();
	struct cellctl *c = open_all();
	uint32_t boot = cellctl_boot(c);

	type(c, LINUX, "before\r");
	assert_true(wait_text(c, LINUX, "before\r\n", 20000));
	poll_for(c, 500); /* what the library asks for itself is answered */
	relay.hold_core = true;
	assert_int_equal(cellctl_begin(c, LINE_MANAGE, MANAGE_OPERATE, arguments, sizeof arguments, on_answer, &answers), 0);
	poll_for(c, 100);
	board_stop();
	relay.next_core = board_start(false);
	relay.swap = true;
	relay.hold_core = false;
	for (unsigned n = 0; n < 100 && !heard.rebooted; n++)
		poll_for(c, 100);
	assert_int_equal(heard.rebooted, 1);
	assert_int_not_equal(cellctl_boot(c), boot);
	assert_int_equal(answers.count, 1);
	assert_int_equal(answers.error, CELLCTL_LOST);
	type(c, LINUX, "behind\r");
	assert_true(wait_text(c, LINUX, "behind\r\n", 20000));
	cellctl_close(c);
}

static void *swap_board(void *unused)
{
	usleep(300000);
	board_stop();
	relay.next_core = board_start(false);
	relay.swap = true;
	relay.hold_core = false;
	return unused;
}

static void count_value(void *context, const char *name, uint64_t number)
{
	(void)name;
	(void)number;
	++*(unsigned *)context;
}

/* What only reads is asked again, and each part of the answer comes once. */
static void reading_goes_on(void **state)
{
	pthread_t thread;
	struct manage_cell cell;
	unsigned values = 0, again = 0;
	(void)state;
	connect_board(false);
	forget();
	struct cellctl *c = open_all();

	poll_for(c, 500);
	assert_int_equal(cellctl_metrics(c, -1, -1, count_value, &values), 0);
	for (unsigned n = 0; n < 2; n++) {
		relay.hold_core = true;
		assert_int_equal(pthread_create(&thread, NULL, swap_board, NULL), 0);
		assert_int_equal(n ? cellctl_metrics(c, -1, -1, count_value, &again) : cellctl_cell(c, HELLO, &cell), 0);
		pthread_join(thread, NULL);
		assert_int_equal(heard.rebooted, n + 1);
	}
	assert_string_equal(cell.name, "hello");
	assert_int_equal(again, values);
	cellctl_close(c);
}

/* Leaving is back to plain text, with everybody's lines. */
static void back_to_text(void **state)
{
	char text[8192] = "";
	size_t count = 0;
	(void)state;
	connect_board(true);
	forget();
	struct cellctl *c = open_all();

	assert_true(wait_text(c, CONTROL, "tick 3\n", 20000));
	cellctl_close(c);
	int fd = relay_host(true);

	time_t until = time(NULL) + 30;

	while (!strstr(text, "[control] tick") && time(NULL) < until) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (count == sizeof text - 1) { /* what it was about to say is more than this */
			memmove(text, text + count / 2, count - count / 2 + 1);
			count -= count / 2;
		}
		if (poll(&p, 1, 100) > 0) {
			ssize_t more = read(fd, text + count, sizeof text - 1 - count);

			for (ssize_t i = 0; i < more; i++) /* the core's BYE may come to this end: it begins with a 0 */
				if (!text[count++])
					text[count - 1] = '?';
			text[count] = 0;
		}
	}
	if (!strstr(text, "[control] tick"))
		print_message("%s\n", text);
	assert_non_null(strstr(text, "[control] tick"));
	close(fd);
}

/* The far end closes: it is said, and does no harm. */
static void the_end_closes(void **state)
{
	size_t taken;
	(void)state;
	connect_board(false);
	forget();
	struct cellctl *c = open_all();
	const struct manage_identity *identity;

	close(relay_host(false));
	int error = 0;

	for (unsigned n = 0; n < 100 && !error; n++)
		error = cellctl_poll(c, 10);
	assert_int_equal(error, CELLCTL_CLOSED);
	assert_int_equal(heard.gone, 1);
	assert_int_equal(cellctl_fd(c), -1);
	assert_int_equal(cellctl_identity(c, &identity), CELLCTL_CLOSED);
	assert_int_equal(cellctl_type(c, LINUX, "x", 1, &taken), 0);
	assert_int_equal(cellctl_reopen(c), CELLCTL_USAGE);
	cellctl_close(c);
}

/* ---- ports where no core answers ---- */

static void expect_silent(const char *says, const char *words, unsigned repeat)
{
	struct cellctl_options options = { .timeout = 700 };
	struct cellctl *c;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	for (unsigned i = 0; i < repeat; i++)
		assert_true(write(pair[1], says, strlen(says)) >= 0);
	assert_int_equal(cellctl_open_fd(&c, pair[0], &options), CELLCTL_TIMEOUT);
	if (!strstr(cellctl_message(c), words))
		print_message("%s\n", cellctl_message(c));
	assert_non_null(strstr(cellctl_message(c), words));
	cellctl_close(c);
	close(pair[1]);
}

static void nobody_answers(void **state)
{
	(void)state;
	expect_silent("", "no answer", 0);
	expect_silent("[core] hello\r\n", "prints text", 3);
	expect_silent("\x02\x01garbage\x81\x93\x07\xff", "makes no sense", 20);
}

static void another_version(void **state)
{
	const struct line_head head = { .kind = LINE_WELCOME, .version = LINE_VERSION + 1 };
	struct line_welcome welcome = { .magic = LINE_MAGIC };
	struct cellctl_options options = { .timeout = 500 };
	uint8_t wire[LINE_WIRE];
	struct cellctl *c;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	uint32_t size = frame_build(wire, &head, (const uint8_t *)&welcome, sizeof welcome);

	assert_int_equal(write(pair[1], wire, size), size);
	assert_int_equal(cellctl_open_fd(&c, pair[0], &options), CELLCTL_PROTOCOL);
	assert_non_null(strstr(cellctl_message(c), "version 2"));
	cellctl_close(c);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_clean_cable, begin, end),
		cmocka_unit_test_setup_teardown(a_bad_cable, begin, end),
		cmocka_unit_test_setup_teardown(typing, begin, end),
		cmocka_unit_test_setup_teardown(nobody_listens, begin, end),
		cmocka_unit_test_setup_teardown(closing_is_clean, begin, end),
		cmocka_unit_test_setup_teardown(cut_and_back, begin, end),
		cmocka_unit_test_setup_teardown(silence_and_back, begin, end),
		cmocka_unit_test_setup_teardown(acknowledgements_withheld, begin, end),
		cmocka_unit_test_setup_teardown(reset_in_the_middle, begin, end),
		cmocka_unit_test_setup_teardown(reading_goes_on, begin, end),
		cmocka_unit_test_setup_teardown(back_to_text, begin, end),
		cmocka_unit_test_setup_teardown(the_end_closes, begin, end),
		cmocka_unit_test(nobody_answers),
		cmocka_unit_test(another_version),
	};

	signal(SIGPIPE, SIG_IGN);
	if (getenv("TEST"))
		cmocka_set_test_filter(getenv("TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
