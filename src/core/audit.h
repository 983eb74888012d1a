/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The record of who asked what of which cell, refused requests included. Each
 * origin has a ring of its own, so nobody can push out what another did. In
 * the crash region if there is one (then it survives a reset), else in the
 * core's data. Told on the console at a bounded rate. Service CPU only.
 */
#ifndef CLOISON_CORE_AUDIT_H
#define CLOISON_CORE_AUDIT_H

#include "core/life.h"

#define AUDIT_ENTRIES 16u /* of each origin: cells, operator, policy */
#define AUDIT_ORIGINS (CELL_COUNT + 2u)

struct audit_entry {
	u64 when;     /* ticks */
	u32 sequence; /* of all audits since boot, from 1 on; 0: unused */
	u16 target;   /* cell */
	u8 op;        /* enum life_op */
	u8 result;    /* enum life_result */
};

/* All of it, as it lies in memory. */
struct audit {
	u32 sequence;
	u32 denied[AUDIT_ORIGINS];  /* refusals, of which many at once are one entry */
	u32 count[AUDIT_ORIGINS];   /* entries ever written */
	struct audit_entry entries[AUDIT_ORIGINS][AUDIT_ENTRIES];
};

/* by: a cell, CONTROLLER_OPERATOR, BY_POLICY */
void audit_note(u16 by, u16 target, enum life_op op, enum life_result result);
void audit_serve(void);            /* lines that are due */
struct audit *audit_place(void);   /* where it lies */
bool audit_print(u32 line);        /* for the operator: entry number `line`, oldest first; false: there is none */

#endif
