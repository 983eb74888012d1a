/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The crash region, byte by byte: docs/crash-region.md describes these
 * structures, tools/crash-show reads them. Nothing in them depends on the
 * configuration, so that a core reads what another has left. Of crash.c,
 * crash_text.c and tests only.
 */
#ifndef CLOISON_CORE_CRASH_FORMAT_H
#define CLOISON_CORE_CRASH_FORMAT_H

#include "core/audit.h"
#include "core/crash.h"
#include "core/panic.h"

#define CRASH_MAGIC 0x52434c43u   /* "CLCR" */
#define CRASH_WRITING 0x57434c43u /* "CLCW": a reset came while it was written */
#define CRASH_VERSION 1u
#define CRASH_NAME 32u
#define CRASH_TEXT 64u
#define CRASH_HASH 64u
#define CRASH_AUDIT_HALF (CRASH_AUDIT / 2)

enum crash_kind { CRASH_KIND_HEAD = 1, CRASH_KIND_AUDIT, CRASH_KIND_PANIC, CRASH_KIND_CELL };

/* Every part of the region begins so. All zero: nothing is there. */
struct crash_mark {
	u32 magic;   /* written last */
	u32 crc;     /* of all that follows, up to size: CRC-32 as in zlib, IEEE 802.3. An audit's: of its part that does not change */
	u32 size;    /* bytes that count, these included */
	u16 version;
	u16 kind;    /* enum crash_kind */
};

/* What boot it was. Behind the mark of every part. */
struct crash_origin {
	u32 sequence;          /* of all records ever, panics too; goes on over resets */
	u32 boot;              /* number of the boot, from 1 on */
	u64 when;              /* ticks */
	u64 hz;                /* ticks of a second */
	char hash[CRASH_HASH]; /* of the configuration, 64 hex digits, no 0 at the end */
	char partition[CRASH_NAME];
};

struct crash_head {
	struct crash_mark mark;
	struct crash_origin origin; /* sequence: the last one that this boot found */
	u32 region_size;
	u32 audit, audit_size;      /* distance from the region's begin; bytes of each of the two */
	u32 panic, panic_size;
	u32 slots, slot_size;       /* the first of cell 0's two; cell n's: 2 n further */
	u32 slot_count;
};

/* Its origin never changes; its entries have checks of their own. */
struct crash_audit {
	struct crash_mark mark;
	struct crash_origin origin;
	u32 origins;      /* the cells in their order, the operator, the core's policy */
	u32 rings;        /* each origin has so many, one behind the other */
	u32 ring_size;    /* entries of a ring */
	u32 entry_size;   /* bytes */
	u32 names;        /* distance from the mark: names of the cells, CRASH_NAME bytes each; not if 0 */
	u32 data;         /* distance from the mark: struct audit (audit.h) */
	u32 entries;      /* distance from the mark: the first ring's first entry */
	u32 reserved;
};

struct crash_panic {
	struct crash_mark mark;
	struct crash_origin origin;
	char cpu[CRASH_NAME];
	char what[2 * CRASH_TEXT];
	u64 declared, found;       /* of an exception: its syndrome, and the address it was about */
	u32 exception;             /* 0: panic(), pc is its caller's */
	u32 stack_count;
	u64 pc, sp, pstate;
	u64 regs[31];
	u64 stack[PANIC_STACK];    /* from sp up */
};

enum crash_vcpu_state {
	CRASH_VCPU_MISSING, /* it had not come into the core when the record was written */
	CRASH_VCPU_KEPT,
	CRASH_VCPU_OFF,     /* not switched on */
};

struct crash_vcpu {
	u16 state; /* enum crash_vcpu_state; registers are all zero but in CRASH_VCPU_KEPT */
	u16 cpu;
	u32 reserved;
	struct vcpu_registers registers;
};

/* The end of a cell. Behind it: console, vCPUs, trace, in this order. */
struct crash_cell {
	struct crash_mark mark;
	struct crash_origin origin;
	char cell[CRASH_NAME];
	char reason[CRASH_TEXT];     /* "fault" */
	char what[CRASH_TEXT];       /* "write outside the map"; empty: no more is known */
	char by[CRASH_NAME];         /* who wanted it: a cell, "itself", "operator", "policy" */
	char end[CRASH_NAME];        /* what it led to: "restarting", "stopped", "failed" */
	char cpu[CRASH_NAME];        /* of the vCPU that stopped it, or of its first */
	u32 life;                    /* which of the cell's lives it was, from 1 on */
	u16 number;                  /* of the cell, in its configuration */
	u16 reason_number;           /* enum stop_reason */
	u16 vcpu;                    /* that stopped it; 0, if somebody else did */
	u16 vcpu_count;              /* of the cell */
	u16 vcpu_kept;               /* of which there is something here, the first ones */
	u16 vcpu_size;               /* bytes of each */
	u32 vcpus;                   /* distance from the mark */
	u32 console, console_size;   /* the last bytes it printed: distance from the mark, bytes */
	u32 trace, trace_count;      /* the last entries of the trace of that vCPU's CPU (trace_format.h): distance from the mark, number */
	u32 reserved;
	u64 pc;                      /* of that vCPU */
	u64 detail[4];
	char detail_names[4][REGISTER_NAME];
	char more_names[VCPU_MORE_REGISTERS][REGISTER_NAME]; /* of vcpu_registers.more */
};

_Static_assert(sizeof(struct crash_head) <= CRASH_HEAD, "the region's head");
_Static_assert(sizeof(struct crash_panic) <= CRASH_PANIC, "a panic's record");
_Static_assert(sizeof(struct crash_cell) % 8 == 0 && CRASH_CONSOLE % 8 == 0, "registers are aligned");
_Static_assert(sizeof(struct crash_cell) + CRASH_CONSOLE + CRASH_VCPUS * sizeof(struct crash_vcpu) +
	       CRASH_TRACE * sizeof(struct trace_entry) <= CRASH_SLOT, "a cell's record");
/* cellgen refuses a region in a partition with more cells than that. */
#define CRASH_FITS (sizeof(struct crash_audit) + CELL_COUNT * CRASH_NAME + sizeof(struct audit) <= CRASH_AUDIT_HALF)

/* ---- crash_region.c, for the two others ---- */

#define CRASH_SLOTS_START (CRASH_HEAD + CRASH_AUDIT + CRASH_PANIC)
#define CRASH_SLOTS (CRASH_REGION_SIZE > CRASH_SLOTS_START ? (CRASH_REGION_SIZE - CRASH_SLOTS_START) / CRASH_SLOT : 0)
#define CRASH_PIECE 1024u /* bytes, most of one crash_crc: a CRC of more is reckoned in pieces */

bool crash_ready(void);  /* there is a region, and crash_init has looked at it */
u32 crash_boot(void);     /* number of this boot */
u32 crash_sequence(void); /* for the next record */
u32 crash_slot_count(void);
struct crash_cell *crash_slot(u32 slot);
/* What was found whole at boot, or has been written since; NULL: there is nothing. */
const struct crash_cell *crash_cell_at(u32 slot);
const struct crash_panic *crash_panic_at(void);

/* Write a part: between the two it is torn. size of crash_begin: what is zero then, behind the mark. */
void crash_begin(struct crash_mark *mark, u32 size);
void crash_end(struct crash_mark *mark, u16 kind, u32 size, u32 crc);
void crash_origin(struct crash_origin *origin, u32 sequence, u64 when);
void crash_zero(void *to, u32 size);
void crash_copy(u64 *to, const u64 *from, u32 count);
void crash_text(char *to, u32 size, const char *from); /* its end is zero already */

/* What boot has found. */
struct crash_found {
	u32 damaged, foreign, records; /* parts: no longer whole; of another version of the format; whole */
	u32 audited, denied;           /* entries of the last boot's audit, refusals among them */
};
const struct crash_found *crash_found(void);

/* crash_text.c: one more line of what boot has found, if there is room. False: all is told. */
bool crash_tell(void);

#endif
