/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A program at EL0 that does what programs may not, in AArch64, A32 and T32:
 * whatever of it comes to EL2 must go back to this guest's own EL1, by the right
 * vector and with the right program counter, or be done right.
 */
#include "attack.h"

static u32 program[64] __attribute__((aligned(4096)));

#define A64 0x3c0u
#define A32 0x3d0u /* no DIT, SSBS; masked */
#define T32 0x3f0u

/* What may come of an instruction: the next one (an SVC or a breakpoint) is reached, or it is undefined, or EL1 sees a trap. */
static const struct {
	const char *name;
	u32 spsr;
	u32 code;     /* T32: first halfword in the lower half */
	bool reached; /* must it be completed? (else: must it not?) */
} list[] = {
	{ "a64-svc", A64, 0xd4000001, false },
	{ "a64-hvc", A64, 0xd4000002, false },
	{ "a64-smc", A64, 0xd4000003, false },
	{ "a64-impdef-read", A64, 0xd539f000, false },   /* MRS x0, S3_1_C15_C0_0 */
	{ "a64-impdef-sys", A64, 0xd50bb000, false },    /* SYS #3, C11, C0, #0, x0 */
	{ "a64-actlr", A64, 0xd5381020, false },
	{ "a64-pmccntr", A64, 0xd53b9d00, false },
	{ "a64-sgi1r", A64, 0xd518cba0, false },
	{ "a64-hcr", A64, 0xd53c1100, false },
	{ "a64-wfi", A64, 0xd503207f, true },
	{ "a64-wfe", A64, 0xd503205f, true },
	{ "a64-gicd", A64, 0xb9400420, true },           /* LDR w0, [x1, #4]: the distributor's type, emulated */
	{ "a32-nop", A32, 0xe320f000, true },
	{ "a32-hvc", A32, 0xe1400070, false },
	{ "a32-smc", A32, 0xe1600070, false },
	{ "a32-cp15-impdef", A32, 0xee1f0f10, false },   /* MRC p15, 0, r0, c15, c0, 0 */
	{ "a32-cp15-actlr", A32, 0xee110f30, false },
	{ "a32-cp15-pmccntr", A32, 0xee190f1d, false },
	{ "a32-cp15-wide", A32, 0xec510f0f, false },     /* MRRC p15, 0, r0, r1, c15 */
	{ "a32-cp14-trace", A32, 0xee310e10, false },
	{ "a32-cp14-jazelle", A32, 0xeee01e10, false },
	{ "a32-wfi", A32, 0xe320f003, true },
	{ "a32-gicd", A32, 0xe5910004, true },           /* LDR r0, [r1, #4] */
	{ "t32-nop", T32, 0xbf00, true },
	{ "t32-wfi", T32, 0xbf30, true },
	{ "t32-gicd", T32, 0x6848, true },               /* LDR r0, [r1, #4]: a 16-bit instruction */
	{ "t32-cp15-impdef", T32, 0x0f10ee1f, false },
};

/* EL1 may not execute what EL0 may write: so EL0 gets the RAM at another address, as the fourth GiB. */
static void map_user(void)
{
	static u64 tables[512] __attribute__((aligned(4096)));

	for (u32 i = 0; i < 512; i++)
		tables[i] = guest_tables[i];
	tables[0] |= 0x40;
	tables[3] = 0x40000000 | 0x705 | 0x40;
	dsb();
	write_sysreg(ttbr0_el1, (u64)tables);
	mmu_sync();
	write_sysreg(sctlr_el1, read_sysreg(sctlr_el1) | 1 << 16 | 1 << 18); /* nTWI, nTWE: not EL1's traps */
	isb();
}

static void run_list(const char *what, bool thumbs)
{
	u64 wrong = 0;
	u64 pc = 3UL << 30 | ((u64)program & 0x3fffffff);

	map_user();
	for (u32 i = 0; i < ARRAY_COUNT(list); i++) {
		bool thumb = list[i].spsr == T32, wide = thumb && list[i].code > 0xffff;
		u32 size = thumb && !wide ? 2 : 4;
		u16 *half = (u16 *)program;
		const struct trap_seen *s;
		bool reached;

		if (thumb != thumbs)
			continue;
		program[0] = list[i].code;
		if (thumb) /* SVC #0 behind it */
			half[wide ? 2 : 1] = 0xdf00;
		else
			program[1] = list[i].spsr == A32 ? 0xef000000 : 0xd4000001;
		__asm__ volatile("dc cvau, %0\n\tdsb sy\n\tic iallu\n\tdsb sy\n\tisb" : : "r"(program) : "memory");
		trap_expect(true);
		write_sysreg(cntv_cval_el0, now() + 1000); /* something wakes a WFI */
		write_sysreg(cntv_ctl_el0, 1);
		gic_enable(PPI_VTIMER, 0x80);
		user_run(pc, list[i].spsr, 0, GICD_BASE);
		write_sysreg(cntv_ctl_el0, 2);
		s = trap_result();
		/* an SVC is reported behind itself */
		reached = s->pc == pc + size + (thumb ? 2 : 4) && (ESR_EC(s->esr) == 0x15 || ESR_EC(s->esr) == 0x11);
		print("attack: user %s ec=%x %s\n", list[i].name, ESR_EC(s->esr), reached ? "reached" : s->pc == pc ? "refused" : "elsewhere");
		wrong += reached != list[i].reached && list[i].name[4] != 's'; /* an SVC ends at once, too */
		wrong += !reached && s->pc != pc && ESR_EC(s->esr) != 0x15;
		wrong += s->vector != (list[i].spsr == A64 ? 8 : 12);
	}
	trap_expect(false);
	print("attack: %s end wrong=%lu\n", what, wrong);
}

static void attack_user(void)
{
	run_list("user", false);
}

/* Instructions of two bytes. */
static void attack_user_thumb(void)
{
	run_list("user-thumb", true);
}

const struct attack user_attacks[] = {
	{ "user", attack_user },
	{ "user-thumb", attack_user_thumb },
	{ NULL, NULL },
};
