/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What a cell sees of the GIC's memory-mapped part. */
#ifndef CLOISON_ARCH_AARCH64_VGIC_H
#define CLOISON_ARCH_AARCH64_VGIC_H

#include "core/cell.h"
#include "its.h"

/*
 * Access to the cell's distributor or to an RD frame of its redistributors;
 * the SGI frames are mapped. Returns false when ipa is neither. An access the
 * architecture does not define reads zero and writes nothing.
 */
bool vgic_access(struct cpu *cpu, u64 ipa, bool write, u32 size, u64 *value);
/*
 * GICD_TYPER as a direct cell sees it: number of lines and INTID bits as they are; no
 * 1-of-N (No1N), message-based SPIs, extended ranges, NMIs, security. LPIS and as many
 * INTID bits as there are LPIs if it has the ITS.
 */
static inline u32 vgic_typer(u32 physical, bool lpis)
{
	return (physical & 0x1fu) | (lpis ? 1u << 17 | (LPI_BITS - 1) << 19 : physical & 0x1fu << 19) | 1u << 25;
}
bool vgic_covers(const struct cpu *cpu, u64 ipa);

/* ---- mediated cells (vgic_mediated.c, irq.c) ---- */

void vgic_mediated_restore(u16 cell);          /* the cell's as at boot; none of its vCPUs runs */
void vgic_mediated_cpu_init(struct cpu *cpu);  /* once */
void vgic_mediated_start(struct cpu *cpu);     /* the vCPU is about to enter, in reset state */
void vgic_mediated_stop(struct cpu *cpu);      /* it goes to wait in the core */
bool vgic_mediated_access(struct cpu *cpu, u64 ipa, bool write, u32 size, u64 *value); /* as vgic_access */
/* A trapped register of the CPU interface, by its name in the syndrome (ISS_SYSREG). False: not one of them. */
bool vgic_mediated_trap(struct cpu *cpu, u32 name, bool read, u64 *value);
/* A physical line was acknowledged and its priority dropped; line: the cell's own number for it. False: it storms; nothing done. */
bool vgic_mediated_line(struct cpu *cpu, u32 intid, u32 line);
/* Bring list registers up to date, whether or not there is news. */
void vgic_mediated_sync(struct cpu *cpu);
/* The same if there is news: before the guest goes on after anything that may have posted some. */
void vgic_mediated_settle(struct cpu *cpu);
/* Sleep for the guest until an interrupt of its own may be there; may return early. */
void vgic_mediated_wait(struct cpu *cpu);
/* It waits in the core, and keeps everything; then it goes on, and what has come meanwhile comes in (pause.c). */
void vgic_mediated_pause(void);
void vgic_mediated_resume(struct cpu *cpu);
/* The physical INTID `line` on this CPU as its cell numbers it; 0: not its cell's. */
u32 vgic_mediated_owned(const struct cpu *cpu, u32 intid);

#endif
