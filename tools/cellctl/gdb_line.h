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
};

extern const struct gdb_deeds gdb_line_deeds; /* of: struct gdb_line */
int gdb_line_open(struct gdb_line *l, struct cellctl *c, unsigned cell);

#endif
