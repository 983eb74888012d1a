/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * src/arch/aarch64/fast_gicd.c: what a direct cell reads and writes of its frames, every word of them, against what docs/interrupts.md
 * says it sees: its own lines' bits, bytes and pairs of bits, and nothing of another's. It is included, its memory played here.
 */
#include "test.h"

/* Theirs are aarch64 instructions. */
#define mmio_read32 gic_h_read32
#define mmio_write32 gic_h_write32
#define mmio_write8 gic_h_write8
#include "gic.h"
#undef mmio_read32
#undef mmio_write32
#undef mmio_write8

#define GICD 0x08000000ULL /* physical */
#define GICR 0x080a0000ULL

static u8 frame[GIC_FRAME_SIZE], before[GIC_FRAME_SIZE];
static u32 rd_ctlr;
static u64 randomness;

static u32 mmio_read32(u64 a)
{
	u32 value;

	if (a == GICR + GICR_CTLR)
		return rd_ctlr;
	if (a == GICR + GICR_IIDR)
		return 0x43b;
	assert_true(a - GICD < sizeof(frame) && !(a & 3));
	memcpy(&value, frame + (a - GICD), 4);
	return value;
}

static void mmio_write32(u64 a, u32 value)
{
	assert_true(a - GICD < sizeof(frame) && !(a & 3));
	memcpy(frame + (a - GICD), &value, 4);
}

static void mmio_write8(u64 a, u8 value)
{
	assert_true(a - GICD < sizeof(frame));
	frame[a - GICD] = value;
}

#include "fast_gicd.c"

const struct arch_board_config machine_board = { .gicd = GICD };

#define VCPUS 3
#define VDEVS 2

#define WITH_ITS 0 /* which cell has it */

const struct arch_its_config machine_its[] = { { .cell = WITH_ITS } };
struct cell cells[CELL_COUNT];
static struct cell_config config;
static struct vdev_config vdevs[VDEVS];
static struct cpu cpu;

static bool owned(u32 line) { return config.arch.lines[line / 32] >> line % 32 & 1; }

static bool is_virtual(u32 line) { return line == vdevs[0].line || line == vdevs[1].line; }

/* Another cell, another distributor. */
static void begin(u32 seed)
{
	randomness = seed * 0x9e3779b97f4a7c15u;
	config = (struct cell_config){ .vcpu_count = VCPUS, .vdev_count = VDEVS };
	for (u32 w = 1; w < GIC_LINE_WORDS; w++)
		config.arch.lines[w] = next_random(&randomness) & next_random(&randomness) & (seed & 1 ? next_random(&randomness) : ~0u);
	for (u32 i = 0; i < VDEVS; i++) {
		vdevs[i].line = 32 + next_random(&randomness) % 900;
		config.arch.lines[vdevs[i].line / 32] |= 1u << vdevs[i].line % 32;
	}
	for (u32 i = 0; i < sizeof(frame); i++)
		frame[i] = (u8)next_random(&randomness);
	rd_ctlr = next_random(&randomness);
	cpu = (struct cpu){ .cell = &config, .vcpu_index = 1, .cell_index = 1, .vdevs = vdevs };
	cpu.arch.gicd_typer = 0x37a0408;
	cpu.arch.gicr = GICR;
	cells[1].arch.gicd_ctlr = next_random(&randomness) & GICD_CTLR_GRP1;
}

/* Bit by bit: may a cell see it, at an offset from 0x100 to 0xcff? */
static u32 visible(u32 offset)
{
	u32 mask = 0;

	for (u32 i = 0; i < 32; i++) {
		u32 line = offset < 0x400 ? offset % 0x80 * 8 + i : offset < 0x800 ? offset - 0x400 + i / 8 : (offset - 0xc00) * 4 + i / 2;

		if (line < 1024 && owned(line) && (offset < 0xc00 || !is_virtual(line)))
			mask |= 1u << i;
	}
	return mask;
}

static s64 specified(u32 offset)
{
	u32 word;

	if (offset & 3 || (offset >= 0x6000 && offset < 0x6000 + 8 * 1020))
		return -1; /* vgic_direct.c's */
	memcpy(&word, frame + offset, 4);
	switch (offset) {
	case 0: return cells[1].arch.gicd_ctlr | 0x50 | (word & 0x80000000);
	case 4: return 0x37a0408;
	case 8: return word;
	case 0xffe8: return 0x3b;
	default:
		if (offset >= 0x80 && offset < 0x100)
			return config.arch.lines[offset / 4 % 32];
		if ((offset >= 0x100 && offset < 0x800) || (offset >= 0xc00 && offset < 0xd00))
			return word & visible(offset);
		return 0;
	}
}

static void every_word_read(void **unused)
{
	(void)unused;
	for (u32 seed = 1; seed <= 20; seed++) {
		begin(seed);
		memcpy(before, frame, sizeof(frame));
		for (u32 offset = 0; offset < GIC_FRAME_SIZE; offset += offset < 0x1000 ? 1 : 4)
			if (fast_gicd_read(offset, &cpu) != specified(offset))
				fail_msg("seed %u, offset %#x: %#llx, not %#llx", seed, offset, (unsigned long long)fast_gicd_read(offset, &cpu),
					 (unsigned long long)specified(offset));
		assert_memory_equal(before, frame, sizeof(frame));
	}
}

/* What a store changes physically. */
static void expect_written(u32 offset, u32 value)
{
	u32 mask, word;

	if (offset & 3 || offset < 0x100 || offset >= 0x800)
		return;
	mask = visible(offset);
	memcpy(&word, before + offset, 4);
	if (offset < 0x400 && mask) /* set and clear registers: a 0 changes nothing */
		word = value & mask;
	else if (offset >= 0x400)
		word = (word & ~mask) | (value & mask);
	else
		return;
	memcpy(before + offset, &word, 4);
}

static void every_word_written(void **unused)
{
	(void)unused;
	for (u32 seed = 1; seed <= 20; seed++) {
		begin(seed);
		for (u32 offset = 0; offset < GIC_FRAME_SIZE; offset += offset < 0x1000 ? 1 : 4) {
			u32 value = next_random(&randomness) * 3;
			bool left = offset & 3 || (offset >= 0x6000 && offset < 0x6000 + 8 * 1020);

			memcpy(before, frame, sizeof(frame));
			assert_int_equal(fast_gicd_write(value, offset, &cpu), left);
			if (offset >= 0x100 && offset < 0x400 && !(offset & 3) && !visible(offset))
				memset(frame + offset, 0, 4), memset(before + offset, 0, 4); /* zero is written, which is nothing */
			expect_written(offset, value);
			if (memcmp(before, frame, sizeof(frame)))
				fail_msg("seed %u, offset %#x, value %#x", seed, offset, value);
			if (!offset)
				assert_int_equal(cells[1].arch.gicd_ctlr, value & 2);
		}
	}
}

/* Of 2^sas bytes at offset reg of vCPU n's frames. */
static s64 specified_of(u32 n, u32 reg, u32 sas, bool its)
{
	u64 typer = (u64)n << 32 | n << 8 | (n == VCPUS - 1 ? 0x10 : 0) | its;

	if (n >= VCPUS || reg >= GIC_FRAME_SIZE || sas < 2)
		return -1;
	if (sas == 3)
		return reg == 8 ? (s64)typer : -1;
	if (its && (reg == 0 || (reg >= 0x70 && reg < 0x80))) /* LPIs: vits.c's */
		return -1;
	switch (reg) {
	case 0: return n == 1 ? rd_ctlr & 8 : 0;
	case 4: return 0x43b;
	case 8: return (u32)typer;
	case 12: return n;
	case 0xffe8: return 0x3b;
	default: return 0;
	}
}

static void every_frame_read(void **unused)
{
	(void)unused;
	begin(1);
	for (u32 i = 0; i < 8; i++) {
		u32 sas = i / 2;
		bool its = i & 1;

		cpu.cell_index = its ? WITH_ITS : 1;
		for (u64 offset = 0; offset < (VCPUS + 1) * GICR_SIZE; offset += 1 << sas) {
			s64 want = specified_of((u32)(offset / GICR_SIZE), offset % GICR_SIZE, sas, its);

			if (fast_gicr_read(offset, &cpu, sas) != want)
				fail_msg("offset %#llx, 2^%u bytes: %#llx, not %#llx", (unsigned long long)offset, sas,
					 (unsigned long long)fast_gicr_read(offset, &cpu, sas), (unsigned long long)want);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_read),
		cmocka_unit_test(every_word_written),
		cmocka_unit_test(every_frame_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
