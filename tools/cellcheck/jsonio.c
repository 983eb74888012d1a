/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The same facts as certio.c, for programs. */
#include "cellcheck.h"

static void write_reach(FILE *out, struct check *c, const struct regime *r)
{
	summary found = { 0 };

	summary_of(c, r, &found);
	for (size_t i = 0; i < found.n; i++) {
		const struct leaf *l = &found.v[i].leaf;

		fprintf(out, "%s\n      { \"address\": \"0x%llx\", \"physical\": \"0x%llx\", \"size\": \"0x%llx\", \"scattered\": %s, ", i ? "," : "",
			l->in, l->out, l->size, found.v[i].scattered ? "true" : "false");
		fprintf(out, "\"rights\": \"%s\", ", rights_text(attr_rights(l->attr, STAGE_DMA)));
		json_member(out, "what", owner_of(c, l->out, -1));
		fputs(" }", out);
	}
}

static void write_trees(FILE *out, struct check *c)
{
	fputs("  \"dma\": [", out);
	for (size_t i = 0; i < c->ask->trees.n; i++) {
		const struct ask_tree *tree = &c->ask->trees.v[i];

		fprintf(out, "%s\n    { \"vmid\": %zu, ", i ? "," : "", i + 1);
		json_member(out, "cell", c->ask->cells.v[tree->cell].name);
		fprintf(out, ", \"doorbell\": %s, \"reaches\": [", tree->doorbell ? "true" : "false");
		write_reach(out, c, &c->dma[i]);
		fputs("] }", out);
	}
	fputs("],\n", out);
}

static void write_streams(FILE *out, struct check *c)
{
	fputs("  \"streams\": [", out);
	for (size_t i = 0; i < c->ask->streams.n; i++) {
		const struct ask_stream *s = &c->ask->streams.v[i];

		json_next(out, !i, "\n    { ");
		json_member(out, "device", device_name(c, s->node));
		fputs(", \"others\": [", out);
		for (size_t n = 0; n < s->others.n; n++) {
			json_next(out, !n, "");
			json_text(out, device_name(c, s->others.v[n]));
		}
		fputs("], ", out);
		json_member(out, "cell", c->ask->cells.v[s->cell].name);
		fputs(", ", out);
		json_member(out, "iommu", device_name(c, c->ask->iommus.v[s->iommu].node));
		fprintf(out, ", \"id\": %u, \"vmid\": %zu, ", s->id, s->tree + 1);
		json_member(out, "reaches", dma_text(c, s->tree));
		fputs(" }", out);
	}
	fputs("],\n", out);
}

static void write_reset(FILE *out, const struct ask_function *f)
{
	fprintf(out, "\"reset\": \"%s\", ", f->no_reset ? "none" : f->resets ? "register" : "function level");
	if (f->resets && !f->no_reset)
		fprintf(out, "\"reset_register\": { \"bar\": %u, \"offset\": \"0x%x\", \"value\": \"0x%x\" }, ", f->reset_bar, f->reset_offset,
			f->reset_value);
	else
		fputs("\"reset_register\": null, ", out);
	fputs("\"no_reset\": ", out);
	if (f->no_reset)
		json_text(out, f->no_reset);
	else
		fputs("null", out);
}

static void write_functions(FILE *out, struct check *c)
{
	fputs("  \"functions\": [", out);
	for (size_t i = 0; i < c->ask->functions.n; i++) {
		const struct ask_function *f = &c->ask->functions.v[i];

		json_next(out, !i, "\n    { ");
		json_member(out, "name", device_name(c, f->node));
		fputs(", ", out);
		json_member(out, "cell", c->ask->cells.v[f->cell].name);
		fprintf(out, ", \"address\": \"%02x:%02x.%x\", \"vendor\": %u, \"device\": %u, \"configuration\": \"0x%llx\", \"vectors\": %u, ",
			f->address >> 8, f->address >> 3 & 31, f->address & 7, f->vendor, f->device, f->config, f->vectors);
		write_reset(out, f);
		fputs(", \"bars\": [", out);
		for (size_t n = 0; n < f->bars.n; n++)
			fprintf(out, "%s{ \"index\": %u, \"base\": \"0x%llx\", \"size\": \"0x%llx\" }", n ? ", " : "", f->bars.v[n].index,
				bar_base(c, f, n), f->bars.v[n].size);
		fputs("] }", out);
	}
	fputs("],\n", out);
}

/* Devices that no IOMMU holds, and the partition's word for it. */
static void write_trusted(FILE *out, struct check *c)
{
	const char *separator = "";

	fputs("  \"trusted_dma\": [", out);
	for (size_t i = 0; i < c->ask->cells.n; i++)
		for (size_t k = 0; k < c->ask->cells.v[i].loose.n; k++) {
			fprintf(out, "%s{ ", separator);
			json_member(out, "device", device_name(c, c->ask->cells.v[i].loose.v[k]));
			fputs(", ", out);
			json_member(out, "cell", c->ask->cells.v[i].name);
			fputs(", ", out);
			json_member(out, "reason", c->ask->cells.v[i].trusted ? c->ask->cells.v[i].trusted : "");
			fputs(" }", out);
			separator = ", ";
		}
	fputs("],\n", out);
}

static void write_its(FILE *out, struct check *c)
{
	fprintf(out, "  \"its\": { \"memory\": \"0x%llx\", \"size\": \"0x%llx\", \"devices\": [", c->its.base, c->its.size);
	for (size_t i = 0; i < c->ask->messages.n; i++) {
		const struct ask_function *f = &c->ask->functions.v[c->ask->messages.v[i]];

		json_next(out, !i, "{ ");
		json_member(out, "name", device_name(c, f->node));
		fputs(", ", out);
		json_member(out, "cell", c->ask->cells.v[f->cell].name);
		fprintf(out, ", \"id\": %u, \"events\": %u }", f->device_id, f->vectors);
	}
	fputs("] },\n", out);
}

void json_devices(FILE *out, struct check *c)
{
	write_functions(out, c);
	write_streams(out, c);
	write_trees(out, c);
	write_its(out, c);
	write_trusted(out, c);
}
