/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Who may print next (console.h). What happens to the bytes then: wire.c.
 *
 * There is one source for each cell, filled by the pump from the cell's
 * virtual UART, and one for each CPU, filled by that CPU with the core's own
 * lines. A source is emitted in chunks: its complete lines, or what there is
 * of a line when the buffer is full or the cell has fallen silent. A chunk,
 * once begun, is finished before another source is chosen. So lines stay whole
 * unless they are longer than the buffer or printed with pauses.
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
#include "core/command.h"
#include "core/crash.h"
#include "core/fmt.h"
#include "core/iommu.h"
#include "core/keys.h"
#include "core/mmio.h"
#include "core/record.h"
#include "core/wire.h"
#include "platform/platform.h"
#include "vdev/vdev.h"

#define SOURCE_SIZE 2048u /* power of two; a CPU's source holds a whole record */
#define CELL_BYTES 512u   /* of it a cell's source uses: a cell's turn */
#define CORE_TURNS 2u
#define ROUND_BYTES 512u /* of all sources in one round of the pump: half a megabyte a second at the 1 ms tick */
#define SHARED_BYTES 64u /* the same on a CPU that a cell has too: 64 KB a second, several times 115200 baud */
#define FLUSH_BYTES (CPU_COUNT * SOURCE_SIZE)
#define CLAIM_TRIES 100000u
#define UART_TRIES 1000000u /* for one character: far longer than its time at 9600 baud */
/* How long a line may pause before the rest goes out without its end. An echo is awaited. */
#define SILENCE_TYPING(hz) ((hz) / 100)
#define SILENCE_OTHERS(hz) (hz)
#define NOTIFY_TIME(hz) ((hz) / 2)

struct source {
	u32 head;     /* [A] free-running positions in bytes; written by the pump (cells) or the CPU */
	u32 tail;     /* [A] written by the pump */
	u32 line_end; /* [P] cells: behind the last \n */
	u32 lost;     /* [O] CPUs: lines that did not fit */
	u64 touched;  /* [P] cells: ticks, when the last byte came */
	struct filter filter;
	u8 bytes[SOURCE_SIZE];
};

static struct source sources[CELL_COUNT + CPU_COUNT];
static u32 pumping; /* [A] */
static u32 missed;  /* [A] someone came while another CPU was pumping */
static struct {
	u32 source;     /* [P] whose chunk is being emitted, */
	u32 left;       /* [P] bytes of it */
	u32 cell, cpu;  /* [P] who had the last turn */
	u32 core_turns; /* [P] in a row */
} turn;
/* The command line as it is being drawn. */
static struct {
	struct filter filter;
	u32 at, count;
	u8 bytes[COMMAND_DRAWN];
} command; /* [P] */

void console_init(void)
{
	wire_init();
	keys_init();
	plat_console_init(machine_console_base, machine_console_clock);
}

static u32 waiting(const struct source *source)
{
	return atomic_load32(&source->head) - atomic_load32(&source->tail);
}

/* ---- the core's own lines ---- */

void console_write(const char *text, u32 length)
{
	struct source *log = &sources[WIRE_CORE + arch_cpu_this()->index];

	if (length > SOURCE_SIZE - waiting(log)) {
		log->lost++;
		return;
	}
	for (u32 i = 0; i < length; i++)
		log->bytes[(log->head + i) % SOURCE_SIZE] = (u8)text[i];
	atomic_store32(&log->head, log->head + length);
}

void console_printf(const char *format, ...)
{
	char line[CONSOLE_LINE];
	va_list args;

	va_start(args, format);
	u32 length = fmt_format(line, sizeof line, format, args);
	va_end(args);
	if (!length || line[length - 1] != '\n')
		line[length++] = '\n'; /* where the final 0 was */
	console_write(line, length);
}

bool console_has_room(void)
{
	return SOURCE_SIZE - waiting(&sources[WIRE_CORE + arch_cpu_this()->index]) >= CONSOLE_LINE;
}

u32 console_lost(void)
{
	u32 lost = 0;

	for (u32 i = 0; i < CPU_COUNT; i++)
		lost += __atomic_load_n(&sources[WIRE_CORE + i].lost, __ATOMIC_RELAXED);
	return lost;
}

/* ---- what cells print ---- */

static const struct vdev_config *console_of(u32 cell)
{
	u32 index = machine_cells[cell].console;

	return index < VDEV_COUNT ? &machine_vdevs[index] : NULL;
}

/*
 * Take one piece of what a cell has printed, up to where the buffer wraps.
 * What does not fit yet stays in the cell's own ring.
 */
static void fill(u32 cell, u64 now)
{
	const struct vdev_config *dev = console_of(cell);
	struct source *source = &sources[cell];
	u32 head = source->head, place = head % SOURCE_SIZE, room = CELL_BYTES - waiting(source);

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
		crash_console((u16)cell, source->bytes[place + i]);
		if (source->bytes[place + i] == '\n')
			source->line_end = head + i + 1;
	}
	mmio_settle(dev); /* there is room in its FIFO */
}

bool console_is_drained(u32 cell)
{
	const struct vdev_config *dev = console_of(cell);

	return !waiting(&sources[cell]) && (!dev || !dev->ops->pending(dev));
}

static u64 patience(u32 cell, u64 now)
{
	if (cell_is_ending((u16)cell))
		return 0; /* these are its last words */
	return keys_typing(cell, now) ? SILENCE_TYPING(arch_time_hz()) : SILENCE_OTHERS(arch_time_hz());
}

/* Length of the chunk a source could emit now. */
static u32 ready(u32 index, u64 now)
{
	const struct source *source = &sources[index];
	u32 bytes = waiting(source), lines = source->line_end - source->tail;

	if (index >= WIRE_CORE || !bytes)
		return bytes; /* the core writes whole lines */
	if (lines && lines <= bytes) /* else the last \n has long been emitted */
		return lines;
	return bytes >= CELL_BYTES || now - source->touched >= patience(index, now) ? bytes : 0;
}

/* ---- the pump ---- */

/* The next of these sources, in turn, that has a chunk. */
static bool choose_from(u32 *last, u32 first, u32 count, u64 now)
{
	for (u32 i = 0; i < count; i++) {
		*last = *last + 1 < count ? *last + 1 : 0;
		turn.source = first + *last;
		turn.left = ready(turn.source, now);
		if (turn.left)
			return true;
	}
	return false;
}

/* The operator's own keys, so it is little. */
static bool choose_command(bool idle)
{
	command.at = 0;
	command.count = command_draw(command.bytes, wire_is_open(WIRE_COMMAND), idle);
	turn.source = WIRE_COMMAND;
	turn.left = command.count;
	return turn.left;
}

static bool choose(u64 now)
{
	if (choose_command(false))
		return true;
	if (turn.core_turns < CORE_TURNS && choose_from(&turn.cpu, WIRE_CORE, CPU_COUNT, now)) {
		turn.core_turns++;
		return true;
	}
	turn.core_turns = 0;
	return choose_from(&turn.cell, 0, CELL_COUNT, now) || choose_from(&turn.cpu, WIRE_CORE, CPU_COUNT, now) ||
	       choose_command(true);
}

static void emit(void)
{
	if (turn.source == WIRE_COMMAND) {
		turn.left--;
		wire_byte(&command.filter, WIRE_COMMAND, command.bytes[command.at++]);
		return;
	}
	struct source *source = &sources[turn.source];
	u32 tail = source->tail;
	u8 byte = source->bytes[tail % SOURCE_SIZE];

	atomic_store32(&source->tail, tail + 1);
	turn.left--;
	wire_byte(&source->filter, turn.source, byte);
}

static void pump_round(struct cpu *cpu)
{
	u64 now = arch_time_now();
	bool shared = cpu->index == machine_service_cpu && cpu->config->role == CPU_VCPU;
	u32 bytes = shared ? SHARED_BYTES : ROUND_BYTES;

	if (cpu->index == machine_service_cpu)
		keys_poll();
	record_poll(shared);
	for (u32 i = 0; i < 2 * CELL_COUNT; i++) /* two pieces: the buffer may wrap */
		fill(i / 2, now);
	for (u32 n = 0; wire_drain() && n < bytes && (turn.left || choose(now)); n++)
		emit();
}

void console_pump(struct cpu *cpu)
{
	for (u32 tries = 0; tries < 2; tries++) {
		if (!arch_cas32(&pumping, 0, 1)) {
			atomic_store32(&missed, 1); /* whoever pumps looks again before it leaves */
			return;
		}
		atomic_store32(&missed, 0);
		pump_round(cpu);
		atomic_store32(&pumping, 0);
		if (!atomic_load32(&missed))
			return;
	}
}

void console_notify(struct cpu *cpu)
{
	u64 start = arch_time_now();

	if (machine_service_cpu != CPU_NONE) {
		core_call_service();
		return;
	}
	do {
		iommu_serve();
		console_pump(cpu);
	} while (record_is_due() && arch_time_now() - start < NOTIFY_TIME(arch_time_hz()));
}

/* ---- boot and panic ---- */

static bool drain_patiently(void)
{
	for (u32 tries = 0; tries < UART_TRIES; tries++)
		if (wire_drain())
			return true;
	return false;
}

/*
 * A panic may come out of the pump itself, or while another CPU is in it:
 * try for a while, then print all the same. Positions are masked, so two CPUs
 * in here garble text and nothing else.
 */
void console_flush(void)
{
	bool claimed = false;

	for (u32 tries = 0; tries < CLAIM_TRIES && !claimed; tries++)
		claimed = arch_cas32(&pumping, 0, 1);
	turn.left = 0;
	for (u32 n = 0; drain_patiently() && n < FLUSH_BYTES; n++) {
		if (!turn.left && !choose_from(&turn.cpu, WIRE_CORE, CPU_COUNT, 0))
			break;
		emit();
	}
	turn.left = 0;
	if (claimed)
		atomic_store32(&pumping, 0);
}
