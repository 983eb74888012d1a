/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Bounded formatting (fmt.h). Everything becomes a string and goes through
 * append, the only place that writes to the caller's buffer.
 */
#include "core/fmt.h"

#define NUMBER_SIZE 22u /* sign, 20 digits of 2^64 - 1, final 0 */

/* Returns where to go on. One more than limit characters are never needed: the last is the final 0. */
static u32 append(char *buffer, u32 at, u32 limit, const char *text)
{
	while (at < limit && *text)
		buffer[at++] = *text++;
	return at;
}

/* From the last digit to the first; returns the first. */
static char *number(char *end, const struct fmt_spec *spec, u64 value)
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

static const char *parse(struct fmt_spec *spec, const char *p)
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

static bool has_value(char type)
{
	return type == 's' || type == 'u' || type == 'x' || type == 'd' || type == 'c';
}

const char *fmt_next(const char *format, struct fmt_spec *spec)
{
	while (*format) {
		if (*format++ != '%')
			continue;
		format = parse(spec, format);
		if (has_value(spec->type))
			return format + 1;
		format += spec->type != 0;
	}
	return NULL;
}

u64 fmt_value(const struct fmt_spec *spec, va_list *args)
{
	if (spec->type == 's')
		return (u64)va_arg(*args, const char *);
	if (spec->wide)
		return va_arg(*args, u64);
	u32 value = va_arg(*args, unsigned int);

	return spec->type == 'd' ? (u64)(s64)(s32)value : value;
}

u32 fmt_values(char *buffer, u32 size, const char *format, const u64 *values, const char *name)
{
	char digits[NUMBER_SIZE];
	struct fmt_spec spec;
	u32 at = 0, n = 0;

	for (; *format; format++) {
		const char *text = digits;

		digits[0] = *format;
		digits[1] = 0;
		if (*format == '@' && name)
			text = name;
		if (*format == '%') {
			format = parse(&spec, format + 1);
			if (!spec.type)
				break;
			digits[0] = spec.type; /* as it stands, unless: */
			if (has_value(spec.type)) {
				u64 value = n < FMT_ARGUMENTS ? values[n++] : 0;

				if (spec.type == 's')
					text = (const char *)value;
				else if (spec.type == 'c')
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

u32 fmt_format(char *buffer, u32 size, const char *format, va_list *args)
{
	u64 values[FMT_ARGUMENTS];
	struct fmt_spec spec;
	u32 n = 0;

	for (const char *p = format; n < FMT_ARGUMENTS && (p = fmt_next(p, &spec)); n++)
		values[n] = fmt_value(&spec, args);
	return fmt_values(buffer, size, format, values, NULL);
}

u32 fmt_print(char *buffer, u32 size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	u32 length = fmt_format(buffer, size, format, &args);
	va_end(args);
	return length;
}
