/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * PCI functions of cells: what of each the core shows and touches, where their BARs lie, and where a cell finds a
 * configuration space, which it never reaches without the core. docs/image-format.md "PCI functions".
 */
#include <string.h>

#include "cellcheck.h"

#define FUNCTION_SIZE 48
#define BAR_SIZE 24
#define SPACE_SIZE 16
#define BUS_SIZE 16

/* Where the image puts it; the run root, which is compared with that, has the last word. */
u64 bar_base(struct check *c, const struct ask_function *f, size_t bar)
{
	const struct symbol *s = image_symbol(c->img, "machine_bars");
	const u8 *p = s ? image_at(c->img, s->value, (f->first_bar + bar + 1) * BAR_SIZE) : NULL;

	return p ? get64(p + (f->first_bar + bar) * BAR_SIZE) : 0;
}

struct span bar_pages(struct check *c, const struct ask_function *f, size_t bar)
{
	u64 size = f->bars.v[bar].size;

	return (struct span) { bar_base(c, f, bar), size < GIB * GIB ? (size + PAGE - 1) & ~(PAGE - 1) : 0 };
}

u64 reset_page(struct check *c, const struct ask_function *f)
{
	for (size_t i = 0; f->resets && i < f->bars.n; i++)
		if (f->bars.v[i].index == f->reset_bar && f->reset_offset % 4 == 0 && f->reset_offset < f->bars.v[i].size)
			return (bar_base(c, f, i) + f->reset_offset) & ~(PAGE - 1);
	return 0;
}

/* ---- BARs */

static void check_bar_place(struct check *c, const char *who, const struct ask_function *f, size_t bar)
{
	const struct hw *hw = c->hw;
	u64 base = bar_base(c, f, bar), size = f->bars.v[bar].size;
	struct span pages = bar_pages(c, f, bar);

	if (size < 16 || size & (size - 1))
		finding(c, "pci", "%s: no BAR has 0x%llx bytes", who, size);
	else if (base % size || base % PAGE)
		finding(c, "pci", "%s: 0x%llx is no multiple of its size, 0x%llx, and of a page", who, base, size);
	if (!pci_window(hw, f->host, pages))
		finding(c, "pci", "%s: 0x%llx, 0x%llx bytes, is not within the host's window of 32-bit memory", who, base, pages.size);
	for (size_t i = 0; i < hw->places.n; i++)
		if (span_meet(pages, hw->places.v[i].span))
			finding(c, "pci", "%s: 0x%llx, 0x%llx bytes, is over %s", who, base, pages.size,
				tree_name(&c->arena, hw->tree, hw->places.v[i].node));
	for (const struct ask_function *g = c->ask->functions.v; g <= f; g++)
		for (size_t i = 0; i < (g == f ? bar : g->bars.n); i++) {
			if (span_meet(pages, bar_pages(c, g, i)))
				finding(c, "pci", "%s: 0x%llx, 0x%llx bytes, is over BAR %u of %s", who, base, pages.size, g->bars.v[i].index,
					device_name(c, g->node));
			if (g == f && f->bars.v[i].index + f->bars.v[i].wide >= f->bars.v[bar].index)
				finding(c, "pci", "%s: it is BAR %u already", who, f->bars.v[i].index);
		}
	if (f->bars.v[bar].index + f->bars.v[bar].wide > 5)
		finding(c, "pci", "%s: there is no BAR 6 for its upper half", who);
}

static void check_bars(struct check *c, struct object o, size_t function)
{
	const struct ask_function *f = &c->ask->functions.v[function];

	for (size_t i = 0; o.p && i < f->bars.n; i++) {
		const struct ask_bar *bar = &f->bars.v[i];
		size_t at = f->first_bar + i;
		char *who = arena_text(&c->arena, "machine_bars[%zu] (BAR %u of %s)", at, bar->index, device_name(c, f->node));
		const struct { const char *name; size_t offset; int bytes; u64 value; } all[] = {
			{ "size", 8, 8, bar->size }, { "function", 16, 2, function }, { "index", 18, 1, bar->index },
			{ "wide", 19, 1, bar->wide }, { "prefetchable", 20, 1, bar->prefetchable },
		};

		for (size_t n = 0; n < sizeof all / sizeof all[0]; n++)
			expect(c, "pci", who, all[n].name, object_field(o, BAR_SIZE, at, all[n].offset, all[n].bytes), all[n].value);
		expect_zero(c, o, who, at * BAR_SIZE + 21, (at + 1) * BAR_SIZE);
		check_bar_place(c, who, f, i);
	}
}

/* ---- functions */

/* Who can meet without an IOMMU between them: functions of one device. And function 0 is there, or none of them is seen. */
static void check_siblings(struct check *c, size_t function)
{
	const struct ask_function *f = &c->ask->functions.v[function];
	const char *cell = c->ask->cells.v[f->cell].name;
	bool first = false;

	for (size_t i = 0; i < c->ask->functions.n; i++) {
		const struct ask_function *g = &c->ask->functions.v[i];

		if (g->host != f->host || g->address >> 3 != f->address >> 3)
			continue;
		first |= !(g->address & 7) && g->cell == f->cell;
		if (i < function && g->address == f->address)
			finding(c, "pci", "function %s of cell '%s' is given to cell '%s' too", device_name(c, f->node), cell, c->ask->cells.v[g->cell].name);
		else if (i < function && g->cell != f->cell)
			finding(c, "pci", "function %s of cell '%s' is of the same device as %s of cell '%s': they can reach each other", device_name(c, f->node),
				cell, device_name(c, g->node), c->ask->cells.v[g->cell].name);
	}
	if (!first)
		finding(c, "pci", "cell '%s' has function %s, but not function 0 of that device", cell, device_name(c, f->node));
	if (!(f->address >> 3 & 31))
		finding(c, "pci", "function %s of cell '%s' is where the host bridge is", device_name(c, f->node), cell);
	if (f->no_reset && f->resets)
		finding(c, "pci", "function %s of cell '%s' has no reset (cloison,no-reset), and one by a register (cloison,reset-write)",
			device_name(c, f->node), cell);
	if (f->no_reset && life_again(c, f->cell))
		finding(c, "pci", "cell '%s' is loaded again, but its function %s cannot be reset", cell, device_name(c, f->node));
}

static void check_function(struct check *c, struct object o, size_t i)
{
	const struct ask_function *f = &c->ask->functions.v[i];
	char *who = arena_text(&c->arena, "machine_functions[%zu] (%s of '%s')", i, device_name(c, f->node), c->ask->cells.v[f->cell].name);
	const struct { const char *name; size_t offset; int bytes; u64 value; } all[] = {
		{ "config", 8, 8, f->config }, { "address", 16, 2, f->address }, { "cell", 18, 2, f->cell }, { "vendor", 20, 2, f->vendor },
		{ "device", 22, 2, f->device }, { "first BAR", 24, 2, f->first_bar }, { "BARs", 26, 2, f->bars.n },
		{ "vectors", 28, 2, f->vectors }, { "INTx", 30, 1, board_intx(c->hw, f->node) }, { "no reset", 31, 1, f->no_reset != NULL },
		{ "reset BAR", 32, 1, f->reset_bar }, { "pin", 33, 1, f->pin }, { "reset offset", 36, 4, f->reset_offset },
		{ "reset value", 40, 4, f->reset_value },
	};
	bool inside = false;

	for (size_t n = 0; n < sizeof all / sizeof all[0]; n++)
		expect(c, "pci", who, all[n].name, object_field(o, FUNCTION_SIZE, i, all[n].offset, all[n].bytes), all[n].value);
	expect_name(c, who, object_field(o, FUNCTION_SIZE, i, 0, 8), f->node);
	expect_zero(c, o, who, i * FUNCTION_SIZE + 34, i * FUNCTION_SIZE + 36);
	expect_zero(c, o, who, i * FUNCTION_SIZE + 44, (i + 1) * FUNCTION_SIZE);
	if (f->resets && !reset_page(c, f))
		finding(c, "pci", "%s: the register that resets it is in none of its BARs", who);
	for (size_t n = 0; n < c->hw->guarded.n; n++)
		inside |= c->hw->guarded.v[n].node == f->host && span_holds(c->hw->guarded.v[n].span, (struct span) { f->config, PAGE });
	if (!inside)
		finding(c, "pci", "%s: its configuration space, 0x%llx, is not the host's", who, f->config);
}

/* ---- configuration spaces as cells see them: one for each cell and bus */

static bool same_space(const struct check *c, size_t i, size_t n)
{
	const struct ask_function *a = &c->ask->functions.v[i], *b = &c->ask->functions.v[n];

	return a->cell == b->cell && a->host == b->host && a->address >> 8 == b->address >> 8;
}

/* The core is asked, so nothing is mapped there, while loading neither; and nothing else of the cell's is there. */
void check_window(struct check *c, const char *id, const char *who, size_t cell, struct span s)
{
	const struct ask_cell *ask = &c->ask->cells.v[cell];
	const struct span own[] = { { GUEST_GICD, FRAME }, { GUEST_GICR, ask->cpus.n * 2 * FRAME }, { LOAD_COPIER, LOAD_END - LOAD_COPIER } };
	struct leaf leaf;
	bool meets = false;

	for (u64 at = s.base; at < s.base + s.size; at += PAGE)
		if (look_up(c, &c->cells[cell].run, at, &leaf) || look_up(c, &c->cells[cell].load, at, &leaf)) {
			finding(c, id, "%s: guest address 0x%llx is mapped, so the core is not asked: it reaches 0x%llx, %s", who, at,
				leaf.out + (at - leaf.in), owner_of(c, leaf.out + (at - leaf.in), -1));
			break;
		}
	for (size_t i = 0; i < ask->ram.n; i++)
		meets |= span_meet(s, (struct span) { ask->ram.v[i].base, ask->ram.v[i].size });
	for (size_t i = 0; i < ask->vdevs.n; i++)
		meets |= span_meet(s, (struct span) { ask->vdevs.v[i].base, ask->vdevs.v[i].size });
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		meets |= span_meet(s, own[i]);
	if (meets || s.base >> 39)
		finding(c, id, "%s: guest address 0x%llx is another's of the cell", who, s.base);
}

static void check_spaces(struct check *c)
{
	size_t count = 0, at = 0;
	struct object o;

	for (size_t i = 0; i < c->ask->functions.n; i++)
		count += !i || !same_space(c, i - 1, i);
	o = array_io(c, "machine_spaces", count, SPACE_SIZE);
	for (size_t i = 0, end; o.p && i < c->ask->functions.n; i = end, at++) {
		const struct ask_function *f = &c->ask->functions.v[i];
		char *who = arena_text(&c->arena, "machine_spaces[%zu] (of '%s')", at, c->ask->cells.v[f->cell].name);
		u64 base = pci_bus(c->hw, f);

		for (end = i + 1; end < c->ask->functions.n && same_space(c, i, end);)
			end++;
		expect(c, "pci", who, "base", object_field(o, SPACE_SIZE, at, 0, 8), base);
		expect(c, "pci", who, "cell", object_field(o, SPACE_SIZE, at, 8, 2), f->cell);
		expect(c, "pci", who, "bus", object_field(o, SPACE_SIZE, at, 10, 2), f->address >> 8);
		expect(c, "pci", who, "first function", object_field(o, SPACE_SIZE, at, 12, 2), i);
		expect(c, "pci", who, "functions", object_field(o, SPACE_SIZE, at, 14, 2), end - i);
		check_window(c, "pci", who, f->cell, (struct span) { base, MIB });
	}
}

static bool bus_before(const struct check *c, size_t function)
{
	for (size_t i = 0; i < function; i++)
		if (pci_bus(c->hw, &c->ask->functions.v[i]) == pci_bus(c->hw, &c->ask->functions.v[function]))
			return true;
	return false;
}

/* Each bus with a function of a cell, in the order of the functions. */
static void check_buses(struct check *c)
{
	size_t count = 0, at = 0;
	struct object o;

	for (size_t i = 0; i < c->ask->functions.n; i++)
		count += !bus_before(c, i);
	o = array_io(c, "machine_buses", count, BUS_SIZE);
	for (size_t i = 0; o.p && i < c->ask->functions.n; i++) {
		const struct ask_function *f = &c->ask->functions.v[i];
		char *who = arena_text(&c->arena, "machine_buses[%zu]", at);

		if (bus_before(c, i))
			continue;
		expect(c, "pci", who, "config", object_field(o, BUS_SIZE, at, 0, 8), pci_bus(c->hw, f));
		expect(c, "pci", who, "bus", object_field(o, BUS_SIZE, at, 8, 2), f->address >> 8);
		expect_zero(c, o, who, at * BUS_SIZE + 10, (at + 1) * BUS_SIZE);
		at++;
	}
}

void check_functions(struct check *c)
{
	struct object functions = array_io(c, "machine_functions", c->ask->functions.n, FUNCTION_SIZE);
	struct object bars = array_io(c, "machine_bars", c->ask->bars, BAR_SIZE);

	for (size_t i = 0; i < c->ask->functions.n; i++) {
		check_siblings(c, i);
		if (functions.p)
			check_function(c, functions, i);
		check_bars(c, bars, i);
	}
	check_spaces(c);
	check_buses(c);
}
