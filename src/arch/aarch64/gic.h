/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Registers of the GICv3 distributor and redistributor (IHI 0069 12.9, 12.11), and access to them. */
#ifndef CLOISON_ARCH_AARCH64_GIC_H
#define CLOISON_ARCH_AARCH64_GIC_H

#include "core/types.h"

#define GICD_CTLR 0x0000
#define GICD_TYPER 0x0004
#define GICD_IIDR 0x0008
#define GICD_IGROUPR 0x0080
#define GICD_ISENABLER 0x0100
#define GICD_ICENABLER 0x0180
#define GICD_ISPENDR 0x0200
#define GICD_ICPENDR 0x0280
#define GICD_ISACTIVER 0x0300
#define GICD_ICACTIVER 0x0380
#define GICD_IPRIORITYR 0x0400
#define GICD_IPRIORITYR_SIZE 1024
#define GICD_ICFGR 0x0c00
#define GICD_ICFGR_SIZE 256
#define GICD_IROUTER 0x6000
#define GICD_IROUTER_SIZE (8 * 1020)
#define GIC_PIDR2 0xffe8
#define GIC_PIDR2_GICV3 0x3bu /* ArchRev 3 */

#define GICD_CTLR_GRP1 BIT(1)
#define GICD_CTLR_ARE BIT(4)
#define GICD_CTLR_DS BIT(6)
#define GICD_CTLR_RWP BIT(31)
#define GICD_TYPER_LINES(typer) (32 * (((u32)(typer) & 0x1f) + 1)) /* INTIDs supported */

/* Redistributor: RD frame, then the SGI frame 64 KiB above with the distributor's layout for INTIDs 0..31 */
#define GICR_CTLR 0x0000
#define GICR_IIDR 0x0004
#define GICR_TYPER 0x0008
#define GICR_WAKER 0x0014
#define GICR_CTLR_RWP BIT(3)
#define GICR_WAKER_SLEEP BIT(1)
#define GICR_WAKER_ASLEEP BIT(2)
#define GICR_SGI_FRAME 0x10000

#define GIC_FRAME_SIZE 0x10000ULL
#define GICR_SIZE 0x20000ULL

/* Of vCPU n of so many: affinity, 16 in a cluster; processor number; Last. */
static inline u64 gicr_typer(u32 n, u32 count)
{
	return (u64)((n & 15) | (n >> 4) << 8) << 32 | (u64)n << 8 | (n + 1 == count ? BIT(4) : 0);
}

/* The same read at an offset into their frames, 2^sas bytes; more: its bits besides. Negative: it is no read of GICR_TYPER. */
static inline s64 gicr_typer_read(u64 offset, u32 count, u32 sas, u64 more)
{
	u64 n = offset / GICR_SIZE, half = offset % GICR_SIZE - GICR_TYPER, typer = gicr_typer((u32)n, count) | more;

	if (n >= count)
		return -1;
	if (!half)
		return sas == 3 ? (s64)typer : sas == 2 ? (s64)(u32)typer : -1;
	return half == 4 && sas == 2 ? (s64)(typer >> 32) : -1;
}

#define GIC_PRIORITY_DEFAULT 0xa0
#define GIC_PRIORITY_KICK 0x00

/* This CPU's physical interface: ICC_CTLR_EL1, ICC_PMR_EL1, ICC_IGRPEN1_EL1; nothing active, reset values else. */
void gic_interface(u64 control, u64 mask, bool on);
void gic_raise(u32 line); /* set a spare line pending; any CPU */
/* An ICENABLER write (of the calling CPU's own lines, or of SPIs) has arrived; bounded. */
void gic_await_off(bool own);

/* Device memory. Single instructions, so that the access has the width it says. */
static inline u32 mmio_read32(u64 a) { u32 v; __asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(a) : "memory"); return v; }
static inline u64 mmio_read64(u64 a) { u64 v; __asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(a) : "memory"); return v; }
static inline u8 mmio_read8(u64 a) { u32 v; __asm__ volatile("ldrb %w0, [%1]" : "=r"(v) : "r"(a) : "memory"); return (u8)v; }
static inline void mmio_write32(u64 a, u32 v) { __asm__ volatile("str %w0, [%1]" : : "rZ"(v), "r"(a) : "memory"); }
static inline void mmio_write64(u64 a, u64 v) { __asm__ volatile("str %x0, [%1]" : : "rZ"(v), "r"(a) : "memory"); }
static inline void mmio_write8(u64 a, u8 v) { __asm__ volatile("strb %w0, [%1]" : : "rZ"((u32)v), "r"(a) : "memory"); }

#endif
