/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Words and ranges for the checks: suggestions, addresses as text, what makes a region a region. */
#define _POSIX_C_SOURCE 200809L
#include <string.h>

#include "check.h"

#define WORD_MAX 63

static u32 smallest(u32 a, u32 b, u32 c)
{
	u32 least = a < b ? a : b;

	return least < c ? least : c;
}

/* Levenshtein: insertions, deletions and replacements that make one word of the other. */
static u32 edit_distance(const char *a, const char *b)
{
	u32 row[WORD_MAX + 1];
	u32 a_length = (u32)strnlen(a, WORD_MAX), b_length = (u32)strnlen(b, WORD_MAX);

	for (u32 j = 0; j <= b_length; j++) {
		row[j] = j;
	}
	for (u32 i = 1; i <= a_length; i++) {
		u32 diagonal = row[0];

		row[0] = i;
		for (u32 j = 1; j <= b_length; j++) {
			u32 above = row[j];

			row[j] = smallest(row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[b_length];
}

void nearest_offer(struct nearest *nearest, const char *candidate)
{
	u32 distance = edit_distance(nearest->word, candidate);
	u32 tolerated = 1 + (u32)strnlen(candidate, WORD_MAX) / 5;

	if (distance > tolerated) {
		return;
	}
	if (!nearest->best || distance < nearest->distance) {
		nearest->twin = nearest->best && edit_distance(nearest->best, candidate) == 1 ? nearest->best : NULL;
		nearest->best = candidate;
		nearest->distance = distance;
	} else if (edit_distance(nearest->best, candidate) == 1) {
		nearest->twin = candidate;
	}
}

const char *nearest_hint(const struct nearest *nearest)
{
	return !nearest->best ? "" : nearest->twin ? mem_format("; did you mean \"%s\" or \"%s\"?", nearest->best, nearest->twin) :
						    mem_format("; did you mean \"%s\"?", nearest->best);
}

void check_spelling(const struct node *node, const char *whose, const char *const *words, u32 count, struct diag *diag)
{
	for (u32 i = 0; i < node->prop_count; i++) {
		struct nearest nearest = { .word = node->props[i].name };

		for (u32 k = 0; k < count; k++) {
			nearest_offer(&nearest, words[k]);
		}
		if (nearest.best && nearest.distance) {
			diag_error(diag, "unknown-property", node->props[i].at, "%s of %s is nothing that anybody reads%s", nearest.word, whose,
				   nearest_hint(&nearest));
		}
	}
}

const char *text_range(u64 base, u64 size)
{
	return mem_format("0x%llx-0x%llx", TEXT_NUMBER(base), TEXT_NUMBER(base + size - 1));
}

bool range_below(u64 base, u64 size, u64 limit)
{
	return base <= limit && size <= limit - base;
}

bool range_overlap(u64 base, u64 size, u64 other_base, u64 other_size)
{
	return !range_wraps(base, size) && !range_wraps(other_base, other_size) && base < other_base + other_size &&
	       other_base < base + size;
}

bool check_region(const struct region *region, struct diag *diag)
{
	if (region->size == 0) {
		diag_error(diag, "region-empty", region->at, "%s at 0x%llx has size 0; give it at least one page (0x1000)",
			   region->what, TEXT_NUMBER(region->base));
		return false;
	}
	if (range_wraps(region->base, region->size)) {
		diag_error(diag, "region-wraps", region->at, "%s starts at 0x%llx, and 0x%llx bytes from there go beyond 2^64; "
			   "correct the address or the size", region->what, TEXT_NUMBER(region->base),
			   TEXT_NUMBER(region->size));
		return false;
	}
	if (region->base % region->alignment != 0) {
		diag_error(diag, "region-misaligned", region->at, "%s starts at 0x%llx, but must start at a multiple of 0x%llx; "
			   "0x%llx is the next one below", region->what, TEXT_NUMBER(region->base),
			   TEXT_NUMBER(region->alignment), TEXT_NUMBER(align_down(region->base, region->alignment)));
	}
	if (region->size % PAGE_SIZE != 0) {
		diag_error(diag, "region-misaligned", region->at, "%s has 0x%llx bytes, but its size must be a multiple of 0x1000 "
			   "(whole pages)", region->what, TEXT_NUMBER(region->size));
	}
	return true;
}

void check_reference(u32 phandle, const char *what, struct pos at, struct diag *diag)
{
	diag_error(diag, "unknown-phandle", at, "%s refers to phandle 0x%x, which no node has; refer by label: <&label>",
		   what, phandle);
}
