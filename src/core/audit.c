/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Entries and lines of the audit (audit.h).
 *
 * What changed nothing may come as often as a guest can call. So the same of
 * the same cell within MERGE_TIME is one entry, which is told when it grows no
 * more. Of each origin there are only so many lines in a second, and of all cells
 * together; what its rings lose before it is told is counted in its next line.
 */
#include "core/audit.h"
#include "core/bound.h"
#include "core/crash.h"
#include "core/fmt.h"
#include "core/line_format.h"
#include "core/log.h"

#define MERGE_TIME(hz) ((hz) / 4)
#define LINES_CELL 4u   /* in a second */
#define LINES_CORE 16u  /* the same of the operator, and of the policy */
#define LINES_CELLS 32u /* of all cells together */

_Static_assert(offsetof(struct audit_entry, check) + sizeof(u32) == sizeof(struct audit_entry), "the checksum is last, and all is in it");

static struct audit own; /* without a crash region */
static bool ready;       /* what is at audit_place() is of this boot */

/* So many lines since that second began. */
struct rate {
	u64 since;
	u32 lines;
};
static struct teller {
	u32 told[AUDIT_KINDS]; /* entries that are told, or were lost before */
	u32 lost;              /* since its last line */
	struct rate rate;
} tellers[AUDIT_ORIGINS];
static struct rate cells_rate;
static u32 turn;    /* origin that was looked at last */
static u32 printed; /* sequence of what the operator was shown last */

struct audit *audit_place(void)
{
	struct audit *kept = crash_audit();

	return kept ? kept : &own;
}

/* ---- entries ---- */

static u32 checksum(const struct audit_entry *entry)
{
	return crash_crc(0, entry, offsetof(struct audit_entry, check));
}

bool audit_is_whole(const struct audit_entry *entry)
{
	return entry->sequence && entry->check == checksum(entry) && (entry->target < CELL_COUNT || entry->target == CELL_NONE) &&
	       entry->op < AUDIT_OPS && entry->result <= LIFE_DENIED;
}

static void clean(const void *address, u32 size)
{
	if (audit_place() != &own)
		arch_memory_clean(address, size);
}

/* Nothing is concluded from what an earlier boot has left there. */
void audit_init(void)
{
	struct audit *audit = audit_place();

	for (u32 i = 0; i < sizeof *audit; i++)
		((u8 *)audit)[i] = 0;
	audit->origins = AUDIT_ORIGINS;
	clean(audit, sizeof *audit);
	for (u32 i = 0; i < AUDIT_ORIGINS; i++) {
		LOOP_BOUND(AUDIT_ORIGINS);
		tellers[i] = (struct teller){ 0 };
	}
	cells_rate = (struct rate){ 0 };
	turn = AUDIT_ORIGINS - 1;
	ready = true;
}

static struct audit *place(void)
{
	if (!ready)
		audit_init();
	return audit_place();
}

static bool is_done(u32 result)
{
	return result == LIFE_OK || result == LIFE_ASKED;
}

static u32 origin_of(u16 by)
{
	if (by < CELL_COUNT)
		return by;
	return by == CONTROLLER_OPERATOR ? AUDIT_OPERATOR : AUDIT_POLICY;
}

/* Does it grow, if the same comes again? */
static bool grows(u32 origin, enum audit_kind kind, const struct audit_entry *entry, u64 now)
{
	return origin < CELL_COUNT && kind == AUDIT_REFUSED && now - entry->when < MERGE_TIME(arch_time_hz());
}

static struct audit_entry *find_same(struct audit *audit, u32 origin, u16 target, u32 op, enum life_result result, u64 now)
{
	for (u32 i = 0; i < AUDIT_ENTRIES; i++) {
		LOOP_BOUND(AUDIT_ENTRIES);
		struct audit_entry *entry = &audit->entries[origin][AUDIT_REFUSED][i];

		if (entry->sequence && entry->target == target && entry->op == op && entry->result == result &&
		    grows(origin, AUDIT_REFUSED, entry, now))
			return entry;
	}
	return NULL;
}

/* The checksum says nothing until the end, so a reset in between leaves an entry that is not whole. */
static struct audit_entry *new_entry(struct audit *audit, u32 origin, enum audit_kind kind)
{
	u32 n = audit->count[origin][kind]++;
	struct audit_entry *entry = &audit->entries[origin][kind][n % AUDIT_ENTRIES];
	struct teller *teller = &tellers[origin];

	if (n - teller->told[kind] >= AUDIT_ENTRIES) {
		teller->told[kind]++;
		teller->lost++;
	}
	entry->sequence = ++audit->sequence;
	entry->when = arch_time_now();
	entry->times = 0;
	return entry;
}

void audit_notes(u16 by, u16 target, u32 op, enum life_result result, u32 times)
{
	struct audit *audit = place();
	u32 origin = origin_of(by);
	enum audit_kind kind = is_done(result) ? AUDIT_DONE : AUDIT_REFUSED;
	struct audit_entry *entry = kind == AUDIT_REFUSED ? find_same(audit, origin, target, op, result, arch_time_now()) : NULL;

	if (!entry)
		entry = new_entry(audit, origin, kind);
	entry->target = target;
	entry->op = (u8)op;
	entry->result = (u8)result;
	entry->times = times > ~0u - entry->times ? ~0u : entry->times + times;
	entry->check = checksum(entry);
	clean(entry, sizeof *entry);
	clean(audit, offsetof(struct audit, entries)); /* behind the entry that it counts */
}

void audit_note(u16 by, u16 target, u32 op, enum life_result result)
{
	audit_notes(by, target, op, result, 1);
}

/* ---- lines ---- */

static const char *const board_names[AUDIT_OPS - AUDIT_BOARD] = { [BOARD_RESET] = "reset-board", [BOARD_OFF] = "power-off" };

/* asked: the operator wants to see it; else it is news. */
static void print_entry(u32 origin, const struct audit_entry *entry, u32 lost, bool asked)
{
	const char *kind = origin < CELL_COUNT ? "cell " : "", *result = life_result_names[entry->result];
	const char *who = origin < CELL_COUNT ? machine_cells[origin].name : origin == AUDIT_OPERATOR ? "operator" : "policy";
	bool board = entry->op >= AUDIT_BOARD;
	const char *op = board ? board_names[entry->op - AUDIT_BOARD] : life_op_names[entry->op], *blank = board ? "" : " ";
	const char *target = board ? "" : entry->target < CELL_COUNT ? machine_cells[entry->target].name : "a cell that it has no number for";
	char more[64];
	u32 at = 0;

	more[0] = 0;
	if (entry->times > 1)
		at = fmt_print(more, sizeof more, " (%u times)", entry->times);
	if (lost)
		fmt_print(more + at, sizeof more - at, "; %u before it were not told", lost);
	if (asked)
		log_put(MESSAGE_AUDIT_SHOWN, entry->target, entry->sequence, kind, who, op, blank, target, result, more);
	else
		log_put_either(is_done(entry->result), MESSAGE_AUDIT_DONE, MESSAGE_AUDIT_REFUSED, entry->target, entry->sequence, kind, who, op,
			       blank, target, result, more);
}

static bool has_rate(struct rate *rate, u32 limit, u64 now)
{
	if (now - rate->since >= arch_time_hz()) {
		rate->since = now;
		rate->lines = 0;
	}
	return rate->lines < limit;
}

/* The origin's next entry to be told, the older of both kinds. */
static struct audit_entry *next_due(struct audit *audit, u32 origin, enum audit_kind *kind, u64 now)
{
	struct audit_entry *due = NULL;

	for (u32 k = 0; k < AUDIT_KINDS; k++) {
		LOOP_BOUND(AUDIT_KINDS);
		u32 n = tellers[origin].told[k];
		struct audit_entry *entry = &audit->entries[origin][k][n % AUDIT_ENTRIES];

		if (n == audit->count[origin][k] || grows(origin, (enum audit_kind)k, entry, now))
			continue;
		if (!due || entry->sequence < due->sequence) {
			due = entry;
			*kind = (enum audit_kind)k;
		}
	}
	return due;
}

/* Not inlined: where there are few origins a compiler lets rounds of the loop begin in its middle, and nobody could count them. */
static __attribute__((noinline)) bool tell(struct audit *audit, u32 origin, u64 now)
{
	struct teller *teller = &tellers[origin];
	bool cell = origin < CELL_COUNT;
	enum audit_kind kind;

	if (!has_rate(&teller->rate, cell ? LINES_CELL : LINES_CORE, now) || (cell && !has_rate(&cells_rate, LINES_CELLS, now)))
		return false;
	struct audit_entry *entry = next_due(audit, origin, &kind, now);

	if (!entry)
		return false;
	print_entry(origin, entry, teller->lost, false);
	teller->lost = 0;
	teller->told[kind]++;
	teller->rate.lines++;
	cells_rate.lines += cell;
	return true;
}

/* Origins take turns. What has no room waits in its ring: the log is for records first. */
void audit_serve(void)
{
	struct audit *audit = place();
	u64 now = arch_time_now();

	if (!log_has_room())
		return;
	for (u32 i = 0; i < AUDIT_ORIGINS; i++) {
		LOOP_BOUND(AUDIT_ORIGINS);
		turn = turn + 1 < AUDIT_ORIGINS ? turn + 1 : 0;
		if (tell(audit, turn, now))
			return;
	}
}

/* ---- for the operator ---- */

bool audit_print(u32 line)
{
	const struct audit *audit = place();
	const struct audit_entry *next = NULL;
	u32 whose = 0;

	if (!line)
		printed = 0;
	for (u32 origin = 0; origin < AUDIT_ORIGINS; origin++) {
		LOOP_BOUND(AUDIT_ORIGINS);
		for (u32 i = 0; i < AUDIT_KINDS * AUDIT_ENTRIES; i++) {
			const struct audit_entry *entry = &audit->entries[origin][i / AUDIT_ENTRIES][i % AUDIT_ENTRIES];

			if (entry->sequence > printed && (!next || entry->sequence < next->sequence)) {
				next = entry;
				whose = origin;
			}
		}
	}
	if (!next)
		return false;
	printed = next->sequence;
	print_entry(whose, next, 0, true);
	return true;
}
