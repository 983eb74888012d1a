/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The crash region from a board. Most of it is empty or of no interest, and the line is slow: of each part its mark is read first, and
 * then as much as counts. What is not read is zero, as if nothing were there.
 */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "crash_read.h"

#define REGION_MOST (64u << 20)

struct fetch {
	struct context *x;
	uint8_t *data;
	size_t size;
	size_t done, all; /* parts */
};

static int fetch_bytes(struct fetch *f, size_t offset, size_t size)
{
	const struct manage_read what = { .area = AREA_CRASH, .offset = (uint32_t)offset, .size = (uint32_t)size };

	if (offset >= f->size || size > f->size - offset)
		return 0;
	return cellctl_read(f->x->c, &what, f->data + offset, NULL, NULL);
}

/* Bytes of the part behind its mark; what is no whole part is looked at no further, and reported as it is. */
static size_t counting(const uint8_t *part, size_t room)
{
	struct crash_mark mark;
	struct crash_audit audit;

	memcpy(&mark, part, sizeof mark);
	if (mark.magic != CRASH_MAGIC || mark.size > room)
		return mark.magic ? sizeof mark : 0;
	if (mark.kind != CRASH_KIND_AUDIT || room < sizeof audit)
		return mark.size;
	memcpy(&audit, part, sizeof audit);
	uint64_t size = (uint64_t)audit.origins * audit.rings * audit.ring_size, end = audit.entries + size * audit.entry_size;

	return audit.entry_size > room || size > room || end > room ? room : mark.size > end ? mark.size : (size_t)end;
}

static int fetch_part(struct fetch *f, size_t offset, size_t room, size_t first)
{
	if (offset >= f->size)
		return 0;
	if (room > f->size - offset)
		room = f->size - offset;
	if (first > room)
		first = room;
	int error = fetch_bytes(f, offset, first);
	size_t size = error ? 0 : counting(f->data + offset, room);

	if (!error && size > first)
		error = fetch_bytes(f, offset + first, size - first);
	progress(f->x, ++f->done, f->all);
	return error;
}

/* only: of this cell alone; negative: all. */
static int fetch_parts(struct fetch *f, int only)
{
	struct crash_view view;
	int error = fetch_part(f, 0, CRASH_HEAD, sizeof(struct crash_head));

	if (error)
		return error;
	crash_view(&view, f->data, f->size);
	f->all = 4 + crash_slot_number(&view);
	for (unsigned i = 0; i < 2 && !error && only < 0; i++)
		error = fetch_part(f, view.head.audit + (size_t)i * view.head.audit_size, view.head.audit_size, sizeof(struct crash_audit));
	if (!error && only < 0)
		error = fetch_part(f, view.head.panic, view.head.panic_size, sizeof(struct crash_mark));
	for (unsigned i = 0; i < crash_slot_number(&view) && !error; i++)
		if (only < 0 || (int)(i / 2) == only)
			error = fetch_part(f, view.head.slots + (size_t)i * view.head.slot_size, view.head.slot_size, sizeof(struct crash_mark));
	progress(f->x, 1, 1);
	return error;
}

int crash_fetch(struct context *x, const char *cell, bool all, uint8_t **data, size_t *size)
{
	const struct manage_identity *board;
	struct fetch f = { .x = x, .all = 4 };
	unsigned number;
	int error = context_board(x, &board);

	if (error)
		return error;
	if (!board->crash_size || board->crash_size > REGION_MOST)
		return complain(CELLCTL_NO, _("this partition has no crash region (cloison,crash-region)"));
	f.size = *size = board->crash_size;
	f.data = *data = calloc(1, f.size);
	if (!f.data)
		return complain(CELLCTL_FAILED, _("out of memory"));
	const struct manage_read what = { .area = AREA_CRASH, .size = (uint32_t)f.size };

	if (all)
		error = cellctl_read(x->c, &what, f.data, progress, x);
	else /* a name of an earlier partition is looked for everywhere */
		error = fetch_parts(&f, cell && !cellctl_find(x->c, cell, &number) ? (int)number : -1);
	return error ? context_failed(x, error) : 0;
}
