/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Lines, prefixes and what a cell may send to the terminal (wire.h).
 *
 *   \n        end of line (sent as CR LF); nothing, where the line has been ended because another source came
 *   \r        before \n: nothing; before anything else: the line starts over, prefix included
 *   \b        only over the source's own ASCII characters on this line
 *   ESC [     m, K, J, C, D, P, @, n in the forms a line editor uses within one line
 *   others    bell and tab pass; every other control character or sequence is swallowed
 */
#include "core/wire.h"
#include "core/bound.h"
#include "platform/platform.h"

#define ESC 0x1b
#define STAGE_SIZE 96u /* reset + CR LF + prefix + sequence: at most 4 + 2 + 34 + 12 */
#define NAME_LIMIT 31u /* of a device tree node */

static struct {
	u8 bytes[STAGE_SIZE]; /* on their way to the UART */
	u32 at, count;
	u32 owner;    /* whose line is open on the wire, WIRE_NOBODY at the start of a line */
	u32 column;   /* characters of the owner the cursor may go back over: never more than there are */
	bool painted; /* the owner changed colours */
	u8 last;      /* byte staged */
	u8 restarts;  /* odd, so never 0; lines begun before the last of them are forgotten */
} wire = { .owner = WIRE_NOBODY, .restarts = 1 };

bool wire_is_open(u32 source)
{
	return wire.owner == source;
}

bool wire_drain(void)
{
	while (wire.at < wire.count && wire.at < STAGE_SIZE) {
		LOOP_BOUND(STAGE_SIZE);
		if (!plat_console_put(machine_console_base, wire.bytes[wire.at]))
			return false;
		wire.at++;
	}
	wire.at = wire.count = 0;
	return true;
}

/* Not inlined, here and below: each is used in many places, and speed is that of a UART. */
#define OUTLINE __attribute__((noinline))

static OUTLINE void stage(u8 byte)
{
	if (wire.count < STAGE_SIZE)
		wire.bytes[wire.count++] = byte;
	wire.last = byte;
}

static OUTLINE void stage_string(const char *text)
{
	for (u32 i = 0; i < NAME_LIMIT && text[i]; i++) {
		LOOP_BOUND(NAME_LIMIT);
		stage((u8)text[i]);
	}
}

static OUTLINE void unpaint(void)
{
	static const u8 plain[] = { ESC, '[', '0', 'm' };

	for (u32 i = 0; wire.painted && i < sizeof plain; i++)
		stage(plain[i]);
	wire.painted = false;
}

static void end_line(void)
{
	unpaint();
	stage('\r');
	stage('\n');
	wire.owner = WIRE_NOBODY;
}

void wire_restart(void)
{
	wire.at = wire.count = 0;
	wire.restarts = (u8)(wire.restarts + 2);
	wire.painted = true; /* who knows */
	end_line();
}

static OUTLINE void prefix(u32 source)
{
	stage('[');
	stage_string(source >= WIRE_CORE ? "core" : machine_cells[source].name);
	stage(']');
	stage(' ');
	wire.column = 0;
}

/* The cursor is on a line of this source, behind its prefix. */
static OUTLINE void open_line(struct filter *filter, u32 source)
{
	if (wire.owner != source) {
		if (wire.owner != WIRE_NOBODY)
			end_line();
		prefix(source);
		wire.owner = source;
	} else if (filter->returned) {
		unpaint();
		stage('\r');
		prefix(source);
	}
	filter->returned = false;
	filter->begun = wire.restarts;
}

/*
 * May this control sequence go out? It must not leave the line or reach the
 * prefix. At most 9 digits: longer sequences are swallowed before.
 */
static bool permitted(const struct filter *filter, u32 source, u8 final)
{
	u32 n = 0; /* of a list a number that is no less than the list's first */

	for (u32 i = 2; i < filter->length; i++) {
		LOOP_BOUND(FILTER_SEQUENCE);
		u32 digit = filter->sequence[i] - '0';

		if (digit > ';' - '0') /* digits : ; and nothing else */
			return false;
		n = n * 10 + digit;
	}
	switch (final) {
	case 'K': /* erase from the cursor to the end of the line, */
	case 'J': /* of the screen */
		return n == 0;
	case 'n': /* report the cursor's position; the answer is input */
		return n == 6;
	case 'm': /* colours */
	case 'C': /* right; does not count as text, because it may stop at the margin */
	case 'P': /* delete, */
	case '@': /* insert characters at the cursor */
		return true;
	case 'D': /* left; none and 0 mean 1 */
		n += !n;
		if (wire.owner != source || filter->returned || n > wire.column)
			return false;
		wire.column -= n;
		return true;
	default:
		return false;
	}
}

static void send_sequence(struct filter *filter, u32 source, u8 final)
{
	if (!permitted(filter, source, final))
		return;
	open_line(filter, source);
	for (u32 i = 0; i < filter->length; i++) {
		LOOP_BOUND(FILTER_SEQUENCE);
		stage(filter->sequence[i]);
	}
	stage(final);
	wire.painted |= final == 'm';
}

/* Collect a sequence; true when the byte belonged to it. It goes out whole or not at all. */
static bool collect(struct filter *filter, u32 source, u8 byte)
{
	u32 length = filter->length;

	if (byte < 0x20 || byte > 0x7e) { /* broken off */
		filter->length = 0;
		return false;
	}
	if (length == 1 && byte != '[') { /* ESC, intermediates 0x20..0x2f, final: none is permitted */
		filter->length = byte < 0x30;
		return true;
	}
	if (length > 1 && byte >= 0x40) {
		if (length < FILTER_SEQUENCE)
			send_sequence(filter, source, byte);
		filter->length = 0;
		return true;
	}
	if (length < FILTER_SEQUENCE) {
		filter->sequence[length] = byte;
		filter->length++;
	}
	return true;
}

static void control(struct filter *filter, u32 source, u8 byte)
{
	switch (byte) {
	case '\n':
		if (wire.owner != source && filter->begun != wire.restarts)
			open_line(filter, source); /* an empty line */
		if (wire.owner == source)
			end_line();
		filter->returned = false;
		filter->begun = 0;
		break;
	case '\r':
		filter->returned = true;
		break;
	case '\b':
		if (wire.owner == source && !filter->returned && wire.column) {
			stage(byte);
			wire.column--;
		}
		break;
	case '\a':
	case '\t':
		open_line(filter, source);
		stage(byte);
		break;
	case ESC:
		filter->sequence[0] = byte;
		filter->length = 1;
		break;
	default:
		break;
	}
}

void wire_byte(struct filter *filter, u32 source, u8 byte)
{
	if (filter->length && collect(filter, source, byte))
		return;
	if (byte < 0x20 || byte == 0x7f) {
		control(filter, source, byte);
		return;
	}
	open_line(filter, source);
	if (byte >= 0x80 && byte < 0xa0 && (wire.last < 0x80 || wire.last == 0xc2))
		byte = '?'; /* U+0080..U+009F, also as a byte by itself: terminals obey them like ESC [ etc. */
	stage(byte);
	wire.column += byte < 0x7f; /* others may be combining characters and take no column */
}

u32 wire_plain(const struct filter *filter, u32 source, const u8 *bytes, u32 count)
{
	u32 n = 0;

	if (wire.count || wire.owner != source || filter->length || filter->returned)
		return 0;
	while (n < count && n < WIRE_PLAIN && bytes[n] >= 0x20 && bytes[n] < 0x7f && plat_console_put(machine_console_base, bytes[n])) {
		LOOP_BOUND(WIRE_PLAIN);
		n++;
	}
	if (n)
		wire.last = bytes[n - 1];
	wire.column += n;
	return n;
}
