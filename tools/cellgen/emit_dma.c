/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Devices that write memory, in the reports: what each reaches, behind which IOMMU under which number; who is trusted
 * without one, and why; and of which devices somebody has said what they are.
 */
#include "parts.h"

typedef unsigned long long ull;

/* "0x40 of smmu0, 0x0 of smmu1": a device may have several, and share one with another of its cell. */
static const char *streams_of(const struct decision *d, u16 device)
{
	struct out out = {0};

	for (u32 i = 0; i < d->stream_count; i++) {
		const struct stream *s = &d->streams[i];

		if (s->device == device) {
			out_printf(&out, "%s0x%x of %s", out.size ? ", " : "", s->id, d->iommus[s->iommu].name);
		}
	}
	return out.size ? out.data : "in common with another device of its cell";
}

static const char *against(const struct device *device)
{
	return device->against ? mem_format(", against %s", device->against) : "";
}

/* Who says that it is no bus master, or what it can reach as one; "" if nobody has to. */
const char *dma_text(const struct decision *d, u32 index)
{
	const struct device *device = &d->devices[index];
	const char *said = device->dma ? mem_format("cloison,dma at %s says%s", emit_at(d, device->dma->at), against(device)) : NULL;

	if (device->trusted) {
		return mem_format("reaches all memory (%s), as cloison,trusted-dma allows", said ? said : device->master);
	}
	if (device->master) {
		return mem_format("writes its cell's memory (%s), StreamID %s", said ? said : device->master, streams_of(d, (u16)index));
	}
	if (said) {
		return mem_format("no bus master, as %s", said);
	}
	return device->passive ? "" : "no bus master, as cloison,no-dma says";
}

/* ---- report.txt */

static void emit_streams(const struct decision *d, u16 iommu, struct out *out)
{
	for (u32 i = 0; i < d->stream_count; i++) {
		const struct stream *s = &d->streams[i];
		const struct dma_tree *tree = &d->dma_trees[s->tree];

		if (s->iommu == iommu) {
			out_printf(out, "    StreamID 0x%04x  %s of '%s': its memory%s, VMID %u, root 0x%llx  (%s)\n", s->id, d->devices[s->device].name,
				   d->cells[s->cell].name, tree->doorbell ? " and MSIs" : "", tree->vmid, (ull)tree->root, emit_at(d, s->at));
		}
	}
}

static bool any_trusted(const struct cell *cell)
{
	return cell->trust != NULL; /* one that trusts nothing is a finding */
}

static void emit_trusted(const struct decision *d, const struct cell *cell, struct out *out)
{
	out_printf(out, "  '%s' is trusted with devices that reach ALL memory, no IOMMU being in front: \"%s\"  (%s)\n", cell->name,
		   node_string(cell->node, "cloison,trusted-dma"), emit_at(d, cell->trust->at));
	for (u32 i = 0; i < cell->access_count; i++) {
		if (d->devices[cell->access[i].device].trusted) {
			out_printf(out, "    %s\n", d->devices[cell->access[i].device].name);
		}
	}
}

void emit_dma(const struct decision *d, struct out *out)
{
	out_printf(out, "\nDEVICES THAT WRITE MEMORY\n\n");
	for (u16 i = 0; i < d->iommu_count; i++) {
		const struct iommu *iommu = &d->iommus[i];

		out_printf(out, "  %s, SMMUv3 at 0x%010llx: %s  (%s)\n", iommu->name, (ull)iommu->base,
			   iommu->used ? "every StreamID but these is refused" : "nobody's devices are behind it, and the core leaves it alone",
			   emit_at(d, iommu->at));
		emit_streams(d, i, out);
	}
	for (u32 i = 0; i < d->cell_count; i++) {
		if (any_trusted(&d->cells[i])) {
			emit_trusted(d, &d->cells[i], out);
		}
	}
	for (u32 i = 0; i < d->device_count; i++) {
		if (d->devices[i].dma) {
			out_printf(out, "  %s is %s, as cloison,dma says%s  (%s)\n", d->devices[i].name, d->devices[i].master ? "a bus master" :
				   "no bus master", against(&d->devices[i]), emit_at(d, d->devices[i].dma->at));
		}
	}
	if (d->stream_count == 0) {
		out_printf(out, "  No cell has a device behind an IOMMU\n");
	}
}

/* ---- report.json */

static void text(struct out *out, const char *name, const char *value)
{
	out_printf(out, "\"%s\": ", name);
	emit_json_string(out, value);
}

static void emit_json_iommus(const struct decision *d, struct out *out)
{
	const char *separator = "\n";

	out_printf(out, "  \"iommus\": [");
	for (u32 i = 0; i < d->iommu_count; i++) {
		out_printf(out, "%s    { ", separator);
		text(out, "name", d->iommus[i].name);
		out_printf(out, ", \"base\": \"0x%llx\", \"used\": %s, ", (ull)d->iommus[i].base, d->iommus[i].used ? "true" : "false");
		text(out, "from", emit_at(d, d->iommus[i].at));
		out_printf(out, " }");
		separator = ",\n";
	}
	out_printf(out, "\n  ],\n  \"streams\": [");
	separator = "\n";
	for (u32 i = 0; i < d->stream_count; i++) {
		const struct stream *s = &d->streams[i];
		const struct dma_tree *tree = &d->dma_trees[s->tree];

		out_printf(out, "%s    { \"id\": %u, ", separator, s->id);
		text(out, "iommu", d->iommus[s->iommu].name);
		out_printf(out, ", ");
		text(out, "device", d->devices[s->device].name);
		out_printf(out, ", ");
		text(out, "cell", d->cells[s->cell].name);
		out_printf(out, ", \"vmid\": %u, \"root\": \"0x%llx\", \"msis\": %s, ", tree->vmid, (ull)tree->root, tree->doorbell ? "true" : "false");
		text(out, "from", emit_at(d, s->at));
		out_printf(out, " }");
		separator = ",\n";
	}
	out_printf(out, "\n  ],\n");
}

static void emit_json_trusted(const struct decision *d, struct out *out)
{
	const char *separator = "\n";

	out_printf(out, "  \"trusted_dma\": [");
	for (u32 i = 0; i < d->cell_count; i++) {
		const struct cell *cell = &d->cells[i];
		const char *comma = "";

		if (!any_trusted(cell)) {
			continue;
		}
		out_printf(out, "%s    { ", separator);
		text(out, "cell", cell->name);
		out_printf(out, ", ");
		text(out, "reason", node_string(cell->node, "cloison,trusted-dma"));
		out_printf(out, ", ");
		text(out, "from", emit_at(d, cell->trust->at));
		out_printf(out, ", \"devices\": [");
		for (u32 k = 0; k < cell->access_count; k++) {
			if (d->devices[cell->access[k].device].trusted) {
				out_printf(out, "%s ", comma);
				emit_json_string(out, d->devices[cell->access[k].device].name);
				comma = ",";
			}
		}
		out_printf(out, " ] }");
		separator = ",\n";
	}
	out_printf(out, "\n  ],\n");
}

void emit_json_dma(const struct decision *d, struct out *out)
{
	const char *separator = "\n";

	emit_json_iommus(d, out);
	emit_json_trusted(d, out);
	out_printf(out, "  \"said_dma\": [");
	for (u32 i = 0; i < d->device_count; i++) {
		const struct device *device = &d->devices[i];

		if (device->dma) {
			out_printf(out, "%s    { ", separator);
			text(out, "device", device->name);
			out_printf(out, ", ");
			text(out, "says", device->master ? "master" : "none");
			out_printf(out, ", ");
			text(out, "against", device->against ? device->against : "");
			out_printf(out, ", ");
			text(out, "from", emit_at(d, device->dma->at));
			out_printf(out, " }");
			separator = ",\n";
		}
	}
	out_printf(out, "\n  ],\n");
}
