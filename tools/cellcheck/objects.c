/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The const objects of .rodata that say who is who: every byte of them follows from the
 * partition, the board and each other. docs/image-format.md "The other objects". Lines are in routes.c.
 */
#include <libfdt.h>
#include <string.h>

#include "cellcheck.h"

#define CPU_SIZE 40
#define VDEV_SIZE 48

struct object object_get(struct check *c, const char *symbol, u64 size)
{
	const struct symbol *s = image_symbol(c->img, symbol);
	const struct section *rodata = c->img->rodata;
	struct object o = { 0 };

	if (!s || !s->object)
		finding(c, "object", "there is no object %s", symbol);
	else if (!span_holds((struct span) { rodata->base, rodata->size }, (struct span) { s->value, s->size }))
		finding(c, "object", "%s is not in .rodata", symbol);
	else if (size && s->size != size)
		finding(c, "object", "%s has %llu bytes, not %llu as the partition needs", symbol, s->size, size);
	else
		o = (struct object) { rodata->bytes + (s->value - rodata->base), s->value, s->size };
	return o;
}

u64 object_field(struct object o, size_t element, size_t index, size_t offset, int bytes)
{
	return o.p ? get(o.p + index * element + offset, bytes) : 0;
}

struct object array_get(struct check *c, const char *symbol, size_t count, size_t element)
{
	struct object o = object_get(c, symbol, (count ? count : 1) * element);

	for (size_t i = 0; o.p && !count && i < element; i++)
		if (o.p[i])
			finding(c, "object", "%s has no elements, but is not zero", symbol);
	return o;
}

void expect_zero(struct check *c, struct object o, const char *who, size_t from, size_t to)
{
	for (size_t i = from; o.p && i < to; i++)
		if (o.p[i])
			finding(c, "object", "%s: byte %zu of the object is padding and not zero", who, i);
}

static bool text_is(struct check *c, u64 address, const char *text)
{
	const struct section *s = c->img->rodata;
	size_t size = strlen(text) + 1;

	return address >= s->base && span_holds((struct span) { s->base, s->size }, (struct span) { address, size }) &&
		!memcmp(s->bytes + (address - s->base), text, size);
}

static void expect_text(struct check *c, const char *who, u64 address, const char *text)
{
	if (!text_is(c, address, text))
		finding(c, "object", "%s: the name at 0x%llx is not '%s'", who, address, text);
}

void expect_name(struct check *c, const char *who, u64 address, int node)
{
	const char *label;

	for (size_t i = 0; (label = tree_label(&c->arena, c->hw->tree, node, i)); i++)
		if (text_is(c, address, label))
			return;
	expect_text(c, who, address, c->hw->tree->nodes.v[node].name);
}

/* Of an image without an IOMMU the linker may leave out what nobody reads, and machine_index says nothing of it. */
struct object array_io(struct check *c, const char *symbol, size_t count, size_t element)
{
	if (!count && (!c->ask->iommus.n || strstr(symbol, "machine_its")) && !image_symbol(c->img, symbol))
		return (struct object) { 0 };
	return array_get(c, symbol, count, element);
}

static void check_cpu(struct check *c, struct object o, size_t i)
{
	char *who = arena_text(&c->arena, "machine_cpus[%zu]", i);
	u64 role = c->ask->service == (int)i ? 2 : 0, owner = NONE, vcpu = 0;

	for (size_t cell = 0; cell < c->ask->cells.n; cell++)
		for (size_t n = 0; n < c->ask->cells.v[cell].cpus.n; n++)
			if (c->ask->cells.v[cell].cpus.v[n] == (int)i) {
				if (owner != NONE)
					finding(c, "cpu", "CPU %zu belongs to '%s' and to '%s'", i, c->ask->cells.v[owner].name, c->ask->cells.v[cell].name);
				role = 1;
				owner = cell;
				vcpu = n;
			}
	if (owner != NONE && c->ask->service == (int)i && c->ask->cells.v[owner].direct)
		finding(c, "cpu", "CPU %zu of the direct cell '%s' is the service CPU", i, c->ask->cells.v[owner].name);
	expect(c, "cpu", who, "hw_id", object_field(o, CPU_SIZE, i, 0, 8), c->hw->cpus.v[i].id);
	expect(c, "cpu", who, "role", object_field(o, CPU_SIZE, i, 8, 2), role);
	expect(c, "cpu", who, "cell", object_field(o, CPU_SIZE, i, 10, 2), owner);
	expect(c, "cpu", who, "vCPU", object_field(o, CPU_SIZE, i, 12, 2), vcpu);
	expect_name(c, who, object_field(o, CPU_SIZE, i, 16, 8), c->hw->cpus.v[i].node);
	expect(c, "cpu", who, "gicr", object_field(o, CPU_SIZE, i, 24, 8), c->hw->cpus.v[i].gicr);
	expect_zero(c, o, who, i * CPU_SIZE + 14, i * CPU_SIZE + 16);
	expect_zero(c, o, who, i * CPU_SIZE + 36, i * CPU_SIZE + 40);
}

static void check_cpus(struct check *c)
{
	struct object o = object_get(c, "machine_cpus", c->hw->cpus.n * CPU_SIZE);
	struct object list = array_get(c, "machine_cell_cpus", c->ask->vcpus, 2);
	size_t at = 0;

	for (size_t i = 0; o.p && i < c->hw->cpus.n; i++)
		check_cpu(c, o, i);
	for (size_t i = 0; list.p && i < c->ask->cells.n; i++)
		for (size_t n = 0; n < c->ask->cells.v[i].cpus.n; n++, at++)
			expect(c, "cpu", "machine_cell_cpus", arena_text(&c->arena, "element %zu", at), get(list.p + 2 * at, 2),
				(u64)c->ask->cells.v[i].cpus.v[n]);
}

/* Entries of a root that may be in use, from 0. */
static u64 root_used(struct check *c, size_t cell)
{
	const u8 *page = table_page(c, c->cells[cell].run.root);
	u64 used = 0;

	for (unsigned i = 0; page && i < 512; i++)
		if (get(page + 8 * i, 8))
			used = i + 1;
	return used;
}

struct first {
	size_t cpu, ram, vdev;
};

/* The first by which its guest prints. */
static u64 console_of(const struct check *c, const struct ask_cell *ask, size_t first)
{
	for (size_t i = 0; i < ask->vdevs.n; i++)
		if (ask->vdevs.v[i].kind == VDEV_PL011)
			return first + i;
	return c->ask->vdevs;
}

static void check_cell_counts(struct check *c, struct object o, size_t i, const struct first *first, const char *who)
{
	const struct ask_cell *ask = &c->ask->cells.v[i];
	const struct { const char *name; size_t offset; int bytes; u64 value; } all[] = {
		{ "vCPUs", 8, 2, ask->cpus.n }, { "first CPU", 10, 2, first->cpu }, { "first range", 12, 2, first->ram },
		{ "ranges", 14, 2, ask->ram.n }, { "first device", 16, 2, first->vdev }, { "devices", 18, 2, ask->vdevs.n },
		{ "console", 20, 2, console_of(c, ask, first->vdev) }, { "strict", 22, 1, ask->strict },
		{ "breakpoints stop", 23, 1, ask->debug_stop }, { "native WFI", 24, 1, ask->wfi_native },
		{ "for a debugger", 25, 1, ask->debug_gdb },
		{ "root", 48, 8, c->img->roots->base + i * PAGE }, { "root_const", 56, 8, c->img->tables->base + i * PAGE },
		 { "entries of the root", 64, 4, root_used(c, i) },
		{ "gicd_base", 72, 8, GUEST_GICD }, { "gicr_base", 80, 8, GUEST_GICR },
		{ "load entry", 88, 8, LOAD_COPIER }, { "load list", 96, 8, LOAD_LIST },
	};

	for (size_t n = 0; n < sizeof all / sizeof all[0]; n++)
		expect(c, "cell", who, all[n].name, object_field(o, CELL_SIZE, i, all[n].offset, all[n].bytes), all[n].value);
	expect_zero(c, o, who, i * CELL_SIZE + 26, i * CELL_SIZE + 32);
	expect_zero(c, o, who, i * CELL_SIZE + 68, i * CELL_SIZE + 72);
}

static void check_cell(struct check *c, struct object o, size_t i, const struct first *first)
{
	const struct ask_cell *ask = &c->ask->cells.v[i];
	char *who = arena_text(&c->arena, "machine_cells[%zu] ('%s')", i, ask->name);
	u64 vgic = object_field(o, CELL_SIZE, i, 232, 8);
	struct piece piece[3];
	size_t count = list_pieces(c, i, piece);

	expect_text(c, who, object_field(o, CELL_SIZE, i, 0, 8), ask->name);
	check_cell_counts(c, o, i, first, who);
	expect(c, "cell", who, "dtb", object_field(o, CELL_SIZE, i, 40, 8), count ? piece[count - 1].target : 0);
	expect(c, "cell", who, "vgic", vgic, ask->direct ? 0 : object_vgic(c, i).address);
}

static void check_cells_object(struct check *c)
{
	struct object o = object_get(c, "machine_cells", c->ask->cells.n * CELL_SIZE);
	struct object ram = object_get(c, "machine_cell_ram", c->ask->ranges * 16);
	struct first first = { 0 };

	for (size_t i = 0; o.p && ram.p && i < c->ask->cells.n; i++) {
		const struct ask_cell *ask = &c->ask->cells.v[i];

		check_cell(c, o, i, &first);
		for (size_t n = 0; n < ask->ram.n; n++) {
			char *who = arena_text(&c->arena, "machine_cell_ram[%zu] (of '%s')", first.ram + n, ask->name);

			expect(c, "cell", who, "base", object_field(ram, 16, first.ram + n, 0, 8), ask->ram.v[n].base);
			expect(c, "cell", who, "size", object_field(ram, 16, first.ram + n, 8, 8), ask->ram.v[n].size);
		}
		first.cpu += ask->cpus.n;
		first.ram += ask->ram.n;
		first.vdev += ask->vdevs.n;
	}
}

static void check_vdev(struct check *c, struct object o, size_t i, size_t cell, const struct ask_vdev *v)
{
	const struct symbol *ops = image_symbol(c->img, vdev_symbols[v->kind]);
	const struct symbol *state = image_symbol(c->img, arena_text(&c->arena, "state_%zu", i));
	const struct section *data = c->img->data;
	char *who = arena_text(&c->arena, "machine_vdevs[%zu] (%s of '%s')", i, v->name, c->ask->cells.v[cell].name);
	struct leaf leaf;
	const struct { const char *name; size_t offset; int bytes; u64 value; } all[] = {
		{ "operations", 0, 8, ops ? ops->value : 0 }, { "state", 8, 8, state ? state->value : 0 }, { "base", 24, 8, v->base },
		{ "size", 32, 8, v->size }, { "cell", 44, 2, cell }, { "policy", 46, 2, v->drop },
	};

	for (size_t n = 0; n < sizeof all / sizeof all[0]; n++)
		expect(c, "device", who, all[n].name, object_field(o, VDEV_SIZE, i, all[n].offset, all[n].bytes), all[n].value);
	expect_text(c, who, object_field(o, VDEV_SIZE, i, 16, 8), v->name);
	if (!state || !span_holds((struct span) { data->base, data->size }, (struct span) { state->value, state->size }))
		finding(c, "device", "%s: its state is not in .data", who);
	for (u64 at = v->base & ~(PAGE - 1); at < v->base + v->size && at - v->base < 16 * MIB + PAGE; at += PAGE)
		if (look_up(c, &c->cells[cell].run, at, &leaf)) {
			finding(c, "device", "%s: guest address 0x%llx is mapped, so the device is not asked", who, at);
			break;
		}
}

static void check_board(struct check *c)
{
	struct object ram = object_get(c, "machine_ram", c->hw->ram.n * 16), board = object_get(c, "machine_board", 24);
	struct object service = object_get(c, "machine_service_cpu", 2), base = object_get(c, "machine_console_base", 8);
	struct object clock = object_get(c, "machine_console_clock", 4), model = object_get(c, "machine_board_name", 0);

	for (size_t i = 0; ram.p && i < c->hw->ram.n; i++) {
		expect(c, "board", "machine_ram", "base", object_field(ram, 16, i, 0, 8), c->hw->ram.v[i].base);
		expect(c, "board", "machine_ram", "size", object_field(ram, 16, i, 8, 8), c->hw->ram.v[i].size);
	}
	expect(c, "board", "machine_board", "gicd", object_field(board, 24, 0, 0, 8), c->hw->gicd);
	expect_zero(c, board, "machine_board", 20, 24);
	expect(c, "board", "machine_service_cpu", "value", object_field(service, 2, 0, 0, 2), (u64)c->ask->service & NONE);
	expect(c, "board", "machine_console_base", "value", object_field(base, 8, 0, 0, 8), c->ask->console);
	expect(c, "board", "machine_console_clock", "value", object_field(clock, 4, 0, 0, 4), c->ask->console_clock);
	if (model.p && c->hw->model && !text_is(c, model.address, c->hw->model))
		finding(c, "board", "machine_board_name is not '%s'", c->hw->model);
}

void check_objects(struct check *c)
{
	struct object vdevs = array_get(c, "machine_vdevs", c->ask->vdevs, VDEV_SIZE);
	size_t at = 0;

	check_cpus(c);
	check_cells_object(c);
	for (size_t i = 0; i < c->ask->cells.n; i++)
		for (size_t n = 0; n < c->ask->cells.v[i].vdevs.n; n++, at++)
			if (vdevs.p)
				check_vdev(c, vdevs, at, i, &c->ask->cells.v[i].vdevs.v[n]);
	check_board(c);
}
