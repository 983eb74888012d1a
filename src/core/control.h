/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Who may do what with which cell (machine_controls), and the way from a guest
 * to the service CPU: one word for each pair of cells, so nobody waits, nothing
 * is queued and nothing can be lost. What came of it is audited (audit.h).
 */
#ifndef CLOISON_CORE_CONTROL_H
#define CLOISON_CORE_CONTROL_H

#include "core/life.h"
#include "core/line_format.h"

enum control_result { CONTROL_OK, CONTROL_INVALID, CONTROL_DENIED, CONTROL_BUSY };

/*
 * Of a guest: number counts the cells that its own may control. CONTROL_OK: it will be carried out; BUSY: its last
 * request to that cell is not yet. Any CPU.
 */
enum control_result control_ask(struct cpu *cpu, u64 number, u64 op);

struct control_status {
	enum life_shown state;
	u32 lives;               /* begun */
	u32 reason;              /* enum stop_reason of the last stop */
	enum life_result result; /* of the caller's last request */
	struct life_times times;
};
/* The right to LIFE_STATUS is looked at. CONTROL_OK, INVALID or DENIED. */
enum control_result control_status(const struct cpu *cpu, u64 number, struct control_status *status);

/* The operator's: rights are looked at, what came of it is audited and told. Carried out by control_serve. Service CPU. */
void control_operator(u16 cell, enum life_op op);
/*
 * The same, and what comes of it is not told but fetched: who asks over the line. cell and op are such. False: an earlier
 * wish for that cell is not carried out yet, so this one is not taken.
 */
bool control_request(u16 cell, enum life_op op);
bool control_answer(u16 cell, enum life_result *result); /* false: not yet */
u16 control_rights(u16 cell); /* what the operator may do with it: bits by enum life_op */
/* The operator's, of the whole board: the right to it is looked at, it is audited, and done soon, as watch_end_board says. LIFE_OK or LIFE_DENIED. Service CPU. */
enum life_result control_board(enum manage_board what);
/* Each round of the service CPU: what was asked. Bounded. */
void control_serve(void);

#endif
