/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Included before everything else into the code under test (Makefile): before
 * each access to a shared word another CPU may act.
 */
#ifndef TESTS_UNIT_VGIC_HOOKS_H
#define TESTS_UNIT_VGIC_HOOKS_H

extern unsigned int world_countdown; /* hooks until somebody acts; 0: nobody will */
void world_between(void);

static inline void world_hook(void)
{
	if (world_countdown && !--world_countdown)
		world_between();
}

#define __atomic_load_n(p, order) (world_hook(), __atomic_load_n(p, order))
#define __atomic_store_n(p, value, order) (world_hook(), __atomic_store_n(p, value, order))
#define __atomic_exchange_n(p, value, order) (world_hook(), __atomic_exchange_n(p, value, order))
#define __atomic_fetch_or(p, value, order) (world_hook(), __atomic_fetch_or(p, value, order))
#define __atomic_fetch_and(p, value, order) (world_hook(), __atomic_fetch_and(p, value, order))

#endif
