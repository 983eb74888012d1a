/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What cells' devices may write: switched on and off with the cell's life, and
 * what they tried besides, told on the console. iommu_none.c is a core without
 * CONFIG_IOMMU.
 *
 * An IOMMU has one queue of commands and the cells have many CPUs. Nobody waits
 * for it: who wants something leaves a wish and pumps; who finds another CPU
 * pumping goes on, as that one looks again before it leaves.
 */
#ifndef CLOISON_CORE_IOMMU_H
#define CLOISON_CORE_IOMMU_H

#include "core/cell.h"

/* Every stream aborts from here on. Boot CPU, before any cell and any other CPU; panics if an IOMMU is not what was declared. */
void iommu_init(void);
/* The cell's streams are to reach its memory, or nothing; at once or, if another CPU is at it, soon. Any CPU of the cell. */
void iommu_switch(u16 cell, bool on);
/* Nothing that was wished for the cell's streams is outstanding, in the hardware either. */
bool iommu_settled(u16 cell);
/* Outstanding wishes, and at most some events: service CPU each round; without one, whoever pumps the console. */
void iommu_serve(void);
/* A line of the status, about stream number n: false if there is none (n >= STREAM_COUNT). */
bool iommu_status(u32 n);

#endif
