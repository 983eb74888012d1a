/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The end: the machine is not what its tables say, or the core has a defect.
 * Never for anything a guest can influence. Any CPU may call; one that does
 * not map the board's UART leaves its words for one that does. Then what
 * cloison,panic says: this CPU halts, or the board is reset.
 *
 *   panic ---> the UART, if this CPU maps it ---+
 *     |                                          |
 *     +--> the crash region: the service CPU ----+---> halt, or reset of the board
 *     |                                          |
 *     +--> left here, for the service CPU -------+  nobody takes it within a second: by itself
 */
#ifndef CLOISON_CORE_PANIC_H
#define CLOISON_CORE_PANIC_H

#include "core/types.h"

#define PANIC_STACK 32u /* words of the stack, from its pointer up */
#define PANIC_LINES 18u /* most of panic_line; the last of all comes behind these */
#define PANIC_LINE 160u /* longest line of panic_line, its final 0 included */

struct panic_state {
	const char *what;      /* static string */
	u64 declared, found;   /* what was expected, what was found; of an exception its syndrome and address */
	bool exception;        /* else panic(): pc is its caller's */
	u16 cpu;
	u64 pc, sp;
	u64 regs[31];
	u64 pstate;
	u64 stack[PANIC_STACK];
	u32 stack_count;
};

/* "panic: what: declared 0x.., found 0x..", printed to the last character, and all there is to decode it. */
_Noreturn void panic(const char *what, u64 declared, u64 found);
/* An exception taken from the core itself. */
_Noreturn void panic_exception(u64 syndrome, u64 pc, u64 address);
/*
 * What another CPU left behind. The service CPU, once a round: it is kept, the pump prints it (panic_text), and when that is
 * done happens what cloison,panic says. Nothing here waits but for the end of a session.
 */
void panic_relay(void);
/* Is it still to be printed? The boot CPU, while it waits and nobody pumps. */
bool panic_is_left(void);
/* Its next line as text, the final 0 in its length; 0: there is none. Only the CPU that pumps; size >= PANIC_LINE. */
u32 panic_text(char *text, u32 size);
/* The text of it, line by line from 0 on; cpu: its name. Returns the length; 0: that was all. size >= PANIC_LINE. */
u32 panic_line(const struct panic_state *state, const char *cpu, u32 line, char *buffer, u32 size);

#endif
