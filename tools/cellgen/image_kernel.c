/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What a kernel's file is, and so where it goes and starts:
 *
 *     kind    recognised by            goes to                             starts at
 *     image   "ARM\x64" at byte 56     base of memory + its text_offset    its first byte
 *     elf     "\x7f" "ELF"             where its segments say              its e_entry
 *     raw     cloison,kernel-kind      cloison,load-address, else base     cloison,entry, else its first byte
 *
 * The first two may be compressed by gzip. The arm64 Image header (Linux, Documentation/arch/arm64/booting.rst): 64 bytes,
 * of which text_offset is at 8, image_size (with its zeroed data) at 16, flags at 24.
 */
#include <string.h>

#include "parts.h"

#define HEADER_SIZE 64
#define IMAGE_BIG_ENDIAN 1u /* of the flags at 24 */
#define COPY_UNIT 16u       /* the loader copies so many bytes at once */

typedef unsigned long long ull;

bool kernel_is_image(const struct image *image)
{
	return image->data_size >= HEADER_SIZE && memcmp(image->data + 56, "ARM\x64", 4) == 0;
}

const char *kernel_kind_name(enum kernel_kind kind)
{
	return kind == KERNEL_IMAGE ? "arm64 Image" : kind == KERNEL_ELF ? "ELF" : kind == KERNEL_RAW ? "raw" : "unknown";
}

static enum kernel_kind recognise(const struct image *image)
{
	if (image->data_size >= 4 && memcmp(image->data, "\x7f" "ELF", 4) == 0) {
		return KERNEL_ELF;
	}
	return kernel_is_image(image) ? KERNEL_IMAGE : KERNEL_UNKNOWN;
}

static u64 memory_base(const struct cell *cell)
{
	return cell->ram_count ? cell->ram[0].guest : 0;
}

/* What people have at hand that looks like a kernel. */
static const struct {
	const char *magic;
	u32 at, size;
	const char *what;
} others[] = {
	{ "zimg", 4, 4, "it is an EFI zboot image; name the Image that it was made of" },
	{ "\x1f\x8b", 0, 2, "it is compressed twice; decompress it once" },
	{ "\xfd" "7zXZ", 0, 5, "it is compressed by xz; decompress it, or use gzip" },
	{ "\x28\xb5\x2f\xfd", 0, 4, "it is compressed by zstd; decompress it, or use gzip" },
	{ "BZh", 0, 3, "it is compressed by bzip2; decompress it, or use gzip" },
	{ "\x02\x21\x4c\x18", 0, 4, "it is compressed by lz4; decompress it, or use gzip" },
	{ "\xd0\x0d\xfe\xed", 0, 4, "it is a device tree or a FIT image; name the Image that is in it" },
	{ "\x27\x05\x19\x56", 0, 4, "it is a U-Boot uImage; name the Image that is in it" },
};

static void report_unknown(const struct image *image, struct diag *diag)
{
	const char *hint = "a raw binary needs cloison,kernel-kind = \"raw\"";

	for (u32 i = 0; i < ARRAY_COUNT(others); i++) {
		if (image->data_size >= others[i].at + others[i].size &&
		    memcmp(image->data + others[i].at, others[i].magic, others[i].size) == 0) {
			hint = others[i].what;
		}
	}
	diag_error(diag, "image-format", image->at, "\"%s\" is no arm64 Image (\"ARM\\x64\" at byte 56), no ELF and no gzip of "
		   "either; %s", image->name, hint);
}

static void read_header(const struct cell *cell, struct image *image, struct diag *diag)
{
	u64 text_offset = little(image->data + 8, 8);

	if (image->data[24] & IMAGE_BIG_ENDIAN) {
		diag_error(diag, "image-format", image->at, "\"%s\" is a big-endian kernel (bit 0 of the flags in its header), and the "
			   "virtual devices are little-endian; build it little-endian", image->name);
	}
	image->memory_size = little(image->data + 16, 8);
	if (image->memory_size == 0) {
		diag_error(diag, "image-format", image->at, "\"%s\" does not say how much memory it needs (image_size in its "
			   "header is 0); Linux since 3.17 does", image->name);
	}
	if (text_offset % PAGE_SIZE != 0) {
		diag_error(diag, "image-format", image->at, "\"%s\" wants to be loaded 0x%llx bytes above a 2 MiB boundary "
			   "(text_offset), which is no whole page", image->name, (ull)text_offset);
	}
	if (image->memory_size < image->data_size) {
		image->memory_size = image->data_size;
	}
	image->load = image->entry = memory_base(cell) + text_offset;
}

/* False: nothing can be placed there. */
static bool check_address(const struct address_wish *wish, const char *name, const struct cell *cell, struct range in,
			  u32 alignment, struct diag *diag)
{
	bool inside = !wish->asked || wish->value - in.base < in.size;

	if (wish->asked && wish->value % alignment != 0) {
		diag_error(diag, "image-address", wish->at, "%s of '%s' is 0x%llx, but must be a multiple of %u", name, cell->name,
			   (ull)wish->value, alignment);
	}
	if (!inside) {
		diag_error(diag, "image-address", wish->at, "%s of '%s' is 0x%llx, which is not between 0x%llx and 0x%llx; %s", name,
			   cell->name, (ull)wish->value, (ull)in.base, (ull)(in.base + in.size - 1),
			   wish == &cell->entry ? "it has to be inside of the kernel" :
						  "it has to be inside of the first range of memory");
	}
	return inside;
}

static void read_raw(const struct cell *cell, struct image *image, struct diag *diag)
{
	image->load = cell->load_address.asked ? cell->load_address.value : memory_base(cell);
	image->entry = cell->entry.asked ? cell->entry.value : image->load;
	if (image->data_size == 0) {
		diag_error(diag, "image-format", image->at, "\"%s\" is empty", image->name);
	}
	if (cell->ram_count && !check_address(&cell->load_address, "cloison,load-address", cell,
					      (struct range){ cell->ram[0].guest, cell->ram[0].size }, COPY_UNIT, diag)) {
		image->data = NULL;
	}
	check_address(&cell->entry, "cloison,entry", cell, (struct range){ image->load, image->data_size }, 4, diag);
}

static void check_raw_only(const struct cell *cell, const struct image *image, struct diag *diag)
{
	const struct address_wish *wishes[] = { &cell->load_address, &cell->entry };

	for (u32 i = 0; i < ARRAY_COUNT(wishes); i++) {
		if (wishes[i]->asked) {
			diag_error(diag, "raw-only", wishes[i]->at, "%s of '%s' is for a raw kernel, but \"%s\" (%s) says itself where it "
				   "%s; take it out, or write cloison,kernel-kind = \"raw\"", i ? "cloison,entry" : "cloison,load-address",
				   cell->name, image->name, diag_at(image->at), i ? "starts" : "goes");
		}
	}
}

static bool decompress(struct image *image, struct diag *diag)
{
	const char *problem = gzip_read(image->data, image->data_size, &image->data, &image->data_size);

	if (problem) {
		diag_error(diag, "image-format", image->at, "\"%s\" %s", image->name, problem);
		image->data = NULL;
		return false;
	}
	image->gzip = image->converted = true;
	image->memory_size = image->data_size;
	return true;
}

static void check_wanted(const struct cell *cell, const struct image *image, struct diag *diag)
{
	const char *wanted = cell->kernel_kind, *found = image->kind == KERNEL_ELF ? "elf" : "image";

	if (wanted && (strcmp(wanted, "image") == 0 || strcmp(wanted, "elf") == 0) && strcmp(wanted, found) != 0) {
		diag_error(diag, "image-kind", prop_at(cell->node, "cloison,kernel-kind"), "cloison,kernel-kind of '%s' is \"%s\", but "
			   "\"%s\" (%s) is an %s; name another file, or write \"%s\"", cell->name, wanted, image->name,
			   diag_at(image->at), kernel_kind_name(image->kind), found);
	}
}

void kernel_load(const struct cell *cell, struct image *image, struct diag *diag)
{
	if (cell->kernel_kind && strcmp(cell->kernel_kind, "raw") == 0) {
		image->kind = KERNEL_RAW;
		read_raw(cell, image, diag);
		return;
	}
	check_raw_only(cell, image, diag);
	if (gzip_magic(image->data, image->data_size) && !decompress(image, diag)) {
		return;
	}
	image->kind = recognise(image);
	image->load = image->entry = memory_base(cell);
	if (image->kind == KERNEL_UNKNOWN) {
		report_unknown(image, diag);
		return;
	}
	check_wanted(cell, image, diag);
	if (image->kind == KERNEL_ELF) {
		elf_load(cell, image, diag);
	} else {
		read_header(cell, image, diag);
	}
}
