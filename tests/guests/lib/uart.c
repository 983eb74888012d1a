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
u64 uart_accesses;

static u32 get(u32 reg)
{
	uart_accesses++;
	return mmio_read32(uart_base + reg);
}

static void put(u32 reg, u32 value)
{
	uart_accesses++;
	mmio_write32(uart_base + reg, value);
}

void uart_init(void)
{
	put(CR, 0);
	put(IMSC, 0);
	put(ICR, 0x7ff);
	put(LCR_H, 0x70); /* 8n1, FIFOs */
	put(CR, 0x301);   /* enable, TX, RX */
}

void uart_putc(char c)
{
	if (c == '\n')
		uart_putc('\r');
	while (get(FR) & FR_TXFF)
		yield();
	put(DR, (u8)c);
}

void uart_puts(const char *s)
{
	while (*s)
		uart_putc(*s++);
}

int uart_getc(void)
{
	if (get(FR) & FR_RXFE)
		return -1;
	return (int)(get(DR) & 0xff);
}

void uart_drain(void)
{
	while (get(FR) & FR_BUSY)
		yield();
}
