/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The smallest cell with something to show: the tenth Fibonacci number in x1,
 * 42 in x0, then a breakpoint, which a cell with cloison,debug = "stop" leaves
 * to the core: its record shows both. It has no console of its own.
 */
#include "guest.h"

static u64 fibonacci(u64 n)
{
	u64 a = 0, b = 1;

	while (n--) {
		u64 c = a + b;
		a = b;
		b = c;
	}
	return a;
}

void guest_main(struct boot_state *boot)
{
	register u64 x0 __asm__("x0") = 42;
	register u64 x1 __asm__("x1") = fibonacci(10);

	(void)boot;
	uart_base = 0;
	__asm__ volatile("brk #0" : : "r"(x0), "r"(x1));
	for (;;)
		wfi();
}
