/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The certificate for programs: the same facts as cert.c. */
#include <string.h>

#include "cellcheck.h"

void json_text(FILE *out, const char *s)
{
	fputc('"', out);
	for (; s && *s; s++)
		if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if ((u8)*s < 32 || (u8)*s > 126)
			fprintf(out, "\\u%04x", (u8)*s);
		else
			fputc(*s, out);
	fputc('"', out);
}

void json_member(FILE *out, const char *name, const char *value)
{
	fprintf(out, "\"%s\": ", name);
	json_text(out, value);
}

void json_next(FILE *out, bool first, const char *opener)
{
	fprintf(out, "%s%s", first ? "" : *opener == '\n' ? "," : ", ", opener);
}

static void write_leaves(FILE *out, struct check *c, const char *name, const summary *found, enum stage stage, const char *cell)
{
	fprintf(out, "\"%s\": [", name);
	for (size_t i = 0; i < found->n; i++) {
		const struct leaf *l = &found->v[i].leaf;

		fprintf(out, "%s\n    { \"address\": \"0x%llx\", \"physical\": \"0x%llx\", \"size\": \"0x%llx\", \"scattered\": %s, ",
			i ? "," : "", l->in, l->out, l->size, found->v[i].scattered ? "true" : "false");
		fprintf(out, "\"rights\": \"%s\", ", attr_text(l->attr, stage));
		json_member(out, "what", cell && is_ram(l) ? arena_text(&c->arena, "RAM of cell '%s' (its guest address 0x%llx)", cell, l->in) :
			owner_stretch(c, l, stage, -1));
		fputs(" }", out);
	}
	fputs("]", out);
}

static void write_cells(FILE *out, struct check *c)
{
	fputs("  \"cells\": [", out);
	for (size_t i = 0; i < c->ask->cells.n; i++) {
		const struct ask_cell *ask = &c->ask->cells.v[i];
		const summary *run, *load;

		cell_summary(c, i, &run, &load);
		json_next(out, !i, "\n  { ");
		json_member(out, "name", ask->name);
		fprintf(out, ", \"vmid\": %zu, \"interrupts\": \"%s\", \"cpus\": [", i + 1, ask->direct ? "direct" : "mediated");
		for (size_t n = 0; n < ask->cpus.n; n++)
			fprintf(out, "%s%d", n ? ", " : "", ask->cpus.v[n]);
		fprintf(out, "], \"restart\": \"%s\", \"restart_limit\": ", restart_word(c, i));
		if (life_restart(c, i) && ask->life.restarts)
			fprintf(out, "{ \"restarts\": %u, \"seconds\": %u },\n    ", ask->life.restarts, ask->life.seconds);
		else
			fputs("null,\n    ", out);
		json_life(out, c, i);
		write_leaves(out, c, "reaches", run, STAGE_2, ask->name);
		fputs(",\n    ", out);
		write_leaves(out, c, "reaches_while_loading", load, STAGE_2, ask->name);
		fputs(" }", out);
	}
	fputs("],\n", out);
}

static void write_regions(FILE *out, struct check *c)
{
	fputs("  \"regions\": [", out);
	for (size_t i = 0; i < c->ask->regions.n; i++) {
		const char *separator = "";

		json_next(out, !i, "\n    { ");
		json_member(out, "name", c->ask->regions.v[i].name);
		fprintf(out, ", \"physical\": \"0x%llx\", \"size\": \"0x%llx\", \"cells\": [", c->regions[i].base, c->regions[i].size);
		for (size_t k = 0; k < c->ask->cells.n; k++)
			for (size_t s = 0; s < c->ask->cells.v[k].shares.n; s++)
				if (c->ask->cells.v[k].shares.v[s].region == i) {
					fprintf(out, "%s{ ", separator);
					json_member(out, "name", c->ask->cells.v[k].name);
					fprintf(out, ", \"rights\": \"%s\" }", c->ask->cells.v[k].shares.v[s].write ? "rw-" : "r--");
					separator = ", ";
				}
		fputs("] }", out);
	}
	fputs("],\n", out);
}

static void write_core(FILE *out, struct check *c)
{
	fputs("  \"core\": [", out);
	for (size_t i = 0; i < c->hw->cpus.n; i++) {
		summary found = { 0 };

		summary_of(c, &c->el2[i], &found);
		fprintf(out, "%s\n  { \"cpu\": %zu, ", i ? "," : "", i);
		write_leaves(out, c, "reaches", &found, STAGE_EL2, NULL);
		fputs(" }", out);
	}
	fputs("],\n", out);
}

/* null: it has no colours, so it has all of them. */
static void write_party(FILE *out, struct check *c, int party, u32 modulo)
{
	const struct colors *colors = party_colors(c, party);

	json_member(out, "name", party == CORE ? "hypervisor" : c->ask->cells.v[party].name);
	fputs(", \"colors\": ", out);
	if (colors->set)
		json_text(out, colors_text(&c->arena, colors, modulo));
	else
		fputs("null", out);
}

static void write_cache(FILE *out, struct check *c, const struct cache *cache)
{
	bool first = true;

	json_member(out, "cache", tree_name(&c->arena, c->hw->tree, cache->node));
	fprintf(out, ", \"colors\": %u, \"size\": %llu, \"sets\": %llu, \"line\": %llu, \"parties\": [", cache->colors, cache->size,
		cache->sets, cache->line);
	for (int party = CORE; party < (int)c->ask->cells.n; party++) {
		if (!color_behind(c, party, cache))
			continue;
		json_next(out, first, "{ ");
		write_party(out, c, party, cache->colors);
		fputs(" }", out);
		first = false;
	}
	fputs("]", out);
}

static void write_shared(FILE *out, struct check *c)
{
	bool first = true;

	for (int a = CORE; a < (int)c->ask->cells.n; a++)
		for (int b = a + 1; b < (int)c->ask->cells.n; b++) {
			if (!party_colors(c, a)->set || !party_colors(c, b)->set || !color_declared(c, a, b))
				continue;
			json_next(out, first, "[");
			json_text(out, a == CORE ? "hypervisor" : c->ask->cells.v[a].name);
			fputs(", ", out);
			json_text(out, c->ask->cells.v[b].name);
			fputs("]", out);
			first = false;
		}
}

static void write_colors(FILE *out, struct check *c)
{
	fprintf(out, "  \"colors\": {\n    \"number\": %u, \"parties\": [", c->hw->colors);
	for (int party = CORE; party < (int)c->ask->cells.n; party++) {
		json_next(out, party == CORE, "{ ");
		write_party(out, c, party, c->hw->colors);
		fputs(" }", out);
	}
	fputs("],\n    \"shared\": [", out);
	write_shared(out, c);
	fputs("],\n    \"caches\": [", out);
	for (size_t i = 0; i < c->hw->caches.n; i++) {
		json_next(out, !i, "\n    { ");
		write_cache(out, c, &c->hw->caches.v[i]);
		fputs(" }", out);
	}
	fputs("] },\n", out);
}

static void write_lines(FILE *out, struct check *c)
{
	fputs("  \"lines\": [", out);
	for (size_t i = 0; i < c->lines.n; i++) {
		const struct line *l = &c->lines.v[i];

		fprintf(out, "%s\n    { \"intid\": %u, ", i ? "," : "", l->intid);
		json_member(out, "owner", l->cell < 0 ? "core" : c->ask->cells.v[l->cell].name);
		fputs(", ", out);
		json_member(out, "what", l->what);
		fprintf(out, ", \"cpu\": %d }", l->cpu);
	}
	fputs("],\n  \"msr\": [", out);
	for (size_t i = 0; i < c->sites.n; i++) {
		json_next(out, !i, "\n    { ");
		json_member(out, "register", c->sites.v[i].reg);
		fputs(", ", out);
		json_member(out, "symbol", c->sites.v[i].place);
		fprintf(out, ", \"count\": %u, \"allowed\": %u }", c->sites.v[i].count, c->sites.v[i].allowed);
	}
	fputs("],\n", out);
}

static void write_nobody(FILE *out, struct check *c)
{
	struct nobody n = { 0 };

	nobody_find(c, &n);
	fputs("  \"nobody\": {\n    \"ram\": [", out);
	for (size_t i = 0; i < n.ram.n; i++)
		fprintf(out, "%s{ \"physical\": \"0x%llx\", \"size\": \"0x%llx\", \"free\": \"0x%llx\" }", i ? ", " : "", n.ram.v[i].span.base,
			n.ram.v[i].span.size, n.ram.v[i].free);
	fputs("],\n    \"cpus\": [", out);
	for (size_t i = 0; i < n.cpus.n; i++)
		fprintf(out, "%s%d", i ? ", " : "", n.cpus.v[i]);
	fputs("],\n    \"lines\": [", out);
	for (size_t i = 0; i < n.lines.n; i++)
		fprintf(out, "%s%u", i ? ", " : "", n.lines.v[i]);
	fputs("],\n    \"devices\": [", out);
	for (size_t i = 0; i < n.devices.n; i++) {
		json_next(out, !i, "");
		json_text(out, n.devices.v[i]);
	}
	fputs("] },\n", out);
}

static void write_texts(FILE *out, const char *name, const char *const *v, size_t n, const char *end)
{
	fprintf(out, "  \"%s\": [", name);
	for (size_t i = 0; i < n; i++) {
		json_next(out, !i, "\n    ");
		json_text(out, v[i]);
	}
	fprintf(out, "]%s\n", end);
}

/* Devices of which the partition says that they are no bus masters. */
static void write_words(FILE *out, struct check *c)
{
	const char *separator = "";

	fputs("  \"said_no_dma\": [", out);
	for (size_t i = 0; i < c->ask->cells.n; i++)
		for (size_t k = 0; k < c->ask->cells.v[i].no_dma.n; k++) {
			fprintf(out, "%s{ ", separator);
			json_member(out, "device", tree_name(&c->arena, c->hw->tree, c->ask->cells.v[i].no_dma.v[k]));
			fputs(", ", out);
			json_member(out, "cell", c->ask->cells.v[i].name);
			fputs(" }", out);
			separator = ", ";
		}
	fputs("],\n  \"passive\": [", out); /* by cloison,dma in their nodes */
	separator = "";
	for (size_t i = 0; i < c->ask->cells.n; i++)
		for (size_t k = 0; k < c->ask->cells.v[i].passive.n; k++) {
			fprintf(out, "%s{ ", separator);
			json_member(out, "device", tree_name(&c->arena, c->hw->tree, c->ask->cells.v[i].passive.v[k]));
			fputs(", ", out);
			json_member(out, "cell", c->ask->cells.v[i].name);
			fprintf(out, ", \"contradicted\": %s }", looks_master(c->hw->tree, c->ask->cells.v[i].passive.v[k]) ? "true" : "false");
			separator = ", ";
		}
	fputs("],\n", out);
}

void json_write(FILE *out, struct check *c)
{
	size_t count = 0;

	while (assumptions[count])
		count++;
	hashes(c);
	fprintf(out, "{\n  \"holds\": %s,\n  \"image_sha256\": \"%s\",\n", c->findings.n ? "false" : "true", c->image_hash);
	fprintf(out, "  \"tables_sha256\": \"%s\",\n  ", c->tables_hash);
	json_member(out, "configuration", c->hash);
	fputs(",\n  \"findings\": [", out);
	for (size_t i = 0; i < c->findings.n; i++) {
		json_next(out, !i, "\n    { ");
		json_member(out, "id", c->findings.v[i].id);
		fputs(", ", out);
		json_member(out, "text", c->findings.v[i].text);
		fputs(" }", out);
	}
	fprintf(out, "],\n  \"findings_not_listed\": %zu,\n", c->hidden);
	write_cells(out, c);
	write_regions(out, c);
	json_core(out, c);
	write_core(out, c);
	write_colors(out, c);
	write_lines(out, c);
	json_devices(out, c);
	write_nobody(out, c);
	write_words(out, c);
	write_texts(out, "assumptions", assumptions, count, ",");
	write_texts(out, "not_settled", c->notes.v, c->notes.n, ",");
	write_texts(out, "board_changes", (const char *const *)c->hw->changes.v, c->hw->changes.n, "");
	fputs("}\n", out);
}
