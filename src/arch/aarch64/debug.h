/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Exits that concern a debugger (debug.c). Called only if there is a cell that can be debugged (DEBUG_COUNT). */
#ifndef CLOISON_ARCH_AARCH64_DEBUG_H
#define CLOISON_ARCH_AARCH64_DEBUG_H

#include "core/types.h"

struct cpu;

/* A debug exception of a cell that can be debugged. */
void debug_exception(struct cpu *cpu, u64 esr);
/* False: the copier's page does not run for a debugger on this CPU. ok: by its HVC, else by an exception. */
bool debug_returned(struct cpu *cpu, bool ok);

#endif
