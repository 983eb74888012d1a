/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The finished image: sections and symbols of cloison.elf, or the bytes of cloison.bin
 * with the symbols of its ELF. docs/image-format.md, "The file".
 *
 * What the loader takes is the segments, so the bytes of a section are read through its
 * segment; a section header that says otherwise is a departure.
 */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cellcheck.h"

u8 *file_read(struct arena *a, const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	size_t have = 0;
	u8 *bytes;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size <= 0)
		unreadable("%s: %s", path, fd < 0 ? strerror(errno) : "not a file with contents");
	bytes = arena_get(a, (size_t)st.st_size);
	while (have < (size_t)st.st_size) {
		ssize_t got = read(fd, bytes + have, (size_t)st.st_size - have);

		if (got <= 0)
			unreadable("%s: %s", path, got ? strerror(errno) : "ends too early");
		have += (size_t)got;
	}
	close(fd);
	*size = have;
	return bytes;
}

static void depart(struct image *img, const char *what, const char *name)
{
	if (!img->malformed)
		img->malformed = arena_text(&img->arena, "%s%s%s", name, *name ? ": " : "", what);
}

static bool within(u64 at, u64 size, u64 end)
{
	return at <= end && size <= end - at;
}

/* The segment of the addresses of a section; also: is the file what the section header says? */
static const u8 *section_bytes(struct image *img, Elf *elf, const GElf_Shdr *sh, const char *name, const u8 *file, size_t size)
{
	size_t count = 0;
	GElf_Phdr ph;

	elf_getphdrnum(elf, &count);
	for (size_t i = 0; i < count && gelf_getphdr(elf, (int)i, &ph); i++) {
		if (ph.p_type != PT_LOAD || sh->sh_addr < ph.p_vaddr || !within(sh->sh_addr - ph.p_vaddr, sh->sh_size, ph.p_filesz))
			continue;
		if (!within(ph.p_offset, ph.p_filesz, size))
			break;
		if (sh->sh_offset != ph.p_offset + (sh->sh_addr - ph.p_vaddr))
			depart(img, "its header and its segment show different bytes", name);
		return file + ph.p_offset + (sh->sh_addr - ph.p_vaddr);
	}
	unreadable("%s: section %s has no contents in a segment", img->path, name);
}

static bool known(const char *name, GElf_Xword flags)
{
	static const struct { const char *name; GElf_Xword flags; } all[] = {
		{ ".text", SHF_ALLOC | SHF_EXECINSTR }, { ".copier", SHF_ALLOC | SHF_EXECINSTR }, { ".rodata", SHF_ALLOC },
		{ ".tables", SHF_ALLOC }, { ".roots", SHF_ALLOC | SHF_WRITE }, { ".data", SHF_ALLOC | SHF_WRITE },
	};

	flags &= ~(GElf_Xword)(SHF_MERGE | SHF_STRINGS);
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (!strcmp(name, all[i].name))
			return flags == all[i].flags;
	return !strncmp(name, ".image.", 7) && flags == SHF_ALLOC;
}

static void read_sections(struct image *img, Elf *elf, const u8 *file, size_t size)
{
	Elf_Scn *scn = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		unreadable("%s: no section names", img->path);
	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr sh;
		const char *name = gelf_getshdr(scn, &sh) ? elf_strptr(elf, names, sh.sh_name) : NULL;
		struct section *s;
		const u8 *bytes;

		if (!name || !(sh.sh_flags & SHF_ALLOC))
			continue;
		if (!known(name, sh.sh_flags) || sh.sh_type != SHT_PROGBITS)
			depart(img, "a section in memory that the format does not have", name);
		if (!sh.sh_size || image_section(img, name) || sh.sh_addr + sh.sh_size < sh.sh_addr)
			unreadable("%s: section %s is empty, wraps or is there twice", img->path, name);
		s = VEC_ADD(&img->arena, img->sections);
		s->name = arena_text(&img->arena, "%s", name);
		s->base = sh.sh_addr;
		s->size = sh.sh_size;
		bytes = section_bytes(img, elf, &sh, name, file, size); /* says no to a size that is not in the file */
		s->bytes = arena_get(&img->arena, sh.sh_size);
		memcpy(s->bytes, bytes, sh.sh_size);
	}
}

static int by_name(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->value > y->value) - (x->value < y->value);
}

static int by_value(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->value == y->value ? strcmp(x->name, y->name) : x->value < y->value ? -1 : 1;
}

static void add_symbol(struct image *img, const GElf_Sym *sym, const char *name)
{
	struct symbol s = { name, sym->st_value, sym->st_size, GELF_ST_TYPE(sym->st_info) == STT_OBJECT };
	int type = GELF_ST_TYPE(sym->st_info);

	if (!name || !*name || *name == '$' || type > STT_FUNC) /* $x, $d: mapping symbols */
		return;
	s.name = arena_text(&img->arena, "%s", name);
	*VEC_ADD(&img->arena, img->symbols) = s;
	if (span_holds((struct span) { img->text->base, img->text->size }, (struct span) { s.value, 0 }) && !s.object &&
		sym->st_shndx != SHN_ABS && strncmp(name, ".L", 2))
		*VEC_ADD(&img->arena, img->places) = s;
}

static void read_symbols(struct image *img, Elf *elf)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;
	GElf_Sym sym;

	while ((scn = elf_nextscn(elf, scn))) {
		Elf_Data *data;

		if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_SYMTAB || !(data = elf_getdata(scn, NULL)))
			continue;
		for (int i = 0; gelf_getsym(data, i, &sym); i++)
			add_symbol(img, &sym, elf_strptr(elf, sh.sh_link, sym.st_name));
	}
	if (!img->symbols.n)
		unreadable("%s: no symbols", img->path);
	qsort(img->symbols.v, img->symbols.n, sizeof *img->symbols.v, by_name);
	if (img->places.n)
		qsort(img->places.v, img->places.n, sizeof *img->places.v, by_value);
}

/* Two segments for one address: what is there depends on who loads them. */
static void check_overlap(struct image *img, Elf *elf, size_t count)
{
	GElf_Phdr a, b;

	for (size_t i = 0; i < count && gelf_getphdr(elf, (int)i, &a); i++)
		for (size_t n = 0; n < i && gelf_getphdr(elf, (int)n, &b); n++)
			if (a.p_type == PT_LOAD && b.p_type == PT_LOAD &&
				span_meet((struct span) { a.p_vaddr, a.p_memsz }, (struct span) { b.p_vaddr, b.p_memsz }))
				depart(img, "segments over each other", "");
	for (size_t i = 0; i < img->sections.n; i++)
		for (size_t n = 0; n < i; n++)
			if (span_meet((struct span) { img->sections.v[i].base, img->sections.v[i].size },
				(struct span) { img->sections.v[n].base, img->sections.v[n].size }))
				depart(img, "is over another section", img->sections.v[i].name);
}

static void check_headers(struct image *img, Elf *elf)
{
	size_t count = 0;
	GElf_Ehdr eh;
	GElf_Phdr ph;

	if (!gelf_getehdr(elf, &eh) || gelf_getclass(elf) != ELFCLASS64 || eh.e_machine != EM_AARCH64 ||
		eh.e_ident[EI_DATA] != ELFDATA2LSB)
		unreadable("%s: no little-endian ELF64 file for AArch64", img->path);
	if (eh.e_type != ET_EXEC || eh.e_entry != img->hyp_base)
		depart(img, "no executable that starts at hyp_base", "");
	elf_getphdrnum(elf, &count);
	if (count > 256) { /* garbage; what is behind these is not looked at */
		depart(img, "too many segments", "");
		count = 256;
	}
	check_overlap(img, elf, count);
	for (size_t i = 0; i < count && gelf_getphdr(elf, (int)i, &ph); i++) {
		u64 covered = 0;

		if (ph.p_type == PT_DYNAMIC || ph.p_type == PT_INTERP)
			depart(img, "needs a dynamic linker", "");
		if (ph.p_type != PT_LOAD)
			continue;
		if (ph.p_vaddr != ph.p_paddr || ph.p_filesz != ph.p_memsz)
			depart(img, "a segment whose bytes do not belong where they are, or that stores not all of them", "");
		for (size_t s = 0; s < img->sections.n; s++)
			if (img->sections.v[s].base >= ph.p_vaddr && img->sections.v[s].base - ph.p_vaddr < ph.p_memsz)
				covered += img->sections.v[s].size;
		if (covered != ph.p_memsz)
			depart(img, "a segment holds bytes of no section", "");
	}
}

static u64 absolute(struct image *img, const char *name)
{
	const struct symbol *s = image_symbol(img, name);

	if (!s)
		unreadable("%s: no symbol %s", img->path, name);
	return s->value;
}

static struct section *needed(struct image *img, const char *name)
{
	struct section *s = image_section(img, name);

	if (!s)
		unreadable("%s: no section %s", img->path, name);
	return s;
}

/* cloison.bin: the same sections, the bytes from there; what is between them is zero. */
static void take_bin(struct image *img, u64 base)
{
	u64 zeros = img->file_size;

	if (base != img->hyp_base || img->file_size != img->image_size)
		depart(img, "not the size or not the place of the ELF's memory", img->path);
	for (size_t i = 0; i < img->sections.n; i++) {
		struct section *s = &img->sections.v[i];

		if (s->base < base || !within(s->base - base, s->size, img->file_size))
			unreadable("%s: section %s is not in it", img->path, s->name);
		memcpy(s->bytes, img->file + (s->base - base), s->size);
	}
	for (u64 at = 0; at < img->file_size; at++)
		zeros -= !img->file[at] || image_at(img, base + at, 1);
	if (zeros)
		depart(img, "bytes between the sections", img->path);
}

void image_open(struct image *img, const char *path, const char *symbols, u64 base)
{
	u8 *file;
	size_t size;
	Elf *elf;

	memset(img, 0, sizeof *img);
	img->path = path;
	img->file = file = file_read(&img->arena, path, &img->file_size);
	size = img->file_size;
	if (symbols)
		file = file_read(&img->arena, symbols, &size);
	elf_version(EV_CURRENT);
	img->elf = elf = elf_memory((char *)file, size);
	if (!elf || elf_kind(elf) != ELF_K_ELF)
		unreadable("%s: no ELF file (for cloison.bin say --base and --symbols)", symbols ? symbols : path);
	read_sections(img, elf, file, size);
	img->text = needed(img, ".text");
	read_symbols(img, elf);
	img->hyp_base = absolute(img, "hyp_base");
	img->hyp_size = absolute(img, "hyp_size");
	img->image_end = absolute(img, "image_end");
	img->image_size = absolute(img, "hyp_image_size");
	img->text_offset = absolute(img, "text_offset_value");
	img->copier = needed(img, ".copier");
	img->rodata = needed(img, ".rodata");
	img->tables = needed(img, ".tables");
	img->roots = needed(img, ".roots");
	img->data = needed(img, ".data");
	check_headers(img, elf);
	elf_end(elf);
	img->elf = NULL;
	if (symbols)
		take_bin(img, base);
}

void image_close(struct image *img)
{
	arena_free(&img->arena);
}

const struct symbol *image_symbol(const struct image *img, const char *name)
{
	size_t low = 0, high = img->symbols.n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(img->symbols.v[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < img->symbols.n && !strcmp(img->symbols.v[low].name, name) ? &img->symbols.v[low] : NULL;
}

struct section *image_section(const struct image *img, const char *name)
{
	for (size_t i = 0; i < img->sections.n; i++)
		if (!strcmp(img->sections.v[i].name, name))
			return &img->sections.v[i];
	return NULL;
}

const u8 *image_at(const struct image *img, u64 address, u64 size)
{
	for (size_t i = 0; i < img->sections.n; i++) {
		const struct section *s = &img->sections.v[i];

		if (address >= s->base && within(address - s->base, size, s->size))
			return s->bytes + (address - s->base);
	}
	return NULL;
}
