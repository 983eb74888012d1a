/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Memory, files and text for the rest of cellgen. */
#define _XOPEN_SOURCE 700
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parts.h"

/* Every allocation is on one list, so that nothing is lost from a leak checker's view. */
struct block {
	struct block *next;
	max_align_t data[];
};
static struct block *blocks;

void fatal(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("cellgen: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	mem_free_all();
	exit(1);
}

void *mem_alloc(u64 size)
{
	struct block *block = calloc(1, sizeof(*block) + size);

	if (!block) {
		fatal("out of memory");
	}
	block->next = blocks;
	blocks = block;
	return block->data;
}

void mem_free_all(void)
{
	while (blocks) {
		struct block *next = blocks->next;

		free(blocks);
		blocks = next;
	}
}

/* The array doubles whenever its count is a power of two, so the count alone says how much room there is. */
void *mem_push(void *array, u32 *count, u64 item_size)
{
	void *items;

	memcpy(&items, array, sizeof(items));
	if ((*count & (*count - 1)) == 0) {
		void *bigger = mem_alloc((*count ? *count * 2ULL : 1) * item_size);

		if (*count) {
			memcpy(bigger, items, *count * item_size);
		}
		items = bigger;
		memcpy(array, &items, sizeof(items));
	}
	return (u8 *)items + (u64)(*count)++ * item_size;
}

const char *mem_text(const char *text, u64 length)
{
	char *copy = mem_alloc(length + 1);

	memcpy(copy, text, length);
	return copy;
}

const char *mem_format(const char *format, ...)
{
	va_list args, again;
	char *text;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	text = mem_alloc((u64)length + 1);
	vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	va_end(args);
	return text;
}

u64 little(const u8 *bytes, u32 count)
{
	u64 value = 0;

	for (u32 i = 0; i < count; i++) {
		value |= (u64)bytes[i] << (8 * i);
	}
	return value;
}

u64 align_up(u64 value, u64 alignment)
{
	return (value + alignment - 1) & ~(alignment - 1);
}

u64 align_down(u64 value, u64 alignment)
{
	return value & ~(alignment - 1);
}

bool range_wraps(u64 base, u64 size)
{
	return size == 0 || base + size < base;
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void out_reserve(struct out *out, u64 more)
{
	char *bigger;

	if (out->size + more <= out->room) {
		return;
	}
	out->room = (out->size + more) * 2;
	bigger = mem_alloc(out->room);
	if (out->size) {
		memcpy(bigger, out->data, out->size);
	}
	out->data = bigger;
}

void out_printf(struct out *out, const char *format, ...)
{
	va_list args, again;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	out_reserve(out, (u64)length + 1);
	vsnprintf(out->data + out->size, (size_t)length + 1, format, again);
	out->size += (u64)length;
	va_end(again);
	va_end(args);
}

void out_little(struct out *out, u64 value, u32 count)
{
	out_reserve(out, count);
	for (u32 i = 0; i < count; i++) {
		out->data[out->size++] = (char)(value >> (8 * i));
	}
}

bool file_regular(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

u8 *file_read(const char *path, u64 *size)
{
	struct out out = {0};
	FILE *file = fopen(path, "rb");
	size_t got;

	if (!file) {
		return NULL;
	}
	do {
		out_reserve(&out, MIB(1));
		got = fread(out.data + out.size, 1, MIB(1), file);
		out.size += got;
	} while (got == MIB(1));
	if (ferror(file)) {
		fclose(file);
		return NULL;
	}
	fclose(file);
	*size = out.size;
	return (u8 *)out.data;
}

void file_write(const char *dir, const char *name, const void *data, u64 size)
{
	const char *path = mem_format("%s/%s", dir, name);
	FILE *file = fopen(path, "wb");

	if (!file || (size && fwrite(data, 1, size, file) != size) || fclose(file) != 0) {
		fatal("cannot write %s", path);
	}
}

void file_link(const char *dir, const char *name, const char *path)
{
	const char *link = mem_format("%s/%s", dir, name);
	char *here = getcwd(NULL, 0);
	const char *target = path[0] == '/' || !here ? path : mem_format("%s/%s", here, path);

	if (symlink(target, link) != 0) {
		fatal("cannot make %s, a link to %s", link, path);
	}
	free(here);
}
