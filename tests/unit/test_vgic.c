/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The interrupt logic of mediated cells (src/arch/aarch64/vgic_logic.h) against
 * a model of the architecture, by random plans (vgic_world.h).
 *
 *   VGIC_PLANS=N    so many plans instead of the usual
 *   VGIC_SEED=S     the first one's seed; a failure prints the seed of its plan, and what is left when the plan is
 *                   shrunk. VGIC_SEED=S VGIC_PLANS=1 repeats it
 *   VGIC_STEPS=N    steps in a plan
 */
#include "test.h"

#include "vgic_world.h"

enum { PLANS = 1500, STEPS = 400, STEPS_MAX = 100000 };

static u64 number_of(const char *name, u64 otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void show(u64 seed, u64 *plan, u32 count)
{
	fprintf(stderr, "VGIC_SEED=%llu: step %u: %s\n", (unsigned long long)seed, world.step, world.message);
	count = world_shrink(plan, count);
	world_run(plan, count, true);
	fprintf(stderr, "VGIC_SEED=%llu: %u steps: %s\n", (unsigned long long)seed, count, world.message);
}

static void random_plans(void **state)
{
	u64 first = number_of("VGIC_SEED", 1), count = number_of("VGIC_PLANS", PLANS);
	u32 steps = (u32)number_of("VGIC_STEPS", STEPS);
	static u64 plan[STEPS_MAX];

	(void)state;
	assert_in_range(steps, 1, STEPS_MAX);
	for (u64 n = 0; n < count; n++) {
		u64 seed = (first + n) * 0x9e3779b97f4a7c15ULL;

		for (u32 i = 0; i < steps; i++)
			plan[i] = (u64)next_random(&seed) << 32 | next_random(&seed);
		if (!world_run(plan, steps, false)) {
			show(first + n, plan, steps);
			fail();
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(random_plans) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
