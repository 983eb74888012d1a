/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A record of the crash region (docs/crash-region.md) as an ELF core file that gdb-multiarch opens.
 *
 *   end of a cell   each vCPU whose registers were kept is a thread, the one that ended the cell the first. No memory, for the
 *                   record has none: give gdb the guest's own ELF, and it shows code and symbols
 *   panic           one thread, and the stack from sp up: give gdb cloison.elf
 *
 * A note of our own has the rest as lines of text (name CLOISON, type 100).
 */
#ifndef CELLCTL_CORE_OUT_H
#define CELLCTL_CORE_OUT_H

#include <stdio.h>

#include "core/types.h"

enum core_status { CORE_OK, CORE_NO_RECORD /* nothing, or not whole */, CORE_NO_REGISTERS, CORE_NOT_WRITTEN };

/* record: bytes as they are in the crash region, from the mark on, and as many as its size says or more. */
enum core_status core_write(FILE *out, const u8 *record, u32 size);

#endif
