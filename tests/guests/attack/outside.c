/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Memory: reading, writing, fetching outside the map, and accesses to trapped
 * windows that cannot be decoded or that nobody should have to decode.
 */
#include "attack.h"

static void survived(const char *name)
{
	const struct trap_seen *s = trap_result();

	print("attack: %s end exceptions=%lu ec=%x\n", name, s->count, ESR_EC(s->esr));
}

static void attack_read(void)
{
	u64 a = window_device(argument_address(0));

	trap_expect(true);
	mmio_read32(a);
	survived("read");
}

static void attack_write(void)
{
	u64 a = window_device(argument_address(0));

	trap_expect(true);
	mmio_write32(a, 0xdeadbeef);
	survived("write");
}

static void attack_exec(void)
{
	u64 a = window_normal(argument_address(0));

	trap_expect(true);
	((void (*)(void))a)();
	survived("exec");
}

static void attack_mmu_off(void)
{
	u64 a = argument_address(1UL << 39), v;

	trap_expect(true);
	__asm__ volatile("dsb sy\n\tmrs %0, sctlr_el1\n\tbic %0, %0, #1\n\tmsr sctlr_el1, %0\n\tisb\n\tldr %w0, [%1]\n\t"
			 "mrs %0, sctlr_el1\n\torr %0, %0, #1\n\tmsr sctlr_el1, %0\n\tisb"
			 : "=&r"(v) : "r"(a) : "memory");
	survived("mmu-off");
}

/* Accesses at addr= (default: the distributor) whose syndrome has no ISS, or an odd one. */
#define ODD(function, name, window, ...)                                                  \
	static void function(void)                                                        \
	{                                                                                 \
		u64 where = window(argument_address(GICD_BASE));                          \
		trap_expect(true);                                                        \
		register u64 a __asm__("x10") = where; /* no call between this and the use */ \
		__asm__ volatile(__VA_ARGS__ : "+r"(a) : : "x11", "x12", "v0", "v1", "memory"); \
		survived(name);                                                           \
	}

ODD(attack_writeback_read, "writeback-read", window_device, "ldr w11, [x10], #4")
ODD(attack_writeback_write, "writeback-write", window_device, "str wzr, [x10, #4]!")
ODD(attack_ldp, "ldp", window_device, "ldp w11, w12, [x10]")
ODD(attack_stp, "stp", window_device, "stp xzr, xzr, [x10]")
ODD(attack_simd_read, "simd-read", window_device, "ldr q0, [x10]")
ODD(attack_simd_write, "simd-write", window_device, "st1 {v0.16b, v1.16b}, [x10]")
ODD(attack_ldxr, "ldxr", window_device, "ldxr w11, [x10]")
ODD(attack_stxr, "stxr", window_normal, "ldxr w11, [x10]\n\tstxr w12, w11, [x10]")
ODD(attack_ldar, "ldar", window_device, "ldar w11, [x10]\n\tstlr w11, [x10]")
ODD(attack_ldxp, "ldxp", window_normal, "ldxp x11, x12, [x10]")
ODD(attack_casp, "atomic", window_normal, ".inst 0xb8eb014c") /* LDADDAL w11, w12, [x10]: undefined before LSE */
ODD(attack_sign, "signed", window_device, "ldrsb x11, [x10, #8]\n\tldrsh x11, [x10]\n\tldrsw x11, [x10]")
ODD(attack_unaligned, "unaligned", window_normal, "ldr w11, [x10, #1]\n\tldr x11, [x10, #3]\n\tldrh w11, [x10, #5]")
ODD(attack_unaligned_write, "unaligned-write", window_normal, "str wzr, [x10, #1]\n\tstr xzr, [x10, #2]")
ODD(attack_cross, "cross", window_normal, "mov x11, #0xffe\n\tadd x10, x10, x11\n\tldr x11, [x10]") /* over a page's end */
ODD(attack_before, "cross-in", window_normal, "sub x10, x10, #2\n\tldr w11, [x10]") /* starts before the window */
ODD(attack_zva, "zva", window_normal, "dc zva, x10")
ODD(attack_civac, "civac", window_normal, "dc civac, x10\n\tdc cvac, x10\n\tdc cvau, x10")
ODD(attack_ivac, "ivac", window_normal, "dc ivac, x10")
ODD(attack_icivau, "icivau", window_normal, "ic ivau, x10\n\tdsb sy\n\tisb")
ODD(attack_prfm, "prfm", window_normal, "prfm pldl1keep, [x10]\n\tprfm pstl1strm, [x10]")
ODD(attack_at, "at", window_normal, "at s1e1r, x10\n\tisb\n\tmrs x11, par_el1\n\tat s1e1w, x10\n\tisb")

/* Translation tables in a trapped window: the walk itself faults. */
static void attack_walk(void)
{
	trap_expect(true);
	guest_tables[499] = argument_address(GICD_BASE) | 3; /* a level 2 table */
	mmu_sync();
	mmio_read32(499UL << 30);
	survived("walk");
}

/* All of them in there: nothing left to stand on. */
static void attack_walk_all(void)
{
	trap_expect(true);
	write_sysreg(ttbr0_el1, argument_address(GICD_BASE));
	mmu_sync();
	survived("walk-all");
}

static void attack_vectors(void)
{
	write_sysreg(vbar_el1, window_normal(argument_address(0x50000000)) & ~0x7ffUL);
	isb();
	__asm__ volatile("svc #0");
	survived("vectors");
}

/* Every access size at every offset of the console's window: all decodable, all harmless. */
static void attack_sizes(void)
{
	u64 a = window_device(UART_BASE), traps;

	trap_expect(true);
	for (u32 i = 8; i < 0x1000; i++) { /* not the data register: that would print */
		mmio_read8(a + i);
		if (i % 2 == 0)
			mmio_read16(a + i);
		if (i % 4 == 0)
			mmio_read32(a + i);
		if (i % 8 == 0) {
			mmio_read64(a + i);
			mmio_write64(a + i, 0);
		}
	}
	for (u32 i = 8; i < 0x1000; i += 4) {
		mmio_write32(a + i, ~0u);
		mmio_write16(a + i, 0xffff);
		mmio_write8(a + i + 3, 0xff);
	}
	traps = trap_result()->count;
	trap_expect(false);
	uart_init();
	print("attack: sizes end exceptions=%lu\n", traps);
}

const struct attack outside_attacks[] = {
	{ "read", attack_read },
	{ "write", attack_write },
	{ "exec", attack_exec },
	{ "mmu-off", attack_mmu_off },
	{ "writeback-read", attack_writeback_read },
	{ "writeback-write", attack_writeback_write },
	{ "ldp", attack_ldp },
	{ "stp", attack_stp },
	{ "simd-read", attack_simd_read },
	{ "simd-write", attack_simd_write },
	{ "ldxr", attack_ldxr },
	{ "stxr", attack_stxr },
	{ "ldar", attack_ldar },
	{ "ldxp", attack_ldxp },
	{ "atomic", attack_casp },
	{ "signed", attack_sign },
	{ "unaligned", attack_unaligned },
	{ "unaligned-write", attack_unaligned_write },
	{ "cross", attack_cross },
	{ "cross-in", attack_before },
	{ "zva", attack_zva },
	{ "civac", attack_civac },
	{ "ivac", attack_ivac },
	{ "icivau", attack_icivau },
	{ "prfm", attack_prfm },
	{ "at", attack_at },
	{ "walk", attack_walk },
	{ "walk-all", attack_walk_all },
	{ "vectors", attack_vectors },
	{ "sizes", attack_sizes },
	{ NULL, NULL },
};
