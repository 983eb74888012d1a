/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * State of one virtual Arm PL011 UART (vdev/pl011.c).
 *
 * Several vCPUs and the console's pump use it at once, without a lock. Each
 * word therefore has one kind of writer: vCPUs of the cell [G]uest, or the one
 * CPU that pumps [P]ump. All are accessed as 32-bit atomics, and an index is
 * masked where it is used, so that vCPUs which race with each other lose
 * characters of their own cell and nothing else.
 *
 * Zero-initialized, then reset() before the first vCPU runs.
 */
#ifndef CLOISON_VDEV_PL011_H
#define CLOISON_VDEV_PL011_H

#include "core/types.h"

#define PL011_TX_SIZE 2048u /* powers of two */
#define PL011_RX_SIZE 256u
#define PL011_REG_COUNT 19u /* UARTDR .. UARTDMACR */

struct vdev_pl011 {
	u32 regs[PL011_REG_COUNT]; /* [G] the registers that only store, by offset / 4 */
	u32 modem;                 /* [G] modem status interrupts, as in UARTRIS */

	/* Free-running positions: head counts bytes put in, tail bytes taken out. */
	u32 tx_head;     /* [G] */
	u32 tx_tail;     /* [P] */
	u32 tx_mark;     /* [G] tx_head as of the last transition the guest has acknowledged */
	u32 tx_lost;     /* [G] bytes written while full */
	u32 rx_head;     /* [P], in loopback [G] */
	u32 rx_tail;     /* [G] */
	u32 rx_mark;     /* [G] rx_head when the guest cleared RXRIS */
	u32 rx_overruns; /* as rx_head */
	u32 oeris_mark;  /* [G] rx_overruns when the guest cleared OERIS, UARTRSR, ... */
	u32 rsr_mark;
	u32 dr_mark;     /* ... and last told by UARTDR */

	u8 tx[PL011_TX_SIZE];
	u8 rx[PL011_RX_SIZE];
};

struct vdev;
extern const struct vdev vdev_pl011;

#endif
