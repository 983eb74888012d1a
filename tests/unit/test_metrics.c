/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* core/metrics.c and metrics.h: names and values of all that is counted, and which bucket a path falls into. */
#include "test.h"

#include "machine.h"
#include "ask.h"
#include "core/boot.h"
#include "core/frame.h"
#include "core/life.h"
#include "core/metrics.h"
#include "core/mmio.h"
#include "core/record.h"
#include "host.h"

static struct asked asked;

static enum line_status ask(u8 op, const void *arguments, u32 size)
{
	return ask_all(metrics_answer, &asked, op, arguments, size);
}

static int begin(void **state)
{
	machine_reset(state);
	host_become(SERVICE);
	return 0;
}

/* ---- names and values ---- */

static u32 count_values(void)
{
	u32 n = 0;

	for (u32 at = 0; at < asked.size; n++) {
		at += (u32)strnlen((const char *)asked.bytes + at, asked.size - at) + 1 + 8;
		assert_true(at <= asked.size); /* none is cut */
	}
	return n;
}

/* Each name is there once. */
static u64 value(const char *name)
{
	u32 found = 0;
	u64 is = 0;

	for (u32 at = 0; at < asked.size;) {
		const char *this = (const char *)asked.bytes + at;

		at += (u32)strlen(this) + 1;
		if (!strcmp(this, name)) {
			is = frame_get(asked.bytes + at, 8);
			found++;
		}
		at += 8;
	}
	assert_int_equal(found, 1);
	return is;
}

static void core(void **state)
{
	(void)state;
	host.now = 12345678901234;
	boot_times.banner = 99;
	assert_int_equal(ask(METRICS_CORE, "", 0), LINE_OK);
	count_values();
	assert_int_equal(value("ticks"), 12345678901234);
	assert_int_equal(value("hz"), HOST_HZ);
	assert_int_equal(value("boot_banner"), 99);
	value("audits");
	value("log_lost");
	assert_int_equal(ask(METRICS_CORE, "x", 1), LINE_INVALID);
}

static void cell(void **state)
{
	(void)state;
	cells[CELL_CONTROL].incarnation = 4;
	cells[CELL_CONTROL].suspends = 2;
	cells[CELL_CONTROL].times.clear = 1ull << 33;
	cells[CELL_CONTROL].raised = 17;
	assert_int_equal(ask(METRICS_CELL, &(u16){ CELL_CONTROL }, 2), LINE_OK);
	count_values();
	assert_true(asked.parts >= 2); /* it is too long for one message */
	assert_int_equal(value("state"), SHOWN_RUNNING);
	assert_int_equal(value("lives"), 4);
	assert_int_equal(value("restarts"), 3);
	assert_int_equal(value("suspends"), 2);
	assert_int_equal(value("clear"), 1ull << 33);
	assert_int_equal(value("vdev_raised"), 17);
	assert_int_equal(value("dma_refused"), 0);
	for (u32 i = 0; i < 5000; i++)
		machine_vdevs[VDEV_CONTROL].ops->write(&machine_vdevs[VDEV_CONTROL], 0, 4, 'x');
	ask(METRICS_CELL, &(u16){ CELL_CONTROL }, 2);
	assert_int_equal(value("console_waiting") + value("console_dropped"), 5000);
	assert_int_equal(ask(METRICS_CELL, &(u16){ CELL_COUNT }, 2), LINE_INVALID);
	assert_int_equal(ask(METRICS_CELL, "", 0), LINE_INVALID);
	assert_int_equal(ask(METRICS_CELL, &(u32){ 0 }, 4), LINE_INVALID);
}

static void vcpu(void **state)
{
	char name[128];

	(void)state;
	for (u32 i = 0; i < EXIT_REASON_COUNT; i++)
		host_cpus[1].exits[i] = (u64)i << 36 | 3;
	assert_int_equal(ask(METRICS_VCPU, (u16[]){ CELL_LINUX, 1 }, 4), LINE_OK);
	assert_int_equal(count_values(), EXIT_REASON_COUNT + 1);
	for (u32 i = 0; i < EXIT_REASON_COUNT; i++) {
		snprintf(name, sizeof name, "exits_%s", record_exit_names[i]);
		assert_int_equal(value(name), (u64)i << 36 | 3);
	}
	assert_int_equal(value("irq_host"), 1);
	assert_int_equal(ask(METRICS_VCPU, (u16[]){ CELL_HELLO, 1 }, 4), LINE_INVALID);
	assert_int_equal(ask(METRICS_VCPU, (u16[]){ 0xffff, 0 }, 4), LINE_INVALID);
	assert_int_equal(ask(METRICS_VCPU, (u16[]){ CELL_HELLO }, 2), LINE_INVALID);
	for (u32 op = METRICS_PATHS + 1; op <= 256; op++)
		assert_int_equal(ask((u8)op, "abcd", 4), LINE_UNKNOWN);
}

/* ---- lengths of paths ---- */

static void path(struct cpu *cpu, u64 ticks)
{
	metrics_begin(cpu);
	host.now += ticks;
	metrics_end(cpu);
}

static u32 bucket(u32 n)
{
	return (u32)frame_get(asked.bytes + 4 * n, 4);
}

static void buckets(void **state)
{
	struct cpu *cpu = &host_cpus[1];

	(void)state;
	host.now = 1000;
	path(cpu, 0);
	for (u32 i = 0; i < 32; i++) {
		path(cpu, 1ull << i);
		host.now = 1000;
		path(cpu, (2ull << i) - 1);
		host.now = 1000;
	}
	assert_int_equal(ask(METRICS_PATHS, (u16[]){ CELL_LINUX, 1 }, 4), LINE_OK);
	assert_int_equal(asked.size, 4 * METRICS_BUCKETS);
	assert_int_equal(bucket(0), 1);
	for (u32 i = 1; i < METRICS_BUCKETS; i++)
		assert_int_equal(bucket(i), 2);
	ask(METRICS_PATHS, (u16[]){ CELL_LINUX, 0 }, 4);
	for (u32 i = 0; i < METRICS_BUCKETS; i++)
		assert_int_equal(bucket(i), 0);
	assert_int_equal(ask(METRICS_PATHS, (u16[]){ CELL_LINUX, 2 }, 4), LINE_INVALID);
	assert_int_equal(ask(METRICS_PATHS, (u16[]){ CELL_LINUX }, 2), LINE_INVALID);
}

static u32 all_paths(const struct cpu *cpu)
{
	u32 sum = 0;

	for (u32 i = 0; i < METRICS_BUCKETS; i++)
		sum += cpu->paths[i];
	return sum;
}

/* What waits is no path: parked, or suspended. */
static void wait_a_while(struct cpu *cpu)
{
	host.now += HOST_HZ;
	if (cells[CELL_HELLO].state == CELL_SUSPENDED)
		cells[CELL_HELLO].state = CELL_RUNNING;
	else
		host_leave(HOST_ESCAPE);
	(void)cpu;
}

static void waiting_does_not_count(void **state)
{
	struct cpu *cpu = &host_cpus[3];
	enum host_end end;

	(void)state;
	host_this = cpu;
	host.now = 1000;
	host.on_wait = wait_a_while;
	metrics_begin(cpu);
	cells[CELL_HELLO].suspends = 1;
	cells[CELL_HELLO].state = CELL_SUSPENDED;
	assert_true(life_was_suspended(cpu));
	metrics_end(cpu);
	assert_int_equal(all_paths(cpu), 0);
	metrics_begin(cpu);
	HOST_CATCH(end, cell_park(cpu));
	assert_int_equal(end, HOST_ESCAPE);
	metrics_end(cpu);
	assert_int_equal(all_paths(cpu), 0);
	path(cpu, 5); /* the next one does */
	assert_int_equal(cpu->paths[32 - 3], 1);
	assert_int_equal(all_paths(cpu), 1);
}

/* The service CPU's rounds; a CPU that is not there has none. */
static void rounds(void **state)
{
	(void)state;
	host.now = 1000;
	path(&host_cpus[SERVICE], 300);
	assert_int_equal(ask(METRICS_PATHS, (u16[]){ CELL_NONE, 0 }, 4), LINE_OK);
	assert_int_equal(bucket(9), 1);
	assert_int_equal(all_paths(&host_cpus[SERVICE]), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(core, begin),
		cmocka_unit_test_setup(cell, begin),
		cmocka_unit_test_setup(vcpu, begin),
		cmocka_unit_test_setup(buckets, begin),
		cmocka_unit_test_setup(waiting_does_not_count, begin),
		cmocka_unit_test_setup(rounds, begin),
	};
	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
