/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A cell to try something in: it waits for code to be put into it, and run (docs/debug.md). CPU 0 waits in WFI with
 *
 *     x0   a buffer for code and data
 *     x1   its size
 *     x2   a counter: the second CPU, if there is one, counts in it as fast as it can,
 *     x3   and its timer's interrupts here, 1000 in a second
 *
 * Neither prints anything.
 */
#include "guest.h"

#define SIZE 65536

static u8 buffer[SIZE] __attribute__((aligned(4096)));
static volatile u64 beats, ticks;
static u64 period;

void irq_handler(u32 intid)
{
	if (intid != PPI_VTIMER)
		return;
	ticks++;
	write_sysreg(cntv_cval_el0, now() + period);
	isb();
}

static void count(u64 argument)
{
	(void)argument;
	gic_cpu_init();
	gic_enable(PPI_VTIMER, 0x80);
	write_sysreg(cntv_cval_el0, now() + period);
	write_sysreg(cntv_ctl_el0, 1);
	isb();
	irq_unmask();
	for (;;)
		beats++;
}

void guest_main(struct boot_state *boot)
{
	(void)boot;
	uart_base = 0;
	period = read_sysreg(cntfrq_el0) / 1000;
	gic_init();
	cpu_run(1, count, 0);

	register u64 x0 __asm__("x0") = (u64)buffer;
	register u64 x1 __asm__("x1") = SIZE;
	register u64 x2 __asm__("x2") = (u64)&beats;
	register u64 x3 __asm__("x3") = (u64)&ticks;

	__asm__ volatile("1: wfi\n\tb 1b" : : "r"(x0), "r"(x1), "r"(x2), "r"(x3) : "memory");
	__builtin_unreachable();
}
