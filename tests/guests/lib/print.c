/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A small printf; one line at a time when several CPUs print. */
#include <stdarg.h>

#include "guest.h"

static volatile u32 lock;

static void print_lock(void)
{
	while (atomic_swap(&lock, 1))
		yield();
}

static void number(u64 value, u32 base, u32 width, char pad)
{
	char digits[24];
	u32 n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	for (; width > n; width--)
		uart_putc(pad);
	while (n)
		uart_putc(digits[--n]);
}

static void text(const char *s, u32 width)
{
	u32 n = (u32)strlen(s);

	uart_puts(s);
	for (; n < width; n++)
		uart_putc(' ');
}

void print(const char *f, ...)
{
	va_list ap;

	if (!uart_base)
		return;
	va_start(ap, f);
	print_lock();
	for (; *f; f++) {
		u32 width = 0;
		char pad = ' ';
		bool wide = false;

		if (*f != '%') {
			uart_putc(*f);
			continue;
		}
		f++;
		if (*f == '0')
			pad = '0';
		for (; *f >= '0' && *f <= '9'; f++)
			width = width * 10 + (u32)(*f - '0');
		for (; *f == 'l'; f++)
			wide = true;
		switch (*f) {
		case 's': text(va_arg(ap, const char *), width); break;
		case 'c': uart_putc((char)va_arg(ap, int)); break;
		case 'x': number(wide ? va_arg(ap, u64) : va_arg(ap, u32), 16, width, pad); break;
		case 'u': number(wide ? va_arg(ap, u64) : va_arg(ap, u32), 10, width, pad); break;
		case 'd': {
			s64 v = wide ? va_arg(ap, s64) : va_arg(ap, s32);
			if (v < 0)
				uart_putc('-');
			number((u64)(v < 0 ? -v : v), 10, width, pad);
			break;
		}
		default: uart_putc(*f);
		}
	}
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
	va_end(ap);
}
