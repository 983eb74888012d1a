/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Streams: each leads to an SMMUv3 whose node is as it must be, is one that the stream table can have, and belongs to one
 * cell. Whether a device that needs one has one is check_device.c's business.
 */
#include <string.h>

#include "check.h"
#include "pte.h"

#define IOMMU_SIZE KIB(128)

/* A cell's streams behind one IOMMU are switched by one round in the queue: a command for each, one for each of its trees, two SYNCs. */
#define STREAMS_MAX ((1u << SMMU_COMMANDS_LOG2) - 5)

/* Implementations that are driven otherwise than the architecture says. */
static const char *const odd[] = { "cavium,smmu-v3", "cavium,cn9900-smmu-v3", "hisilicon,hi161x-smmu-v3", "hisilicon,smmu-v3" };
static const char *const odd_words[] = { "hisilicon,broken-prefetch-cmd", "cavium,cn9900-broken-page1-regspace" };

/* ---- the board's IOMMUs */

/* What is wrong with a node; NULL: nothing. */
static const char *problem(const struct iommu *iommu, const struct device *device)
{
	const char *status = node_string(iommu->node, "status");

	for (u32 i = 0; i < ARRAY_COUNT(odd); i++) {
		if (node_compatible(iommu->node, odd[i])) {
			return mem_format("is a \"%s\", which needs workarounds that the core does not have", odd[i]);
		}
	}
	for (u32 i = 0; i < ARRAY_COUNT(odd_words); i++) {
		if (node_prop(iommu->node, odd_words[i])) {
			return mem_format("has %s, and the core has no workaround", odd_words[i]);
		}
	}
	if (status && strcmp(status, "okay") != 0 && strcmp(status, "ok") != 0) {
		return mem_format("has status \"%s\"", status);
	}
	if (!iommu->coherent) {
		return "does not have dma-coherent: the core relies on it that an IOMMU reads what CPUs have in their caches";
	}
	if (node_own_cells(iommu->node, "#iommu-cells", 0) != 1) {
		return "does not have #iommu-cells = <1>";
	}
	if (device->reg_count == 0 || device->regs[0].size < IOMMU_SIZE || device->regs[0].base % GIC_FRAME != 0) {
		return "does not have 128 KiB of registers (two frames) at a multiple of 64 KiB";
	}
	return range_below(device->regs[0].base, IOMMU_SIZE, 1ULL << PTE_INPUT_BITS) ? NULL :
	       "has registers above 0x8000000000, where the reach of the core's own tables ends";
}

/* Who needs it: its first stream. */
static const struct stream *user(const struct decision *d, u16 iommu)
{
	u32 i = 0;

	while (d->streams[i].iommu != iommu) {
		i++;
	}
	return &d->streams[i];
}

static void check_one(const struct decision *d, u16 index, struct diag *diag)
{
	const struct iommu *iommu = &d->iommus[index];
	const char *wrong = iommu->used ? problem(iommu, &d->devices[iommu->device]) : NULL;

	if (wrong) {
		const struct stream *s = user(d, index);

		diag_error(diag, "board-iommu", iommu->at, "the IOMMU %s %s, and '%s' has %s (%s) behind it; correct the board tree, or take the "
			   "device out", iommu->name, wrong, d->cells[s->cell].name, d->devices[s->device].name, diag_at(s->at));
	}
}

/* ---- streams */

static const char *who(const struct decision *d, const struct stream *s)
{
	return mem_format("%s of '%s'", d->devices[s->device].name, d->cells[s->cell].name);
}

static void check_stream(const struct decision *d, const struct stream *s, struct diag *diag)
{
	if (!s->node) {
		check_reference(s->phandle, mem_format("the IOMMU of %s", who(d, s)), s->at, diag);
	} else if (s->iommu == IOMMU_NONE) {
		diag_error(diag, "iommu-unknown", s->at, "%s is behind %s (%s), which is no \"arm,smmu-v3\", the only IOMMU that the core drives; take "
			   "the device out of access (%s)", who(d, s), node_nick(s->node), diag_at(s->node->at),
			   diag_at(prop_at(d->cells[s->cell].node, "access")));
	} else if (s->id >> SMMU_SID_BITS) {
		diag_error(diag, "stream-range", s->at, "%s has StreamID 0x%x of %s (%s), but the stream table ends at 0x%x; correct the tree, or take "
			   "the device out of access (%s)", who(d, s), s->id, d->iommus[s->iommu].name, diag_at(d->iommus[s->iommu].at),
			   (1u << SMMU_SID_BITS) - 1, diag_at(prop_at(d->cells[s->cell].node, "access")));
	}
}

/* Of two devices that are one to the IOMMU, a cell's and another's. One cell's have one record. */
static void check_twice(const struct decision *d, u32 index, struct diag *diag)
{
	const struct stream *s = &d->streams[index];

	for (u32 i = 0; i < index && s->iommu != IOMMU_NONE; i++) {
		const struct stream *other = &d->streams[i];

		if (other->iommu == s->iommu && other->id == s->id && other->device != s->device) {
			diag_error(diag, "stream-owned-twice", s->at, "%s (%s) and %s (%s) have one StreamID, 0x%x of %s, so that each could write the "
				   "other's memory; give both to one cell", who(d, s), diag_at(d->devices[s->device].node->at),
				   who(d, other), diag_at(d->devices[other->device].node->at), s->id, d->iommus[s->iommu].name);
			return;
		}
	}
}

static void check_number(const struct decision *d, const struct cell *cell, u16 iommu, struct diag *diag)
{
	const struct stream *last = NULL;
	u32 count = 0;

	for (u32 i = 0; i < d->stream_count; i++) {
		if (d->streams[i].cell == cell->index && d->streams[i].iommu == iommu) {
			last = &d->streams[i];
			count++;
		}
	}
	if (count > STREAMS_MAX) {
		diag_error(diag, "stream-limit", last->at, "'%s' has %u streams behind %s (%s), and %u can be switched off in one go; give it fewer "
			   "devices (%s)", cell->name, count, d->iommus[iommu].name, diag_at(d->iommus[iommu].at), STREAMS_MAX,
			   diag_at(prop_at(cell->node, "access")));
	}
}

static void check_built(const struct decision *d, const struct cell *cell, struct diag *diag)
{
	u32 i = 0;

	while (i < d->stream_count && d->streams[i].cell != cell->index) {
		i++;
	}
	if (i < d->stream_count) {
		diag_error(diag, "iommu-not-built", prop_at(cell->node, "access"), "'%s' has %s (%s), which can write memory by itself, but this core is "
			   "built without IOMMUs; set CONFIG_IOMMU (make IOMMU=y), or take it out", cell->name,
			   d->devices[d->streams[i].device].name, diag_at(d->devices[d->streams[i].device].node->at));
	}
}

/*
 * Before a cell is loaded again its devices have to be still. A PCI function is reset; of a device of the platform nobody
 * knows how, and its old transfers would go on into the new memory as soon as its stream is open.
 */
static void check_restart(const struct decision *d, const struct cell *cell, struct diag *diag)
{
	struct again *again = NULL;
	u32 count = cell->access_count ? again_reasons(d, cell, &again) : 0;

	for (u32 i = 0; i < cell->access_count * count; i++) {
		u16 index = cell->access[i / count].device;
		const struct device *device = index == DEVICE_NONE ? NULL : &d->devices[index];
		const struct again *reason = &again[i % count];

		if (device && device->master && device->function == FUNCTION_NONE && !check_refused(device)) {
			diag_error(diag, "restart-dma", reason->at, "%s, but it has %s (%s), which writes memory by itself and which the core cannot "
				   "reset: it would go on writing into the cell that starts again; %s, or take that device out",
				   reason->why, device->name, diag_at(device->node->at), reason->advice);
		}
	}
}

void check_iommus(const struct decision *d, struct diag *diag)
{
	for (u16 i = 0; i < d->iommu_count; i++) {
		check_one(d, i, diag);
		for (u32 c = 0; c < d->cell_count; c++) {
			check_number(d, &d->cells[c], i, diag);
		}
	}
	for (u32 i = 0; i < d->stream_count; i++) {
		check_stream(d, &d->streams[i], diag);
		check_twice(d, i, diag);
	}
	for (u32 i = 0; i < d->cell_count; i++) {
		check_restart(d, &d->cells[i], diag);
		if (is_without(d, "iommu")) {
			check_built(d, &d->cells[i], diag);
		}
	}
}
