/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What the interrupt numbers of a mediated cell are: const, from cellgen. They
 * are numbered for each cell by itself. Apart from arch_machine.h because of
 * its size, VGIC_WORDS words of 32 INTIDs, which is a generated count: as many
 * as any cell needs, 9 at least (what QEMU's virt has), 31 at most.
 */
#ifndef CLOISON_ARCH_AARCH64_VGIC_CONFIG_H
#define CLOISON_ARCH_AARCH64_VGIC_CONFIG_H

#include "core/types.h"
#include "counts.h"

#define VGIC_LINES (VGIC_WORDS * 32u)
_Static_assert(VGIC_WORDS <= 31, "a vCPU's summary has a bit for each word and one more");

struct vgic_config {
	u32 linked[VGIC_WORDS];   /* bit: a physical line stands behind it; word 0: PPIs of the timers */
	u32 soft[VGIC_WORDS];     /* bit: output of a virtual device; word 0 is zero */
	u32 edge[VGIC_WORDS];     /* bit: edge-triggered, from the tree; word 0: the SGIs */
	u16 physical[VGIC_LINES]; /* physical INTID of each linked one; a PPI's is its own */
};

#endif
