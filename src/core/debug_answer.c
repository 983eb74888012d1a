/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The core's part of a debugger (debug.h): the service CPU's. Requests are answered when they are done; nothing waits, and
 * what takes time is looked at again in the next round.
 */
#include "core/audit.h"
#include "core/bound.h"
#include "core/debug_mail.h"
#include "core/frame.h"
#include "core/log.h"

/* CPUs come in; a resume takes no longer. */
#define COME_IN_TIME(hz) (hz)
/* An instruction: longer is one that sleeps. Then its CPU is called back. */
#define STEP_TIME(hz) ((hz) / 10)
#define READ_MOST 1024u
#define WRITE_MOST 128u
#define MEMORY_HEAD 16u /* bytes of struct debug_memory */
#define WATCH_FIRST 16u /* number of the first watchpoint */

static void put(struct line_job *job, u64 value, u32 bytes)
{
	frame_put(job->payload + job->length, value, bytes);
	job->length += bytes;
}

static u64 get(const struct line_job *job, u32 offset, u32 bytes)
{
	return frame_get(job->data + offset, bytes);
}

/* ---- each round ---- */

bool debug_has_hold(u16 cell)
{
	return atomic_load32(&debug_cells[cell].event) == EVENT_TAKEN;
}

static void take(u16 cell, enum debug_why why, u16 vcpu, u64 more)
{
	struct debug_cell *d = &debug_cells[cell];

	d->why = (u8)why;
	d->vcpu = vcpu;
	d->more = more;
	atomic_store32(&d->event, EVENT_TAKEN);
}

static void serve_event(u16 cell)
{
	struct debug_cell *d = &debug_cells[cell];
	u32 event = atomic_load32(&d->event);

	if (event == EVENT_NEW) {
		enum life_result result = life_do(cell, LIFE_SUSPEND, BY_POLICY);

		atomic_store32(&d->event, result == LIFE_OK || result == LIFE_ALREADY ? EVENT_TAKEN : EVENT_NONE);
	} else if (event == EVENT_TAKEN) {
		u32 state = atomic_load32(&cells[cell].state);

		if (state != CELL_SUSPENDED && state != CELL_RESUMING)
			atomic_store32(&d->event, EVENT_NONE); /* the operator has let it go on, or it has ended */
	}
}

static void let_go(u16 cell)
{
	atomic_store32(&debug_cells[cell].event, EVENT_NONE);
	audit_note(CONTROLLER_OPERATOR, cell, LIFE_RESUME, life_do(cell, LIFE_RESUME, CONTROLLER_OPERATOR));
}

/* What it has halted stays so; of what has hit a point of its nobody will ever hear. */
static void leave(u16 cell)
{
	struct debug_cell *d = &debug_cells[cell];

	if (!d->attached)
		return;
	atomic_store32(&d->attached, 0);
	serve_event(cell); /* one that has just come */
	if (!debug_is_held(cell))
		return;
	if (d->why == DEBUG_ASKED)
		log_put(MESSAGE_DEBUGGER_GONE, cell);
	else
		let_go(cell);
}

void debug_gone(void)
{
	for (u16 i = 0; i < CELL_COUNT; i++) {
		LOOP_BOUND(CELL_COUNT);
		if (debug_is_allowed(&machine_cells[i]))
			leave(i);
	}
}

/*
 * The cell has its memory for a step; its other CPUs stay where they are all the same. Who does not come back is called
 * as in a suspension. Unless that life is over, or somebody lets it go on.
 */
static void serve_step(void)
{
	u16 cell = debug_mail.cell;

	if (!debug_mail.since)
		return;
	if (MAIL_STATE(atomic_load32(&debug_mail.word)) == MAIL_DONE) {
		debug_mail.since = 0;
		if (debug_mail.status == LINE_OK && atomic_load32(&debug_cells[cell].event) == EVENT_TAKEN)
			take(cell, (enum debug_why)debug_mail.why, debug_mail.vcpu, debug_mail.more);
	} else if (arch_time_now() - debug_mail.since >= STEP_TIME(arch_time_hz())) {
		debug_mail.since = arch_time_now();
		if (atomic_load32(&cells[cell].state) == CELL_SUSPENDED)
			arch_cell_revoke(cell);
	}
}

void debug_serve(void)
{
	for (u16 i = 0; i < CELL_COUNT; i++) {
		LOOP_BOUND(CELL_COUNT);
		if (debug_is_allowed(&machine_cells[i]))
			serve_event(i);
	}
	if (DEBUG_COUNT)
		serve_step();
}

/* ---- halted or not ---- */

/* Of nobody's doing: the first vCPU that is on. */
static u16 first_on(u16 cell)
{
	for (u16 n = 0; n < machine_cells[cell].vcpu_count; n++) {
		LOOP_BOUND(CELL_VCPU_LIMIT);
		if (atomic_load32(&cell_vcpu(cell, n)->state) == VCPU_ON)
			return n;
	}
	return 0;
}

/* Only the service CPU takes events, so one that is under way stays what it is. */
static enum line_status halt_now(struct line_job *job, u16 cell)
{
	if (!job->state[0]) {
		enum life_result result = life_do(cell, LIFE_SUSPEND, CONTROLLER_OPERATOR);

		audit_note(CONTROLLER_OPERATOR, cell, LIFE_SUSPEND, result);
		if (result == LIFE_REFUSED)
			return LINE_REFUSED;
		if (atomic_load32(&debug_cells[cell].event) == EVENT_NONE)
			take(cell, DEBUG_ASKED, first_on(cell), 0);
		job->state[0] = arch_time_now();
	}
	if (life_is_halted(cell))
		return LINE_OK;
	job->later = arch_time_now() - job->state[0] < COME_IN_TIME(arch_time_hz());
	return LINE_FAILED;
}

static enum line_status halt(struct line_job *job, u16 cell)
{
	u32 when = (u32)get(job, 2, 2);

	if (when > HALT_FIRST)
		return LINE_INVALID;
	atomic_store32(&debug_cells[cell].attached, 1);
	if (when == HALT_NOW)
		return halt_now(job, cell);
	atomic_store32(&debug_cells[cell].first, 1);
	return LINE_OK;
}

static bool is_alive(u32 state)
{
	return state == CELL_STARTING || state == CELL_LOADING || state == CELL_RUNNING || state == CELL_SUSPENDED || state == CELL_RESUMING;
}

static enum line_status state(struct line_job *job, u16 cell)
{
	const struct debug_cell *d = &debug_cells[cell];
	bool halted = life_is_halted(cell), held = debug_is_held(cell);
	u16 vcpu = held ? d->vcpu : first_on(cell);
	u32 now = atomic_load32(&cells[cell].state), why = held ? d->why : is_alive(now) ? (u32)DEBUG_ASKED : (u32)DEBUG_ENDED;

	put(job, halted, 1);
	put(job, why, 1);
	put(job, vcpu, 2);
	put(job, atomic_load32(&cells[cell].incarnation), 4);
	put(job, halted ? debug_registers_of(cell, vcpu)->pc : 0, 8);
	put(job, why == DEBUG_WATCHED ? d->more : 0, 8);
	put(job, arch_debug_limit(false), 1);
	put(job, arch_debug_limit(true), 1);
	put(job, held, 2);
	put(job, why == DEBUG_BRK ? d->more : 0, 4);
	return LINE_OK;
}

/* ---- of one vCPU ---- */

static enum line_status registers(struct line_job *job, u16 cell, u16 vcpu)
{
	const struct vcpu_registers *from = debug_registers_of(cell, vcpu);
	u32 first = job->part * (LINE_PART / 8), count = (u32)(sizeof *from / 8);

	for (u32 i = first; i < count && i < first + LINE_PART / 8; i++) {
		LOOP_BOUND(LINE_PART / 8);
		put(job, i < 31 ? from->regs[i] : i == 31 ? from->sp : i == 32 ? from->pc : i == 33 ? from->pstate : from->more[i - 34], 8);
	}
	job->more = first + LINE_PART / 8 < count;
	return LINE_OK;
}

/* The answer comes with a later call. Sent only if it has not been dropped by then. */
static enum line_status post(struct line_job *job, u16 cell, u16 vcpu, enum mail_op op)
{
	u16 cpu = cell_cpu(cell, vcpu);
	u32 to = MAIL_TO(&machine_cells[cell], vcpu);

	debug_mail.cell = cell;
	debug_mail.vcpu = vcpu;
	debug_mail.op = (u8)op;
	debug_mail.begun = false;
	debug_mail.at = 0;
	debug_mail.since = op == MAIL_STEP ? arch_time_now() : 0;
	atomic_store32(&debug_mail.word, to | MAIL_COMES);
	if (cpu != arch_cpu_this()->index)
		arch_cpu_kick(cpu);
	arch_cas32(&debug_mail.word, to | MAIL_COMES, to | MAIL_SENT);
	job->state[0] = 1;
	job->later = true;
	return LINE_OK;
}

/* All of it in one range of the cell's own memory: what is read of a device changes it, and what others see is not for this. */
static bool is_memory(const struct cell_config *config, u64 address, u32 bytes)
{
	for (u32 i = 0; i < config->ram_count; i++) {
		LOOP_BOUND(CELL_RAM_LIMIT);
		const struct cell_ram *ram = &machine_cell_ram[config->first_ram + i];

		if (address - ram->base < ram->size && ram->size - (address - ram->base) >= bytes)
			return true;
	}
	return false;
}

/* Read: as many mails as there are messages. */
static enum line_status memory(struct line_job *job, u16 cell, u16 vcpu)
{
	u32 size = (u32)get(job, 6, 2), from = job->part * LINE_PART, room = size > from ? size - from : 0;
	bool write = job->op == DEBUG_WRITE;
	u64 address = get(job, 8, 8);

	if (!room || size > (write ? WRITE_MOST : READ_MOST) || (write && job->size != MEMORY_HEAD + size))
		return LINE_INVALID;
	if (!is_memory(&machine_cells[cell], address, size))
		return LINE_FAILED;
	debug_mail.address = address + from;
	debug_mail.size = room < LINE_PART ? room : LINE_PART;
	for (u32 i = 0; write && i < size; i++) {
		LOOP_BOUND(WRITE_MOST);
		debug_mail.bytes[i] = job->data[MEMORY_HEAD + i];
	}
	return post(job, cell, vcpu, write ? MAIL_WRITE : MAIL_READ);
}

/* It has been done: the answer. */
static enum line_status done(struct line_job *job)
{
	enum line_status status = (enum line_status)debug_mail.status;

	job->state[0] = 0;
	if (job->op == DEBUG_READ && status == LINE_OK) {
		for (u32 i = 0; i < debug_mail.size; i++) {
			LOOP_BOUND(LINE_PART);
			put(job, debug_mail.bytes[i], 1);
		}
		job->more = (job->part + 1) * LINE_PART < get(job, 6, 2);
	}
	return status;
}

/* All CPUs are in, and stay: so the cell can have its memory back. */
static enum line_status step(struct line_job *job, u16 cell, u16 vcpu)
{
	if (!debug_is_held(cell))
		return LINE_REFUSED;
	arch_cell_unrevoke(cell);
	return post(job, cell, vcpu, MAIL_STEP);
}

static enum line_status of_vcpu(struct line_job *job, u16 cell)
{
	u16 vcpu = (u16)get(job, 2, 2);

	if (vcpu >= machine_cells[cell].vcpu_count)
		return LINE_INVALID;
	if (job->state[0])
		return done(job);
	if (!life_is_halted(cell) || atomic_load32(&cell_vcpu(cell, vcpu)->state) != VCPU_ON)
		return LINE_REFUSED;
	switch (job->op) {
	case DEBUG_REGISTERS: return registers(job, cell, vcpu);
	case DEBUG_STEP: return step(job, cell, vcpu);
	case DEBUG_SET:
		debug_mail.number = (u32)get(job, 4, 4);
		debug_mail.value = get(job, 8, 8);
		return post(job, cell, vcpu, MAIL_SET);
	default: return memory(job, cell, vcpu);
	}
}

/* ---- it goes on ---- */

enum { GO_BEGINS, GO_POSTED, GO_DONE };

/* A BRK that is the guest's own is handed to it by its own CPU, first. */
static enum line_status go(struct line_job *job, u16 cell)
{
	const struct debug_cell *d = &debug_cells[cell];
	u32 how = (u32)get(job, 2, 2);
	bool pass = how == GO_PASS && d->why == DEBUG_BRK;

	if (how > GO_LEAVE)
		return LINE_INVALID;
	if (how == GO_LEAVE && job->state[0] == GO_BEGINS) {
		atomic_store32(&debug_cells[cell].attached, 0);
		atomic_store32(&debug_cells[cell].first, 0);
	}
	if (job->state[0] == GO_BEGINS && (!life_is_halted(cell) || !debug_is_held(cell)))
		return how == GO_LEAVE ? LINE_OK : LINE_REFUSED;
	if (job->state[0] == GO_BEGINS && pass) {
		debug_mail.value = d->more;
		return post(job, cell, d->vcpu, MAIL_BRK);
	}
	if (job->state[0] == GO_POSTED && debug_mail.status != LINE_OK)
		return (enum line_status)debug_mail.status;
	if (job->state[0] != GO_DONE)
		let_go(cell);
	job->state[0] = GO_DONE;
	job->later = atomic_load32(&cells[cell].state) == CELL_RESUMING;
	return LINE_OK;
}

/* ---- breakpoints ---- */

static bool is_point(const struct debug_point *p, bool watch)
{
	u64 top = p->address >> 48;

	if (p->number >= 2 * WATCH_FIRST || p->number % WATCH_FIRST >= arch_debug_limit(watch) || p->kind > POINT_ACCESS)
		return false;
	if (p->kind == POINT_OFF)
		return true;
	if ((p->kind != POINT_EXECUTE) != watch || (top && top != 0xffff))
		return false;
	if (!watch)
		return !(p->address & 3);
	return (p->size == 1 || p->size == 2 || p->size == 4 || p->size == 8) && !(p->address & (p->size - 1));
}

/* They are in force when the cell goes on. */
static enum line_status point(struct line_job *job, u16 cell)
{
	struct debug_cell *d = &debug_cells[cell];
	u32 life = atomic_load32(&cells[cell].incarnation);
	const struct debug_point p = { .number = (u8)get(job, 2, 1), .kind = (u8)get(job, 3, 1), .size = (u32)get(job, 4, 4), .address = get(job, 8, 8) };
	bool watch = p.number >= WATCH_FIRST;

	if (!is_point(&p, watch))
		return LINE_INVALID;
	if (!life_is_halted(cell) || !debug_is_held(cell))
		return LINE_REFUSED;
	for (u32 i = 0; d->life != life && i < DEBUG_POINTS; i++) {
		LOOP_BOUND(DEBUG_POINTS);
		d->points.breaks[i].kind = d->points.watches[i].kind = POINT_OFF;
	}
	d->life = life;
	*(watch ? &d->points.watches[p.number % WATCH_FIRST] : &d->points.breaks[p.number]) =
		(struct debug_place){ .address = p.address, .size = (u8)p.size, .kind = p.kind };
	return LINE_OK;
}

/* ---- all of them ---- */

static enum line_status answer(struct line_job *job, u16 cell)
{
	switch (job->op) {
	case DEBUG_HALT: return halt(job, cell);
	case DEBUG_GO: return go(job, cell);
	case DEBUG_STATE: return state(job, cell);
	case DEBUG_POINT: return point(job, cell);
	default: return of_vcpu(job, cell);
	}
}

static bool is_whole(const struct line_job *job)
{
	static const u8 sizes[] = {
		[DEBUG_HALT] = 4, [DEBUG_GO] = 4, [DEBUG_STEP] = 4, [DEBUG_STATE] = 2, [DEBUG_REGISTERS] = 4, [DEBUG_SET] = 16,
		[DEBUG_READ] = MEMORY_HEAD, [DEBUG_WRITE] = MEMORY_HEAD + 1, [DEBUG_POINT] = 16,
	};

	return job->op == DEBUG_WRITE ? job->size >= sizes[DEBUG_WRITE] : job->size == sizes[job->op];
}

/* A mail that is still under way may be of a session that has ended: it comes first. */
enum line_status debug_answer(struct line_job *job)
{
	u32 word = MAIL_STATE(atomic_load32(&debug_mail.word));

	if (job->op < DEBUG_HALT || job->op > DEBUG_POINT)
		return LINE_UNKNOWN;
	if (!is_whole(job) || get(job, 0, 2) >= CELL_COUNT)
		return LINE_INVALID;
	if (!debug_is_allowed(&machine_cells[get(job, 0, 2)]))
		return LINE_DENIED;
	job->later = word == MAIL_COMES || word == MAIL_SENT || debug_mail.since; /* since: a step that debug_serve has not seen done */
	return job->later ? LINE_OK : answer(job, (u16)get(job, 0, 2));
}
