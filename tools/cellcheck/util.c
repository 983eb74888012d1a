/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Memory, numbers, hashes, findings: what every other file needs. */
#include <nettle/sha2.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cellcheck.h"

struct block {
	struct block *next;
	u64 data[];
};

void unreadable(const char *format, ...)
{
	va_list args;

	fputs("cellcheck: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(2);
}

void *arena_get(struct arena *a, size_t size)
{
	struct block *b = size < SIZE_MAX / 2 ? calloc(1, sizeof *b + size + 1) : NULL;

	if (!b)
		unreadable("out of memory");
	b->next = a->blocks;
	a->blocks = b;
	return b->data;
}

void arena_free(struct arena *a)
{
	while (a->blocks) {
		struct block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
}

static char *text_of(struct arena *a, const char *format, va_list args)
{
	va_list again;
	char *text;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	text = arena_get(a, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, args);
	return text;
}

char *arena_text(struct arena *a, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = text_of(a, format, args);
	va_end(args);
	return text;
}

void vec_room(struct arena *a, void **v, size_t *n, size_t *room, size_t size)
{
	if (*n == *room) {
		size_t more = *room ? 2 * *room : 8;
		void *bigger = arena_get(a, more * size);

		if (*n)
			memcpy(bigger, *v, *n * size);
		*v = bigger;
		*room = more;
	}
	*n += 1;
}

u64 get(const u8 *p, int bytes)
{
	u64 value = 0;

	while (bytes-- > 0)
		value = value << 8 | p[bytes];
	return value;
}

u64 get_be(const u8 *p, int bytes)
{
	u64 value = 0;

	for (int i = 0; i < bytes; i++)
		value = value << 8 | p[i];
	return value;
}

void hex_of(const u8 *bytes, size_t size, char *hex)
{
	for (size_t i = 0; i < size; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

/* Of the tables: in the order of physical addresses, as cloison.bin alone has no other. */
void hashes(struct check *c)
{
	u8 digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx ctx;

	if (*c->image_hash)
		return;
	sha256_init(&ctx);
	sha256_update(&ctx, c->img->file_size, c->img->file);
	sha256_digest(&ctx, sizeof digest, digest);
	hex_of(digest, sizeof digest, c->image_hash);
	for (size_t i = 0; i < c->img->extents.n; i++)
		if (c->img->by_phys[i]->section == c->img->tables)
			sha256_update(&ctx, c->img->by_phys[i]->size, c->img->by_phys[i]->bytes);
	sha256_digest(&ctx, sizeof digest, digest);
	hex_of(digest, sizeof digest, c->tables_hash);
}

/* One mistake can have thousands of consequences; the count says so, the first ones show it. */
#define FINDINGS_SHOWN 200

void finding(struct check *c, const char *id, const char *format, ...)
{
	struct finding *f;
	va_list args;

	if (c->findings.n >= FINDINGS_SHOWN) {
		c->hidden++;
		return;
	}
	f = VEC_ADD(&c->arena, c->findings);
	f->id = id;
	va_start(args, format);
	f->text = text_of(&c->arena, format, args);
	va_end(args);
}

void expect(struct check *c, const char *id, const char *where, const char *field, u64 found, u64 wanted)
{
	if (found != wanted)
		finding(c, id, "%s: %s is 0x%llx, not 0x%llx", where, field, found, wanted);
}

const char *party_name(struct check *c, int party)
{
	return party == CORE ? "the core" : arena_text(&c->arena, "cell '%s'", c->ask->cells.v[party].name);
}
