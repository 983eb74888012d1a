/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What no party reaches: RAM, CPUs, devices, lines. */
#include <stdlib.h>
#include <string.h>

#include "cellcheck.h"

/* A piece nobody reaches. Coloured: pieces within one window of each other are one, with less in it. */
static void add_free(struct check *c, struct nobody *n, u64 base, u64 size)
{
	struct free_ram *last = n->ram.n ? &n->ram.v[n->ram.n - 1] : NULL;
	u64 window = c->ask->colored ? c->hw->colors * PAGE : 0;

	if (last && base - (last->span.base + last->span.size) < window) {
		last->span.size = base + size - last->span.base;
		last->free += size;
	} else
		*VEC_ADD(&c->arena, n->ram) = (struct free_ram) { { base, size }, size };
}

/* The next page; or, where nobody reaches anything of a GiB, the next GiB. */
static u64 step(struct check *c, u64 at, u64 end)
{
	if (at >> 48)
		return end;
	return at % GIB || end - at < GIB || !reach_empty(c, at) ? at + PAGE : at + GIB;
}

static void find_ram(struct check *c, struct nobody *n)
{
	spans usable = { 0 };

	reach_usable(c, &usable);
	for (size_t i = 0; i < usable.n; i++) {
		u64 at = usable.v[i].base, end = at + usable.v[i].size;

		while (at < end) {
			u64 from = at;

			while (at < end && !reach_get(c, at))
				at = step(c, at, end);
			if (at > from)
				add_free(c, n, from, (at < end ? at : end) - from);
			while (at < end && reach_get(c, at))
				at += PAGE;
		}
	}
}

static bool reached(struct check *c, struct span s)
{
	u64 at = s.base & ~(PAGE - 1), end = s.base + s.size < s.base ? s.base : s.base + s.size;

	while (at < end && !reach_get(c, at))
		at = step(c, at, end);
	return at < end;
}

static void find_devices(struct check *c, struct nobody *n)
{
	const struct hw *hw = c->hw;
	int reserved = tree_child(hw->tree, 0, "reserved-memory");

	for (size_t i = 0, next; i < hw->places.n; i = next) {
		int node = hw->places.v[i].node;
		const char *type = tree_text(hw->tree, node, "device_type");
		bool any = false;

		for (next = i; next < hw->places.n && hw->places.v[next].node == node; next++)
			any = any || reached(c, hw->places.v[next].span);
		if (!any && !tree_below(hw->tree, node, reserved) && !(type && (!strcmp(type, "memory") || !strcmp(type, "cpu"))))
			*VEC_ADD(&c->arena, n->devices) = tree_name(&c->arena, hw->tree, node);
	}
}

static void find_lines(struct check *c, struct nobody *n)
{
	for (u32 intid = 32; intid < INTIDS; intid++) {
		bool owned = !board_drives(c->hw, intid);

		for (size_t i = 0; i < c->lines.n; i++)
			owned |= c->lines.v[i].intid == intid;
		if (!owned)
			*VEC_ADD(&c->arena, n->lines) = intid;
	}
}

void nobody_find(struct check *c, struct nobody *n)
{
	find_ram(c, n);
	find_devices(c, n);
	find_lines(c, n);
	for (size_t cpu = 0; cpu < c->hw->cpus.n; cpu++) {
		bool owned = c->ask->service == (int)cpu;

		for (size_t i = 0; i < c->ask->cells.n; i++)
			for (size_t k = 0; k < c->ask->cells.v[i].cpus.n; k++)
				owned |= c->ask->cells.v[i].cpus.v[k] == (int)cpu;
		if (!owned)
			*VEC_ADD(&c->arena, n->cpus) = (int)cpu;
	}
}
