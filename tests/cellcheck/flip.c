/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Every single-bit flip in what a certificate is about must be reported: cellcheck's own files,
 * with this instead of main.c, so that one process does thousands.
 *
 *     flip PARTITION.dtb IMAGE.elf SEED COUNT            COUNT flips at random, each region as often as any other
 *     flip PARTITION.dtb IMAGE.elf all REGION [K N]      every bit of REGION, or of everything; of N equal parts the Kth, from 0
 *
 *     cc -O2 -Itools/cellcheck -o flip $(ls tools/cellcheck/[!m]*.c) tests/cellcheck/flip.c -lfdt -lelf -lnettle
 *
 * Prints one line for each flip that was not reported, and how many were made; exit 1 if one was not.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cellcheck.h"

struct region {
	const char *name;
	u8 *bytes;
	u64 size, address;
	bool file; /* what the image is read by: read it again */
};
static struct region regions[4096];
static size_t region_count;

static struct hw hw;
static struct ask ask;
static struct image img;
static const void *partition;
static size_t partition_size;

static void add(const char *name, u8 *bytes, u64 address, u64 size, bool file)
{
	if (region_count < sizeof regions / sizeof regions[0] && size)
		regions[region_count++] = (struct region) { name, bytes, size, address, file };
}

static void add_link(const char *name, u64 address, u64 size)
{
	const u8 *bytes = image_at(&img, address, size);

	if (!bytes)
		unreadable("%s is not in the image", name);
	add(name, img.file + (bytes - img.file), address, size, false); /* sections are shown in the file's own bytes */
}

static size_t run(const struct image *image, char *first, size_t room)
{
	struct check c = { .img = image, .hw = &hw, .ask = &ask, .partition = partition, .partition_size = partition_size };
	size_t found;

	check_run(&c);
	found = c.findings.n;
	snprintf(first, room, "%s", found ? c.findings.v[0].text : "");
	check_free(&c);
	return found;
}

static void add_objects(void)
{
	static const char *const objects[] = { "machine_regs", "machine_cpus", "machine_cells", "machine_cell_cpus", "machine_cell_ram",
		"machine_vdevs", "machine_lines", "machine_owners", "machine_ram", "machine_board", "machine_service_cpu",
		"machine_console_base", "machine_console_clock", "machine_board_name", "machine_hash", "machine_index",
		"machine_lives", "machine_controls", "machine_core",
		"machine_iommus", "machine_streams", "machine_functions", "machine_bars", "machine_spaces", "machine_buses",
		"machine_its", "machine_its_devices", "machine_its_commands" };

	for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++) {
		const struct symbol *s = image_symbol(&img, objects[i]);

		if (s)
			add_link(objects[i], s->value, s->size);
		else if (i < 19)
			unreadable("no %s", objects[i]);
	}
	add_link("Image header", img.hyp_base + 4, 72); /* behind the branch */
	add_link("boot_frames", img.boot_frames, img.boot_frames_end - img.boot_frames);
	add("program headers", img.file + get64(img.file + 32), 0, 56 * get(img.file + 56, 2), true);
}

/* What docs/cellcheck.md promises: tables, roots, registers, load lists, objects, headers, kernels and initrds. */
static void find_regions(void)
{
	struct check c = { .img = &img, .hw = &hw, .ask = &ask, .partition = partition, .partition_size = partition_size };

	add_link(".tables", img.tables->base, img.tables->size);
	add_link(".roots", img.roots->base, img.roots->size);
	if (img.streams)
		add_link(".streams", img.streams->base, img.streams->size);
	add_objects();
	check_run(&c);
	for (size_t i = 0; i < ask.cells.n; i++) {
		struct piece piece[3];
		size_t count = list_pieces(&c, i, piece);
		const struct symbol *vgic = image_symbol(&img, arena_text(&img.arena, "vgic_%zu", i));
		const struct extent *list = extent_phys(&img, c.cells[i].list);

		add_link("load list", list->link + (c.cells[i].list - list->phys), PAGE);
		if (!ask.cells.v[i].direct && vgic)
			add_link("vgic", vgic->value, vgic->size);
		for (size_t k = 0; k + 1 < count; k++)
			add_link("kernel or initrd", piece[k].image->base, piece[k].image->size);
	}
	check_free(&c);
}

/* In a child: what cannot be read ends it. */
static bool reported_again(void)
{
	int status;
	pid_t child = fork();

	if (!child) {
		struct image again = { .path = img.path, .file = img.file, .file_size = img.file_size };
		char text[256];

		if (!freopen("/dev/null", "w", stderr))
			_exit(3);
		image_parse(&again, img.file, img.file_size);
		_exit(run(&again, text, sizeof text) ? 1 : 0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) > 2)
		unreadable("a flip ended the program");
	return WEXITSTATUS(status) != 0;
}

static int flip(const struct region *r, u64 bit)
{
	char text[256] = "";
	bool found;

	r->bytes[bit / 8] ^= (u8)(1u << bit % 8);
	found = r->file ? reported_again() : run(&img, text, sizeof text) != 0;
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

static int flip_all(const char *name, u64 part, u64 parts)
{
	u64 done = 0;
	int missed = 0;

	for (size_t i = 0; i < region_count; i++)
		for (u64 bit = part; (!strcmp(regions[i].name, name) || !strcmp(name, "everything")) && bit < 8 * regions[i].size; bit += parts) {
			missed += flip(&regions[i], bit);
			done++;
		}
	fprintf(stderr, "flip: %llu bits, %d not reported\n", done, missed);
	return missed;
}

static int flip_some(u64 seed, u64 count)
{
	u64 state = (seed + 1) * 0x9e3779b97f4a7c15ull | 1;
	int missed = 0;

	while (count--) {
		const struct region *r = &regions[random_next(&state) % region_count];

		missed += flip(r, random_next(&state) % (8 * r->size));
	}
	return missed;
}

int main(int argc, char **argv)
{
	struct arena arena = { 0 };
	struct tree tree;
	char text[256];
	int missed;

	mallopt(M_MMAP_THRESHOLD, 256 * KIB); /* large and nearly empty: zeros from the kernel, not by memset */
	if (argc != 5 && argc != 7)
		unreadable("usage: flip PARTITION.dtb IMAGE.elf SEED COUNT | flip PARTITION.dtb IMAGE.elf all REGION [K N]");
	tree_open(&arena, &tree, argv[1], &partition_size);
	partition = tree.fdt;
	board_read(&arena, &hw, &tree);
	ask_read(&arena, &ask, &hw);
	image_open(&img, argv[2], NULL, 0, false);
	if (run(&img, text, sizeof text))
		unreadable("not a good image: %s", text);
	find_regions();
	if (!strcmp(argv[3], "all"))
		missed = flip_all(argv[4], argc == 7 ? strtoull(argv[5], NULL, 0) : 0, argc == 7 ? strtoull(argv[6], NULL, 0) : 1);
	else
		missed = flip_some(strtoull(argv[3], NULL, 0), strtoull(argv[4], NULL, 0));
	image_close(&img);
	arena_free(&arena);
	return missed != 0;
}
