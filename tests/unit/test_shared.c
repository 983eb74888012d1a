/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A service CPU that a cell has too (CPU 1, linux's second vCPU): little at a time, and served while its vCPU is off. */
#include "test.h"

#include "machine.h"
#include "core/boot.h"
#include "core/console.h"
#include "core/mmio.h"
#include "core/panic.h"
#include "host.h"

#define SHARED 1u
#define ROUND 64u    /* bytes of cells' or the core's text in one round, */
#define PREFIX 12u   /* besides what the console puts before a line, and the carriage return */

static u32 turns;
static void (*meanwhile)(u32 turn);

static void on_wait(struct cpu *cpu)
{
	struct cpu *before = host_this;

	(void)cpu;
	host.now += HOST_HZ / 1000;
	if (++turns > 20)
		host_leave(HOST_ESCAPE);
	if (meanwhile)
		meanwhile(turns);
	host_this = before;
}

static int setup(void **state)
{
	assert_int_equal(machine_service_cpu, SHARED);
	machine_reset(state);
	core_service_wanted();
	host.on_wait = on_wait;
	turns = 0;
	meanwhile = NULL;
	return 0;
}

/* ---- rounds ---- */

static u32 count_of(char c)
{
	u32 count = 0;

	for (u32 i = 0; i < wire_length; i++)
		count += wire_text[i] == c;
	return count;
}

static void few_bytes_of_a_cell_in_a_round(void **state)
{
	u32 before, most = 0;

	(void)state;
	for (u32 i = 0; i < 1000; i++)
		guest_print(VDEV_HELLO, i % 50 == 49 ? "\n" : "~");
	for (u32 ms = 0; ms < 30; ms++) {
		before = count_of('~');
		serve(1);
		assert_in_range(count_of('~') - before, 0, ROUND);
		if (count_of('~') - before > most)
			most = count_of('~') - before;
	}
	assert_in_range(most, ROUND - 3, ROUND); /* but for the ends of lines */
	assert_int_equal(count_of('~'), 980);
}

/* A record and the counters are long: they too come in pieces. */
static void few_bytes_of_the_core_in_a_round(void **state)
{
	(void)state;
	cell_stop(&host_cpus[3], STOP_DEBUG, NULL);
	wire_type("\x14s", 2);
	for (u32 ms = 0; ms < 200; ms++) {
		u32 before = wire_length;

		serve(1);
		assert_in_range(wire_length - before, 0, ROUND + 2 * PREFIX);
	}
	assert_non_null(strstr(wire_text, "[core] hello: x28="));
	assert_non_null(strstr(wire_text, "[core] console core lost="));
}

/* Its cell's other CPU prints as much as it likes: the others come in turn. */
static void nobody_starves(void **state)
{
	(void)state;
	guest_print(VDEV_CONTROL, "tick\n");
	for (u32 ms = 0; ms < 40; ms++) {
		for (u32 i = 0; i < 100; i++)
			guest_print(VDEV_LINUX, "~~~~~~~~~\n");
		serve(1);
	}
	assert_non_null(strstr(wire_text, "[control] tick\r\n"));
}

static void the_next_round_is_due(void **state)
{
	(void)state;
	host.now = 5000;
	host_this = &host_cpus[SHARED];
	core_serve();
	assert_int_equal(host.wake_at, 5000 + HOST_HZ / 1000);
}

/* ---- calling it ---- */

static void called_once(void **state)
{
	(void)state;
	assert_false(core_service_wanted());
	core_call_service();
	assert_int_equal(host.kicks[SHARED], 1);
	assert_int_equal(core_service_word, 1);
	core_call_service();
	assert_true(core_service_wanted());
	assert_false(core_service_wanted());
	assert_int_equal(core_service_word, 0);
}

static void who_calls(void **state)
{
	enum host_end end;
	u64 value = '~';

	(void)state;
	for (u32 i = 0; i < VDEV_CONSOLE_KICK; i++)
		mmio_access(&host_cpus[2], UART_BASE, true, 4, &value);
	assert_true(core_service_wanted());
	host_this = &host_cpus[2];
	cell_stop(host_this, STOP_DEBUG, NULL);
	assert_true(core_service_wanted());
	host_this = &host_cpus[3];
	HOST_CATCH(end, panic("lines", 1, 2)); /* does not map the UART */
	assert_int_equal(end, HOST_HALT);
	assert_true(core_service_wanted());
	assert_int_equal(host.kicks[SHARED], 3);
	assert_int_equal(host.kicks[0] + host.kicks[2] + host.kicks[3] + host.kicks[4], 0);
	host_this = &host_cpus[SHARED];
	core_serve(); /* takes over what the other CPU has left */
	serve(20);
	assert_non_null(strstr(wire_text, "[core] panic: lines: declared 0x1, found 0x2\r\n"));
}

/* ---- its vCPU is off ---- */

static void print_then_switch_on(u32 turn)
{
	if (turn == 2)
		guest_print(VDEV_HELLO, "meanwhile\n");
	if (turn == 10) {
		assert_string_equal(wire_text, "[hello] meanwhile\r\n");
		assert_int_equal(power_vcpu_on(&host_cpus[0], 1, 0xabc, 0xdef), POWER_OK);
	}
}

static void serves_while_parked(void **state)
{
	enum host_end end;

	(void)state;
	meanwhile = print_then_switch_on;
	host_this = &host_cpus[SHARED];
	HOST_CATCH(end, power_vcpu_off(&host_cpus[SHARED]));
	assert_int_equal(end, HOST_RETURNED);
	assert_int_equal(turns, 10);
	assert_int_equal(host_cpus[SHARED].frame.pc, 0xabc);
	assert_in_range(host.wake_at, host.now - 1, host.now + HOST_HZ / 1000);
}

static void stop_then_print(u32 turn)
{
	if (turn == 1)
		cell_stop(&host_cpus[0], STOP_FAULT, "x");
	if (turn == 5)
		guest_print(VDEV_HELLO, "later\n");
}

/* The cell is gone, its CPU still serves the others, and prints the cell's record. */
static void serves_after_its_cell(void **state)
{
	enum host_end end;

	(void)state;
	meanwhile = stop_then_print;
	host_this = &host_cpus[SHARED];
	HOST_CATCH(end, power_vcpu_off(&host_cpus[SHARED]));
	assert_int_equal(end, HOST_ESCAPE);
	assert_non_null(strstr(wire_text, "[core] cell linux: stopped by fault: x"));
	serve(60);
	assert_non_null(strstr(wire_text, "[hello] later\r\n"));
}

/* Another vCPU that waits has no part in it. */
static void others_do_not_serve(void **state)
{
	enum host_end end;

	(void)state;
	guest_print(VDEV_HELLO, "quiet\n");
	host_this = &host_cpus[0];
	HOST_CATCH(end, power_vcpu_off(&host_cpus[0]));
	assert_int_equal(end, HOST_ESCAPE);
	assert_int_equal(wire_length, 0);
	assert_int_equal(host.wake_at, 0);
}

/* ---- boot ---- */

/* The first round comes before its vCPU, so that the tick comes by itself from there on. */
static void serves_before_its_vcpu(void **state)
{
	enum host_end end;

	(void)state;
	vcpus[1].state = VCPU_OFF;
	host_this = &host_cpus[SHARED];
	HOST_CATCH(end, cpu_main(&host_cpus[SHARED]));
	assert_int_equal(end, HOST_ESCAPE); /* parked: nobody switches it on */
	assert_true(host.wake_at > 0);
	machine_reset(state);
	cells[CELL_LINUX].state = CELL_OFF;
	host_this = &host_cpus[0];
	HOST_CATCH(end, cpu_main(&host_cpus[0]));
	assert_int_equal(end, HOST_ENTER);
	assert_int_equal(host.wake_at, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(few_bytes_of_a_cell_in_a_round, setup),
		cmocka_unit_test_setup(few_bytes_of_the_core_in_a_round, setup),
		cmocka_unit_test_setup(nobody_starves, setup),
		cmocka_unit_test_setup(the_next_round_is_due, setup),
		cmocka_unit_test_setup(called_once, setup),
		cmocka_unit_test_setup(who_calls, setup),
		cmocka_unit_test_setup(serves_while_parked, setup),
		cmocka_unit_test_setup(serves_after_its_cell, setup),
		cmocka_unit_test_setup(others_do_not_serve, setup),
		cmocka_unit_test_setup(serves_before_its_vcpu, setup),
	};
	return cmocka_run_group_tests_name("shared", tests, NULL, NULL);
}
