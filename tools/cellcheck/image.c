/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The finished image: sections, program headers and symbols of cloison.elf, or the bytes of
 * cloison.bin with the symbols of its ELF. docs/image-format.md, "The file".
 *
 * What a loader takes is the program headers; section headers that say otherwise are a departure.
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

void depart(struct image *img, const char *what, const char *name)
{
	if (!img->malformed)
		img->malformed = arena_text(&img->arena, "%s%s%s", name, *name ? ": " : "", what);
}

static bool within(u64 at, u64 size, u64 end)
{
	return at <= end && size <= end - at;
}

/* ---- sections */

static bool known(const char *name, u64 flags)
{
	static const struct { const char *name; u64 flags; } all[] = {
		{ ".text", SHF_ALLOC | SHF_EXECINSTR }, { ".copier", SHF_ALLOC | SHF_EXECINSTR }, { ".rodata", SHF_ALLOC },
		{ ".tables", SHF_ALLOC }, { ".roots", SHF_ALLOC | SHF_WRITE },
		{ ".streams", SHF_ALLOC | SHF_WRITE }, { ".data", SHF_ALLOC | SHF_WRITE },
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (!strcmp(name, all[i].name))
			return flags == all[i].flags;
	return !strncmp(name, ".image.", 7) && flags == SHF_ALLOC;
}

static int by_base(const void *a, const void *b)
{
	const struct section *x = a, *y = b;

	return (x->base > y->base) - (x->base < y->base);
}

static int by_section_name(const void *a, const void *b)
{
	const struct section *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static void check_sections(struct image *img)
{
	const struct section **named = arena_get(&img->arena, (img->sections.n + 1) * sizeof *named);

	for (size_t i = 0; i < img->sections.n; i++) {
		const struct section *s = &img->sections.v[i];

		named[i] = s;
		if (i && s[-1].base + s[-1].size > s->base)
			depart(img, "is over another section", s->name);
	}
	if (img->sections.n)
		qsort(named, img->sections.n, sizeof *named, by_section_name);
	for (size_t i = 1; i < img->sections.n; i++)
		if (!strcmp(named[i - 1]->name, named[i]->name))
			unreadable("%s: section %s is there twice", img->path, named[i]->name);
}

static void read_sections(struct image *img, Elf *elf, u8 *file, size_t size)
{
	Elf_Scn *scn = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		unreadable("%s: no section names", img->path);
	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr sh;
		const char *name = gelf_getshdr(scn, &sh) ? elf_strptr(elf, names, sh.sh_name) : NULL;
		u64 flags = name ? sh.sh_flags & ~(u64)(SHF_MERGE | SHF_STRINGS) : 0;

		if (!name || !(flags & SHF_ALLOC))
			continue;
		if (!known(name, flags) || sh.sh_type != SHT_PROGBITS)
			depart(img, "a section in memory that the format does not have", name);
		if (!sh.sh_size || sh.sh_addr + sh.sh_size < sh.sh_addr)
			unreadable("%s: section %s is empty or wraps", img->path, name);
		if (!within(sh.sh_offset, sh.sh_size, size))
			unreadable("%s: section %s is not in the file", img->path, name);
		*VEC_ADD(&img->arena, img->sections) = (struct section) { arena_text(&img->arena, "%s", name), sh.sh_addr, sh.sh_size,
			flags, sh.sh_offset, file + sh.sh_offset };
	}
	if (img->sections.n)
		qsort(img->sections.v, img->sections.n, sizeof *img->sections.v, by_base);
	check_sections(img);
}

static struct section *needed(struct image *img, const char *name)
{
	struct section *s = image_section(img, name);

	if (!s)
		unreadable("%s: no section %s", img->path, name);
	return s;
}

void image_name(struct image *img)
{
	img->text = needed(img, ".text");
	img->rodata = needed(img, ".rodata");
	img->copier = needed(img, ".copier");
	img->roots = needed(img, ".roots");
	img->streams = image_section(img, ".streams");
	img->data = needed(img, ".data");
	img->tables = needed(img, ".tables");
	for (size_t i = 0; i < img->sections.n; i++)
		if (!strncmp(img->sections.v[i].name, ".image.", 7))
			*VEC_ADD(&img->arena, img->images) = NULL;
	for (size_t i = 0; i < img->sections.n; i++) {
		const char *digits = img->sections.v[i].name + 7;
		unsigned long n;

		if (strncmp(img->sections.v[i].name, ".image.", 7))
			continue;
		n = strtoul(digits, NULL, 10);
		if (n >= img->images.n || strcmp(digits, arena_text(&img->arena, "%lu", n)))
			depart(img, "is not the name of one of the images 0, 1, ...", img->sections.v[i].name);
		else
			img->images.v[n] = &img->sections.v[i];
	}
}

/* ---- symbols */

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

void image_sort_symbols(struct image *img)
{
	if (img->symbols.n)
		qsort(img->symbols.v, img->symbols.n, sizeof *img->symbols.v, by_name);
	if (img->places.n)
		qsort(img->places.v, img->places.n, sizeof *img->places.v, by_value);
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

static u64 absolute(struct image *img, const char *name)
{
	const struct symbol *s = image_symbol(img, name);

	if (!s)
		unreadable("%s: no symbol %s", img->path, name);
	return s->value;
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
	image_sort_symbols(img);
	img->hyp_memory = absolute(img, "hyp_memory");
	img->hyp_size = absolute(img, "hyp_size");
	img->hyp_base = absolute(img, "hyp_base");
	img->image_end = absolute(img, "image_end");
	img->image_size = absolute(img, "hyp_image_size");
	img->text_offset = absolute(img, "text_offset_value");
	img->boot_frames = absolute(img, "boot_frames");
	img->boot_frames_end = absolute(img, "boot_frames_end");
}

/* ---- program headers */

static void check_segment(struct image *img, const GElf_Phdr *ph, const struct section *s)
{
	u32 flags = PF_R | (s->flags & SHF_WRITE ? PF_W : 0) | (s->flags & SHF_EXECINSTR ? PF_X : 0);
	u64 end = ph->p_vaddr + ph->p_memsz;

	if (ph->p_filesz != ph->p_memsz)
		depart(img, "a program header that stores not all of its bytes", s->name);
	if (ph->p_align != 1 || ph->p_flags != flags)
		depart(img, "a program header whose alignment or flags are not the section's", s->name);
	if (ph->p_vaddr % PAGE || ph->p_paddr % PAGE || (end % PAGE && end != s->base + s->size))
		depart(img, "a program header that begins or ends inside a page", s->name);
	if (s->offset + (ph->p_vaddr - s->base) != ph->p_offset)
		depart(img, "a program header that shows other bytes than the section", s->name);
}

static void read_segments(struct image *img, Elf *elf)
{
	u64 *covered = arena_get(&img->arena, (img->sections.n + 1) * sizeof *covered), last = 0;
	size_t count = 0;
	GElf_Phdr ph;

	elf_getphdrnum(elf, &count);
	for (size_t i = 0; i < count && gelf_getphdr(elf, (int)i, &ph); i++) {
		const struct section *s = section_at(img, ph.p_vaddr);

		if (ph.p_type == PT_DYNAMIC || ph.p_type == PT_INTERP)
			depart(img, "needs a dynamic linker", "");
		if (ph.p_type != PT_LOAD)
			continue;
		if (!s || !ph.p_memsz || !within(ph.p_vaddr - s->base, ph.p_memsz, s->size)) {
			depart(img, "a program header with bytes of no section, or of two", "");
			continue;
		}
		if (ph.p_vaddr < last)
			depart(img, "program headers that are not in the order of their addresses", s->name);
		last = ph.p_vaddr + ph.p_memsz;
		check_segment(img, &ph, s);
		covered[s - img->sections.v] += ph.p_memsz;
		*VEC_ADD(&img->arena, img->extents) = (struct extent) { ph.p_vaddr, ph.p_paddr, ph.p_memsz, s,
			s->bytes + (ph.p_vaddr - s->base) };
	}
	for (size_t i = 0; i < img->sections.n; i++)
		if (covered[i] != img->sections.v[i].size)
			depart(img, "its bytes are not each in one program header", img->sections.v[i].name);
	extents_sort(img);
}

static void check_headers(struct image *img, Elf *elf)
{
	GElf_Ehdr eh;

	if (!gelf_getehdr(elf, &eh) || gelf_getclass(elf) != ELFCLASS64 || eh.e_machine != EM_AARCH64 ||
		eh.e_ident[EI_DATA] != ELFDATA2LSB)
		unreadable("%s: no little-endian ELF64 file for AArch64", img->path);
	if (eh.e_type != ET_EXEC || eh.e_entry != img->hyp_base)
		depart(img, "no executable that starts at hyp_base", "");
}

void image_parse(struct image *img, u8 *file, size_t size)
{
	Elf *elf;

	elf_version(EV_CURRENT);
	img->elf = elf = elf_memory((char *)file, size);
	if (!elf || elf_kind(elf) != ELF_K_ELF)
		unreadable("%s: no ELF file (for cloison.bin say --base)", img->path);
	read_sections(img, elf, file, size);
	image_name(img);
	read_symbols(img, elf);
	read_segments(img, elf);
	check_headers(img, elf);
	elf_end(elf);
	img->elf = NULL;
}

void image_open(struct image *img, const char *path, const char *symbols, u64 base, bool bin)
{
	u8 *elf;
	size_t size;

	memset(img, 0, sizeof *img);
	img->path = path;
	img->file = elf = file_read(&img->arena, path, &img->file_size);
	size = img->file_size;
	if (bin && !symbols) {
		bare_open(img, base);
		return;
	}
	if (symbols)
		elf = file_read(&img->arena, symbols, &size);
	image_parse(img, elf, size);
	if (symbols)
		extents_take(img, base);
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

const struct section *section_at(const struct image *img, u64 link)
{
	size_t low = 0, high = img->sections.n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (img->sections.v[middle].base <= link)
			low = middle + 1;
		else
			high = middle;
	}
	return low && link - img->sections.v[low - 1].base < img->sections.v[low - 1].size ? &img->sections.v[low - 1] : NULL;
}

const u8 *image_at(const struct image *img, u64 link, u64 size)
{
	const struct section *s = section_at(img, link);

	return s && within(link - s->base, size, s->size) ? s->bytes + (link - s->base) : NULL;
}
