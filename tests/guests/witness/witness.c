/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The healthy neighbour of an attacker. Round after round it lives a small
 * life and checks that nobody took part in it:
 *
 *     ticks      its virtual timer, 1 kHz in WFI, each deadline served in order
 *     exits      none while it only ticks and works on its memory; if interrupts are mediated, one for each
 *     memory     a pattern over 1 MiB, rewritten each round
 *     SGIs       all sixteen enabled; one to itself each round, and none else ever comes
 *     line       its own SPI, set pending by itself once a round: comes exactly
 *                once, stays active while it is handled
 *     registers  of the interrupt controller: as they were set up
 *
 * and prints "witness: OK round=N ..." or "witness: FAIL what". It never stops.
 * bootargs: line=INTID (its console's line; 0: skip), ticks=N (50 per round),
 * wfi=guarded (exits are then one per sleep and not judged), interrupts=mediated
 */
#include "guest.h"

#define WORDS (1024 * 1024 / 8)

static u64 memory[WORDS];
static u64 period, deadline, line, goal, active_lost, trigger;
static volatile u64 ticks;

static bool line_is_active(void)
{
	return mmio_read32(GICD_ISACTIVER + 4 * (line / 32)) >> (line % 32) & 1;
}

void irq_handler(u32 intid)
{
	if (intid == line) { /* stays active until its handler is done, whoever would like to deactivate it */
		u64 end = now() + 4 * period;
		while (now() < end)
			active_lost += !line_is_active();
	}
	if (intid != PPI_VTIMER)
		return;
	if (now() < deadline)
		return;
	ticks++;
	deadline += period;
	write_sysreg(cntv_cval_el0, deadline);
	write_sysreg(cntv_ctl_el0, ticks < goal);
	isb();
}

static u64 failed;
static bool counted;

static void check(const char *what, u64 expected, u64 found)
{
	if (expected == found)
		return;
	failed++;
	print("witness: FAIL %s expected=%lu found=%lu\n", what, expected, found);
}

static u64 pattern(u64 i, u64 round)
{
	return (i * 0x9e3779b97f4a7c15UL) ^ round;
}

static u64 memory_bad(u64 from, u64 to, u64 round)
{
	u64 bad = 0;

	for (u64 i = from; i < to; i++) {
		bad += memory[i] != pattern(i, round);
		memory[i] = pattern(i, round + 1);
	}
	return bad;
}

static u64 tick_round(u64 count, u64 round, u64 *bad)
{
	u64 start = ticks;

	goal = start + count;
	deadline = now() + period;
	write_sysreg(cntv_cval_el0, deadline);
	write_sysreg(cntv_ctl_el0, 1);
	isb();
	for (u64 n = 0; n < count; n++) {
		while (ticks <= start + n) { /* a late one brings the next along */
			wfi();
			irq_unmask();
			isb();
			irq_mask();
		}
		*bad += memory_bad(WORDS / count * n, n + 1 == count ? WORDS : WORDS / count * (n + 1), round);
	}
	return ticks - start;
}

/* Everything counted by trap_irq that is not the timer or the own line. */
static u64 strangers(u32 from, u32 to)
{
	u64 n = 0;

	for (u32 i = from; i < to; i++)
		if (i != PPI_VTIMER && i != line)
			n += irq_count[0][i];
	return n;
}

/* As it was set: nobody else may change it. */
static void line_settings(void)
{
	check("own line's priority", 0x60, mmio_read8(GICD_IPRIORITYR + line));
	check("own line enabled", 1, mmio_read32(GICD_ISENABLER + 4 * (line / 32)) >> (line % 32) & 1);
	check("own line's group", 1, mmio_read32(GICD_IGROUPR + 4 * (line / 32)) >> (line % 32) & 1);
	check("own line's route", 0, mmio_read64(GICD_IROUTER + 8 * line));
	check("own line's trigger", trigger, mmio_read32(GICD_ICFGR + 4 * (line / 16)) >> (line % 16 * 2) & 3);
}

/* Everything but pending and active, of which there is none between two rounds. */
static u64 registers(void)
{
	u64 sum = 0;

	for (u32 i = 0x80; i < 0xd00; i += 4)
		if ((i < 0x400 || i >= 0x420) && (i < 0x520 || i >= 0xc00) && (i & 0x7c) < 0x24)
			sum = (sum << 7 | sum >> 57) ^ mmio_read32(GICD_BASE + i);
	for (u32 i = 0; i < 0xc08; i += 4)
		if ((i & 0x7c) == 0 || (i >= 0x400 && i < 0x420) || i == 0xc04)
			sum = (sum << 7 | sum >> 57) ^ mmio_read32(GICR_SGI(0) + i);
	return sum ^ mmio_read32(GICD_CTLR) ^ read_icc(ICC_BPR1) << 8 ^ read_icc(ICC_PMR) << 16 ^ read_icc(ICC_CTLR) << 24 ^
	       read_icc(ICC_IGRPEN1) << 60;
}

static void sgi_round(u64 round)
{
	u32 intid = (u32)round % 16, had = irq_count[0][intid];

	gic_sgi(0, intid);
	irq_unmask();
	wait_until(irq_count[0][intid] > had, 5000000);
	irq_mask();
	check("SGI to itself", had + 1, irq_count[0][intid]);
}

static void line_round(u64 round)
{
	line_settings();
	gic_set_pending((u32)line);
	irq_unmask();
	wait_until(irq_count[0][line] >= round + 1, 5000000);
	delay_us(100);
	irq_mask();
	check("own line", round + 1, irq_count[0][line]);
	check("own line deactivated by others", 0, active_lost);
}

void guest_main(struct boot_state *boot)
{
	char word[16];
	bool guarded, mediated;
	u64 per_round, settings;

	args_init(boot->dtb);
	guarded = args_get("wfi", word, sizeof word);
	mediated = args_get("interrupts", word, sizeof word) && strcmp(word, "mediated") == 0;
	per_round = args_u64("ticks", 50);
	line = args_u64("line", UART_LINE);
	period = ticks_hz() / 1000;
	counted = cloison_present();
	uart_init();
	gic_init();
	for (u32 i = 0; i < 16; i++)
		gic_enable(i, 0x40);
	gic_enable(PPI_VTIMER, 0x80);
	if (line)
		gic_enable((u32)line, 0x60);
	trigger = mmio_read32(GICD_ICFGR + 4 * (line / 16)) >> (line % 16 * 2) & 3;
	settings = registers();
	for (u64 i = 0; i < WORDS; i++)
		memory[i] = pattern(i, 0);
	for (u64 round = 0;; round++) {
		u64 before = exits_total(), timers = irq_count[0][PPI_VTIMER], bad = 0, exits;
		u64 served = tick_round(per_round, round, &bad);

		exits = counted ? exits_between(before, exits_total()) : 0;
		check("ticks", per_round, served);
		check("memory words changed by others", 0, bad);
		check("SGIs", round, strangers(0, 16));
		check("interrupts of others", 0, strangers(16, 1020));
		if (!guarded)
			check("exits", mediated ? irq_count[0][PPI_VTIMER] - timers : 0, exits);
		sgi_round(round);
		if (line)
			line_round(round);
		check("registers", settings, registers());
		print("witness: %s round=%lu ticks=%lu exits=%lu failed=%lu\n", failed ? "BAD" : "OK", round, ticks, exits, failed);
	}
}
