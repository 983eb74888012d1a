/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Switching vCPUs of a cell on and off. The physical CPU is never turned off:
 * a vCPU that is off is parked in the core (cell_park).
 *
 *   OFF -cas-> CLAIMED -> ON_PENDING -> ON -> OFF
 *   caller     caller     caller        the vCPU's own CPU
 *
 * CLAIMED exists so that of two callers one writes the entry point alone. The
 * kick is sent in that state; who is woken by it and finds CLAIMED looks again.
 */
#include "core/bound.h"
#include "core/cell.h"

/* Could an instruction of the cell be there? */
static bool is_memory(const struct cell_config *cell, u64 address)
{
	for (u32 i = 0; i < cell->ram_count; i++) {
		LOOP_BOUND(CELL_RAM_LIMIT);
		const struct cell_ram *ram = &machine_cell_ram[cell->first_ram + i];

		if (address - ram->base < ram->size)
			return true;
	}
	return false;
}

enum power_result power_vcpu_on(struct cpu *cpu, u64 target, u64 entry, u64 argument)
{
	if (target >= cpu->cell->vcpu_count)
		return POWER_INVALID;
	if (!is_memory(cpu->cell, entry))
		return POWER_INVALID_ADDRESS;
	struct vcpu *vcpu = cell_vcpu(cpu->cell_index, (u16)target);

	if (!arch_cas32(&vcpu->state, VCPU_OFF, VCPU_CLAIMED))
		return atomic_load32(&vcpu->state) == VCPU_ON ? POWER_ALREADY_ON : POWER_ON_PENDING;
	vcpu->entry = entry;
	vcpu->argument = argument;
	arch_cpu_kick(machine_cell_cpus[cpu->cell->first_cpu + target]); /* on its way before the vCPU may leave: arch_vcpu_reset clears it */
	atomic_store32(&vcpu->state, VCPU_ON_PENDING);
	return POWER_OK;
}

void power_vcpu_off(struct cpu *cpu)
{
	arch_vcpu_quiesce(cpu); /* before the vCPU can be seen off and switched on again */
	atomic_store32(&cpu->vcpu->state, VCPU_OFF);
	cell_park(cpu);
}

enum power_result power_vcpu_state(struct cpu *cpu, u64 target, enum vcpu_state *state)
{
	if (target >= cpu->cell->vcpu_count)
		return POWER_INVALID;
	*state = (enum vcpu_state)atomic_load32(&cell_vcpu(cpu->cell_index, (u16)target)->state);
	return POWER_OK;
}
