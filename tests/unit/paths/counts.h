/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* In place of cellgen's: one cell of two vCPUs, and a service CPU (paths.c). */
#ifndef COUNTS_H
#define COUNTS_H

#define CPU_COUNT 3
#define CELL_COUNT 1
#define VCPU_COUNT 2
#define VDEV_COUNT 0
#define LINE_COUNT 0
#define RAM_BANK_COUNT 0
#define IOMMU_COUNT 0
#define STREAM_COUNT 0
#define CONTROL_COUNT 0
#define FUNCTION_COUNT 0
#define BAR_COUNT 0
#define SPACE_COUNT 0
#define BUS_COUNT 0
#define ITS_COUNT 0
#define DEBUG_COUNT 0
#define ITS_DEVICE_COUNT 0

#define CELL_VCPU_LIMIT 2
#define CELL_VDEV_LIMIT 0
#define CELL_RAM_LIMIT 1
#define CELL_ROOT_LIMIT 512
#define ITS_MEMORY_SIZE 0
#define CRASH_REGION_SIZE 0

#endif
