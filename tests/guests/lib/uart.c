/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* PL011, polled. */
#include "guest.h"

#define DR 0x00
#define FR 0x18
#define LCR_H 0x2c
#define CR 0x30
#define IMSC 0x38
#define ICR 0x44
#define FR_BUSY 0x08
#define FR_RXFE 0x10
#define FR_TXFF 0x20

u64 uart_base = UART_BASE;

void uart_init(void)
{
	mmio_write32(uart_base + CR, 0);
	mmio_write32(uart_base + IMSC, 0);
	mmio_write32(uart_base + ICR, 0x7ff);
	mmio_write32(uart_base + LCR_H, 0x70); /* 8n1, FIFOs */
	mmio_write32(uart_base + CR, 0x301);   /* enable, TX, RX */
}

void uart_putc(char c)
{
	if (c == '\n')
		uart_putc('\r');
	while (mmio_read32(uart_base + FR) & FR_TXFF)
		yield();
	mmio_write32(uart_base + DR, (u8)c);
}

void uart_puts(const char *s)
{
	while (*s)
		uart_putc(*s++);
}

int uart_getc(void)
{
	if (mmio_read32(uart_base + FR) & FR_RXFE)
		return -1;
	return (int)(mmio_read32(uart_base + DR) & 0xff);
}

void uart_drain(void)
{
	while (mmio_read32(uart_base + FR) & FR_BUSY)
		yield();
}
