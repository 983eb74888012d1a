/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * An ELF kernel becomes one piece, because that is what the loader copies:
 *
 *     lowest p_paddr, down to 16     p_filesz          p_memsz          highest p_paddr + p_memsz
 *      |                              |                 |                |
 *      | bytes of segment 0 ........  | zeros (.bss) .. | zeros (gap) .. | ...
 *
 * p_paddr is guest-physical. Nothing in the file is trusted: each number is compared with what it may be before it is used.
 */
#include <elf.h>
#include <stddef.h>
#include <string.h>

#include "parts.h"

#define LOADS_MAX 64u    /* more PT_LOAD than any linker makes */
#define GAP_MAX MIB(64)  /* zeros between segments; .bss does not count */
#define COPY_UNIT 16u    /* the loader copies so many bytes at once */
#define FIELD(p, type, field) little((p) + offsetof(type, field), sizeof(((type *)0)->field))

typedef unsigned long long ull;

struct segment {
	u32 number; /* in the program headers, from 0: as readelf counts */
	u64 offset, file_size, virtual, guest, size;
};

struct elf {
	const struct cell *cell;
	struct image *image;
	struct diag *diag;
	const u8 *file;
	u64 size;
	struct segment loads[LOADS_MAX];
	u32 count;
	bool broken;
};

/* what: the rest of a sentence that starts with the file's name. */
static bool wrong(struct elf *e, const char *what)
{
	diag_error(e->diag, "image-format", e->image->at, "\"%s\" is an ELF, but %s", e->image->name, what);
	e->broken = true;
	return false;
}

static bool check_header(struct elf *e)
{
	const u8 *h = e->file;
	u64 type, machine, headers, header_size;

	if (e->size < sizeof(Elf64_Ehdr)) {
		return wrong(e, "shorter than its header: it is truncated");
	}
	if (h[EI_CLASS] != ELFCLASS64) {
		return wrong(e, "not a 64-bit one; cells are AArch64 only");
	}
	if (h[EI_DATA] != ELFDATA2LSB) {
		return wrong(e, "big-endian, and the virtual devices are little-endian; build it little-endian");
	}
	type = FIELD(h, Elf64_Ehdr, e_type);
	machine = FIELD(h, Elf64_Ehdr, e_machine);
	headers = FIELD(h, Elf64_Ehdr, e_phoff);
	header_size = FIELD(h, Elf64_Ehdr, e_phentsize) * FIELD(h, Elf64_Ehdr, e_phnum);
	if (machine != EM_AARCH64) {
		return wrong(e, mem_format("for another machine (e_machine %llu, AArch64 is %d); build it for aarch64", (ull)machine,
					   EM_AARCH64));
	}
	if (type != ET_EXEC && type != ET_DYN) {
		return wrong(e, mem_format("no program (e_type %llu; an object file has 1); name what the linker makes of it", (ull)type));
	}
	if (FIELD(h, Elf64_Ehdr, e_phentsize) != sizeof(Elf64_Phdr) || header_size == 0) {
		return wrong(e, "without program headers, so nothing says what goes where; link it as a program");
	}
	if (headers > e->size || header_size > e->size - headers) {
		return wrong(e, "its program headers are beyond its end: it is truncated");
	}
	return true;
}

static void check_segment(struct elf *e, const struct segment *s)
{
	const struct ram *ram = &e->cell->ram[0];
	bool inside = s->guest >= ram->guest && s->guest - ram->guest <= ram->size && s->size <= ram->size - (s->guest - ram->guest);

	if (s->file_size > s->size || s->offset > e->size || s->file_size > e->size - s->offset) {
		wrong(e, mem_format("the bytes of segment %u are %s", s->number, s->file_size > s->size ?
				    "more than its place in memory holds (p_filesz, p_memsz); link it again" :
				    "beyond its end: it is truncated"));
	} else if (!inside) {
		diag_error(e->diag, "image-does-not-fit", e->image->at, "segment %u of \"%s\" goes to guest address 0x%llx (p_paddr), 0x%llx "
			   "bytes, which is not inside of the first range of memory of '%s' at %s, 0x%llx-0x%llx; %s", s->number,
			   e->image->name, (ull)s->guest, (ull)s->size, e->cell->name, diag_at(ram->at), (ull)ram->guest,
			   (ull)(ram->guest + ram->size - 1), s->guest >> 47 ?
			   "these are virtual addresses, as a vmlinux has them: name the Image that is made of it" :
			   "link it for an address in there, or move the memory");
		e->broken = true;
	}
}

static bool read_segments(struct elf *e)
{
	const u8 *p = e->file + FIELD(e->file, Elf64_Ehdr, e_phoff);
	u32 count = (u32)FIELD(e->file, Elf64_Ehdr, e_phnum);

	for (u32 i = 0; i < count && !e->broken; i++, p += sizeof(Elf64_Phdr)) {
		u64 type = FIELD(p, Elf64_Phdr, p_type), size = FIELD(p, Elf64_Phdr, p_memsz);

		if (type == PT_INTERP || type == PT_DYNAMIC) {
			wrong(e, "position-independent: nobody would apply its relocations; link it for fixed addresses (-static, -no-pie)");
		} else if (type == PT_LOAD && size && e->count == LOADS_MAX) {
			wrong(e, mem_format("it has more than %u segments; link it into fewer", LOADS_MAX));
		} else if (type == PT_LOAD && size) {
			e->loads[e->count++] = (struct segment){ .number = i, .offset = FIELD(p, Elf64_Phdr, p_offset),
				.file_size = FIELD(p, Elf64_Phdr, p_filesz), .virtual = FIELD(p, Elf64_Phdr, p_vaddr),
				.guest = FIELD(p, Elf64_Phdr, p_paddr), .size = size };
			check_segment(e, &e->loads[e->count - 1]);
		}
	}
	if (e->count == 0 && !e->broken) {
		wrong(e, "without any segment to load (PT_LOAD); link it as a program");
	}
	return !e->broken;
}

static bool overlap(const struct segment *a, const struct segment *b)
{
	return a->guest - b->guest < b->size || b->guest - a->guest < a->size;
}

static bool check_pairs(struct elf *e)
{
	for (u32 i = 0; i < e->count; i++) {
		for (u32 k = 0; k < i; k++) {
			if (overlap(&e->loads[i], &e->loads[k])) {
				return wrong(e, mem_format("its segments %u and %u overlap in memory (p_paddr); link it again",
							   e->loads[k].number, e->loads[i].number));
			}
		}
	}
	return true;
}

/* Where the piece begins and how long it is. Segments do not overlap, so the sum of their sizes is right. */
static struct range extent(const struct elf *e, u64 *gaps)
{
	u64 low = e->loads[0].guest, high = low, sum = 0;

	for (u32 i = 0; i < e->count; i++) {
		const struct segment *s = &e->loads[i];

		low = s->guest < low ? s->guest : low;
		high = s->guest + s->size > high ? s->guest + s->size : high;
		sum += s->size;
	}
	*gaps = high - low - sum;
	low = align_down(low, COPY_UNIT);
	return (struct range){ low, align_up(high - low, COPY_UNIT) };
}

static bool flatten(struct elf *e)
{
	u64 gaps;
	struct range range = extent(e, &gaps);
	u8 *data;

	if (gaps > GAP_MAX || range.size > IMAGE_MAX) {
		diag_error(e->diag, "image-sparse", e->image->at, "\"%s\" as one piece has 0x%llx bytes, of which 0x%llx are zeros between "
			   "its segments; at most 0x%llx of 0x%llx are accepted, so link it for addresses that are closer together",
			   e->image->name, (ull)range.size, (ull)gaps, (ull)GAP_MAX, (ull)IMAGE_MAX);
		return false;
	}
	data = mem_alloc(range.size);
	for (u32 i = 0; i < e->count; i++) {
		memcpy(data + (e->loads[i].guest - range.base), e->file + e->loads[i].offset, e->loads[i].file_size);
	}
	e->image->data = data;
	e->image->data_size = e->image->memory_size = range.size;
	e->image->load = range.base;
	e->image->converted = true;
	return true;
}

/* e_entry is a virtual address; where the MMU is off from the start, some write a physical one. */
static bool find_entry(struct elf *e)
{
	u64 entry = FIELD(e->file, Elf64_Ehdr, e_entry);

	for (u32 round = 0; round < 2; round++) {
		for (u32 i = 0; i < e->count; i++) {
			const struct segment *s = &e->loads[i];
			u64 inside = entry - (round ? s->guest : s->virtual);

			if (inside < s->file_size && (s->guest + inside) % 4 == 0) {
				e->image->entry = s->guest + inside;
				return true;
			}
		}
	}
	return wrong(e, mem_format("its entry 0x%llx is no instruction in any of its segments; name it by ENTRY() or -e when linking",
			    (ull)entry));
}

void elf_load(const struct cell *cell, struct image *image, struct diag *diag)
{
	struct elf e = { .cell = cell, .image = image, .diag = diag, .file = image->data, .size = image->data_size };
	/* Without memory, which is another finding, nothing can be said of the segments. */
	bool memory = cell->ram_count && !range_wraps(cell->ram[0].guest, cell->ram[0].size);

	if (!check_header(&e) || !memory || !read_segments(&e) || !check_pairs(&e) || !find_entry(&e) || !flatten(&e)) {
		image->data = NULL;
	}
}
