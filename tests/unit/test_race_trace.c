/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A trace is read while its CPU writes it: what is read is whole, in order, and what it was when it was written. */
#include "test.h"

#include "threads.h"
#include "core/trace.h"

/* The words of an entry say which one it is. */
static u64 word(u32 number, u32 which)
{
	return (number * 0x9e3779b97f4a7c15ULL) ^ which;
}

static void *writer(void *argument)
{
	struct cpu *cpu = &host_cpus[0];

	(void)argument;
	host_this = cpu;
	while (!stopped()) {
		for (u32 i = 0; i < 200; i++) {
			u32 n = cpu->trace.head;

			trace_write(cpu, TRACE_EXIT, (u32)word(n, 0), word(n, 1), word(n, 2));
		}
		if (cpu->trace.head % 8000 == 0)
			sched_yield();
	}
	return NULL;
}

static void test_whole(void **unused)
{
	struct trace_entry entries[TRACE_ENTRIES];
	const struct cpu *cpu = &host_cpus[0];
	u32 next = 0, rounds = 0, read = 0, skipped = 0;
	double until = now() + PATIENCE;
	pthread_t thread;

	(void)unused;
	host.step = 1;
	thread = spawn(writer, 0);
	while (now() < until) {
		u32 first = next, head = atomic_load32(&cpu->trace.head), count;

		count = trace_read(cpu, &first, head, entries, 1 + rounds++ % TRACE_ENTRIES);
		skipped += first != next;
		for (u32 i = 0; i < count; i++) {
			assert_int_equal(entries[i].kind, TRACE_EXIT);
			assert_int_equal(entries[i].code, (u32)word(first + i, 0));
			assert_int_equal(entries[i].where, word(first + i, 1));
			assert_int_equal(entries[i].more, word(first + i, 2));
			assert_true(!i || entries[i].when > entries[i - 1].when);
		}
		assert_true(!count || (s32)(first - next) >= 0);
		next = count ? first + count : next;
		read += count;
	}
	__atomic_store_n(&stop_threads, 1, __ATOMIC_SEQ_CST);
	pthread_join(thread, NULL);
	assert_true(read);
	/* now it rests */
	next = cpu->trace.head - (TRACE_ENTRIES - 1);
	assert_int_equal(trace_read(cpu, &next, cpu->trace.head, entries, TRACE_ENTRIES), TRACE_ENTRIES - 1);
	print_message("%u entries read, %u times some were missed, of %u\n", read, skipped, cpu->trace.head);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup(test_whole, setup) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
