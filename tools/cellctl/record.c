/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Records of the log. The format of a message is the core's own (NAMES_MESSAGES), as this program may be older or newer; its
 * translation is looked up by that text. What a record's arguments are it says itself (struct line_log).
 */
#include <stdio.h>
#include <string.h>

#include "core/fmt.h"
#include "core/log.h"
#include "session.h"
#include "text.h"

#define LINE_TEXT 512u

/* The names of messages, and their formats for xgettext: po/ has them from here by way of messages.h. */
static const struct { const char *name, *format; } messages[] = {
#define MESSAGE(name, severity, category, format) { #name, format },
	LOG_MESSAGES(MESSAGE)
#undef MESSAGE
};

const char *cellctl_severity_name(unsigned severity)
{
	static const char *const names[] = { [LOG_ERROR] = "error", [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice", [LOG_INFO] = "info", [LOG_DEBUG] = "debug" };

	return severity < ARRAY_COUNT(names) ? names[severity] : "?";
}

const char *cellctl_category_name(unsigned category)
{
	static const char *const names[] = {
		[LOG_CORE] = "core", [LOG_LIFE] = "life", [LOG_FAULT] = "fault", [LOG_AUDIT] = "audit", [LOG_IRQ] = "irq", [LOG_DMA] = "dma",
		[LOG_DEVICE] = "device", [LOG_TEXT] = "text",
	};

	return category < ARRAY_COUNT(names) ? names[category] : "?";
}

/* ---- arguments: numbers of 8 bytes, strings with their 0 ---- */

bool cellctl_argument(const struct cellctl_record *record, unsigned n, const char **text, uint64_t *number)
{
	const char *bytes = record->arguments;
	size_t size = record->head.size - sizeof record->head, at = 0;

	*text = NULL;
	for (unsigned i = 0; i <= n && i < record->head.arguments; i++) {
		bool string = i < 8 && record->head.strings >> i & 1;
		size_t length = string ? strnlen(bytes + at, size - at) + 1 : 8;

		if (at >= size || length > size - at)
			return false;
		if (i == n && string)
			*text = bytes + at;
		else if (i == n)
			memcpy(number, bytes + at, sizeof *number);
		if (i == n)
			return true;
		at += length;
	}
	return false;
}

/* Does it want the same arguments in the same order? A translation may be wrong. */
static bool wants_same(const char *one, const char *other)
{
	struct fmt_spec a[FMT_ARGUMENTS], b[FMT_ARGUMENTS];
	unsigned count = fmt_specs(one, a), i = 0;

	if (fmt_specs(other, b) != count)
		return false;
	while (i < count && a[i].type == b[i].type && a[i].wide == b[i].wide)
		i++;
	return i == count;
}

struct said {
	char text[LINE_TEXT];
};

/* In the user's language, if it is the core's word, and not the name of a cell or a guest's text. A word may go on behind a comma. */
static const char *said(const struct cellctl *c, const struct cellctl_record *record, const char *text, struct said *room)
{
	const char *whole = cellctl_word(text), *comma = strchr(text, ',');

	if (record->head.category == LOG_TEXT)
		return text;
	for (unsigned i = 0; i < c->cells && c->cell_names; i++)
		if (!strcmp(c->cell_names[i].name, text))
			return text;
	if (whole != text || !comma)
		return whole;
	snprintf(room->text, sizeof room->text, "%.*s", (int)(comma - text), text);
	whole = cellctl_word(room->text);
	if (whole == room->text)
		return text;
	snprintf(room->text, sizeof room->text, "%s%s", whole, comma);
	return room->text;
}

/* As the format asks for them; what the record has not, or has of another kind, is 0 and "?". */
static void take_values(const struct cellctl *c, const struct cellctl_record *record, const char *format, u64 *values, struct said *room)
{
	struct fmt_spec specs[FMT_ARGUMENTS];
	unsigned count = fmt_specs(format, specs);

	for (unsigned i = 0; i < count; i++) {
		const char *text = NULL;
		uint64_t number = 0;

		if (cellctl_argument(record, i, &text, &number) && !text == (specs[i].type != 's'))
			values[i] = text ? (u64)(uintptr_t)said(c, record, text, &room[i]) : number;
	}
}

/* No format: the arguments as they are. */
static void raw_text(const struct cellctl_record *record, char *to, size_t size)
{
	int at = snprintf(to, size, _("message %u:"), record->head.message);
	const char *text;
	uint64_t number;

	for (unsigned i = 0; i < record->head.arguments && at > 0 && (size_t)at < size; i++) {
		if (!cellctl_argument(record, i, &text, &number))
			break;
		at += text ? snprintf(to + at, size - (size_t)at, " \"%s\"", text) : snprintf(to + at, size - (size_t)at, " %#llx", (unsigned long long)number);
	}
}

/* What could move a cursor does not get to a terminal. */
static void make_printable(char *text)
{
	size_t length = strlen(text);

	while (length && (text[length - 1] == '\n' || text[length - 1] == '\r'))
		text[--length] = 0;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = text[i] == '\t' ? ' ' : '.';
}

static void render(const struct cellctl *c, struct cellctl_record *record, char *to)
{
	const char *format = names_known(c, NAMES_MESSAGES, record->head.message);
	u64 values[FMT_ARGUMENTS] = { 0 };

	if (record->head.message < ARRAY_COUNT(messages) && (!format || !strcmp(format, messages[record->head.message].format)))
		record->name = messages[record->head.message].name;
	if (!format || !*format) {
		raw_text(record, to, LINE_TEXT);
	} else {
		const char *translated = gettext(format);
		struct said room[FMT_ARGUMENTS];

		take_values(c, record, format, values, room);
		fmt_values(to, LINE_TEXT, wants_same(format, translated) ? translated : format, values, record->cell ? record->cell : "?");
	}
	make_printable(to);
	record->text = to;
}

/* A gap in a CPU's numbers is what was lost; of its first record nobody knows. */
static uint32_t count_lost(struct cellctl *c, const struct line_log *head)
{
	if (head->cpu >= CPUS)
		return 0;
	uint32_t *expected = &c->sequences[head->cpu];
	uint32_t lost = *expected ? head->sequence + 1 - *expected : 0;

	*expected = head->sequence + 2; /* the next one's, + 1 */
	return lost < 0x80000000u ? lost : 0;
}

static void take_record(struct cellctl *c, const uint8_t *bytes, size_t size)
{
	char text[LINE_TEXT];
	struct cellctl_record record = { .arguments = bytes + sizeof record.head };

	memcpy(&record.head, bytes, sizeof record.head);
	record.head.size = (uint16_t)size;
	record.seconds = c->identified && c->identity.hz ? (double)record.head.when / (double)c->identity.hz : 0;
	record.lost = count_lost(c, &record.head);
	record.cell = record.head.cell == LOG_NO_CELL ? NULL : names_cell(c, record.head.cell);
	render(c, &record, text);
	if (c->events.log)
		c->events.log(c->events.context, &record);
}

void record_bytes(struct cellctl *c, const uint8_t *bytes, size_t size)
{
	struct channel *ch = c->channels[LINE_LOG];

	for (size_t i = 0; i < size; i++) {
		int whole = session_assemble(ch, bytes[i], sizeof(struct line_log), LINE_PAYLOAD);

		if (whole < 0) { /* a frame begins with a record, so the rest of this one is passed over */
			c->counts.garbled++;
			return;
		}
		if (whole)
			take_record(c, ch->assembly, (size_t)whole);
	}
}
