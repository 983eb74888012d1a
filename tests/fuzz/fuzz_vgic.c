/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * libFuzzer target: the input is a plan for the two worlds of
 * tests/unit/vgic_world.h, the interrupt logic of mediated cells and a model
 * of the architecture. Each eight bytes are a step; what fails is shrunk and shown.
 *
 *   tests/fuzz/run [seconds [output folder]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vgic_world.h"

enum { STEPS_MAX = 512 };

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static u64 plan[STEPS_MAX];
	u32 count = (u32)(size / sizeof *plan < STEPS_MAX ? size / sizeof *plan : STEPS_MAX);

	memcpy(plan, data, count * sizeof *plan);
	if (world_run(plan, count, false))
		return 0;
	fprintf(stderr, "fuzz_vgic: step %u: %s\n", world.step, world.message);
	count = world_shrink(plan, count);
	world_run(plan, count, true);
	fprintf(stderr, "fuzz_vgic: %u steps: %s\n", count, world.message);
	abort();
}
