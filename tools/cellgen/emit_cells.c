/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The part of machine.c that is about cells. */
#include "arch_machine.h"
#include "pte.h"
#include "parts.h"

typedef unsigned long long ull;

/* The physical lines a cell has, one bit each; only words that have one. */
static void emit_line_words(const struct decision *d, const struct cell *cell, struct out *out)
{
	u32 words[GIC_LINE_WORDS] = {0};

	for (u32 i = 0; i < d->line_count; i++) {
		if (d->lines[i].cell == cell->index) {
			words[d->lines[i].intid / 32] |= (u32)BIT(d->lines[i].intid % 32);
		}
	}
	out_printf(out, "\t\t\t.lines = {\n");
	for (u32 i = 0; i < GIC_LINE_WORDS; i++) {
		if (words[i]) {
			out_printf(out, "\t\t\t\t[%u] = 0x%xu,\n", i, words[i]);
		}
	}
	out_printf(out, "\t\t\t},\n");
}

static void emit_arch(const struct decision *d, const struct cell *cell, struct out *out)
{
	out_printf(out, "\t\t.arch = {\n");
	out_printf(out, "\t\t\t.root = (u64 *)0x%llxUL,\n", (ull)cell->root_link);
	out_printf(out, "\t\t\t.root_const = (const u64 *)0x%llxUL,\n", (ull)cell->root_const_link);
	out_printf(out, "\t\t\t.root_used = %u,\n", cell->root_used);
	out_printf(out, "\t\t\t.gicd_base = 0x%llx,\n\t\t\t.gicr_base = 0x%llx,\n", (ull)cell->gicd, (ull)cell->gicr);
	out_printf(out, "\t\t\t.load_entry = 0x%llx,\n", (ull)LOAD_WINDOW);
	out_printf(out, "\t\t\t.load_list = 0x%llx,\n", (ull)(LOAD_WINDOW + LOAD_LIST_OFFSET));
	emit_line_words(d, cell, out);
	if (cell->mediated) {
		out_printf(out, "\t\t\t.vgic = &vgic_%u,\n", cell->index);
	}
	out_printf(out, "\t\t},\n");
}

/* The first console among the cell's devices; VDEV_COUNT: none. */
static u32 console_of(const struct decision *d, const struct cell *cell)
{
	for (u32 i = cell->first_vdev; i < cell->first_vdev + cell->vdev_count; i++) {
		if (d->vdevs[i].type->console) {
			return i;
		}
	}
	return d->vdev_count;
}

static const char *truth(bool value)
{
	return value ? "true" : "false";
}

static void emit_cell(const struct decision *d, const struct cell *cell, u32 first_cpu, u32 first_ram, struct out *out)
{
	out_printf(out, "\t{ /* %s, %s */\n", emit_path(cell->node), emit_at(d, cell->at));
	out_printf(out, "\t\t.name = %s,\n", emit_quote(cell->name));
	out_printf(out, "\t\t.vcpu_count = %u,\n\t\t.first_cpu = %u,\n", cell->cpu_count, first_cpu);
	out_printf(out, "\t\t.first_ram = %u,\n\t\t.ram_count = %u,\n", first_ram, cell->ram_count);
	out_printf(out, "\t\t.first_vdev = %u,\n\t\t.vdev_count = %u,\n", cell->first_vdev, cell->vdev_count);
	out_printf(out, "\t\t.console = %u,\n", console_of(d, cell));
	out_printf(out, "\t\t.strict = %s,\n\t\t.debug_stop = %s,\n\t\t.wfi_native = %s,\n\t\t.debug_gdb = %s,\n",
		   truth(cell->strict), truth(cell->debug && !cell->gdb), truth(cell->wfi || cell->mediated), truth(cell->gdb));
	out_printf(out, "\t\t.entry = 0x%llx, /* %s */\n", (ull)cell->images[IMAGE_KERNEL].entry,
		   emit_comment(cell->images[IMAGE_KERNEL].name));
	out_printf(out, "\t\t.dtb = 0x%llx,\n", (ull)cell->images[IMAGE_DTB].guest);
	emit_arch(d, cell, out);
	out_printf(out, "\t},\n");
}

static void emit_ram(const struct decision *d, struct out *out)
{
	out_printf(out, "const struct cell_ram machine_cell_ram[MACHINE_MAX_CELL_RAM] = {\n");
	for (u32 i = 0; i < d->cell_count; i++) {
		const struct cell *cell = &d->cells[i];

		for (u32 n = 0; n < cell->ram_count; n++) {
			out_printf(out, "\t{ 0x%llx, 0x%llx }, /* memory of %s, %s */\n", (ull)cell->ram[n].guest,
				   (ull)cell->ram[n].size, emit_path(cell->node), emit_at(d, cell->ram[n].at));
		}
	}
	out_printf(out, "};\n\n");
}

void emit_cells(const struct decision *d, struct out *out)
{
	u32 first_cpu = 0, first_ram = 0;

	out_printf(out, "const u16 machine_cell_cpus[MACHINE_MAX_VCPU] = {\n");
	for (u32 i = 0; i < d->cell_count; i++) {
		const struct cell *cell = &d->cells[i];

		out_printf(out, "\t/* cpus of %s, %s */", emit_path(cell->node), emit_at(d, prop_at(cell->node, "cpus")));
		for (u32 n = 0; n < cell->cpu_count; n++) {
			out_printf(out, " %u,", cell->cpus[n].cpu);
		}
		out_printf(out, "\n");
	}
	out_printf(out, "};\n\n");
	emit_ram(d, out);
	out_printf(out, "const struct cell_config machine_cells[MACHINE_MAX_CELL] = {\n");
	for (u32 i = 0; i < d->cell_count; i++) {
		emit_cell(d, &d->cells[i], first_cpu, first_ram, out);
		first_ram += d->cells[i].ram_count;
		first_cpu += d->cells[i].cpu_count;
	}
	out_printf(out, "};\n\n");
}
