/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The record of who asked what of which cell, refused requests included. Each
 * origin has two rings of its own: what it did, and what changed nothing. So
 * nobody can push out what another did, nor what he did himself by asking for
 * what he may not. In the crash region if there is one (then it survives a
 * reset), else in the core's data. Told on the console at a bounded rate.
 * Service CPU only.
 *
 *   [core] audit 12: operator stop linux: done
 *   [core] audit 13: cell hello restart control: denied (3 times)
 */
#ifndef CLOISON_CORE_AUDIT_H
#define CLOISON_CORE_AUDIT_H

#include "core/life.h"

enum audit_kind {
	AUDIT_DONE,    /* LIFE_OK, LIFE_ASKED */
	AUDIT_REFUSED, /* all else */
	AUDIT_KINDS
};

#define AUDIT_ENTRIES 8u /* of each origin and kind; origins: cells, operator, policy */
#define AUDIT_ORIGINS (CELL_COUNT + 2u)
#define AUDIT_OPERATOR CELL_COUNT
#define AUDIT_POLICY (CELL_COUNT + 1u)

#define AUDIT_BOARD LIFE_OP_COUNT
#define AUDIT_OPS (AUDIT_BOARD + 2u)

struct audit_entry {
	u64 when;     /* ticks, of the first of these */
	u32 sequence; /* of all audits since boot, from 1 on; 0: unused */
	u32 times;    /* the same, several times at once */
	u16 target;   /* cell; CELL_NONE: a number that names none, or (AUDIT_BOARD) the board */
	u8 op;        /* enum life_op, or AUDIT_BOARD + enum manage_board */
	u8 result;    /* enum life_result */
	u32 check;    /* CRC-32 (IEEE) of the bytes before it */
};

/* All of it, as it lies in memory. */
struct audit {
	u32 sequence;                           /* of the last entry */
	u32 origins;                            /* AUDIT_ORIGINS */
	u32 count[AUDIT_ORIGINS][AUDIT_KINDS];  /* entries ever written: entry n is at n % AUDIT_ENTRIES */
	struct audit_entry entries[AUDIT_ORIGINS][AUDIT_KINDS][AUDIT_ENTRIES];
};

/* by: a cell, CONTROLLER_OPERATOR, BY_POLICY. op: as in an entry. */
void audit_note(u16 by, u16 target, u32 op, enum life_result result);
/* The same, times times at once: a flood is one entry. */
void audit_notes(u16 by, u16 target, u32 op, enum life_result result, u32 times);
/* Nothing has been noted. By itself with the first note of a boot. */
void audit_init(void);
void audit_serve(void);            /* lines that are due: at most one in a round */
/* Where it lies. What an earlier boot has left there is gone with the first note of this one. */
struct audit *audit_place(void);
bool audit_is_whole(const struct audit_entry *entry); /* written to its end, and says what can be */
bool audit_print(u32 line);        /* for the operator: one entry more, oldest first, from line 0 on; false: there is none */

#endif
