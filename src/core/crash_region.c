/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The crash region (crash.h) and its parts, but what a cell's end leaves there: crash.c.
 *
 * Every write is in this order, so that a reset at any moment leaves the part
 * as it was, or one that says it is torn:
 *
 *   magic := WRITING, clean -> the part, clean -> CRC and size, clean -> magic, clean
 *
 * What is found at boot may be anything: whoever had the memory before, another
 * version, a bit that fell over. A part is whole if its CRC and everything
 * that leads somewhere in it are right; all else is emptied, once and for all.
 * So whatever has the magic later is whole.
 */
#include "core/bound.h"
#include "core/crash.h"
#include "core/crash_format.h"

/* All of the service CPU. */
static bool ready; /* crash_init has been here */
static struct {
	u32 boot, sequence;
	struct crash_found found;
} region;

/* ---- bytes ---- */

static const u32 nibbles[16] = {
	0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
	0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

/* Words where there are some: past the caches each load goes to memory. */
u32 crash_crc(u32 crc, const void *bytes, u32 size)
{
	const u8 *p = bytes;
	u32 words = (u64)bytes % sizeof(u32) ? 0 : size / (u32)sizeof(u32);

	crc = ~crc;
	for (u32 i = 0; i < words; i++) {
		LOOP_BOUND(CRASH_PIECE / sizeof(u32));
		crc ^= ((const u32 *)bytes)[i];
		for (u32 n = 0; n < 8; n++)
			crc = crc >> 4 ^ nibbles[crc & 15];
	}
	for (u32 i = words * (u32)sizeof(u32); i < size; i++) {
		LOOP_BOUND(CRASH_PIECE);
		crc ^= p[i];
		crc = crc >> 4 ^ nibbles[crc & 15];
		crc = crc >> 4 ^ nibbles[crc & 15];
	}
	return ~crc;
}

/* One by one, volatile: the compiler may not ask for a memset or a memcpy. */
void crash_zero(void *to, u32 size)
{
	volatile u64 *words = to;

	for (u32 i = 0; i < size / 8; i++) {
		LOOP_BOUND(CRASH_AUDIT_HALF / 8);
		words[i] = 0;
	}
}

void crash_copy(u64 *to, const u64 *from, u32 count)
{
	volatile u64 *words = to;

	for (u32 i = 0; i < count; i++) {
		LOOP_BOUND(sizeof(struct vcpu_registers) / 8);
		words[i] = from[i];
	}
}

/* The rest is zero already. Ends with a 0, unless size is that of a hash. */
void crash_text(char *to, u32 size, const char *from)
{
	volatile char *text = to;

	for (u32 i = 0; from && from[i] && i + 1 < size; i++) {
		LOOP_BOUND(2 * CRASH_TEXT);
		text[i] = from[i];
	}
}

static bool is_text(const char *text, u32 size)
{
	u32 i = 0;

	while (i < size && text[i] >= ' ' && text[i] <= '~') {
		LOOP_BOUND(2 * CRASH_TEXT);
		i++;
	}
	return i < size && !text[i];
}

/* ---- parts ---- */

static void *part(u32 offset)
{
	return machine_core.crash + offset;
}

u32 crash_slot_count(void)
{
	return machine_core.crash_size < CRASH_SLOTS_START ? 0 : (machine_core.crash_size - CRASH_SLOTS_START) / CRASH_SLOT;
}

bool crash_ready(void)
{
	return ready;
}

u32 crash_sequence(void)
{
	return ++region.sequence;
}

u32 crash_boot(void)
{
	return region.boot;
}

const struct crash_found *crash_found(void)
{
	return &region.found;
}

struct crash_cell *crash_slot(u32 slot)
{
	return part(CRASH_SLOTS_START + slot * CRASH_SLOT);
}

static bool is_kind(const struct crash_mark *mark, u16 kind)
{
	return mark->magic == CRASH_MAGIC && mark->version == CRASH_VERSION && mark->kind == kind;
}

const struct crash_cell *crash_cell_at(u32 slot)
{
	return is_kind(&crash_slot(slot)->mark, CRASH_KIND_CELL) ? crash_slot(slot) : NULL;
}

static struct crash_panic *panic_part(void)
{
	return part(CRASH_HEAD + CRASH_AUDIT);
}

const struct crash_panic *crash_panic_at(void)
{
	return is_kind(&panic_part()->mark, CRASH_KIND_PANIC) ? panic_part() : NULL;
}

static struct crash_audit *audit_part(u32 boot)
{
	return part(CRASH_HEAD + boot % 2 * CRASH_AUDIT_HALF);
}

void *crash_audit(void)
{
	struct crash_audit *audit = machine_core.crash ? audit_part(region.boot) : NULL;

	return audit && ready ? (u8 *)audit + audit->data : NULL;
}

/* ---- writing a part ---- */

static void set_magic(struct crash_mark *mark, u32 magic)
{
	*(volatile u32 *)&mark->magic = magic;
	arch_memory_clean(mark, sizeof *mark);
}

/* size: of what was there, and will be. */
void crash_begin(struct crash_mark *mark, u32 size)
{
	set_magic(mark, CRASH_WRITING);
	crash_zero(mark + 1, size - (u32)sizeof *mark);
}

void crash_end(struct crash_mark *mark, u16 kind, u32 size, u32 crc)
{
	arch_memory_clean(mark, size);
	mark->crc = crc;
	mark->size = size;
	mark->version = CRASH_VERSION;
	mark->kind = kind;
	arch_memory_clean(mark, sizeof *mark); /* before the magic: they need not reach memory in the order of their writing */
	set_magic(mark, CRASH_MAGIC);
}

static u32 part_crc(const struct crash_mark *mark, u32 size)
{
	u32 crc = 0;

	for (u32 at = sizeof *mark; at < size; at += CRASH_PIECE) {
		LOOP_BOUND(CRASH_AUDIT_HALF / CRASH_PIECE);
		crc = crash_crc(crc, (const u8 *)mark + at, size - at < CRASH_PIECE ? size - at : CRASH_PIECE);
	}
	return crc;
}

void crash_origin(struct crash_origin *origin, u32 sequence, u64 when)
{
	origin->sequence = sequence;
	origin->boot = region.boot;
	origin->when = when;
	origin->hz = arch_time_hz();
	for (u32 i = 0; i < CRASH_HASH && machine_hash[i]; i++)
		((volatile char *)origin->hash)[i] = machine_hash[i];
	crash_text(origin->partition, CRASH_NAME, machine_name);
}

/* ---- what an earlier boot has left ---- */

static bool is_range(u32 offset, u32 size, u32 first, u32 end)
{
	return offset >= first && offset <= end && size <= end - offset;
}

static bool is_origin(const struct crash_origin *origin)
{
	for (u32 i = 0; i < CRASH_HASH; i++)
		if (origin->hash[i] < '0' || origin->hash[i] > 'f')
			return false;
	return is_text(origin->partition, CRASH_NAME);
}

static bool is_cell(const struct crash_cell *cell)
{
	bool good = is_text(cell->cell, CRASH_NAME) && cell->cell[0] && is_text(cell->reason, CRASH_TEXT) && is_text(cell->what, CRASH_TEXT) &&
		    is_text(cell->by, CRASH_NAME) && is_text(cell->end, CRASH_NAME) && is_text(cell->cpu, CRASH_NAME) &&
		    cell->vcpu_kept <= CRASH_VCPUS && cell->vcpu_size == sizeof(struct crash_vcpu) && cell->vcpus % 8 == 0 &&
		    is_range(cell->vcpus, cell->vcpu_kept * cell->vcpu_size, sizeof *cell, cell->mark.size) &&
		    cell->trace_count <= CRASH_TRACE && (!cell->trace_count || cell->trace % 8 == 0) &&
		    (!cell->trace_count || is_range(cell->trace, cell->trace_count * (u32)sizeof(struct trace_entry), sizeof *cell, cell->mark.size)) &&
		    cell->console_size <= CRASH_CONSOLE && is_range(cell->console, cell->console_size, sizeof *cell, cell->mark.size);

	for (u32 i = 0; i < ARRAY_COUNT(cell->detail_names); i++) {
		LOOP_BOUND(ARRAY_COUNT(cell->detail_names));
		good = good && is_text(cell->detail_names[i], sizeof cell->detail_names[i]);
	}
	for (u32 i = 0; i < ARRAY_COUNT(cell->more_names); i++) {
		LOOP_BOUND(ARRAY_COUNT(cell->more_names));
		good = good && is_text(cell->more_names[i], sizeof cell->more_names[i]);
	}
	return good;
}

static bool is_panic(const struct crash_panic *panic)
{
	return is_text(panic->cpu, CRASH_NAME) && is_text(panic->what, sizeof panic->what) && panic->stack_count <= PANIC_STACK;
}

static u32 audit_entries(const struct crash_audit *audit)
{
	return audit->origins * audit->rings * audit->ring_size;
}

/* Factors first: a product of three may wrap. */
static bool is_audit(const struct crash_audit *audit)
{
	u32 most = CRASH_AUDIT_HALF / sizeof(struct audit_entry);

	return audit->entry_size == sizeof(struct audit_entry) && audit->origins <= most && audit->rings <= most / (audit->origins + 1) &&
	       audit->ring_size <= most / (audit->origins * audit->rings + 1) && audit->entries % 8 == 0 &&
	       is_range(audit->entries, audit_entries(audit) * audit->entry_size, sizeof *audit, CRASH_AUDIT_HALF);
}

static bool is_whole(const struct crash_mark *mark, u16 kind, u32 least, u32 room)
{
	return mark->kind == kind && mark->size >= least && mark->size <= room && mark->crc == part_crc(mark, mark->size) &&
	       is_origin((const struct crash_origin *)(mark + 1));
}

/*
 * True: it is whole. Else it is empty from now on, unless it is of another version of the format. What bears no mark of
 * ours is damage only where we had been before.
 */
static bool look_at(struct crash_mark *mark, u16 kind, u32 least, u32 room, bool known)
{
	bool ours = mark->magic == CRASH_MAGIC;

	if (ours && mark->version != CRASH_VERSION) {
		region.found.foreign++;
		return false;
	}
	if (ours && is_whole(mark, kind, least, room)) {
		bool good = kind == CRASH_KIND_CELL ? is_cell((const struct crash_cell *)mark) :
			    kind == CRASH_KIND_PANIC ? is_panic((const struct crash_panic *)mark) :
			    kind == CRASH_KIND_AUDIT ? is_audit((const struct crash_audit *)mark) : true;
		if (good)
			return true;
	}
	region.found.damaged += ours || mark->magic == CRASH_WRITING || (known && mark->magic);
	if (mark->magic)
		set_magic(mark, 0);
	return false;
}

static void count_origin(const struct crash_origin *origin)
{
	if (origin->boot > region.boot)
		region.boot = origin->boot;
	if (origin->sequence > region.sequence)
		region.sequence = origin->sequence;
}

static void count_audit(const struct crash_audit *audit)
{
	const struct audit_entry *entries = (const void *)((const u8 *)audit + audit->entries);

	for (u32 i = 0; i < audit_entries(audit); i++) {
		LOOP_BOUND(CRASH_AUDIT_HALF / sizeof(struct audit_entry));
		if (!entries[i].sequence || entries[i].check != crash_crc(0, &entries[i], offsetof(struct audit_entry, check)))
			continue;
		region.found.audited++;
		region.found.denied += entries[i].result == LIFE_DENIED;
	}
}

/* The numbers of this boot, and what is there. */
static void look_around(void)
{
	struct crash_head *head = part(0);
	bool known = look_at(&head->mark, CRASH_KIND_HEAD, sizeof *head, CRASH_HEAD, false), audits[2];

	if (known)
		count_origin(&head->origin);
	for (u32 i = 0; i < 2; i++) {
		audits[i] = look_at(&audit_part(i)->mark, CRASH_KIND_AUDIT, sizeof(struct crash_audit), CRASH_AUDIT_HALF, known);
		if (audits[i])
			count_origin(&audit_part(i)->origin);
	}
	if (look_at(&panic_part()->mark, CRASH_KIND_PANIC, sizeof(struct crash_panic), CRASH_PANIC, known)) {
		count_origin(&panic_part()->origin);
		region.found.records++;
	}
	for (u32 i = 0; i < crash_slot_count(); i++) {
		LOOP_BOUND(CRASH_SLOTS);
		if (!look_at(&crash_slot(i)->mark, CRASH_KIND_CELL, sizeof(struct crash_cell), CRASH_SLOT, known))
			continue;
		count_origin(&crash_slot(i)->origin);
		region.found.records++;
	}
	if (audits[region.boot % 2] && audit_part(region.boot)->origin.boot == region.boot)
		count_audit(audit_part(region.boot));
	region.boot++;
}

static void write_head(void)
{
	struct crash_head *head = part(0);

	crash_begin(&head->mark, sizeof *head);
	crash_origin(&head->origin, region.sequence, arch_time_now());
	head->region_size = machine_core.crash_size;
	head->audit = CRASH_HEAD;
	head->audit_size = CRASH_AUDIT_HALF;
	head->panic = CRASH_HEAD + CRASH_AUDIT;
	head->panic_size = CRASH_PANIC;
	head->slots = CRASH_SLOTS_START;
	head->slot_size = CRASH_SLOT;
	head->slot_count = crash_slot_count();
	crash_end(&head->mark, CRASH_KIND_HEAD, sizeof *head, part_crc(&head->mark, sizeof *head));
}

/* Its entries come later, and have checks of their own: the mark's size ends before them. */
static void write_audit(void)
{
	struct crash_audit *audit = audit_part(region.boot);
	u32 size = sizeof *audit + CELL_COUNT * CRASH_NAME;

	crash_begin(&audit->mark, CRASH_AUDIT_HALF);
	crash_origin(&audit->origin, region.sequence, arch_time_now());
	audit->origins = AUDIT_ORIGINS;
	audit->rings = AUDIT_KINDS;
	audit->ring_size = AUDIT_ENTRIES;
	audit->entry_size = sizeof(struct audit_entry);
	audit->names = sizeof *audit;
	audit->data = size;
	audit->entries = size + (u32)offsetof(struct audit, entries);
	for (u32 i = 0; i < CELL_COUNT; i++) {
		LOOP_BOUND(CELL_COUNT);
		crash_text((char *)(audit + 1) + i * CRASH_NAME, CRASH_NAME, machine_cells[i].name);
	}
	arch_memory_clean(audit, CRASH_AUDIT_HALF);
	crash_end(&audit->mark, CRASH_KIND_AUDIT, size, part_crc(&audit->mark, size));
}

void crash_init(void)
{
	if (!machine_core.crash || ready || !CRASH_FITS)
		return;
	arch_memory_take(machine_core.crash, machine_core.crash_size);
	look_around();
	write_head();
	write_audit();
	ready = true;
}

/* ---- panics ---- */

/* The first one of a boot stays: others mostly come of it. Behind crash_init. */
bool crash_panic(const struct panic_state *state)
{
	struct crash_panic *to;

	if (!machine_core.crash || arch_cpu_this()->index != machine_service_cpu)
		return false;
	if (!ready)
		return false;
	to = panic_part();
	if (crash_panic_at() && to->origin.boot == region.boot)
		return true;
	crash_begin(&to->mark, sizeof *to);
	crash_origin(&to->origin, crash_sequence(), arch_time_now());
	crash_text(to->cpu, CRASH_NAME, machine_cpus[state->cpu].name);
	crash_text(to->what, sizeof to->what, state->what);
	to->declared = state->declared;
	to->found = state->found;
	to->exception = state->exception;
	to->pc = state->pc;
	to->sp = state->sp;
	to->pstate = state->pstate;
	crash_copy(to->regs, state->regs, ARRAY_COUNT(to->regs));
	to->stack_count = state->stack_count < PANIC_STACK ? state->stack_count : PANIC_STACK;
	crash_copy(to->stack, state->stack, to->stack_count);
	crash_end(&to->mark, CRASH_KIND_PANIC, sizeof *to, part_crc(&to->mark, sizeof *to));
	return true;
}

