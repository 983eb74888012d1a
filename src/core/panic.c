/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The record of a panic as text, one line for each few words, for people and for scripts:
 *
 *   [core] panic: declared RAM is not there: end of bank: declared 0x80000000, found 0x0
 *   [core] panic: cpu=cpu0 pc=0x... sp=0x... pstate=0x...
 *   [core] panic: x0=0x... x1=0x... x2=0x... x3=0x...
 *   [core] panic: stack 0x...: 0x... 0x... 0x... 0x...
 *   [core] panic: configuration 0123...; this CPU halts; those that can go on do
 */
#include "core/panic.h"
#include "core/bound.h"
#include "arch/arch.h"
#include "core/boot.h"
#include "core/cell.h"
#include "core/console.h"
#include "core/crash.h"
#include "core/fmt.h"
#include "core/health.h"
#include "core/line.h"
#include "core/log.h"
#include "core/log_read.h"

#define WORDS_PER_LINE 4u
#define REG_LINES ((ARRAY_COUNT(((struct panic_state *)0)->regs) + WORDS_PER_LINE - 1) / WORDS_PER_LINE)
#define LINE_REGS 2u
#define LINE_STACK (LINE_REGS + REG_LINES)
_Static_assert(LINE_STACK + (PANIC_STACK + WORDS_PER_LINE - 1) / WORDS_PER_LINE == PANIC_LINES, "lines of a panic");
#define PANIC_MILLISECONDS 11000u /* of both: */
#define TAKE_TIME(hz) (hz)        /* how long somebody waits for the service CPU, */
#define TELL_TIME(hz) (10 * (hz)) /* and how long this may then print: two thousand characters at 2400 baud */

/*
 * The last words of a CPU that cannot print or keep them itself. One at a time; who comes meanwhile waits, as it has nothing
 * more to do.
 */
static struct panic_state left;
static u32 left_state;   /* [A] enum record_state; RECORD_PRINTED: the service CPU is at it */
static u32 left_printed; /* [A] its lines are on the wire */
static u32 left_line;    /* the next; of who pumps */
static u32 serving;      /* [A] the service CPU is through boot */
static bool begun[CPU_COUNT]; /* [O] a panic on the way to the end of a panic prints no more */

/* The boot CPU and the service CPU map the UART; without a service CPU every CPU does. */
static bool maps_console(const struct cpu *cpu)
{
	return cpu->index == 0 || cpu->index == machine_service_cpu || machine_service_cpu == CPU_NONE;
}

/* ---- text ---- */

/* registers: else of the stack. */
static u32 words(const struct panic_state *state, u32 first, bool registers, char *buffer, u32 size)
{
	const u64 *values = registers ? state->regs : state->stack;
	u32 count = registers ? ARRAY_COUNT(state->regs) : state->stack_count < PANIC_STACK ? state->stack_count : PANIC_STACK;
	u32 at = registers ? fmt_print(buffer, size, "panic:") : fmt_print(buffer, size, "panic: stack 0x%lx:", state->sp + first * sizeof(u64));

	if (first >= count)
		return 0;
	for (u32 i = first; i < first + WORDS_PER_LINE && i < count; i++) {
		LOOP_BOUND(WORDS_PER_LINE);
		at += registers ? fmt_print(buffer + at, size - at, " x%u=0x%016lx", i, values[i]) :
				  fmt_print(buffer + at, size - at, " 0x%016lx", values[i]);
	}
	return at;
}

u32 panic_line(const struct panic_state *state, const char *cpu, u32 line, char *buffer, u32 size)
{
	if (!line)
		return fmt_print(buffer, size, "panic: %s: %s 0x%lx, %s 0x%lx", state->what, state->exception ? "syndrome" : "declared",
				 state->declared, state->exception ? "address" : "found", state->found);
	if (line < LINE_REGS)
		return fmt_print(buffer, size, "panic: cpu=%s pc=0x%lx sp=0x%lx pstate=0x%lx", cpu, state->pc, state->sp, state->pstate);
	if (line < LINE_STACK)
		return words(state, (line - LINE_REGS) * WORDS_PER_LINE, true, buffer, size);
	return words(state, (line - LINE_STACK) * WORDS_PER_LINE, false, buffer, size);
}

/* All of it, line by line, the number of the next in *n. 0: that was all. */
static u32 next_line(const struct panic_state *state, u32 *n, char *text, u32 size)
{
	u32 line = (*n)++, length = line > PANIC_LINES ? 0 : panic_line(state, machine_cpus[state->cpu].name, line, text, size);

	if (length || line > PANIC_LINES)
		return length;
	*n = PANIC_LINES + 1; /* it has fewer, and this is the last */
	return fmt_print(text, size, "panic: configuration %s; %s", machine_hash, machine_core.panic_resets ? "the board is reset" :
			 state->cpu == machine_service_cpu ? "this CPU halts, and nobody serves the cells any more: no console, no restart" :
							     "this CPU halts; those that can go on do");
}

/* Not by the log, which may be full, or not compiled in. */
static void print(const struct panic_state *state)
{
	char text[LOG_LINE];
	u32 n = 0;

	console_flush();
	while (next_line(state, &n, text, sizeof text)) {
		LOOP_BOUND(PANIC_LINES + 1);
		console_tell(text);
	}
}

/* ---- for others ---- */

static void copy(struct panic_state *to, const struct panic_state *from)
{
	volatile u64 *words_to = (u64 *)(void *)to; /* volatile: the compiler may not ask for a memcpy */

	for (u32 i = 0; i < sizeof *to / sizeof(u64); i++)
		words_to[i] = ((const u64 *)(const void *)from)[i];
}

static bool wait_until(u32 *word, u32 value, u64 ticks)
{
	u64 start = arch_time_now();

	while (atomic_load32(word) != value) {
		LOOP_TIME(PANIC_MILLISECONDS);
		if (arch_time_now() - start >= ticks)
			return false;
		arch_cpu_relax();
	}
	return true;
}

/* True: the service CPU has taken it, and done with it what there was to do. */
static bool leave(const struct panic_state *state, bool printed)
{
	u64 hz = arch_time_hz(), start = arch_time_now();

	while (!arch_cas32(&left_state, RECORD_NONE, RECORD_WRITING)) {
		LOOP_TIME(PANIC_MILLISECONDS);
		if (arch_time_now() - start >= TAKE_TIME(hz) + TELL_TIME(hz))
			return false;
		arch_cpu_relax();
	}
	copy(&left, state);
	left_line = 0;
	atomic_store32(&left_printed, printed);
	atomic_store32(&left_state, RECORD_READY);
	core_call_service();
	if (!machine_core.panic_resets)
		return true; /* it has time */
	wait_until(&left_state, RECORD_PRINTED, TAKE_TIME(hz));
	return atomic_load32(&left_state) != RECORD_READY && wait_until(&left_state, RECORD_NONE, TELL_TIME(hz));
}

bool panic_is_left(void)
{
	u32 state = atomic_load32(&left_state);

	return (state == RECORD_READY || state == RECORD_PRINTED) && !atomic_load32(&left_printed);
}

/* Behind what that CPU has logged; it logs no more. Asked for once more when the last line is on the wire. */
u32 panic_text(char *text, u32 size)
{
	u32 length;

	if (!panic_is_left() || log_waiting(left.cpu))
		return 0;
	length = next_line(&left, &left_line, text, size);
	if (length)
		return length + 1;
	atomic_store32(&left_printed, 1);
	return 0;
}

void panic_relay(void)
{
	atomic_store32(&serving, 1);
	arch_cas32(&left_state, RECORD_READY, RECORD_PRINTED);
	if (atomic_load32(&left_state) != RECORD_PRINTED)
		return;
	crash_panic(&left); /* before it is printed: that takes long. In further rounds it is kept already */
	if (panic_is_left()) {
		line_stop(); /* it comes as text */
		return;
	}
	if (machine_core.panic_resets)
		arch_board_reset();
	atomic_store32(&left_state, RECORD_NONE);
}

/* ---- the end ---- */

static _Noreturn void end(struct panic_state *state)
{
	const struct cpu *cpu = arch_cpu_this();
	bool again = begun[cpu->index], mapped = maps_console(cpu);

	begun[cpu->index] = true;
	health_lost();
	if (!again) {
		if (cpu->index == machine_service_cpu)
			crash_init(); /* boot may end before it begins */
		bool kept = crash_panic(state) || cpu->index == machine_service_cpu;

		if (mapped)
			print(state);
		/* Who has printed it needs the service CPU only for the crash region; early in boot there is nothing to call it with. */
		if (!kept && (!mapped || atomic_load32(&serving)))
			leave(state, mapped);
	}
	begun[cpu->index] = false;
	if (machine_core.panic_resets)
		arch_board_reset();
	arch_halt();
}

/* regs, stack: of the exception, or of here. */
static void fill(struct panic_state *state, const char *what, u64 declared, u64 found)
{
	state->what = what;
	state->declared = declared;
	state->found = found;
	state->cpu = arch_cpu_this()->index;
	state->sp = 0;
	state->pstate = 0;
	state->stack_count = 0;
	arch_panic_state(state);
}

void panic(const char *what, u64 declared, u64 found)
{
	struct panic_state state;

	state.exception = false;
	state.pc = (u64)__builtin_return_address(0);
	fill(&state, what, declared, found);
	end(&state);
}

void panic_exception(u64 syndrome, u64 pc, u64 address)
{
	struct panic_state state;

	state.exception = true;
	state.pc = pc;
	fill(&state, "exception in the core", syndrome, address);
	end(&state);
}
