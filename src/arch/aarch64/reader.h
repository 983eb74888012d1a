/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The calling CPU in its copier's page for the core, in the middle of its guest (reader.c). */
#ifndef CLOISON_ARCH_AARCH64_READER_H
#define CLOISON_ARCH_AARCH64_READER_H

#include "core/cell.h"

/* The guest is put aside for the load root. state: READER_RUNS, READER_DEBUG. without: bits of HCR_EL2 that are not set meanwhile. */
void reader_enter(struct cpu *cpu, u32 state, u64 without);
/* The next return from EL2 is to this offset of the page, interrupts masked; x0-x4 are the caller's to set. */
void reader_start(const struct cpu *cpu, u64 offset);
/* The guest's registers and memory are back. with: bits of HCR_EL2 that are set besides its own. */
void reader_leave(struct cpu *cpu, u64 with);

#endif
