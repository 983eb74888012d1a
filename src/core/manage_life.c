/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What the line may ask of the life of cells: operations, the board, what is kept of ends (manage.h). */
#include "core/audit.h"
#include "core/control.h"
#include "core/crash_format.h"
#include "core/manage.h"

static void put_result(struct line_job *job, enum life_result result)
{
	manage_put(job, &(const u16){ (u16)result }, sizeof(u16));
}

/* Asked once, then until control_serve has carried it out: a round or two. What the last session still waits for comes first. */
enum line_status manage_operate(struct line_job *job)
{
	enum life_result result;

	if (!manage_is_cell(job, 2) || manage_argument(job, 1) <= LIFE_STATUS || manage_argument(job, 1) >= LIFE_OP_COUNT)
		return LINE_INVALID;
	u16 cell = (u16)manage_argument(job, 0);

	if (!job->state[0])
		job->state[0] = control_request(cell, (enum life_op)manage_argument(job, 1));
	job->later = !job->state[0] || !control_answer(cell, &result);
	if (!job->later)
		put_result(job, result);
	return LINE_OK;
}

enum line_status manage_board(struct line_job *job)
{
	if (job->size != 2 || manage_argument(job, 0) > BOARD_OFF)
		return LINE_INVALID;
	put_result(job, control_board((enum manage_board)manage_argument(job, 0)));
	return LINE_OK;
}

/* ---- what is kept ---- */

const u8 *manage_area(u32 area, u32 *size)
{
	switch (area) {
	case AREA_CRASH:
		*size = crash_ready() ? machine_core.crash_size : 0;
		return crash_ready() ? machine_core.crash : NULL;
	case AREA_AUDIT:
		*size = sizeof(struct audit);
		return (const u8 *)audit_place();
	default:
		*size = 0;
		return NULL;
	}
}

/* The head of an audit, then whole entries. */
u32 manage_piece(u32 area, u32 at, u32 most)
{
	u32 head = offsetof(struct audit, entries), entry = sizeof(struct audit_entry);

	if (area != AREA_AUDIT)
		return most;
	if (at < head)
		return head - at < most ? head - at : most;
	return most - (at + most - head) % entry;
}

const struct vcpu_registers *manage_registers(u16 cell, u16 n, u32 *life)
{
	const struct vcpu *vcpu = cell_vcpu(cell, n);
	u32 captured = atomic_load32(&vcpu->captured);

	*life = captured ? captured - 1 : 0;
	return captured ? &vcpu->registers : NULL;
}
