/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Who may print next (console.h). What happens to the bytes then: wire.c.
 *
 * There is one source for each cell, filled by the pump from the cell's
 * virtual UART, and one for each CPU: its ring of the log (log.h). A source is
 * emitted in chunks: its complete lines, or what there is of a line when the
 * buffer is full or the cell has fallen silent; all records that a CPU has, each
 * made a line of when its turn comes. A chunk, once begun, is finished before another
 * source is chosen. So lines stay whole unless they are longer than the buffer
 * or printed with pauses.
 *
 * Shares: cells take turns, each turn at most CELL_BYTES. The core goes first,
 * but at most CORE_TURNS times in a row while a cell waits. The command line is
 * drawn before all others when a key came, and again when nobody has anything to print.
 *
 * Field legend: [P] only the CPU that pumps, which is the one that has set
 * `pumping`; [O]wner CPU; [A]tomic.
 */
#include "core/console.h"
#include "core/boot.h"
#include "core/bound.h"
#include "core/command.h"
#include "core/crash.h"
#include "core/iommu.h"
#include "core/keys.h"
#include "core/line.h"
#include "core/log.h"
#include "core/log_read.h"
#include "core/mmio.h"
#include "core/panic.h"
#include "core/record.h"
#include "core/wire.h"
#include "platform/platform.h"
#include "vdev/vdev.h"

#define SOURCE_SIZE CONSOLE_SIZE
#define CELL_BYTES 512u   /* of it is used for plain text: a cell's turn */
#define CORE_TURNS 2u
#define ROUND_BYTES 512u /* of all sources in one round of the pump: half a megabyte a second at the 1 ms tick */
#define ROUND_CHUNKS 32u /* begun in one round, however short they are */
#define SHARED_BYTES 64u /* the same on a CPU that a cell has too: 64 KB a second, several times 115200 baud */
#define SHARED_CHUNKS 4u
#define MOST_CHUNKS (SERVICE_SHARED ? SHARED_CHUNKS : ROUND_CHUNKS)
#define CLAIM_TRIES 100000u
#define UART_TRIES 1000000u /* for one character: far longer than its time at 9600 baud */
/* How long a line may pause before the rest goes out without its end. An echo is awaited. */
#define SILENCE_TYPING(hz) ((hz) / (1000 / CONFIG_CONSOLE_PAUSE_MS))
#define SILENCE_OTHERS(hz) (hz)
#define NOTIFY_TIME(hz) ((hz) / 2)

struct source {
	u32 head;     /* [P] free-running positions in bytes */
	u32 tail;     /* [P] */
	u32 line_end; /* [P] behind the last \n */
	u64 touched;  /* [P] ticks, when the last byte came */
	struct filter filter;
	u8 bytes[SOURCE_SIZE];
};

static struct source sources[CELL_COUNT] = { [0 ... CELL_COUNT - 1] = { .head = LINE_FIRST, .tail = LINE_FIRST, .line_end = LINE_FIRST } };
static u32 pumping; /* [A] */
static u32 missed;  /* [A] someone came while another CPU was pumping */
static u64 prints_until[CPU_COUNT]; /* [O] ticks, console_prints */
static struct {
	u32 source;     /* [P] whose chunk is being emitted, */
	u32 left;       /* [P] bytes of it, or of the line at hand, */
	u32 records;    /* [P] and how much of a CPU's ring comes behind that */
	u32 cell, cpu;  /* [P] who had the last turn */
	u32 core_turns; /* [P] in a row */
} turn;
/* A line of the core's, or the command line, as it is being drawn. */
static struct drawn {
	struct filter filter;
	u32 at;
	u8 bytes[LOG_LINE];
} line, command; /* [P] */

_Static_assert(ROUND_BYTES <= LINE_ROUND, "a round of frames is no longer");
_Static_assert(COMMAND_DRAWN <= LOG_LINE, "the command line has room");
_Static_assert(!(SOURCE_SIZE & (SOURCE_SIZE - 1)) && !(LINE_FIRST % SOURCE_SIZE), "positions wrap where the buffer does");

void console_init(void)
{
	plat_console_init(machine_console_base, machine_console_clock);
}

static u32 waiting(const struct source *source)
{
	return source->head - source->tail;
}

/* ---- the core's own lines ---- */

/* The line at hand has so many bytes, its end included; 0: it is none. */
static bool begin_line(u32 length)
{
	if (length)
		line.bytes[length - 1] = '\n'; /* where the final 0 was */
	line.at = 0;
	turn.left = length;
	return length;
}

/* The next record of the chunk that a CPU has begun becomes the line at hand. */
static bool goes_on(void)
{
	turn.source = WIRE_CORE + turn.cpu;
	return begin_line(log_text(turn.cpu, &turn.records, (char *)line.bytes, LOG_LINE));
}

/* ---- what cells print ---- */

/*
 * Take one piece of what a cell has printed, up to where the buffer wraps.
 * What does not fit yet stays in the cell's own ring.
 */
static void fill(u32 cell, u64 now)
{
	const struct vdev_config *dev = cell_console(cell);
	struct source *source = &sources[cell];
	u32 head = source->head, place = head % SOURCE_SIZE, limit = line_is_framed() ? SOURCE_SIZE : CELL_BYTES;
	u32 room = waiting(source) < limit ? limit - waiting(source) : 0; /* a session may have left more than text has */

	if (!dev)
		return;
	if (room > SOURCE_SIZE - place)
		room = SOURCE_SIZE - place;
	u32 count = dev->ops->take(dev, &source->bytes[place], room);

	if (!count)
		return;
	source->head = head + count;
	source->touched = now;
	for (u32 i = 0; i < count; i++) {
		LOOP_BOUND(SOURCE_SIZE);
		crash_console((u16)cell, source->bytes[place + i]);
		if (source->bytes[place + i] == '\n')
			source->line_end = head + i + 1;
	}
	mmio_settle(dev); /* there is room in its FIFO */
}

bool console_is_drained(u32 cell)
{
	const struct vdev_config *dev = cell_console(cell);

	if (line_is_framed()) /* nothing has to be waited for: what comes behind it is not on its channel */
		return true;
	return !waiting(&sources[cell]) && (!dev || !dev->ops->pending(dev));
}

static u64 patience(u32 cell, u64 now)
{
	if (cell_is_ending((u16)cell))
		return 0; /* these are its last words */
	return keys_typing(cell, now) ? SILENCE_TYPING(arch_time_hz()) : SILENCE_OTHERS(arch_time_hz());
}

/*
 * What there is of a cell's line is all there will be for now. What it printed
 * since fill() looked, before it ended say, goes out with it in the next round;
 * so its state is read before its ring.
 */
static bool is_silent(u32 cell, u64 now)
{
	const struct vdev_config *dev = cell_console(cell);

	return now - sources[cell].touched >= patience(cell, now) && dev && !dev->ops->pending(dev);
}

/* Length of the chunk a cell's source could emit now. */
static u32 ready(u32 index, u64 now)
{
	const struct source *source = &sources[index];
	u32 bytes = waiting(source), lines = source->line_end - source->tail;

	if (!bytes)
		return 0;
	if (lines && lines <= bytes) /* else the last \n has long been emitted */
		return lines;
	return bytes >= CELL_BYTES || is_silent(index, now) ? bytes : 0;
}

/* ---- the pump ---- */

/* The next cell, in turn, that has a chunk. */
static bool choose_cell(u64 now)
{
	for (u32 i = 0; i < CELL_COUNT; i++) {
		LOOP_BOUND(CELL_COUNT);
		turn.cell = turn.cell + 1 < CELL_COUNT ? turn.cell + 1 : 0;
		turn.source = turn.cell;
		turn.left = ready(turn.cell, now);
		if (turn.left)
			return true;
	}
	return false;
}

/* What a session has left, which is older than all that is in the log; or what a CPU has left that has nothing more to log. */
static bool choose_left(void)
{
	turn.source = WIRE_CORE;
	if (machine_service_cpu == CPU_NONE) /* nobody serves a session, and each CPU prints its own panic */
		return false;
	return begin_line(line_left((char *)line.bytes, LOG_LINE)) || begin_line(panic_text((char *)line.bytes, LOG_LINE));
}

/* First that; then the next CPU, in turn, that has said something. */
static bool choose_core(void)
{
	if (choose_left())
		return true;
	for (u32 i = 0; i < CPU_COUNT; i++) {
		LOOP_BOUND(CPU_COUNT);
		turn.cpu = turn.cpu + 1 < CPU_COUNT ? turn.cpu + 1 : 0;
		turn.records = log_waiting(turn.cpu);
		if (turn.records)
			return goes_on();
	}
	return false;
}

/* The operator's own keys, so it is little. */
static bool choose_command(bool idle)
{
	command.at = 0;
	turn.source = WIRE_COMMAND;
	turn.left = command_draw(command.bytes, wire_is_open(WIRE_COMMAND), idle);
	return turn.left;
}

static bool choose(u64 now)
{
	if (goes_on() || choose_command(false))
		return true;
	if (turn.core_turns < CORE_TURNS && choose_core()) {
		turn.core_turns++;
		return true;
	}
	turn.core_turns = 0;
	return choose_cell(now) || choose_core() || choose_command(true);
}

static void emit(void)
{
	turn.left--;
	if (turn.source >= WIRE_CORE) {
		struct drawn *drawn = turn.source == WIRE_COMMAND ? &command : &line;

		wire_byte(&drawn->filter, turn.source, drawn->bytes[drawn->at++ % LOG_LINE]);
		return;
	}
	struct source *source = &sources[turn.source];
	u8 byte = source->bytes[source->tail++ % SOURCE_SIZE];

	wire_byte(&source->filter, turn.source, byte);
}

static void pump_round(void)
{
	u64 now = arch_time_now();
	u32 bytes = SERVICE_SHARED ? SHARED_BYTES : ROUND_BYTES, chunks = 0;

	if (machine_service_cpu != CPU_NONE)
		keys_poll(now);
	record_poll();
	for (u32 i = 0; i < 2 * CELL_COUNT; i++) { /* two pieces: the buffer may wrap */
		LOOP_BOUND(2 * CELL_COUNT);
		fill(i / 2, now);
	}
	for (u32 n = 0; n < bytes && wire_drain(); n++) {
		LOOP_BOUND(ROUND_BYTES);
		if (!turn.left) {
			LOOP_RARELY(MOST_CHUNKS + 1);
			if (line_is_framed() || chunks++ == MOST_CHUNKS || !choose(now)) /* a chunk that was begun as text is finished as text */
				break;
		}
		emit();
	}
	if (line_is_framed() && !turn.left && wire_drain())
		line_round(now, bytes);
}

void console_pump(void)
{
	for (u32 tries = 0; tries < 2; tries++) {
		LOOP_BOUND(2);
		if (!arch_cas32(&pumping, 0, 1)) {
			atomic_store32(&missed, 1); /* whoever pumps looks again before it leaves */
			return;
		}
		atomic_store32(&missed, 0);
		pump_round();
		atomic_store32(&pumping, 0);
		if (machine_service_cpu != CPU_NONE || !atomic_load32(&missed)) /* the service CPU pumps alone */
			return;
	}
}

void console_notify(struct cpu *cpu)
{
	if (machine_service_cpu != CPU_NONE)
		core_call_service();
	else
		prints_until[cpu->index] = arch_time_now() + NOTIFY_TIME(arch_time_hz());
}

bool console_prints(struct cpu *cpu)
{
	if (arch_time_now() >= prints_until[cpu->index] || (!record_is_due() && !log_waiting(cpu->index)))
		return false;
	iommu_serve();
	console_pump();
	return true;
}

/* ---- for the line ---- */

u32 console_from(u32 cell)
{
	return sources[cell].tail;
}

u32 console_to(u32 cell)
{
	return sources[cell].head;
}

u8 console_at(u32 cell, u32 position)
{
	return sources[cell].bytes[position % SOURCE_SIZE];
}

void console_passed(u32 cell, u32 position)
{
	sources[cell].tail = position;
}

/* ---- boot and panic ---- */

static bool drain_patiently(void)
{
	for (u32 tries = 0; tries < UART_TRIES; tries++) {
		LOOP_PATIENCE(UART_TRIES);
		if (wire_drain())
			return true;
	}
	return false;
}

/*
 * A panic may come out of the pump itself, or while another CPU is in it:
 * try for a while, then print all the same. Positions are masked, so two CPUs
 * in here garble text and nothing else.
 */
static bool claim(void)
{
	for (u32 tries = 0; tries < CLAIM_TRIES; tries++) {
		LOOP_PATIENCE(CLAIM_TRIES);
		if (arch_cas32(&pumping, 0, 1))
			return true;
	}
	return false;
}

static void let_go(bool claimed)
{
	if (claimed)
		atomic_store32(&pumping, 0);
	else
		turn.left = 0; /* both have counted */
}

/* The line at hand, to its end. False: the UART takes no more. */
static bool send_line(void)
{
	for (u32 n = 0; turn.left && n < LOG_LINE; n++) {
		LOOP_BOUND(LOG_LINE);
		u32 at = line.at % LOG_LINE, most = LOG_LINE - at < turn.left ? LOG_LINE - at : turn.left;
		u32 sent = wire_plain(&line.filter, turn.source, &line.bytes[at], most);

		if (sent) { /* most can: and they are most of boot */
			line.at += sent;
			turn.left -= sent;
			continue;
		}
		if (!drain_patiently())
			return false;
		emit();
		wire_drain(); /* so that what follows can */
	}
	return drain_patiently();
}

/* No session, and no cell in the middle of its turn: what is at hand is a line of the core's, and goes out first. */
static bool settle(void)
{
	line_stop();
	if (turn.source < WIRE_CORE || turn.source == WIRE_COMMAND)
		turn.left = 0;
	return send_line();
}

/* What there is when it begins, each record made a line of once: others may go on logging. */
static void flush(void)
{
	bool on = settle();

	for (u32 n = 0; on && n < LINE_LEFT + PANIC_LINES && choose_left(); n++) {
		LOOP_BOUND(LINE_LEFT + PANIC_LINES);
		on = send_line();
	}
	for (u32 i = 0; on && i < CPU_COUNT; i++) {
		LOOP_BOUND(CPU_COUNT);
		turn.cpu = i;
		turn.records = log_waiting(i);
		for (u32 n = 0; on && n < LOG_RECORDS && goes_on(); n++) {
			LOOP_BOUND(LOG_RECORDS);
			on = send_line();
		}
	}
}

void console_flush(void)
{
	bool claimed = claim();

	flush();
	let_go(claimed);
}

void console_tell(const char *text)
{
	bool claimed = claim();
	u32 length = 0;

	if (settle()) {
		for (; length < LOG_LINE - 1 && text[length]; length++) {
			LOOP_BOUND(LOG_LINE);
			line.bytes[length] = (u8)text[length];
		}
		turn.source = WIRE_CORE;
		begin_line(length + 1);
		send_line();
	}
	let_go(claimed);
}
