/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Translation tables, walked as the hardware does: VMSAv8-64 (Arm DDI 0487, D8), 4 KiB
 * granule, 39-bit input, so three levels of 512 entries. Every entry must be canonical.
 *
 * A page of .tables has one user, at one place of one tree. That also ends every loop: a walk
 * never enters a page twice. Leaves are not stored: there may be millions of them.
 */
#include <stdlib.h>
#include <string.h>

#include "cellcheck.h"

#define OUTPUT 0x0000fffffffff000ull

const u64 entry_bytes[] = { 0, GIB, 2 * MIB, PAGE };

/* Exactly the attributes of the page; 0 for any other. */
unsigned attr_rights(u64 attr, enum stage stage)
{
	static const struct { u64 attr; enum stage stage; unsigned rights; } all[] = {
		{ S2_RAM, STAGE_2, PERM_R | PERM_W | PERM_X }, { S2_COPIER, STAGE_2, PERM_R | PERM_X }, { S2_READ, STAGE_2, PERM_R },
		{ S2_SHARED, STAGE_2, PERM_R | PERM_W },
		{ S2_DEVICE, STAGE_2, PERM_R | PERM_W | PERM_DEVICE },
		{ DMA_RAM, STAGE_DMA, PERM_R | PERM_W }, { DMA_DOORBELL, STAGE_DMA, PERM_W | PERM_DEVICE },
		{ EL2_TEXT, STAGE_EL2, PERM_R | PERM_X }, { EL2_CONST, STAGE_EL2, PERM_R },
		{ EL2_DATA, STAGE_EL2, PERM_R | PERM_W }, { EL2_UNCACHED, STAGE_EL2, PERM_R | PERM_W },
		{ EL2_DEVICE, STAGE_EL2, PERM_R | PERM_W | PERM_DEVICE },
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (all[i].attr == attr && all[i].stage == stage)
			return all[i].rights;
	return 0;
}

const char *rights_text(unsigned rights)
{
	static const char *const text[] = { "?", "r--", "-w-", "rw-", "--x", "r-x", "-wx", "rwx",
		"?", "r-- device", "-w- device", "rw- device", "--x device", "r-x device", "-wx device", "rwx device" };

	return text[rights & 15];
}

const char *attr_text(u64 attr, enum stage stage)
{
	return attr == EL2_UNCACHED && stage == STAGE_EL2 ? "rw- uncached" : rights_text(attr_rights(attr, stage));
}

/* ---- pages of .tables, by the frame they are in */

static const u8 *page_find(const struct check *c, u64 phys, size_t *number)
{
	const struct section *t = c->img->tables;
	const struct extent *e = phys % PAGE ? NULL : extent_phys(c->img, phys);
	u64 offset;

	if (!e || e->section != t || PAGE > e->size - (phys - e->phys))
		return NULL;
	offset = e->link + (phys - e->phys) - t->base;
	if (offset % PAGE)
		return NULL;
	*number = offset / PAGE;
	return e->bytes + (phys - e->phys);
}

const u8 *table_page(const struct check *c, u64 phys)
{
	size_t number;

	return page_find(c, phys, &number);
}

bool table_take(struct check *c, const char *who, u64 phys, const struct page_use *use)
{
	size_t number;

	if (!page_find(c, phys, &number)) {
		finding(c, "table-outside", "%s: a table at 0x%llx, which is no page of .tables", who, phys);
		return false;
	}
	if (c->pages[number].user) {
		finding(c, "table-shared", "%s: the page at 0x%llx is used %s", who, phys,
			c->pages[number].user == use->user ? "twice in this tree (a loop?)" : "by another tree already");
		return false;
	}
	c->pages[number] = *use;
	return true;
}

void walk_rest(struct check *c)
{
	u64 count = c->img->tables->size / PAGE, shown = 0;

	for (u64 i = 0; i < count; i++)
		if (!c->pages[i].user && shown++ < 3)
			finding(c, "table-unused", "page %llu of .tables (link address 0x%llx) belongs to no tree and is no load list", i,
				c->img->tables->base + i * PAGE);
	if (shown > 3)
		finding(c, "table-unused", "and %llu more pages of .tables", shown - 3);
}

/* ---- the walk */

struct walker {
	struct check *c;
	const struct regime *r;
	bool first;
	leaf_fn *each;
	void *context;
	u64 *peek; /* pages that may still be entered, whoever's they are; NULL: only those of this tree */
};

static bool enter(const struct walker *w, u64 table, u64 input, int level, const u8 **page)
{
	const struct page_use use = { w->r->user, w->r->party, level, input };
	size_t number;

	if (w->first) {
		*page = table_page(w->c, table);
		return table_take(w->c, w->r->who, table, &use);
	}
	*page = page_find(w->c, table, &number);
	if (w->peek)
		return *page && *w->peek && (*w->peek)--;
	return *page && w->c->pages[number].user == use.user && w->c->pages[number].level == level &&
		w->c->pages[number].input == input;
}

/* What is wrong with an entry that is not zero; NULL: nothing. */
static const char *entry_wrong(u64 entry, int level)
{
	if (!(entry & 1) || (level == 3 && !(entry & 2)))
		return "neither zero nor valid";
	if (level < 3 && entry & 2)
		return (entry & ~OUTPUT) == 3 ? NULL : "bits that must be zero";
	return (entry & OUTPUT) % entry_bytes[level] ? "not a multiple of its size" : NULL;
}

static void walk_table(const struct walker *w, u64 table, u64 input, int level, const bool *skip)
{
	const u8 *page;
	unsigned used = 0;

	if (!enter(w, table, input, level, &page))
		return;
	for (unsigned i = 0; i < 512; i++) {
		u64 entry = get64(page + 8 * i), at = input + i * entry_bytes[level];
		const char *wrong;

		if (!entry)
			continue;
		used++;
		if (skip && skip[i])
			continue;
		wrong = entry_wrong(entry, level);
		if (wrong && w->first)
			finding(w->c, "entry-reserved", "%s: the entry for 0x%llx (at 0x%llx) is 0x%llx: %s", w->r->who, at, table + 8 * i,
				entry, wrong);
		else if (!wrong && level < 3 && entry & 2)
			walk_table(w, entry & OUTPUT, at, level + 1, NULL);
		else if (!wrong)
			w->each(w->c, w->r, &(struct leaf) { at, entry & OUTPUT, entry_bytes[level], entry & ~OUTPUT & ~3ull }, w->context);
	}
	if (!used && w->first)
		finding(w->c, "table-empty", "%s: the table at 0x%llx for 0x%llx has no entry", w->r->who, table, input);
}

/* What the load root shares with the run root has been walked there. */
void walk_first(struct check *c, const struct regime *r, leaf_fn *each, void *context)
{
	struct walker w = { c, r, true, each, context, NULL };

	walk_table(&w, r->root, 0, 1, r->shared);
}

void walk_again(struct check *c, const struct regime *r, leaf_fn *each, void *context)
{
	struct walker w = { c, r, false, each, context, NULL };

	walk_table(&w, r->root, 0, 1, r->shared);
}

/* A tree has no more pages than there are; a loop has. */
void walk_peek(struct check *c, const struct regime *r, leaf_fn *each, void *context)
{
	u64 pages = c->img->tables->size / PAGE;
	struct walker w = { c, r, false, each, context, &pages };

	walk_table(&w, r->root, 0, 1, r->shared);
}

bool look_up(struct check *c, const struct regime *r, u64 in, struct leaf *leaf)
{
	u64 table = r->root;

	for (int level = 1; level <= 3 && !(in >> 39); level++) {
		const u8 *page = table_page(c, table);
		u64 entry = page ? get64(page + 8 * (in / entry_bytes[level] % 512)) : 0;

		if (!entry || entry_wrong(entry, level))
			return false;
		if (level == 3 || !(entry & 2)) {
			*leaf = (struct leaf) { in & ~(entry_bytes[level] - 1), entry & OUTPUT, entry_bytes[level], entry & ~OUTPUT & ~3ull };
			return true;
		}
		table = entry & OUTPUT;
	}
	return false;
}
