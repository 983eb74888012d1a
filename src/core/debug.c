/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The core's part of a debugger (debug.h): what a cell's own CPUs do. The service CPU's part is debug_answer.c.
 *
 * The mailbox is one, as there is one line: it belongs to the service CPU, but from MAIL_SENT until MAIL_DONE to the vCPU
 * that it names.
 */
#include "core/bound.h"
#include "core/debug_mail.h"

struct debug_cell debug_cells[CELL_COUNT ? CELL_COUNT : 1];
struct debug_mail debug_mail;
struct vcpu_registers debug_registers[VCPU_COUNT ? VCPU_COUNT : 1];

static u32 mine(const struct cpu *cpu, enum mail_word state)
{
	return MAIL_TO(cpu->cell, cpu->vcpu_index) | state;
}

static bool is_asked(const struct cpu *cpu)
{
	return atomic_load32(&debug_mail.word) == mine(cpu, MAIL_SENT);
}

static void finish(const struct cpu *cpu, enum line_status status)
{
	debug_mail.status = status;
	atomic_store32(&debug_mail.word, mine(cpu, MAIL_DONE));
}

static void capture(const struct cpu *cpu)
{
	arch_vcpu_capture(cpu, debug_registers_of(cpu->cell_index, cpu->vcpu_index));
}

/* ---- it has hit something ---- */

/* The first one counts; others come in as of a suspension, and hit theirs again when they go on. */
static void tell(struct cpu *cpu, enum debug_why why, u64 more)
{
	struct debug_cell *d = &debug_cells[cpu->cell_index];

	if (!arch_cas32(&d->event, EVENT_NONE, EVENT_WRITING))
		return;
	d->why = (u8)why;
	d->vcpu = cpu->vcpu_index;
	d->more = more;
	atomic_store32(&d->event, EVENT_NEW);
	core_call_service();
}

static void hold(struct cpu *cpu, enum debug_why why, u64 more)
{
	tell(cpu, why, more);
	arch_vcpu_pause(cpu);
	life_wait(cpu);
}

static bool is_stepping(const struct cpu *cpu)
{
	return is_asked(cpu) && debug_mail.begun;
}

/* Nobody is there to see it: a BRK is the guest's own, and breakpoints are gone. */
static void pass(struct cpu *cpu, enum debug_why why, u64 more)
{
	if (why == DEBUG_BRK)
		arch_debug_brk(cpu, (u32)more);
	debug_arm(cpu);
}

void debug_hit(struct cpu *cpu, enum debug_why why, u64 more)
{
	if (is_stepping(cpu)) { /* debug_waits ends it */
		debug_mail.why = (u8)why;
		debug_mail.more = more;
		arch_vcpu_pause(cpu);
		life_wait(cpu);
	} else if (!atomic_load32(&debug_cells[cpu->cell_index].attached)) {
		pass(cpu, why, more);
	} else {
		hold(cpu, why, more);
	}
}

void debug_begins(struct cpu *cpu)
{
	if (arch_cas32(&debug_cells[cpu->cell_index].first, 1, 0))
		hold(cpu, DEBUG_ASKED, 0);
}

bool debug_holds(const struct cpu *cpu)
{
	u32 event = atomic_load32(&debug_cells[cpu->cell_index].event);

	return event == EVENT_WRITING || event == EVENT_NEW;
}

void debug_waits(struct cpu *cpu)
{
	capture(cpu);
	if (is_stepping(cpu))
		finish(cpu, LINE_OK);
}

/* ---- what is asked of it ---- */

static void set(struct cpu *cpu)
{
	bool done = arch_debug_set(cpu, debug_mail.number, debug_mail.value);

	capture(cpu);
	finish(cpu, done ? LINE_OK : LINE_INVALID);
}

static const struct debug_points *points_of(const struct cpu *cpu)
{
	const struct debug_cell *d = &debug_cells[cpu->cell_index];

	return atomic_load32(&d->attached) && d->life == atomic_load32(&cells[cpu->cell_index].incarnation) ? &d->points : NULL;
}

/* Alone: the cell stays suspended, and only for this CPU has it its memory. Not in: whoever resumes the cell waits for it. */
static _Noreturn void step(struct cpu *cpu)
{
	debug_mail.begun = true;
	debug_mail.why = DEBUG_ASKED;
	debug_mail.more = 0;
	atomic_store32(&cpu->vcpu->waits, 0);
	arch_debug_arm(cpu, points_of(cpu), true);
	arch_vcpu_step(cpu);
	arch_vcpu_enter(cpu);
}

/* To the next multiple of 8 at most, so it is one page. */
static u32 chunk(u64 address)
{
	u32 bytes = 8 - ((u32)address & 7), left = debug_mail.size - debug_mail.at;

	return bytes < left ? bytes : left;
}

static u64 bytes_get(u32 count)
{
	u64 value = 0;

	for (u32 i = 0; i < count; i++) {
		LOOP_BOUND(8);
		value |= (u64)debug_mail.bytes[debug_mail.at + i] << 8 * i;
	}
	return value;
}

static void bytes_put(u32 count, u64 value)
{
	for (u32 i = 0; i < count; i++) {
		LOOP_BOUND(8);
		debug_mail.bytes[debug_mail.at + i] = (u8)(value >> 8 * i);
	}
}

static void access(struct cpu *cpu)
{
	u64 address = debug_mail.address + debug_mail.at;
	u32 bytes = chunk(address);
	bool write = debug_mail.op == MAIL_WRITE;

	if (bytes)
		arch_debug_access(cpu, address, bytes, write, write ? bytes_get(bytes) : 0);
	finish(cpu, LINE_OK);
}

void debug_accessed(struct cpu *cpu, bool ok, u64 value)
{
	u32 bytes = chunk(debug_mail.address + debug_mail.at);

	if (ok && debug_mail.op == MAIL_READ)
		bytes_put(bytes, value);
	debug_mail.at += bytes;
	if (!ok)
		finish(cpu, LINE_FAILED);
	life_wait(cpu);
}

enum life_place debug_poll(struct cpu *cpu)
{
	u32 word = atomic_load32(&debug_mail.word);

	if (word == mine(cpu, MAIL_COMES))
		return LIFE_LOOK;
	if (word != mine(cpu, MAIL_SENT))
		return LIFE_SLEEP;
	switch (debug_mail.op) {
	case MAIL_SET: set(cpu); break;
	case MAIL_STEP: step(cpu);
	case MAIL_BRK:
		arch_debug_brk(cpu, (u32)debug_mail.value);
		finish(cpu, LINE_OK);
		break;
	default: access(cpu);
	}
	return LIFE_SLEEP;
}

/* ---- it waits no longer ---- */

/* Whoever asks stores MAIL_SENT only over MAIL_COMES. */
void debug_drop(struct cpu *cpu)
{
	u32 word = atomic_load32(&debug_mail.word);

	if (word != mine(cpu, MAIL_COMES) && word != mine(cpu, MAIL_SENT))
		return;
	debug_mail.status = LINE_REFUSED;
	if (!arch_cas32(&debug_mail.word, mine(cpu, MAIL_COMES), mine(cpu, MAIL_DONE)))
		atomic_store32(&debug_mail.word, mine(cpu, MAIL_DONE));
}

void debug_arm(struct cpu *cpu)
{
	arch_debug_arm(cpu, points_of(cpu), false);
}
