/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * State of one virtual Arm SP805 watchdog (vdev/sp805.c).
 *
 * vCPUs of the cell and the service CPU use it at once, without a lock. What
 * decides is one word, `next`, which is changed by compare-and-swap where the
 * service CPU does it. The other words are the [G]uest's, and vCPUs that race
 * with each other for them spoil nothing but their own watchdog.
 *
 * Zero-initialized, then reset() before the first vCPU runs.
 */
#ifndef CLOISON_VDEV_SP805_H
#define CLOISON_VDEV_SP805_H

#include "core/types.h"

#define SP805_HZ 32768u /* WDOGCLK, as on Arm's boards; cellgen writes it into the guest's tree */

struct vdev_sp805 {
	/*
	 * [A] ticks << 1 | interrupt: when the count reaches zero next, 0: it does not count;
	 * and whether it has reached zero since the interrupt was cleared.
	 */
	u64 next;
	u32 load;    /* [G] WdogLoad */
	u32 control; /* [G] WdogControl */
	u32 held;    /* [G] WdogValue while it does not count; the service CPU when it has run out */
	u32 locked;  /* [G] WdogLock */
} __attribute__((aligned(64))); /* no exclusive monitor shared with another cell */

struct vdev;
extern const struct vdev vdev_sp805;

#endif
