/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Interrupts of a mediated cell: its registers and its CPU interface at random,
 * and floods, from two vCPUs at once if it has them. for_ms=N (3000) each.
 * None of this can do more than wreck its own interrupts.
 */
#include "attack.h"

static volatile u64 done_at;
static volatile u32 others_done;
static void (*volatile work)(u64 *state);
static u64 state0, state1;
static u32 cpus;

static const u32 extremes[] = { 0, ~0u, 1, 0x80000000, 0x7fffffff, 0xffff, 0xffff0000, 0x55555555, 0xaaaaaaaa };

static u64 value_of(u64 *state)
{
	u64 r = random_next(state);

	return r & 3 ? extremes[(r >> 8) % ARRAY_COUNT(extremes)] | (u64)extremes[(r >> 16) % ARRAY_COUNT(extremes)] << 32 : r;
}

void irq_flood_end(void)
{
	if (done_at && now() >= done_at)
		mmio_write32(UART_BASE + 0x38, 0);
}

static void until_done(u64 *state)
{
	while (now() < done_at)
		work(state);
}

static void other(u64 argument)
{
	(void)argument;
	gic_cpu_init();
	for (u32 i = 0; i < 16; i++)
		gic_enable(i, (u8)(i << 4));
	irq_unmask();
	until_done(&state1);
	irq_mask();
	others_done = 1;
}

/* Everything at once, then its own interface in order again. */
static void both(const char *name, void (*what)(u64 *state))
{
	u32 off = 1;

	cpus = cpu_count();
	work = what;
	state0 = args_u64("seed", 1) * 0x9e3779b97f4a7c15UL | 1;
	state1 = ~state0 | 1;
	others_done = 0;
	done_at = now() + ticks_us(args_u64("for_ms", 3000) * 1000);
	gic_init();
	for (u32 i = 0; i < 16; i++)
		gic_enable(i, (u8)(i << 4));
	if (cpus > 1)
		cpu_run(1, other, 0);
	trap_expect(true);
	irq_unmask();
	until_done(&state0);
	irq_mask();
	trap_expect(false);
	if (cpus > 1)
		off = cpu_wait_off(1, 20000000);
	mmio_write32(UART_BASE + 0x38, 0);
	for (u32 i = 4; i < 0x24; i += 4) {
		mmio_write32(GICD_ICENABLER + i, ~0u);
		mmio_write32(GICD_ICPENDR + i, ~0u);
		mmio_write32(GICD_ICACTIVER + i, ~0u);
	}
	print("attack: %s end off=%u\n", name, off);
}

/* ---- the frames ---- */

static void access_random(u64 a, u64 r, u64 value)
{
	switch (r >> 40 & 7) {
	case 0: mmio_write8(a, (u8)value); break;
	case 1: mmio_write16(a & ~1UL, (u16)value); break;
	case 2: mmio_write64(a & ~7UL, value); break;
	case 3: mmio_read64(a & ~7UL); break;
	case 4: mmio_read32(a & ~3UL); break;
	default: mmio_write32(a & ~3UL, (u32)value);
	}
}

static void gic_random(u64 *state)
{
	u64 r = random_next(state), base, offset = r & 0xffff;

	if (r >> 60 & 1)
		offset &= 0xfff; /* most registers are there */
	base = r >> 56 & 1 ? GICD_BASE : GICR_BASE + 0x10000 * ((r >> 57 & 3) % (2 * cpus));
	if (r >> 61 & 1 && base == GICD_BASE)
		offset = 0x6000 + (offset & 0x1fff);
	access_random(base + offset, r, value_of(state));
	if ((r >> 44 & 0x3f) == 0)
		gic_sgi((u32)(r >> 50 & 1), (u32)(r >> 51 & 15));
}

static void attack_gic_random(void) { both("gic-random", gic_random); }

/* ---- the CPU interface ---- */

static void icc_random(u64 *state)
{
	u64 r = random_next(state), value = value_of(state), intid = r >> 32 & 0x3ff;

	switch (r & 31) {
	case 0: case 1: case 2: write_icc(ICC_EOIR1, intid); break;
	case 3: case 4: case 5: write_icc(ICC_DIR, intid); break;
	case 6: write_icc(ICC_EOIR1, value); break;
	case 7: write_icc(ICC_DIR, value); break;
	case 8: write_icc(ICC_PMR, value); break;
	case 9: write_icc(ICC_PMR, 0xff); break;
	case 10: write_icc(ICC_CTLR, value); break;
	case 11: write_icc(ICC_BPR1, value & 7); break; /* QEMU 10 itself ends with an assertion after 8: it keeps three bits of it, unclamped */
	case 12: write_icc(ICC_IGRPEN1, value); break;
	case 13: write_icc(ICC_IGRPEN1, 1); break;
	case 14: write_icc(ICC_SGI1R, value); break;
	case 15: write_icc(ICC_SGI1R, 1UL << 40 | (r >> 8 & 15) << 24 | (value & 0xffff)); break;
	case 16: write_icc(ICC_ASGI1R, value); break;
	case 17: write_icc(ICC_SGI0R, value); break;
	case 18: write_icc("s3_0_c12_c9_0", value & 1 ? value : 0); break; /* AP1R0 */
	case 19: write_icc("s3_0_c12_c8_4", value); break;                 /* AP0R0 */
	case 20: write_icc(ICC_SRE, value); break;
	case 21: write_icc("s3_0_c12_c8_1", intid); break;                 /* EOIR0 */
	case 22: write_icc("s3_0_c12_c8_3", value & 7); break;                 /* BPR0 */
	case 23: write_icc(ICC_IGRPEN0, value); break;
	case 24: read_icc(ICC_IAR1); break;
	case 25: read_icc("s3_0_c12_c8_0"); break;                         /* IAR0 */
	case 26: read_icc(ICC_HPPIR1); break;
	case 27: read_icc(ICC_RPR); break;
	case 28: write_icc(ICC_CTLR, 2); break;
	case 29: gic_set_pending(UART_LINE); break;
	case 30: gic_enable(UART_LINE, (u8)value); break;
	default: gic_sgi((u32)(r >> 8 & 1), (u32)(r >> 9 & 15));
	}
}

static void attack_icc_random(void) { both("icc-random", icc_random); }

/* ---- floods ---- */

static void sgi_flood(u64 *state)
{
	u64 r = random_next(state);

	write_icc(ICC_SGI1R, (r & 15) << 24 | (r >> 8 & 3));
	if ((r >> 16 & 7) == 0)
		write_icc(ICC_SGI1R, (r & 15) << 24 | 1UL << 40);
	if ((r >> 20 & 15) == 0)
		write_icc(ICC_SGI1R, (r >> 24 & 0xff00ff) << 16 | (r & 15) << 24 | (r >> 32 & 0xf000) << 32 | 0xffff);
}

static void attack_sgi_flood(void) { both("sgi-flood", sgi_flood); }

/* Its UART's line up and down, unserved and served, moved between the CPUs. */
static void level_flood(u64 *state)
{
	u64 r = random_next(state);

	if ((r & 15) == 0)
		gic_enable(UART_LINE, (u8)(r >> 8));
	mmio_write32(UART_BASE + 0x38, r & 16 ? 0x7ff : 0);
	if (r & 32)
		gic_route(UART_LINE, r >> 6 & 1);
	if (r & 64)
		mmio_write32(UART_BASE + 0x44, 0x7ff); /* ICR: the next byte makes it high again */
	if ((r & 0x3ff00) == 0)
		uart_putc('\n');
}

static void attack_level_flood(void) { both("level-flood", level_flood); }

/* Enable, disable, pend, activate, prioritise, route: all lines, whole words. */
static void line_games(u64 *state)
{
	static const u64 registers[] = { GICD_ISENABLER, GICD_ICENABLER, GICD_ISPENDR, GICD_ICPENDR, GICD_ISACTIVER, GICD_ICACTIVER };
	u64 r = random_next(state), reg = registers[(r >> 8) % ARRAY_COUNT(registers)];

	mmio_write32(reg + 4 * (r & 7), (u32)value_of(state));
	mmio_write32(GICR_SGI((r >> 4) % cpus) + (reg - GICD_BASE), (u32)value_of(state));
	mmio_write64(GICD_IROUTER + 8 * (32 + (r >> 16 & 0xff)), r >> 24 & 3);
	if ((r >> 32 & 15) == 0)
		mmio_write32(GICD_CTLR, r >> 36 & 2);
	mmio_write32(GICD_IPRIORITYR + 4 * (8 + (r >> 40 & 0x3f)), (u32)value_of(state));
}

static void attack_line_games(void) { both("line-games", line_games); }

/*
 * A direct cell: ends interrupts that are another's (addr= is the physical
 * number), which takes an active one of its own. Documented: it is then
 * deactivated early, and a level would be delivered once more.
 */
static void attack_eoi_foreign(void)
{
	u64 end = now() + ticks_us(args_u64("for_ms", 8000) * 1000), foreign = args_u64("addr", 34), n = 0;

	gic_init();
	gic_enable(1, 0x80);
	irq_mask();
	while (now() < end) {
		gic_sgi(0, 1);
		if ((read_icc(ICC_IAR1) & 0xffffff) != 1)
			continue;
		write_icc(ICC_EOIR1, n & 7 ? foreign : n / 8 % 1020);
		mmio_write32(GICR_SGI(0) + 0x380, 2); /* its own, which is still active */
		n++;
	}
	print("attack: eoi-foreign end %s\n", n > 1000 ? "many" : "few");
}

const struct attack irq_attacks[] = {
	{ "gic-random", attack_gic_random },
	{ "icc-random", attack_icc_random },
	{ "sgi-flood", attack_sgi_flood },
	{ "level-flood", attack_level_flood },
	{ "line-games", attack_line_games },
	{ "eoi-foreign", attack_eoi_foreign },
	{ NULL, NULL },
};
