/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* core/line*.c with a host at the far end that behaves, loses, withholds, or is noise. */
#include "test.h"

#include "line_host.h"
#include "config.h"
#include "core/console.h"
#include "core/keys.h"
#include "core/log.h"
#include "core/log_read.h"
#include "host.h"

#define ESCAPE "\x14"
#define CONSOLE(cell) (5u + (cell))
#define IN_LENGTH 1024u

static u64 seed = 3;
static struct far_channel *const debug = &far.channels[LINE_DEBUG], *const logs = &far.channels[LINE_LOG];
static struct far_channel *const linux_console = &far.channels[CONSOLE(CELL_LINUX)];

/* ---- who answers here: op 1 says the arguments back; 2 so many parts; 3 later; 4 fails; others: as every channel without an owner ---- */

enum line_status __wrap_debug_answer(struct line_job *job);

static u32 answered, patience;

enum line_status __wrap_debug_answer(struct line_job *job)
{
	answered++;
	switch (job->op) {
	case 1:
		memcpy(job->payload, job->data, job->size < LINE_PART ? job->size : LINE_PART);
		job->length = job->size;
		return LINE_OK;
	case 2:
		assert_int_equal(job->state[0], job->part ? job->part - 1 + 100 : 0);
		job->state[0] = job->part + 100;
		memset(job->payload, (int)job->part, LINE_PART);
		job->length = LINE_PART;
		job->more = job->part + 1 < job->data[0];
		return LINE_OK;
	case 3:
		job->later = patience != 0;
		patience -= patience != 0;
		return LINE_OK;
	case 4:
		job->more = true;
		return LINE_DENIED;
	default:
		return LINE_UNKNOWN;
	}
}

/* ---- the host's side of requests ---- */

static u32 asked; /* position of the next byte to LINE_DEBUG */

static void ask(u8 op, u8 tag, const void *arguments, u32 size)
{
	u8 message[LINE_MESSAGE + 8];

	frame_put(message, 4 + size, 2);
	message[2] = op;
	message[3] = tag;
	if (size)
		memcpy(message + 4, arguments, size);
	far_send(LINE_DATA, LINE_DEBUG, asked, message, 4 + size);
	asked += 4 + size;
}

/* The next message of an answer, that must be so. Its payload. */
static const u8 *expect_answer(u32 *at, u8 op, u8 tag, enum line_status status, bool more, u32 part, u32 length)
{
	const u8 *m = debug->bytes + *at;

	assert_in_range(*at + 8 + length, 0, debug->length);
	assert_int_equal(frame_get(m, 2), 8 + length);
	assert_int_equal(m[2], op);
	assert_int_equal(m[3], tag);
	assert_int_equal(m[4], status);
	assert_int_equal(m[5], more);
	assert_int_equal(frame_get(m + 6, 2), part);
	*at += 8 + length;
	return m + 8;
}

/* The cells are in their first lives. */
static int setup(void **state)
{
	machine_reset(state);
	for (u32 i = 0; i < CELL_COUNT; i++)
		cells[i].incarnation = 1;
	return 0;
}

static void connect(u32 session)
{
	far_connect(session);
	assert_int_equal(far.welcomes, 1);
	asked = debug->state.taken;
}

/* ---- bytes of cells ---- */

static char *number_lines(u32 count)
{
	static char text[1 << 18];
	char *p = text;

	for (u32 i = 0; i < count; i++)
		p += sprintf(p, "line %u of many that are printed\n", i);
	return text;
}

/* As a cell that waits while its FIFO is full: so many milliseconds at most. */
static void print_all(u32 vdev, const char *text, u32 limit)
{
	const struct vdev_config *dev = &machine_vdevs[vdev];

	for (u32 ms = 0; *text && ms < limit; ms++) {
		while (*text && dev->ops->pending(dev) < 1024)
			dev->ops->write(dev, 0, 4, (u8)*text++);
		far_serve(1);
	}
	assert_int_equal(*text, 0);
}

static u32 read_cell(u32 vdev, char *buffer, u32 size)
{
	const struct vdev_config *dev = &machine_vdevs[vdev];
	u32 n = 0;

	while (n < size && !(dev->ops->read(dev, 0x18, 4) & 0x10))
		buffer[n++] = (char)dev->ops->read(dev, 0, 4);
	return n;
}

static void expect_keys(u32 vdev, const char *keys, u32 count)
{
	char buffer[IN_LENGTH] = { 0 };

	assert_int_equal(read_cell(vdev, buffer, sizeof buffer), count);
	assert_memory_equal(buffer, keys, count);
}

/* ---- hello ---- */

static void hello_begins(void **state)
{
	(void)state;
	guest_print(VDEV_LINUX, "before\n");
	far_begin();
	serve(1);
	assert_string_equal(wire_text, "[linux] before\r\n");
	far_look();
	far_hello(0x1234);
	far_serve(20);
	assert_true(line_is_framed());
	assert_int_equal(far.welcomes, 1);
	assert_int_equal(far.welcome.magic, LINE_MAGIC);
	assert_int_equal(far.welcome.session, 0x1234);
	assert_int_equal(far.welcome.cells, CELL_COUNT);
	assert_int_equal(far.welcome.channels, FAR_CHANNELS);
	assert_int_not_equal(far.welcome.boot, 0);
	assert_int_equal(far.welcome.boot, line_boot());
	for (u32 i = 0; i < FAR_CHANNELS; i++)
		assert_int_equal(far.channels[i].states, 1);
	assert_int_equal(linux_console->state.start, LINE_FIRST + 7);
	assert_int_equal(linux_console->state.end, LINE_FIRST + 7);
	assert_int_equal(linux_console->state.room, 64);
	assert_int_equal(debug->state.room, 512);
	assert_int_equal(logs->state.room, 0);
	/* A sign of life each second, of one channel after the other. */
	for (u32 i = 0; i < 5; i++) {
		u32 frames = far.frames;

		far_send(LINE_ALIVE, 0, 0, NULL, 0);
		far_serve(1000);
		assert_int_equal(far.frames, frames + 1);
	}
}

/* The same number again, in the middle: all states once more, and nothing has changed. Another: streams are not sent until an ACK. */
static void hello_again(void **state)
{
	(void)state;
	connect(5);
	far_hello(5);
	guest_print(VDEV_LINUX, "still open\n");
	far_serve(20);
	assert_int_equal(far.welcomes, 2);
	assert_int_equal(far.channels[3].states, 2);
	assert_int_equal(linux_console->length, 11);
	assert_int_equal(line_counters()->sessions % 1000, line_counters()->sessions);
	u32 sessions = line_counters()->sessions;

	memset(far.want, 0, sizeof far.want);
	far_hello(6);
	guest_print(VDEV_LINUX, "not wanted\n");
	far_serve(20);
	assert_int_equal(line_counters()->sessions, sessions + 1);
	assert_int_equal(linux_console->length, 11);
	far_ack(CONSOLE(CELL_LINUX), linux_console->expected, 1);
	far_serve(5);
	assert_int_equal(linux_console->length, 22);
	far_ack(CONSOLE(CELL_LINUX), linux_console->expected, 0);
	far_serve(5);
	guest_print(VDEV_LINUX, "closed\n");
	far_serve(500);
	assert_int_equal(linux_console->length, 22);
}

/* In any pieces, behind and before anything; what is no hello is typed. */
static void hello_in_pieces(void **state)
{
	struct line_hello hello = { LINE_MAGIC, 0 };
	struct line_head head = { LINE_HELLO, 0, LINE_VERSION, 0, 0 };
	u8 wire[LINE_WIRE];

	(void)state;
	for (u32 session = 0; session < 70000; session += 777) {
		hello.session = session << (session % 13);
		u32 length = frame_build(wire, &head, (u8 *)&hello, sizeof hello);

		assert_int_equal(length, 23);
		far_begin();
		wire_type("a\0", 2);
		for (u32 i = 0; i < length; i++) {
			if (next_random(&seed) % 3 == 0)
				far_serve(next_random(&seed) % 49);
			wire_type((const char *)wire + i, 1);
		}
		far_serve(10);
		assert_int_equal(far.welcomes, 1);
		expect_keys(VDEV_LINUX, "a\0", 2);
		far_send(LINE_BYE, 0, 0, NULL, 0);
		far_serve(2);
		assert_int_equal(far.byes, 1);
		assert_false(line_is_framed());
	}
}

static void what_is_no_hello_is_typed(void **state)
{
	u8 wire[LINE_WIRE];
	struct line_hello hello = { LINE_MAGIC, 9 };
	struct line_head head = { LINE_HELLO, 0, LINE_VERSION, 0, 0 };
	u32 length = frame_build(wire, &head, (u8 *)&hello, sizeof hello);

	(void)state;
	/* Every beginning of one, then a pause. */
	for (u32 n = 1; n < length; n++) {
		wire_type((const char *)wire, n);
		serve(190);
		expect_keys(VDEV_LINUX, "", 0);
		serve(20);
		if (wire[n - 1] == ESCAPE[0])
			continue;
		expect_keys(VDEV_LINUX, (const char *)wire, n);
	}
	/* Every byte of it another, then a key. At the end it may be a 0, which waits for what comes behind it. */
	for (u32 n = 1; n < length; n++) {
		memcpy(wire + LINE_WIRE / 2, wire, length);
		u8 *copy = wire + LINE_WIRE / 2;

		copy[n] ^= 0x60;
		if (copy[n] == ESCAPE[0] || !copy[n])
			continue;
		wire_type((const char *)copy, length);
		wire_type("k", 1);
		serve(2);
		copy[length] = 'k';
		expect_keys(VDEV_LINUX, (const char *)copy, length + 1);
		assert_false(line_is_framed());
	}
	/* Ctrl-Space is a 0. */
	wire_type("\0\0a\0b", 5);
	serve(1);
	expect_keys(VDEV_LINUX, "\0\0a\0b", 5);
	wire_type("\0", 1);
	serve(210);
	expect_keys(VDEV_LINUX, "\0", 1);
	/* The escape key behind it is the escape key. */
	wire_type("\0" ESCAPE "2", 3);
	serve(1);
	assert_int_equal(keys_focus(), CELL_CONTROL);
}

static void other_versions(void **state)
{
	u8 wire[LINE_WIRE];
	struct line_hello hello = { LINE_MAGIC, 9 };
	struct line_head head = { LINE_HELLO, 0, LINE_VERSION + 1, 0, 0 };

	(void)state;
	far_begin();
	wire_type((const char *)wire, frame_build(wire, &head, (u8 *)&hello, sizeof hello));
	far_serve(5);
	assert_int_equal(far.welcomes, 1);
	assert_int_equal(far.version, LINE_VERSION);
	assert_int_equal(far.byes, 1);
	assert_false(line_is_framed());
	assert_int_equal(linux_console->states, 0);
	/* In a session its frames are counted and ignored. */
	connect(1);
	u32 ignored = line_counters()->ignored;

	wire_type((const char *)wire, frame_build(wire, &head, (u8 *)&hello, sizeof hello));
	head.kind = LINE_BYE;
	wire_type((const char *)wire, frame_build(wire, &head, NULL, 0));
	far_serve(5);
	assert_int_equal(line_counters()->ignored, ignored + 2);
	assert_true(line_is_framed());
}

/* ---- streams ---- */

/* Far beyond where positions wrap: every byte once, in order. */
static void console_arrives(void **state)
{
	char *text = number_lines(3000);

	(void)state;
	connect(1);
	print_all(VDEV_LINUX, text, 3000);
	far_serve(300);
	assert_int_equal(linux_console->length, strlen(text));
	assert_memory_equal(linux_console->bytes, text, strlen(text));
	assert_in_range(linux_console->expected, 0, LINE_FIRST - 1);
	assert_int_equal(linux_console->missed + linux_console->again, 0);
	assert_int_equal(far.bad, 0);
}

/* One frame in eight is damaged, in both directions. */
static void frames_get_lost(void **state)
{
	char *text = number_lines(600), keys[IN_LENGTH * 4], read[IN_LENGTH * 4];
	u32 got = 0;

	(void)state;
	connect(1);
	far.loss = 12;
	for (u32 i = 0; i < sizeof keys; i++)
		keys[i] = (char)next_random(&seed);
	const struct vdev_config *dev = &machine_vdevs[VDEV_LINUX];
	const char *p = text;
	struct far_channel *c = linux_console;

	for (u32 ms = 0; ms < 60000 && (*p || c->length < strlen(text) || got < sizeof keys); ms++) {
		while (*p && dev->ops->pending(dev) < 1024)
			dev->ops->write(dev, 0, 4, (u8)*p++);
		u32 at = c->taken - LINE_FIRST, size = c->room < 50 ? c->room : 50;

		if (ms % 10 == 0 && at < sizeof keys)
			far_send(LINE_DATA, CONSOLE(CELL_LINUX), c->taken, keys + at, at + size <= sizeof keys ? size : (u32)sizeof keys - at);
		got += read_cell(VDEV_LINUX, read + got, (u32)sizeof read - got);
		far_serve(1);
	}
	assert_int_equal(c->length, strlen(text));
	assert_memory_equal(c->bytes, text, strlen(text));
	assert_int_equal(got, sizeof keys);
	assert_memory_equal(read, keys, sizeof keys);
	assert_int_equal(c->missed, 0);
	assert_true(line_counters()->damaged > 5 && line_counters()->resent > 5);
}

/* No ACK: 2 s nothing is lost and the cell waits; then the oldest go, and are counted; nobody waits for ever. */
static void acks_are_withheld(void **state)
{
	const struct vdev_config *dev = &machine_vdevs[VDEV_LINUX];
	char *text = number_lines(3000), *p = text;
	u32 ms = 0, blocked = 0;

	(void)state;
	connect(1);
	u32 lost = linux_console->state.lost;

	far.silent = true;
	memset(far.want, 0, sizeof far.want);
	for (; ms < 10000 && *p; ms++) {
		bool stands = true;

		for (; *p && dev->ops->pending(dev) < 1024; stands = false)
			dev->ops->write(dev, 0, 4, (u8)*p++);
		blocked += stands;
		if (ms == 1900)
			assert_int_equal(linux_console->state.lost, lost);
		if (ms % 1000 == 0)
			far_send(LINE_ALIVE, 0, 0, NULL, 0);
		far_serve(1);
	}
	assert_in_range(blocked, 1900, 2100);
	assert_int_equal(*p, 0);
	/* Resent, but ever less often. */
	assert_in_range(line_counters()->resent, 1, 100);
	assert_true(line_is_framed());
	far.silent = false;
	memset(far.want, 1, sizeof far.want);
	far_ack(CONSOLE(CELL_LINUX), linux_console->expected, 1);
	far_serve(3000);
	far_send(LINE_ALIVE, 0, 0, NULL, 0);
	far_serve(3000);
	struct far_channel *c = linux_console;

	assert_int_equal(c->length + c->missed, strlen(text));
	assert_in_range(c->state.lost - lost, c->missed, c->missed + 4096); /* the host has some of it that it has never acknowledged */
	assert_true(c->missed > 10000);
	assert_memory_equal(c->bytes + c->length - 2000, text + strlen(text) - 2000, 2000);
}

/* A cell whose console nobody wants does not wait either. */
static void unwanted_consoles(void **state)
{
	char *text = number_lines(1000);

	(void)state;
	far_begin();
	memset(far.want, 0, sizeof far.want);
	far_hello(1);
	print_all(VDEV_LINUX, text, 3000);
	far_ack(CONSOLE(CELL_LINUX), linux_console->state.start, 1); /* long gone */
	far.want[CONSOLE(CELL_LINUX)] = true;
	far_serve(300);
	assert_int_equal(linux_console->length + linux_console->missed, strlen(text));
	assert_in_range(linux_console->length, 1500, 4096);
	assert_memory_equal(linux_console->bytes + linux_console->length - 1000, text + strlen(text) - 1000, 1000);
}

/* What a cell does not read stays with the host; it sees no overrun. */
static void input_has_back_pressure(void **state)
{
	const struct vdev_config *dev = &machine_vdevs[VDEV_LINUX];
	struct far_channel *c = linux_console;
	char keys[IN_LENGTH], read[IN_LENGTH];
	u32 sent = 0, got = 0;

	(void)state;
	connect(1);
	for (u32 i = 0; i < sizeof keys; i++)
		keys[i] = (char)(i * 7);
	for (u32 ms = 0; ms < 700; ms++) {
		u32 size = c->room - (sent - (c->taken - LINE_FIRST));

		if (size && size <= 64 && sent < sizeof keys) {
			size = sent + size > sizeof keys ? (u32)sizeof keys - sent : size;
			far_send(LINE_DATA, CONSOLE(CELL_LINUX), LINE_FIRST + sent, keys + sent, size);
			sent += size;
		}
		if (ms == 200) {
			assert_int_equal(sent, 64 + PL011_RX_SIZE);
			assert_int_equal(c->room, 0);
			/* More than may be: refused as a whole. */
			far_send(LINE_DATA, CONSOLE(CELL_LINUX), LINE_FIRST + sent, "x", 1);
		}
		if (ms > 220 && ms % 3 == 0)
			got += read_cell(VDEV_LINUX, read + got, 10);
		assert_int_equal(dev->ops->read(dev, 0x3c, 4) & 0x400, 0); /* OERIS */
		far_serve(1);
	}
	got += read_cell(VDEV_LINUX, read + got, (u32)sizeof read - got);
	assert_int_equal(got, sizeof keys);
	assert_memory_equal(read, keys, sizeof keys);
}

/* What was typed at one life is not for the next. */
static void input_ends_with_a_life(void **state)
{
	char keys[200];

	(void)state;
	connect(1);
	memset(keys, 'k', sizeof keys);
	far_send(LINE_DATA, CONSOLE(CELL_LINUX), LINE_FIRST, keys, 64);
	far_serve(5);
	far_send(LINE_DATA, CONSOLE(CELL_LINUX), LINE_FIRST + 64, keys, PL011_RX_SIZE);
	far_serve(5);
	char buffer[IN_LENGTH];

	cells[CELL_LINUX].incarnation++;
	machine_vdevs[VDEV_LINUX].ops->reset(&machine_vdevs[VDEV_LINUX]);
	far_serve(5);
	assert_int_equal(read_cell(VDEV_LINUX, buffer, sizeof buffer), 0);
	far_send(LINE_DATA, CONSOLE(CELL_LINUX), linux_console->taken, "new", 3);
	far_serve(5);
	expect_keys(VDEV_LINUX, "new", 3);
}

/* What was typed before the first one is for it: the device that it resets has none of it yet. */
static void input_waits_for_the_first_life(void **state)
{
	char buffer[IN_LENGTH];

	(void)state;
	cells[CELL_LINUX].incarnation = 0;
	connect(1);
	far_send(LINE_DATA, CONSOLE(CELL_LINUX), LINE_FIRST, "early", 5);
	far_serve(5);
	assert_int_equal(read_cell(VDEV_LINUX, buffer, sizeof buffer), 0);
	machine_vdevs[VDEV_LINUX].ops->reset(&machine_vdevs[VDEV_LINUX]);
	cells[CELL_LINUX].incarnation = 1;
	far_serve(5);
	expect_keys(VDEV_LINUX, "early", 5);
}

/* ---- the log ---- */

static u32 records_of(const struct far_channel *c, u32 *numbers, u32 limit)
{
	u32 at = 0, n = 0;

	while (at < c->length && n < limit) {
		struct line_log head;
		struct log_record record;
		char text[LOG_LINE];

		memcpy(&head, c->bytes + at, sizeof head);
		assert_in_range(head.size, sizeof head, LINE_PAYLOAD);
		assert_in_range(at + head.size, 0, c->length);
		memcpy(&record, c->bytes + at, head.size);
		text[log_line(&record, text, sizeof text)] = 0;
		if (sscanf(text, "record %u", &numbers[n]) == 1)
			n++;
		at += head.size;
	}
	return n;
}

static void records_arrive(void **state)
{
	static u32 numbers[2000];

	(void)state;
	connect(1);
	far.seed = 1; /* by others a burst of bad frames lasts longer than the ring */
	far.loss = 10;
	for (u32 i = 0; i < 1000; i++) {
		host_become(i % 3);
		console_printf("record %u%s", i, i % 5 ? "" : " is so long that several of them do not fit into one frame, and more than that");
		far_serve(10);
	}
	far.loss = 0;
	far_serve(4000);
	assert_int_equal(records_of(logs, numbers, 2000), 1000);
	for (u32 i = 0; i < 1000; i++)
		assert_int_equal(numbers[i], i);
	assert_int_equal(logs->missed, 0);
}

/* A host that takes no records loses the oldest; the core goes on. */
static void records_are_dropped(void **state)
{
	static u32 numbers[4000];

	(void)state;
	connect(1);
	u32 lost = logs->state.lost;

	far.silent = true;
	memset(far.want, 0, sizeof far.want);
	host_become(0);
	for (u32 i = 0; i < 4000; i++) {
		console_printf("record %u", i);
		if (i % 1000 == 0)
			far_send(LINE_ALIVE, 0, 0, NULL, 0);
		far_serve(1);
	}
	far.silent = false;
	memset(far.want, 1, sizeof far.want);
	far_ack(LINE_LOG, logs->expected, 1);
	far_serve(4000);
	u32 n = records_of(logs, numbers, 4000);

	assert_int_equal(numbers[n - 1], 3999);
	assert_in_range(n + logs->state.lost - lost, 4000, 8000); /* as above */
	assert_true(logs->state.lost - lost > 1000);
}

/* ---- requests ---- */

static void requests(void **state)
{
	u32 at = 0;

	(void)state;
	connect(1);
	ask(1, 7, "hello", 5);
	far_serve(5);
	assert_memory_equal(expect_answer(&at, 1, 7, LINE_OK, false, 0, 5), "hello", 5);
	/* Several, one behind the other; more parts than the ring has room for. */
	ask(2, 8, "\x14", 1);
	ask(4, 9, NULL, 0);
	ask(99, 10, NULL, 0);
	patience = 50;
	ask(3, 11, NULL, 0);
	ask(1, 12, "", 0);
	far_serve(40);
	for (u32 i = 0; i < 20; i++)
		assert_int_equal(expect_answer(&at, 2, 8, LINE_OK, i < 19, i, LINE_PART)[LINE_PART - 1], i);
	expect_answer(&at, 4, 9, LINE_DENIED, false, 0, 0);
	expect_answer(&at, 99, 10, LINE_UNKNOWN, false, 0, 0);
	assert_int_equal(at, debug->length);
	far_serve(60);
	expect_answer(&at, 3, 11, LINE_OK, false, 0, 0);
	expect_answer(&at, 1, 12, LINE_OK, false, 0, 0);
	/* As long as can be, in pieces. */
	u8 long_one[LINE_MESSAGE] = { LINE_MESSAGE, 0, 1, 13 };

	for (u32 i = 0; i < LINE_MESSAGE; i += 7) {
		far_send(LINE_DATA, LINE_DEBUG, asked, long_one + i, LINE_MESSAGE - i < 7 ? LINE_MESSAGE - i : 7);
		asked += LINE_MESSAGE - i < 7 ? LINE_MESSAGE - i : 7;
		far_serve(1);
	}
	far_serve(5);
	expect_answer(&at, 1, 13, LINE_OK, false, 0, LINE_PART); /* 4 too many, which are cut */
	/* What cannot be one. */
	far_send(LINE_DATA, LINE_DEBUG, asked, "\1\1\1\x0e and what is behind it", 26);
	asked += 26;
	far_serve(5);
	expect_answer(&at, 1, 14, LINE_INVALID, false, 0, 0);
	ask(1, 15, "well", 4);
	far_serve(5);
	expect_answer(&at, 1, 15, LINE_OK, false, 0, 4);
	assert_int_equal(at, debug->length);
	assert_int_equal(debug->room, 512);
	/* On a channel that nobody answers. */
	far_send(LINE_DATA, LINE_TRACE, far.channels[LINE_TRACE].taken, "\4\0\x77\1", 4);
	far_serve(5);
	assert_memory_equal(far.channels[LINE_TRACE].bytes, "\x8\0\x77\1\1\0\0\0", 8);
}

/* Who takes no answers stops his own channel, and his requests wait. */
static void answers_have_back_pressure(void **state)
{
	u32 at = 0;

	(void)state;
	connect(1);
	far.silent = true;
	answered = 0;
	ask(2, 1, "\xc8", 1);
	for (u32 i = 0; i < 20; i++) {
		far_send(LINE_ALIVE, 0, 0, NULL, 0);
		far_serve(500);
	}
	assert_int_equal(answered, 4); /* 4 messages are what the ring holds */
	guest_print(VDEV_LINUX, "others go on\n");
	far.silent = false;
	far.want[LINE_DEBUG] = false;
	far_serve(100);
	assert_int_equal(linux_console->length, 13);
	assert_int_equal(answered, 4);
	far.want[LINE_DEBUG] = true;
	far_ack(LINE_DEBUG, debug->expected, 1);
	far_serve(2500);
	for (u32 i = 0; i < 200; i++)
		expect_answer(&at, 2, 1, LINE_OK, i < 199, i, LINE_PART);
}

/* Half a request, the rest of an answer: gone with the session, unless the same host comes back. */
static void sessions_and_requests(void **state)
{
	u32 at = 0;

	(void)state;
	connect(1);
	far_send(LINE_DATA, LINE_DEBUG, asked, "\x9\0\1\x21he", 6);
	far_serve(5);
	asked += 6;
	far_hello(1);
	far_serve(20);
	assert_int_equal(debug->taken, asked);
	far_send(LINE_DATA, LINE_DEBUG, asked, "llo", 3);
	far_serve(5);
	asked += 3;
	assert_memory_equal(expect_answer(&at, 1, 0x21, LINE_OK, false, 0, 5), "hello", 5);
	/* Away in the middle of an answer, silent, and back. */
	ask(2, 2, "\x14", 1);
	far_serve(3);
	far.deaf = true;
	far_serve(6000);
	assert_false(line_is_framed());
	far.deaf = false;
	far_hello(1);
	far_serve(100);
	for (u32 i = 0; i < 20; i++)
		expect_answer(&at, 2, 2, LINE_OK, i < 19, i, LINE_PART);
	assert_int_equal(at, debug->length);
	/* Another. */
	far.silent = true;
	ask(2, 3, "\x14", 1);
	far_send(LINE_DATA, LINE_DEBUG, asked, "\x9\0\1\x22he", 6);
	far_serve(20);
	connect(2);
	assert_int_equal(debug->state.start, debug->state.end);
	ask(1, 4, "mine", 4);
	far_serve(20);
	at = 0;
	expect_answer(&at, 1, 4, LINE_OK, false, 0, 4);
	assert_int_equal(at, debug->length);
}

/* ---- positions that cannot be ---- */

static void wrong_positions(void **state)
{
	struct far_channel *c = linux_console;

	(void)state;
	connect(1);
	far.silent = true;
	guest_print(VDEV_LINUX, "some bytes\n");
	far_serve(5);
	assert_int_equal(c->length, 11);
	memset(far.want, 0, sizeof far.want);
	u32 ignored = line_counters()->ignored, states = c->states;

	far_ack(CONSOLE(CELL_LINUX), c->expected + 1, 1); /* never sent */
	far_serve(1000);
	far_ack(CONSOLE(CELL_LINUX), LINE_FIRST - 1, 1);  /* long gone */
	far_send(LINE_DATA, CONSOLE(CELL_LINUX), c->taken + 1, "x", 1);
	far_send(LINE_DATA, CONSOLE(CELL_LINUX), c->taken - 1, "x", 1);
	far_send(LINE_DATA, LINE_LOG, 0, "x", 1);
	far_send(LINE_DATA, CONSOLE(CELL_LINUX) + 200, 0, "x", 1);
	far_send(LINE_STATE, LINE_LOG, 0, "x", 1);
	far_serve(1000);
	assert_int_equal(line_counters()->ignored, ignored + 7);
	assert_true(c->states >= states + 2);
	assert_int_equal(c->state.start, LINE_FIRST);
	expect_keys(VDEV_LINUX, "", 0);
	/* An ACK is asked for. */
	u32 acks = c->acks;

	far_send(LINE_DATA, CONSOLE(CELL_LINUX), 12345, NULL, 0);
	far_serve(5);
	assert_int_equal(c->acks, acks + 1);
	/* What was sent may be acknowledged, also in the middle. */
	far_ack(CONSOLE(CELL_LINUX), LINE_FIRST + 4, 1);
	far_serve(1);
	far_ack(CONSOLE(CELL_LINUX), 12345, 1);
	far_serve(500);
	assert_int_equal(c->state.start, LINE_FIRST + 4);
}

/* ---- back to text ---- */

static bool wire_ends(const char *text)
{
	u32 length = (u32)strlen(text);

	return wire_length > length && !memcmp(wire_text + wire_length - length, text, length);
}

/* Who comes right behind one that leaves: its HELLO is none of the keys, wherever the core's BYE falls into it. */
static void hello_behind_bye(void **state)
{
	const struct line_head goes = { LINE_BYE, 0, LINE_VERSION, 0, 0 }, comes = { LINE_HELLO, 0, LINE_VERSION, 0, 0 };

	(void)state;
	for (u32 n = 1; n < 23; n++) {
		struct line_hello hello = { LINE_MAGIC, 100 + n };
		u8 bytes[2 * LINE_WIRE];

		connect(n);
		u32 first = frame_build(bytes, &goes, NULL, 0);
		u32 all = first + frame_build(bytes + first, &comes, (const u8 *)&hello, sizeof hello);

		wire_type((const char *)bytes, first + n);
		far_serve(1);
		wire_type((const char *)bytes + first + n, all - first - n);
		far_serve(20);
		assert_int_equal(far.byes, 1);
		assert_int_equal(far.welcomes, 2);
		assert_int_equal(far.welcome.session, 100 + n);
		expect_keys(VDEV_LINUX, "", 0);
		far_send(LINE_BYE, 0, 0, NULL, 0);
		far_serve(10);
	}
}

static void bye(void **state)
{
	(void)state;
	connect(1);
	far.silent = true;
	guest_print(VDEV_LINUX, "not acknowledged\n");
	host_become(0);
	console_printf("nor is this");
	far_serve(10);
	assert_int_equal(linux_console->length, 17);
	far_send(LINE_BYE, 0, 0, NULL, 0);
	serve(10);
	assert_true(wire_ends("\033[0m\r\n[core] nor is this\r\n[linux] not acknowledged\r\n"));
	far_look();
	assert_int_equal(far.byes, 1);
	wire_type("key" ESCAPE "2", 5);
	serve(5);
	expect_keys(VDEV_LINUX, "key", 3);
	assert_int_equal(keys_focus(), CELL_CONTROL);
	wire_type(ESCAPE "1", 2);
	serve(5);
	connect(2);
	assert_int_equal(linux_console->state.start, LINE_FIRST + 17); /* as text */
	assert_int_equal(logs->length > 0, 0);
}

static void silence(void **state)
{
	(void)state;
	connect(1);
	memset(far.want, 0, sizeof far.want);
	far_serve(4900);
	assert_true(line_is_framed());
	far_send(LINE_ALIVE, 0, 0, NULL, 0);
	far_serve(4900);
	assert_true(line_is_framed());
	u32 bad = far.bad;

	wire_type("noise is not alive", 18);
	far_serve(110);
	assert_false(line_is_framed());
	assert_int_equal(far.byes, 1);
	assert_int_equal(far.bad, bad);
	/* Text goes out, but nothing is a key until the escape key has come alone. */
	guest_print(VDEV_LINUX, "text again\n");
	wire_type("keys", 4);
	serve(400);
	assert_non_null(strstr(wire_text, "[linux] text again\r\n"));
	wire_type(ESCAPE "x", 2);
	serve(400);
	wire_type(ESCAPE, 1);
	serve(40);
	wire_type("x\0\0x", 4);
	serve(400);
	expect_keys(VDEV_LINUX, "", 0);
	wire_type(ESCAPE, 1);
	serve(60);
	wire_type("keys", 4);
	serve(1);
	expect_keys(VDEV_LINUX, "keys", 4);
	/* A hello is heard by the deaf. */
	connect(2);
	memset(far.want, 0, sizeof far.want);
	far_serve(5100);
	assert_false(line_is_framed());
	connect(3);
	far_send(LINE_BYE, 0, 0, NULL, 0);
	far_serve(5);
	wire_type("k", 1);
	serve(1);
	expect_keys(VDEV_LINUX, "k", 1);
}

/* A service CPU that was away for long has not heard the host, and does not take that for silence. */
static void time_away_is_not_silence(void **state)
{
	(void)state;
	connect(1);
	for (u32 i = 0; i < 20; i++) {
		host.now += 10 * HOST_HZ;
		far_send(LINE_ALIVE, 0, 0, NULL, 0);
		far_serve(20);
		assert_true(line_is_framed());
	}
}

static void escape_alone(void **state)
{
	(void)state;
	connect(1);
	memset(far.want, 0, sizeof far.want);
	far_serve(250);
	wire_type(ESCAPE, 1); /* too soon behind the host's last byte */
	far_serve(100);
	assert_true(line_is_framed());
	far_serve(300);
	wire_type(ESCAPE, 1);
	far_serve(49);
	wire_type("s", 1);
	far_serve(100);
	assert_true(line_is_framed());
	far_send(LINE_ALIVE, 0, 0, NULL, 0);
	wire_type("\0\2\7", 3); /* also in the middle of a frame */
	far_serve(310);
	wire_type(ESCAPE, 1);
	far_serve(60);
	assert_false(line_is_framed());
	wire_type("key", 3);
	serve(1);
	expect_keys(VDEV_LINUX, "key", 3);
}

/* Ten times what a minute of 115200 baud has: nothing is typed, nothing is switched off, and at the end a hello is answered. */
static void noise(void **state)
{
	char bytes[48], buffer[IN_LENGTH];

	(void)state;
	connect(1);
	for (u32 ms = 0; ms < 150000; ms++) {
		for (u32 i = 0; i < sizeof bytes; i++)
			bytes[i] = next_random(&seed) % 20 ? (char)next_random(&seed) : next_random(&seed) % 3 ? 0 : ESCAPE[0];
		wire_type(bytes, sizeof bytes);
		serve(1);
		if (ms % 256 == 0)
			far_look();
	}
	assert_int_equal(read_cell(VDEV_LINUX, buffer, sizeof buffer), 0);
	assert_int_equal(keys_focus(), CELL_LINUX);
	assert_true(line_counters()->damaged > 10000);
	connect(2);
	assert_int_equal(far.welcomes, 1);
}

/* Panic, power off: text at once, and the host is told. */
static void flush_ends_the_session(void **state)
{
	(void)state;
	connect(1);
	far.silent = true;
	host_become(0);
	console_printf("the line has this");
	far_serve(5);
	console_printf("and not this");
	console_flush();
	assert_true(wire_ends("[core] the line has this\r\n[core] and not this\r\n"));
	far_look();
	assert_int_equal(far.byes, 1);
	assert_false(line_is_framed());
}

/* ---- bounds ---- */

/* Whatever there is to send, and whatever comes in: so many bytes in a round. A UART that takes nothing costs nothing. */
static void rounds_are_bounded(void **state)
{
	u32 most = 0;

	(void)state;
	connect(1);
	for (u32 ms = 0; ms < 2000; ms++) {
		guest_print(VDEV_LINUX, "flooding the line without any pause at all, as fast as can be\n");
		guest_print(VDEV_CONTROL, "flooding the line without any pause at all, as fast as can be\n");
		console_printf("and the core as well");
		far_send(LINE_ALIVE, 0, 0, NULL, 0);
		serve(1);
		most = wire_length > most ? wire_length : most;
		far_look();
	}
	assert_in_range(most, 300, 512);
	wire_room = 0;
	for (u32 ms = 0; ms < 1000; ms++) {
		guest_print(VDEV_LINUX, "and now nothing goes out\n");
		far_serve(1);
	}
	wire_room = ~0u;
	far_send(LINE_ALIVE, 0, 0, NULL, 0);
	far_serve(3000);
	assert_true(line_is_framed());
	assert_int_equal(linux_console->missed, 0);
}

/* All that want to send have their turn. */
static void turns_are_fair(void **state)
{
	(void)state;
	connect(1);
	struct far_channel *two = &far.channels[CONSOLE(CELL_CONTROL)];

	for (u32 ms = 0; ms < 3000; ms++) {
		guest_print(VDEV_LINUX, "flooding the line without any pause at all, as fast as can be, and even faster than that, so that it is full\n");
		guest_print(VDEV_CONTROL, "flooding the line without any pause at all, as fast as can be, and even faster than that, so that it is full\n");
		host_become(0);
		console_printf("and the core as well");
		wire_room = 120;
		if (ms % 100 == 0)
			ask(1, 1, "how long does it take", 21);
		if (ms % 100 == 99)
			assert_int_equal(debug->length, (ms / 100 + 1) * 29);
		far_serve(1);
	}
	wire_room = ~0u;
	assert_in_range(two->length * 100 / linux_console->length, 80, 125);
	assert_true(logs->length > linux_console->length / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(hello_begins, setup),
		cmocka_unit_test_setup(hello_again, setup),
		cmocka_unit_test_setup(hello_in_pieces, setup),
		cmocka_unit_test_setup(what_is_no_hello_is_typed, setup),
		cmocka_unit_test_setup(other_versions, setup),
		cmocka_unit_test_setup(console_arrives, setup),
		cmocka_unit_test_setup(frames_get_lost, setup),
		cmocka_unit_test_setup(acks_are_withheld, setup),
		cmocka_unit_test_setup(unwanted_consoles, setup),
		cmocka_unit_test_setup(input_has_back_pressure, setup),
		cmocka_unit_test_setup(input_ends_with_a_life, setup),
		cmocka_unit_test_setup(input_waits_for_the_first_life, setup),
		cmocka_unit_test_setup(records_arrive, setup),
		cmocka_unit_test_setup(records_are_dropped, setup),
		cmocka_unit_test_setup(requests, setup),
		cmocka_unit_test_setup(answers_have_back_pressure, setup),
		cmocka_unit_test_setup(sessions_and_requests, setup),
		cmocka_unit_test_setup(wrong_positions, setup),
		cmocka_unit_test_setup(hello_behind_bye, setup),
		cmocka_unit_test_setup(bye, setup),
		cmocka_unit_test_setup(silence, setup),
		cmocka_unit_test_setup(time_away_is_not_silence, setup),
		cmocka_unit_test_setup(escape_alone, setup),
		cmocka_unit_test_setup(noise, setup),
		cmocka_unit_test_setup(flush_ends_the_session, setup),
		cmocka_unit_test_setup(rounds_are_bounded, setup),
		cmocka_unit_test_setup(turns_are_fair, setup),
	};
	if (getenv("ONLY"))
		cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
