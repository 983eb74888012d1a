/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The checks on the decision, one file per subject. Each reads the whole decision, changes nothing, and goes on
 * after a finding, so that one run shows everything.
 */
#ifndef CELLGEN_CHECK_H
#define CELLGEN_CHECK_H

#include "parts.h"

#define TEXT_NUMBER(n) ((unsigned long long)(n))

void check_nodes(const struct decision *d, struct diag *diag);      /* check_node.c */
void check_properties(const struct decision *d, struct diag *diag); /* check_prop.c */
void check_cells(const struct decision *d, struct diag *diag);      /* check_cell.c */
void check_policies(const struct decision *d, struct diag *diag);   /* check_policy.c */
void check_lives(const struct decision *d, struct diag *diag);      /* check_life.c */
void check_controls(const struct decision *d, struct diag *diag);   /* check_control.c */
void check_crashes(const struct decision *d, struct diag *diag);    /* check_crash.c */
void check_cpus(const struct decision *d, struct diag *diag);       /* check_cpu.c */
void check_access(const struct decision *d, struct diag *diag);     /* check_access.c */
void check_devices(const struct decision *d, struct diag *diag);    /* check_device.c */
void check_iommus(const struct decision *d, struct diag *diag);     /* check_iommu.c */
void check_its(const struct decision *d, struct diag *diag);
void check_pci(const struct decision *d, struct diag *diag);        /* check_pci.c */
void check_trust(const struct decision *d, struct diag *diag);      /* check_trust.c */
void check_vdevs(const struct decision *d, struct diag *diag);      /* check_vdev.c */
void check_lines(const struct decision *d, struct diag *diag);      /* check_line.c */
void check_virtual(const struct decision *d, struct diag *diag);    /* check_virtual.c */
void check_memory(const struct decision *d, struct diag *diag);     /* check_memory.c */
void check_colors(const struct decision *d, struct diag *diag);     /* check_color.c */
void check_shares(const struct decision *d, struct diag *diag);     /* check_share.c */
void check_guests(const struct decision *d, struct diag *diag);     /* check_guest.c */
void check_board(const struct decision *d, struct diag *diag);      /* check_board.c */
void check_firmware(const struct decision *d, struct diag *diag);   /* check_firmware.c */
void check_core(const struct decision *d, struct diag *diag);       /* check_core.c */

void check_claims(const struct decision *d, struct diag *diag);     /* check_claims.c */

bool policy_restarts(const struct policy *p);                       /* check_policy.c: something leads to a restart */
void check_reach(const char *what, u64 base, u64 size, struct pos at, struct diag *diag); /* check_core.c: of the core's own tables */

/* Why a cell may be loaded a second time, which is a matter of what its devices still do: check_life.c. */
struct again {
	const char *why;    /* "'linux' is to be restarted" */
	const char *advice; /* "write cloison,restart = \"never\"" */
	struct pos at;
};
u32 again_reasons(const struct decision *d, const struct cell *cell, struct again **list);
#define STARTS (1u << 1 | 1u << 3) /* of control.rights: start, restart */

/* ---- check_text.c: what several of them need ---- */

/* Keeps the candidate that is nearest to word so far. */
struct nearest {
	const char *word;
	const char *best; /* NULL: none is near enough to be a typing mistake */
	const char *twin; /* another that is near, and so close to best that either may be meant; or NULL */
	u32 distance;
};
void nearest_offer(struct nearest *nearest, const char *candidate);
const char *nearest_hint(const struct nearest *nearest); /* "; did you mean \"x\"?" or "" */

/* A property whose name is almost one of these words: a typing mistake where any word may stand. whose: "chosen of 'linux'" */
void check_spelling(const struct node *node, const char *whose, const char *const *words, u32 count, struct diag *diag);

const char *text_range(u64 base, u64 size); /* "0x40000000-0x4fffffff" */

/* A piece of an address space that somebody wrote down. */
struct region {
	const char *what; /* "memory of 'linux'" */
	u64 base;
	u64 size;
	u64 alignment;    /* of the base; the size is whole pages */
	struct pos at;
};
/* Empty, wrapping, misaligned: true when it is a sane piece, misaligned or not. */
bool check_region(const struct region *region, struct diag *diag);

/* A piece [base, base + size) that ends at or below limit; neither may be added up before it is known not to wrap. */
bool range_below(u64 base, u64 size, u64 limit);
bool range_overlap(u64 base, u64 size, u64 other_base, u64 other_size); /* false for empty or wrapping ones */

/* References to nothing. what: "cpus of 'linux'". */
void check_reference(u32 phandle, const char *what, struct pos at, struct diag *diag);

/* ---- check_device.c, check_regs.c ---- */

bool check_refused(const struct device *device); /* no cell can have it: reported once, with the device */

const char *access_advice(const struct access *access); /* what to do with a device that cannot be given */

/* A region in a guest's map whose guest address nobody wrote: what it lies over is check_share.c's finding. */
bool check_share_silent(const struct extent *e);
/* memory-region of a device: regions of which the guest's tree has every one. */
bool share_all_named(const struct decision *d, const struct cell *cell, const struct prop *prop);

/* clocks and clock-names of a node that goes into a guest's tree. (check_clock.c) */
void check_clocks(const struct decision *d, const struct node *node, const char *whose, struct diag *diag);

/* Properties of a node that goes into a guest's tree. whose: "rtc0", "serial@9000000 of 'linux'". */
void check_references(const struct decision *d, const struct cell *cell, const struct node *node, const char *whose, struct diag *diag);
void check_registers(const struct decision *d, const struct access *access, const struct cell *cell, struct diag *diag);

#endif
