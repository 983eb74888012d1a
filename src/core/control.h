/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Who may do what with which cell (machine_controls), and the way from a guest
 * to the service CPU: one word for each pair of cells, so nobody waits, nothing
 * is queued and nothing can be lost. What came of it is audited (audit.h).
 */
#ifndef CLOISON_CORE_CONTROL_H
#define CLOISON_CORE_CONTROL_H

#include "core/life.h"

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
/* Each round of the service CPU: what was asked. Bounded. */
void control_serve(void);

#endif
