/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Interrupts: which physical line reaches which cell. A line has one owner; the kicks of the
 * core are nobody's; what a mediated cell sees (vgic_config) and who owns it (machine_owners)
 * are each other's inverse.
 */
#include <stdlib.h>
#include <string.h>

#include "cellcheck.h"

#define WORDS 32
#define VGIC_ROW 76 /* bytes for each 32 INTIDs */

struct routes {
	struct check *c;
	int owner[INTIDS]; /* cell, KICK or FREE */
	u32 limit_of[INTIDS], number_of[INTIDS];
	u32 highest;
	struct object vdevs;
	size_t first_vdev;
};
enum { FREE = -2, KICK = -1 };

static const char *owner_name(struct check *c, int owner)
{
	return owner == KICK ? "the core (a kick)" : arena_text(&c->arena, "cell '%s'", c->ask->cells.v[owner].name);
}

static void own(struct routes *r, u32 intid, int owner, int cpu, bool shared, const char *what)
{
	struct check *c = r->c;

	if (intid < 32 || intid >= INTIDS - 4) {
		finding(c, "line", "%s: %s has line %u, which is no SPI", owner_name(c, owner), what, intid);
		return;
	}
	/* devices of one cell may share a line; the list then has it once for each */
	if (r->owner[intid] != FREE && (r->owner[intid] != owner || !shared))
		finding(c, "line-two-owners", "line %u reaches %s and %s", intid, owner_name(c, r->owner[intid]), owner_name(c, owner));
	r->owner[intid] = owner;
	r->highest = intid > r->highest ? intid : r->highest;
	*VEC_ADD(&c->arena, c->lines) = (struct line) { intid, owner, cpu, what };
}

/* A line that stands for something which no device drives: of a virtual device, or a kick. */
static void spare(struct routes *r, u32 intid, int owner, const char *what)
{
	const struct hw *hw = r->c->hw;

	for (size_t i = 0; i < hw->wires.n; i++)
		if (hw->wires.v[i].intid == intid &&
			(owner == KICK || hw->wires.v[i].node != r->c->ask->console_node || r->c->ask->service < 0))
			finding(r->c, "line-driven", "line %u of %s (%s) is driven by %s", intid, owner_name(r->c, owner), what,
				tree_name(&r->c->arena, hw->tree, hw->wires.v[i].node));
}

static void own_kicks(struct routes *r)
{
	struct check *c = r->c;
	struct object o = object_get(c, "machine_cpus", c->hw->cpus.n * 40);

	for (size_t i = 0; o.p && i < c->hw->cpus.n; i++) {
		u32 kick = (u32)object_field(o, 40, i, 32, 4);
		bool direct = false;

		for (size_t cell = 0; cell < c->ask->cells.n; cell++)
			for (size_t n = 0; n < c->ask->cells.v[cell].cpus.n; n++)
				direct |= c->ask->cells.v[cell].direct && c->ask->cells.v[cell].cpus.v[n] == (int)i;
		if (direct != (kick != 0))
			finding(c, "line", "machine_cpus[%zu]: kick line %u, but the CPU is %s direct cell's", i, kick,
				direct ? "a" : "no");
		if (kick) {
			own(r, kick, KICK, (int)i, false, "kick");
			spare(r, kick, KICK, "kick");
		}
	}
}

static u32 vdev_line(struct routes *r, size_t n)
{
	return (u32)object_field(r->vdevs, 48, r->first_vdev + n, 40, 4);
}

/* A watchdog interrupts only where the partition says by which. */
static bool silent(const struct ask_vdev *v)
{
	return v->kind == VDEV_SP805 && !v->said;
}

/* The cell's words in machine_cells: exactly its lines. */
static void check_words(struct routes *r, size_t cell)
{
	struct check *c = r->c;
	struct object o = object_get(c, "machine_cells", c->ask->cells.n * CELL_SIZE);

	for (u32 intid = 0; o.p && intid < INTIDS; intid++) {
		bool has = o.p[cell * CELL_SIZE + 104 + intid / 8] >> intid % 8 & 1;

		if (has && r->owner[intid] != (int)cell)
			finding(c, "route", "line %u reaches cell '%s' (bit %u of its lines), but it is %s", intid, c->ask->cells.v[cell].name, intid,
				intid < 32 ? "private to a CPU" : r->owner[intid] == FREE ? "nobody's" : owner_name(c, r->owner[intid]));
		else if (!has && r->owner[intid] == (int)cell)
			finding(c, "route", "line %u of cell '%s' does not reach it", intid, c->ask->cells.v[cell].name);
	}
}

static void own_cell(struct routes *r, size_t cell)
{
	struct check *c = r->c;
	const struct ask_cell *ask = &c->ask->cells.v[cell];

	for (size_t i = 0; i < ask->wires.n; i++)
		r->limit_of[ask->wires.v[i].intid] = ask->limits.v[i];
	for (size_t d = 0; d < ask->devices.n; d++)
		for (size_t i = 0; i < c->hw->wires.n; i++)
			if (c->hw->wires.v[i].node == ask->devices.v[d])
				own(r, c->hw->wires.v[i].intid, (int)cell, ask->cpus.v[0], true, c->hw->tree->nodes.v[ask->devices.v[d]].name);
	for (size_t n = 0; r->vdevs.p && n < ask->vdevs.n; n++) {
		const struct ask_vdev *v = &ask->vdevs.v[n];
		u32 line = vdev_line(r, n);

		if (v->said || silent(v))
			expect(c, "line", arena_text(&c->arena, "%s of '%s'", v->name, ask->name), "line", line, v->intid);
		if (!ask->direct || silent(v))
			continue;
		own(r, line, (int)cell, ask->cpus.v[0], false, v->name);
		spare(r, line, (int)cell, v->name);
	}
}

/* ---- mediated */

struct object object_vgic(struct check *c, size_t cell)
{
	struct object o = object_get(c, arena_text(&c->arena, "vgic_%zu", cell), 0);

	if (o.p && (o.size % VGIC_ROW || o.size < 9 * VGIC_ROW || o.size > 31 * VGIC_ROW)) {
		finding(c, "object", "vgic_%zu has %llu bytes", cell, o.size);
		o.p = NULL;
	}
	return o;
}

static bool bit(struct object o, size_t words, int set, u32 intid)
{
	return o.p[(size_t)set * 4 * words + intid / 8] >> intid % 8 & 1;
}

/* The virtual device of a mediated cell on this number: 0 none, else its place + 1. */
static size_t soft_device(struct routes *r, const struct ask_cell *ask, u32 intid)
{
	for (size_t n = 0; n < ask->vdevs.n; n++)
		if (vdev_line(r, n) == intid)
			return n + 1;
	return 0;
}

static size_t wire_of(const struct ask_cell *ask, u32 physical)
{
	for (size_t i = 0; i < ask->wires.n; i++)
		if (ask->wires.v[i].intid == physical)
			return i + 1;
	return 0;
}

static void check_number(struct routes *r, size_t cell, struct object o, size_t words, u32 intid)
{
	struct check *c = r->c;
	const struct ask_cell *ask = &c->ask->cells.v[cell];
	u32 physical = (u32)get(o.p + 12 * words + 2 * intid, 2);
	bool timer = intid == 27 || intid == 30, linked = bit(o, words, 0, intid), soft = bit(o, words, 1, intid);
	size_t device = r->vdevs.p && intid >= 32 ? soft_device(r, ask, intid) : 0, wire = 0;
	bool edge = intid < 16;

	if (intid < 32)
		expect(c, "route", arena_text(&c->arena, "vgic_%zu", cell), arena_text(&c->arena, "line behind %u", intid), physical,
			timer ? intid : 0);
	else if (physical && !(wire = wire_of(ask, physical)))
		finding(c, "route", "line %u reaches cell '%s' as %u, but it is %s", physical, ask->name, intid,
			physical >= INTIDS || r->owner[physical] == FREE ? "nobody's" : owner_name(c, r->owner[physical]));
	if (wire) {
		if (r->number_of[physical])
			finding(c, "route", "line %u reaches cell '%s' as %u and as %u", physical, ask->name, r->number_of[physical], intid);
		r->number_of[physical] = intid;
		edge = ask->wires.v[wire - 1].edge;
		if (ask->numbers.v[wire - 1])
			expect(c, "route", arena_text(&c->arena, "line %u of '%s'", physical, ask->name), "number", intid, ask->numbers.v[wire - 1]);
	} else if (device)
		edge = ask->vdevs.v[device - 1].edge;
	if (linked != (timer || wire) || soft != (device != 0) || (wire && device) || bit(o, words, 2, intid) != edge)
		finding(c, "route", "cell '%s', interrupt %u: linked %d, soft %d, edge %d do not fit what is behind it", ask->name, intid,
			linked, soft, bit(o, words, 2, intid));
}

static void check_vgic(struct routes *r, size_t cell)
{
	struct check *c = r->c;
	const struct ask_cell *ask = &c->ask->cells.v[cell];
	struct object o = object_vgic(c, cell);
	size_t words = o.size / VGIC_ROW;

	if (!o.p)
		return;
	for (u32 intid = 0; intid < 32 * words; intid++)
		check_number(r, cell, o, words, intid);
	for (size_t i = 0; i < ask->wires.n; i++)
		if (!r->number_of[ask->wires.v[i].intid])
			finding(c, "route", "line %u of cell '%s' has no number there", ask->wires.v[i].intid, ask->name);
	for (size_t n = 0; r->vdevs.p && n < ask->vdevs.n; n++)
		if (!silent(&ask->vdevs.v[n]) && (vdev_line(r, n) < 32 || vdev_line(r, n) >= 32 * words ||
			soft_device(r, ask, vdev_line(r, n)) != n + 1))
			finding(c, "route", "cell '%s': %s has interrupt %u, which it cannot have", ask->name, ask->vdevs.v[n].name, vdev_line(r, n));
}

static void check_owners(struct routes *r)
{
	struct check *c = r->c;
	struct object o = object_get(c, "machine_owners", 8 * ((u64)r->highest + 1));

	for (u32 intid = 0; o.p && intid <= r->highest; intid++) {
		int owner = r->owner[intid];
		bool mediated = owner >= 0 && !c->ask->cells.v[owner].direct;
		char *who = arena_text(&c->arena, "machine_owners[%u]", intid);

		expect(c, "route", who, "cell", object_field(o, 8, intid, 0, 2), mediated ? (u64)owner : NONE);
		expect(c, "route", who, "number", object_field(o, 8, intid, 2, 2), mediated ? r->number_of[intid] : 0);
		expect(c, "route", who, "limit", object_field(o, 8, intid, 4, 4), mediated ? r->limit_of[intid] : 0);
	}
}

/* ---- machine_lines */

static int by_intid(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return (x->intid > y->intid) - (x->intid < y->intid);
}

static bool edge_of(struct check *c, const struct line *line)
{
	for (size_t i = 0; line->cell >= 0 && i < c->ask->cells.v[line->cell].wires.n; i++)
		if (c->ask->cells.v[line->cell].wires.v[i].intid == line->intid)
			return c->ask->cells.v[line->cell].wires.v[i].edge;
	return true; /* a spare line is a latch */
}

static void check_list(struct check *c)
{
	struct object o = object_get(c, "machine_lines", 6 * (c->lines.n ? c->lines.n : 1));

	if (c->lines.n)
		qsort(c->lines.v, c->lines.n, sizeof *c->lines.v, by_intid);
	for (size_t i = 0; o.p && i < (c->lines.n ? c->lines.n : 1); i++) {
		const struct line none = { 0 }, *l = c->lines.n ? &c->lines.v[i] : &none;
		char *who = arena_text(&c->arena, "machine_lines[%zu]", i);

		expect(c, "route", who, "INTID", object_field(o, 6, i, 0, 2), l->intid);
		expect(c, "route", who, "CPU", object_field(o, 6, i, 2, 2), (u64)l->cpu);
		expect(c, "route", who, "edge", object_field(o, 6, i, 4, 1), c->lines.n && edge_of(c, l));
		expect(c, "route", who, "kick", object_field(o, 6, i, 5, 1), c->lines.n && l->cell == KICK);
	}
}

void check_routes(struct check *c)
{
	struct routes *r = arena_get(&c->arena, sizeof *r);
	struct object board = object_get(c, "machine_board", 24);

	r->c = c;
	r->highest = 31;
	r->vdevs = object_get(c, "machine_vdevs", 48 * (c->ask->vdevs ? c->ask->vdevs : 1));
	for (u32 i = 0; i < INTIDS; i++)
		r->owner[i] = FREE;
	for (size_t i = 0; i < c->ask->cells.n; i++) {
		own_cell(r, i);
		r->first_vdev += c->ask->cells.v[i].vdevs.n;
	}
	own_kicks(r);
	r->first_vdev = 0;
	for (size_t i = 0; i < c->ask->cells.n; i++) {
		check_words(r, i);
		if (!c->ask->cells.v[i].direct)
			check_vgic(r, i);
		r->first_vdev += c->ask->cells.v[i].vdevs.n;
	}
	expect(c, "route", "machine_board", "highest INTID in use", object_field(board, 24, 0, 16, 4), r->highest);
	check_owners(r);
	check_list(c);
}
