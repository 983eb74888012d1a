/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * State of one virtual Arm PL061 GPIO (vdev/pl061.c).
 *
 * vCPUs of the cell and the service CPU, which has the key, use it at once and
 * without a lock. [G]uest: vCPUs write it, [K]ey: the service CPU does.
 *
 * Zero-initialized, then reset() before the first vCPU runs.
 */
#ifndef CLOISON_VDEV_PL061_H
#define CLOISON_VDEV_PL061_H

#include "core/types.h"

#define PL061_POWER_KEY 3u /* the input the power key is at, as on QEMU's virt; high: pressed */
#define PL061_REG_COUNT 9u /* GPIODIR .. GPIOAFSEL */

struct vdev_pl061 {
	u32 regs[PL061_REG_COUNT]; /* [G] by (offset - 0x400) / 4; those that only store */
	u32 output;                /* [G] what was written to GPIODATA */
	u32 pressed;               /* [K] */
	u32 edges;                 /* [A] seen and not cleared: the key sets, the guest clears */
} __attribute__((aligned(64))); /* no exclusive monitor shared with another cell */

struct vdev;
extern const struct vdev vdev_pl061;

#endif
