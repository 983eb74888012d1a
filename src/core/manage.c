/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What there is and how it is, for who asks over the line (LINE_MANAGE). No right is asked for what changes nothing: the
 * same is on the console for whoever presses a key there.
 */
#include "core/manage.h"
#include "core/bound.h"
#include "core/control.h"
#include "core/debug.h"
#include "core/fmt.h"
#include "core/frame.h"
#include "core/life.h"
#include "core/life_steps.h"
#include "core/log.h"
#include "core/record.h"
#include "vdev/vdev.h"

#define READ_MOST 16384u
#define SUM_AT_ONCE 8u /* formats in one round */
#define REGISTERS (ARRAY_COUNT(((struct vcpu_registers *)0)->regs) + 3 + VCPU_MORE_REGISTERS)

_Static_assert(sizeof(struct manage_identity) <= LINE_PART && sizeof(struct manage_cell) <= LINE_PART, "one message");
_Static_assert(sizeof(struct vcpu_registers) == REGISTERS * 8, "NAMES_REGISTERS names all of it");

/* ---- arguments and payload ---- */

u32 manage_argument(const struct line_job *job, u32 n)
{
	return (u32)frame_get(job->data + 2 * n, 2);
}

bool manage_is_cell(const struct line_job *job, u32 arguments)
{
	return job->size == 2 * arguments && manage_argument(job, 0) < CELL_COUNT;
}

bool manage_is_vcpu(const struct line_job *job, u32 arguments)
{
	return manage_is_cell(job, arguments) && manage_argument(job, 1) < machine_cells[manage_argument(job, 0)].vcpu_count;
}

/* Volatile: the compiler may not ask for a memcpy. */
void manage_put(struct line_job *job, const void *from, u32 size)
{
	volatile u8 *to = job->payload + job->length;

	for (u32 i = 0; i < size; i++) {
		LOOP_BOUND(LINE_PART);
		to[i] = ((const u8 *)from)[i];
	}
	job->length += size;
}

static u32 length_of(const char *text)
{
	u32 n = 0;

	while (text[n]) {
		LOOP_BOUND(FMT_FORMAT);
		n++;
	}
	return n;
}

bool manage_put_name(struct line_job *job, const char *first, const char *second, u32 more)
{
	u32 a = length_of(first), b = length_of(second) + 1;

	if (job->length + a + b + more > LINE_PART)
		return false;
	manage_put(job, first, a);
	manage_put(job, second, b);
	return true;
}

/* Cut, and zeros behind it; the last is one. */
static void set_text(char *to, u32 size, const char *from)
{
	volatile char *text = to;
	u32 i = 0;

	for (; from && from[i] && i + 1 < size; i++) {
		LOOP_BOUND(LINE_PART);
		text[i] = from[i];
	}
	for (; i < size; i++) {
		LOOP_BOUND(LINE_PART);
		text[i] = 0;
	}
}

/* ---- what there is ---- */

/* Those that are numbered are made anew each time: of the service CPU. */
static const char *register_name(u32 n)
{
	static const char others[][8] = { "sp", "pc", "pstate" };
	static char numbered[4];
	u32 numbers = REGISTERS - VCPU_MORE_REGISTERS - ARRAY_COUNT(others);

	if (n >= numbers + ARRAY_COUNT(others))
		return n < REGISTERS ? arch_register_names[n - numbers - ARRAY_COUNT(others)] : NULL;
	if (n >= numbers)
		return others[n - numbers];
	fmt_print(numbered, sizeof numbered, "x%u", n);
	return numbered;
}

#define AMONG(names, count, n) ((n) < (count) ? (names)[n] : NULL)

static const char *name_of(u32 list, u32 n)
{
	switch (list) {
	case NAMES_STATES: return AMONG(life_shown_names, SHOWN_FAILED + 1, n);
	case NAMES_OPS: return AMONG(life_op_names, LIFE_OP_COUNT, n);
	case NAMES_RESULTS: return AMONG(life_result_names, LIFE_DENIED + 1, n);
	case NAMES_REASONS: return AMONG(life_reason_names, STOP_REASON_COUNT, n);
	case NAMES_POWER: return AMONG(record_power_names, RECORD_POWERS, n);
	case NAMES_REGISTERS: return register_name(n);
	case NAMES_MESSAGES: return log_format(n);
	case NAMES_SEVERITIES: return log_severity_name(n);
	case NAMES_CATEGORIES: return log_category_name(n);
	default: return NULL;
	}
}

static enum line_status names(struct line_job *job)
{
	u32 list, n = (u32)job->state[0];
	const char *name;

	if (job->size != 2 || (list = manage_argument(job, 0), !name_of(list, 0)))
		return LINE_INVALID;
	while ((name = name_of(list, n)) && manage_put_name(job, name, "", 0)) {
		LOOP_BOUND(LINE_PART);
		n++;
	}
	job->state[0] = n;
	job->more = name;
	return LINE_OK;
}

/* CRC-32 of all formats, each with its final 0; some at a time, as it is long. state: it, and how many are done. False: not yet. */
static bool sum_messages(u64 state[2])
{
	u32 end = (u32)state[1] + SUM_AT_ONCE;
	const char *format;

	for (; (format = log_format((u32)state[1])) && state[1] < end; state[1]++) {
		LOOP_BOUND(SUM_AT_ONCE);
		state[0] = frame_crc_more((u32)state[0], (const u8 *)format, length_of(format) + 1);
	}
	return !format;
}

static enum line_status identify(struct line_job *job)
{
	struct manage_identity id;
	u32 cpus = 0;

	if (job->size)
		return LINE_INVALID;
	job->later = !sum_messages(job->state);
	if (job->later)
		return LINE_OK;
	for (u32 i = 0; i < CPU_COUNT; i++) {
		LOOP_BOUND(CPU_COUNT);
		cpus += machine_cpus[i].role != CPU_UNUSED;
	}
	id.version = LINE_VERSION;
	id.cells = CELL_COUNT;
	id.cpus = (u16)cpus;
	id.vcpus = VCPU_COUNT;
	id.boot = line_boot();
	id.features = 1u << FEATURE_LIFE | CONFIG_METRICS << FEATURE_METRICS | CONFIG_TRACE << FEATURE_TRACE | CONFIG_GDB << FEATURE_DEBUG;
	id.hz = arch_time_hz();
	id.now = arch_time_now();
	id.crash_size = id.audit_size = 0;
	manage_area(AREA_CRASH, &id.crash_size);
	manage_area(AREA_AUDIT, &id.audit_size);
	for (u32 i = 0; i < sizeof id.hash; i++)
		*(volatile char *)&id.hash[i] = machine_hash[i];
	set_text(id.partition, sizeof id.partition, machine_name);
	set_text(id.board, sizeof id.board, machine_board_name);
	id.messages = (u32)job->state[0];
	id.damaged = line_counters()->damaged;
	manage_put(job, &id, sizeof id);
	return LINE_OK;
}

/* ---- cells, vCPUs ---- */

/* Of the last end. False: it is being written, by the CPU that ended the cell. */
static bool put_end(const struct cell *cell, struct manage_cell *to)
{
	u32 unheard = atomic_load32(&cell->unheard_state), state = atomic_load32(&cell->record_state);
	u32 life = atomic_load32(&cell->record.incarnation), later = atomic_load32(&cell->unheard.incarnation);
	bool second = unheard == RECORD_READY && (s32)(later - life) > 0;
	const struct record *record = second ? &cell->unheard : &cell->record;

	if (unheard == RECORD_WRITING || state == RECORD_WRITING)
		return false;
	to->reason = record->reason;
	to->by = record->by;
	set_text(to->what, sizeof to->what, record->what);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return atomic_load32(&cell->unheard_state) == unheard && atomic_load32(&cell->record_state) == state &&
	       atomic_load32(&cell->record.incarnation) == life && atomic_load32(&cell->unheard.incarnation) == later;
}

static u32 dropped(const struct vdev_config *dev)
{
	u64 count = dev->ops->dropped(dev);

	return count < ~0u ? (u32)count : ~0u;
}

static enum line_status tell_cell(struct line_job *job)
{
	u16 index;
	struct manage_cell to;

	if (!manage_is_cell(job, 1))
		return LINE_INVALID;
	index = (u16)manage_argument(job, 0);
	const struct cell *cell = &cells[index];
	const struct cell_config *config = &machine_cells[index];

	job->later = !put_end(cell, &to);
	if (job->later)
		return LINE_OK;
	set_text(to.name, sizeof to.name, config->name);
	to.vcpu_count = config->vcpu_count;
	to.first_vcpu = config->first_cpu;
	to.state = (u8)life_shown(atomic_load32(&cell->state));
	to.interrupts = arch_cell_is_direct(index);
	to.console = cell_console(index) != NULL;
	to.debug = (u8)(debug_is_allowed(&machine_cells[index]) | debug_is_held(index) << 1);
	to.lives = atomic_load32(&cell->incarnation);
	to.rights = control_rights(index);
	to.missing = cell_is_ending(index) ? (u16)life_missing(index) : 0;
	to.dropped = to.console ? dropped(cell_console(index)) : 0;
	to.regain = life_get(&cell->times.regain);
	to.stop = life_get(&cell->times.stop);
	to.clear = life_get(&cell->times.clear);
	to.start = life_get(&cell->times.start);
	to.resume = life_get(&cell->times.resume);
	to.since = life_get(&cell->since);
	manage_put(job, &to, sizeof to);
	return LINE_OK;
}

static enum line_status tell_vcpu(struct line_job *job)
{
	struct manage_vcpu to;

	if (!manage_is_vcpu(job, 2))
		return LINE_INVALID;
	u16 cell = (u16)manage_argument(job, 0), n = (u16)manage_argument(job, 1);
	u16 number = cell_cpu(cell, n);
	const struct cpu *cpu = cpu_at(number);

	to.number = number;
	to.reserved[0] = to.reserved[1] = to.reserved[2] = 0;
	set_text(to.cpu, sizeof to.cpu, cpu->config->name);
	to.power = (u16)atomic_load32(&cell_vcpu(cell, n)->state);
	to.life = 0;
	to.kept = manage_registers(cell, n, &to.life) != NULL;
	to.exits = cell_exits(cpu);
	manage_put(job, &to, sizeof to);
	return LINE_OK;
}

/* ---- reading ---- */

/* offset and size are looked at one after the other: their sum may wrap. */
static enum line_status put_piece(struct line_job *job, u32 area, const u8 *from, u32 total)
{
	u32 offset = (u32)frame_get(job->data + offsetof(struct manage_read, offset), 4);
	u32 size = (u32)frame_get(job->data + offsetof(struct manage_read, size), 4);
	u32 done = (u32)job->state[0], piece;

	if (size > READ_MOST || offset > total || size > total - offset)
		return LINE_INVALID;
	piece = size - done < LINE_PART ? size - done : manage_piece(area, offset + done, LINE_PART);
	manage_put(job, from + offset + done, piece);
	job->state[0] = done + piece;
	job->more = done + piece < size;
	return LINE_OK;
}

/* All of one life: what comes in between is of no use, and the host asks again. */
static enum line_status read_registers(struct line_job *job)
{
	u16 cell = (u16)manage_argument(job, 1), n = (u16)manage_argument(job, 2);
	u32 life, after;
	const struct vcpu_registers *registers;
	enum line_status status;

	if (cell >= CELL_COUNT || n >= machine_cells[cell].vcpu_count)
		return LINE_INVALID;
	registers = manage_registers(cell, n, &life);
	if (!registers || (job->part && job->state[1] != life))
		return LINE_REFUSED;
	job->state[1] = life;
	status = put_piece(job, AREA_REGISTERS, (const u8 *)registers, sizeof *registers);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return manage_registers(cell, n, &after) && after == life ? status : LINE_REFUSED;
}

static enum line_status read(struct line_job *job)
{
	u32 area, size;
	const u8 *from;

	if (job->size != sizeof(struct manage_read))
		return LINE_INVALID;
	area = manage_argument(job, 0);
	if (area == AREA_REGISTERS)
		return read_registers(job);
	from = manage_area(area, &size);
	return from ? put_piece(job, area, from, size) : LINE_INVALID;
}

static enum line_status answer(struct line_job *job)
{
	switch (job->op) {
	case MANAGE_IDENTIFY: return identify(job);
	case MANAGE_NAMES: return names(job);
	case MANAGE_CELL: return tell_cell(job);
	case MANAGE_VCPU: return tell_vcpu(job);
	case MANAGE_OPERATE: return manage_operate(job);
	case MANAGE_READ: return read(job);
	case MANAGE_BOARD: return manage_board(job);
	default: return LINE_UNKNOWN;
	}
}

enum line_status manage_answer(struct line_job *job)
{
	job->length = 0;
	job->more = job->later = false;
	enum line_status status = answer(job);

	if (status != LINE_OK) {
		job->length = 0;
		job->more = false;
	}
	return status;
}
