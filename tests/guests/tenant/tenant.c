/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A cell that looks after its memory. It writes into each page its own name and the page's address, then looks again and
 * again whether every page still says so: a frame that is behind two pages, or in two cells, would not. In between it
 * cleans and invalidates by set and way, which in a partition with cache colours is ignored and counted.
 *
 * bootargs: tag=N, from=ADDRESS to=ADDRESS (its pages), rounds=N
 */
#include "guest.h"

#define PAGE 4096

static u64 word(u64 tag, u64 page) { return tag << 56 | page; }

/* First and last word of each page. */
static void mark(u64 tag, u64 from, u64 to)
{
	for (u64 page = from; page < to; page += PAGE) {
		mmio_write64(page, word(tag, page));
		mmio_write64(page + PAGE - 8, ~word(tag, page));
	}
}

static u64 count_wrong(u64 tag, u64 from, u64 to)
{
	u64 wrong = 0;

	for (u64 page = from; page < to; page += PAGE) {
		if (mmio_read64(page) == word(tag, page) && mmio_read64(page + PAGE - 8) == ~word(tag, page))
			continue;
		if (wrong++ < 4)
			print("tenant: FAIL page 0x%lx says 0x%lx\n", page, mmio_read64(page));
	}
	return wrong;
}

static void by_set_and_way(void)
{
	__asm__ volatile("dc isw, xzr; dc csw, xzr; dc cisw, xzr; dsb sy" : : : "memory");
}

void guest_main(struct boot_state *boot)
{
	u64 tag, from, to, rounds, wrong = 0;

	args_init(boot->dtb);
	uart_init();
	tag = args_u64("tag", 1);
	from = args_u64("from", 0x40800000);
	to = args_u64("to", 0x41000000);
	rounds = args_u64("rounds", 20);
	mark(tag, from, to);
	for (u64 round = 0; round < rounds; round++) {
		trap_expect(true);
		by_set_and_way();
		if (trap_result()->count)
			print("tenant: FAIL maintenance by set and way is an exception\n");
		trap_expect(false);
		wrong += count_wrong(tag, from, to);
		delay_us(20000);
	}
	print("tenant: end pages=%lu wrong=%lu\n", (to - from) / PAGE, wrong);
	idle_forever();
}
