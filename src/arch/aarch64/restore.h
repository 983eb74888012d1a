/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What one life of a cell must not leave to the next; restore_none.c without CONFIG_LIFECYCLE. */
#ifndef CLOISON_ARCH_AARCH64_RESTORE_H
#define CLOISON_ARCH_AARCH64_RESTORE_H

struct cpu;

/* Of the calling CPU, whatever a guest can write and el1_reset leaves alone, and the settings of its own lines. */
void restore_private(struct cpu *cpu);

#endif
