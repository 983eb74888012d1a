/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The decision is judged here, whoever made it: what the DTS says and what
 * cellgen chose go through the same checks. One file per subject; check.h
 * lists them.
 */
#include "check.h"

void check_decision(const struct decision *decision, struct diag *diag)
{
	check_nodes(decision, diag);      /* first the text itself: nodes ... */
	check_properties(decision, diag); /* ... and words nobody understands */
	check_board(decision, diag);
	check_firmware(decision, diag);
	check_core(decision, diag);
	check_cells(decision, diag);
	check_policies(decision, diag);
	check_lives(decision, diag);
	check_controls(decision, diag);
	check_crashes(decision, diag);
	check_cpus(decision, diag);       /* then who owns what */
	check_access(decision, diag);
	check_devices(decision, diag);
	check_iommus(decision, diag);
	check_pci(decision, diag);
	check_trust(decision, diag);
	check_its(decision, diag);
	check_vdevs(decision, diag);
	check_lines(decision, diag);
	check_virtual(decision, diag);
	check_memory(decision, diag);     /* and last the two address spaces */
	check_colors(decision, diag);
	check_shares(decision, diag);
	check_guests(decision, diag);
	check_claims(decision, diag);
}
