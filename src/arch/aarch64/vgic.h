/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What a cell sees of the GIC's memory-mapped part. */
#ifndef CLOISON_ARCH_AARCH64_VGIC_H
#define CLOISON_ARCH_AARCH64_VGIC_H

#include "core/cell.h"

/*
 * Access to the cell's distributor or to an RD frame of its redistributors;
 * the SGI frames are mapped. Returns false when ipa is neither. An access the
 * architecture does not define reads zero and writes nothing.
 */
bool vgic_access(struct cpu *cpu, u64 ipa, bool write, u32 size, u64 *value);
/*
 * GICD_TYPER as a cell sees it: number of lines and INTID bits as they are; no
 * 1-of-N (No1N), no LPIs, message-based SPIs, extended ranges, NMIs, security.
 */
static inline u32 vgic_typer(u32 physical)
{
	return (physical & (0x1fu | 0x1fu << 19)) | 1u << 25;
}
bool vgic_covers(const struct cpu *cpu, u64 ipa);

#endif
