/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * libFuzzer target: a board boots with anything in its crash region: what three boots have left,
 * changed as the input says, with or without a CRC that agrees. Looked for, besides what sanitizers find (the
 * region ends where it ends): lines that leave their line or say what cannot be; a boot that
 * does not go on: the next end of a cell and the next panic have to be kept all the same.
 *
 * The three files are included, so that a boot can begin again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/crash.c"
#undef WORDS_PER_LINE
#include "core/crash_region.c"
#include "core/crash_text.c"

#include "core/command.h"
#include "core/console.h"
#include "host.h"
#include "input.h"
#include "machine.h"

#define REGION CRASH_SIZE(CELL_COUNT)

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_crash: %s\nwire: %.*s\n", what, (int)wire_length, wire_text);
	abort();
}

static void boot(const u8 *memory)
{
	machine_reset(NULL);
	ready = false;
	told = 0;
	memset(&region, 0, sizeof region);
	memset(&ends, 0, sizeof ends);
	memset(&keeping, 0, sizeof keeping);
	memcpy(crash_region, memory, REGION);
	for (u32 i = 0; i < CELL_COUNT; i++)
		cells[i].incarnation = 1;
	host_this = &host_cpus[SERVICE];
	crash_init();
}

static void rounds(u32 count)
{
	for (u32 i = 0; i < count; i++) {
		serve(1);
		host_this = &host_cpus[SERVICE];
		crash_serve();
	}
}

static void end(u16 cpu)
{
	u16 cell = machine_cpus[cpu].cell;
	struct record *record = &cells[cell].record;

	guest_print(machine_cells[cell].console, "Oops\n");
	rounds(2);
	record->cpu = cpu;
	record->reason = STOP_FAULT;
	record->end = CELL_FAILING;
	record->by = BY_ITSELF;
	record->incarnation = 1;
	record->what = "write outside the map";
	cells[cell].state = CELL_FAILING;
	for (u32 i = 0; i < VCPU_COUNT; i++)
		vcpus[i].captured = 2;
	atomic_store32(&cells[cell].record_state, RECORD_READY);
	rounds(10);
}

static void end_panic(void)
{
	static struct panic_state panic = { .what = "what", .cpu = 2, .stack_count = PANIC_STACK };

	crash_panic(&panic);
}

/* What three boots have left: a record for each cell but one with two, a panic, an audit. */
static const u8 *left_behind(void)
{
	static u8 memory[REGION];
	static bool made;

	for (u32 i = 0; i < 3 && !made; i++) {
		boot(memory);
		end(i == 2 ? 3 : (u16)i);
		if (i == 1)
			end_panic();
		((struct audit *)crash_audit())->entries[i][0][0].sequence = 1;
		memcpy(memory, crash_region, REGION);
	}
	made = true;
	return memory;
}

static void reseal(u8 *memory, u32 at)
{
	struct crash_mark *mark = (struct crash_mark *)(memory + at);

	if (mark->size >= sizeof *mark && mark->size <= REGION - at)
		mark->crc = crash_crc(0, mark + 1, mark->size - (u32)sizeof *mark);
}

/* Parts are where they are; most changes go where something is. */
static u32 place(struct input *input)
{
	u32 part = next(input, 1) % 12;
	u32 base = part == 0 ? 0 : part == 1 ? CRASH_HEAD : part == 2 ? CRASH_HEAD + CRASH_AUDIT_HALF : part == 3 ? CRASH_HEAD + CRASH_AUDIT :
		   CRASH_SLOTS_START + (part - 4) % (2 * CELL_COUNT) * CRASH_SLOT;

	return base;
}

static void change(struct input *input, u8 *memory)
{
	u32 base = place(input), what = next(input, 1), at = base + next(input, 2) % 1024;

	for (u32 i = 0; i < (what & 15) && at + i < REGION; i++)
		memory[at + i] = (u8)next(input, 1);
	if (!(what & 0x80))
		reseal(memory, base);
}

static void check_wire(void)
{
	for (u32 i = 0; i < wire_length; i++) {
		bool start = !i || wire_text[i - 1] == '\n';
		u8 byte = (u8)wire_text[i];

		check(byte == '\r' || byte == '\n' || (byte >= ' ' && byte <= '~'), "a byte that is no text");
		if (start && byte == '[')
			check(!strncmp(wire_text + i, "[core] ", 7) || !strncmp(wire_text + i, "[linux] ", 8) ||
			      !strncmp(wire_text + i, "[control] ", 10) || !strncmp(wire_text + i, "[hello] ", 8), "a prefix");
	}
}

static u32 print_everything(u16 cell)
{
	u32 line = 0;

	for (; crash_print(cell, line) && line < 4096; line++)
		if (line % 4 == 3)
			rounds(4);
	check(line < 4096, "no end of lines");
	return line;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input input = { data, size };
	static u8 memory[REGION];

	memcpy(memory, left_behind(), REGION);
	while (input.left)
		change(&input, memory);
	boot(memory);
	rounds(20);
	for (u16 i = 0; i < CELL_COUNT; i++)
		print_everything(i);
	print_everything(CELL_NONE);
	end(0);
	check(crash_is_kept(CELL_LINUX, 1), "an end is not kept");
	end_panic();
	check(crash_panic_at() && crash_panic_at()->origin.boot == crash_boot(), "a panic is not kept");
	check(print_everything(CELL_LINUX) > 20, "a record is not shown");
	rounds(5);
	check_wire();
	memcpy(memory, crash_region, REGION);
	boot(memory);
	rounds(20);
	check(!crash_found()->damaged, "damage stays");
	return 0;
}
