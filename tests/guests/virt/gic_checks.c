/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Distributor, own redistributor, CPU interface, SGIs to self, both timers. */
#include "virt.h"

static void check_frames(void)
{
	u64 typer = mmio_read64(GICR_RD(0) + 8);

	check("gicd-arch", (mmio_read32(GICD_PIDR2) >> 4 & 0xf) == 3);
	check("gicd-lines", ((mmio_read32(GICD_TYPER) & 0x1f) + 1) * 32 > UART_LINE);
	check("gicd-ctlr", (mmio_read32(GICD_CTLR) & 0x12) == 0x12);
	check("gicr-arch", (mmio_read32(GICR_RD(0) + 0xffe8) >> 4 & 0xf) == 3);
	check("gicr-affinity-0", typer >> 32 == 0 && (typer >> 8 & 0xffff) == 0);
	check("gicr-awake", (mmio_read32(GICR_RD(0) + 0x14) & 6) == 0);
	check("gicr-typer-halves", mmio_read32(GICR_RD(0) + 8) == (u32)typer && mmio_read32(GICR_RD(0) + 12) == typer >> 32);
}

static void check_spi_registers(void)
{
	u32 bit = 1u << (UART_LINE % 32);

	gic_enable(UART_LINE, 0xa0);
	check("spi-enable", mmio_read32(GICD_ISENABLER + 4) & bit);
	check("spi-priority", mmio_read8(GICD_IPRIORITYR + UART_LINE) == 0xa0);
	mmio_write32(GICD_IPRIORITYR + (UART_LINE & ~3u), 0x50505050);
	check("spi-priority-word", mmio_read8(GICD_IPRIORITYR + UART_LINE) == 0x50);
	check("spi-group-1", mmio_read32(GICD_IGROUPR + 4) & bit);
	gic_route(UART_LINE, 0);
	check("spi-route", mmio_read64(GICD_IROUTER + 8 * UART_LINE) == 0);
	gic_disable(UART_LINE);
	check("spi-disable", !(mmio_read32(GICD_ICENABLER + 4) & bit));
	gic_set_pending(UART_LINE);
	check("spi-pend", gic_is_pending(UART_LINE));
	gic_clear_pending(UART_LINE);
	check("spi-unpend", !gic_is_pending(UART_LINE));
	mmio_write32(GICD_ISENABLER + 4, 0);
	check("spi-write-zero", !(mmio_read32(GICD_ISENABLER + 4) & bit));
}

static void check_spi_delivery(void)
{
	u64 before = irqs_taken(0);

	gic_enable(UART_LINE, 0xa0);
	gic_set_pending(UART_LINE);
	irq_unmask();
	check("spi-delivery", wait_until(irqs_taken(0) == before + 1, LONG_US) && irqs_last(0) == UART_LINE);
	delay_us(200);
	check("spi-once", irqs_taken(0) == before + 1);
	write_icc(ICC_PMR, 0x80);
	gic_set_pending(UART_LINE);
	delay_us(200);
	check("spi-below-pmr", irqs_taken(0) == before + 1 && gic_is_pending(UART_LINE));
	write_icc(ICC_PMR, 0xff);
	check("spi-pmr-opened", wait_until(irqs_taken(0) == before + 2, LONG_US));
	irq_mask();
	gic_disable(UART_LINE);
}

static void check_sgi_self(void)
{
	u64 before = irqs_taken(0);

	for (u32 i = 0; i < 16; i++)
		gic_enable(i, 0x90);
	gic_sgi(0, 5);
	check("sgi-masked", irqs_taken(0) == before && gic_is_pending(5));
	check("sgi-hppir", (read_icc(ICC_HPPIR1) & 0xffffff) == 5);
	irq_unmask();
	check("sgi-self", wait_until(irqs_taken(0) == before + 1, LONG_US) && irqs_last(0) == 5);
	for (u32 i = 0; i < 16; i++)
		gic_sgi(0, i);
	check("sgi-self-all", wait_until(irqs_taken(0) == before + 17, LONG_US));
	gic_sgi_others(3);
	delay_us(200);
	check("sgi-others-not-self", irqs_taken(0) == before + 17);
	write_icc(ICC_SGI1R, 0xffffff00000000UL | 5 << 24 | 0xfffe); /* nobody there */
	delay_us(200);
	check("sgi-to-nobody", irqs_taken(0) == before + 17);
	irq_mask();
}

void check_gic(void)
{
	check_frames();
	check_spi_registers();
	check_spi_delivery();
	check_sgi_self();
	check("icc-rpr-idle", (read_icc(ICC_RPR) & 0xff) == 0xff);
}

static void timer_off(u32 intid)
{
	if (intid == PPI_VTIMER)
		write_sysreg(cntv_ctl_el0, 2);
	if (intid == PPI_PTIMER)
		write_sysreg(cntp_ctl_el0, 2);
	isb();
}

static void check_timer(const char *name, const char *name_wfi, const char *name_mask, u32 intid)
{
	u64 before = irqs_taken(0), at, late;

	gic_enable(intid, 0x80);
	at = now() + ticks_us(1000);
	if (intid == PPI_VTIMER) {
		write_sysreg(cntv_cval_el0, at);
		write_sysreg(cntv_ctl_el0, 1);
	} else {
		write_sysreg(cntp_cval_el0, at);
		write_sysreg(cntp_ctl_el0, 1);
	}
	irq_unmask();
	check(name, wait_until(irqs_taken(0) == before + 1, LONG_US) && irqs_last(0) == intid && now() >= at);
	irq_mask();
	if (intid == PPI_VTIMER) {
		write_sysreg(cntv_tval_el0, ticks_us(1000));
		write_sysreg(cntv_ctl_el0, 1);
	} else {
		write_sysreg(cntp_tval_el0, ticks_us(1000));
		write_sysreg(cntp_ctl_el0, 1);
	}
	isb();
	while (irqs_taken(0) == before + 1) {
		wfi();
		irq_unmask();
		isb();
		irq_mask();
	}
	check(name_wfi, irqs_taken(0) == before + 2 && irqs_last(0) == intid);
	if (intid == PPI_VTIMER) { /* condition met but masked: visible, not signalled */
		write_sysreg(cntv_cval_el0, 0);
		write_sysreg(cntv_ctl_el0, 3);
		isb();
		late = read_sysreg(cntv_ctl_el0);
	} else {
		write_sysreg(cntp_cval_el0, 0);
		write_sysreg(cntp_ctl_el0, 3);
		isb();
		late = read_sysreg(cntp_ctl_el0);
	}
	irq_unmask();
	delay_us(200);
	irq_mask();
	check(name_mask, late == 7 && irqs_taken(0) == before + 2);
	timer_off(intid);
	gic_disable(intid);
}

void check_timers(void)
{
	u64 a = now(), b = now_physical(), c = now();

	check("counter-frequency", ticks_hz() != 0);
	check("counter-virtual-is-physical", a <= b && b <= c);
	irq_hook = timer_off;
	check_timer("vtimer", "vtimer-wfi", "vtimer-imask", PPI_VTIMER);
	check_timer("ptimer", "ptimer-wfi", "ptimer-imask", PPI_PTIMER);
	/* CPU_SUSPEND, standby: back with SUCCESS when the timer is due, interrupts masked */
	gic_enable(PPI_VTIMER, 0x80);
	write_sysreg(cntv_tval_el0, ticks_us(1000));
	write_sysreg(cntv_ctl_el0, 1);
	check("psci-suspend-standby", psci(PSCI_CPU_SUSPEND, 0, 0, 0) == PSCI_SUCCESS);
	irq_unmask();
	wait_until(read_sysreg(cntv_ctl_el0) == 2, LONG_US);
	irq_mask();
	irq_hook = NULL;
}
