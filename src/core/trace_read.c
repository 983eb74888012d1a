/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Reading a trace while it is written (trace.h), and the requests of LINE_TRACE. Nobody waits for the other: an entry is copied
 * first, then the head says whether it was still there. With the head at n, entry n may be half written, in the place of
 * n - TRACE_ENTRIES.
 */
#include "core/bound.h"
#include "core/line.h"
#include "core/trace.h"

#define TRIES 4u /* of a reader whom the writer has overtaken */
#define PART_ENTRIES ((LINE_PART - (u32)sizeof(struct trace_part)) / (u32)sizeof(struct trace_entry))

static u64 get64(const u64 *at) { return __atomic_load_n(at, __ATOMIC_RELAXED); }
static u32 get32(const u32 *at) { return __atomic_load_n(at, __ATOMIC_RELAXED); }

/* False: it was overwritten before it was copied. */
static bool copy(const struct cpu *cpu, u32 number, struct trace_entry *to)
{
	const struct trace_entry *from = &cpu->trace_ring[number % TRACE_ENTRIES];

	to->when = get64(&from->when);
	to->kind = get32(&from->kind);
	to->code = get32(&from->code);
	to->where = get64(&from->where);
	to->more = get64(&from->more);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return get32(&cpu->trace.head) - number < TRACE_ENTRIES;
}

/* A number that is too old, or that this boot has not come to, is that of the oldest entry. */
static u32 oldest(u32 head, u32 wanted)
{
	u32 there = head < TRACE_READABLE ? head : TRACE_READABLE;

	return head - wanted <= there ? wanted : head - there;
}

u32 trace_read(const struct cpu *cpu, u32 *first, u32 end, struct trace_entry *to, u32 count)
{
	u32 n = 0;

	for (u32 i = 0; i < TRIES && !n; i++) {
		LOOP_BOUND(TRIES);
		*first = oldest(atomic_load32(&cpu->trace.head), *first);
		if ((s32)(end - *first) <= 0)
			return 0;
		while (n < count && *first + n != end && copy(cpu, *first + n, &to[n])) {
			LOOP_BOUND(TRACE_ENTRIES);
			n++;
		}
	}
	return n;
}

u32 trace_last(const struct cpu *cpu, struct trace_entry *to, u32 count)
{
	u32 head = atomic_load32(&cpu->trace.head), first = head - count;

	return atomic_load32(&cpu->trace.on) ? trace_read(cpu, &first, head, to, count) : 0;
}

void trace_set(u16 cell, bool on)
{
	for (u16 n = 0; n < machine_cells[cell].vcpu_count; n++) {
		LOOP_BOUND(CELL_VCPU_LIMIT);
		struct vcpu *vcpu = cell_vcpu(cell, n);

		if (on)
			atomic_store32(&vcpu->trace, TRACE_WANTED);
		else
			arch_cas32(&vcpu->trace, TRACE_WANTED, TRACE_UNWANTED);
	}
	arch_trace_call(cell);
}

/* ---- requests ---- */

static u32 number_at(const u8 *data, u32 bytes)
{
	u32 number = 0;

	for (u32 i = 0; i < bytes; i++) {
		LOOP_BOUND(4);
		number |= (u32)data[i] << 8 * i;
	}
	return number;
}

/* Volatile: the compiler may not ask for a memcpy. */
static void answer(struct line_job *job, const void *from, u32 size)
{
	for (u32 i = 0; i < size; i++) {
		LOOP_BOUND(LINE_PART);
		((volatile u8 *)job->payload)[job->length + i] = ((const u8 *)from)[i];
	}
	job->length += size;
}

/* A CPU that nobody uses has never been there: its page is not set up. */
static const struct cpu *cpu_of(const struct line_job *job)
{
	u32 index = number_at(job->data, 2);

	return index < CPU_COUNT && machine_cpus[index].role != CPU_UNUSED ? cpu_at((u16)index) : NULL;
}

static enum line_status tell_state(struct line_job *job)
{
	const struct cpu *cpu = job->size == 2 ? cpu_of(job) : NULL;

	if (!cpu)
		return LINE_INVALID;
	const struct trace_state state = {
		.cpu = cpu->index,
		.on = (u16)((cpu->vcpu && atomic_load32(&cpu->vcpu->trace) == TRACE_WANTED) | atomic_load32(&cpu->trace.on) << 1),
		.head = atomic_load32(&cpu->trace.head),
		.entries = TRACE_ENTRIES,
		.width = sizeof(struct trace_entry),
	};
	answer(job, &state, sizeof state);
	return LINE_OK;
}

/* What was there when the first part was asked for. job->state: next entry, end. */
static enum line_status tell_entries(struct line_job *job)
{
	const struct cpu *cpu = job->size == 8 ? cpu_of(job) : NULL;
	struct trace_entry entries[PART_ENTRIES];

	if (!cpu)
		return LINE_INVALID;
	if (!job->part) {
		job->state[0] = number_at(job->data + 4, 4);
		job->state[1] = atomic_load32(&cpu->trace.head);
	}
	u32 first = (u32)job->state[0], end = (u32)job->state[1];
	u32 count = trace_read(cpu, &first, end, entries, PART_ENTRIES);
	const struct trace_part part = { .first = first, .count = (u16)count, .cpu = cpu->index };

	answer(job, &part, sizeof part);
	answer(job, entries, count * (u32)sizeof entries[0]);
	job->state[0] = first + count;
	job->more = count && first + count != end;
	return LINE_OK;
}

static enum line_status switch_cell(const struct line_job *job)
{
	if (job->size != 4 || number_at(job->data, 2) >= CELL_COUNT)
		return LINE_INVALID;
	trace_set((u16)number_at(job->data, 2), number_at(job->data + 2, 2));
	return LINE_OK;
}

enum line_status trace_answer(struct line_job *job)
{
	job->length = 0;
	job->more = job->later = false;
	switch (job->op) {
	case TRACE_STATE: return tell_state(job);
	case TRACE_READ: return tell_entries(job);
	case TRACE_SET: return switch_cell(job);
	default: return LINE_UNKNOWN;
	}
}
