/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* machine_hash: SHA-256 over the partition's DTB, then kernel and initrd of each cell. Lengths are those of machine_index. */
#include <nettle/sha2.h>
#include <string.h>

#include "cellcheck.h"

static bool parse_hash(struct check *c)
{
	struct object o = object_get(c, "machine_hash", 65);

	if (!o.p || o.p[64] || strspn((const char *)o.p, "0123456789abcdef") != 64) {
		finding(c, "hash", "machine_hash is not 64 hex digits");
		return false;
	}
	c->hash = arena_text(&c->arena, "%s", (const char *)o.p);
	return true;
}

void check_hash(struct check *c)
{
	u8 digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx ctx;
	char hex[65];
	size_t image = 0;

	if (!parse_hash(c))
		return;
	sha256_init(&ctx);
	sha256_update(&ctx, c->partition_size, c->partition);
	for (size_t i = 0; i < c->ask->cells.n; i++) {
		struct piece piece[3];
		size_t count = list_pieces(c, i, piece);

		for (size_t k = 0; k < count; k++, image++) {
			u64 size = index_file_size(c, image);

			if (piece[k].image && k + 1 < count)
				sha256_update(&ctx, size < piece[k].image->size ? size : piece[k].image->size, piece[k].image->bytes);
		}
	}
	sha256_digest(&ctx, sizeof digest, digest);
	hex_of(digest, sizeof digest, hex);
	if (strcmp(hex, c->hash))
		finding(c, "hash", "machine_hash is not that of this partition with the kernels and initrds in the image");
}
