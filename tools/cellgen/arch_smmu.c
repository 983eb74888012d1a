/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What an SMMUv3 reads (IHI 0070):
 *
 *   per tree     stage 2 of devices     the cell's memory; the page of GITS_TRANSLATER, if its functions write MSIs there
 *   per IOMMU    level 1                one page in .tables: which StreamIDs have a leaf
 *                leaves                 in .streams: an entry for each stream of a cell, revoked; all others are invalid
 *                queues                 behind them: a page of commands, one of events
 *
 * Of all this the core writes word 0 of the entries, and the commands.
 */
#include <string.h>

#include "arch_machine.h"
#include "pte.h"
#include "parts.h"

#define IOMMU_FRAMES KIB(128)      /* two frames of registers */
#define GUEST_DOORBELL 0x08090000ULL /* where guests have GITS_TRANSLATER's page */

static void make_tree(const struct decision *d, struct dma_tree *tree, struct tables *t)
{
	const struct cell *cell = &d->cells[tree->cell];
	const struct space s = { t, tables_page(t, tree->cell), tree->cell };

	tree->root = s.root;
	for (u32 i = 0; i < cell->ram_count; i++) {
		arch_map_backing(&s, cell->ram[i].guest, &cell->ram[i].backing, cell->ram[i].size, S2_DMA);
	}
	if (tree->doorbell) {
		arch_map(&s, GUEST_DOORBELL, doorbell_of(d), PAGE_SIZE, S2_DOORBELL);
	}
}

static void make_level1(const struct decision *d, struct iommu *iommu, struct tables *t)
{
	iommu->level1 = tables_page(t, CELL_NONE);
	for (u32 i = 0; i < iommu->leaf_count; i++) {
		tables_write(t, iommu->level1, iommu->leaves[i], SMMU_L1_DESCRIPTOR(frames_of(d, iommu->pages + i * PAGE_SIZE)));
	}
}

void arch_dma(struct decision *d, struct tables *t)
{
	for (u32 i = 0; i < d->dma_tree_count; i++) {
		make_tree(d, &d->dma_trees[i], t);
	}
	for (u32 i = 0; i < d->iommu_count; i++) {
		if (d->iommus[i].used) {
			make_level1(d, &d->iommus[i], t);
		}
	}
}

/* Who starts them, who reads their events, and who stops a cell whose devices are behind them. */
static bool drives_iommus(const struct decision *d, const struct cpu *cpu)
{
	bool serves = d->service_cpu == CPU_NONE ? cpu->role != ROLE_UNUSED : cpu == &d->cpus[d->service_cpu];

	return cpu == &d->cpus[0] || serves || (cpu->role == ROLE_VCPU && cell_has_streams(d, cpu->cell));
}

void arch_map_iommus(const struct decision *d, const struct cpu *cpu, const struct space *s)
{
	const struct range *slot = &d->hyp.slots[SLOT_STREAMS];

	if (!drives_iommus(d, cpu)) {
		return;
	}
	arch_map_core(s, slot->base, slot->size, EL2_DATA);
	for (u32 i = 0; i < d->iommu_count; i++) {
		if (d->iommus[i].used) {
			arch_map(s, d->iommus[i].base, d->iommus[i].base, IOMMU_FRAMES, EL2_MMIO);
		}
	}
}

static void put_entry(const struct decision *d, const struct stream *stream, u8 *page)
{
	const struct dma_tree *tree = &d->dma_trees[stream->tree];
	const u64 words[] = { STE_REVOKED, STE_WORD1, STE_WORD2(tree->vmid, arch_pa_field(d->pa_bits)), STE_WORD3(tree->root) };
	u8 *entry = page + stream->id % SMMU_LEAF_STREAMS * SMMU_STE_SIZE;

	for (u32 i = 0; i < ARRAY_COUNT(words); i++) {
		for (u32 k = 0; k < 8; k++) {
			entry[8 * i + k] = (u8)(words[i] >> (8 * k));
		}
	}
}

u8 *arch_streams(const struct decision *d)
{
	const struct range *slot = &d->hyp.slots[SLOT_STREAMS];
	u8 *bytes = mem_alloc(slot->size);

	for (u32 i = 0; i < d->stream_count; i++) {
		const struct stream *stream = &d->streams[i];
		const struct iommu *iommu = &d->iommus[stream->iommu];
		u32 leaf = 0;

		while (iommu->leaves[leaf] != stream->id / SMMU_LEAF_STREAMS) {
			leaf++;
		}
		put_entry(d, stream, bytes + (iommu->pages - slot->base) + leaf * PAGE_SIZE);
	}
	return bytes;
}
