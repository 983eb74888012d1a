/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* machine_hash: SHA-256 over the partition's DTB, then kernel and initrd of each cell. */
#include <libfdt.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#include "cellcheck.h"

/*
 * An image without machine_index does not say how long a kernel's file is, only how long rounded up
 * to 16. The hash does: it is that of one combination of the lengths that are possible. Likely ones first.
 */
#define EFFORT (512 * MIB) /* bytes to hash before giving up */

struct search {
	struct check *c;
	u8 wanted[SHA256_DIGEST_SIZE];
	u64 effort;
	bool found;
};

static void search_cell(struct search *s, size_t cell, size_t image, const struct sha256_ctx *before);

static void search_length(struct search *s, size_t cell, size_t image, const struct sha256_ctx *kernel, u64 length, const struct piece *piece)
{
	struct sha256_ctx ctx = *kernel;
	u64 from = (piece[0].size - 1) / 16 * 16;
	bool initrd = s->c->ask->cells.v[cell].initrd;
	const struct piece *tree = &piece[initrd ? 2 : 1];

	sha256_update(&ctx, length - from, piece[0].image->bytes + from);
	if (initrd) {
		const void *fdt = tree->image->bytes;
		u64 size = chosen_number(fdt, "linux,initrd-end") - chosen_number(fdt, "linux,initrd-start");

		sha256_update(&ctx, size < piece[1].image->size ? size : piece[1].image->size, piece[1].image->bytes);
		s->effort += piece[1].image->size;
	}
	search_cell(s, cell + 1, image + (initrd ? 3 : 2), &ctx);
}

/* Every length that the zeros at the end allow: multiples of 16, 8, 4, 2, 1. */
static void search_lengths(struct search *s, size_t cell, size_t image, const struct sha256_ctx *ctx, const struct piece *piece)
{
	u64 from = (piece[0].size - 1) / 16 * 16;

	for (u64 step = 16; step && !s->found && s->effort < EFFORT; step /= 2)
		for (u64 n = 16; n && !s->found && s->effort < EFFORT; n--) {
			u64 end = from + n;
			bool zeros = n % step == 0 && (step == 16 || n % (2 * step));

			for (u64 i = end; zeros && i < from + 16; i++)
				zeros = !piece[0].image->bytes[i];
			if (zeros)
				search_length(s, cell, image, ctx, end, piece);
		}
}

static void search_cell(struct search *s, size_t cell, size_t image, const struct sha256_ctx *before)
{
	struct sha256_ctx ctx = *before;
	struct piece piece[3];
	u64 from, exact;

	if (cell == s->c->ask->cells.n) {
		u8 digest[SHA256_DIGEST_SIZE];

		sha256_digest(&ctx, sizeof digest, digest);
		s->found = s->found || !memcmp(digest, s->wanted, sizeof digest);
		return;
	}
	list_pieces(s->c, cell, piece);
	from = (piece[0].size - 1) / 16 * 16;
	exact = index_file_size(s->c, image);
	sha256_update(&ctx, from, piece[0].image->bytes);
	s->effort += from + 512;
	if (!exact)
		search_lengths(s, cell, image, &ctx, piece);
	else if (exact > from && exact <= from + 16) /* else index.c says no */
		search_length(s, cell, image, &ctx, exact, piece);
}

static bool parse_hash(struct check *c, struct search *s)
{
	struct object o = object_get(c, "machine_hash", 65);

	if (!o.p || o.p[64] || strspn((const char *)o.p, "0123456789abcdef") != 64) {
		finding(c, "hash", "machine_hash is not 64 hex digits");
		return false;
	}
	for (int i = 0; i < SHA256_DIGEST_SIZE; i++) {
		unsigned byte = 0;

		sscanf((const char *)o.p + 2 * i, "%2x", &byte);
		s->wanted[i] = (u8)byte;
	}
	c->hash = arena_text(&c->arena, "%s", (const char *)o.p);
	return true;
}

void check_hash(struct check *c)
{
	struct search s = { .c = c };
	struct sha256_ctx ctx;

	if (!parse_hash(c, &s))
		return;
	for (size_t i = 0; i < c->ask->cells.n; i++) {
		struct piece p[3];
		size_t count = list_pieces(c, i, p);

		for (size_t k = 0; k < count; k++)
			if (!p[k].image || !p[k].size || p[k].size % 16 || p[k].size > p[k].image->size)
				return; /* found already */
		if (fdt_check_full(p[count - 1].image->bytes, p[count - 1].image->size))
			return;
	}
	sha256_init(&ctx);
	sha256_update(&ctx, c->partition_size, c->partition);
	search_cell(&s, 0, 0, &ctx);
	if (!s.found && (s.effort < EFFORT || index_file_size(c, 0)))
		finding(c, "hash", "machine_hash is not that of this partition with the kernels and initrds in the image");
	else if (!s.found)
		*VEC_ADD(&c->arena, c->notes) = arena_text(&c->arena,
			"machine_hash could not be confirmed: too many possible lengths of kernels");
}
