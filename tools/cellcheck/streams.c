/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * By which StreamIDs devices of cells write memory, and which trees hold them. Devicetree bindings iommu/iommu (iommus),
 * pci/pci-iommu (iommu-map). What masters the bus, and no IOMMU holds it, is loose.
 */
#include <stdlib.h>
#include <string.h>

#include "cellcheck.h"

struct reading {
	struct arena *a;
	struct ask *ask;
	const struct hw *hw;
	size_t cell;
	int node;
	bool doorbell, loose;
	size_t found;
};

/* In the order of the tree. */
static size_t iommu_number(struct reading *r, int node)
{
	struct ask *ask = r->ask;
	size_t at = 0;

	while (at < ask->iommus.n && ask->iommus.v[at].node < node)
		at++;
	if (at < ask->iommus.n && ask->iommus.v[at].node == node)
		return at;
	*VEC_ADD(r->a, ask->iommus) = (struct ask_iommu) { 0 };
	for (size_t i = ask->iommus.n - 1; i > at; i--)
		ask->iommus.v[i] = ask->iommus.v[i - 1];
	ask->iommus.v[at] = (struct ask_iommu) { .node = node };
	for (size_t i = 0; i < ask->streams.n; i++)
		ask->streams.v[i].iommu += ask->streams.v[i].iommu >= at;
	return at;
}

/* Devices of one cell may have one stream in common: it is named for the first in the tree. */
static void add_stream(struct reading *r, u32 phandle, u32 id)
{
	int node = tree_phandle(r->hw->tree, phandle);
	size_t iommu;

	r->found++;
	if (!tree_is(r->hw->tree, node, "arm,smmu-v3")) {
		r->loose = true;
		return;
	}
	iommu = iommu_number(r, node);
	for (size_t i = 0; i < r->ask->streams.n; i++) {
		struct ask_stream *s = &r->ask->streams.v[i];

		if (s->cell != r->cell || s->iommu != iommu || s->id != id)
			continue;
		s->doorbell |= r->doorbell;
		if (r->node != s->node)
			*VEC_ADD(r->a, s->others) = r->node < s->node ? s->node : r->node;
		s->node = r->node < s->node ? r->node : s->node;
		return;
	}
	*VEC_ADD(r->a, r->ask->streams) = (struct ask_stream) { .node = r->node, .cell = r->cell, .iommu = iommu, .id = id,
		.doorbell = r->doorbell };
}

/* References, each with as many cells behind it as the IOMMU says; an SMMUv3 has one. */
static void read_iommus(struct reading *r)
{
	int length;
	const u8 *p = tree_prop(r->hw->tree, r->node, "iommus", &length);

	for (int at = 0; p && at + 8 <= length;) {
		u32 phandle = (u32)get_be(p + at, 4);
		u32 width = tree_u32(r->hw->tree, tree_phandle(r->hw->tree, phandle), "#iommu-cells", 1);

		add_stream(r, width == 1 ? phandle : 0, (u32)get_be(p + at + 4, 4));
		if (width > 16)
			return;
		at += 4 + 4 * (int)width;
	}
}

/* Rows of the host: first requester, IOMMU, first StreamID, how many. The first that has the function counts. */
static void read_map(struct reading *r, const struct ask_function *f)
{
	int length;
	const u8 *p = tree_prop(r->hw->tree, f->host, "iommu-map", &length);
	u32 requester = f->address & tree_u32(r->hw->tree, f->host, "iommu-map-mask", ~0u);

	for (int at = 0; p && at + 16 <= length; at += 16) {
		u32 first = (u32)get_be(p + at, 4), count = (u32)get_be(p + at + 12, 4);

		if (requester < first || requester - first >= count)
			continue;
		add_stream(r, (u32)get_be(p + at + 4, 4), (u32)get_be(p + at + 8, 4) + (requester - first));
		return;
	}
}

bool looks_master(const struct tree *t, int node)
{
	static const char *const props[] = { "iommus", "iommu-map", "dma-coherent", "dma-ranges", "dmas", "msi-map", "bus-range" };
	static const char *const kinds[] = { "virtio,mmio", "qemu,fw-cfg-mmio", "pci-host-ecam-generic", "arm,pl080", "arm,pl330" };

	for (size_t i = 0; i < sizeof props / sizeof props[0]; i++)
		if (tree_prop(t, node, props[i], NULL))
			return true;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (tree_is(t, node, kinds[i]))
			return true;
	return false;
}

static void read_device(struct arena *a, struct ask *ask, const struct hw *hw, size_t cell, int node)
{
	const struct ask_function *f = function_of(ask, node);
	const char *word = f ? NULL : tree_text(hw->tree, node, "cloison,dma"); /* above all that is guessed from the node */
	bool passive = word && !strcmp(word, "none"), master = f || (word && !strcmp(word, "master"));
	struct reading r = { a, ask, hw, cell, node, f && f->vectors, false, 0 };

	if (f)
		read_map(&r, f);
	else
		read_iommus(&r);
	if (passive)
		*VEC_ADD(a, ask->cells.v[cell].passive) = node;
	else if (r.loose || (!r.found && (master || looks_master(hw->tree, node))))
		*VEC_ADD(a, ask->cells.v[cell].loose) = node;
}

/* ---- trees */

static int by_id(const void *x, const void *y)
{
	const struct ask_stream *a = x, *b = y;

	if (a->cell != b->cell)
		return a->cell < b->cell ? -1 : 1;
	if (a->iommu != b->iommu)
		return a->iommu < b->iommu ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

static void find_trees(struct arena *a, struct ask *ask)
{
	for (size_t cell = 0; cell < ask->cells.n; cell++)
		for (int doorbell = 0; doorbell < 2; doorbell++) {
			bool used = false;

			for (size_t i = 0; i < ask->streams.n; i++)
				if (ask->streams.v[i].cell == cell && ask->streams.v[i].doorbell == doorbell) {
					ask->streams.v[i].tree = ask->trees.n;
					used = true;
				}
			if (used)
				*VEC_ADD(a, ask->trees) = (struct ask_tree) { cell, doorbell };
		}
}

static void add_leaf(struct arena *a, struct ask_iommu *iommu, u32 leaf)
{
	size_t at;

	for (size_t i = 0; i < iommu->leaves.n; i++)
		if (iommu->leaves.v[i] == leaf)
			return;
	*VEC_ADD(a, iommu->leaves) = leaf;
	for (at = iommu->leaves.n - 1; at && iommu->leaves.v[at - 1] > leaf; at--)
		iommu->leaves.v[at] = iommu->leaves.v[at - 1];
	iommu->leaves.v[at] = leaf;
}

void streams_read(struct arena *a, struct ask *ask, const struct hw *hw)
{
	for (size_t i = 0; i < ask->cells.n; i++)
		for (size_t d = 0; d < ask->cells.v[i].devices.n; d++)
			read_device(a, ask, hw, i, ask->cells.v[i].devices.v[d]);
	if (ask->streams.n)
		qsort(ask->streams.v, ask->streams.n, sizeof *ask->streams.v, by_id);
	for (size_t i = 0; i < ask->streams.n; i++)
		add_leaf(a, &ask->iommus.v[ask->streams.v[i].iommu], ask->streams.v[i].id / STREAMS);
	find_trees(a, ask);
}
