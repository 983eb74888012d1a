/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * One side of a region that cells share. bootargs: base=ADDRESS, as this cell sees the region, and role=
 *
 *     write   fills it, then says so in its first word
 *     read    waits for that word, then compares
 *     poke    reads, then writes, which the cell must not be allowed to
 *     exec    writes an instruction and runs it, which no cell is allowed to
 */
#include "guest.h"

#define WORDS 512u /* one page */
#define READY 0x600d600du
#define RET 0xd65f03c0u

static u32 pattern(u32 i)
{
	return i * 0x9e3779b9u + 1;
}

static void fill(u64 base)
{
	for (u32 i = 1; i < WORDS; i++)
		mmio_write32(base + 4 * i, pattern(i));
	dsb();
	mmio_write32(base, READY);
	print("share: wrote %u words\n", WORDS);
}

static void compare(u64 base)
{
	u32 bad = 0;

	while (mmio_read32(base) != READY)
		yield();
	dsb();
	for (u32 i = 1; i < WORDS; i++)
		bad += mmio_read32(base + 4 * i) != pattern(i);
	print("share: %s %u words, %u differ\n", bad ? "FAIL" : "read", WORDS, bad);
}

static void run(u64 base)
{
	mmio_write32(base, RET);
	dsb();
	isb();
	((void (*)(void))base)();
	print("share: FAIL executed\n");
}

void guest_main(struct boot_state *boot)
{
	char role[8] = "";
	u64 base;

	args_init(boot->dtb);
	args_get("role", role, sizeof role);
	base = args_u64("base", 0);
	uart_init();
	if (strcmp(role, "write") == 0)
		fill(base);
	else if (strcmp(role, "exec") != 0)
		compare(base);
	if (strcmp(role, "poke") == 0) {
		uart_drain();
		mmio_write32(base + 8, 0xbad);
		print("share: FAIL written\n");
	}
	if (strcmp(role, "exec") == 0)
		run(base);
	for (;;)
		wfi();
}
