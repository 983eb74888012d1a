/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Without CONFIG_IOMMU, in place of iommu.c: no cell has a device that writes memory. cellgen refuses what asks for one. */
#include "core/iommu.h"

void iommu_init(void) { }
void iommu_switch(u16 cell, bool on) { (void)cell; (void)on; }
bool iommu_settled(u16 cell) { (void)cell; return true; }
void iommu_serve(void) { }
bool iommu_status(u32 n) { (void)n; return false; }
