/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A guest that is suspended and resumed all the time, and must not notice: it
 * has scenes, each for some time, and in each it checks again and again what a
 * pause at any instruction could change. That there were pauses it sees by the
 * clock, which goes on.
 *
 *     dormouse: registers ok rounds=.. gaps=..
 *     dormouse: done failed=0
 *
 * bootargs: ms=N (300) for each scene, gap_us=N (2000) what counts as a pause, only=NAME of a scene
 */
#include "guest.h"

#define ICC_AP1R0 "s3_0_c12_c9_0"
#define SGI_PING 3u
#define SGI_PONG 4u
#define SGI_OWN 5u
#define SGI_LONG 6u
#define SGI_IDLE 9u /* nobody sends it */

static u64 failed, gap_ticks, scene_ticks, gaps, last, until;
static volatile u32 long_failed;

/* In each round of everything that waits: was there a pause? */
static void look_at_clock(void)
{
	u64 t = now();

	gaps += t - last > gap_ticks;
	last = t;
}

static void expect(const char *what, u64 expected, u64 found)
{
	if (expected == found)
		return;
	if (failed++ < 20)
		print("dormouse: FAIL %s expected=%lx found=%lx\n", what, expected, found);
}

/* ---- all registers, in a loop with everything masked ---- */

u64 dormouse_registers(u64 ticks, u64 gap); /* registers.S: bits of what has changed */

#define SYSREGS(X) X(tpidr_el0) X(tpidrro_el0) X(contextidr_el1) X(far_el1) X(esr_el1) X(elr_el1) X(spsr_el1) X(par_el1) X(sp_el0) \
	X(mair_el1) X(tcr_el1) X(ttbr0_el1) X(ttbr1_el1) X(vbar_el1) X(sctlr_el1) X(cntkctl_el1) X(cntp_cval_el0) X(cpacr_el1) \
	X(mdscr_el1) X(dbgbvr0_el1) X(fpcr) X(fpsr)
enum {
#define NUMBER(name) NUMBER_##name,
	SYSREGS(NUMBER) SYSREG_COUNT
};

static void sysregs_read(u64 *to)
{
#define READ(name) to[NUMBER_##name] = read_sysreg(name);
	SYSREGS(READ)
}

static void registers(void)
{
	u64 before[SYSREG_COUNT], after[SYSREG_COUNT];

	write_sysreg(tpidr_el0, 0x1111);
	write_sysreg(tpidrro_el0, 0x2222);
	write_sysreg(far_el1, 0x3333);
	write_sysreg(elr_el1, 0x4444);
	write_sysreg(spsr_el1, 0x3c5);
	write_sysreg(sp_el0, 0x5550);
	sysregs_read(before);
	expect("general and vector registers", 0, dormouse_registers(ticks_us(4000), gap_ticks));
	sysregs_read(after);
	for (u32 i = 0; i < SYSREG_COUNT; i++)
		expect("system register", before[i], after[i]);
	write_sysreg(spsr_el1, 0);
}

/* ---- the CPU interface, and the CPU's own lines ---- */

/* Read back at once what was written. Nothing may come meanwhile. */
static void interface(void)
{
	for (u32 i = 0; i < 200; i++) {
		u64 pmr = (i * 8) & 0xf8, bpr = 3 + i % 4, ctlr = i & 3;

		write_icc(ICC_CTLR, 0);
		write_icc(ICC_PMR, pmr);
		write_icc(ICC_BPR1, bpr);
		write_icc(ICC_CTLR, ctlr);
		write_icc(ICC_IGRPEN1, i & 1);
		look_at_clock();
		expect("ICC_PMR", pmr, read_icc(ICC_PMR));
		expect("ICC_CTLR", ctlr, read_icc(ICC_CTLR) & 3);
		expect("ICC_IGRPEN1", i & 1, read_icc(ICC_IGRPEN1));
		write_icc(ICC_CTLR, 0);
		expect("ICC_BPR1", bpr, read_icc(ICC_BPR1));
	}
	write_icc(ICC_BPR1, 0);
	write_icc(ICC_PMR, 0xff);
	write_icc(ICC_IGRPEN1, 1);
}

static void own_lines(void)
{
	u64 sgi = GICR_SGI(cpu_number());

	for (u32 i = 0; i < 200; i++) {
		mmio_write32(sgi + 0x100, 1u << SGI_IDLE);
		expect("GICR_ISENABLER0, on", 1, mmio_read32(sgi + 0x100) >> SGI_IDLE & 1);
		mmio_write32(sgi + 0x200, 1u << SGI_IDLE);
		mmio_write8(sgi + 0x400 + SGI_IDLE, (u8)(i << 3));
		look_at_clock();
		expect("GICR_ISPENDR0", 1, mmio_read32(sgi + 0x200) >> SGI_IDLE & 1);
		mmio_write32(sgi + 0x280, 1u << SGI_IDLE);
		expect("GICR_IPRIORITYR", (u8)(i << 3), mmio_read8(sgi + 0x400 + SGI_IDLE));
		expect("GICR_ICPENDR0", 0, mmio_read32(sgi + 0x200) >> SGI_IDLE & 1);
		mmio_write32(sgi + 0x180, 1u << SGI_IDLE);
		expect("GICR_ISENABLER0, off", 0, mmio_read32(sgi + 0x100) >> SGI_IDLE & 1);
	}
}

/* ---- interrupts that come, once ---- */

static void wait_masked(u64 ticks)
{
	for (u64 end = now() + ticks; now() < end;)
		look_at_clock();
}

static void take(void)
{
	irq_unmask();
	isb();
	irq_mask();
}

static void once(const char *what, u32 intid, u32 before)
{
	expect(what, before, irq_count[0][intid]);
	for (u64 end = now() + ticks_us(5000000); irq_count[0][intid] == before && now() < end;)
		take(); /* emulated timers are a little late */
	take();
	take();
	expect(what, before + 1, irq_count[0][intid]);
}

static void timer(void)
{
	u32 before = irq_count[0][PPI_VTIMER];

	write_sysreg(cntv_cval_el0, now() + ticks_us(700));
	write_sysreg(cntv_ctl_el0, 1);
	wait_masked(ticks_us(1500));
	once("timer", PPI_VTIMER, before);
}

static void own_sgi(void)
{
	u32 before = irq_count[0][SGI_OWN];

	gic_sgi(0, SGI_OWN);
	wait_masked(ticks_us(500));
	once("SGI", SGI_OWN, before);
}

/* The transmitter is empty: its line is high until it is told to be quiet. */
static void level(void)
{
	u32 before = irq_count[0][UART_LINE];

	uart_drain();
	mmio_write32(UART_BASE + 0x44, 0x7ff);
	mmio_write32(UART_BASE + 0x38, 0x20);
	mmio_write32(UART_BASE + 0x00, '.');
	uart_drain();
	wait_masked(ticks_us(500));
	expect("level", before, irq_count[0][UART_LINE]);
	for (u32 i = 0; i < 1000 && irq_count[0][UART_LINE] == before; i++)
		take();
	expect("level came", true, irq_count[0][UART_LINE] > before);
}

/* Active all the time. */
static void long_handler(void)
{
	u64 rpr = read_icc(ICC_RPR), active = mmio_read32(GICR_SGI(0) + 0x300) & 0xffff;

	wait_masked(ticks_us(800));
	long_failed += read_icc(ICC_RPR) != rpr || (mmio_read32(GICR_SGI(0) + 0x300) & 0xffff) != active || rpr > 0xf0;
}

static void in_the_handler(void)
{
	u32 before = irq_count[0][SGI_LONG];

	gic_sgi(0, SGI_LONG);
	wait_masked(ticks_us(100));
	once("SGI with a long handler", SGI_LONG, before);
	expect("registers within the handler", 0, long_failed);
	expect("ICC_RPR", 0xff, read_icc(ICC_RPR));
}

/* ---- asleep ---- */

static void sleep_for(u64 ticks, void (*nap)(void))
{
	u64 end = now() + ticks;

	write_sysreg(cntv_cval_el0, end);
	write_sysreg(cntv_ctl_el0, 1);
	isb();
	while (now() < end) {
		nap();
		look_at_clock();
	}
}

static void nap_wfi(void) { wfi(); }
static void nap_call(void) { psci(PSCI_CPU_SUSPEND, 0, 0, 0); }
static void nap_wfe(void) { wfe(); }

static void nap_open(void)
{
	irq_unmask();
	wfi();
	irq_mask();
}

static void asleep(void)
{
	u32 before = irq_count[0][PPI_VTIMER];

	sleep_for(ticks_us(3000), nap_wfi);
	once("timer, in WFI", PPI_VTIMER, before);
}

static void asleep_open(void)
{
	u32 before = irq_count[0][PPI_VTIMER];

	sleep_for(ticks_us(3000), nap_open);
	if (irq_count[0][PPI_VTIMER] == before)
		once("timer, in WFI with interrupts on", PPI_VTIMER, before);
	take();
	expect("timer, in WFI with interrupts on", before + 1, irq_count[0][PPI_VTIMER]);
}

static void asleep_in_call(void)
{
	u32 before = irq_count[0][PPI_VTIMER];

	sleep_for(ticks_us(3000), nap_call);
	once("timer, in CPU_SUSPEND", PPI_VTIMER, before);
}

static void asleep_wfe(void)
{
	u32 before = irq_count[0][PPI_VTIMER];

	sleep_for(ticks_us(3000), nap_wfe);
	once("timer, in WFE", PPI_VTIMER, before);
}

/* ---- between CPUs ---- */

static void echo(u64 cpu)
{
	(void)cpu;
	gic_cpu_init();
	gic_enable(SGI_PING, 0x80);
	for (;;) {
		wfi();
		take();
	}
}

static void ping(void)
{
	for (u32 cpu = 1; cpu < cpu_count(); cpu++) {
		u32 there = irq_count[cpu][SGI_PING], back = irq_count[0][SGI_PONG];

		gic_sgi(cpu, SGI_PING);
		for (u64 end = now() + ticks_us(5000000); now() < end && irq_count[0][SGI_PONG] == back;) {
			take();
			look_at_clock();
		}
		expect("ping", there + 1, irq_count[cpu][SGI_PING]);
		expect("pong", back + 1, irq_count[0][SGI_PONG]);
	}
}

void irq_handler(u32 intid)
{
	if (intid == PPI_VTIMER)
		write_sysreg(cntv_ctl_el0, 0);
	if (intid == SGI_PING)
		gic_sgi(0, SGI_PONG);
	if (intid == UART_LINE)
		mmio_write32(UART_BASE + 0x38, 0);
	if (intid == SGI_LONG)
		long_handler();
	isb();
}

/* None that nobody here has asked for. */
static void look_for_strangers(void)
{
	for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
		expect("interrupts that went away", 0, irq_spurious[cpu]);
		for (u32 i = 0; i < 1024; i++)
			if (i != SGI_PING && i != SGI_PONG && i != SGI_OWN && i != SGI_LONG && i != PPI_VTIMER && i != UART_LINE)
				expect("stranger", 0, irq_count[cpu][i]);
	}
}

static const struct {
	const char *name;
	void (*act)(void);
} scenes[] = {
	{ "registers", registers }, { "interface", interface }, { "own-lines", own_lines }, { "timer", timer }, { "sgi", own_sgi },
	{ "level", level }, { "handler", in_the_handler }, { "wfi", asleep }, { "wfi-open", asleep_open }, { "wfe", asleep_wfe },
	{ "call", asleep_in_call }, { "ping", ping },
};

static void play(u32 n)
{
	u64 rounds = 0, before = failed, base = gaps;

	last = now();
	until = last + scene_ticks;
	while (now() < until) {
		scenes[n].act();
		look_at_clock();
		rounds++;
	}
	look_for_strangers();
	print("dormouse: %s %s rounds=%lu gaps=%lu\n", scenes[n].name, failed == before ? "ok" : "FAIL", rounds, gaps - base);
}

void guest_main(struct boot_state *boot)
{
	char only[16];

	args_init(boot->dtb);
	gap_ticks = ticks_us(args_u64("gap_us", 2000));
	scene_ticks = ticks_us(args_u64("ms", 300) * 1000);
	uart_init();
	gic_init();
	gic_enable(SGI_PONG, 0x80);
	gic_enable(SGI_OWN, 0x80);
	gic_enable(SGI_LONG, 0x80);
	gic_enable(PPI_VTIMER, 0x80);
	gic_enable(UART_LINE, 0x80);
	for (u32 cpu = 1; cpu < cpu_count(); cpu++)
		cpu_run(cpu, echo, cpu);
	print("dormouse: cpus=%u\n", cpu_count());
	for (u32 i = 0; i < ARRAY_COUNT(scenes); i++)
		if (!args_get("only", only, sizeof only) || strcmp(only, scenes[i].name) == 0)
			play(i);
	print("dormouse: done failed=%lu gaps=%lu\n", failed, gaps);
	idle_forever();
}
