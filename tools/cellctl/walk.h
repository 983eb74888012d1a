/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * From a guest's virtual address to its physical one, as its CPU would: the core reads guest-physical memory only, and the
 * guest's tables are memory, too. aarch64, EL1&0, granules of 4, 16 and 64 KiB, 48 bits (Arm ARM, D8). Little-endian tables.
 */
#ifndef CELLCTL_WALK_H
#define CELLCTL_WALK_H

#include "core/types.h"

struct walk {
	u64 sctlr, tcr, ttbr0, ttbr1;                       /* of the vCPU, _EL1 */
	bool (*read)(void *of, u64 physical, u64 *entry); /* 8 bytes, aligned; false: not to be had */
	void *of;
};

/* False: nothing is mapped there. left: so many bytes from there on are behind each other in physical memory, too. */
bool walk_address(const struct walk *w, u64 address, u64 *physical, u64 *left);

#endif
