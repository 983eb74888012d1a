/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * core/life.c: linux (two vCPUs) is restarted always, at most twice within
 * ten seconds. Built with -DRESTART (machine.c).
 */
#include "test.h"

#include "threads.h"
#include "core/boot.h"
#include "core/console.h"
#include "core/record.h"
#include "core/life.h"

static struct cell *const cell = &cells[CELL_LINUX];

static int first_life(void **state)
{
	setup(state);
	cell->incarnation = 1;
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
		life_serve();
		host_this = before;
	}
}

/* It stops, the others leave, it is told: up to the first instruction of the copier. */
static void stop_and_start(u16 who, enum stop_reason reason)
{
	cell_stop(&host_cpus[who], reason, "x");
	assert_int_equal(cell->state, CELL_RESTARTING);
	assert_int_equal(life_poll(&host_cpus[1]), LIFE_SLEEP);
	rounds(20);
	assert_int_equal(life_poll(&host_cpus[0]), LIFE_LEAVE);
	assert_int_equal(cell->state, CELL_LOADING);
}

static void run(void)
{
	cell_loaded(&host_cpus[0]);
	assert_int_equal(cell->state, CELL_LOADING); /* caches */
	cell_loaded(&host_cpus[0]);
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
	cell_loaded(cpu);
	assert_int_equal(cpu->arch.cleans, 1);
	assert_int_equal(cpu->arch.cleaned_size, (1ULL << 39) - 4096);
	cell_loaded(cpu);
	assert_int_equal(cell->state, CELL_RUNNING);
	assert_int_equal(cpu->frame.pc, 0x40200000);
	assert_false(cpu->arch.loading);
}

static void reasons(void **state)
{
	static const struct { enum stop_reason reason; u32 linux_, hello; } cases[] = {
		{ STOP_SYSTEM_OFF, CELL_STOPPED, CELL_STOPPED }, { STOP_SYSTEM_RESET, CELL_RESTARTING, CELL_STOPPED },
		{ STOP_DEBUG, CELL_RESTARTING, CELL_FAILED }, { STOP_FAULT, CELL_RESTARTING, CELL_FAILED },
		{ STOP_DENIED, CELL_RESTARTING, CELL_FAILED },
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
	cell_stop(cpu, STOP_SYSTEM_RESET, "x");
	assert_int_equal(life_poll(cpu), LIFE_SLEEP);
	vcpus[1].parked = 2;
	assert_int_equal(life_poll(cpu), LIFE_LOOK);
	vcpus[1].parked = 1; /* of a life before */
	cell->released = 3;
	assert_int_equal(life_poll(cpu), LIFE_SLEEP);
	u32 kicks = host.kicks[0];

	assert_int_equal(life_poll(&host_cpus[1]), LIFE_SLEEP);
	assert_int_equal(life_poll(&host_cpus[1]), LIFE_SLEEP);
	assert_int_equal(vcpus[1].parked, 3);
	assert_int_equal(host.kicks[0], kicks + 1); /* told once */
	cell->released = 2;
	assert_int_equal(life_poll(cpu), LIFE_LOOK);
	cell->released = 3;
	assert_int_equal(life_poll(cpu), LIFE_LEAVE);
	assert_int_equal(life_poll(&host_cpus[1]), LIFE_SLEEP); /* of the new life nothing is said */
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
	cell_stop(&host_cpus[0], STOP_SYSTEM_RESET, "x");
	assert_int_equal(cell->state, CELL_FAILED);
	life_poll(&host_cpus[1]);
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
	cell_stop(&host_cpus[0], STOP_FAULT, "x");
	assert_int_equal(cell->state, CELL_FAILED);
}

/* A console that prints nothing holds it up for half a second; its record comes later, whatever it prints itself. */
static void a_silent_console(void **state)
{
	(void)state;
	wire_room = 0;
	guest_print(VDEV_LINUX, "last words");
	cell_stop(&host_cpus[0], STOP_FAULT, "x");
	life_poll(&host_cpus[1]);
	rounds(499);
	assert_int_equal(life_poll(&host_cpus[0]), LIFE_SLEEP);
	rounds(5);
	assert_int_equal(life_poll(&host_cpus[0]), LIFE_LEAVE);
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

/* ---- threads ---- */

#define LIVES 300u
static u32 in_guest; /* bit 1: vCPU 1 is in its guest */
static u32 overlaps;

static void *second(void *argument)
{
	struct cpu *cpu = host_this = &host_cpus[1];

	(void)argument;
	while (!stopped()) {
		cell_park(cpu); /* returns switched on */
		__atomic_store_n(&in_guest, 1, __ATOMIC_SEQ_CST);
		sched_yield();
		__atomic_store_n(&in_guest, 0, __ATOMIC_SEQ_CST);
		if (cpu->frame.x[0] & 1)
			cell_stop(cpu, STOP_FAULT, "second");
		else if (cell_is_alive(CELL_LINUX)) {
			arch_vcpu_quiesce(cpu);
			atomic_store32(&cpu->vcpu->state, VCPU_OFF);
		}
	}
	return NULL;
}

static void *server(void *argument)
{
	(void)argument;
	host_this = &host_cpus[SERVICE];
	while (!stopped()) {
		__atomic_add_fetch(&host.now, HOST_HZ / 100, __ATOMIC_RELAXED);
		core_serve(host_this);
	}
	return NULL;
}

/* vCPU 0 restarts the cell again and again, while vCPU 1 is switched on, faults, or is on its way. */
static void many_lives(void **state)
{
	struct cpu *cpu = host_this = &host_cpus[0];

	(void)state;
	cell->incarnation = 0;
	vcpus[1].state = VCPU_OFF;
	cell_start(cpu);
	pthread_t threads[2] = { spawn(second, 0), spawn(server, 0) };

	for (u32 n = 0; n < LIVES; n++) {
		__atomic_add_fetch(&host.now, 20ULL * HOST_HZ, __ATOMIC_RELAXED); /* far from the limit */
		overlaps += __atomic_load_n(&in_guest, __ATOMIC_SEQ_CST);
		assert_int_equal(vcpus[1].state, VCPU_OFF);
		for (cell_loaded(cpu); atomic_load32(&cell->state) == CELL_LOADING; cell_loaded(cpu))
			;
		power_vcpu_on(cpu, 1, 0x5000, n);
		for (u32 i = 0; i < n % 7; i++)
			sched_yield();
		cell_stop(cpu, STOP_SYSTEM_RESET, "first");
		cell_park(cpu); /* returns loading */
		in_time();
	}
	__atomic_store_n(&stop_threads, 1, __ATOMIC_SEQ_CST);
	for (cell_loaded(cpu); atomic_load32(&cell->state) == CELL_LOADING; cell_loaded(cpu))
		;
	power_vcpu_on(cpu, 1, 0x5000, 0);
	for (u32 i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(cell->incarnation, LIVES + 1);
	assert_int_equal(overlaps, 0);
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
		cmocka_unit_test_setup(many_lives, first_life),
	};
	return cmocka_run_group_tests_name("restart", tests, NULL, NULL);
}
