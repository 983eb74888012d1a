/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The streams of cells' devices, in force and revoked (iommu.h).
 *
 *   iommu_start, iommu_stop    streams_wanted := the next wish
 *   any CPU of those that may  claim -> table entries, commands, SYNC -> streams_done -> let go -> look again
 *
 * Wishes are numbered, so that the answer to an older one is never taken for the
 * answer to the last.
 *
 * Who is at it lets go, then looks for wishes; who wishes writes the wish, then
 * tries to claim. One of the two sees the other: sequentially consistent on both
 * sides (docs/hardware-only.md).
 */
#include "core/iommu.h"
#include "core/bound.h"
#include "core/iommu_events.h"
#include "core/log.h"

#define EVENTS_SERVICE IOMMU_EVENTS_MOST /* at one time, on a CPU that has nothing else to do, */
#define EVENTS_SHARED 4u   /* and on a cell's */
/* How long the start of a cell waits for another CPU. The hardware's own limit is the port's, and shorter. */
#define START_TIME(hz) (hz)

static u32 claimed; /* [A] a CPU is at the IOMMUs */

void iommu_init(void)
{
	for (u16 i = 0; i < IOMMU_COUNT; i++) {
		LOOP_BOUND(IOMMU_COUNT);
		arch_iommu_init(i);
	}
}

static bool has_streams(u16 cell)
{
	for (u32 i = 0; i < STREAM_COUNT; i++) {
		LOOP_BOUND(STREAM_COUNT);
		if (machine_streams[i].cell == cell)
			return true;
	}
	return false;
}

/* ---- who has claimed ---- */

static void carry_out(u16 cell)
{
	u32 wanted = __atomic_load_n(&cells[cell].streams_wanted, __ATOMIC_SEQ_CST);

	if (wanted == cells[cell].streams_done)
		return;
	for (u32 i = 0; i < STREAM_COUNT; i++) {
		LOOP_BOUND(STREAM_COUNT);
		if (machine_streams[i].cell == cell)
			arch_iommu_set(i, wanted & 1);
	}
	if (!arch_iommu_sync(cell) && arch_cas32(&cells[cell].streams_broken, 0, 1))
		log_put(MESSAGE_IOMMU_SILENT, cell);
	atomic_store32(&cells[cell].streams_done, wanted);
}

static bool is_wished(void)
{
	for (u32 i = 0; i < CELL_COUNT; i++) {
		LOOP_BOUND(CELL_COUNT);
		if (__atomic_load_n(&cells[i].streams_wanted, __ATOMIC_SEQ_CST) != atomic_load32(&cells[i].streams_done))
			return true;
	}
	return false;
}

/* Again only for a wish that came meanwhile; a cell's next one comes a whole life later. */
static void pump(u32 events)
{
	do {
		LOOP_BOUND(CELL_COUNT + 1); /* while this goes round no cell wishes twice */
		if (!arch_cas32(&claimed, 0, 1))
			return;
		for (u16 i = 0; i < CELL_COUNT; i++) {
			LOOP_BOUND(CELL_COUNT);
			carry_out(i);
		}
		iommu_events_take(events);
		events = 0;
		__atomic_store_n(&claimed, 0, __ATOMIC_SEQ_CST);
	} while (is_wished());
}

/* ---- everybody ---- */

/* Several CPUs of a cell may wish at once. Whose wish is lost to a later one has lost nothing. */
static void wish(u16 cell, bool on)
{
	u32 *wanted = &cells[cell].streams_wanted, old;

	do {
		LOOP_BOUND(CPU_COUNT);
		old = atomic_load32(wanted);
	} while (!arch_cas32(wanted, old, (old & ~1u) + 2 + on));
	pump(0);
}

void iommu_start(struct cpu *cpu)
{
	u16 cell = cpu->cell_index;
	u64 since = arch_time_now();

	if (!has_streams(cell))
		return;
	wish(cell, true);
	while (iommu_state(cell) == IOMMU_BUSY && arch_time_now() - since < START_TIME(arch_time_hz())) {
		LOOP_TIME(1000);
		arch_cpu_relax();
	}
	if (iommu_state(cell) != IOMMU_ON)
		cell_stop(cpu, STOP_FAULT, "the IOMMU does not answer");
}

void iommu_stop(u16 cell)
{
	if (has_streams(cell))
		wish(cell, false);
}

enum iommu_state iommu_state(u16 cell)
{
	u32 done = atomic_load32(&cells[cell].streams_done); /* first: if it is what is wanted after it, it was the last wish */

	if (atomic_load32(&cells[cell].streams_broken))
		return IOMMU_BROKEN;
	if (done != atomic_load32(&cells[cell].streams_wanted))
		return IOMMU_BUSY;
	return done & 1 ? IOMMU_ON : IOMMU_OFF;
}

/* Without IOMMUs nothing of them is mapped. */
void iommu_serve(void)
{
	if (IOMMU_COUNT)
		pump(arch_cpu_this()->config->role == CPU_SERVICE ? EVENTS_SERVICE : EVENTS_SHARED);
}
