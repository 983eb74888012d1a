/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Of libcellctl: debugging a cell whose partition says cloison,debug = "gdb". From the first cellctl_halt on a debugger is there,
 * until cellctl_leave or the end of the session. Or, all in one, instructions that are run in a cell:
 *
 *     const uint32_t code[] = { 0xd2800540, 0xd4200000 };    mov x0, #42; brk #0
 *     struct cellctl_run run = { .code = code, .code_count = 2 };
 *
 *     if (!cellctl_run(c, cell, &run))
 *             printf("x0 = %llu\n", (unsigned long long)run.after.x[0]);
 */
#ifndef CELLCTL_DEBUG_H
#define CELLCTL_DEBUG_H

#include "cellctl.h"

struct cellctl_registers {
	uint64_t x[31], sp, pc, pstate;
	/* _EL1: what addresses are translated by, and where exceptions go */
	uint64_t sctlr, tcr, ttbr0, ttbr1, vbar, elr;
};
enum { CELLCTL_X0, CELLCTL_SP = 31, CELLCTL_PC, CELLCTL_PSTATE }; /* numbers for cellctl_set_register */

/* Returns when all its CPUs wait; tried again for so many milliseconds while the cell is being loaded or ends. CELLCTL_NO: it does not run. */
int cellctl_halt(struct cellctl *c, unsigned cell, unsigned timeout);
/* The cell is held before the first instruction of its next life. */
int cellctl_halt_first(struct cellctl *c, unsigned cell);
int cellctl_go(struct cellctl *c, unsigned cell, enum debug_go how);
/* It goes on, without breakpoints, and what BRKs it meets are its own. */
int cellctl_leave(struct cellctl *c, unsigned cell);
/* Begins one instruction; cellctl_debug_state says when it is done. */
int cellctl_step(struct cellctl *c, unsigned cell, unsigned vcpu);
int cellctl_debug_state(struct cellctl *c, unsigned cell, struct debug_state *state);
/* Poll until it is halted; CELLCTL_TIMEOUT: it still runs after so many milliseconds. */
int cellctl_wait_halted(struct cellctl *c, unsigned cell, struct debug_state *state, unsigned timeout);
int cellctl_registers(struct cellctl *c, unsigned cell, unsigned vcpu, struct cellctl_registers *registers);
int cellctl_set_register(struct cellctl *c, unsigned cell, unsigned vcpu, unsigned number, uint64_t value);
int cellctl_point(struct cellctl *c, unsigned cell, unsigned number, enum debug_point_kind kind, unsigned size, uint64_t address);
/* Memory by its guest-physical address: the cell's own RAM. Any size. */
int cellctl_read_memory(struct cellctl *c, unsigned cell, unsigned vcpu, uint64_t address, void *to, size_t size);
int cellctl_write_memory(struct cellctl *c, unsigned cell, unsigned vcpu, uint64_t address, const void *from, size_t size);

/* ---- instructions ---- */

struct cellctl_data {
	uint64_t address; /* guest-physical */
	void *bytes;
	size_t size;
};

struct cellctl_run {
	/* What is wanted: */
	const uint32_t *code;      /* ends with a BRK, or one is put behind it */
	size_t code_count;
	uint64_t address;          /* where it goes; 0: where x0 of the waiting guest points, up to x1 bytes */
	const struct cellctl_data *data; /* written before */
	size_t data_count;
	const struct cellctl_data *read; /* read after */
	size_t read_count;
	uint64_t x[31];
	uint32_t given;            /* bit n: x[n] is set before; else it is 0 */
	unsigned limit;            /* milliseconds; 0: 1000 */
	/* What it came to: */
	struct cellctl_registers after;
	enum debug_why why;        /* DEBUG_BRK; DEBUG_ASKED: the limit; DEBUG_ENDED: the cell has, and there is nothing to be read */
	unsigned brk;              /* number of the BRK */
};

/*
 * On vCPU 0: halt, write, set registers, go, wait, read; then the cell is as it was, but for memory: it waits on. 0 also if the limit came, or the cell has ended (`why`).
 */
int cellctl_run(struct cellctl *c, unsigned cell, struct cellctl_run *run);

#endif
