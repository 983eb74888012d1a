/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Between iommu.c and iommu_events.c. */
#ifndef CLOISON_CORE_IOMMU_EVENTS_H
#define CLOISON_CORE_IOMMU_EVENTS_H

#include "core/types.h"

/* At most so many events are counted and, where they are news, told. limit: IOMMU_EVENTS_MOST at most. Only who has claimed the IOMMUs. */
#define IOMMU_EVENTS_MOST 16u
void iommu_events_take(u32 limit);

#endif
