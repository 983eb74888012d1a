/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "core_out.h"

#include <elf.h>
#include <inttypes.h>
#include <string.h>

#include "core/frame.h"

#define THREADS 32u
#define MORE 12u
#define NOTE_TEXT 100u
#define REGISTERS 34u /* x0..x30 sp pc pstate: as a record and Linux's user_regs_struct have them */

/* Offsets of docs/crash-region.md. */
enum {
	SEQUENCE = 16, BOOT = 20, PARTITION = 104, BODY = 136, /* of every part */
	CELL_NAME = 136, CELL_REASON = 168, CELL_WHAT = 232, CELL_BY = 296, CELL_END = 328, CELL_CPU = 360, CELL_LIFE = 392,
	CELL_VCPU = 400, CELL_KEPT = 404, CELL_VCPU_SIZE = 406, CELL_VCPUS = 408, CELL_DETAIL = 440, CELL_DETAIL_NAMES = 472,
	CELL_MORE_NAMES = 536, CELL_SIZE = 728, VCPU_SIZE = 8 + 8 * (REGISTERS + MORE),
	PANIC_CPU = 136, PANIC_WHAT = 168, PANIC_DECLARED = 296, PANIC_FOUND = 304, PANIC_EXCEPTION = 312, PANIC_STACK_COUNT = 316,
	PANIC_PC = 320, PANIC_REGS = 344, PANIC_STACK = 592, PANIC_SIZE = 848,
};
enum { KIND_PANIC = 3, KIND_CELL = 4 };

/* Linux's, for aarch64. */
struct prstatus {
	u32 signal, code, error;
	u16 current, pad;
	u64 pending, held;
	u32 pid, parent, group, session;
	u64 times[8];
	u64 registers[REGISTERS];
	u32 float_valid, pad_end;
};
struct prpsinfo {
	u8 state, name, zombie, nice;
	u32 pad;
	u64 flags;
	u32 uid, gid, pid, parent, group, session;
	char file[16], arguments[80];
};
_Static_assert(sizeof(struct prstatus) == 392 && sizeof(struct prpsinfo) == 136, "Linux's structures for aarch64");

struct core {
	const u8 *record;
	u32 thread_count;
	u16 numbers[THREADS]; /* of the vCPUs */
	u64 registers[THREADS][REGISTERS];
	u32 signal;
	char name[32], text[4096];
	u32 text_size;
	const u8 *memory;     /* of the stack */
	u64 memory_at, memory_size;
};

static u64 word(const u8 *p, u32 at, u32 size)
{
	u64 value = 0;

	for (u32 i = size; i--;)
		value = value << 8 | p[at + i];
	return value;
}
static u16 get16(const u8 *p, u32 at) { return (u16)word(p, at, 2); }
static u32 get32(const u8 *p, u32 at) { return (u32)word(p, at, 4); }
static u64 get64(const u8 *p, u32 at) { return word(p, at, 8); }

/* Printable, as far as it is; ends with a 0. size: of the field. */
static const char *text(char to[132], const u8 *record, u32 at, u32 size)
{
	u32 i;

	for (i = 0; i < size && i < 131 && record[at + i]; i++)
		to[i] = record[at + i] >= ' ' && record[at + i] <= '~' ? (char)record[at + i] : '.';
	to[i] = 0;
	return to;
}

static void say(struct core *c, const char *name, const char *what)
{
	int length = snprintf(c->text + c->text_size, sizeof(c->text) - c->text_size, "%s: %s\n", name, what);

	if (length > 0 && c->text_size + (u32)length < sizeof(c->text))
		c->text_size += (u32)length;
}

static void say_field(struct core *c, const char *name, u32 at, u32 size)
{
	char field[132];

	say(c, name, text(field, c->record, at, size));
}

static void say_number(struct core *c, const char *name, u64 value)
{
	char number[24];

	snprintf(number, sizeof(number), "0x%" PRIx64, value);
	say(c, name, number);
}

static bool is_whole(const u8 *record, u32 size)
{
	u32 own = size >= BODY ? get32(record, 8) : 0;

	return own >= BODY && own <= size && get32(record, 0) == 0x52434c43 && get16(record, 12) == 1 &&
		frame_crc(record + 16, own - 16) == get32(record, 4);
}

/* What Linux would have sent a process for that. */
static u32 signal_of(const char *reason)
{
	static const struct { const char *reason; u32 signal; } signals[] = {
		{ "fault", 11 }, { "dma", 7 }, { "denied", 4 }, { "debug", 5 }, { "watchdog", 14 }, { "heartbeat", 14 }, { "timeout", 14 },
	};

	for (u32 i = 0; i < ARRAY_COUNT(signals); i++)
		if (!strcmp(reason, signals[i].reason))
			return signals[i].signal;
	return 6;
}

static void take_vcpu(struct core *c, u32 at, u16 number)
{
	if (get16(c->record, at) != 1 || c->thread_count == THREADS)
		return;
	c->numbers[c->thread_count] = number;
	for (u32 i = 0; i < REGISTERS; i++)
		c->registers[c->thread_count][i] = get64(c->record, at + 8 + 8 * i);
	c->thread_count++;
	for (u32 i = 0; i < MORE; i++) {
		char field[132], name[160];

		text(field, c->record, CELL_MORE_NAMES + 16 * i, 16);
		snprintf(name, sizeof(name), "vcpu%u.%s", number, field);
		if (*field)
			say_number(c, name, get64(c->record, at + 8 + 8 * (REGISTERS + i)));
	}
}

static bool take_cell(struct core *c, u32 size)
{
	const u8 *r = c->record;
	u32 kept, each, first, vcpus, own = size;
	char field[132];

	if (own < CELL_SIZE)
		return false;
	kept = get16(r, CELL_KEPT);
	each = get16(r, CELL_VCPU_SIZE);
	vcpus = get32(r, CELL_VCPUS);
	first = get16(r, CELL_VCPU);
	if (each < VCPU_SIZE || vcpus > own || (u64)kept * each > own - vcpus)
		return false;
	c->signal = signal_of(text(field, r, CELL_REASON, 64));
	snprintf(c->name, sizeof(c->name), "%.31s", text(field, r, CELL_NAME, 32));
	say_field(c, "cell", CELL_NAME, 32);
	say_number(c, "life", get32(r, CELL_LIFE));
	say_field(c, "reason", CELL_REASON, 64);
	say_field(c, "what", CELL_WHAT, 64);
	say_field(c, "by", CELL_BY, 32);
	say_field(c, "then", CELL_END, 32);
	say_field(c, "cpu", CELL_CPU, 32);
	for (u32 i = 0; i < 4; i++)
		if (*text(field, r, CELL_DETAIL_NAMES + 16 * i, 16))
			say_number(c, field, get64(r, CELL_DETAIL + 8 * i));
	if (first < kept)
		take_vcpu(c, vcpus + first * each, (u16)first);
	for (u32 i = 0; i < kept; i++)
		if (i != first)
			take_vcpu(c, vcpus + i * each, (u16)i);
	return true;
}

static bool take_panic(struct core *c, u32 size)
{
	const u8 *r = c->record;
	u32 words;

	if (size < PANIC_SIZE)
		return false;
	words = get32(r, PANIC_STACK_COUNT);
	c->signal = get32(r, PANIC_EXCEPTION) ? 11 : 6;
	snprintf(c->name, sizeof(c->name), "cloison");
	say_field(c, "panic", PANIC_WHAT, 128);
	say_field(c, "cpu", PANIC_CPU, 32);
	say_number(c, get32(r, PANIC_EXCEPTION) ? "syndrome" : "declared", get64(r, PANIC_DECLARED));
	say_number(c, get32(r, PANIC_EXCEPTION) ? "address" : "found", get64(r, PANIC_FOUND));
	for (u32 i = 0; i < 31; i++)
		c->registers[0][i] = get64(r, PANIC_REGS + 8 * i);
	c->registers[0][31] = get64(r, PANIC_PC + 8);
	c->registers[0][32] = get64(r, PANIC_PC);
	c->registers[0][33] = get64(r, PANIC_PC + 16);
	c->thread_count = 1;
	c->memory = r + PANIC_STACK;
	c->memory_at = c->registers[0][31];
	c->memory_size = 8 * (words < 32 ? words : 32);
	return true;
}

/* ---- ELF ---- */

static u32 note_size(u32 name, u32 size)
{
	return 12 + ((name + 3) & ~3u) + ((size + 3) & ~3u);
}

static void put_note(FILE *out, const char *name, u32 type, const void *bytes, u32 size)
{
	static const u8 zeros[4];
	u32 length = (u32)strlen(name) + 1;
	Elf64_Nhdr head = { length, size, type };

	fwrite(&head, sizeof(head), 1, out);
	fwrite(name, length, 1, out);
	fwrite(zeros, 1, -length & 3, out);
	fwrite(bytes, size, 1, out);
	fwrite(zeros, 1, -size & 3, out);
}

static u32 notes_size(const struct core *c)
{
	return note_size(5, sizeof(struct prpsinfo)) + c->thread_count * note_size(5, sizeof(struct prstatus)) + note_size(8, c->text_size);
}

static void put_notes(FILE *out, const struct core *c)
{
	struct prpsinfo process = { .name = 'R', .pid = 1 };

	snprintf(process.file, sizeof(process.file), "%.15s", c->name);
	snprintf(process.arguments, sizeof(process.arguments), "%s", c->name);
	for (u32 i = 0; i < c->thread_count; i++) {
		struct prstatus status = { .signal = c->signal, .current = (u16)c->signal, .pid = c->numbers[i] + 1u };

		memcpy(status.registers, c->registers[i], sizeof(status.registers));
		put_note(out, "CORE", NT_PRSTATUS, &status, sizeof(status));
		if (!i)
			put_note(out, "CORE", NT_PRPSINFO, &process, sizeof(process));
	}
	put_note(out, "CLOISON", NOTE_TEXT, c->text, c->text_size);
}

static void put_core(FILE *out, const struct core *c)
{
	u16 count = c->memory_size ? 2 : 1;
	Elf64_Off notes = sizeof(Elf64_Ehdr) + count * sizeof(Elf64_Phdr);
	Elf64_Ehdr head = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT, ELFOSABI_NONE },
		.e_type = ET_CORE, .e_machine = EM_AARCH64, .e_version = EV_CURRENT, .e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = count,
	};
	Elf64_Phdr segments[2] = {
		{ .p_type = PT_NOTE, .p_flags = PF_R, .p_offset = notes, .p_filesz = notes_size(c), .p_align = 4 },
		{ .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = notes + notes_size(c), .p_vaddr = c->memory_at,
		  .p_filesz = c->memory_size, .p_memsz = c->memory_size, .p_align = 1 },
	};

	fwrite(&head, sizeof(head), 1, out);
	fwrite(segments, sizeof(segments[0]), count, out);
	put_notes(out, c);
	if (c->memory_size)
		fwrite(c->memory, c->memory_size, 1, out);
}

enum core_status core_write(FILE *out, const u8 *record, u32 size)
{
	struct core c = { .record = record };
	bool taken;

	if (!is_whole(record, size))
		return CORE_NO_RECORD;
	say_field(&c, "partition", PARTITION, 32);
	say_number(&c, "boot", get32(record, BOOT));
	say_number(&c, "record", get32(record, SEQUENCE));
	switch (get16(record, 14)) {
	case KIND_CELL: taken = take_cell(&c, get32(record, 8)); break;
	case KIND_PANIC: taken = take_panic(&c, get32(record, 8)); break;
	default: taken = false; break;
	}
	if (!taken)
		return CORE_NO_RECORD;
	if (!c.thread_count)
		return CORE_NO_REGISTERS;
	put_core(out, &c);
	return fflush(out) == 0 && !ferror(out) ? CORE_OK : CORE_NOT_WRITTEN;
}
