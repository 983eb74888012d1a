/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Where a kernel goes and starts: docs/image-format.md, "Kernels". An arm64 Image says it in its header (text_offset at
 * 8, "ARM\x64" at 56), of a raw one the partition does. Of an ELF nothing in the image is left that does: it is where
 * machine_hash says, because both addresses are hashed, and starts inside of itself.
 */
#include <string.h>

#include "cellcheck.h"

static bool is(const struct ask_cell *ask, const char *kind)
{
	return ask->kind && !strcmp(ask->kind, kind);
}

static void check_raw(struct check *c, const struct ask_cell *ask, const char *who, const struct piece *p, u64 entry)
{
	u64 target = ask->load.said ? ask->load.at : ask->ram.v[0].base;

	expect(c, "load", who, "target", p->target, target);
	expect(c, "load", who, "entry", entry, ask->entry.said ? ask->entry.at : target);
}

static void check_elf(struct check *c, const struct ask_cell *ask, const char *who, const struct piece *p, u64 entry)
{
	if (p->target % 16 || !span_holds((struct span) { ask->ram.v[0].base, ask->ram.v[0].size }, (struct span) { p->target, p->size }))
		finding(c, "load", "%s: is copied to 0x%llx: not a multiple of 16 in the cell's first range", who, p->target);
	if (entry % 4 || entry - p->target >= p->size)
		finding(c, "load", "%s: starts at 0x%llx, which is no instruction of it", who, entry);
}

void check_kernel(struct check *c, size_t cell, const char *who, const struct piece *p)
{
	const struct ask_cell *ask = &c->ask->cells.v[cell];
	u64 entry = c->cells[cell].entry, place = 0;
	bool header = p->image->size >= 64 && !memcmp(p->image->bytes + 56, "ARM\x64", 4);

	if (header)
		place = ask->ram.v[0].base + get(p->image->bytes + 8, 8);
	if (is(ask, "raw")) {
		check_raw(c, ask, who, p, entry);
	} else if (is(ask, "image") && !header) {
		finding(c, "load", "%s: is no arm64 Image", who);
	} else if (is(ask, "image")) {
		expect(c, "load", who, "target", p->target, place);
		expect(c, "load", who, "entry", entry, place);
	} else if (is(ask, "elf") || !header || p->target != place || entry != place) {
		check_elf(c, ask, who, p, entry); /* an ELF of an Image has the header too, and may be linked for elsewhere */
	}
}
