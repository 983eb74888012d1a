/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Translation tables as bytes. A table is named by the physical address it will have in the finished image; its
 * entries are little-endian whatever machine cellgen runs on. What the entries mean is in pte.h.
 */
#include <string.h>

#include "pte.h"
#include "parts.h"

#define LEVELS 3

static u8 *bytes_at(const struct tables *t, u64 page, u32 index)
{
	u32 number = frames_page(t->d, page) - t->first;

	if (number >= t->count) {
		fatal("bug: 0x%llx is no table", (unsigned long long)page);
	}
	return t->pages + number * PAGE_SIZE + index * 8ULL;
}

const u8 *tables_bytes(const struct tables *t, u64 page)
{
	return bytes_at(t, page, 0);
}

u64 tables_page(struct tables *t, u16 owner)
{
	if (t->count == t->room) {
		u8 *bigger = mem_alloc((t->room * 2ULL + 16) * PAGE_SIZE);

		if (t->count) {
			memcpy(bigger, t->pages, t->count * PAGE_SIZE);
		}
		t->pages = bigger;
		t->room = t->room * 2 + 16;
	}
	memset(t->pages + t->count * PAGE_SIZE, 0, PAGE_SIZE);
	t->count++;
	return frames_take(t->d, owner);
}

u64 tables_read(const struct tables *t, u64 page, u32 index)
{
	const u8 *p = bytes_at(t, page, index);
	u64 value = 0;

	for (u32 i = 0; i < 8; i++) {
		value |= (u64)p[i] << (8 * i);
	}
	return value;
}

void tables_write(struct tables *t, u64 page, u32 index, u64 value)
{
	u8 *p = bytes_at(t, page, index);

	for (u32 i = 0; i < 8; i++) {
		p[i] = (u8)(value >> (8 * i));
	}
}

/* The table of the next level below entry index of table, made if there is none yet. */
static u64 descend(struct tables *t, u64 table, u32 index, u16 owner)
{
	u64 entry = tables_read(t, table, index);

	if (entry == 0) {
		u64 page = tables_page(t, owner);

		tables_write(t, table, index, page | PTE_TABLE);
		return page;
	}
	if ((entry & PTE_TABLE) != PTE_TABLE) {
		fatal("bug: a table is wanted where a block is mapped");
	}
	return entry & ~(PTE_PAGE_SIZE - 1);
}

static void map_one(struct tables *t, u64 root, const struct mapping *m, u64 offset, u32 level)
{
	u64 from = m->from + offset, table = root;
	u32 index = (u32)PTE_INDEX(from, level);

	for (u32 l = 1; l < level; l++) {
		table = descend(t, table, (u32)PTE_INDEX(from, l), m->owner);
	}
	if (tables_read(t, table, index) != 0) {
		fatal("bug: 0x%llx is mapped twice", (unsigned long long)from);
	}
	tables_write(t, table, index, (m->to + offset) | m->attributes | (level == LEVELS ? PTE_PAGE : PTE_BLOCK));
}

/* The largest unit that both addresses and what is left allow exactly. */
static u32 level_for(const struct mapping *m, u64 offset)
{
	u32 level = 1;

	while (level < LEVELS) {
		u64 unit = 1ULL << PTE_SHIFT(level);

		if (((m->from + offset) | (m->to + offset)) % unit == 0 && m->size - offset >= unit) {
			return level;
		}
		level++;
	}
	return LEVELS;
}

void tables_map(struct tables *t, u64 root, const struct mapping *m)
{
	u64 limit = 1ULL << PTE_INPUT_BITS;

	if ((m->from | m->to | m->size) % PTE_PAGE_SIZE != 0 || m->from > limit || m->size > limit - m->from) {
		fatal("bug: 0x%llx, 0x%llx bytes, cannot be mapped", (unsigned long long)m->from,
		      (unsigned long long)m->size);
	}
	for (u64 offset = 0; offset < m->size;) {
		u32 level = level_for(m, offset);

		map_one(t, root, m, offset, level);
		offset += 1ULL << PTE_SHIFT(level);
	}
}
