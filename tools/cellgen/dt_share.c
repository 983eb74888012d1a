/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Regions of memory that cells name: the children of /reserved-memory, and who wants which of them with which rights. */
#include <string.h>

#include "parts.h"

/* Without reg a region has a size, and perhaps an alignment, in the number of cells of sizes. */
static u64 number_of(const struct node *node, const char *name, struct diag *diag)
{
	const struct prop *prop = node_prop(node, name);
	u32 cells = node_own_cells(node->parent, "#size-cells", 1);

	if (!prop) {
		return 0;
	}
	if (cells < 1 || cells > 2 || prop->size != 4 * cells) {
		diag_error(diag, "bad-property", prop->at, "%s of %s is no number of %u cell(s), which is #size-cells of %s", name,
			   node_nick(node), cells, node->parent->name);
		return 0;
	}
	return prop_number(prop, 0, cells);
}

static void load_place(struct reserve *reserve, struct diag *diag)
{
	const struct node *node = reserve->node;
	const struct prop *reg = node_prop(node, "reg");

	if (reg) {
		reserve->reg_count = prop_ranges(reg, node_own_cells(node->parent, "#address-cells", 2),
						 node_own_cells(node->parent, "#size-cells", 1), &reserve->regs, diag);
		reserve->phys = reserve->reg_count ? reserve->regs[0].base : ADDRESS_NONE;
		reserve->size = reserve->reg_count ? reserve->regs[0].size : 0;
		reserve->at = reg->at;
		return;
	}
	reserve->at = prop_at(node, "size");
	reserve->size = number_of(node, "size", diag);
	reserve->alignment = number_of(node, "alignment", diag);
	if (!reserve->alignment) {
		reserve->alignment = reserve->size % BLOCK_SIZE ? PAGE_SIZE : BLOCK_SIZE;
	}
}

void dt_reserves(struct decision *d, struct diag *diag)
{
	const struct node *reserved = tree_path(d->tree, "/reserved-memory");

	for (const struct node *node = reserved ? reserved->child : NULL; node; node = node->next) {
		struct reserve *reserve = mem_push(&d->reserves, &d->reserve_count, sizeof(*reserve));

		*reserve = (struct reserve){ .node = node, .name = node_nick(node), .phys = ADDRESS_NONE };
		load_place(reserve, diag);
	}
}

u16 reserve_of(const struct decision *d, const struct node *node)
{
	for (u32 i = 0; node && i < d->reserve_count && i < RESERVE_NONE; i++) {
		if (d->reserves[i].node == node) {
			return (u16)i;
		}
	}
	return RESERVE_NONE;
}

static void load_rights(struct cell *cell, struct diag *diag)
{
	const struct prop *prop = node_prop(cell->node, "cloison,memory-region-rights");
	const char *word = prop ? (const char *)prop->data : NULL;
	u32 count = 0;

	for (u32 i = 0; prop && i < prop->size; i++) {
		count += prop->data[i] == 0;
	}
	if (prop && (prop->size == 0 || count != cell->share_count || prop->data[prop->size - 1] != 0)) {
		diag_error(diag, "bad-property", prop->at, "cloison,memory-region-rights of '%s' has %u word(s), but memory-region has %u "
			   "region(s); write one for each, such as \"rw\", \"r\"", cell->name, count, cell->share_count);
		return;
	}
	for (u32 i = 0; i < cell->share_count; i++) {
		cell->shares[i].rights = word ? word : "rw";
		cell->shares[i].write = strcmp(cell->shares[i].rights, "rw") == 0;
		word = word ? word + strlen(word) + 1 : NULL;
	}
}

static void load_bases(struct cell *cell, struct diag *diag)
{
	const struct prop *prop = node_prop(cell->node, "cloison,memory-region-base");

	if (prop && (prop->size == 0 || prop->size != cell->share_count * 8)) {
		diag_error(diag, "bad-property", prop->at, "cloison,memory-region-base of '%s' has %u bytes; %u region(s) of memory-region "
			   "need one 64-bit guest address (two cells) each", cell->name, prop->size, cell->share_count);
		return;
	}
	for (u32 i = 0; prop && i < cell->share_count; i++) {
		cell->shares[i].guest = prop_number(prop, i * 2, 2);
		cell->shares[i].guest_asked = true;
	}
}

void dt_shares(struct decision *d, struct cell *cell, struct diag *diag)
{
	const struct prop *prop = node_prop(cell->node, "memory-region");

	if (prop && (prop->size == 0 || prop->size % 4 != 0)) {
		diag_error(diag, "bad-property", prop->at, "memory-region of '%s' is not a list of references such as <&shm0>", cell->name);
		return;
	}
	for (u32 i = 0; prop && i < prop->size / 4; i++) {
		struct share *share = mem_push(&cell->shares, &cell->share_count, sizeof(*share));
		u32 phandle = prop_cell(prop, i);
		const struct node *node = tree_phandle(d->tree, phandle);

		*share = (struct share){ .phandle = phandle, .node = node, .reserve = reserve_of(d, node), .rights = "rw",
			.write = true, .guest = ADDRESS_NONE, .at = prop->at };
		if (share->reserve != RESERVE_NONE) {
			d->reserves[share->reserve].share_count++;
		}
	}
	load_rights(cell, diag);
	load_bases(cell, diag);
}
