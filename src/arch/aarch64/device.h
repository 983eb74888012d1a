/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Accesses with the abort caught (entry.S); size 1, 2 or 4. */
#ifndef CLOISON_ARCH_AARCH64_DEVICE_H
#define CLOISON_ARCH_AARCH64_DEVICE_H

#include "core/types.h"

/* What is there, or 0; -1: the bus answers with an abort or an SError. */
s64 device_read(u64 address, u32 size);
s64 device_write(u64 address, u32 size, u32 value);
/* An SError that a device has left behind is taken, and dropped. */
void device_drain(void);

#endif
