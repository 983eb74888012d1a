/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * In place of cellgen's: the headers of the core's formats come by way of some that describe one machine. No format depends on
 * these numbers, and nothing here may.
 */
#ifndef COUNTS_H
#define COUNTS_H

#define CPU_COUNT 1
#define CELL_COUNT 1
#define VCPU_COUNT 1
#define VDEV_COUNT 1
#define LINE_COUNT 1
#define RAM_BANK_COUNT 1
#define IOMMU_COUNT 1
#define STREAM_COUNT 1
#define CONTROL_COUNT 1
#define FUNCTION_COUNT 1
#define BAR_COUNT 1
#define SPACE_COUNT 1
#define BUS_COUNT 1
#define ITS_COUNT 1
#define ITS_DEVICE_COUNT 1
#define ITS_EVENT_COUNT 1
#define ITS_COMMAND_COUNT 1

#endif
