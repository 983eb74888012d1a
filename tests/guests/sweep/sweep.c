/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A cell that is hard on caches: it walks through its memory line by line, and each line it reads or writes is one that a
 * cache has to find room for.
 *
 * bootargs: from=ADDRESS to=ADDRESS (what it walks through), rounds=N (0: for ever), beyond=ADDRESS (read at the end: if
 * it is none of the cell's, that is a fault, and the core keeps a record)
 */
#include "guest.h"

#define LINE 64

/* PSCI_VERSION between marks (docs/instrument.md): what one hypercall costs, for who counts from outside. */
static void version(void)
{
	register u64 x0 __asm__("x0") = PSCI_VERSION;

	__asm__ volatile("hint #110\n\thvc #0\n\thint #111" : "+r"(x0) : : "x1", "x2", "x3", "memory");
}

void guest_main(struct boot_state *boot)
{
	u64 from, to, rounds, beyond, sum = 0;

	args_init(boot->dtb);
	uart_init();
	from = args_u64("from", 0x40800000);
	to = args_u64("to", 0x41000000);
	rounds = args_u64("rounds", 4);
	beyond = args_u64("beyond", 0);
	version();
	print("sweep: begin\n");
	for (u64 round = 0; rounds == 0 || round < rounds; round++)
		for (u64 at = from; at < to; at += LINE) {
			if (round & 1)
				sum += mmio_read64(at);
			else
				mmio_write64(at, at);
		}
	print("sweep: end lines=%lu sum=%lx beyond=%lx\n", (to - from) / LINE, sum, beyond);
	if (beyond)
		mmio_read64(beyond);
	idle_forever();
}
