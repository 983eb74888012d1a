/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The board's own devices the core uses. Polled; no state.
 */
#ifndef CLOISON_PLATFORM_H
#define CLOISON_PLATFORM_H

#include "core/types.h"

void plat_console_init(u64 base, u32 clock_hz);
bool plat_console_put(u64 base, u8 byte); /* false: transmit FIFO full, nothing written */
int plat_console_get(u64 base);           /* next byte received, -1 if none */

/*
 * The board's watchdog: resets the board unless it is fed in time. base, refresh: its frames (core_config). Returns that time in
 * ticks of the counter, which is less than was asked for if the hardware cannot count so far; 0: there is none.
 */
u64 plat_watchdog_start(u64 base, u64 refresh, u32 seconds, u64 counter_hz);
void plat_watchdog_feed(u64 base, u64 refresh);

#endif
