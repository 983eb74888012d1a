/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A device line that does not stop: a passed-through PL031 (RTC) on SPI 2 or
 * PL061 (GPIO) on SPI 7, both levels, with a limit in the partition. Mediated.
 *
 *     way=level     the RTC's alarm is due and nobody serves it
 *     way=gpio      a GPIO input is high, level sensitive, and nobody serves it
 *     way=pend      ISPENDR from the handler, again and again
 *
 * Each way: it comes, more often than allowed; then it stays away (the core has
 * masked it); disabled and enabled it comes again; served, it is gone and
 * comes when it is asked for, once.
 *
 *     storm: WAY masked at=N      handled N times, then no more
 *     storm: WAY again at=N       after disable and enable
 *     storm: WAY served           the device is quiet, its line works
 *
 * stop=fault or stop=off ends the cell with the line enabled and about to fire
 * (the alarm, a second away), or firing (now=1).
 * bootargs: way=, line=INTID (34: the RTC's), stop=, now=1, rounds=N (2)
 */
#include "guest.h"

#define RTC_BASE 0x09010000UL
#define RTC_DR (RTC_BASE + 0x00)
#define RTC_MR (RTC_BASE + 0x04)
#define RTC_CR (RTC_BASE + 0x0c)
#define RTC_IMSC (RTC_BASE + 0x10)
#define RTC_RIS (RTC_BASE + 0x14)
#define RTC_ICR (RTC_BASE + 0x1c)

#define GPIO_BASE 0x09030000UL
#define GPIO_DATA (GPIO_BASE + 0x3fc)
#define GPIO_DIR (GPIO_BASE + 0x400)
#define GPIO_IS (GPIO_BASE + 0x404)
#define GPIO_IEV (GPIO_BASE + 0x40c)
#define GPIO_IE (GPIO_BASE + 0x410)
#define GPIO_RIS (GPIO_BASE + 0x414)

static char way[16];
static u32 line;
static volatile u64 taken;
static volatile bool serve;

static bool is(const char *name) { return strcmp(way, name) == 0; }

/* ---- the device ---- */

static void raise_line(void)
{
	if (is("level")) {
		u32 at;

		mmio_write32(RTC_IMSC, 1);
		do { /* due now: a second that begins in between would be due in 136 years */
			at = mmio_read32(RTC_DR);
			mmio_write32(RTC_MR, at);
		} while (mmio_read32(RTC_DR) != at);
	} else if (is("gpio")) {
		mmio_write32(GPIO_DIR, 0);
		mmio_write32(GPIO_IS, 0xff);   /* level */
		mmio_write32(GPIO_IEV, 0);     /* low, which all inputs are */
		mmio_write32(GPIO_IE, 0xff);
	} else {
		gic_set_pending(line);
	}
}

static void lower_line(void)
{
	if (is("level")) {
		mmio_write32(RTC_IMSC, 0);
		mmio_write32(RTC_ICR, 1);
	} else if (is("gpio")) {
		mmio_write32(GPIO_IE, 0);
	}
}

void irq_handler(u32 intid)
{
	if (intid != line)
		return;
	taken++;
	if (serve)
		lower_line();
	else if (is("pend"))
		gic_set_pending(line);
}

/* Nothing more for half a second. */
static bool quiet(void)
{
	u64 had = taken;

	delay_us(500000);
	return taken == had;
}

static void storm(const char *what, u64 had)
{
	bool still = false;

	for (u32 i = 0; i < 20 && !still; i++)
		still = quiet();
	print("storm: %s %s at=%lu%s\n", way, what, taken - had, still ? "" : " FAIL not masked");
}

static void check(const char *what, bool ok)
{
	print("storm: %s %s%s\n", way, what, ok ? "" : " FAIL");
}

static void serve_it(void)
{
	u64 had;

	serve = true;
	gic_disable(line);
	delay_us(1100000); /* the budget of a new second */
	gic_enable(line, 0x60);
	delay_us(10000);
	lower_line();
	had = taken;
	delay_us(10000);
	check("quiet", taken == had && !gic_is_pending(line));
	raise_line();
	check("served", wait_until(taken == had + 1, 10000000));
	delay_us(10000);
	check("once", taken == had + 1 && !gic_is_pending(line));
	serve = false;
}

/* The last of this cell: its line enabled, and about to fire or firing. */
static void stop(const char *how, bool at_once)
{
	serve = true;
	irq_mask();
	gic_enable(line, 0x60);
	if (is("level") && !at_once) {
		mmio_write32(RTC_ICR, 1);
		mmio_write32(RTC_IMSC, 1);
		mmio_write32(RTC_MR, mmio_read32(RTC_DR) + 1);
	} else {
		raise_line();
	}
	print("storm: %s stops by %s\n", way, how);
	uart_drain();
	if (strcmp(how, "fault") == 0)
		mmio_read32(0x30000000);
	psci(PSCI_SYSTEM_OFF, 0, 0, 0);
	print("storm: FAIL still here\n");
}

void guest_main(struct boot_state *boot)
{
	char how[16];

	args_init(boot->dtb);
	uart_init();
	gic_init();
	args_get("way", way, sizeof way);
	line = (u32)args_u64("line", 34);
	if (args_get("stop", how, sizeof how)) {
		delay_us(500000); /* until the neighbours have something to lose */
		stop(how, args_u64("now", 0));
		idle_forever();
	}
	irq_unmask();
	for (u64 round = args_u64("rounds", 2); round; round--) {
		u64 had = taken;

		gic_enable(line, 0x60);
		raise_line();
		storm("masked", had);
		check("left pending", gic_is_pending(line));
		had = taken;
		delay_us(1100000); /* the budget of a new second */
		gic_disable(line);
		gic_enable(line, 0x60);
		storm("again", had);
		serve_it();
		gic_disable(line);
	}
	print("storm: %s end\n", way);
	idle_forever();
}
