/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What the hypervisor's node says of the core itself: crash region, panic, the board's watchdog, how long its ways may be. */
#include <string.h>

#include "parts.h"

#define WATCHDOG_SECONDS 10u /* what it gets that says nothing */

static const struct prop *reference(const struct node *node, const char *name, const char *form, struct diag *diag)
{
	const struct prop *prop = node_prop(node, name);

	if (prop && prop->size != 4) {
		diag_error(diag, "bad-property", prop->at, "%s of '%s' is one reference, such as %s", name, node->name, form);
		return NULL;
	}
	return prop;
}

static void load_watchdog(struct decision *d, struct watchdog *w, struct diag *diag)
{
	u16 device;

	w->prop = reference(d->hyp.node, "cloison,watchdog", "<&wdt0>", diag);
	w->node = w->prop ? tree_phandle(d->tree, prop_cell(w->prop, 0)) : NULL;
	w->time = node_prop(d->hyp.node, "cloison,watchdog-seconds");
	w->device = DEVICE_NONE;
	if (w->time && w->time->size != 4) {
		diag_error(diag, "bad-property", w->time->at, "cloison,watchdog-seconds of '%s' is one number, such as <10>", d->hyp.node->name);
		w->time = NULL;
	}
	w->seconds = w->time ? prop_cell(w->time, 0) : w->prop ? WATCHDOG_SECONDS : 0;
	device = device_of(d, w->node);
	if (device != DEVICE_NONE && node_compatible(w->node, "arm,sbsa-gwdt") && d->devices[device].reg_count >= 2) {
		w->device = device;
		d->devices[device].system = "the board's watchdog, which the core feeds";
	}
}

static void load_max_trap(struct hypervisor *h, struct diag *diag)
{
	const struct prop *prop = node_prop(h->node, "cloison,max-trap-instructions");

	if (prop && prop->size != 4) {
		diag_error(diag, "bad-property", prop->at, "cloison,max-trap-instructions of '%s' is one number, such as <20000>", h->node->name);
		return;
	}
	h->max_trap_prop = prop;
	h->max_trap = prop ? prop_cell(prop, 0) : 0;
	if (prop && h->max_trap == 0) {
		diag_error(diag, "bad-value", prop->at, "cloison,max-trap-instructions of '%s' is 0, but a way through the core has instructions; "
			   "write how many it may have", h->node->name);
	}
}

void dt_core(struct decision *d, struct diag *diag)
{
	struct hypervisor *h = &d->hyp;
	const char *panic = node_string(h->node, "cloison,panic"), *rights = node_string(h->node, "cloison,board-rights");

	h->crash.prop = reference(h->node, "cloison,crash-region", "<&crash0>", diag);
	h->crash.node = h->crash.prop ? tree_phandle(d->tree, prop_cell(h->crash.prop, 0)) : NULL;
	h->crash.reserve = reserve_of(d, h->crash.node);
	h->board_rights = rights ? rights : "reset off";
	h->panic_resets = panic && strcmp(panic, "reset") == 0;
	load_watchdog(d, &h->watchdog, diag);
	load_max_trap(h, diag);
}
