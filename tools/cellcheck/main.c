/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 *     cellcheck --partition P.dtb [--board B.dtb] [--text FILE] [--json FILE] IMAGE
 *
 * IMAGE is cloison.elf; or cloison.bin with --base ADDRESS, and --symbols cloison.elf if it is at hand.
 * Exit 0: certificate; 1: counter-examples; 2: unreadable input.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cellcheck.h"

static const char usage[] =
	"usage: cellcheck --partition P.dtb [--board B.dtb] [--text FILE] [--json FILE] [--quiet]\n"
	"                 IMAGE.elf | --base ADDRESS [--symbols IMAGE.elf] IMAGE.bin\n";

struct options {
	const char *partition, *board, *text, *json, *symbols, *image;
	u64 base;
	bool based, quiet;
};

static struct options parse(int argc, char **argv)
{
	static const struct option known[] = {
		{ "partition", 1, NULL, 'p' }, { "board", 1, NULL, 'b' }, { "text", 1, NULL, 't' }, { "json", 1, NULL, 'j' },
		{ "symbols", 1, NULL, 's' }, { "base", 1, NULL, 'a' }, { "quiet", 0, NULL, 'q' }, { "help", 0, NULL, 'h' }, { 0 },
	};
	struct options o = { 0 };
	char *end;
	int opt;

	while ((opt = getopt_long(argc, argv, "hq", known, NULL)) != -1)
		switch (opt) {
		case 'p': o.partition = optarg; break;
		case 'b': o.board = optarg; break;
		case 't': o.text = optarg; break;
		case 'j': o.json = optarg; break;
		case 's': o.symbols = optarg; break;
		case 'q': o.quiet = true; break;
		case 'a':
			o.base = strtoull(optarg, &end, 0);
			o.based = true;
			if (*end || end == optarg)
				unreadable("--base %s: no address", optarg);
			break;
		case 'h': fputs(usage, stdout); exit(0);
		default: fputs(usage, stderr); exit(2);
		}
	o.image = optind + 1 == argc ? argv[optind] : NULL;
	if (!o.image || !o.partition || (o.symbols && !o.based)) {
		fputs(usage, stderr);
		exit(2);
	}
	return o;
}

/* Written aside and renamed: a certificate is whole or not there. */
static void write_file(struct arena *a, const char *path, void (*write)(FILE *, struct check *), struct check *c)
{
	char *aside = arena_text(a, "%s.tmp", path);
	FILE *out = fopen(aside, "w");

	if (!out)
		unreadable("%s: %s", aside, strerror(errno));
	write(out, c);
	if (fclose(out) || rename(aside, path))
		unreadable("%s: %s", path, strerror(errno));
}

static void tell(const struct check *c)
{
	for (size_t i = 0; i < c->findings.n; i++)
		fprintf(stderr, "cellcheck: [%s] %s\n", c->findings.v[i].id, c->findings.v[i].text);
	if (c->hidden)
		fprintf(stderr, "cellcheck: and %zu more\n", c->hidden);
	if (c->findings.n)
		fprintf(stderr, "cellcheck: %s: %zu counter-example(s)\n", c->img->path, c->findings.n + c->hidden);
}

/* One line: what has been looked at. */
static void tell_hashes(struct check *c)
{
	hashes(c);
	printf("cellcheck: %s; configuration %s, image %s, tables %s\n", c->findings.n ? "DOES NOT HOLD" : "holds",
		c->hash ? c->hash : "?", c->image_hash, c->tables_hash);
}

int main(int argc, char **argv)
{
	struct options o = parse(argc, argv);
	struct arena arena = { 0 };
	struct tree tree, board;
	struct image img;
	struct hw hw;
	struct ask ask;
	struct check c = { .img = &img, .hw = &hw, .ask = &ask };
	size_t size;
	bool holds;

	tree_open(&arena, &tree, o.partition, &c.partition_size);
	c.partition = tree.fdt;
	board_read(&arena, &hw, &tree);
	ask_read(&arena, &ask, &hw);
	if (o.board) {
		tree_open(&arena, &board, o.board, &size);
		board_compare(&arena, &hw, &board);
	}
	image_open(&img, o.image, o.symbols, o.base, o.based);
	check_run(&c);
	holds = !c.findings.n;
	tell(&c);
	if (o.text)
		write_file(&arena, o.text, cert_write, &c);
	if (o.text && !o.quiet)
		tell_hashes(&c);
	else if (!o.text && !o.quiet)
		cert_write(stdout, &c);
	if (o.json)
		write_file(&arena, o.json, json_write, &c);
	check_free(&c);
	image_close(&img);
	arena_free(&arena);
	return holds ? 0 : 1;
}
