/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Without CONFIG_IOMMU, in place of iommu.c: no cell has a device that writes memory. cellgen refuses what asks for one. */
#include "core/iommu.h"

void iommu_init(void) { }
void iommu_start(struct cpu *cpu) { (void)cpu; }
void iommu_stop(u16 cell) { (void)cell; }
enum iommu_state iommu_state(u16 cell) { (void)cell; return IOMMU_OFF; }
void iommu_serve(void) { }
u64 iommu_refused(u16 cell) { (void)cell; return 0; }
bool iommu_status(u32 n) { (void)n; return false; }
