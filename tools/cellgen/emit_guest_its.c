/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The ITS in the tree of the guest that has it: below its interrupt controller, and who writes MSIs by which DeviceID. */
#include "guest_writer.h"
#include "its.h"

u32 guest_gic_cells(const struct writer *w)
{
	return its_cell(w->d, w->cell) ? 2 : 0;
}

void emit_guest_its(struct writer *w)
{
	if (!its_cell(w->d, w->cell)) {
		return;
	}
	PUT_CELLS(w, "#size-cells", 2);
	put(w, "ranges", "", 0);
	put_begin(w, mem_format("its@%llx", ITS_GUEST));
	put_text(w, "compatible", "arm,gic-v3-its");
	put(w, "msi-controller", "", 0);
	PUT_CELLS(w, "#msi-cells", 1);
	put_ranges(w, &(struct range){ ITS_GUEST, ITS_GUEST_SIZE }, 1);
	PUT_CELLS(w, "phandle", PHANDLE_ITS);
	put_end(w);
}

/* The physical DeviceIDs; a function that is not listed has no MSIs, nor the capabilities. */
void put_guest_msis(struct writer *w, u16 host)
{
	u32 *cells = NULL, count = 0;

	for (u32 i = 0; its_cell(w->d, w->cell) && i < w->d->its.user_count; i++) {
		const struct its_user *user = &w->d->its.users[i];
		const u32 entry[] = { w->d->functions[user->function].address, PHANDLE_ITS, user->id, 1 };

		for (u32 c = 0; w->d->functions[user->function].host == host && c < ARRAY_COUNT(entry); c++) {
			*(u32 *)mem_push(&cells, &count, sizeof(u32)) = entry[c];
		}
	}
	if (count) {
		put_cells(w, "msi-map", cells, count);
	}
}
