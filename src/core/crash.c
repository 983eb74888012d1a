/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The ends of cells, kept in the crash region (crash.h; how it is written: crash_region.c).
 *
 *   cell stops --> record written, vCPUs captured, or 100 ms --> kept here, step by step --> crash_is_kept --> next life
 *
 * Few steps in a round: the service CPU may be a cell's too, and a record of many vCPUs takes a while.
 */
#include "core/crash.h"
#include "core/bound.h"
#include "core/crash_format.h"
#include "core/record.h"
#include "core/trace.h"
#include "vdev/vdev.h"

#define CAPTURE_TIME(hz) ((hz) / 10) /* how long an end waits for vCPUs that do not come */
#define STEPS (SERVICE_SHARED ? 1u : 8u) /* in one round; few, where the CPU is a cell's too. A step is about as long as printing a line. */

/* What a cell has printed, and which life of it is dealt with. Words: incarnation + 1, so that 0 is none. */
static struct {
	u32 kept;
	u32 seen;   /* that it has ended, */
	u64 since;  /* ticks */
	u32 count;  /* bytes printed since the last life was kept; the last ones are there */
	u32 skip;   /* bytes that the pump will bring of a life that is kept */
	u8 bytes[CRASH_CONSOLE];
} ends[CELL_COUNT ? CELL_COUNT : 1];

/* The end that is being kept. */
static struct {
	struct crash_cell *to; /* NULL: none */
	u16 cell;
	u16 vcpu; /* next one */
	u32 at;   /* how far the CRC has come; 0: there is something to write first */
	u32 crc, size;
} keeping;

void crash_console(u16 cell, u8 byte)
{
	if (!crash_ready())
		return; /* nobody will ask */
	if (ends[cell].skip)
		ends[cell].skip--;
	else
		ends[cell].bytes[ends[cell].count++ % CRASH_CONSOLE] = byte;
}

static const struct vdev_config *console_of(u16 cell)
{
	const struct vdev_config *dev = cell_console(cell);

	return dev && dev->ops->peek ? dev : NULL;
}

/* The life is dealt with: what is still on its way of its words belongs to no other. */
static void settle(u16 cell, u32 word)
{
	const struct vdev_config *dev = console_of(cell);

	ends[cell].count = 0;
	ends[cell].skip = dev ? dev->ops->pending(dev) : 0;
	ends[cell].kept = word;
}

/* The last words: what the pump has brought, then what it has not. Returns how many. */
static u32 put_console(u16 cell, u8 *to)
{
	const struct vdev_config *dev = console_of(cell);
	u32 skip = ends[cell].skip, count = ends[cell].count < CRASH_CONSOLE ? ends[cell].count : CRASH_CONSOLE;
	u32 pending = dev ? dev->ops->pending(dev) : 0, fresh;

	fresh = pending > skip ? pending - skip : 0; /* of this life */
	fresh = fresh < CRASH_CONSOLE ? fresh : CRASH_CONSOLE;
	if (count > CRASH_CONSOLE - fresh)
		count = CRASH_CONSOLE - fresh;
	for (u32 i = 0; i < count; i++) {
		LOOP_BOUND(CRASH_CONSOLE);
		*(volatile u8 *)&to[i] = ends[cell].bytes[(ends[cell].count - count + i) % CRASH_CONSOLE];
	}
	return count + (fresh ? dev->ops->peek(dev, to + count, fresh) : 0);
}

static bool is_over(u32 state)
{
	return cell_state_ends(state) || state == CELL_STOPPED || state == CELL_FAILED;
}

static bool is_wished(const struct record *record)
{
	return record->reason == STOP_SYSTEM_OFF || record->reason == STOP_TOLD ||
	       (record->reason == STOP_SYSTEM_RESET && record->end != CELL_FAILING && record->end != CELL_FAILED);
}

static enum crash_vcpu_state vcpu_state(const struct vcpu *vcpu, u32 word)
{
	if (atomic_load32(&vcpu->captured) == word)
		return CRASH_VCPU_KEPT;
	return atomic_load32(&vcpu->state) == VCPU_ON ? CRASH_VCPU_MISSING : CRASH_VCPU_OFF;
}

static bool all_captured(u16 cell, u32 word)
{
	for (u16 n = 0; n < machine_cells[cell].vcpu_count; n++) {
		LOOP_BOUND(CELL_VCPU_LIMIT);
		if (vcpu_state(cell_vcpu(cell, n), word) == CRASH_VCPU_MISSING)
			return false;
	}
	return true;
}

/* What is written of this end; NULL: nothing yet. The number, then the state: cell_record. */
static const struct record *record_of(u16 cell, u32 word)
{
	const struct cell *c = &cells[cell];
	bool heard = atomic_load32(&c->record.incarnation) + 1 == word;
	bool unheard = atomic_load32(&c->unheard.incarnation) + 1 == word;
	u32 state = atomic_load32(&c->record_state);

	if (heard && (state == RECORD_READY || state == RECORD_PRINTED))
		return &c->record;
	return unheard && atomic_load32(&c->unheard_state) == RECORD_READY ? &c->unheard : NULL;
}

/*
 * Is there an end to be kept now? One that leaves no record is settled here. What an earlier boot has left is told first,
 * as it may lie where this goes.
 */
static bool is_due(u16 cell, bool told)
{
	u32 word = atomic_load32(&cells[cell].incarnation) + 1;
	u64 now = arch_time_now();

	if (ends[cell].kept == word || !is_over(atomic_load32(&cells[cell].state)))
		return false;
	if (ends[cell].seen != word) {
		ends[cell].seen = word;
		ends[cell].since = now;
	}
	const struct record *record = record_of(cell, word);
	bool late = now - ends[cell].since >= CAPTURE_TIME(arch_time_hz());

	if (record && !is_wished(record))
		return late || (told && all_captured(cell, word));
	if (record || late)
		settle(cell, word);
	return false;
}

/* Of the two the one that is empty, or the older. */
static struct crash_cell *slot_for(u16 cell)
{
	const struct crash_cell *first = crash_cell_at(2u * cell), *second = crash_cell_at(2u * cell + 1);

	return crash_slot(2u * cell + (first && (!second || (s32)(second->origin.sequence - first->origin.sequence) < 0)));
}

static const char *who(u16 by)
{
	if (by < CELL_COUNT)
		return machine_cells[by].name;
	return by == CONTROLLER_OPERATOR ? "operator" : by == BY_POLICY ? "policy" : "itself";
}

static const char *end_name(u16 end)
{
	return end == CELL_RESTARTING ? "restarting" : end == CELL_STOPPING || end == CELL_STOPPED ? "stopped" : "failed";
}

/* What was stopped from outside was where its first vCPU was. */
static void put_place(struct crash_cell *to, u16 cell, const struct record *record, u32 word)
{
	const struct vcpu *first = cell_vcpu(cell, 0);
	bool outside = record->reason >= STOP_TOLD;
	u16 cpu = outside ? cell_cpu(cell, 0) : record->cpu;

	crash_text(to->cpu, CRASH_NAME, machine_cpus[cpu].name);
	to->vcpu = outside ? 0 : record->vcpu;
	to->pc = !outside ? record->pc : vcpu_state(first, word) == CRASH_VCPU_KEPT ? first->registers.pc : 0;
}

static void put_names(char *to, const char *from, u32 size)
{
	for (u32 i = 0; i < size; i++) {
		LOOP_BOUND(sizeof ((struct crash_cell *)0)->more_names);
		((volatile char *)to)[i] = from[i];
	}
}

static void put_record(struct crash_cell *to, u16 cell, const struct record *record)
{
	crash_origin(&to->origin, crash_sequence(), record->when);
	crash_text(to->cell, CRASH_NAME, machine_cells[cell].name);
	crash_text(to->reason, CRASH_TEXT, record_reason(record->reason));
	crash_text(to->what, CRASH_TEXT, record->what);
	crash_text(to->by, CRASH_NAME, who(record->by));
	crash_text(to->end, CRASH_NAME, end_name(record->end));
	put_place(to, cell, record, record->incarnation + 1);
	to->life = record->incarnation;
	to->number = cell;
	to->reason_number = record->reason;
	crash_copy(to->detail, record->detail, ARRAY_COUNT(to->detail));
	put_names(to->detail_names[0], arch_record_detail_names[0], sizeof to->detail_names);
	put_names(to->more_names[0], arch_register_names[0], sizeof to->more_names);
}

/* Its CPU waits in the core, so these are the last before the end; then came at most steps in the lives of cells. */
static u32 put_trace(const struct crash_cell *to, u16 cell, struct trace_entry *entries)
{
	return CONFIG_TRACE ? trace_last(cpu_at(cell_cpu(cell, to->vcpu)), entries, CRASH_TRACE) : 0;
}

static void begin_end(u16 cell)
{
	struct crash_cell *to = slot_for(cell);
	u32 count = machine_cells[cell].vcpu_count;

	crash_begin(&to->mark, sizeof *to);
	put_record(to, cell, record_of(cell, ends[cell].seen));
	to->console = sizeof *to;
	to->console_size = put_console(cell, (u8 *)(to + 1));
	to->vcpus = (u32)sizeof *to + (to->console_size + 7) / 8 * 8;
	for (u32 i = to->console + to->console_size; i < to->vcpus; i++) {
		LOOP_BOUND(7);
		((volatile u8 *)to)[i] = 0;
	}
	to->vcpu_count = (u16)count;
	to->vcpu_kept = (u16)(count < CRASH_VCPUS ? count : CRASH_VCPUS);
	to->vcpu_size = sizeof(struct crash_vcpu);
	to->trace = to->vcpus + to->vcpu_kept * to->vcpu_size;
	to->trace_count = put_trace(to, cell, (struct trace_entry *)((u8 *)to + to->trace));
	keeping.to = to;
	keeping.cell = cell;
	keeping.vcpu = 0;
	keeping.at = sizeof to->mark;
	keeping.crc = 0;
	keeping.size = to->trace + to->trace_count * (u32)sizeof(struct trace_entry);
}

static void put_vcpu(u16 n)
{
	struct crash_vcpu *to = (void *)((u8 *)keeping.to + keeping.to->vcpus + n * sizeof *to);
	const struct vcpu *vcpu = cell_vcpu(keeping.cell, n);

	crash_zero(to, sizeof *to);
	to->state = (u16)vcpu_state(vcpu, ends[keeping.cell].seen);
	to->cpu = cell_cpu(keeping.cell, n);
	if (to->state == CRASH_VCPU_KEPT)
		crash_copy((u64 *)&to->registers, (const u64 *)&vcpu->registers, sizeof to->registers / 8);
}

/* Registers of a vCPU; or a piece of the CRC; or the end. */
static void keep_step(void)
{
	struct crash_mark *mark = &keeping.to->mark;
	u32 left = keeping.size - keeping.at, size = left < CRASH_PIECE ? left : CRASH_PIECE;

	if (keeping.vcpu < keeping.to->vcpu_kept) {
		put_vcpu(keeping.vcpu++);
	} else if (left) {
		keeping.crc = crash_crc(keeping.crc, (u8 *)mark + keeping.at, size);
		keeping.at += size;
	} else {
		crash_end(mark, CRASH_KIND_CELL, keeping.size, keeping.crc);
		settle(keeping.cell, ends[keeping.cell].seen);
		keeping.to = NULL;
	}
}

static bool has_slots(u16 cell)
{
	return 2u * cell + 1 < crash_slot_count();
}

static bool find_end(bool told)
{
	for (u16 i = 0; i < CELL_COUNT && !keeping.to; i++) {
		LOOP_BOUND(CELL_COUNT);
		if (has_slots(i) && is_due(i, told))
			begin_end(i);
	}
	return keeping.to;
}

void crash_serve(void)
{
	if (!crash_ready())
		return;
	bool told = !crash_tell();

	for (u32 n = 0; n < STEPS && (keeping.to || find_end(told)); n++) {
		LOOP_BOUND(STEPS);
		keep_step();
	}
}

bool crash_is_kept(u16 cell, u32 incarnation)
{
	return !crash_ready() || !has_slots(cell) || ends[cell].kept == incarnation + 1;
}
