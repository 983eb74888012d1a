/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What a mediated cell may ask for: numbers of its own for its devices' interrupts, and how often they may come. */
#include "parts.h"

/* Pairs of a reference and a number. */
static void load_pairs(const struct decision *d, const struct cell *cell, const char *name, struct line_wish **list, u32 *count,
		       struct diag *diag)
{
	const struct prop *prop = node_prop(cell->node, name);

	if (prop && (prop->size == 0 || prop->size % 8 != 0)) {
		diag_error(diag, "bad-property", prop->at, "%s of '%s' is not a list of pairs of a reference and a number, such as <&rtc0 40>",
			   name, cell->name);
		return;
	}
	for (u32 i = 0; prop && i < prop->size / 4; i += 2) {
		struct line_wish *wish = mem_push(list, count, sizeof(*wish));
		u32 phandle = prop_cell(prop, i);
		const struct node *node = tree_phandle(d->tree, phandle);

		*wish = (struct line_wish){ .phandle = phandle, .node = node, .device = device_of(d, node),
			.value = prop_cell(prop, i + 1), .at = prop->at };
	}
}

void dt_mediated(const struct decision *d, struct cell *cell, struct diag *diag)
{
	const struct prop *limit = node_prop(cell->node, "cloison,interrupt-limit");

	load_pairs(d, cell, "cloison,virtual-interrupts", &cell->numbers, &cell->number_count, diag);
	load_pairs(d, cell, "cloison,interrupt-limits", &cell->limits, &cell->limit_count, diag);
	if (limit && limit->size != 4) {
		diag_error(diag, "bad-property", limit->at, "cloison,interrupt-limit of '%s' is one number, such as <20000>: interrupts "
			   "in a second", cell->name);
	} else if (limit) {
		cell->limit = prop_cell(limit, 0);
	}
}
