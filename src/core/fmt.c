/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Bounded formatting (fmt.h). Everything becomes a string and goes through
 * append, the only place that writes to the caller's buffer.
 */
#include "core/fmt.h"

#define NUMBER_SIZE 22u /* sign, 20 digits of 2^64 - 1, final 0 */

struct spec {
	u32 width;
	char fill;
	char type;
	bool wide; /* l */
};

/* Returns where to go on. One more than limit characters are never needed: the last is the final 0. */
static u32 append(char *buffer, u32 at, u32 limit, const char *text)
{
	while (at < limit && *text)
		buffer[at++] = *text++;
	return at;
}

/* From the last digit to the first; returns the first. */
static char *number(char *end, const struct spec *spec, u64 value)
{
	u64 base = spec->type == 'x' ? 16 : 10;
	bool negative = spec->type == 'd' && (s64)value < 0;
	char *p = end;

	if (negative)
		value = -value;
	*p = 0;
	do {
		*--p = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (end - p < (ptrdiff_t)spec->width && end - p < (ptrdiff_t)NUMBER_SIZE - 2)
		*--p = spec->fill;
	if (negative)
		*--p = '-';
	return p;
}

static const char *parse(struct spec *spec, const char *p)
{
	spec->fill = *p == '0' ? '0' : ' ';
	spec->width = 0;
	while (*p >= '0' && *p <= '9')
		spec->width = spec->width * 10 + (u32)(*p++ - '0');
	spec->wide = *p == 'l';
	p += spec->wide;
	spec->type = *p;
	return p;
}

u32 fmt_format(char *buffer, u32 size, const char *format, va_list args)
{
	char digits[NUMBER_SIZE];
	struct spec spec;
	u32 at = 0;

	for (; *format; format++) {
		const char *text = digits;

		digits[0] = *format;
		digits[1] = 0;
		if (*format == '%') {
			format = parse(&spec, format + 1);
			if (!spec.type)
				break;
			digits[0] = spec.type; /* as it stands, unless: */
			if (spec.type == 's') {
				text = va_arg(args, const char *);
			} else if (spec.type == 'c' || spec.type == 'd' || spec.type == 'u' || spec.type == 'x') {
				u64 value = spec.wide ? va_arg(args, u64) : va_arg(args, unsigned int);

				if (spec.type == 'd' && !spec.wide)
					value = (u64)(s32)value;
				if (spec.type == 'c')
					digits[0] = (char)value;
				else
					text = number(digits + NUMBER_SIZE - 1, &spec, value);
			}
		}
		at = append(buffer, at, size - 1, text ? text : "?");
	}
	buffer[at] = 0;
	return at;
}

u32 fmt_print(char *buffer, u32 size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	u32 length = fmt_format(buffer, size, format, args);
	va_end(args);
	return length;
}
