/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The part of machine.c that belongs to the host ISA: a process that plays a
 * machine, so that src/core and src/vdev are tested as they are. Guest memory
 * is a word for each cell: its root page.
 */
#ifndef CLOISON_ARCH_HOST_MACHINE_H
#define CLOISON_ARCH_HOST_MACHINE_H

#include "core/types.h"

struct arch_cpu_config {
	u32 number;
};

struct arch_cell_config {
	u64 *root;      /* in force: root_value, or 0 after revocation */
	u64 root_value;
	u64 load_entry;
	u64 load_list;
};

struct arch_stream_config {
	u32 number;
};

struct arch_board_config {
	u32 line_limit;
};

#endif
