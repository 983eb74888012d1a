/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A cell as LINE_DEBUG shows it, in place of a board: two vCPUs that understand a dozen aarch64 instructions, and a page of
 * memory each for code and data. It runs a little whenever it is asked for its state, so nothing depends on time.
 */
#ifndef TESTS_CELLCTL_FAKE_CELL_H
#define TESTS_CELLCTL_FAKE_CELL_H

#include "gdb.h"

#define FAKE_BASE 0x40000000ull
#define FAKE_SIZE 0x2000u
#define FAKE_DATA 0x40001000ull
#define FAKE_VCPUS 2u

struct fake_cell {
	u8 memory[FAKE_SIZE];
	u64 registers[FAKE_VCPUS][GDB_REGISTERS];
	bool on[FAKE_VCPUS];
	struct { enum debug_point_kind kind; u32 size; u64 address; } points[2 * GDB_HARD];
	struct debug_state state;
	bool skip;         /* the instruction at a breakpoint, as the cell has just been there */
	u32 halts, goes, steps, writes, given, left;
	u32 kept;          /* breakpoints that a successor would be told of */
	u64 vbar, elr;
	u32 interrupts;    /* so many steps lead to its handler */
	enum line_status refuse; /* not LINE_OK: everything is answered so */
};

extern const struct gdb_deeds fake_deeds; /* of: struct fake_cell */
void fake_reset(struct fake_cell *f, const u32 *code, u32 count); /* halted, all vCPUs on at FAKE_BASE */
u32 fake_word(const struct fake_cell *f, u64 address);

#endif
