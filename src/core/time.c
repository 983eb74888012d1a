/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "core/time.h"
#include "arch/arch.h"

u64 time_now(void) { return arch_time_now(); }
u64 time_hz(void) { return arch_time_hz(); }
