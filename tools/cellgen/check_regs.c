/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Registers of a device that a cell gets. They are mapped in whole pages, so
 * whatever else is in those pages would be given away with them.
 */
#include "check.h"
#include "pte.h"

static u64 first_page(const struct range *reg)
{
	return align_down(reg->base, PAGE_SIZE);
}

static u64 pages_size(const struct range *reg)
{
	return align_up(reg->base + reg->size, PAGE_SIZE) - first_page(reg);
}

/* a is a sane region, b is whatever the board tree says. */
static bool pages_overlap(const struct range *a, const struct range *b)
{
	return !range_wraps(b->base, b->size) && range_overlap(first_page(a), pages_size(a), first_page(b), pages_size(b));
}

/* The first register range of other that lies in a page of reg. */
static const struct range *neighbour(const struct range *reg, const struct device *other)
{
	for (u32 i = 0; i < other->reg_count; i++) {
		if (pages_overlap(reg, &other->regs[i])) {
			return &other->regs[i];
		}
	}
	return NULL;
}

static bool has(const struct cell *cell, u16 device)
{
	for (u32 i = 0; i < cell->access_count; i++) {
		if (cell->access[i].device == device) {
			return true;
		}
	}
	return false;
}

static bool owned(const struct decision *d, u16 device)
{
	for (u32 i = 0; i < d->cell_count; i++) {
		if (has(&d->cells[i], device)) {
			return true;
		}
	}
	return false;
}

/* A page has one owner, who may have several devices in it. Of two that are given away, the one with the lower number reports. */
static void check_neighbours(const struct decision *d, const struct access *access, const struct range *reg,
			     const struct cell *cell, struct diag *diag)
{
	const struct device *device = &d->devices[access->device];

	for (u16 i = 0; i < d->device_count; i++) {
		const struct device *other = &d->devices[i];
		const struct range *found = neighbour(reg, other);

		if (!found || has(cell, i) || (i < access->device && owned(d, i))) {
			continue;
		}
		diag_error(diag, "device-page-shared", access->at, "'%s' asks for %s (%s), whose registers at %s share a page with "
			   "those of %s (%s) at %s; a page has one owner, so %s", cell->name, device->name,
			   diag_at(device->node->at), text_range(reg->base, reg->size), other->name,
			   diag_at(other->node->at), text_range(found->base, found->size), access_advice(access));
	}
}

static void check_ram(const struct decision *d, const struct access *access, const struct range *reg,
		      const struct cell *cell, struct diag *diag)
{
	const struct device *device = &d->devices[access->device];

	for (u32 i = 0; i < d->bank_count; i++) {
		const struct ram_bank *bank = &d->banks[i];

		if (range_overlap(first_page(reg), pages_size(reg), bank->base, bank->size)) {
			diag_error(diag, "device-in-ram", access->at, "'%s' asks for %s (%s), whose registers at %s lie in the RAM "
				   "%s (%s); correct the board tree", cell->name, device->name, diag_at(device->node->at),
				   text_range(reg->base, reg->size), text_range(bank->base, bank->size), diag_at(bank->at));
		}
	}
}

void check_registers(const struct decision *d, const struct access *access, const struct cell *cell, struct diag *diag)
{
	const struct device *device = &d->devices[access->device];

	for (u32 i = 0; i < device->reg_count; i++) {
		const struct range *reg = &device->regs[i];
		struct region region = {
			.what = mem_format("the register block of %s", device->name),
			.base = reg->base,
			.size = align_up(reg->size, PAGE_SIZE), /* the rest of its pages is empty, or a neighbour is found */
			.alignment = 1,
			.at = prop_at(device->node, "reg"),
		};

		if (!check_region(&region, diag)) {
			continue;
		}
		check_neighbours(d, access, reg, cell, diag);
		check_ram(d, access, reg, cell, diag);
		if (!range_below(first_page(reg), pages_size(reg), LOAD_WINDOW)) {
			diag_error(diag, "guest-address-limit", access->at, "'%s' asks for %s (%s), whose registers at %s lie "
				   "above 0x%llx, where guest addresses end; %s", cell->name, device->name,
				   diag_at(device->node->at), text_range(reg->base, reg->size), TEXT_NUMBER(LOAD_WINDOW),
				   access_advice(access));
		}
	}
}
