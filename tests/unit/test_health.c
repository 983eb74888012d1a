/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* core/health.c: when the board's watchdog is fed, and when not. */
#include "test.h"

#include "core/health.h"
#include "host.h"
#include "machine.h"

/* 8 seconds: a feed each second. */
static int setup(void **state)
{
	machine_reset(state);
	host_this = &host_cpus[SERVICE];
	unit_core.watchdog_seconds = 8;
	unit_core.watchdog_base = 0x2a440000;
	unit_core.watchdog_refresh = 0x2a450000;
	health_init();
	return 0;
}

static void rounds(u32 count, u64 ticks)
{
	for (u32 i = 0; i < count; i++) {
		host.now += ticks;
		health_serve();
	}
}

static void fed_while_well(void **state)
{
	(void)state;
	assert_int_equal(board_watchdog.starts, 1);
	assert_int_equal(board_watchdog.seconds, 8);
	rounds(999, HOST_HZ / 1000);
	assert_int_equal(board_watchdog.feeds, 0);
	rounds(10001, HOST_HZ / 1000);
	assert_int_equal(board_watchdog.feeds, 11);
	serve(5);
	assert_non_null(strstr(wire_text, "[core] board watchdog: resets the board 8000 ms after it was fed last\r\n"));
}

static void no_rounds_no_food(void **state)
{
	(void)state;
	rounds(1, 100 * HOST_HZ);
	assert_int_equal(board_watchdog.feeds, 0); /* this one is late */
	rounds(1, HOST_HZ / 1000);
	assert_int_equal(board_watchdog.feeds, 1); /* it was only once */
}

static void rounds_that_are_always_late(void **state)
{
	(void)state;
	rounds(1000, HOST_HZ / 10);
	assert_int_equal(board_watchdog.feeds, 0);
	rounds(1000, HOST_HZ / 10 - 1);
	assert_in_range(board_watchdog.feeds, 90, 100);
}

static void a_cell_that_is_ill_is_not_the_core(void **state)
{
	(void)state;
	cells[CELL_LINUX].incarnation = 1;
	cells[CELL_LINUX].state = CELL_RESTARTING; /* its second CPU never comes */
	vcpus[0].parked = 3; /* "sent", of life 1: life.c */
	rounds(200000, HOST_HZ / 1000);
	assert_int_equal(board_watchdog.feeds, 200);
}

static void an_end_that_hangs(void **state)
{
	(void)state;
	cells[CELL_LINUX].incarnation = 1;
	cells[CELL_LINUX].state = CELL_RESTARTING;
	vcpus[0].parked = vcpus[1].parked = 3;
	rounds(55000, HOST_HZ / 1000);
	cells[CELL_LINUX].cleaned++; /* something happens */
	rounds(55000, HOST_HZ / 1000);
	assert_int_equal(board_watchdog.feeds, 110);
	rounds(100000, HOST_HZ / 1000);
	assert_in_range(board_watchdog.feeds, 114, 116);
	serve(5);
	assert_non_null(strstr(wire_text, "[core] board watchdog: fed no more: the end of a cell hangs\r\n"));
	cells[CELL_LINUX].state = CELL_LOADING; /* after all */
	rounds(10000, HOST_HZ / 1000);
	assert_in_range(board_watchdog.feeds, 124, 126);
}

static void no_watchdog(void **state)
{
	(void)state;
	machine_reset(state);
	health_init();
	rounds(10, HOST_HZ);
	assert_int_equal(board_watchdog.starts, 0);
}

/* Last: it is for good. */
static void a_panic(void **state)
{
	(void)state;
	rounds(2000, HOST_HZ / 1000);
	assert_int_equal(board_watchdog.feeds, 2);
	health_lost();
	rounds(100000, HOST_HZ / 1000);
	assert_int_equal(board_watchdog.feeds, 2);
	serve(5);
	assert_non_null(strstr(wire_text, "[core] board watchdog: fed no more: a CPU has ended in a panic\r\n"));
	assert_null(strstr(strstr(wire_text, "fed no more") + 1, "fed no more")); /* once */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(fed_while_well, setup),
		cmocka_unit_test_setup(no_rounds_no_food, setup),
		cmocka_unit_test_setup(rounds_that_are_always_late, setup),
		cmocka_unit_test_setup(a_cell_that_is_ill_is_not_the_core, setup),
		cmocka_unit_test_setup(an_end_that_hangs, setup),
		cmocka_unit_test(no_watchdog),
		cmocka_unit_test_setup(a_panic, setup),
	};

	return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
