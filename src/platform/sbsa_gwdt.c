/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Arm's generic watchdog: Base System Architecture (DEN0094), section "Generic
 * Watchdog". Two frames of 4 KiB:
 *
 *   control frame   WCS: enable, and which of its two signals are up
 *                   WOR: ticks of the system counter until the next signal
 *   refresh frame   WRR: any write starts the count again
 *
 * The first time it runs out it raises WS0, an interrupt that is nobody's here,
 * and counts WOR once more; the second time WS1, which resets the board. So WOR is half
 * of the time that was asked for.
 */
#include "platform/platform.h"

#define WRR 0x000u
#define WCS 0x000u
#define WOR 0x008u    /* revision 0: 32 bits; revision 1: 48, the upper 16 at WOR_HIGH */
#define WOR_HIGH 0x00cu
#define W_IIDR 0xfccu /* in both frames */

#define WCS_EN BIT(0)
#define IIDR_REVISION(iidr) ((iidr) >> 16 & 0xf)

static volatile u32 *reg(u64 frame, u32 offset)
{
	return (volatile u32 *)(uintptr_t)(frame + offset);
}

/*
 * Firmware may have it running, so there is no moment at which it is off: a write of WOR starts the count again, too. Bits
 * of the upper half first: whatever it was, with them it is longer.
 */
u64 plat_watchdog_start(u64 base, u64 refresh, u32 seconds, u64 counter_hz)
{
	u64 half = counter_hz / 2 * seconds;
	bool wide = IIDR_REVISION(*reg(base, W_IIDR)) >= 1;
	u64 most = wide ? BIT(48) - 1 : BIT(32) - 1;

	half = half < most ? half : most;
	half = half ? half : 1;
	if (wide)
		*reg(base, WOR_HIGH) = (u32)(half >> 32);
	*reg(base, WOR) = (u32)half;
	*reg(base, WCS) = WCS_EN;
	plat_watchdog_feed(base, refresh);
	return 2 * half;
}

void plat_watchdog_feed(u64 base, u64 refresh)
{
	(void)base;
	*reg(refresh, WRR) = 0; /* any value */
}
