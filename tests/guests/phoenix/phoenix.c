/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A guest that dies again and again, and looks in each life for what the last
 * one left. What it finds at its first instructions in its first life is what
 * it has to find in all others; then it makes everything dirty it can write:
 *
 *     registers     EL1 and EL0 system registers, debug, timers, V0-V31
 *     interrupts    its CPUs' own lines and CPU interfaces, its UART's line, a device's: pending, active, masked
 *     devices       its UART
 *     memory        every word that is neither its image nor its tree; and those of its image, in the next
 *
 * and ends, each life in another way: by a reset, by faults of one CPU or of all
 * at once, by a breakpoint. Which life it is, and what the first one found, stands
 * in a shared region at 0x50000000, which a restart leaves alone.
 * bootargs: lives=N (6), debug=1 (BRK ends a life), quick=1 (fault at once, no looking), mib=N (16) its memory,
 * outside=1 (somebody else has to end each life: ways.c)
 */
#include "phoenix.h"

#define MAGIC 0x70686f656e6978UL /* "phoenix" */
#define ASHES ((volatile struct ashes *)0x50000000UL)
#define NOWHERE 0x30000000UL     /* in no cell's map */
#define DEVICE_LINE 34           /* rtc0 */
#define ICC_AP1R0 "s3_0_c12_c9_0"
#define STATE_MAX 160

struct ashes {
	u64 magic, life, failed;
	u64 state[CPU_MAX][STATE_MAX]; /* as the first life found it */
};

/* A register, and what to leave in it. Without the enables that would take effect at once. */
#define REGISTERS(X) \
	X(tpidr_el0, 0x1111) X(tpidrro_el0, 0x2222) X(contextidr_el1, 0x3333) X(amair_el1, 0x44) X(far_el1, 0x5555) \
	X(esr_el1, 0x56000000) X(elr_el1, 0x6666) X(spsr_el1, 0x3c5) X(par_el1, 0x77000) X(csselr_el1, 2) X(ttbr1_el1, 0x88000) \
	X(sp_el0, 0x9990) X(mdscr_el1, 0x1000) X(cntkctl_el1, 0x303) X(cntv_cval_el0, 1) X(cntp_cval_el0, 1) X(cntv_ctl_el0, 1) \
	X(cntp_ctl_el0, 1) X(fpcr, 0x00c00000) X(fpsr, 0x0800001f) X(mdccint_el1, 0x40000000) X(dbgbvr0_el1, 0xa000) \
	X(dbgbcr0_el1, 0x1e0) X(dbgbvr5_el1, 0xb000) X(dbgbcr5_el1, 0x1e0) X(dbgwvr0_el1, 0xc000) X(dbgwcr0_el1, 0x1ff8) \
	X(dbgwvr3_el1, 0xd000) X(dbgwcr3_el1, 0x1ff8) X(osdlr_el1, 0) X(afsr0_el1, 0x123) X(afsr1_el1, 0x456)

static const char *names[STATE_MAX];
static u64 vectors[CPU_MAX][64]; /* V0-V31, as found */
static u64 life, lives;
static bool debug, outside;
static volatile u32 ready;

#define READ_V(to) \
	__asm__ volatile("stp q0, q1, [%0]\n\tstp q2, q3, [%0, #32]\n\tstp q4, q5, [%0, #64]\n\tstp q6, q7, [%0, #96]\n\t" \
			 "stp q8, q9, [%0, #128]\n\tstp q10, q11, [%0, #160]\n\tstp q12, q13, [%0, #192]\n\tstp q14, q15, [%0, #224]\n\t" \
			 "stp q16, q17, [%0, #256]\n\tstp q18, q19, [%0, #288]\n\tstp q20, q21, [%0, #320]\n\tstp q22, q23, [%0, #352]\n\t" \
			 "stp q24, q25, [%0, #384]\n\tstp q26, q27, [%0, #416]\n\tstp q28, q29, [%0, #448]\n\tstp q30, q31, [%0, #480]" \
			 : : "r"(to) : "memory")

static void write_v(void)
{
	u64 x = 0xdeadbeefcafef00d;

	__asm__ volatile(".irp n,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n\tdup v\\n\\().2d, %0\n\t.endr" : : "r"(x));
}

/* ---- looking ---- */

struct look {
	u32 cpu, count;
};

static void put(struct look *look, const char *name, u64 value)
{
	volatile u64 *first = &ASHES->state[look->cpu][look->count];

	names[look->count++] = name;
	if (life == 1)
		*first = value;
	if (*first == value)
		return;
	ASHES->failed++;
	print("phoenix: FAIL life=%lu cpu=%u %s expected=%lx found=%lx\n", life, look->cpu, name, *first, value);
}

static void look_at_registers(struct look *look)
{
	u64 any = 0;

#define LOOK(reg, dirt) put(look, #reg, read_sysreg(reg));
	REGISTERS(LOOK)
	for (u32 i = 0; i < 64; i++)
		any |= vectors[look->cpu][i];
	put(look, "V0-V31", any);
	put(look, "OSLSR_EL1", read_sysreg(oslsr_el1));
	put(look, "DBGCLAIMCLR_EL1", read_sysreg(dbgclaimclr_el1));
	if ((read_sysreg(id_aa64isar1_el1) >> 4 & 0xff) != 0) {
		put(look, "APIAKeyLo", read_sysreg(s3_0_c2_c1_0));
		put(look, "APDBKeyHi", read_sysreg(s3_0_c2_c2_3));
		put(look, "APGAKeyLo", read_sysreg(s3_0_c2_c3_0));
	}
}

static void look_at_own_lines(struct look *look)
{
	u64 sgi = GICR_SGI(look->cpu);

	put(look, "GICR_IGROUPR0", mmio_read32(sgi + 0x80));
	put(look, "GICR_ISENABLER0", mmio_read32(sgi + 0x100));
	put(look, "GICR_ISPENDR0", mmio_read32(sgi + 0x200));
	put(look, "GICR_ISACTIVER0", mmio_read32(sgi + 0x300));
	for (u32 i = 0; i < 8; i++)
		put(look, "GICR_IPRIORITYR", mmio_read32(sgi + 0x400 + 4 * i));
	put(look, "GICR_ICFGR1", mmio_read32(sgi + 0xc04));
	put(look, "ICC_PMR", read_icc(ICC_PMR));
	put(look, "ICC_BPR1", read_icc(ICC_BPR1));
	put(look, "ICC_CTLR", read_icc(ICC_CTLR));
	put(look, "ICC_IGRPEN1", read_icc(ICC_IGRPEN1));
	put(look, "ICC_AP1R0", read_icc(ICC_AP1R0));
	put(look, "ICC_RPR", read_icc(ICC_RPR));
}

static void look_at_shared(struct look *look)
{
	put(look, "GICD_CTLR", mmio_read32(GICD_CTLR));
	put(look, "GICD_ISENABLER1", mmio_read32(GICD_ISENABLER + 4));
	put(look, "GICD_ISPENDR1", mmio_read32(GICD_ISPENDR + 4));
	put(look, "GICD_ISACTIVER1", mmio_read32(GICD_ISACTIVER + 4));
	put(look, "GICD_IGROUPR1", mmio_read32(GICD_IGROUPR + 4));
	put(look, "GICD_ICFGR2", mmio_read32(GICD_ICFGR + 8));
	for (u32 line = UART_LINE; line <= DEVICE_LINE; line++) {
		put(look, "GICD_IPRIORITYR", mmio_read8(GICD_IPRIORITYR + line));
		put(look, "GICD_IROUTER", mmio_read64(GICD_IROUTER + 8 * line));
	}
	for (u32 reg = 0x18; reg <= 0x48; reg += 4)
		if (reg != 0x1c && reg != 0x44)
			put(look, "UART", mmio_read32(UART_BASE + reg));
	for (u32 cpu = 1; cpu < cpu_count(); cpu++)
		put(look, "AFFINITY_INFO", (u64)psci(PSCI_AFFINITY_INFO, cpu_affinity(cpu), 0, 0));
}

/* ---- memory ---- */

struct range {
	u64 from, to;
};

/* What is neither image nor tree, whole words. */
static u32 ranges(struct range r[3])
{
	r[0] = (struct range){ RAM_BASE, (u64)guest_begin };
	r[1] = (struct range){ (u64)guest_end, boot_state.dtb & ~15UL };
	r[2] = (struct range){ (tree_end(boot_state.dtb) + 15) & ~15UL, RAM_BASE + args_u64("mib", 16) * 0x100000 };
	return 3;
}

static void look_at_memory(void)
{
	struct range r[3];
	u32 bad = 0;

	if (life == 1)
		return; /* boot clears it only if it is told to */
	if (boot_state.bss) {
		ASHES->failed++;
		print("phoenix: FAIL life=%lu .bss or stacks were not clear: %lx\n", life, boot_state.bss);
	}
	for (u32 i = 0, n = ranges(r); i < n; i++) {
		for (u64 a = r[i].from; a < r[i].to; a += 8) {
			if (!*(volatile u64 *)a)
				continue;
			ASHES->failed++;
			if (bad++ < 4)
				print("phoenix: FAIL life=%lu memory at=%lx is=%lx\n", life, a, *(volatile u64 *)a);
		}
	}
}

static void soil_memory(void)
{
	struct range r[3];

	for (u32 i = 0, n = ranges(r); i < n; i++)
		for (u64 a = r[i].from; a < r[i].to; a += 8)
			*(volatile u64 *)a = MAGIC << 8 ^ life << 56 ^ a;
}

/* ---- leaving dirt ---- */

static void soil_registers(void)
{
#define SOIL(reg, dirt) write_sysreg(reg, dirt);
	REGISTERS(SOIL)
	if ((read_sysreg(id_aa64isar1_el1) >> 4 & 0xff) != 0) {
		write_sysreg(s3_0_c2_c1_0, 0x1234);
		write_sysreg(s3_0_c2_c2_3, 0x5678);
		write_sysreg(s3_0_c2_c3_0, 0x9abc);
	}
	write_sysreg(oslar_el1, 0);
	write_sysreg(dbgclaimset_el1, 0xff);
	write_v();
}

static void soil_own_lines(u32 cpu)
{
	u64 sgi = GICR_SGI(cpu);

	gic_cpu_init();
	for (u32 i = 0; i < 8; i++)
		mmio_write32(sgi + 0x400 + 4 * i, 0x30303030);
	mmio_write32(sgi + 0x100, ~0u);
	gic_sgi(cpu, 7);
	isb();
	(void)read_icc(ICC_IAR1); /* whatever it was: active, and its priority too */
	mmio_write32(sgi + 0x200, 1u << 5 | 1u << 9);
	mmio_write32(sgi + 0x300, 1u << 3);
	mmio_write32(sgi + 0xc04, 0xaaaaaaaa);
	mmio_write32(sgi + 0x80, 0);
	write_icc(ICC_BPR1, 3);
	write_icc(ICC_CTLR, 2);
	write_icc(ICC_PMR, 0x50);
}

static void soil_shared(void)
{
	mmio_write32(GICD_CTLR, 0x12);
	for (u32 line = UART_LINE; line <= DEVICE_LINE; line++) {
		gic_enable(line, 0x20);
		if (cpu_count() > 1)
			gic_route(line, 1);
		gic_set_pending(line);
		mmio_write32(GICD_ISACTIVER + 4, 1u << line % 32);
	}
	mmio_write32(UART_BASE + 0x24, 0x55);
	mmio_write32(UART_BASE + 0x34, 0x24);
	mmio_write32(UART_BASE + 0x38, 0x7ff);
}

static void live(u32 cpu)
{
	struct look look = { cpu, 0 };

	look_at_registers(&look);
	look_at_own_lines(&look);
	if (cpu == 0)
		look_at_shared(&look);
	if (cpu == 0)
		look_at_memory();
	soil_own_lines(cpu);
	if (cpu == 0) {
		soil_shared();
		soil_memory();
	}
	soil_registers();
}

/* ---- ends ---- */

static void fault(void)
{
	mmio_write32(NOWHERE, 1);
}

/* CPUs 1 and 2: what they do while the cell ends. */
static void other(u64 cpu)
{
	READ_V(vectors[cpu]);
	live((u32)cpu);
	atomic_add(&ready, 1);
	if (outside)
		await_end(life + cpu);
	switch (life % 6 * 2 + cpu % 2) {
	case 2: return;           /* off again */
	case 3: for (;;) wfi();
	case 6: fault(); break;   /* and not by the first CPU */
	case 10:
	case 11:                  /* all at once */
		while (ready < 3)
			;
		fault();
		break;
	default: for (;;) ;
	}
}

/* On and off, for ever: the cell ends somewhere in between. */
static void flicker(u64 cpu)
{
	(void)cpu;
	atomic_add(&ready, 1);
}

static void end_by_flicker(void)
{
	u64 end = now() + ticks_us(2000 + life * 77);

	while (now() < end) {
		cpu_run(1, flicker, 1);
		cpu_run(2, flicker, 2);
	}
	psci(PSCI_SYSTEM_RESET2, 0, 0, 0);
}

static void start_others(u32 cpus)
{
	for (u32 cpu = 1; cpu < cpus; cpu++)
		if (cpu_run(cpu, other, cpu) != PSCI_SUCCESS)
			print("phoenix: FAIL life=%lu cpu=%u does not start\n", life, cpu);
	while (ready < cpus - 1)
		yield();
}

/* In words that have no end of line: they are said all the same. */
static void end(u32 cpus)
{
	print("phoenix: end of life=%lu", life);
	switch (life % 6) {
	case 1: psci(PSCI_SYSTEM_RESET, 0, 0, 0); break;
	case 2: fault(); break;
	case 3:
		if (debug)
			__asm__ volatile("brk #1");
		if (cpus == 1)
			fault();
		for (;;) ; /* CPU 2 ends it */
	case 4: psci(PSCI_SYSTEM_RESET2, 0, 0, 0); break;
	case 5:
		atomic_add(&ready, 1);
		while (ready < cpus)
			;
		fault();
		break;
	default:
		if (cpus > 1)
			end_by_flicker();
		psci(PSCI_SYSTEM_RESET, 0, 0, 0);
	}
	print("phoenix: FAIL it goes on\n");
}

void guest_main(struct boot_state *boot)
{
	u32 cpus;

	READ_V(vectors[0]);
	if (ASHES->magic != MAGIC)
		ASHES->life = ASHES->failed = 0;
	ASHES->magic = MAGIC;
	life = ++ASHES->life;
	args_init(boot->dtb);
	lives = args_u64("lives", 6);
	debug = args_u64("debug", 0);
	cpus = cpu_count();
	outside = args_u64("outside", 0);
	if (outside && !args_u64("lives", 0))
		lives = way_count;
	print("phoenix: life=%lu cpus=%u\n", life, cpus);
	if (args_u64("quick", 0))
		fault();
	if (life <= lives || lives == 0)
		live(0);
	if (life > lives) {
		print("phoenix: done lives=%lu failed=%lu\n", life - 1, ASHES->failed);
		psci(PSCI_SYSTEM_OFF, 0, 0, 0);
	}
	if (life % 6 || outside)
		start_others(cpus);
	if (outside) {
		print("phoenix: life=%lu waits\n", life);
		uart_drain();
		await_end(life);
	}
	end(cpus);
}
