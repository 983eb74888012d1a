/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What outlives a cell, and the board's reset: the crash region
 * (cloison,crash-region), mapped by the service CPU alone.
 *
 *     head | audit | panic | cell 0: slot, slot | cell 1: slot, slot | ...     each at a multiple of 4 KiB
 *
 * Of a cell's two slots the older is overwritten, so a reset in the middle costs
 * no older record. A slot is valid if its CRC says so; it is written last.
 * docs/crash-region.md is the format, for who reads it without us.
 */
#ifndef CLOISON_CORE_CRASH_H
#define CLOISON_CORE_CRASH_H

#include "core/cell.h"

#define CRASH_VCPUS 32u       /* whose registers a slot has room for; of a cell with more the first */
#define CRASH_TRACE 48u       /* last entries of the trace of the CPU whose vCPU ended it, if the cell was traced */
#define CRASH_CONSOLE 2048u   /* last bytes that the cell has printed */
#define CRASH_SLOT 16384u     /* bytes, of a cell's slot */
#define CRASH_HEAD 4096u
#define CRASH_AUDIT 65536u    /* room for struct audit, of this boot and of the one before; cellgen refuses more cells than fit */
#define CRASH_PANIC 4096u
/* Bytes that a region needs for so many cells. tools/cellgen/cellgen.h has it, too. */
#define CRASH_SIZE(cells) (CRASH_HEAD + CRASH_AUDIT + CRASH_PANIC + 2u * CRASH_SLOT * (cells))

/* What an earlier boot has left is looked at, and told later; then this boot's number is written. Service CPU, before its first round. */
void crash_init(void);
/* Each round of the service CPU, before life_serve: a step of what is to be kept or told. */
void crash_serve(void);
/*
 * Is all of this life's end kept that can be? Then vcpus[].registers and the record may be written again. Service CPU.
 * What a cell wished for itself (off, reset) and what it was told (STOP_TOLD) leaves no record: there is nothing to explain.
 */
bool crash_is_kept(u16 cell, u32 incarnation);
/* A byte the cell has printed: of the pump. */
void crash_console(u16 cell, u8 byte);
/* Words of a core that ends, its own or another CPU's. False: there is no region, or this is not the service CPU. */
struct panic_state;
bool crash_panic(const struct panic_state *state);
/* For the operator: one more line of what there is about a cell, or (CELL_NONE) of all there is; false: that was all. Service CPU. */
bool crash_print(u16 cell, u32 line);
/* Room for this boot's struct audit, zero after crash_init; NULL: there is no region. Service CPU. */
void *crash_audit(void);
/* CRC-32 of more bytes behind those that gave crc; 0: they are the first. */
u32 crash_crc(u32 crc, const void *bytes, u32 size);

#endif
