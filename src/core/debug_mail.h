/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What debug.c (the cell's CPUs) and debug_answer.c (the service CPU) share. */
#ifndef CLOISON_CORE_DEBUG_MAIL_H
#define CLOISON_CORE_DEBUG_MAIL_H

#include "core/boot.h"
#include "core/debug.h"
#include "core/line.h"

/*
 * The mail's word: one of these, and whom it is for (MAIL_TO), so that nobody else looks at the rest. Not sent before the
 * kick that comes with it is: a step must not leave with one under way.
 */
enum mail_word { MAIL_FREE, MAIL_COMES, MAIL_SENT, MAIL_DONE };
#define MAIL_STATE(word) ((word) & 3)
#define MAIL_TO(config, vcpu) ((u32)((config)->first_cpu + (vcpu)) << 2)
enum mail_op { MAIL_READ, MAIL_WRITE, MAIL_SET, MAIL_STEP, MAIL_BRK };

struct debug_mail {
	u32 word;    /* [A] */
	u16 cell, vcpu; /* the same, for the service CPU */
	u8 op;       /* enum mail_op */
	bool begun;  /* by the vCPU: it is in the guest for its step */
	u8 why;      /* by the vCPU: what has ended the step, DEBUG_ASKED: something else, */
	u64 more;    /* as struct debug_cell has them */
	u32 status;  /* enum line_status, with MAIL_DONE */
	u32 number;  /* of the register */
	u32 size, at; /* bytes wanted, and done */
	u64 address, value;
	u64 since;   /* ticks, of a step */
	u8 bytes[LINE_PART];
};
extern struct debug_mail debug_mail;

/* TAKEN: a debugger holds the cell. */
enum event_word { EVENT_NONE, EVENT_WRITING, EVENT_NEW, EVENT_TAKEN };

struct debug_cell {
	u32 event;   /* [A] enum event_word: to NEW by the vCPU that was first, from there on by the service CPU */
	u8 why;      /* enum debug_why */
	u16 vcpu;
	u64 more;    /* address of DEBUG_WATCHED, immediate of DEBUG_BRK */
	u32 attached; /* [A] a debugger is there. Service CPU */
	u32 first;   /* [A] the next life is to be halted before its first instruction */
	u32 life;    /* that the points are of: those of another are gone */
	struct debug_points points; /* service CPU, while the cell is halted */
} __attribute__((aligned(64))); /* as struct cell */
extern struct debug_cell debug_cells[];

/* Of a halted vCPU; by its CPU, before it says that it is in. */
extern struct vcpu_registers debug_registers[];
static inline struct vcpu_registers *debug_registers_of(u16 cell, u16 vcpu)
{
	return &debug_registers[machine_cells[cell].first_cpu + vcpu];
}

#endif
