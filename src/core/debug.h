/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A debugger's hand on a cell whose partition says cloison,debug = "gdb": LINE_DEBUG of line_format.h. decisions/0023.
 *
 * A halted cell is a suspended one (life.h): its CPUs wait in the core, and its memory is out of their reach. What is
 * asked of one of them the service CPU puts into the one mailbox there is, and that CPU does it in its wait:
 *
 *   service CPU    debug_answer --mail, kick--> ..............................--> done: the answer
 *   halted vCPU    life_wait: debug_poll -> a register is set
 *                                        -> the copier's page reads or writes 8 bytes, at EL1 --HVC--> debug_accessed, next ...
 *                                        -> one instruction of the guest --exception--> debug_hit
 *   running vCPU   BRK, breakpoint --exception--> debug_hit -> "event" --> service CPU: debug_serve suspends the cell
 *
 * A debugger is there from DEBUG_HALT until it says that it leaves, or its session ends; without one a BRK is the guest's own.
 * Nothing of this is in the way of a cell that cannot be debugged. debug_none.c: a core without CONFIG_GDB.
 */
#ifndef CLOISON_CORE_DEBUG_H
#define CLOISON_CORE_DEBUG_H

#include "core/life.h"
#include "core/line_format.h"

static inline bool debug_is_allowed(const struct cell_config *config) { return DEBUG_COUNT > 0 && config->debug_gdb; }

/* ---- service CPU ---- */

/* Each round before life_serve: a CPU has hit something, so its cell is suspended; a step that takes too long ends. */
void debug_serve(void);
/* The session of the line has ended, and with it whatever debugger there was. */
void debug_gone(void);
/* A debugger holds the cell: it is halted and nobody but the debugger and the operator lets it go on. */
bool debug_has_hold(u16 cell);
static inline bool debug_is_held(u16 cell) { return debug_is_allowed(&machine_cells[cell]) && debug_has_hold(cell); }

/* ---- the cell's own CPUs, if debug_is_allowed ---- */

/* A debug exception of the guest, and what it says more: address, immediate. On return it goes on (or the vCPU has been parked, and begins anew). */
void debug_hit(struct cpu *cpu, enum debug_why why, u64 more);
/* Its guest is about to begin a life: first CPU, when the images are in place. */
void debug_begins(struct cpu *cpu);
/* It waits in the core from here on: its registers can be read. */
void debug_waits(struct cpu *cpu);
/* It has hit something that the service CPU has not seen: it waits although the cell runs. Asked before the cell's state. */
bool debug_holds(const struct cpu *cpu);
/* Each time round in its wait: what is asked of it. May leave the core and come back by debug_accessed or debug_hit. */
enum life_place debug_poll(struct cpu *cpu);
/* Its wait is over: what was asked of it and is not done has failed. */
void debug_drop(struct cpu *cpu);
/* The guest goes on, or begins: breakpoints in force. */
void debug_arm(struct cpu *cpu);
/* The copier's page has done what arch_debug_access asked for, or an exception came instead. Waits again. */
void debug_accessed(struct cpu *cpu, bool ok, u64 value);

#endif
