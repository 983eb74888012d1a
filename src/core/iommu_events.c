/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What devices were refused, as lines of the core:
 *
 *   [core] dma: cell x, edu0 (stream 0x8): write to 0x48000000 refused: not mapped for it (event 0x10)
 *   [core] dma: stream 0x20 of smmu0, nobody's: refused: it has no memory (event 0x4)
 *   [core] dma cell=x device=edu0 stream=0x8 state=on refused=1 last=0x48000000
 *   [core] dma iommu=smmu0 nobody=0 lost=0
 *
 * A guest makes as many events as it likes, so each is counted and few are told:
 * one line for events of one kind in a row in one page, LINES in a second for a
 * stream, beyond those the 1st, 2nd, 4th, 8th. A stream's limits are its own. A
 * line that has no room waits, and the hardware's queue behind it; only if the
 * console takes nothing for a while it is counted with those that are not told.
 *
 * A queue that one stream keeps full hides what others do: a stream with FLOOD
 * events in a second is revoked until its cell's next life. That is silent.
 *
 * What the cell's table says of such an event (watch.h) is for the life that made
 * it: what was in the queues when a life began is not held against it.
 */
#include "core/iommu_events.h"
#include "core/bound.h"
#include "core/fmt.h"
#include "core/iommu.h"
#include "core/log.h"
#include "core/watch.h"

#define LINES 16u
#define FLOOD 2000u
#define PAGE_SHIFT 12u
#define PATIENCE(hz) ((hz) / 4)
#define OLD_TIME(hz) ((hz) / 4) /* longer than the queues can last that were full when a life began */
/* Logs: of the streams, then of what is nobody's for each IOMMU, then of what each IOMMU lost. */
#define LOG_NOBODY STREAM_COUNT
#define LOG_LOST (LOG_NOBODY + IOMMU_COUNT)
#define LOG_COUNT (LOG_LOST + IOMMU_COUNT)

/* [P] only who has claimed, [A] read by the status too. */
static struct log {
	u64 count;   /* [A] */
	u64 address; /* [A] of the last, */
	struct iommu_event last; /* [P] and all of it */
	u64 when;    /* [P] ticks, of the last */
	u64 second;  /* [P] ticks, since when there were */
	u32 events;  /* [P] so many, */
	u32 lines;   /* [P] and so many that were news */
	u32 revoked; /* [A] in which life of its cell it became too much; 0: in none */
	u64 untold;  /* [P] since its last line */
} logs[LOG_COUNT ? LOG_COUNT : 1];

/* The event at hand. */
static struct {
	struct iommu_event event; /* [P] */
	u16 iommu;                /* [P] whose it is */
	u32 log;                  /* [P] */
	bool last;                /* [P] it is the one that was too much */
	bool waits;               /* [P] for room on the console, */
	u64 since;                /* [P] ticks, */
	bool blocked;             /* [P] and there has not been any for long */
} at_hand;

/* Of each cell. */
static struct life {
	u32 incarnation; /* [P] that was seen in the last round or event, */
	u64 since;       /* [P] ticks, then for the first time, */
	bool begun;      /* [P] and every event from now on is of it */
} lives[CELL_COUNT ? CELL_COUNT : 1];

/* ---- whose ---- */

static u32 log_of(u16 iommu, const struct iommu_event *event)
{
	if (event->kind == IOMMU_EVENT_LOST)
		return LOG_LOST + iommu;
	for (u32 i = 0; i < STREAM_COUNT; i++) {
		LOOP_BOUND(STREAM_COUNT);
		if (machine_streams[i].iommu == iommu && machine_streams[i].id == event->id)
			return i;
	}
	return LOG_NOBODY + iommu;
}

static struct life *life_of(u16 cell)
{
	struct life *life = &lives[cell];
	u32 incarnation = atomic_load32(&cells[cell].incarnation);

	if (life->incarnation != incarnation)
		*life = (struct life){ .incarnation = incarnation, .since = arch_time_now() };
	return life;
}

/* There was nothing in the queues. */
static void all_read(void)
{
	for (u16 i = 0; i < CELL_COUNT; i++) {
		LOOP_BOUND(CELL_COUNT);
		life_of(i)->begun = true;
	}
}

static void blame(u32 stream, u64 now)
{
	u16 cell = machine_streams[stream].cell;
	const struct life *life = life_of(cell);

	if (life->begun || now - life->since >= OLD_TIME(arch_time_hz()))
		watch_event(cell, EVENT_DMA);
}

/* ---- news? ---- */

static bool is_repeated(const struct log *log, const struct iommu_event *event, u64 now)
{
	const struct iommu_event *last = &log->last;

	if (!log->count || now - log->when >= arch_time_hz())
		return false;
	return event->kind == IOMMU_EVENT_LOST ||
	       (event->id == last->id && event->kind == last->kind && event->number == last->number && event->write == last->write &&
		event->address >> PAGE_SHIFT == last->address >> PAGE_SHIFT);
}

static bool is_allowed(struct log *log)
{
	u32 beyond = ++log->lines > LINES ? log->lines - LINES : 0;

	return !(beyond & (beyond - 1));
}

/* Count it. Is it to be told? */
static bool note(struct log *log, const struct iommu_event *event, u64 now)
{
	bool repeated = is_repeated(log, event, now);

	if (now - log->second >= arch_time_hz()) {
		log->second = now;
		log->events = log->lines = 0;
	}
	at_hand.last = ++log->events == FLOOD && at_hand.log < STREAM_COUNT;
	bool news = (!repeated && is_allowed(log)) || at_hand.last;

	if (at_hand.log < STREAM_COUNT && !watch_is_told(machine_streams[at_hand.log].cell, EVENT_DMA))
		news = false;
	log->last = *event;
	log->when = now;
	__atomic_store_n(&log->address, event->address, __ATOMIC_RELAXED);
	__atomic_store_n(&log->count, log->count + 1, __ATOMIC_RELAXED);
	log->untold += !news;
	return news;
}

/* The cell's next start puts all of its streams in force again. */
static void revoke(u32 stream)
{
	u16 cell = machine_streams[stream].cell;

	arch_iommu_set(stream, false);
	arch_iommu_sync(cell); /* if there is no answer the cell will see that, too */
	atomic_store32(&logs[stream].revoked, atomic_load32(&cells[cell].incarnation));
}

/* ---- lines ---- */

static const char *reason_of(const struct iommu_event *event)
{
	switch (event->kind) {
	case IOMMU_EVENT_STREAM: return "it has no memory";
	case IOMMU_EVENT_TRANSLATION: return "not mapped for it";
	case IOMMU_EVENT_PERMISSION: return event->write ? "not writable for it" : "not readable for it";
	default: return "for a reason of the hardware's";
	}
}

/* Of a stream of a cell, or of nobody's. */
static void tell_refused(const struct iommu_event *event, const char *more)
{
	const struct stream_config *stream = &machine_streams[at_hand.log];
	bool known = event->kind == IOMMU_EVENT_TRANSLATION || event->kind == IOMMU_EVENT_PERMISSION || event->address;
	const char *way = event->write ? "write to" : "read of", *reason = reason_of(event), *iommu = arch_iommu_name(at_hand.iommu);

	if (at_hand.log < STREAM_COUNT && known)
		log_put(MESSAGE_DMA_REFUSED_AT, stream->cell, stream->name, stream->id, way, event->address, reason, event->number, more);
	else if (at_hand.log < STREAM_COUNT)
		log_put(MESSAGE_DMA_REFUSED, stream->cell, stream->name, stream->id, reason, event->number, more);
	else if (known)
		log_put(MESSAGE_DMA_NOBODY_AT, LOG_NO_CELL, event->id, iommu, way, event->address, reason, event->number, more);
	else
		log_put(MESSAGE_DMA_NOBODY, LOG_NO_CELL, event->id, iommu, reason, event->number, more);
}

static void tell(struct log *log)
{
	char more[128];
	u32 at = 0;

	more[0] = 0;
	if (at_hand.last)
		at = fmt_print(more, sizeof more, "; %u in a second: it reaches nothing until the cell's next life", FLOOD);
	if (log->untold)
		fmt_print(more + at, sizeof more - at, "; %lu more since its last line", log->untold);
	log->untold = 0;
	if (at_hand.event.kind == IOMMU_EVENT_LOST)
		log_put(MESSAGE_DMA_LOST, LOG_NO_CELL, arch_iommu_name(at_hand.iommu), more);
	else
		tell_refused(&at_hand.event, more);
}

/* ---- the queue ---- */

/* Of the IOMMUs in turn, counted. False: there is no event. */
static bool fetch(void)
{
	for (u32 i = 0; i < IOMMU_COUNT; i++) {
		LOOP_BOUND(IOMMU_COUNT);
		at_hand.iommu = at_hand.iommu + 1u < IOMMU_COUNT ? at_hand.iommu + 1 : 0;
		if (!arch_iommu_event(at_hand.iommu, &at_hand.event))
			continue;
		at_hand.log = log_of(at_hand.iommu, &at_hand.event);
		at_hand.since = arch_time_now();
		at_hand.waits = note(&logs[at_hand.log], &at_hand.event, at_hand.since);
		if (at_hand.last)
			revoke(at_hand.log);
		if (at_hand.log < STREAM_COUNT)
			blame(at_hand.log, at_hand.since);
		return true;
	}
	all_read();
	return false;
}

/* False: later. */
static bool told(void)
{
	if (log_has_room()) {
		at_hand.blocked = false;
		tell(&logs[at_hand.log]);
	} else if (!at_hand.blocked && arch_time_now() - at_hand.since < PATIENCE(arch_time_hz())) {
		return false;
	} else {
		at_hand.blocked = true;
		logs[at_hand.log].untold++;
	}
	at_hand.waits = false;
	return true;
}

void iommu_events_take(u32 limit)
{
	for (u32 n = 0; n < limit; n++) {
		LOOP_BOUND(IOMMU_EVENTS_MOST);
		if ((!at_hand.waits && !fetch()) || (at_hand.waits && !told()))
			return;
	}
}

/* ---- status ---- */

static const char *const state_names[] = {
	[IOMMU_OFF] = "off", [IOMMU_ON] = "on", [IOMMU_BUSY] = "busy", [IOMMU_BROKEN] = "broken",
};

static u64 count_of(u32 log)
{
	return __atomic_load_n(&logs[log].count, __ATOMIC_RELAXED);
}

static const char *state_of(u32 stream)
{
	u16 cell = machine_streams[stream].cell;
	enum iommu_state state = iommu_state(cell);
	u32 revoked = atomic_load32(&logs[stream].revoked);

	return state == IOMMU_ON && revoked && revoked == atomic_load32(&cells[cell].incarnation) ? "revoked" : state_names[state];
}

u64 iommu_refused(u16 cell)
{
	u64 count = 0;

	for (u32 i = 0; i < STREAM_COUNT; i++) {
		LOOP_BOUND(STREAM_COUNT);
		count += machine_streams[i].cell == cell ? count_of(i) : 0;
	}
	return count;
}

bool iommu_status(u32 n)
{
	const struct stream_config *stream = &machine_streams[n];

	if (n < STREAM_COUNT)
		log_put(MESSAGE_STATUS_STREAM, stream->cell, stream->name, stream->id, state_of(n), count_of(n),
			__atomic_load_n(&logs[n].address, __ATOMIC_RELAXED));
	else if (n < LOG_LOST)
		log_put(MESSAGE_STATUS_IOMMU, LOG_NO_CELL, arch_iommu_name((u16)(n - LOG_NOBODY)), count_of(n), count_of(n + IOMMU_COUNT));
	return n < LOG_LOST;
}
