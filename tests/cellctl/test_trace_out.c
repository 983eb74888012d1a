/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * tools/cellctl/trace_out.c: the text, character by character; the file, by trace_schema.py, which knows the format of Chrome's
 * trace events (and that Perfetto reads them) and nothing of us.
 */
#include "test.h"

#include <unistd.h>

#include "trace_out.h"

static const char *const states[] = { "off", "starting", "loading", "running" };
static const struct trace_cpu cpus[] = { { 0, "cpu0", "linux", false }, { 0, "cpu1", "linux", false }, { 1, "cpu3", "con\"trol\\", false }, { TRACE_CORE, "cpu4", "core", false }, { 2, "cpu5", "untraced", true } };
static const char *const about[] = { "partition", "demo", "configuration", "0123", NULL };

static char *text;
static size_t length;
static struct trace_out t;

static void begin(bool json)
{
	memset(&t, 0, sizeof(t));
	t = (struct trace_out){ .out = open_memstream(&text, &length), .json = json, .hz = 62500000, .cpus = cpus, .cpu_count = 4,
				.states = states, .state_count = 4 };
	trace_begin(&t, about);
}

static void entry(u16 cpu, u64 when, u32 kind, u32 code, u64 where, u64 more)
{
	trace_entry(&t, cpu, &(struct trace_entry){ when, kind, code, where, more });
}

static void all_kinds(void)
{
	entry(0, 62500000, TRACE_EXIT, 0x92000046, 0xffff800010001234, 0x9000018);
	entry(0, 62500125, TRACE_RETURN, 0, 0xffff800010001238, 0x3c5);
	entry(1, 62500130, TRACE_IRQ, 27, 0x40000000, 0);
	entry(1, 62500135, TRACE_RETURN, 0, 0x40000000, 0);
	entry(2, 62500131, TRACE_EXIT, 0x5a000000, 0x40080000, 0);
	entry(2, 62500132, TRACE_CALL, 0xc6000001, 0x40080000, 5);
	entry(2, 62500133, TRACE_EXIT, 0x06000000, 0x40080004, 0); /* no return between */
	entry(3, 62500140, TRACE_LIFE, 3, 0, 0xfffe);
	entry(3, 62500141, TRACE_LIFE, 9, 1, 0xfffe);
	entry(9, 62500142, 77, 1, 2, 3);
	trace_lost(&t, 0, 62500150, 12);
	entry(0, 62500160, TRACE_RETURN, 0, 0, 0);
	entry(300, 1, TRACE_EXIT, 0, 0, 0);
	assert_true(trace_end(&t));
	fclose(t.out);
	assert_int_equal(t.lost, 12);
}

static void as_text(void **state)
{
	(void)state;
	begin(false);
	all_kinds();
	assert_string_equal(text,
		"      1.000000 cpu0   linux        exit    data abort, syndrome 0x92000046, pc 0xffff800010001234, address 0x9000018\n"
		"      1.000002 cpu0   linux        return  after 2.000 us\n"
		"      1.000002 cpu1   linux        irq     27, pc 0x40000000\n"
		"      1.000002 cpu1   linux        return  after 0.080 us\n"
		"      1.000002 cpu3   con\"trol\\    exit    HVC, syndrome 0x5a000000, pc 0x40080000\n"
		"      1.000002 cpu3   con\"trol\\    call    0xc6000001, pc 0x40080000, argument 0x5\n"
		"      1.000002 cpu3   con\"trol\\    exit    WFI/WFE, syndrome 0x6000000, pc 0x40080004\n"
		"      1.000002 cpu4   core         life    linux: running\n"
		"      1.000002 cpu4   core         life    con\"trol\\: 9\n"
		"      1.000002 cpu?   ?            kind 77, 0x1, 0x2, 0x3\n"
		"      1.000002 cpu0   linux        12 entries lost\n"
		"      1.000003 cpu0   linux        return\n");
	free(text);
}

static void as_file(void **state)
{
	char path[] = "/tmp/cellctl-trace-XXXXXX", command[1024], here[512] = __FILE__;
	int file = mkstemp(path);

	(void)state;
	begin(true);
	all_kinds();
	assert_true(file >= 0 && write(file, text, length) == (ssize_t)length);
	close(file);
	*strrchr(here, '/') = 0;
	snprintf(command, sizeof(command), "/usr/bin/python3 %s/trace_schema.py %s --slices 2 --marks 7 --tracks 5", here, path);
	assert_int_equal(system(command), 0);
	unlink(path);
	assert_non_null(strstr(text, "\"name\":\"con\\\"trol\\\\\""));
	assert_non_null(strstr(text, "\"ts\":1000000.000,\"dur\":2.000"));
	assert_non_null(strstr(text, "\"configuration\":\"0123\""));
	free(text);
}

static void nothing(void **state)
{
	(void)state;
	begin(true);
	t.cpu_count = 0;
	assert_true(trace_end(&t));
	fclose(t.out);
	free(text);
	memset(&t, 0, sizeof(t));
	t.out = fopen("/dev/full", "w");
	t.json = true;
	trace_begin(&t, NULL);
	assert_false(trace_end(&t));
	fclose(t.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(as_text), cmocka_unit_test(as_file), cmocka_unit_test(nothing) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
