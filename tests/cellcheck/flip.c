/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Every single-bit flip in what a certificate is about must be reported: cellcheck's own files,
 * with this instead of main.c, so that one process does thousands.
 *
 *     flip PARTITION.dtb IMAGE.elf SEED COUNT      COUNT flips at random
 *     flip PARTITION.dtb IMAGE.elf all REGION      every bit of REGION
 *
 * Prints one line for each flip that was not reported; exit 1 if there was one.
 */
#include <stdlib.h>
#include <string.h>

#include "cellcheck.h"

struct region {
	const char *name;
	u8 *bytes;
	u64 size, address;
};
static struct region regions[1024];
static size_t region_count;

static struct hw hw;
static struct ask ask;
static struct image img;
static const void *partition;
static size_t partition_size;

static void add(const char *name, const struct section *s, u64 address, u64 size)
{
	if (region_count < sizeof regions / sizeof regions[0] && size)
		regions[region_count++] = (struct region) { name, s->bytes + (address - s->base), size, address };
}

static size_t run(char *first, size_t room)
{
	struct check c = { .img = &img, .hw = &hw, .ask = &ask, .partition = partition, .partition_size = partition_size };
	size_t found;

	check_run(&c);
	found = c.findings.n;
	snprintf(first, room, "%s", found ? c.findings.v[0].text : "");
	check_free(&c);
	return found;
}

/* What docs/cellcheck.md promises: tables, roots, registers, load lists, objects, kernels and initrds. */
static void find_regions(void)
{
	static const char *const objects[] = { "machine_regs", "machine_cpus", "machine_cells", "machine_cell_cpus", "machine_cell_ram",
		"machine_vdevs", "machine_lines", "machine_owners", "machine_ram", "machine_board", "machine_service_cpu",
		"machine_console_base", "machine_console_clock", "machine_board_name", "machine_hash" };
	struct check c = { .img = &img, .hw = &hw, .ask = &ask, .partition = partition, .partition_size = partition_size };
	size_t image = 0;

	add(".tables", img.tables, img.tables->base, img.tables->size);
	add(".roots", img.roots, img.roots->base, img.roots->size);
	for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++) {
		const struct symbol *s = image_symbol(&img, objects[i]);

		if (!s)
			unreadable("no %s", objects[i]);
		add(objects[i], img.rodata, s->value, s->size);
	}
	check_run(&c);
	for (size_t i = 0; i < ask.cells.n; i++) {
		struct piece piece[3];
		size_t count = list_pieces(&c, i, piece);
		const struct symbol *vgic = image_symbol(&img, arena_text(&img.arena, "vgic_%zu", i));

		add("load list", img.tables, c.cells[i].list, PAGE);
		if (!ask.cells.v[i].direct && vgic)
			add(vgic->name, img.rodata, vgic->value, vgic->size);
		for (size_t k = 0; k + 1 < count; k++, image++)
			add("kernel or initrd", piece[k].image, piece[k].image->base, piece[k].image->size);
	}
	check_free(&c);
}

static int flip(const struct region *r, u64 bit)
{
	char text[256];
	size_t found;

	r->bytes[bit / 8] ^= (u8)(1u << bit % 8);
	found = run(text, sizeof text);
	r->bytes[bit / 8] ^= (u8)(1u << bit % 8);
	if (!found)
		printf("not reported: %s + 0x%llx (0x%llx), bit %llu\n", r->name, bit / 8, r->address + bit / 8, bit % 8);
	else if (getenv("FLIP_SHOW"))
		printf("%s + 0x%llx bit %llu: %s\n", r->name, bit / 8, bit % 8, text);
	return !found;
}

static u64 random_next(u64 *state)
{
	*state ^= *state << 13; /* xorshift64 */
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

int main(int argc, char **argv)
{
	struct arena arena = { 0 };
	struct tree tree;
	char text[256];
	int missed = 0;

	if (argc != 5)
		unreadable("usage: flip PARTITION.dtb IMAGE.elf SEED COUNT | flip PARTITION.dtb IMAGE.elf all REGION");
	tree_open(&arena, &tree, argv[1], &partition_size);
	partition = tree.fdt;
	board_read(&arena, &hw, &tree);
	ask_read(&arena, &ask, &hw);
	image_open(&img, argv[2], NULL, 0);
	if (run(text, sizeof text))
		unreadable("not a good image: %s", text);
	find_regions();
	if (!strcmp(argv[3], "all")) {
		for (size_t i = 0; i < region_count; i++)
			for (u64 bit = 0; !strcmp(regions[i].name, argv[4]) && bit < 8 * regions[i].size; bit++)
				missed += flip(&regions[i], bit);
	} else {
		u64 state = (strtoull(argv[3], NULL, 0) + 1) * 0x9e3779b97f4a7c15ull | 1;

		for (u64 n = strtoull(argv[4], NULL, 0); n; n--) {
			const struct region *r = &regions[random_next(&state) % region_count];

			missed += flip(r, random_next(&state) % (8 * r->size));
		}
	}
	image_close(&img);
	arena_free(&arena);
	return missed != 0;
}
