/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The hypervisor's memory, from its base upwards:
 *
 *     text | copier | rodata | tables | roots | data | percpu: CPU 0: guard, stack, stack, struct cpu; CPU 1: ...
 *
 * The code's slots are sized by experience; the linker refuses what outgrows them. The tables' size is exact.
 */
#include "parts.h"

#define PERCPU_SIZE KIB(16)

void place_slots(struct decision *d, u64 tables_size)
{
	const u64 sizes[SLOT_COUNT] = {
		[SLOT_TEXT] = KIB(64),
		[SLOT_COPIER] = KIB(4),
		[SLOT_RODATA] = KIB(64) + KIB(8) * d->cell_count + KIB(1) * d->cpu_count,
		[SLOT_TABLES] = tables_size,
		[SLOT_ROOTS] = KIB(4) * d->cell_count,
		[SLOT_DATA] = KIB(64) + KIB(16) * d->vdev_count + KIB(4) * d->cell_count + KIB(4) * d->cpu_count,
		[SLOT_PERCPU] = PERCPU_SIZE * d->cpu_count,
	};
	u64 next = d->hyp.memory.base;

	for (u32 i = 0; i < SLOT_COUNT; i++) {
		d->hyp.slots[i] = (struct range){ .base = next, .size = align_up(sizes[i], PAGE_SIZE) };
		next += d->hyp.slots[i].size;
	}
	d->hyp.needed = next - d->hyp.memory.base;
	for (u32 i = 0; i < d->cpu_count; i++) {
		d->cpus[i].guard = d->hyp.slots[SLOT_PERCPU].base + i * PERCPU_SIZE;
		d->cpus[i].page = d->cpus[i].guard + 3 * PAGE_SIZE;
	}
}
