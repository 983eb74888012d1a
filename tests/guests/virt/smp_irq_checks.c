/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Interrupts between CPUs: a token that must not get lost, everybody to
 * everybody, lines that move while they are pending, registers of another CPU,
 * CPUs that go off with something pending. Each CPU obeys CPU 0 through its word.
 */
#include "virt.h"

enum order { NOTHING, RING, ALL, MASKED, UNMASKED, LEAVE };

#define ROUNDS 100    /* of the token: asleep in between */
#define EXCHANGES 20  /* of everybody: awake, which takes time where CPUs are few */
#define TOKEN 6

static volatile u32 order[CPU_MAX], done[CPU_MAX], cpus;
static volatile u32 token_rounds, hold, held;

static void tell(u32 cpu, u32 what)
{
	done[cpu] = 0;
	order[cpu] = what;
	sev();
}

static bool told(u32 cpu, u32 what)
{
	tell(cpu, what);
	return wait_until(done[cpu], LONG_US);
}

static void open_for_a_moment(void)
{
	irq_unmask();
	isb();
	irq_mask();
}

/* Sleep, masked, until `intid` has been handled once more. */
static void sleep_for(u32 intid, u32 had)
{
	while (irq_count[cpu_number()][intid] == had) {
		wfi();
		open_for_a_moment();
	}
}

/* The token goes round: who gets it passes it on, asleep in between. */
static void ring(u32 cpu)
{
	for (u32 i = 0; i < ROUNDS; i++) {
		u32 had = irq_count[cpu][TOKEN];

		if (cpu == 0) {
			gic_sgi(1 % cpus, TOKEN);
			sleep_for(TOKEN, had);
			token_rounds++;
		} else {
			sleep_for(TOKEN, i);
			gic_sgi((cpu + 1) % cpus, TOKEN);
		}
	}
}

/* To all others, by an INTID of its own, when they have taken the last one. */
static bool everybody(u32 cpu)
{
	u64 end = now() + ticks_us(LONG_US);

	irq_unmask();
	for (u32 i = 0; i < EXCHANGES; i++) {
		gic_sgi_others(8 + cpu);
		for (u32 n = 0; n < cpus; n++)
			while (n != cpu && irq_count[n][8 + cpu] != i + 1)
				if (now() > end)
					return false;
	}
	for (u32 n = 0; n < cpus; n++)
		while (n != cpu && irq_count[cpu][8 + n] != EXCHANGES)
			if (now() > end)
				return false;
	irq_mask();
	return true;
}

static void start_here(void)
{
	gic_cpu_init();
	mmio_write32(GICR_SGI(cpu_number()) + 0x280, ~0u); /* what may have been left */
	for (u32 i = 0; i < 16; i++)
		gic_enable(i, 0x90);
}

static void obey(u64 cpu)
{
	start_here();
	for (u32 what = 0; what != LEAVE;) {
		what = order[cpu];
		if (what == NOTHING)
			continue;
		order[cpu] = NOTHING;
		if (what == RING)
			ring((u32)cpu);
		if (what == ALL && !everybody((u32)cpu))
			continue; /* not done */
		if (what == UNMASKED)
			irq_unmask();
		if (what == MASKED || what == LEAVE)
			irq_mask();
		done[cpu] = 1;
	}
}

static bool start_all(void)
{
	bool ok = true;

	for (u32 i = 1; i < cpus; i++) {
		order[i] = NOTHING;
		need(cpu_run(i, obey, i) == PSCI_SUCCESS);
		need(told(i, MASKED));
	}
	return ok;
}

static bool leave(u32 cpu)
{
	tell(cpu, LEAVE);
	return cpu_wait_off(cpu, LONG_US);
}

static void forget_counts(void)
{
	for (u32 n = 0; n < cpus; n++)
		for (u32 i = 0; i < 64; i++)
			irq_count[n][i] = 0;
}

static void check_token(void)
{
	bool ok = true;

	forget_counts();
	token_rounds = 0;
	for (u32 i = 1; i < cpus; i++)
		tell(i, RING);
	ring(0);
	for (u32 i = 1; i < cpus; i++)
		need(wait_until(done[i], LONG_US) && irq_count[i][TOKEN] == ROUNDS);
	check("smp-ring", ok && token_rounds == ROUNDS && irq_count[0][TOKEN] == ROUNDS);
}

static void check_everybody(void)
{
	bool ok;

	forget_counts();
	for (u32 i = 1; i < cpus; i++)
		tell(i, ALL);
	ok = everybody(0);
	for (u32 i = 1; i < cpus; i++)
		need(wait_until(done[i], LONG_US));
	for (u32 n = 0; n < cpus; n++)
		ok &= irq_count[n][8 + n] == 0; /* to others is not to itself */
	check("smp-everybody", ok);
}

static u32 line_count(u32 cpu)
{
	return irq_count[cpu][UART_LINE];
}

/* Pending and ready at one CPU, masked there: sent to another it comes there, and there only. */
static void check_moving(void)
{
	bool ok = true;

	forget_counts();
	gic_route(UART_LINE, 0);
	gic_enable(UART_LINE, 0xa0);
	for (u32 i = 1; i < cpus; i++) {
		u32 at_0 = line_count(0);

		need(told(i, UNMASKED));
		gic_set_pending(UART_LINE);
		need(wait_until((read_icc(ICC_HPPIR1) & 0xffffff) == UART_LINE, LONG_US));
		gic_route(UART_LINE, i);
		need(wait_until(line_count(i) == 1, LONG_US) && line_count(0) == at_0);
		need(wait_until(!gic_is_pending(UART_LINE), LONG_US));
		need(told(i, MASKED));
		gic_set_pending(UART_LINE); /* and back */
		delay_us(100);
		gic_route(UART_LINE, 0);
		irq_unmask();
		need(wait_until(line_count(0) == at_0 + 1, LONG_US));
		irq_mask();
		need(told(i, UNMASKED));
		delay_us(100);
		need(line_count(i) == 1);
		gic_disable(UART_LINE); /* moved while disabled */
		gic_set_pending(UART_LINE);
		gic_route(UART_LINE, i);
		gic_enable(UART_LINE, 0xa0);
		need(wait_until(line_count(i) == 2, LONG_US) && line_count(0) == at_0 + 1);
		gic_route(UART_LINE, 0);
	}
	check("smp-moving", ok);
}

/* A handler that holds on until it is told. */
static void holding(u32 intid)
{
	if (intid != UART_LINE || !hold)
		return;
	held = 1;
	while (hold)
		yield();
	held = 0;
}

static bool line_active(void) { return mmio_read32(GICD_ISACTIVER + 4) >> (UART_LINE % 32) & 1; }

static void check_active_elsewhere(void)
{
	u32 last = cpus - 1;
	bool ok;

	gic_disable(UART_LINE);
	gic_clear_pending(UART_LINE);
	ok = told(last, MASKED); /* it has come back from its last handler, which may not be the one that holds on */
	forget_counts();
	held = 0;
	hold = 1;
	irq_hook = holding;
	gic_route(UART_LINE, last);
	gic_enable(UART_LINE, 0xa0);
	need(told(last, UNMASKED));
	gic_set_pending(UART_LINE);
	need(wait_until(held, LONG_US) && line_active());
	gic_set_pending(UART_LINE); /* once more, after the end */
	delay_us(100);
	need(line_active() && line_count(last) == 1);
	check("smp-pending-elsewhere", wait_until(gic_is_pending(UART_LINE), LONG_US));
	hold = 0;
	need(wait_until(line_count(last) == 2, LONG_US) && wait_until(!line_active(), LONG_US));
	check("smp-active-elsewhere", ok && !gic_is_pending(UART_LINE));

	hold = 1;
	gic_set_pending(UART_LINE);
	ok = wait_until(held, LONG_US);
	mmio_write32(GICD_ICACTIVER + 4, 1u << (UART_LINE % 32));
	ok &= wait_until(!line_active(), LONG_US); /* whatever the handler there does */
	hold = 0;
	need(wait_until(!held, LONG_US) && line_count(last) == 3);
	delay_us(100);
	gic_set_pending(UART_LINE);
	need(wait_until(line_count(last) == 4, LONG_US) && wait_until(!line_active(), LONG_US));
	check("smp-deactivated-elsewhere", ok);
	irq_hook = NULL;
	gic_route(UART_LINE, 0);
}

static void wait_redistributor(u32 cpu)
{
	wait_until(!(mmio_read32(GICR_RD(cpu)) & 8), LONG_US); /* GICR_CTLR.RWP */
}

/* Another CPU's redistributor, from here. */
static void check_other_frame(void)
{
	u32 last = cpus - 1;
	u64 frame = GICR_SGI(last);
	bool ok;

	forget_counts();
	ok = told(last, UNMASKED);
	mmio_write32(frame + 0x200, 1 << 5); /* ISPENDR0 */
	need(wait_until(irq_count[last][5] == 1, LONG_US) && irq_count[0][5] == 0);
	check("smp-frame-pend", ok);
	ok = told(last, MASKED);
	gic_sgi(last, 5);
	delay_us(100);
	check("smp-frame-pending", wait_until(mmio_read32(frame + 0x200) >> 5 & 1, LONG_US) && !(mmio_read32(frame + 0x300) >> 5 & 1));
	mmio_write32(frame + 0x180, 1 << 5); /* ICENABLER0 */
	wait_redistributor(last);
	need(!(mmio_read32(frame + 0x100) >> 5 & 1));
	need(told(last, UNMASKED));
	delay_us(200);
	need(irq_count[last][5] == 1);
	mmio_write32(frame + 0x100, 1 << 5); /* ISENABLER0 */
	need(wait_until(irq_count[last][5] == 2, LONG_US));
	check("smp-frame-disable", ok);
	ok = told(last, MASKED);
	gic_sgi(last, 5);
	delay_us(100);
	mmio_write32(frame + 0x280, 1 << 5); /* ICPENDR0 */
	wait_redistributor(last);
	delay_us(100);
	need(told(last, UNMASKED));
	delay_us(200);
	need(irq_count[last][5] == 2);
	check("smp-frame-unpend", ok);
	mmio_write8(frame + 0x400 + 5, 0x40);
	check("smp-frame-priority", mmio_read8(frame + 0x400 + 5) == 0x40 && mmio_read8(GICR_SGI(0) + 0x400 + 5) == 0x90);
}

/* It goes off with a line ready at it, masked; the line comes to whom it is sent to. Then on again, with another one waiting. */
static void check_off_pending(void)
{
	u32 last = cpus - 1;
	bool ok;

	forget_counts();
	ok = told(last, MASKED);
	gic_route(UART_LINE, last);
	gic_enable(UART_LINE, 0xa0);
	gic_set_pending(UART_LINE);
	gic_sgi(last, 3);
	delay_us(100);
	need(leave(last));
	delay_us(100);
	need(gic_is_pending(UART_LINE) && line_count(last) == 0);
	gic_route(UART_LINE, 0);
	irq_unmask();
	need(wait_until(line_count(0) == 1, LONG_US));
	irq_mask();
	check("smp-off-pending", ok && !gic_is_pending(UART_LINE));
	gic_route(UART_LINE, last);
	gic_set_pending(UART_LINE);
	gic_sgi(last, 3); /* to one that is off: whether it is there later is nobody's promise */
	delay_us(100);
	ok = cpu_run(last, obey, last) == PSCI_SUCCESS && told(last, UNMASKED);
	need(wait_until(line_count(last) == 1, LONG_US) && line_count(0) == 1);
	delay_us(100);
	ok &= irq_count[last][3] == 0; /* start_here() cleared it */
	gic_sgi(last, 3);
	need(wait_until(irq_count[last][3] == 1, LONG_US));
	check("smp-on-pending", ok && line_count(last) == 1 && !gic_is_pending(UART_LINE));
	gic_route(UART_LINE, 0);
}

void check_smp_irqs(void)
{
	bool ok = true;

	cpus = cpu_count();
	if (cpus < 2)
		return;
	start_here();
	check("smp-start", start_all());
	check_token();
	check_everybody();
	check_moving();
	check_active_elsewhere();
	check_other_frame();
	check_off_pending();
	for (u32 i = 1; i < cpus; i++)
		need(leave(i));
	check("smp-end", ok);
	gic_disable(UART_LINE);
}
