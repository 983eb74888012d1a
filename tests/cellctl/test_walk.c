/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* tools/cellctl/walk.c on tables made here. */
#include "test.h"

#include "walk.h"

#define MEMORY 0x80000u
#define BASE 0x40000000ull

static u64 memory[MEMORY / 8];
static u32 reads;

static bool read_entry(void *of, u64 physical, u64 *entry)
{
	assert_ptr_equal(of, memory);
	reads++;
	if (physical - BASE >= MEMORY || physical & 7)
		return false;
	*entry = memory[(physical - BASE) / 8];
	return true;
}

static void put(u64 table, u64 slot, u64 entry)
{
	memory[(table - BASE) / 8 + slot] = entry;
}

static struct walk w;

static int setup(void **state)
{
	(void)state;
	memset(memory, 0, sizeof(memory));
	reads = 0;
	w = (struct walk){ .sctlr = 1, .read = read_entry, .of = memory };
	return 0;
}

#define TCR(t0sz, tg0, t1sz, tg1) ((u64)(t0sz) | (u64)(tg0) << 14 | (u64)(t1sz) << 16 | (u64)(tg1) << 30)

static u64 at, left;
#define MAPPED(address, where, rest) do { \
	assert_true(walk_address(&w, address, &at, &left)); assert_int_equal(at, where); assert_int_equal(left, rest); \
} while (0)
#define UNMAPPED(address) assert_false(walk_address(&w, address, &at, &left))

static void off(void **state)
{
	(void)state;
	w.sctlr = 0;
	MAPPED(0x40000ff8, 0x40000ff8, 8);
	MAPPED(0, 0, 4096);
	UNMAPPED(0xffff000000000000);
	assert_int_equal(reads, 0);
}

/* Linux: 48 bits above, 4 KiB; page, 2 MiB and 1 GiB. */
static void kernel(void **state)
{
	(void)state;
	w.tcr = TCR(16, 0, 16, 2);
	w.ttbr1 = BASE | 1 | (u64)5 << 48; /* CnP, ASID */
	put(BASE, 0x100, (BASE + 0x1000) | 3);
	put(BASE + 0x1000, 0, (BASE + 0x2000) | 3);
	put(BASE + 0x1000, 1, 0x80000000 | 1);
	put(BASE + 0x2000, 0, (BASE + 0x3000) | 3 | (u64)1 << 59);
	put(BASE + 0x2000, 1, 0x50200000 | 0x701 | (u64)3 << 53);
	put(BASE + 0x3000, 0x10, 0x50010000 | 0x703);
	put(BASE + 0x3000, 0x11, 0x50011000 | 0x701); /* reserved at the last level */
	MAPPED(0xffff800000010123, 0x50010123, 0xedd);
	assert_int_equal(reads, 4);
	MAPPED(0xffff800000200000, 0x50200000, 0x200000);
	MAPPED(0xffff80004fffffff, 0x8fffffff, 0x30000001);
	UNMAPPED(0xffff800000011000);
	UNMAPPED(0xffff800000012000);
	UNMAPPED(0xffff900000010000);
	UNMAPPED(0xfffe800000010000);
	UNMAPPED(0x0000800000010000); /* TTBR0: nothing at 0 */
	put(BASE, 0x101, 0x40000000 | 1); /* a block where none can be */
	UNMAPPED(0xffff808000000000);
	w.tcr |= BIT(23);
	UNMAPPED(0xffff800000010123);
}

static void tags(void **state)
{
	(void)state;
	w.tcr = TCR(25, 0, 25, 2) | BIT(37);
	w.ttbr0 = BASE;
	put(BASE, 1, 0x40000000 | 1);
	MAPPED(0x40000000, 0x40000000, GIB(1));
	MAPPED(0xab00000040000000, 0x40000000, GIB(1));
	UNMAPPED(0xab80000040000000); /* the other half */
	w.tcr &= ~BIT(37);
	UNMAPPED(0xab00000040000000);
	w.tcr |= BIT(7);
	UNMAPPED(0x40000000);
}

/* A table of part of a page: 2 entries at the first level. */
static void sixteen(void **state)
{
	(void)state;
	w.tcr = TCR(16, 2, 17, 1);
	w.ttbr0 = BASE + 0x8000;
	put(BASE + 0x8000, 1, (BASE + 0xc000) | 3);
	put(BASE + 0xc000, 0, (BASE + 0x10000) | 3);
	put(BASE + 0x10000, 2, 0x44000000 | 1);
	put(BASE + 0x10000, 3, (BASE + 0x14000) | 3);
	put(BASE + 0x14000, 1, 0x45004000 | 3);
	MAPPED(BIT(47) + 2 * MIB(32) + 5, 0x44000005, MIB(32) - 5);
	MAPPED(BIT(47) + 3 * MIB(32) + 0x4008, 0x45004008, 0x3ff8);
	UNMAPPED(BIT(47));
}

static void sixty_four(void **state)
{
	(void)state;
	w.tcr = TCR(22, 1, 22, 3);
	w.ttbr1 = BASE + 0x10000;
	put(BASE + 0x10000, 0, (BASE + 0x20000) | 3);
	put(BASE + 0x20000, 2, 0x60020000 | 3);
	put(BASE + 0x10000, 1, 0x80000000 | 1);
	MAPPED(0xfffffc0000020010, 0x60020010, 0xfff0);
	assert_int_equal(reads, 2);
	MAPPED(0xfffffc0020000000, 0x80000000, MIB(512));
}

static void nonsense(void **state)
{
	u64 seed = 3;

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(memory); i++)
		memory[i] = BASE | (next_random(&seed) & (MEMORY - 1)) | 3;
	w.ttbr0 = w.ttbr1 = BASE;
	for (u32 i = 0; i < 200000; i++) {
		reads = 0;
		w.tcr = (u64)next_random(&seed) << 32 | next_random(&seed);
		walk_address(&w, (u64)next_random(&seed) << 32 | next_random(&seed), &at, &left);
		assert_true(reads <= 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(off, setup), cmocka_unit_test_setup(kernel, setup), cmocka_unit_test_setup(tags, setup),
		cmocka_unit_test_setup(sixteen, setup), cmocka_unit_test_setup(sixty_four, setup), cmocka_unit_test_setup(nonsense, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
