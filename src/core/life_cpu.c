/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A cell's own CPUs in its life. Its first CPU does what is left to do when
 * nobody is in the cell any more:
 *
 *   who stops it   state := STOPPING, FAILING or RESTARTING; record, memory revoked, kicks
 *   other vCPUs    fault or wake -> registers kept, parked, private state clean -> "parked" --kick--+
 *   service CPU    record printed and kept ------------------------------------> "released" --kick-+
 *   first CPU      parked, waits for all of them <--------------------------------------------------+
 *                  devices off -> the copier clears the memory, range by range -> STOPPED, FAILED or
 *                  STARTING -> devices, lines, memory as at boot -> cell_start -> the copier loads
 *
 * No lock: each word has one writer (life_steps.h). Whoever has not come in
 * after a second is not waited for: the memory is out of his reach. But the cell
 * has failed then, and is not started before he has.
 */
#include "core/bound.h"
#include "core/life_steps.h"
#include "config.h"
#include "core/boot.h"
#include "core/debug.h"
#include "core/iommu.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/pci.h"
#include "core/trace.h"
#include "core/watch.h"
#include "vdev/vdev.h"

/* ---- what becomes of it ---- */

enum life_event life_event_of(enum stop_reason reason)
{
	switch (reason) {
	case STOP_SYSTEM_RESET: return EVENT_RESET;
	case STOP_DEBUG:
	case STOP_FAULT:
	case STOP_DENIED: return EVENT_FAULT;
	case STOP_WATCHDOG:
	case STOP_HEARTBEAT: return EVENT_WATCHDOG;
	case STOP_DMA: return EVENT_DMA;
	case STOP_STORM: return EVENT_STORM;
	default: return EVENT_COUNT;
	}
}

/* Would this be one too many? restarts[] remembers the last restart_count that count. */
static bool is_spent(u16 index)
{
	const struct life_config *config = &machine_lives[index];
	const struct cell *cell = &cells[index];
	u32 done = atomic_load32(&cell->counted), count = config->restart_count;

	return count && done >= count &&
	       arch_time_now() - life_get(&cell->restarts[done % count]) < config->restart_seconds * arch_time_hz();
}

u32 life_again(u16 cell)
{
	u32 limit = machine_lives[cell].actions[EVENT_LIMIT];

	if (iommu_state(cell) == IOMMU_BROKEN || (is_spent(cell) && limit != ACTION_IGNORE && limit != ACTION_RECORD))
		return CELL_FAILING;
	return CELL_RESTARTING;
}

u32 life_decide(const struct cpu *cpu, enum stop_reason reason)
{
	u16 cell = cpu->cell_index;
	enum life_event event = life_event_of(reason);
	u64 left;

	switch (watch_asked(cell, &left)) { /* that it ends was wanted: then to what end, too */
	case LIFE_STOP: return CELL_STOPPING;
	case LIFE_RESTART: return CELL_RESTARTING;
	default: break;
	}
	if (event == EVENT_COUNT)
		return CELL_STOPPING;
	if (machine_lives[cell].actions[event] == ACTION_RESTART)
		return life_again(cell);
	return event == EVENT_RESET && machine_lives[cell].actions[event] == ACTION_STOP ? CELL_STOPPING : CELL_FAILING;
}

/* For the limit count those that nobody has asked for. */
static void count(u16 index)
{
	struct cell *cell = &cells[index];
	u32 limit = machine_lives[index].restart_count, done = atomic_load32(&cell->counted);
	u64 left;

	if (!limit || watch_asked(index, &left))
		return;
	life_put(&cell->restarts[done % limit], arch_time_now());
	atomic_store32(&cell->counted, done + 1);
}

/* The cell itself is seen to; the service CPU sees to the others, and to the board. */
void life_ended(u16 cell, enum stop_reason reason, u32 end)
{
	enum life_event event = life_event_of(reason);
	u32 action = event == EVENT_COUNT ? (u32)ACTION_STOP : machine_lives[cell].actions[event];

	if (event != EVENT_COUNT && end == CELL_RESTARTING)
		count(cell);
	if (action == ACTION_RESTART && end == CELL_FAILING && iommu_state(cell) != IOMMU_BROKEN)
		watch_event(cell, EVENT_LIMIT);
	else if (event == EVENT_FAULT || event == EVENT_RESET)
		watch_event(cell, event);
}

/* ---- in the core ---- */

/* One CPU more of those that were called is here. */
static void is_in(u16 cell, u64 now)
{
	struct life_times *times = &cells[cell].times;
	u64 time = now - life_get(&times->revoked);

	if (time > life_get(&times->regain))
		life_put(&times->regain, time);
}

void life_capture(struct cpu *cpu)
{
	struct cell *cell = &cells[cpu->cell_index];
	struct vcpu *vcpu = cpu->vcpu;
	u32 copier = cpu->copier, life = atomic_load32(&cell->incarnation);

	cpu->copier = COPIER_NONE;
	if (copier == COPIER_CLEAR) {
		atomic_store32(&cell->unclean, 1);
		log_put(MESSAGE_UNCLEAN, cpu->cell_index);
	}
	/* Not of one that switched itself off, nor of the copier; and once */
	if (copier != COPIER_NONE || !cell_is_ending(cpu->cell_index) || atomic_load32(&vcpu->state) != VCPU_ON ||
	    atomic_load32(&vcpu->captured) == life + 1)
		return;
	atomic_store32(&vcpu->captured, 0);
	arch_vcpu_capture(cpu, &vcpu->registers);
	atomic_store32(&vcpu->captured, life + 1);
}

/*
 * The number of suspensions is read before the state: if it is of one that has
 * begun, the state is of then or later. So a fault that came of a suspension
 * is found by one of the two, however late it is looked at.
 */
static u32 look(struct cpu *cpu, bool *late)
{
	const struct cell *cell = &cells[cpu->cell_index];
	u32 suspends = atomic_load32(&cell->suspends);

	*late = suspends != cpu->vcpu->suspends_seen;
	cpu->vcpu->suspends_seen = suspends;
	return atomic_load32(&cell->state);
}

bool life_was_suspended(struct cpu *cpu)
{
	u64 now = arch_time_now();
	bool late;
	u32 state = look(cpu, &late);

	if (cell_state_ends(state))
		is_in(cpu->cell_index, now);
	if (state != CELL_SUSPENDED && state != CELL_RESUMING)
		return late && state == CELL_RUNNING;
	cell_count_exit(cpu, EXIT_REVOKED);
	is_in(cpu->cell_index, now);
	arch_vcpu_pause(cpu);
	life_wait(cpu);
	return true;
}

static bool waits(u32 state, bool held)
{
	return state == CELL_SUSPENDED || state == CELL_RESUMING || (held && state == CELL_RUNNING);
}

static void go_on(struct cpu *cpu)
{
	if (debug_is_allowed(cpu->cell))
		debug_arm(cpu);
	arch_vcpu_resume(cpu);
	life_put(&cells[cpu->cell_index].times.resume, arch_time_now() - life_get(&cells[cpu->cell_index].since));
}

void life_wait(struct cpu *cpu)
{
	bool debugged = debug_is_allowed(cpu->cell), late;
	u32 state;

	metrics_void(cpu);
	if (debugged)
		debug_waits(cpu);
	for (;;) {
		LOOP_RESIDENCE();
		if (cpu->index == machine_service_cpu)
			core_serve(); /* or nobody would ever resume it */
		bool held = debugged && debug_holds(cpu);

		state = look(cpu, &late);
		if (!waits(state, held))
			break;
		if (state != CELL_RUNNING)
			atomic_store32(&cpu->vcpu->waits, cpu->vcpu->suspends_seen); /* after each look: it may be another suspension */
		/* Whatever comes after this look comes with a kick, and that before CELL_RUNNING */
		if ((!debugged || debug_poll(cpu) == LIFE_SLEEP) && state != CELL_RESUMING)
			arch_cpu_wait();
		arch_vcpu_paused(cpu);
	}
	if (debugged)
		debug_drop(cpu);
	if (state == CELL_RUNNING)
		go_on(cpu);
	else
		cell_park(cpu);
}

/* ---- who has come in ---- */

void life_tell(u16 cell, u32 *word, u32 incarnation)
{
	if (atomic_load32(word) == KICK_SENT(incarnation))
		return;
	atomic_store32(word, KICK_COMES(incarnation));
	cell_call(cell, 0);
	atomic_store32(word, KICK_SENT(incarnation));
}

/* The life is read before the state, and counted before CELL_LOADING: it is never the end of the one before that is seen. */
static void tell_parked(const struct cpu *cpu)
{
	struct cell *cell = &cells[cpu->cell_index];
	u32 life = atomic_load32(&cell->incarnation), state = atomic_load32(&cell->state);

	if (cell_state_ends(state) || state == CELL_STOPPED || state == CELL_FAILED)
		life_tell(cpu->cell_index, &cpu->vcpu->parked, life);
}

u32 life_missing(u16 cell)
{
	u32 life = atomic_load32(&cells[cell].incarnation), missing = 0;

	for (u16 n = 0; n < machine_cells[cell].vcpu_count; n++) {
		LOOP_BOUND(CELL_VCPU_LIMIT);
		missing += life && atomic_load32(&cell_vcpu(cell, n)->parked) != KICK_SENT(life);
	}
	return missing;
}

/* LIFE_LEAVE: the first CPU may go on. */
static enum life_place others_are_in(const struct cpu *cpu)
{
	struct cell *cell = &cells[cpu->cell_index];
	u32 sent = KICK_SENT(cell->incarnation), coming = KICK_COMES(cell->incarnation);
	u32 released = machine_service_cpu == CPU_NONE ? sent : atomic_load32(&cell->released);
	u32 given_up = atomic_load32(&cell->given_up);
	bool all = true;

	for (u16 n = 0; n < cpu->cell->vcpu_count; n++) {
		LOOP_BOUND(CELL_VCPU_LIMIT);
		u32 word = atomic_load32(&cell_vcpu(cpu->cell_index, n)->parked);

		if (word == coming)
			return LIFE_LOOK;
		all = all && word == sent;
	}
	if (all && !cell->in_at)
		cell->in_at = arch_time_now();
	if (released == coming || given_up == coming)
		return LIFE_LOOK;
	return released == sent && (all || given_up == sent) ? LIFE_LEAVE : LIFE_SLEEP;
}

/* ---- the end, and the beginning: first CPU ---- */

static enum life_place clear_next(struct cpu *cpu)
{
	struct cell *cell = &cells[cpu->cell_index];
	const struct cell_ram *ram = &machine_cell_ram[cpu->cell->first_ram + cell->cleaned];

	if (!cell->cleaned)
		cell->clear_since = arch_time_now();
	cpu->copier = COPIER_CLEAR;
	arch_vcpu_clear(cpu, ram->base, ram->size);
	return LIFE_LEAVE;
}

static bool is_clear(const struct cpu *cpu)
{
	const struct cell *cell = &cells[cpu->cell_index];

	return cell->cleaned == cpu->cell->ram_count || atomic_load32(&cell->unclean);
}

void life_cleared(struct cpu *cpu)
{
	struct cell *cell = &cells[cpu->cell_index];

	if (++cell->cleaned < cpu->cell->ram_count) {
		clear_next(cpu);
		return;
	}
	life_put(&cell->times.clear, arch_time_now() - cell->clear_since);
	cpu->copier = COPIER_NONE;
	cell_park(cpu);
}

/* The goal may have been changed till now, and is what counts; but who is not as he should be has failed. */
static void reach_goal(struct cpu *cpu)
{
	struct cell *cell = &cells[cpu->cell_index];
	u32 missing = life_missing(cpu->cell_index), goal, next;
	bool failed = missing || atomic_load32(&cell->unclean) || iommu_state(cpu->cell_index) == IOMMU_BROKEN;

	if (missing)
		log_put(MESSAGE_VCPUS_MISSING, cpu->cell_index, missing);
	watch_reset(cpu->cell_index);
	do {
		LOOP_BOUND(4);
		goal = atomic_load32(&cell->state);
		next = failed || goal == CELL_FAILING ? CELL_FAILED : goal == CELL_STOPPING ? CELL_STOPPED : CELL_STARTING;
		cell->begins = next == CELL_STARTING;
	} while (!arch_cas32(&cell->state, goal, next));
	trace_life(cpu->cell_index, next, BY_ITSELF);
}

static void all_off(const struct cpu *cpu)
{
	for (u16 n = 0; n < cpu->cell->vcpu_count; n++) {
		LOOP_BOUND(CELL_VCPU_LIMIT);
		atomic_store32(&cell_vcpu(cpu->cell_index, n)->state, VCPU_OFF);
	}
}

/*
 * Streams that are not off write to memory that is being cleared. An IOMMU that
 * does not answer is the end: what a device was told to write would land in the
 * next life, so there is none.
 */
static enum life_place end(struct cpu *cpu)
{
	struct cell *cell = &cells[cpu->cell_index];
	enum iommu_state streams = iommu_state(cpu->cell_index);
	enum life_place step;

	if (!cell->quiet)
		pci_stop(cpu->cell_index); /* the service CPU cannot, if it was the one that stopped the cell */
	cell->quiet = true;
	step = others_are_in(cpu);
	if (step != LIFE_LEAVE)
		return step;
	if (streams != IOMMU_OFF && streams != IOMMU_BROKEN)
		return LIFE_LOOK;
	all_off(cpu);
	if (!is_clear(cpu))
		return clear_next(cpu);
	u64 since = arch_time_now();

	reach_goal(cpu);
	life_put(&cell->times.stop, (cell->in_at ? cell->in_at : since) - life_get(&cell->since) + arch_time_now() - since);
	cell->in_at = 0;
	if (cell->begins)
		life_put(&cell->since, since);
	return LIFE_LOOK;
}

/* As at boot, but for its devices. After its first life only: before that it is. */
static void as_at_boot(struct cpu *cpu)
{
	struct cell *cell = &cells[cpu->cell_index];

	arch_cas32(&cell->record_state, RECORD_PRINTED, RECORD_NONE); /* one that still waits is printed while the cell runs again */
	arch_cell_restore(cpu);
}

/* Stopped before it began. Those who were called before this life was counted have answered for the one before. */
static enum life_place not_begun(struct cpu *cpu)
{
	cells[cpu->cell_index].cleaned = cpu->cell->ram_count; /* nothing was written */
	arch_cell_revoke(cpu->cell_index);
	return LIFE_LOOK;
}

static enum life_place begin(struct cpu *cpu)
{
	struct cell *cell = &cells[cpu->cell_index];

	if (!cell->begins && atomic_load32(&cell->called) != KICK_SENT(cell->incarnation))
		return LIFE_LOOK;
	cell->begins = true; /* and nobody calls again */
	if (atomic_load32(&cell->unclean)) { /* found only now: CONFIG_SCRUB_AT_BOOT */
		arch_cas32(&cell->state, CELL_STARTING, CELL_FAILED);
		return LIFE_LOOK;
	}
	if (!is_clear(cpu))
		return clear_next(cpu);
	if (cell->incarnation && !pci_restored(cpu))
		return LIFE_LOOK;
	watch_reset(cpu->cell_index);
	cell_reset_devices(cpu); /* before the lines: what the pump says of a device from now on is that it is quiet */
	if (cell->incarnation)
		as_at_boot(cpu);
	all_off(cpu);
	cell->begins = cell->quiet = false;
	cell->cleaned = 0;
	return cell_start(cpu) ? LIFE_LEAVE : not_begun(cpu);
}

void life_boot(struct cpu *cpu)
{
	struct cell *cell = &cells[cpu->cell_index];

	if (cpu->vcpu_index)
		return;
	cell->cleaned = CONFIG_SCRUB_AT_BOOT ? 0 : cpu->cell->ram_count;
	life_put(&cell->since, arch_time_now());
	if (!machine_lives[cpu->cell_index].manual)
		cell->begins = arch_cas32(&cell->state, CELL_OFF, CELL_STARTING); /* else the service CPU was first, and calls */
}

enum life_place life_poll(struct cpu *cpu)
{
	bool late;

	tell_parked(cpu);
	switch (look(cpu, &late)) {
	case CELL_SUSPENDED: atomic_store32(&cpu->vcpu->waits, cpu->vcpu->suspends_seen); return LIFE_SLEEP;
	case CELL_RESUMING: atomic_store32(&cpu->vcpu->waits, cpu->vcpu->suspends_seen); return LIFE_LOOK; /* nothing else comes with a kick */
	case CELL_STARTING: return cpu->vcpu_index ? LIFE_SLEEP : begin(cpu);
	case CELL_STOPPING:
	case CELL_FAILING:
	case CELL_RESTARTING: return cpu->vcpu_index ? LIFE_SLEEP : end(cpu);
	default: return LIFE_SLEEP;
	}
}
