/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What surrounds the code under test (world.h), as little of it as decides
 * anything: root, kicks, copier, guests that do anything at any time, a console
 * and a crash region that are done at any time. And what must hold.
 */
#include <string.h>

#include "world.h"
#include "core/boot.h"
#include "core/console.h"
#include "core/crash.h"
#include "core/iommu.h"
#include "core/log.h"
#include "core/pci.h"
#include "core/watch.h"
#include "vdev/vdev.h"
#include "host.h"

#ifndef SERVICE_CPU
#define SERVICE_CPU SERVICE
#endif

struct paths_world world;
static struct cpu cpus[CPU_COUNT];
_Thread_local struct cpu *host_this;
struct boot_times boot_times;
static u64 root;

const u16 machine_service_cpu = SERVICE_CPU;
const struct cpu_config machine_cpus[] = {
	{ .role = CPU_VCPU, .vcpu = 0 }, { .role = CPU_VCPU, .vcpu = 1 }, { .role = CPU_SERVICE, .cell = CELL_NONE },
};
const struct cell_config machine_cells[] = {
	{ .name = "a", .vcpu_count = 2, .ram_count = 2, .vdev_count = 1, .arch = { .root = &root, .root_value = 1, .load_entry = 1 }, .entry = 2 },
};
const struct cell_ram machine_cell_ram[] = { { 0, 0x1000 }, { 0x2000, 0x1000 } };
const u16 machine_cell_cpus[] = { 0, 1 };
static void device_reset(const struct vdev_config *dev)
{
	(void)dev;
	paths_step("device");
	for (u32 n = 0; n < 2; n++)
		if (world.in_guest[n] && root)
			paths_fail("a device is reset beside its guest");
	world.reset = true;
}

static const struct vdev device = { .reset = device_reset };
const struct vdev_config machine_vdevs[1] = { { .ops = &device } };
extern struct life_config life __asm__("machine_lives");
struct life_config life; /* constant for the code under test */

/* Nobody here looks at whose registers are captured. */
bool paths_shared(const void *p)
{
	return p != &vcpus[0].captured && p != &vcpus[1].captured;
}

struct cpu *cpu_at(u16 index) { return &cpus[index]; }

static bool is_ended(u32 state)
{
	return state == CELL_OFF || state == CELL_STOPPED || state == CELL_FAILED;
}

static bool is_over(u32 state)
{
	return state == CELL_STOPPING || state == CELL_FAILING || state == CELL_RESTARTING;
}

/* ---- the port ---- */

u64 arch_time_now(void) { return world.now; }
u64 arch_time_hz(void) { return 1000; }
void arch_cell_silence(u16 cell) { (void)cell; }
void arch_vcpu_quiesce(struct cpu *cpu) { (void)cpu; }
void arch_vcpu_pause(struct cpu *cpu) { (void)cpu; }
void arch_vcpu_record(const struct cpu *cpu, struct record *record) { (void)cpu; (void)record; }

static const u8 steps[CELL_STATE_COUNT][CELL_STATE_COUNT] = {
	[CELL_OFF] = { [CELL_STARTING] = 1 },
	[CELL_STARTING] = { [CELL_LOADING] = 1, [CELL_STOPPING] = 1 },
	[CELL_LOADING] = { [CELL_RUNNING] = 1, [CELL_STOPPING] = 1, [CELL_FAILING] = 1, [CELL_RESTARTING] = 1 },
	[CELL_RUNNING] = { [CELL_SUSPENDED] = 1, [CELL_STOPPING] = 1, [CELL_FAILING] = 1, [CELL_RESTARTING] = 1 },
	[CELL_SUSPENDED] = { [CELL_RESUMING] = 1, [CELL_STOPPING] = 1, [CELL_FAILING] = 1, [CELL_RESTARTING] = 1 },
	[CELL_RESUMING] = { [CELL_RUNNING] = 1, [CELL_SUSPENDED] = 1, [CELL_STOPPING] = 1, [CELL_FAILING] = 1, [CELL_RESTARTING] = 1 },
	[CELL_STOPPING] = { [CELL_STOPPED] = 1, [CELL_FAILED] = 1, [CELL_RESTARTING] = 1 },
	[CELL_FAILING] = { [CELL_FAILED] = 1, [CELL_RESTARTING] = 1 },
	[CELL_RESTARTING] = { [CELL_STARTING] = 1, [CELL_FAILED] = 1, [CELL_STOPPING] = 1 },
	[CELL_STOPPED] = { [CELL_STARTING] = 1 },
	[CELL_FAILED] = { [CELL_STARTING] = 1 },
};
static u32 state_seen; /* the last that came of a compare-and-swap */

bool arch_cas32(u32 *p, u32 expected, u32 value)
{
	paths_step("cas");
	if (*p != expected)
		return false;
	*p = value;
	if (p != &cells[0].state)
		return true;
	if (!steps[expected][value])
		paths_fail("a step that the table has not");
	state_seen = value;
	return true;
}

void arch_cell_revoke(u16 cell)
{
	paths_step("revoke");
	root = 0;
	cell_kick(cell);
}

void arch_cell_unrevoke(u16 cell)
{
	(void)cell;
	paths_step("unrevoke");
	world.kicks[0] = world.kicks[1] = 0;
	root = 1;
}

void arch_cell_restore(struct cpu *cpu)
{
	(void)cpu;
	paths_step("restore");
	root = 1;
}

void arch_cpu_kick(u16 index)
{
	paths_step("kick");
	world.kicks[index] = 1;
}

void arch_cpu_kicked(struct cpu *cpu)
{
	paths_step("kicked");
	world.kicks[cpu->index] = 0;
}

void arch_vcpu_paused(struct cpu *cpu)
{
	arch_cpu_kicked(cpu);
}

void arch_vcpu_resume(struct cpu *cpu)
{
	arch_cpu_kicked(cpu);
}

void arch_vcpu_reset(struct cpu *cpu, u64 entry, u64 argument, bool loading)
{
	(void)entry, (void)argument;
	paths_step("reset");
	world.kicks[cpu->index] = 0;
	if (!loading)
		world.life_of[cpu->vcpu_index] = cells[0].incarnation;
}

void arch_vcpu_clear(struct cpu *cpu, u64 base, u64 size)
{
	(void)base, (void)size;
	paths_step("clear");
	world.kicks[cpu->index] = 0;
}

/* The last end's must be kept by now, or its time is over. */
void arch_vcpu_capture(const struct cpu *cpu, struct vcpu_registers *to)
{
	u32 before = cells[0].incarnation - 1;

	(void)cpu, (void)to;
	if (world.recorded >= before && world.kept < before && before && !world.given_up)
		paths_fail("registers of an end are lost before they are kept");
}

void arch_cpu_wait(void)
{
	paths_wait("sleep");
}

/* ---- the rest of the core ---- */

void (log_put)(enum log_message message, u32 cell, ...) { (void)message; (void)cell; }
void console_notify(struct cpu *cpu) { (void)cpu; }
bool console_prints(struct cpu *cpu) { (void)cpu; return false; }
void pci_stop(u16 cell) { (void)cell; }
bool pci_restored(struct cpu *cpu) { (void)cpu; return true; }
void watch_event(u16 cell, enum life_event event) { (void)cell; (void)event; }
void watch_reset(u16 cell) { (void)cell; }
void watch_slept(u16 cell, u64 ticks) { (void)cell; (void)ticks; }
void watch_ask(u16 cell, enum life_op op, u16 by) { (void)cell; (void)op; (void)by; }
u32 watch_asked(u16 cell, u64 *left) { (void)cell; *left = 0; return 0; }

void iommu_start(struct cpu *cpu)
{
	(void)cpu;
	paths_step("streams on");
	world.streams = true;
}

void iommu_stop(u16 cell)
{
	(void)cell;
	paths_step("streams off");
	world.streams = false;
}

enum iommu_state iommu_state(u16 cell)
{
	(void)cell;
	return world.streams ? IOMMU_ON : IOMMU_OFF;
}

bool crash_is_kept(u16 cell, u32 incarnation)
{
	(void)cell;
	return world.kept >= incarnation;
}

/* ---- the service CPU ---- */

static void operate(void)
{
	static const enum life_op ops[] = { LIFE_START, LIFE_KILL, LIFE_RESTART, LIFE_SUSPEND, LIFE_RESUME };
	u32 count = 0;
	enum life_op allowed[ARRAY_COUNT(ops)];

	for (u32 i = 0; i < ARRAY_COUNT(ops) && world.left.operations; i++)
		if (world.left.allowed >> ops[i] & 1)
			allowed[count++] = ops[i];
	u32 choice = paths_choose("operation", 1 + count);

	if (!choice)
		return;
	world.left.operations--;
	life_do(0, allowed[choice - 1], CONTROLLER_OPERATOR);
}

static void tell(void)
{
	struct cell *cell = &cells[0];

	if (cell->record_state != RECORD_READY)
		return;
	world.recorded = cell->record.incarnation;
	switch (paths_choose("console, crash region", 3)) {
	case 0: break;
	case 1: /* kept when all are in */
		if (!life_missing(0) || world.given_up)
			world.kept = cell->record.incarnation;
		break;
	default:
		cell->record_state = RECORD_PRINTED;
	}
}

static void keep_later(void)
{
	struct cell *cell = &cells[0];

	if (cell->record_state == RECORD_PRINTED && cell->record.incarnation == world.recorded && (!life_missing(0) || world.given_up))
		world.kept = world.recorded;
}

void core_serve(void)
{
	operate();
	if (world.left.policy && paths_choose("policy", 2)) {
		world.left.policy--;
		life_end(0, STOP_WATCHDOG, "x", BY_POLICY, CELL_RESTARTING);
	}
	/* At any other time nobody minds */
	if (world.left.timeouts && (is_over(cells[0].state) || cells[0].state == CELL_RESUMING) && paths_choose("time passes", 2)) {
		world.left.timeouts--;
		world.given_up = true;
		world.now += 10000;
	}
	tell();
	keep_later();
	life_serve();
}

/* ---- the cell's CPUs ---- */

static void stop(struct cpu *cpu, enum stop_reason reason)
{
	cell_stop(cpu, reason, NULL);
	cell_park(cpu);
}

/* own: it would fault with all its memory, too */
static void fault(struct cpu *cpu, bool own)
{
	if (life_was_suspended(cpu))
		return;
	if (cell_is_ending(0)) {
		cell_park(cpu);
		return;
	}
	if (!own)
		paths_fail("a suspension is taken for the guest's own fault");
	stop(cpu, STOP_FAULT);
}

static void copier(struct cpu *cpu)
{
	bool clears = cpu->copier == COPIER_CLEAR;

	if (paths_choose("copier", world.left.copier ? 2 : 1)) {
		world.left.copier--;
		fault(cpu, true);
		return;
	}
	if (clears && ++world.pieces == 2) {
		world.pieces = 0;
		world.memory = MEMORY_CLEAR;
	} else if (!clears) {
		if (world.memory != MEMORY_CLEAR)
			paths_fail("a life begins with another's memory");
		if (!world.reset)
			paths_fail("a life begins with another's devices");
		world.memory = MEMORY_LOADED;
	}
	cell_loaded(cpu);
}

enum { SPINS, FAULTS, SWITCHES_OFF, POWER, IS_DEAF, GUEST_COUNT };

/* What this guest may do now; returns how many. */
static u32 wishes(u32 n, u32 wish[GUEST_COUNT])
{
	u32 count = 0;

	wish[count++] = SPINS;
	if (world.left.faults[n])
		wish[count++] = FAULTS;
	if (world.left.offs)
		wish[count++] = SWITCHES_OFF;
	if (world.left.power)
		wish[count++] = POWER;
	if (world.left.deaf)
		wish[count++] = IS_DEAF;
	return count;
}

/* The other vCPU may have been faster. */
static bool spend(u32 n, u32 wish)
{
	u8 *left = wish == FAULTS ? &world.left.faults[n] : wish == SWITCHES_OFF ? &world.left.offs : wish == POWER ? &world.left.power : &world.left.deaf;

	if (!*left)
		return false;
	--*left;
	return true;
}

static void instruction(struct cpu *cpu)
{
	u32 n = cpu->vcpu_index, wish[GUEST_COUNT], count = wishes(n, wish), choice;

	world.in_guest[n] = true;
	choice = wish[paths_choose("guest", count)]; /* each of them is an instruction that is fetched first */
	if (count < 2)
		paths_step("guest");
	if (!root) {
		world.in_guest[n] = false;
		fault(cpu, false);
		return;
	}
	if (world.kicks[n] && !world.given_up && !is_over(cells[0].state))
		paths_fail("a kick reaches a guest that goes on");
	if (world.life_of[n] != cells[0].incarnation || is_ended(cells[0].state) || cells[0].state == CELL_STARTING || cells[0].state == CELL_LOADING)
		paths_fail("a guest goes on after its life");
	world.memory = MEMORY_DIRTY;
	world.reset = false;
	if (choice == SPINS || !spend(n, choice))
		return;
	world.in_guest[n] = false;
	switch (choice) {
	case FAULTS:
		fault(cpu, true);
		return;
	case SWITCHES_OFF:
		stop(cpu, STOP_SYSTEM_OFF);
		return;
	case POWER:
		if (n == FIRST)
			power_vcpu_on(cpu, SECOND, 0, 0);
		else
			power_vcpu_off(cpu);
		return;
	default:
		world.deaf[n] = true;
		paths_wait("deaf");
	}
}

/* A boot that is long over, or a CPU that serves on its own. */
void world_cpu(u32 thread)
{
	struct cpu *cpu = &cpus[thread];

	if (thread == SERVICE) {
		for (;;) {
			core_serve();
			arch_cpu_wait();
			arch_cpu_kicked(cpu);
		}
	}
	if (!world.runs) {
		life_boot(cpu);
		cell_park(cpu);
	}
	for (;;) {
		if (cpu->copier != COPIER_NONE)
			copier(cpu);
		else
			instruction(cpu);
		/* A tick of the service CPU, taken from its guest or its copier */
		if (thread == machine_service_cpu)
			core_serve();
	}
}

/* Of a tick that finds nothing to do nothing is seen. */
static bool has_work(void)
{
	const struct cell *cell = &cells[0];
	u32 sent = 2 * cell->incarnation + 1;
	bool all = (vcpus[0].parked == sent && vcpus[1].parked == sent) || world.given_up;

	if (world.left.operations || world.left.policy || world.left.timeouts || cell->state == CELL_RESUMING)
		return true;
	if (cell->record_state == RECORD_READY || (cell->record_state == RECORD_PRINTED && world.kept < world.recorded && all))
		return true;
	return is_over(cell->state) && (cell->released != sent || (world.given_up && cell->given_up != sent));
}

bool world_ready(u32 thread)
{
	if (thread < 2 && world.deaf[thread])
		return false;
	return world.kicks[thread] || (thread == machine_service_cpu && has_work());
}

void world_before(u32 thread)
{
	host_this = &cpus[thread];
}

/* ---- what must hold ---- */

/* What is only counted or measured is no state. */
static void forget_figures(void)
{
	for (u32 i = 0; i < CPU_COUNT; i++)
		for (u32 n = 0; n < EXIT_REASON_COUNT; n++)
			cpus[i].exits[n] = 0;
	cells[0].times.regain = cells[0].times.stop = cells[0].times.start = cells[0].times.clear = 0;
}

void world_check(void)
{
	forget_figures();
	if (cells[0].state != state_seen)
		paths_fail("the state is stored, not swapped");
	if (cpus[FIRST].copier == COPIER_NONE)
		return;
	if (cells[0].state == CELL_RUNNING)
		return; /* on its way out of it */
	for (u32 n = 0; n < 2; n++)
		if (world.in_guest[n] && root)
			paths_fail("a guest runs beside the copier");
	if (cpus[FIRST].copier == COPIER_CLEAR && root)
		paths_fail("memory that is in reach is being cleared");
	if (cpus[FIRST].copier == COPIER_CLEAR && world.streams)
		paths_fail("memory that devices reach is being cleared");
}

/* At rest: each CPU waits, or is in its guest. Nobody has to do anything for it to stay so. */
bool world_is_stable(void)
{
	u32 state = cells[0].state;

	switch (state) {
	case CELL_OFF: return true;
	case CELL_RUNNING: return root == 1 && world.streams && cpus[FIRST].copier == COPIER_NONE;
	case CELL_SUSPENDED: return !root && vcpus[0].waits == cells[0].suspends && (vcpus[1].waits == cells[0].suspends || world.deaf[SECOND]);
	case CELL_STOPPED:
	case CELL_FAILED: return !root && !world.streams && (world.memory == MEMORY_CLEAR || cells[0].unclean) && cpus[FIRST].copier == COPIER_NONE;
	default: return world.deaf[FIRST] || (state == CELL_SUSPENDED && world.deaf[SECOND]);
	}
}

/* It runs, and its second vCPU, too. */
static void begin_running(void)
{
	cells[0].state = state_seen = CELL_RUNNING;
	cells[0].incarnation = 1;
	world.runs = world.streams = true;
	world.memory = MEMORY_DIRTY;
	for (u32 n = 0; n < 2; n++) {
		world.life_of[n] = 1;
		vcpus[n].state = VCPU_ON;
	}
}

void world_begin(const struct budget *budget, enum beginning beginning)
{
	memset(cells, 0, sizeof cells[0]);
	memset(vcpus, 0, 2 * sizeof vcpus[0]);
	memset(&world, 0, sizeof world);
	memset(cpus, 0, sizeof cpus);
	world.left = *budget;
	world.now = 1;
	root = 1;
	state_seen = CELL_OFF;
	life = (struct life_config){ .actions = { [EVENT_FAULT] = ACTION_STOP, [EVENT_RESET] = ACTION_RESTART, [EVENT_WATCHDOG] = ACTION_RESTART }, .manual = beginning == BY_HAND };
	for (u16 i = 0; i < CPU_COUNT; i++)
		cpu_init(&cpus[i], i);
	if (beginning == RUNS)
		begin_running();
}
