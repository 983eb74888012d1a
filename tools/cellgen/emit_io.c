/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The part of machine.c that is about devices that write memory: IOMMUs, streams, PCI functions. */
#include <stdlib.h>

#include "pte.h"
#include "pci.h"

typedef unsigned long long ull;

/* ---- IOMMUs */

static u32 used_iommus(const struct decision *d)
{
	u32 count = 0;

	for (u32 i = 0; i < d->iommu_count; i++) {
		count += d->iommus[i].used;
	}
	return count;
}

/* Among those that are emitted. */
static u32 iommu_number(const struct decision *d, u16 iommu)
{
	u32 number = 0;

	for (u16 i = 0; i < iommu; i++) {
		number += d->iommus[i].used;
	}
	return number;
}

static void emit_iommu(const struct decision *d, const struct iommu *iommu, struct out *out)
{
	u64 commands = iommu->pages + iommu->leaf_count * PAGE_SIZE, events = commands + PAGE_SIZE;

	out_printf(out, "\t{ /* %s, %s */\n", emit_path(iommu->node), emit_at(d, iommu->node->at));
	out_printf(out, "\t\t.name = %s,\n\t\t.base = 0x%llx,\n", emit_quote(iommu->name), (ull)iommu->base);
	out_printf(out, "\t\t.strtab_base = 0x%llx,\n\t\t.strtab_cfg = 0x%llx,\n", (ull)SMMU_STRTAB_BASE_VALUE(iommu->level1),
		   (ull)SMMU_STRTAB_CFG_VALUE(iommu->sid_bits));
	out_printf(out, "\t\t.sid_bits = %u,\n", iommu->sid_bits);
	out_printf(out, "\t\t.cmdq_base = 0x%llx,\n\t\t.eventq_base = 0x%llx,\n", (ull)SMMU_CMDQ_BASE_VALUE(frames_of(d, commands)),
		   (ull)SMMU_EVENTQ_BASE_VALUE(frames_of(d, events)));
	out_printf(out, "\t\t.commands = (u64 *)0x%llxUL,\n\t\t.events = (u64 *)0x%llxUL,\n", (ull)commands, (ull)events);
	out_printf(out, "\t\t.coherent = %s,\n\t},\n", iommu->coherent ? "true" : "false");
}

/* Link address of a StreamID's entry. */
static u64 entry_of(const struct iommu *iommu, u32 id)
{
	u32 leaf = 0;

	while (leaf < iommu->leaf_count && iommu->leaves[leaf] != id / SMMU_LEAF_STREAMS) {
		leaf++;
	}
	if (leaf == iommu->leaf_count) {
		fatal("bug: stream 0x%x has no entry", id);
	}
	return iommu->pages + leaf * PAGE_SIZE + id % SMMU_LEAF_STREAMS * (u64)SMMU_STE_SIZE;
}

static void emit_streams(const struct decision *d, struct out *out)
{
	out_printf(out, "const struct arch_iommu_config machine_iommus[MACHINE_MAX_IOMMU] = {\n");
	for (u32 i = 0; i < d->iommu_count; i++) {
		if (d->iommus[i].used) {
			emit_iommu(d, &d->iommus[i], out);
		}
	}
	out_printf(out, "};\n\nconst struct stream_config machine_streams[MACHINE_MAX_STREAM] = {\n");
	for (u32 i = 0; i < d->stream_count; i++) {
		const struct stream *s = &d->streams[i];
		const struct device *device = &d->devices[s->device];

		out_printf(out, "\t{ /* %s, %s */\n", emit_path(device->node), emit_at(d, s->at));
		out_printf(out, "\t\t.name = %s,\n\t\t.id = 0x%x,\n\t\t.iommu = %u,\n", emit_quote(device->name), s->id,
			   iommu_number(d, s->iommu));
		out_printf(out, "\t\t.cell = %u, /* %s */\n", s->cell, d->cells[s->cell].name);
		out_printf(out, "\t\t.arch = { .entry = (u64 *)0x%llxUL, .vmid = %u },\n\t},\n", (ull)entry_of(&d->iommus[s->iommu], s->id),
			   d->dma_trees[s->tree].vmid);
	}
	out_printf(out, "};\n\n");
}

/* ---- PCI */

static int compare_functions(const void *left, const void *right)
{
	const struct function *a = *(const struct function *const *)left, *b = *(const struct function *const *)right;

	if (a->cell != b->cell) {
		return a->cell < b->cell ? -1 : 1;
	}
	if (a->host != b->host) {
		return a->host < b->host ? -1 : 1;
	}
	return (a->address > b->address) - (a->address < b->address);
}

/* Functions that cells have: by cell, host, address. */
u32 functions_owned(const struct decision *d, const struct function ***list)
{
	u32 count = 0;

	*list = NULL;
	for (u32 i = 0; i < d->function_count; i++) {
		if (d->functions[i].cell != CELL_NONE) {
			*(const struct function **)mem_push(list, &count, sizeof(**list)) = &d->functions[i];
		}
	}
	if (count) {
		qsort(*list, count, sizeof(**list), compare_functions);
	}
	return count;
}

static u64 bus_config(const struct pci_host *host, u32 bus)
{
	return host->ecam.base + ((u64)(bus - host->first_bus) << 20);
}

/* A line of a function that nobody else may have. */
static bool has_intx(const struct decision *d, const struct function *f)
{
	return f->pin && d->devices[f->device].irq_count;
}

static void emit_function(const struct decision *d, const struct function *f, u32 first_bar, struct out *out)
{
	out_printf(out, "\t{ /* %s, %s */\n", emit_path(f->node), emit_at(d, f->at));
	out_printf(out, "\t\t.name = %s,\n\t\t.config = 0x%llx,\n", emit_quote(f->name),
		   (ull)function_config(d, f));
	out_printf(out, "\t\t.address = 0x%x,\n\t\t.cell = %u, /* %s */\n", f->address, f->cell, d->cells[f->cell].name);
	out_printf(out, "\t\t.vendor = 0x%04x,\n\t\t.device = 0x%04x,\n", f->vendor, f->id);
	out_printf(out, "\t\t.first_bar = %u,\n\t\t.bar_count = %u,\n\t\t.vectors = %u,\n", first_bar, f->bar_count, f->vectors);
	out_printf(out, "\t\t.intx = %s,\n\t\t.no_reset = %s,\n", has_intx(d, f) ? "true" : "false", f->no_reset ? "true" : "false");
	if (f->reset_write) {
		out_printf(out, "\t\t.reset_bar = %u,\n\t\t.reset_offset = 0x%x,\n\t\t.reset_value = 0x%x,\n", f->reset_bar, f->reset_offset,
			   f->reset_value);
	} else {
		out_printf(out, "\t\t.reset_bar = PCI_NO_BAR,\n");
	}
	out_printf(out, "\t\t.pin = %u,\n\t},\n", f->pin);
}

static void emit_bars(const struct decision *d, const struct function *const *list, u32 count, struct out *out)
{
	out_printf(out, "const struct pci_bar machine_bars[MACHINE_MAX_BAR] = {\n");
	for (u32 i = 0; i < count; i++) {
		for (u32 k = 0; k < list[i]->bar_count; k++) {
			const struct bar *bar = &list[i]->bars[k];

			out_printf(out, "\t{ .base = 0x%llx, .size = 0x%llx, .function = %u, .index = %u, .wide = %s, .prefetchable = %s }, "
				   "/* %s, %s */\n", (ull)bar->base, (ull)bar->size, i, bar->index, bar->wide ? "true" : "false",
				   bar->prefetchable ? "true" : "false", emit_path(list[i]->node), emit_at(d, bar->at));
		}
	}
	out_printf(out, "};\n\n");
}

static bool same_space(const struct function *a, const struct function *b)
{
	return a->cell == b->cell && a->host == b->host && a->address >> 8 == b->address >> 8;
}

static u32 emit_spaces(const struct decision *d, const struct function *const *list, u32 count, struct out *out)
{
	u32 spaces = 0;

	for (u32 i = 0, end; i < count; i = end) {
		const struct pci_host *host = &d->hosts[list[i]->host];
		u32 bus = list[i]->address >> 8;

		for (end = i + 1; end < count && same_space(list[i], list[end]); end++) {
		}
		if (out) {
			out_printf(out, "\t{ .base = 0x%llx, .cell = %u, .bus = %u, .first_function = %u, .function_count = %u }, /* %s, for %s */\n",
				   (ull)bus_config(host, bus), list[i]->cell, bus, i, end - i, emit_path(host->node),
				   d->cells[list[i]->cell].name);
		}
		spaces++;
	}
	return spaces;
}

/* Each bus once, whoever has functions on it. */
static u32 emit_buses(const struct decision *d, const struct function *const *list, u32 count, struct out *out)
{
	u32 buses = 0;

	for (u32 i = 0; i < count; i++) {
		u32 k = 0;

		while (k < i && (list[k]->host != list[i]->host || list[k]->address >> 8 != list[i]->address >> 8)) {
			k++;
		}
		if (k < i) {
			continue;
		}
		if (out) {
			out_printf(out, "\t{ .config = 0x%llx, .bus = %u }, /* %s */\n",
				   (ull)bus_config(&d->hosts[list[i]->host], list[i]->address >> 8), list[i]->address >> 8,
				   emit_path(d->hosts[list[i]->host].node));
		}
		buses++;
	}
	return buses;
}

static void emit_pci(const struct decision *d, struct out *out)
{
	const struct function **list;
	u32 count = functions_owned(d, &list), bars = 0;

	out_printf(out, "const struct pci_function machine_functions[MACHINE_MAX_FUNCTION] = {\n");
	for (u32 i = 0; i < count; i++) {
		emit_function(d, list[i], bars, out);
		bars += list[i]->bar_count;
	}
	out_printf(out, "};\n\n");
	emit_bars(d, list, count, out);
	out_printf(out, "const struct pci_space machine_spaces[MACHINE_MAX_SPACE] = {\n");
	emit_spaces(d, list, count, out);
	out_printf(out, "};\n\nconst struct pci_bus machine_buses[MACHINE_MAX_BUS] = {\n");
	emit_buses(d, list, count, out);
	out_printf(out, "};\n\n");
}

struct io_counts emit_io_counts(const struct decision *d)
{
	const struct function **list;
	struct io_counts counts = { .iommus = used_iommus(d), .streams = d->stream_count, .functions = functions_owned(d, &list) };

	for (u32 i = 0; i < counts.functions; i++) {
		counts.bars += list[i]->bar_count;
	}
	counts.spaces = emit_spaces(d, list, counts.functions, NULL);
	counts.buses = emit_buses(d, list, counts.functions, NULL);
	return counts;
}

void emit_io(const struct decision *d, struct out *out)
{
	emit_streams(d, out);
	emit_pci(d, out);
}
