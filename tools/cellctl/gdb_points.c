/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Breakpoints and watchpoints: BRK in the cell's memory, or the CPU's own. */
#include "gdb.h"

#include <string.h>

#define WATCHES_FROM GDB_HARD /* watchpoint n is number GDB_HARD + n of DEBUG_POINT */

static const u8 brk[4] = { 0x00, 0x00, 0x20, 0xd4 }; /* brk #0 */

static struct gdb_soft *soft_at(struct gdb *g, u64 address)
{
	for (u32 i = 0; i < GDB_SOFT; i++)
		if (g->soft[i].used && g->soft[i].address == address)
			return &g->soft[i];
	return NULL;
}

bool gdb_is_soft(const struct gdb *g, u64 address)
{
	return soft_at((struct gdb *)g, address) != NULL;
}

static const char *insert_soft(struct gdb *g, u64 address)
{
	struct gdb_soft *point = NULL;

	if (soft_at(g, address))
		return "OK";
	for (u32 i = 0; i < GDB_SOFT && !point; i++)
		if (!g->soft[i].used)
			point = &g->soft[i];
	if (!point || address & 3 || g->deeds->read(g->of, g->general, address, point->original, 4) != LINE_OK)
		return "E0e";
	point->used = true;
	point->address = address;
	point->physical = g->deeds->physical(g->of, g->general, address);
	g->deeds->keep(g->of, g->soft);
	if (g->deeds->write(g->of, g->general, address, brk, 4) == LINE_OK)
		return "OK";
	point->used = false;
	g->deeds->keep(g->of, g->soft);
	return "E0e";
}

static const char *remove_soft(struct gdb *g, u64 address)
{
	struct gdb_soft *point = soft_at(g, address);
	const char *done = "OK";

	if (!point)
		return "OK";
	if (g->deeds->write(g->of, g->general, address, point->original, 4) != LINE_OK)
		done = "E0e";
	point->used = false;
	g->deeds->keep(g->of, g->soft);
	return done;
}

static struct gdb_hard *hard_at(struct gdb_hard *points, enum debug_point_kind kind, u64 address, u32 size)
{
	for (u32 i = 0; i < GDB_HARD; i++)
		if (points[i].kind == kind && (kind == POINT_OFF || (points[i].address == address && points[i].size == size)))
			return &points[i];
	return NULL;
}

static u8 number_of(const struct gdb *g, const struct gdb_hard *point)
{
	return (u8)(point >= g->watches && point < g->watches + GDB_HARD ? WATCHES_FROM + (u32)(point - g->watches) : (u32)(point - g->breaks));
}

static enum debug_point_kind kind_of(u64 type)
{
	static const enum debug_point_kind kinds[] = { POINT_OFF, POINT_EXECUTE, POINT_WRITE, POINT_READ, POINT_ACCESS };

	return type < ARRAY_COUNT(kinds) ? kinds[type] : POINT_OFF;
}

static struct gdb_hard *points_of(struct gdb *g, enum debug_point_kind kind)
{
	return kind == POINT_EXECUTE ? g->breaks : g->watches;
}

/* What a watchpoint of the architecture can be: naturally aligned, 1, 2, 4 or 8 bytes. */
static bool is_possible(enum debug_point_kind kind, u64 address, u64 size)
{
	if (kind == POINT_EXECUTE)
		return !(address & 3);
	return (size == 1 || size == 2 || size == 4 || size == 8) && !(address & (size - 1));
}

const char *gdb_insert(struct gdb *g, u64 type, u64 address, u64 size)
{
	enum debug_point_kind kind = kind_of(type);
	struct gdb_hard *point;

	if (type == 0)
		return insert_soft(g, address);
	if (kind == POINT_OFF)
		return NULL;
	if (!is_possible(kind, address, size))
		return "E16";
	if (hard_at(points_of(g, kind), kind, address, (u32)size))
		return "OK";
	point = hard_at(points_of(g, kind), POINT_OFF, 0, 0);
	if (!point || g->deeds->point(g->of, number_of(g, point), kind, (u32)size, address) != LINE_OK)
		return "E1c";
	*point = (struct gdb_hard){ kind, (u32)size, address };
	return "OK";
}

const char *gdb_remove(struct gdb *g, u64 type, u64 address, u64 size)
{
	enum debug_point_kind kind = kind_of(type);
	struct gdb_hard *point;

	if (type == 0)
		return remove_soft(g, address);
	if (kind == POINT_OFF)
		return NULL;
	point = hard_at(points_of(g, kind), kind, address, (u32)size);
	if (!point)
		return "OK";
	point->kind = POINT_OFF;
	return g->deeds->point(g->of, number_of(g, point), POINT_OFF, 0, 0) == LINE_OK ? "OK" : "E1c";
}

void gdb_clear_points(struct gdb *g)
{
	for (u32 i = 0; i < GDB_SOFT; i++)
		if (g->soft[i].used)
			remove_soft(g, g->soft[i].address);
	for (u32 i = 0; i < GDB_HARD; i++) {
		if (g->breaks[i].kind != POINT_OFF)
			g->deeds->point(g->of, number_of(g, &g->breaks[i]), POINT_OFF, 0, 0);
		if (g->watches[i].kind != POINT_OFF)
			g->deeds->point(g->of, number_of(g, &g->watches[i]), POINT_OFF, 0, 0);
		g->breaks[i].kind = g->watches[i].kind = POINT_OFF;
	}
}

/* Byte i of the breakpoint is byte i + distance of the memory. */
static bool overlap(const struct gdb_soft *point, u64 address, u32 size, u32 i, u32 *at)
{
	u64 distance = point->address + i - address;

	*at = (u32)distance;
	return point->used && distance < size;
}

void gdb_hide_points(const struct gdb *g, u64 address, u8 *bytes, u32 size)
{
	u32 at;

	for (u32 n = 0; n < GDB_SOFT; n++)
		for (u32 i = 0; i < 4; i++)
			if (overlap(&g->soft[n], address, size, i, &at))
				bytes[at] = g->soft[n].original[i];
}

void gdb_keep_points(struct gdb *g, u64 address, u8 *bytes, u32 size)
{
	bool changed = false;
	u32 at;

	for (u32 n = 0; n < GDB_SOFT; n++)
		for (u32 i = 0; i < 4; i++)
			if (overlap(&g->soft[n], address, size, i, &at)) {
				g->soft[n].original[i] = bytes[at];
				bytes[at] = brk[i];
				changed = true;
			}
	if (changed)
		g->deeds->keep(g->of, g->soft);
}

const struct gdb_hard *gdb_watch_at(const struct gdb *g, u64 address)
{
	const struct gdb_hard *near = NULL;

	/* The address may be any that the access has touched: also one before, of a wider access. */
	for (u32 i = 0; i < GDB_HARD; i++) {
		const struct gdb_hard *point = &g->watches[i];

		if (point->kind != POINT_OFF && address - point->address < point->size)
			return point;
		if (point->kind != POINT_OFF && point->address - address < 64)
			near = point;
	}
	return near;
}
