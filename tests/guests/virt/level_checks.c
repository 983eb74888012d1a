/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Levels: the UART's line and the timers.
 */
#include "virt.h"

#define IMSC (UART_BASE + 0x38)
#define RIS (UART_BASE + 0x3c)
#define ICR (UART_BASE + 0x44)
#define INT_TX 0x20

static volatile u32 taken, goal, bad;

static bool active(u32 intid) { return mmio_read32(GICD_ISACTIVER + 4 * (intid / 32)) >> (intid % 32) & 1; }

/* The device has something to say; the line is high as soon as IMSC lets it. */
static void uart_raise(void)
{
	mmio_write32(IMSC, 0);
	print("virt: level\n");
	uart_drain();
	wait_until(mmio_read32(RIS) & INT_TX, LONG_US);
	taken = 0; /* a FIFO that was full for a moment, while something was told, has had its interrupt */
}

/* A FIFO that is full of what is told has no transmit interrupt, and has one when it is not any more: neither may come later. */
static void told(const char *name, bool ok)
{
	check(name, ok);
	uart_drain();
}

/* Handled `goal` times without a touch of the device, then it is served. */
static void stubborn(u32 intid)
{
	taken++;
	bad += intid != UART_LINE || !active(intid) || !gic_is_pending(intid);
	if (taken < goal)
		return;
	mmio_write32(ICR, INT_TX);
	bad += gic_is_pending(intid);
}

static void expect_taken(const char *name, u32 n)
{
	told(name, taken == n && bad == 0 && !active(UART_LINE) && !gic_is_pending(UART_LINE));
}

static void check_uart_level(void)
{
	irq_hook = stubborn;
	gic_route(UART_LINE, 0);
	gic_enable(UART_LINE, 0xa0);
	mmio_write32(ICR, INT_TX);
	gic_clear_pending(UART_LINE);

	bad = 0;
	goal = 1;
	uart_raise();
	told("level-low", !gic_is_pending(UART_LINE));
	mmio_write32(IMSC, INT_TX);
	told("level-high", gic_is_pending(UART_LINE));
	gic_clear_pending(UART_LINE);
	told("level-not-cleared", gic_is_pending(UART_LINE));
	mmio_write32(IMSC, 0);
	told("level-fallen", !gic_is_pending(UART_LINE) && (read_icc(ICC_HPPIR1) & 0xffffff) == 1023);
	settle();
	expect_taken("level-fallen-none", 0);
	mmio_write32(IMSC, INT_TX);
	settle();
	expect_taken("level-once", 1);

	goal = 4;
	uart_raise();
	mmio_write32(IMSC, INT_TX);
	settle();
	expect_taken("level-again-after-eoi", 4);

	goal = 1;
	gic_disable(UART_LINE);
	uart_raise();
	mmio_write32(IMSC, INT_TX);
	settle();
	told("level-disabled", taken == 0 && gic_is_pending(UART_LINE));
	gic_enable(UART_LINE, 0xa0);
	settle();
	expect_taken("level-enabled", 1);

	uart_raise();
	mmio_write32(IMSC, INT_TX);
	gic_set_pending(UART_LINE); /* a latch on top of it: one acknowledge is for both */
	settle();
	expect_taken("level-and-latch", 1);

	uart_raise();
	mmio_write32(GICD_CTLR, 0x10);
	mmio_write32(IMSC, INT_TX);
	settle();
	told("level-distributor-off", taken == 0 && gic_is_pending(UART_LINE));
	mmio_write32(GICD_CTLR, 0x12);
	settle();
	expect_taken("level-distributor-on", 1);

	uart_raise();
	goal = 100;
	write_icc(ICC_CTLR, 2); /* two steps: dropped, still active, level still high: not again until DIR */
	mmio_write32(IMSC, INT_TX);
	settle();
	told("level-dropped", taken == 1 && active(UART_LINE) && gic_is_pending(UART_LINE));
	write_icc(ICC_DIR, UART_LINE);
	settle();
	told("level-deactivated", taken == 2 && active(UART_LINE));
	mmio_write32(ICR, INT_TX);
	write_icc(ICC_DIR, UART_LINE);
	settle();
	expect_taken("level-served", 2);
	write_icc(ICC_CTLR, 0);
	mmio_write32(IMSC, 0);
	gic_disable(UART_LINE);
}

/* ---- timers: lines of this CPU's own, the same in every mode ---- */

static void timer_set(u32 intid, u64 at, u64 control)
{
	if (intid == PPI_VTIMER) {
		write_sysreg(cntv_cval_el0, at);
		write_sysreg(cntv_ctl_el0, control);
	} else {
		write_sysreg(cntp_cval_el0, at);
		write_sysreg(cntp_ctl_el0, control);
	}
	isb();
}

static volatile u32 first_taken;

/* Due again at once, `goal` times. */
static void again(u32 intid)
{
	if (!taken)
		first_taken = intid;
	taken++;
	timer_set(intid, now() - 1, taken < goal ? 1 : 2);
}

/* Not served `goal` times: the line stays high. */
static void neglect(u32 intid)
{
	taken++;
	if (taken == goal)
		timer_set(intid, 0, 2);
}

static void both_off(u32 intid)
{
	if (!taken)
		first_taken = intid;
	taken++;
	if (intid >= 16)
		timer_set(intid, 0, 2);
}

/* Disabled by its handler, the timer still due. */
static void disable_it(u32 intid)
{
	taken++;
	gic_disable(intid);
}

static void check_timer_level(const char *name, const char *name_again, const char *name_disabled, const char *name_set, u32 intid)
{
	gic_enable(intid, 0x80);
	taken = 0;
	goal = 5;
	irq_hook = neglect;
	timer_set(intid, 0, 1);
	check(name, gic_is_pending(intid));
	settle();
	check(name, taken == 5 && !gic_is_pending(intid));

	taken = 0;
	goal = 100;
	irq_hook = again;
	timer_set(intid, 0, 1);
	irq_unmask();
	check(name_again, wait_until(taken == 100, LONG_US));
	settle();
	check(name_again, taken == 100 && !gic_is_pending(intid));

	taken = 0;
	irq_hook = disable_it;
	timer_set(intid, 0, 1);
	settle();
	check(name_disabled, taken == 1 && gic_is_pending(intid));
	gic_enable(intid, 0x80);
	settle();
	check(name_disabled, taken == 2);
	timer_set(intid, 0, 2);
	gic_enable(intid, 0x80);
	settle();
	check(name_disabled, taken == 2 && !gic_is_pending(intid));

	irq_hook = both_off;
	gic_set_pending(intid); /* without the timer */
	settle();
	check(name_set, taken == 3);
	gic_disable(intid);
	gic_set_pending(intid);
	settle();
	check(name_set, taken == 3 && gic_is_pending(intid));
	gic_clear_pending(intid);
	check(name_set, !gic_is_pending(intid));
	gic_enable(intid, 0x80);
	settle();
	check(name_set, taken == 3);
	gic_disable(intid);
}

static void check_both_timers(void)
{
	gic_enable(PPI_VTIMER, 0x90);
	gic_enable(PPI_PTIMER, 0x70);
	irq_hook = both_off;
	taken = 0;
	timer_set(PPI_VTIMER, 0, 1);
	timer_set(PPI_PTIMER, 0, 1);
	for (u32 i = 0; i < 6; i++) { /* more than there may be places for, half of them more urgent */
		gic_enable(i, (u8)(0x40 + 0x18 * i));
		gic_sgi(0, i);
	}
	check("timers-pending", gic_is_pending(PPI_VTIMER) && gic_is_pending(PPI_PTIMER));
	settle();
	check("timers-among-others", taken == 8 && !gic_is_pending(PPI_VTIMER) && !gic_is_pending(PPI_PTIMER));
	taken = 0;
	timer_set(PPI_VTIMER, 0, 1);
	timer_set(PPI_PTIMER, 0, 1);
	check("timers-hppir", (read_icc(ICC_HPPIR1) & 0xffffff) == PPI_PTIMER);
	settle();
	check("timers-in-order", taken == 2 && first_taken == PPI_PTIMER);
	/* masked at the CPU, due, then switched off */
	taken = 0;
	timer_set(PPI_VTIMER, 0, 1);
	timer_set(PPI_PTIMER, 0, 1);
	delay_us(50);
	timer_set(PPI_VTIMER, 0, 2);
	timer_set(PPI_PTIMER, 0, 2);
	if (!known_limit("mediated", "timers-cancelled")) { /* in a list register a level that falls is not seen */
		check("timers-cancelled", !gic_is_pending(PPI_VTIMER) && !gic_is_pending(PPI_PTIMER));
		settle();
		check("timers-cancelled-none", taken == 0);
	}
	settle();
	gic_disable(PPI_VTIMER);
	gic_disable(PPI_PTIMER);
}

void check_levels(void)
{
	if (!known_limit("direct", "level")) /* a spare line is a latch */
		check_uart_level();
	mmio_write32(IMSC, 0); /* what is told may fill the FIFO: its interrupt would be counted as a timer's */
	gic_disable(UART_LINE);
	check_timer_level("vtimer-level", "vtimer-again", "vtimer-disabled-due", "vtimer-set-pending", PPI_VTIMER);
	check_timer_level("ptimer-level", "ptimer-again", "ptimer-disabled-due", "ptimer-set-pending", PPI_PTIMER);
	check_both_timers();
	irq_hook = NULL;
}
