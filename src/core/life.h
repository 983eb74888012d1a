/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The life of a cell. What a cell does to itself (fault, reset, off) is decided
 * on its own CPU; what others want of it, the service CPU carries out. Both
 * change cells[].state by compare-and-swap, and who has changed it does what
 * the change asks for. docs/lifecycle.md explains it.
 *
 *     OFF, STOPPED, FAILED --start--> STARTING --> LOADING --> RUNNING --suspend--> SUSPENDED
 *                                        ^  |         |        |     ^                |   |
 *                                        |  |         |        |     +-- RESUMING <---+   |
 *                                        |  +---------+--------+-- stop, fault, ... ------+
 *                                        |                     v
 *                                        |   RESTARTING | STOPPING | FAILING    all CPUs in, devices off, memory clear:
 *                                        |       |           |          |
 *                                        +-------+        STOPPED     FAILED
 *
 * life.c is the service CPU's part, life_cpu.c that of the cell's own CPUs; life_table.c the table of all operations in
 * all states. life_none.c is a core without CONFIG_LIFECYCLE, for this header, control.h, watch.h, crash.h and health.h.
 */
#ifndef CLOISON_CORE_LIFE_H
#define CLOISON_CORE_LIFE_H

#include "core/cell.h"

/* What can be asked of a cell. Their bits are rights (machine_controls). The numbers are ABI. */
enum life_op {
	LIFE_STATUS,
	LIFE_START,
	LIFE_STOP,    /* asks first, if the cell can be asked */
	LIFE_RESTART, /* the same, and starts it again; starts one that is stopped */
	LIFE_SUSPEND,
	LIFE_RESUME,
	LIFE_KILL,    /* LIFE_STOP without asking; the right to it is that of LIFE_STOP */
	LIFE_OP_COUNT
};

/* The numbers are ABI. */
enum life_result {
	LIFE_OK,      /* done, or begun */
	LIFE_ALREADY, /* it is so */
	LIFE_REFUSED, /* not in this state */
	LIFE_ASKED,   /* the cell has been asked, and has some time */
	LIFE_DENIED,  /* no right to it: audit only */
	LIFE_LOST,    /* for the caller's own use: the state has changed meanwhile, look again */
};

/* The states as they are told: the three ways of stopping are one. The numbers are ABI. */
enum life_shown { SHOWN_OFF, SHOWN_LOADING, SHOWN_RUNNING, SHOWN_SUSPENDED, SHOWN_STOPPING, SHOWN_STOPPED, SHOWN_FAILED };

/* What an operation means in a state: result, and the state it leads to (the same one: no change). */
struct life_step {
	u8 result; /* enum life_result */
	u8 next;   /* enum cell_state */
};
extern const struct life_step life_table[LIFE_OP_COUNT][CELL_STATE_COUNT];
enum life_shown life_shown(u32 state);
extern const char life_op_names[LIFE_OP_COUNT][8]; /* "status", "start", ... as in cloison,controls-rights */
extern const char life_shown_names[SHOWN_FAILED + 1][10];
extern const char life_result_names[LIFE_LOST + 1][8];
extern const char life_reason_names[STOP_REASON_COUNT][10]; /* "fault" */
/* vCPUs that have not come in since the cell's last life ended, or ends. */
u32 life_missing(u16 cell);

/* ---- service CPU ---- */

/*
 * Carry an operation out, or begin it. by: a cell, CONTROLLER_OPERATOR, BY_POLICY; rights are not looked at here (control.c).
 * Never LIFE_DENIED, LIFE_LOST.
 */
enum life_result life_do(u16 cell, enum life_op op, u16 by);
/* The core's own decision: the cell is stopped with this reason, whatever it does, and ends in `end` (CELL_STOPPING, CELL_FAILING, CELL_RESTARTING; the restart limit is looked at). False: it had ended already. */
bool life_end(u16 cell, enum stop_reason reason, const char *what, u16 by, u32 end);
/* It is suspended, and all its CPUs are in. */
bool life_is_halted(u16 cell);
/* Each round, after console and crash: cells whose record is told and kept may go on; what was asked and is over time. */
void life_serve(void);

/* ---- the cell's own CPUs ---- */

enum life_place {
	LIFE_SLEEP, /* nothing to do until the next kick */
	LIFE_LOOK,  /* somebody is between a kick and his word: look again at once */
	LIFE_LEAVE, /* this CPU is to leave the core: to the copier, which loads or clears */
};

/* Before cell_park: the first CPU of a cell that boot starts begins it. */
void life_boot(struct cpu *cpu);
/* What a stop for this reason leads to, by the cell's own doing. */
u32 life_decide(const struct cpu *cpu, enum stop_reason reason);
/* It has come to that: who else is concerned is told. */
void life_ended(u16 cell, enum stop_reason reason, u32 end);
/* A parked vCPU's part in the life of its cell; each time round. */
enum life_place life_poll(struct cpu *cpu);
/* The copier has called, and was clearing: it goes on with the next piece, or this CPU is parked again. */
void life_cleared(struct cpu *cpu);
/*
 * A fault of the guest. True: it is none, the cell was suspended; the CPU has waited in the core until it was resumed (or
 * stopped, and parked), and the guest goes on where it was.
 */
bool life_was_suspended(struct cpu *cpu);
/* The rest of that, also of a guest that a debugger has to see (debug.h), and when such a CPU comes back from what it was asked to do. */
void life_wait(struct cpu *cpu);
/* The vCPU is about to park: if its cell has ended its registers are kept, if it was to clear memory it has failed to. */
void life_capture(struct cpu *cpu);
/* The cell's record is written but for what becomes of the cell: one short line more. Pump. */
void life_reported(u16 cell);

#endif
