/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What outlives the core, and what resets the board when it is not well: the crash region and the board's watchdog. */
#include <string.h>

#include "check.h"
#include "pte.h"

#define SECONDS_MAX 60u /* of the watchdog */

static bool disabled(const struct node *node)
{
	const char *status = node_string(node, "status");

	return status && strcmp(status, "okay") != 0 && strcmp(status, "ok") != 0;
}

/* ---- crash region */

/* A cell that names it could write what is to be believed afterwards. */
static void check_alone(const struct decision *d, const struct reserve *region, struct diag *diag)
{
	for (u32 i = 0; i < d->cell_count; i++) {
		for (u32 k = 0; k < d->cells[i].share_count; k++) {
			const struct share *share = &d->cells[i].shares[k];

			if (share->node == region->node) {
				diag_error(diag, "crash-region", share->at, "memory-region of '%s' names %s, which is the crash region by %s; no cell may "
					   "see that: make another region", d->cells[i].name, region->name, diag_at(d->hyp.crash.prop->at));
			}
		}
	}
}

static void check_size(const struct decision *d, const struct reserve *region, struct diag *diag)
{
	u64 needed = CRASH_SIZE(d->cell_count);

	if (region->size < needed) {
		diag_error(diag, "crash-region", region->at, "the crash region %s has 0x%llx bytes, but the records of %u cell(s) need 0x%llx; make "
			   "it that large", region->name, TEXT_NUMBER(region->size), d->cell_count, TEXT_NUMBER(needed));
	}
	if (AUDIT_SIZE(d->cell_count) > CRASH_AUDIT / 2) {
		diag_error(diag, "crash-region", d->hyp.crash.prop->at, "a crash region has no room for the audit records of %u cells; take it out, or "
			   "have fewer cells", d->cell_count);
	}
}

static void check_crash(const struct decision *d, struct diag *diag)
{
	const struct crash *crash = &d->hyp.crash;
	const struct reserve *region;

	if (!crash->node) {
		check_reference(prop_cell(crash->prop, 0), "cloison,crash-region", crash->prop->at, diag);
		return;
	}
	if (crash->reserve == RESERVE_NONE) {
		diag_error(diag, "not-a-region", crash->prop->at, "cloison,crash-region names %s (%s), which is no child of /reserved-memory; "
			   "describe the region there", node_nick(crash->node), diag_at(crash->node->at));
		return;
	}
	region = &d->reserves[crash->reserve];
	if (disabled(crash->node)) {
		diag_error(diag, "region-disabled", crash->prop->at, "cloison,crash-region names %s, but its status at %s is \"%s\"; enable it "
			   "there, or take it out here", region->name, diag_at(prop_at(crash->node, "status")),
			   node_string(crash->node, "status"));
	}
	check_alone(d, region, diag);
	if (region->reg_count || node_prop(crash->node, "size")) {
		check_size(d, region, diag);
	}
	if (region->phys != ADDRESS_NONE) {
		check_reach("the crash region", region->phys, region->size, region->at, diag);
	}
}

/* ---- watchdog */

static void check_frames(const struct device *device, struct diag *diag)
{
	for (u32 i = 0; i < 2; i++) {
		const struct range *reg = &device->regs[i];
		struct pos at = prop_at(device->node, "reg");

		if (check_region(&(struct region){ .what = mem_format("register block %u of %s", i, device->name), .base = reg->base,
				.size = align_up(reg->size, PAGE_SIZE), .alignment = PAGE_SIZE, .at = at }, diag)) {
			check_reach(device->name, reg->base, reg->size, at, diag);
		}
	}
}

static void check_watchdog(const struct decision *d, struct diag *diag)
{
	const struct watchdog *w = &d->hyp.watchdog;

	if (!w->node) {
		check_reference(prop_cell(w->prop, 0), "cloison,watchdog", w->prop->at, diag);
	} else if (w->device == DEVICE_NONE) {
		diag_error(diag, "board-watchdog", w->prop->at, "cloison,watchdog names %s (%s), which is no \"arm,sbsa-gwdt\" with two register "
			   "blocks, and the core can feed no other; take it out", node_nick(w->node), diag_at(w->node->at));
	} else {
		if (disabled(w->node)) {
			diag_error(diag, "board-watchdog", w->prop->at, "cloison,watchdog names %s, but its status at %s is \"%s\"; enable it there, "
				   "or take it out here", node_nick(w->node), diag_at(prop_at(w->node, "status")), node_string(w->node, "status"));
		}
		check_frames(&d->devices[w->device], diag);
	}
}

static void check_seconds(const struct decision *d, struct diag *diag)
{
	const struct watchdog *w = &d->hyp.watchdog;

	if (!node_prop(d->hyp.node, "cloison,watchdog")) {
		diag_error(diag, "board-watchdog", w->time->at, "cloison,watchdog-seconds without cloison,watchdog means nothing; name the "
			   "watchdog, or take it out");
	} else if (w->seconds < 1 || w->seconds > SECONDS_MAX) {
		diag_error(diag, "board-watchdog", w->time->at, "cloison,watchdog-seconds is %u; it can be 1 to %u", w->seconds, SECONDS_MAX);
	}
}

void check_crashes(const struct decision *d, struct diag *diag)
{
	if (d->hyp.crash.prop) {
		check_crash(d, diag);
	}
	if (d->hyp.watchdog.prop) {
		check_watchdog(d, diag);
	}
	if (d->hyp.watchdog.time) {
		check_seconds(d, diag);
	}
}
