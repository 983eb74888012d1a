/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The rings of records (log.h). In words of 8 bytes:
 *
 *   sequence 32, message 16, count 8, cell 8 | ticks | count words of arguments
 *
 * A number is one word; a string so many that a zero follows it. So the CPU that logs stores words and makes no text, and it
 * needs no buffer: what is behind the head is its own, and counts when the head has moved.
 *
 * Field legend: [O]wner CPU; [A]tomic; [P] only the CPU that pumps.
 */
#include "core/log.h"
#include "core/cell.h"
#include "core/fmt.h"
#include "core/log_read.h"

#define RING_WORDS 256u /* power of two: a cell's record with its registers fits */
#define HEAD 2u         /* words before the arguments */
#define LOG_WORDS 64u   /* most words of them: a line as it stands, and numbers behind it */
#define RECORD (HEAD + LOG_WORDS)
#define STRINGS (HEAD + LOG_LINE / 8) /* here a string is cut: numbers behind it still fit */
#define NO_CELL 0xffu

_Static_assert(CELL_COUNT < NO_CELL, "a cell's number is a byte in the rings");
_Static_assert(STRINGS < RECORD && RECORD < RING_WORDS, "a line as it stands fits");
_Static_assert(LOG_DATA == LOG_WORDS * 8, "arguments are no longer packed than in words");

static struct ring {
	u32 head;     /* [A] free-running positions in words; written by the CPU */
	u32 tail;     /* [A] written by the pump */
	u32 sequence; /* [O] records so far, lost ones included */
	u32 lost;     /* [O] */
	u32 room;     /* [O] words that the record at hand may have */
	u64 words[RING_WORDS];
} __attribute__((aligned(64))) rings[CPU_COUNT]; /* no exclusive monitor shared with another CPU */
/* A line that is too long for one frame, of which pieces have been taken. */
static struct {
	u32 cpu, sequence;
	u32 at; /* bytes; 0: there is none */
} piece; /* [P] */
/* The record at hand. The last word is zero: a string that has no end ends there. */
static u64 words[LOG_WORDS + 1]; /* [P] */

static const struct {
	const char *format;
	u8 severity, category;
} messages[MESSAGE_COUNT] = {
#define LOG_ROW(name, severity, category, format) { LOG_FORMAT_MESSAGE_##name, LOG_##severity, LOG_##category },
	LOG_MESSAGES(LOG_ROW)
#undef LOG_ROW
};

static u32 least(u32 a, u32 b)
{
	return a < b ? a : b;
}

/* ---- any CPU ---- */

/* n: from the head on. */
static void put(struct ring *ring, u32 n, u64 word)
{
	if (n < ring->room)
		ring->words[(ring->head + n) % RING_WORDS] = word;
}

/* Ends with a word that is not full. */
static u32 put_string(struct ring *ring, u32 n, const char *text)
{
	u32 bits;

	do {
		u32 limit = n + 1 < STRINGS ? 64 : 56;
		u64 word = 0;

		for (bits = 0; bits < limit && *text; bits += 8)
			word |= (u64)(u8)*text++ << bits;
		put(ring, n++, word);
	} while (bits == 64);
	return n;
}

static u32 put_arguments(struct ring *ring, const char *format, va_list *args)
{
	struct fmt_spec spec;
	u32 n = HEAD;

	while ((format = fmt_next(format, &spec))) {
		u64 value = fmt_value(&spec, args);

		if (spec.type == 's')
			n = put_string(ring, n, value ? (const char *)value : "?");
		else
			put(ring, n++, value);
	}
	return n;
}

void (log_put)(enum log_message message, u32 cell, ...)
{
	struct ring *ring = &rings[arch_cpu_this()->index];
	u64 sequence = ring->sequence++;
	va_list args;

	ring->room = least(RECORD, RING_WORDS - (ring->head - atomic_load32(&ring->tail)));
	va_start(args, cell);
	u32 n = put_arguments(ring, messages[message].format, &args);
	va_end(args);
	if (n > ring->room) {
		ring->lost++;
		return;
	}
	put(ring, 0, sequence | (u64)message << 32 | (u64)(n - HEAD) << 48 | (u64)least(cell, NO_CELL) << 56);
	put(ring, 1, arch_time_now());
	atomic_store32(&ring->head, ring->head + n);
}

bool log_has_room(void)
{
	return RING_WORDS - log_waiting(arch_cpu_this()->index) >= RECORD;
}

u32 log_lost(void)
{
	u32 lost = 0;

	for (u32 i = 0; i < CPU_COUNT; i++)
		lost += __atomic_load_n(&rings[i].lost, __ATOMIC_RELAXED);
	return lost;
}

/* ---- names ---- */

static const char *const severities[] = {
	[LOG_ERROR] = "error", [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice", [LOG_INFO] = "info", [LOG_DEBUG] = "debug",
};

static const char *const categories[] = {
	[LOG_CORE] = "core", [LOG_LIFE] = "life", [LOG_FAULT] = "fault", [LOG_AUDIT] = "audit",
	[LOG_IRQ] = "irq", [LOG_DMA] = "dma", [LOG_DEVICE] = "device", [LOG_TEXT] = "text",
};

const char *log_severity_name(u32 n)
{
	return n < ARRAY_COUNT(severities) ? severities[n] : NULL;
}

const char *log_category_name(u32 n)
{
	return n < ARRAY_COUNT(categories) ? categories[n] : NULL;
}

const char *log_format(u32 message)
{
	return message < MESSAGE_COUNT ? messages[message].format : NULL;
}

/* ---- the pump ---- */

u32 log_waiting(u32 cpu)
{
	return atomic_load32(&rings[cpu].head) - atomic_load32(&rings[cpu].tail);
}

/* Of the CPU's oldest record, from its tail on. */
static u64 word(u32 cpu, u32 n)
{
	return rings[cpu].words[(rings[cpu].tail + n) % RING_WORDS];
}

/* Words of it; 0: there is none. Two CPUs that print in a panic may disturb each other: then what is no record is skipped. */
static u32 next_size(u32 cpu)
{
	struct ring *ring = &rings[cpu];
	u32 waiting = log_waiting(cpu), size = HEAD + (word(cpu, 0) >> 48 & 0xff);

	if (waiting && (size > least(waiting, RECORD) || (word(cpu, 0) >> 32 & 0xffff) >= MESSAGE_COUNT)) {
		atomic_store32(&ring->tail, ring->tail + waiting);
		return 0;
	}
	return waiting ? size : 0;
}

static void drop(u32 cpu, u32 size)
{
	atomic_store32(&rings[cpu].tail, rings[cpu].tail + size);
}

static u32 message_of(u32 cpu)
{
	return (word(cpu, 0) >> 32 & 0xffff) % MESSAGE_COUNT;
}

static u16 cell_of(u32 cpu)
{
	u32 cell = word(cpu, 0) >> 56;

	return cell == NO_CELL ? LOG_NO_CELL : (u16)cell;
}

/* Arguments of the CPU's oldest record, of so many words; strings stay in `words`. Returns which are strings. */
static u32 unpack(u32 cpu, u32 size, u64 *values)
{
	const char *format = messages[message_of(cpu)].format;
	struct fmt_spec spec;
	u32 n = 0, strings = 0;

	for (u32 i = HEAD; i < size; i++)
		words[i - HEAD] = word(cpu, i);
	for (u32 i = 0; i < FMT_ARGUMENTS && (format = fmt_next(format, &spec)); i++) {
		values[i] = spec.type == 's' ? (u64)&words[n] : words[n];
		strings |= (u32)(spec.type == 's') << i;
		while (spec.type == 's' && n < LOG_WORDS && words[n] >> 56)
			n++;
		n += n < LOG_WORDS;
	}
	return strings;
}

static u32 print(u32 cpu, const u64 *values, char *text, u32 size)
{
	u16 cell = cell_of(cpu);

	return fmt_values(text, size, messages[message_of(cpu)].format, values, cell < CELL_COUNT ? machine_cells[cell].name : NULL);
}

u32 log_text(u32 cpu, char *text, u32 size, u32 *length)
{
	u64 values[FMT_ARGUMENTS];
	u32 taken = next_size(cpu);

	if (!taken)
		return 0;
	unpack(cpu, taken, values);
	*length = print(cpu, values, text, size);
	drop(cpu, taken);
	return taken;
}

/* ---- as it goes over the line ---- */

/* Whose oldest record is older than all others'; CPU_COUNT: nobody has any. */
static u32 oldest(void)
{
	u32 best = CPU_COUNT;

	for (u32 i = 0; i < CPU_COUNT; i++)
		if (next_size(i) && (best == CPU_COUNT || word(i, 1) < word(best, 1)))
			best = i;
	return best;
}

static void put_byte(struct log_record *record, u8 byte)
{
	if (record->head.size - sizeof record->head < LOG_DATA)
		record->data[record->head.size++ - sizeof record->head] = byte;
}

static void pack_string(struct log_record *record, const char *text)
{
	do
		put_byte(record, (u8)*text);
	while (*text++);
}

static void pack(u32 cpu, u32 size, struct log_record *record)
{
	struct line_log *head = &record->head;
	u64 values[FMT_ARGUMENTS];
	u32 strings = unpack(cpu, size, values);
	struct fmt_spec spec;

	head->size = sizeof *head;
	head->arguments = 0;
	for (const char *p = messages[head->message].format; (p = fmt_next(p, &spec)); head->arguments++) {
		u64 value = values[head->arguments];

		if (strings >> head->arguments & 1)
			pack_string(record, (const char *)value);
		else
			for (u32 i = 0; i < 64; i += 8)
				put_byte(record, (u8)(value >> i));
	}
	head->strings = (u8)strings;
	if ((head->size <= LINE_PAYLOAD && strings <= 0xff) || head->message == MESSAGE_PLAIN)
		return;
	/* Too much for a frame: as text. */
	head->size = (u16)(sizeof *head + print(cpu, values, (char *)record->data, LOG_LINE) + 1);
	head->message = MESSAGE_PLAIN;
	head->arguments = head->strings = 1;
}

/* The next part of a text takes the place of all. True: it was the last. */
static bool cut(struct log_record *record)
{
	u32 room = LINE_PAYLOAD - (u32)sizeof record->head - 1, length = record->head.size - (u32)sizeof record->head - 1;
	u32 at = least(piece.at, length), count = least(length - at, room);

	for (u32 i = 0; i < count; i++)
		record->data[i] = record->data[at + i];
	record->data[count] = 0;
	record->head.size = (u16)(sizeof record->head + count + 1);
	piece.at = at + count < length ? at + count : 0;
	return !piece.at;
}

static void fill_head(u32 cpu, struct line_log *head)
{
	head->message = (u16)message_of(cpu);
	head->severity = messages[head->message].severity;
	head->category = messages[head->message].category;
	head->cell = cell_of(cpu);
	head->cpu = (u16)cpu;
	head->sequence = (u32)word(cpu, 0);
	head->when = word(cpu, 1);
}

u32 log_take(struct log_record *record)
{
	bool goes_on = piece.at && next_size(piece.cpu) && (u32)word(piece.cpu, 0) == piece.sequence;
	u32 cpu = goes_on ? piece.cpu : oldest();

	if (cpu == CPU_COUNT)
		return 0;
	u32 size = next_size(cpu);

	fill_head(cpu, &record->head);
	pack(cpu, size, record);
	piece.at = goes_on ? piece.at : 0;
	piece.cpu = cpu;
	piece.sequence = record->head.sequence;
	if (record->head.size <= LINE_PAYLOAD || cut(record))
		drop(cpu, size);
	return record->head.size;
}

u32 log_line(const struct log_record *record, char *text, u32 size)
{
	const struct line_log *head = &record->head;
	const char *format = messages[head->message % MESSAGE_COUNT].format;
	u64 values[FMT_ARGUMENTS];
	struct fmt_spec spec;
	u32 at = 0, n = 0;

	for (const char *p = format; n < FMT_ARGUMENTS && (p = fmt_next(p, &spec)); n++) {
		values[n] = spec.type == 's' ? (u64)&record->data[at] : 0;
		if (spec.type == 's')
			while (at + 1 < LOG_DATA && record->data[at++])
				;
		else
			for (u32 i = 0; i < 64 && at + 1 < LOG_DATA; i += 8)
				values[n] |= (u64)record->data[at++] << i;
	}
	return fmt_values(text, size, format, values, head->cell < CELL_COUNT ? machine_cells[head->cell].name : NULL);
}
