/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Lives as text: how each cell is, and where one was that others have stopped.
 *
 *   [core] life cell=control state=running lives=2 reason=told asked=no regain=1200 stop=.. clear=.. start=.. resume=.. missing=0   (nanoseconds)
 *   [core] cell control: stopped by cell linux, vCPU 0 on cpu2, pc 0x...
 *   [core] control: sp=0x... pstate=0x...      of vCPU 0; then what its system had set up, then x0=...
 *
 * The CPU that stops another's cell holds no register of it. Its vCPU 0 is on the
 * way into the core, and leaves its own there; the record waits a while for them.
 */
#include "core/fmt.h"
#include "core/life.h"
#include "core/log.h"
#include "core/record.h"

#define CAPTURE_TIME(hz) ((hz) / 10)
#define MORE_LINES ((VCPU_MORE_REGISTERS + RECORD_REGS_PER_LINE - 1) / RECORD_REGS_PER_LINE)

static const char *const stop_names[STOP_REASON_COUNT] = {
	[STOP_TOLD] = "stopped by ", [STOP_TIMEOUT] = "stopped, as it did not shut down when asked by ",
	[STOP_WATCHDOG] = "stopped by its watchdog", [STOP_HEARTBEAT] = "stopped, as its heartbeat was missing",
	[STOP_DMA] = "stopped, as a device of it was refused access", [STOP_STORM] = "stopped by an interrupt storm",
	[STOP_OTHER] = "stopped because of ",
};

/* The record that is being printed. Of the pump. */
static struct {
	u32 incarnation;                       /* of which end it is */
	const struct vcpu_registers *captured; /* of vCPU 0, if they are there */
} told;

bool record_is_told(const struct record *record)
{
	return record->reason >= STOP_TOLD && record->reason < STOP_REASON_COUNT;
}

/* Those of vCPU 0, if they are of the end that the record is about. */
static const struct vcpu_registers *captured(u32 cell)
{
	const struct vcpu *vcpu = cell_vcpu((u16)cell, 0);

	return atomic_load32(&vcpu->captured) == cells[cell].record.incarnation + 1 ? &vcpu->registers : NULL;
}

bool record_is_complete(u32 cell)
{
	const struct record *record = &cells[cell].record;

	return !record_is_told(record) || captured(cell) || arch_time_now() - record->when >= CAPTURE_TIME(arch_time_hz());
}

bool record_goes_on(u32 cell, u32 line)
{
	const struct record *record = &cells[cell].record;

	if (line && told.incarnation == record->incarnation && (!told.captured || captured(cell)))
		return true;
	told.incarnation = record->incarnation;
	told.captured = record_is_told(record) ? captured(cell) : NULL;
	return false;
}

/* Who was told to stop has nothing to explain. */
u32 record_told_lines(u32 cell)
{
	u32 reason = cells[cell].record.reason;

	return told.captured && reason != STOP_TOLD && reason != STOP_OTHER ? 2 + MORE_LINES + RECORD_REG_LINES : 1;
}

/* Who wanted it, if the stop names him. */
static u32 print_by(char *text, u32 size, const struct record *record)
{
	if (record->reason != STOP_TOLD && record->reason != STOP_TIMEOUT && record->reason != STOP_OTHER)
		return 0;
	if (record->by < CELL_COUNT)
		return fmt_print(text, size, "cell %s", machine_cells[record->by].name);
	return fmt_print(text, size, "%s", record->by == CONTROLLER_OPERATOR ? "the operator" : "its policy");
}

static void print_head(u32 cell)
{
	char text[160];
	const struct record *record = &cells[cell].record;
	const char *stopped = stop_names[record->reason];
	u32 at;

	text[0] = 0;
	at = print_by(text, sizeof text, record);
	if (record->reason == STOP_OTHER)
		at += fmt_print(text + at, (u32)sizeof text - at, ": %s", record->what);
	if (told.captured)
		fmt_print(text + at, (u32)sizeof text - at, ", vCPU 0 on %s, pc 0x%lx",
			  machine_cpus[cell_cpu(cell, 0)].name, told.captured->pc);
	log_put_either(record->reason == STOP_TOLD || record->reason == STOP_OTHER, MESSAGE_TOLD, MESSAGE_FAILED, cell, stopped, text);
}

void record_told_line(u32 cell, u32 line)
{
	static const char where[][REGISTER_NAME] = { "sp", "pstate" };
	const struct vcpu_registers *registers = told.captured;
	u32 first = (line - 2) * RECORD_REGS_PER_LINE, left = VCPU_MORE_REGISTERS - first;

	if (!line)
		print_head(cell);
	else if (line == 1)
		record_words(cell, where, 0, (const u64[]){ registers->sp, registers->pstate }, ARRAY_COUNT(where));
	else if (line < 2 + MORE_LINES)
		record_words(cell, &arch_register_names[first], 0, &registers->more[first], left < RECORD_REGS_PER_LINE ? left : RECORD_REGS_PER_LINE);
	else
		record_regs(cell, registers->regs, line - 2 - MORE_LINES);
}

const char *record_reason(u32 reason)
{
	return reason < STOP_REASON_COUNT ? life_reason_names[reason] : NULL;
}

/* No overflow, however long it was. */
static u64 nanoseconds(const u64 *ticks)
{
	u64 t = __atomic_load_n(ticks, __ATOMIC_RELAXED), hz = arch_time_hz();

	return t / hz * 1000000000u + t % hz * 1000000000u / hz;
}

void record_life(u32 index)
{
	const struct cell *cell = &cells[index];
	u32 asked = atomic_load32(&cell->asked);

	log_put(MESSAGE_STATUS_LIFE, index, life_shown_names[life_shown(atomic_load32(&cell->state))], atomic_load32(&cell->incarnation),
		record_reason(__atomic_load_n(&cell->record.reason, __ATOMIC_RELAXED)),
		asked ? asked == LIFE_RESTART ? "restart" : "stop" : "no", nanoseconds(&cell->times.regain),
		nanoseconds(&cell->times.stop), nanoseconds(&cell->times.clear), nanoseconds(&cell->times.start),
		nanoseconds(&cell->times.resume), cell_is_ending((u16)index) ? life_missing((u16)index) : 0);
}
