/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Several CPUs at once, each a thread; also built with ThreadSanitizer. What
 * must hold: no data race, no lost byte of a guest that locks, no lost
 * interrupt, one record, one winner.
 */
#include "test.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "machine.h"
#include "core/console.h"
#include "core/mmio.h"
#include "host.h"

#define DEADLINE_SECONDS 60

static u32 stop_threads;
static time_t deadline;

static void in_time(void)
{
	if (time(NULL) > deadline) {
		fprintf(stderr, "test_race: stalled\n");
		abort();
	}
}

static int setup(void **state)
{
	machine_reset(state);
	__atomic_store_n(&stop_threads, 0, __ATOMIC_SEQ_CST);
	deadline = time(NULL) + DEADLINE_SECONDS;
	return 0;
}

static bool stopped(void)
{
	in_time();
	return __atomic_load_n(&stop_threads, __ATOMIC_ACQUIRE);
}

static pthread_t spawn(void *(*run)(void *), u64 argument)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, run, (void *)(uintptr_t)argument), 0);
	return thread;
}

static void *service_cpu(void *argument)
{
	u32 room = (u32)(uintptr_t)argument;

	host_this = &host_cpus[SERVICE];
	while (!stopped()) {
		host.now += HOST_HZ / 1000;
		if (room)
			wire_room = room;
		console_pump(host_this);
		sched_yield();
	}
	return NULL;
}

static u64 access(u16 cpu, u32 offset, bool write, u64 value)
{
	host_this = &host_cpus[cpu];
	mmio_access(host_this, UART_BASE + offset, write, 4, &value);
	return value;
}

/* ---- a guest without locks: memory stays safe, the device stays alive ---- */

static void *vandal(void *argument)
{
	static const u32 offsets[] = { 0, 0, 0, 0, 4, 0x18, 0x2c, 0x30, 0x34, 0x38, 0x3c, 0x44 };
	u64 seed = 77 + (uintptr_t)argument;

	for (u32 i = 0; i < 60000; i++) {
		u32 n = next_random(&seed);

		access((u16)(uintptr_t)argument & 1, offsets[n % ARRAY_COUNT(offsets)], n >> 8 & 1, n >> 12);
	}
	return NULL;
}

static void *typist(void *argument)
{
	const struct vdev_config *dev = &machine_vdevs[VDEV_LINUX];

	(void)argument;
	while (!stopped()) {
		u8 bytes[300];

		dev->ops->put(dev, 'k');
		assert_in_range(dev->ops->pending(dev), 0, PL011_TX_SIZE);
		assert_in_range(dev->ops->take(dev, bytes, sizeof bytes), 0, sizeof bytes);
	}
	return NULL;
}

static void vandals(void **state)
{
	(void)state;
	pthread_t pump = spawn(typist, 0), guests[3] = { spawn(vandal, 0), spawn(vandal, 1), spawn(vandal, 2) };

	for (u32 i = 0; i < 3; i++)
		pthread_join(guests[i], NULL);
	__atomic_store_n(&stop_threads, 1, __ATOMIC_SEQ_CST);
	pthread_join(pump, NULL);
	/* It works again for a guest that behaves. */
	const struct vdev_config *dev = &machine_vdevs[VDEV_LINUX];
	u8 byte = 0;

	dev->ops->reset(dev);
	while (dev->ops->pending(dev))
		dev->ops->take(dev, &byte, 1);
	access(0, 0, true, 'a');
	assert_int_equal(dev->ops->take(dev, &byte, 1), 1);
	assert_int_equal(byte, 'a');
	dev->ops->put(dev, 'b');
	assert_int_equal(access(0, 0, false, 0), 'b');
}

/* ---- guests that lock: everything arrives in order ---- */

static pthread_mutex_t guest_lock = PTHREAD_MUTEX_INITIALIZER;
static u32 guest_next;

#define LOCKED_LINES 3000u

static void *locked_printer(void *argument)
{
	char line[32];

	for (;;) {
		pthread_mutex_lock(&guest_lock);
		u32 n = guest_next++;

		snprintf(line, sizeof line, "line %u\n", n);
		for (const char *p = line; n < LOCKED_LINES && *p; p++) {
			while (access((u16)(uintptr_t)argument, 0x18, false, 0) & 0x20) {
				in_time();
				sched_yield();
			}
			access((u16)(uintptr_t)argument, 0, true, (u8)*p);
		}
		pthread_mutex_unlock(&guest_lock);
		if (n >= LOCKED_LINES)
			return NULL;
	}
}

static void await_drained(void)
{
	while (machine_vdevs[VDEV_LINUX].ops->pending(&machine_vdevs[VDEV_LINUX])) {
		in_time();
		sched_yield();
	}
}

static void expect_lines(const char *format, u32 count)
{
	const char *p = wire_text;

	for (u32 i = 0; i < count; i++) {
		char line[64];
		int length = snprintf(line, sizeof line, format, i);

		assert_memory_equal(p, line, (size_t)length);
		p += length;
	}
	assert_string_equal(p, "");
}

static void locked_printers(void **state)
{
	(void)state;
	guest_next = 0;
	pthread_t pump = spawn(service_cpu, 100), guests[2] = { spawn(locked_printer, 0), spawn(locked_printer, 1) };

	for (u32 i = 0; i < 2; i++)
		pthread_join(guests[i], NULL);
	await_drained();
	__atomic_store_n(&stop_threads, 1, __ATOMIC_SEQ_CST);
	pthread_join(pump, NULL);
	wire_room = ~0u;
	serve(100);
	expect_lines("[linux] line %u\r\n", LOCKED_LINES);
}

/* ---- an interrupt-driven driver, as Linux has one ---- */

#define DRIVER_BYTES 120000u
static u32 driver_sent;

static bool send_one(void)
{
	if (driver_sent == DRIVER_BYTES)
		return false;
	access(0, 0, true, driver_sent % 50 == 49 ? '\n' : 'a' + driver_sent % 50 % 26);
	driver_sent++;
	return true;
}

/* Fill the FIFO until it is full or nothing is left to send; from an interrupt half of it without looking. */
static void driver_send(u32 without_looking)
{
	while (without_looking ? without_looking-- > 0 : !(access(0, 0x18, false, 0) & 0x20))
		if (!send_one())
			break;
	access(0, 0x38, true, driver_sent < DRIVER_BYTES ? 0x20 : 0); /* IMSC */
}

/*
 * Sleeps until the line was raised; never polls. Goes to sleep and to work in
 * random patterns, so that unmasking meets draining again and again.
 */
static void *driver(void *argument)
{
	u32 seen = 0;

	(void)argument;
	access(0, 0x2c, true, 0x70);
	driver_send(0);
	while (driver_sent < DRIVER_BYTES) {
		u32 raised = __atomic_load_n(&host.raised[LINE_LINUX], __ATOMIC_ACQUIRE);

		if (raised == seen) {
			in_time();
			sched_yield();
			continue;
		}
		seen = raised;
		if (!(access(0, 0x40, false, 0) & 0x20))
			continue; /* MIS: not for us, and nothing touched since */
		access(0, 0x38, true, 0);
		if (driver_sent % 3)
			driver_send(16);
		else
			driver_send(0);
	}
	return NULL;
}

static void no_interrupt_is_lost(void **state)
{
	(void)state;
	driver_sent = 0;
	pthread_t pump = spawn(service_cpu, 0), guest = spawn(driver, 0);

	pthread_join(guest, NULL);
	await_drained();
	__atomic_store_n(&stop_threads, 1, __ATOMIC_SEQ_CST);
	pthread_join(pump, NULL);
	serve(1000);
	u32 letters = 0;

	for (u32 i = 0; i < wire_length; i++)
		letters += wire_text[i] == '\n';
	assert_int_equal(letters, DRIVER_BYTES / 50);
	assert_int_equal(wire_length, DRIVER_BYTES + DRIVER_BYTES / 50 * (strlen("[linux] \r")));
}

/*
 * The narrowest case by itself: one CPU unmasks and looks whether there is
 * room, the other makes room and looks whether it is unmasked. One must raise.
 */
static u32 go, done;

static void *drainer(void *argument)
{
	const struct vdev_config *dev = &machine_vdevs[VDEV_LINUX];
	u8 bytes[40]; /* all of the FIFO */

	(void)argument;
	for (u32 round = 1; !stopped(); round++) {
		while (__atomic_load_n(&go, __ATOMIC_ACQUIRE) != round)
			if (stopped())
				return NULL;
		dev->ops->take(dev, bytes, sizeof bytes);
		if (dev->ops->level(dev))
			arch_irq_level(dev->cell, dev->line, true);
		__atomic_store_n(&done, round, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void unmask_meets_drain(void **state)
{
	(void)state;
	go = done = 0;
	access(0, 0x2c, true, 0x70);
	pthread_t pump = spawn(drainer, 0);

	for (u32 round = 1; round <= 3000; round++) {
		while (!(access(0, 0x18, false, 0) & 0x20))
			access(0, 0, true, 'x');
		access(0, 0x38, true, 0);
		u32 before = __atomic_load_n(&host.raised[LINE_LINUX], __ATOMIC_ACQUIRE);

		__atomic_store_n(&go, round, __ATOMIC_RELEASE);
		for (volatile u32 i = 0; i < round % 500; i++)
			;
		access(0, 0x38, true, 0x20);
		while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) != round)
			in_time();
		assert_true(__atomic_load_n(&host.raised[LINE_LINUX], __ATOMIC_ACQUIRE) > before);
	}
	__atomic_store_n(&stop_threads, 1, __ATOMIC_SEQ_CST);
	pthread_join(pump, NULL);
}

/* ---- the core's log from every CPU ---- */

#define LOG_LINES 2000u

static void *logger(void *argument)
{
	host_this = &host_cpus[(uintptr_t)argument];
	for (u32 i = 0; i < LOG_LINES; i++) {
		while (!console_has_room()) {
			in_time();
			sched_yield();
		}
		console_printf("cpu %u says %u", (u32)(uintptr_t)argument, i);
	}
	return NULL;
}

static void logs_of_all_cpus(void **state)
{
	u32 lost = console_lost(), next[4] = { 0 };

	(void)state;
	pthread_t pump = spawn(service_cpu, 0), loggers[4];

	for (u32 i = 0; i < 4; i++)
		loggers[i] = spawn(logger, i);
	for (u32 i = 0; i < 4; i++)
		pthread_join(loggers[i], NULL);
	__atomic_store_n(&stop_threads, 1, __ATOMIC_SEQ_CST);
	pthread_join(pump, NULL);
	serve(100);
	for (const char *p = wire_text; *p; p = strchr(p, '\n') + 1) {
		u32 cpu, line;

		assert_int_equal(sscanf(p, "[core] cpu %u says %u\r\n", &cpu, &line), 2);
		assert_in_range(cpu, 0, 3);
		assert_int_equal(line, next[cpu]++);
	}
	for (u32 i = 0; i < 4; i++)
		assert_int_equal(next[i], LOG_LINES);
	assert_int_equal(console_lost(), lost);
}

/* Two CPUs want to pump: never both at once, and nothing is printed twice. */
static void *other_pump(void *argument)
{
	host_this = &host_cpus[(uintptr_t)argument];
	while (!stopped())
		console_pump(host_this);
	return NULL;
}

static void rival_pumps(void **state)
{
	(void)state;
	guest_next = 0;
	pthread_t pumps[2] = { spawn(other_pump, 2), spawn(other_pump, 3) };
	pthread_t guest = spawn(locked_printer, 0);

	pthread_join(guest, NULL);
	await_drained();
	__atomic_store_n(&stop_threads, 1, __ATOMIC_SEQ_CST);
	for (u32 i = 0; i < 2; i++)
		pthread_join(pumps[i], NULL);
	serve(100);
	expect_lines("[linux] line %u\r\n", LOCKED_LINES);
}

/* ---- power ---- */

#define POWER_ROUNDS 2000u
static u32 power_wins[2];

/* Both callers play vCPU 0; entry and argument of a call belong together. */
static void *switcher(void *argument)
{
	u64 id = (uintptr_t)argument;

	for (u32 n = 0; !stopped(); n++) {
		u64 token = id << 32 | n;
		enum power_result result = power_vcpu_on(&host_cpus[0], 1, token, ~token);

		assert_true(result == POWER_OK || result == POWER_ALREADY_ON || result == POWER_ON_PENDING);
		if (result == POWER_OK)
			__atomic_fetch_add(&power_wins[id], 1, __ATOMIC_RELAXED);
		sched_yield();
	}
	return NULL;
}

static void on_and_off(void **state)
{
	struct cpu *cpu = &host_cpus[1];

	(void)state;
	power_wins[0] = power_wins[1] = 0;
	pthread_t callers[2] = { spawn(switcher, 0), spawn(switcher, 1) };

	host_this = cpu;
	for (u32 round = 0; round < POWER_ROUNDS; round++) {
		power_vcpu_off(cpu); /* returns switched on again */
		assert_int_equal(cpu->frame.x[0], ~cpu->frame.pc);
		assert_int_equal(host.kick_pending[1], 0); /* or the guest would get it */
		in_time();
	}
	__atomic_store_n(&stop_threads, 1, __ATOMIC_SEQ_CST);
	for (u32 i = 0; i < 2; i++)
		pthread_join(callers[i], NULL);
	assert_int_equal(power_wins[0] + power_wins[1], POWER_ROUNDS);
	assert_int_equal(cpu->arch.resets, POWER_ROUNDS);
	assert_int_equal(host.kicks[1], POWER_ROUNDS);
}

/* ---- two vCPUs fault at once ---- */

static u32 at_the_line;

static void *faulter(void *argument)
{
	struct cpu *cpu = &host_cpus[(uintptr_t)argument];

	host_this = cpu;
	cpu->frame.pc = cpu->index;
	cpu->frame.x[7] = cpu->index;
	__atomic_fetch_add(&at_the_line, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&at_the_line, __ATOMIC_ACQUIRE) % 2)
		in_time();
	cell_stop(cpu, STOP_FAULT, cpu->index ? "one" : "zero");
	return NULL;
}

static void one_record(void **state)
{
	(void)state;
	for (u32 round = 0; round < 300; round++) {
		setup(state);
		at_the_line = 0;
		pthread_t guests[2] = { spawn(faulter, 0), spawn(faulter, 1) };

		for (u32 i = 0; i < 2; i++)
			pthread_join(guests[i], NULL);
		const struct record *record = &cells[CELL_LINUX].record;

		assert_int_equal(cells[CELL_LINUX].record_state, RECORD_READY);
		assert_int_equal(record->pc, record->cpu);
		assert_int_equal(record->regs[7], record->cpu);
		assert_string_equal(record->what, record->cpu ? "one" : "zero");
		assert_int_equal(host.revoked[CELL_LINUX], 1);
		assert_int_equal(host.silenced[CELL_LINUX], 1);
		assert_int_equal(host.kicks[0] + host.kicks[1], 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(vandals, setup),
		cmocka_unit_test_setup(locked_printers, setup),
		cmocka_unit_test_setup(no_interrupt_is_lost, setup),
		cmocka_unit_test_setup(unmask_meets_drain, setup),
		cmocka_unit_test_setup(logs_of_all_cpus, setup),
		cmocka_unit_test_setup(rival_pumps, setup),
		cmocka_unit_test_setup(on_and_off, setup),
		cmocka_unit_test_setup(one_record, setup),
	};
	return cmocka_run_group_tests_name("race", tests, NULL, NULL);
}
