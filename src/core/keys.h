/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The board UART's input: to the cell in focus, except what follows the escape key. */
#ifndef CLOISON_CORE_KEYS_H
#define CLOISON_CORE_KEYS_H

#include "core/types.h"

void keys_init(void);
/* Nothing is half typed: what comes next is a key by itself. */
void keys_forget(void);
/* One bounded look at the UART. Service CPU, from the pump only. */
void keys_poll(u64 now);
/* The cell that gets the input, CELL_NONE when no cell has a console. */
u16 keys_focus(void);
/* Does somebody type at this cell: did it get a byte in the last seconds? now: ticks. */
bool keys_typing(u32 cell, u64 now);

#endif
