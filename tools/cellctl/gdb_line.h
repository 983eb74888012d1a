/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* gdb's deeds, done to a cell of a board. */
#ifndef CELLCTL_GDB_LINE_H
#define CELLCTL_GDB_LINE_H

#include "cellctl_debug.h"
#include "gdb.h"
#include "walk.h"

#define GDB_PAGES 64u

struct gdb_page { /* of 4 KiB */
	u64 from, to;
	bool valid;
};

struct gdb_line {
	struct cellctl *c;
	unsigned cell;
	u16 on;        /* the number of NAMES_POWER that means it */
	u16 vcpu;      /* whose registers and pages these are */
	bool known;
	struct cellctl_registers registers;
	struct gdb_page pages[GDB_PAGES];
	u32 life;
	char left[4096]; /* file of the breakpoints that are in memory; empty: none is kept */
};

extern const struct gdb_deeds gdb_line_deeds; /* of: struct gdb_line */
/* left: a file for the breakpoints, NULL: none. */
void gdb_line_open(struct gdb_line *l, struct cellctl *c, unsigned cell, const char *left);

/* ---- gdb_left.c ---- */

void gdb_left_keep(void *of, const struct gdb_soft *soft);
/* The cell is halted: what somebody has left in it who was killed is taken out. How many breakpoints that were. */
unsigned gdb_left_repair(struct gdb_line *l);

#endif
