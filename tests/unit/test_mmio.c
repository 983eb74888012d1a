/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* core/mmio.c: which device an access reaches, and what follows: interrupt, kick. */
#include "test.h"

#include "machine.h"
#include "core/mmio.h"
#include "host.h"

/* The port's part, told of a level; it may have seen it change, and meanwhile another CPU may change the device. */
static u32 told, changes;
static bool told_level, other_level;
bool __real_arch_irq_level(u16 cell, u32 line, bool high);
bool __wrap_arch_irq_level(u16 cell, u32 line, bool high);

bool __wrap_arch_irq_level(u16 cell, u32 line, bool high)
{
	__real_arch_irq_level(cell, line, high);
	told++;
	told_level = high;
	if (!changes)
		return false;
	changes--;
	probe.level = other_level;
	return true;
}

static struct cpu *control, *linux0, *hello;

static int setup(void **state)
{
	machine_reset(state);
	linux0 = &host_cpus[0];
	control = &host_cpus[2];
	hello = &host_cpus[3];
	told = changes = 0;
	return 0;
}

static void finds_the_device(void **state)
{
	u64 value = 0x1122334455667788;

	(void)state;
	for (u32 size = 1; size <= 8; size *= 2) {
		assert_true(mmio_access(control, PROBE_BASE + 0x1ff8, true, size, &value));
		assert_int_equal(probe.offset, 0x1ff8);
		assert_int_equal(probe.size, size);
	}
	assert_int_equal(probe.writes, 4);
	assert_int_equal(probe.value, value);
	value = 0;
	assert_true(mmio_access(control, PROBE_BASE, false, 4, &value));
	assert_int_equal(value, 0x1122334455667788);
	assert_int_equal(probe.reads, 1);
	assert_int_equal(probe.offset, 0);
	assert_true(mmio_access(control, UART_BASE + 0x18, false, 4, &value)); /* the first of its two devices */
	assert_int_equal(value & 0x90, 0x90);
}

static void nothing_there(void **state)
{
	static const u64 holes[] = { 0, UART_BASE - 8, UART_BASE + 0x1000, PROBE_BASE - 8, PROBE_BASE + 0x2000,
				     0x40000000, ~7ull };
	u64 value = 5;

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(holes); i++)
		for (u32 write = 0; write < 2; write++) {
			assert_false(mmio_access(control, holes[i], write, 4, &value));
			assert_int_equal(value, 5);
		}
	/* A device of another cell is not there, although it is next in the table. */
	assert_false(mmio_access(linux0, PROBE_BASE, true, 4, &value));
	assert_false(mmio_access(hello, PROBE_BASE, true, 4, &value));
	assert_int_equal(probe.reads + probe.writes, 0);
}

static void must_be_aligned(void **state)
{
	u64 value = 0;

	(void)state;
	for (u32 size = 2; size <= 8; size *= 2)
		for (u32 offset = 0; offset < 16; offset++)
			assert_int_equal(mmio_access(control, PROBE_BASE + offset, false, size, &value),
					 offset % size == 0);
	assert_int_equal(probe.reads, 8 + 4 + 2);
	assert_false(mmio_access(control, PROBE_BASE + 0x1fff, false, 2, &value));
	assert_false(mmio_access(control, UART_BASE - 2, false, 4, &value));
}

/* A latch: also when the level was high before. */
static void raises_while_high(void **state)
{
	u64 value = 0;

	(void)state;
	mmio_access(control, PROBE_BASE, true, 4, &value);
	assert_int_equal(host.raised[SPI_PROBE], 0);
	probe.level = true;
	mmio_access(control, PROBE_BASE, true, 4, &value);
	mmio_access(control, PROBE_BASE, false, 4, &value);
	assert_int_equal(host.raised[SPI_PROBE], 2);
	assert_int_equal(host.raised[SPI_CONTROL], 0);
	probe.level = false;
	mmio_access(control, PROBE_BASE, false, 4, &value);
	assert_int_equal(host.raised[SPI_PROBE], 2);
}

/* Who told a change looks again: another CPU may have told another level before it. */
static void told_again_after_a_change(void **state)
{
	u64 value = 0;

	(void)state;
	probe.level = true;
	changes = 1;
	other_level = false;
	mmio_access(control, PROBE_BASE, true, 4, &value);
	assert_int_equal(told, 2);
	assert_false(told_level);
	/* No change: once */
	mmio_access(control, PROBE_BASE, true, 4, &value);
	assert_int_equal(told, 3);
	assert_false(told_level);
}

/* A guest whose CPUs go on changing it does not hold one of them here. */
static void told_a_bounded_number_of_times(void **state)
{
	(void)state;
	changes = 1000;
	mmio_settle(&machine_vdevs[VDEV_PROBE]);
	assert_int_equal(told, 4);
}

static void without_a_line_nobody_is_told(void **state)
{
	struct vdev_config dev = machine_vdevs[VDEV_PROBE];

	(void)state;
	dev.line = 0;
	probe.level = true;
	mmio_settle(&dev);
	assert_int_equal(told, 0);
}

static void write_uart(struct cpu *cpu, u32 offset, u64 value)
{
	assert_true(mmio_access(cpu, UART_BASE + offset, true, 4, &value));
}

/* Once per filling up to the mark, whatever the guest does at it. */
static void kicks_once_at_the_mark(void **state)
{
	u64 value;

	(void)state;
	for (u32 i = 0; i < VDEV_CONSOLE_KICK - 1; i++)
		write_uart(linux0, 0, 'x');
	assert_int_equal(host.kicks[SERVICE], 0);
	write_uart(linux0, 0, 'x');
	assert_int_equal(host.kicks[SERVICE], 1);
	for (u32 i = 0; i < 100; i++) {
		write_uart(linux0, 0x34, 0);
		mmio_access(linux0, UART_BASE + 0x18, false, 4, &value);
		write_uart(linux0, 0, 'x');
	}
	assert_int_equal(host.kicks[SERVICE], 1);
	serve(20);
	assert_int_equal(machine_vdevs[VDEV_LINUX].ops->pending(&machine_vdevs[VDEV_LINUX]), 0);
	for (u32 i = 0; i < VDEV_CONSOLE_KICK; i++)
		write_uart(linux0, 0, 'x');
	assert_int_equal(host.kicks[SERVICE], 2);
	for (u32 i = 0; i < CPU_COUNT; i++)
		assert_int_equal(host.kicks[i], i == SERVICE ? 2 : 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(finds_the_device, setup),
		cmocka_unit_test_setup(nothing_there, setup),
		cmocka_unit_test_setup(must_be_aligned, setup),
		cmocka_unit_test_setup(raises_while_high, setup),
		cmocka_unit_test_setup(told_again_after_a_change, setup),
		cmocka_unit_test_setup(told_a_bounded_number_of_times, setup),
		cmocka_unit_test_setup(without_a_line_nobody_is_told, setup),
		cmocka_unit_test_setup(kicks_once_at_the_mark, setup),
	};
	return cmocka_run_group_tests_name("mmio", tests, NULL, NULL);
}
