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

/* Those that take minutes only if they are wanted: PATHS=all in the environment. */
static bool is_wanted(bool quick)
{
	const char *paths = getenv("PATHS");

	return quick || (paths && !strcmp(paths, "all"));
}

#define TEST(name, quick, beginning, ...)                                   \
	static void name(void **state)                                      \
	{                                                                   \
		(void)state;                                                \
		if (!is_wanted(quick))                                      \
			skip();                                             \
		all(#name, (struct budget){ __VA_ARGS__ }, beginning);      \
	}
#define ALWAYS true
#define SHARED (machine_service_cpu != SERVICE) /* two coroutines have far fewer paths than three */

TEST(boots, ALWAYS, BOOTS, 0)
TEST(started_by_hand, ALWAYS, BY_HAND, .operations = 1, .allowed = OPS(1, 0, 0, 0))
TEST(killed, ALWAYS, RUNS, .operations = 1, .allowed = OPS(0, 1, 0, 0))
TEST(restarted, ALWAYS, RUNS, .operations = 1, .allowed = OPS(0, 0, 1, 0))
/* Its first start, or the next, is stopped again at any point of it: the second operation may come before the first has ended. */
TEST(stopped_early, SHARED, BY_HAND, .operations = 2, .allowed = OPS(1, 1, 0, 0))
TEST(restarted_twice, false, RUNS, .operations = 2, .allowed = OPS(0, 0, 1, 0))
/* Its second vCPU switches itself off first. */
TEST(parked, SHARED, RUNS, .operations = 1, .allowed = OPS(0, 1, 0, 0), .power = 1)
TEST(both_fault, SHARED, RUNS, .faults = { 1, 1 })
TEST(suspended, ALWAYS, RUNS, .operations = 2, .allowed = OPS(0, 0, 0, 1))
TEST(suspended_again, ALWAYS, RUNS, .operations = 4, .allowed = OPS(0, 0, 0, 1))
/* One that is in the core with something of its own is not waited for for ever, and looks at its fault when all is over. */
TEST(suspended_late, SHARED, RUNS, .operations = 2, .allowed = OPS(0, 0, 0, 1), .timeouts = 1)
TEST(suspended_and_faults, SHARED, RUNS, .operations = 2, .allowed = OPS(0, 0, 0, 1), .faults = { 0, 1 })
TEST(power_and_off, false, RUNS, .offs = 1, .power = 2)
TEST(killed_and_off, false, RUNS, .operations = 1, .allowed = OPS(0, 1, 1, 0), .offs = 1)
TEST(policy, SHARED, RUNS, .policy = 1, .faults = { 1, 0 })
TEST(copier_faults, SHARED, RUNS, .operations = 1, .allowed = OPS(0, 0, 1, 0), .copier = 1)
TEST(deaf, false, RUNS, .operations = 1, .allowed = OPS(0, 1, 1, 0), .deaf = 1, .timeouts = 2) /* the first may pass too early */

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boots), cmocka_unit_test(started_by_hand), cmocka_unit_test(killed), cmocka_unit_test(restarted),
		cmocka_unit_test(stopped_early), cmocka_unit_test(restarted_twice), cmocka_unit_test(parked), cmocka_unit_test(suspended_late),
		cmocka_unit_test(both_fault), cmocka_unit_test(suspended), cmocka_unit_test(suspended_again), cmocka_unit_test(suspended_and_faults),
		cmocka_unit_test(power_and_off), cmocka_unit_test(killed_and_off), cmocka_unit_test(policy),
		cmocka_unit_test(copier_faults), cmocka_unit_test(deaf),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}
