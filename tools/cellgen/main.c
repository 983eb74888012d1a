/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * cellgen --dts NAME --dtb FILE --lines FILE --pp FILE -o DIR [-I DIR]... [--overlay NAME]... [--without FEATURE]...
 *         [--format human|json|sarif]
 * cellgen --check-partition NAME --pp FILE [--format ...]   before dtc: it is no overlay
 * cellgen --check-overlay NAME --pp FILE [--format ...]     it is one: its text, as it can follow the partition's, to stdout
 * cellgen --errors FILE --dts NAME --format json|sarif      what cpp or dtc has said, as a document
 * cellgen --list-findings
 *
 * Called by cellgen-dts, which makes the three files from the partition's source. DIR must exist; it is written only
 * when there is nothing to complain about.
 */
#include <stdio.h>
#include <string.h>

#include "parts.h"

struct options {
	const char *dts, *dtb, *lines, *pp, *dir, *format, *overlay, *partition, *errors;
	const char **image_dirs;
	u32 image_dir_count;
	const char **overlays;
	u32 overlay_count;
	const char **without;
	u32 without_count;
};

static const char **option(struct options *o, const char *name)
{
	if (strcmp(name, "-I") == 0) {
		return mem_push(&o->image_dirs, &o->image_dir_count, sizeof(char *));
	}
	if (strcmp(name, "--overlay") == 0) {
		return mem_push(&o->overlays, &o->overlay_count, sizeof(char *));
	}
	if (strcmp(name, "--without") == 0) {
		return mem_push(&o->without, &o->without_count, sizeof(char *));
	}
	return strcmp(name, "--dts") == 0   ? &o->dts :
	       strcmp(name, "--dtb") == 0   ? &o->dtb :
	       strcmp(name, "--lines") == 0 ? &o->lines :
	       strcmp(name, "--pp") == 0    ? &o->pp :
	       strcmp(name, "-o") == 0      ? &o->dir :
	       strcmp(name, "--format") == 0 ? &o->format :
	       strcmp(name, "--check-overlay") == 0 ? &o->overlay :
	       strcmp(name, "--check-partition") == 0 ? &o->partition :
	       strcmp(name, "--errors") == 0 ? &o->errors :
					       NULL;
}

static void parse(struct options *o, int argc, char **argv)
{
	o->format = "human";
	for (int i = 1; i < argc; i++) {
		const char **value = option(o, argv[i]);

		if (strncmp(argv[i], "--format=", 9) == 0) {
			o->format = argv[i] + 9;
		} else if (!value || i + 1 == argc) {
			fatal("what is %s? tools/cellgen/main.c begins with all options", argv[i]);
		} else {
			*value = argv[++i];
		}
	}
	if (!diag_format_known(o->format)) {
		fatal("there is no format %s; it can be human, json or sarif", o->format);
	}
	for (u32 i = 0; i < o->without_count; i++) {
		if (strcmp(o->without[i], "mediated") != 0 && strcmp(o->without[i], "lifecycle") != 0 &&
		    strcmp(o->without[i], "iommu") != 0 && strcmp(o->without[i], "pci") != 0 && strcmp(o->without[i], "its") != 0 &&
		    strcmp(o->without[i], "gdb") != 0) {
			fatal("what is left out can be \"mediated\", \"lifecycle\", \"iommu\", \"pci\", \"its\" or \"gdb\", not %s", o->without[i]);
		}
	}
	if (o->errors ? !o->dts : o->overlay || o->partition ? !o->pp : !o->dts || !o->dtb || !o->lines || !o->pp || !o->dir) {
		fatal("--dts, --dtb, --lines, --pp and -o are needed");
	}
}

static u8 *must_read(const char *path, u64 *size)
{
	u8 *data = file_read(path, size);

	if (!data) {
		fatal("cannot read %s", path);
	}
	return data;
}

static const char *partition_name(const char *dts)
{
	const char *base = path_base(dts), *dot = strrchr(base, '.');

	return dot ? mem_text(base, (u64)(dot - base)) : base;
}

static void read_input(struct decision *d, const struct options *o)
{
	struct tree *tree;
	u64 size;
	u8 *text;

	d->name = partition_name(o->dts);
	d->dts = o->dts;
	d->image_dirs = o->image_dirs;
	d->image_dir_count = o->image_dir_count;
	d->overlays = o->overlays;
	d->overlay_count = o->overlay_count;
	d->without = o->without;
	d->without_count = o->without_count;
	d->dtb = must_read(o->dtb, &d->dtb_size);
	tree = tree_load(d->dtb, d->dtb_size);
	text = must_read(o->lines, &size);
	tree_locate(tree, (const char *)text, size);
	text = must_read(o->pp, &size);
	tree_openings(tree, (const char *)text, size);
	tree_written(tree, (const char *)text, size);
	d->tree = tree;
}

static void decide(struct decision *d, struct diag *diag)
{
	dt_board(d, diag);
	dt_cells(d, diag);
	if (d->hyp.node) {
		images_load(d, diag);
		hash_configuration(d);
		place(d, diag);
		check_decision(d, diag);
	}
}

static void make_tables(struct decision *d, struct tables *tables, u8 **roots, struct diag *diag)
{
	arch_tables(d, tables, roots);
	if (d->hyp.needed > d->hyp.memory.size) {
		diag_error(diag, "hypervisor-too-small", d->hyp.memory_at, "the hypervisor needs 0x%llx bytes for this partition, "
			   "but its memory has 0x%llx; make it larger%s", (unsigned long long)d->hyp.needed,
			   (unsigned long long)d->hyp.memory.size,
			   any_colors(d) ? ", or give more colours: pages of few colours are far apart" : "");
	}
}

static void emit(const struct decision *d, const struct tables *tables, const u8 *roots, const char *dir)
{
	emit_machine(d, dir);
	emit_layout(d, tables, roots, dir);
	emit_report(d, dir);
	emit_json(d, dir);
}

static bool report(struct diag *diag, const char *format)
{
	bool failed = diag_count(diag) != 0;

	diag_print(diag, format);
	return failed;
}

/* Nothing is printed but the findings, or the text. */
static bool check_source(const struct options *o, struct diag *diag)
{
	u64 size;
	const char *text = (const char *)must_read(o->pp, &size);

	if (o->partition) {
		overlay_refuse(text, size, diag);
		size = 0;
	} else {
		text = overlay_text(text, size, o->overlay, diag);
	}
	if (diag_count(diag)) {
		return report(diag, o->format);
	}
	if (fwrite(text, 1, size, stdout) != size || fflush(stdout) != 0) {
		fatal("cannot write the overlay's text");
	}
	return false;
}

static bool list_errors(const struct options *o, struct diag *diag)
{
	u64 size;
	const char *text = (const char *)must_read(o->errors, &size);

	errors_read(text, size, o->dts, diag);
	return report(diag, o->format);
}

static bool generate(const struct options *o, struct diag *diag)
{
	struct decision decision = {0};
	struct tables tables;
	u8 *roots;

	read_input(&decision, o);
	decide(&decision, diag);
	if (diag_count(diag) == 0) {
		make_tables(&decision, &tables, &roots, diag);
	}
	if (report(diag, o->format)) {
		return true;
	}
	emit(&decision, &tables, roots, o->dir);
	return false;
}

int main(int argc, char **argv)
{
	struct options options = {0};
	struct diag *diag = diag_new();
	bool failed;

	if (argc == 2 && strcmp(argv[1], "--list-findings") == 0) {
		findings_list();
		return 0;
	}
	parse(&options, argc, argv);
	failed = options.errors ? list_errors(&options, diag) :
		 options.overlay || options.partition ? check_source(&options, diag) :
							generate(&options, diag);
	mem_free_all();
	return failed;
}
