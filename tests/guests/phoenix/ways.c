/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* How a CPU waits for somebody who ends its life, and makes it as hard for him as it can. */
#include "phoenix.h"

#define ICC_AP1R0 "s3_0_c12_c9_0"

static void mask(void)
{
	__asm__ volatile("msr daifset, #15");
}

static void spin(void)
{
	mask();
	__asm__ volatile("1:\tb 1b");
}

static void spin_without_mmu(void)
{
	mask();
	__asm__ volatile("msr sctlr_el1, %0\n\tisb\n1:\tb 1b" : : "r"(0x30d00800UL));
}

static void sleep(void)
{
	for (;;)
		wfi();
}

static void sleep_masked(void)
{
	mask();
	sleep();
}

/* What wakes it is of no group that is on. */
static void sleep_group_off(void)
{
	mask();
	write_icc(ICC_IGRPEN1, 0);
	sleep();
}

static void sleep_priority_mask(void)
{
	mask();
	write_icc(ICC_PMR, 0);
	sleep();
}

/* Everything is disabled that it can name: SGIs, PPIs, all lines of the board. */
static void sleep_nothing_enabled(void)
{
	mask();
	mmio_write32(GICR_SGI(cpu_number()) + 0x180, ~0u);
	for (u32 i = 1; i < 9; i++)
		mmio_write32(GICD_ICENABLER + 4 * i, ~0u);
	sleep();
}

/* An interrupt of the highest priority is active. */
static void sleep_active(void)
{
	mask();
	mmio_write32(GICR_SGI(cpu_number()) + 0x400, 0);
	mmio_write32(GICR_SGI(cpu_number()) + 0x100, ~0u);
	write_icc(ICC_PMR, 0xff);
	write_icc(ICC_IGRPEN1, 1);
	gic_sgi(cpu_number(), 1);
	isb();
	(void)read_icc(ICC_IAR1);
	write_icc(ICC_AP1R0, 1);
	sleep();
}

static void sleep_event(void)
{
	mask();
	for (;;)
		wfe();
}

/* By the core, in a call. */
static void sleep_in_call(void)
{
	mask();
	for (;;)
		psci(PSCI_CPU_SUSPEND, 0, 0, 0);
}

/* Interrupts on, and more of them than it can take. */
static void flood(void)
{
	for (u32 i = 0; i < 16; i++)
		gic_enable(i, (u8)(i << 4));
	irq_unmask();
	for (;;)
		gic_sgi(cpu_number(), 5);
}

static void (*const ways[])(void) = {
	spin, spin_without_mmu, sleep, sleep_masked, sleep_group_off, sleep_priority_mask, sleep_nothing_enabled, sleep_active,
	sleep_event, sleep_in_call, flood,
};
const u64 way_count = ARRAY_COUNT(ways);

void await_end(u64 way)
{
	ways[way % way_count]();
	for (;;)
		;
}
