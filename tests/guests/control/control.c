/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A control loop: 1 kHz on the virtual timer, sleeping in WFI between periods.
 *
 *     cval     +P       +2P      +3P           deadlines are absolute, so a late
 *      |--------|--------|--------|--           period delays nobody behind it
 *       ^lat     ^lat     ^lat
 *
 * Every period is accounted for: counted in order by the interrupt, its latency
 * (ticks from deadline to handler) put in a histogram by powers of two, late if
 * the latency exceeds a whole period. Lateness is counted, not judged: under
 * emulation it says nothing. Exits are judged: between the first and the last
 * deadline there must be none, so printing comes after.
 *
 * Then, with rounds=N (0: for ever), it goes on in rounds of as many periods, and
 * says after each how many exits it had that are not its own doing: not one of
 * its hypercalls, not an access to its console.
 *
 *     control: round=1 periods=1000 in_order=1000 exits=0 unaccounted=0 OK
 *
 * bootargs: periods=N (1000), hz=N (1000), rounds=N (none), ask=1: it says so only if asked by a key, or if something is wrong
 */
#include "guest.h"

#define BUCKETS 40

static volatile u64 served; /* deadlines whose interrupt came */
static u64 periods, period, first, late, worst, in_order, spurious;
static u32 histogram[BUCKETS];

static u32 bucket(u64 ticks)
{
	u32 n = ticks ? 64 - (u32)__builtin_clzll(ticks) : 0; /* 0; 1; 2-3; 4-7; ... */

	return n < BUCKETS ? n : BUCKETS - 1;
}

void irq_handler(u32 intid)
{
	u64 at = now(), deadline = first + served * period;

	if (intid != PPI_VTIMER || at < deadline || served == periods) {
		spurious++;
		return;
	}
	/* in order: the timer stands where period number `served` put it, and has fired */
	in_order += read_sysreg(cntv_cval_el0) == deadline && read_sysreg(cntv_ctl_el0) == 5;
	histogram[bucket(at - deadline)]++;
	if (at - deadline > worst)
		worst = at - deadline;
	late += at - deadline > period;
	served++;
	write_sysreg(cntv_cval_el0, deadline + period);
	write_sysreg(cntv_ctl_el0, served < periods);
	isb(); /* the line is low again before the interrupt ends */
}

static void measure(void)
{
	first = now() + 10 * period;
	write_sysreg(cntv_cval_el0, first);
	write_sysreg(cntv_ctl_el0, 1);
	isb();
	while (served < periods) { /* masked between the test and WFI, so no wake-up is lost */
		wfi();
		irq_unmask();
		isb();
		irq_mask();
	}
}

/* One line, and room for the next: a console that drops when full must not drop this. */
static void breathe(void)
{
	uart_drain();
	delay_us(2000);
}

static void report(u64 exits, bool counted)
{
	for (u32 i = 0; i < BUCKETS; i++) {
		if (!histogram[i])
			continue;
		print("control: latency %8lu..%8lu ticks: %u\n", i ? 1UL << (i - 1) : 0UL, i ? (1UL << i) - 1 : 0UL, histogram[i]);
		breathe();
	}
	print("control: worst=%lu ticks, one period=%lu ticks, spurious=%lu\n", worst, period, spurious);
	breathe();
	print("control: periods=%lu in_order=%lu late=%lu exits=", periods, in_order, late);
	if (counted)
		print("%lu\n", exits);
	else
		print("unknown\n");
}

static bool round_is_fine(u64 exits, u64 unaccounted)
{
	return in_order == periods && !exits && !unaccounted && !spurious;
}

/* Every exit since the first line of this is known: calls, of which each reading is one, and accesses. */
static void go_on(u64 rounds, bool counted)
{
	u64 calls = 1, accesses = uart_accesses, began = exits_total();
	bool always = !args_u64("ask", 0);

	for (u64 round = 1; round <= rounds || !rounds; round++) {
		u64 before, exits, unaccounted;
		bool say = always;

		served = in_order = late = worst = 0;
		before = exits_total();
		measure();
		exits = exits_between(before, exits_total());
		calls += 2;
		unaccounted = exits_total() - began - calls - (uart_accesses - accesses);
		calls++;
		if (!counted)
			exits = unaccounted = 0;
		while (uart_getc() >= 0)
			say = true;
		if (!say && round_is_fine(exits, unaccounted))
			continue;
		print("control: round=%lu periods=%lu in_order=%lu exits=%lu unaccounted=%ld %s\n", round, periods, in_order, exits,
		      (s64)unaccounted, round_is_fine(exits, unaccounted) ? "OK" : "FAIL");
	}
}

void guest_main(struct boot_state *boot)
{
	u64 before, after, base[16];
	bool counted = cloison_present();
	char word[16];

	args_init(boot->dtb);
	periods = args_u64("periods", 1000);
	period = ticks_hz() / args_u64("hz", 1000);
	uart_init();
	gic_init();
	gic_enable(PPI_VTIMER, 0x80);

	for (u64 i = 0; i < ARRAY_COUNT(base); i++)
		base[i] = counted ? exits_reason(i) : 0;
	before = exits_total();
	measure();
	after = exits_total();

	report(exits_between(before, after), counted);
	if (counted && exits_between(before, after))
		for (u64 i = 1; i < ARRAY_COUNT(base); i++) /* 0: hypercalls, the readings themselves */
			print("control: reason %lu: +%ld since before\n", i, (s64)(exits_reason(i) - base[i]));
	if (args_get("rounds", word, sizeof word))
		go_on(args_u64("rounds", 1), counted);
	idle_forever();
}
