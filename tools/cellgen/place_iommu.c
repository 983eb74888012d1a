/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Which IOMMUs are used, which leaves their stream tables need, and which trees there are: for each cell one for streams
 * that write no MSIs and one for those that do, where it has any. Each tree has a VMID of its own, in that order.
 */
#include <stdlib.h>

#include "pte.h"
#include "parts.h"

#define TRANSLATER_FRAME KIB(64) /* offset of GITS_TRANSLATER's page in an ITS */

u32 iommu_pages(const struct iommu *iommu)
{
	return iommu->leaf_count + 2; /* commands, events */
}

bool cell_has_streams(const struct decision *d, u16 cell)
{
	for (u32 i = 0; i < d->stream_count; i++) {
		if (d->streams[i].cell == cell) {
			return true;
		}
	}
	return false;
}

u64 doorbell_of(const struct decision *d)
{
	return d->its.user_count ? d->its.base + TRANSLATER_FRAME : ADDRESS_NONE;
}

static int compare_leaves(const void *left, const void *right)
{
	u32 a = *(const u32 *)left, b = *(const u32 *)right;

	return a < b ? -1 : a > b;
}

static void add_leaf(struct iommu *iommu, u32 leaf)
{
	for (u32 i = 0; i < iommu->leaf_count; i++) {
		if (iommu->leaves[i] == leaf) {
			return;
		}
	}
	*(u32 *)mem_push(&iommu->leaves, &iommu->leaf_count, sizeof(leaf)) = leaf;
	qsort(iommu->leaves, iommu->leaf_count, sizeof(leaf), compare_leaves);
}

/* The cell's streams of this kind get a tree, if there are any. */
static void add_tree(struct decision *d, u16 cell, bool doorbell)
{
	struct dma_tree *tree = NULL;

	for (u32 i = 0; i < d->stream_count; i++) {
		struct stream *s = &d->streams[i];

		if (s->cell != cell || s->doorbell != doorbell || s->iommu == IOMMU_NONE) {
			continue;
		}
		if (!tree) {
			tree = mem_push(&d->dma_trees, &d->dma_tree_count, sizeof(*tree));
			*tree = (struct dma_tree){ .cell = cell, .doorbell = doorbell, .vmid = (u16)d->dma_tree_count };
		}
		s->tree = (u16)(d->dma_tree_count - 1);
	}
}

void place_iommus(struct decision *d)
{
	for (u32 i = 0; i < d->stream_count; i++) {
		struct stream *s = &d->streams[i];

		if (s->iommu != IOMMU_NONE) {
			d->iommus[s->iommu].used = true;
			d->iommus[s->iommu].sid_bits = SMMU_SID_BITS;
			add_leaf(&d->iommus[s->iommu], s->id / SMMU_LEAF_STREAMS);
		}
	}
	for (u16 cell = 0; cell < d->cell_count; cell++) {
		add_tree(d, cell, false);
		add_tree(d, cell, true);
	}
}
