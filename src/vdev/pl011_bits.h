/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Registers of the PL011 (TRM DDI 0183G, 3.3), and how its state is read: what pl011.c and pl011_flags.c share. */
#ifndef CLOISON_VDEV_PL011_BITS_H
#define CLOISON_VDEV_PL011_BITS_H

#include "vdev/pl011.h"

struct vdev_config;

enum { /* offset / 4 */
	DR = 0, RSR = 1, FR = 6, ILPR = 8, IBRD = 9, FBRD = 10, LCR_H = 11, CR = 12,
	IFLS = 13, IMSC = 14, RIS = 15, MIS = 16, ICR = 17, DMACR = 18, PERIPH_ID0 = 0xfe0 / 4,
};

#define DR_OE BIT(11)
#define RSR_OE BIT(3)

#define FR_CTS BIT(0)
#define FR_DSR BIT(1)
#define FR_DCD BIT(2)
#define FR_BUSY BIT(3)
#define FR_RXFE BIT(4)
#define FR_TXFF BIT(5)
#define FR_RXFF BIT(6)
#define FR_TXFE BIT(7)
#define FR_RI BIT(8)

#define LCR_H_FEN BIT(4)

#define CR_LBE BIT(7)
#define CR_DTR BIT(10)
#define CR_RTS BIT(11)
#define CR_OUT1 BIT(12)
#define CR_OUT2 BIT(13)

#define INT_RI BIT(0)
#define INT_CTS BIT(1)
#define INT_DCD BIT(2)
#define INT_DSR BIT(3)
#define INT_RX BIT(4)
#define INT_TX BIT(5)
#define INT_RT BIT(6)
#define INT_OE BIT(10)

#define FIFO_DEPTH 32u /* r1p5 */
#define RING_SIZE (PL011_TX_SIZE - FIFO_DEPTH)

#define INLINE static inline __attribute__((always_inline)) /* one instruction: smaller than a call */

INLINE u32 get(const u32 *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

s64 pl011_glance(const struct vdev_config *dev); /* pl011_flags.c */

#endif
