/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Without a service CPU: the printing CPUs drain the rings themselves, and there is no input. */
#include "test.h"

#include "machine.h"
#include "core/console.h"
#include "core/mmio.h"
#include "host.h"

static void trap_print(u16 cpu, const char *text)
{
	host_this = &host_cpus[cpu];
	for (; *text; text++) {
		u64 value = (u8)*text;

		assert_true(mmio_access(host_this, UART_BASE, true, 4, &value));
	}
}

static void traps_pump(void **state)
{
	(void)state;
	assert_int_equal(machine_service_cpu, CPU_NONE);
	trap_print(0, "half");
	assert_int_equal(wire_length, 0);
	trap_print(2, "tick\n");
	assert_string_equal(wire_text, "[control] tick\r\n");
	trap_print(0, " and half\n");
	assert_string_equal(wire_text, "[control] tick\r\n[linux] half and half\r\n");
	for (u32 i = 0; i < CPU_COUNT; i++)
		assert_int_equal(host.kicks[i], 0);
}

/* With the trap that ends a line the whole line is out, wherever buffers wrap: there may be no other trap. */
static void nothing_stays_behind(void **state)
{
	(void)state;
	for (u32 i = 0; i < 500; i++) {
		char line[64], expected[80];

		snprintf(line, sizeof line, "line %u, %.*s\n", i, (int)(i % 37), "of a length that differs every time...");
		snprintf(expected, sizeof expected, "[linux] %.*s\r\n", (int)strlen(line) - 1, line);
		trap_print(0, line);
		assert_string_equal(wire_text, expected);
		memset(wire_text, 0, wire_length);
		wire_length = 0;
	}
}

/* Its own, everyone's rings: who traps drains all. */
static void drains_others(void **state)
{
	(void)state;
	guest_print(VDEV_HELLO, "hello\n");
	host_become(2);
	console_printf("log");
	trap_print(0, "x\n");
	assert_non_null(strstr(wire_text, "[core] log\r\n"));
	assert_non_null(strstr(wire_text, "[hello] hello\r\n"));
	assert_non_null(strstr(wire_text, "[linux] x\r\n"));
}

/* Who only polls the flags takes the short way, but not always. */
static void polling_pumps(void **state)
{
	struct cpu *cpu = &host_cpus[0];
	u64 value;

	(void)state;
	host_this = cpu;
	assert_int_equal(cpu->glanced_at, UART_BASE + 0x18);
	assert_true(glance_read(cpu) < 0); /* nobody has pumped yet */
	assert_true(mmio_access(cpu, cpu->glanced_at, false, 4, &value));
	assert_int_equal(glance_read(cpu), value);
	guest_print(VDEV_HELLO, "hello\n");
	assert_int_equal(glance_read(cpu), value);
	host.now += arch_time_hz() / 1000;
	assert_true(glance_read(cpu) < 0);
	assert_true(mmio_access(cpu, cpu->glanced_at, false, 4, &value));
	assert_string_equal(wire_text, "[hello] hello\r\n");
	assert_int_equal(glance_read(cpu), value);
}

/* The same of every register that prints nothing; one that has something to print never waits. */
static void registers_pump_from_time_to_time(void **state)
{
	struct cpu *cpu = &host_cpus[0];
	u64 value = 0x70;

	(void)state;
	host_this = cpu;
	assert_true(mmio_access(cpu, UART_BASE + 0x30, false, 4, &value)); /* the first of all pumps */
	guest_print(VDEV_HELLO, "hello\n");
	value = 0x70;
	assert_true(mmio_access(cpu, UART_BASE + 0x2c, true, 4, &value));
	assert_true(mmio_access(cpu, UART_BASE + 0x2c, false, 4, &value));
	assert_int_equal(value, 0x70);
	assert_int_equal(wire_length, 0);
	host.now += arch_time_hz() / 1000;
	assert_true(mmio_access(cpu, UART_BASE + 0x2c, false, 4, &value));
	assert_string_equal(wire_text, "[hello] hello\r\n");
	trap_print(0, "x"); /* of this one there is something to print: at once, and so with each */
	assert_string_equal(wire_text, "[hello] hello\r\n");
	trap_print(0, "\n");
	assert_non_null(strstr(wire_text, "[linux] x\r\n"));
}

static void no_input(void **state)
{
	(void)state;
	wire_type("abc", 3);
	trap_print(0, "x\n");
	assert_int_equal(machine_vdevs[VDEV_LINUX].ops->read(&machine_vdevs[VDEV_LINUX], 0x18, 4) & 0x10, 0x10);
}

/* A CPU that has stopped its cell has nothing more to do than to print its record, in rounds, parked; but does not do so for ever. */
static void stop_and_park(u16 cpu, enum stop_reason reason, const char *what)
{
	u64 before;

	host_become(cpu);
	before = host.now;
	cell_stop(&host_cpus[cpu], reason, what);
	assert_in_range(host.now - before, 0, HOST_HZ / 100);
	while (console_prints(&host_cpus[cpu]))
		;
}

static void record_is_printed(void **state)
{
	(void)state;
	host.step = 10; /* time passes */
	stop_and_park(3, STOP_DEBUG, NULL);
	assert_non_null(strstr(wire_text, "[core] cell hello: stopped by breakpoint (debug), vCPU 0 on cpu3"));
	assert_int_equal(cells[CELL_HELLO].record_state, RECORD_PRINTED);
	assert_non_null(strstr(wire_text, "[core] hello: x28=")); /* all of it */
}

static void record_does_not_spin_for_ever(void **state)
{
	(void)state;
	host.step = 10;
	wire_room = 0;
	guest_print(VDEV_HELLO, "last words\n");
	stop_and_park(3, STOP_DEBUG, NULL);
	assert_in_range(host.now, HOST_HZ / 2, HOST_HZ);
	assert_int_equal(cells[CELL_HELLO].record_state, RECORD_READY);
}

/* What devices were refused: told by who prints, a few at a time, or by who stops its cell. */
static void refusals(void **state)
{
	(void)state;
	for (u32 i = 0; i < 9; i++)
		host_event(0, (struct iommu_event){ .id = 0x18, .kind = IOMMU_EVENT_TRANSLATION, .number = 0x10, .address = 0x1000 * i, .write = true });
	trap_print(0, "x\n");
	assert_int_equal(host.iommu.events[0].tail, 2 * 4); /* two characters */
	assert_non_null(strstr(wire_text, "[core] dma: cell hello, edu0 (stream 0x18): write to 0x3000 refused: not mapped for it (event 0x10)\r\n"));
	stop_and_park(2, STOP_FAULT, "x");
	assert_int_equal(host.iommu.events[0].tail, 9);
	assert_non_null(strstr(wire_text, "write to 0x8000 refused"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(refusals, machine_reset),
		cmocka_unit_test_setup(traps_pump, machine_reset),
		cmocka_unit_test_setup(nothing_stays_behind, machine_reset),
		cmocka_unit_test_setup(drains_others, machine_reset),
		cmocka_unit_test_setup(polling_pumps, machine_reset),
		cmocka_unit_test_setup(registers_pump_from_time_to_time, machine_reset),
		cmocka_unit_test_setup(no_input, machine_reset),
		cmocka_unit_test_setup(record_is_printed, machine_reset),
		cmocka_unit_test_setup(record_does_not_spin_for_ever, machine_reset),
	};
	return cmocka_run_group_tests_name("alone", tests, NULL, NULL);
}
