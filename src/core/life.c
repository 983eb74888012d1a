/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The service CPU's part in the life of cells: it carries out what others want
 * of a cell, and lets one that has ended go on. It waits for nobody; what takes
 * time is looked at again in its next round. Only this CPU suspends and resumes,
 * starts, and changes the goal of an end; the cell's own CPUs may end it under its
 * hands at any moment, so each change is a compare-and-swap, and what it does not
 * find any more it looks up again.
 */
#include "core/bound.h"
#include "core/life_steps.h"
#include "core/boot.h"
#include "core/crash.h"
#include "core/debug.h"
#include "core/iommu.h"
#include "core/log.h"
#include "core/trace.h"
#include "core/watch.h"

/* How long the end of a cell waits for its record to be printed: as long as the stop of a cell prints without a service CPU, */
#define PRINTED_TIME(hz) ((hz) / 2)
/* to be kept, which takes a few rounds if it takes any, */
#define KEPT_TIME(hz) (2 * (hz))
/* and for vCPUs to come in: each was kicked, and its memory is gone. */
#define COME_IN_TIME(hz) (hz)
/* Each try finds another state, and of those there are few. */
#define TRIES 16u

/* In which life it first saw that the cell has ended, and when. */
static struct {
	u32 life;
	bool unrecorded; /* that end has no record: the life had not begun */
	u64 since;
} ended[CELL_COUNT ? CELL_COUNT : 1];

/* ---- to the end ---- */

static bool is_alive(u32 state)
{
	return state == CELL_STARTING || cell_state_lives(state);
}

/* One that has not begun leaves no record, or it would be filed under the life before. */
static bool end_from(u16 index, u32 from, u32 end, enum stop_reason reason, const char *what, u16 by)
{
	struct cell *cell = &cells[index];
	u64 since = arch_time_now();

	if (!arch_cas32(&cell->state, from, end))
		return false;
	life_put(&cell->since, since);
	if (from != CELL_STARTING)
		cell_record(index, NULL, reason, what, by, end);
	ended[index].life = 0;
	ended[index].unrecorded = from == CELL_STARTING;
	trace_life(index, end, by);
	cell_cut(index);
	life_ended(index, reason, end);
	return true;
}

bool life_end(u16 cell, enum stop_reason reason, const char *what, u16 by, u32 end)
{
	u64 left;

	if (end == CELL_RESTARTING && reason != STOP_TIMEOUT && watch_asked(cell, &left) == LIFE_STOP)
		end = CELL_STOPPING;
	if (end == CELL_RESTARTING && reason != STOP_TIMEOUT)
		end = life_again(cell);
	for (u32 i = 0; i < TRIES; i++) {
		LOOP_BOUND(TRIES);
		u32 from = atomic_load32(&cells[cell].state);

		if (from == CELL_RESTARTING && end != CELL_RESTARTING) {
			if (arch_cas32(&cells[cell].state, from, end))
				return true;
		} else if (!is_alive(from) || (from == CELL_STARTING && end == CELL_RESTARTING)) {
			return false;
		} else if (end_from(cell, from, end, reason, what, by)) {
			return true;
		}
	}
	return false;
}

/* ---- suspended ---- */

/* Counted behind the state and before the memory is gone: life_cpu.c, look(). */
static enum life_result suspend(u16 index)
{
	struct cell *cell = &cells[index];

	if (!arch_cas32(&cell->state, CELL_RUNNING, CELL_SUSPENDED))
		return LIFE_LOST;
	atomic_store32(&cell->suspends, cell->suspends + 1);
	life_put(&cell->times.regain, 0);
	life_put(&cell->times.revoked, arch_time_now());
	arch_cell_revoke(index);
	return LIFE_OK; /* begun: they come in by themselves */
}

static bool is_in(u16 index, u16 vcpu)
{
	return atomic_load32(&cell_vcpu(index, vcpu)->waits) == cells[index].suspends;
}

static bool all_are_in(u16 index)
{
	for (u16 n = 0; n < machine_cells[index].vcpu_count; n++) {
		LOOP_BOUND(CELL_VCPU_LIMIT);
		if (!is_in(index, n))
			return false;
	}
	return true;
}

bool life_is_halted(u16 cell)
{
	return atomic_load32(&cells[cell].state) == CELL_SUSPENDED && all_are_in(cell);
}

/*
 * When all are in: whoever is not would find its memory there again, never
 * notice, and its guest would take the kick. Kicks before the state: who has seen
 * CELL_RUNNING gets none any more. Whoever ends the cell meanwhile takes its memory
 * away, perhaps before it is given back here: so it is taken again, and whoever
 * used it is called again.
 */
static void serve_resuming(u16 index)
{
	struct cell *cell = &cells[index];
	u64 time = arch_time_now() - life_get(&cell->times.revoked);

	if (!all_are_in(index) && time < COME_IN_TIME(arch_time_hz()))
		return;
	watch_slept(index, time);
	arch_cell_unrevoke(index);
	for (u16 n = 0; n < machine_cells[index].vcpu_count; n++) {
		LOOP_BOUND(CELL_VCPU_LIMIT);
		if (is_in(index, n))
			cell_call(index, n);
	}
	if (arch_cas32(&cell->state, CELL_RESUMING, CELL_RUNNING)) {
		trace_life(index, CELL_RUNNING, BY_POLICY);
		return;
	}
	arch_cell_revoke(index);
}

/* ---- begun ---- */

/* Nobody else changes these states, so it succeeds. */
static enum life_result start(u16 index, u32 from)
{
	struct cell *cell = &cells[index];
	u32 lives = atomic_load32(&cell->incarnation);

	if (atomic_load32(&cell->unclean) || iommu_state(index) == IOMMU_BROKEN || life_missing(index))
		return LIFE_REFUSED;
	life_put(&cell->since, arch_time_now());
	atomic_store32(&cell->called, KICK_COMES(lives));
	if (!arch_cas32(&cell->state, from, CELL_STARTING))
		return LIFE_LOST;
	ended[index].unrecorded = false;
	cell_call(index, 0);
	atomic_store32(&cell->called, KICK_SENT(lives));
	return LIFE_OK;
}

/* ---- operations ---- */

static enum life_result ask(u16 cell, enum life_op op, u16 by)
{
	u64 left;

	if (watch_asked(cell, &left) != op)
		watch_ask(cell, op, by);
	return LIFE_ASKED;
}

static enum life_result stop(u16 cell, enum life_op op, u16 by, u32 from, u32 next)
{
	if (from == CELL_RUNNING && op != LIFE_KILL && machine_lives[cell].shutdown_time)
		return ask(cell, op, by);
	return end_from(cell, from, next, STOP_TOLD, NULL, by) ? LIFE_OK : LIFE_LOST;
}

/* One step of the table. What only changes where it leads to is changed, and life_serve or the cell's first CPU sees it. */
static enum life_result take(u16 cell, enum life_op op, u16 by, u32 from, u32 next)
{
	switch (next) {
	case CELL_STARTING: return start(cell, from);
	case CELL_SUSPENDED:
		if (from == CELL_RUNNING)
			return suspend(cell);
		break;
	case CELL_RESUMING:
		life_put(&cells[cell].since, arch_time_now());
		break;
	default:
		if (is_alive(from))
			return stop(cell, op, by, from, next);
		ended[cell].unrecorded &= next == CELL_STOPPING; /* or it might be taken for that of the life to come */
	}
	return arch_cas32(&cells[cell].state, from, next) ? LIFE_OK : LIFE_LOST;
}

enum life_result life_do(u16 cell, enum life_op op, u16 by)
{
	enum life_result result = op == LIFE_RESUME && by != CONTROLLER_OPERATOR && debug_is_held(cell) ? LIFE_REFUSED : LIFE_LOST;

	for (u32 i = 0; i < TRIES && result == LIFE_LOST; i++) {
		LOOP_BOUND(TRIES);
		u32 from = atomic_load32(&cells[cell].state);
		const struct life_step *step = &life_table[op][from];

		result = step->next == from ? (enum life_result)step->result : take(cell, op, by, from, step->next);
		if (result == LIFE_OK && step->next != from && (is_alive(step->next) || !is_alive(from))) /* the end of one that lives: end_from */
			trace_life(cell, step->next, by);
	}
	return result == LIFE_LOST ? LIFE_REFUSED : result;
}

/* ---- each round ---- */

/*
 * Nobody says more about this life: its record and its vCPUs' registers may be
 * written again. One that was not written, as an older one waits for a console
 * that prints nothing, has its time as well.
 */
static bool is_told(u16 index, u32 life)
{
	const struct cell *cell = &cells[index];
	u64 time = arch_time_now() - ended[index].since, hz = arch_time_hz();
	bool recorded = atomic_load32(&cell->record.incarnation) == life; /* before its state */

	if (ended[index].unrecorded)
		return true;
	if (!crash_is_kept(index, life) && time < KEPT_TIME(hz))
		return false;
	return (recorded && atomic_load32(&cell->record_state) == RECORD_PRINTED) || time >= PRINTED_TIME(hz);
}

static void serve_ending(u16 index, u32 life)
{
	struct cell *cell = &cells[index];

	if (ended[index].life != life) {
		ended[index].life = life;
		ended[index].since = arch_time_now();
	}
	if (is_told(index, life))
		life_tell(index, &cell->released, life);
	if (life_missing(index) && arch_time_now() - ended[index].since >= COME_IN_TIME(arch_time_hz()))
		life_tell(index, &cell->given_up, life);
}

/* The life is read before the state, as by who parks. */
void life_serve(void)
{
	for (u16 i = 0; i < CELL_COUNT; i++) {
		LOOP_BOUND(CELL_COUNT);
		u32 life = atomic_load32(&cells[i].incarnation), state = atomic_load32(&cells[i].state);

		if (cell_state_ends(state))
			serve_ending(i, life);
		else
			ended[i].unrecorded = false;
		if (state == CELL_RESUMING)
			serve_resuming(i);
	}
}

void life_reported(u16 cell)
{
	const struct life_config *life = &machine_lives[cell];
	const struct record *record = &cells[cell].record;
	enum life_event event = life_event_of(record->reason);

	if (iommu_state(cell) == IOMMU_BROKEN)
		return; /* it is not, and that was said */
	if (record->end == CELL_RESTARTING)
		log_put(MESSAGE_RESTARTED, cell, record->incarnation);
	else if (event != EVENT_COUNT && life->actions[event] == ACTION_RESTART && record->end == CELL_FAILING)
		log_put(MESSAGE_TOO_MANY_RESTARTS, cell, life->restart_count, life->restart_seconds);
}
