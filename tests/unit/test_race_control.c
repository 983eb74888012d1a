/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* core/control.c, from several CPUs at once: every request that was accepted is carried out once, every refusal counted. */
#include "test.h"

#include "threads.h"
#include "core/audit.h"
#include "core/control.h"

static u32 done[LIFE_OP_COUNT]; /* of the service CPU alone */

enum life_result __wrap_life_do(u16 cell, enum life_op op, u16 by);
enum life_result __wrap_life_do(u16 cell, enum life_op op, u16 by)
{
	(void)cell;
	(void)by;
	done[op]++;
	return LIFE_OK;
}

static u32 accepted, denied, invalid;

/* linux on two vCPUs, control on one. */
static void *ask_on(void *argument)
{
	static const u8 ops[] = { LIFE_STATUS, LIFE_SUSPEND, LIFE_STOP, LIFE_KILL };
	u64 seed = (uintptr_t)argument * 77 + 1;
	struct control_status status;

	host_this = &host_cpus[(uintptr_t)argument];
	while (!stopped()) {
		enum life_op op = (enum life_op)ops[next_random(&seed) % ARRAY_COUNT(ops)];
		u64 number = host_this->cell_index == CELL_CONTROL ? next_random(&seed) % 3 : next_random(&seed) % 2;
		enum control_result result = control_ask(host_this, number, op);

		if (result == CONTROL_OK && op != LIFE_STATUS)
			__atomic_fetch_add(&accepted, 1, __ATOMIC_RELAXED);
		else if (result == CONTROL_DENIED)
			__atomic_fetch_add(&denied, 1, __ATOMIC_RELAXED);
		else if (result == CONTROL_INVALID)
			__atomic_fetch_add(&invalid, 1, __ATOMIC_RELAXED);
		control_status(host_this, 0, &status);
	}
	return NULL;
}

static void expect_refused(u32 origin, u32 *of_pairs, u32 *of_none)
{
	const struct audit *audit = audit_place();

	assert_true(audit->count[origin][AUDIT_REFUSED] <= AUDIT_ENTRIES); /* none was overwritten */
	for (u32 i = 0; i < AUDIT_ENTRIES; i++) {
		const struct audit_entry *entry = &audit->entries[origin][AUDIT_REFUSED][i];

		*(entry->target == CELL_NONE ? of_none : of_pairs) += entry->times;
	}
}

static void nothing_is_lost(void **state)
{
	pthread_t threads[3];
	u32 of_pairs = 0, of_none = 0;
	double start = now();

	(void)state;
	audit_init();
	for (u32 i = 0; i < CONTROL_COUNT; i++)
		unit_controls[i].rights = BIT(LIFE_STATUS) | BIT(LIFE_SUSPEND);
	for (uintptr_t i = 0; i < 3; i++)
		threads[i] = spawn(ask_on, i);
	host_this = &host_cpus[SERVICE];
	/* A fifth of a second, as the core sees it: so what is refused is one entry for each pair and operation */
	for (u32 ms = 0; ms < 200; ms++) {
		do
			control_serve();
		while (now() < start + PATIENCE / 2 / 200 * ms);
		__atomic_fetch_add(&host.now, HOST_HZ / 1000, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&stop_threads, 1, __ATOMIC_SEQ_CST);
	for (u32 i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	for (u32 i = 0; i < 10; i++) {
		host.now += HOST_HZ / 1000;
		control_serve();
	}
	assert_int_equal(done[LIFE_SUSPEND], accepted);
	assert_int_equal(done[LIFE_STOP] + done[LIFE_KILL] + done[LIFE_STATUS], 0);
	assert_true(accepted); /* how many is the machine's business */
	expect_refused(CELL_LINUX, &of_pairs, &of_none);
	expect_refused(CELL_CONTROL, &of_pairs, &of_none);
	assert_int_equal(of_pairs, denied);
	assert_int_equal(of_none, invalid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_is_lost, setup),
	};
	return cmocka_run_group_tests_name("race_control", tests, NULL, NULL);
}
