/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* core/trace.c and trace_read.c: what is written, what can still be read, and the requests of the line. */
#include "test.h"

#include "core/line.h"
#include "core/life.h"
#include "core/trace.h"
#include "host.h"
#include "machine.h"

/* The reader once more, with a writer that comes between its copy of an entry and its look at the head. */
static void between(void);
#define __atomic_thread_fence(order) (between(), __atomic_thread_fence(order))
#define trace_read overtaken_read
#define trace_last overtaken_last
#define trace_set overtaken_set
#define trace_answer overtaken_answer
#include "core/trace_read.c"
#undef __atomic_thread_fence
#undef trace_read
#undef trace_last
#undef trace_set
#undef trace_answer

/* linux has CPUs 0 and 1, control 2, hello 3; 4 is the service CPU: see machine.c */
static struct cpu *cpu;
static u8 payload[LINE_PART];

static int fresh(void **state)
{
	machine_reset(state);
	cpu = host_become(0);
	host.step = 1;
	return 0;
}

static void put(u32 count)
{
	for (u32 i = 0; i < count; i++)
		trace_put(cpu, TRACE_EXIT, cpu->trace.head, 0x1000 + cpu->trace.head, 7);
}

static void on(struct cpu *c)
{
	trace_set(c->cell_index, true);
	trace_follow(c);
}

static enum line_status ask(struct line_job *job, u8 op, const void *data, u32 size)
{
	*job = (struct line_job) { .data = data, .size = size, .op = op, .payload = payload };
	return trace_answer(job);
}

static struct trace_state state_of(u16 index)
{
	struct trace_state found;
	struct line_job job;

	assert_int_equal(ask(&job, TRACE_STATE, (u8[]) { (u8)index, 0 }, 2), LINE_OK);
	assert_int_equal(job.length, sizeof found);
	assert_false(job.more);
	memcpy(&found, payload, sizeof found);
	return found;
}

/* All of an answer, which is one run of entries; returns how many, and the first one's number. */
static u32 read_all(u16 index, u32 from, u32 *first, struct trace_entry *to)
{
	const u8 data[] = { (u8)index, 0, 0, 0, (u8)from, (u8)(from >> 8), (u8)(from >> 16), (u8)(from >> 24) };
	struct line_job job = { .data = data, .size = sizeof data, .op = TRACE_READ, .payload = payload, .more = true };
	u32 count = 0;

	for (; job.more; job.part++) {
		struct trace_part part;

		assert_true(job.part < 20);
		assert_int_equal(trace_answer(&job), LINE_OK);
		memcpy(&part, payload, sizeof part);
		assert_int_equal(job.length, sizeof part + part.count * sizeof to[0]);
		assert_true(job.length <= LINE_PART);
		assert_int_equal(part.cpu, index);
		if (!job.part)
			*first = part.first;
		assert_int_equal(part.first, *first + count);
		memcpy(&to[count], payload + sizeof part, part.count * sizeof to[0]);
		count += part.count;
	}
	return count;
}

static void test_off_writes_nothing(void **unused)
{
	(void)unused;
	put(3);
	assert_int_equal(cpu->trace.head, 0);
	assert_int_equal(state_of(0).on, 0);
	assert_int_equal(state_of(0).entries, TRACE_ENTRIES);
	assert_int_equal(state_of(0).width, 32);
}

static void test_wish_and_deed(void **unused)
{
	struct line_job job;

	(void)unused;
	assert_int_equal(ask(&job, TRACE_SET, (u8[]) { 0, 0, 1, 0 }, 4), LINE_OK);
	assert_int_equal(host.trace_calls[0], 1);
	assert_int_equal(state_of(0).on, 1);
	assert_int_equal(state_of(1).on, 1);
	assert_int_equal(state_of(2).on, 0);
	assert_false(host.traced[0]);
	trace_follow(cpu);
	assert_true(host.traced[0]);
	assert_int_equal(state_of(0).on, 3);
	assert_int_equal(state_of(1).on, 1); /* it has not been in the core */
	assert_int_equal(ask(&job, TRACE_SET, (u8[]) { 0, 0, 0, 0 }, 4), LINE_OK);
	assert_int_equal(state_of(0).on, 2);
	assert_true(trace_is_wished(cpu->vcpu)); /* there is something to do */
	trace_follow(cpu);
	assert_false(host.traced[0] || trace_is_wished(cpu->vcpu));
	assert_int_equal(state_of(0).on, 0);
	/* off before it was on */
	trace_follow(host_become(1));
	assert_false(host.traced[1] || trace_is_wished(cell_vcpu(0, 1)));
}

/* It is wanted again before the CPU has seen that it was not. */
static void test_wish_comes_back(void **unused)
{
	(void)unused;
	on(cpu);
	trace_set(0, false);
	trace_set(0, true);
	trace_follow(cpu);
	assert_true(host.traced[0] && cpu->trace.on);
	trace_set(0, false);
	trace_set(0, false);
	trace_follow(cpu);
	assert_false(host.traced[0] || trace_is_wished(cpu->vcpu));
}

static void test_entries(void **unused)
{
	struct trace_entry entries[TRACE_ENTRIES + 8];
	u32 first = 99;

	(void)unused;
	on(cpu);
	assert_int_equal(read_all(0, 0, &first, entries), 0);
	assert_int_equal(first, 0);
	put(5);
	assert_int_equal(read_all(0, 0, &first, entries), 5);
	for (u32 i = 0; i < 5; i++) {
		assert_int_equal(entries[i].kind, TRACE_EXIT);
		assert_int_equal(entries[i].code, i);
		assert_int_equal(entries[i].where, 0x1000 + i);
		assert_int_equal(entries[i].more, 7);
		assert_true(!i || entries[i].when > entries[i - 1].when);
	}
	assert_int_equal(read_all(0, 3, &first, entries), 2);
	assert_int_equal(first, 3);
	assert_int_equal(read_all(0, 5, &first, entries), 0);
	assert_int_equal(first, 5);
	/* of another boot */
	assert_int_equal(read_all(0, 1000, &first, entries), 5);
	assert_int_equal(first, 0);
}

static void test_overwritten(void **unused)
{
	struct trace_entry entries[TRACE_ENTRIES + 8];
	u32 first = 0;

	(void)unused;
	on(cpu);
	put(TRACE_ENTRIES - 1);
	assert_int_equal(read_all(0, 0, &first, entries), TRACE_ENTRIES - 1);
	assert_int_equal(first, 0);
	put(1); /* the slot of the first is the next to be written */
	assert_int_equal(read_all(0, 0, &first, entries), TRACE_ENTRIES - 1);
	assert_int_equal(first, 1);
	put(1000);
	assert_int_equal(read_all(0, 40, &first, entries), TRACE_ENTRIES - 1);
	assert_int_equal(first, cpu->trace.head - (TRACE_ENTRIES - 1));
	for (u32 i = 0; i < TRACE_ENTRIES - 1; i++)
		assert_int_equal(entries[i].code, first + i);
	/* the counter goes round */
	cpu->trace.head = ~0u - 10;
	put(100);
	assert_int_equal(cpu->trace.head, 89);
	assert_int_equal(read_all(0, ~0u - 10, &first, entries), TRACE_ENTRIES - 1);
	assert_int_equal(first, 89 - (TRACE_ENTRIES - 1));
	assert_int_equal(entries[0].code, first);
	assert_int_equal(read_all(0, 80, &first, entries), 9);
}

/* What comes while an answer is under way is not in it, and what goes meanwhile is skipped and said. */
static void test_written_between_parts(void **unused)
{
	const u8 data[8] = { 0 };
	struct line_job job = { .data = data, .size = 8, .op = TRACE_READ, .payload = payload };
	struct trace_part part;
	u32 end;

	(void)unused;
	on(cpu);
	put(60);
	end = cpu->trace.head;
	assert_int_equal(trace_answer(&job), LINE_OK);
	assert_true(job.more);
	put(30);
	job.part = 1;
	assert_int_equal(trace_answer(&job), LINE_OK);
	memcpy(&part, payload, sizeof part);
	assert_int_equal(part.first, cpu->trace.head - (TRACE_ENTRIES - 1));
	for (u32 i = 0; job.more && i < 20; i++) {
		job.part++;
		assert_int_equal(trace_answer(&job), LINE_OK);
	}
	assert_int_equal((u32)job.state[0], end);
	/* all of it gone */
	job.part = 0;
	assert_int_equal(trace_answer(&job), LINE_OK);
	put(1000);
	job.part = 1;
	assert_int_equal(trace_answer(&job), LINE_OK);
	memcpy(&part, payload, sizeof part);
	assert_int_equal(part.count, 0);
	assert_false(job.more);
}

static u32 copies, come_at, come_count, come_times;

static void between(void)
{
	if (++copies >= come_at && come_times) {
		put(come_count);
		come_times--;
	}
}

/* The writer puts `entries` once, or several times, after the so-manyth copy. Whatever is read is what was written. */
static u32 overtake(u32 at, u32 count, u32 times, u32 *first)
{
	struct trace_entry entries[TRACE_ENTRIES];
	u32 end = cpu->trace.head, n;

	copies = 0;
	come_at = at;
	come_count = count;
	come_times = times;
	n = overtaken_read(cpu, first, end, entries, TRACE_ENTRIES);
	for (u32 i = 0; i < n; i++)
		assert_int_equal(entries[i].code, *first + i);
	return n;
}

static void test_overtaken(void **unused)
{
	u32 first = 0;

	(void)unused;
	on(cpu);
	put(TRACE_ENTRIES - 1);
	assert_int_equal(overtake(1, 1, 1, &first), TRACE_ENTRIES - 2); /* the oldest one goes */
	assert_int_equal(first, 1);
	first = 0;
	put(100);
	assert_int_equal(overtake(1, 1, 0, &first), TRACE_ENTRIES - 1);
	first = 0;
	assert_int_equal(overtake(10, 20, 1, &first), 9); /* the tenth copy is of what is gone: the nine before it are good */
	first = 0;
	assert_int_equal(overtake(1, 1000, 1, &first), 0); /* all of it is gone */
	first = 0;
	assert_int_equal(overtake(1, 3, 1000, &first), 0); /* and again each time: it gives up */
	assert_true(copies < 10);
}

static void test_last(void **unused)
{
	struct trace_entry entries[48];

	(void)unused;
	on(cpu);
	put(10);
	assert_int_equal(trace_last(cpu, entries, 48), 10);
	put(300);
	assert_int_equal(trace_last(cpu, entries, 48), 48);
	assert_int_equal(entries[47].code, 309);
	assert_int_equal(entries[0].code, 262);
	trace_set(0, false);
	trace_follow(cpu);
	assert_int_equal(trace_last(cpu, entries, 48), 0);
}

static void test_life(void **unused)
{
	struct trace_entry entries[TRACE_ENTRIES];
	u32 first = 0, count;

	(void)unused;
	cell_stop(cpu, STOP_FAULT, "fault"); /* nobody asked for it */
	assert_int_equal(cpu->trace.head, 0);
	fresh(NULL);
	on(cpu);
	cell_stop(cpu, STOP_FAULT, "fault");
	count = read_all(0, 0, &first, entries);
	assert_int_equal(count, 1);
	assert_int_equal(entries[0].kind, TRACE_LIFE);
	assert_int_equal(entries[0].code, CELL_FAILING);
	assert_int_equal(entries[0].where, 0);
	assert_int_equal(entries[0].more, BY_ITSELF);
	/* by others: in the trace of who did it */
	fresh(NULL);
	on(cpu);
	host_become(SERVICE);
	assert_int_equal(life_do(0, LIFE_SUSPEND, 1), LIFE_OK);
	assert_int_equal(life_do(0, LIFE_KILL, CONTROLLER_OPERATOR), LIFE_OK);
	count = read_all(SERVICE, 0, &first, entries);
	assert_int_equal(count, 2);
	assert_int_equal(entries[0].code, CELL_SUSPENDED);
	assert_int_equal(entries[0].more, 1);
	assert_int_equal(entries[1].code, CELL_STOPPING);
	assert_int_equal(entries[1].more, CONTROLLER_OPERATOR);
}

static void test_wrong_requests(void **unused)
{
	static const struct { u8 op; u32 size; u8 data[8]; enum line_status status; } all[] = {
		{ 0, 2, { 0 }, LINE_UNKNOWN }, { 4, 2, { 0 }, LINE_UNKNOWN }, { 255, 0, { 0 }, LINE_UNKNOWN },
		{ TRACE_STATE, 0, { 0 }, LINE_INVALID }, { TRACE_STATE, 1, { 0 }, LINE_INVALID }, { TRACE_STATE, 3, { 0 }, LINE_INVALID },
		{ TRACE_STATE, 2, { CPU_COUNT }, LINE_INVALID }, { TRACE_STATE, 2, { 0, 1 }, LINE_INVALID }, { TRACE_STATE, 2, { 0xff, 0xff }, LINE_INVALID },
		{ TRACE_READ, 7, { 0 }, LINE_INVALID }, { TRACE_READ, 8, { CPU_COUNT }, LINE_INVALID }, { TRACE_READ, 0, { 0 }, LINE_INVALID },
		{ TRACE_SET, 3, { 0 }, LINE_INVALID }, { TRACE_SET, 4, { CELL_COUNT, 0, 1, 0 }, LINE_INVALID },
		{ TRACE_SET, 4, { 0xff, 0xff, 1, 0 }, LINE_INVALID }, { TRACE_SET, 5, { 0 }, LINE_INVALID },
	};

	(void)unused;
	for (u32 i = 0; i < ARRAY_COUNT(all); i++) {
		struct line_job job;
		u8 data[8];

		memcpy(data, all[i].data, 8);
		assert_int_equal(ask(&job, all[i].op, data, all[i].size), all[i].status);
		assert_int_equal(job.length, 0);
		assert_false(job.more || job.later);
	}
	for (u32 i = 0; i < CELL_COUNT; i++)
		assert_int_equal(host.trace_calls[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_off_writes_nothing, fresh),
		cmocka_unit_test_setup(test_wish_and_deed, fresh),
		cmocka_unit_test_setup(test_wish_comes_back, fresh),
		cmocka_unit_test_setup(test_entries, fresh),
		cmocka_unit_test_setup(test_overwritten, fresh),
		cmocka_unit_test_setup(test_written_between_parts, fresh),
		cmocka_unit_test_setup(test_overtaken, fresh),
		cmocka_unit_test_setup(test_last, fresh),
		cmocka_unit_test_setup(test_life, fresh),
		cmocka_unit_test_setup(test_wrong_requests, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
