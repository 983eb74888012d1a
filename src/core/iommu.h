/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What cells' devices may write: switched on and off with the cell's life
 * (iommu.c), and what they tried besides, told on the console (iommu_events.c).
 * iommu_none.c is a core without CONFIG_IOMMU.
 *
 * An IOMMU has one queue of commands and the cells have many CPUs. Nobody waits
 * for it: who wants something leaves a wish and pumps; who finds another CPU
 * pumping goes on, as that one looks again after it has left.
 */
#ifndef CLOISON_CORE_IOMMU_H
#define CLOISON_CORE_IOMMU_H

#include "core/cell.h"

/* What the hardware does with a cell's streams. */
enum iommu_state {
	IOMMU_OFF,    /* its streams reach nothing, and nothing of theirs is under way; so it is for a cell without any */
	IOMMU_ON,     /* they reach its memory */
	IOMMU_BUSY,   /* one of the two, soon */
	IOMMU_BROKEN, /* the hardware did not answer once */
};

/* Every stream aborts from here on. Boot CPU, before any cell and any other CPU; panics if an IOMMU is not what was declared. */
void iommu_init(void);
/* The cell's streams reach its memory, or the cell is stopped. First CPU of the cell. */
void iommu_start(struct cpu *cpu);
/* They reach nothing; at once or, if another CPU is at it, soon. Any CPU of the cell. */
void iommu_stop(u16 cell);
enum iommu_state iommu_state(u16 cell);
/* Outstanding wishes, and at most some events: service CPU each round; without one, whoever pumps the console. */
void iommu_serve(void);
/* What the cell's devices were refused so far. Service CPU. */
u64 iommu_refused(u16 cell);
/* A line of the status: of stream n, then of the IOMMUs. False: there is no such line. */
bool iommu_status(u32 n);

#endif
