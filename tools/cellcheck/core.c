/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What the core has for itself alone: where it keeps records that outlive it, the board's watchdog. Only the service CPU
 * reaches either; reach.c asks of each leaf of each tree. docs/image-format.md "The core itself".
 */
#include <string.h>

#include "cellcheck.h"

#define CORE_SIZE 56
/* What the core keeps in the crash region: a head, audit rings, a panic; two slots of each cell. */
#define CRASH_FRONT (4 * KIB + 64 * KIB + 4 * KIB)
#define CRASH_SLOTS (2 * 16 * KIB)

static void add(struct check *c, u64 base, u64 size, u64 attr, const char *what)
{
	if (size)
		*VEC_ADD(&c->arena, c->own) = (struct own) { { base & ~(PAGE - 1), (size + PAGE - 1) & ~(PAGE - 1) }, what, attr };
}

void core_find(struct check *c)
{
	const struct ask *ask = c->ask;

	if (ask->crash >= 0)
		add(c, c->regions[ask->crash].base, c->regions[ask->crash].size, EL2_UNCACHED,
			arena_text(&c->arena, "the crash region %s", ask->regions.v[ask->crash].name));
	if (ask->watchdog >= 0) {
		const char *name = device_name(c, ask->watchdog);

		add(c, ask->watchdog_control, PAGE, EL2_DEVICE, arena_text(&c->arena, "the board's watchdog %s, by which it is set", name));
		add(c, ask->watchdog_refresh, PAGE, EL2_DEVICE, arena_text(&c->arena, "the board's watchdog %s, by which it is fed", name));
	}
}

const struct own *own_at(const struct check *c, struct span s)
{
	for (size_t i = 0; i < c->own.n; i++)
		if (span_meet(s, c->own.v[i].span))
			return &c->own.v[i];
	return NULL;
}

/* Nobody else's, whatever the tables say. */
static void check_crash(struct check *c)
{
	const struct ask *ask = c->ask;
	const char *name = ask->crash < 0 ? "" : ask->regions.v[ask->crash].name;
	struct span s = ask->crash < 0 ? (struct span) { 0 } : c->regions[ask->crash];

	for (size_t i = 0; i < ask->cells.n; i++)
		for (size_t n = 0; n < ask->cells.v[i].shares.n; n++)
			if ((int)ask->cells.v[i].shares.v[n].region == ask->crash)
				finding(c, "core", "the crash region %s is a region of cell '%s', too", name, ask->cells.v[i].name);
	for (size_t i = 0; i < c->img->extents.n; i++)
		if (span_meet(s, (struct span) { c->img->extents.v[i].phys, c->img->extents.v[i].size }))
			finding(c, "core", "the crash region %s at 0x%llx is over %s of the image", name, s.base, c->img->extents.v[i].section->name);
	if (span_meet(s, c->its))
		finding(c, "core", "the crash region %s at 0x%llx is over what the ITS keeps in memory", name, s.base);
	if (ask->crash >= 0 && s.size < CRASH_FRONT + CRASH_SLOTS * ask->cells.n)
		finding(c, "core", "the crash region %s has %llu KiB; records of %zu cells need %llu", name, s.size / KIB, ask->cells.n,
			(CRASH_FRONT + CRASH_SLOTS * ask->cells.n) / KIB);
	if (ask->service < 0 && (ask->crash >= 0 || ask->watchdog >= 0))
		finding(c, "core", "there is a crash region or a board watchdog, and no service CPU to use it");
}

void check_core(struct check *c)
{
	const struct ask *ask = c->ask;
	struct object o = object_get(c, "machine_core", CORE_SIZE);
	struct span crash = ask->crash < 0 ? (struct span) { 0 } : c->regions[ask->crash];
	size_t first, count = controls_of(ask, CORE, &first);
	const struct { const char *name; size_t offset; int bytes; u64 value; } all[] = {
		{ "crash", 0, 8, crash.base }, { "crash_physical", 8, 8, crash.base }, { "crash_size", 16, 4, crash.size },
		{ "panic resets", 20, 1, ask->panic_resets }, { "rights over the board", 21, 1, ask->board_rights }, { "watchdog_seconds", 24, 4, ask->watchdog_seconds },
		{ "watchdog_base", 32, 8, ask->watchdog_control }, { "watchdog_refresh", 40, 8, ask->watchdog_refresh },
		{ "first control", 48, 2, first }, { "controls", 50, 2, count },
	};

	check_crash(c);
	if (!o.p)
		return;
	for (size_t n = 0; n < sizeof all / sizeof all[0]; n++)
		expect(c, "core", "machine_core", all[n].name, object_field(o, CORE_SIZE, 0, all[n].offset, all[n].bytes), all[n].value);
	expect_zero(c, o, "machine_core", 22, 24);
	expect_zero(c, o, "machine_core", 28, 32);
	expect_zero(c, o, "machine_core", 52, CORE_SIZE);
}
