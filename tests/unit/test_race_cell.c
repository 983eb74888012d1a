/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Several CPUs of one cell at once, each a thread; also built with
 * ThreadSanitizer: one winner switches a vCPU on, one record is written.
 */
#include "test.h"

#include "threads.h"

#define POWER_ROUNDS 20000u
static u32 power_wins[2];

/* Both callers play vCPU 0; entry and argument of a call belong together. */
static void *switcher(void *argument)
{
	u64 id = (uintptr_t)argument;

	for (u32 n = 0; !stopped(); n++) {
		u64 token = id << 32 | n;
		enum power_result result = power_vcpu_on(&host_cpus[0], 1, token, ~token);

		assert_true(result == POWER_OK || result == POWER_ALREADY_ON || result == POWER_ON_PENDING);
		if (result == POWER_OK)
			__atomic_fetch_add(&power_wins[id], 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void on_and_off(void **state)
{
	struct cpu *cpu = &host_cpus[1];
	double end = now() + PATIENCE;
	u32 rounds = 0;

	(void)state;
	power_wins[0] = power_wins[1] = 0;
	pthread_t callers[2] = { spawn(switcher, 0), spawn(switcher, 1) };

	host_this = cpu;
	for (; rounds < POWER_ROUNDS && now() < end; rounds++) {
		power_vcpu_off(cpu); /* returns switched on again */
		assert_int_equal(cpu->frame.x[0], ~cpu->frame.pc);
		assert_int_equal(host.kick_pending[1], 0); /* or the guest would get it */
	}
	__atomic_store_n(&stop_threads, 1, __ATOMIC_SEQ_CST);
	for (u32 i = 0; i < 2; i++)
		pthread_join(callers[i], NULL);
	assert_int_equal(power_wins[0] + power_wins[1], rounds);
	assert_int_equal(cpu->arch.resets, rounds);
	assert_int_equal(host.kicks[1], rounds);
}

/* ---- two vCPUs fault at once ---- */

static u32 at_the_line;

static void *faulter(void *argument)
{
	struct cpu *cpu = &host_cpus[(uintptr_t)argument];

	host_this = cpu;
	cpu->frame.pc = cpu->index;
	cpu->frame.x[7] = cpu->index;
	__atomic_fetch_add(&at_the_line, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&at_the_line, __ATOMIC_ACQUIRE) % 2)
		in_time();
	cell_stop(cpu, STOP_FAULT, cpu->index ? "one" : "zero");
	return NULL;
}

static void one_record(void **state)
{
	(void)state;
	for (u32 round = 0; round < 300; round++) {
		setup(state);
		at_the_line = 0;
		pthread_t guests[2] = { spawn(faulter, 0), spawn(faulter, 1) };

		for (u32 i = 0; i < 2; i++)
			pthread_join(guests[i], NULL);
		const struct record *record = &cells[CELL_LINUX].record;

		assert_int_equal(cells[CELL_LINUX].record_state, RECORD_READY);
		assert_int_equal(record->pc, record->cpu);
		assert_int_equal(record->regs[7], record->cpu);
		assert_string_equal(record->what, record->cpu ? "one" : "zero");
		assert_int_equal(host.revoked[CELL_LINUX], 1);
		assert_int_equal(host.silenced[CELL_LINUX], 1);
		assert_int_equal(host.kicks[0] + host.kicks[1], 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(on_and_off, setup),
		cmocka_unit_test_setup(one_record, setup),
	};
	return cmocka_run_group_tests_name("race_cell", tests, NULL, NULL);
}
