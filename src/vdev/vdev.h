/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What a virtual device is to the core. One file per device; cellgen selects
 * it by the compatible string of a cell's child node. A device never includes
 * anything of an ISA, so that each can be tested as a host program.
 */
#ifndef CLOISON_VDEV_VDEV_H
#define CLOISON_VDEV_VDEV_H

#include "core/machine.h"

/*
 * Register access by a vCPU of the owning cell: offset is within the device's
 * window and aligned to size; size is 1, 2, 4 or 8 bytes. Several vCPUs may
 * call at once; a device's state must stay sane (not correct) under a guest
 * that does not lock. No call may block or loop over guest-controlled counts.
 */
#define VDEV_CONSOLE_KICK 1024u /* pending() at which the console is called at once, not at its next tick */

struct vdev {
	u64 (*read)(const struct vdev_config *dev, u64 offset, u32 size);
	void (*write)(const struct vdev_config *dev, u64 offset, u32 size, u64 value);
	/* Back to the reset state. No vCPU of the cell is running. */
	void (*reset)(const struct vdev_config *dev);
	/* Is the interrupt output high? Any CPU may ask. */
	bool (*level)(const struct vdev_config *dev);
	/*
	 * Devices that count time (NULL otherwise). tick: the service CPU, in each of its rounds while the cell runs; true:
	 * it has run out (EVENT_WATCHDOG) since the last call. slept: the cell was suspended for so many ticks, which do not count.
	 * Their time is core/time.h.
	 */
	bool (*tick)(const struct vdev_config *dev);
	void (*slept)(const struct vdev_config *dev, u64 ticks);
	void (*key)(const struct vdev_config *dev, bool pressed); /* devices with a power key: service CPU; NULL otherwise */
	/* Consoles only (NULL otherwise); called by the console's pump, one CPU at a time. */
	u32 (*take)(const struct vdev_config *dev, u8 *buffer, u32 size); /* bytes written by the guest; returns how many */
	u32 (*pending)(const struct vdev_config *dev);                     /* bytes waiting to be taken */
	u32 (*peek)(const struct vdev_config *dev, u8 *buffer, u32 size); /* the last of these, which go on waiting; returns how many */
	bool (*put)(const struct vdev_config *dev, u8 byte);               /* one byte of input; false: receiver full */
	u32 (*room)(const struct vdev_config *dev);                        /* bytes of input it still takes */
	u64 (*dropped)(const struct vdev_config *dev);                     /* bytes lost so far */
	/*
	 * The same: what read() of 32 bits at glance_offset would give, if that changes nothing and level() is low, and there
	 * is no less to do if it is not called; negative: read() knows. Called on a port's short exits (core/glance.c). NULL: there is none.
	 */
	s64 (*glance)(const struct vdev_config *dev);
	u64 glance_offset; /* of a register that drivers poll */
};

#include "vdev/pl011.h"
#include "vdev/pl061.h"
#include "vdev/sp805.h"

#endif
