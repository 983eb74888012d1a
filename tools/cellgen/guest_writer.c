/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Properties of a guest's tree. libfdt's first error is kept; what is written after it does not matter. */
#include <libfdt.h>
#include <string.h>

#include "guest_writer.h"

static void check(struct writer *w, int error)
{
	w->error = w->error ? w->error : error;
}

void put_begin(struct writer *w, const char *name)
{
	check(w, fdt_begin_node(w->fdt, name));
}

void put_end(struct writer *w)
{
	check(w, fdt_end_node(w->fdt));
}

void put(struct writer *w, const char *name, const void *data, u64 size)
{
	check(w, fdt_property(w->fdt, name, data, (int)size));
}

void put_text(struct writer *w, const char *name, const char *text)
{
	put(w, name, text, strlen(text) + 1);
}

void put_cells(struct writer *w, const char *name, const u32 *cells, u32 count)
{
	u32 *big = mem_alloc(count * 4);

	for (u32 i = 0; i < count; i++) {
		big[i] = cpu_to_fdt32(cells[i]);
	}
	put(w, name, big, count * 4ULL);
}

void put_u64(struct writer *w, const char *name, u64 value)
{
	PUT_CELLS(w, name, (u32)(value >> 32), (u32)value);
}

void put_ranges(struct writer *w, const struct range *ranges, u32 count)
{
	u32 *cells = mem_alloc(count * 16ULL);

	for (u32 i = 0; i < count; i++) {
		cells[4 * i] = (u32)(ranges[i].base >> 32);
		cells[4 * i + 1] = (u32)ranges[i].base;
		cells[4 * i + 2] = (u32)(ranges[i].size >> 32);
		cells[4 * i + 3] = (u32)ranges[i].size;
	}
	put_cells(w, "reg", cells, count * 4);
}
