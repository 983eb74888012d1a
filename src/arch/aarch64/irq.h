/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Physical interrupts of mediated guests: what irq.c and fast_irq.c share. */
#ifndef CLOISON_ARCH_AARCH64_IRQ_H
#define CLOISON_ARCH_AARCH64_IRQ_H

#include "core/machine.h"

#define INTID_KICK 0u         /* SGI 0: the core's own on a CPU that takes its interrupts at EL2 */
#define INTID_IS_SPECIAL(i) ((i) - 1020u < 4) /* nothing was acknowledged */
#define PPI_MAINTENANCE 25u
#define PPI_HYP_TIMER 26u

/* Of a physical SPI with a limit: written by the CPU it comes to. */
struct irq_budget {
	u32 left;  /* interrupts until it is looked at */
	u64 since; /* ticks, when it was full */
};
extern struct irq_budget irq_budgets[]; /* OWNER_COUNT */
/* One interrupt more of this line: is it one too many? */
bool irq_storms(u32 intid);

#endif
