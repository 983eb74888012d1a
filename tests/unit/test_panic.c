/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* core/panic.c: the words, who prints and keeps them, and what then becomes of CPU and board. */
#include "test.h"

#include "core/boot.h"
#include "core/console.h"
#include "core/crash_format.h"
#include "core/panic.h"
#include "host.h"
#include "machine.h"

#define STACK "[core] panic: stack 0x4000: 0x0000000000005000 0x0000000000005001 0x0000000000005002 0x0000000000005003\r\n"
#define CONFIGURATION "[core] panic: configuration 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef; "

static u32 waits;
static void (*meanwhile)(void);

static void wait(struct cpu *cpu)
{
	host.now += HOST_HZ / 100;
	waits++;
	if (meanwhile) {
		host_this = &host_cpus[SERVICE];
		meanwhile();
		host_this = cpu;
	}
}

/* A round of service, as far as it is about a panic. */
static void relay(void)
{
	panic_relay();
	console_pump();
}

static void relay_all(void)
{
	for (u32 i = 0; i < 20; i++)
		relay();
}

/* The service CPU is through boot, the region as new. */
static int setup(void **state)
{
	machine_reset(state);
	host.on_wait = wait;
	waits = 0;
	meanwhile = NULL;
	host_this = &host_cpus[SERVICE];
	crash_init();
	for (u32 i = 0; i < 5; i++)
		panic_relay();
	crash_zero(crash_region + CRASH_HEAD + CRASH_AUDIT, CRASH_PANIC); /* none of this boot */
	serve(10);
	memset(wire_text, 0, wire_length);
	wire_length = 0;
	return 0;
}

static bool said(const char *text)
{
	return strstr(wire_text, text) != NULL;
}

static u32 times(const char *text)
{
	u32 n = 0;

	for (const char *p = wire_text; (p = strstr(p, text)); p++)
		n++;
	return n;
}

static void whole_text(void **state)
{
	enum host_end end;

	(void)state;
	HOST_CATCH(end, panic("lines", 288, 96));
	assert_int_equal(end, HOST_HALT);
	assert_ptr_equal(strstr(wire_text, "[core] panic: lines: declared 0x120, found 0x60\r\n[core] panic: cpu=cpu4 pc=0x"), wire_text);
	assert_true(said(" sp=0x4000 pstate=0x3c9\r\n"
			 "[core] panic: x0=0x0000000000001000 x1=0x0000000000001001 x2=0x0000000000001002 x3=0x0000000000001003\r\n"));
	assert_true(said("[core] panic: x28=0x000000000000101c x29=0x000000000000101d x30=0x000000000000101e\r\n" STACK CONFIGURATION
			 "this CPU halts, and nobody serves the cells any more: no console, no restart\r\n"));
	assert_int_equal(times("\n"), 12);
}

/* However much is waiting before it, and however slow the UART. */
static void to_the_last_character(void **state)
{
	enum host_end end;

	(void)state;
	for (u32 i = 0; i < 30; i++)
		console_printf("a line of the core that is waiting to be printed, %u, of some length, as they come", i);
	HOST_CATCH(end, panic_exception(0x96000045, 0x1000, 0xdead));
	assert_int_equal(end, HOST_HALT);
	assert_true(said("[core] panic: exception in the core: syndrome 0x96000045, address 0xdead\r\n"));
	assert_int_equal(times("[core] panic: "), 12);
	assert_true(said("no console, no restart\r\n"));
	assert_null(strstr(strstr(wire_text, "no console, no restart\r\n"), "waiting"));
}

static void kept_by_the_service_cpu(void **state)
{
	const struct crash_panic *kept;
	enum host_end end;

	(void)state;
	HOST_CATCH(end, panic_exception(0x96000045, 0x1000, 0xdead));
	kept = crash_panic_at();
	assert_non_null(kept);
	assert_string_equal(kept->cpu, "cpu4");
	assert_int_equal(kept->exception, 1);
	assert_int_equal(kept->declared, 0x96000045);
	assert_int_equal(kept->found, 0xdead);
	assert_int_equal(kept->pc, 0x1000);
	assert_int_equal(kept->regs[30], 0x101e);
	assert_int_equal(kept->stack[3], 0x5003);
}

/* A CPU without UART and region. */
static void elsewhere(void **state)
{
	enum host_end end;

	(void)state;
	host_this = &host_cpus[2];
	HOST_CATCH(end, panic("lines", 1, 2));
	assert_int_equal(end, HOST_HALT);
	assert_int_equal(waits, 0); /* who halts has nothing to wait for */
	assert_string_equal(wire_text, "");
	assert_int_equal(host.kicks[SERVICE], 1);
	assert_null(crash_panic_at());
	host_this = &host_cpus[SERVICE];
	relay_all();
	assert_true(said("[core] panic: lines: declared 0x1, found 0x2\r\n"));
	assert_true(said("; this CPU halts; those that can go on do\r\n"));
	assert_string_equal(crash_panic_at()->cpu, "cpu2");
	relay_all();
	assert_int_equal(times("\n"), 12);
}

/* Who serves has other work: a round prints no more than any other, and none waits for the UART. Behind what that CPU has logged. */
static void by_and_by(void **state)
{
	enum host_end end;
	volatile u32 before = 0; /* behind a longjmp */

	(void)state;
	host_this = &host_cpus[2];
	console_printf("before that");
	HOST_CATCH(end, panic("lines", 1, 2));
	assert_int_equal(end, HOST_HALT);
	host_this = &host_cpus[SERVICE];
	wire_room = 0;
	relay_all();
	assert_int_equal(wire_length, 0);
	assert_string_equal(crash_panic_at()->cpu, "cpu2"); /* that comes first */
	assert_true(panic_is_left());
	wire_room = ~0u;
	for (u32 i = 0; i < 10; i++, before = wire_length) {
		relay();
		assert_true(wire_length - before <= 1024);
	}
	assert_false(panic_is_left());
	assert_ptr_equal(strstr(wire_text, "[core] before that\r\n[core] panic: lines: declared 0x1, found 0x2\r\n"), wire_text);
	assert_int_equal(times("\n"), 13);
}

/* Two at once: the second waits until the first one's words are taken. Both are printed, the first is kept. */
static void two(void **state)
{
	enum host_end end;

	(void)state;
	host_this = &host_cpus[2];
	HOST_CATCH(end, panic("first", 1, 2));
	host_this = &host_cpus[3];
	meanwhile = relay;
	HOST_CATCH(end, panic("second", 1, 2));
	assert_int_equal(end, HOST_HALT);
	host_this = &host_cpus[SERVICE];
	relay_all();
	assert_true(said("panic: first:"));
	assert_true(said("panic: second:"));
	assert_string_equal(crash_panic_at()->what, "first");
}

/* The boot CPU prints by itself; the region is the service CPU's. */
static void boot_cpu(void **state)
{
	enum host_end end;

	(void)state;
	host_this = &host_cpus[0];
	HOST_CATCH(end, panic("lines", 1, 2));
	assert_int_equal(end, HOST_HALT);
	assert_int_equal(times("\n"), 12);
	assert_null(crash_panic_at());
	host_this = &host_cpus[SERVICE];
	relay_all();
	assert_int_equal(times("\n"), 12);
	assert_string_equal(crash_panic_at()->cpu, "cpu0");
}

/* ---- reset ---- */

static void reset_by_the_service_cpu(void **state)
{
	enum host_end end;

	(void)state;
	unit_core.panic_resets = true;
	HOST_CATCH(end, panic("lines", 1, 2));
	assert_int_equal(end, HOST_BOARD_RESET);
	assert_true(said("; the board is reset\r\n"));
	assert_non_null(crash_panic_at());
}

static void relay_slowly(void)
{
	wire_room += 8;
	relay();
}

/* The service CPU takes it within a second, keeps it, prints it to its end, which takes longer, and resets: relay does not come back. */
static void reset_by_another(void **state)
{
	enum host_end end;

	(void)state;
	unit_core.panic_resets = true;
	host_this = &host_cpus[2];
	meanwhile = relay_slowly;
	wire_room = 0;
	HOST_CATCH(end, panic("lines", 1, 2));
	wire_room = ~0u;
	assert_int_equal(end, HOST_BOARD_RESET);
	assert_int_equal(host_this->index, SERVICE); /* it was that one */
	assert_in_range(waits, 110, 500);
	assert_int_equal(times("\n"), 12);
	assert_true(said("; the board is reset\r\n"));
	assert_string_equal(crash_panic_at()->cpu, "cpu2");
}

/* Nobody takes it: it acts by itself, after a second. */
static void nobody_takes_it(void **state)
{
	enum host_end end;
	u64 before = host.now;

	(void)state;
	unit_core.panic_resets = true;
	host_this = &host_cpus[2];
	HOST_CATCH(end, panic("lines", 1, 2));
	assert_int_equal(end, HOST_BOARD_RESET);
	assert_int_equal(host_this->index, 2);
	assert_in_range(host.now - before, HOST_HZ, HOST_HZ + HOST_HZ / 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(whole_text, setup),
		cmocka_unit_test_setup(to_the_last_character, setup),
		cmocka_unit_test_setup(kept_by_the_service_cpu, setup),
		cmocka_unit_test_setup(elsewhere, setup),
		cmocka_unit_test_setup(by_and_by, setup),
		cmocka_unit_test_setup(two, setup),
		cmocka_unit_test_setup(boot_cpu, setup),
		cmocka_unit_test_setup(reset_by_the_service_cpu, setup),
		cmocka_unit_test_setup(nobody_takes_it, setup),
		cmocka_unit_test_setup(reset_by_another, setup), /* last: it stays "being dealt with" */
	};

	return cmocka_run_group_tests_name("panic", tests, NULL, NULL);
}
