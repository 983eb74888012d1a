/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * cloison,trusted-dma: a reason, devices that need it, and memory where the guest has it. Without an IOMMU a device goes by
 * physical addresses, and its driver knows the guest's only.
 */
#include <string.h>

#include "check.h"

/* Has it a device that would have to be trusted? A PCI function cannot be, and check_device.c says so. */
static bool asks(const struct decision *d, const struct cell *cell)
{
	for (u32 i = 0; i < cell->access_count; i++) {
		u16 index = cell->access[i].device;

		if (index != DEVICE_NONE && d->devices[index].master && !d->devices[index].stream_count) {
			return true;
		}
	}
	return false;
}

static const struct device *first_trusted(const struct decision *d, const struct cell *cell)
{
	for (u32 i = 0; i < cell->access_count; i++) {
		u16 index = cell->access[i].device;

		if (index != DEVICE_NONE && d->devices[index].trusted) {
			return &d->devices[index];
		}
	}
	return NULL;
}

static void check_range(const struct cell *cell, const struct ram *ram, const struct device *device, struct diag *diag)
{
	if (!ram->phys_asked || ram->phys != ram->guest) {
		diag_error(diag, "trusted-dma-place", ram->phys_at, "%s of '%s' has no IOMMU in front and goes by physical addresses (%s), so that memory "
			   "at guest address 0x%llx has to be at that physical address; write it in cloison,physical-base, and memory that "
			   "is free there", device->name, cell->name, diag_at(cell->trust->at), TEXT_NUMBER(ram->guest));
	}
}

static void check_place(const struct cell *cell, const struct device *device, struct diag *diag)
{
	if (cell->colors.count) {
		diag_error(diag, "trusted-dma-place", cell->colors.prop->at, "%s of '%s' has no IOMMU in front and goes by physical addresses (%s), but "
			   "memory in cache colours is scattered; take llc-colors or the device out", device->name, cell->name,
			   diag_at(cell->trust->at));
		return;
	}
	for (u32 i = 0; i < cell->ram_count; i++) {
		check_range(cell, &cell->ram[i], device, diag);
	}
}

void check_trust(const struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->cell_count; i++) {
		const struct cell *cell = &d->cells[i];
		const struct device *device = first_trusted(d, cell);
		const char *reason = node_string(cell->node, "cloison,trusted-dma");

		if (!cell->trust || !reason || reason[0] == 0) {
			continue; /* check_prop.c has said what is wrong with an empty one */
		}
		if (reason[strspn(reason, " \t\n-.?!")] == 0) {
			diag_error(diag, "bad-value", cell->trust->at, "cloison,trusted-dma of '%s' is no reason; write why devices that reach all memory may "
				   "be given to it: every report repeats it", cell->name);
		}
		if (device) {
			check_place(cell, device, diag);
		} else if (!asks(d, cell)) {
			diag_error(diag, "trusted-dma-unused", cell->trust->at, "cloison,trusted-dma of '%s' trusts nothing: it has no device that writes memory "
				   "by itself without an IOMMU in front; take it out", cell->name);
		}
	}
}
