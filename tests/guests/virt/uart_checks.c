/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The PL011 beyond polled output: identification, flags, transmit and receive interrupts. */
#include "virt.h"

#define DR (UART_BASE + 0x00)
#define FR (UART_BASE + 0x18)
#define IBRD (UART_BASE + 0x24)
#define FBRD (UART_BASE + 0x28)
#define IFLS (UART_BASE + 0x34)
#define IMSC (UART_BASE + 0x38)
#define RIS (UART_BASE + 0x3c)
#define MIS (UART_BASE + 0x40)
#define ICR (UART_BASE + 0x44)
#define INT_RX 0x10
#define INT_TX 0x20
#define INT_RT 0x40

static volatile u64 tx_irqs, rx_bytes;
static volatile u32 last_byte;

static void uart_irq(u32 intid)
{
	u32 mis;

	if (intid != UART_LINE)
		return;
	mis = mmio_read32(MIS);
	if (mis & INT_TX) {
		tx_irqs++;
		mmio_write32(IMSC, mmio_read32(IMSC) & ~(u32)INT_TX);
		mmio_write32(ICR, INT_TX);
	}
	if (mis & (INT_RX | INT_RT)) {
		while (!(mmio_read32(FR) & 0x10)) {
			last_byte = mmio_read32(DR) & 0xff;
			rx_bytes++;
		}
		mmio_write32(ICR, INT_RX | INT_RT);
	}
}

static void check_identity(void)
{
	static const u8 id[8] = { 0x11, 0x10, 0, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
	bool same = true;

	for (u32 i = 0; i < 8; i++)
		same &= i == 2 || (mmio_read32(UART_BASE + 0xfe0 + 4 * i) & 0xff) == id[i];
	check("uart-identity", same && (mmio_read32(UART_BASE + 0xfe8) & 0xf) == 4);
	uart_drain();
	check("uart-idle-flags", (mmio_read32(FR) & 0xb8) == 0x90); /* TXFE, RXFE; not busy, not full */
}

void check_uart(void)
{
	check_identity();
	mmio_write32(IBRD, 13);
	mmio_write32(FBRD, 1);
	mmio_write32(IFLS, 0x12);
	check("uart-registers", mmio_read32(IBRD) == 13 && mmio_read32(FBRD) == 1 && mmio_read32(IFLS) == 0x12);
	mmio_write32(IMSC, 0x7ff);
	check("uart-imsc", mmio_read32(IMSC) == 0x7ff);
	mmio_write32(IMSC, 0);
	check("uart-mis-masked", mmio_read32(MIS) == 0);
	irq_hook = uart_irq;
	gic_route(UART_LINE, 0);
	gic_enable(UART_LINE, 0xa0);
	irq_unmask();
	mmio_write32(ICR, 0x7ff);
	mmio_write32(IMSC, INT_TX);
	uart_puts("virt: a line that ends in a transmit interrupt\n");
	check("uart-tx-interrupt", wait_until(tx_irqs == 1, LONG_US));
	mmio_write8(DR, 'v'), mmio_write16(DR, 'i'), mmio_write32(DR, 'r');
	uart_puts("t: three access sizes\n");
	irq_mask();
	irq_hook = NULL;
}

/*
 * Two seconds to press a key, asleep; whoever runs this on both machines does
 * the same on both. (Counting instructions, sleep takes no time: skipped.)
 */
void check_uart_input(void)
{
	u64 end = now() + ticks_us(2000000);

	irq_hook = uart_irq;
	mmio_write32(IMSC, INT_RX | INT_RT);
	gic_enable(UART_LINE, 0xa0);
	gic_enable(PPI_VTIMER, 0xa0);
	print("virt: press x\n");
	while (!rx_bytes && now() < end) {
		write_sysreg(cntv_tval_el0, ticks_us(50000));
		write_sysreg(cntv_ctl_el0, 1);
		wfi();
		write_sysreg(cntv_ctl_el0, 2);
		irq_unmask();
		isb();
		irq_mask();
	}
	if (rx_bytes)
		check("uart-rx-interrupt", rx_bytes == 1 && last_byte == 'x');
	else
		print("virt: SKIP uart-rx-interrupt\n");
	mmio_write32(IMSC, 0);
	gic_disable(UART_LINE);
	irq_hook = NULL;
}
