/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A PL011 as its tests see it: registers, bits, and accesses by the guest. */
#ifndef TESTS_UNIT_PL011_REGS_H
#define TESTS_UNIT_PL011_REGS_H

#include "machine.h"

enum {
	DR = 0x00, RSR = 0x04, FR = 0x18, ILPR = 0x20, IBRD = 0x24, FBRD = 0x28, LCR_H = 0x2c, CR = 0x30,
	IFLS = 0x34, IMSC = 0x38, RIS = 0x3c, MIS = 0x40, ICR = 0x44, DMACR = 0x48,
};
enum { FR_CTS = 1, FR_DSR = 2, FR_DCD = 4, FR_BUSY = 8, FR_RXFE = 0x10, FR_TXFF = 0x20, FR_RXFF = 0x40,
       FR_TXFE = 0x80, FR_RI = 0x100 };
enum { INT_RI = 1, INT_CTS = 2, INT_DCD = 4, INT_DSR = 8, INT_RX = 0x10, INT_TX = 0x20, INT_RT = 0x40, INT_OE = 0x400 };
#define FEN 0x10u
#define LBE 0x80u
#define RING (PL011_TX_SIZE - 32)

static const struct vdev_config *const block = &machine_vdevs[VDEV_LINUX], *const drop = &machine_vdevs[VDEV_CONTROL];

static inline u32 rd(const struct vdev_config *dev, u64 offset)
{
	return (u32)dev->ops->read(dev, offset, 4);
}

static inline void wr(const struct vdev_config *dev, u64 offset, u32 value)
{
	dev->ops->write(dev, offset, 4, value);
}

static inline u32 take(const struct vdev_config *dev, u32 count)
{
	static u8 buffer[PL011_TX_SIZE];

	return dev->ops->take(dev, buffer, count);
}

#endif
