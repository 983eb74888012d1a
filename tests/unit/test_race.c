/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Several CPUs at once, each a thread; also built with ThreadSanitizer. What
 * must hold: no data race, no lost byte of a guest that locks, no lost
 * interrupt, no line of the core torn.
 */
#include "test.h"

#include "core/console.h"
#include "core/log.h"
#include "core/log_read.h"
#include "core/mmio.h"
#include "threads.h"

static void *service_cpu(void *argument)
{
	u32 room = (u32)(uintptr_t)argument;

	host_this = &host_cpus[SERVICE];
	while (!stopped()) {
		__atomic_fetch_add(&host.now, HOST_HZ / 1000, __ATOMIC_RELAXED); /* who logs looks at it */
		if (room)
			wire_room = room;
		console_pump();
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
		u32 raised = __atomic_load_n(&host.raised[SPI_LINUX], __ATOMIC_ACQUIRE);

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
 * room, the other makes room and looks whether it is unmasked; whatever the
 * order, one of the two must see a high level. (Without the fence in
 * pl011_level an x86 host misses one in fifty; built without sanitizers, which
 * slow it down too much.)
 */
#define MEETINGS 60000u
#define FIFO_DEPTH 32u
static u32 go, done;
static bool drainer_saw;

static void spin(u32 turns)
{
	for (volatile u32 i = 0; i < turns; i++)
		;
}

/* The other side answers at once, or has no CPU to do it on. Returns the word. */
static u32 await(const u32 *word, u32 value)
{
	u32 found;

	for (u32 tries = 0; (found = __atomic_load_n(word, __ATOMIC_ACQUIRE)) < value; tries++)
		if (tries > 5000)
			sched_yield();
	return found;
}

static void *drainer(void *argument)
{
	const struct vdev_config *dev = argument;
	u8 bytes[FIFO_DEPTH];

	for (u32 round = 1;; round++) {
		if (await(&go, round) == ~0u)
			return NULL;
		spin(round / 600 % 4);
		dev->ops->take(dev, bytes, sizeof bytes);
		drainer_saw = dev->ops->level(dev);
		__atomic_store_n(&done, round, __ATOMIC_RELEASE);
	}
}

static void unmask_meets_drain(void **state)
{
	const struct vdev_config *dev = &machine_vdevs[VDEV_LINUX];
	double end = now() + PATIENCE;
	u32 missed = 0;
	pthread_t pump;

	(void)state;
	go = done = 0;
	dev->ops->write(dev, 0x2c, 4, 0x70); /* LCR_H: FIFO */
	assert_int_equal(pthread_create(&pump, NULL, drainer, (void *)(uintptr_t)dev), 0);
	for (u32 round = 1; round <= MEETINGS && now() < end; round++) {
		while (!(dev->ops->read(dev, 0x18, 4) & 0x20))
			dev->ops->write(dev, 0, 4, 'x');
		dev->ops->write(dev, 0x38, 4, 0); /* IMSC */
		__atomic_store_n(&go, round, __ATOMIC_RELEASE);
		spin(round % 600);
		dev->ops->write(dev, 0x38, 4, 0x20);
		bool saw = dev->ops->level(dev);

		await(&done, round);
		missed += !saw && !drainer_saw;
	}
	__atomic_store_n(&go, ~0u, __ATOMIC_RELEASE);
	pthread_join(pump, NULL);
	assert_int_equal(missed, 0);
}

/*
 * A position says that the bytes before it are there (tx_head), or no longer
 * needed (tx_tail). ThreadSanitizer checks it on plain words that keep company
 * with the bytes.
 */
#define COMPANY 20000u
static u32 written[COMPANY], wanted[COMPANY];

static void *company_taker(void *argument)
{
	const struct vdev_config *dev = argument;

	for (u32 i = 0; i < COMPANY;) {
		u8 byte;

		wanted[i] = i;
		if (!dev->ops->take(dev, &byte, 1)) {
			in_time();
			sched_yield();
			continue;
		}
		assert_int_equal(written[i], i);
		assert_int_equal(byte, i & 0xff);
		i++;
	}
	return NULL;
}

static void positions_publish(void **state)
{
	const struct vdev_config *dev = &machine_vdevs[VDEV_LINUX];
	pthread_t pump;

	(void)state;
	dev->ops->write(dev, 0x2c, 4, 0x70);
	assert_int_equal(pthread_create(&pump, NULL, company_taker, (void *)(uintptr_t)dev), 0);
	for (u32 i = 0; i < COMPANY; i++) {
		while (dev->ops->read(dev, 0x18, 4) & 0x20) {
			in_time();
			sched_yield();
		}
		written[i] = i;
		dev->ops->write(dev, 0, 4, i & 0xff);
		if (i >= PL011_TX_SIZE) /* its place was free: that byte had been taken */
			assert_int_equal(wanted[i - PL011_TX_SIZE], i - PL011_TX_SIZE);
	}
	pthread_join(pump, NULL);
}

/* ---- the core's log from every CPU ---- */

#define LOG_LINES 2000u

static void *logger(void *argument)
{
	host_this = &host_cpus[(uintptr_t)argument];
	for (u32 i = 0; i < LOG_LINES; i++) {
		while (!log_has_room()) {
			in_time();
			sched_yield();
		}
		console_printf("cpu %u says %u", (u32)(uintptr_t)argument, i);
	}
	return NULL;
}

static void logs_of_all_cpus(void **state)
{
	u32 lost = log_lost(), next[4] = { 0 };

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
	assert_int_equal(log_lost(), lost);
}

/* Nobody waits for room: each record comes whole, in its CPU's order, or is a gap in the sequence and counted. */
static u32 sequences[4], gaps;

static void read_records(void)
{
	static struct log_record record;

	while (log_take(&record)) {
		u32 n = record.data[0] | (u32)record.data[1] << 8, cpu = record.head.cpu;

		assert_int_equal(record.head.message, MESSAGE_STORM);
		assert_int_equal(record.head.cell, cpu);
		for (u32 i = 8; i < 24; i += 8)
			assert_int_equal(record.data[i] | (u32)record.data[i + 1] << 8, n);
		gaps += record.head.sequence - sequences[cpu];
		sequences[cpu] = record.head.sequence + 1;
	}
}

static void *careless(void *argument)
{
	u16 cpu = (u16)(uintptr_t)argument;

	host_this = &host_cpus[cpu];
	for (u32 i = 0; i < 10 * LOG_LINES; i++)
		log_put(MESSAGE_STORM, cpu, i & 0xffff, i & 0xffff, i & 0xffff);
	return NULL;
}

static void *reader(void *argument)
{
	(void)argument;
	host_this = &host_cpus[SERVICE];
	while (!stopped())
		read_records();
	return NULL;
}

static void records_of_all_cpus(void **state)
{
	pthread_t pump, cpus[4];
	u32 lost;

	(void)state;
	for (u32 i = 0; i < 4; i++) { /* where each of them is */
		careless((void *)(uintptr_t)i);
		read_records();
		log_put(MESSAGE_STORM, i, 0, 0, 0);
	}
	read_records();
	gaps = 0;
	lost = log_lost();
	pump = spawn(reader, 0);
	for (u32 i = 0; i < 4; i++)
		cpus[i] = spawn(careless, i);
	for (u32 i = 0; i < 4; i++)
		pthread_join(cpus[i], NULL);
	__atomic_store_n(&stop_threads, 1, __ATOMIC_SEQ_CST);
	pthread_join(pump, NULL);
	read_records();
	for (u32 i = 0; i < 4; i++) {
		host_this = &host_cpus[i];
		log_put(MESSAGE_STORM, i, 0, 0, 0);
	}
	read_records();
	assert_int_equal(gaps, log_lost() - lost);
}

/* Two CPUs want to pump: never both at once, and nothing is printed twice. */
static void *other_pump(void *argument)
{
	host_this = &host_cpus[(uintptr_t)argument];
	while (!stopped())
		console_pump();
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(vandals, setup),
		cmocka_unit_test_setup(locked_printers, setup),
		cmocka_unit_test_setup(no_interrupt_is_lost, setup),
		cmocka_unit_test_setup(unmask_meets_drain, setup),
		cmocka_unit_test_setup(positions_publish, setup),
		cmocka_unit_test_setup(logs_of_all_cpus, setup),
		cmocka_unit_test_setup(records_of_all_cpus, setup),
		cmocka_unit_test_setup(rival_pumps, setup),
	};
	return cmocka_run_group_tests_name("race", tests, NULL, NULL);
}
