/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * cellgen with a placement that goes wrong: DECIDE=NAME spoils the decision just before it is checked, which is what a
 * bug of place*.c would do. run.py says which finding has to come. Linked with --wrap=check_decision over all of cellgen.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts.h"

void __real_check_decision(const struct decision *d, struct diag *diag);
void __wrap_check_decision(const struct decision *d, struct diag *diag);

static struct extent *claim(struct extent *list, u32 count, enum extent_kind kind, u16 cell)
{
	for (u32 i = 0; i < count; i++) {
		if (list[i].kind == kind && list[i].cell == cell) {
			return &list[i];
		}
	}
	fatal("decide: no such claim");
}

static struct extent *phys(struct decision *d, enum extent_kind kind, u16 cell)
{
	return claim(d->phys, d->phys_count, kind, cell);
}

static struct extent *map(struct decision *d, enum extent_kind kind)
{
	return claim(d->cells[0].map, d->cells[0].map_count, kind, 0);
}

static struct line *line(struct decision *d, enum line_use use)
{
	u32 i = 0;

	while (d->lines[i].use != use) {
		i++;
	}
	return &d->lines[i];
}

/* What the first cell's memory, and its claim on it, becomes. */
static void move_ram(struct decision *d, u64 to)
{
	struct extent *e = phys(d, EXTENT_RAM, 0);

	e->base = d->cells[0].ram[0].backing.stripes[0].base = to;
	extent_sort(d->phys, d->phys_count);
}

static void ram_over_cell(struct decision *d)
{
	move_ram(d, phys(d, EXTENT_RAM, 1)->base);
}

static void ram_over_hypervisor(struct decision *d)
{
	move_ram(d, d->hyp.memory.base + d->hyp.memory.size - PAGE_SIZE);
}

static void ram_over_image(struct decision *d)
{
	move_ram(d, phys(d, EXTENT_IMAGE, 1)->base);
}

static void ram_over_console(struct decision *d)
{
	move_ram(d, phys(d, EXTENT_DEVICE, CELL_NONE)->base);
}

static void ram_outside(struct decision *d)
{
	move_ram(d, d->banks[0].base + d->banks[0].size - PAGE_SIZE);
}

static void ram_unlisted(struct decision *d)
{
	d->cells[0].ram[0].backing.stripes[0].base += BLOCK_SIZE;
}

/* In good/shared-regions.dts the third region is one that cellgen places. */
static void region_over_cell(struct decision *d)
{
	struct extent *e = phys(d, EXTENT_SHARED, CELL_NONE);

	while (e->base != d->reserves[2].phys) {
		e++;
	}
	e->base = d->reserves[2].phys = d->cells[0].ram[0].phys;
	extent_sort(d->phys, d->phys_count);
}

static void region_unlisted(struct decision *d)
{
	d->reserves[2].phys -= PAGE_SIZE;
}

static void crash_over_cell(struct decision *d)
{
	struct extent *e = phys(d, EXTENT_CRASH, CELL_NONE);

	e->base = d->reserves[d->hyp.crash.reserve].phys = d->cells[0].ram[0].phys;
	extent_sort(d->phys, d->phys_count);
}

static void crash_unlisted(struct decision *d)
{
	d->reserves[d->hyp.crash.reserve].phys -= PAGE_SIZE;
}

static void region_moved(struct decision *d)
{
	d->cells[1].shares[0].guest -= PAGE_SIZE;
}

static void image_unlisted(struct decision *d)
{
	d->cells[1].images[IMAGE_DTB].backing.stripes[0].base += PAGE_SIZE;
}

static void window_unlisted(struct decision *d)
{
	d->vdevs[0].base += PAGE_SIZE;
}

static void hypervisor_unlisted(struct decision *d)
{
	d->hyp.memory.size += PAGE_SIZE;
}

static void image_over_image(struct decision *d)
{
	struct extent *e = phys(d, EXTENT_IMAGE, 1);

	e->base = d->cells[1].images[IMAGE_KERNEL].backing.stripes[0].base = phys(d, EXTENT_IMAGE, 0)->base;
	extent_sort(d->phys, d->phys_count);
}

/* Guest addresses: the map is sorted, so the claim that moves is moved to its neighbour's place. */
static void kernel_over_dtb(struct decision *d)
{
	struct image *kernel = &d->cells[0].images[IMAGE_KERNEL];

	map(d, EXTENT_IMAGE)->size = kernel->memory_size = MIB(3);
}

static void stack_over_stack(struct decision *d)
{
	d->cpus[1].guard -= PAGE_SIZE;
	d->cpus[1].page -= PAGE_SIZE;
}

static void stack_without_guard(struct decision *d)
{
	d->cpus[0].page -= PAGE_SIZE;
}

static void stack_outside(struct decision *d)
{
	d->hyp.slots[SLOT_PERCPU].size -= PAGE_SIZE;
}

static void image_outside(struct decision *d)
{
	struct image *kernel = &d->cells[0].images[IMAGE_KERNEL];

	map(d, EXTENT_IMAGE)->size = kernel->memory_size = d->cells[0].ram[0].size + PAGE_SIZE;
}

static void gic_over_window(struct decision *d)
{
	map(d, EXTENT_GIC)->size = MIB(32);
}

static void kick_twice(struct decision *d)
{
	line(d, LINE_KICK)[1].intid = line(d, LINE_KICK)->intid;
}

static void kick_driven(struct decision *d)
{
	line(d, LINE_KICK)->intid = SPI_BASE + 7;
}

static void kick_beyond(struct decision *d)
{
	d->lines[d->line_count - 1].intid = SPI_BASE + SPI_COUNT;
}

static void console_line_without_service(struct decision *d)
{
	d->service_cpu = CPU_NONE;
}

static void number_twice(struct decision *d)
{
	u32 i = 0;

	while (d->virtual_lines[i].physical == d->virtual_lines[0].physical) { /* those may share a number */
		i++;
	}
	d->virtual_lines[i].intid = d->virtual_lines[0].intid;
}

static void number_beyond(struct decision *d)
{
	d->virtual_lines[0].intid = SPI_BASE + VIRTUAL_SPI_COUNT;
}

/* The last one belongs to the last cell, the first one to the first. */
static void line_of_another(struct decision *d)
{
	d->virtual_lines[0].physical = d->virtual_lines[d->virtual_count - 2].physical;
}

/* The kernel goes below the memory: its claim moves along, and stays sorted. */
static void image_below(struct decision *d)
{
	map(d, EXTENT_IMAGE)->base = d->cells[0].images[IMAGE_KERNEL].guest -= PAGE_SIZE;
	extent_sort(d->cells[0].map, d->cells[0].map_count);
}

/* In good/colors-beside-uncoloured.dts: the first cell has no colours, the second one does. */
static void ram_over_colors(struct decision *d)
{
	move_ram(d, phys(d, EXTENT_RAM, 1)->base + PAGE_SIZE);
}

static void kick_private(struct decision *d)
{
	d->lines[0].intid = SPI_BASE - 1;
}

/* A line that a cell has, but not for a device of the board. */
static void line_of_nothing(struct decision *d)
{
	u32 intid = line(d, LINE_DEVICE)->intid;

	for (u32 i = 0; i < d->line_count; i++) {
		d->lines[i].use = d->lines[i].intid == intid ? LINE_VDEV : d->lines[i].use;
	}
}

/* In good/pci.dts the first function is the first cell's, the fourth the last cell's. */
static void bar_below(struct decision *d)
{
	d->functions[0].bars[0].base = d->hosts[0].window.base - MIB(1);
}

static void bar_beyond(struct decision *d)
{
	d->functions[0].bars[0].base = align_down(d->hosts[0].window.base + d->hosts[0].window.size, d->functions[0].bars[0].size);
}

static void bar_crooked(struct decision *d)
{
	d->functions[0].bars[0].base += PAGE_SIZE;
}

static void bar_unlisted(struct decision *d)
{
	d->functions[0].bars[0].base += 4 * d->functions[0].bars[0].size;
}

static void bar_over_bar(struct decision *d)
{
	d->devices[d->functions[3].device].regs[0].base = d->functions[0].bars[0].base;
}

static void configuration_unlisted(struct decision *d)
{
	map(d, EXTENT_CONFIG)->size -= PAGE_SIZE;
}

/* ---- what no partition and no decision can lead to: these are fatal by themselves */

static void bug_address(struct decision *d)
{
	frames_of(d, d->hyp.base - PAGE_SIZE);
}

static void bug_frame_beyond(struct decision *d)
{
	frames_page(d, d->hyp.memory.base + d->hyp.memory.size);
}

static void bug_frame_free(struct decision *d)
{
	frames_page(d, d->hyp.memory.base + d->hyp.needed);
}

static void bug_backing(struct decision *d)
{
	struct ram *ram = &d->cells[0].ram[0];

	backing_run(&ram->backing, ram->size);
}

static struct tables tables_in(struct decision *d)
{
	return (struct tables){ .d = d, .first = d->hyp.frames.page_count };
}

static void bug_table(struct decision *d)
{
	struct tables t = tables_in(d);

	tables_page(&t, CELL_NONE);
	tables_read(&t, d->hyp.base, 0);
}

static void map_two(struct decision *d, struct mapping first, struct mapping second)
{
	struct tables t = tables_in(d);
	u64 root = tables_page(&t, CELL_NONE);

	tables_map(&t, root, &first);
	tables_map(&t, root, &second);
}

static const struct mapping a_page = { .from = BLOCK_SIZE, .size = PAGE_SIZE, .owner = CELL_NONE };

static void bug_in_block(struct decision *d)
{
	map_two(d, (struct mapping){ .from = BLOCK_SIZE, .size = BLOCK_SIZE, .owner = CELL_NONE }, a_page);
}

static void bug_mapped_twice(struct decision *d)
{
	map_two(d, a_page, a_page);
}

static void bug_unaligned(struct decision *d)
{
	map_two(d, a_page, (struct mapping){ .from = 3 * BLOCK_SIZE, .to = 8, .size = PAGE_SIZE, .owner = CELL_NONE });
}

static void bug_beyond(struct decision *d)
{
	map_two(d, a_page, (struct mapping){ .from = 1ULL << 40, .size = PAGE_SIZE, .owner = CELL_NONE });
}

static void bug_reaches_beyond(struct decision *d)
{
	map_two(d, a_page, (struct mapping){ .from = 3 * BLOCK_SIZE, .size = 1ULL << 39, .owner = CELL_NONE });
}

static const struct {
	const char *name;
	void (*spoil)(struct decision *d);
} ways[] = {
	{ "bar-below", bar_below },
	{ "bar-beyond", bar_beyond },
	{ "bar-crooked", bar_crooked },
	{ "bar-unlisted", bar_unlisted },
	{ "bar-over-bar", bar_over_bar },
	{ "configuration-unlisted", configuration_unlisted },
	{ "ram-over-cell", ram_over_cell },
	{ "ram-over-hypervisor", ram_over_hypervisor },
	{ "ram-over-image", ram_over_image },
	{ "ram-over-console", ram_over_console },
	{ "ram-outside", ram_outside },
	{ "ram-unlisted", ram_unlisted },
	{ "region-over-cell", region_over_cell },
	{ "region-unlisted", region_unlisted },
	{ "region-moved", region_moved },
	{ "crash-over-cell", crash_over_cell },
	{ "crash-unlisted", crash_unlisted },
	{ "image-unlisted", image_unlisted },
	{ "window-unlisted", window_unlisted },
	{ "hypervisor-unlisted", hypervisor_unlisted },
	{ "image-over-image", image_over_image },
	{ "kernel-over-dtb", kernel_over_dtb },
	{ "image-outside", image_outside },
	{ "stack-over-stack", stack_over_stack },
	{ "stack-without-guard", stack_without_guard },
	{ "stack-outside", stack_outside },
	{ "gic-over-window", gic_over_window },
	{ "kick-twice", kick_twice },
	{ "kick-driven", kick_driven },
	{ "kick-beyond", kick_beyond },
	{ "console-line-without-service", console_line_without_service },
	{ "number-twice", number_twice },
	{ "number-beyond", number_beyond },
	{ "line-of-another", line_of_another },
	{ "image-below", image_below },
	{ "ram-over-colors", ram_over_colors },
	{ "kick-private", kick_private },
	{ "line-of-nothing", line_of_nothing },
	{ "bug-address", bug_address },
	{ "bug-frame-beyond", bug_frame_beyond },
	{ "bug-frame-free", bug_frame_free },
	{ "bug-backing", bug_backing },
	{ "bug-table", bug_table },
	{ "bug-in-block", bug_in_block },
	{ "bug-mapped-twice", bug_mapped_twice },
	{ "bug-unaligned", bug_unaligned },
	{ "bug-beyond", bug_beyond },
	{ "bug-reaches-beyond", bug_reaches_beyond },
};

void __wrap_check_decision(const struct decision *decision, struct diag *diag)
{
	const char *name = getenv("DECIDE");
	struct decision *d;

	memcpy(&d, &decision, sizeof(d));
	for (u32 i = 0; name && i < ARRAY_COUNT(ways); i++) {
		if (strcmp(ways[i].name, name) == 0) {
			ways[i].spoil(d);
			name = NULL;
		}
	}
	if (name && *name) {
		fatal("decide: what is %s?", name);
	}
	__real_check_decision(decision, diag);
}
