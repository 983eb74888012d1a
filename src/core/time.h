/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The clock, for who may not ask the port: virtual devices. */
#ifndef CLOISON_CORE_TIME_H
#define CLOISON_CORE_TIME_H

#include "core/types.h"

u64 time_now(void); /* ticks */
u64 time_hz(void);

#endif
