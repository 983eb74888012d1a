/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Numbered lines as fast as the console takes them, then an echo of whatever is
 * typed, one line for each key. bootargs: lines=N (300)
 */
#include "guest.h"

void guest_main(struct boot_state *boot)
{
	u64 lines;

	args_init(boot->dtb);
	lines = args_u64("lines", 300);
	uart_init();
	gic_init();
	for (u64 i = 0; i < lines; i++)
		print("talker: line %04lu of %lu abcdefghijklmnopqrstuvwxyz\n", i, lines);
	uart_drain();
	print("talker: end\n");
	gic_enable(PPI_VTIMER, 0x80); /* no receive interrupt here: look every 5 ms */
	for (;;) {
		int c;
		write_sysreg(cntv_tval_el0, ticks_us(5000));
		write_sysreg(cntv_ctl_el0, 1);
		wfi();
		write_sysreg(cntv_ctl_el0, 2);
		while ((c = uart_getc()) >= 0)
			print("talker: key %d\n", c);
	}
}
