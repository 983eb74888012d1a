/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Ways to die, or to live so that somebody has to end it. */
#include "mortal.h"

#define NOWHERE 0x30000000UL /* in no cell's map, device memory for the guest; */
#define NO_CODE 0x90000000UL /* the same, and it may execute there */
#define ICC_AP1R0 "s3_0_c12_c9_0"
#define LOADER_DONE 0xc1     /* immediates of HVC that mean something while the core's copier runs, and never to a guest */
#define CLEARER_DONE 0xc2

static void write_nowhere(void) { mmio_write32(NOWHERE, 1); }
static void read_nowhere(void) { mmio_read32(NOWHERE); }

static void fetch_nowhere(void)
{
	__asm__ volatile("br %0" : : "r"(NO_CODE));
}

/* Its vectors are nowhere, and it needs them. */
static void vectors_nowhere(void)
{
	write_sysreg(vbar_el1, NO_CODE);
	isb();
	__asm__ volatile("svc #0");
}

/* Of a cell with cloison,strict. */
static void denied(void)
{
	(void)read_sysreg(pmcr_el0);
}

/* Of a cell with cloison,debug = "stop". */
static void breakpoint(void)
{
	__asm__ volatile("brk #7");
}

/* From the first page of its RAM downwards, out of it. */
static void stack(void)
{
	__asm__ volatile("mov sp, %0\n1:\tstp x0, x1, [sp, #-16]!\n\tb 1b" : : "r"(RAM_BASE + 0x1000) : "memory");
}

/* ---- alive, but for nobody ---- */

static void spin(void)
{
	__asm__ volatile("msr daifset, #15\n1:\tb 1b");
}

static void spin_without_mmu(void)
{
	__asm__ volatile("msr daifset, #15\n\tmsr sctlr_el1, %0\n\tisb\n1:\tb 1b" : : "r"(0x30d00800UL));
}

static void sleep_for_ever(void)
{
	__asm__ volatile("msr daifset, #15");
	for (;;)
		wfi();
}

static void deaf_by_group(void)
{
	write_icc(ICC_IGRPEN1, 0);
	sleep_for_ever();
}

static void deaf_by_mask(void)
{
	write_icc(ICC_PMR, 0);
	sleep_for_ever();
}

static void deaf_by_active(void)
{
	write_icc(ICC_AP1R0, 1); /* something of the highest priority is active */
	sleep_for_ever();
}

static void deaf_by_all(void)
{
	write_icc(ICC_IGRPEN1, 0);
	write_icc(ICC_PMR, 0);
	write_icc(ICC_AP1R0, 1);
	sleep_for_ever();
}

/* No line is enabled. */
static void sleep_soundly(void)
{
	mmio_write32(GICR_SGI(cpu_number()) + 0x180, ~0u);
	sleep_for_ever();
}

/* Interrupts on, and nothing else: no heartbeat, no answer. */
static void mute(void)
{
	for (;;)
		sleep_us(10000);
}

/* It tells the core what only the core's own copier may. */
static void forge(void)
{
	for (;;) {
		register u64 x0 __asm__("x0") = RAM_BASE;
		register u64 x1 __asm__("x1") = ~0UL;

		__asm__ volatile("hvc %1" : "+r"(x0) : "i"(LOADER_DONE), "r"(x1) : "x2", "x3", "memory");
		__asm__ volatile("hvc %1" : "+r"(x0) : "i"(CLEARER_DONE), "r"(x1) : "x2", "x3", "memory");
	}
}

/* All its CPUs, with all SGIs, for ever, and whoever gets them does nothing else. */
static void flood(void)
{
	for (u32 i = 0; i < 16; i++)
		gic_enable(i, (u8)(i << 4));
	irq_unmask();
	for (u32 i = 0;; i++) {
		gic_sgi(cpu_number(), i % 16);
		gic_sgi_others(i % 16);
	}
}

/* Its own CPU interface and lines, at random. */
static void riot(void)
{
	u64 r = now() | 1;

	for (;;) {
		r ^= r << 13, r ^= r >> 7, r ^= r << 17;
		switch (r >> 8 & 7) {
		case 0: write_icc(ICC_PMR, r >> 16 & 0xff); break;
		case 1: write_icc(ICC_IGRPEN1, r >> 16 & 1); break;
		case 2: write_icc(ICC_CTLR, r >> 16 & 3); break;
		case 3: (void)read_icc(ICC_IAR1); break;
		case 4: mmio_write32(GICR_SGI(cpu_number()) + 0x100, (u32)(r >> 16)); break;
		case 5: mmio_write32(GICR_SGI(cpu_number()) + 0x180, (u32)(r >> 16)); break;
		case 6: gic_sgi(cpu_number(), r >> 16 & 15); break;
		default: mmio_write32(GICR_SGI(cpu_number()) + 0x200, r >> 16 & 0xffff);
		}
	}
}

static void nothing(u64 argument)
{
	(void)argument;
}

/* Its other CPUs on and off, for ever. */
static void flicker(void)
{
	u32 cpus = cpu_count();

	if (cpu_number() != 0 || cpus < 2)
		return;
	others_leave = true;
	for (;;)
		for (u32 cpu = 1; cpu < cpus; cpu++)
			cpu_run(cpu, nothing, 0);
}

/* ---- by its own wish ---- */

static void reset(void) { psci(PSCI_SYSTEM_RESET, 0, 0, 0); }
static void reset2(void) { psci(PSCI_SYSTEM_RESET2, 0, 0, 0); }
static void off(void) { psci(PSCI_SYSTEM_OFF, 0, 0, 0); }

const struct way ways[] = {
	{ "write", write_nowhere }, { "read", read_nowhere }, { "fetch", fetch_nowhere }, { "vectors", vectors_nowhere },
	{ "denied", denied }, { "brk", breakpoint }, { "stack", stack },
	{ "spin", spin }, { "spin-off", spin_without_mmu }, { "deaf-group", deaf_by_group }, { "deaf-mask", deaf_by_mask },
	{ "deaf-active", deaf_by_active }, { "deaf-all", deaf_by_all }, { "sound", sleep_soundly }, { "mute", mute },
	{ "forge", forge }, { "flood", flood }, { "riot", riot }, { "flicker", flicker },
	{ "reset", reset }, { "reset2", reset2 }, { "off", off }, { NULL, NULL }
};
