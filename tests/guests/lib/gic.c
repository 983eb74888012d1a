/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* GICv3 as a guest sees it: group 1, affinity routing, one security state or non-secure. */
#include "guest.h"

void gic_init(void)
{
	mmio_write32(GICD_CTLR, 0x12); /* ARE, EnableGrp1 (non-secure view and DS = 1) */
	gic_cpu_init();
}

void gic_cpu_init(void)
{
	u32 cpu = cpu_number();

	mmio_write32(GICR_RD(cpu) + 0x14, mmio_read32(GICR_RD(cpu) + 0x14) & ~2u); /* WAKER.ProcessorSleep */
	while (mmio_read32(GICR_RD(cpu) + 0x14) & 4)
		yield();
	mmio_write32(GICR_SGI(cpu) + 0x180, ~0u); /* all off */
	mmio_write32(GICR_SGI(cpu) + 0x80, ~0u);  /* group 1 */
	write_icc(ICC_SRE, 7);
	write_icc(ICC_PMR, 0xff);
	write_icc(ICC_BPR1, 0);
	write_icc(ICC_CTLR, 0); /* EOI drops and deactivates */
	write_icc(ICC_IGRPEN1, 1);
}

/* Bit registers: the redistributor's frame for SGIs and PPIs, else the distributor. */
static void bit(u64 reg, u32 intid)
{
	u64 base = intid < 32 ? GICR_SGI(cpu_number()) + (reg - GICD_BASE) : reg + 4 * (intid / 32);

	mmio_write32(base, 1u << (intid % 32));
}

void gic_enable(u32 intid, u8 priority)
{
	if (intid < 32) {
		mmio_write8(GICR_SGI(cpu_number()) + 0x400 + intid, priority);
	} else {
		mmio_write8(GICD_IPRIORITYR + intid, priority);
		mmio_write32(GICD_IGROUPR + 4 * (intid / 32), mmio_read32(GICD_IGROUPR + 4 * (intid / 32)) | 1u << (intid % 32));
	}
	bit(GICD_ISENABLER, intid);
}

void gic_disable(u32 intid)
{
	bit(GICD_ICENABLER, intid);
}

void gic_set_pending(u32 intid)
{
	bit(GICD_ISPENDR, intid);
}

void gic_clear_pending(u32 intid)
{
	bit(GICD_ICPENDR, intid);
}

bool gic_is_pending(u32 intid)
{
	u64 base = intid < 32 ? GICR_SGI(cpu_number()) + 0x200 : GICD_ISPENDR + 4 * (intid / 32);

	return mmio_read32(base) >> (intid % 32) & 1;
}

void gic_route(u32 intid, u32 cpu)
{
	mmio_write64(GICD_IROUTER + 8UL * intid, cpu_affinity(cpu));
}

void gic_sgi(u32 cpu, u32 intid)
{
	dsb();
	write_icc(ICC_SGI1R, (u64)(cpu >> 4) << 16 | (u64)intid << 24 | 1UL << (cpu & 15));
}

void gic_sgi_others(u32 intid)
{
	dsb();
	write_icc(ICC_SGI1R, 1UL << 40 | (u64)intid << 24);
}
