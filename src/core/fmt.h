/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Text into a buffer, never past its end.
 *
 *   %s %c %%        string (NULL prints as "?"), character, percent sign
 *   %u %x %d        unsigned int, the same in hexadecimal, int
 *   %lu %lx %ld     u64 / s64
 *   %8x %08lx       numbers only: at least that many characters, at most 20; filled with blanks or zeros
 *
 * Anything else in a format is printed as it stands.
 */
#ifndef CLOISON_CORE_FMT_H
#define CLOISON_CORE_FMT_H

#include <stdarg.h>

#include "core/types.h"

/* At most size - 1 characters and a final 0 (size > 0). Returns the length without the 0. */
u32 fmt_format(char *buffer, u32 size, const char *format, va_list args);
u32 fmt_print(char *buffer, u32 size, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
