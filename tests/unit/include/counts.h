/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* In place of cellgen's: the machine of tests/unit/machine.c. */
#ifndef COUNTS_H
#define COUNTS_H

#define CPU_COUNT 5
#define CELL_COUNT 3
#define VCPU_COUNT 4
#define VDEV_COUNT 4
#define LINE_COUNT 4
#define RAM_BANK_COUNT 1
#define IOMMU_COUNT 2
#define STREAM_COUNT 4
#define CONTROL_COUNT 6
#define DEBUG_COUNT 1
#ifndef FUNCTION_COUNT /* machine_pci.c */
#define FUNCTION_COUNT 0
#define BAR_COUNT 0
#define SPACE_COUNT 0
#define BUS_COUNT 0
#endif
#ifndef SERVICE_SHARED /* machine.c */
#define SERVICE_SHARED 0
#endif
#define ITS_COUNT 1
#define ITS_DEVICE_COUNT 3
#define ITS_EVENT_COUNT 44
#define ITS_COMMAND_COUNT 0

/* For src/arch/aarch64/vgic_*.c and fast_*.c: as QEMU's virt has it. */
#define VGIC_WORDS 9
#define VGIC_WORDS_USED 0x1ff
#define VGIC_WORD_COUNT 9
#define VGIC_WORD_LINES 32
#define OWNER_COUNT 448

#define CELL_VCPU_LIMIT 2
#define CELL_VDEV_LIMIT 2
#define CELL_RAM_LIMIT 2
#define CELL_ROOT_LIMIT 512
#define ITS_MEMORY_SIZE 0
#define CRASH_REGION_SIZE 172032

#endif
