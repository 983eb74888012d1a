/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* When a cell starts, what is expected of it while it runs, and how it is asked to end. */
#include <string.h>

#include "parts.h"

/* So many numbers; otherwise it counts as not written. */
static const struct prop *numbers(const struct cell *cell, const char *name, u32 count, const char *form, struct diag *diag)
{
	const struct prop *prop = node_prop(cell->node, name);

	if (prop && prop->size != 4 * count) {
		diag_error(diag, "bad-property", prop->at, "%s of '%s' is %s", name, cell->name, form);
		return NULL;
	}
	return prop;
}

void dt_life(struct cell *cell, struct diag *diag)
{
	struct life *life = &cell->life;
	const char *start = node_string(cell->node, "cloison,start");

	life->manual = start && strcmp(start, "manual") == 0;
	life->heartbeat = numbers(cell, "cloison,heartbeat", 2, "two numbers of milliseconds, such as <5000 1000>: until the first, "
				  "and from each to the next", diag);
	life->shutdown = numbers(cell, "cloison,shutdown-time", 1, "one number of milliseconds, such as <20000>", diag);
	if (life->heartbeat) {
		life->first = prop_cell(life->heartbeat, 0);
		life->period = prop_cell(life->heartbeat, 1);
	}
	life->shutdown_time = life->shutdown ? prop_cell(life->shutdown, 0) : 0;
}
