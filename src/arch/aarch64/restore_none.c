/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Without CONFIG_LIFECYCLE: a CPU has one life, so there is nothing of an earlier one. */
#include "restore.h"

void restore_private(struct cpu *cpu) { (void)cpu; }
