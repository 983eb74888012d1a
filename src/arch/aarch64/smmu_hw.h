/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What smmu.c does to hardware, in one place: a unit test puts a simulation in its place. */
#ifndef CLOISON_ARCH_AARCH64_SMMU_HW_H
#define CLOISON_ARCH_AARCH64_SMMU_HW_H

#include "device.h"
#include "gic.h"
#include "sysreg.h"

static inline u32 smmu_read(u64 address) { return mmio_read32(address); }
static inline void smmu_write(u64 address, u32 value) { mmio_write32(address, value); }
static inline void smmu_write_wide(u64 address, u64 value) { mmio_write64(address, value); }
static inline bool smmu_answers(u64 address) { return device_read(address, 4) >= 0; }
/* Between memory that an SMMU reads or writes and its registers, both ways. */
static inline void smmu_barrier(void) { dsb_sy(); }

#endif
