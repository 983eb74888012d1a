/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Decompression (RFC 1952, by zlib), in two rounds: the first one counts. Memory lives until exit, so a buffer that
 * grows would cost several times what it holds, and a file that unfolds to more than IMAGE_MAX costs nothing.
 */
#include <zlib.h>

#include "parts.h"

#define GZIP_ONLY (MAX_WBITS + 16) /* for inflateInit2: a gzip header and nothing else */
#define CHUNK MIB(256)             /* zlib counts in 32 bits */

bool gzip_magic(const u8 *data, u64 size)
{
	return size >= 3 && data[0] == 0x1f && data[1] == 0x8b && data[2] == 8;
}

struct unfold {
	z_stream z;
	const u8 *file;
	u64 size;
	u64 used;  /* bytes of the file */
	u64 done;  /* bytes it holds */
	u64 room;
	u8 *out;   /* of room bytes; NULL: count */
};

static int step(struct unfold *u, u8 *scratch, u64 scratch_size)
{
	u64 in = u->size - u->used < CHUNK ? u->size - u->used : CHUNK;
	u64 room = !u->out ? scratch_size : u->room - u->done < CHUNK ? u->room - u->done : CHUNK;
	int status;

	u->z.next_in = (z_const Bytef *)u->file + u->used;
	u->z.avail_in = (uInt)in;
	u->z.next_out = u->out ? u->out + u->done : scratch;
	u->z.avail_out = (uInt)room;
	status = inflate(&u->z, Z_NO_FLUSH);
	u->used += in - u->z.avail_in;
	u->done += room - u->z.avail_out;
	/* A file may have several members: they are one stream. */
	if (status == Z_STREAM_END && gzip_magic(u->file + u->used, u->size - u->used)) {
		status = inflateReset(&u->z);
	}
	return status;
}

static const char *unfold(struct unfold *u)
{
	u8 scratch[KIB(16)];
	int status = inflateInit2(&u->z, GZIP_ONLY);
	const char *problem = NULL;

	while (status == Z_OK && u->done <= IMAGE_MAX) {
		status = step(u, scratch, sizeof(scratch));
	}
	if (u->done > IMAGE_MAX) {
		problem = "is compressed and holds more than 1 GiB; no kernel does";
	} else if (status == Z_BUF_ERROR) {
		problem = "is compressed, but ends too early: it is truncated; copy or make it again";
	} else if (status == Z_MEM_ERROR) {
		problem = "is compressed, and there is no memory to decompress it";
	} else if (status != Z_STREAM_END) {
		problem = mem_format("is compressed, but damaged (%s); copy or make it again", u->z.msg ? u->z.msg : "zlib does not say why");
	} else if (u->used != u->size) {
		problem = mem_format("is compressed, but %llu bytes that are no gzip follow; copy or make it again",
				     (unsigned long long)(u->size - u->used));
	}
	inflateEnd(&u->z);
	return problem;
}

const char *gzip_read(const u8 *file, u64 size, const u8 **data, u64 *data_size)
{
	struct unfold count = { .file = file, .size = size }, fill = count;
	const char *problem = unfold(&count);

	if (problem) {
		return problem;
	}
	fill.room = count.done + 1; /* zlib wants room even when nothing is left to write */
	fill.out = mem_alloc(fill.room);
	*data = fill.out;
	*data_size = count.done;
	return unfold(&fill);
}
