/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Text into a buffer, never past its end.
 *
 *   %s %c %%        string (NULL prints as "?"), character, percent sign
 *   %u %x %d        unsigned int, the same in hexadecimal, int
 *   %lu %lx %ld     u64 / s64
 *   %8x %08lx       numbers only: at least that many characters, at most 20; filled with blanks or zeros
 *
 * Anything else in a format is printed as it stands. Shared by the core and by tools/cellctl.
 */
#ifndef CLOISON_CORE_FMT_H
#define CLOISON_CORE_FMT_H

#include <stdarg.h>

#include "core/types.h"

#define FMT_ARGUMENTS 14u /* most of one format */
/* For how long it takes at most: what the core prints is no longer (log.c looks). */
#define FMT_FORMAT 160u   /* characters of a format, */
#define FMT_PERCENTS 16u  /* and of them percent signs */
#define FMT_WORDS 80u     /* of fmt_words */
#define FMT_TEXT 448u     /* bytes of a buffer */

/* At most size - 1 characters and a final 0 (size > 0). Returns the length without the 0. */
u32 fmt_print(char *buffer, u32 size, const char *format, ...) __attribute__((format(printf, 3, 4)));
/*
 * The same with arguments that are values, as many as the format asks for: a number (of %d with its sign all through), or the address
 * of a string. name: in the place of each '@', NULL: it is as it stands.
 */
u32 fmt_values(char *buffer, u32 size, const char *format, const u64 *values, const char *name);
/* The same with strings themselves among so many words: each fills its last one with zeros, of which there is at least one. */
u32 fmt_words(char *buffer, u32 size, const char *format, const u64 *words, u32 count, const char *name);

/* ---- for who takes arguments by a format ---- */

struct fmt_spec {
	u8 width;
	char fill;
	char type; /* s: a string; else a number */
	bool wide; /* l */
};

/* The conversions that have an argument, FMT_ARGUMENTS at most; returns how many. All at once: so a format is read once, however many it has. */
u32 fmt_specs(const char *format, struct fmt_spec *specs);
/* The value of one, as above. */
u64 fmt_value(const struct fmt_spec *spec, va_list *args);

#endif
