/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The symbol table of an ELF, sorted: symbols.h. */
#include "symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"

#define FAR 0x100000u /* further behind a symbol without a size nothing is of it */

struct symbol {
	uint64_t address, size;
	char *name;
};

struct symbols {
	struct symbol *list;
	size_t count, room;
};

static int compare(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

static bool add(struct symbols *symbols, const GElf_Sym *sym, const char *name)
{
	unsigned type = GELF_ST_TYPE(sym->st_info);

	if (!name || !*name || *name == '$' || sym->st_shndx == SHN_UNDEF || (type != STT_FUNC && type != STT_NOTYPE && type != STT_OBJECT))
		return true;
	if (symbols->count == symbols->room) {
		size_t room = symbols->room ? 2 * symbols->room : 1024;
		struct symbol *list = realloc(symbols->list, room * sizeof *list);

		if (!list)
			return false;
		symbols->list = list;
		symbols->room = room;
	}
	char *copy = strdup(name);

	if (copy)
		symbols->list[symbols->count++] = (struct symbol){ sym->st_value, sym->st_size, copy };
	return copy;
}

static bool read_table(struct symbols *symbols, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = data && header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
	GElf_Sym sym;

	for (size_t i = 0; i < count; i++)
		if (gelf_getsym(data, (int)i, &sym) && !add(symbols, &sym, elf_strptr(elf, header->sh_link, sym.st_name)))
			return false;
	return true;
}

static int read_elf(const char *path, int fd, struct symbols *symbols)
{
	Elf *elf = elf_version(EV_CURRENT) == EV_NONE ? NULL : elf_begin(fd, ELF_C_READ, NULL);
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	bool memory = true;

	if (!elf || elf_kind(elf) != ELF_K_ELF) {
		elf_end(elf);
		return complain(CELLCTL_USAGE, _("%s: is no ELF file"), path);
	}
	while (memory && (section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) && (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM))
			memory = read_table(symbols, elf, section, &header);
	elf_end(elf);
	if (!memory)
		return complain(CELLCTL_FAILED, _("out of memory"));
	if (!symbols->count)
		complain(0, _("%s: has no symbols"), path);
	return 0;
}

int symbols_open(const char *path, struct symbols **to)
{
	struct symbols *symbols;
	int error, fd;

	*to = NULL;
	if (!path)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return complain(CELLCTL_USAGE, "%s: %s", path, strerror(errno));
	symbols = calloc(1, sizeof *symbols);
	error = symbols ? read_elf(path, fd, symbols) : complain(CELLCTL_FAILED, _("out of memory"));
	close(fd);
	if (error) {
		symbols_close(symbols);
		return error;
	}
	if (symbols->count)
		qsort(symbols->list, symbols->count, sizeof *symbols->list, compare);
	*to = symbols;
	return 0;
}

void symbols_close(struct symbols *symbols)
{
	for (size_t i = 0; symbols && i < symbols->count; i++)
		free(symbols->list[i].name);
	if (symbols)
		free(symbols->list);
	free(symbols);
}

const char *symbols_name(const struct symbols *symbols, uint64_t address, char *to, size_t size)
{
	size_t low = 0, high = symbols ? symbols->count : 0;

	*to = 0;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (symbols->list[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return to;
	const struct symbol *s = &symbols->list[low - 1];
	uint64_t offset = address - s->address;
	char name[128];

	if (offset >= (s->size ? s->size : FAR) && offset)
		return to;
	printable(s->name, strlen(s->name), name, sizeof name);
	if (offset)
		snprintf(to, size, "%s+%#llx", name, (unsigned long long)offset);
	else
		snprintf(to, size, "%s", name);
	return to;
}
