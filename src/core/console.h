/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * One UART for everybody: the consoles of all cells and the core's own log.
 *
 *   cell's virtual UART --take--> source --+
 *   log_put --> ring of that CPU ----------+--> lines with prefixes --> board UART
 *   board UART --> keys --put--> virtual UART of the focused cell
 *
 * One CPU pumps at a time: the service CPU or, without one, whichever CPU has
 * just printed. Nobody ever waits for the pump.
 */
#ifndef CLOISON_CORE_CONSOLE_H
#define CLOISON_CORE_CONSOLE_H

#include "core/cell.h"

#define CONSOLE_SIZE 2048u /* bytes that are kept of what a cell prints, until they have gone out; power of two */

/* Boot CPU, first of all. */
void console_init(void);
/* Print what is in every CPU's log to the last character, waiting for the UART: boot and panic only. */
void console_flush(void);
/* One line of the core's, which is in no log; waiting for the UART. Panic only, behind console_flush. */
void console_tell(const char *text);
/* One bounded round: input, records, output as far as the UART's FIFO goes. */
void console_pump(void);
/* There is something to print, and the calling CPU has nothing more to do: it stopped its cell, and is about to park. */
void console_notify(struct cpu *cpu);
/* Without a service CPU, on one that is parked: it has done a bounded round of that, and shall come again before it looks what is next. */
bool console_prints(struct cpu *cpu);
/* Has everything this cell printed reached the wire? Only from the pump. */
bool console_is_drained(u32 cell);

/* For the line: what a cell has printed, as a stream; free-running positions. The pump only. */
u32 console_from(u32 cell);
u32 console_to(u32 cell);
u8 console_at(u32 cell, u32 position);
void console_passed(u32 cell, u32 position); /* everything before it has gone out */

#endif
