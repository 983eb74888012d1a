/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The port contract as it is, but that every atomic access lets other CPUs in before it (paths.h). */
#ifndef TESTS_UNIT_PATHS_ARCH_H
#define TESTS_UNIT_PATHS_ARCH_H

#define atomic_load32 plain_load32
#define atomic_store32 plain_store32
#include_next "arch/arch.h"
#undef atomic_load32
#undef atomic_store32

void paths_step(const char *what);
bool paths_shared(const void *p); /* is it anything that another CPU cares for? */

static inline u32 atomic_load32(const u32 *p)
{
	if (paths_shared(p))
		paths_step("load");
	return plain_load32(p);
}

static inline void atomic_store32(u32 *p, u32 v)
{
	if (paths_shared(p))
		paths_step("store");
	plain_store32(p, v);
}

#endif
