/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The files a cell starts with, and the configuration's hash.
 *
 * A kernel has the arm64 Image header (Linux, Documentation/arch/arm64/booting.rst): 64 bytes, of which
 * text_offset is at 8, image_size (with its zeroed data) at 16, flags at 24, the magic "ARM\x64" at 56.
 */
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#include "parts.h"

#define HEADER_SIZE 64
#define IMAGE_BIG_ENDIAN 1u /* of the flags at 24 */

/* Beside the DTS first, then in the directories of -I, in their order. */
static void find(const struct decision *d, struct image *image)
{
	u64 folder = (u64)(path_base(d->dts) - d->dts);

	image->path = image->name[0] == '/' ? image->name : mem_format("%.*s%s", (int)folder, d->dts, image->name);
	image->data = file_read(image->path, &image->file_size);
	for (u32 i = 0; !image->data && image->name[0] != '/' && i < d->image_dir_count; i++) {
		image->path = mem_format("%s/%s", d->image_dirs[i], image->name);
		image->data = file_read(image->path, &image->file_size);
	}
	if (!image->data) {
		image->path = NULL;
	}
}

static void report_missing(const struct decision *d, const struct image *image, struct diag *diag)
{
	struct out dirs = {0};

	out_printf(&dirs, "beside the DTS");
	for (u32 i = 0; i < d->image_dir_count; i++) {
		out_printf(&dirs, ", in %s", d->image_dirs[i]);
	}
	diag_error(diag, "image-missing", image->at, "\"%s\" is not found (looked %s); name an existing file or give its folder "
		   "by -I", image->name, image->name[0] == '/' ? "there" : dirs.data);
}

static u64 little64(const u8 *p)
{
	u64 value = 0;

	for (u32 i = 0; i < 8; i++) {
		value |= (u64)p[i] << (8 * i);
	}
	return value;
}

static bool is_kernel(const struct image *image)
{
	return image->file_size >= HEADER_SIZE && memcmp(image->data + 56, "ARM\x64", 4) == 0;
}

static void check_initrd(const struct image *image, struct diag *diag)
{
	if (image->file_size == 0) {
		diag_error(diag, "image-format", image->at, "\"%s\" is empty", image->name);
	} else if (is_kernel(image)) {
		diag_error(diag, "image-format", image->at, "\"%s\" is a kernel (it has an arm64 Image header), so it is no initrd; name "
			   "an archive such as initrd.cpio.gz", image->name);
	}
}

static void read_header(struct image *image, struct diag *diag)
{
	if (!is_kernel(image)) {
		diag_error(diag, "image-format", image->at, "\"%s\" has no arm64 Image header (\"ARM\\x64\" at byte 56); a "
			   "compressed or ELF kernel must be converted to a plain Image", image->name);
		return;
	}
	if (image->data[24] & IMAGE_BIG_ENDIAN) {
		diag_error(diag, "image-format", image->at, "\"%s\" is a big-endian kernel (bit 0 of the flags in its header), and the "
			   "virtual devices are little-endian; build it little-endian", image->name);
	}
	image->text_offset = little64(image->data + 8);
	image->memory_size = little64(image->data + 16);
	if (image->memory_size == 0) {
		diag_error(diag, "image-format", image->at, "\"%s\" does not say how much memory it needs (image_size in its "
			   "header is 0); Linux since 3.17 does", image->name);
	}
	if (image->text_offset % PAGE_SIZE != 0) {
		diag_error(diag, "image-format", image->at, "\"%s\" wants to be loaded 0x%llx bytes above a 2 MiB boundary "
			   "(text_offset), which is no whole page", image->name, (unsigned long long)image->text_offset);
	}
	if (image->memory_size < image->file_size) {
		image->memory_size = image->file_size;
	}
}

void images_load(struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->cell_count; i++) {
		for (u32 kind = 0; kind < IMAGE_DTB; kind++) {
			struct image *image = &d->cells[i].images[kind];

			if (!image->present) {
				continue;
			}
			find(d, image);
			if (!image->data) {
				report_missing(d, image, diag);
				continue;
			}
			image->memory_size = image->file_size;
			if (kind == IMAGE_KERNEL) {
				read_header(image, diag);
			} else {
				check_initrd(image, diag);
			}
		}
	}
}

void hash_bytes(const void *data, u64 size, u8 digest[32])
{
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, size, data);
	sha256_digest(&sha, 32, digest);
}

/* Plain concatenation, so that anybody can repeat it: cat partition.dtb kernel initrd kernel ... | sha256sum */
void hash_configuration(struct decision *d)
{
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, d->dtb_size, d->dtb);
	for (u32 i = 0; i < d->cell_count; i++) {
		for (u32 kind = 0; kind < IMAGE_DTB; kind++) {
			const struct image *image = &d->cells[i].images[kind];

			if (image->data) {
				sha256_update(&sha, image->file_size, image->data);
			}
		}
	}
	sha256_digest(&sha, sizeof(d->digest), d->digest);
	for (u32 i = 0; i < sizeof(d->digest); i++) {
		snprintf(d->hash + 2 * i, 3, "%02x", d->digest[i]);
	}
}
