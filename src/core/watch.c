/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Events and what follows from them (watch.h).
 *
 *   any CPU      watch_event: which life, then a bit of cells[].events
 *   service CPU  each round: bits; watchdogs and heartbeats of cells that run; keys to be released; shutdowns that are overdue
 *                  -> the action of the cell's table -> life_end, and a line, or the board's reset
 *
 * Lives: a cell comes to a new life only through the service CPU (life_serve), so none begins while it is in here.
 * What was posted in an earlier life is nothing to the present one; what others do about it (ACTION_STOP_OTHERS,
 * ACTION_RESET_BOARD) is done all the same.
 */
#include "core/watch.h"
#include "core/audit.h"
#include "core/bound.h"
#include "core/console.h"
#include "core/crash.h"
#include "core/log.h"
#include "core/mmio.h"
#include "vdev/vdev.h"

#define PRESS_TIME(hz) ((hz) / 5)  /* gpio-keys looks some 10 ms after the edge, if its CPU has the time */
#define RESET_TIME(hz) (hz)        /* for records to be kept and told, before the board is reset or off */
#define ANSWER_TIME(hz) ((hz) / 20)
#define CELLS (CELL_COUNT ? CELL_COUNT : 1)

static u32 posted[CELLS][EVENT_COUNT]; /* [A] in which life the event came last */

/* Of the service CPU. */
static struct watched {
	u32 incarnation; /* of which life it is */
	u64 beat;        /* the heartbeat that was seen last, */
	u64 due;         /* and when the next is due */
	u32 overdue;     /* watchdogs and heartbeats of this life, so far */
	u16 by;          /* who has asked it to shut down */
	u64 release;     /* ticks, when its power key is let go; 0: it is not pressed */
} watched[CELLS];
static struct {
	bool due;
	u32 what;   /* enum manage_board */
	u64 from;   /* not before: who asked may still hear that it is done */
	u64 until;
} board_end;

static u64 ticks_of(u32 milliseconds)
{
	return (u64)milliseconds * arch_time_hz() / 1000;
}

static bool is_over(u64 until, u64 now)
{
	return (s64)(now - until) >= 0;
}

/* ---- any CPU ---- */

void watch_event(u16 cell, enum life_event event)
{
	atomic_store32(&posted[cell][event], atomic_load32(&cells[cell].incarnation));
	__atomic_fetch_or(&cells[cell].events, 1u << event, __ATOMIC_ACQ_REL);
}

bool watch_is_told(u16 cell, enum life_event event)
{
	return machine_lives[cell].actions[event] != ACTION_IGNORE;
}

void watch_beat(struct cpu *cpu)
{
	__atomic_store_n(&cells[cpu->cell_index].beat, arch_time_now(), __ATOMIC_RELAXED);
}

u32 watch_asked(u16 cell, u64 *left)
{
	u32 op = atomic_load32(&cells[cell].asked);
	u64 until = __atomic_load_n(&cells[cell].asked_until, __ATOMIC_RELAXED), now = arch_time_now();

	*left = op && !is_over(until, now) ? until - now : 0;
	return op;
}

void watch_reset(u16 cell)
{
	atomic_store32(&cells[cell].asked, 0);
	__atomic_store_n(&cells[cell].beat, 0, __ATOMIC_RELAXED);
}

/* ---- actions ---- */

static const char *const event_words[EVENT_COUNT] = {
	[EVENT_FAULT] = "fault", [EVENT_RESET] = "reset", [EVENT_WATCHDOG] = "watchdog", [EVENT_DMA] = "refused access of a device",
	[EVENT_STORM] = "interrupt storm", [EVENT_LIMIT] = "too many restarts",
};

/* The others are ended by who posts them: it is their own doing. */
static bool is_ours(enum life_event event)
{
	return event == EVENT_WATCHDOG || event == EVENT_DMA || event == EVENT_STORM;
}

static void end(u16 cell, enum stop_reason reason, const char *what, u16 by, u32 state)
{
	if (!life_end(cell, reason, what, by, state))
		return;
	/* It goes on only with the next life_serve, so this is what it was decided to lead to */
	bool refused = state == CELL_RESTARTING && atomic_load32(&cells[cell].state) == CELL_FAILING;

	audit_note(BY_POLICY, cell, state == CELL_RESTARTING ? LIFE_RESTART : LIFE_STOP, refused ? LIFE_REFUSED : LIFE_OK);
}

static void stop_others(u16 cell, enum life_event event)
{
	log_put(MESSAGE_OTHERS_STOPPED, cell, event_words[event]);
	for (u16 i = 0; i < CELL_COUNT; i++) {
		LOOP_BOUND(CELL_COUNT);
		if (i != cell)
			end(i, STOP_OTHER, event_words[event], cell, CELL_STOPPING);
	}
}

void watch_end_board(enum manage_board what)
{
	u64 now = arch_time_now();

	board_end.due = true;
	board_end.what = what;
	board_end.from = now + ANSWER_TIME(arch_time_hz());
	board_end.until = now + RESET_TIME(arch_time_hz());
}

static void reset_board(u16 cell, enum life_event event)
{
	if (board_end.due)
		return;
	log_put(MESSAGE_RESET_BY_CELL, cell, event_words[event]);
	audit_note(BY_POLICY, CELL_NONE, AUDIT_BOARD + BOARD_RESET, LIFE_OK);
	watch_end_board(BOARD_RESET);
	board_end.from = 0; /* nobody waits for an answer */
}

/* current: the cell is still in the life that the event was of. */
static void act(u16 cell, enum life_event event, enum stop_reason reason, bool current)
{
	enum life_action action = (enum life_action)machine_lives[cell].actions[event];

	if (action >= ACTION_STOP && is_ours(event) && current)
		end(cell, reason, reason == STOP_HEARTBEAT ? "no heartbeat" : event_words[event], BY_POLICY, action == ACTION_RESTART ? CELL_RESTARTING : CELL_FAILING);
	if (action == ACTION_STOP_OTHERS)
		stop_others(cell, event);
	else if (action == ACTION_RESET_BOARD)
		reset_board(cell, event);
}

static void serve_events(u16 cell)
{
	u32 incarnation = atomic_load32(&cells[cell].incarnation);
	u32 bits = atomic_load32(&cells[cell].events) ? __atomic_exchange_n(&cells[cell].events, 0, __ATOMIC_ACQ_REL) : 0;

	for (u32 event = 0; event < EVENT_COUNT; event++)
		if (bits >> event & 1)
			act(cell, (enum life_event)event, event == EVENT_STORM ? STOP_STORM : STOP_DMA,
			    atomic_load32(&posted[cell][event]) == incarnation);
}

/* ---- watchdogs, heartbeats ---- */

/* Of one that goes on, however often: told at the 1st, 2nd, 4th, 8th ... time of its life. */
static void overdue(u16 cell, enum stop_reason reason)
{
	u32 before = watched[cell].overdue++;

	if (machine_lives[cell].actions[EVENT_WATCHDOG] == ACTION_RECORD && !(before & (before + 1)) && log_has_room())
		log_put(MESSAGE_OVERDUE, cell, reason == STOP_WATCHDOG ? "watchdog has run out" : "heartbeat is missing");
	act(cell, EVENT_WATCHDOG, reason, true);
}

static void serve_heart(u16 cell, u64 now)
{
	u32 period = machine_lives[cell].heartbeat_period;
	u64 beat = __atomic_load_n(&cells[cell].beat, __ATOMIC_RELAXED);
	struct watched *w = &watched[cell];

	if (!period)
		return;
	if (beat != w->beat) {
		w->beat = beat;
		w->due = beat + ticks_of(period);
	}
	if (!is_over(w->due, now))
		return;
	w->due = now + ticks_of(period);
	overdue(cell, STOP_HEARTBEAT);
}

static void serve_device(u16 cell, const struct vdev_config *dev)
{
	bool before = dev->ops->level(dev), out = dev->ops->tick(dev);

	if (dev->ops->level(dev) != before)
		mmio_settle(dev);
	if (out)
		overdue(cell, STOP_WATCHDOG);
}

static void serve_devices(u16 cell)
{
	const struct cell_config *config = &machine_cells[cell];

	for (u32 i = config->first_vdev; i < (u32)config->first_vdev + config->vdev_count; i++) {
		LOOP_BOUND(CELL_VDEV_LIMIT);
		if (machine_vdevs[i].ops->tick)
			serve_device(cell, &machine_vdevs[i]);
	}
}

/* ---- shutdown requests ---- */

static void set_key(u16 cell, bool pressed)
{
	u32 index = machine_lives[cell].power_key;
	const struct vdev_config *dev = &machine_vdevs[index];

	watched[cell].release = pressed ? arch_time_now() + PRESS_TIME(arch_time_hz()) : 0;
	if (index >= VDEV_COUNT || !dev->ops->key)
		return;
	dev->ops->key(dev, pressed);
	mmio_settle(dev);
}

void watch_ask(u16 cell, enum life_op op, u16 by)
{
	bool again = atomic_load32(&cells[cell].asked);

	watched[cell].by = by;
	if (!again) {
		__atomic_store_n(&cells[cell].asked_until, arch_time_now() + ticks_of(machine_lives[cell].shutdown_time), __ATOMIC_RELAXED);
		set_key(cell, true);
	}
	atomic_store32(&cells[cell].asked, op);
}

static void serve_asked(u16 cell, u64 now)
{
	struct watched *w = &watched[cell];
	u32 op = atomic_load32(&cells[cell].asked), state = atomic_load32(&cells[cell].state);

	if (w->release && is_over(w->release, now) && life_shown(state) != SHOWN_SUSPENDED)
		set_key(cell, false);
	if (!op || state != CELL_RUNNING ||
	    !is_over(__atomic_load_n(&cells[cell].asked_until, __ATOMIC_RELAXED), now))
		return;
	end(cell, STOP_TIMEOUT, "it did not shut down in time", w->by, op == LIFE_RESTART ? CELL_RESTARTING : CELL_STOPPING);
}

/* ---- suspended ---- */

void watch_slept(u16 cell, u64 ticks)
{
	const struct cell_config *config = &machine_cells[cell];
	u64 *until = &cells[cell].asked_until;

	watched[cell].due += ticks;
	watched[cell].release += watched[cell].release ? ticks : 0;
	__atomic_store_n(until, __atomic_load_n(until, __ATOMIC_RELAXED) + ticks, __ATOMIC_RELAXED);
	for (u32 i = config->first_vdev; i < (u32)config->first_vdev + config->vdev_count; i++) {
		LOOP_BOUND(CELL_VDEV_LIMIT);
		if (machine_vdevs[i].ops->slept)
			machine_vdevs[i].ops->slept(&machine_vdevs[i], ticks);
	}
}

/* ---- the board ---- */

static bool is_kept(u16 cell)
{
	u32 incarnation = atomic_load32(&cells[cell].incarnation), record = atomic_load32(&cells[cell].record_state);
	enum life_shown shown = life_shown(atomic_load32(&cells[cell].state));
	bool ended = shown == SHOWN_STOPPING || shown == SHOWN_STOPPED || shown == SHOWN_FAILED;

	return record != RECORD_WRITING && record != RECORD_READY && (!ended || crash_is_kept(cell, incarnation));
}

static void serve_end(u64 now)
{
	bool kept = true;

	if (!board_end.due || !is_over(board_end.from, now))
		return;
	for (u16 i = 0; i < CELL_COUNT; i++) {
		LOOP_BOUND(CELL_COUNT);
		kept = kept && is_kept(i);
	}
	if (!kept && !is_over(board_end.until, now))
		return;
	board_end.due = false; /* before the end: a host's board lives on */
	console_flush();
	if (board_end.what == BOARD_OFF)
		arch_board_off();
	arch_board_reset();
}

/* ---- each round ---- */

/* A life begins: nothing is overdue yet. */
static void begin(u16 cell, u32 incarnation, u64 now)
{
	watched[cell].incarnation = incarnation;
	watched[cell].beat = 0;
	watched[cell].overdue = 0;
	watched[cell].due = now + ticks_of(machine_lives[cell].heartbeat_first);
}

static void serve_cell(u16 cell, u64 now)
{
	u32 incarnation = atomic_load32(&cells[cell].incarnation);

	serve_events(cell);
	if (atomic_load32(&cells[cell].state) == CELL_RUNNING) {
		if (watched[cell].incarnation != incarnation)
			begin(cell, incarnation, now);
		serve_devices(cell);
		serve_heart(cell, now);
	}
	serve_asked(cell, now);
}

void watch_serve(void)
{
	u64 now = arch_time_now();

	for (u16 i = 0; i < CELL_COUNT; i++) {
		LOOP_BOUND(CELL_COUNT);
		serve_cell(i, now);
	}
	serve_end(now);
}
