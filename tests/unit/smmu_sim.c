/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* See smmu_sim.h. Written from IHI 0070, not from smmu.c: numbers are given, not included. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smmu_sim.h"

struct sim_smmu sim_smmus[SIM_SMMUS];
void (*sim_on_write)(u32 smmu);

#define SMMUEN 1u
#define EVENTQEN 4u
#define CMDQEN 8u
#define ATSCHK 16u
#define ADDRESS 0x0000ffffffffffe0ULL /* of a base register */
#define TABLE 0x0000fffffffff000ULL

static void wrong(const char *what)
{
	fprintf(stderr, "smmu_sim: %s\n", what);
	abort();
}

/* ---- events, 7.2, 7.3 ---- */

static void record(struct sim_smmu *s, u32 id, u32 number, u64 address, bool write)
{
	u32 size = 1u << (s->eventq_base & 31);
	u64 *entry = (u64 *)(s->eventq_base & ADDRESS) + 4 * (s->eventq_prod & (size - 1));

	if (!(s->cr0ack & EVENTQEN))
		return;
	if (((s->eventq_prod ^ s->eventq_cons) & (2 * size - 1)) == size) {
		if (s->like_qemu)
			s->gerror ^= (s->gerror ^ s->gerrorn) & 4 ? 0 : 4;
		else if (!((s->eventq_prod ^ s->eventq_cons) >> 31))
			s->eventq_prod ^= 1u << 31;
		return;
	}
	entry[0] = (u64)id << 32 | number;
	entry[1] = write ? 0 : 1ULL << 35;
	entry[2] = address;
	entry[3] = 0;
	s->eventq_prod = (s->eventq_prod & 1u << 31) | ((s->eventq_prod + 1) & (2 * size - 1));
}

/* ---- a device's access ---- */

/* The entry's words, from the cache or the table (5.2); NULL: event, and abort. */
static const u64 *look_up(struct sim_smmu *s, u32 id)
{
	u32 log2size = s->strtab_cfg & 63, split = s->strtab_cfg >> 6 & 31, i;

	for (i = 0; i < SIM_STES && s->stes[i].valid; i++)
		if (s->stes[i].id == id)
			return s->stes[i].words;
	if (s->strtab_cfg >> 16 != 1)
		wrong("stream table is not of two levels");
	u64 l1 = id >> log2size ? 0 : ((u64 *)(s->strtab_base & ADDRESS))[id >> split];

	if (!(l1 & 31) || (id & ((1u << split) - 1)) >= 1u << ((l1 & 31) - 1)) {
		if (s->cr2 & 2)
			record(s, id, 2, 0, false); /* C_BAD_STREAMID */
		return NULL;
	}
	const u64 *entry = (const u64 *)(l1 & ADDRESS) + 8 * (id & ((1u << split) - 1));

	if (!(entry[0] & 1)) {
		record(s, id, 4, 0, false); /* C_BAD_STE; not cached */
		return NULL;
	}
	if (i == SIM_STES)
		wrong("more streams than this knows");
	s->stes[i].valid = true;
	s->stes[i].stale = false;
	s->stes[i].id = id;
	memcpy(s->stes[i].words, entry, 64);
	return s->stes[i].words;
}

/* Stage 2, 4 KiB granule, from level 1, 39 bits: descriptor of the page, 0 if there is none. */
static u64 walk(u64 root, u64 address)
{
	u64 descriptor = 0;

	if (address >> 39)
		return 0;
	for (u32 level = 1; level <= 3; level++) {
		u32 shift = 39 - 9 * level;

		descriptor = ((u64 *)root)[address >> shift & 511];
		if (!(descriptor & 1) || (level == 3 && !(descriptor & 2)))
			return 0;
		if (level < 3 && descriptor & 2) {
			root = descriptor & TABLE;
			continue;
		}
		return (descriptor & ~TABLE) | ((descriptor & TABLE & ~((1ULL << shift) - 1)) | (address & TABLE & ((1ULL << shift) - 1)));
	}
	return descriptor;
}

static u64 translate(struct sim_smmu *s, const u64 *ste, u64 address)
{
	u16 vmid = (u16)ste[2];

	for (u32 i = 0; i < SIM_TLB; i++)
		if (s->tlb[i].valid && s->tlb[i].vmid == vmid && s->tlb[i].page == address >> 12)
			return s->tlb[i].descriptor;
	u64 descriptor = walk(ste[3], address);

	if (descriptor) {
		u32 i = s->tlb_next++ % SIM_TLB;

		s->tlb[i].valid = true;
		s->tlb[i].stale = false;
		s->tlb[i].vmid = vmid;
		s->tlb[i].page = address >> 12;
		s->tlb[i].descriptor = descriptor;
	}
	return descriptor;
}

/* 5.2: what every entry in force must say, by number */
static void judge(const u64 *ste)
{
	u64 w = ste[2];

	if ((ste[0] >> 1 & 7) != 6 || ste[1] >> 28 & 3 || (ste[1] >> 44 & 3) != 1)
		wrong("entry is neither abort nor stage 2 without ATS");
	if ((w >> 32 & 63) != 25 || (w >> 38 & 3) != 1 || w >> 46 & 3 || !(w >> 51 & 1) || w >> 52 & 1 || (w >> 55 & 7) || !(w >> 58 & 1))
		wrong("stage 2 of an entry");
}

enum sim_result sim_dma(u32 smmu, u32 id, u64 address, bool write, u64 *to)
{
	struct sim_smmu *s = &sim_smmus[smmu];

	*to = address;
	if (!(s->cr0ack & SMMUEN))
		return s->gbpa & 1u << 20 ? SIM_ABORTED : SIM_BYPASSED;
	const u64 *ste = look_up(s, id);

	if (!ste || (ste[0] >> 1 & 7) == 0)
		return SIM_ABORTED;
	judge(ste);
	u64 descriptor = translate(s, ste, address);

	if (!descriptor || !(descriptor >> 6 & (write ? 2 : 1))) {
		record(s, id, descriptor ? 0x13 : 0x10, address, write);
		return SIM_ABORTED;
	}
	*to = (descriptor & TABLE) | (address & 0xfff);
	return SIM_TRANSLATED;
}

/* ---- commands, 4 ---- */

static void invalidate_stes(struct sim_smmu *s, bool all, u32 id)
{
	for (u32 i = 0; i < SIM_STES; i++)
		s->stes[i].stale |= all || s->stes[i].id == id;
}

static void invalidate_tlb(struct sim_smmu *s, bool all, u16 vmid)
{
	for (u32 i = 0; i < SIM_TLB; i++)
		s->tlb[i].stale |= all || s->tlb[i].vmid == vmid;
}

static void complete(struct sim_smmu *s)
{
	u32 kept = 0;

	for (u32 i = 0; i < SIM_STES; i++)
		if (s->stes[i].valid && !s->stes[i].stale)
			s->stes[kept++] = s->stes[i];
	for (; kept < SIM_STES; kept++)
		s->stes[kept].valid = false;
	for (u32 i = 0; i < SIM_TLB; i++)
		s->tlb[i].valid &= !s->tlb[i].stale;
	s->syncs++;
}

/* False: CERROR_ILL. */
static bool execute(struct sim_smmu *s, u64 low, u64 high)
{
	u32 opcode = low & 0xff;

	if (opcode == s->refuses && opcode)
		return false;
	switch (opcode) {
	case 0x03: invalidate_stes(s, false, (u32)(low >> 32)); return true;
	case 0x04: if ((high & 31) != 31) wrong("CFGI_STE_RANGE"); invalidate_stes(s, true, 0); return true;
	case 0x20: return s->idr0 >> 9 & 1;
	case 0x28: invalidate_tlb(s, false, (u16)(low >> 32)); return true;
	case 0x30: invalidate_tlb(s, true, 0); return true;
	case 0x46: if (low >> 12 & 3) wrong("CMD_SYNC.CS"); complete(s); return true;
	default: return false;
	}
}

static void consume(struct sim_smmu *s)
{
	u32 size = 1u << (s->cmdq_base & 31), cons;

	while (!s->stuck && s->cr0ack & CMDQEN && !((s->gerror ^ s->gerrorn) & 1) && ((s->cmdq_cons ^ s->cmdq_prod) & (2 * size - 1))) {
		cons = s->cmdq_cons & (2 * size - 1);
		const u64 *entry = (const u64 *)(s->cmdq_base & ADDRESS) + 2 * (cons & (size - 1));

		if (!execute(s, entry[0], entry[1])) {
			s->cmdq_cons = cons | 1u << 24;
			s->gerror ^= 1;
			return;
		}
		s->cmdq_cons = (cons + 1) & (2 * size - 1);
		s->commands++;
	}
}

/* ---- registers, 6.3 ---- */

static struct sim_smmu *at(u64 address, u32 *offset, u32 *number)
{
	*number = (u32)((address - SIM_BASE(0)) / SIM_FRAME);
	*offset = (u32)((address - SIM_BASE(0)) % SIM_FRAME);
	if (address < SIM_BASE(0) || *number >= SIM_SMMUS)
		wrong("no register");
	return &sim_smmus[*number];
}

static u32 *register_at(struct sim_smmu *s, u32 offset)
{
	switch (offset) {
	case 0x00: return &s->idr0;
	case 0x04: return &s->idr1;
	case 0x14: return &s->idr5;
	case 0x1c: return &s->aidr;
	case 0x20: return &s->cr0;
	case 0x24: return &s->cr0ack;
	case 0x28: return &s->cr1;
	case 0x2c: return &s->cr2;
	case 0x44: return &s->gbpa;
	case 0x50:
	case 0x54: return &s->irq_ctrl;
	case 0x60: return &s->gerror;
	case 0x64: return &s->gerrorn;
	case 0x88: return &s->strtab_cfg;
	case 0x98: return &s->cmdq_prod;
	case 0x9c: return &s->cmdq_cons;
	case 0x100a8: return &s->eventq_prod;
	case 0x100ac: return &s->eventq_cons;
	default: wrong("no such register"); return NULL;
	}
}

u32 smmu_read(u64 address)
{
	u32 offset, number;
	struct sim_smmu *s = at(address, &offset, &number);

	if (s->absent)
		wrong("read, and it is not there");
	if (offset == 0x100a8)
		s->barriers = 0;
	return *register_at(s, offset);
}

/* What a write means where the register is more than a word; false: it is ignored. */
static bool takes(struct sim_smmu *s, u32 offset)
{
	switch (offset) {
	case 0x28: return !(s->cr0ack & (SMMUEN | EVENTQEN | CMDQEN));
	case 0x2c:
	case 0x80:
	case 0x88: return !(s->cr0ack & SMMUEN);
	case 0x90:
	case 0x9c: return !(s->cr0ack & CMDQEN);
	case 0xa0:
	case 0x100a8: return !(s->cr0ack & EVENTQEN);
	case 0x00: case 0x04: case 0x14: case 0x1c: case 0x24: case 0x54: case 0x60: wrong("write to what can only be read");
	}
	return true;
}

void smmu_write(u64 address, u32 value)
{
	u32 offset, number;
	struct sim_smmu *s = at(address, &offset, &number);

	if (offset == 0x98 && s->cr0ack & CMDQEN && !s->barriers)
		wrong("commands are written without a barrier");
	if (offset == 0x98)
		s->barriers = 0;
	if (offset == 0x100ac && s->cr0ack & EVENTQEN && value << 1 != s->eventq_cons << 1 && s->barriers < 2)
		wrong("events are read without barriers");
	if (takes(s, offset))
		*register_at(s, offset) = value;
	if (offset == 0x20 && !s->disobeys)
		s->cr0ack = value & (s->idr0 >> 10 & 1 ? ~0u : ~ATSCHK);
	if (offset == 0x44)
		s->gbpa = value & 1u << 31 ? value & ~(1u << 31) : s->gbpa;
	consume(s);
	if (sim_on_write)
		sim_on_write(number);
}

void smmu_write_wide(u64 address, u64 value)
{
	u32 offset, number;
	struct sim_smmu *s = at(address, &offset, &number);
	u64 *reg = offset == 0x80 ? &s->strtab_base : offset == 0x90 ? &s->cmdq_base : offset == 0xa0 ? &s->eventq_base :
		   offset == 0x68 ? &s->gerror_msi : offset == 0xb0 ? &s->eventq_msi : NULL;

	if (!reg)
		wrong("no such wide register");
	if (takes(s, offset))
		*reg = value;
}

bool smmu_answers(u64 address)
{
	u32 offset, number;

	return !at(address, &offset, &number)->absent;
}

void smmu_barrier(void)
{
	for (u32 i = 0; i < SIM_SMMUS; i++)
		sim_smmus[i].barriers++;
}
