/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * One UART for everybody: the consoles of all cells and the core's own log.
 *
 *   cell's virtual UART --take--> source --+
 *   console_printf --> log of that CPU ----+--> lines with prefixes --> board UART
 *   board UART --> keys --put--> virtual UART of the focused cell
 *
 * One CPU pumps at a time: the service CPU or, without one, whichever CPU has
 * just printed. Nobody ever waits for the pump.
 */
#ifndef CLOISON_CORE_CONSOLE_H
#define CLOISON_CORE_CONSOLE_H

#include "core/cell.h"

#define CONSOLE_LINE 448u /* longest line of the core, its end included */

/* Boot CPU, first of all. */
void console_init(void);
/*
 * A line of the core's own, "[core] ..." (formats: core/fmt.h). The final \n
 * may be left out. Any CPU. Queued whole, or counted as lost when that CPU's
 * log is full. Takes about 600 bytes of stack.
 */
void console_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same with text that is ready: length < CONSOLE_LINE, its last byte \n. */
void console_write(const char *text, u32 length);
/* Is there room for one more line in this CPU's log? */
bool console_has_room(void);
/* Print every CPU's log to the last character, waiting for the UART: boot and panic only. */
void console_flush(void);
/* One bounded round: input, records, output as far as the UART's FIFO goes. */
void console_pump(struct cpu *cpu);
/* There is something to print, and the calling CPU has nothing more to do: it stopped its cell. */
void console_notify(struct cpu *cpu);
/* Has everything this cell printed reached the wire? Only from the pump. */
bool console_is_drained(u32 cell);
/* Lines of the core lost so far because a CPU's log was full. */
u32 console_lost(void);

#endif
