/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* report.txt: the decision for a person to read. Nothing is in it that is not also decided. */
#include <string.h>

#include "diag.h"

typedef unsigned long long ull;

static const char *size_text(u64 size)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB" };
	u32 unit = 0;

	while (unit < 3 && size >= 1024 && size % 1024 == 0) {
		size /= 1024;
		unit++;
	}
	return mem_format("%llu %s", (ull)size, units[unit]);
}

static void range_line(struct out *out, u64 base, u64 size, const char *what, const char *from)
{
	out_printf(out, "  0x%010llx-0x%010llx %12s  %s", (ull)base, (ull)(base + size - 1), size_text(size), what);
	out_printf(out, from ? "  (%s)\n" : "\n", from);
}

static void emit_slots(const struct decision *d, struct out *out)
{
	static const char *const names[SLOT_COUNT] = {
		"code", "constants", "copiers (run in cells, at EL1)", "root pages in force", "shared data",
		"per CPU: guard, 2 stack pages, struct cpu", "translation tables", "stream tables, queues of IOMMUs",
	};
	static const enum slot order[] = {
		SLOT_TEXT, SLOT_RODATA, SLOT_COPIER, SLOT_ROOTS, SLOT_STREAMS, SLOT_DATA, SLOT_PERCPU, SLOT_TABLES,
	};

	for (u32 k = 0; k < SLOT_COUNT; k++) {
		enum slot i = order[k];

		if (d->hyp.slots[i].size) {
			range_line(out, d->hyp.slots[i].base, d->hyp.slots[i].size, mem_format("  %s", names[i]),
				   any_colors(d) ? "link addresses" : NULL);
		}
	}
	if (d->hyp.memory.size > d->hyp.needed) {
		range_line(out, d->hyp.memory.base + d->hyp.needed, d->hyp.memory.size - d->hyp.needed, "  not used", NULL);
	}
}

/* One RAM bank: who has what, and the gaps between. */
static void emit_bank(const struct decision *d, const struct ram_bank *bank, struct out *out)
{
	u64 next = bank->base, end = bank->base + bank->size, free = 0;

	for (u32 i = 0; i < d->phys_count; i++) {
		const struct extent *e = &d->phys[i];

		if (e->base < bank->base || e->base >= end) {
			continue;
		}
		if (e->base > next) {
			range_line(out, next, e->base - next, "free", NULL);
			free += e->base - next;
		}
		range_line(out, e->base, e->size, e->colors ? mem_format("%s: of it %s, colours %s", e->what,
			   size_text(e->size / e->colors->of * e->colors->count), colors_text(e->colors->mask, e->colors->of)) : e->what, emit_at(d, e->at));
		if (e->kind == EXTENT_HYP) {
			emit_slots(d, out);
		}
		next = e->base + e->size > next ? e->base + e->size : next;
	}
	if (next < end) {
		range_line(out, next, end - next, "free", NULL);
		free += end - next;
	}
	out_printf(out, "  bank of %s, %s of it free\n", size_text(bank->size), size_text(free));
}

static void emit_memory(const struct decision *d, struct out *out)
{
	out_printf(out, "\nPHYSICAL MEMORY\n\n");
	for (u32 i = 0; i < d->bank_count; i++) {
		emit_bank(d, &d->banks[i], out);
	}
}

static const char *colors_name(const struct colors *colors)
{
	return colors->count ? colors_text(colors->mask, colors->of) : "none: all of them";
}

static void emit_colors(const struct decision *d, struct out *out)
{
	out_printf(out, "\nCACHE COLOURS\n\n");
	for (u32 i = 0; i < d->cache_count; i++) {
		const struct cache *c = &d->caches[i];

		out_printf(out, "  %-12s %s, %u sets of %u-byte lines: %u colours\n", node_nick(c->node), size_text(c->size), c->sets,
			   c->line, c->colors);
	}
	out_printf(out, "  %-31s %s\n", "the hypervisor", colors_name(&d->hyp.colors));
	for (u32 i = 0; i < d->cell_count; i++) {
		out_printf(out, "  %-31s %s\n", d->cells[i].name, colors_name(&d->cells[i].colors));
	}
}

static void emit_cpus(const struct decision *d, struct out *out)
{
	out_printf(out, "\nCPUS\n\n");
	for (u32 i = 0; i < d->cpu_count; i++) {
		const struct cpu *cpu = &d->cpus[i];

		out_printf(out, "  %-8s id 0x%010llx  redistributor 0x%010llx  ", cpu->name, (ull)cpu->hw_id, (ull)cpu->gicr);
		if (cpu->role == ROLE_VCPU) {
			out_printf(out, "vCPU %u of '%s'%s", cpu->vcpu, d->cells[cpu->cell].name,
				   i == d->service_cpu ? " and service CPU of the core" : "");
		} else {
			out_printf(out, cpu->role == ROLE_SERVICE ? "service CPU of the core" : "nobody's");
		}
		out_printf(out, i == 0 ? ", boots\n" : "\n");
	}
	if (d->service_cpu == CPU_NONE) {
		out_printf(out, "  service CPU: none\n");
		return;
	}
	out_printf(out, "  service CPU: %s, %s\n", d->cpus[d->service_cpu].name, d->cpus[d->service_cpu].cell == CELL_NONE ?
		   "of its own" : mem_format("shared with '%s'", d->cells[d->cpus[d->service_cpu].cell].name));
}

static void emit_lines(const struct decision *d, struct out *out)
{
	out_printf(out, "\nINTERRUPT LINES\n\n");
	for (u32 i = 0; i < d->line_count; i++) {
		const struct line *l = &d->lines[i];

		out_printf(out, "  %4u (SPI %3u) %-5s to %-6s  %s%s%s  (%s)\n", l->intid, l->intid - SPI_BASE,
			   l->edge ? "edge" : "level", d->cpus[l->cpu].name, l->what,
			   l->lent ? ", lent by the core's console" : "", l->asked ? "" : ", chosen by cellgen",
			   emit_at(d, l->at));
	}
}

const char *device_owner(const struct decision *d, u32 device)
{
	for (u32 i = 0; i < d->cell_count; i++) {
		for (u32 j = 0; j < d->cells[i].access_count; j++) {
			if (d->cells[i].access[j].device == device) {
				return d->cells[i].name;
			}
		}
	}
	return NULL;
}

static void emit_device(const struct decision *d, u32 index, struct out *out)
{
	const struct device *device = &d->devices[index];
	const char *owner = device_owner(d, index);

	out_printf(out, "  %-16s ", device->name);
	if (device->reg_count) {
		out_printf(out, "0x%010llx ", (ull)device->regs[0].base);
	} else {
		out_printf(out, "%12s ", "-");
	}
	if (owner) {
		const char *dma = dma_text(d, index);

		out_printf(out, "'%s'%s%s\n", owner, dma[0] ? ", " : "", dma);
	} else if (device->console) {
		out_printf(out, "the core: its console\n");
	} else if (index == d->hyp.watchdog.device) {
		out_printf(out, "the core: it feeds this watchdog\n");
	} else if (device->system) {
		out_printf(out, "not to be given: %s\n", device->system);
	} else if (device->master) {
		out_printf(out, "nobody; can master the bus (%s)\n", device->master);
	} else {
		out_printf(out, "nobody\n");
	}
}

static void emit_devices(const struct decision *d, struct out *out)
{
	out_printf(out, "\nDEVICES OF THE BOARD\n\n");
	for (u32 i = 0; i < d->device_count; i++) {
		emit_device(d, i, out);
	}
}

static void emit_options(const struct cell *cell, struct out *out)
{
	out_printf(out, "  interrupts %s, WFI %s, breakpoint instruction %s, denied registers %s\n",
		   cell->interrupts, cell->mediated ? "always the guest's own" : cell->wfi ? "native" : "guarded",
		   cell->gdb ? "is a debugger's" : cell->debug ? "stops the cell" : "is the guest's own",
		   cell->strict ? "stop the cell" : "behave as not implemented");
}

/* A mediated cell's own numbers; those of a direct cell are the physical ones. */
static void emit_virtual(const struct decision *d, const struct cell *cell, struct out *out)
{
	out_printf(out, "\n  Interrupts\n");
	for (u32 i = 0; i < d->virtual_count; i++) {
		const struct virtual_line *l = &d->virtual_lines[i];

		if (l->cell != cell->index) {
			continue;
		}
		out_printf(out, "  %4u (SPI %3u) %-5s  %s, ", l->intid, l->intid - SPI_BASE, l->edge ? "edge" : "level", l->what);
		if (l->physical) {
			out_printf(out, "physical line %u (SPI %u), ", l->physical, l->physical - SPI_BASE);
			out_printf(out, l->limit ? "at most %u in a second" : "no limit", l->limit);
		} else {
			out_printf(out, "virtual device");
		}
		out_printf(out, "%s  (%s)\n", l->asked || l->intid == l->physical ? "" : ", chosen by cellgen",
			   emit_at(d, l->at));
	}
}

/* What cloison,access-bus does not bring, and why. */
static void emit_skips(const struct cell *cell, struct out *out)
{
	for (u32 i = 0; i < cell->skip_count; i++) {
		const char *heading = i ? "" : "\n  Below its buses, and not given\n";

		out_printf(out, "%s  %-28s %s\n", heading, cell->skips[i].node->path, cell->skips[i].why);
	}
}

static void emit_images(const struct cell *cell, struct out *out)
{
	const struct image *kernel = &cell->images[IMAGE_KERNEL];

	for (u32 i = 0; i < IMAGE_KIND_COUNT; i++) {
		const struct image *image = &cell->images[i];

		if (image->present) {
			out_printf(out, "  %-20s %9llu bytes to guest 0x%010llx from 0x%010llx (loader sees it at 0x%010llx)\n",
				   image->name, (ull)image->data_size, (ull)image->guest, (ull)image->phys,
				   (ull)image->load_source);
		}
	}
	out_printf(out, "  %s is %s%s; starts at guest 0x%010llx\n", kernel->name, kernel->gzip ? "gzip of " : "",
		   kernel_kind_name(kernel->kind), (ull)kernel->entry);
}

static void emit_cell(const struct decision *d, const struct cell *cell, struct out *out)
{
	out_printf(out, "\nCELL '%s'  (%s)\n\n", cell->name, emit_at(d, cell->at));
	emit_options(cell, out);
	out_printf(out, "  VMID %u, run root 0x%llx (const 0x%llx), load root 0x%llx\n\n  Guest addresses\n", cell->index + 1,
		   (ull)cell->root, (ull)cell->root_const, (ull)cell->load_root);
	for (u32 i = 0; i < cell->map_count; i++) {
		const struct extent *e = &cell->map[i];

		range_line(out, e->base, e->size, mem_format("%s%s", e->kind == EXTENT_IMAGE ? "  " : "", e->what),
			   e->asked ? emit_at(d, e->at) : NULL);
	}
	for (u32 i = 0; i < cell->ram_count; i++) {
		out_printf(out, "  memory 0x%010llx is physical 0x%010llx%s\n", (ull)cell->ram[i].guest,
			   (ull)cell->ram[i].phys, cell->ram[i].phys_asked ? ", as asked" : cell->colors.count ?
			   " and on, in its colours" : "");
	}
	if (cell->mediated) {
		emit_virtual(d, cell, out);
	}
	emit_skips(cell, out);
	out_printf(out, "\n  Images\n");
	emit_images(cell, out);
}

/* There is a report only if nothing was found. */
static void emit_checks(struct out *out)
{
	const char *subject = "";
	u32 count = 0;

	while (finding_kind_at(count)) {
		count++;
	}
	out_printf(out, "\nCHECKS\n\n  %u kinds of findings were looked for, none was found", count);
	for (u32 i = 0; i < count; i++) {
		const struct finding_kind *kind = finding_kind_at(i);

		if (kind->subject != subject && strcmp(kind->subject, subject) != 0) {
			out_printf(out, "\n  %s:", kind->subject);
			subject = kind->subject;
		}
		out_printf(out, " %s", kind->id);
	}
	out_printf(out, "\n");
}

void emit_report(const struct decision *d, const char *dir)
{
	struct out out = {0};

	out_printf(&out, "Partition %s on %s\n", d->name, d->model);
	out_printf(&out, "Configuration %s\n(SHA-256 over partition.dtb, starts.bin and the kernels and initrds of the cells, in their order)\n", d->hash);
	for (u32 i = 0; i < d->overlay_count; i++) {
		out_printf(&out, "%s%s%s", i ? ", " : "With ", path_base(d->overlays[i]), i + 1 < d->overlay_count ? "" : "\n");
	}
	out_printf(&out, "Relies on %u physical address bits and on interrupt lines up to %u\n", d->pa_bits, d->line_limit);
	emit_memory(d, &out);
	emit_colors(d, &out);
	emit_shares(d, &out);
	emit_cpus(d, &out);
	emit_life_report(d, &out);
	emit_lines(d, &out);
	emit_devices(d, &out);
	emit_functions(d, &out);
	emit_dma(d, &out);
	emit_its_report(d, &out);
	for (u32 i = 0; i < d->cell_count; i++) {
		emit_cell(d, &d->cells[i], &out);
	}
	emit_ignored(d, &out);
	emit_checks(&out);
	file_write(dir, "report.txt", out.data, out.size);
}
