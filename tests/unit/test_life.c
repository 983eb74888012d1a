/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * core/life.c: linux (two vCPUs) is restarted always, at most twice within
 * ten seconds. Built with -DRESTART (machine.c).
 */
#include "test.h"

#include "threads.h"
#include "core/console.h"
#include "core/crash.h"
#include "core/record.h"
#include "core/life.h"
#include "core/watch.h"

static struct cell *const cell = &cells[CELL_LINUX];

static int first_life(void **state)
{
	setup(state);
	unit_lives[CELL_CONTROL].heartbeat_period = 0; /* nobody beats here */
	cell->incarnation = 1;
	cell->cleaned = 0;
	memset(cell->restarts, 0, sizeof cell->restarts);
	host.now = 100 * HOST_HZ;
	return 0;
}

/* Rounds of the service CPU, one in a millisecond. */
static void rounds(u32 count)
{
	struct cpu *before = host_this;

	for (u32 i = 0; i < count; i++) {
		serve(1);
		host_this = &host_cpus[SERVICE];
		crash_serve();
		watch_serve();
		life_serve();
		host_this = before;
	}
}

static void leave(struct cpu *cpu)
{
	(void)cpu;
	host_leave(HOST_ESCAPE);
}

/* Parks, until it leaves the core (true) or sleeps. */
static bool park(u16 who)
{
	enum host_end end;

	host_this = &host_cpus[who];
	host.on_wait = leave;
	HOST_CATCH(end, cell_park(host_this));
	host.on_wait = NULL;
	return end == HOST_RETURNED;
}

static void stop(u16 who, enum stop_reason reason)
{
	host_this = &host_cpus[who];
	cell_stop(host_this, reason, "x");
}

/* Everybody comes in, it is told, its memory is cleared. True: it begins again, up to the first instruction of the copier. */
static bool end(void)
{
	bool left;
	enum host_end end;

	assert_false(park(1));
	if (!park(0)) {
		rounds(20);
		assert_true(park(0));
	}
	assert_int_equal(host_cpus[0].copier, COPIER_CLEAR);
	host.on_wait = leave;
	HOST_CATCH(end, cell_loaded(&host_cpus[0]));
	host.on_wait = NULL;
	left = end == HOST_RETURNED;
	assert_int_equal(host_cpus[0].copier, left ? COPIER_LOAD : COPIER_NONE);
	return left;
}

static void stop_and_start(u16 who, enum stop_reason reason)
{
	stop(who, reason);
	assert_int_equal(cell->state, CELL_RESTARTING);
	assert_true(end());
	assert_int_equal(cell->state, CELL_LOADING);
}

static void run(void)
{
	host_this = &host_cpus[0];
	cell_loaded(host_this);
	assert_int_equal(cell->state, CELL_RUNNING);
}

static void a_second_life(void **state)
{
	struct cpu *cpu = &host_cpus[0];

	(void)state;
	vcpus[1].state = VCPU_ON_PENDING;
	cpu->exits[EXIT_HVC] = 7;
	stop_and_start(1, STOP_FAULT);
	assert_non_null(strstr(wire_text, "[core] cell linux: stopped by fault: x, vCPU 1 on cpu1"));
	assert_true(strstr(wire_text, "[core] cell linux: restarted, number 1\r\n") > strstr(wire_text, "[core] linux: x28="));
	assert_int_equal(cell->incarnation, 2);
	assert_int_equal(host.restored[CELL_LINUX], 1);
	assert_int_equal(*machine_cells[CELL_LINUX].arch.root, 1);
	assert_int_equal(cpu->frame.pc, 0x1000);
	assert_int_equal(cpu->frame.x[0], 0x2000);
	assert_true(cpu->arch.loading);
	assert_int_equal(vcpus[0].state, VCPU_ON);
	assert_int_equal(vcpus[1].state, VCPU_OFF);
	assert_int_equal(cpu->exits[EXIT_HVC], 7);
	assert_int_equal(cells[CELL_CONTROL].state, CELL_RUNNING);
	assert_int_equal(host.kicks[2] + host.kicks[3], 0);
	assert_int_equal(cpu->arch.clears, 1);
	assert_int_equal(cpu->arch.cleared_size, (1ULL << 39) - 4096);
	cell_loaded(cpu);
	assert_int_equal(cell->state, CELL_RUNNING);
	assert_int_equal(cpu->frame.pc, 0x40200000);
	assert_false(cpu->arch.loading);
}

static void reasons(void **state)
{
	static const struct { enum stop_reason reason; u32 linux_, hello; } cases[] = {
		{ STOP_SYSTEM_OFF, CELL_STOPPING, CELL_STOPPING }, { STOP_SYSTEM_RESET, CELL_RESTARTING, CELL_STOPPING },
		{ STOP_DEBUG, CELL_RESTARTING, CELL_FAILING }, { STOP_FAULT, CELL_RESTARTING, CELL_FAILING },
		{ STOP_DENIED, CELL_RESTARTING, CELL_FAILING },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(life_decide(&host_cpus[0], cases[i].reason), cases[i].linux_);
		assert_int_equal(life_decide(&host_cpus[3], cases[i].reason), cases[i].hello);
	}
}

/* Not before everybody has left, and not while a kick is on its way. */
static void everybody_has_left(void **state)
{
	struct cpu *cpu = &host_cpus[0];

	(void)state;
	assert_int_equal(life_poll(cpu), LIFE_SLEEP); /* running */
	stop(0, STOP_SYSTEM_RESET);
	assert_int_equal(life_poll(cpu), LIFE_SLEEP);
	vcpus[1].parked = 2;
	assert_int_equal(life_poll(cpu), LIFE_LOOK);
	vcpus[1].parked = 1; /* of a life before */
	cell->released = 3;
	assert_int_equal(life_poll(cpu), LIFE_SLEEP);
	u32 kicks = host.kicks[0];

	host_this = &host_cpus[1];
	assert_int_equal(life_poll(host_this), LIFE_SLEEP);
	assert_int_equal(life_poll(host_this), LIFE_SLEEP);
	host_this = cpu;
	assert_int_equal(vcpus[1].parked, 3);
	assert_int_equal(host.kicks[0], kicks + 1); /* told once */
	cell->released = 2;
	assert_int_equal(life_poll(cpu), LIFE_LOOK);
	cell->released = 3;
	cell->cleaned = 1;
	assert_int_equal(life_poll(cpu), LIFE_LOOK);
	assert_int_equal(cell->state, CELL_STARTING);
	assert_int_equal(life_poll(cpu), LIFE_LEAVE);
	host_this = &host_cpus[1];
	assert_int_equal(life_poll(host_this), LIFE_SLEEP); /* of the new life nothing is said */
	assert_int_equal(vcpus[1].parked, 3);
}

static void limit(void **state)
{
	(void)state;
	for (u32 i = 0; i < 2; i++) {
		stop_and_start(0, STOP_FAULT);
		run();
		host.now += 2 * HOST_HZ;
	}
	host.now += 7 * HOST_HZ; /* the first was 11 seconds ago, the second 9 */
	stop_and_start(0, STOP_SYSTEM_RESET);
	run();
	stop(0, STOP_SYSTEM_RESET);
	assert_int_equal(cell->state, CELL_FAILING);
	assert_false(end());
	assert_int_equal(cell->state, CELL_FAILED);
	rounds(20);
	assert_non_null(strstr(wire_text, "[core] cell linux: restarted, number 3\r\n"));
	assert_non_null(strstr(wire_text, "[core] cell linux: more than 2 restarts within 10 seconds: it stays failed\r\n"));
	rounds(1000);
	assert_int_equal(life_poll(&host_cpus[0]), LIFE_SLEEP);
	assert_int_equal(cell->incarnation, 4);
}

static void a_fault_of_the_copier(void **state)
{
	(void)state;
	stop_and_start(0, STOP_FAULT);
	stop_and_start(0, STOP_FAULT);
	stop(0, STOP_FAULT);
	assert_int_equal(cell->state, CELL_FAILING);
	assert_false(end());
	assert_int_equal(cell->state, CELL_FAILED);
}

/* A console that prints nothing holds it up for half a second; its record comes later, whatever it prints itself. */
static void a_silent_console(void **state)
{
	(void)state;
	wire_room = 0;
	guest_print(VDEV_LINUX, "last words");
	stop(0, STOP_FAULT);
	assert_false(park(1));
	rounds(499);
	assert_false(park(0));
	rounds(5);
	assert_true(end());
	run();
	wire_room = ~0u;
	for (u32 i = 0; i < 30; i++) {
		guest_print(VDEV_LINUX, "~");
		rounds(1);
	}
	assert_non_null(strstr(wire_text, "last words"));
	assert_non_null(strstr(wire_text, "[core] cell linux: restarted, number 1\r\n"));
	assert_int_equal(cell->record_state, RECORD_PRINTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_second_life, first_life),
		cmocka_unit_test_setup(reasons, first_life),
		cmocka_unit_test_setup(everybody_has_left, first_life),
		cmocka_unit_test_setup(limit, first_life),
		cmocka_unit_test_setup(a_fault_of_the_copier, first_life),
		cmocka_unit_test_setup(a_silent_console, first_life),
	};
	return cmocka_run_group_tests_name("life", tests, NULL, NULL);
}
