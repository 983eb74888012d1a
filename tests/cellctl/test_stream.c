/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* stream.c: a sender and a receiver over a line that loses, repeats and reorders, around the wrap of positions; and each function's edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stream.h"

static uint64_t seed = 1;

static uint32_t next_random(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33);
}

static void nothing_before_it_begins(void **state)
{
	static struct sender s;
	uint32_t position;
	uint8_t bytes[8];

	(void)state;
	memset(&s, 0, sizeof s);
	assert_int_equal(sender_put(&s, "abc", 3), 3);
	assert_int_equal(sender_take(&s, &position, bytes, sizeof bytes), 0);
	assert_false(sender_is_stuck(&s));
	assert_false(sender_acknowledge(&s, 1, 10));
}

static void room_and_ring(void **state)
{
	static struct sender s;
	static uint8_t many[SENDER_SIZE + 10];
	uint32_t position;
	uint8_t bytes[64];

	(void)state;
	sender_begin(&s, 0xfffffff0u, 20);
	assert_int_equal(sender_put(&s, many, sizeof many), SENDER_SIZE);
	assert_int_equal(sender_room(&s), 0);
	assert_int_equal(sender_put(&s, many, 1), 0);
	assert_int_equal(sender_take(&s, &position, bytes, sizeof bytes), 20);
	assert_int_equal(position, 0xfffffff0u);
	assert_int_equal(sender_take(&s, &position, bytes, sizeof bytes), 0);
	assert_true(sender_is_stuck(&s));
	/* what was not sent, and what was acknowledged already, is no acknowledgement */
	assert_false(sender_acknowledge(&s, 0xffffffefu, 10));
	assert_false(sender_acknowledge(&s, 0xfffffff0u + SENDER_SIZE + 1, 10));
	assert_true(sender_acknowledge(&s, 2, 5)); /* behind the wrap */
	assert_int_equal(sender_room(&s), 18);
	assert_int_equal(sender_take(&s, &position, bytes, sizeof bytes), 3);
	assert_int_equal(position, 4);
	assert_true(sender_again(&s));
	assert_int_equal(sender_take(&s, &position, bytes, 2), 2);
	assert_int_equal(position, 2);
	assert_true(sender_acknowledge(&s, 7, 0)); /* further than was sent since, and sent before */
	assert_int_equal(sender_take(&s, &position, bytes, 2), 0);
	assert_false(sender_is_empty(&s));
}

static void what_a_receiver_missed(void **state)
{
	struct receiver r = { 0 };
	size_t skip;

	(void)state;
	assert_int_equal(receiver_state(&r, 1000, 1500), 0); /* the first time nobody knows */
	assert_int_equal(r.position, 1000);
	assert_int_equal(receiver_take(&r, 1000, 100, &skip), RECEIVED_NEW);
	assert_int_equal(receiver_take(&r, 1000, 100, &skip), RECEIVED_AGAIN);
	assert_int_equal(receiver_take(&r, 1050, 100, &skip), RECEIVED_NEW);
	assert_int_equal(skip, 50);
	assert_int_equal(receiver_take(&r, 1151, 1, &skip), RECEIVED_GAP);
	assert_int_equal(receiver_state(&r, 1100, 1500), 0); /* it has what is gone there */
	assert_int_equal(r.position, 1150);
	assert_int_equal(receiver_state(&r, 1400, 1500), 250);
	assert_int_equal(receiver_state(&r, 100, 200), 0); /* less than it had: another stream */
	assert_int_equal(r.position, 100);
}

/* Everything arrives once and in order, whatever the line does. */
static void any_line(void **state)
{
	static struct sender s;
	struct receiver r = { 0 };
	uint8_t sent = 0, expected = 0;
	uint32_t begin = 0xffffff00u;

	(void)state;
	memset(&s, 0, sizeof s);
	sender_begin(&s, begin, 100);
	receiver_state(&r, begin, begin);
	for (unsigned n = 0; n < 300000; n++) {
		uint8_t bytes[64];
		uint32_t position;
		size_t skip, count;

		for (unsigned i = next_random() % 4; i && sender_put(&s, &sent, 1); i--)
			sent++;
		if (next_random() % 8 == 0)
			sender_again(&s);
		count = sender_take(&s, &position, bytes, 1 + next_random() % sizeof bytes);
		for (unsigned twice = 0; count && twice < 2; twice++) {
			if (next_random() % 4 == 0)
				continue; /* lost */
			if (receiver_take(&r, position, count, &skip) == RECEIVED_NEW)
				for (size_t i = skip; i < count; i++)
					assert_int_equal(bytes[i], expected++);
		}
		if (next_random() % 4)
			assert_true(sender_acknowledge(&s, r.position, next_random() % 200));
	}
	assert_true(r.position - begin > 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_before_it_begins),
		cmocka_unit_test(room_and_ring),
		cmocka_unit_test(what_a_receiver_missed),
		cmocka_unit_test(any_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
