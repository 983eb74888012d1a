/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The configuration's hash: SHA-256 over partition.dtb, then for each cell where its kernel goes and where it starts
 * (two little-endian 64-bit guest addresses), then of each cell its kernel and its initrd as they are in the image.
 *
 * The addresses are in it because nothing else in an image says them for a kernel that was an ELF. Plain concatenation,
 * so that anybody can repeat it: cat partition.dtb gen/starts.bin gen/image.0 ... | sha256sum
 */
#include <nettle/sha2.h>
#include <stdio.h>

#include "parts.h"

void hash_bytes(const void *data, u64 size, u8 digest[32])
{
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, size, data);
	sha256_digest(&sha, 32, digest);
}

void starts_of(const struct decision *d, struct out *out)
{
	for (u32 i = 0; i < d->cell_count; i++) {
		out_little(out, d->cells[i].images[IMAGE_KERNEL].load, 8);
		out_little(out, d->cells[i].images[IMAGE_KERNEL].entry, 8);
	}
}

void hash_configuration(struct decision *d)
{
	struct sha256_ctx sha;
	struct out starts = {0};

	starts_of(d, &starts);
	sha256_init(&sha);
	sha256_update(&sha, d->dtb_size, d->dtb);
	sha256_update(&sha, starts.size, (const u8 *)starts.data);
	for (u32 i = 0; i < d->cell_count; i++) {
		for (u32 kind = 0; kind < IMAGE_DTB; kind++) {
			const struct image *image = &d->cells[i].images[kind];

			if (image->data) {
				sha256_update(&sha, image->data_size, image->data);
			}
		}
	}
	sha256_digest(&sha, sizeof(d->digest), d->digest);
	for (u32 i = 0; i < sizeof(d->digest); i++) {
		snprintf(d->hash + 2 * i, 3, "%02x", d->digest[i]);
	}
}
