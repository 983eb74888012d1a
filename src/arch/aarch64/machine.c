/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The machine under the tables: declared against discovered, the other CPUs,
 * the clock, and the end.
 */
#include "core/bound.h"
#include "core/cell.h"
#include "core/fmt.h"
#include "core/panic.h"
#include "gic.h"
#include "idregs.h"
#include "smccc.h"
#include "sysreg.h"

#define LINE_LEAST 16u /* bytes of a cache line: there are none with less */

extern char boot_secondary[];

s32 ram_missing; /* boot.S: number of the first declared RAM bank that is not there, -1: all are */

static u64 pa_bits(void)
{
	static const u8 bits[] = { 32, 36, 40, 42, 44, 48, 52, 56 };

	return bits[idreg_read(7, 0) & 7];
}

static void verify_ram(void)
{
	if (ram_missing >= 0) {
		const struct ram_bank *bank = &machine_ram[ram_missing];

		panic("declared RAM is not there: end of bank", bank->base + bank->size, 0);
	}
}

static void verify_gic(void)
{
	u32 lines, revision;

	revision = mmio_read32(machine_board.gicd + GIC_PIDR2) >> 4 & 0xf;
	if (revision != 3 && revision != 4)
		panic("interrupt controller is not a GICv3: architecture revision", 3, revision);
	lines = GICD_TYPER_LINES(mmio_read32(machine_board.gicd + GICD_TYPER));
	if (lines <= machine_board.line_limit)
		panic("interrupt lines: highest declared, and how many there are", machine_board.line_limit, lines);
}

void machine_verify_cpu(void)
{
	u64 granule = idreg_read(7, 0) >> 28 & 0xf;

	if (pa_bits() < machine_board.pa_bits)
		panic("physical address bits", machine_board.pa_bits, pa_bits());
	if (granule == 0xf)
		panic("4 KiB granule is not there: ID_AA64MMFR0_EL1.TGran4", 0, granule);
	if (!arch_time_hz())
		panic("counter frequency is not set: CNTFRQ_EL0", 1, 0);
	if (READ_SYSREG(hcr_el2) >> 34 & 1)
		panic("HCR_EL2.E2H cannot be cleared", 0, 1);
	if (!(idreg_read(4, 0) >> 24 & 0xf))
		panic("GICv3 CPU interface is not there: ID_AA64PFR0_EL1.GIC", 1, 0);
}

void arch_verify(struct cpu *cpu)
{
	verify_ram();
	machine_verify_cpu();
	verify_gic();
	(void)cpu;
}

void arch_describe(char *buffer, u32 size)
{
	u32 declared = 0;

	for (u32 i = 0; i < CPU_COUNT; i++)
		declared += machine_cpus[i].role != CPU_UNUSED;
	fmt_print(buffer, size, "CPU %08x, %u in use; PA %u bits (%u declared); GICv%u with %u lines (%u declared)",
	    (u32)READ_SYSREG(midr_el1), declared, (u32)pa_bits(), (u32)machine_board.pa_bits,
	    mmio_read32(machine_board.gicd + GIC_PIDR2) >> 4 & 0xf,
	    GICD_TYPER_LINES(mmio_read32(machine_board.gicd + GICD_TYPER)), machine_board.line_limit + 1);
}

bool arch_cpu_start(u16 index, s64 *firmware_error)
{
	*firmware_error = (s32)smccc_firmware(PSCI_CPU_ON | SMC64, machine_cpus[index].hw_id, (u64)boot_secondary, 0);
	return *firmware_error == PSCI_SUCCESS;
}

void arch_cpu_wait(void)
{
	__asm__ volatile("dsb sy; wfi" : : : "memory");
}

void arch_cpu_relax(void)
{
	__asm__ volatile("yield" : : : "memory"); /* not WFE: boot only, and nobody may be missed */
}

void arch_cpu_wake_all(void)
{
	__asm__ volatile("dsb ish; sev" : : : "memory");
}

void arch_time_wake_at(u64 ticks)
{
	WRITE_SYSREG(cnthp_cval_el2, ticks);
	WRITE_SYSREG(cnthp_ctl_el2, 1);
	isb();
}

bool arch_cas32(u32 *p, u32 expected, u32 value)
{
	return __atomic_compare_exchange_n(p, &expected, value, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

void arch_halt(void)
{
	for (;;) {
		LOOP_RESIDENCE();
		__asm__ volatile("wfi");
	}
}

void arch_board_off(void)
{
	smccc_firmware(PSCI_SYSTEM_OFF, 0, 0, 0);
	arch_halt();
}

void arch_board_reset(void)
{
	smccc_firmware(PSCI_SYSTEM_RESET, 0, 0, 0);
	arch_halt();
}

/*
 * The region is mapped past the caches (EL2_UNCACHED), so that it takes no cell's lines. A dirty line that firmware has left
 * would be written over it some day. DC CVAC alone does not do on some Cortex-A53 (errata 819472, 824069, 826319, 827319).
 */
void arch_memory_take(const void *address, u32 size)
{
	u64 line = 4ULL << (READ_SYSREG(ctr_el0) >> 16 & 0xf), end = (u64)address + size;

	for (u64 at = (u64)address & ~(line - 1); at < end; at += line) {
		LOOP_BOUND(CRASH_REGION_SIZE / LINE_LEAST + 1);
		__asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
	}
	dsb_sy();
}

/* Nothing of it is in a cache: what is on its way has to arrive. */
void arch_memory_clean(const void *address, u32 size)
{
	(void)address, (void)size;
	dsb_sy();
}

struct cpu *cpu_at(u16 index)
{
	return (struct cpu *)machine_regs[index].stack;
}
