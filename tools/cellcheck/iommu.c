/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * machine_iommus and machine_streams: what the core writes into an IOMMU, and which of its table's entries it switches
 * for which cell. docs/image-format.md "Devices that write memory".
 */
#include <string.h>

#include "cellcheck.h"

#define IOMMU_SIZE 72
#define STREAM_SIZE 32
#define ALLOCATE (1ull << 62) /* SMMU_STRTAB_BASE.RA, SMMU_CMDQ_BASE.RA, SMMU_EVENTQ_BASE.WA */
#define TWO_LEVELS 0x1018full  /* SMMU_STRTAB_BASE_CFG: two levels, SPLIT 6, 15 bits of StreamID */
#define SID_BITS 15
#define COMMANDS_LOG2 8
#define EVENTS_LOG2 7

/* The first page of an IOMMU in .streams, as a link address. */
u64 iommu_pages(const struct check *c, size_t iommu)
{
	u64 link = c->slots[SLOT_STREAMS].base;

	for (size_t i = 0; i < iommu; i++)
		link += (c->ask->iommus.v[i].leaves.n + 2) * PAGE;
	return link;
}

static u64 frame_of(const struct check *c, u64 link)
{
	u64 phys;

	image_phys(c->img, link, &phys);
	return phys;
}

static void check_iommu(struct check *c, struct object o, size_t i)
{
	const struct ask_iommu *ask = &c->ask->iommus.v[i];
	char *who = arena_text(&c->arena, "machine_iommus[%zu] (%s)", i, device_name(c, ask->node));
	u64 commands = iommu_pages(c, i) + ask->leaves.n * PAGE, events = commands + PAGE;
	bool coherent = tree_prop(c->hw->tree, ask->node, "dma-coherent", NULL);
	spans regs = { 0 };

	tree_regs(&c->arena, c->hw->tree, ask->node, &regs);
	if (!regs.n || regs.v[0].size < 2 * FRAME)
		finding(c, "iommu", "%s: the board tree does not say where both frames of its registers are", who);
	const struct { const char *name; size_t offset; int bytes; u64 value; } all[] = {
		{ "base", 8, 8, regs.n ? regs.v[0].base : 0 }, { "strtab_base", 16, 8, c->level1[i] | ALLOCATE },
		{ "strtab_cfg", 24, 4, TWO_LEVELS }, { "sid_bits", 28, 4, SID_BITS },
		{ "cmdq_base", 32, 8, frame_of(c, commands) | ALLOCATE | COMMANDS_LOG2 },
		{ "eventq_base", 40, 8, frame_of(c, events) | ALLOCATE | EVENTS_LOG2 },
		{ "commands", 48, 8, commands }, { "events", 56, 8, events }, { "coherent", 64, 1, coherent },
	};

	for (size_t n = 0; n < sizeof all / sizeof all[0]; n++)
		expect(c, "iommu", who, all[n].name, object_field(o, IOMMU_SIZE, i, all[n].offset, all[n].bytes), all[n].value);
	if (!coherent)
		finding(c, "iommu", "%s: it is not dma-coherent, so the core cannot switch its streams", who);
	expect_name(c, who, object_field(o, IOMMU_SIZE, i, 0, 8), ask->node);
	expect_zero(c, o, who, i * IOMMU_SIZE + 65, (i + 1) * IOMMU_SIZE);
}

static void check_stream(struct check *c, struct object o, size_t i)
{
	const struct ask_stream *s = &c->ask->streams.v[i];
	const struct ask_iommu *iommu = &c->ask->iommus.v[s->iommu];
	char *who = arena_text(&c->arena, "machine_streams[%zu] (%s of '%s')", i, stream_name(c, s), c->ask->cells.v[s->cell].name);
	size_t leaf = 0;

	while (leaf + 1 < iommu->leaves.n && iommu->leaves.v[leaf] != s->id / STREAMS)
		leaf++;
	const struct { const char *name; size_t offset; int bytes; u64 value; } all[] = {
		{ "id", 8, 4, s->id }, { "IOMMU", 12, 2, s->iommu }, { "cell", 14, 2, s->cell },
		{ "entry", 16, 8, iommu_pages(c, s->iommu) + leaf * PAGE + s->id % STREAMS * 64 }, { "VMID", 24, 4, s->tree + 1 },
	};

	for (size_t n = 0; n < sizeof all / sizeof all[0]; n++)
		expect(c, "stream", who, all[n].name, object_field(o, STREAM_SIZE, i, all[n].offset, all[n].bytes), all[n].value);
	expect_name(c, who, object_field(o, STREAM_SIZE, i, 0, 8), s->node);
	expect_zero(c, o, who, i * STREAM_SIZE + 28, (i + 1) * STREAM_SIZE);
}

/* What no image could be right about. */
static void check_id(struct check *c, size_t i)
{
	const struct ask_stream *s = &c->ask->streams.v[i];

	if (s->id >> SID_BITS)
		finding(c, "stream", "%s of cell '%s': the tables have StreamIDs of %d bits only", stream_name(c, s),
			c->ask->cells.v[s->cell].name, SID_BITS);
	for (size_t n = 0; n < i; n++)
		if (c->ask->streams.v[n].iommu == s->iommu && c->ask->streams.v[n].id == s->id)
			finding(c, "stream", "%s of cell '%s' is %s of cell '%s' too", stream_name(c, s), c->ask->cells.v[s->cell].name,
				stream_name(c, &c->ask->streams.v[n]), c->ask->cells.v[c->ask->streams.v[n].cell].name);
}

void check_iommus(struct check *c)
{
	struct object iommus = array_io(c, "machine_iommus", c->ask->iommus.n, IOMMU_SIZE);
	struct object streams = array_io(c, "machine_streams", c->ask->streams.n, STREAM_SIZE);

	for (size_t i = 0; iommus.p && i < c->ask->iommus.n; i++)
		check_iommu(c, iommus, i);
	for (size_t i = 0; i < c->ask->streams.n; i++) {
		check_id(c, i);
		if (streams.p)
			check_stream(c, streams, i);
	}
}
