/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * core/crash*.c over resets of the board. A boot is a process: it begins with
 * what is in memory, and its stores reach memory by arch_memory_clean, some of
 * them before; when it ends, at whatever moment, the rest is lost. What memory
 * holds is seen once the region is taken: before, a cache may stand in front.
 */
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#include "core/console.h"
#include "core/crash.h"
#include "core/crash_format.h"
#include "core/life.h"
#include "core/trace.h"
#include "host.h"
#include "machine.h"

#define REGION CRASH_SIZE(CELL_COUNT)
#define CUT 99 /* exit status of a boot that was reset on purpose */

static struct world {
	u8 memory[REGION];
	char wire[1 << 17];
	u32 cleans;
	u32 cut;      /* this clean is not done any more: the board is reset; 0: none */
	u64 early;    /* not 0: then some of the other stores have reached memory all the same; a seed */
	u32 failures; /* of CHECK */
} *world;

/* In a boot, where an assertion of cmocka's would go on in the wrong process. */
#define CHECK(condition)                                                                              \
	do {                                                                                          \
		if (!(condition)) {                                                                   \
			fprintf(stderr, "%s:%d: %s\nwire: %s\n", __FILE__, __LINE__, #condition, wire_text); \
			world->failures++;                                                            \
			_exit(1);                                                                     \
		}                                                                                     \
	} while (0)

static void cut_off(void)
{
	for (u32 at = 0; world->early && at < REGION; at += 8)
		if (next_random(&world->early) & 1)
			memcpy(world->memory + at, crash_region + at, 8);
	_exit(CUT);
}

static void taken(const void *address, u32 size)
{
	CHECK(address == crash_region && size == REGION && !host.memory_cleans);
	memcpy(crash_region, world->memory, REGION);
}

/* Whole lines, as where it is in a cache. */
static void to_memory(const void *address, u32 size)
{
	u64 first = (u64)((const u8 *)address - crash_region) / 64 * 64, end = (u64)((const u8 *)address - crash_region) + size;

	if ((const u8 *)address < crash_region || (const u8 *)address >= crash_region + REGION)
		return; /* not of the region */
	CHECK(end <= REGION);
	if (++world->cleans == world->cut)
		cut_off();
	end = (end + 63) / 64 * 64;
	memcpy(world->memory + first, crash_region + first, (end < REGION ? end : REGION) - first);
}

static void rounds(u32 count)
{
	for (u32 i = 0; i < count; i++) {
		serve(1);
		host_this = &host_cpus[SERVICE];
		crash_serve();
	}
}

static int boot(void (*deeds)(void))
{
	int status;
	pid_t child;

	fflush(NULL);
	world->cleans = 0;
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		machine_reset(NULL);
		memset(crash_region, 0xa5, REGION);
		host.on_take = taken;
		host.on_clean = to_memory;
		for (u32 i = 0; i < CELL_COUNT; i++)
			cells[i].incarnation = 1;
		host_this = &host_cpus[SERVICE];
		crash_init();
		deeds();
		memcpy(world->wire, wire_text, wire_length + 1 < sizeof world->wire ? wire_length + 1 : 0);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(world->failures, 0);
	return WEXITSTATUS(status);
}

static int power_on(void **state)
{
	(void)state;
	memset(world, 0, sizeof *world);
	return 0;
}

static bool said(const char *text)
{
	return strstr(world->wire, text) != NULL;
}

/* ---- what cells do ---- */

static void capture(u16 cpu)
{
	u16 cell = machine_cpus[cpu].cell;

	host_cpus[cpu].frame.pc = 0x80 + cpu;
	host_cpus[cpu].frame.x[7] = 0x777;
	arch_vcpu_capture(&host_cpus[cpu], &vcpus[cpu].registers);
	atomic_store32(&vcpus[cpu].captured, cells[cell].incarnation + 1);
}

static void end(u16 cpu, u16 reason, const char *what, u16 by, u32 to)
{
	u16 cell = machine_cpus[cpu].cell;
	struct record *record = &cells[cell].record;

	memset(record, 0, sizeof *record);
	record->cpu = cpu;
	record->vcpu = machine_cpus[cpu].vcpu;
	record->reason = reason;
	record->end = (u16)to;
	record->by = by;
	record->incarnation = cells[cell].incarnation;
	record->what = what;
	record->when = 12345678;
	record->pc = 0x80;
	record->detail[1] = 0xbad;
	atomic_store32(&cells[cell].state, to);
	atomic_store32(&cells[cell].record_state, RECORD_READY);
}

static void again(u16 cell)
{
	atomic_store32(&cells[cell].record_state, RECORD_NONE);
	cells[cell].state = CELL_RUNNING;
	cells[cell].incarnation++;
}

static void nothing(void)
{
	rounds(20);
}

static void linux_faults(void)
{
	guest_print(VDEV_LINUX, "Oops\n");
	rounds(3);
	guest_print(VDEV_LINUX, "last words");
	end(1, STOP_FAULT, "write outside the map", BY_ITSELF, CELL_RESTARTING);
	CHECK(!crash_is_kept(CELL_LINUX, 1));
	capture(0);
	capture(1);
	rounds(20);
	CHECK(crash_is_kept(CELL_LINUX, 1));
	CHECK(!crash_is_kept(CELL_LINUX, 2));
}

/* The CPU whose vCPU faults has been traced, and so has the other. */
static void linux_faults_traced(void)
{
	trace_set(CELL_LINUX, true);
	for (u16 n = 0; n < 2; n++) {
		trace_follow(&host_cpus[n]);
		for (u32 i = 0; i < 200; i++)
			trace_put(&host_cpus[n], TRACE_EXIT, n ? 0x92000044 : 0x5a000000, 0x1000 + i, 0x9000000);
	}
	host.now += 2;
	trace_put(&host_cpus[1], TRACE_LIFE, CELL_RESTARTING, CELL_LINUX, BY_ITSELF);
	linux_faults();
}

static void show_linux(void)
{
	u32 line = 0;

	for (rounds(20); crash_print(CELL_LINUX, line); line++)
		rounds(2);
	CHECK(line < 100);
}

static void show_all(void)
{
	u32 line = 0;

	for (rounds(20); crash_print(CELL_NONE, line); line++)
		rounds(2);
	CHECK(line < 300);
}

static void show_hello(void)
{
	u32 line = 0;

	for (rounds(20); crash_print(CELL_HELLO, line); line++)
		rounds(2);
}

/* ---- tests ---- */

static void crc(void **state)
{
	(void)state;
	assert_int_equal(crash_crc(0, "123456789", 9), 0xcbf43926); /* the check value of CRC-32/ISO-HDLC */
	assert_int_equal(crash_crc(crash_crc(0, "1234", 4), "56789", 5), 0xcbf43926);
	assert_int_equal(crash_crc(0, "", 0), 0);
	for (u32 from = 0; from < 8; from++) { /* by words and by bytes it is the same */
		_Alignas(8) char text[32] = "";

		strcpy(text + from, "123456789");
		assert_int_equal(crash_crc(0, text + from, 9), 0xcbf43926);
	}
}

static void kept_over_a_reset(void **state)
{
	(void)state;
	assert_int_equal(boot(linux_faults), 0);
	assert_true(said("[core] crash region at 0x7f000000: boot 1, 0 records of earlier ones"));
	assert_false(said("damaged"));
	assert_int_equal(boot(show_linux), 0);
	assert_true(said("[core] crash region at 0x7f000000: boot 2, 1 records of earlier ones"));
	assert_true(said("[core] crash record 1 of an earlier boot: cell linux, life 1, fault: write outside the map, vCPU 1 on cpu1, "
			 "pc 0x80; 15 bytes of console; `crash linux` shows it\r\n"));
	assert_true(said("vCPU 1 on cpu1, pc 0x80; 15 bytes of console\r\n[core] crash 1: boot 1,")); /* when it is shown, nothing says what shows it */
	assert_true(said("[core] crash 1: boot 1, counter at 12.345678 s; by itself; then restarting; partition unit, configuration 0123456789abcdef...\r\n"));
	assert_true(said("[core] crash 1: cause=0x0000000000000000 address=0x0000000000000bad page=0x0000000000000000 mode=0x0000000000000000\r\n"));
	assert_true(said("[core] crash 1: vCPU 0: registers\r\n[core] crash 1: x0=0x0000000000000000 "));
	assert_true(said("[core] crash 1: x4=0x0000000000000000 x5=0x0000000000000000 x6=0x0000000000000000 x7=0x0000000000000777\r\n"));
	assert_true(said(" pc=0x0000000000000081 pstate=0x00000000000003c5 m0=0x0000000000002000"));
	assert_true(said("[core] crash 1: | Oops\r\n[core] crash 1: | last words\r\n"));
	assert_int_equal(boot(show_linux), 0); /* it stays */
	assert_true(said("boot 3, 1 records"));
	assert_true(said("crash record 1 of an earlier boot"));
	assert_int_equal(boot(show_hello), 0);
	assert_true(said("crash: there is no record of cell hello\r\n"));
}

static void trace_is_kept(void **state)
{
	const struct crash_cell *cell = (void *)(world->memory + CRASH_SLOTS_START);
	const struct trace_entry *entries;

	(void)state;
	assert_int_equal(boot(linux_faults), 0); /* not traced */
	assert_int_equal(cell->trace_count, 0);
	assert_int_equal(power_on(NULL), 0);
	assert_int_equal(boot(linux_faults_traced), 0);
	assert_int_equal(cell->trace_count, CRASH_TRACE);
	assert_int_equal(cell->trace + CRASH_TRACE * sizeof *entries, cell->mark.size);
	entries = (const void *)((const u8 *)cell + cell->trace);
	for (u32 i = 0; i < CRASH_TRACE - 1; i++) {
		assert_int_equal(entries[i].kind, TRACE_EXIT);
		assert_int_equal(entries[i].code, 0x92000044);
		assert_int_equal(entries[i].where, 0x1000 + 200 - (CRASH_TRACE - 1) + i);
	}
	assert_int_equal(entries[CRASH_TRACE - 1].kind, TRACE_LIFE);
	assert_int_equal(boot(show_linux), 0);
	assert_true(said("crash record 1 of an earlier boot: cell linux, life 1, fault"));
}

static void late_vcpu(void)
{
	rounds(10);
	capture(0);
	end(0, STOP_WATCHDOG, NULL, CELL_CONTROL, CELL_FAILING);
	rounds(99);
	CHECK(!crash_is_kept(CELL_LINUX, 1));
	rounds(5);
	CHECK(crash_is_kept(CELL_LINUX, 1));
}

static void vcpus_that_do_not_come(void **state)
{
	(void)state;
	assert_int_equal(boot(late_vcpu), 0);
	assert_int_equal(boot(show_linux), 0);
	assert_true(said("life 1, watchdog, vCPU 0 on cpu0, pc 0x80; 0 bytes"));
	assert_true(said("by control; then failed"));
	assert_true(said("crash 1: vCPU 1: did not come in\r\n"));
}

static void vcpu_off(void)
{
	rounds(10);
	vcpus[1].state = VCPU_OFF;
	capture(0);
	end(0, STOP_FAULT, "x", BY_ITSELF, CELL_FAILING);
	rounds(3);
	CHECK(crash_is_kept(CELL_LINUX, 1));
}

static void vcpus_that_are_off(void **state)
{
	(void)state;
	assert_int_equal(boot(vcpu_off), 0);
	assert_int_equal(boot(show_linux), 0);
	assert_true(said("crash 1: vCPU 1: off\r\n"));
}

/* An older life's registers are nobody's of this one. */
static void stale(void)
{
	rounds(10);
	capture(0);
	capture(1);
	again(CELL_LINUX);
	capture(0);
	end(0, STOP_FAULT, "x", BY_ITSELF, CELL_FAILING);
	rounds(50);
	CHECK(!crash_is_kept(CELL_LINUX, 2));
	rounds(55);
	CHECK(crash_is_kept(CELL_LINUX, 2));
}

static void registers_of_an_older_life(void **state)
{
	(void)state;
	assert_int_equal(boot(stale), 0);
	assert_int_equal(boot(show_linux), 0);
	assert_true(said("life 2"));
	assert_true(said("crash 1: vCPU 1: did not come in\r\n"));
}

static void wishes(void)
{
	static const struct { u16 reason; u32 end; } ends[] = {
		{ STOP_SYSTEM_OFF, CELL_STOPPING }, { STOP_SYSTEM_RESET, CELL_RESTARTING }, { STOP_SYSTEM_RESET, CELL_STOPPING },
		{ STOP_TOLD, CELL_STOPPING }, { STOP_TOLD, CELL_RESTARTING },
	};

	rounds(10);
	for (u32 i = 0; i < ARRAY_COUNT(ends); i++) {
		end(0, ends[i].reason, NULL, BY_ITSELF, ends[i].end);
		rounds(1);
		CHECK(crash_is_kept(CELL_LINUX, i + 1));
		again(CELL_LINUX);
	}
	for (u32 i = 0; i < crash_slot_count(); i++)
		CHECK(!crash_cell_at(i));
	end(0, STOP_SYSTEM_RESET, NULL, BY_ITSELF, CELL_FAILING); /* one too many: that is to be explained */
	rounds(110);
	CHECK(crash_is_kept(CELL_LINUX, 6));
	CHECK(crash_cell_at(0));
}

static void wishes_leave_no_record(void **state)
{
	(void)state;
	assert_int_equal(boot(wishes), 0);
}

/* All reasons have a text, and each that is not a wish leaves a record. */
static void every_reason(void)
{
	rounds(10);
	for (u16 reason = STOP_DEBUG; reason < STOP_REASON_COUNT; reason++) {
		if (reason == STOP_TOLD)
			continue;
		capture(3);
		end(3, reason, NULL, BY_POLICY, CELL_FAILING);
		rounds(4);
		CHECK(crash_is_kept(CELL_HELLO, cells[CELL_HELLO].incarnation));
		const struct crash_cell *cell = crash_cell_at(2 * CELL_HELLO), *other = crash_cell_at(2 * CELL_HELLO + 1);

		if (other && other->origin.sequence > cell->origin.sequence)
			cell = other;
		CHECK(cell->reason_number == reason && cell->reason[0] && cell->life == cells[CELL_HELLO].incarnation);
		again(CELL_HELLO);
	}
}

static void reasons(void **state)
{
	(void)state;
	assert_int_equal(boot(every_reason), 0);
}

static void two_lives(void)
{
	rounds(10);
	for (u32 i = 0; i < 2; i++) {
		capture(0);
		capture(1);
		end(0, STOP_FAULT, "x", BY_ITSELF, CELL_RESTARTING);
		rounds(5);
		CHECK(crash_is_kept(CELL_LINUX, cells[CELL_LINUX].incarnation));
		again(CELL_LINUX);
	}
}

static void the_older_gives_way(void **state)
{
	const struct crash_cell *first = (const void *)(world->memory + CRASH_SLOTS_START);
	const struct crash_cell *second = (const void *)(world->memory + CRASH_SLOTS_START + CRASH_SLOT);

	(void)state;
	boot(two_lives);
	assert_int_equal(first->origin.sequence, 1);
	assert_int_equal(second->origin.sequence, 2);
	boot(linux_faults);
	assert_int_equal(first->origin.sequence, 3);
	assert_int_equal(first->origin.boot, 2);
	assert_int_equal(second->origin.sequence, 2);
	boot(linux_faults);
	assert_int_equal(first->origin.sequence, 3);
	assert_int_equal(second->origin.sequence, 4);
	assert_int_equal(second->origin.boot, 3);
}

/* Reset at each clean there is: the record before stays, the new one is there whole or not at all, and that is said. */
static void torn(u64 seed)
{
	u8 before[REGION];
	u32 cleans, whole = 0, damaged = 0;

	boot(linux_faults);
	memcpy(before, world->memory, REGION);
	boot(linux_faults);
	cleans = world->cleans;
	assert_true(cleans > 8);
	for (u32 cut = 1; cut <= cleans; cut++) {
		memcpy(world->memory, before, REGION);
		world->cut = cut;
		world->early = seed ? seed * 31 + cut : 0;
		assert_int_equal(boot(linux_faults), CUT);
		world->cut = 0;
		world->early = 0;
		assert_int_equal(boot(show_linux), 0);
		assert_true(said("crash record 1 of an earlier boot: cell linux, life 1"));
		whole += said("crash record 2 of an earlier boot: cell linux, life 1");
		damaged += said("of its parts are damaged");
		assert_int_equal(boot(show_linux), 0);
		assert_false(said("damaged")); /* once */
		assert_int_equal(boot(linux_faults), 0); /* it goes on as ever */
	}
	assert_true(damaged > 4);
	(void)whole;
}

static void torn_at_any_moment(void **state)
{
	(void)state;
	torn(0);
}

/* Stores may arrive before they have to. */
static void torn_with_early_stores(void **state)
{
	for (u64 seed = 1; seed <= 6; seed++) {
		power_on(state);
		torn(seed);
	}
}

/* Any bit of a record that falls over is noticed. */
static void flipped_bits(void **state)
{
	u32 slot = CRASH_SLOTS_START;
	struct crash_mark *mark = (void *)(world->memory + slot);
	u8 before[REGION];

	(void)state;
	boot(linux_faults);
	memcpy(before, world->memory, REGION);
	for (u32 byte = 0; byte < mark->size; byte += byte < 16 ? 1 : 13) {
		memcpy(world->memory, before, REGION);
		world->memory[slot + byte] ^= (u8)(1u << byte % 8);
		boot(show_linux);
		assert_false(said("crash record 1"));
		assert_true(said("crash region: 1 of its parts are ")); /* damaged, or of another version */
	}
}

/* The same contents with a right CRC may still lead anywhere. */
static void reseal(void *part)
{
	struct crash_mark *mark = part;

	mark->crc = crash_crc(0, mark + 1, mark->size - (u32)sizeof *mark);
}

static void wild_contents(void **state)
{
	struct crash_cell *cell = (void *)(world->memory + CRASH_SLOTS_START);
	u8 before[REGION];

	(void)state;
	boot(linux_faults_traced);
	memcpy(before, world->memory, REGION);
	for (u32 i = 0; i < 14; i++) {
		memcpy(world->memory, before, REGION);
		switch (i) {
		case 0: cell->console = ~0u; break;
		case 1: cell->console_size = ~0u; break;
		case 2: cell->vcpus = CRASH_SLOT - 8; break;
		case 3: cell->vcpus += 4; break;
		case 4: cell->vcpu_kept = 0xffff; break;
		case 5: cell->vcpu_size = 1; break;
		case 6: memset(cell->cell, 'a', CRASH_NAME); break;
		case 7: cell->what[0] = '\033'; break;
		case 8: memset(cell->more_names[11], 'a', 16); break;
		case 9: cell->trace_count = CRASH_TRACE + 1; break;
		case 10: cell->trace += 4; break;
		case 11: cell->trace = CRASH_SLOT - 8; break;
		case 12: cell->trace = 0; break;
		default: cell->origin.hash[3] = '\n'; break;
		}
		reseal(cell);
		boot(show_linux);
		assert_false(said("crash record 1"));
		assert_true(said("1 of its parts are damaged"));
	}
	memcpy(world->memory, before, REGION);
	memset((u8 *)cell + cell->console, 27, 8); /* what a cell has printed may be anything, and reaches no terminal */
	reseal(cell);
	boot(show_linux);
	assert_true(said("crash 1: | ........t words\r\n"));
}

static void other_configuration(void **state)
{
	struct crash_cell *cell = (void *)(world->memory + CRASH_SLOTS_START);

	(void)state;
	boot(linux_faults);
	cell->origin.hash[0] = 'f';
	strcpy(cell->cell, "elder");
	reseal(cell);
	boot(show_all);
	assert_true(said("crash record 1 of an earlier boot with another configuration: cell elder, life 1"));
	assert_true(said("crash 1: | last words")); /* in full, as there is no such name to ask for */
	boot(show_linux);
	assert_true(said("crash: there is no record of cell linux"));
}

static void other_version(void **state)
{
	struct crash_mark *mark = (void *)(world->memory + CRASH_SLOTS_START);

	(void)state;
	boot(linux_faults);
	mark->version = 2;
	boot(nothing);
	assert_true(said("crash region: 1 of its parts are of another version of the format"));
	assert_false(said("crash record"));
	assert_int_equal(mark->magic, CRASH_MAGIC);
}

/* A board that has just got power: whatever is there, it is not damage. */
static void noise(void **state)
{
	u64 seed = 77;

	(void)state;
	for (u32 i = 0; i < REGION; i++)
		world->memory[i] = (u8)next_random(&seed);
	boot(nothing);
	assert_true(said("boot 1, 0 records"));
	assert_false(said("damaged"));
	boot(nothing);
	assert_true(said("boot 2, 0 records"));
	assert_false(said("damaged"));
	memset(world->memory, 0, CRASH_HEAD); /* the head is not needed to go on counting */
	boot(linux_faults);
	memset(world->memory, 0, CRASH_HEAD);
	boot(nothing);
	assert_true(said("boot 4, 1 records"));
}

/* Of two megabytes the last two kilobytes, and none of the life before. */
static void talker(void)
{
	const struct crash_cell *cell = crash_cell_at(2 * CELL_HELLO);

	wire_room = ~0u;
	rounds(10);
	for (u32 i = 0; i < 100; i++) {
		guest_print(VDEV_HELLO, "0123456789abcdefghijklmnopqrstuvwxyz\n");
		rounds(1);
	}
	wire_room = 0;
	for (u32 i = 0; i < 30; i++) {
		guest_print(VDEV_HELLO, "more than the pump takes while the wire takes nothing\n");
		rounds(1);
	}
	CHECK(machine_vdevs[VDEV_HELLO].ops->pending(&machine_vdevs[VDEV_HELLO]) > 1000);
	guest_print(VDEV_HELLO, "the end of one, unheard");
	capture(3);
	end(3, STOP_FAULT, "x", BY_ITSELF, CELL_RESTARTING);
	rounds(5);
	CHECK(crash_is_kept(CELL_HELLO, 1));
	cell = crash_cell_at(2 * CELL_HELLO);
	CHECK(cell && cell->console_size == CRASH_CONSOLE);
	CHECK(!memcmp((const u8 *)cell + cell->console + CRASH_CONSOLE - 23, "the end of one, unheard", 23));
	CHECK(!memcmp((const u8 *)cell + cell->console + CRASH_CONSOLE - 24, "\n", 1));
	again(CELL_HELLO);
	guest_print(VDEV_HELLO, "two");
	wire_room = ~0u;
	rounds(50);
	guest_print(VDEV_HELLO, "!");
	capture(3);
	end(3, STOP_FAULT, "x", BY_ITSELF, CELL_RESTARTING);
	rounds(5);
	cell = crash_cell_at(2 * CELL_HELLO + 1);
	CHECK(cell && cell->console_size == 4);
	CHECK(!memcmp((const u8 *)cell + cell->console, "two!", 4));
}

static void last_words(void **state)
{
	(void)state;
	assert_int_equal(boot(talker), 0);
}

/* The console prints nothing: what was there is not told, and a cell comes back all the same. */
static void clogged(void)
{
	wire_room = 0;
	for (u32 i = 0; i < 10; i++)
		console_printf("%0200x", 0u), console_printf("something of 100 characters ...................................................................");
	capture(0);
	capture(1);
	end(1, STOP_FAULT, "x", BY_ITSELF, CELL_RESTARTING);
	rounds(50);
	CHECK(!crash_is_kept(CELL_LINUX, 1));
	rounds(60);
	CHECK(crash_is_kept(CELL_LINUX, 1));
	wire_room = ~0u;
	rounds(50);
}

static void clogged_console(void **state)
{
	(void)state;
	boot(linux_faults);
	assert_int_equal(boot(clogged), 0);
	assert_true(said("crash record 1 of an earlier boot"));
	boot(nothing);
	assert_true(said("crash record 2 of an earlier boot"));
}

/* Of a life that nobody could print the record of, as an older one still waits, there is one here all the same. */
static void unheard(void)
{
	rounds(10);
	wire_room = 0;
	for (u32 i = 0; i < 10; i++)
		console_printf("something of 100 characters ...................................................................");
	for (u32 i = 1; i <= 3; i++) {
		capture(0);
		capture(1);
		cells[CELL_LINUX].state = CELL_RESTARTING;
		host_cpus[1].frame.pc = i << 12;
		cell_record(CELL_LINUX, &host_cpus[1], STOP_FAULT, "x", BY_ITSELF, CELL_RESTARTING);
		rounds(5);
		CHECK(crash_is_kept(CELL_LINUX, i));
		cells[CELL_LINUX].state = CELL_RUNNING;
		cells[CELL_LINUX].incarnation++;
	}
	CHECK(cells[CELL_LINUX].record.incarnation == 1 && cells[CELL_LINUX].record_state == RECORD_READY);
}

static void unheard_records(void **state)
{
	(void)state;
	assert_int_equal(boot(unheard), 0);
	assert_int_equal(boot(nothing), 0);
	assert_true(said("crash record 2 of an earlier boot: cell linux, life 2, fault: x, vCPU 1 on cpu1, pc 0x2000;"));
	assert_true(said("crash record 3 of an earlier boot: cell linux, life 3, fault: x, vCPU 1 on cpu1, pc 0x3000;"));
}

/* Stopped from outside, it was where its first vCPU was. */
static void from_outside(void)
{
	rounds(10);
	capture(0);
	capture(1);
	cells[CELL_LINUX].state = CELL_FAILING;
	cell_record(CELL_LINUX, NULL, STOP_WATCHDOG, NULL, BY_POLICY, CELL_FAILING);
	rounds(10);
	CHECK(crash_is_kept(CELL_LINUX, 1));
}

static void stopped_from_outside(void **state)
{
	(void)state;
	assert_int_equal(boot(from_outside), 0);
	assert_int_equal(boot(nothing), 0);
	assert_true(said("cell linux, life 1, watchdog, vCPU 0 on cpu0, pc 0x80; 0 bytes of console"));
}

static void audited(void)
{
	struct audit *audit = crash_audit();

	CHECK((u8 *)audit > crash_region && (u8 *)(audit + 1) <= crash_region + CRASH_HEAD + CRASH_AUDIT);
	CHECK(!audit->sequence && !audit->entries[0][0][0].sequence);
	for (u32 i = 0; i < 3; i++) {
		struct audit_entry *entry = &audit->entries[1][0][i];

		entry->sequence = i + 1;
		entry->result = i ? LIFE_OK : LIFE_DENIED;
		entry->check = crash_crc(0, entry, offsetof(struct audit_entry, check)) + (i == 2); /* torn */
	}
	arch_memory_clean(audit, sizeof *audit);
}

static void audit_of_the_last_boot(void **state)
{
	(void)state;
	assert_int_equal(boot(audited), 0);
	assert_int_equal(boot(nothing), 0);
	assert_true(said("boot 2, 0 records of earlier ones; the last boot's audit has 2 entries, 1 of them refusals\r\n"));
	assert_int_equal(boot(audited), 0); /* this half was used before */
	assert_true(world->wire[0] == 0 || said("0 entries"));
	assert_int_equal(boot(nothing), 0);
	assert_true(said("boot 4, 0 records of earlier ones; the last boot's audit has 2 entries, 1 of them refusals\r\n"));
}

static struct panic_state a_panic(void)
{
	struct panic_state panic = { .what = "declared RAM is not there", .declared = 1, .found = 2, .cpu = 2, .pc = 0x4000, .sp = 0x5000, .stack_count = 3 };

	panic.stack[2] = 0x2222;
	return panic;
}

static void panics(void)
{
	struct panic_state panic = a_panic();

	host_this = &host_cpus[0];
	CHECK(!crash_panic(&panic)); /* does not map it */
	host_this = &host_cpus[SERVICE];
	CHECK(crash_panic(&panic));
	panic.what = "a second one";
	CHECK(crash_panic(&panic));
}

static void panic_is_kept(void **state)
{
	(void)state;
	assert_int_equal(boot(panics), 0);
	assert_int_equal(boot(show_all), 0);
	assert_true(said("crash record 1 of an earlier boot: panic on cpu2: declared RAM is not there: declared 0x1, found 0x2, pc 0x4000; `crash` shows it\r\n"));
	assert_true(said("found 0x2, pc 0x4000\r\n[core] crash 1: panic: declared RAM"));
	assert_false(said("a second one"));
	assert_true(said("crash 1: panic: declared RAM is not there: declared 0x1, found 0x2\r\n"));
	assert_true(said("crash 1: panic: cpu=cpu2 pc=0x4000 sp=0x5000 pstate=0x0\r\n"));
	assert_true(said("crash 1: panic: stack 0x5000: 0x0000000000000000 0x0000000000000000 0x0000000000002222\r\n"));
	assert_int_equal(boot(panics), 0);
	assert_int_equal(boot(linux_faults), 0);
	assert_int_equal(boot(show_all), 0);
	assert_true(said("crash record 2 of an earlier boot: panic on cpu2"));
	assert_true(said("crash 2: panic: stack 0x5000: 0x0000000000000000 0x0000000000000000 0x0000000000002222\r\n"
			 "[core] crash record 3 of an earlier boot: cell linux")); /* and goes on behind it */
}

static void torn_panic(void **state)
{
	u8 before[REGION];
	u32 cleans;

	(void)state;
	boot(nothing);
	memcpy(before, world->memory, REGION);
	boot(panics);
	cleans = world->cleans;
	for (u32 cut = 1; cut <= cleans; cut++) {
		memcpy(world->memory, before, REGION);
		world->cut = cut;
		assert_int_equal(boot(panics), CUT);
		world->cut = 0;
		assert_int_equal(boot(show_all), 0);
		assert_false(said("crash record"));
	}
}

/* No region, or one with room for no cell: nobody waits for anything. */
static void small(void)
{
	unit_core.crash_size = CRASH_SLOTS_START + CRASH_SLOT;
	CHECK(crash_slot_count() == 1);
	end(1, STOP_FAULT, "x", BY_ITSELF, CELL_RESTARTING);
	rounds(3);
	CHECK(crash_is_kept(CELL_LINUX, 1));
}

static void none_at_all(void **state)
{
	struct panic_state panic = a_panic();

	assert_int_equal(boot(small), 0);
	machine_reset(state);
	unit_core.crash = NULL;
	host_this = &host_cpus[SERVICE];
	crash_init();
	crash_serve();
	crash_console(0, 'x');
	assert_true(crash_is_kept(CELL_LINUX, 1));
	assert_null(crash_audit());
	assert_false(crash_panic(&panic));
	assert_true(crash_print(CELL_LINUX, 0));
	assert_false(crash_print(CELL_LINUX, 1));
	serve(5);
	assert_string_equal(wire_text, "[core] crash: there is no crash region (cloison,crash-region)\r\n");
}

/* The tool that reads a dump of it, on what three boots have left. */
static void dump_is_read_back(void **state)
{
	char name[] = "/tmp/cloison-crash-XXXXXX", command[1024], text[65536];
	int file = mkstemp(name);
	size_t length;

	(void)state;
	boot(linux_faults_traced);
	boot(panics);
	boot(audited);
	world->memory[CRASH_SLOTS_START + 2 * CRASH_SLOT] = 1;
	assert_int_equal(write(file, world->memory, REGION), REGION);
	close(file);
	snprintf(command, sizeof command, "%.*s../../tools/crash-show %s 2>&1", (int)(strrchr(__FILE__, '/') + 1 - __FILE__), __FILE__, name);
	FILE *tool = popen(command, "r");

	length = fread(text, 1, sizeof text - 1, tool);
	text[length] = 0;
	assert_int_equal(pclose(tool), 0);
	unlink(name);
	printf("%s", text);
	assert_non_null(strstr(text, "boot 3"));
	assert_non_null(strstr(text, "record 1, boot 1: cell linux, life 1: fault: write outside the map"));
	assert_non_null(strstr(text, "record 2, boot 2: panic on cpu2: declared RAM is not there"));
	assert_non_null(strstr(text, "    | last words\n"));
	assert_non_null(strstr(text, "    trace: the last 48 entries of that CPU"));
	assert_non_null(strstr(text, " exit      syndrome=0x92000044 pc=0x10c7 address=0x9000000\n"));
	assert_non_null(strstr(text, " life      state=restarting cell=0 by=itself\n"));
	assert_non_null(strstr(text, "slot 2: damaged"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc),
		cmocka_unit_test_setup(kept_over_a_reset, power_on),
		cmocka_unit_test_setup(trace_is_kept, power_on),
		cmocka_unit_test_setup(vcpus_that_do_not_come, power_on),
		cmocka_unit_test_setup(vcpus_that_are_off, power_on),
		cmocka_unit_test_setup(registers_of_an_older_life, power_on),
		cmocka_unit_test_setup(wishes_leave_no_record, power_on),
		cmocka_unit_test_setup(reasons, power_on),
		cmocka_unit_test_setup(the_older_gives_way, power_on),
		cmocka_unit_test_setup(torn_at_any_moment, power_on),
		cmocka_unit_test_setup(torn_with_early_stores, power_on),
		cmocka_unit_test_setup(flipped_bits, power_on),
		cmocka_unit_test_setup(wild_contents, power_on),
		cmocka_unit_test_setup(other_configuration, power_on),
		cmocka_unit_test_setup(other_version, power_on),
		cmocka_unit_test_setup(noise, power_on),
		cmocka_unit_test_setup(last_words, power_on),
		cmocka_unit_test_setup(clogged_console, power_on),
		cmocka_unit_test_setup(unheard_records, power_on),
		cmocka_unit_test_setup(stopped_from_outside, power_on),
		cmocka_unit_test_setup(audit_of_the_last_boot, power_on),
		cmocka_unit_test_setup(panic_is_kept, power_on),
		cmocka_unit_test_setup(torn_panic, power_on),
		cmocka_unit_test_setup(dump_is_read_back, power_on),
		cmocka_unit_test_setup(none_at_all, power_on),
	};

	world = mmap(NULL, sizeof *world, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return cmocka_run_group_tests_name("crash", tests, NULL, NULL);
}
