/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A guest that knows nothing but QEMU virt: it must print the same text on bare
 * `qemu-system-aarch64 -M virt,gic-version=3` and as a cell, with any number of
 * CPUs (told by AFFINITY_INFO). One line per check: "virt: PASS name" or
 * "virt: FAIL name (where)". It ends with SYSTEM_OFF.
 *
 * Nothing here may print a number that depends on time or on the number of a
 * physical thing. Input: it asks for one key ("press x"), which the test types.
 */
#include "virt.h"

static u32 passed, failed;

void check_at(const char *name, bool ok, const char *file, int line)
{
	(void)file;
	if (ok) {
		passed++;
		print("virt: PASS %s\n", name);
	} else {
		failed++;
		print("virt: FAIL %s (line %d)\n", name, line);
	}
}

bool need_at(bool condition, int line)
{
	if (!condition)
		print("virt: missing (line %d)\n", line);
	return condition;
}

void settle(void)
{
	irq_unmask();
	for (u32 i = 0; i < 3000; i++)
		yield();
	delay_us(100);
	irq_mask();
}

bool known_limit(const char *interrupts, const char *names)
{
	char word[16];

	if (!cloison_present())
		return false;
	if (!args_get("interrupts", word, sizeof word)) /* as a cell has it that does not say */
		interrupts = strcmp(interrupts, "mediated") ? NULL : interrupts;
	else if (strcmp(word, interrupts))
		interrupts = NULL;
	if (!interrupts)
		return false;
	print("virt: SKIP %s\n", names);
	return true;
}

static volatile struct {
	u64 count, at;
	u32 last;
} irqs[CPU_MAX];

void (*volatile irq_hook)(u32 intid);

void irq_handler(u32 intid)
{
	void (*hook)(u32) = irq_hook; /* once: another CPU may take it away meanwhile */

	irqs[cpu_number()].last = intid;
	irqs[cpu_number()].count++;
	irqs[cpu_number()].at = now();
	if (hook)
		hook(intid);
}

u64 irqs_taken(u32 cpu)
{
	return irqs[cpu].count;
}

u32 irqs_last(u32 cpu)
{
	return irqs[cpu].last;
}

static void check_boot(const struct boot_state *boot)
{
	check("boot-el1", (boot->current_el >> 2) == 1);
	check("boot-mmu-off", (boot->sctlr & 0x1) == 0);
	check("boot-masked", (boot->daif & 0x3c0) == 0x3c0);
	check("boot-x1-x3-zero", boot->x1_x3 == 0);
	check("boot-tree", boot->dtb && (boot->dtb & 7) == 0 && mmio_read32(boot->dtb) == 0xedfe0dd0);
	check("boot-affinity-0", (read_sysreg(mpidr_el1) & 0xff00ffffff) == 0);
	check("boot-mpidr-res1", read_sysreg(mpidr_el1) >> 31 & 1);
}

static void check_registers(void)
{
	u64 sum = 0;

	trap_expect(true);
	sum += read_sysreg(id_aa64pfr0_el1) + read_sysreg(id_aa64pfr1_el1) + read_sysreg(id_aa64dfr0_el1);
	sum += read_sysreg(id_aa64isar0_el1) + read_sysreg(id_aa64isar1_el1) + read_sysreg(id_aa64mmfr0_el1);
	sum += read_sysreg(id_aa64mmfr1_el1) + read_sysreg(s3_0_c0_c7_2) + read_sysreg(s3_0_c0_c4_4);
	sum += read_sysreg(s3_0_c0_c1_2) + read_sysreg(s3_0_c0_c2_0) + read_sysreg(s3_0_c0_c3_0);
	sum += read_sysreg(midr_el1) + read_sysreg(revidr_el1) + read_sysreg(aidr_el1) + read_sysreg(ctr_el0);
	sum += read_sysreg(clidr_el1) + read_sysreg(dczid_el0);
	write_sysreg(csselr_el1, 0);
	isb();
	sum += read_sysreg(ccsidr_el1);
	check("id-registers", trap_result()->count == 0 && sum);
	check("id-el1-aarch64", (read_sysreg(id_aa64pfr0_el1) & 0xf0) != 0);
	check("id-gic-interface", (read_sysreg(id_aa64pfr0_el1) >> 24 & 0xf) != 0);
	write_sysreg(mdscr_el1, 0);
	write_sysreg(s2_0_c1_c0_4, 0); /* OSLAR_EL1: Linux clears the OS lock on every CPU */
	isb();
	check("os-lock", trap_result()->count == 0 && (read_sysreg(s2_0_c1_c1_4) & 2) == 0);
	trap_expect(false);
}

static void check_exceptions(void)
{
	const struct trap_seen *seen = trap_result();

	trap_expect(true);
	__asm__ volatile("brk #7");
	check("own-brk", seen->count == 1 && ESR_EC(seen->esr) == EC_BRK && (seen->esr & 0xffff) == 7);
	__asm__ volatile("svc #9");
	check("own-svc", seen->count == 2 && ESR_EC(seen->esr) == EC_SVC && (seen->esr & 0xffff) == 9);
	__asm__ volatile(".inst 0");
	check("own-undefined", seen->count == 3 && ESR_EC(seen->esr) == EC_UNKNOWN);
	mmio_read32(0x200000000000UL);
	check("own-address-size", seen->count == 4 && ESR_EC(seen->esr) == EC_DABT && seen->far == 0x200000000000UL);
	mmio_read32(0x4000000000UL);
	check("own-translation", seen->count == 5 && ESR_EC(seen->esr) == EC_DABT && seen->far == 0x4000000000UL);
	trap_expect(false);
}

static void check_memory(void)
{
	static u64 line[64] __attribute__((aligned(512)));
	u64 a, b;
	u64 size = 4UL << (read_sysreg(dczid_el0) & 0xf);

	line[0] = 0x1122334455667788;
	line[1] = 0x99aabbccddeeff00;
	__asm__ volatile("ldr %0, [%1, #3]" : "=r"(a) : "r"(line) : "memory");
	check("memory-unaligned", a == 0xeeff001122334455 || a == 0xddeeff0011223344 || a == (0x1122334455667788 >> 24 | 0x99aabbccddeeff00 << 40));
	__asm__ volatile("ldp %0, %1, [%2]" : "=&r"(a), "=&r"(b) : "r"(line) : "memory");
	check("memory-pair", a == line[0] && b == line[1]);
	line[5] = 5;
	__asm__ volatile("dc zva, %0" : : "r"(line) : "memory");
	check("memory-zva", (read_sysreg(dczid_el0) & 0x10) || size > sizeof line || (line[0] == 0 && (size <= 40 || line[5] == 0)));
	__asm__ volatile("dc civac, %0\n\tdc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tic iallu\n\tdsb ish\n\tisb" : : "r"(line) : "memory");
	__asm__ volatile("at s1e1r, %1\n\tisb\n\tmrs %0, par_el1" : "=r"(a) : "r"(line) : "memory");
	check("memory-at", (a & 1) == 0 && (a & 0xfffffffff000) == ((u64)line & 0xfffffffff000));
	mmu_sync();
	__asm__ volatile("movi v7.16b, #0x5a\n\tfmov %0, d7" : "=r"(a) : : "memory");
	check("fp-simd", a == 0x5a5a5a5a5a5a5a5a);
}

static void check_psci(void)
{
	s32 version = psci(PSCI_VERSION, 0, 0, 0);

	check("psci-version", version >= 0x10000 && version < 0x20000);
	check("psci-features", psci(PSCI_FEATURES, PSCI_CPU_ON, 0, 0) == 0 && psci(PSCI_FEATURES, PSCI_CPU_OFF, 0, 0) == 0 &&
	      psci(PSCI_FEATURES, PSCI_SYSTEM_OFF, 0, 0) == 0);
	check("psci-features-unknown", psci(PSCI_FEATURES, 0x8400ffff, 0, 0) == PSCI_NOT_SUPPORTED);
	check("psci-unknown", psci(0x84000fff, 0, 0, 0) == PSCI_NOT_SUPPORTED);
	check("psci-migrate-type", psci(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0) == 2);
	check("psci-self-on", psci(PSCI_AFFINITY_INFO, 0, 0, 0) == 0);
	check("psci-affinity-invalid", psci(PSCI_AFFINITY_INFO, 0xff0000, 0, 0) == PSCI_INVALID_PARAMETERS);
	check("psci-on-already", psci(PSCI_CPU_ON, 0, (u64)guest_secondary, 0) == PSCI_ALREADY_ON);
	check("psci-on-invalid", psci(PSCI_CPU_ON, 0xff0000, (u64)guest_secondary, 0) == PSCI_INVALID_PARAMETERS);
}

void guest_main(struct boot_state *boot)
{
	args_init(boot->dtb);
	uart_init();
	print("virt: begin\n");
	check_boot(boot);
	check_registers();
	check_exceptions();
	check_memory();
	gic_init();
	check_gic();
	check_irqs();
	check_timers();
	check_uart();
	check_levels();
	check_psci();
	check_smp();
	check_smp_irqs();
	check_uart_input();
	print("virt: end passed=%u failed=%u\n", passed, failed);
	uart_drain();
	psci(PSCI_SYSTEM_OFF, 0, 0, 0);
	print("virt: FAIL system-off returned\n");
	idle_forever();
}
