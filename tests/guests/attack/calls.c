/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Calls upwards (HVC, SMC, PSCI), the console, and simply not giving the CPU back. */
#include "attack.h"

/* Stopping ourselves is another test's business. */
static bool ends_us(u32 f)
{
	u32 n = f & 0xffff;

	return (f & 0xbf000000) == 0x84000000 && (n == 1 || n == 2 || n == 8 || n == 9 || n == 0x12 || n == 0xc || n == 0xe || n == 0x15);
}

static u64 flood(void (*call)(struct smccc *), u64 count)
{
	u64 state = 0x1234567, changed = 0;

	for (u64 i = 0; i < count; i++) {
		struct smccc c;
		for (u32 j = 0; j < 18; j++)
			c.x[j] = random_next(&state);
		switch (i % 4) { /* anything; a PSCI range; Cloison's own range; SMCCC arch */
		case 1: c.x[0] = 0x84000000 | (c.x[0] & 0x4000003f); break;
		case 2: c.x[0] = 0xc6000000 | (c.x[0] & 0x40ff3f); break;
		case 3: c.x[0] = 0x80000000 | (c.x[0] & 0x4000ffff); break;
		}
		if (ends_us((u32)c.x[0]))
			continue;
		u64 check = c.x[17] ^ c.x[9] ^ c.x[4];
		call(&c);
		changed += check != (c.x[17] ^ c.x[9] ^ c.x[4]); /* SMCCC 1.1: x4-x17 are kept */
	}
	return changed;
}

static void attack_hvc_flood(void)
{
	print("attack: hvc-flood end changed=%lu\n", flood(smccc_hvc, args_u64("count", 200000)));
}

static void attack_smc_flood(void)
{
	print("attack: smc-flood end changed=%lu\n", flood(smccc_smc, args_u64("count", 200000)));
}

static void attack_immediates(void)
{
	trap_expect(true);
	__asm__ volatile("mov x0, #0\n\thvc #1\n\thvc #0xffff\n\tmov x0, #0x84000000\n\thvc #0x4a48\n\tmov x0, #0\n\tsmc #1\n\tsmc #0xffff"
			 : : : "x0", "x1", "x2", "x3", "memory");
	print("attack: immediates end exceptions=%lu\n", trap_result()->count);
	trap_expect(false);
}

/* Targets and entries that make no sense; none of these may start anything of anybody else's. */
static void attack_power(void)
{
	static const u64 targets[] = { 1, 2, 3, 7, 0xff, 0x100, 0x10000, 0x80000000, 0xff00000000, ~0UL, 0x8000000000000000, 1UL << 32 };
	u64 accepted = 0;

	for (u32 i = 0; i < ARRAY_COUNT(targets); i++) {
		accepted += psci(PSCI_CPU_ON, targets[i], (u64)guest_secondary, 0) == 0;
		accepted += psci(PSCI_AFFINITY_INFO, targets[i], 0, 0) >= 0;
		psci(PSCI_AFFINITY_INFO, targets[i], 1, 0);
		psci(PSCI_AFFINITY_INFO, targets[i], ~0UL, 0);
		psci(0x84000003, targets[i], 0x50000000, 0); /* the 32-bit twin */
	}
	for (u32 f = 0; f < 64; f++) { /* those that are not offered */
		if (f == 1 || f == 2 || f == 8 || f == 9 || f == 0x12 || f == 0xc || f == 0xe || f == 0x15)
			continue;
		hvc(0x84000000 + f, ~0UL, ~0UL, ~0UL);
		hvc(0xc4000000 + f, ~0UL, ~0UL, ~0UL);
	}
	print("attack: power end accepted=%lu\n", accepted);
}

/* A CPU of its own, sent to addr=: outside the map, or odd. */
static void attack_cpu_on_wild(void)
{
	u64 a = argument_address(0x50000000);
	s32 r = psci(PSCI_CPU_ON, 1, a, 0xdead);

	delay_us(100000);
	print("attack: cpu-on-wild end result=%d\n", r);
}

/* Two vCPUs: one spins with everything masked and shows it, the other faults. */
static volatile u64 spins;

static void spinner(u64 argument)
{
	(void)argument;
	__asm__ volatile("msr daifset, #15");
	for (;;)
		spins++;
}

static void attack_spin_and_fault(void)
{
	s32 r = cpu_run(1, spinner, 0);

	wait_until(spins > 1000, 10000000);
	print("attack: spin-and-fault spinner=%s result=%d\n", spins > 1000 ? "running" : "missing", r);
	uart_drain();
	mmio_read32(window_device(argument_address(0x50000000)));
	print("attack: spin-and-fault end\n");
}

/* The same with a sleeper that has made itself deaf before it sleeps (deaf=: 1 IGRPEN1, 2 PMR, 4 AP1R0), and with one that nothing but the core wakes. */
static volatile u64 asleep;

static void sleeper(u64 argument)
{
	(void)argument;
	u64 how = args_u64("deaf", 7);

	gic_cpu_init();
	if (how & 1)
		write_icc(ICC_IGRPEN1, 0);
	if (how & 2)
		write_icc(ICC_PMR, 0);
	if (how & 4)
		write_icc("s3_0_c12_c9_0", 1); /* AP1R0: something of the highest priority is active */
	__asm__ volatile("msr daifset, #15");
	asleep = 1;
	for (;;)
		wfi();
}

static void sound_sleeper(u64 argument)
{
	(void)argument;
	gic_cpu_init(); /* no line is enabled */
	asleep = 1;
	for (;;)
		wfi();
}

static void sleep_and_fault(const char *name, void (*how)(u64))
{
	s32 r = cpu_run(1, how, 0);

	wait_until(asleep, 10000000);
	delay_us(20000);
	print("attack: %s sleeper=%s result=%d\n", name, asleep ? "asleep" : "missing", r);
	uart_drain();
	mmio_read32(window_device(argument_address(0x50000000)));
	print("attack: %s end\n", name);
}

static void attack_sleep_and_fault(void)
{
	sleep_and_fault("sleep-and-fault", sleeper);
}

static void attack_sound_sleep_and_fault(void)
{
	sleep_and_fault("sound-sleep-and-fault", sound_sleeper);
}

static void attack_spin(void)
{
	__asm__ volatile("msr daifset, #15");
	for (;;)
		__asm__ volatile("");
}

static void attack_deaf(void)
{
	sleeper(0);
}

/* Prints without pause and without looking at the flags. */
static void attack_console_flood(void)
{
	for (u64 i = 0;; i++) {
		mmio_write32(UART_BASE, 'A' + i % 26);
		if (i % 64 == 63)
			mmio_write32(UART_BASE, '\n');
	}
}

/* The console's registers at random, all the time. */
static void attack_console_random(void)
{
	u64 state = 99, count = args_u64("count", 100000);

	for (u64 i = 0; i < count; i++) {
		u64 r = random_next(&state), a = UART_BASE + (r >> 8 & 0xffc);
		if (r & 1 && (a & 0xfff) != 0)
			mmio_write32(a, (u32)(r >> 32));
		else
			mmio_read32(a);
	}
	uart_init();
	print("attack: console-random end\n");
}

/* Control characters, escape sequences, the escape key: the neighbours' lines must stay whole. */
static void attack_console_binary(void)
{
	u64 state = 5;

	for (u32 i = 0; i < 2000; i++)
		uart_putc((char)(random_next(&state) & 0xff));
	uart_puts("\033c\033[2J\033]0;x\007\n[witness] witness: FAIL forged\nrecord forged\n");
	print("\nattack: console-binary end\n");
}

/* A console that is stopped in the middle of a line. */
static void attack_off(void)
{
	uart_puts("attack: half a line");
	psci(PSCI_SYSTEM_OFF, 0, 0, 0);
	print("attack: FAIL SYSTEM_OFF returned\n");
}

static void attack_reset(void)
{
	psci(PSCI_SYSTEM_RESET, 0, 0, 0);
	print("attack: FAIL SYSTEM_RESET returned\n");
}

static void attack_reset2(void)
{
	s32 r = psci(PSCI_SYSTEM_RESET2, 0x40000000, 0, 0);

	print("attack: reset2 invalid type result=%d\n", r);
	psci(PSCI_SYSTEM_RESET2, 0, 0, 0);
	print("attack: FAIL SYSTEM_RESET2 returned\n");
}

static void attack_brk(void)
{
	trap_expect(true);
	__asm__ volatile("brk #42");
	print("attack: brk end exceptions=%lu ec=%x\n", trap_result()->count, ESR_EC(trap_result()->esr));
	trap_expect(false);
}

const struct attack call_attacks[] = {
	{ "hvc-flood", attack_hvc_flood },
	{ "smc-flood", attack_smc_flood },
	{ "immediates", attack_immediates },
	{ "power", attack_power },
	{ "cpu-on-wild", attack_cpu_on_wild },
	{ "spin-and-fault", attack_spin_and_fault },
	{ "sleep-and-fault", attack_sleep_and_fault },
	{ "sound-sleep-and-fault", attack_sound_sleep_and_fault },
	{ "spin", attack_spin },
	{ "deaf", attack_deaf },
	{ "console-flood", attack_console_flood },
	{ "console-random", attack_console_random },
	{ "console-binary", attack_console_binary },
	{ "off", attack_off },
	{ "reset", attack_reset },
	{ "reset2", attack_reset2 },
	{ "brk", attack_brk },
	{ NULL, NULL },
};
