/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * When is the core well? If nobody has ended in a panic, if the service CPU's
 * rounds come in time, and if no cell's end hangs though all that it waits for
 * has happened. Then the board's watchdog is fed, now and then; else it is not,
 * and the board resets.
 *
 * A cell may look as ill as it likes: it feeds nothing here, and keeps nothing from
 * being fed. One that cannot be regained, or whose device does not answer, is
 * not the core's fault.
 */
#include "core/health.h"
#include "core/bound.h"
#include "core/cell.h"
#include "core/iommu.h"
#include "core/life.h"
#include "core/log.h"
#include "platform/platform.h"

#define LATE_TIME(hz) ((hz) / 10)  /* between two rounds that come each millisecond */
#define END_TIME(hz) (60 * (hz))   /* of an end, from one step to the next: a range of memory is cleared in seconds */
#define FEEDS 8u                   /* within the watchdog's time */

static u32 lost; /* [A] */
/* Of the service CPU. */
static struct {
	u64 limit;       /* ticks, until it resets the board; 0: there is none, or it is not started */
	u64 round, feed; /* when they were */
	bool told;       /* that it is fed no more */
} dog;
/* An end that is under way, and since when nothing has happened to it. */
static struct {
	u32 state, incarnation, cleaned;
	u64 since;
} ends[CELL_COUNT ? CELL_COUNT : 1];

void health_lost(void)
{
	atomic_store32(&lost, 1);
}

void health_init(void)
{
	if (!machine_core.watchdog_seconds)
		return;
	dog.limit = plat_watchdog_start(machine_core.watchdog_base, machine_core.watchdog_refresh, machine_core.watchdog_seconds, arch_time_hz());
	dog.round = dog.feed = arch_time_now();
	log_put(MESSAGE_BOARD_WATCHDOG, LOG_NO_CELL, dog.limit / (arch_time_hz() / 1000));
}

/* Its CPUs are in the core, its devices off, and yet nothing happens. */
static bool hangs(u16 i, u64 now)
{
	u32 state = atomic_load32(&cells[i].state), incarnation = atomic_load32(&cells[i].incarnation);
	u32 cleaned = __atomic_load_n(&cells[i].cleaned, __ATOMIC_RELAXED);
	bool under_way = cell_state_ends(state);

	if (!under_way || state != ends[i].state || incarnation != ends[i].incarnation || cleaned != ends[i].cleaned) {
		ends[i].state = state;
		ends[i].incarnation = incarnation;
		ends[i].cleaned = cleaned;
		ends[i].since = now;
		return false;
	}
	return now - ends[i].since >= END_TIME(arch_time_hz()) && !life_missing(i) && iommu_state(i) != IOMMU_BUSY;
}

static const char *complaint(u64 now)
{
	if (atomic_load32(&lost))
		return "a CPU has ended in a panic";
	for (u16 i = 0; i < CELL_COUNT; i++) {
		LOOP_BOUND(CELL_COUNT);
		if (hangs(i, now))
			return "the end of a cell hangs";
	}
	return NULL;
}

void health_serve(void)
{
	u64 now = arch_time_now(), pause = now - dog.round;

	if (!dog.limit)
		return;
	dog.round = now;
	const char *what = complaint(now);

	if (what) {
		if (!dog.told)
			log_put(MESSAGE_BOARD_WATCHDOG_ENDS, LOG_NO_CELL, what);
		dog.told = true;
		return;
	}
	dog.told = false;
	/* A late round does not feed: rounds that are late again and again let it run out. */
	if (pause < LATE_TIME(arch_time_hz()) && now - dog.feed >= dog.limit / FEEDS) {
		plat_watchdog_feed(machine_core.watchdog_base, machine_core.watchdog_refresh);
		dog.feed = now;
	}
}
