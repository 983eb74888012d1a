/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The board's console on an Arm PL011 or SBSA UART, polled (platform.h).
 * TRM DDI 0183G, section 3.2 for the registers, 3.3.8 for the order in which
 * the control register may be changed.
 */
#include "core/bound.h"
#include "platform/platform.h"

#define DR 0x00
#define FR 0x18
#define IBRD 0x24
#define FBRD 0x28
#define LCR_H 0x2c
#define CR 0x30
#define IMSC 0x38
#define ICR 0x44

#define DR_ERRORS 0xf00u /* overrun, break, parity, framing */
#define DR_OE 0x800u
#define FR_BUSY BIT(3)
#define FR_RXFE BIT(4)
#define FR_TXFF BIT(5)
#define LCR_H_8N1_FIFO 0x70u
#define CR_ON 0x301u /* UARTEN, TXE, RXE */

#define BAUD 115200u
#define BUSY_TRIES 1000000u /* firmware's last line is on its way out; never for ever */

static u32 reg_read(u64 base, u64 offset)
{
	return *(volatile u32 *)(uintptr_t)(base + offset);
}

static void reg_write(u64 base, u64 offset, u32 value)
{
	*(volatile u32 *)(uintptr_t)(base + offset) = value;
}

/* Unknown clock: firmware has set the speed, leave it. */
void plat_console_init(u64 base, u32 clock_hz)
{
	for (u32 tries = 0; tries < BUSY_TRIES && reg_read(base, FR) & FR_BUSY; tries++)
		LOOP_PATIENCE(BUSY_TRIES);
	reg_write(base, IMSC, 0); /* polled */
	reg_write(base, ICR, 0x7ff);
	if (!clock_hz)
		return;
	u32 divisor = (u32)(((u64)clock_hz * 4 + BAUD / 2) / BAUD); /* in 1/64 of clock / (16 * baud) */

	reg_write(base, CR, 0);
	reg_write(base, IBRD, divisor >> 6);
	reg_write(base, FBRD, divisor & 63);
	reg_write(base, LCR_H, LCR_H_8N1_FIFO); /* after the divisors: it latches them */
	reg_write(base, CR, CR_ON);
}

bool plat_console_put(u64 base, u8 byte)
{
	if (reg_read(base, FR) & FR_TXFF)
		return false;
	reg_write(base, DR, byte);
	return true;
}

/* A damaged character is noise on the line or a break: not input. After an overrun this one is whole. */
int plat_console_get(u64 base)
{
	if (reg_read(base, FR) & FR_RXFE)
		return -1;
	u32 data = reg_read(base, DR);

	return data & DR_ERRORS & ~DR_OE ? -1 : (int)(data & 0xff);
}
