/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The crash region as bytes, from a board or from a dump (docs/crash-region.md, core/crash_format.h). Whoever could write it before
 * boot can have invented all of it: nothing is used before its mark, CRC and bounds were looked at.
 */
#ifndef CELLCTL_CRASH_READ_H
#define CELLCTL_CRASH_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/crash_format.h"

struct crash_view {
	const uint8_t *data;
	size_t size;
	struct crash_head head; /* as it should be, if the region has none */
	bool has_head;
};

/* Where the parts are. data stays the caller's. */
void crash_view(struct crash_view *view, const void *data, size_t size);
/*
 * A copy of a part, for free(): its mark is right, its CRC too, and it is at least `least` bytes long, zeros behind what counts of it. NULL: there is none;
 * *why says what is wrong with what is there, NULL: nothing is there.
 */
void *crash_part(const struct crash_view *view, size_t offset, size_t room, enum crash_kind kind, size_t least, const char **why);
/* The n-th slot of all; NULL as above. What it leads to (console, vCPUs) lies within it. */
struct crash_cell *crash_slot_read(const struct crash_view *view, unsigned n, const char **why);
unsigned crash_slot_number(const struct crash_view *view);
const struct crash_vcpu *crash_vcpu_of(const struct crash_cell *cell, unsigned n);
struct crash_panic *crash_panic_read(const struct crash_view *view, const char **why);
struct crash_audit *crash_audit_read(const struct crash_view *view, unsigned half, const char **why);

/* The newest record of a cell, or (NULL) the panic, as an ELF core file. 0, or the exit code after a message: crash_core.c */
int crash_core(const struct crash_view *view, const char *cell, const char *path);

/* Entries of an audit, of the region's or of struct audit. */
struct audit_line {
	uint32_t sequence, times;
	uint64_t when;
	unsigned origin;  /* cell, or: origins - 2 operator, origins - 1 policy */
	unsigned origins;
	uint16_t target;
	uint8_t op, result;
};
/* Those that are whole, by their sequence, for free(); NULL: none. */
struct audit_line *audit_lines(const uint8_t *entries, size_t size, unsigned origins, unsigned rings, unsigned ring_size, unsigned entry_size, size_t *count);
struct audit_line *audit_of_crash(const struct crash_audit *audit, size_t *count);

#endif
