/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A device that never stops: the board's PL031 clock, passed to the cell, with
 * an alarm that the handler does not clear. Without a limit this prints a
 * growing number for ever; with cloison,irq-limit it stops at the limit and
 * the guest goes on.
 */
#include "guest.h"

#define RTC_BASE 0x09010000UL
#define RTC_LINE 34
#define RTC_MATCH (RTC_BASE + 0x4)
#define RTC_IMSC (RTC_BASE + 0x10)

void guest_main(struct boot_state *boot)
{
	u64 start;

	(void)boot;
	uart_init();
	gic_init();
	print("storm: begin\n");
	gic_enable(RTC_LINE, 0xa0);
	mmio_write32(RTC_IMSC, 1);
	mmio_write32(RTC_MATCH, mmio_read32(RTC_BASE) + 1);
	irq_unmask();
	start = now();
	for (u32 i = 0; i < 4; i++) {
		while (now() - start < (i + 1) * ticks_hz())
			yield();
		print("storm: %u interrupts\n", irq_count[0][RTC_LINE]);
	}
	print("storm: end\n");
	uart_drain();
	psci(PSCI_SYSTEM_OFF, 0, 0, 0);
	idle_forever();
}
