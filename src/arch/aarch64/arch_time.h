/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The counter, as arch.h wants it. Here, as it is as short as a call. */
#ifndef CLOISON_ARCH_AARCH64_TIME_H
#define CLOISON_ARCH_AARCH64_TIME_H

#include "core/types.h"

ONE_INSTRUCTION u64 arch_time_now(void)
{
	u64 now;
	__asm__ volatile("isb; mrs %0, cntpct_el0" : "=r"(now) : : "memory");
	return now;
}

/* What is around it may be done before or after: for how long the core's own paths are. */
ONE_INSTRUCTION u64 arch_time_glance(void)
{
	u64 now;
	__asm__ volatile("mrs %0, cntpct_el0" : "=r"(now));
	return now;
}

ONE_INSTRUCTION u64 arch_time_hz(void)
{
	u64 hz;
	__asm__("mrs %0, cntfrq_el0" : "=r"(hz));
	return hz;
}

#endif
