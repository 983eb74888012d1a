/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The GIC's ITS (Arm IHI 0069), if a cell has functions that interrupt by messages: what of them leads to it, where it keeps
 * its tables, which nobody else reaches, and what boot tells it. docs/image-format.md "The ITS".
 */
#include <stdlib.h>
#include <string.h>

#include "cellcheck.h"

#define ITS_SIZE 96
#define DEVICE_SIZE 24
#define COMMAND_SIZE 32
#define GUEST_ITS 0x08080000ull
#define QUEUE (4 * KIB)
#define PROPERTIES (8 * KIB)
#define ENTRY 8u /* of the table of devices, of a table of events: at most */
#define MAPD 0x8ull
#define MAPC 0x9ull
#define VALID (1ull << 63)

/* ---- what the trees say */

/* Rows of the host: first requester, controller, first DeviceID, how many. The first that has the function counts. */
static void read_map(const struct hw *hw, struct ask_function *f)
{
	int length;
	const u8 *p = tree_prop(hw->tree, f->host, "msi-map", &length);
	u32 requester = f->address & tree_u32(hw->tree, f->host, "msi-map-mask", ~0u);

	f->its = -1;
	for (int at = 0; p && f->vectors && at + 16 <= length; at += 16) {
		u32 first = (u32)get_be(p + at, 4), count = (u32)get_be(p + at + 12, 4);

		if (requester < first || requester - first >= count)
			continue;
		f->its = tree_phandle(hw->tree, (u32)get_be(p + at + 4, 4));
		f->device_id = (u32)get_be(p + at + 8, 4) + (requester - first);
		if (!tree_is(hw->tree, f->its, "arm,gic-v3-its"))
			f->its = -1;
		return;
	}
}

void messages_read(struct arena *a, struct ask *ask, const struct hw *hw)
{
	spans regs = { 0 };

	ask->its = -1;
	for (size_t i = 0; i < ask->functions.n; i++) {
		struct ask_function *f = &ask->functions.v[i];
		size_t at;

		read_map(hw, f);
		if (!f->vectors)
			continue;
		*VEC_ADD(a, ask->messages) = i;
		for (at = ask->messages.n - 1; at && ask->functions.v[ask->messages.v[at - 1]].device_id > f->device_id; at--)
			ask->messages.v[at] = ask->messages.v[at - 1];
		ask->messages.v[at] = i;
		ask->its = ask->its < 0 ? f->its : ask->its;
	}
	tree_regs(a, hw->tree, ask->its, &regs);
	ask->its_base = regs.n ? regs.v[0].base : 0;
}

/* ---- what must be */

u32 bits_of(u64 value)
{
	u32 bits = 1;

	while (bits < 64 && value >> bits)
		bits++;
	return bits;
}

static const struct ask_function *user(const struct check *c, size_t i)
{
	return &c->ask->functions.v[c->ask->messages.v[i]];
}

static u64 up(u64 address)
{
	return (address + FRAME - 1) & ~(FRAME - 1);
}

struct places {
	u64 events, devices, devices_size, collections, pending, end;
};

static struct places places_of(const struct check *c, u64 memory)
{
	size_t n = c->ask->messages.n;
	struct places p = { .events = memory + QUEUE + PROPERTIES };

	p.devices = up(p.events + n * PAGE);
	p.devices_size = up((user(c, n - 1)->device_id + 1ull) * ENTRY);
	p.collections = p.devices + p.devices_size;
	p.pending = p.collections + FRAME;
	p.end = p.pending + c->ask->cells.v[user(c, 0)->cell].cpus.n * FRAME;
	return p;
}

/* Before anybody is asked what he reaches: frames that are the ITS's. */
void its_find(struct check *c)
{
	const struct symbol *s = image_symbol(c->img, "machine_its");
	const u8 *p = c->ask->messages.n && s ? image_at(c->img, s->value, ITS_SIZE) : NULL;

	if (p && !(get64(p + 24) >> 48))
		c->its = (struct span) { get64(p + 24), places_of(c, get64(p + 24)).end - get64(p + 24) };
}

/* RAM that nobody reaches but the core. What the ITS writes there by itself is nobody's to lose. */
static void check_memory(struct check *c, const char *who)
{
	u64 next, end = usable_end(c, c->its.base, &next);

	if (!c->its.size || c->its.base % FRAME || !end || c->its.size > end - c->its.base)
		finding(c, "its", "%s: its memory, 0x%llx, 0x%llx bytes, is not whole 64 KiB of RAM besides the hypervisor's", who, c->its.base,
			c->its.size);
	for (u64 at = c->its.base; at < c->its.base + c->its.size; at += PAGE)
		if (reach_get(c, at) & (REACH_CELL | REACH_IMAGE) || region_at(c, at) >= 0) {
			int cell = (int)(reach_get(c, at) & REACH_CELL) - 1;

			finding(c, "its", "%s: its memory at 0x%llx is %s too", who, at, cell >= 0 ? party_name(c, cell) :
				region_at(c, at) >= 0 ? region_text(c, at, -1) : "a pristine image's");
			return;
		}
}

static void check_one(struct check *c, struct object o)
{
	char *who = arena_text(&c->arena, "machine_its[0] (%s)", c->ask->its < 0 ? "none" : device_name(c, c->ask->its));
	u64 memory = object_field(o, ITS_SIZE, 0, 24, 8);
	struct places p = places_of(c, memory);
	u32 most = 1;

	for (size_t i = 0; i < c->ask->messages.n; i++)
		most = user(c, i)->vectors > most ? user(c, i)->vectors : most;
	const struct { const char *name; size_t offset; int bytes; u64 value; } all[] = {
		{ "base", 8, 8, c->ask->its_base }, { "guest", 16, 8, GUEST_ITS }, { "memory_size", 32, 8, p.end - memory },
		{ "queue", 40, 8, memory }, { "properties", 48, 8, memory + QUEUE }, { "devices", 56, 8, p.devices },
		{ "devices_size", 64, 8, p.devices_size }, { "collections", 72, 8, p.collections }, { "pending", 80, 8, p.pending },
		{ "cell", 88, 2, user(c, 0)->cell }, { "device_bits", 90, 2, bits_of(user(c, c->ask->messages.n - 1)->device_id) },
		{ "event_bits", 92, 2, bits_of(most - 1) },
	};

	for (size_t n = 0; n < sizeof all / sizeof all[0]; n++)
		expect(c, "its", who, all[n].name, object_field(o, ITS_SIZE, 0, all[n].offset, all[n].bytes), all[n].value);
	if (c->ask->its >= 0)
		expect_name(c, who, object_field(o, ITS_SIZE, 0, 0, 8), c->ask->its);
	expect_zero(c, o, who, 94, 96);
	check_memory(c, who);
	check_window(c, "its", who, user(c, 0)->cell, (struct span) { GUEST_ITS, 2 * FRAME });
}

static void check_user(struct check *c, struct object o, size_t i, u64 first)
{
	const struct ask_function *f = user(c, i);
	char *who = arena_text(&c->arena, "machine_its_devices[%zu] (%s of '%s')", i, device_name(c, f->node), c->ask->cells.v[f->cell].name);
	const struct { const char *name; size_t offset; int bytes; u64 value; } all[] = {
		{ "table of events", 8, 8, c->its.base + QUEUE + PROPERTIES + i * PAGE }, { "id", 16, 4, f->device_id },
		{ "first event", 20, 2, first }, { "events", 22, 2, f->vectors },
	};

	for (size_t n = 0; n < sizeof all / sizeof all[0]; n++)
		expect(c, "its", who, all[n].name, object_field(o, DEVICE_SIZE, i, all[n].offset, all[n].bytes), all[n].value);
	expect_name(c, who, object_field(o, DEVICE_SIZE, i, 0, 8), f->node);
	if ((ENTRY << bits_of(f->vectors - 1)) > PAGE)
		finding(c, "its", "%s: a page has no room for %u events", who, f->vectors);
}

/* What no image could be right about. */
static void check_asked(struct check *c, size_t i)
{
	const struct ask_function *f = user(c, i);
	const char *name = device_name(c, f->node), *cell = c->ask->cells.v[f->cell].name;

	if (f->its < 0 || f->its != c->ask->its)
		finding(c, "its", "messages of %s of cell '%s' lead to no ITS, or to another than those of %s", name, cell,
			device_name(c, user(c, 0)->node));
	if (!c->ask->cells.v[f->cell].direct || f->cell != user(c, 0)->cell)
		finding(c, "its", "cell '%s' has messages of %s, but is mediated, or '%s' has the ITS", cell, name,
			c->ask->cells.v[user(c, 0)->cell].name);
	if (i && user(c, i - 1)->device_id == f->device_id)
		finding(c, "its", "%s and %s have one DeviceID, 0x%x", device_name(c, user(c, i - 1)->node), name, f->device_id);
}

/* MAPD of each device, MAPC of each vCPU: all that boot says; what follows is for the guest to ask for. */
static void check_commands(struct check *c, struct object o)
{
	size_t devices = c->ask->messages.n;
	const struct ask_cell *cell = &c->ask->cells.v[user(c, 0)->cell];

	for (size_t i = 0; o.p && i < devices + cell->cpus.n; i++) {
		const struct ask_function *f = i < devices ? user(c, i) : NULL;
		size_t vcpu = i - devices;
		const u64 device[] = { f ? (u64)f->device_id << 32 | MAPD : 0, f ? bits_of(f->vectors - 1) - 1 : 0,
			VALID | (c->its.base + QUEUE + PROPERTIES + i * PAGE), 0 };
		const u64 collection[] = { MAPC, 0, f ? 0 : VALID | (u64)cell->cpus.v[vcpu] << 16 | vcpu, 0 };

		for (size_t n = 0; n < 4; n++)
			expect(c, "its", arena_text(&c->arena, "machine_its_commands[%zu]", i), arena_text(&c->arena, "word %zu", n),
				object_field(o, COMMAND_SIZE, i, 8 * n, 8), f ? device[n] : collection[n]);
	}
}

void check_its(struct check *c)
{
	size_t count = c->ask->messages.n, commands = count ? count + c->ask->cells.v[user(c, 0)->cell].cpus.n : 0;
	struct object its = array_io(c, "machine_its", count != 0, ITS_SIZE);
	struct object devices = array_io(c, "machine_its_devices", count, DEVICE_SIZE);
	struct object list = array_io(c, "machine_its_commands", commands, COMMAND_SIZE);
	u64 first = 0;

	if (count && its.p)
		check_one(c, its);
	for (size_t i = 0; i < count; i++) {
		check_asked(c, i);
		if (devices.p)
			check_user(c, devices, i, first);
		first += user(c, i)->vectors;
	}
	if (count)
		check_commands(c, list);
}
