/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The board's SMMUv3s, and by which StreamIDs they know the devices that cells have: of a platform device its own iommus,
 * of a PCI function what iommu-map of its host makes of its bus address. What leads to no SMMUv3 stays in the list, for
 * check_iommu.c to say so.
 */
#include <stdlib.h>
#include <string.h>

#include "parts.h"

#define MAP_CELLS 4 /* of an entry of iommu-map: first bus address, IOMMU, first StreamID, how many */

void dt_iommus(struct decision *d)
{
	for (u16 i = 0; i < d->device_count; i++) {
		const struct device *device = &d->devices[i];
		struct iommu *iommu;

		if (!node_compatible(device->node, "arm,smmu-v3")) {
			continue;
		}
		iommu = mem_push(&d->iommus, &d->iommu_count, sizeof(*iommu));
		*iommu = (struct iommu){ .node = device->node, .name = device->name, .device = i, .at = device->node->at,
			.base = device->reg_count ? device->regs[0].base : 0,
			.coherent = node_prop(device->node, "dma-coherent") != NULL };
	}
}

static u16 iommu_of(const struct decision *d, const struct node *node)
{
	for (u32 i = 0; node && i < d->iommu_count; i++) {
		if (d->iommus[i].node == node) {
			return (u16)i;
		}
	}
	return IOMMU_NONE;
}

/* Whose streams, and which property says so. */
struct source {
	struct decision *d;
	const struct cell *cell;
	u16 device;
	const struct prop *prop;
};

static void add(const struct source *s, u32 phandle, u32 id)
{
	struct decision *d = s->d;
	struct stream *stream = mem_push(&d->streams, &d->stream_count, sizeof(*stream));
	u16 function = d->devices[s->device].function;

	*stream = (struct stream){ .phandle = phandle, .node = tree_phandle(d->tree, phandle), .id = id, .device = s->device,
		.cell = s->cell->index, .doorbell = function != FUNCTION_NONE && d->functions[function].vectors, .at = s->prop->at };
	stream->iommu = iommu_of(d, stream->node);
	d->devices[s->device].stream_count++;
}

/* Entries of an IOMMU and as many numbers as that says; of an SMMUv3 it is one. */
static void load_iommus(const struct source *s, struct diag *diag)
{
	const char *name = s->d->devices[s->device].name;
	u32 count = s->prop->size / 4;

	if (count == 0 || s->prop->size % 4 != 0) {
		diag_error(diag, "bad-property", s->prop->at, "iommus of %s is not a list of IOMMUs and numbers, such as <&smmu0 0x100>", name);
		s->d->devices[s->device].stream_count++; /* said once is enough */
		return;
	}
	for (u32 i = 0; i < count;) {
		const struct node *target = tree_phandle(s->d->tree, prop_cell(s->prop, i));
		u32 cells = target ? node_own_cells(target, "#iommu-cells", 0) : count - i - 1;

		if (cells > count - i - 1) {
			diag_error(diag, "bad-property", s->prop->at, "iommus of %s ends within an entry: %u number(s) follow %s, as its #iommu-cells says "
				   "(%s)", name, cells, node_nick(target), diag_at(prop_at(target, "#iommu-cells")));
			s->d->devices[s->device].stream_count++;
			return;
		}
		add(s, prop_cell(s->prop, i), cells ? prop_cell(s->prop, i + 1) : 0);
		i += 1 + cells;
	}
}

/* The first entry that has the function's address, as Linux reads it. */
static void load_map(const struct source *s, const struct node *host, u32 address, struct diag *diag)
{
	const struct prop *mask = node_prop(host, "iommu-map-mask");
	u32 masked = address & (mask && mask->size == 4 ? prop_cell(mask, 0) : ~0u);

	if (mask && mask->size != 4) {
		diag_error(diag, "bad-property", mask->at, "iommu-map-mask of %s is not one number such as <0xffff>", node_nick(host));
	}
	if (s->prop->size == 0 || s->prop->size % (4 * MAP_CELLS) != 0) {
		diag_error(diag, "bad-property", s->prop->at, "iommu-map of %s is not a list such as <0x0 &smmu0 0x0 0x10000>: first bus address, IOMMU, "
			   "first StreamID, how many", node_nick(host));
		s->d->devices[s->device].stream_count++; /* said once is enough */
		return;
	}
	for (u32 i = 0; i < s->prop->size / 4; i += MAP_CELLS) {
		u32 first = prop_cell(s->prop, i), length = prop_cell(s->prop, i + 3);

		if (masked >= first && masked - first < length) {
			add(s, prop_cell(s->prop, i + 1), masked - first + prop_cell(s->prop, i + 2));
			return;
		}
	}
}

static void load_device(struct decision *d, const struct cell *cell, u16 index, struct diag *diag)
{
	const struct device *device = &d->devices[index];
	const struct node *node = device->node;
	struct source s = { .d = d, .cell = cell, .device = index };

	if (device->function == FUNCTION_NONE) {
		s.prop = node_prop(node, "iommus");
		if (s.prop) {
			load_iommus(&s, diag);
		}
		return;
	}
	node = d->hosts[d->functions[device->function].host].node;
	s.prop = node_prop(node, "iommu-map");
	if (s.prop) {
		load_map(&s, node, d->functions[device->function].address, diag);
	}
}

static int compare_streams(const void *left, const void *right)
{
	const struct stream *a = left, *b = right;

	if (a->cell != b->cell) {
		return a->cell < b->cell ? -1 : 1;
	}
	if (a->iommu != b->iommu) {
		return a->iommu < b->iommu ? -1 : 1;
	}
	if (a->id != b->id) {
		return a->id < b->id ? -1 : 1;
	}
	return (int)a->device - (int)b->device;
}

/* Devices of a cell that an IOMMU cannot tell apart have one stream, under the name of the first. */
static void join(struct decision *d)
{
	u32 kept = 0;

	for (u32 i = 0; i < d->stream_count; i++) {
		const struct stream *s = &d->streams[i];
		struct stream *last = kept ? &d->streams[kept - 1] : NULL;

		if (last && last->cell == s->cell && last->iommu == s->iommu && last->id == s->id && s->iommu != IOMMU_NONE) {
			last->doorbell |= s->doorbell;
		} else {
			d->streams[kept++] = *s;
		}
	}
	d->stream_count = kept;
}

void dt_streams(struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->cell_count; i++) {
		const struct cell *cell = &d->cells[i];

		for (u32 k = 0; k < cell->access_count; k++) {
			if (cell->access[k].device != DEVICE_NONE) {
				load_device(d, cell, cell->access[k].device, diag);
			}
		}
		dt_trust(d, cell);
	}
	if (d->stream_count) {
		qsort(d->streams, d->stream_count, sizeof(*d->streams), compare_streams);
	}
	join(d);
}
