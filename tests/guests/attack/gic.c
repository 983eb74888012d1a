/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The interrupt controller: other cells' lines, other CPUs' SGIs, every register with every size. */
#include "attack.h"

static void ones_and_zeros(u64 a)
{
	mmio_write32(a, ~0u);
	mmio_write32(a, 0);
	mmio_write8(a + 1, 0xff);
	mmio_write8(a + 1, 0);
	if (a % 8 == 0) {
		mmio_write64(a, ~0UL);
		mmio_write64(a, 0);
		mmio_read64(a);
	}
	mmio_write16(a + 2, 0xffff);
	mmio_read8(a + 3);
	mmio_read16(a);
	mmio_read32(a);
}

/* Every word of the distributor's frame. */
static void attack_gicd_sweep(void)
{
	trap_expect(true);
	for (u32 i = 0; i < 0x10000; i += 4)
		ones_and_zeros(GICD_BASE + i);
	trap_expect(false);
	gic_init();
	print("attack: gicd-sweep end\n");
}

static u32 bits(u32 value)
{
	u32 n = 0;

	for (; value; value &= value - 1)
		n++;
	return n;
}

/* Aimed: each SPI but its own enabled, pending, routed here, urgent, then the opposite. */
static void attack_gicd_lines(void)
{
	u32 enabled = 0, pending = 0;

	gic_init();
	for (u32 i = 32; i < 288; i++) {
		gic_route(i, 0);
		gic_enable(i, 0);
		for (u32 n = 1; n < 16; n++) { /* to CPUs that are not its own: at each it would interrupt somebody */
			gic_route(i, n);
			gic_set_pending(i);
			if (mmio_read32(GICD_ISENABLER + 4 * (i / 32)) >> (i % 32) & 1)
				delay_us(20000); /* its own: time for the other CPU to take it */
		}
		mmio_write64(GICD_IROUTER + 8UL * i, 1UL << 31 | 0xff00ffff0f);
		mmio_write64(GICD_IROUTER + 8UL * i, 1UL << 31);
		gic_set_pending(i);
	}
	for (u32 i = 4; i < 0x24; i += 4) {
		mmio_write32(GICD_IGROUPR + i, 0);
		mmio_write32(GICD_IGRPMODR + i, ~0u);
		mmio_write32(GICD_ISACTIVER + i, ~0u);
		mmio_write32(GICD_ICFGR + 2 * i, 0);
		mmio_write32(GICD_ICFGR + 2 * i + 4, 0xaaaaaaaa);
		enabled += bits(mmio_read32(GICD_ISENABLER + i)); /* of all these, its own line took effect */
		pending += bits(mmio_read32(GICD_ISPENDR + i));
	}
	for (u32 i = 32; i < 288; i++) {
		mmio_write32(GICD_BASE + 0x40, i); /* SETSPI_NSR */
		mmio_write32(GICD_BASE + 0x50, i); /* SETSPI_SR */
	}
	for (u32 i = 4; i < 0x24; i += 4) {
		mmio_write32(GICD_ICENABLER + i, ~0u);
		mmio_write32(GICD_ICPENDR + i, ~0u);
		mmio_write32(GICD_ICACTIVER + i, ~0u);
	}
	irq_unmask();
	delay_us(5000);
	irq_mask();
	gic_init();
	print("attack: gicd-lines end enabled=%u pending=%u\n", enabled, pending);
}

/* And now for good: a distributor that is off would stop every line and timer of the machine. */
static void attack_gicd_off(void)
{
	mmio_write32(GICD_CTLR, 0);
	print("attack: gicd-off end\n");
}

/* The RD frame: LPI tables, sleep, invalidations. Its own, and what lies where the next CPU's would be. */
static void attack_gicr_rd(void)
{
	u64 rd = GICR_RD(0);

	trap_expect(true);
	mmio_write64(rd + 0x70, 0x40000000 | 15); /* PROPBASER */
	mmio_write64(rd + 0x78, 0x40000000);      /* PENDBASER */
	mmio_write32(rd, 1);                      /* CTLR.EnableLPIs */
	mmio_write32(rd + 0x14, ~0u);             /* WAKER */
	for (u32 i = 0; i < 0x10000; i += 4)
		ones_and_zeros(rd + i);
	trap_expect(false);
	gic_cpu_init();
	print("attack: gicr-rd end lpis=%u\n", mmio_read32(rd) & 1);
}

/* Its SGI frame is its own: it may wreck that. */
static void attack_gicr_sgi(void)
{
	u64 sgi = GICR_SGI(0);

	for (u32 i = 0; i < 0x1000; i += 4) {
		mmio_write32(sgi + i, ~0u);
		mmio_write32(sgi + i, 0);
	}
	gic_cpu_init();
	for (u32 i = 0; i < 8; i++)
		mmio_write32(sgi + 0x400 + 4 * i, 0);
	mmio_write32(sgi + 0x280, ~0u);
	mmio_write32(sgi + 0x380, ~0u);
	print("attack: gicr-sgi end\n");
}

/* SGIs to everybody there could be. */
static void attack_sgi(void)
{
	irq_mask();
	for (u64 id = 0; id < 16; id++) {
		for (u64 a1 = 0; a1 < 4; a1++) {
			write_icc(ICC_SGI1R, id << 24 | a1 << 16 | 0xffff);
			write_icc(ICC_SGI1R, id << 24 | a1 << 32 | 0xffff);
			write_icc(ICC_SGI1R, id << 24 | a1 << 48 | a1 << 44 | 0xffff); /* range selector */
		}
		write_icc(ICC_SGI1R, 1UL << 40 | id << 24);
		write_icc(ICC_SGI1R, 1UL << 40 | id << 24 | 0xffff);
		trap_expect(true);
		write_icc(ICC_ASGI1R, 1UL << 40 | id << 24 | 0xffff);
		write_icc(ICC_SGI0R, 1UL << 40 | id << 24 | 0xffff);
		write_icc(ICC_ASGI1R, id << 24 | 0xffff);
		write_icc(ICC_SGI0R, id << 24 | 0xffff);
		trap_expect(false);
	}
	print("attack: sgi end\n");
}

/* Deactivating lines of others. EOIR1 is direct mode's documented residual and left out here. */
static void attack_deactivate(void)
{
	u64 end = now() + ticks_us(1000000);

	trap_expect(true);
	write_icc(ICC_CTLR, 2); /* EOImode: deactivation is DIR's */
	while (now() < end)
		for (u32 i = 128; i < 136; i++) /* the witness's is among them, active a millisecond at a time */
			write_icc(ICC_DIR, i);
	for (u32 i = 0; i < 1024; i++)
		write_icc(ICC_DIR, i);
	write_icc(ICC_CTLR, 0);
	trap_expect(false);
	print("attack: deactivate end\n");
}

/* Timers that are always due, handled and always due again, for a while. */
static u64 storm_end;

void irq_handler(u32 intid)
{
	(void)intid;
	irq_flood_end();
	if (now() < storm_end)
		return;
	write_sysreg(cntv_ctl_el0, 2); /* nothing but the handler runs in a storm */
	write_sysreg(cntp_ctl_el0, 2);
	isb();
}

static void attack_storm(void)
{
	storm_end = now() + ticks_us(300000);

	gic_init();
	gic_enable(PPI_VTIMER, 0);
	gic_enable(PPI_PTIMER, 0);
	write_sysreg(cntv_cval_el0, 0);
	write_sysreg(cntv_ctl_el0, 1);
	write_sysreg(cntp_cval_el0, 0);
	write_sysreg(cntp_ctl_el0, 1);
	irq_unmask();
	while (now() < storm_end)
		isb();
	irq_mask();
	print("attack: storm end interrupts=%s\n", irq_count[0][PPI_VTIMER] + irq_count[0][PPI_PTIMER] > 10 ? "many" : "few");
}

const struct attack gic_attacks[] = {
	{ "gicd-sweep", attack_gicd_sweep },
	{ "gicd-lines", attack_gicd_lines },
	{ "gicd-off", attack_gicd_off },
	{ "gicr-rd", attack_gicr_rd },
	{ "gicr-sgi", attack_gicr_sgi },
	{ "sgi", attack_sgi },
	{ "deactivate", attack_deactivate },
	{ "storm", attack_storm },
	{ NULL, NULL },
};
