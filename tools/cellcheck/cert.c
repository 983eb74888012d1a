/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The certificate for people: what each party reaches, what nobody owns, what all of it rests on. */
#include <string.h>

#include "cellcheck.h"

const char *const assumptions[] = {
	"hardware: translation, interrupt routing and traps work as the Arm architecture and GICv3 say (Arm DDI 0487, IHI 0069)",
	"firmware: EL3 enters at EL2 with a valid image, starts CPUs where asked, and does not give EL2's memory away",
	"board tree: it describes this board; what it does not mention (a bus master, a driven line, an alias of RAM) is not seen here",
	"devices: what is listed as behind an IOMMU is all that masters the bus of those given to cells, as far as their nodes say",
	"IOMMU: it works as the SMMUv3 architecture says (Arm IHI 0070), takes its tables from machine_iommus before a cell runs, and no device "
	"passes it with addresses it calls translated; the core writes only words 0 of cells' entries, revoked or in force",
	"PCI peers: functions on one bus do not reach each other without passing the IOMMU; of integrated endpoints only their "
	"maker knows (docs/hardware-only.md)",
	"PCI resets: a function that is reset, in the way that is listed for it, writes no memory any more for what it was told before",
	"boot code: loads machine_regs as it stands before a cell runs; the MSR list bounds who can write those registers",
	"trap handler: the code between a trap and the return is not proved; it maps no cell's memory, so it cannot touch it",
	"revocable roots: the core can write .roots, where it writes zero or the constant original; other values are not excluded here",
	"lives: the core's code, which is not proved, does what is listed when something happens, looks at rights before it does what is asked, "
	"and clears a cell's memory between two lives; not regions, which others have as well",
	"operator: whoever types at the core's console",
	"distributor: the core writes it through for direct cells; filters by these objects, code not proved (docs/interrupts.md)",
	"symbols: the objects are found by the ELF's symbols, or by machine_index; that the code uses the same is the linker's word",
	"caches: sets, lines and who is behind which cache are as the board tree says, and a cache is indexed by the low bits of the "
	"physical address; one that hashes addresses, or is not in the tree, is shared whatever the colours are",
	NULL,
};

static void write_ranges(FILE *out, struct check *c, const summary *found, enum stage stage, const char *in, int cell)
{
	for (size_t i = 0; i < found->n; i++) {
		const struct leaf *l = &found->v[i].leaf;
		const char *what = cell >= 0 && is_ram(l) ? "its RAM" : owner_stretch(c, l, stage, cell);

		fprintf(out, "  %s0x%010llx", in, l->in);
		if (stage == STAGE_2 || l->in != l->out)
			fprintf(out, " -> 0x%010llx%s", l->out, found->v[i].scattered ? " ..." : "");
		fprintf(out, "  %9llu KiB  %-10s  %s%s\n", l->size / KIB, attr_text(l->attr, stage), what,
			found->v[i].scattered ? ", frames of its colours" : "");
	}
}

static void write_core(FILE *out, struct check *c)
{
	for (size_t i = 0; i < c->hw->cpus.n; i++) {
		summary found = { 0 };

		summary_of(c, &c->el2[i], &found);
		fprintf(out, "\nCORE ON CPU %zu\n\n", i);
		write_ranges(out, c, &found, STAGE_EL2, "", -1);
	}
}

static void write_cells(FILE *out, struct check *c)
{
	for (size_t i = 0; i < c->ask->cells.n; i++) {
		const struct ask_cell *ask = &c->ask->cells.v[i];
		const summary *run, *load;

		cell_summary(c, i, &run, &load);
		fprintf(out, "\nCELL '%s'  VMID %zu, interrupts %s, CPUs", ask->name, i + 1, ask->direct ? "direct" : "mediated");
		for (size_t n = 0; n < ask->cpus.n; n++)
			fprintf(out, " %d", ask->cpus.v[n]);
		fputs("\n\n", out);
		cert_life(out, c, i);
		write_ranges(out, c, run, STAGE_2, "guest ", (int)i);
		fprintf(out, "  while loading, %s, before its first instruction:\n", life_again(c, i) ? "at each start" : "once");
		write_ranges(out, c, load, STAGE_2, "guest ", (int)i);
	}
}

/* Who can meet whom in one cache. */
static void write_cache(FILE *out, struct check *c, const struct cache *cache)
{
	fprintf(out, "\n  %s: %u colours; %llu KiB, %llu sets of %llu bytes; CPUs", tree_name(&c->arena, c->hw->tree, cache->node),
		cache->colors, cache->size / KIB, cache->sets, cache->line);
	for (size_t i = 0; i < c->hw->cpus.n; i++)
		if (cache->cpus[i])
			fprintf(out, " %zu", i);
	fputs("\n", out);
	for (int party = CORE; party < (int)c->ask->cells.n; party++) {
		const struct colors *colors = party_colors(c, party);

		if (color_behind(c, party, cache))
			fprintf(out, "    %s: %s\n", party_name(c, party), colors->set ? colors_text(&c->arena, colors, cache->colors) :
				"has no colours, so it can meet everybody here");
	}
}

static void write_colors(FILE *out, struct check *c)
{
	int cells = (int)c->ask->cells.n;

	fprintf(out, "\nCACHE COLOURS\n\n");
	if (!c->ask->colored && !c->ask->colors.set) {
		fputs("  nobody has any: all share the caches\n", out);
		return;
	}
	fprintf(out, "  %u colours; the colour of a frame is its number modulo that\n", c->hw->colors);
	for (int party = CORE; party < cells; party++)
		fprintf(out, "  %s: %s\n", party_name(c, party), party_colors(c, party)->set ?
			colors_text(&c->arena, party_colors(c, party), c->hw->colors) : "none; it can have frames of every colour");
	for (int a = CORE; a < cells; a++)
		for (int b = a + 1; b < cells; b++)
			if (party_colors(c, a)->set && party_colors(c, b)->set && color_declared(c, a, b))
				fprintf(out, "  %s and %s may share colours: both say so\n", party_name(c, a), party_name(c, b));
	if (c->ask->regions.n)
		fputs("  regions have frames of every colour\n", out);
	for (size_t i = 0; i < c->hw->caches.n; i++)
		write_cache(out, c, &c->hw->caches.v[i]);
}

static void write_lines(FILE *out, struct check *c)
{
	fputs("\nINTERRUPT LINES\n\n", out);
	for (size_t i = 0; i < c->lines.n; i++) {
		const struct line *l = &c->lines.v[i];

		fprintf(out, "  %4u  %s%s%s, %s, CPU %d at reset\n", l->intid, l->cell < 0 ? "" : "cell '",
			l->cell < 0 ? "the core" : c->ask->cells.v[l->cell].name, l->cell < 0 ? "" : "'", l->what, l->cpu);
	}
	if (!c->lines.n)
		fputs("  none reaches a cell\n", out);
}

static void write_nobody(FILE *out, struct check *c)
{
	struct nobody n = { 0 };

	nobody_find(c, &n);
	fputs("\nNOBODY'S\n\n", out);
	for (size_t i = 0; i < n.ram.n; i++)
		fprintf(out, "  RAM      0x%010llx  %9llu KiB%s\n", n.ram.v[i].span.base, n.ram.v[i].free / KIB,
			n.ram.v[i].free == n.ram.v[i].span.size ? "" :
			arena_text(&c->arena, ", scattered, to 0x%010llx", n.ram.v[i].span.base + n.ram.v[i].span.size));
	for (size_t i = 0; i < c->hw->reserved.n; i++)
		if (region_at(c, c->hw->reserved.v[i].base) < 0)
			fprintf(out, "  reserved 0x%010llx  %9llu KiB\n", c->hw->reserved.v[i].base, c->hw->reserved.v[i].size / KIB);
	fputs("  CPUs    ", out);
	for (size_t i = 0; i < n.cpus.n; i++)
		fprintf(out, " %d", n.cpus.v[i]);
	fputs(n.cpus.n ? "\n  devices " : " none\n  devices ", out);
	for (size_t i = 0; i < n.devices.n; i++)
		fprintf(out, "%s %s", i % 6 == 5 ? "\n          " : "", n.devices.v[i]);
	fputs(n.devices.n ? "\n  driven lines" : " none\n  driven lines", out);
	for (size_t i = 0; i < n.lines.n; i++)
		fprintf(out, "%s %u", i % 20 == 19 ? "\n              " : "", n.lines.v[i]);
	fputs(n.lines.n ? "\n" : " none\n", out);
}

static void write_msr(FILE *out, struct check *c)
{
	fputs("\nWHO WRITES THE REGISTERS THAT ISOLATE (MSR in .text, by symbol; allowed)\n\n", out);
	for (size_t i = 0; i < c->sites.n; i++)
		fprintf(out, "  %-12s %s: %u (%u)\n", c->sites.v[i].reg, c->sites.v[i].place, c->sites.v[i].count, c->sites.v[i].allowed);
}

void cert_write(FILE *out, struct check *c)
{
	const struct image *img = c->img;

	hashes(c);
	fprintf(out, "cellcheck: %s\n\n", c->findings.n ? "COUNTER-EXAMPLES, no certificate" : "certificate");
	fprintf(out, "image          SHA-256 %s\n", c->image_hash);
	fprintf(out, "tables         SHA-256 %s  (0x%llx, %llu KiB)\n", c->tables_hash, img->tables->base, img->tables->size / KIB);
	fprintf(out, "configuration  SHA-256 %s\n", c->hash ? c->hash : "?");
	for (size_t i = 0; i < c->findings.n; i++)
		fprintf(out, "%s  [%s] %s\n", i ? "" : "\nCOUNTER-EXAMPLES\n\n", c->findings.v[i].id, c->findings.v[i].text);
	if (c->hidden)
		fprintf(out, "  and %zu more\n", c->hidden);
	write_cells(out, c);
	write_colors(out, c);
	write_lines(out, c);
	cert_devices(out, c);
	cert_core(out, c);
	write_core(out, c);
	write_nobody(out, c);
	write_msr(out, c);
	fputs("\nRESTS ON\n\n", out);
	for (size_t i = 0; assumptions[i]; i++)
		fprintf(out, "  %s\n", assumptions[i]);
	cert_words(out, c);
	for (size_t i = 0; i < c->notes.n; i++)
		fprintf(out, "  not settled: %s\n", c->notes.v[i]);
	for (size_t i = 0; i < c->hw->changes.n; i++)
		fprintf(out, "  the partition changes the board's tree: %s\n", c->hw->changes.v[i]);
}
