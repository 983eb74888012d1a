/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * In place of cellgen's machine.c: linux (2 vCPUs), control and hello (1 each),
 * CPU 4 serves unless built with -DSERVICE_CPU=CPU_NONE, or =1: then linux's second vCPU does. Also the board UART.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "core/audit.h"
#include "core/console.h"
#include "core/crash.h"
#include "core/keys.h"
#include "core/life.h"
#include "core/log.h"
#include "core/machine.h"
#include "host.h"
#include "platform/platform.h"

#ifndef SERVICE_CPU
#define SERVICE_CPU SERVICE
#endif
#ifndef RESTART
#define RESTART 0 /* of linux, within a limit: 1 after a reset that it asks for, 2 after a failure */
#endif

struct vdev_pl011 uart_linux, uart_control, uart_hello;
struct probe probe;
static u64 roots[CELL_COUNT];

static u64 probe_read(const struct vdev_config *dev, u64 offset, u32 size)
{
	struct probe *p = dev->state;

	p->reads++;
	p->offset = offset;
	p->size = size;
	return p->value;
}

static void probe_write(const struct vdev_config *dev, u64 offset, u32 size, u64 value)
{
	struct probe *p = dev->state;

	p->writes++;
	p->offset = offset;
	p->size = size;
	p->value = value;
}

static void probe_reset(const struct vdev_config *dev)
{
	memset(dev->state, 0, sizeof(struct probe));
}

static bool probe_level(const struct vdev_config *dev)
{
	return ((struct probe *)dev->state)->level;
}

static bool probe_tick(const struct vdev_config *dev)
{
	struct probe *p = dev->state;
	bool out = p->runs_out;

	p->runs_out = false;
	return out;
}

static void probe_slept(const struct vdev_config *dev, u64 ticks)
{
	((struct probe *)dev->state)->slept += ticks;
}

static void probe_key(const struct vdev_config *dev, bool pressed)
{
	struct probe *p = dev->state;

	p->presses += pressed && !p->key;
	p->key = pressed;
}

static const struct vdev vdev_probe = {
	.read = probe_read, .write = probe_write, .reset = probe_reset, .level = probe_level,
	.tick = probe_tick, .slept = probe_slept, .key = probe_key,
};

const struct cpu_config machine_cpus[CPU_COUNT] = {
	{ .hw_id = 0, .role = CPU_VCPU, .cell = CELL_LINUX, .vcpu = 0, .name = "cpu0" },
	{ .hw_id = 1, .role = CPU_VCPU, .cell = CELL_LINUX, .vcpu = 1, .name = "cpu1" },
	{ .hw_id = 2, .role = CPU_VCPU, .cell = CELL_CONTROL, .vcpu = 0, .name = "cpu2" },
	{ .hw_id = 3, .role = CPU_VCPU, .cell = CELL_HELLO, .vcpu = 0, .name = "cpu3" },
	{ .hw_id = 4, .role = SERVICE_CPU == SERVICE ? CPU_SERVICE : CPU_UNUSED, .cell = CELL_NONE, .name = "cpu4" },
};

const struct cell_config machine_cells[CELL_COUNT] = {
	[CELL_LINUX] = { .name = "linux", .vcpu_count = 2, .ram_count = 1, .first_cpu = 0, .first_vdev = VDEV_LINUX, .vdev_count = 1,
			 .console = VDEV_LINUX, .debug_gdb = true, .entry = 0x40200000, .dtb = 0x48000000,
			 .arch = { .root = &roots[0], .root_value = 1, .load_entry = 0x1000, .load_list = 0x2000 } },
	[CELL_CONTROL] = { .name = "control", .vcpu_count = 1, .first_cpu = 2, .first_vdev = VDEV_CONTROL,
			   .vdev_count = 2, .console = VDEV_CONTROL, .entry = 0x40000000, .dtb = 0x40100000,
			   .arch = { .root = &roots[1], .root_value = 2, .load_entry = 0x1000, .load_list = 0x3000 } },
	[CELL_HELLO] = { .name = "hello", .vcpu_count = 1, .first_cpu = 3, .first_vdev = VDEV_HELLO, .vdev_count = 1,
			 .console = VDEV_HELLO, .debug_stop = true, .entry = 0x40000000,
			 .arch = { .root = &roots[2], .root_value = 3, .load_entry = 0x1000, .load_list = 0x4000 } },
};

/* linux: everything below 2^39 but the last page; the others have no second vCPU to switch on */
const struct cell_ram machine_cell_ram[] = { { 0, (1ULL << 39) - 4096 } };

const u16 machine_cell_cpus[VCPU_COUNT] = { 0, 1, 2, 3 };

const struct vdev_config machine_vdevs[VDEV_COUNT] = {
	[VDEV_LINUX] = { .ops = &vdev_pl011, .state = &uart_linux, .name = "serial@9000000", .base = UART_BASE,
			 .size = 0x1000, .line = SPI_LINUX, .cell = CELL_LINUX, .policy = CONSOLE_BLOCK },
	[VDEV_CONTROL] = { .ops = &vdev_pl011, .state = &uart_control, .name = "serial@9000000", .base = UART_BASE,
			   .size = 0x1000, .line = SPI_CONTROL, .cell = CELL_CONTROL, .policy = CONSOLE_DROP },
	[VDEV_PROBE] = { .ops = &vdev_probe, .state = &probe, .name = "probe@a000000", .base = PROBE_BASE,
			 .size = 0x2000, .line = SPI_PROBE, .cell = CELL_CONTROL },
	[VDEV_HELLO] = { .ops = &vdev_pl011, .state = &uart_hello, .name = "serial@9000000", .base = UART_BASE,
			 .size = 0x1000, .line = SPI_HELLO, .cell = CELL_HELLO, .policy = CONSOLE_BLOCK },
};

const struct stream_config machine_streams[STREAM_COUNT] = {
	[STREAM_NIC] = { .name = "nic0", .id = 0x8, .iommu = 0, .cell = CELL_LINUX },
	[STREAM_DISK] = { .name = "disk0", .id = 0x10, .iommu = 0, .cell = CELL_LINUX },
	[STREAM_OTHER] = { .name = "other0", .id = 0x8, .iommu = 1, .cell = CELL_LINUX },
	[STREAM_EDU] = { .name = "edu0", .id = 0x18, .iommu = 0, .cell = CELL_HELLO },
};

/* Constant for everybody but a test (machine.h): one name for the core, another here. */
struct life_config unit_lives[CELL_COUNT];
struct control_config unit_controls[CONTROL_COUNT];
struct core_config unit_core;

#define ON_FAILURE (RESTART & 2 ? ACTION_RESTART : ACTION_STOP)
#define ON_RESET (RESTART & 1 ? ACTION_RESTART : ACTION_STOP)
#define ACTIONS(failure, reset)                                                                                             \
	{ [EVENT_FAULT] = (failure), [EVENT_RESET] = (reset), [EVENT_WATCHDOG] = (failure), [EVENT_DMA] = ACTION_RECORD,    \
	  [EVENT_STORM] = ACTION_RECORD, [EVENT_LIMIT] = ACTION_STOP }
static const struct life_config lives[CELL_COUNT] = {
	[CELL_LINUX] = { .actions = ACTIONS(ON_FAILURE, ON_RESET), .power_key = VDEV_COUNT,
			 .restart_count = RESTART ? 2 : 0, .restart_seconds = 10, .first_control = 0, .control_count = 1 },
	[CELL_CONTROL] = { .actions = ACTIONS(ACTION_STOP, ACTION_STOP), .power_key = VDEV_PROBE, .shutdown_time = 200,
			   .heartbeat_first = 100, .heartbeat_period = 20, .first_control = 1, .control_count = 3 },
	[CELL_HELLO] = { .actions = ACTIONS(ACTION_STOP, ACTION_STOP), .power_key = VDEV_COUNT, .first_control = 4 },
};

#define ALL ((1u << LIFE_KILL) - 1) /* LIFE_KILL comes with LIFE_STOP */
static const struct control_config controls[CONTROL_COUNT] = {
	{ CELL_LINUX, CELL_HELLO, BIT(LIFE_STATUS) | BIT(LIFE_START) | BIT(LIFE_STOP) },
	{ CELL_CONTROL, CELL_CONTROL, ALL & ~BIT(LIFE_START) },
	{ CELL_CONTROL, CELL_LINUX, ALL & ~BIT(LIFE_START) },
	{ CELL_CONTROL, CELL_HELLO, ALL & ~BIT(LIFE_START) },
	{ CONTROLLER_OPERATOR, CELL_HELLO, ALL },
	{ CONTROLLER_OPERATOR, CELL_LINUX, BIT(LIFE_STATUS) },
};

u8 crash_region[CRASH_SIZE(CELL_COUNT)] __attribute__((aligned(4096)));
static const struct core_config core = {
	.crash = SERVICE_CPU == CPU_NONE ? NULL : crash_region, .crash_physical = 0x7f000000, .crash_size = SERVICE_CPU == CPU_NONE ? 0 : sizeof crash_region,
	.board_rights = 3, .first_control = 4, .control_count = 2,
};

const struct ram_bank machine_ram[RAM_BANK_COUNT] = { { 0x40000000, 0x40000000 } };
const struct arch_board_config machine_board = { .line_limit = HOST_LINES - 1 };
const u16 machine_service_cpu = SERVICE_CPU;
const u64 machine_console_base = 0x9040000;
const u32 machine_console_clock = 24000000;
const char machine_name[] = "unit";
const char machine_board_name[] = "host process";
const char machine_hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/* ---- the board UART ---- */

char wire_text[1 << 20];
u32 wire_length;
u32 wire_room;
u32 wire_inits;
void (*wire_meanwhile)(void);
static char typed[4096];
static u32 typed_head, typed_tail;

void plat_console_init(u64 base, u32 clock_hz)
{
	wire_inits += base == machine_console_base && clock_hz == machine_console_clock;
}

bool plat_console_put(u64 base, u8 byte)
{
	if (base != machine_console_base || !wire_room || wire_length + 1 >= sizeof wire_text)
		return false;
	wire_room -= wire_room != ~0u;
	wire_text[wire_length++] = (char)byte;
	if (wire_meanwhile)
		wire_meanwhile();
	return true;
}

int plat_console_get(u64 base)
{
	if (base != machine_console_base || typed_head == typed_tail)
		return -1;
	return (u8)typed[typed_tail++ % sizeof typed];
}

struct board_watchdog board_watchdog;

u64 plat_watchdog_start(u64 base, u64 refresh, u32 seconds, u64 counter_hz)
{
	board_watchdog.starts += base == machine_core.watchdog_base && refresh == machine_core.watchdog_refresh && counter_hz == HOST_HZ;
	board_watchdog.seconds = seconds;
	return seconds * counter_hz;
}

void plat_watchdog_feed(u64 base, u64 refresh)
{
	board_watchdog.feeds += base == machine_core.watchdog_base && refresh == machine_core.watchdog_refresh;
}

void wire_type(const char *bytes, u32 count)
{
	for (u32 i = 0; i < count; i++)
		typed[typed_head++ % sizeof typed] = bytes[i];
}

/* ---- for tests ---- */

void begin_life(struct cpu *cpu)
{
	host_this = cpu;
	cells[cpu->cell_index].state = CELL_STARTING;
	cells[cpu->cell_index].cleaned = 0;
	cell_start(cpu);
}

void guest_print(u32 vdev, const char *text)
{
	const struct vdev_config *dev = &machine_vdevs[vdev];

	for (; *text; text++)
		dev->ops->write(dev, 0, 4, (u8)*text);
}

void console_printf(const char *format, ...)
{
	char text[2 * LOG_LINE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	text[strcspn(text, "\n")] = 0;
	log_put(MESSAGE_PLAIN, LOG_NO_CELL, text);
}

void serve(u32 milliseconds)
{
	struct cpu *before = host_this;

	host_this = &host_cpus[machine_service_cpu == CPU_NONE ? SERVICE : machine_service_cpu];
	for (u32 i = 0; i < milliseconds; i++) {
		host.now += HOST_HZ / 1000;
		console_pump();
	}
	host_this = before;
}

static void drain(void)
{
	u32 before;

	do {
		before = wire_length;
		wire_length %= sizeof wire_text / 2;
		serve(4);
	} while (wire_length != before);
}

/* Of console, keys, line and wire: as in a new image (state.lds). Sanitizers know of the gaps between variables, so by words, and untold. */
extern u64 core_state_begin[], core_state_end[];
static u64 *core_state;

__attribute__((constructor, no_sanitize("address", "thread", "undefined"))) static void state_keep(void)
{
	core_state = malloc((u64)core_state_end - (u64)core_state_begin);
	for (u64 i = 0; core_state_begin + i < core_state_end; i++)
		core_state[i] = core_state_begin[i];
}

__attribute__((no_sanitize("address", "thread", "undefined"))) static void state_back(void)
{
	for (u64 i = 0; core_state_begin + i < core_state_end; i++)
		core_state_begin[i] = core_state[i];
}

int machine_reset(void **unused)
{
	(void)unused;
	memcpy(unit_lives, lives, sizeof lives);
	memcpy(unit_controls, controls, sizeof controls);
	unit_core = core;
	memset(crash_region, 0, sizeof crash_region);
	host_reset();
	wire_room = ~0u;
	wire_meanwhile = NULL;
	/* What an earlier test left in the rings goes out before this test looks. */
	state_back();
	for (u32 i = 0; i < CELL_COUNT; i++)
		cells[i].state = CELL_STOPPED;
	for (u32 i = 0; i < VDEV_COUNT; i++)
		machine_vdevs[i].ops->reset(&machine_vdevs[i]);
	drain();
	for (u32 i = 0; i < CELL_COUNT; i++)
		guest_print(machine_cells[i].console, "\n"); /* ends an escape sequence */
	drain();
	host_reset();
	for (u32 i = 0; i < VDEV_COUNT; i++)
		machine_vdevs[i].ops->reset(&machine_vdevs[i]);
	for (u32 i = 0; i < CELL_COUNT; i++)
		cells[i].state = CELL_RUNNING;
	for (u32 i = 0; i < VCPU_COUNT; i++)
		vcpus[i].state = VCPU_ON;
	audit_init(); /* what an earlier test has told of it is gone with the region */
	memset(wire_text, 0, sizeof wire_text);
	wire_length = wire_inits = 0;
	board_watchdog = (struct board_watchdog){ 0 };
	typed_head = typed_tail = 0;
	state_back();
	console_init();
	keys_init();
	return 0;
}
