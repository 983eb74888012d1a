/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Lives as text: how each cell is, and where one was that others have stopped.
 *
 *   [core] life cell=control state=running lives=2 reason=told asked=no regain=1200 stop=.. clear=.. start=..   (nanoseconds)
 *   [core] control: sp=0x... pstate=0x...      of vCPU 0; then what its system had set up, then x0=...
 *
 * The CPU that stops another's cell holds no register of it. Its vCPU 0 is on the
 * way into the core, and leaves its own there; the record waits a while for them.
 */
#include "core/console.h"
#include "core/life.h"
#include "core/record.h"

#define CAPTURE_TIME(hz) ((hz) / 10)

static const char *const reason_words[STOP_REASON_COUNT] = {
	[STOP_NONE] = "none", [STOP_SYSTEM_OFF] = "off", [STOP_SYSTEM_RESET] = "reset", [STOP_DEBUG] = "debug", [STOP_FAULT] = "fault",
	[STOP_DENIED] = "denied", [STOP_TOLD] = "told", [STOP_TIMEOUT] = "timeout", [STOP_WATCHDOG] = "watchdog",
	[STOP_HEARTBEAT] = "heartbeat", [STOP_DMA] = "dma", [STOP_STORM] = "storm", [STOP_OTHER] = "other",
};

const struct vcpu_registers *record_captured(u32 cell)
{
	const struct vcpu *vcpu = cell_vcpu((u16)cell, 0);

	return atomic_load32(&vcpu->captured) == cells[cell].record.incarnation + 1 ? &vcpu->registers : NULL;
}

bool record_is_complete(u32 cell)
{
	const struct record *record = &cells[cell].record;

	return !record_is_told(record) || record_captured(cell) || arch_time_now() - record->when >= CAPTURE_TIME(arch_time_hz());
}

void record_print_captured(const char *name, const struct vcpu_registers *registers, u32 line)
{
	static const char *const where[] = { "sp", "pstate" };
	u32 first = (line - 1) * RECORD_REGS_PER_LINE, left = VCPU_MORE_REGISTERS - first;

	if (!line)
		record_words(name, where, 0, (const u64[]){ registers->sp, registers->pstate }, ARRAY_COUNT(where));
	else if (line <= RECORD_MORE_LINES)
		record_words(name, &arch_register_names[first], 0, &registers->more[first], left < RECORD_REGS_PER_LINE ? left : RECORD_REGS_PER_LINE);
	else
		record_regs(name, registers->regs, line - 1 - RECORD_MORE_LINES);
}

const char *record_reason(u32 reason)
{
	return reason < ARRAY_COUNT(reason_words) ? reason_words[reason] : NULL;
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

	console_printf("life cell=%s state=%s lives=%u reason=%s asked=%s regain=%lu stop=%lu clear=%lu start=%lu", machine_cells[index].name,
		       life_shown_names[life_shown(atomic_load32(&cell->state))], atomic_load32(&cell->incarnation),
		       record_reason(__atomic_load_n(&cell->record.reason, __ATOMIC_RELAXED)),
		       asked ? asked == LIFE_RESTART ? "restart" : "stop" : "no", nanoseconds(&cell->times.regain),
		       nanoseconds(&cell->times.stop), nanoseconds(&cell->times.clear), nanoseconds(&cell->times.start));
}
