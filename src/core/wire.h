/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The board's UART as a sequence of lines, each with the name of who wrote it:
 *
 *     [linux] Booting Linux on physical CPU 0x0
 *     [core] cell hello: stopped by breakpoint (debug), ...
 *
 * What holds for the bytes on the wire, whatever a cell prints: after each
 * line feed comes a prefix made here, and no byte of a cell moves the cursor
 * out of its own text on its own line. So a cell cannot pass for another or
 * for the core, nor change how their lines look. (A terminal that wraps long
 * lines shows the rest without a prefix; only the log is proof.)
 *
 * All functions: only the CPU that pumps (console.c).
 */
#ifndef CLOISON_CORE_WIRE_H
#define CLOISON_CORE_WIRE_H

#include "core/types.h"
#include "core/machine.h"

#define WIRE_CORE CELL_COUNT /* source numbers: cells 0.., then the core, one for each CPU */
#define WIRE_COMMAND (CELL_COUNT + CPU_COUNT) /* the operator's command line: the core's, too */
#define WIRE_NOBODY (CELL_COUNT + CPU_COUNT + 1)

#define FILTER_SEQUENCE 12u

/* Where one source is within its own text. Zero at the start. */
struct filter {
	u8 sequence[FILTER_SEQUENCE]; /* escape sequence that is not complete yet */
	u8 length;                    /* of it; FILTER_SEQUENCE: too long, swallow it */
	bool returned;                /* carriage return that no line feed has followed yet */
	u8 begun;                     /* its last line has had no line feed: wire.c's number then, else 0 */
};

/* What was on the wire is nothing to continue: text begins on a line of its own. */
void wire_restart(void);
/* Hand what is staged to the UART as far as its FIFO goes; true when nothing is left. */
bool wire_drain(void);
/* Is the source's last line still open, and nobody's behind it? */
bool wire_is_open(u32 source);
/* Stage one byte of a source and what goes with it (prefix, ...). Only after wire_drain said true. */
void wire_byte(struct filter *filter, u32 source, u8 byte);
/*
 * The same at once, for those that are in the middle of the source's own line and mean nothing but themselves: how many the UART
 * took, WIRE_PLAIN at most. At any time.
 */
u32 wire_plain(const struct filter *filter, u32 source, const u8 *bytes, u32 count);
#define WIRE_PLAIN 8u

#endif
