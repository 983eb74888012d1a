/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The files a cell starts with. What a kernel is: image_kernel.c. */
#include <stdio.h>
#include <string.h>

#include "parts.h"

/* path as the start of a name in its folder: "a/b.dts" -> "a/" */
static bool read_beside(struct image *image, const char *path)
{
	image->path = mem_format("%.*s%s", (int)(path_base(path) - path), path, image->name);
	image->data = file_regular(image->path) ? file_read(image->path, &image->data_size) : NULL;
	return image->data != NULL;
}

static bool read_in(struct image *image, const char *dir)
{
	image->path = mem_format("%s/%s", dir, image->name);
	image->data = file_regular(image->path) ? file_read(image->path, &image->data_size) : NULL;
	return image->data != NULL;
}

/* Beside the source that names it, which may be an overlay; beside the partition; in the directories of -I, in their order. */
static void find(const struct decision *d, struct image *image)
{
	bool found = image->name[0] == '/' ? read_beside(image, "") :
		     (image->at.file && read_beside(image, image->at.file)) || read_beside(image, d->dts);

	for (u32 i = 0; !found && image->name[0] != '/' && i < d->image_dir_count; i++) {
		found = read_in(image, d->image_dirs[i]);
	}
	if (!found) {
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
	diag_error(diag, "image-missing", image->at, "\"%s\" is not found (looked %s); name an existing file, or put it into one of "
		   "these folders", image->name, image->name[0] == '/' ? "there" : dirs.data);
}

static void check_initrd(const struct image *image, struct diag *diag)
{
	if (image->data_size == 0) {
		diag_error(diag, "image-format", image->at, "\"%s\" is empty", image->name);
	} else if (kernel_is_image(image)) {
		diag_error(diag, "image-format", image->at, "\"%s\" is a kernel (it has an arm64 Image header), so it is no initrd; name "
			   "an archive such as initrd.cpio.gz", image->name);
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
			image->memory_size = image->data_size;
			if (kind == IMAGE_KERNEL) {
				kernel_load(&d->cells[i], image, diag);
			} else {
				check_initrd(image, diag);
			}
		}
	}
}
