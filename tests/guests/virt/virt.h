/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Between the files of the self-contained guest. */
#ifndef VIRT_H
#define VIRT_H

#include "guest.h"

#define check(name, ok) check_at(name, ok, __FILE__, __LINE__)
void check_at(const char *name, bool ok, const char *file, int line);
/* One of several things a check needs: says which one was missing. */
#define need(condition) (ok &= need_at(condition, __LINE__))
bool need_at(bool condition, int line);
/*
 * Checks (all whose names begin so) that a way of delivering interrupts is known not to pass, as docs/interrupts.md
 * says; a cell is told its own by interrupts= in bootargs. The test takes them out of the reference, too.
 */
bool known_limit(const char *interrupts, const char *names);

/* For what must come, however busy the host: no check is about how soon. */
#define LONG_US 20000000

/* Interrupts unmasked for long enough to be taken: some time, and some thousand instructions (see wait_until). */
void settle(void);
u64 irqs_taken(u32 cpu);
u32 irqs_last(u32 cpu);
extern void (*volatile irq_hook)(u32 intid); /* called for each interrupt, on any CPU */

void check_gic(void);
void check_irqs(void);
void check_levels(void);
void check_timers(void);
void check_uart(void);
void check_uart_input(void);
void check_smp(void);
void check_smp_irqs(void);

#endif
