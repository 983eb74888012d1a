/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Bounded formatting (fmt.h). Everything becomes a string and goes through
 * append, the only place that writes to the caller's buffer.
 */
#include "core/fmt.h"
#include "core/bound.h"

#define NUMBER_SIZE 22u /* sign, 20 digits of 2^64 - 1, final 0 */

/* Returns where to go on. One more than limit characters are never needed: the last is the final 0. */
static u32 append(char *buffer, u32 at, u32 limit, const char *text)
{
	while (at < limit && *text) {
		LOOP_TOTAL(FMT_TEXT);
		buffer[at++] = *text++;
	}
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
		LOOP_BOUND(20);
		*--p = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (end - p < (ptrdiff_t)spec->width && end - p < (ptrdiff_t)NUMBER_SIZE - 2) {
		LOOP_BOUND(NUMBER_SIZE - 2);
		*--p = spec->fill;
	}
	if (negative)
		*--p = '-';
	return p;
}

static const char *parse(struct fmt_spec *spec, const char *p)
{
	spec->fill = *p == '0' ? '0' : ' ';
	spec->width = 0;
	while (*p >= '0' && *p <= '9') {
		LOOP_BOUND(3);
		spec->width = (u8)(spec->width * 10 + (*p++ - '0'));
	}
	spec->wide = *p == 'l';
	p += spec->wide;
	spec->type = *p;
	return p;
}

/* s, or a number's */
static bool has_value(char type)
{
	const u32 types = 1u << ('s' & 31) | 1u << ('u' & 31) | 1u << ('x' & 31) | 1u << ('d' & 31) | 1u << ('c' & 31);

	return type >= 'a' && types >> (type & 31) & 1;
}

u32 fmt_specs(const char *format, struct fmt_spec *specs)
{
	u32 n = 0;

	while (*format && n < FMT_ARGUMENTS) {
		LOOP_TOTAL(FMT_FORMAT);
		if (*format++ != '%')
			continue;
		LOOP_BOUND(FMT_PERCENTS); /* compilers make two loops of it */
		LOOP_RARELY(FMT_PERCENTS);
		format = parse(&specs[n], format);
		format += specs[n].type != 0;
		n += has_value(specs[n].type);
	}
	return n;
}

/* Every argument is passed in a place of 8 bytes of its own, by all ABIs that there are ports for; what is above an int is cut. */
u64 fmt_value(const struct fmt_spec *spec, va_list *args)
{
	u64 value = va_arg(*args, u64);

	if (spec->wide || spec->type == 's')
		return value;
	return spec->type == 'd' ? (u64)(s64)(s32)value : (u32)value;
}

/* Where arguments are. */
struct arguments {
	const u64 *at, *end;
	bool whole; /* a string is there itself, else its address is */
};

static u64 take(struct arguments *args, bool string)
{
	u64 value = 0;

	if (args->at == args->end)
		return value;
	if (!string || !args->whole)
		return *args->at++;
	value = (u64)args->at;
	while (args->at < args->end && *args->at++ >> 56)
		LOOP_TOTAL(FMT_WORDS);
	return value;
}

static u32 print(char *buffer, u32 size, const char *format, struct arguments *args, const char *name)
{
	char digits[NUMBER_SIZE];
	struct fmt_spec spec;
	u32 at = 0;

	for (; *format; format++) {
		LOOP_BOUND(FMT_FORMAT);
		const char *text = digits;

		if (*format != '%' && *format != '@') {
			if (at < size - 1)
				buffer[at++] = *format;
			continue;
		}
		digits[0] = *format;
		digits[1] = 0;
		if (*format == '@' && name)
			text = name;
		if (*format == '%') {
			LOOP_RARELY(FMT_PERCENTS);
			format = parse(&spec, format + 1);
			if (!spec.type)
				break;
			digits[0] = spec.type; /* as it stands, unless: */
			if (has_value(spec.type)) {
				u64 value = take(args, spec.type == 's');

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

u32 fmt_values(char *buffer, u32 size, const char *format, const u64 *values, const char *name)
{
	struct arguments args = { values, values + FMT_ARGUMENTS, false };

	return print(buffer, size, format, &args, name);
}

u32 fmt_words(char *buffer, u32 size, const char *format, const u64 *words, u32 count, const char *name)
{
	struct arguments args = { words, words + count, true };

	return print(buffer, size, format, &args, name);
}

u32 fmt_print(char *buffer, u32 size, const char *format, ...)
{
	u64 values[FMT_ARGUMENTS];
	struct fmt_spec specs[FMT_ARGUMENTS];
	va_list args;
	u32 count = fmt_specs(format, specs);

	va_start(args, format);
	for (u32 i = 0; i < count; i++) {
		LOOP_BOUND(FMT_ARGUMENTS);
		values[i] = fmt_value(&specs[i], &args);
	}
	va_end(args);
	return fmt_values(buffer, size, format, values, NULL);
}
