/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * core/watch.c: every event with every action; watchdogs, heartbeats and shutdown requests in time. life_end is this
 * test's own, and does to the state what the real one does.
 */
#include "test.h"

#include "machine.h"
#include "core/audit.h"
#include "core/console.h"
#include "core/crash.h"
#include "core/watch.h"
#include "host.h"

static struct {
	u32 count;
	u16 cell, by;
	enum stop_reason reason;
	u32 end;
} ends[2 * CELL_COUNT];
static u32 end_count;
static bool kept;

bool __wrap_life_end(u16 cell, enum stop_reason reason, const char *what, u16 by, u32 end);
bool __wrap_life_end(u16 cell, enum stop_reason reason, const char *what, u16 by, u32 end)
{
	assert_non_null(what);
	if (cells[cell].state != CELL_RUNNING && cells[cell].state != CELL_SUSPENDED && cells[cell].state != CELL_LOADING)
		return false;
	cells[cell].state = end;
	if (end_count < ARRAY_COUNT(ends)) {
		ends[end_count].cell = cell;
		ends[end_count].reason = reason;
		ends[end_count].by = by;
		ends[end_count].end = end;
	}
	end_count++;
	return true;
}

bool __wrap_crash_is_kept(u16 cell, u32 incarnation);
bool __wrap_crash_is_kept(u16 cell, u32 incarnation)
{
	assert_int_equal(incarnation, cells[cell].incarnation);
	return kept;
}

static u32 life; /* of every cell; each test has another */

static int begin(void **state)
{
	static u64 epoch;

	machine_reset(state);
	host.now = epoch += 1000 * HOST_HZ;
	audit_init();
	for (u32 i = 0; i < CELL_COUNT; i++)
		cells[i].incarnation = life + 1;
	life++;
	end_count = 0;
	kept = true;
	host_become(SERVICE);
	unit_lives[CELL_CONTROL].heartbeat_period = 0;
	return 0;
}

/* As main.c: the pump, then the watch. */
static void rounds(u32 count)
{
	for (u32 i = 0; i < count; i++) {
		serve(1);
		watch_serve();
	}
}

static void expect_end(u32 n, u16 cell, enum stop_reason reason, u16 by, u32 end)
{
	assert_true(n < end_count);
	assert_int_equal(ends[n].cell, cell);
	assert_int_equal(ends[n].reason, reason);
	assert_int_equal(ends[n].by, by);
	assert_int_equal(ends[n].end, end);
}

static void expect_board(bool reset)
{
	enum host_end end;

	HOST_CATCH(end, rounds(5));
	assert_int_equal(end, reset ? HOST_BOARD_RESET : HOST_RETURNED);
}

/* ---- events and actions ---- */

static const enum stop_reason reasons[EVENT_COUNT] = {
	[EVENT_WATCHDOG] = STOP_WATCHDOG, [EVENT_DMA] = STOP_DMA, [EVENT_STORM] = STOP_STORM,
};

/* Of the cell itself only what the core has found out: the others are decided by who posts them. */
static bool is_cores(u32 event)
{
	return event == EVENT_WATCHDOG || event == EVENT_DMA || event == EVENT_STORM;
}

static void happen(u32 event)
{
	if (event == EVENT_WATCHDOG)
		probe.runs_out = true;
	else
		watch_event(CELL_CONTROL, (enum life_event)event);
}

static void every_event_and_action(void **state)
{
	for (u32 event = 0; event < EVENT_COUNT; event++)
		for (u32 action = 0; action <= ACTION_RESET_BOARD; action++) {
			begin(state);
			unit_lives[CELL_CONTROL].actions[event] = (u8)action;
			rounds(2);
			happen(event);
			u32 expected = 0;

			if (action == ACTION_RESET_BOARD)
				expect_board(true);
			else
				expect_board(false);
			if (is_cores(event) && action >= ACTION_STOP)
				expect_end(expected++, CELL_CONTROL, reasons[event], BY_POLICY, action == ACTION_RESTART ? CELL_RESTARTING : CELL_FAILING);
			if (action == ACTION_STOP_OTHERS) {
				expect_end(expected++, CELL_LINUX, STOP_OTHER, CELL_CONTROL, CELL_STOPPING);
				expect_end(expected++, CELL_HELLO, STOP_OTHER, CELL_CONTROL, CELL_STOPPING);
			}
			assert_int_equal(end_count, expected);
			assert_int_equal(audit_place()->count[AUDIT_POLICY][AUDIT_DONE], expected + (action == ACTION_RESET_BOARD));
			bool line = strstr(wire_text, "[core] cell control: ");

			assert_int_equal(line, action >= ACTION_STOP_OTHERS || (event == EVENT_WATCHDOG && action == ACTION_RECORD));
			assert_int_equal(watch_is_told(CELL_CONTROL, (enum life_event)event), action != ACTION_IGNORE);
		}
}

/* What happened in an earlier life is not held against this one; what others had to do about it is done. */
static void of_an_earlier_life(void **state)
{
	for (u32 event = 0; event < EVENT_COUNT; event++)
		for (u32 action = 0; action <= ACTION_STOP_OTHERS; action++) {
			begin(state);
			unit_lives[CELL_CONTROL].actions[event] = (u8)action;
			watch_event(CELL_CONTROL, (enum life_event)event);
			cells[CELL_CONTROL].incarnation++;
			rounds(3);
			life++;
			assert_int_equal(cells[CELL_CONTROL].state, CELL_RUNNING);
			assert_int_equal(end_count, action == ACTION_STOP_OTHERS ? 2 : 0);
		}
}

/* However many at once, and from whom: each is acted on once. */
static void events_are_bits(void **state)
{
	(void)state;
	unit_lives[CELL_CONTROL].actions[EVENT_DMA] = ACTION_STOP;
	for (u32 i = 0; i < 100000; i++)
		watch_event(CELL_CONTROL, EVENT_DMA);
	assert_int_equal(host.kicks[SERVICE], 0);
	rounds(10);
	assert_int_equal(end_count, 1);
	for (u32 i = 0; i < 1000; i++) {
		watch_event(CELL_CONTROL, EVENT_DMA); /* it has ended */
		rounds(1);
	}
	assert_int_equal(end_count, 1);
	assert_int_equal(audit_place()->count[AUDIT_POLICY][AUDIT_DONE], 1);
}

/* ---- the board's reset ---- */

static void reset_waits_for_records(void **state)
{
	(void)state;
	unit_lives[CELL_CONTROL].actions[EVENT_FAULT] = ACTION_RESET_BOARD;
	cells[CELL_CONTROL].state = CELL_FAILING;
	kept = false;
	watch_event(CELL_CONTROL, EVENT_FAULT);
	expect_board(false);
	kept = true;
	cells[CELL_LINUX].record_state = RECORD_WRITING; /* another one */
	expect_board(false);
	cells[CELL_LINUX].record_state = RECORD_NONE;
	expect_board(true);
	assert_non_null(strstr(wire_text, "[core] cell control: fault: the board is reset\r\n"));
}

static void reset_does_not_wait_for_ever(void **state)
{
	u64 start = host.now;
	enum host_end end;

	(void)state;
	unit_lives[CELL_CONTROL].actions[EVENT_FAULT] = ACTION_RESET_BOARD;
	cells[CELL_CONTROL].state = CELL_FAILING;
	kept = false;
	wire_room = 0;
	watch_event(CELL_CONTROL, EVENT_FAULT);
	HOST_CATCH(end, rounds(2000));
	assert_int_equal(end, HOST_BOARD_RESET);
	assert_in_range(host.now - start, HOST_HZ - 2000, HOST_HZ + 2000);
}

/* ---- watchdogs ---- */

static void watchdogs_of_cells_that_run(void **state)
{
	(void)state;
	unit_lives[CELL_CONTROL].actions[EVENT_WATCHDOG] = ACTION_RESTART;
	cells[CELL_CONTROL].state = CELL_SUSPENDED;
	probe.runs_out = true;
	rounds(10);
	assert_int_equal(end_count, 0);
	cells[CELL_CONTROL].state = CELL_RUNNING;
	rounds(1);
	expect_end(0, CELL_CONTROL, STOP_WATCHDOG, BY_POLICY, CELL_RESTARTING);
}

/* One that is only recorded goes on running out: told ever more seldom. */
static void a_watchdog_floods(void **state)
{
	u32 lines = 0;

	(void)state;
	unit_lives[CELL_CONTROL].actions[EVENT_WATCHDOG] = ACTION_RECORD;
	for (u32 i = 0; i < 1000; i++) {
		probe.runs_out = true;
		rounds(1);
	}
	for (const char *p = wire_text; (p = strstr(p, "its watchdog has run out")); p++)
		lines++;
	assert_int_equal(lines, 10);
	assert_int_equal(end_count, 0);
}

/* ---- heartbeats ---- */

static int hearts(void **state)
{
	begin(state);
	unit_lives[CELL_CONTROL].heartbeat_period = 20;
	return 0;
}

static void heartbeats(void **state)
{
	struct cpu *cpu = &host_cpus[2];

	(void)state;
	rounds(95); /* the first has 100 ms */
	watch_beat(cpu);
	for (u32 i = 0; i < 100; i++) {
		rounds(19);
		watch_beat(cpu);
	}
	assert_int_equal(end_count, 0);
	rounds(18);
	assert_int_equal(end_count, 0);
	rounds(3);
	expect_end(0, CELL_CONTROL, STOP_HEARTBEAT, BY_POLICY, CELL_FAILING);
	assert_int_equal(end_count, 1);
}

static void no_first_heartbeat(void **state)
{
	(void)state;
	rounds(99);
	assert_int_equal(end_count, 0);
	rounds(3);
	assert_int_equal(end_count, 1);
}

/* A life begins with the time of the first, whatever the last one left. */
static void the_next_life(void **state)
{
	(void)state;
	watch_beat(&host_cpus[2]);
	rounds(15);
	cells[CELL_CONTROL].state = CELL_RESTARTING;
	rounds(1000);
	watch_reset(CELL_CONTROL);
	cells[CELL_CONTROL].state = CELL_LOADING;
	cells[CELL_CONTROL].incarnation = ++life;
	rounds(1000);
	cells[CELL_CONTROL].state = CELL_RUNNING;
	rounds(99);
	assert_int_equal(end_count, 0);
	rounds(3);
	assert_int_equal(end_count, 1);
}

static void recorded_heartbeats(void **state)
{
	u32 lines = 0;

	(void)state;
	unit_lives[CELL_CONTROL].actions[EVENT_WATCHDOG] = ACTION_RECORD;
	rounds(1000); /* 100 ms, then 45 periods */
	for (const char *p = wire_text; (p = strstr(p, "its heartbeat is missing")); p++)
		lines++;
	assert_int_equal(lines, 6);
}

/* ---- shutdown requests ---- */

static void asked(void **state)
{
	u64 left;

	(void)state;
	unit_lives[CELL_CONTROL].shutdown_time = 400;
	assert_int_equal(watch_asked(CELL_CONTROL, &left), 0);
	watch_ask(CELL_CONTROL, LIFE_STOP, CELL_LINUX);
	assert_true(probe.key);
	assert_int_equal(probe.presses, 1);
	assert_int_equal(watch_asked(CELL_CONTROL, &left), LIFE_STOP);
	assert_int_equal(left, 400 * HOST_HZ / 1000);
	rounds(199);
	assert_true(probe.key);
	rounds(2);
	assert_false(probe.key);
	watch_ask(CELL_CONTROL, LIFE_RESTART, CONTROLLER_OPERATOR); /* the goal changes, the time does not */
	assert_int_equal(watch_asked(CELL_CONTROL, &left), LIFE_RESTART);
	assert_int_equal(left, 199 * HOST_HZ / 1000);
	assert_int_equal(probe.presses, 1);
	rounds(197);
	assert_int_equal(end_count, 0);
	rounds(3);
	expect_end(0, CELL_CONTROL, STOP_TIMEOUT, CONTROLLER_OPERATOR, CELL_RESTARTING);
	rounds(1000);
	assert_int_equal(end_count, 1);
	assert_int_equal(probe.presses, 1);
}

static void asked_to_stop_in_vain(void **state)
{
	(void)state;
	watch_ask(CELL_CONTROL, LIFE_STOP, CELL_LINUX);
	rounds(210);
	expect_end(0, CELL_CONTROL, STOP_TIMEOUT, CELL_LINUX, CELL_STOPPING);
}

/* It ended by itself, or something else ended it: nothing is left of the request. */
static void asked_and_gone(void **state)
{
	u64 left;

	(void)state;
	watch_ask(CELL_CONTROL, LIFE_STOP, CELL_LINUX);
	cells[CELL_CONTROL].state = CELL_STOPPED;
	rounds(500);
	assert_int_equal(end_count, 0);
	assert_false(probe.key);
	watch_reset(CELL_CONTROL);
	assert_int_equal(watch_asked(CELL_CONTROL, &left), 0);
	cells[CELL_CONTROL].incarnation = ++life;
	cells[CELL_CONTROL].state = CELL_RUNNING;
	rounds(500);
	assert_int_equal(end_count, 0);
}

/* Without a key it is only told so by hypercall. */
static void asked_without_a_key(void **state)
{
	(void)state;
	unit_lives[CELL_HELLO].shutdown_time = 50;
	watch_ask(CELL_HELLO, LIFE_STOP, CONTROLLER_OPERATOR);
	rounds(60);
	expect_end(0, CELL_HELLO, STOP_TIMEOUT, CONTROLLER_OPERATOR, CELL_STOPPING);
	assert_int_equal(probe.presses, 0);
}

/* While it is suspended no time passes for it. */
static void slept(void **state)
{
	u64 left;

	hearts(state);
	rounds(1);
	watch_ask(CELL_CONTROL, LIFE_STOP, CELL_LINUX);
	rounds(48);
	cells[CELL_CONTROL].state = CELL_SUSPENDED;
	rounds(1000);
	watch_slept(CELL_CONTROL, HOST_HZ);
	cells[CELL_CONTROL].state = CELL_RUNNING;
	assert_int_equal(probe.slept, HOST_HZ);
	assert_true(probe.key); /* it is held until the guest could have seen it */
	watch_asked(CELL_CONTROL, &left);
	assert_int_equal(left, 152 * HOST_HZ / 1000);
	rounds(50);
	assert_int_equal(end_count, 0); /* the first heartbeat: 100 ms of running */
	rounds(3);
	expect_end(0, CELL_CONTROL, STOP_HEARTBEAT, BY_POLICY, CELL_FAILING);
}

/* The longest times that a partition may say, at any frequency: no overflow. */
static void long_times(void **state)
{
	u64 left;

	(void)state;
	unit_lives[CELL_CONTROL].shutdown_time = ~0u;
	watch_ask(CELL_CONTROL, LIFE_STOP, CELL_LINUX);
	watch_asked(CELL_CONTROL, &left);
	assert_int_equal(left, (u64)~0u * HOST_HZ / 1000);
	rounds(1000);
	assert_int_equal(end_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_event_and_action, begin),
		cmocka_unit_test_setup(of_an_earlier_life, begin),
		cmocka_unit_test_setup(events_are_bits, begin),
		cmocka_unit_test_setup(reset_waits_for_records, begin),
		cmocka_unit_test_setup(watchdogs_of_cells_that_run, begin),
		cmocka_unit_test_setup(a_watchdog_floods, begin),
		cmocka_unit_test_setup(heartbeats, hearts),
		cmocka_unit_test_setup(no_first_heartbeat, hearts),
		cmocka_unit_test_setup(the_next_life, hearts),
		cmocka_unit_test_setup(recorded_heartbeats, hearts),
		cmocka_unit_test_setup(asked, begin),
		cmocka_unit_test_setup(asked_to_stop_in_vain, begin),
		cmocka_unit_test_setup(asked_and_gone, begin),
		cmocka_unit_test_setup(asked_without_a_key, begin),
		cmocka_unit_test_setup(slept, begin),
		cmocka_unit_test_setup(long_times, begin),
		cmocka_unit_test_setup(reset_does_not_wait_for_ever, begin),
	};
	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
