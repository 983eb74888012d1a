/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The filter: terminal.h. Sequences as in ECMA-48 and xterm's ctlseqs. */
#include "terminal.h"

#include <string.h>

#define ESCAPE 0x1b

/* Modes of `h` and `l` with a question mark: how keys and screen behave, nothing that answers or reports. */
static bool is_harmless_mode(const char *numbers, size_t length)
{
	static const char *const modes[] = { "1", "5", "6", "7", "12", "25", "47", "1047", "1048", "1049", "2004" };

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (strlen(modes[i]) == length && !memcmp(modes[i], numbers, length))
			return true;
	return false;
}

/* "\033[" ... final byte. */
static bool csi_passes(const char *sequence, unsigned length)
{
	char final = sequence[length - 1];

	for (unsigned i = 2; i + 1 < length; i++)
		if (!strchr("0123456789;:", sequence[i]) && !(i == 2 && sequence[i] == '?'))
			return false;
	if (sequence[2] == '?')
		return (final == 'h' || final == 'l') && is_harmless_mode(sequence + 3, length - 4);
	return strchr("@ABCDEFGHIJKLMPSTXZ`adefghlmrsu", final) && final;
}

static bool escape_passes(const char *sequence, unsigned length)
{
	if (!sequence[length - 1])
		return false;
	if (length == 2)
		return strchr("78=>DEHMc", sequence[1]);
	return length == 3 && strchr("()", sequence[1]) && strchr("AB0", sequence[2]); /* character sets */
}

static size_t put(struct terminal *t, bool passes, char *to)
{
	size_t length = passes ? t->length : 0;

	memcpy(to, t->sequence, length);
	t->length = 0;
	t->state = TERMINAL_TEXT;
	return length;
}

static size_t text_byte(struct terminal *t, unsigned char byte, char *to)
{
	if (byte == ESCAPE) {
		t->state = TERMINAL_ESCAPE;
		t->sequence[0] = (char)byte;
		t->length = 1;
		return 0;
	}
	if (byte >= 0xc2 && byte < 0xf5) {
		t->state = TERMINAL_UTF8;
		t->sequence[0] = (char)byte;
		t->length = 1;
		t->missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
		return 0;
	}
	if (byte >= 0x7f || (byte < ' ' && !strchr("\a\b\t\n\v\f\r\016\017", byte)) || !byte)
		return 0;
	*to = (char)byte;
	return 1;
}

/* U+0080 to U+009F are control characters, too. */
static size_t utf8_byte(struct terminal *t, unsigned char byte, char *to)
{
	if ((byte & 0xc0) != 0x80) {
		t->state = TERMINAL_TEXT;
		t->length = 0;
		return text_byte(t, byte, to);
	}
	t->sequence[t->length++] = (char)byte;
	if (--t->missing)
		return 0;
	return put(t, !((unsigned char)t->sequence[0] == 0xc2 && (unsigned char)t->sequence[1] < 0xa0), to);
}

static size_t escape_byte(struct terminal *t, unsigned char byte, char *to)
{
	if (byte == ESCAPE) { /* again */
		t->length = 1;
		return 0;
	}
	t->sequence[t->length++] = (char)byte;
	if (t->length == 2 && byte == '[') {
		t->state = TERMINAL_CSI;
		return 0;
	}
	if (t->length == 2 && strchr("]P_^X", byte) && byte) { /* a string follows: title, clipboard, settings asked for */
		t->state = TERMINAL_STRING;
		return 0;
	}
	if (byte >= 0x20 && byte < 0x30 && t->length < TERMINAL_SEQUENCE)
		return 0;
	return put(t, escape_passes(t->sequence, t->length), to);
}

static size_t csi_byte(struct terminal *t, unsigned char byte, char *to)
{
	if (byte < ' ' || byte > 0x7e || t->length == TERMINAL_SEQUENCE) {
		put(t, false, to);
		return text_byte(t, byte, to);
	}
	t->sequence[t->length++] = (char)byte;
	return byte < 0x40 ? 0 : put(t, csi_passes(t->sequence, t->length), to);
}

size_t terminal_filter(struct terminal *t, const void *bytes, size_t count, char *to)
{
	const unsigned char *from = bytes;
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		switch (t->state) {
		case TERMINAL_TEXT:
			at += text_byte(t, from[i], to + at);
			break;
		case TERMINAL_UTF8:
			at += utf8_byte(t, from[i], to + at);
			break;
		case TERMINAL_ESCAPE:
			at += escape_byte(t, from[i], to + at);
			break;
		case TERMINAL_CSI:
			at += csi_byte(t, from[i], to + at);
			break;
		case TERMINAL_STRING: /* up to its end: BEL, ESC \, or a line feed, as nobody's title has one */
			if (from[i] == '\a' || from[i] == '\n' || from[i] == 0x18)
				t->state = TERMINAL_TEXT;
			else if (from[i] == ESCAPE)
				t->state = TERMINAL_STRING_ESCAPE;
			break;
		case TERMINAL_STRING_ESCAPE:
			t->state = TERMINAL_TEXT;
			t->length = 0;
			if (from[i] != '\\') {
				at += text_byte(t, ESCAPE, to + at);
				at += escape_byte(t, from[i], to + at);
			}
			break;
		}
	}
	return at;
}
