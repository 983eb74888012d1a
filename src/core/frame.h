/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Frames of the line (line_format.h): bytes in, bytes out, no state but the caller's. The core and tools/cellctl are
 * built from the same file.
 */
#ifndef CLOISON_CORE_FRAME_H
#define CLOISON_CORE_FRAME_H

#include "core/line_format.h"

/* CRC-32 as zlib, Ethernet and PNG have it. */
u32 frame_crc(const u8 *bytes, u32 size);
/* Of more bytes behind those that gave crc; 0: they are the first. */
u32 frame_crc_more(u32 crc, const u8 *bytes, u32 size);
/* A frame with both delimiters. wire: LINE_WIRE bytes; payload: NULL if size is 0. Returns the length; 0: size is more than LINE_PAYLOAD. */
u32 frame_build(u8 *wire, const struct line_head *head, const u8 *payload, u32 size);

/* Numbers of 1 to 8 bytes, little endian, at any address. */
u64 frame_get(const u8 *from, u32 bytes);
void frame_put(u8 *to, u64 value, u32 bytes);

enum frame_event {
	FRAME_MORE,  /* nothing yet */
	FRAME_WHOLE, /* head, payload and size of the parser are a frame, until the next byte */
	FRAME_BAD,   /* what was between two delimiters was none */
};

/* Zero at the start. */
struct frame_parser {
	struct line_head head;
	const u8 *payload; /* not aligned */
	u32 size;          /* of it */
	u32 length;        /* bytes so far, */
	u8 left;           /* of COBS: bytes up to the next code */
	bool zero;         /* the next code stands for a 0 before it */
	bool inside;       /* since the last delimiter something has come */
	bool broken;       /* and it is no frame */
	u8 bytes[LINE_RAW];
};

enum frame_event frame_byte(struct frame_parser *parser, u8 byte);
/* Forget what has come since the last delimiter; true: there was something. The next byte may begin a frame. */
bool frame_drop(struct frame_parser *parser);

#endif
