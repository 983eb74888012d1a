/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The ITS as the one cell sees it that has LPIs: registers, and commands that
 * the guest has written into its own memory, decoded against its own devices.
 *
 *   device and collection tables   none (all GITS_BASERn are of type 0, HCC collections are in the ITS):
 *                                  what the guest has mapped is in `vits`
 *   event                          number of the LPI and collection, as the guest says
 *   collection                     a vCPU, as the guest says; physically collection n is vCPU n, always
 *   property table                 the guest's; of LPIs that are mapped the byte is read when the guest
 *                                  maps or invalidates them, and the core's table gets it
 *
 * One vCPU at a time is at it, by `claim`; another one repeats its store. A
 * command is read once. A trap does so much (EFFORT), then the store is repeated:
 * the guest's interrupts come in between.
 */
#include "core/bound.h"
#include "its.h"

#define GITS_CTLR 0x0000
#define GITS_IIDR 0x0004
#define GITS_TYPER 0x0008
#define GITS_CBASER 0x0080
#define GITS_CWRITER 0x0088
#define GITS_CREADR 0x0090
#define GITS_PIDR2 0xffe8
#define GICR_CTLR 0x0000

#define CTLR_ENABLED BIT(0)
#define CTLR_QUIESCENT BIT(31)
#define READER_STALLED BIT(0)
#define WRITER_RETRY BIT(0)
#define IIDR_VALUE 0x43bu /* Arm; what drivers look for errata by */
#define PIDR2_VALUE 0x3bu
/* Whatever is asked for is shareable and cacheable, as the reads are: the guest need not clean anything */
#define CBASER_KEPT (BIT(63) | 0xffffffffff000ULL | 0xff)
#define CBASER_FIXED (7ULL << 59 | 1ULL << 10)
#define BASER_ADDRESS 0xffffffffff000ULL
#define PROPBASER_KEPT (BASER_ADDRESS | 0x1f)
#define PENDBASER_KEPT 0xfffffffff0000ULL
#define RBASER_FIXED (7ULL << 7 | 1ULL << 10)

#define PROPERTY_PRIORITY 0xfcu
#define PROPERTY_RES1 0x02u
#define PROPERTY_ENABLE 0x01u
/* An LPI may not be as urgent as a kick, nor pass the mask of a CPU that waits in the core (gic_wait_state) */
#define PRIORITY_MOST 0xa0u

#define EFFORT 256 /* of one trap: an event looked at is 1, a read of guest memory or an order to the ITS EFFORT_ORDER */
#define EFFORT_ORDER 16

#define VCPUS (VCPU_COUNT ? VCPU_COUNT : 1)
#define EVENTS (ITS_EVENT_COUNT ? ITS_EVENT_COUNT : 1)
#define DEVICES (ITS_DEVICE_COUNT ? ITS_DEVICE_COUNT : 1)

struct event {
	u16 intid;     /* 0: not mapped */
	u8 collection;
	u8 live;       /* the physical ITS has it mapped to this vCPU, plus 1; 0: it has not */
};

/* What a command does to many events, one after another. */
enum walk { WALK_NONE, WALK_DROP /* of a device */, WALK_SETTLE, WALK_REFRESH /* of a collection */, WALK_REFRESH_ALL };

static struct {
	u32 claim;          /* [A] everything else is whose this is, but for reads of single registers */
	bool enabled, stalled;
	u64 cbaser;
	u32 writer, reader; /* bytes from the queue's start */
	u64 propbaser;
	u64 pendbaser[VCPUS];
	bool lpis[VCPUS];   /* GICR_CTLR.EnableLPIs */
	u16 vcpu[VCPUS];    /* of each collection, plus 1; 0: not mapped */
	bool mapped[DEVICES];
	struct event events[EVENTS];
	/* What is being done */
	bool command;       /* one that has been read; reader is still at it */
	enum walk walk;
	u32 collection;     /* of the walk */
	u32 at, end;        /* of the walk: next event, and behind the last */
	u32 refresh;        /* event whose property is wanted, plus 1; 0: none */
	bool repeat;        /* the register that the guest has written has to wait for that */
	s32 effort;
} vits;

static const struct arch_its_config *config(void) { return &machine_its[0]; }
static const struct cell_config *cell(void) { return &machine_cells[config()->cell]; }

/* ---- guest memory ---- */

static bool in_ram(u64 base, u64 size)
{
	const struct cell_ram *ram = &machine_cell_ram[cell()->first_ram];

	for (u32 i = 0; i < cell()->ram_count; i++) {
		LOOP_BOUND(CELL_RAM_LIMIT);
		if (base >= ram[i].base && base - ram[i].base < ram[i].size && size <= ram[i].size - (base - ram[i].base))
			return true;
	}
	return false;
}

static u64 queue_base(void) { return vits.cbaser & BASER_ADDRESS; }
static u32 queue_size(void) { return ((u32)(vits.cbaser & 0xff) + 1) * 4096; }

/* Of the property byte. False: the guest has said nothing about this LPI. */
static bool property_at(u32 intid, u64 *address)
{
	u64 base = vits.propbaser & BASER_ADDRESS;
	u32 bits = (u32)(vits.propbaser & 0x1f) + 1;
	bool on = false;

	for (u32 n = 0; n < cell()->vcpu_count; n++) {
		LOOP_BOUND(CELL_VCPU_LIMIT);
		on |= vits.lpis[n];
	}
	*address = base + intid - LPI_FIRST;
	return on && (bits >= LPI_BITS || intid < 1u << bits) && in_ram(*address & ~31ULL, 32);
}

/* ---- one event ---- */

static const struct its_device *device_of(u32 event)
{
	const struct its_device *device = machine_its_devices;

	while (event - device->first_event >= device->event_count) {
		LOOP_BOUND(ITS_DEVICE_COUNT);
		device++;
	}
	return device;
}

/* The hardware has stopped to answer: so do we, as an ITS does at an error. */
static void stall(void)
{
	vits.stalled = true;
	vits.command = false;
	vits.walk = WALK_NONE;
	vits.refresh = 0;
}

static void order(enum its_command command, u32 number, u16 vcpu)
{
	struct event *event = &vits.events[number];
	const struct its_device *device = device_of(number);
	const struct its_order o = { .device = (u16)(device - machine_its_devices), .event = (u16)(number - device->first_event),
		.intid = event->intid, .vcpu = vcpu, .was = event->live ? event->live - 1u : vcpu };

	vits.effort -= EFFORT_ORDER;
	if (!its_do(command, &o))
		stall();
}

/* Physically as the guest's tables have it. */
static void settle(u32 number)
{
	struct event *event = &vits.events[number];
	u16 wanted = event->intid ? vits.vcpu[event->collection] : 0;

	if (event->live == wanted)
		return;
	if (!event->live) {
		vits.refresh = number + 1;
		order(ITS_MAPTI, number, wanted - 1);
	} else {
		order(wanted ? ITS_MOVI : ITS_DISCARD, number, wanted ? wanted - 1 : event->live - 1);
	}
	event->live = (u8)wanted;
}

static void drop(u32 number)
{
	struct event *event = &vits.events[number];

	if (!event->intid)
		return;
	its_property(event->intid, 0);
	if (event->live)
		order(ITS_DISCARD, number, event->live - 1);
	*event = (struct event){0};
}

static void refreshed(u8 property)
{
	u32 number = vits.refresh - 1;
	struct event *event = &vits.events[number];
	u8 priority = property & PROPERTY_PRIORITY;

	vits.refresh = 0;
	if (!event->live)
		return;
	its_property(event->intid, (priority < PRIORITY_MOST ? PRIORITY_MOST : priority) | PROPERTY_RES1 | (property & PROPERTY_ENABLE));
	order(ITS_INV, number, event->live - 1);
}

/* ---- commands ---- */

static bool is_taken(u32 intid)
{
	for (u32 i = 0; i < EVENTS; i++) {
		LOOP_BOUND(EVENTS);
		if (vits.events[i].intid == intid)
			return true;
	}
	return false;
}

static void map_event(u32 number, u32 intid, u32 collection)
{
	if (intid < LPI_FIRST || intid >= LPI_END || collection >= cell()->vcpu_count)
		return;
	drop(number);
	if (vits.stalled || is_taken(intid)) /* two events for one LPI: UNPREDICTABLE, here refused */
		return;
	vits.events[number] = (struct event){ .intid = (u16)intid, .collection = (u8)collection };
	settle(number);
}

static void move_event(u32 number, u32 collection)
{
	if (!vits.events[number].intid || collection >= cell()->vcpu_count)
		return;
	vits.events[number].collection = (u8)collection;
	settle(number);
}

static void start_walk(enum walk walk, u32 at, u32 count)
{
	vits.walk = walk;
	vits.at = at;
	vits.end = at + count;
}

static void start_collection(enum walk walk, u32 collection)
{
	vits.collection = collection;
	start_walk(walk, 0, ITS_EVENT_COUNT);
}

/* The device's events are those of an empty table, whether it is mapped or unmapped. */
static void map_device(u32 device, bool valid)
{
	vits.mapped[device] = valid;
	start_walk(WALK_DROP, machine_its_devices[device].first_event, machine_its_devices[device].event_count);
}

static void map_collection(u32 collection, u64 vcpu, bool valid)
{
	if (collection >= cell()->vcpu_count || (valid && vcpu >= cell()->vcpu_count))
		return;
	vits.vcpu[collection] = valid ? (u16)(vcpu + 1) : 0;
	start_collection(WALK_SETTLE, collection);
}

/* Of a device that the cell has. */
static void device_command(const u64 words[4], u32 device)
{
	const struct its_device *d = &machine_its_devices[device];
	u32 event = (u32)words[1], number = d->first_event + event, collection = (u32)words[2] & 0xffff;

	if ((u8)words[0] == ITS_MAPD) {
		map_device(device, words[2] >> 63);
		return;
	}
	if (!vits.mapped[device] || event >= d->event_count)
		return;
	switch ((u8)words[0]) {
	case ITS_MAPTI:
		map_event(number, (u32)(words[1] >> 32), collection);
		break;
	case ITS_MAPI:
		map_event(number, event, collection);
		break;
	case ITS_MOVI:
		move_event(number, collection);
		break;
	case ITS_DISCARD:
		drop(number);
		break;
	case ITS_INV:
		vits.refresh = number + 1;
		break;
	case ITS_INT:
	case ITS_CLEAR:
		if (vits.events[number].live)
			order((enum its_command)(u8)words[0], number, vits.events[number].live - 1);
		break;
	default:
		break;
	}
}

/* What is none, or about something that the cell has not, is passed over, as hardware may. */
static void command(const u64 words[4])
{
	u32 device = 0;

	vits.command = true;
	switch ((u8)words[0]) {
	case ITS_SYNC: /* each command is complete when the next is read */
		break;
	case ITS_MAPC:
		map_collection((u32)words[2] & 0xffff, words[2] >> 16 & 0x7ffffffffULL, words[2] >> 63);
		break;
	case ITS_INVALL:
		start_collection(WALK_REFRESH, (u32)words[2] & 0xffff);
		break;
	default:
		while (device < ITS_DEVICE_COUNT && machine_its_devices[device].id != words[0] >> 32) {
			LOOP_BOUND(ITS_DEVICE_COUNT);
			device++;
		}
		if (device < ITS_DEVICE_COUNT)
			device_command(words, device);
	}
}

/* ---- going on ---- */

static void walk_on(void)
{
	u32 number = vits.at++;
	const struct event *event = &vits.events[number];

	vits.effort--;
	if (number == vits.end)
		vits.walk = WALK_NONE;
	else if (!event->intid)
		return;
	else if (vits.walk == WALK_DROP)
		drop(number);
	else if (vits.walk != WALK_REFRESH_ALL && event->collection != vits.collection)
		return;
	else if (vits.walk == WALK_SETTLE)
		settle(number);
	else
		vits.refresh = number + 1;
}

/* A command is over when everything is that follows from it: only then is it behind CREADR. */
static void command_over(void)
{
	vits.command = false;
	vits.reader += ITS_COMMAND_SIZE;
	if (vits.reader >= queue_size())
		vits.reader = 0;
}

static bool is_busy(void)
{
	return vits.refresh || vits.walk || vits.command ||
	       (vits.enabled && !vits.stalled && vits.cbaser >> 63 && vits.reader != vits.writer);
}

/* False: nothing is to be read for what is at hand, which is done or goes on. */
static bool go_on(u64 *address)
{
	if (vits.refresh) {
		if (property_at(vits.events[vits.refresh - 1].intid, address)) {
			*address &= ~31ULL;
			return true;
		}
		refreshed(0);
	} else if (vits.walk) {
		walk_on();
	} else if (vits.command) {
		command_over();
	} else if (in_ram(queue_base(), queue_size())) {
		*address = queue_base() + vits.reader;
		return true;
	} else {
		vits.stalled = true;
	}
	return false;
}

enum vits_step vits_next(u64 *address)
{
	while (is_busy()) {
		LOOP_BOUND(3 * EFFORT + 4); /* of any three rounds one costs effort, or is the last */
		if (vits.effort <= 0)
			return VITS_AGAIN;
		if (go_on(address)) {
			vits.effort -= EFFORT_ORDER;
			return VITS_READ;
		}
	}
	if (!vits.repeat)
		return VITS_IDLE;
	vits.repeat = false;
	return VITS_AGAIN;
}

void vits_take(const u64 words[4])
{
	u32 at;

	if (!vits.refresh) {
		command(words);
		return;
	}
	at = (vits.events[vits.refresh - 1].intid - LPI_FIRST + (u32)(vits.propbaser & BASER_ADDRESS)) & 31;
	refreshed((u8)(words[at / 8] >> at % 8 * 8));
}

/* ---- registers ---- */

static bool claimed(void)
{
	u32 free = 0;

	return __atomic_compare_exchange_n(&vits.claim, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void vits_leave(void)
{
	__atomic_store_n(&vits.claim, 0, __ATOMIC_RELEASE);
}

/* After a write: the claim stays with the caller if something follows. */
static enum vits_result written(void)
{
	vits.effort = EFFORT;
	if (is_busy())
		return VITS_WORK;
	vits_leave();
	return VITS_DONE;
}

static u64 merge(u64 old, u64 offset, u32 size, u64 value)
{
	return size == 8 ? value : offset & 4 ? (u32)old | value << 32 : (old & ~0xffffffffULL) | (u32)value;
}

static u64 part(u64 value, u64 offset, u32 size)
{
	return size == 8 ? value : (u32)(value >> (offset & 4) * 8);
}

static u64 typer(void)
{
	return BIT(0) /* physical LPIs */ | (8 - 1) << 4 /* bytes of an entry of a guest's ITT */ | (config()->event_bits - 1ULL) << 8 |
	       (config()->device_bits - 1ULL) << 13 | (u64)cell()->vcpu_count << 24 /* HCC */;
}

static u64 register_read(u64 offset, u32 size)
{
	switch (offset & ~7ULL) {
	case GITS_CTLR:
		return part((vits.enabled ? CTLR_ENABLED : CTLR_QUIESCENT) | (u64)IIDR_VALUE << 32, offset, size);
	case GITS_TYPER:
		return part(typer(), offset, size);
	case GITS_CBASER:
		return part(vits.cbaser, offset, size);
	case GITS_CWRITER:
		return part(vits.writer, offset, size);
	case GITS_CREADR:
		return part(vits.reader | (vits.stalled ? READER_STALLED : 0), offset, size);
	default:
		return offset == GITS_PIDR2 ? PIDR2_VALUE : 0;
	}
}

static void register_write(u64 offset, u32 size, u64 value)
{
	u64 new;

	switch (offset & ~7ULL) {
	case GITS_CTLR:
		if (offset == GITS_CTLR)
			vits.enabled = value & CTLR_ENABLED;
		break;
	case GITS_CBASER:
		if (vits.enabled) /* UNPREDICTABLE (12.19.1) */
			break;
		vits.cbaser = (merge(vits.cbaser, offset, size, value) & CBASER_KEPT) | CBASER_FIXED;
		vits.reader = vits.writer = 0;
		vits.command = vits.stalled = false;
		break;
	case GITS_CWRITER:
		new = merge(vits.writer, offset, size, value);
		if (new & WRITER_RETRY)
			vits.stalled = false;
		new &= 0xfffe0;
		if (new < queue_size())
			vits.writer = (u32)new;
		break;
	default:
		break;
	}
}

/* Offsets from 64 KiB on are the frame of GITS_TRANSLATER: devices write there, CPUs of guests without effect. */
enum vits_result vits_access(u64 offset, bool write, u32 size, u64 *value)
{
	if (!write)
		*value = size < 4 ? 0 : register_read(offset, size);
	if (!write || size < 4)
		return VITS_DONE;
	if (!claimed())
		return VITS_BUSY;
	register_write(offset, size, *value);
	return written();
}

static void redistributor_write(u32 vcpu, u64 offset, u32 size, u64 value)
{
	bool any = false, was = vits.lpis[vcpu];

	for (u32 n = 0; n < cell()->vcpu_count; n++) {
		LOOP_BOUND(CELL_VCPU_LIMIT);
		any |= vits.lpis[n];
	}
	switch (offset & ~7ULL) {
	case GICR_CTLR:
		vits.lpis[vcpu] = value & 1;
		if (vits.lpis[vcpu] && !was)
			start_walk(WALK_REFRESH_ALL, 0, ITS_EVENT_COUNT);
		break;
	case GICR_PROPBASER: /* one for all of them: 5.1.1 */
		if (!any)
			vits.propbaser = (merge(vits.propbaser, offset, size, value) & PROPBASER_KEPT) | RBASER_FIXED;
		break;
	default:
		if (!was)
			vits.pendbaser[vcpu] = (merge(vits.pendbaser[vcpu], offset, size, value) & PENDBASER_KEPT) | RBASER_FIXED;
	}
}

enum vits_result vits_redistributor(u32 vcpu, u64 offset, bool write, u32 size, u64 *value)
{
	u64 reg = offset & ~7ULL;

	if ((reg != GICR_PROPBASER && reg != GICR_PENDBASER && offset != GICR_CTLR) || size < 4)
		return VITS_NONE;
	if (!write) {
		*value = reg == GICR_PROPBASER ? part(vits.propbaser, offset, size) :
			 reg == GICR_PENDBASER ? part(vits.pendbaser[vcpu], offset, size) : vits.lpis[vcpu];
		return VITS_DONE;
	}
	if (!claimed())
		return VITS_BUSY;
	vits.repeat = vits.walk; /* of a command that another vCPU left in the middle: a second one has no place */
	if (!vits.repeat)
		redistributor_write(vcpu, offset, size, *value);
	return written();
}

void vits_restore(void)
{
	for (u32 i = 0; i < EVENTS; i++) {
		LOOP_BOUND(EVENTS);
		drop(i);
	}
	for (u64 i = 0; i < sizeof vits / 8; i++) {
		LOOP_BOUND(sizeof vits / 8);
		((volatile u64 *)&vits)[i] = 0;
	}
}
