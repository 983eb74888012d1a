/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Reading the crash region: crash_read.h. */
#include "crash_read.h"

#include <stdlib.h>
#include <string.h>

#include "core/frame.h"
#include "text.h"

#define BODY (sizeof(struct crash_mark) + sizeof(struct crash_origin))

void crash_view(struct crash_view *view, const void *data, size_t size)
{
	const char *why;

	*view = (struct crash_view){ .data = data, .size = size };
	struct crash_head *head = crash_part(view, 0, CRASH_HEAD, CRASH_KIND_HEAD, sizeof *head, &why);

	if (head) {
		view->head = *head;
		view->has_head = true;
		free(head);
		return;
	}
	/* It may be gone, and the rest not. */
	view->head.audit = CRASH_HEAD;
	view->head.audit_size = CRASH_AUDIT_HALF;
	view->head.panic = CRASH_HEAD + CRASH_AUDIT;
	view->head.panic_size = CRASH_PANIC;
	view->head.slots = CRASH_SLOTS_START;
	view->head.slot_size = CRASH_SLOT;
	view->head.slot_count = UINT32_MAX;
}

/* What is wrong with it; NULL: nothing. An audit's CRC is of its part that does not change: `size`. */
static const char *check(const uint8_t *part, size_t room, enum crash_kind kind)
{
	struct crash_mark mark;

	memcpy(&mark, part, sizeof mark);
	if (mark.magic == CRASH_WRITING)
		return N_("a reset came while it was written");
	if (mark.magic != CRASH_MAGIC)
		return N_("no mark");
	if (mark.version != CRASH_VERSION)
		return N_("another version of the format");
	if (mark.kind != kind || mark.size < BODY || mark.size > room)
		return N_("not what belongs there");
	if (frame_crc(part + sizeof mark, mark.size - (u32)sizeof mark) != mark.crc)
		return N_("CRC");
	return NULL;
}

void *crash_part(const struct crash_view *view, size_t offset, size_t room, enum crash_kind kind, size_t least, const char **why)
{
	uint32_t magic, size;

	*why = N_("behind the end of what there is");
	if (offset >= view->size || view->size - offset < sizeof(struct crash_mark))
		return NULL;
	if (room > view->size - offset)
		room = view->size - offset;
	memcpy(&magic, view->data + offset, sizeof magic);
	*why = NULL;
	if (!magic)
		return NULL;
	*why = check(view->data + offset, room, kind);
	if (*why)
		return NULL;
	memcpy(&size, view->data + offset + offsetof(struct crash_mark, size), sizeof size);
	/* Behind an audit's fixed part are its entries, with checks of their own. */
	size_t kept = kind == CRASH_KIND_AUDIT ? room : size;
	uint8_t *copy = calloc(1, kept < least ? least : kept);

	*why = N_("out of memory");
	if (!copy)
		return NULL;
	memcpy(copy, view->data + offset, kept);
	*why = NULL;
	return copy;
}

/* ---- cells ---- */

static bool is_inside(const struct crash_cell *cell, uint64_t at, uint64_t size)
{
	return at <= cell->mark.size && size <= cell->mark.size - at;
}

unsigned crash_slot_number(const struct crash_view *view)
{
	size_t count = view->head.slot_size && view->head.slots < view->size ? (view->size - view->head.slots) / view->head.slot_size : 0;

	return (unsigned)(count < view->head.slot_count ? count : view->head.slot_count);
}

struct crash_cell *crash_slot_read(const struct crash_view *view, unsigned n, const char **why)
{
	size_t offset = view->head.slots + (size_t)n * view->head.slot_size;
	struct crash_cell *cell = crash_part(view, offset, view->head.slot_size, CRASH_KIND_CELL, sizeof *cell, why);

	if (!cell)
		return NULL;
	/* cell->mark.size may be less than the structure: what is behind it reads as zeros. */
	bool whole = is_inside(cell, cell->console, cell->console_size) && is_inside(cell, cell->vcpus, (uint64_t)cell->vcpu_kept * cell->vcpu_size) &&
		     (!cell->vcpu_kept || cell->vcpu_size >= sizeof(struct crash_vcpu)) && cell->vcpus % 8 == 0 && cell->vcpu_size % 8 == 0;

	if (whole)
		return cell;
	*why = N_("leads out of itself");
	free(cell);
	return NULL;
}

const struct crash_vcpu *crash_vcpu_of(const struct crash_cell *cell, unsigned n)
{
	return (const void *)((const uint8_t *)cell + cell->vcpus + (size_t)n * cell->vcpu_size);
}

struct crash_panic *crash_panic_read(const struct crash_view *view, const char **why)
{
	return crash_part(view, view->head.panic, view->head.panic_size, CRASH_KIND_PANIC, sizeof(struct crash_panic), why);
}

/* ---- audits ---- */

struct crash_audit *crash_audit_read(const struct crash_view *view, unsigned half, const char **why)
{
	size_t offset = view->head.audit + (size_t)half * view->head.audit_size;
	size_t room = offset < view->size ? view->size - offset : 0;
	struct crash_audit *audit = crash_part(view, offset, view->head.audit_size, CRASH_KIND_AUDIT, sizeof *audit, why);

	if (!audit)
		return NULL;
	if (room > view->head.audit_size)
		room = view->head.audit_size;
	uint64_t size = (uint64_t)audit->origins * audit->rings * audit->ring_size, named = audit->origins > 2 ? audit->origins - 2 : 0;

	if (audit->origins <= room && audit->rings <= room && audit->ring_size <= room && audit->entry_size >= sizeof(struct audit_entry) &&
	    audit->entry_size <= room && size <= room && audit->entries <= room && size * audit->entry_size <= room - audit->entries &&
	    (!audit->names || (audit->names <= room && named * CRASH_NAME <= room - audit->names)))
		return audit;
	*why = N_("leads out of itself");
	free(audit);
	return NULL;
}

static int by_sequence(const void *a, const void *b)
{
	const struct audit_line *x = a, *y = b;

	return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

struct audit_line *audit_lines(const uint8_t *entries, size_t size, unsigned origins, unsigned rings, unsigned ring_size, unsigned entry_size, size_t *count)
{
	size_t all = (size_t)origins * rings * ring_size;
	struct audit_line *lines = calloc(all ? all : 1, sizeof *lines);

	*count = 0;
	for (size_t i = 0; lines && i < all && (i + 1) * entry_size <= size; i++) {
		struct audit_entry e;

		memcpy(&e, entries + i * entry_size, sizeof e);
		if (!e.sequence || frame_crc((const u8 *)&e, offsetof(struct audit_entry, check)) != e.check)
			continue;
		lines[(*count)++] = (struct audit_line){ .sequence = e.sequence, .times = e.times, .when = e.when, .origin = (unsigned)(i / ((size_t)rings * ring_size)),
							 .origins = origins, .target = e.target, .op = e.op, .result = e.result };
	}
	if (lines)
		qsort(lines, *count, sizeof *lines, by_sequence);
	return lines;
}

struct audit_line *audit_of_crash(const struct crash_audit *audit, size_t *count)
{
	size_t size = (size_t)audit->origins * audit->rings * audit->ring_size * audit->entry_size;

	return audit_lines((const uint8_t *)audit + audit->entries, size, audit->origins, audit->rings, audit->ring_size, audit->entry_size, count);
}
