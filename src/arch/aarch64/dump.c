/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What there is to say of a core that ends (entry.S: el2_dump, arch_panic_state). */
#include "core/bound.h"
#include "core/cell.h"
#include "core/panic.h"
#include "sysreg.h"
#include "trap.h"

_Static_assert(sizeof(struct cpu) <= 4096, "struct cpu has one page, above the stack");

/* sp may be anything: an exception may come of that. Only what is within this CPU's stack is read. */
static void stack(struct panic_state *state)
{
	u64 top = (u64)arch_cpu_this(), sp = state->sp & ~7ULL;

	state->stack_count = 0;
	if (top - sp > CPU_STACK_SIZE)
		return;
	for (; sp < top && state->stack_count < PANIC_STACK; sp += 8) {
		LOOP_BOUND(PANIC_STACK);
		state->stack[state->stack_count++] = *(const u64 *)sp;
	}
}

void dump_state(struct panic_state *state, u64 sp)
{
	const struct arch_dump *dump = &arch_cpu_this()->arch.dump;

	if (state->exception) {
		for (u32 i = 0; i < ARRAY_COUNT(state->regs); i++)
			state->regs[i] = dump->x[i];
		state->sp = dump->sp;
		state->pstate = dump->pstate;
	} else {
		for (u32 i = 0; i < 19; i++)
			state->regs[i] = 0;
		state->regs[30] = 0;
		state->sp = sp;
		state->pstate = READ_SYSREG(CurrentEL) | READ_SYSREG(daif) | READ_SYSREG(spsel);
	}
	stack(state);
}
