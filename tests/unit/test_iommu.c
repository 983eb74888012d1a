/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * core/iommu.c and core/iommu_events.c: what a cell's life does to its streams,
 * and what is told of what they were refused. linux has three streams, behind
 * two IOMMUs; hello has one; control has none.
 */
#include "test.h"

#include "machine.h"
#include "core/boot.h"
#include "core/console.h"
#include "core/iommu.h"
#include "core/life.h"
#include "core/log.h"
#include "host.h"

static struct cpu *const cpu0 = &host_cpus[0], *const hello = &host_cpus[3];

/* The hardware, of all streams of a cell. */
static void expect_streams(u16 cell, bool on)
{
	for (u32 i = 0; i < STREAM_COUNT; i++)
		if (machine_streams[i].cell == cell)
			assert_int_equal(host.iommu.effective[i], on);
	assert_int_equal(iommu_state(cell), on ? IOMMU_ON : IOMMU_OFF);
}

static void load(struct cpu *cpu)
{
	begin_life(cpu);
}

/* ---- the life of a cell ---- */

static void on_at_the_end_of_loading(void **state)
{
	(void)state;
	load(cpu0);
	expect_streams(CELL_LINUX, false);
	assert_int_equal(host.iommu.syncs[CELL_LINUX], 0);
	cell_loaded(cpu0);
	assert_int_equal(cells[CELL_LINUX].state, CELL_RUNNING);
	expect_streams(CELL_LINUX, true);
	expect_streams(CELL_HELLO, false);
	assert_int_equal(host.iommu.syncs[CELL_HELLO], 0);
}

static void off_when_it_stops(void **state)
{
	(void)state;
	load(cpu0);
	cell_loaded(cpu0);
	load(hello);
	cell_loaded(hello);
	cell_stop(&host_cpus[1], STOP_FAULT, "x");
	expect_streams(CELL_LINUX, false);
	expect_streams(CELL_HELLO, true);
	assert_int_equal(host.revoked[CELL_LINUX], 1);
	cell_stop(hello, STOP_SYSTEM_OFF, "x");
	expect_streams(CELL_HELLO, false);
}

/* A cell without streams asks no IOMMU anything. */
static void without_streams(void **state)
{
	struct cpu *cpu = &host_cpus[2];

	(void)state;
	load(cpu);
	cell_loaded(cpu);
	cell_stop(cpu, STOP_FAULT, "x");
	for (u32 i = 0; i < CELL_COUNT; i++)
		assert_int_equal(host.iommu.syncs[i], 0);
	assert_int_equal(cells[CELL_CONTROL].streams_wanted, 0);
}

static void stopped_while_it_loads(void **state)
{
	(void)state;
	load(hello);
	cell_stop(hello, STOP_FAULT, "copier");
	expect_streams(CELL_HELLO, false);
	assert_int_equal(cells[CELL_HELLO].state, CELL_FAILING);
}

/* Somebody stops it while its streams are being switched on: whatever came first, they are off, and it does not run. */
static void stop_under_way(u16 cell)
{
	if (cell == CELL_HELLO && atomic_load32(&cells[cell].state) == CELL_LOADING)
		cells[cell].state = CELL_FAILING;
}

static void leave(struct cpu *cpu)
{
	(void)cpu;
	host_leave(HOST_ESCAPE);
}

static void stopped_meanwhile(void **state)
{
	enum host_end end;

	(void)state;
	load(hello);
	host.iommu.on_sync = stop_under_way;
	host.on_wait = leave;
	HOST_CATCH(end, cell_loaded(hello));
	assert_int_equal(end, HOST_ESCAPE); /* it waits, parked */
	expect_streams(CELL_HELLO, false);
	assert_int_equal(cells[CELL_HELLO].state, CELL_FAILING);
}

static void init_is_for_all(void **state)
{
	(void)state;
	iommu_init();
	for (u32 i = 0; i < IOMMU_COUNT; i++)
		assert_int_equal(host.iommu.inits[i], 1);
}

/* ---- hardware that does not answer ---- */

static u32 count_of(const char *what)
{
	u32 n = 0;

	for (const char *p = wire_text; (p = strstr(p, what)); p += strlen(what))
		n++;
	return n;
}

static void not_loaded_without_an_answer(void **state)
{
	enum host_end end;

	(void)state;
	load(hello);
	host.iommu.silent = true;
	host.on_wait = leave;
	HOST_CATCH(end, cell_loaded(hello));
	assert_int_equal(end, HOST_ESCAPE);
	assert_int_equal(cells[CELL_HELLO].state, CELL_FAILING);
	assert_false(host.iommu.table[STREAM_EDU]); /* the least that can be done */
	assert_int_equal(iommu_state(CELL_HELLO), IOMMU_BROKEN);
	serve(50);
	assert_int_equal(count_of("[core] cell hello: its IOMMU does not answer, so it is not loaded again\r\n"), 1);
	assert_non_null(strstr(wire_text, "[core] cell hello: stopped by fault: the IOMMU does not answer, vCPU 0 on cpu3"));
}

/* It is cleared, for what that is worth: what its devices do with it is not known. So it has failed, whatever it was to become. */
static void no_restart_without_an_answer(void **state)
{
	struct cell *cell = &cells[CELL_LINUX];
	enum host_end end;

	(void)state;
	load(cpu0);
	cell_loaded(cpu0);
	host.iommu.silent = true;
	cell->state = CELL_RESTARTING;
	iommu_stop(CELL_LINUX);
	vcpus[1].parked = cell->released = 2 * cell->incarnation + 1;
	assert_int_equal(life_poll(cpu0), LIFE_LEAVE);
	host.on_wait = leave;
	HOST_CATCH(end, cell_loaded(cpu0));
	assert_int_equal(end, HOST_ESCAPE); /* it waits */
	assert_int_equal(cell->state, CELL_FAILED);
	assert_int_equal(life_poll(cpu0), LIFE_SLEEP);
	host_this = &host_cpus[SERVICE];
	assert_int_equal(life_do(CELL_LINUX, LIFE_START, CONTROLLER_OPERATOR), LIFE_REFUSED);
	assert_int_equal(host.restored[CELL_LINUX], 0);
	host.iommu.silent = false; /* too late */
	iommu_stop(CELL_LINUX);
	assert_int_equal(iommu_state(CELL_LINUX), IOMMU_BROKEN);
	serve(5);
	assert_int_equal(count_of("its IOMMU does not answer"), 1);
}

/* A CPU that never lets go: the start ends, after a second. */
static u32 looks;
static void stuck(struct cpu *cpu)
{
	(void)cpu;
	looks++;
	host.now += HOST_HZ / 100;
	if (cells[CELL_HELLO].state != CELL_LOADING)
		host_leave(HOST_ESCAPE);
}

static void nested_start(u16 cell)
{
	enum host_end end;

	if (cell != CELL_LINUX)
		return;
	host.on_wait = stuck; /* on another CPU, while linux is being switched on */
	HOST_CATCH(end, cell_loaded(hello));
	host_this = cpu0;
	assert_int_equal(end, HOST_ESCAPE);
	assert_int_equal(cells[CELL_HELLO].state, CELL_FAILING);
}

static void another_cpu_never_lets_go(void **state)
{
	(void)state;
	load(hello);
	load(cpu0);
	host_this = hello;
	host.iommu.on_sync = nested_start;
	looks = 0;
	cell_loaded(cpu0);
	assert_in_range(looks, 100, 110);
	assert_int_equal(cells[CELL_LINUX].state, CELL_RUNNING);
	expect_streams(CELL_LINUX, true);
	expect_streams(CELL_HELLO, false); /* it did in the end, and saw that wish too */
}

/* Off is under way, and on is wished: that it was on before is no answer. */
static void on_again(u16 cell)
{
	enum host_end end;

	host.iommu.on_sync = NULL;
	host.on_wait = leave;
	HOST_CATCH(end, iommu_start(hello));
	assert_int_equal(end, HOST_ESCAPE); /* it waits */
	assert_int_equal(iommu_state(cell), IOMMU_BUSY);
}

static void an_old_answer(void **state)
{
	(void)state;
	load(hello);
	cell_loaded(hello);
	host.iommu.on_sync = on_again;
	iommu_stop(CELL_HELLO);
	expect_streams(CELL_HELLO, true); /* the last wish */
	assert_int_equal(host.iommu.syncs[CELL_HELLO], 3);
}

/* Memory is not touched before the hardware has followed. */
static void restart_waits(void **state)
{
	struct cell *cell = &cells[CELL_LINUX];

	(void)state;
	load(cpu0);
	cell_loaded(cpu0);
	cell->state = CELL_RESTARTING;
	vcpus[1].parked = cell->released = 2 * cell->incarnation + 1;
	assert_int_equal(life_poll(cpu0), LIFE_LOOK); /* on */
	cell->streams_wanted++; /* off, and another CPU is at it */
	assert_int_equal(life_poll(cpu0), LIFE_LOOK);
	assert_int_equal(host.restored[CELL_LINUX], 0);
	host_this = &host_cpus[SERVICE];
	iommu_serve();
	expect_streams(CELL_LINUX, false);
	assert_int_equal(life_poll(cpu0), LIFE_LEAVE);
	assert_int_equal(cpu0->arch.clears, 1);
}

/* ---- events ---- */

static struct iommu_event event(u32 id, u16 kind, u64 address, bool write)
{
	static const u16 numbers[] = { 0x4, 0x10, 0x13, 0x21, 0 };

	return (struct iommu_event){ .id = id, .kind = kind, .number = numbers[kind], .address = address, .write = write };
}

/* Rounds of the service CPU, one in a millisecond. */
static void rounds(u32 count)
{
	struct cpu *before = host_this;

	host_this = &host_cpus[SERVICE];
	for (u32 i = 0; i < count; i++) {
		iommu_serve();
		serve(1);
	}
	host_this = before;
}

static void expect_line(const char *text)
{
	char line[256];

	snprintf(line, sizeof line, "[core] dma: %s", text);
	if (count_of(line) != 1)
		fail_msg("not once: %s\nin: %s", line, wire_text);
}

static void words(void **state)
{
	(void)state;
	host_event(0, event(0x18, IOMMU_EVENT_TRANSLATION, 0x48000010, true));
	host_event(0, event(0x18, IOMMU_EVENT_PERMISSION, 0x8090040, true));
	host_event(0, event(0x18, IOMMU_EVENT_PERMISSION, 0x8090040, false));
	host_event(0, event(0x10, IOMMU_EVENT_TRANSLATION, 0, false));
	host_event(0, event(0x10, IOMMU_EVENT_OTHER, 0, false));
	host_event(1, event(0x8, IOMMU_EVENT_TRANSLATION, 0x1000, false));
	host_event(0, event(0x20, IOMMU_EVENT_STREAM, 0, false));
	host_event(1, event(0x18, IOMMU_EVENT_STREAM, 0, false));
	host_event(1, event(0, IOMMU_EVENT_LOST, 0, false));
	rounds(30);
	expect_line("cell hello, edu0 (stream 0x18): write to 0x48000010 refused: not mapped for it (event 0x10)\r\n");
	expect_line("cell hello, edu0 (stream 0x18): write to 0x8090040 refused: not writable for it (event 0x13)\r\n");
	expect_line("cell hello, edu0 (stream 0x18): read of 0x8090040 refused: not readable for it (event 0x13)\r\n");
	expect_line("cell linux, disk0 (stream 0x10): read of 0x0 refused: not mapped for it (event 0x10)\r\n");
	expect_line("cell linux, disk0 (stream 0x10): refused: for a reason of the hardware's (event 0x21)\r\n");
	expect_line("cell linux, other0 (stream 0x8): read of 0x1000 refused: not mapped for it (event 0x10)\r\n");
	expect_line("stream 0x20 of smmu0, nobody's: refused: it has no memory (event 0x4)\r\n");
	expect_line("stream 0x18 of smmu1, nobody's: refused: it has no memory (event 0x4)\r\n");
	expect_line("smmu1: more events than it can keep, some are lost\r\n");
}

/* As the status says. */
static u64 refused(const char *whose, u64 *last)
{
	unsigned long count = 0, address = 0;
	char format[64];

	wire_type("\x14s", 2);
	rounds(30);
	const char *p = NULL, *next = wire_text;

	while ((next = strstr(next, whose)))
		p = next++;
	assert_non_null(p);
	snprintf(format, sizeof format, "%s state=%%*s refused=%%lu last=0x%%lx", whose);
	assert_int_equal(sscanf(p, format, &count, &address), 2);
	*last = address;
	return count;
}

/* 1024 words of a page are one line, and 1024 in the status. */
static void one_line_for_a_page(void **state)
{
	u64 last, before = refused("device=edu0 stream=0x18", &last);

	(void)state;
	for (u32 i = 0; i < 1024; i += 4) {
		for (u32 k = 0; k < 4; k++)
			host_event(0, event(0x18, IOMMU_EVENT_TRANSLATION, 0x50000000 + 4 * (i + k), true));
		rounds(1);
	}
	assert_int_equal(count_of("edu0 (stream 0x18): write"), 1);
	host_event(0, event(0x18, IOMMU_EVENT_TRANSLATION, 0x50001000, true));
	rounds(10);
	expect_line("cell hello, edu0 (stream 0x18): write to 0x50001000 refused: not mapped for it (event 0x10); 1023 more since its last line\r\n");
	assert_int_equal(refused("device=edu0 stream=0x18", &last) - before, 1025);
	assert_int_equal(last, 0x50001000);
}

/* The same again after a second of quiet is news. */
static void again_after_a_while(void **state)
{
	(void)state;
	for (u32 i = 0; i < 3; i++) {
		host_event(0, event(0x18, IOMMU_EVENT_TRANSLATION, 0x51000000, true));
		rounds(1001);
	}
	assert_int_equal(count_of("write to 0x51000000 refused"), 3);
}

/* Page after page, 16 at once: each has its line. */
static void every_page_of_a_slow_attack(void **state)
{
	char text[64];

	(void)state;
	for (u32 i = 0; i < 48; i++) {
		host_event(0, event(0x18, IOMMU_EVENT_TRANSLATION, 0x60000000 + 0x1000 * i, i & 1));
		if (i % 16 == 15)
			rounds(1001);
	}
	for (u32 i = 0; i < 48; i++) {
		snprintf(text, sizeof text, "0x%x refused", 0x60000000 + 0x1000 * i);
		assert_int_equal(count_of(text), 1);
	}
}

/* As fast as it can: 16 lines in a second, then the 1st, 2nd, 4th, ...; and all are counted. */
static void a_flood(void **state)
{
	u64 last, before = refused("device=edu0 stream=0x18", &last);

	(void)state;
	rounds(1001);
	for (u32 i = 0; i < 1600; i++) {
		host_event(0, event(0x18, IOMMU_EVENT_TRANSLATION, 0x1000ULL * i, true));
		if (i % 4 == 3)
			rounds(1);
	}
	assert_int_equal(count_of("edu0 (stream 0x18): write"), 16 + 11);
	assert_int_equal(refused("device=edu0 stream=0x18", &last) - before, 1600);
	assert_int_equal(last, 0x1000 * 1599);
}

/* While one floods, each event of another has its line. */
static void no_stream_starves_another(void **state)
{
	char text[64];

	(void)state;
	rounds(1001);
	for (u32 i = 0; i < 4000; i++) {
		for (u32 k = 0; k < 8; k++)
			host_event(0, event(0x18, IOMMU_EVENT_TRANSLATION, 0x1000ULL * (8 * i + k), true));
		if (i % 200 == 0)
			host_event(i % 400 ? 1 : 0, event(0x8, IOMMU_EVENT_TRANSLATION, 0x70000000 + 0x1000 * i, false));
		wire_room = 20; /* about twice 115200 baud */
		rounds(1);
	}
	wire_room = ~0u;
	rounds(100);
	for (u32 i = 0; i < 4000; i += 200) {
		snprintf(text, sizeof text, "read of 0x%x refused", 0x70000000 + 0x1000 * i);
		assert_int_equal(count_of(text), 1);
	}
}

/* Lines wait for room, in the hardware's queue; not for ever. */
static void a_console_that_takes_nothing(void **state)
{
	u64 last, before = refused("device=edu0 stream=0x18", &last);
	u32 lost = log_lost();

	(void)state;
	rounds(1001);
	wire_room = 0;
	for (u32 i = 0; i < 30; i++)
		host_event(0, event(0x18, IOMMU_EVENT_TRANSLATION, 0x1000ULL * i, true));
	rounds(100);
	assert_true(host.iommu.events[0].tail < 30);
	rounds(300);
	assert_int_equal(host.iommu.events[0].tail, 30);
	wire_room = ~0u;
	assert_int_equal(refused("device=edu0 stream=0x18", &last) - before, 30);
	assert_int_equal(log_lost(), lost);
}

/* One that keeps the queue full is cut off; its neighbours, and its cell's other streams, are not. */
static void cut_off(void **state)
{
	u64 last;

	(void)state;
	load(cpu0);
	cell_loaded(cpu0);
	rounds(1001);
	for (u32 i = 0; i < 1990; i++) {
		host_event(0, event(0x8, IOMMU_EVENT_TRANSLATION, 0x1000 + 4 * (i % 256), true));
		if (i % 10 == 9)
			rounds(1);
	}
	expect_streams(CELL_LINUX, true);
	rounds(10);
	for (u32 i = 0; i < 10; i++)
		host_event(0, event(0x8, IOMMU_EVENT_TRANSLATION, 0x1000, true));
	rounds(10);
	assert_false(host.iommu.effective[STREAM_NIC]);
	assert_true(host.iommu.effective[STREAM_DISK] && host.iommu.effective[STREAM_OTHER]);
	expect_line("cell linux, nic0 (stream 0x8): write to 0x1000 refused: not mapped for it (event 0x10);"
		    " 2000 in a second: it reaches nothing until the cell's next life; 1998 more since its last line\r\n");
	refused("device=nic0 stream=0x8", &last);
	assert_non_null(strstr(wire_text, "device=nic0 stream=0x8 state=revoked"));
	assert_non_null(strstr(wire_text, "device=disk0 stream=0x10 state=on"));
	cell_stop(cpu0, STOP_SYSTEM_OFF, "x");
	expect_streams(CELL_LINUX, false);
	load(cpu0);
	cell_loaded(cpu0);
	expect_streams(CELL_LINUX, true);
}

/* At most so many at one time. */
static void bounded(void **state)
{
	(void)state;
	for (u32 i = 0; i < 40; i++)
		host_event(i % 2, event(0x18, IOMMU_EVENT_TRANSLATION, 0x1000, true));
	host_this = &host_cpus[SERVICE];
	iommu_serve();
	assert_int_equal(host.iommu.events[0].tail + host.iommu.events[1].tail, 16);
	assert_int_equal(host.iommu.events[0].tail, 8); /* of each in turn */
	host_this = cpu0;
	iommu_serve();
	assert_int_equal(host.iommu.events[0].tail + host.iommu.events[1].tail, 20);
	rounds(5);
}

/* ---- what the cell's table says (core/watch.c) ---- */

static bool is_blamed(u16 cell)
{
	return __atomic_exchange_n(&cells[cell].events, 0, __ATOMIC_RELAXED) & 1u << EVENT_DMA;
}

static void an_event_of_its_cell(void **state)
{
	u64 last, before = refused("device=edu0 stream=0x18", &last);

	(void)state;
	rounds(1001);
	host_event(0, event(0x18, IOMMU_EVENT_TRANSLATION, 0x5000, true));
	host_event(0, event(0x77, IOMMU_EVENT_STREAM, 0x5000, true)); /* nobody's */
	rounds(1);
	assert_true(is_blamed(CELL_HELLO));
	assert_false(is_blamed(CELL_LINUX) || is_blamed(CELL_CONTROL));
	rounds(5);
	assert_non_null(strstr(wire_text, "cell hello, edu0 (stream 0x18): write to 0x5000 refused: not mapped for it (event 0x10)"));
	unit_lives[CELL_HELLO].actions[EVENT_DMA] = ACTION_IGNORE;
	rounds(1001);
	wire_length = 0;
	memset(wire_text, 0, sizeof wire_text);
	host_event(0, event(0x18, IOMMU_EVENT_TRANSLATION, 0x9000, true));
	rounds(10);
	assert_null(strstr(wire_text, "edu0"));
	assert_int_equal(refused("device=edu0 stream=0x18", &last) - before, 2);
}

/* What was in the queue when a life began is the last one's; however long others keep the queue full, that ends. */
static void of_an_earlier_life(void **state)
{
	u32 ms = 0;

	(void)state;
	rounds(1001);
	for (u32 i = 0; i < 100; i++)
		host_event(0, event(0x18, IOMMU_EVENT_TRANSLATION, 0x5000, true));
	rounds(1);
	assert_true(is_blamed(CELL_HELLO));
	cells[CELL_HELLO].incarnation += 1;
	while (host.iommu.events[0].tail < 100) {
		rounds(1);
		assert_false(is_blamed(CELL_HELLO));
	}
	rounds(1);
	host_event(0, event(0x18, IOMMU_EVENT_TRANSLATION, 0x5000, true));
	rounds(1);
	assert_true(is_blamed(CELL_HELLO));
	cells[CELL_HELLO].incarnation += 1;
	for (; ms < 1000 && !is_blamed(CELL_HELLO); ms++) {
		for (u32 i = 0; i < 17; i++)
			host_event(0, event(i % 4 ? 0x77 : 0x18, IOMMU_EVENT_TRANSLATION, 0x5000, true));
		rounds(1);
	}
	assert_in_range(ms, 250, 260);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(on_at_the_end_of_loading, machine_reset),
		cmocka_unit_test_setup(off_when_it_stops, machine_reset),
		cmocka_unit_test_setup(without_streams, machine_reset),
		cmocka_unit_test_setup(stopped_while_it_loads, machine_reset),
		cmocka_unit_test_setup(stopped_meanwhile, machine_reset),
		cmocka_unit_test_setup(init_is_for_all, machine_reset),
		cmocka_unit_test_setup(not_loaded_without_an_answer, machine_reset),
		cmocka_unit_test_setup(no_restart_without_an_answer, machine_reset),
		cmocka_unit_test_setup(another_cpu_never_lets_go, machine_reset),
		cmocka_unit_test_setup(an_old_answer, machine_reset),
		cmocka_unit_test_setup(restart_waits, machine_reset),
		cmocka_unit_test_setup(words, machine_reset),
		cmocka_unit_test_setup(one_line_for_a_page, machine_reset),
		cmocka_unit_test_setup(again_after_a_while, machine_reset),
		cmocka_unit_test_setup(every_page_of_a_slow_attack, machine_reset),
		cmocka_unit_test_setup(a_flood, machine_reset),
		cmocka_unit_test_setup(no_stream_starves_another, machine_reset),
		cmocka_unit_test_setup(a_console_that_takes_nothing, machine_reset),
		cmocka_unit_test_setup(cut_off, machine_reset),
		cmocka_unit_test_setup(bounded, machine_reset),
		cmocka_unit_test_setup(an_event_of_its_cell, machine_reset),
		cmocka_unit_test_setup(of_an_earlier_life, machine_reset),
	};
	return cmocka_run_group_tests_name("iommu", tests, NULL, NULL);
}
