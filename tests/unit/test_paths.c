/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The life of a cell in all interleavings of its two vCPUs and the service CPU
 * (paths/): the code as it is, stopped before each access that others can see.
 * Memory is sequentially consistent here; docs/hardware-only.md says what that leaves.
 */
#include "test.h"

#include "paths/world.h"

#define OPS(start, kill, restart, suspend) (BIT(LIFE_START) * (start) | BIT(LIFE_KILL) * (kill) | BIT(LIFE_RESTART) * (restart) | \
	(BIT(LIFE_SUSPEND) | BIT(LIFE_RESUME)) * (suspend))

static void all(const char *what, struct budget budget, enum beginning beginning)
{
	struct paths paths = {
		.threads = machine_service_cpu == SERVICE ? 3 : 2, .run = world_cpu, .ready = world_ready, .before = world_before,
		.check = world_check, .is_stable = world_is_stable,
	};

	world_begin(&budget, beginning);
	assert_true(paths_explore(&paths));
	print_message("%s: %lu states, %lu steps\n", what, paths.states, paths.edges);
}

#define TEST(name, beginning, ...) \
	static void name(void **state) { (void)state; all(#name, (struct budget){ __VA_ARGS__ }, beginning); }

TEST(boots, BOOTS, 0)
TEST(started_by_hand, BY_HAND, .operations = 1, .allowed = OPS(1, 0, 0, 0))
TEST(killed, RUNS, .operations = 1, .allowed = OPS(0, 1, 0, 0))
TEST(restarted, RUNS, .operations = 1, .allowed = OPS(0, 0, 1, 0))
TEST(both_fault, RUNS, .faults = { 1, 1 })
TEST(suspended, RUNS, .operations = 2, .allowed = OPS(0, 0, 0, 1))
TEST(suspended_again, RUNS, .operations = 4, .allowed = OPS(0, 0, 0, 1))
TEST(suspended_and_faults, RUNS, .operations = 2, .allowed = OPS(0, 0, 0, 1), .faults = { 0, 1 })
TEST(power_and_off, RUNS, .offs = 1, .power = 2)
TEST(killed_and_off, RUNS, .operations = 1, .allowed = OPS(0, 1, 1, 0), .offs = 1)
TEST(policy, RUNS, .policy = 1, .faults = { 1, 0 })
TEST(copier_faults, RUNS, .operations = 1, .allowed = OPS(0, 0, 1, 0), .copier = 1)
TEST(deaf, RUNS, .operations = 1, .allowed = OPS(0, 1, 1, 0), .deaf = 1, .timeouts = 1)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boots), cmocka_unit_test(started_by_hand), cmocka_unit_test(killed), cmocka_unit_test(restarted),
		cmocka_unit_test(both_fault), cmocka_unit_test(suspended), cmocka_unit_test(suspended_again), cmocka_unit_test(suspended_and_faults),
		cmocka_unit_test(power_and_off), cmocka_unit_test(killed_and_off), cmocka_unit_test(policy),
		cmocka_unit_test(copier_faults), cmocka_unit_test(deaf),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}
