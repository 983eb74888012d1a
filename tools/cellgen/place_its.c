/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The GIC's ITS: who has it, and its memory, one piece of RAM that no cell and no device reaches:
 *
 *     queue | properties | an ITT for each user | devices | collections | pending tables: one for each vCPU
 *     4 KiB   8 KiB        4 KiB                  n * 64    64 KiB        64 KiB
 */
#include <stdlib.h>

#include "its.h"

static u32 bits_of(u32 value)
{
	u32 bits = 1;

	while (bits < 32 && value >> bits) {
		bits++;
	}
	return bits;
}

u32 its_event_bits(u32 vectors)
{
	return bits_of(vectors ? vectors - 1 : 0);
}

struct its_places its_places(const struct decision *d)
{
	const struct its *its = &d->its;
	u32 highest = its->users[its->user_count - 1].id, most = 0;
	struct its_places p = { .properties = its->memory + ITS_QUEUE_SIZE, .device_bits = bits_of(highest) };

	for (u32 i = 0; i < its->user_count; i++) {
		u32 vectors = d->functions[its->users[i].function].vectors;

		most = vectors > most ? vectors : most;
	}
	p.event_bits = its_event_bits(most);
	p.devices = align_up(p.properties + ITS_PROPERTIES_SIZE + its->user_count * PAGE_SIZE, ITS_ALIGNMENT);
	p.devices_size = align_up((highest + 1ULL) * ITS_DEVICE_ENTRY, ITS_ALIGNMENT);
	p.collections = p.devices + p.devices_size;
	p.pending = p.collections + ITS_ALIGNMENT;
	p.end = p.pending + d->cells[its->cell].cpu_count * ITS_ALIGNMENT;
	return p;
}
