/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What the service CPU alone sees at EL2: the crash region, past the caches, of which it has no colour; and the two frames of the board's watchdog. */
#include "parts.h"
#include "pte.h"

void arch_map_life(const struct decision *d, const struct space *s)
{
	const struct hypervisor *h = &d->hyp;

	if (h->crash.reserve != RESERVE_NONE) {
		const struct reserve *region = &d->reserves[h->crash.reserve];

		arch_map(s, region->phys, region->phys, region->size, EL2_UNCACHED);
	}
	for (u32 i = 0; h->watchdog.device != DEVICE_NONE && i < 2; i++) {
		u64 frame = d->devices[h->watchdog.device].regs[i].base;

		arch_map(s, frame, frame, PAGE_SIZE, EL2_MMIO);
	}
}
