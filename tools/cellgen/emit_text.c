/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Text of the user's in generated files: it must neither end a string or a comment early nor say in which directory
 * the build ran.
 */
#include <string.h>

#include "parts.h"

const char *emit_comment(const char *text)
{
	struct out out = {0};

	for (; *text; text++) {
		bool ends = text[0] == '*' && text[1] == '/';
		u8 c = (u8)*text;

		out_printf(&out, "%c%s", c < ' ' ? '_' : c, ends ? " " : "");
	}
	return out.data ? out.data : "";
}

const char *emit_path(const struct node *node)
{
	return emit_comment(node->path);
}

const char *emit_at(const struct decision *d, struct pos pos)
{
	u64 folder = (u64)(path_base(d->dts) - d->dts);
	const char *file = pos.file;

	if (!file) {
		return "cellgen";
	}
	if (strncmp(file, "src/platform/", 13) != 0) {
		file = folder && strncmp(file, d->dts, folder) == 0 ? file + folder : path_base(file);
	}
	return mem_format("%s:%u", emit_comment(file), pos.line);
}

/* Bytes of the UTF-8 sequence at text (RFC 3629); 0: it is none, and no JSON document may hold it. */
static u32 utf8_length(const u8 *text)
{
	u32 length = text[0] < 0x80 ? 1 : text[0] >= 0xc2 && text[0] < 0xe0 ? 2 : (text[0] & 0xf0) == 0xe0 ? 3 :
		     text[0] >= 0xf0 && text[0] < 0xf5 ? 4 : 0;

	for (u32 i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] >= 0xa0) ||
	    (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] >= 0x90)) {
		return 0;
	}
	return length;
}

void emit_json_string(struct out *out, const char *text)
{
	out_printf(out, "\"");
	while (*text) {
		u8 c = (u8)*text;
		u32 length = utf8_length((const u8 *)text);

		if (length == 0) {
			out_printf(out, "\\ufffd");
		} else if (c == '"' || c == '\\') {
			out_printf(out, "\\%c", c);
		} else if (c < ' ') {
			out_printf(out, "\\u%04x", c);
		} else {
			out_printf(out, "%.*s", (int)length, text);
		}
		text += length ? length : 1;
	}
	out_printf(out, "\"");
}

const char *emit_quote(const char *text)
{
	struct out out = {0};

	out_printf(&out, "\"");
	for (; *text; text++) {
		u8 c = (u8)*text;

		if (c == '"' || c == '\\') {
			out_printf(&out, "\\%c", c);
		} else if (c < ' ' || c > '~' || c == '?') { /* ? might begin a trigraph */
			out_printf(&out, "\\%03o", c);
		} else {
			out_printf(&out, "%c", c);
		}
	}
	out_printf(&out, "\"");
	return out.data;
}
