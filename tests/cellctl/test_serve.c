/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* tools/cellctl/serve_stream.c, serve_client.c and serve_role.c: what the server keeps, says and lets through; frame by frame, without a socket or a board. */
#include "test.h"

#include <unistd.h>

#include "serve_client.h"
#include "serve_role.h"

/* ---- streams ---- */

static struct serve_stream s;
static u8 got[65536];

static int make_bytes(void **state)
{
	(void)state;
	return !stream_make(&s, 64, false);
}

static int make_records(void **state)
{
	(void)state;
	return !stream_make(&s, 256, true);
}

static int unmake(void **state)
{
	(void)state;
	stream_free(&s);
	return 0;
}

static void put(u32 position, const char *text)
{
	stream_put(&s, position, (const u8 *)text, (u32)strlen(text));
}

static const char *peek(u32 position)
{
	got[stream_peek(&s, position, got, 60)] = 0;
	return (const char *)got;
}

static void keeps_the_last(void **state)
{
	(void)state;
	assert_int_equal(stream_next(&s, 0), 0);
	put(0xfffffff0, "0123456789abcdef");
	assert_int_equal(stream_start(&s), 0xfffffff0);
	assert_int_equal(stream_end(&s), 0);
	put(0, "over the wrap");
	assert_string_equal(peek(0xfffffffe), "efover the wrap");
	for (u32 i = 0; i < 10; i++)
		put(13 + 8 * i, "abcdefgh");
	assert_int_equal(stream_end(&s), 93);
	assert_int_equal(stream_start(&s), 93 - 64);
	assert_int_equal(stream_next(&s, 0xfffffffe), 93 - 64);
	assert_int_equal(stream_next(&s, 50), 50);
	assert_int_equal(stream_next(&s, 93), 93);
	assert_string_equal(peek(93), "");
	assert_string_equal(peek(85), "abcdefgh");
}

static void gaps(void **state)
{
	(void)state;
	put(100, "before");
	put(1000, "after");
	assert_string_equal(peek(103), "ore");
	assert_int_equal(stream_next(&s, 106), 1000);
	assert_int_equal(stream_next(&s, 500), 1000);
	assert_string_equal(peek(1000), "after");
	assert_int_equal(stream_end(&s), 1005);
	/* Too many of them: the oldest goes. */
	for (u32 i = 0; i < STREAM_SEGMENTS; i++)
		put(2000 + 10 * i, "x");
	assert_int_equal(stream_start(&s), 2000);
	for (u32 i = 0; i < 20; i++)
		put(3000 + 10 * i, "12345678");
	assert_true(stream_end(&s) - stream_start(&s) >= 60);
	assert_int_equal(stream_next(&s, 3000), stream_start(&s));
}

static void goes_on_after_a_reset(void **state)
{
	(void)state;
	put(5000, "old");
	stream_reset(&s);
	put(0xfffff000, "new");
	put(0xfffff003, "er");
	assert_int_equal(stream_end(&s), 5008);
	assert_string_equal(peek(5000), "oldnewer");
	put(0xfffff010, "gap");
	assert_int_equal(stream_next(&s, 5008), 5019);
}

static void put_record(u32 position, u8 size, char fill)
{
	u8 record[256];

	memset(record, fill, size);
	record[0] = size;
	record[1] = 0;
	stream_put(&s, position, record, size);
}

static void whole_records(void **state)
{
	u32 at = 0;

	(void)state;
	for (u32 i = 0; i < 20; i++, at += 40)
		put_record(at, 40, (char)('a' + i));
	assert_int_equal(stream_start(&s) % 40, 0);
	assert_int_equal(stream_end(&s) - stream_start(&s), 240);
	assert_int_equal(stream_peek(&s, stream_start(&s), got, 100), 80);
	assert_int_equal(stream_peek(&s, stream_start(&s), got, 39), 0);
	put_record(at, 7, 'z'); /* not one */
	assert_int_equal(stream_end(&s), 800);
	put_record(at + 7, 48, 'y');
	assert_int_equal(stream_next(&s, 800), 807);
}

static void random_streams(void **state)
{
	u64 seed = 5;
	u32 at = 0, reader = 0;

	(void)state;
	for (u32 n = 0; n < 100000; n++) {
		u8 piece[32];
		u32 size = next_random(&seed) % 32, gap = next_random(&seed) % 16 ? 0 : next_random(&seed) % 100;

		at += gap;
		for (u32 i = 0; i < size; i++)
			piece[i] = (u8)((at + i) * 7);
		if (size)
			stream_put(&s, at, piece, size);
		else
			at -= gap;
		at += size;
		if (next_random(&seed) % 2)
			continue;
		reader = stream_next(&s, reader);
		size = stream_peek(&s, reader, got, 20);
		for (u32 i = 0; i < size; i++)
			assert_int_equal(got[i], (u8)((reader + i) * 7)); /* at the position it came with */
		reader += size;
	}
}

/* ---- a client ---- */

static struct client *c;
static struct client_host host;
static u64 now;
static u8 asked_channel, asked[256];
static u32 asked_ticket, asked_size, asked_count, typed_size, type_room;
static u8 typed[1024];

static void on_request(void *of, struct client *client, u8 channel, u32 ticket, const u8 *message, u32 size)
{
	assert_ptr_equal(of, &host);
	assert_ptr_equal(client, c);
	asked_channel = channel;
	asked_ticket = ticket;
	asked_size = size;
	asked_count++;
	memcpy(asked, message, size);
}

static u32 on_type(void *of, struct client *client, u16 cell, const u8 *bytes, u32 size)
{
	(void)of, (void)client;
	assert_int_equal(cell, 1);
	size = size < type_room ? size : type_room;
	memcpy(typed + typed_size, bytes, size);
	typed_size += size;
	type_room -= size;
	return size;
}

static u32 denied_count;

static void on_denied(void *of, struct client *client, u16 cell)
{
	(void)of, (void)client;
	assert_int_equal(cell, 1);
	denied_count++;
}

static int setup_role(enum client_role role)
{
	static struct serve_stream streams[3];

	for (u32 i = 0; i < 3; i++)
		assert_true(stream_make(&streams[i], i ? 1024 : 4096, !i));
	host = (struct client_host){ &host, 77, 2, streams, streams + 1, on_request, on_type, on_denied };
	now = 1000;
	asked_count = typed_size = denied_count = 0;
	type_room = 1000;
	c = client_make(&host, role, 1);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return setup_role(ROLE_ADMIN);
}

static int teardown(void **state)
{
	(void)state;
	client_free(c);
	for (u32 i = 0; i < 3; i++)
		stream_free(&host.log[i]);
	return 0;
}

static void send_frame(u8 kind, u8 channel, u32 position, const void *payload, u32 size)
{
	struct line_head head = { .kind = kind, .version = LINE_VERSION, .channel = channel, .position = position };
	u8 wire[LINE_WIRE];

	client_input(c, wire, frame_build(wire, &head, payload, size), now);
}

/* The frames that have come since: kind, channel, position, payload of each. */
static struct { struct line_head head; u32 size; u8 payload[LINE_PAYLOAD]; } frames[2048];
static u32 frame_count;

static void receive(void)
{
	struct frame_parser parser = { 0 };

	frame_count = 0;
	for (u32 i = 0; i < c->out_size; i++) {
		enum frame_event event = frame_byte(&parser, c->out[i]);

		assert_int_not_equal(event, FRAME_BAD);
		if (event != FRAME_WHOLE)
			continue;
		frames[frame_count].head = parser.head;
		frames[frame_count].size = parser.size;
		memcpy(frames[frame_count++].payload, parser.payload, parser.size);
	}
	c->out_size = 0;
}

static void hello(u32 session)
{
	const struct line_hello hello = { LINE_MAGIC, session };

	send_frame(LINE_HELLO, 0, 0, &hello, sizeof(hello));
	receive();
}

static void ack(u8 channel, u32 position, u32 room)
{
	send_frame(LINE_ACK, channel, position, &room, 4);
}

static void serve(void)
{
	client_serve(c, now);
	receive();
}

static const struct line_state *state_of(u8 channel)
{
	static struct line_state state;

	for (u32 i = 0; i < frame_count; i++)
		if (frames[i].head.kind == LINE_STATE && frames[i].head.channel == channel) {
			memcpy(&state, frames[i].payload, sizeof(state));
			return &state;
		}
	fail_msg("no state of channel %u", channel);
	return NULL;
}

static void welcomes(void **state)
{
	struct line_welcome welcome;
	struct line_head old = { .kind = LINE_HELLO, .version = 9 };
	const struct line_hello text = { LINE_MAGIC, 5 };
	u8 wire[LINE_WIRE];

	(void)state;
	send_frame(LINE_DATA, LINE_MANAGE, 0, "xxxx", 4);
	receive();
	assert_int_equal(frame_count, 0); /* no session */
	client_input(c, wire, frame_build(wire, &old, (const u8 *)&text, sizeof(text)), now);
	receive();
	assert_int_equal(frame_count, 1);
	assert_int_equal(frames[0].head.version, LINE_VERSION);
	assert_false(c->session);
	hello(42);
	memcpy(&welcome, frames[0].payload, sizeof(welcome));
	assert_int_equal(frames[0].head.kind, LINE_WELCOME);
	assert_int_equal(welcome.session, 42);
	assert_int_equal(welcome.boot, 77);
	assert_int_equal(welcome.channels, 7);
	assert_int_equal(frame_count, 8);
	assert_int_equal(state_of(LINE_MANAGE)->room, CLIENT_IN);
	assert_int_equal(state_of(LINE_CONSOLE + 1)->room, CLIENT_TYPED);
	send_frame(LINE_BYE, 0, 0, NULL, 0);
	assert_false(c->session);
}

static const struct line_request cell_request = { 6, MANAGE_CELL, 9 };

static void answers(void **state)
{
	u8 message[6] = { 1 };
	struct line_answer head;

	(void)state;
	memcpy(message, &cell_request, 4);
	hello(1);
	send_frame(LINE_DATA, LINE_MANAGE, 0, message, 3);
	assert_int_equal(asked_count, 0);
	send_frame(LINE_DATA, LINE_MANAGE, 0, message, 3); /* again: not taken */
	send_frame(LINE_DATA, LINE_MANAGE, 7, message, 3); /* from further on: not taken */
	send_frame(LINE_DATA, LINE_MANAGE, 3, message + 3, 3);
	assert_int_equal(asked_count, 1);
	assert_int_equal(asked_size, 6);
	assert_memory_equal(asked, message, 6);
	receive();
	assert_int_equal(frames[frame_count - 1].head.position, 6);
	client_answer(c, LINE_MANAGE, asked_ticket, LINE_OK, "first", 5, 0, true);
	client_answer(c, LINE_MANAGE, asked_ticket, LINE_OK, "second", 6, 1, false);
	client_answer(c, LINE_MANAGE, asked_ticket, LINE_OK, "late", 4, 2, false); /* it is over */
	serve();
	assert_int_equal(frame_count, 1);
	assert_int_equal(frames[0].size, 13 + 14);
	memcpy(&head, frames[0].payload + 13, sizeof(head));
	assert_int_equal(head.tag, 9);
	assert_int_equal(head.op, MANAGE_CELL);
	assert_int_equal(head.more, 0);
	assert_int_equal(head.part, 1);
	/* Not acknowledged: again, and then no more. */
	now += CLIENT_RESEND_MS;
	serve();
	assert_int_equal(frames[0].head.kind, LINE_DATA);
	ack(LINE_MANAGE, 27, 1);
	now += CLIENT_RESEND_MS;
	serve();
	assert_int_equal(frames[0].head.kind, LINE_STATE);
	ack(LINE_MANAGE, 100, 1); /* never sent */
	receive();
	assert_int_equal(state_of(LINE_MANAGE)->start, 27);
}

/* One after the other: the second is looked at when the first is answered. */
static void one_request_at_a_time(void **state)
{
	u8 message[6] = { 1 };

	(void)state;
	memcpy(message, &cell_request, 4);
	hello(1);
	for (u32 i = 0; i < 3; i++)
		send_frame(LINE_DATA, LINE_MANAGE, 6 * i, message, 6);
	assert_int_equal(asked_count, 1);
	client_answer(c, LINE_MANAGE, asked_ticket, LINE_DENIED, NULL, 0, 0, false);
	serve();
	assert_int_equal(asked_count, 2);
	send_frame(LINE_DATA, LINE_DEBUG, 0, message, 6); /* another channel does not wait */
	assert_int_equal(asked_count, 3);
	/* A new session: the answer to the old one is for nobody. */
	u32 old = asked_ticket;

	hello(2);
	assert_int_equal(state_of(LINE_DEBUG)->taken, 6);
	send_frame(LINE_DATA, LINE_DEBUG, 6, message, 6);
	assert_int_equal(asked_count, 4);
	client_answer(c, LINE_DEBUG, old, LINE_OK, "old", 3, 0, false);
	serve();
	for (u32 i = 0; i < frame_count; i++)
		assert_int_not_equal(frames[i].head.kind, LINE_DATA);
}

static void nonsense_requests(void **state)
{
	(void)state;
	hello(1);
	send_frame(LINE_DATA, LINE_MANAGE, 0, "\1\0\1\1", 4);
	send_frame(LINE_DATA, LINE_MANAGE, 4, "\xff\xff\1\1", 4);
	assert_int_equal(asked_count, 0);
	send_frame(LINE_DATA, 9, 0, "x", 1);
	send_frame(LINE_DATA, 200, 0, "x", 1);
	send_frame(LINE_DATA, LINE_LOG, 0, "x", 1);
	send_frame(77, LINE_MANAGE, 0, "x", 1);
	assert_int_equal(asked_count, 0);
}

static void reads_a_console(void **state)
{
	struct serve_stream *console = &host.consoles[1];

	(void)state;
	stream_put(console, 500, (const u8 *)"before it came", 14);
	hello(1);
	serve();
	assert_int_equal(frame_count, 0); /* not before it asks */
	ack(LINE_CONSOLE + 1, 500, 1);
	serve();
	assert_int_equal(frames[0].head.position, 500);
	assert_memory_equal(frames[0].payload, "before it came", 14);
	stream_put(console, 514, (const u8 *)", more", 6);
	serve();
	assert_int_equal(frames[0].head.position, 514);
	ack(LINE_CONSOLE + 1, 514, 1);
	now += CLIENT_RESEND_MS;
	serve();
	assert_int_equal(frames[0].head.position, 514); /* again */
	ack(LINE_CONSOLE + 1, 520, 0);
	stream_put(console, 520, (const u8 *)"closed", 6);
	serve();
	for (u32 i = 0; i < frame_count; i++)
		assert_int_not_equal(frames[i].head.kind, LINE_DATA);
	ack(LINE_CONSOLE + 1, 520, 1);
	serve();
	assert_memory_equal(frames[0].payload, "closed", 6);
}

/* What the board has lost, and what was pushed out: a STATE that begins further on. */
static void misses(void **state)
{
	struct serve_stream *console = &host.consoles[1];

	(void)state;
	stream_put(console, 0, (const u8 *)"one", 3);
	hello(1);
	ack(LINE_CONSOLE + 1, 0, 1);
	stream_put(console, 10, (const u8 *)"two", 3);
	serve();
	assert_int_equal(frame_count, 1); /* first it takes what is before */
	ack(LINE_CONSOLE + 1, 3, 1);
	serve();
	assert_int_equal(state_of(LINE_CONSOLE + 1)->start, 10);
	assert_int_equal(frames[1].head.position, 10);
	for (u32 i = 0; i < 200; i++)
		stream_put(console, 13 + 10 * i, (const u8 *)"0123456789", 10);
	now += CLIENT_RESEND_MS;
	serve();
	assert_int_equal(state_of(LINE_CONSOLE + 1)->start, 13 + 2000 - 1024);
}

/* It knows its place from a connection before this one. */
static void comes_back(void **state)
{
	(void)state;
	stream_put(&host.consoles[1], 0, (const u8 *)"0123456789", 10);
	hello(1);
	assert_int_equal(state_of(LINE_CONSOLE + 1)->start, 0);
	ack(LINE_CONSOLE + 1, 7, 1);
	serve();
	assert_int_equal(frames[0].head.position, 7);
	assert_int_equal(frames[0].size, 3);
}

/* It does not read: nothing grows, and nobody waits for it. */
static void does_not_read(void **state)
{
	(void)state;
	hello(1);
	ack(LINE_CONSOLE + 1, 0, 1);
	for (u32 i = 0; i < 100000; i++) {
		stream_put(&host.consoles[1], 40 * i, (const u8 *)"0123456789012345678901234567890123456789", 40);
		now += 10;
		client_serve(c, now);
	}
	assert_true(c->out_size <= sizeof(c->out));
}

static void types(void **state)
{
	u8 text[200];

	(void)state;
	memset(text, 'x', sizeof(text));
	hello(1);
	type_room = 10;
	send_frame(LINE_DATA, LINE_CONSOLE + 1, 0, text, 200);
	assert_int_equal(typed_size, 10);
	receive();
	send_frame(LINE_DATA, LINE_CONSOLE + 1, 200, text, 100); /* more than there is room for */
	receive();
	assert_int_equal(frames[0].head.position, 200);
	assert_int_equal(frames[0].payload[0], CLIENT_TYPED - 190);
	type_room = 1000;
	serve();
	assert_int_equal(typed_size, 200);
	assert_int_equal(frames[0].head.kind, LINE_ACK);
}

static int setup_observer(void **state)
{
	(void)state;
	return setup_role(ROLE_OBSERVER);
}

static void observes(void **state)
{
	(void)state;
	hello(1);
	assert_int_equal(state_of(LINE_CONSOLE + 1)->room, 0);
	send_frame(LINE_DATA, LINE_CONSOLE + 1, 0, "x", 1);
	assert_int_equal(typed_size, 0);
	assert_int_equal(denied_count, 1);
	receive();
	send_frame(LINE_DATA, LINE_CONSOLE + 1, 0, NULL, 0); /* who has no room asks for some */
	assert_int_equal(denied_count, 2);
	receive();
	assert_int_equal(frames[0].head.kind, LINE_READ_ONLY);
	assert_int_equal(frames[0].head.channel, LINE_CONSOLE + 1);
}

static void ends(void **state)
{
	(void)state;
	hello(1);
	client_end(c);
	receive();
	assert_int_equal(frames[0].head.kind, LINE_BYE);
	client_end(c);
	assert_int_equal(c->out_size, 0);
}

static void noise(void **state)
{
	u64 seed = 1;

	(void)state;
	hello(1);
	for (u32 n = 0; n < 300000; n++) {
		u8 payload[LINE_PAYLOAD];
		u32 size = next_random(&seed) % 40;

		if (n % 4 == 0) {
			u8 byte = (u8)next_random(&seed);

			client_input(c, &byte, 1, now);
			continue;
		}
		for (u32 i = 0; i < size; i++)
			payload[i] = next_random(&seed) % 3 ? (u8)(next_random(&seed) % 8) : (u8)next_random(&seed);
		type_room = 5;
		typed_size = 0;
		send_frame((u8)(next_random(&seed) % 9), (u8)(next_random(&seed) % 20), c->requests[0].taken + next_random(&seed) % 3, payload, size);
		if (asked_count % 2)
			client_answer(c, asked_channel, asked_ticket, LINE_OK, payload, size, 0, next_random(&seed) % 4 == 0);
		now += next_random(&seed) % 50;
		if (n % 5 == 0)
			serve();
	}
}

/* ---- roles, audit ---- */

static void roles(void **state)
{
	const u8 audit[] = { AREA_AUDIT, 0 }, crash[] = { AREA_CRASH, 0 };

	(void)state;
	assert_int_equal(role_needed(LINE_MANAGE, MANAGE_CELL, NULL, 0), ROLE_OBSERVER);
	assert_int_equal(role_needed(LINE_MANAGE, MANAGE_OPERATE, NULL, 0), ROLE_OPERATOR);
	assert_int_equal(role_needed(LINE_MANAGE, MANAGE_READ, audit, 2), ROLE_OPERATOR);
	assert_int_equal(role_needed(LINE_MANAGE, MANAGE_READ, crash, 2), ROLE_ADMIN);
	assert_int_equal(role_needed(LINE_MANAGE, MANAGE_READ, audit, 1), ROLE_ADMIN);
	for (u32 op = 0; op < 256; op++) {
		assert_int_equal(role_needed(LINE_DEBUG, (u8)op, NULL, 0), ROLE_ADMIN);
		assert_int_equal(role_needed(LINE_TRACE, (u8)op, NULL, 0), ROLE_ADMIN);
		if (op > MANAGE_BOARD || !op)
			assert_int_equal(role_needed(LINE_MANAGE, (u8)op, NULL, 0), ROLE_ADMIN); /* not known: default deny */
	}
	assert_int_equal(role_deed(LINE_MANAGE, MANAGE_OPERATE), DEED_EACH);
	assert_int_equal(role_deed(LINE_MANAGE, 200), DEED_EACH);
	assert_int_equal(role_deed(LINE_DEBUG, DEBUG_STEP), DEED_ONCE);
	assert_int_equal(role_deed(LINE_METRICS, METRICS_CORE), DEED_NONE);
	assert_int_not_equal(role_number(LINE_DEBUG, DEBUG_STEP), role_number(LINE_DEBUG, DEBUG_SET));
	assert_int_equal(role_number(LINE_DEBUG, 200), 63);
}

static void audits(void **state)
{
	char path[] = "/tmp/cellctl-audit-XXXXXX", line[512];
	struct audit_file a = { .on = true };
	struct audit_client who = { 3, ROLE_OPERATOR, 1000, 4711 };
	int fd = mkstemp(path);
	FILE *file;

	(void)state;
	close(fd);
	assert_true(rotate_open(&a.file, path, 0, 0, 0600));
	assert_true(audit_write(&a, &who, "asked", (const char *const[]){ "request", "operate", "cell", "a\"b\n", NULL }));
	assert_true(audit_write(&a, NULL, "session", NULL));
	rotate_close(&a.file);
	file = fopen(path, "r");
	assert_non_null(fgets(line, sizeof(line), file));
	assert_non_null(strstr(line, "Z\",\"sequence\":1,\"event\":\"asked\",\"client\":3,\"role\":\"operator\",\"uid\":1000,\"pid\":4711,"
				     "\"request\":\"operate\",\"cell\":\"a\\\"b\\n\"}\n"));
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	unlink(path);
	assert_true(rotate_open(&a.file, "/dev/full", 0, 0, 0600));
	assert_false(audit_write(&a, &who, "asked", NULL));
	rotate_close(&a.file);
	a.on = false;
	assert_true(audit_write(&a, &who, "asked", NULL));
}

#define WITH(test, before) cmocka_unit_test_setup_teardown(test, before, unmake)
#define CLIENT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(keeps_the_last, make_bytes), WITH(gaps, make_bytes), WITH(goes_on_after_a_reset, make_bytes), WITH(whole_records, make_records),
		WITH(random_streams, make_bytes), CLIENT(welcomes), CLIENT(answers), CLIENT(one_request_at_a_time), CLIENT(nonsense_requests),
		CLIENT(reads_a_console), CLIENT(misses), CLIENT(comes_back), CLIENT(does_not_read), CLIENT(types), CLIENT(ends), CLIENT(noise),
		cmocka_unit_test_setup_teardown(observes, setup_observer, teardown), cmocka_unit_test(roles), cmocka_unit_test(audits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
