/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * System registers: named ones that are not the guest's, then the whole
 * encoding space by generated instructions, then random instructions.
 */
#include "attack.h"

#define RET 0xd65f03c0u
#define MRS(op0, op1, n, m, op2) (0xd5200000u | (op0) << 19 | (op1) << 16 | (n) << 12 | (m) << 8 | (op2) << 5)
#define MSR(op0, op1, n, m, op2) (0xd5000000u | (op0) << 19 | (op1) << 16 | (n) << 12 | (m) << 8 | (op2) << 5)

static u32 code[2 * 16384] __attribute__((aligned(4096)));
static u64 scratch[512] __attribute__((aligned(4096)));

static void code_sync(void)
{
	for (u64 p = (u64)code; p < (u64)(code + ARRAY_COUNT(code)); p += 64)
		__asm__ volatile("dc cvau, %0" : : "r"(p) : "memory");
	__asm__ volatile("dsb sy\n\tic iallu\n\tdsb sy\n\tisb" : : : "memory");
}

static u64 run_one(u32 index, u64 x0)
{
	return ((u64 (*)(u64))&code[2 * index])(x0);
}

static u64 run_instruction(u32 instruction, u64 x0)
{
	code[0] = instruction;
	code[1] = RET;
	code_sync();
	return run_one(0, x0);
}

static const struct {
	const char *name;
	u32 mrs; /* 0 in write: the MSR twin is tried too */
	bool read_only;
} denied[] = {
	{ "PMCR_EL0", MRS(3u, 3u, 9u, 12u, 0u), false },
	{ "PMCCNTR_EL0", MRS(3u, 3u, 9u, 13u, 0u), false },
	{ "PMEVCNTR0_EL0", MRS(3u, 3u, 14u, 8u, 0u), false },
	{ "PMSCR_EL1", MRS(3u, 0u, 9u, 9u, 0u), false },
	{ "TRFCR_EL1", MRS(3u, 0u, 1u, 2u, 1u), false },
	{ "TRCPRGCTLR", MRS(2u, 1u, 0u, 1u, 0u), false },
	{ "AMCR_EL0", MRS(3u, 3u, 13u, 2u, 0u), false },
	{ "ZCR_EL1", MRS(3u, 0u, 1u, 2u, 0u), false },
	{ "SMCR_EL1", MRS(3u, 0u, 1u, 2u, 6u), false },
	{ "LORSA_EL1", MRS(3u, 0u, 10u, 4u, 0u), false },
	{ "LORC_EL1", MRS(3u, 0u, 10u, 4u, 3u), false },
	{ "LORID_EL1", MRS(3u, 0u, 10u, 4u, 7u), true },
	{ "MPAM0_EL1", MRS(3u, 0u, 10u, 5u, 1u), false },
	{ "ERRSELR_EL1", MRS(3u, 0u, 5u, 3u, 1u), false },
	{ "ACTLR_EL1", MRS(3u, 0u, 1u, 0u, 1u), false },
	{ "IMPDEF_S3_0_C15_C0_0", MRS(3u, 0u, 15u, 0u, 0u), false },
	{ "IMPDEF_S3_1_C15_C2_0", MRS(3u, 1u, 15u, 2u, 0u), false },
	{ "IMPDEF_S3_1_C11_C0_2", MRS(3u, 1u, 11u, 0u, 2u), false },
	{ "ICC_IAR0_EL1", MRS(3u, 0u, 12u, 8u, 0u), true },
	{ "ICC_BPR0_EL1", MRS(3u, 0u, 12u, 8u, 3u), false },
	{ "ICC_IGRPEN0_EL1", MRS(3u, 0u, 12u, 12u, 6u), false },
	{ "ICC_AP0R0_EL1", MRS(3u, 0u, 12u, 8u, 4u), false },
	{ "DBGBVR0_EL1", MRS(2u, 0u, 0u, 0u, 4u), false },
	{ "MDCCSR_EL0", MRS(2u, 3u, 0u, 1u, 0u), true },
	{ "DBGDTR_EL0", MRS(2u, 3u, 0u, 4u, 0u), false },
	{ "OSDLR_EL1", MRS(2u, 0u, 1u, 3u, 4u), false },
	{ "DBGCLAIMSET_EL1", MRS(2u, 0u, 7u, 8u, 6u), false },
	{ "HCR_EL2", MRS(3u, 4u, 1u, 1u, 0u), false },
	{ "VTTBR_EL2", MRS(3u, 4u, 2u, 1u, 0u), false },
	{ "ELR_EL2", MRS(3u, 4u, 4u, 0u, 1u), false },
	{ "VBAR_EL2", MRS(3u, 4u, 12u, 0u, 0u), false },
	{ "TPIDR_EL2", MRS(3u, 4u, 13u, 0u, 2u), false },
	{ "CNTVOFF_EL2", MRS(3u, 4u, 14u, 0u, 3u), false },
	{ "CNTHCTL_EL2", MRS(3u, 4u, 14u, 1u, 0u), false },
	{ "ICH_HCR_EL2", MRS(3u, 4u, 12u, 11u, 0u), false },
	{ "SCR_EL3", MRS(3u, 6u, 1u, 1u, 0u), false },
	{ "CNTPS_CTL_EL1", MRS(3u, 7u, 14u, 2u, 1u), false },
	{ "RNDR", MRS(3u, 3u, 2u, 4u, 0u), true },
	{ "GCR_EL1", MRS(3u, 0u, 1u, 0u, 6u), false },
};

static const char *outcome(u64 value)
{
	const struct trap_seen *s = trap_result();

	return s->count == 0 ? (value ? "value" : "zero") : ESR_EC(s->esr) == EC_UNKNOWN ? "undefined" : "exception";
}

/* Named registers: "attack: denied NAME read=... write=..." each. */
static void attack_denied(void)
{
	u32 escaped = 0;

	write_sysreg(cpacr_el1, 3 << 24 | 3 << 20 | 3 << 16); /* SME, FP, SVE: EL1's own traps out of the way */
	isb();
	for (u32 i = 0; i < ARRAY_COUNT(denied); i++) {
		const char *read, *write = "-";
		trap_expect(true);
		read = outcome(run_instruction(denied[i].mrs, 0));
		if (!denied[i].read_only) {
			trap_expect(true);
			run_instruction(denied[i].mrs & ~0x200000u, 0);
			write = outcome(0);
		}
		print("attack: denied %s read=%s write=%s\n", denied[i].name, read, write);
		/* everything of EL2 and EL3 must be undefined, whatever the CPU */
		if ((denied[i].mrs >> 16 & 7) >= 4 && strcmp(read, "undefined"))
			escaped++;
	}
	trap_expect(false);
	print("attack: denied end escaped=%u\n", escaped);
}

static void sweep_counts(u64 *fine, u64 *undefined, u64 *other)
{
	const struct trap_seen *s = trap_result();

	if (s->count == 0)
		++*fine;
	else if (ESR_EC(s->esr) == EC_UNKNOWN)
		++*undefined;
	else
		++*other;
}

/* step=N in bootargs: one in N, for those in a hurry. */
static u32 step(void)
{
	static u32 n;

	if (!n)
		n = (u32)args_u64("step", 1);
	return n;
}

static void encode(u32 i, u32 op0, u32 first, bool read)
{
	u32 e = first + i; /* op1:CRn:CRm:op2 */

	code[2 * i] = (read ? 0xd5200000u : 0xd5000000u) | op0 << 19 | e << 5;
	code[2 * i + 1] = RET;
}

/* MRS of all 2 x 16384 encodings of op0 = 2 and 3. */
static void attack_sweep_read(void)
{
	u64 fine = 0, undefined = 0, other = 0;

	for (u32 op0 = 2; op0 <= 3; op0++) {
		for (u32 i = 0; i < 16384; i++)
			encode(i, op0, 0, true);
		code_sync();
		for (u32 i = 0; i < 16384; i += step()) {
			trap_expect(true);
			run_one(i, 0);
			sweep_counts(&fine, &undefined, &other);
		}
	}
	trap_expect(false);
	gic_cpu_init();
	print("attack: sweep-read end fine=%lu undefined=%lu other=%lu\n", fine, undefined, other);
}

#define ENC(op1, n, m, op2) ((op1) << 11 | (n) << 7 | (m) << 3 | (op2))

/* The attacker wants to see the end: what its own execution stands on is left alone. */
static bool own_ground(u32 op0, u32 e)
{
	u32 page = e >> 3; /* op1:CRn:CRm */

	if (op0 == 2) /* debug: MDSCR would single-step it, breakpoints would stop it */
		return e == ENC(0, 0, 2, 2) || ((e >> 7 & 15) == 0 && (e & 7) >= 4 && e >> 11 == 0);
	if ((e >> 11 & 7) == 0 && (e >> 7 & 15) == 4) /* SPSR, ELR, SP_EL0, SPSel, PAN, UAO; PMR is below */
		return (e >> 3 & 15) != 6;
	return page == ENC(0, 1, 0, 0) >> 3 || page == ENC(0, 2, 0, 0) >> 3 || page == ENC(0, 12, 0, 0) >> 3 ||
	       page == ENC(0, 10, 2, 0) >> 3 || page == ENC(0, 13, 0, 0) >> 3 || page == ENC(3, 4, 2, 0) >> 3 ||
	       page == ENC(0, 10, 3, 0) >> 3;
}

/* MSR of all encodings: 0, then all ones where reading was refused. */
static void attack_sweep_write(void)
{
	static u8 refused[16384];
	u64 fine = 0, undefined = 0, other = 0;

	for (u32 op0 = 2; op0 <= 3; op0++) {
		for (u32 i = 0; i < 16384; i++)
			encode(i, op0, 0, true);
		code_sync();
		for (u32 i = 0; i < 16384; i += step()) {
			trap_expect(true);
			run_one(i, 0);
			refused[i] = trap_result()->count != 0;
		}
		for (u32 i = 0; i < 16384; i++)
			encode(i, op0, 0, false);
		code_sync();
		for (u32 i = 0; i < 16384; i += step()) {
			if (own_ground(op0, i))
				continue;
			trap_expect(true);
			run_one(i, 0);
			if (refused[i])
				run_one(i, ~0UL);
			sweep_counts(&fine, &undefined, &other);
		}
	}
	trap_expect(false);
	gic_cpu_init();
	print("attack: sweep-write end fine=%lu undefined=%lu other=%lu\n", fine, undefined, other);
}

/* SYS and SYSL: cache, TLB, address translation, prediction, IMPLEMENTATION DEFINED ones. */
static void attack_sweep_sys(void)
{
	u64 fine = 0, undefined = 0, other = 0;

	for (u32 read = 0; read <= 1; read++) {
		for (u32 i = 0; i < 16384; i++)
			encode(i, 1, 0, read);
		code_sync();
		for (u32 i = 0; i < 16384; i += step()) {
			trap_expect(true);
			run_one(i, (u64)scratch);
			sweep_counts(&fine, &undefined, &other);
		}
	}
	trap_expect(false);
	print("attack: sweep-sys end fine=%lu undefined=%lu other=%lu\n", fine, undefined, other);
}

/* HLT, DCPS, a return to EL2, SVE and SME instructions, WFIT, TSB, PSB: each traps, is a hint, or is undefined. */
static void attack_instructions(void)
{
	static const u32 list[] = { 0xd45e0000, 0xd4a00001, 0xd4a00002, 0xd4a00003, 0x04bf5020, 0x25184be0, 0xd503457f,
		0xd5031000, 0xd503243f, 0xd503225f, 0xd503223f, 0xd50320ff, 0xd503309f, 0xd69f0fff - 0x300, 0xd503229f };
	u64 fine = 0, undefined = 0, other = 0;

	for (u32 i = 0; i < ARRAY_COUNT(list); i++) {
		trap_expect(true);
		run_instruction(list[i], 0);
		sweep_counts(&fine, &undefined, &other);
	}
	trap_expect(true);
	__asm__ volatile("adr x11, 1f\n\tmsr elr_el1, x11\n\tmov x11, #0x3c9\n\tmsr spsr_el1, x11\n\teret\n1:\n\tnop\n\tnop"
			 : : : "x11", "memory"); /* EL2h: an illegal return, to be taken at EL1 */
	trap_expect(false);
	print("attack: instructions end el=%lu fine=%lu undefined=%lu other=%lu\n", read_sysreg(CurrentEL) >> 2, fine, undefined, other);
}

/* Random instruction words (seed=N, count=N), any of which may end this cell or wreck it: never a neighbour. */
static u64 fuzz_lives __attribute__((section(".data"))) = 1; /* a branch may lead back to the start: then go elsewhere */

static void attack_fuzz(void)
{
	u64 state = (args_u64("seed", 1) * 1000 + fuzz_lives++) * 0x9e3779b97f4a7c15UL | 1, count = args_u64("count", 100000), saved_sp;

	irq_mask();
	trap_expect(true);
	for (u64 i = 0; i < count; i++) {
		u64 r = random_next(&state);
		u32 word = (u32)(r >> 8);
		if (r & 1) /* every other one from the system space: there it hurts */
			word = 0xd5000000u | (word & 0x3fffff);
		code[0] = word;
		for (u32 j = 1; j < 64; j++)
			code[j] = RET;
		__asm__ volatile("dc cvau, %0\n\tdsb sy\n\tic ivau, %0\n\tdsb sy\n\tisb" : : "r"(code) : "memory");
		__asm__ volatile("mov %0, sp\n\tmov x0, %1\n\tmov x1, %1\n\tmov x2, %1\n\tmov x3, %1\n\tmov x4, %1\n\t"
				 "mov x5, %1\n\tstp x29, x30, [sp, #-16]!\n\tblr %2\n\tldp x29, x30, [sp], #16"
				 : "=&r"(saved_sp)
				 : "r"(&scratch[256]), "r"(code)
				 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
				   "x15", "x16", "x17", "x18", "x30", "memory", "cc");
	}
	trap_expect(false);
	print("attack: fuzz end\n");
}

const struct attack register_attacks[] = {
	{ "denied", attack_denied },
	{ "sweep-read", attack_sweep_read },
	{ "sweep-write", attack_sweep_write },
	{ "sweep-sys", attack_sweep_sys },
	{ "instructions", attack_instructions },
	{ "fuzz", attack_fuzz },
	{ NULL, NULL },
};
