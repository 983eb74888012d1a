/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What no party reaches: RAM, CPUs, devices, lines. */
#include <stdlib.h>
#include <string.h>

#include "cellcheck.h"

static int by_base(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->base > y->base) - (x->base < y->base);
}

static void find_ram(struct check *c, spans *found)
{
	spans taken = { 0 };
	u64 first = c->img->hyp_base + c->img->hyp_size;

	*VEC_ADD(&c->arena, taken) = (struct span) { c->img->hyp_base, c->img->hyp_size };
	if (c->img->image_end > first)
		*VEC_ADD(&c->arena, taken) = (struct span) { first, c->img->image_end - first };
	for (size_t i = 0; i < c->hw->reserved.n; i++)
		*VEC_ADD(&c->arena, taken) = c->hw->reserved.v[i];
	for (size_t i = 0; i < c->ask->cells.n; i++)
		for (size_t n = 0; n < c->cells[i].run.n; n++)
			*VEC_ADD(&c->arena, taken) = (struct span) { c->cells[i].run.v[n].out, c->cells[i].run.v[n].size };
	qsort(taken.v, taken.n, sizeof *taken.v, by_base);
	for (size_t i = 0; i < c->hw->ram.n; i++) {
		u64 from = c->hw->ram.v[i].base, end = from + c->hw->ram.v[i].size;

		for (size_t n = 0; n < taken.n && from < end; n++) {
			u64 to = taken.v[n].base < end ? taken.v[n].base : end;

			if (to > from)
				*VEC_ADD(&c->arena, *found) = (struct span) { from, to - from };
			if (taken.v[n].base < end && taken.v[n].base + taken.v[n].size > from)
				from = taken.v[n].base + taken.v[n].size;
			else if (to == end)
				from = end;
		}
		if (from < end)
			*VEC_ADD(&c->arena, *found) = (struct span) { from, end - from };
	}
}

static bool reached(struct check *c, struct span s)
{
	for (size_t i = 0; i < c->hw->cpus.n; i++)
		for (size_t n = 0; n < c->el2[i].n; n++)
			if (span_meet(s, (struct span) { c->el2[i].v[n].out, c->el2[i].v[n].size }))
				return true;
	for (size_t i = 0; i < c->ask->cells.n; i++)
		for (size_t n = 0; n < c->cells[i].run.n; n++)
			if (span_meet(s, (struct span) { c->cells[i].run.v[n].out, c->cells[i].run.v[n].size }))
				return true;
	return false;
}

static void find_devices(struct check *c, struct nobody *n)
{
	const struct tree *t = c->hw->tree;
	int domains = tree_child(t, 0, "domains"), reserved = tree_child(t, 0, "reserved-memory");

	for (size_t i = 1; i < t->nodes.n; i++) {
		const char *type = tree_text(t, (int)i, "device_type");
		spans regs = { 0 };
		bool any = false;

		if (tree_below(t, (int)i, domains) || tree_below(t, (int)i, reserved) ||
			(type && (!strcmp(type, "memory") || !strcmp(type, "cpu"))))
			continue;
		tree_regs(&c->arena, t, (int)i, &regs);
		for (size_t r = 0; r < regs.n; r++)
			any |= reached(c, regs.v[r]);
		if (regs.n && !any)
			*VEC_ADD(&c->arena, n->devices) = tree_name(&c->arena, t, (int)i);
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
	find_ram(c, &n->ram);
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
