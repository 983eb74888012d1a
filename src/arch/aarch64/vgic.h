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
bool vgic_covers(const struct cpu *cpu, u64 ipa);

#endif
