/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The ITS of a cell that has one, by a guest that means no good: registers written at random, commands of garbage and
 * commands that are almost right, for devices, events and CPUs that are not its own, and memory that is not.
 * bootargs: rounds=N (20000), seed=N
 */
#include "attack.h"

#define GITS_CTLR (ITS_BASE + 0x0)
#define GITS_CBASER (ITS_BASE + 0x80)
#define GITS_CWRITER (ITS_BASE + 0x88)
#define ITS_SIZE 0x20000u
#define VALID (1UL << 63)
#define WORDS 512u

static u64 commands[WORDS] __attribute__((aligned(4096)));

static u64 any(u64 *state, const u64 *values, u32 count) { return values[random_next(state) % count]; }

/* Every register, at every size, whatever comes. */
static void attack_its_registers(void)
{
	u64 its = window_normal(ITS_BASE), state = args_u64("seed", 1);

	trap_expect(true); /* a real one answers some sizes by an abort */
	for (u64 n = args_u64("rounds", 20000); n; n--) {
		u64 dice = random_next(&state);
		u64 a = its + (dice & 1 ? dice >> 32 & 0x1ff : dice >> 32 & (ITS_SIZE - 1));
		switch (dice >> 1 & 7) {
		case 0: mmio_read8(a); break;
		case 1: mmio_read16(a & ~1UL); break;
		case 2: mmio_read32(a & ~3UL); break;
		case 3: mmio_read64(a & ~7UL); break;
		case 4: mmio_write8(a, (u8)dice); break;
		case 5: mmio_write16(a & ~1UL, (u16)dice); break;
		case 6: mmio_write32(a & ~3UL, (u32)random_next(&state)); break;
		default: mmio_write64(a & ~7UL, random_next(&state));
		}
	}
	trap_expect(false);
	mmio_write32(GITS_CTLR, 0);
	print("attack: its-registers end\n");
}

/* A command whose every field may be somebody else's. */
static void one(u64 *state, u64 *c)
{
	static const u64 kinds[] = { 0x01, 0x03, 0x04, 0x05, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x2a, 0xff };
	static const u64 devices[] = { 0, 8, 9, 16, 24, 0x100, 0xffff, 0xffffffff };
	static const u64 events[] = { 0, 1, 2, 31, 32, 2047, 0xffff, 0xffffffff };
	static const u64 lpis[] = { 0, 32, 1023, 8191, 8192, 8193, 16383, 16384, 0xffffffff };
	static const u64 places[] = { 0, RAM_BASE + 0x800000, RAM_BASE + 0x1000000, 0x50000000, 0x60000000, 0x30000, 0xffffffffff00 };

	c[0] = any(state, kinds, ARRAY_COUNT(kinds)) | any(state, devices, ARRAY_COUNT(devices)) << 32;
	c[1] = any(state, events, ARRAY_COUNT(events)) | any(state, lpis, ARRAY_COUNT(lpis)) << 32;
	c[2] = any(state, places, ARRAY_COUNT(places)) | (random_next(state) & 3) | (random_next(state) & 1 ? VALID : 0);
	c[3] = random_next(state) & 1 ? random_next(state) : 0;
	if (random_next(state) % 8 == 0)
		c[random_next(state) % 4] ^= 1UL << random_next(state) % 64;
}

static void attack_its_commands(void)
{
	u64 state = args_u64("seed", 1), rounds = args_u64("rounds", 20000) / 127;

	for (; rounds; rounds--) {
		bool own = random_next(&state) % 8; /* else a queue in memory that is not this cell's */
		mmio_write32(GITS_CTLR, 0);
		mmio_write64(GITS_CBASER, VALID | 1UL << 10 | (own ? (u64)commands : 0x50000000UL) | (random_next(&state) % 16 ? 0 : 0xff));
		mmio_write64(GITS_CWRITER, 0);
		mmio_write32(GITS_CTLR, 1);
		for (u32 i = 0; i < 127; i++)
			one(&state, commands + 4 * i);
		dsb();
		mmio_write64(GITS_CWRITER, random_next(&state) % 8 ? 127 * 32 : random_next(&state));
		for (u32 looks = 0; looks < 40; looks++)
			mmio_read64(ITS_BASE + 0x90);
	}
	mmio_write32(GITS_CTLR, 0);
	print("attack: its-commands end\n");
}

const struct attack its_attacks[] = {
	{ "its-registers", attack_its_registers },
	{ "its-commands", attack_its_commands },
	{ NULL, NULL },
};
