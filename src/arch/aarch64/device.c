/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Registers of devices that guests have, too: what a guest has done to its device
 * may make the bus answer with an abort, at once or late. That is caught (entry.S).
 */
#include "arch/arch.h"
#include "device.h"
#include "sysreg.h"

u32 arch_device_read(u64 address, u32 size)
{
	return (u32)device_read(address, size) & (~0u >> (32 - 8 * size));
}

void arch_device_write(u64 address, u32 size, u32 value)
{
	dsb_sy(); /* what was stored before is there first; entry.S waits until it has arrived */
	device_write(address, size, value);
}
