/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A vCPU touched an address that no page table maps: is a virtual device there? */
#ifndef CLOISON_CORE_MMIO_H
#define CLOISON_CORE_MMIO_H

#include "core/cell.h"

/*
 * Carry out an access of 1, 2, 4 or 8 bytes by the calling CPU's guest.
 * Returns false when no device is there or the access is not aligned: then
 * nothing has happened.
 */
bool mmio_access(struct cpu *cpu, u64 ipa, bool write, u32 size, u64 *value);

/* What is at cpu->glanced_at, 32 bits, if that is all there is to reading it; negative: mmio_access. For short exits. */
s64 glance_read(const struct cpu *cpu);

/* Is the address in the window of a virtual device of its cell? */
bool mmio_covers(const struct cpu *cpu, u64 ipa);

/*
 * After anything was done to a device: tell the port the level of its line,
 * also when it was so before (a direct cell's is a latch that nothing samples again).
 */
void mmio_settle(const struct vdev_config *dev);

#endif
