/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The ITS as a guest sees it: message signalled interrupts of its devices become LPIs of its first CPU. */
#include "guest.h"

#define GITS_CTLR 0x0
#define GITS_TYPER 0x8
#define GITS_CBASER 0x80
#define GITS_CWRITER 0x88
#define GITS_CREADR 0x90
#define GITS_BASER 0x100
#define TYPER_PTA (1UL << 19)
#define VALID (1UL << 63)
#define SHARED (0x7UL << 59 | 1UL << 10) /* RaWaWb, inner shareable */
#define GICR_CTLR 0x0
#define GICR_TYPER 0x8
#define GICR_PROPBASER 0x70
#define GICR_PENDBASER 0x78
#define PENDING_ZERO (1UL << 62)
#define ID_BITS 14u
#define QUEUE_BYTES 4096u
#define COMMAND_BYTES 32u
#define ITT_BYTES 1024u /* 32 events */
#define LPI_PRIORITY 0xa0

enum { MAPD = 0x08, MAPC = 0x09, MAPTI = 0x0a, INV = 0x0c, INVALL = 0x0d, SYNC = 0x05, DISCARD = 0x0f };

volatile u32 lpi_count[LPI_MAX];

static u64 queue[QUEUE_BYTES / 8] __attribute__((aligned(4096)));
static u8 properties[1u << (ID_BITS - 1)] __attribute__((aligned(4096)));
static u8 pending[65536] __attribute__((aligned(65536)));
static u8 tables[2][65536] __attribute__((aligned(65536)));
static u8 itts[4][ITT_BYTES] __attribute__((aligned(256)));
static u64 write_at, target;

bool its_command(u64 c0, u64 c1, u64 c2)
{
	u64 *c = queue + write_at / 8;

	c[0] = c0;
	c[1] = c1;
	c[2] = c2;
	c[3] = 0;
	dsb();
	write_at = (write_at + COMMAND_BYTES) % QUEUE_BYTES;
	mmio_write64(ITS_BASE + GITS_CWRITER, write_at);
	return wait_until((mmio_read64(ITS_BASE + GITS_CREADR) & 0xfffe0) == write_at, 1000000);
}

/* Tables of its own memory, for a real one: which kinds it wants it says. */
static void give_tables(void)
{
	u32 used = 0;

	for (u32 i = 0; i < 8; i++) {
		u64 reg = ITS_BASE + GITS_BASER + 8 * i;
		u64 type = mmio_read64(reg) >> 56 & 7;
		if (type && used < ARRAY_COUNT(tables))
			mmio_write64(reg, VALID | SHARED | (u64)tables[used++] | 2UL << 8 /* of 64 KiB, one */);
	}
}

bool its_init(void)
{
	u64 rd = GICR_RD(cpu_number());

	mmio_write32(ITS_BASE + GITS_CTLR, 0);
	give_tables();
	mmio_write64(ITS_BASE + GITS_CBASER, VALID | SHARED | (u64)queue);
	mmio_write64(ITS_BASE + GITS_CWRITER, 0);
	write_at = 0;
	mmio_write32(ITS_BASE + GITS_CTLR, 1);
	mmio_write64(rd + GICR_PROPBASER, 0x7UL << 7 | 1UL << 10 | (u64)properties | (ID_BITS - 1));
	mmio_write64(rd + GICR_PENDBASER, 0x7UL << 7 | 1UL << 10 | (u64)pending | PENDING_ZERO);
	mmio_write32(rd + GICR_CTLR, mmio_read32(rd + GICR_CTLR) | 1);
	dsb();
	target = mmio_read64(ITS_BASE + GITS_TYPER) & TYPER_PTA ? rd : (mmio_read64(rd + GICR_TYPER) >> 8 & 0xffff) << 16;
	return (mmio_read32(rd + GICR_CTLR) & 1) && its_command(MAPC, 0, VALID | target) && its_command(INVALL, 0, 0) &&
	       its_command(SYNC, 0, target);
}

bool its_device(u32 device, u32 events_log2, u32 which)
{
	return its_command(MAPD | (u64)device << 32, events_log2 - 1, VALID | (u64)itts[which]);
}

bool its_map(u32 device, u32 event, u32 lpi)
{
	properties[lpi] = LPI_PRIORITY | 1;
	dsb();
	return its_command(MAPTI | (u64)device << 32, event | (u64)(LPI_BASE + lpi) << 32, 0) &&
	       its_command(INV | (u64)device << 32, event, 0) && its_command(SYNC, 0, target);
}

bool its_unmap(u32 device, u32 event)
{
	return its_command(DISCARD | (u64)device << 32, event, 0) && its_command(SYNC, 0, target);
}
