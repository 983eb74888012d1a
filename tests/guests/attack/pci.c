/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The configuration space of a bus, 1 MiB, of which a cell sees its own functions and a host bridge. Read and written
 * in every way; what is there says the same afterwards.
 * bootargs: rounds=N (20000), seed=N for ecam-random
 */
#include "attack.h"

#define ECAM 0x4010000000UL
#define BUS_SIZE 0x100000u
#define FUNCTION_SIZE 0x1000u
#define FUNCTIONS (BUS_SIZE / FUNCTION_SIZE)
#define NOBODY 0xffffffffu
#define COMMAND 0x04
#define EXTENDED 0x100u
#define IDENTITY_WORDS 16u

static u32 identity[FUNCTIONS][IDENTITY_WORDS];

static u64 function(u64 ecam, u32 number) { return ecam + number * FUNCTION_SIZE; }

static bool is_there(u64 at) { return mmio_read32(at) != NOBODY; }

/* What a header says that no guest can change: ids, class, type, BARs, subsystem, capabilities; not Command and Status. */
static void read_identity(u64 at, u32 words[IDENTITY_WORDS])
{
	for (u32 i = 0; i < IDENTITY_WORDS; i++)
		words[i] = i == COMMAND / 4 || i == 3 || i == 15 ? mmio_read32(at + 4 * i) & (i == 3 ? 0x00ff0000u : i == 15 ? 0xff00u : 0)
								 : mmio_read32(at + 4 * i);
}

static u32 remember(u64 ecam)
{
	u32 functions = 0;

	for (u32 i = 0; i < FUNCTIONS; i++) {
		read_identity(function(ecam, i), identity[i]);
		functions += is_there(function(ecam, i));
	}
	return functions;
}

/* Functions that are not what they were. */
static u32 changed(u64 ecam)
{
	u32 words[IDENTITY_WORDS], n = 0;

	for (u32 i = 0; i < FUNCTIONS; i++) {
		bool same = true;
		read_identity(function(ecam, i), words);
		for (u32 w = 0; w < IDENTITY_WORDS; w++)
			same = same && words[w] == identity[i][w];
		if (!same)
			print("attack: ecam function=%x is not what it was\n", i);
		n += !same;
	}
	return n;
}

/* Where nothing is, everything reads as ones; beyond the first 256 bytes of what is there, as zeros. */
static void attack_ecam_map(void)
{
	u64 ecam = window_device(ECAM), strange = 0;
	u32 functions = 0;

	for (u32 i = 0; i < FUNCTIONS; i++) {
		u64 at = function(ecam, i);
		bool there = is_there(at);
		functions += there;
		if (there)
			print("attack: ecam function=%x id=%08x class=%06x\n", i, mmio_read32(at), mmio_read32(at + 8) >> 8);
		for (u32 o = there ? EXTENDED : 0; o < FUNCTION_SIZE; o += 4)
			strange += mmio_read32(at + o) != (there ? 0 : NOBODY);
	}
	print("attack: ecam-map end functions=%u strange=%lu\n", functions, strange);
}

static void attack_ecam_write(void)
{
	u64 ecam = window_device(ECAM), state = args_u64("seed", 1);
	u32 functions = remember(ecam);

	for (u32 i = 0; i < FUNCTIONS; i++) {
		u64 at = function(ecam, i);
		bool there = is_there(at);
		for (u32 o = 0; o < FUNCTION_SIZE; o += there ? 4 : 0x100) {
			u32 old = mmio_read32(at + o);
			mmio_write32(at + o, ~0u);
			mmio_write32(at + o, 0);
			mmio_write32(at + o, (u32)random_next(&state));
			mmio_write32(at + o, old);
		}
	}
	print("attack: ecam-write end functions=%u changed=%u\n", functions, changed(ecam));
}

/* Aligned: what is not ends the cell, as at any emulated register. */
static void touch(u64 a, u32 kind)
{
	a &= ~((1UL << kind % 4) - 1);
	switch (kind % 8) {
	case 0: mmio_read8(a); break;
	case 1: mmio_read16(a); break;
	case 2: mmio_read32(a); break;
	case 3: mmio_read64(a); break;
	case 4: mmio_write8(a, (u8)(kind >> 8)); break;
	case 5: mmio_write16(a, (u16)(kind >> 8)); break;
	case 6: mmio_write32(a, kind); break;
	default: mmio_write64(a, (u64)kind << 32 | kind);
	}
}

/* Every size at every offset: of what is there, and what is not. */
static void attack_ecam_sizes(void)
{
	static const u32 numbers[] = { 0, 8, 16, 24 };
	u64 ecam = window_normal(ECAM);
	u32 functions = remember(ecam);

	for (u32 i = 0; i < ARRAY_COUNT(numbers); i++)
		for (u32 o = 0; o < FUNCTION_SIZE; o++)
			for (u32 kind = 0; kind < 8; kind++)
				if (o < EXTENDED || o % 61 == 0 || o > FUNCTION_SIZE - 9)
					touch(function(ecam, numbers[i]) + o, kind | ~0u << 8);
	/* by sizing: a guest that has written ones to its BARs gets them back by writing anything else */
	for (u32 i = 0; i < FUNCTIONS; i++)
		for (u32 o = 0x10; o < 0x28 && is_there(function(ecam, i)); o += 4)
			mmio_write32(function(ecam, i) + o, identity[i][o / 4]);
	print("attack: ecam-sizes end functions=%u changed=%u\n", functions, changed(ecam));
}

static void attack_ecam_random(void)
{
	u64 ecam = window_normal(ECAM), state = args_u64("seed", 1);
	u32 functions = remember(ecam);

	for (u64 n = args_u64("rounds", 20000); n; n--) {
		u64 dice = random_next(&state);
		u64 offset = dice & 1 ? dice >> 32 & (BUS_SIZE - 1) : function(0, 8 * (dice >> 2 & 3)) + (dice >> 32 & 0xff);
		touch(ecam + offset, (u32)random_next(&state));
	}
	for (u32 i = 0; i < FUNCTIONS; i++)
		for (u32 o = 0x10; o < 0x28 && is_there(function(ecam, i)); o += 4)
			mmio_write32(function(ecam, i) + o, identity[i][o / 4]);
	print("attack: ecam-random end functions=%u changed=%u\n", functions, changed(ecam));
}

static void attack_ecam_misaligned(void)
{
	mmio_read32(window_normal(ECAM) + FUNCTION_SIZE - 2);
	print("attack: ecam-misaligned end\n");
}

const struct attack pci_attacks[] = {
	{ "ecam-map", attack_ecam_map },
	{ "ecam-write", attack_ecam_write },
	{ "ecam-sizes", attack_ecam_sizes },
	{ "ecam-random", attack_ecam_random },
	{ "ecam-misaligned", attack_ecam_misaligned },
	{ NULL, NULL },
};
