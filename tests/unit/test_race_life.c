/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The life of a cell with threads for its two vCPUs and the service CPU, at the
 * speed of the machine and under ThreadSanitizer: what is tested in all
 * interleavings by paths/, here with everything around it as it is.
 */
#include "test.h"

#include "threads.h"
#include "core/boot.h"
#include "core/crash.h"
#include "core/life_steps.h"

static struct cell *const cell = &cells[CELL_LINUX];
static u32 in_guest[2];  /* [A] the life of the guest that executes there; 0: none */
static u32 overlaps, operations;

static u32 random_of(u64 *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(*seed >> 33);
}

static void out_of_waiting(struct cpu *cpu)
{
	(void)cpu;
	if (stopped())
		host_leave(HOST_ESCAPE);
	sched_yield();
}

static bool reaches_memory(void)
{
	return __atomic_load_n(machine_cells[CELL_LINUX].arch.root, __ATOMIC_ACQUIRE);
}

static void fault(struct cpu *cpu)
{
	if (life_was_suspended(cpu))
		return;
	if (!cell_is_ending(CELL_LINUX))
		cell_stop(cpu, STOP_FAULT, "its own");
	cell_park(cpu);
}

/* A few instructions, then something that leaves it, or nothing. */
static void guest(struct cpu *cpu, u64 *seed)
{
	u32 n = cpu->vcpu_index;

	if (!reaches_memory()) {
		fault(cpu);
		return;
	}
	__atomic_store_n(&in_guest[n], 1, __ATOMIC_SEQ_CST);
	sched_yield();
	__atomic_store_n(&in_guest[n], 0, __ATOMIC_SEQ_CST);
	switch (random_of(seed) % 64) {
	case 0: fault(cpu); break;
	case 1: cell_stop(cpu, STOP_SYSTEM_RESET, NULL); cell_park(cpu); break;
	case 2: cell_stop(cpu, STOP_SYSTEM_OFF, NULL); cell_park(cpu); break;
	case 3: power_vcpu_on(cpu, 1, 0x5000, 0); break;
	case 4: if (n) power_vcpu_off(cpu); break;
	default: break;
	}
}

/* Nobody else is in the guest while its memory is cleared, unless he was given up: a thread that gets no time for a second of host.now. */
static void copier(struct cpu *cpu)
{
	bool given_up = atomic_load32(&cell->given_up) == KICK_SENT(atomic_load32(&cell->incarnation));

	if (cpu->copier == COPIER_CLEAR && !given_up && __atomic_load_n(&in_guest[1], __ATOMIC_SEQ_CST))
		__atomic_fetch_add(&overlaps, 1, __ATOMIC_RELAXED);
	cell_loaded(cpu);
}

static void live(struct cpu *cpu, u64 seed)
{
	cell_park(cpu);
	for (;;) {
		if (stopped())
			host_leave(HOST_ESCAPE);
		if (cpu->copier != COPIER_NONE)
			copier(cpu);
		else
			guest(cpu, &seed);
	}
}

static void *vcpu(void *argument)
{
	enum host_end end;
	u64 n = (uintptr_t)argument;

	host_this = &host_cpus[n];
	HOST_CATCH(end, live(host_this, n));
	(void)end;
	return NULL;
}

static void round_of_service(void)
{
	__atomic_add_fetch(&host.now, HOST_HZ / 1000, __ATOMIC_RELAXED);
	core_serve();
	in_time();
}

static bool is_at_rest(void)
{
	u32 state = atomic_load32(&cell->state);

	return state == CELL_STOPPED || state == CELL_FAILED || state == CELL_SUSPENDED || state == CELL_RUNNING;
}

/* From wherever it is: it comes to rest, and can be started again. Looked at once: one that runs may end by itself at any moment. */
static void is_not_lost(void)
{
	bool rests = is_at_rest();

	for (u32 i = 0; i < 1000000 && !rests; i++) {
		round_of_service();
		sched_yield();
		rests = is_at_rest();
	}
	if (!rests)
		print_error("state %u life %u released %u given up %u called %u, vCPUs: parked %u %u, state %u %u, copier %u, record %u of %u\n", cell->state,
			    cell->incarnation, cell->released, cell->given_up, cell->called, vcpus[0].parked, vcpus[1].parked,
			    vcpus[0].state, vcpus[1].state, host_cpus[0].copier, cell->record_state, cell->record.incarnation);
	assert_true(rests);
}

static void everything_at_once(void **state)
{
	static const enum life_op ops[] = { LIFE_START, LIFE_KILL, LIFE_RESTART, LIFE_SUSPEND, LIFE_RESUME, LIFE_RESUME, LIFE_START };
	double until = now() + PATIENCE;
	u64 seed = 4711;

	(void)state;
	overlaps = operations = 0;
	unit_lives[CELL_CONTROL].heartbeat_period = 0;
	unit_lives[CELL_LINUX].actions[EVENT_RESET] = ACTION_RESTART;
	cell->state = CELL_STOPPED;
	cell->cleaned = 1;
	vcpus[0].state = vcpus[1].state = VCPU_OFF;
	host.on_wait = out_of_waiting;
	host_this = &host_cpus[SERVICE];
	crash_init();
	pthread_t threads[2] = { spawn(vcpu, 0), spawn(vcpu, 1) };

	while (now() < until) {
		for (u32 rounds = random_of(&seed) % 8; rounds-- > 0;)
			round_of_service();
		operations += life_do(CELL_LINUX, ops[random_of(&seed) % ARRAY_COUNT(ops)], CONTROLLER_OPERATOR) == LIFE_OK;
		if (random_of(&seed) % 32 == 0)
			is_not_lost();
	}
	is_not_lost();
	life_do(CELL_LINUX, LIFE_KILL, CONTROLLER_OPERATOR);
	is_not_lost();
	assert_true(cell->state == CELL_STOPPED || cell->state == CELL_FAILED);
	for (u32 i = 0; i < 1000000 && life_missing(CELL_LINUX); i++)
		sched_yield(); /* who was given up comes in when he gets time */
	assert_int_equal(life_missing(CELL_LINUX), 0);
	assert_false(reaches_memory());
	__atomic_store_n(&stop_threads, 1, __ATOMIC_SEQ_CST);
	for (u32 i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(overlaps, 0);
	assert_true(operations > 10 && cell->incarnation > 3);
	print_message("%u operations, %u lives\n", operations, cell->incarnation);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup(everything_at_once, setup) };

	return cmocka_run_group_tests_name("race_life", tests, NULL, NULL);
}
