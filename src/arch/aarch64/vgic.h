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

/* ---- mediated cells (vgic_mediated.c, irq.c) ---- */

void vgic_mediated_init(void);                 /* all cells; boot CPU, before any other runs */
void vgic_mediated_cpu_init(struct cpu *cpu);
void vgic_mediated_start(struct cpu *cpu);     /* the vCPU is about to enter, in reset state */
void vgic_mediated_stop(struct cpu *cpu);      /* it goes to wait in the core */
bool vgic_mediated_access(struct cpu *cpu, u64 ipa, bool write, u32 size, u64 *value);
void vgic_mediated_sgi(struct cpu *cpu, u64 value); /* ICC_SGI1R_EL1 */
void vgic_mediated_dir(struct cpu *cpu, u64 value); /* ICC_DIR_EL1 */
/* A virtual device's output; any CPU. True: it has changed, so look at the device again. */
bool vgic_mediated_level(u16 cell, u32 line, bool high);
void vgic_mediated_collect(struct cpu *cpu);   /* a kick, or a maintenance interrupt */
bool vgic_mediated_line(struct cpu *cpu, u32 line); /* a physical line was acknowledged; false: not the cell's */
/* Around each use of the logic: list registers read, and written back. */
struct vgic_cpu *vgic_enter(struct cpu *cpu);
void vgic_leave(struct cpu *cpu);

#endif
