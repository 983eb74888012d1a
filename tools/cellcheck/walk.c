/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Translation tables, walked as the hardware does: VMSAv8-64 (Arm DDI 0487, D8), 4 KiB
 * granule, 39-bit input, so three levels of 512 entries. Every entry must be canonical.
 *
 * A page of .tables has one user. That also ends every loop: a walk never enters a page twice.
 */
#include <stdlib.h>
#include <string.h>

#include "cellcheck.h"

#define OUTPUT 0x0000fffffffff000ull

static const u64 unit[] = { 0, GIB, 2 * MIB, PAGE };

/* Exactly the attributes of the page; 0 for any other. */
unsigned attr_rights(u64 attr, enum stage stage)
{
	static const struct { u64 attr; enum stage stage; unsigned rights; } all[] = {
		{ EL2_TEXT, STAGE_EL2, PERM_R | PERM_X }, { EL2_CONST, STAGE_EL2, PERM_R },
		{ EL2_DATA, STAGE_EL2, PERM_R | PERM_W }, { EL2_DEVICE, STAGE_EL2, PERM_R | PERM_W | PERM_DEVICE },
		{ S2_RAM, STAGE_2, PERM_R | PERM_W | PERM_X }, { S2_RAM_LOAD, STAGE_2, PERM_R | PERM_W },
		{ S2_COPIER, STAGE_2, PERM_R | PERM_X }, { S2_READ, STAGE_2, PERM_R },
		{ S2_DEVICE, STAGE_2, PERM_R | PERM_W | PERM_DEVICE },
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

const u8 *table_page(struct check *c, u64 address)
{
	const struct section *t = c->img->tables;

	if (address % PAGE || address < t->base || address - t->base >= t->size / PAGE * PAGE)
		return NULL;
	return t->bytes + (address - t->base);
}

bool table_take(struct check *c, const char *who, u64 address, u32 user)
{
	u32 *taken;

	if (!table_page(c, address)) {
		finding(c, "table-outside", "%s: a table at 0x%llx, which is no page of .tables", who, address);
		return false;
	}
	taken = &c->page_user[(address - c->img->tables->base) / PAGE];
	if (*taken) {
		finding(c, "table-shared", "%s: the page at 0x%llx is used %s", who, address,
			*taken == user ? "twice in this tree (a loop?)" : "by another tree already");
		return false;
	}
	*taken = user;
	return true;
}

static void walk_table(struct check *c, const char *who, u64 table, u64 input, int level, u32 user, leaves *found)
{
	const u8 *page = table_page(c, table);
	unsigned used = 0;

	if (!table_take(c, who, table, user))
		return;
	for (unsigned i = 0; i < 512; i++) {
		u64 entry = get(page + 8 * i, 8), at = input + i * unit[level], out = entry & OUTPUT, rest = entry & ~OUTPUT;

		used += entry != 0;
		if (entry && (!(entry & 1) || (level == 3 && !(entry & 2))))
			finding(c, "entry-reserved", "%s: the entry for 0x%llx (at 0x%llx) is 0x%llx: neither zero nor valid",
				who, at, table + 8 * i, entry);
		else if (entry && level < 3 && entry & 2 && rest != 3)
			finding(c, "entry-reserved", "%s: the table entry for 0x%llx (at 0x%llx) is 0x%llx: bits that must be zero",
				who, at, table + 8 * i, entry);
		else if (entry && level < 3 && entry & 2)
			walk_table(c, who, out, at, level + 1, user, found);
		else if (entry && out % unit[level])
			finding(c, "entry-reserved", "%s: the block for 0x%llx (at 0x%llx) is 0x%llx: not a multiple of its size",
				who, at, table + 8 * i, entry);
		else if (entry)
			*VEC_ADD(&c->arena, *found) = (struct leaf) { at, out, unit[level], rest & ~3ull };
	}
	if (!used)
		finding(c, "table-empty", "%s: the table at 0x%llx for 0x%llx has no entry", who, table, input);
}

void walk(struct check *c, const char *who, u64 root, u32 user, leaves *found)
{
	walk_table(c, who, root, 0, 1, user, found);
}

void walk_rest(struct check *c)
{
	static const u8 zeros[PAGE];
	u64 count = c->img->tables->size / PAGE;

	for (u64 i = 0; i < count; i++)
		if (!c->page_user[i] && memcmp(c->img->tables->bytes + i * PAGE, zeros, PAGE))
			finding(c, "table-unused", "the page at 0x%llx belongs to no tree and is not zero", c->img->tables->base + i * PAGE);
}

/* ---- found against wanted */

bool leaf_place(const leaves *found, u64 in, u64 *out)
{
	for (size_t i = 0; i < found->n; i++)
		if (in >= found->v[i].in && in - found->v[i].in < found->v[i].size) {
			*out = found->v[i].out + (in - found->v[i].in);
			return true;
		}
	return false;
}

void range_add(struct check *c, leaves *to, u64 in, u64 out, u64 size, u64 attr)
{
	if (size)
		*VEC_ADD(&c->arena, *to) = (struct leaf) { in, out, size, attr };
}

static int by_input(const void *a, const void *b)
{
	const struct leaf *x = a, *y = b;

	return (x->in > y->in) - (x->in < y->in);
}

/* The leaves that a range needs, one after the other: the largest unit that fits. */
struct cursor {
	const leaves *ranges;
	size_t index;
	u64 done;
};

static bool next_wanted(struct cursor *at, struct leaf *leaf)
{
	for (; at->index < at->ranges->n; at->index++, at->done = 0) {
		const struct leaf *r = &at->ranges->v[at->index];
		u64 left = r->size - at->done;
		int level = 1;

		if (at->done >= r->size)
			continue;
		*leaf = (struct leaf) { r->in + at->done, r->out + at->done, 0, r->attr };
		while (level < 3 && (leaf->in % unit[level] || leaf->out % unit[level] || left < unit[level]))
			level++;
		leaf->size = unit[level];
		at->done += unit[level];
		return true;
	}
	return false;
}

static const char *rights_of(struct check *c, u64 attr, enum stage stage)
{
	unsigned rights = attr_rights(attr, stage);

	return rights ? rights_text(rights) : arena_text(&c->arena, "attributes 0x%llx, which nothing has", attr);
}

static void differ(struct check *c, const char *who, enum stage stage, const struct leaf *found, const struct leaf *wanted)
{
	const char *in = stage == STAGE_2 ? "guest address" : "address";

	if (found && wanted)
		finding(c, "mapping", "%s: %s 0x%llx reaches physical 0x%llx (%llu KiB, %s): %s; it should be 0x%llx (%llu KiB, %s)", who,
			in, found->in, found->out, found->size / KIB, rights_of(c, found->attr, stage), owner_of(c, found->out, -1),
			wanted->out, wanted->size / KIB, rights_of(c, wanted->attr, stage));
	else if (found)
		finding(c, "mapping", "%s: %s 0x%llx reaches physical 0x%llx (%llu KiB, %s): %s; nothing should be there", who,
			in, found->in, found->out, found->size / KIB, rights_of(c, found->attr, stage), owner_of(c, found->out, -1));
	else
		finding(c, "mapping", "%s: %s 0x%llx reaches nothing; it should reach physical 0x%llx (%llu KiB, %s)", who,
			in, wanted->in, wanted->out, wanted->size / KIB, rights_of(c, wanted->attr, stage));
}

#define DIFFERENCES 6

void walk_compare(struct check *c, const char *who, enum stage stage, const leaves *found, const leaves *wanted)
{
	struct cursor at = { wanted, 0, 0 };
	size_t i = 0, shown = 0;
	struct leaf want;
	bool more;

	if (wanted->n)
		qsort(wanted->v, wanted->n, sizeof *wanted->v, by_input);
	more = next_wanted(&at, &want);
	while (shown < DIFFERENCES && (more || i < found->n)) {
		const struct leaf *have = i < found->n ? &found->v[i] : NULL;
		bool first = have && (!more || have->in <= want.in), second = more && (!have || want.in <= have->in);

		if (first && second && have->out == want.out && have->size == want.size && have->attr == want.attr)
			;
		else {
			differ(c, who, stage, first ? have : NULL, second ? &want : NULL);
			shown++;
		}
		i += first;
		if (second)
			more = next_wanted(&at, &want);
	}
	if (shown == DIFFERENCES)
		finding(c, "mapping", "%s: more differences are not listed", who);
}
