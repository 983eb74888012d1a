/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* LINE_DEBUG, one function for each request. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "session.h"
#include "cellctl_debug.h"
#include "text.h"

#define CORE_REGISTERS 34u
#define ALL_REGISTERS 64u /* room for more than there are */
#define READ_MOST 1024u
#define WRITE_MOST 128u

static void sleep_ms(unsigned ms)
{
	struct timespec time = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&time, NULL);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int ask(struct cellctl *c, unsigned op, const void *arguments, size_t size)
{
	size_t none = 0;

	return cellctl_ask(c, LINE_DEBUG, op, arguments, size, NULL, &none);
}

static int ask_two(struct cellctl *c, unsigned op, unsigned cell, unsigned second)
{
	uint16_t arguments[2] = { (uint16_t)cell, (uint16_t)second };

	return ask(c, op, arguments, sizeof arguments);
}

/* Each refusal is an entry of the core's audit, which has few: so it is asked only what it will not refuse. *over: nor later. */
static int can_halt(struct cellctl *c, unsigned cell, bool *can, bool *over)
{
	struct manage_cell about;
	int error = cellctl_cell(c, cell, &about);
	const char *state = error ? NULL : cellctl_name(c, NAMES_STATES, about.state);

	*can = !error && (!state || !strcmp(state, "running") || !strcmp(state, "suspended"));
	*over = state && (!strcmp(state, "off") || !strcmp(state, "stopped") || !strcmp(state, "failed"));
	if (error || *can)
		return error;
	return session_fail(c, CELLCTL_NO, _("the cell does not run: it is %s"), cellctl_word(state));
}

int cellctl_halt(struct cellctl *c, unsigned cell, unsigned timeout)
{
	uint64_t until = now_ms() + timeout;
	bool can, over;
	int error;

	for (;;) {
		error = can_halt(c, cell, &can, &over);
		if (can)
			error = ask_two(c, DEBUG_HALT, cell, HALT_NOW); /* refused only if it has ended since */
		if (error != CELLCTL_NO || over || now_ms() >= until)
			return error;
		sleep_ms(20);
	}
}

int cellctl_halt_first(struct cellctl *c, unsigned cell)
{
	return ask_two(c, DEBUG_HALT, cell, HALT_FIRST);
}

int cellctl_go(struct cellctl *c, unsigned cell, enum debug_go how)
{
	return ask_two(c, DEBUG_GO, cell, how);
}

int cellctl_leave(struct cellctl *c, unsigned cell)
{
	return ask_two(c, DEBUG_GO, cell, GO_LEAVE);
}

int cellctl_step(struct cellctl *c, unsigned cell, unsigned vcpu)
{
	return ask_two(c, DEBUG_STEP, cell, vcpu);
}

int cellctl_debug_state(struct cellctl *c, unsigned cell, struct debug_state *state)
{
	uint16_t argument = (uint16_t)cell;
	size_t size = sizeof *state;

	memset(state, 0, sizeof *state);
	return cellctl_ask(c, LINE_DEBUG, DEBUG_STATE, &argument, sizeof argument, state, &size);
}

int cellctl_wait_halted(struct cellctl *c, unsigned cell, struct debug_state *state, unsigned timeout)
{
	uint64_t until = now_ms() + timeout;
	int error;

	while (!(error = cellctl_debug_state(c, cell, state)) && !state->halted && state->why != DEBUG_ENDED) {
		if (now_ms() >= until)
			return CELLCTL_TIMEOUT;
		sleep_ms(2);
	}
	return error;
}

/* By name, for where they are is the core's business. */
static void take_more(struct cellctl *c, const uint64_t *values, size_t count, struct cellctl_registers *to)
{
	const struct { const char *name; uint64_t *to; } wanted[] = {
		{ "sctlr_el1", &to->sctlr }, { "tcr_el1", &to->tcr }, { "ttbr0_el1", &to->ttbr0 },
		{ "ttbr1_el1", &to->ttbr1 }, { "vbar_el1", &to->vbar }, { "elr_el1", &to->elr },
	};

	for (size_t i = 0; i < ARRAY_COUNT(wanted); i++) {
		int number = cellctl_number(c, NAMES_REGISTERS, wanted[i].name);

		if (number >= 0 && (size_t)number < count)
			*wanted[i].to = values[number];
	}
}

int cellctl_registers(struct cellctl *c, unsigned cell, unsigned vcpu, struct cellctl_registers *registers)
{
	uint16_t arguments[2] = { (uint16_t)cell, (uint16_t)vcpu };
	uint64_t values[ALL_REGISTERS] = { 0 };
	size_t size = sizeof values;
	int error = cellctl_ask(c, LINE_DEBUG, DEBUG_REGISTERS, arguments, sizeof arguments, values, &size);

	if (error)
		return error;
	memset(registers, 0, sizeof *registers);
	if (size < CORE_REGISTERS * sizeof *values)
		return CELLCTL_PROTOCOL;
	memcpy(registers, values, CORE_REGISTERS * sizeof *values);
	take_more(c, values, size / sizeof *values, registers);
	return 0;
}

int cellctl_set_register(struct cellctl *c, unsigned cell, unsigned vcpu, unsigned number, uint64_t value)
{
	struct debug_set set = { .cell = (u16)cell, .vcpu = (u16)vcpu, .number = number, .value = value };

	return ask(c, DEBUG_SET, &set, sizeof set);
}

int cellctl_point(struct cellctl *c, unsigned cell, unsigned number, enum debug_point_kind kind, unsigned size, uint64_t address)
{
	struct debug_point point = { .cell = (u16)cell, .number = (u8)number, .kind = (u8)kind, .size = size, .address = address };

	return ask(c, DEBUG_POINT, &point, sizeof point);
}

int cellctl_read_memory(struct cellctl *c, unsigned cell, unsigned vcpu, uint64_t address, void *to, size_t size)
{
	for (size_t done = 0; done < size;) {
		size_t part = size - done < READ_MOST ? size - done : READ_MOST, got = part;
		struct debug_memory memory = { .cell = (u16)cell, .vcpu = (u16)vcpu, .size = (u16)part, .address = address + done };
		int error = cellctl_ask(c, LINE_DEBUG, DEBUG_READ, &memory, sizeof memory, (char *)to + done, &got);

		if (error)
			return error;
		if (got != part)
			return CELLCTL_PROTOCOL;
		done += part;
	}
	return 0;
}

int cellctl_write_memory(struct cellctl *c, unsigned cell, unsigned vcpu, uint64_t address, const void *from, size_t size)
{
	for (size_t done = 0; done < size;) {
		size_t part = size - done < WRITE_MOST ? size - done : WRITE_MOST;
		struct debug_memory memory = { .cell = (u16)cell, .vcpu = (u16)vcpu, .size = (u16)part, .address = address + done };
		unsigned char message[sizeof memory + WRITE_MOST];
		int error;

		memcpy(message, &memory, sizeof memory);
		memcpy(message + sizeof memory, (const char *)from + done, part);
		error = ask(c, DEBUG_WRITE, message, sizeof memory + part);
		if (error)
			return error;
		done += part;
	}
	return 0;
}

/* ---- instructions ---- */

static bool is_brk(uint32_t instruction)
{
	return (instruction & 0xffe0001f) == 0xd4200000;
}

static int write_all(struct cellctl *c, unsigned cell, const struct cellctl_run *run, uint64_t address)
{
	static const uint32_t brk = 0xd4200000;
	size_t size = run->code_count * sizeof *run->code;
	int error = cellctl_write_memory(c, cell, 0, address, run->code, size);

	if (!error && !is_brk(run->code[run->code_count - 1]))
		error = cellctl_write_memory(c, cell, 0, address + size, &brk, sizeof brk);
	for (size_t i = 0; i < run->data_count && !error; i++)
		error = cellctl_write_memory(c, cell, 0, run->data[i].address, run->data[i].bytes, run->data[i].size);
	return error;
}

static int set_all(struct cellctl *c, unsigned cell, const uint64_t x[31], uint64_t sp, uint64_t pc, uint64_t pstate)
{
	int error = 0;

	for (unsigned i = 0; i < 31 && !error; i++)
		error = cellctl_set_register(c, cell, 0, i, x[i]);
	if (!error)
		error = cellctl_set_register(c, cell, 0, CELLCTL_SP, sp);
	if (!error)
		error = cellctl_set_register(c, cell, 0, CELLCTL_PC, pc);
	return error ? error : cellctl_set_register(c, cell, 0, CELLCTL_PSTATE, pstate);
}

/* The limit has come. 0: it is halted, or has ended meanwhile, as *state says. */
static int stop_it(struct cellctl *c, unsigned cell, struct debug_state *state)
{
	int error = cellctl_halt(c, cell, 1000), after;

	if (error && error != CELLCTL_NO)
		return error;
	after = cellctl_debug_state(c, cell, state);
	return after ? after : state->why == DEBUG_ENDED ? 0 : error;
}

/* To BRK, the limit or the cell's end, also if it has begun another life by then; else it is halted. */
static int run_to_end(struct cellctl *c, unsigned cell, struct cellctl_run *run)
{
	struct debug_state before, state = { 0 };
	int error = cellctl_debug_state(c, cell, &before);

	if (!error)
		error = cellctl_go(c, cell, GO_ON);
	if (error)
		return error;
	error = cellctl_wait_halted(c, cell, &state, run->limit ? run->limit : 1000);
	if (error == CELLCTL_TIMEOUT)
		error = state.life == before.life ? stop_it(c, cell, &state) : 0;
	run->why = !error && state.life != before.life ? DEBUG_ENDED : state.why;
	run->brk = run->why == DEBUG_BRK ? state.brk : 0;
	return error;
}

static int run_halted(struct cellctl *c, unsigned cell, struct cellctl_run *run, const struct cellctl_registers *before)
{
	uint64_t address = run->address ? run->address : before->x[0], x[31] = { 0 };
	size_t size = (run->code_count + 1) * sizeof *run->code;
	int error;

	if (!run->code_count || address & 3 || (!run->address && before->x[1] < size))
		return CELLCTL_USAGE;
	for (unsigned i = 0; i < 31; i++)
		x[i] = run->given >> i & 1 ? run->x[i] : 0;
	error = write_all(c, cell, run, address);
	if (!error)
		error = set_all(c, cell, x, before->sp, address, before->pstate);
	if (!error)
		error = run_to_end(c, cell, run);
	if (error || run->why == DEBUG_ENDED)
		return error;
	error = cellctl_registers(c, cell, 0, &run->after);
	for (size_t i = 0; i < run->read_count && !error; i++)
		error = cellctl_read_memory(c, cell, 0, run->read[i].address, run->read[i].bytes, run->read[i].size);
	return error;
}

int cellctl_run(struct cellctl *c, unsigned cell, struct cellctl_run *run)
{
	struct cellctl_registers before;
	int error = cellctl_halt(c, cell, 2000), after;

	if (error)
		return error;
	error = cellctl_registers(c, cell, 0, &before);
	if (!error) {
		error = run_halted(c, cell, run, &before);
		/* It waits on where it waited, whatever became of it: whoever has no patience, too. */
		cellctl_unstoppable(c, true);
		if (error == CELLCTL_STOPPED)
			cellctl_halt(c, cell, 1000);
		after = run->why == DEBUG_ENDED ? 0 : set_all(c, cell, before.x, before.sp, before.pc, before.pstate);
		error = error ? error : after;
	}
	after = cellctl_leave(c, cell);
	cellctl_unstoppable(c, false);
	return error ? error : after;
}
