/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What an interrupt controller must do with more interrupts than it has places
 * for: order, priorities, preemption, both kinds of end of interrupt, and the
 * registers that set and clear pending and active. One CPU; SGIs to itself.
 */
#include "virt.h"

#define SGIS 16
#define DEEP 6

static volatile u32 order[64], taken; /* INTIDs as their handlers began */

static void reset(void)
{
	taken = 0;
}

static void note(u32 intid)
{
	if (taken < ARRAY_COUNT(order))
		order[taken] = intid;
	taken++;
}

static u32 hppir(void) { return (u32)read_icc(ICC_HPPIR1) & 0xffffff; }
static u32 running(void) { return (u32)read_icc(ICC_RPR) & 0xff; }

/* Bits of the register that holds this INTID's word: GICD_ISPENDR, GICD_ISACTIVER, ... */
static u32 word(u64 reg, u32 intid)
{
	return mmio_read32(intid < 32 ? GICR_SGI(cpu_number()) + (reg - GICD_BASE) : reg + 4 * (intid / 32));
}

static void word_write(u64 reg, u32 intid, u32 bits)
{
	mmio_write32(intid < 32 ? GICR_SGI(cpu_number()) + (reg - GICD_BASE) : reg + 4 * (intid / 32), bits);
}

static void bit_write(u64 reg, u32 intid) { word_write(reg, intid, 1u << (intid % 32)); }
static bool bit(u64 reg, u32 intid) { return word(reg, intid) >> (intid % 32) & 1; }
static u32 sgis(u64 reg) { return word(reg, 0) & 0xffff; }

/* Sixteen different ones, mixed. */
static u8 mixed(u32 intid)
{
	return (u8)(0x20 + 8 * (intid * 7 % SGIS));
}

static void all_mixed(void)
{
	for (u32 i = 0; i < SGIS; i++)
		gic_enable(i, mixed(i));
}

static void send_all(void)
{
	for (u32 i = 0; i < SGIS; i++)
		gic_sgi(0, i);
}

static bool in_order(u32 from, u32 count)
{
	for (u32 i = from; i + 1 < from + count; i++)
		if (mixed(order[i]) >= mixed(order[i + 1]))
			return false;
	return taken >= from + count;
}

static void check_order(void)
{
	u32 n = 0;
	bool ok = true;

	all_mixed();
	reset();
	send_all();
	check("irq-all-pending", sgis(GICD_ISPENDR) == 0xffff && sgis(GICD_ISACTIVER) == 0);
	check("irq-hppir-highest", mixed(hppir()) == 0x20);
	settle();
	check("irq-order", taken == SGIS && in_order(0, SGIS) && sgis(GICD_ISPENDR) == 0);
	check("irq-hppir-none", hppir() == 1023 && (read_icc(ICC_IAR1) & 0xffffff) == 1023);

	send_all(); /* polled, no exception */
	for (u64 end = now() + ticks_us(100000); n < SGIS && now() < end;) {
		u32 intid = (u32)read_icc(ICC_IAR1) & 0xffffff;
		if (intid == 1023)
			continue;
		need(mixed(intid) == 0x20 + 8 * n && running() == mixed(intid));
		write_icc(ICC_EOIR1, intid);
		n++;
	}
	check("irq-polled", ok && n == SGIS && running() == 0xff && hppir() == 1023);
}

static void check_priority_mask(void)
{
	bool ok = true;

	reset();
	write_icc(ICC_PMR, 0);
	send_all();
	settle();
	check("irq-pmr-closed", taken == 0 && (read_icc(ICC_IAR1) & 0xffffff) == 1023 && sgis(GICD_ISPENDR) == 0xffff);
	for (u32 i = 0; i < SGIS; i += 2) { /* two more each time */
		write_icc(ICC_PMR, 0x20 + 8 * (i + 2));
		settle();
		need(taken == i + 2);
	}
	write_icc(ICC_PMR, 0xff);
	check("irq-pmr-steps", ok && in_order(0, SGIS));
}

/* A pending one's priority is what the register says now; an active one's is what it was. */
static void check_priority_change(void)
{
	gic_enable(1, 0x60);
	gic_enable(2, 0x80);
	reset();
	gic_sgi(0, 1);
	gic_sgi(0, 2);
	check("irq-priority-before", hppir() == 1);
	gic_enable(2, 0x40);
	check("irq-priority-raised", hppir() == 2);
	gic_enable(1, 0x20);
	check("irq-priority-overtaken", hppir() == 1);
	settle();
	check("irq-priority-order", taken == 2 && order[0] == 1 && order[1] == 2);
}

/* ---- nested handlers ---- */

static volatile u32 depth, deepest, nested_bad;

/* SGI 10 - n is handled n deep; each calls the next, more urgent one while it is active. */
static void nest(u32 intid)
{
	note(intid);
	if (intid < 10 - DEEP + 1 || intid > 10)
		return;
	depth++;
	if (depth > deepest)
		deepest = depth;
	nested_bad += running() != 0x40 + 8 * intid || !bit(GICD_ISACTIVER, intid);
	if (depth < DEEP) {
		gic_sgi(0, intid - 1);
	} else { /* eight wait for the end of all this, and one of them is as urgent as what runs */
		nested_bad += sgis(GICD_ISACTIVER) != 0x7e0;
		for (u32 i = 11; i < SGIS; i++)
			gic_sgi(0, i);
		for (u32 i = 0; i < 3; i++)
			gic_sgi(0, i);
		nested_bad += hppir() != 0;
		nested_bad += sgis(GICD_ISPENDR) != 0xf807;
	}
	irq_unmask();
	delay_us(50);
	irq_mask();
	depth--;
}

static void check_nesting(const char *name, const char *name_after, bool two_steps)
{
	bool ok = true;

	for (u32 i = 0; i < SGIS; i++)
		gic_enable(i, (u8)(i < 3 ? 0xc0 + 8 * i : 0x40 + 8 * i)); /* 5..10 preempt each other, 0..2 come last */
	gic_enable(0, 0x68);
	reset();
	depth = deepest = nested_bad = 0;
	irq_hook = nest;
	if (two_steps)
		write_icc(ICC_CTLR, 2);
	gic_sgi(0, 10);
	settle();
	check(name, deepest == DEEP && nested_bad == 0);
	for (u32 i = 0; i < DEEP; i++)
		need(order[i] == 10 - i);
	/* 0 is as urgent as SGI 5: after it, before SGI 6 goes on; the rest after all */
	need(order[DEEP] == 0);
	for (u32 i = 0; i < 5; i++)
		need(order[DEEP + 1 + i] == 11 + i);
	need(order[DEEP + 6] == 1 && order[DEEP + 7] == 2 && taken == DEEP + 8);
	if (two_steps) {
		need(sgis(GICD_ISACTIVER) == 0xffe7 && running() == 0xff);
		for (u32 i = 0; i < SGIS; i++)
			write_icc(ICC_DIR, i * 7 % SGIS);
	}
	write_icc(ICC_CTLR, 0);
	check(name_after, ok && sgis(GICD_ISACTIVER) == 0 && sgis(GICD_ISPENDR) == 0 && running() == 0xff);
	irq_hook = note;
}

/* BPR1 = 5: only priority bits 7..5 count for preemption. */
static void preempt(u32 intid)
{
	note(intid);
	if (intid != 3)
		return;
	gic_sgi(0, 4);
	irq_unmask();
	delay_us(50);
	irq_mask();
	nested_bad += taken != 1;
	gic_sgi(0, 5);
	irq_unmask();
	delay_us(50);
	irq_mask();
	nested_bad += taken != 2;
}

static void check_binary_point(void)
{
	u64 before = read_icc(ICC_BPR1);

	gic_enable(3, 0x98);
	gic_enable(4, 0x80);
	gic_enable(5, 0x78);
	nested_bad = 0;
	reset();
	irq_hook = preempt;
	write_icc(ICC_BPR1, 5);
	check("irq-bpr", read_icc(ICC_BPR1) == 5);
	gic_sgi(0, 3);
	settle();
	check("irq-bpr-groups", nested_bad == 0 && taken == 3 && order[0] == 3 && order[1] == 5 && order[2] == 4);
	write_icc(ICC_BPR1, before);
	irq_hook = note;
}

/* ---- end of interrupt in two steps ---- */

static void check_two_steps(void)
{
	bool ok = true;

	all_mixed();
	reset();
	write_icc(ICC_CTLR, 2);
	check("irq-eoimode", (read_icc(ICC_CTLR) & 2) == 2);
	send_all();
	settle();
	check("irq-dropped", taken == SGIS && in_order(0, SGIS) && sgis(GICD_ISACTIVER) == 0xffff && running() == 0xff);
	send_all();
	settle();
	check("irq-active-and-pending", taken == SGIS && sgis(GICD_ISPENDR) == 0xffff && sgis(GICD_ISACTIVER) == 0xffff);
	for (u32 i = 0; i < SGIS; i++) { /* each comes once more, and no other */
		u32 intid = i * 5 % SGIS;
		write_icc(ICC_DIR, intid);
		settle();
		need(taken == SGIS + i + 1 && order[SGIS + i] == intid);
	}
	check("irq-dir-each", ok && sgis(GICD_ISPENDR) == 0 && sgis(GICD_ISACTIVER) == 0xffff);
	for (u32 i = 0; i < SGIS; i++)
		write_icc(ICC_DIR, SGIS - 1 - i);
	settle();
	check("irq-dir-all", taken == 2 * SGIS && sgis(GICD_ISACTIVER) == 0 && sgis(GICD_ISPENDR) == 0);
	gic_enable(UART_LINE, 0xa0);
	gic_set_pending(UART_LINE);
	settle();
	check("irq-spi-dropped", taken == 2 * SGIS + 1 && bit(GICD_ISACTIVER, UART_LINE) && running() == 0xff);
	gic_set_pending(UART_LINE);
	settle();
	check("irq-spi-not-while-active", taken == 2 * SGIS + 1 && gic_is_pending(UART_LINE));
	write_icc(ICC_DIR, UART_LINE);
	settle();
	write_icc(ICC_DIR, UART_LINE);
	settle();
	check("irq-spi-dir", taken == 2 * SGIS + 2 && !bit(GICD_ISACTIVER, UART_LINE) && !gic_is_pending(UART_LINE));
	write_icc(ICC_CTLR, 0);
	gic_disable(UART_LINE);
}

/* ---- set and clear registers ---- */

static void check_pending_register(const char *name, const char *name_disabled, const char *name_clear, u32 intid)
{
	bool ok;

	gic_enable(intid, 0x80);
	reset();
	bit_write(GICD_ISPENDR, intid);
	ok = bit(GICD_ISPENDR, intid) && bit(GICD_ICPENDR, intid);
	settle();
	check(name, ok && taken == 1 && order[0] == intid && !bit(GICD_ISPENDR, intid));
	gic_disable(intid);
	bit_write(GICD_ISPENDR, intid);
	ok = bit(GICD_ISPENDR, intid) && !bit(GICD_ISENABLER, intid) && hppir() == 1023;
	settle();
	need(taken == 1 && bit(GICD_ISPENDR, intid));
	gic_enable(intid, 0x80);
	need(hppir() == intid);
	gic_disable(intid); /* while it is ready to be taken */
	need(hppir() == 1023 && bit(GICD_ISPENDR, intid));
	settle();
	need(taken == 1);
	gic_enable(intid, 0x80);
	settle();
	check(name_disabled, ok && taken == 2);
	bit_write(GICD_ISPENDR, intid);
	bit_write(GICD_ICPENDR, intid);
	ok = !bit(GICD_ISPENDR, intid) && hppir() == 1023;
	settle();
	gic_disable(intid);
	bit_write(GICD_ISPENDR, intid);
	bit_write(GICD_ICPENDR, intid);
	gic_enable(intid, 0x80);
	settle();
	check(name_clear, ok && taken == 2 && !bit(GICD_ISPENDR, intid));
}

static void check_active_register(const char *name, const char *name_disabled, u32 intid)
{
	bool ok;

	gic_enable(intid, 0x80);
	reset();
	bit_write(GICD_ISACTIVER, intid);
	ok = bit(GICD_ISACTIVER, intid) && bit(GICD_ICACTIVER, intid) && running() == 0xff;
	bit_write(GICD_ISPENDR, intid);
	settle(); /* not while it is active */
	need(taken == 0 && bit(GICD_ISPENDR, intid));
	bit_write(GICD_ICACTIVER, intid);
	need(!bit(GICD_ISACTIVER, intid));
	settle();
	check(name, ok && taken == 1 && order[0] == intid);
	gic_disable(intid);
	bit_write(GICD_ISACTIVER, intid);
	bit_write(GICD_ISPENDR, intid);
	ok = bit(GICD_ISACTIVER, intid) && bit(GICD_ISPENDR, intid);
	gic_enable(intid, 0x80);
	settle();
	need(taken == 1);
	bit_write(GICD_ICACTIVER, intid);
	settle();
	check(name_disabled, ok && taken == 2 && !bit(GICD_ISACTIVER, intid) && !bit(GICD_ISPENDR, intid));
}

/* From inside the handler: set pending again, twice; then set and cleared. */
static volatile u32 inside_bad;

static void inside(u32 intid)
{
	note(intid);
	inside_bad += !bit(GICD_ISACTIVER, intid) || bit(GICD_ISPENDR, intid);
	if (taken == 1) {
		bit_write(GICD_ISPENDR, intid);
		bit_write(GICD_ISPENDR, intid);
		inside_bad += !bit(GICD_ISACTIVER, intid) || !bit(GICD_ISPENDR, intid);
	} else {
		bit_write(GICD_ISPENDR, intid);
		bit_write(GICD_ICPENDR, intid);
		inside_bad += !bit(GICD_ISACTIVER, intid) || bit(GICD_ISPENDR, intid);
	}
}

static void check_inside(const char *name, u32 intid)
{
	gic_enable(intid, 0x80);
	reset();
	inside_bad = 0;
	irq_hook = inside;
	bit_write(GICD_ISPENDR, intid);
	settle();
	check(name, taken == 2 && inside_bad == 0 && !bit(GICD_ISACTIVER, intid) && !bit(GICD_ISPENDR, intid));
	irq_hook = note;
}

static void check_enables(void)
{
	reset();
	send_all();
	word_write(GICD_ICENABLER, 0, 0xffff); /* all of them away while ready to be taken */
	check("irq-disable-all", hppir() == 1023 && sgis(GICD_ISPENDR) == 0xffff && sgis(GICD_ISENABLER) == 0);
	settle();
	check("irq-disabled-stay", taken == 0);
	word_write(GICD_ISENABLER, 0, 0x00ff);
	settle();
	check("irq-enable-half", taken == 8 && in_order(0, 8) && sgis(GICD_ISPENDR) == 0xff00);
	word_write(GICD_ICPENDR, 0, 0x0f00);
	word_write(GICD_ISENABLER, 0, 0xff00);
	settle();
	check("irq-enable-rest", taken == 12 && in_order(8, 4) && sgis(GICD_ISPENDR) == 0);
	write_icc(ICC_IGRPEN1, 0);
	send_all();
	settle();
	check("irq-group-off", taken == 12 && sgis(GICD_ISPENDR) == 0xffff);
	write_icc(ICC_IGRPEN1, 1);
	settle();
	check("irq-group-on", taken == 12 + SGIS && in_order(12, SGIS));
}

/* ---- asleep, masked ---- */

/* A pending interrupt ends WFI although PSTATE.I masks it; it is taken after. */
static void check_sleep(void)
{
	gic_enable(9, 0x80);
	gic_enable(UART_LINE, 0xa0);
	reset();
	gic_sgi(0, 9);
	wfi();
	check("irq-wfi-sgi", taken == 0 && hppir() == 9);
	settle();
	gic_set_pending(UART_LINE);
	wfi();
	check("irq-wfi-spi", taken == 1 && hppir() == UART_LINE);
	settle();
	check("irq-wfi-taken", taken == 2);
	gic_disable(UART_LINE);
}

void check_irqs(void)
{
	irq_hook = note;
	gic_route(UART_LINE, 0);
	check_order();
	check_priority_mask();
	check_priority_change();
	check_nesting("irq-nested", "irq-nested-after", false);
	check_nesting("irq-nested-2", "irq-nested-2-after", true);
	check_binary_point();
	check_two_steps();
	check_pending_register("irq-sgi-pend", "irq-sgi-pend-disabled", "irq-sgi-unpend", 6);
	check_pending_register("irq-spi-pend", "irq-spi-pend-disabled", "irq-spi-unpend", UART_LINE);
	check_active_register("irq-sgi-active", "irq-sgi-active-disabled", 7);
	check_active_register("irq-spi-active", "irq-spi-active-disabled", UART_LINE);
	check_inside("irq-sgi-inside", 8);
	check_inside("irq-spi-inside", UART_LINE);
	gic_disable(UART_LINE);
	all_mixed();
	check_enables();
	check_sleep();
	irq_hook = NULL;
}
