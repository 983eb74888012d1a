/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What the core and every guest's tree take for granted: which private interrupts are the timers' and the GIC's, and
 * how the firmware is called. A board that says otherwise would start, and then not tick.
 */
#include <string.h>

#include "check.h"

#define PPI 1u             /* first cell of a GIC's interrupt specifier */
#define PPI_MAINTENANCE 9u

/* Secure, physical, virtual, hypervisor: as src/arch/aarch64/irq.h and emit_guest_dtb.c have them. */
static const u32 timer_ppis[] = { 13, 14, 11, 10 };

static void check_timer(const struct node *node, struct diag *diag)
{
	const struct prop *prop = node_prop(node, "interrupts");

	for (u32 i = 0; prop && i < ARRAY_COUNT(timer_ppis) && i * 3 + 1 < prop->size / 4; i++) {
		u32 type = prop_cell(prop, i * 3), number = prop_cell(prop, i * 3 + 1);

		if (type != PPI || number != timer_ppis[i]) {
			diag_error(diag, "board-timer", prop->at, "interrupt %u of the timer %s is <%u %u>, but the core and its guests expect "
				   "private interrupts 13, 14, 11 and 10; this board is not supported", i + 1, node_nick(node), type,
				   number);
			return;
		}
	}
}

static void check_maintenance(const struct node *node, struct diag *diag)
{
	const struct prop *prop = node_prop(node, "interrupts");

	if (prop && (prop_cell(prop, 0) != PPI || prop_cell(prop, 1) != PPI_MAINTENANCE)) {
		diag_error(diag, "board-gic", prop->at, "the maintenance interrupt of %s is <%u %u>, but the core expects private interrupt "
			   "%u; this board is not supported", node_nick(node), prop_cell(prop, 0), prop_cell(prop, 1), PPI_MAINTENANCE);
	}
}

/* The core is at EL2, where HVC leads to itself; function numbers are fixed since version 0.2. */
static void check_psci(const struct node *node, struct diag *diag)
{
	const char *method = node_string(node, "method");

	if (method && strcmp(method, "smc") != 0) {
		diag_error(diag, "board-psci", prop_at(node, "method"), "the firmware is called by \"%s\" (method of %s), but from EL2 only "
			   "\"smc\" leads to it; correct the board tree", method, node_nick(node));
	}
	if (!node_compatible(node, "arm,psci-0.2") && !node_compatible(node, "arm,psci-1.0")) {
		diag_error(diag, "board-psci", prop_at(node, "compatible"), "the firmware's power interface %s is older than \"arm,psci-0.2\", "
			   "whose function numbers the core uses; this board is not supported", node_nick(node));
	}
}

static bool enabled(const struct node *node)
{
	const char *status = node_string(node, "status");

	return !status || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}

static bool is_psci(const struct node *node)
{
	return node_compatible(node, "arm,psci") || node_compatible(node, "arm,psci-0.2") || node_compatible(node, "arm,psci-1.0");
}

/* What every guest is told that it has, the board has to have. */
static void check_there(const struct decision *d, bool timer, bool psci, struct diag *diag)
{
	if (!timer) {
		diag_error(diag, "board-timer", d->tree->root->at, "the board tree has no enabled timer that is compatible with "
			   "\"arm,armv8-timer\", which the core and every guest use; correct the board tree");
	}
	if (!psci) {
		diag_error(diag, "board-psci", d->tree->root->at, "the board tree has no enabled node that is compatible with \"arm,psci-1.0\" or "
			   "\"arm,psci-0.2\", by which CPUs are switched on and off; correct the board tree");
	}
	if (d->gic.node && !enabled(d->gic.node)) {
		diag_error(diag, "board-gic", prop_at(d->gic.node, "status"), "the interrupt controller %s has status \"%s\", and there is no "
			   "system without it; correct the board tree", node_nick(d->gic.node), node_string(d->gic.node, "status"));
	}
}

void check_firmware(const struct decision *d, struct diag *diag)
{
	bool timer = false, psci = false;

	for (u32 i = 0; i < d->tree->node_count; i++) {
		const struct node *node = d->tree->nodes[i];

		if (node_below(node, d->domains) || !enabled(node)) {
			continue;
		}
		if (node_compatible(node, "arm,armv8-timer")) {
			check_timer(node, diag);
			timer = true;
		}
		if (is_psci(node)) {
			check_psci(node, diag);
			psci = true;
		}
	}
	check_there(d, timer, psci, diag);
	if (d->gic.node) {
		check_maintenance(d->gic.node, diag);
	}
}
