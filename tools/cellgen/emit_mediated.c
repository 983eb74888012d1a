/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The part of machine.c that is about mediated interrupts: what a cell's numbers are, whose a physical line is. */
#include "arch_machine.h"
#include "parts.h"

#define WORDS_MIN 9u     /* SPI 0 to 255, as QEMU's virt has them */
#define WORDS_MAX (VIRTUAL_SPI_COUNT / 32 + 1)
#define SGIS 0xffffu     /* edge-triggered by the architecture */

/* Virtual and non-secure physical timer: every vCPU has them, and they are its CPU's own. */
static const u32 timers[] = { 27, 30 };

enum set { SET_LINKED, SET_SOFT, SET_EDGE, SET_COUNT };

static const char *const set_names[SET_COUNT] = { "linked", "soft", "edge" };

static u32 vgic_words(const struct decision *d)
{
	u32 words = WORDS_MIN;

	for (u32 i = 0; i < d->virtual_count; i++) {
		u32 needed = d->virtual_lines[i].intid / 32 + 1;

		words = needed > words ? needed : words;
	}
	return words;
}

/* Which of a cell's words have lines at all, and the most that one has: loops over them are bounded by these. */
static u32 lines_of(const struct decision *d, u32 cell, u32 word)
{
	u32 bits = word ? 0 : SGIS;

	for (u32 i = 0; !word && i < ARRAY_COUNT(timers); i++) {
		bits |= (u32)BIT(timers[i]);
	}
	for (u32 i = 0; i < d->virtual_count; i++) {
		const struct virtual_line *line = &d->virtual_lines[i];

		bits |= line->cell == cell && line->intid / 32 == word ? (u32)BIT(line->intid % 32) : 0;
	}
	return bits;
}

void emit_vgic_counts(const struct decision *d, struct out *out)
{
	u32 used = 1, most = 0, words = vgic_words(d);

	for (u32 cell = 0; cell < d->cell_count; cell++) {
		for (u32 word = 0; d->cells[cell].mediated && word < words; word++) {
			u32 bits = lines_of(d, cell, word), count = (u32)__builtin_popcount(bits);

			used |= bits ? (u32)BIT(word) : 0;
			most = count > most ? count : most;
		}
	}
	out_printf(out, "\n/* Words of 32 interrupt numbers that a mediated cell has; a bit for each that has lines in some cell, so many are these, */\n");
	out_printf(out, "/* and so many lines, SGIs included, are in one at most. */\n");
	out_printf(out, "#define VGIC_WORDS %u\n#define VGIC_WORDS_USED %u\n", words, used);
	out_printf(out, "#define VGIC_WORD_COUNT %u\n#define VGIC_WORD_LINES %u\n", (u32)__builtin_popcount(used), most);
}

static void emit_sets(const struct decision *d, const struct cell *cell, struct out *out)
{
	u32 sets[SET_COUNT][WORDS_MAX] = { [SET_EDGE] = { SGIS } };

	for (u32 i = 0; i < ARRAY_COUNT(timers); i++) {
		sets[SET_LINKED][0] |= (u32)BIT(timers[i]);
	}
	for (u32 i = 0; i < d->virtual_count; i++) {
		const struct virtual_line *line = &d->virtual_lines[i];
		u32 word = line->intid / 32, bit = (u32)BIT(line->intid % 32);

		if (line->cell == cell->index) {
			sets[line->physical ? SET_LINKED : SET_SOFT][word] |= bit;
			sets[SET_EDGE][word] |= line->edge ? bit : 0;
		}
	}
	for (u32 set = 0; set < SET_COUNT; set++) {
		out_printf(out, "\t.%s = {", set_names[set]);
		for (u32 word = 0; word < WORDS_MAX; word++) {
			if (sets[set][word]) {
				out_printf(out, " [%u] = 0x%xu,", word, sets[set][word]);
			}
		}
		out_printf(out, " },\n");
	}
}

/* The records are sorted by number; devices that share a line have one, so one of them is enough. */
static bool repeated(const struct decision *d, u32 index)
{
	const struct virtual_line *line = &d->virtual_lines[index];

	return index > 0 && line[-1].cell == line->cell && line[-1].intid == line->intid;
}

static void emit_vgic(const struct decision *d, const struct cell *cell, struct out *out)
{
	out_printf(out, "/* %s, %s */\n", emit_path(cell->node), emit_at(d, cell->at));
	out_printf(out, "static const struct vgic_config vgic_%u = {\n", cell->index);
	emit_sets(d, cell, out);
	out_printf(out, "\t.physical = {\n");
	for (u32 i = 0; i < ARRAY_COUNT(timers); i++) {
		out_printf(out, "\t\t[%u] = %u,\n", timers[i], timers[i]);
	}
	for (u32 i = 0; i < d->virtual_count; i++) {
		const struct virtual_line *line = &d->virtual_lines[i];

		if (line->cell == cell->index && line->physical && !repeated(d, i)) {
			out_printf(out, "\t\t[%u] = %u, /* %s, %s */\n", line->intid, line->physical, emit_comment(line->what),
				   emit_at(d, line->at));
		}
	}
	out_printf(out, "\t},\n};\n\n");
}

void emit_vgics(const struct decision *d, struct out *out)
{
	for (u32 i = 0; i < d->cell_count; i++) {
		if (d->cells[i].mediated) {
			emit_vgic(d, &d->cells[i], out);
		}
	}
}

static const struct virtual_line *behind(const struct decision *d, u32 physical)
{
	for (u32 i = 0; i < d->virtual_count; i++) {
		if (d->virtual_lines[i].physical == physical) {
			return &d->virtual_lines[i];
		}
	}
	return NULL;
}

/* A physical line that no mediated cell has is CELL_NONE, and so are the private ones, which are their CPU's. */
void emit_owners(const struct decision *d, struct out *out)
{
	u32 next = 0;

	out_printf(out, "const struct arch_owner machine_owners[MACHINE_MAX_OWNER] = {\n");
	for (u32 intid = SPI_BASE; intid <= d->line_limit + 1; intid++) {
		const struct virtual_line *line = intid <= d->line_limit ? behind(d, intid) : NULL;

		if (intid <= d->line_limit && !line) {
			continue;
		}
		if (next < intid) {
			out_printf(out, "\t[%u ... %u] = { .cell = CELL_NONE },\n", next, intid - 1);
		}
		if (line) {
			out_printf(out, "\t[%u] = { .cell = %u, .intid = %u, .limit = %u }, /* %s of %s, %s */\n", intid, line->cell,
				   line->intid, line->limit, emit_comment(line->what), d->cells[line->cell].name,
				   emit_at(d, line->at));
		}
		next = intid + 1;
	}
	out_printf(out, "};\n\n");
}
