/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "vits_world.h"

#include <string.h>

#include "its.h"

#define CELL 1

const struct arch_its_config machine_its[ITS_COUNT] = { {
	.name = "its", .guest = 0x8080000, .cell = CELL, .device_bits = 5, .event_bits = 5,
} };
const struct its_device machine_its_devices[ITS_DEVICE_COUNT] = {
	{ .name = "disk", .id = 0x08, .first_event = 0, .event_count = 4 },
	{ .name = "nic", .id = 0x10, .first_event = 4, .event_count = 8 },
	{ .name = "nvme", .id = 0x1f, .first_event = 12, .event_count = 32 },
};
const struct cell_config machine_cells[CELL_COUNT] = {
	[CELL] = { .name = "linux", .vcpu_count = VITS_VCPUS, .first_cpu = 1, .first_ram = 1, .ram_count = 2 },
};
const struct cell_ram machine_cell_ram[] = { { 0, ~0ULL }, { 0x80000000, 0x1000 }, { VITS_RAM, VITS_RAM_SIZE } };

u8 vits_ram[VITS_RAM_SIZE];
struct vits_physical vits_physical[VITS_EVENTS];
static u8 properties[LPI_END - LPI_FIRST];
bool vits_dead;
u32 vits_orders, vits_most;
static u32 work; /* of this trap */
const char *vits_world_message;

static void wrong(const char *message)
{
	if (!vits_world_message)
		vits_world_message = message;
}

/* ---- in place of its.c ---- */

static void map(struct vits_physical *event, const struct its_order *o)
{
	if (event->intid)
		wrong("MAPTI of a mapped event");
	if (o->intid < LPI_FIRST || o->intid >= LPI_END)
		wrong("MAPTI: no LPI");
	for (u32 i = 0; i < VITS_EVENTS; i++)
		if (vits_physical[i].intid == o->intid)
			wrong("MAPTI: two events have this LPI");
	*event = (struct vits_physical){ .intid = o->intid, .vcpu = o->vcpu };
}

bool its_do(enum its_command command, const struct its_order *o)
{
	struct vits_physical *event = &vits_physical[machine_its_devices[o->device].first_event + o->event];

	if (o->device >= VITS_DEVICES || o->event >= machine_its_devices[o->device].event_count || o->vcpu >= VITS_VCPUS) {
		wrong("an order about what the cell has not");
		return false;
	}
	if (vits_dead)
		return false;
	vits_orders++;
	work++;
	if (command == ITS_MAPTI) {
		map(event, o);
		return true;
	}
	if (!event->intid)
		wrong("an order about an event that is not mapped");
	if (command == ITS_MOVI ? event->vcpu != o->was : event->vcpu != o->vcpu)
		wrong("SYNC to another redistributor than the LPI's");
	switch (command) {
	case ITS_MOVI:
		event->vcpu = o->vcpu;
		break;
	case ITS_DISCARD:
		*event = (struct vits_physical){0};
		break;
	case ITS_INV:
		event->property = properties[event->intid - LPI_FIRST];
		break;
	case ITS_INT:
		event->raised++;
		break;
	case ITS_CLEAR:
		event->cleared++;
		break;
	default:
		wrong("an order that there is none");
	}
	return true;
}

void its_property(u32 intid, u8 property)
{
	if (intid < LPI_FIRST || intid >= LPI_END)
		wrong("property of no LPI");
	else
		properties[intid - LPI_FIRST] = property;
}

/* ---- in place of vits_trap.c ---- */

/* One trap; true: the store is repeated. */
static bool trapped(enum vits_result result)
{
	enum vits_step step;
	u64 address, words[4];

	if (result != VITS_WORK)
		return result == VITS_BUSY;
	work = 0;
	while ((step = vits_next(&address)) == VITS_READ) {
		if (address & 31 || address < VITS_RAM || address > VITS_RAM + VITS_RAM_SIZE - 32) {
			wrong("a read outside the cell's memory");
			break;
		}
		memcpy(words, vits_ram + (address - VITS_RAM), sizeof words);
		vits_take(words);
		work++;
	}
	if (work > vits_most)
		vits_most = work;
	vits_leave();
	return step == VITS_AGAIN;
}

u64 vits_register_read(u64 offset, u32 size)
{
	u64 value = 0;

	vits_access(offset, false, size, &value);
	return value;
}

bool vits_register_write_once(u64 offset, u32 size, u64 value)
{
	return trapped(vits_access(offset, true, size, &value));
}

void vits_register_write(u64 offset, u32 size, u64 value)
{
	for (u32 i = 0; vits_register_write_once(offset, size, value); i++)
		if (i == 10000) {
			wrong("a store that is repeated for ever");
			return;
		}
}

void vits_redistributor_write(u32 vcpu, u64 offset, u32 size, u64 value)
{
	for (u32 i = 0; trapped(vits_redistributor(vcpu, offset, true, size, &value)); i++)
		if (i == 10000) {
			wrong("a store that is repeated for ever");
			return;
		}
}

static u32 writer; /* of the guest */

u64 vits_put(u64 w0, u64 w1, u64 w2)
{
	const u64 words[4] = { w0, w1, w2, 0x5555 };

	memcpy(vits_ram + (VITS_QUEUE - VITS_RAM) + writer, words, sizeof words);
	writer = (writer + 32) % 4096;
	return writer;
}

void vits_command(u64 w0, u64 w1, u64 w2)
{
	vits_register_write(0x88, 8, vits_put(w0, w1, w2));
}

void vits_start(void)
{
	for (u32 n = 0; n < VITS_VCPUS; n++) {
		vits_redistributor_write(n, 0x70, 8, VITS_PROPERTIES | 13);
		vits_redistributor_write(n, 0x78, 8, VITS_RAM);
		vits_redistributor_write(n, 0, 4, 1);
	}
	vits_register_write(0x80, 8, BIT(63) | VITS_QUEUE);
	vits_register_write(0, 4, 1);
	for (u32 n = 0; n < VITS_VCPUS; n++)
		vits_command(ITS_MAPC, 0, BIT(63) | n << 16 | n);
}

void vits_world_reset(void)
{
	vits_dead = false;
	vits_restore();
	memset(vits_ram, 0, sizeof vits_ram);
	memset(vits_physical, 0, sizeof vits_physical);
	memset(properties, 0, sizeof properties);
	vits_orders = vits_most = writer = 0;
	vits_world_message = NULL;
}

/* ---- plans, and what should come of them ---- */

/* The guest's tables by the text of the architecture, one command at a time. */
static struct {
	bool mapped[VITS_DEVICES];
	u16 intid[VITS_EVENTS], collection[VITS_EVENTS];
	u8 property[VITS_EVENTS];
	u16 vcpu[VITS_VCPUS]; /* plus 1 */
} tables;

static u8 property_of(u32 event)
{
	u8 byte = vits_ram[VITS_PROPERTIES - VITS_RAM + tables.intid[event] - LPI_FIRST];

	return (u8)(((byte & 0xfc) < 0xa0 ? 0xa0 : byte & 0xfc) | 2 | (byte & 1));
}

static bool is_free(u32 intid)
{
	for (u32 i = 0; i < VITS_EVENTS; i++)
		if (tables.intid[i] == intid)
			return false;
	return true;
}

static void expect_event(u8 command, u32 d, u32 event, u32 intid, u32 collection)
{
	u32 i = machine_its_devices[d].first_event + event;

	if (!tables.mapped[d] || event >= machine_its_devices[d].event_count)
		return;
	if (command == ITS_DISCARD)
		tables.intid[i] = 0;
	if (command == ITS_MOVI && collection < VITS_VCPUS) {
		if (!tables.vcpu[tables.collection[i]] && tables.vcpu[collection] && tables.intid[i])
			tables.property[i] = property_of(i);
		tables.collection[i] = (u16)collection;
	}
	if (command == ITS_MAPTI && intid >= LPI_FIRST && intid < LPI_END && collection < VITS_VCPUS) {
		tables.intid[i] = 0;
		tables.intid[i] = is_free(intid) ? (u16)intid : 0;
		tables.collection[i] = (u16)collection;
		if (tables.intid[i])
			tables.property[i] = property_of(i);
	}
	if (command == ITS_INV && tables.intid[i])
		tables.property[i] = property_of(i);
}

static void expect(const u64 w[3])
{
	u8 command = (u8)w[0];
	u32 icid = (u16)w[2];

	for (u32 d = 0; d < VITS_DEVICES; d++) {
		if (machine_its_devices[d].id != w[0] >> 32)
			continue;
		if (command == ITS_MAPD) {
			tables.mapped[d] = w[2] >> 63;
			memset(tables.intid + machine_its_devices[d].first_event, 0, 2 * machine_its_devices[d].event_count);
		}
		expect_event(command, d, (u32)w[1], (u32)(w[1] >> 32), icid);
	}
	if (command == ITS_MAPC && icid < VITS_VCPUS && (!(w[2] >> 63) || (w[2] >> 16 & 0x7ffffffff) < VITS_VCPUS)) {
		bool was = tables.vcpu[icid];

		tables.vcpu[icid] = w[2] >> 63 ? (u16)(w[2] >> 16) + 1 : 0;
		for (u32 i = 0; i < VITS_EVENTS; i++)
			if (tables.intid[i] && tables.collection[i] == icid && !was && tables.vcpu[icid])
				tables.property[i] = property_of(i);
	}
	for (u32 i = 0; command == ITS_INVALL && i < VITS_EVENTS; i++)
		if (tables.intid[i] && tables.collection[i] == icid)
			tables.property[i] = property_of(i);
}

static void compare(void)
{
	for (u32 i = 0; i < VITS_EVENTS; i++) {
		u16 vcpu = tables.intid[i] ? tables.vcpu[tables.collection[i]] : 0;

		if (!vcpu != !vits_physical[i].intid)
			wrong("mapped, or not, against the guest's tables");
		else if (vcpu && (vits_physical[i].intid != tables.intid[i] || vits_physical[i].vcpu != vcpu - 1))
			wrong("mapped otherwise than in the guest's tables");
		else if (vcpu && vits_physical[i].property != tables.property[i])
			wrong("another property than the guest's");
	}
	if (vits_register_read(0x90, 8) != writer)
		wrong("CREADR has not come to CWRITER");
}

/* Eight bytes are a command: mostly of things that are there. */
static void make(const u8 b[8], u64 w[3])
{
	static const u8 commands[] = { ITS_MAPD, ITS_MAPD, ITS_MAPC, ITS_MAPTI, ITS_MAPTI, ITS_MAPTI, ITS_MAPTI, ITS_MOVI, ITS_MOVI, ITS_DISCARD,
		ITS_INV, ITS_INV, ITS_INVALL, ITS_SYNC, ITS_INT, ITS_CLEAR };
	u64 id = b[1] < 0xf0 ? machine_its_devices[b[1] % VITS_DEVICES].id : b[1];

	w[0] = id << 32 | (b[0] < 0xf8 ? commands[b[0] % 16] : b[0]);
	w[1] = (u64)(b[3] < 0xf8 ? LPI_FIRST + b[3] : (u32)b[3] << b[4] % 24) << 32 | (b[2] < 0xf8 ? b[2] % 34 : (u32)b[2] << 24);
	w[2] = (u64)(b[5] & 3 ? 1 : 0) << 63 | (u64)(b[6] < 0xf0 ? b[6] % VITS_VCPUS : b[6]) << 16 | (b[7] < 0xf0 ? b[7] % VITS_VCPUS : b[7]);
	if ((u8)w[0] == ITS_MAPI)
		w[0] ^= 1; /* its EventID is no LPI: nothing */
}

/* Something that may not matter: other registers, odd sizes, a second vCPU, a property that is not invalidated. */
static void meddle(const u8 b[8])
{
	u64 value;

	memcpy(&value, b, sizeof value);
	switch (b[1] % 6) {
	case 0:
		vits_ram[VITS_PROPERTIES - VITS_RAM + b[2]] = b[3];
		break;
	case 1:
		vits_register_write(0x100 + b[2] * 8ULL % 64, 8, value);
		break;
	case 2:
		vits_redistributor_write(b[2] % VITS_VCPUS, b[2] & 2 ? 0x70 : 0x78, b[2] & 4 ? 8 : 4, value);
		break;
	case 3:
		vits_register_write(b[2] * 0x101ULL & ~3ULL, b[3] & 1 ? 1 : 2, value);
		break;
	case 4:
		vits_register_write(0x80, 8, value); /* while it is enabled */
		break;
	default:
		vits_redistributor_write(b[2] % VITS_VCPUS, 0, 4, 1); /* on already */
	}
}

bool vits_world_run(const u8 *plan, u32 size)
{
	u32 queued = 0;

	vits_world_reset();
	memset(&tables, 0, sizeof tables);
	vits_start();
	for (u32 n = 0; n < VITS_VCPUS; n++)
		tables.vcpu[n] = (u16)(n + 1);
	for (u32 at = 0; at + 8 <= size && !vits_world_message; at += 8) {
		u64 w[3];

		if (plan[at] % 32 == 31 && !queued) {
			meddle(plan + at);
			continue;
		}
		make(plan + at, w);
		vits_put(w[0], w[1], w[2]);
		expect(w);
		if (++queued < plan[at + 4] % 24u)
			continue;
		if (plan[at + 5] & 4) /* a first look by another vCPU */
			vits_register_write_once(0x88, 8, writer);
		vits_register_write(0x88, 8, writer);
		queued = 0;
		compare();
	}
	if (vits_most > 40)
		wrong("more than a trap may do");
	return !vits_world_message;
}
