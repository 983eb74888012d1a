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
#include "core/bound.h"
#include "core/cell.h"
#include "core/fmt.h"
#include "core/log_read.h"

#define RING_WORDS 256u /* power of two: a cell's record with its registers fits */
#define HEAD 2u         /* words before the arguments */
#define STRINGS (HEAD + LOG_LINE / 8)    /* here strings end: of those that come then there is nothing, */
#define RECORD (STRINGS + FMT_ARGUMENTS) /* and so many words are enough for any record */
#define NO_CELL 0xffu

_Static_assert(RING_WORDS / HEAD <= LOG_RECORDS, "so many records are in a ring at most");
_Static_assert(CELL_COUNT < NO_CELL, "a cell's number is a byte in the rings");
_Static_assert(LOG_DATA >= (RECORD - HEAD) * 8, "arguments are no longer packed than in words");

static struct ring {
	u32 head;     /* [A] free-running positions in words; written by the CPU */
	u32 tail;     /* [A] written by the pump */
	u32 sequence; /* [O] records so far, lost ones included */
	u32 lost;     /* [O] */
	/* A record that begins before the end of the ring goes on behind it. The last word stays 0: there ends what has no end. */
	u64 words[RING_WORDS + RECORD + 1];
} __attribute__((aligned(64))) rings[CPU_COUNT]; /* no exclusive monitor shared with another CPU */
/* A line that is too long for one frame, of which pieces have been taken. */
static struct {
	u32 cpu, sequence;
	u32 at; /* bytes; 0: there is none */
} piece; /* [P] */

/*
 * All formats, one behind the other, and for each message where its own begins: a pointer would be as long as all else about
 * it. What nobody says has none: below the level, of devices that the partition has not. MESSAGE_PLAIN is said, as others
 * are sent as that if they are too long.
 */
#define IS_IN(name, severity, category) \
	(MESSAGE_##name == MESSAGE_PLAIN || (LOG_##severity <= CONFIG_LOG_LEVEL && (LOG_##category != LOG_DMA || IOMMU_COUNT) && \
					     (LOG_##category != LOG_DEVICE || FUNCTION_COUNT)))
static const struct {
#define LOG_ROW(name, severity, category, format) char name[IS_IN(name, severity, category) ? sizeof LOG_FORMAT_MESSAGE_##name : 1];
	LOG_MESSAGES(LOG_ROW)
#undef LOG_ROW
} formats = {
#define LOG_ROW(name, severity, category, format) __builtin_choose_expr(IS_IN(name, severity, category), format, ""),
	LOG_MESSAGES(LOG_ROW)
#undef LOG_ROW
};

static const struct {
	u16 format;
	u8 severity, category;
} messages[MESSAGE_COUNT] = {
#define LOG_ROW(name, severity, category, format) { offsetof(__typeof__(formats), name), LOG_##severity, LOG_##category },
	LOG_MESSAGES(LOG_ROW)
#undef LOG_ROW
};

#define LOG_ROW(name, severity, category, format) _Static_assert(sizeof(LOG_FORMAT_MESSAGE_##name) <= FMT_FORMAT, "a format's length");
LOG_MESSAGES(LOG_ROW)
#undef LOG_ROW
_Static_assert(sizeof formats <= 0x10000, "where a format begins is a u16");
_Static_assert(RECORD - HEAD <= FMT_WORDS && LOG_LINE <= FMT_TEXT, "what fmt.c is told to be most");

/* Not inlined: the compiler would reckon it again for each member. */
static __attribute__((noinline)) struct ring *ring_of(u32 cpu)
{
	return &rings[cpu];
}

static const char *format_of(u32 message)
{
	return (const char *)&formats + messages[message].format;
}

static u32 least(u32 a, u32 b)
{
	return a < b ? a : b;
}

/* ---- any CPU ---- */

/* From word n on; a zero follows it, and zeros fill its last word. */
static u32 put_string(u64 *record, u32 n, const char *text)
{
	u8 *to = (u8 *)&record[n], *end = (u8 *)&record[STRINGS];

	while (to + 1 < end && *text) {
		LOOP_TOTAL(LOG_LINE);
		*to++ = (u8)*text++;
	}
	do {
		LOOP_BOUND(sizeof *record);
		*to++ = 0;
	} while ((u64)to % sizeof *record);
	return (u32)((u64 *)(void *)to - record);
}

static u32 put_arguments(u64 *record, const char *format, va_list *args)
{
	struct fmt_spec specs[FMT_ARGUMENTS];
	u32 n = HEAD, count = fmt_specs(format, specs);

	for (u32 i = 0; i < count; i++) {
		LOOP_BOUND(FMT_ARGUMENTS);
		u64 value = fmt_value(&specs[i], args);

		if (specs[i].type == 's')
			n = put_string(record, n, value ? (const char *)value : "?");
		else
			record[n++] = value;
	}
	return n;
}

static bool has_room(const struct ring *ring)
{
	return RING_WORDS - (ring->head - atomic_load32(&ring->tail)) >= RECORD;
}

bool log_has_room(void)
{
	return has_room(ring_of(arch_cpu_this()->index));
}

void (log_put)(enum log_message message, u32 cell, ...)
{
	struct ring *ring = ring_of(arch_cpu_this()->index);
	u64 *record = &ring->words[ring->head % RING_WORDS], sequence = ring->sequence++;
	va_list args;

	if (!has_room(ring)) {
		ring->lost++;
		return;
	}
	va_start(args, cell);
	u32 n = put_arguments(record, format_of(message), &args);
	va_end(args);
	record[0] = sequence | (u64)message << 32 | (u64)(n - HEAD) << 48 | (u64)least(cell, NO_CELL) << 56;
	record[1] = arch_time_now();
	atomic_store32(&ring->head, ring->head + n);
}

u32 log_lost(void)
{
	u32 lost = 0;

	for (u32 i = 0; i < CPU_COUNT; i++) {
		LOOP_BOUND(CPU_COUNT);
		lost += __atomic_load_n(&rings[i].lost, __ATOMIC_RELAXED);
	}
	return lost;
}

/* ---- names ---- */

static const char severities[][8] = {
	[LOG_ERROR] = "error", [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice", [LOG_INFO] = "info", [LOG_DEBUG] = "debug",
};

static const char categories[][8] = {
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
	return message < MESSAGE_COUNT ? format_of(message) : NULL;
}

/* ---- the pump ---- */

u32 log_waiting(u32 cpu)
{
	const struct ring *ring = ring_of(cpu);

	return atomic_load32(&ring->head) - atomic_load32(&ring->tail);
}

/* The oldest record, if there is one. */
static const u64 *oldest_of(const struct ring *ring)
{
	return &ring->words[ring->tail % RING_WORDS];
}

/* Words of it; 0: there is none. Two CPUs that print in a panic may disturb each other: what is no record ends no later. */
static u32 size_of(const struct ring *ring)
{
	u32 waiting = atomic_load32(&ring->head) - ring->tail;

	return waiting ? least(waiting, HEAD + (u32)(*oldest_of(ring) >> 48 & 0xff)) : 0;
}

static void drop(struct ring *ring, u32 size)
{
	atomic_store32(&ring->tail, ring->tail + size);
}

static u32 message_of(const u64 *record)
{
	return (u32)(*record >> 32 & 0xffff) % MESSAGE_COUNT;
}

static u32 print(const u64 *record, char *text, u32 size)
{
	u32 cell = *record >> 56;

	return fmt_words(text, size, format_of(message_of(record)), record + HEAD, RECORD - HEAD,
			 cell < CELL_COUNT ? machine_cells[cell].name : NULL);
}

u32 log_text(u32 cpu, u32 *left, char *text, u32 size)
{
	struct ring *ring = ring_of(cpu);
	u32 taken = least(*left, size_of(ring)), length;

	*left -= taken;
	if (!taken)
		return 0;
	length = print(oldest_of(ring), text, size);
	drop(ring, taken);
	return length + 1;
}

/* ---- as it goes over the line ---- */

/* Whose oldest record is older than all others'; CPU_COUNT: nobody has any. */
static u32 oldest(void)
{
	u32 best = CPU_COUNT;

	for (u32 i = 0; i < CPU_COUNT; i++) {
		LOOP_BOUND(CPU_COUNT);
		if (size_of(&rings[i]) && (best == CPU_COUNT || oldest_of(&rings[i])[1] < oldest_of(&rings[best])[1]))
			best = i;
	}
	return best;
}

static void put_byte(struct log_record *record, u8 byte)
{
	if (record->head.size - sizeof record->head < LOG_DATA)
		record->data[record->head.size++ - sizeof record->head] = byte;
}

static void pack_string(struct log_record *record, const char *text)
{
	for (u32 i = 0; i < LOG_DATA; i++) {
		LOOP_TOTAL((RECORD - HEAD) * 8);
		put_byte(record, (u8)text[i]);
		if (!text[i])
			break;
	}
}

static void pack(const u64 *from, struct log_record *record)
{
	struct line_log *head = &record->head;
	struct fmt_spec specs[FMT_ARGUMENTS];
	u32 strings = 0, n = HEAD, count = fmt_specs(format_of(head->message), specs);

	head->size = sizeof *head;
	head->arguments = 0;
	for (; n < RECORD && head->arguments < count; head->arguments++) {
		LOOP_BOUND(FMT_ARGUMENTS);
		if (specs[head->arguments].type == 's') {
			strings |= 1u << head->arguments;
			pack_string(record, (const char *)&from[n]);
			while (n < RECORD && from[n] >> 56) {
				LOOP_TOTAL(RECORD);
				n++;
			}
		} else {
			for (u32 i = 0; i < 64; i += 8)
				put_byte(record, (u8)(from[n] >> i));
		}
		n++;
	}
	head->strings = (u8)strings;
	if ((head->size <= LINE_PAYLOAD && strings <= 0xff) || head->message == MESSAGE_PLAIN)
		return;
	/* Too much for a frame: as text. */
	head->size = (u16)(sizeof *head + print(from, (char *)record->data, LOG_LINE) + 1);
	head->message = MESSAGE_PLAIN;
	head->arguments = head->strings = 1;
}

/* The next part of a text takes the place of all. True: it was the last. */
static bool cut(struct log_record *record)
{
	u32 room = LINE_PAYLOAD - (u32)sizeof record->head - 1, length = record->head.size - (u32)sizeof record->head - 1;
	u32 at = least(piece.at, length), count = least(length - at, room);

	for (u32 i = 0; i < count; i++) {
		LOOP_BOUND(LINE_PAYLOAD);
		record->data[i] = record->data[at + i];
	}
	record->data[count] = 0;
	record->head.size = (u16)(sizeof record->head + count + 1);
	piece.at = at + count < length ? at + count : 0;
	return !piece.at;
}

static void fill_head(u32 cpu, const u64 *from, struct line_log *head)
{
	head->message = (u16)message_of(from);
	head->severity = messages[head->message].severity;
	head->category = messages[head->message].category;
	head->cell = *from >> 56 == NO_CELL ? LOG_NO_CELL : (u16)(*from >> 56);
	head->cpu = (u16)cpu;
	head->sequence = (u32)*from;
	head->when = from[1];
}

u32 log_take(struct log_record *record)
{
	bool goes_on = piece.at && size_of(&rings[piece.cpu]) && (u32)*oldest_of(&rings[piece.cpu]) == piece.sequence;
	u32 cpu = goes_on ? piece.cpu : oldest();

	if (cpu == CPU_COUNT)
		return 0;
	const u64 *from = oldest_of(&rings[cpu]);

	fill_head(cpu, from, &record->head);
	pack(from, record);
	piece.at = goes_on ? piece.at : 0;
	piece.cpu = cpu;
	piece.sequence = record->head.sequence;
	if (record->head.size <= LINE_PAYLOAD || cut(record))
		drop(&rings[cpu], size_of(&rings[cpu]));
	return record->head.size;
}

u32 log_line(const struct log_record *record, char *text, u32 size)
{
	const struct line_log *head = &record->head;
	const char *format = format_of(head->message % MESSAGE_COUNT);
	u64 values[FMT_ARGUMENTS];
	struct fmt_spec specs[FMT_ARGUMENTS];
	u32 at = 0, count = fmt_specs(format, specs);

	for (u32 n = 0; n < count; n++) {
		LOOP_BOUND(FMT_ARGUMENTS);
		values[n] = specs[n].type == 's' ? (u64)&record->data[at] : 0;
		if (specs[n].type == 's')
			while (at + 1 < LOG_DATA && record->data[at++])
				LOOP_TOTAL(LOG_DATA);
		else
			for (u32 i = 0; i < 64 && at + 1 < LOG_DATA; i += 8)
				values[n] |= (u64)record->data[at++] << i;
	}
	return fmt_values(text, size, format, values, head->cell < CELL_COUNT ? machine_cells[head->cell].name : NULL);
}
