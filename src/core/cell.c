/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What a cell's own CPUs do in its life: begin, load, stop, wait in the core.
 * Who decides what becomes of it is life.h.
 *
 * cells[].state is changed by compare-and-swap alone, so that of two that would
 * stop a cell at once one does, and writes its record, and the other only parks.
 */
#include "core/boot.h"
#include "core/bound.h"
#include "core/cell.h"
#include "core/console.h"
#include "core/debug.h"
#include "core/iommu.h"
#include "core/life_steps.h"
#include "core/metrics.h"
#include "core/pci.h"
#include "core/trace.h"
#include "vdev/vdev.h"

struct cell cells[CELL_COUNT ? CELL_COUNT : 1];
struct vcpu vcpus[VCPU_COUNT ? VCPU_COUNT : 1];

struct vcpu *cell_vcpu(u16 cell, u16 n)
{
	return &vcpus[machine_cells[cell].first_cpu + n];
}

u16 cell_cpu(u32 cell, u32 n)
{
	return machine_cell_cpus[machine_cells[cell].first_cpu + n];
}

void cell_call(u32 cell, u32 n)
{
	u16 cpu = cell_cpu(cell, n);

	if (cpu != arch_cpu_this()->index)
		arch_cpu_kick(cpu);
}

const struct vdev_config *cell_console(u32 cell)
{
	u32 index = machine_cells[cell].console;

	return index < VDEV_COUNT ? &machine_vdevs[index] : NULL;
}

static void glance_init(struct cpu *cpu)
{
	const struct vdev_config *dev = cell_console(cpu->cell_index);

	if (dev && dev->ops->glance) {
		cpu->glanced = dev;
		cpu->glanced_at = dev->base + dev->ops->glance_offset;
	}
}

void cpu_init(struct cpu *cpu, u16 index)
{
	const struct cpu_config *config = &machine_cpus[index];

	BOUND_ENTRY(CPU_COUNT, BOUND_CPUS);
	cpu->config = config;
	cpu->index = index;
	cpu->cell_index = config->cell;
	cpu->vcpu_index = config->vcpu;
	cpu->cell = NULL;
	cpu->vcpu = NULL;
	cpu->vdevs = NULL;
	cpu->glanced_at = ~0ULL;
	cpu->pump_due = 0;
	if (CONFIG_TRACE)
		cpu->trace = (struct trace) { 0 };
	for (u32 i = 0; i < EXITS_COUNTED; i++)
		cpu->exits[i] = 0;
	for (u32 i = 0; i < ARRAY_COUNT(cpu->paths); i++)
		cpu->paths[i] = 0;
	cpu->path_since = 0;
	if (config->role == CPU_VCPU) {
		cpu->cell = &machine_cells[config->cell];
		cpu->vdevs = &machine_vdevs[cpu->cell->first_vdev];
		cpu->vcpu = cell_vcpu(config->cell, config->vcpu);
		glance_init(cpu);
		if (CONFIG_TRACE_AT_BOOT)
			atomic_store32(&cpu->vcpu->trace, TRACE_WANTED);
	}
}

u64 cell_exits(const struct cpu *cpu)
{
	u64 total = 0;

	for (u32 i = 0; i < EXITS_COUNTED; i++)
		total += __atomic_load_n(&cpu->exits[i], __ATOMIC_RELAXED);
	return total;
}

void cell_reset_devices(struct cpu *cpu)
{
	for (u16 i = 0; i < cpu->cell->vdev_count; i++) {
		LOOP_BOUND(CELL_VDEV_LIMIT);
		cpu->vdevs[i].ops->reset(&cpu->vdevs[i]);
	}
}

static u64 load_started; /* ticks; last cell to load, for boot_times only */

bool cell_start(struct cpu *cpu)
{
	struct cell *cell = &cells[cpu->cell_index];

	load_started = arch_time_now();
	atomic_store32(&cpu->vcpu->state, VCPU_ON);
	atomic_store32(&cell->incarnation, cell->incarnation + 1); /* before the state: who stops this life names it */
	if (!arch_cas32(&cell->state, CELL_STARTING, CELL_LOADING))
		return false;
	trace_life(cpu->cell_index, CELL_LOADING, BY_ITSELF);
	cpu->copier = COPIER_LOAD;
	arch_vcpu_reset(cpu, cpu->cell->arch.load_entry, cpu->cell->arch.load_list, true);
	life_put(&cell->times.start, arch_time_now() - life_get(&cell->since));
	return true;
}

void cell_loaded(struct cpu *cpu)
{
	struct cell *cell = &cells[cpu->cell_index];
	u64 now = arch_time_now();

	if (cpu->copier == COPIER_CLEAR) {
		life_cleared(cpu);
		return;
	}
	boot_times.copy = now - load_started;
	iommu_start(cpu);
	if (arch_cas32(&cell->state, CELL_LOADING, CELL_RUNNING)) {
		trace_life(cpu->cell_index, CELL_RUNNING, BY_ITSELF);
		cpu->copier = COPIER_NONE;
		arch_vcpu_reset(cpu, cpu->cell->entry, cpu->cell->dtb, false);
		life_put(&cell->times.start, life_get(&cell->times.start) + arch_time_now() - now);
		if (debug_is_allowed(cpu->cell))
			debug_begins(cpu);
	} else {
		iommu_stop(cpu->cell_index); /* whoever stopped the cell may have done so before they were on */
		cell_park(cpu);
	}
}

bool cell_is_ending(u16 cell)
{
	return !cell_state_lives(atomic_load32(&cells[cell].state));
}

bool cell_may_run(u16 cell)
{
	u32 state = atomic_load32(&cells[cell].state);

	return state == CELL_RUNNING || state == CELL_LOADING;
}

/* Of another CPU's doing the ISA has nothing to say: see the vCPUs' registers. */
static void no_registers(struct record *record)
{
	record->pc = 0;
	for (u32 i = 0; i < ARRAY_COUNT(record->regs); i++)
		record->regs[i] = 0;
	for (u32 i = 0; i < ARRAY_COUNT(record->detail); i++)
		record->detail[i] = 0;
}

/* One that waits to be printed, of an earlier life, is not overwritten. Who looks for this one looks at its number, then at its state. */
void cell_record(u16 index, const struct cpu *cpu, enum stop_reason reason, const char *what, u16 by, u32 end)
{
	struct cell *cell = &cells[index];
	bool heard = atomic_load32(&cell->record_state) != RECORD_READY;
	struct record *record = heard ? &cell->record : &cell->unheard;
	u32 *state = heard ? &cell->record_state : &cell->unheard_state;

	atomic_store32(state, RECORD_WRITING);
	atomic_store32(&record->incarnation, atomic_load32(&cell->incarnation));
	record->cpu = cpu ? cpu->index : arch_cpu_this()->index;
	record->vcpu = cpu ? cpu->vcpu_index : 0;
	record->reason = (u16)reason;
	record->end = (u16)end;
	record->by = by;
	record->what = what;
	record->when = arch_time_now();
	if (cpu)
		arch_vcpu_record(cpu, record);
	else
		no_registers(record);
	atomic_store32(state, RECORD_READY);
}

void cell_kick(u16 cell)
{
	for (u16 n = 0; n < machine_cells[cell].vcpu_count; n++) {
		LOOP_BOUND(CELL_VCPU_LIMIT);
		cell_call(cell, n);
	}
}

void cell_cut(u16 cell)
{
	arch_cell_silence(cell);
	life_put(&cells[cell].times.regain, 0);
	life_put(&cells[cell].times.revoked, arch_time_now());
	arch_cell_revoke(cell); /* after the state: who faults on it must see why */
	iommu_stop(cell); /* before its devices are asked to be quiet: they need not answer soon, or at all */
}

/* The state is one that a cell's own guest can end. */
static bool end_from(u32 *state, u32 end)
{
	u32 from = atomic_load32(state);

	/* It changes meanwhile only as others suspend, resume or stop the cell: a few times */
	while (cell_state_lives(from)) {
		LOOP_BOUND(4);
		if (arch_cas32(state, from, end))
			return true;
		from = atomic_load32(state);
	}
	return false;
}

void cell_stop(struct cpu *cpu, enum stop_reason reason, const char *what)
{
	u16 index = cpu->cell_index;
	u64 since = arch_time_now();
	u32 end = life_decide(cpu, reason);

	if (!end_from(&cells[index].state, end))
		return; /* another was first: its record stands */
	trace_life(index, end, BY_ITSELF);
	life_put(&cells[index].since, since);
	cell_record(index, cpu, reason, what, BY_ITSELF, end);
	cell_cut(index);
	pci_stop(index);
	life_ended(index, reason, end);
	console_notify(cpu);
}

void cell_park(struct cpu *cpu)
{
	struct vcpu *vcpu = cpu->vcpu;
	u32 power;

	if (debug_is_allowed(cpu->cell))
		debug_drop(cpu);
	life_capture(cpu);
	metrics_void(cpu);
	arch_vcpu_quiesce(cpu);
	for (;;) {
		LOOP_RESIDENCE();
		if (trace_is_wished(vcpu))
			trace_follow(cpu);
		if (cpu->index == machine_service_cpu)
			core_serve(); /* whatever has become of the cell */
		else if (machine_service_cpu == CPU_NONE && console_prints(cpu))
			continue; /* what has ended is told before it begins again */
		enum life_place step = life_poll(cpu);

		if (step == LIFE_LEAVE)
			return;
		/* Looked at once: what comes after this look comes with a kick, which ends the wait */
		power = atomic_load32(&cells[cpu->cell_index].state) == CELL_RUNNING ? atomic_load32(&vcpu->state) : (u32)VCPU_OFF;
		if (power == VCPU_ON_PENDING)
			break;
		if (power != VCPU_CLAIMED && step == LIFE_SLEEP)
			arch_cpu_wait();
		arch_cpu_kicked(cpu);
	}
	u64 entry = vcpu->entry, argument = vcpu->argument;

	atomic_store32(&vcpu->state, VCPU_ON);
	arch_vcpu_reset(cpu, entry, argument, false);
	if (debug_is_allowed(cpu->cell))
		debug_arm(cpu);
}
