/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The end: the machine is not what its tables say, or the core has a defect.
 * Never for anything a guest can influence. Any CPU may call; one that does
 * not map the board's UART leaves its words for one that does.
 */
#ifndef CLOISON_CORE_PANIC_H
#define CLOISON_CORE_PANIC_H

#include "core/types.h"

/* "panic: what: declared 0x.., found 0x..", printed to the last character; then this CPU halts. */
_Noreturn void panic(const char *what, u64 declared, u64 found);
/* An exception taken from the core itself. */
_Noreturn void panic_exception(u64 syndrome, u64 pc, u64 address);
/* Print what another CPU left behind; boot CPU while it waits, then the service CPU. */
void panic_relay(void);

#endif
