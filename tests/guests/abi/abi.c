/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What a cell is told and how it is counted: SMCCC discovery, PSCI's error
 * codes, Cloison's own calls, and that each kind of exit moves its own counter
 * by one and no other. Two vCPUs, guarded WFI. "abi: PASS name" per check.
 * bootargs: interrupts=mediated if they are; other things are exits then.
 */
#include "guest.h"

enum { HVC, SMC, SGI, WFI, IRQCHIP, VDEV, ID, SYSREG, DENIED, REVOKED, FAULT, IRQ, REASONS }; /* core/cell.h */

static u32 passed, failed;

static void check(const char *name, bool ok)
{
	passed += ok;
	failed += !ok;
	print("abi: %s %s\n", ok ? "PASS" : "FAIL", name);
}

static void check_discovery(void)
{
	struct smccc a = { { CLOISON_UID } }, b = { { CLOISON_UID } }, r = { { CLOISON_REVISION } };
	s64 w1 = (s32)hvc(SMCCC_ARCH_FEATURES, SMCCC_ARCH_WORKAROUND_1, 0, 0);

	smccc_hvc(&a);
	smccc_smc(&b);
	smccc_hvc(&r);
	check("uid", (a.x[0] | a.x[1] | a.x[2] | a.x[3]) >> 32 == 0 && a.x[0] != 0xffffffff && a.x[1] && a.x[2] && a.x[3]);
	check("uid-same-by-smc", a.x[0] == b.x[0] && a.x[1] == b.x[1] && a.x[2] == b.x[2] && a.x[3] == b.x[3]);
	check("revision", r.x[0] < 100 && r.x[1] < 1000);
	check("control-nobody", (s64)hvc(CLOISON_CONTROL, 0, OP_STOP, 0) == CLOISON_INVALID && (s64)hvc(CLOISON_CONTROL, ~0UL, ~0UL, 0) == CLOISON_INVALID &&
	      (s64)hvc(CLOISON_CELL_STATUS, 0, 0, 0) == CLOISON_INVALID && (s64)hvc(CLOISON_CELL_TIMES, 1, 0, 0) == CLOISON_INVALID);
	check("nobody-asks", hvc(CLOISON_SHUTDOWN_ASKED, 0, 0, 0) == 0 && hvc(CLOISON_HEARTBEAT, 0, 0, 0) == 0);
	check("psci-1.1", psci(PSCI_VERSION, 0, 0, 0) == 0x10001 && smc(PSCI_VERSION, 0, 0, 0) == 0x10001);
	check("smccc-announced", psci(PSCI_FEATURES, SMCCC_VERSION, 0, 0) == 0);
	check("smccc-version", (s32)hvc(SMCCC_VERSION, 0, 0, 0) >= 0x10001);
	check("arch-features-self", (s32)hvc(SMCCC_ARCH_FEATURES, SMCCC_ARCH_FEATURES, 0, 0) == 0);
	check("arch-features-unknown", (s32)hvc(SMCCC_ARCH_FEATURES, 0x80001234, 0, 0) == PSCI_NOT_SUPPORTED);
	check("workaround-1-answered", w1 == 0 || w1 == 1 || w1 == -1);
	check("workaround-1-honest", w1 < 0 || (s32)hvc(SMCCC_ARCH_WORKAROUND_1, 0, 0, 0) == 0);
	check("upper-half-ignored", (s32)hvc(0xffffffff84000000UL, 0, 0, 0) == psci(PSCI_VERSION, 0, 0, 0));
	check("unknown-own", hvc(0x8600ff7f, 0, 0, 0) == ~0UL || (s32)hvc(0x8600ff7f, 0, 0, 0) == -1);
}

/* Fields of S3_0_C0_C<crm>_<op2> that must read as "not there": the core neither saves nor enables these for a guest. */
#define FIELD(name, shift) (read_sysreg(name) >> (shift) & 0xf)

static void check_id_registers(void)
{
	check("id-no-pmu", FIELD(id_aa64dfr0_el1, 8) == 0);
	check("id-no-spe-trace", FIELD(id_aa64dfr0_el1, 32) == 0 && FIELD(id_aa64dfr0_el1, 4) == 0 &&
	      FIELD(id_aa64dfr0_el1, 40) == 0 && FIELD(id_aa64dfr0_el1, 44) == 0);
	check("id-no-el2", FIELD(id_aa64pfr0_el1, 8) == 0);
	check("id-no-sve-sme", FIELD(id_aa64pfr0_el1, 32) == 0 && FIELD(id_aa64pfr1_el1, 24) == 0);
	check("id-no-mpam-amu", FIELD(id_aa64pfr0_el1, 40) == 0 && FIELD(id_aa64pfr0_el1, 44) == 0);
	check("id-no-ras-rme-sel2", FIELD(id_aa64pfr0_el1, 28) == 0 && FIELD(id_aa64pfr0_el1, 52) == 0 && FIELD(id_aa64pfr0_el1, 36) == 0);
	check("id-no-mte-nmi", FIELD(id_aa64pfr1_el1, 8) == 0 && FIELD(id_aa64pfr1_el1, 36) == 0);
	check("id-no-lor-vhe", FIELD(id_aa64mmfr1_el1, 16) == 0 && FIELD(id_aa64mmfr1_el1, 8) == 0);
	check("id-no-nv-fgt-ecv", FIELD(s3_0_c0_c7_2, 24) == 0 && FIELD(id_aa64mmfr0_el1, 56) == 0 && FIELD(id_aa64mmfr0_el1, 60) == 0);
	check("id-pa-range", FIELD(id_aa64mmfr0_el1, 0) <= 2);
	check("id-fp-gic", FIELD(id_aa64pfr0_el1, 16) != 0xf && FIELD(id_aa64pfr0_el1, 24) != 0);
	check("id-unallocated", read_sysreg(s3_0_c0_c7_7) == 0 && read_sysreg(s3_0_c0_c4_7) == 0);
	check("mpidr", (read_sysreg(mpidr_el1) & ~0xff00ffffffUL) == 1UL << 31);
}

/* Each of S3_0_C0_C<crm>_<op2>, for who compares them with those of a machine without a hypervisor. */
#define ID_ROW(crm) ID_ONE(crm, 0) ID_ONE(crm, 1) ID_ONE(crm, 2) ID_ONE(crm, 3) ID_ONE(crm, 4) ID_ONE(crm, 5) ID_ONE(crm, 6) ID_ONE(crm, 7)
#define ID_ONE(crm, op2) print("abi: id %u %u %lx\n", crm, op2, read_sysreg(s3_0_c0_c##crm##_##op2));

static void show_id_registers(void)
{
	ID_ROW(1) ID_ROW(2) ID_ROW(3) ID_ROW(4) ID_ROW(5) ID_ROW(6) ID_ROW(7)
}

/* What is read comes into the register that the instruction names, the zero register among them, and no other changes (registers.S). */
static bool goes_where_it_should(void (*read)(u64 n, u64 *registers), u64 value)
{
	u64 registers[31];
	bool right = true;

	for (u64 n = 0; n < 32; n++) {
		read(n, registers);
		for (u64 i = 0; i < 31; i++)
			right &= registers[i] == (i == n ? value : 100 + i);
	}
	return right;
}

void abi_read_id(u64 n, u64 *registers), abi_read_sre(u64 n, u64 *registers), abi_read_denied_id(u64 n, u64 *registers);

static void check_registers(void)
{
	check("id-to-each-register", goes_where_it_should(abi_read_id, read_sysreg(id_aa64isar0_el1)));
	check("id-zero-to-each-register", goes_where_it_should(abi_read_denied_id, 0));
	check("icc-to-each-register", goes_where_it_should(abi_read_sre, 7));
}

static volatile u64 ran, leave;

static void other(u64 argument)
{
	ran = argument;
	while (!leave)
		yield();
}

static void check_psci(void)
{
	static const u32 offered[] = { PSCI_VERSION, PSCI_CPU_SUSPEND, 0x84000001, PSCI_CPU_OFF, PSCI_CPU_ON, 0x84000003,
		PSCI_AFFINITY_INFO, 0x84000004, PSCI_MIGRATE_INFO_TYPE, PSCI_SYSTEM_OFF, PSCI_SYSTEM_RESET, PSCI_FEATURES,
		PSCI_SYSTEM_RESET2, 0x84000012 };
	bool all = true;

	for (u32 i = 0; i < ARRAY_COUNT(offered); i++)
		all &= psci(PSCI_FEATURES, offered[i], 0, 0) >= 0;
	check("features-offered", all);
	check("features-not-offered", psci(PSCI_FEATURES, 0x84000005, 0, 0) == PSCI_NOT_SUPPORTED && /* MIGRATE */
	      psci(PSCI_FEATURES, 0xc4000000, 0, 0) == PSCI_NOT_SUPPORTED && psci(PSCI_FEATURES, 0xc4000002, 0, 0) == PSCI_NOT_SUPPORTED);
	check("not-offered", psci(0x84000005, 0, 0, 0) == PSCI_NOT_SUPPORTED && psci(0x84000013, 0, 0, 0) == PSCI_NOT_SUPPORTED);
	check("affinity-other-off", psci(PSCI_AFFINITY_INFO, 1, 0, 0) == 1 && psci(0x84000004, 1, 0, 0) == 1);
	check("affinity-not-there", psci(PSCI_AFFINITY_INFO, 2, 0, 0) == PSCI_INVALID_PARAMETERS);
	check("affinity-level", psci(PSCI_AFFINITY_INFO, 0, 1, 0) == PSCI_INVALID_PARAMETERS || psci(PSCI_AFFINITY_INFO, 0, 1, 0) == 0);
	check("affinity-high-bits", psci(PSCI_AFFINITY_INFO, 1UL << 32 | 1, 0, 0) == PSCI_INVALID_PARAMETERS);
	check("on-not-there", psci(PSCI_CPU_ON, 2, (u64)guest_secondary, 0) == PSCI_INVALID_PARAMETERS);
	check("on-self", psci(PSCI_CPU_ON, 0, (u64)guest_secondary, 0) == PSCI_ALREADY_ON);
	check("on-invalid-address", psci(PSCI_CPU_ON, 1, GICD_BASE, 0) == PSCI_INVALID_ADDRESS &&
	      psci(PSCI_CPU_ON, 1, 0x60000000, 0) == PSCI_INVALID_ADDRESS && psci(PSCI_CPU_ON, 1, ~0UL, 0) == PSCI_INVALID_ADDRESS);
	check("suspend-power-down", psci(PSCI_CPU_SUSPEND, 0x10000, (u64)guest_secondary, 0) == PSCI_INVALID_PARAMETERS);
	check("on", cpu_run(1, other, 77) == PSCI_SUCCESS);
	check("on-pending-or-on", psci(PSCI_CPU_ON, 1, (u64)guest_secondary, 0) < 0);
	wait_until(ran == 77, 10000000);
	check("on-twice", psci(PSCI_CPU_ON, 1, (u64)guest_secondary, 0) == PSCI_ALREADY_ON);
	check("affinity-other-on", psci(PSCI_AFFINITY_INFO, 1, 0, 0) == 0);
	leave = 1;
	check("ran-and-off", cpu_wait_off(1, 10000000) && ran == 77);
}

static u64 base[REASONS];

static void counters_begin(void)
{
	for (u32 i = 0; i < REASONS; i++)
		base[i] = exits_reason(i);
}

/* Exactly that counter moved by n; the readings themselves are hypercalls. */
static bool counters_moved(u32 reason, u64 n)
{
	bool ok = true;

	for (u32 i = 0; i < REASONS; i++) {
		u64 moved = exits_reason(i) - base[i], expected = i == reason ? n : 0;
		if (i == HVC)
			expected += REASONS; /* from one reading of this counter to the next */
		if (moved != expected)
			print("abi: reason %u moved by %ld, expected %lu\n", i, (s64)moved, expected);
		ok &= moved == expected;
	}
	return ok;
}

static bool mediated;

#define counted(name, reason, n, ...) do { counters_begin(); __VA_ARGS__; check(name, counters_moved(reason, n)); } while (0)

static void check_counters(void)
{
	u64 a, b, sum = 0;

	a = exits_total();
	b = exits_total();
	check("total-counts-itself", b == a + 1);
	a = exits_total();
	for (u32 i = 0; i < REASONS; i++)
		sum += exits_reason(i);
	/* the sum saw one hypercall (the total's) and, in HVC alone, itself */
	check("total-is-the-sum", sum >= a + 1 && sum <= a + 2);
	check("unknown-reason", (s64)exits_reason(1000) < 0 || (s32)exits_reason(1000) < 0);
	counted("count-nothing", HVC, 0, isb());
	counted("count-hvc", HVC, 3, hvc(PSCI_VERSION, 0, 0, 0), hvc(0x8600ff7f, 0, 0, 0), psci(PSCI_AFFINITY_INFO, 0, 0, 0));
	counted("count-smc", SMC, 2, smc(PSCI_VERSION, 0, 0, 0), smc(0xc2000000, 0, 0, 0));
	counted("count-vdev", VDEV, 2, mmio_read32(UART_BASE + 0x18), mmio_write32(UART_BASE + 0x38, 0));
	counted("count-irqchip", IRQCHIP, 3, mmio_read32(GICD_TYPER), mmio_read32(GICD_ISENABLER + 4), mmio_read32(GICR_RD(0) + 8));
	counted("count-sgi-frame", IRQCHIP, mediated ? 2 : 0, mmio_read32(GICR_SGI(0) + 0x100), mmio_write32(GICR_SGI(0) + 0x100, 2));
	counted("count-sgi", SGI, 1, write_icc(ICC_SGI1R, 1UL << 24 | 1)); /* to itself, masked */
	gic_clear_pending(1);
	counted("count-id", ID, 3, read_sysreg(id_aa64pfr0_el1); read_sysreg(id_aa64mmfr0_el1); read_sysreg(s3_0_c0_c1_0));
	counted("count-register", SYSREG, 2, read_sysreg(actlr_el1); write_sysreg(actlr_el1, 0));
	trap_expect(true);
	counted("count-denied", DENIED, 1, read_sysreg(pmcr_el0));
	check("denied-is-undefined", trap_result()->count == 1 && ESR_EC(trap_result()->esr) == EC_UNKNOWN);
	trap_expect(false);
	counted("count-own-exception", HVC, 0, trap_expect(true); __asm__ volatile("svc #0"); trap_expect(false));
	gic_enable(PPI_VTIMER, 0x80);
	counted("count-wfi", mediated ? IRQ : WFI, 1, write_sysreg(cntv_tval_el0, ticks_us(20000)); write_sysreg(cntv_ctl_el0, 1); isb(); wfi(); write_sysreg(cntv_ctl_el0, 2));
	counted("count-timer", HVC, 0, write_sysreg(cntv_cval_el0, ~0UL); read_sysreg(cntpct_el0); read_icc(ICC_IAR1); now());
}

void guest_main(struct boot_state *boot)
{
	char word[16];

	args_init(boot->dtb);
	mediated = args_get("interrupts", word, sizeof word) && strcmp(word, "mediated") == 0;
	uart_init();
	gic_init();
	if (!cloison_present()) {
		show_id_registers();
		print("abi: SKIP not a cell\n");
		idle_forever();
	}
	check_discovery();
	show_id_registers();
	check_id_registers();
	check_registers();
	check_psci();
	check_counters();
	print("abi: end passed=%u failed=%u\n", passed, failed);
	idle_forever();
}
