/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The life of a cell: loaded by its own first CPU, run, stopped, and perhaps
 * loaded again (life.c).
 *
 *   OFF -> LOADING -> RUNNING -> STOPPED (own wish) or FAILED (fault)
 *           ^  |         |         ^
 *           |  +---------+---------+
 *           +-- RESTARTING <-------+ if its policy says so
 *
 * Who may change what: cells[].state by compare-and-swap from any CPU of the
 * cell, so that of two vCPUs that fault at once one stops the cell and writes
 * its record, and the other only parks.
 */
#include "core/boot.h"
#include "core/cell.h"
#include "core/console.h"
#include "core/iommu.h"
#include "core/pci.h"
#include "core/life.h"

struct cell cells[CELL_COUNT ? CELL_COUNT : 1];
struct vcpu vcpus[VCPU_COUNT ? VCPU_COUNT : 1];

struct vcpu *cell_vcpu(u16 cell, u16 n)
{
	return &vcpus[machine_cells[cell].first_cpu + n];
}

void cpu_init(struct cpu *cpu, u16 index)
{
	const struct cpu_config *config = &machine_cpus[index];

	cpu->config = config;
	cpu->index = index;
	cpu->cell_index = config->cell;
	cpu->vcpu_index = config->vcpu;
	cpu->cell = NULL;
	cpu->vcpu = NULL;
	cpu->vdevs = NULL;
	for (u32 i = 0; i < EXIT_REASON_COUNT; i++)
		cpu->exits[i] = 0;
	if (config->role == CPU_VCPU) {
		cpu->cell = &machine_cells[config->cell];
		cpu->vdevs = &machine_vdevs[cpu->cell->first_vdev];
		cpu->vcpu = cell_vcpu(config->cell, config->vcpu);
	}
}

static u64 load_started; /* ticks; last cell to load, for boot_times only */

void cell_start(struct cpu *cpu)
{
	struct cell *cell = &cells[cpu->cell_index];

	load_started = arch_time_now();
	atomic_store32(&cell->state, CELL_LOADING);
	atomic_store32(&cell->incarnation, cell->incarnation + 1); /* after the state: who reads it first never takes the last stop for this life's */
	atomic_store32(&cpu->vcpu->state, VCPU_ON);
	arch_vcpu_reset(cpu, cpu->cell->arch.load_entry, cpu->cell->arch.load_list, true);
}

void cell_loaded(struct cpu *cpu)
{
	if (life_cleared(cpu))
		return; /* the copier goes on */
	boot_times.copy = arch_time_now() - load_started;
	iommu_start(cpu);
	if (arch_cas32(&cells[cpu->cell_index].state, CELL_LOADING, CELL_RUNNING)) {
		arch_vcpu_reset(cpu, cpu->cell->entry, cpu->cell->dtb, false);
	} else {
		iommu_stop(cpu->cell_index); /* whoever stopped the cell may have done so before they were on */
		cell_park(cpu);
	}
}

bool cell_is_alive(u16 cell)
{
	u32 state = atomic_load32(&cells[cell].state);

	return state == CELL_RUNNING || state == CELL_LOADING;
}

/* Of the CPU that stopped the cell. One that waits to be printed, of an earlier life, is not overwritten. */
static void write_record(struct cpu *cpu, enum stop_reason reason, const char *what, u32 end)
{
	struct cell *cell = &cells[cpu->cell_index];

	if (atomic_load32(&cell->record_state) == RECORD_READY)
		return;
	cell->record.cpu = cpu->index;
	cell->record.vcpu = cpu->vcpu_index;
	cell->record.reason = (u16)reason;
	cell->record.end = (u16)end;
	cell->record.incarnation = cell->incarnation;
	cell->record.what = what;
	arch_vcpu_record(cpu, &cell->record);
	atomic_store32(&cell->record_state, RECORD_READY);
}

void cell_stop(struct cpu *cpu, enum stop_reason reason, const char *what)
{
	u16 index = cpu->cell_index;
	u32 *state = &cells[index].state;
	u32 end = life_decide(cpu, reason);

	/* In the order in which it changes, so that it does not slip from one to the other between two looks */
	if (!arch_cas32(state, CELL_LOADING, end) && !arch_cas32(state, CELL_RUNNING, end))
		return; /* another vCPU was first: its record stands */
	write_record(cpu, reason, what, end);
	arch_cell_silence(index);
	arch_cell_revoke(index); /* after the state: who faults on it must see why */
	for (u16 n = 0; n < cpu->cell->vcpu_count; n++)
		if (n != cpu->vcpu_index)
			arch_cpu_kick(machine_cell_cpus[cpu->cell->first_cpu + n]);
	iommu_stop(index); /* before its devices are asked to be quiet: they need not answer soon, or at all */
	pci_stop(index);
	console_notify(cpu);
}

void cell_park(struct cpu *cpu)
{
	struct vcpu *vcpu = cpu->vcpu;
	u32 power;

	arch_vcpu_quiesce(cpu);
	for (;;) {
		if (cpu->index == machine_service_cpu)
			core_serve(cpu); /* whatever has become of the cell */
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
}
