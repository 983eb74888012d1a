/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * UARTFR, which drivers poll, the short way: when all is quiet. Part of a port's
 * short exits (vdev.h), so it uses few registers and calls nothing.
 */
#include "vdev/pl011_bits.h"
#include "vdev/vdev.h"

/*
 * Nothing received, nothing left in the FIFO, no loopback: then the flags are one word. No interrupt but the receiver's enabled: then the
 * output is low, and stays so. Everything else is pl011.c's.
 */
s64 pl011_glance(const struct vdev_config *dev)
{
	const struct vdev_pl011 *p = dev->state;
	u32 waiting = get(&p->tx_head) - get(&p->tx_tail);

	if (get(&p->rx_head) != get(&p->rx_tail) || get(&p->regs[CR]) & CR_LBE || get(&p->regs[IMSC]) & ~(INT_RX | INT_RT))
		return -1;
	if (waiting > RING_SIZE && dev->policy != CONSOLE_DROP)
		return -1;
	return FR_CTS | FR_DSR | FR_DCD | FR_TXFE | FR_RXFE;
}
