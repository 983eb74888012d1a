/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * libFuzzer target: the input is a plan of commands and register writes for the
 * ITS that a cell sees (tests/unit/vits_world.h), judged against its tables as
 * the architecture has them.
 *
 *   tests/fuzz/run [seconds [output folder [vits]]]
 */
#include <stdio.h>
#include <stdlib.h>

#include "vits_world.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	if (vits_world_run(data, (u32)size))
		return 0;
	fprintf(stderr, "fuzz_vits: %s\n", vits_world_message);
	abort();
}
