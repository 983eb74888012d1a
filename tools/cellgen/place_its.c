/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The GIC's ITS: whose functions' MSIs go through it, and its memory, one piece of RAM that no cell and no device reaches:
 *
 *     queue | properties | an ITT for each user | devices | collections | pending tables: one for each vCPU
 *     4 KiB   8 KiB        4 KiB                  n * 64    64 KiB        64 KiB
 *
 * Who cannot have it is left out here, and reported by check_its.c.
 */
#include <stdlib.h>

#include "its.h"

#define MAP_CELLS 4 /* of an entry of msi-map: first bus address, ITS, first DeviceID, how many */

/* ---- numbers */

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

/* ---- who */

/* The first entry that has the function's address, as Linux reads it. */
const struct node *its_of(const struct decision *d, const struct function *f, u32 *id)
{
	const struct node *host = d->hosts[f->host].node;
	const struct prop *map = node_prop(host, "msi-map"), *mask = node_prop(host, "msi-map-mask");
	u32 address = f->address & (mask && mask->size == 4 ? prop_cell(mask, 0) : ~0u);

	for (u32 i = 0; map && map->size % (4 * MAP_CELLS) == 0 && i < map->size / 4; i += MAP_CELLS) {
		u32 first = prop_cell(map, i);

		if (address >= first && address - first < prop_cell(map, i + 3)) {
			*id = address - first + prop_cell(map, i + 2);
			return tree_phandle(d->tree, prop_cell(map, i + 1));
		}
	}
	return NULL;
}

bool its_wanted(const struct function *f)
{
	return f->cell != CELL_NONE && f->vectors;
}

static int compare_users(const void *left, const void *right)
{
	const struct its_user *a = left, *b = right;

	return a->id != b->id ? (a->id < b->id ? -1 : 1) : (int)a->function - (int)b->function;
}

static void add_user(struct decision *d, u16 function)
{
	const struct function *f = &d->functions[function];
	u32 id = 0;
	const struct node *node = its_of(d, f, &id);
	u16 device = node ? device_of(d, node) : DEVICE_NONE;

	if (!node || !node_compatible(node, "arm,gic-v3-its") || device == DEVICE_NONE || d->devices[device].reg_count == 0 ||
	    (d->its.node && d->its.node != node)) {
		return;
	}
	d->its.node = node;
	d->its.name = d->devices[device].name;
	d->its.base = d->devices[device].regs[0].base;
	*(struct its_user *)mem_push(&d->its.users, &d->its.user_count, sizeof(struct its_user)) = (struct its_user){
		.function = function, .id = id, .at = prop_at(f->node, "cloison,msi-vectors") };
}

/* The first direct cell that asks. */
static u16 first_cell(const struct decision *d)
{
	u16 cell = CELL_NONE;

	for (u32 i = 0; i < d->function_count; i++) {
		const struct function *f = &d->functions[i];

		if (its_wanted(f) && !d->cells[f->cell].mediated && f->cell < cell) {
			cell = f->cell;
		}
	}
	return cell;
}

void place_its_users(struct decision *d)
{
	struct its *its = &d->its;

	its->memory = ADDRESS_NONE;
	its->cell = first_cell(d);
	for (u32 i = 0; its->cell != CELL_NONE && i < d->function_count; i++) {
		if (its_wanted(&d->functions[i]) && d->functions[i].cell == its->cell) {
			add_user(d, (u16)i);
		}
	}
	if (its->user_count) {
		qsort(its->users, its->user_count, sizeof(*its->users), compare_users);
	}
	for (u32 i = 0; i < its->user_count; i++) {
		its->users[i].first_event = its->event_count;
		its->event_count += d->functions[its->users[i].function].vectors;
	}
}

bool its_cell(const struct decision *d, const struct cell *cell)
{
	return d->its.user_count && cell->index == d->its.cell;
}

/* ---- where */

void place_its_memory(struct decision *d, struct diag *diag)
{
	struct its *its = &d->its;

	if (!its->user_count || its->users[its->user_count - 1].id > ITS_DEVICE_ID_MAX) {
		return; /* check_its.c */
	}
	its->memory = 0;
	its->size = its_places(d).end;
	its->memory = phys_find(d, 0, its->size, ITS_ALIGNMENT);
	if (its->memory == ADDRESS_NONE) {
		diag_error(diag, "no-room", its->users[0].at, "the board has no free piece of RAM of 0x%llx bytes left for the tables of %s; give the "
			   "cells less memory", (unsigned long long)its->size, its->name);
		return;
	}
	for (u32 i = 0; i < its->user_count; i++) {
		its->users[i].itt = its_places(d).properties + ITS_PROPERTIES_SIZE + i * PAGE_SIZE;
	}
	phys_add(d, (struct extent){ .base = its->memory, .size = its->size, .kind = EXTENT_ITS, .cell = CELL_NONE,
		.what = mem_format("tables of %s", its->name), .at = its->node->at });
	phys_add(d, (struct extent){ .base = its->base, .size = ITS_GUEST_SIZE, .kind = EXTENT_GIC, .cell = CELL_NONE, .asked = true,
		.what = its->name, .at = its->node->at });
}

void place_its_map(const struct decision *d, struct cell *cell)
{
	if (its_cell(d, cell)) {
		extent_add(&cell->map, &cell->map_count, (struct extent){ .base = ITS_GUEST, .size = ITS_GUEST_SIZE, .kind = EXTENT_GIC,
			.cell = cell->index, .what = "the ITS", .at = d->its.users[0].at });
	}
}
