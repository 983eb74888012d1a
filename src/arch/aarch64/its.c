/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The physical ITS (IHI 0069 5, 12.18, 12.19). Its memory is one piece that
 * cellgen has placed; nobody reads the tables but the ITS and redistributors.
 *
 *   queue | properties | a page for each device's ITT | devices | collections | pending: 64 KiB for each vCPU
 *   \_ the core writes these _/
 *
 * All of it is programmed as not cacheable, and what the core writes is cleaned:
 * right whether or not the ITS looks into caches. Commands come from here alone,
 * one after another, each complete before its caller goes on.
 */
#include "core/bound.h"
#include "core/cell.h"
#include "core/log.h"
#include "core/panic.h"
#include "gic.h"
#include "its.h"
#include "sysreg.h"

#define GITS_CTLR 0x0000
#define GITS_TYPER 0x0008
#define GITS_CBASER 0x0080
#define GITS_CWRITER 0x0088
#define GITS_CREADR 0x0090
#define GITS_BASER 0x0100
#define GITS_BASERS 8

#define CTLR_ENABLED BIT(0)
#define CTLR_QUIESCENT BIT(31)
#define READER_OFFSET 0xfffe0u
#define READER_STALLED BIT(0)
#define VALID BIT(63)
#define BASE_NC (1ULL << 59)        /* InnerCache of GITS_CBASER, GITS_BASER: normal, not cacheable */
#define BASER_TYPE(baser) ((baser) >> 56 & 7)
#define BASER_DEVICES 1
#define BASER_COLLECTIONS 4
#define BASER_ENTRY(baser) (((u32)((baser) >> 48) & 0x1f) + 1)
#define BASER_64K (2ULL << 8)
#define BASER_PAGE(baser) (4096u << 2 * ((u32)((baser) >> 8) & 3))
#define BASER_ATTRIBUTES (7ULL << 56 | 0x1fULL << 48) /* Type, Entry_Size: as they are */
#define RBASE_NC (1ULL << 7)        /* InnerCache of GICR_PROPBASER, GICR_PENDBASER */
#define PENDBASER_PTZ BIT(62)       /* the table is zero */
#define GICR_CTLR_LPIS BIT(0)
#define GICR_TYPER_PLPIS BIT(0)
#define GICD_TYPER_LPIS BIT(17)

#define TYPER_ENTRY(typer) (((u32)(typer) >> 4 & 0xf) + 1)        /* bytes of an entry of an ITT */
#define TYPER_EVENT_BITS(typer) (((u32)(typer) >> 8 & 0x1f) + 1)
#define TYPER_DEVICE_BITS(typer) (((u32)(typer) >> 13 & 0x1f) + 1)
#define TYPER_PTA BIT(19)
#define TYPER_HCC(typer) ((u32)(typer) >> 24)

#define LINE_LEAST 16u              /* bytes of a cache line: there are none with less */
#define QUEUE_SIZE 4096u
#define TABLE_SIZE 0x10000u         /* of collections, and of each vCPU's pending ones */
#define DEVICE_ENTRY_MOST 8u        /* bytes: what cellgen reckons with */
#define COLLECTION_ENTRY_MOST 8u
#define ITT_ENTRY_MOST 16u
/* Code of boot goes where the alignment of the vectors leaves room (cloison.lds): there is no other left where everything is used. */
#define EARLY __attribute__((section(".text.early"), noinline))
#define SETTLE_TRIES 1000000u       /* looks at a register that hardware settles within microseconds */

static u32 writer;                  /* offset in the queue; of whoever commands */
static bool dead;

static const struct arch_its_config *its(void) { return &machine_its[0]; }
static u64 gits(u64 offset) { return its()->base + offset; }

static u64 line_size(void) { return 4ULL << (READ_SYSREG(ctr_el0) >> 16 & 0xf); }

/* A command, or less, to memory: lines that hold it, and whatever else is in them. */
static void clean(u64 address, u64 size)
{
	u64 line = line_size();

	for (u64 at = address & ~(line - 1); at < address + size; at += line) {
		LOOP_BOUND(ITS_COMMAND_SIZE / LINE_LEAST);
		__asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
	}
	dsb_sy();
}

/* ---- commands ---- */

static void put(const u64 words[4])
{
	u64 *to = (u64 *)(its()->queue + writer);

	for (u32 i = 0; i < 4; i++)
		to[i] = words[i];
	clean((u64)to, ITS_COMMAND_SIZE);
	writer = (writer + ITS_COMMAND_SIZE) % QUEUE_SIZE;
}

/* Everything put is done. False: the ITS has stopped at an error, or does not answer. */
static bool run(void)
{
	mmio_write64(gits(GITS_CWRITER), writer);
	for (u32 i = 0; i < SETTLE_TRIES; i++) {
		LOOP_PATIENCE(SETTLE_TRIES);
		u64 reader = mmio_read64(gits(GITS_CREADR));

		if (reader & READER_STALLED)
			return false;
		if ((reader & READER_OFFSET) == writer)
			return true;
	}
	return false;
}

/* GITS_TYPER.PTA = 0: a redistributor is its GICR_TYPER.Processor_Number, as its_cpu_init has compared it. */
static void put_sync(u16 vcpu)
{
	const u64 words[4] = { ITS_SYNC, 0, (u64)machine_cell_cpus[machine_cells[its()->cell].first_cpu + vcpu] << 16, 0 };

	put(words);
}

bool its_do(enum its_command command, const struct its_order *order)
{
	const u64 words[4] = {
		(u64)machine_its_devices[order->device].id << 32 | (u64)command,
		(command == ITS_MAPTI ? (u64)order->intid << 32 : 0) | order->event,
		command == ITS_MAPTI || command == ITS_MOVI ? order->vcpu : 0,
		0,
	};

	if (dead)
		return false;
	put(words);
	put_sync(order->vcpu);
	if (command == ITS_MOVI)
		put_sync(order->was);
	if (run())
		return true;
	dead = true;
	log_put(MESSAGE_ITS_STOPPED, its()->cell, (u32)command, mmio_read64(gits(GITS_CREADR)));
	return false;
}

void its_property(u32 intid, u8 property)
{
	u8 *byte = (u8 *)(its()->properties + intid - LPI_FIRST);

	*(volatile u8 *)byte = property;
	clean((u64)byte, 1);
}

/* ---- boot ---- */

static void await(u64 address, u32 bits, bool set, const char *what)
{
	for (u32 i = 0; i < SETTLE_TRIES; i++) {
		LOOP_PATIENCE(SETTLE_TRIES);
		if (!(mmio_read32(address) & bits) == !set)
			return;
	}
	panic(what, set ? bits : 0, mmio_read32(address));
}

static EARLY void verify(void)
{
	u64 typer = mmio_read64(gits(GITS_TYPER));
	u32 gicd = mmio_read32(machine_board.gicd + GICD_TYPER), revision = mmio_read32(gits(GIC_PIDR2)) >> 4 & 0xf;

	if (revision != 3 && revision != 4)
		panic("ITS is not a GICv3's: architecture revision", 3, revision);
	if (!(gicd & GICD_TYPER_LPIS) || (gicd >> 19 & 0x1f) + 1 < LPI_BITS)
		panic("distributor has too few LPIs, or none: bits of INTIDs", LPI_BITS, gicd & GICD_TYPER_LPIS ? (gicd >> 19 & 0x1f) + 1 : 0);
	if (!(typer & 1))
		panic("ITS has no physical LPIs: GITS_TYPER", 1, typer);
	if (typer & TYPER_PTA)
		panic("ITS names redistributors by address: GITS_TYPER.PTA", 0, 1);
	if (TYPER_ENTRY(typer) > ITT_ENTRY_MOST)
		panic("ITS needs more bytes for an event than", ITT_ENTRY_MOST, TYPER_ENTRY(typer));
	if (TYPER_EVENT_BITS(typer) < its()->event_bits)
		panic("ITS: bits of an EventID", its()->event_bits, TYPER_EVENT_BITS(typer));
	if (TYPER_DEVICE_BITS(typer) < its()->device_bits)
		panic("ITS: bits of a DeviceID", its()->device_bits, TYPER_DEVICE_BITS(typer));
}

/* A flat table of whole pages, whatever page size the ITS has (12.19.2): 64 KiB is some of any. */
static EARLY void table(u32 n, u64 base, u64 size, u32 entry_most)
{
	u64 reg = gits(GITS_BASER) + 8 * n, kept = mmio_read64(reg) & BASER_ATTRIBUTES;

	if (BASER_ENTRY(kept) > entry_most)
		panic("ITS: bytes of a table's entry", entry_most, BASER_ENTRY(kept));
	mmio_write64(reg, kept | base | BASER_64K);
	mmio_write64(reg, kept | VALID | BASE_NC | base | (mmio_read64(reg) & 3ULL << 8) | (size / BASER_PAGE(mmio_read64(reg)) - 1));
	if ((mmio_read64(reg) & (VALID | 0xffffffff0000ULL)) != (VALID | base))
		panic("ITS does not take a table: GITS_BASER", VALID | base, mmio_read64(reg));
}

/* What it has no table for must be in the ITS itself: collections only. */
static EARLY void tables(void)
{
	bool devices = false, collections = TYPER_HCC(mmio_read64(gits(GITS_TYPER))) >= machine_cells[its()->cell].vcpu_count;

	for (u32 n = 0; n < GITS_BASERS; n++) {
		LOOP_BOUND(GITS_BASERS);
		u64 type = BASER_TYPE(mmio_read64(gits(GITS_BASER) + 8 * n));

		if (type == BASER_DEVICES) {
			table(n, its()->devices, its()->devices_size, DEVICE_ENTRY_MOST);
			devices = true;
		} else if (type == BASER_COLLECTIONS) {
			table(n, its()->collections, TABLE_SIZE, COLLECTION_ENTRY_MOST);
			collections = true;
		} else if (type) {
			mmio_write64(gits(GITS_BASER) + 8 * n, 0);
		}
	}
	if (!devices || !collections)
		panic("ITS has no table for devices or collections: GITS_TYPER", 0, mmio_read64(gits(GITS_TYPER)));
}

EARLY void its_init(void)
{
	verify();
	mmio_write32(gits(GITS_CTLR), mmio_read32(gits(GITS_CTLR)) & ~(u32)CTLR_ENABLED); /* firmware may have left it on */
	await(gits(GITS_CTLR), CTLR_QUIESCENT, true, "ITS does not become quiet: bits expected and seen");
	for (u64 at = its()->memory, line = line_size(); at < its()->memory + its()->memory_size; at += line) {
		LOOP_BOUND(ITS_MEMORY_SIZE / LINE_LEAST);
		for (u64 i = 0; i < line; i += 8) {
			LOOP_TOTAL(ITS_MEMORY_SIZE / 8);
			*(volatile u64 *)(at + i) = 0;
		}
		__asm__ volatile("dc civac, %0" : : "r"(at) : "memory"); /* no line of it is left to fall on what the ITS writes */
	}
	dsb_sy();
	tables();
	mmio_write64(gits(GITS_CBASER), VALID | BASE_NC | its()->queue | (QUEUE_SIZE / 4096 - 1));
	mmio_write64(gits(GITS_CWRITER), 0);
	mmio_write32(gits(GITS_CTLR), mmio_read32(gits(GITS_CTLR)) | (u32)CTLR_ENABLED);
	for (u32 i = 0; i < ITS_COMMAND_COUNT; i++) {
		LOOP_BOUND(ITS_COMMAND_COUNT);
		put(machine_its_commands[i]);
		if (!run()) /* one by one: which it was shows in the number */
			panic("ITS does not take the command with this number of its list", i, mmio_read64(gits(GITS_CREADR)));
	}
}

EARLY void its_cpu_init(const struct cpu *cpu)
{
	u64 rd = cpu->arch.gicr, typer;

	if (!cpu->cell || cpu->cell_index != its()->cell)
		return;
	typer = mmio_read64(rd + GICR_TYPER);
	if (!(typer & GICR_TYPER_PLPIS))
		panic("redistributor has no LPIs: GICR_TYPER", GICR_TYPER_PLPIS, typer);
	if ((typer >> 8 & 0xffff) != cpu->index)
		panic("redistributor has another number: GICR_TYPER.Processor_Number", cpu->index, typer >> 8 & 0xffff);
	mmio_write32(rd + GICR_CTLR, 0);
	await(rd + GICR_CTLR, GICR_CTLR_LPIS | GICR_CTLR_RWP, false, "firmware has left LPIs on: GICR_CTLR bits expected and seen");
	mmio_write64(rd + GICR_PROPBASER, its()->properties | RBASE_NC | (LPI_BITS - 1));
	mmio_write64(rd + GICR_PENDBASER, PENDBASER_PTZ | (its()->pending + (u64)cpu->vcpu_index * TABLE_SIZE) | RBASE_NC);
	if ((mmio_read64(rd + GICR_PROPBASER) & 0xffffffffff000ULL) != its()->properties)
		panic("redistributor does not take the table of LPIs: GICR_PROPBASER", its()->properties, mmio_read64(rd + GICR_PROPBASER));
	mmio_write32(rd + GICR_CTLR, GICR_CTLR_LPIS);
	dsb_sy();
}
