/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What is in the crash region (crash.h), as lines of the core. Nothing there
 * can reach past a line or the prefix: texts were looked at when they were
 * found (crash_region.c), bytes of a console are printed as what they look like.
 */
#include "core/bound.h"
#include "core/crash.h"
#include "core/crash_format.h"
#include "core/fmt.h"
#include "core/log.h"

#define WORDS_PER_LINE 4u
#define CONSOLE_COLUMNS 96u

/* Lines of a record in full. */
#define LINE_SHORT 0u
#define LINE_ORIGIN 1u
#define LINE_DETAIL 2u
#define LINE_VCPUS 3u
/* of a vCPU */
#define REG_COUNT (sizeof(struct vcpu_registers) / sizeof(u64))
#define VCPU_LINES ((u32)((REG_COUNT + WORDS_PER_LINE - 1) / WORDS_PER_LINE))

static u32 told; /* items of crash_tell so far */

static bool is_same_hash(const struct crash_origin *origin)
{
	u32 i = 0;

	while (i < CRASH_HASH && origin->hash[i] == machine_hash[i])
		i++;
	return i == CRASH_HASH;
}

static bool is_same(const char *a, const char *b, u32 size)
{
	u32 i = 0;

	while (i + 1 < size && a[i] && a[i] == b[i])
		i++;
	return a[i] == b[i];
}

static const char *boot_name(const struct crash_origin *origin)
{
	if (origin->boot == crash_boot())
		return "this boot";
	return is_same_hash(origin) ? "an earlier boot" : "an earlier boot with another configuration";
}

/* ---- one line each ---- */

static void print_short(const struct crash_cell *cell)
{
	log_put(MESSAGE_CRASH_CELL, LOG_NO_CELL, cell->origin.sequence, boot_name(&cell->origin), cell->cell, cell->life, cell->reason,
		cell->what[0] ? ": " : "", cell->what, cell->vcpu, cell->cpu, cell->pc, cell->console_size, cell->cell);
}

/* All of it follows. */
static void print_head(const struct crash_cell *cell)
{
	log_put(MESSAGE_CRASH_SHOWN, LOG_NO_CELL, cell->origin.sequence, boot_name(&cell->origin), cell->cell, cell->life, cell->reason,
		cell->what[0] ? ": " : "", cell->what, cell->vcpu, cell->cpu, cell->pc, cell->console_size);
}

/* shown: all of it follows. */
static void print_panic_head(const struct crash_panic *panic, bool shown)
{
	log_put_either(shown, MESSAGE_CRASH_PANIC_SHOWN, MESSAGE_CRASH_PANIC, LOG_NO_CELL, panic->origin.sequence, boot_name(&panic->origin),
		       panic->cpu, panic->what, panic->exception ? "syndrome" : "declared", panic->declared,
		       panic->exception ? "address" : "found", panic->found, panic->pc);
}

static void print_region(void)
{
	const struct crash_found *found = crash_found();

	log_put(MESSAGE_CRASH_REGION, LOG_NO_CELL, machine_core.crash_physical, crash_boot(), found->records, found->audited, found->denied);
}

static void print_origin(const struct crash_cell *cell)
{
	const struct crash_origin *origin = &cell->origin;
	u64 hz = origin->hz ? origin->hz : 1;
	char hash[17];

	for (u32 i = 0; i < sizeof hash - 1; i++)
		hash[i] = origin->hash[i];
	hash[sizeof hash - 1] = 0;
	log_put(MESSAGE_CRASH_ORIGIN, LOG_NO_CELL, origin->sequence, origin->boot, origin->when / hz, origin->when % hz * 1000000 / hz,
		cell->by, cell->end, origin->partition, hash);
}

/* ---- words ---- */

static void print_words(u32 sequence, const char *const *names, const u64 *words, u32 count)
{
	char line[256];
	u32 at = 0;

	for (u32 i = 0; i < count; i++) {
		LOOP_BOUND(WORDS_PER_LINE);
		at += fmt_print(line + at, (u32)sizeof line - at, " %s=0x%016lx", names[i], words[i]);
	}
	log_put(MESSAGE_CRASH_WORDS, LOG_NO_CELL, sequence, line);
}

static void print_detail(const struct crash_cell *cell)
{
	const char *names[ARRAY_COUNT(cell->detail)];

	for (u32 i = 0; i < ARRAY_COUNT(names); i++)
		names[i] = cell->detail_names[i];
	print_words(cell->origin.sequence, names, cell->detail, ARRAY_COUNT(names));
}

static const struct crash_vcpu *vcpu_at(const struct crash_cell *cell, u32 n)
{
	return (const struct crash_vcpu *)(const void *)((const u8 *)cell + cell->vcpus) + n;
}

static u32 vcpu_lines(const struct crash_vcpu *vcpu)
{
	return vcpu->state == CRASH_VCPU_KEPT ? 1 + VCPU_LINES : 1;
}

/* x0 to x30, sp, pc, pstate, and those that have names in the record. */
static void print_registers(const struct crash_cell *cell, const struct crash_vcpu *vcpu, u32 line)
{
	static const char *const last[] = { "sp", "pc", "pstate" };
	const u64 *words = (const u64 *)(const void *)&vcpu->registers;
	const char *names[WORDS_PER_LINE];
	char numbers[WORDS_PER_LINE][5];
	u32 first = line * WORDS_PER_LINE, count = 0;

	for (u32 i = first; count < WORDS_PER_LINE && i < REG_COUNT; i++, count++) {
		fmt_print(numbers[count], sizeof numbers[count], "x%u", i);
		names[count] = i < 31 ? numbers[count] : i < 34 ? last[i - 31] : cell->more_names[i - 34];
	}
	print_words(cell->origin.sequence, names, words + first, count);
}

static void print_vcpu(const struct crash_cell *cell, u32 n, u32 line)
{
	const struct crash_vcpu *vcpu = vcpu_at(cell, n);

	if (line)
		print_registers(cell, vcpu, line - 1);
	else
		log_put(MESSAGE_CRASH_VCPU, LOG_NO_CELL, cell->origin.sequence, n,
			vcpu->state == CRASH_VCPU_KEPT ? "registers" : vcpu->state == CRASH_VCPU_OFF ? "off" : "did not come in");
}

/* ---- bytes ---- */

/* Where the line that begins there ends: behind its \n, or where it is too long. */
static u32 console_end(const struct crash_cell *cell, u32 at)
{
	const u8 *bytes = (const u8 *)cell + cell->console;
	u32 end = at;

	while (end < cell->console_size && end < at + CONSOLE_COLUMNS) {
		LOOP_TOTAL(CRASH_CONSOLE);
		if (bytes[end++] == '\n')
			break;
	}
	return end;
}

static void print_bytes(const struct crash_cell *cell, u32 at, u32 end)
{
	const u8 *bytes = (const u8 *)cell + cell->console;
	char text[CONSOLE_COLUMNS + 1];
	u32 length = 0;

	for (; at < end; at++) {
		LOOP_BOUND(CONSOLE_COLUMNS);
		if (bytes[at] != '\r' && bytes[at] != '\n')
			text[length++] = bytes[at] >= ' ' && bytes[at] <= '~' ? (char)bytes[at] : '.';
	}
	text[length] = 0;
	log_put(MESSAGE_CRASH_CONSOLE, LOG_NO_CELL, cell->origin.sequence, text);
}

/* That line of what it has printed; false: there are not so many, and the number is less by those. */
static bool print_console(const struct crash_cell *cell, u32 *line)
{
	for (u32 at = 0, end; at < cell->console_size; at = end) {
		LOOP_BOUND(CRASH_CONSOLE);
		end = console_end(cell, at);
		if (!(*line)--)
			return print_bytes(cell, at, end), true;
	}
	return false;
}

/* ---- one record ---- */

/* False: it has not so many lines; then the number is less by those it has. */
static bool print_cell(const struct crash_cell *cell, u32 *line)
{
	if (*line == LINE_SHORT)
		return print_head(cell), true;
	if (*line == LINE_ORIGIN)
		return print_origin(cell), true;
	if (*line == LINE_DETAIL)
		return print_detail(cell), true;
	*line -= LINE_VCPUS;
	for (u32 n = 0; n < cell->vcpu_kept; n++) {
		LOOP_BOUND(CRASH_VCPUS);
		if (*line < vcpu_lines(vcpu_at(cell, n)))
			return print_vcpu(cell, n, *line), true;
		*line -= vcpu_lines(vcpu_at(cell, n));
	}
	return print_console(cell, line);
}

static bool print_panic(const struct crash_panic *panic, u32 *line)
{
	struct panic_state state; /* all that panic_line looks at is set: an initializer would be a memset */
	char text[PANIC_LINE];
	u32 count;

	if (!*line)
		return print_panic_head(panic, true), true;
	state.what = panic->what;
	state.declared = panic->declared;
	state.found = panic->found;
	state.exception = panic->exception;
	state.pc = panic->pc;
	state.sp = panic->sp;
	state.pstate = panic->pstate;
	state.stack_count = panic->stack_count;
	crash_copy(state.regs, panic->regs, ARRAY_COUNT(state.regs));
	crash_copy(state.stack, panic->stack, ARRAY_COUNT(state.stack));
	for (count = 1; panic_line(&state, panic->cpu, count - 1, text, sizeof text); count++) {
		LOOP_BOUND(PANIC_LINES);
		if (count == *line) {
			log_put(MESSAGE_CRASH_LINE, LOG_NO_CELL, panic->origin.sequence, text);
			return true;
		}
	}
	*line -= count;
	return false;
}

/* ---- all of it ---- */

/* Cells of another configuration have no name that could be asked for. */
static bool is_stranger(const struct crash_cell *cell)
{
	for (u32 i = 0; i < CELL_COUNT; i++) {
		LOOP_BOUND(CELL_COUNT);
		if (is_same(cell->cell, machine_cells[i].name, CRASH_NAME))
			return false;
	}
	return true;
}

static bool print_all(u32 line)
{
	const struct crash_panic *panic = crash_panic_at();

	if (!line--)
		return print_region(), true;
	if (panic && print_panic(panic, &line))
		return true;
	for (u32 i = 0; i < crash_slot_count(); i++) {
		LOOP_BOUND(CRASH_SLOTS);
		const struct crash_cell *cell = crash_cell_at(i);

		if (cell && is_stranger(cell) && print_cell(cell, &line))
			return true;
		if (cell && !is_stranger(cell) && !line--)
			return print_short(cell), true;
	}
	return false;
}

/* The newest record of that name which is older than the one before; NULL: there is none. */
static const struct crash_cell *next_newest(const char *name, const struct crash_cell *before)
{
	const struct crash_cell *best = NULL;

	for (u32 i = 0; i < crash_slot_count(); i++) {
		LOOP_BOUND(CRASH_SLOTS);
		const struct crash_cell *cell = crash_cell_at(i);

		if (cell && is_same(cell->cell, name, CRASH_NAME) && (!before || cell->origin.sequence < before->origin.sequence) &&
		    (!best || cell->origin.sequence > best->origin.sequence))
			best = cell;
	}
	return best;
}

bool crash_print(u16 cell, u32 line)
{
	const struct crash_cell *record = NULL;
	const char *name;

	if (!crash_ready()) {
		if (!line)
			log_put(MESSAGE_CRASH_NO_REGION, LOG_NO_CELL);
		return !line;
	}
	if (cell >= CELL_COUNT)
		return print_all(line);
	name = machine_cells[cell].name;
	for (u32 n = 0; (record = next_newest(name, record)); n++) {
		LOOP_BOUND(CRASH_SLOTS);
		if (print_cell(record, &line))
			return true;
	}
	if (!next_newest(name, NULL) && !line) {
		log_put(MESSAGE_CRASH_NO_RECORD, cell);
		return true;
	}
	return false;
}

/* ---- at boot ---- */

/* What one item is told by; false: there is nothing to tell. */
static bool tell(u32 item)
{
	const struct crash_found *found = crash_found();
	const struct crash_panic *panic = crash_panic_at();
	const struct crash_cell *cell = item < 4 ? NULL : crash_cell_at(item - 4);

	if (item == 0)
		print_region();
	else if (item == 1 && found->damaged)
		log_put(MESSAGE_CRASH_DAMAGED, LOG_NO_CELL, found->damaged);
	else if (item == 2 && found->foreign)
		log_put(MESSAGE_CRASH_FOREIGN, LOG_NO_CELL, found->foreign);
	else if (item == 3 && panic && panic->origin.boot < crash_boot())
		print_panic_head(panic, false);
	else if (cell && cell->origin.boot < crash_boot())
		print_short(cell);
	else
		return false;
	return true;
}

bool crash_tell(void)
{
	while (told < 4 + crash_slot_count()) {
		LOOP_BOUND(4 + CRASH_SLOTS);
		if (!log_has_room())
			return true;
		if (tell(told++))
			return told < 4 + crash_slot_count();
	}
	return false;
}
