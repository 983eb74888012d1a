/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A stopped cell is loaded again by its own first CPU, the way it was loaded
 * first, when nobody else is in it any more:
 *
 *   stopping CPU   state := RESTARTING, record, memory revoked, kicks
 *   other vCPUs    fault or wake -> parked, private state clean -> "parked" --kick--+
 *   service CPU    record printed, or half a second --------------> "released" -kick-+
 *   first CPU      parked, waits for all of them <------------------------------------+
 *                  devices, lines, memory as at boot -> cell_start -> copier
 *
 * No lock: each word has one writer and names the incarnation it is about, so
 * that an old one means nothing. A word is written twice, around its kick. The
 * first CPU goes only when all kicks that were meant for it have been sent, and
 * its reset clears what is left of them: none reaches the new guest.
 */
#include "core/life.h"
#include "core/console.h"
#include "core/iommu.h"
#include "core/pci.h"
#include "vdev/vdev.h"

#define KICK_COMES(incarnation) (2 * (incarnation))
#define KICK_SENT(incarnation) (2 * (incarnation) + 1)
/* How long a restart waits for its record to be printed: as long as the stop of a cell prints without a service CPU. */
#define RECORD_TIME(hz) ((hz) / 2)

/* Of the service CPU: in which incarnation it first saw a cell wait, and when. */
static struct {
	u32 incarnation;
	u64 since;
} waiting[CELL_COUNT ? CELL_COUNT : 1];

/* ---- whether ---- */

static bool is_wanted(const struct cell_config *config, u32 reason)
{
	switch (reason) {
	case STOP_SYSTEM_OFF: return false;
	case STOP_SYSTEM_RESET: return config->restart & RESTART_ON_RESET;
	default: return config->restart & RESTART_ON_FAILURE;
	}
}

/* Would this be one too many? Restart r is r incarnations after the first; restarts[] remembers the last restart_count. */
static bool is_spent(const struct cell_config *config, const struct cell *cell)
{
	u32 done = atomic_load32(&cell->incarnation) - 1, count = config->restart_count;

	return count && done >= count &&
	       arch_time_now() - cell->restarts[done % count] < config->restart_seconds * arch_time_hz();
}

u32 life_decide(const struct cpu *cpu, enum stop_reason reason)
{
	if (is_wanted(cpu->cell, reason) && iommu_state(cpu->cell_index) != IOMMU_BROKEN)
		return is_spent(cpu->cell, &cells[cpu->cell_index]) ? CELL_FAILED : CELL_RESTARTING;
	return reason == STOP_SYSTEM_OFF || reason == STOP_SYSTEM_RESET ? CELL_STOPPED : CELL_FAILED;
}

/* ---- who has left ---- */

/* To the cell's first CPU, by word and kick. */
static void tell(u16 cell, u32 *word, u32 incarnation)
{
	if (atomic_load32(word) == KICK_SENT(incarnation))
		return;
	atomic_store32(word, KICK_COMES(incarnation));
	arch_cpu_kick(machine_cell_cpus[machine_cells[cell].first_cpu]);
	atomic_store32(word, KICK_SENT(incarnation));
}

/* The incarnation is read before the state: cell_start. */
static void tell_parked(const struct cpu *cpu)
{
	struct cell *cell = &cells[cpu->cell_index];
	u32 incarnation = atomic_load32(&cell->incarnation);

	if (atomic_load32(&cell->state) == CELL_RESTARTING)
		tell(cpu->cell_index, &cpu->vcpu->parked, incarnation);
}

/* The other vCPUs, and in the place of this one the service CPU. */
static enum life_place all_have_left(const struct cpu *cpu)
{
	const struct cell *cell = &cells[cpu->cell_index];
	u32 sent = KICK_SENT(cell->incarnation), coming = KICK_COMES(cell->incarnation), word;
	bool all = true;

	for (u16 n = 0; n < cpu->cell->vcpu_count; n++) {
		if (n != cpu->vcpu_index)
			word = atomic_load32(&cell_vcpu(cpu->cell_index, n)->parked);
		else
			word = machine_service_cpu == CPU_NONE ? sent : atomic_load32(&cell->released);
		if (word == coming)
			return LIFE_LOOK;
		all = all && word == sent;
	}
	return all ? LIFE_LEAVE : LIFE_SLEEP;
}

/* ---- again ---- */

static void start_again(struct cpu *cpu)
{
	struct cell *cell = &cells[cpu->cell_index];
	const struct cell_config *config = cpu->cell;

	if (config->restart_count)
		cell->restarts[(cell->incarnation - 1) % config->restart_count] = arch_time_now();
	cell->cleaned = 0;
	arch_cas32(&cell->record_state, RECORD_PRINTED, RECORD_NONE); /* one that still waits is printed while the cell runs again */
	for (u16 i = 0; i < config->vdev_count; i++)
		cpu->vdevs[i].ops->reset(&cpu->vdevs[i]); /* before the lines: what the pump says of a device from now on is that it is quiet */
	arch_cell_restore(cpu);
	for (u16 n = 0; n < config->vcpu_count; n++)
		atomic_store32(&cell_vcpu(cpu->cell_index, n)->state, VCPU_OFF);
	cell_start(cpu);
}

/*
 * Nothing writes the cell's memory any more, and its devices are as at boot. An IOMMU that does not say so is the end:
 * what a device was told to write would land in the next life.
 */
static bool devices_are_off(struct cpu *cpu)
{
	switch (iommu_state(cpu->cell_index)) {
	case IOMMU_OFF: return pci_restored(cpu);
	case IOMMU_BROKEN: atomic_store32(&cells[cpu->cell_index].state, CELL_FAILED); return false;
	default: return false;
	}
}

enum life_place life_poll(struct cpu *cpu)
{
	enum life_place step;

	if (cpu->vcpu_index) {
		tell_parked(cpu);
		return LIFE_SLEEP;
	}
	if (atomic_load32(&cells[cpu->cell_index].state) != CELL_RESTARTING)
		return LIFE_SLEEP;
	step = all_have_left(cpu);
	if (step != LIFE_LEAVE)
		return step;
	if (!devices_are_off(cpu))
		return LIFE_LOOK;
	start_again(cpu);
	return LIFE_LEAVE;
}

/*
 * What the images do not cover keeps the last life's bytes, and caches may hold
 * them newer than memory does. The guest starts with its caches off: such a
 * line, written back later, would overwrite what it has stored.
 */
bool life_cleared(struct cpu *cpu)
{
	struct cell *cell = &cells[cpu->cell_index];
	const struct cell_ram *ram = &machine_cell_ram[cpu->cell->first_ram + cell->cleaned];

	if (cell->incarnation <= 1 || cell->cleaned == cpu->cell->ram_count)
		return false;
	cell->cleaned++;
	arch_vcpu_clean(cpu, ram->base, ram->size);
	return true;
}

/* ---- the service CPU ---- */

void life_reported(u16 cell)
{
	const struct cell_config *config = &machine_cells[cell];
	const struct record *record = &cells[cell].record;

	if (iommu_state(cell) == IOMMU_BROKEN)
		return; /* it is not, and that was said */
	if (record->end == CELL_RESTARTING)
		console_printf("cell %s: restarted, number %u", config->name, record->incarnation);
	else if (is_wanted(config, record->reason))
		console_printf("cell %s: more than %u restarts within %u seconds: it stays failed", config->name,
			       config->restart_count, config->restart_seconds);
}

static bool is_told(u16 cell, u32 incarnation)
{
	if (atomic_load32(&cells[cell].record_state) == RECORD_PRINTED)
		return true;
	if (waiting[cell].incarnation != incarnation) {
		waiting[cell].incarnation = incarnation;
		waiting[cell].since = arch_time_now();
	}
	return arch_time_now() - waiting[cell].since >= RECORD_TIME(arch_time_hz());
}

/* A console that prints nothing may not keep a cell from coming back. */
void life_serve(void)
{
	for (u16 i = 0; i < CELL_COUNT; i++) {
		u32 incarnation = atomic_load32(&cells[i].incarnation);

		if (atomic_load32(&cells[i].state) == CELL_RESTARTING && is_told(i, incarnation))
			tell(i, &cells[i].released, incarnation);
	}
}
