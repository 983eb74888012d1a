/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Loading a stopped cell again, as its policy says (cloison,restart). Called by
 * the life of a cell (cell.c), the console and the service CPU; restart_none.c
 * is a core without CONFIG_RESTART.
 */
#ifndef CLOISON_CORE_RESTART_H
#define CLOISON_CORE_RESTART_H

#include "core/cell.h"

enum restart_step {
	RESTART_SLEEP, /* nothing to do until the next kick */
	RESTART_LOOK,  /* somebody is between a kick and his word: look again at once */
	RESTART_DONE,  /* the cell is loading, and this CPU is to enter the copier */
};

/* What a stop for this reason leads to: CELL_RESTARTING, or where the cell stays. */
u32 restart_decide(const struct cpu *cpu, enum stop_reason reason);
/* A parked vCPU's part in the restart of its cell; each time round. */
enum restart_step restart_poll(struct cpu *cpu);
/* The copier has called: does it have more to do before the cell may run? */
bool restart_cleans(struct cpu *cpu);
/* The cell's record is written but for what becomes of the cell: one short line more. Pump. */
void restart_reported(u16 cell);
/* Each round of the service CPU, after the pump: cells whose record is told may go on. */
void restart_serve(void);

#endif
