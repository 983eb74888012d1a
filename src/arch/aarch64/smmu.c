/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * SMMUv3 (IHI 0070), its non-secure half. Section numbers are those of that
 * document. Tables are constants but for word 0 of cells' stream table entries;
 * what is left to do is to compare, to load registers once, and to invalidate.
 *
 *   entries, commands --dsb--> CMDQ_PROD      SMMU      CMDQ_CONS --> consumed
 *   events <--dsb-- EVENTQ_PROD (page 1)      SMMU      EVENTQ_CONS <-- taken
 *
 * An SMMU that refuses a command or does not answer in time is switched off, for
 * good: GBPA says abort, so then nothing behind it reaches anything (3.11, 6.3.9).
 *
 * Everything but arch_iommu_init: only the CPU that has claimed the IOMMUs
 * (core/iommu.c), [L].
 */
#include "arch/arch.h"
#include "core/bound.h"
#include "core/log.h"
#include "core/panic.h"
#include "pte.h"
#include "smmu_hw.h"

/* Registers, 6.3 */
#define SMMU_IDR0 0x00
#define SMMU_IDR1 0x04
#define SMMU_IDR5 0x14
#define SMMU_AIDR 0x1c
#define SMMU_CR0 0x20
#define SMMU_CR0ACK 0x24
#define SMMU_CR1 0x28
#define SMMU_CR2 0x2c
#define SMMU_GBPA 0x44
#define SMMU_IRQ_CTRL 0x50
#define SMMU_IRQ_CTRLACK 0x54
#define SMMU_GERROR 0x60
#define SMMU_GERRORN 0x64
#define SMMU_GERROR_IRQ_CFG0 0x68
#define SMMU_STRTAB_BASE 0x80
#define SMMU_STRTAB_BASE_CFG 0x88
#define SMMU_CMDQ_BASE 0x90
#define SMMU_CMDQ_PROD 0x98
#define SMMU_CMDQ_CONS 0x9c
#define SMMU_EVENTQ_BASE 0xa0
#define SMMU_EVENTQ_IRQ_CFG0 0xb0
#define SMMU_EVENTQ_PROD 0x100a8 /* page 1 */
#define SMMU_EVENTQ_CONS 0x100ac

#define FIELD(value, low, bits) ((u32)((value) >> (low)) & ((1u << (bits)) - 1))
#define IDR0_HYP BIT(9)
#define IDR0_ATS BIT(10)
#define CR0_SMMUEN 1u
#define CR0_EVENTQEN 4u
#define CR0_CMDQEN 8u
#define CR0_ATSCHK 16u /* requests that say they are translated are looked up like all others; in every value of CR0 */
#define CR1_VALUE 0xd75u /* tables and queues: inner shareable, write-back */
#define CR2_VALUE 6u     /* PTM: CPUs' broadcast TLBIs are not followed; RECINVSID; E2H = 0 */
#define GBPA_UPDATE (1u << 31)
#define GBPA_ABORT (1u << 20)
#define GERROR_CMDQ_ERR 1u
#define GERROR_EVENTQ_ABT_ERR 4u
#define EVENTQ_OVERFLOW (1u << 31)

/* Commands, 4.1: the low word, the high word is zero or said */
#define CMD_CFGI_STE(id) ((u64)(id) << 32 | 0x03)
#define CFGI_LEAF 1ULL
#define CMD_CFGI_ALL 0x04ULL
#define CFGI_ALL_RANGE 31ULL
#define CMD_TLBI_EL2_ALL 0x20ULL
#define CMD_TLBI_S12_VMALL(vmid) ((u64)(vmid) << 32 | 0x28)
#define CMD_TLBI_NSNH_ALL 0x30ULL
#define CMD_SYNC 0x46ULL /* CS = 0: it is complete when CMDQ_CONS is past it */

/* Events, 7.3 */
#define F_UUT 0x01
#define C_BAD_STREAMID 0x02
#define C_BAD_STE 0x04
#define F_TRANSL_FORBIDDEN 0x07
#define F_WALK_EABT 0x0b
#define F_TRANSLATION 0x10
#define F_ADDR_SIZE 0x11
#define F_PERMISSION 0x13
#define F_TLB_CONFLICT 0x20
#define EVENT_RNW BIT(35) /* of word 1 */

#define COMMANDS (1u << SMMU_COMMANDS_LOG2)
#define EVENTS (1u << SMMU_EVENTS_LOG2)
/* What hardware does within microseconds; what it does not in this time it does not do. */
#define ANSWER_TIME(hz) ((hz) / 10)

static struct smmu {
	u32 prod;     /* [L] CMDQ_PROD: index, and above it the wrap bit */
	u32 unsynced; /* [L] commands since the last SYNC */
	u32 cons;     /* [L] EVENTQ_CONS: the same, and the overflow flag as acknowledged */
	bool dead;    /* [L] */
} smmus[IOMMU_COUNT ? IOMMU_COUNT : 1];

static u64 reg(u16 iommu, u64 offset) { return machine_iommus[iommu].base + offset; }
static u32 reg_read(u16 iommu, u64 offset) { return smmu_read(reg(iommu, offset)); }
static void reg_write(u16 iommu, u64 offset, u32 value) { smmu_write(reg(iommu, offset), value); }

const char *arch_iommu_name(u16 iommu)
{
	return machine_iommus[iommu].name;
}

/* ---- declared and found ---- */

static const u8 size_bits[] = { 32, 36, 40, 42, 44, 48, 52, 56 }; /* IDR5.OAS */

static void must_be(const char *what, u64 declared, u64 found)
{
	if (declared != found)
		panic(what, declared, found);
}

static void at_least(const char *what, u64 declared, u64 found)
{
	if (found < declared)
		panic(what, declared, found);
}

/* Both descriptions; what follows names the difference. */
static void describe(const struct arch_iommu_config *config, u32 idr0, u32 idr1, u32 idr5, u32 aidr)
{
	log_put(MESSAGE_SMMU_DECLARED, LOG_NO_CELL, config->name, config->base, config->sid_bits, (u32)machine_board.pa_bits);
	log_put(MESSAGE_SMMU_FOUND, LOG_NO_CELL, config->name, FIELD(aidr, 0, 4), FIELD(idr1, 0, 6), size_bits[FIELD(idr5, 0, 3)],
		FIELD(idr0, 4, 1) ? "" : "not ", idr0, idr1, idr5, aidr);
}

static u32 highest_vmid(u16 iommu)
{
	u32 highest = 0;

	for (u32 i = 0; i < STREAM_COUNT; i++) {
		LOOP_BOUND(STREAM_COUNT);
		if (machine_streams[i].iommu == iommu && machine_streams[i].arch.vmid > highest)
			highest = machine_streams[i].arch.vmid;
	}
	return highest;
}

static void verify(u16 iommu)
{
	const struct arch_iommu_config *config = &machine_iommus[iommu];
	u32 idr0 = reg_read(iommu, SMMU_IDR0), idr1 = reg_read(iommu, SMMU_IDR1), idr5 = reg_read(iommu, SMMU_IDR5);
	u32 aidr = reg_read(iommu, SMMU_AIDR), oas = size_bits[FIELD(idr5, 0, 3)];

	describe(config, idr0, idr1, idr5, aidr);
	must_be("SMMU: major revision of the architecture, SMMU_AIDR", 0, FIELD(aidr, 4, 4));
	must_be("SMMU: stage 2, IDR0.S2P", 1, FIELD(idr0, 0, 1));
	must_be("SMMU: AArch64 tables, IDR0.TTF", 1, FIELD(idr0, 3, 1));
	must_be("SMMU: coherent, IDR0.COHACC and dma-coherent of its node", 1, FIELD(idr0, 4, 1) && config->coherent);
	must_be("SMMU: big-endian tables only, IDR0.TTENDIAN", 0, FIELD(idr0, 21, 2) == 3);
	must_be("SMMU: stalls only, IDR0.STALL_MODEL", 0, FIELD(idr0, 24, 2) == 2);
	must_be("SMMU: two-level stream tables, IDR0.ST_LEVEL", 1, FIELD(idr0, 27, 2));
	must_be("SMMU: fixed tables or queues, IDR1[30:28]", 0, FIELD(idr1, 28, 3));
	at_least("SMMU: bits of StreamIDs, IDR1.SIDSIZE", config->sid_bits, FIELD(idr1, 0, 6));
	at_least("SMMU: commands, IDR1.CMDQS", SMMU_COMMANDS_LOG2, FIELD(idr1, 21, 5));
	at_least("SMMU: events, IDR1.EVENTQS", SMMU_EVENTS_LOG2, FIELD(idr1, 16, 5));
	must_be("SMMU: 4 KiB granule, IDR5.GRAN4K", 1, FIELD(idr5, 4, 1));
	at_least("SMMU: physical address bits, IDR5.OAS", machine_board.pa_bits, oas);
	at_least("SMMU: bits of addresses that devices may give", PTE_INPUT_BITS, oas < 40 && FIELD(idr0, 2, 1) ? 40 : oas); /* 3.4 */
	at_least("SMMU: highest VMID, IDR0.VMID16", highest_vmid(iommu), FIELD(idr0, 18, 1) ? 0xffff : 0xff);
}

/* ---- registers ---- */

static bool await(u16 iommu, u64 offset, u32 mask, u32 value)
{
	u64 since = arch_time_now();

	while ((reg_read(iommu, offset) & mask) != value) {
		LOOP_TIME(100);
		if (arch_time_now() - since > ANSWER_TIME(arch_time_hz()))
			return false;
	}
	return true;
}

/* ATSCHK cannot be set where there is no ATS, and need not. */
static bool set_cr0(u16 iommu, u32 value)
{
	u32 mask = reg_read(iommu, SMMU_IDR0) & IDR0_ATS ? ~0u : ~CR0_ATSCHK;

	value |= CR0_ATSCHK;
	reg_write(iommu, SMMU_CR0, value);
	return await(iommu, SMMU_CR0ACK, mask, value & mask);
}

static void must_set_cr0(u16 iommu, u32 value)
{
	if (!set_cr0(iommu, value))
		panic("SMMU does not follow: SMMU_CR0 and SMMU_CR0ACK", value, reg_read(iommu, SMMU_CR0ACK));
}

/* ---- commands ---- */

static void switch_off(u16 iommu, const char *why, u32 what)
{
	smmus[iommu].dead = true;
	log_put(MESSAGE_SMMU_OFF, LOG_NO_CELL, machine_iommus[iommu].name, why, what, set_cr0(iommu, 0) ? "" : ", if it obeys");
}

/* The next entry of the queue; there is room, as no more than half of it is ever unsynced. */
static void put(u16 iommu, u64 low, u64 high)
{
	u64 *entry = &machine_iommus[iommu].commands[2 * (smmus[iommu].prod % COMMANDS)];

	entry[0] = low;
	entry[1] = high;
	smmus[iommu].prod = (smmus[iommu].prod + 1) % (2 * COMMANDS);
}

/* 4.7: what was put before is complete, and so are accesses by what it invalidated. */
static void synchronize(u16 iommu)
{
	u32 prod;

	if (smmus[iommu].dead)
		return;
	put(iommu, CMD_SYNC, 0);
	smmus[iommu].unsynced = 0;
	prod = smmus[iommu].prod;
	smmu_barrier(); /* stream table entries and commands are in memory first */
	reg_write(iommu, SMMU_CMDQ_PROD, prod);
	if (await(iommu, SMMU_CMDQ_CONS, 2 * COMMANDS - 1, prod))
		return;
	u32 errors = reg_read(iommu, SMMU_GERROR) ^ reg_read(iommu, SMMU_GERRORN);

	if (errors & GERROR_CMDQ_ERR)
		switch_off(iommu, "refuses a command, SMMU_CMDQ_CONS", reg_read(iommu, SMMU_CMDQ_CONS));
	else
		switch_off(iommu, "does not answer, SMMU_GERROR", errors);
}

static void command(u16 iommu, u64 low, u64 high)
{
	if (smmus[iommu].dead)
		return;
	put(iommu, low, high);
	if (++smmus[iommu].unsynced == COMMANDS / 2)
		synchronize(iommu);
}

/* ---- boot ---- */

/* 6.3.9.1; what firmware has left running goes on by firmware's tables until it aborts */
static void abort_all(u16 iommu)
{
	if (!await(iommu, SMMU_GBPA, GBPA_UPDATE, 0))
		panic("SMMU does not follow: SMMU_GBPA.Update", 0, 1);
	reg_write(iommu, SMMU_GBPA, GBPA_UPDATE | GBPA_ABORT);
	if (!await(iommu, SMMU_GBPA, GBPA_UPDATE | GBPA_ABORT, GBPA_ABORT))
		panic("SMMU does not follow: SMMU_GBPA", GBPA_ABORT, reg_read(iommu, SMMU_GBPA));
	must_set_cr0(iommu, 0);
}

/* Nothing is enabled: so all of these take what is written. */
static void load_registers(u16 iommu)
{
	const struct arch_iommu_config *config = &machine_iommus[iommu];

	smmus[iommu].prod = smmus[iommu].cons = smmus[iommu].unsynced = 0; /* as its queues below */
	smmus[iommu].dead = false;
	reg_write(iommu, SMMU_IRQ_CTRL, 0); /* no interrupt is used, and no message is written anywhere */
	if (!await(iommu, SMMU_IRQ_CTRLACK, 7, 0))
		panic("SMMU does not follow: SMMU_IRQ_CTRL", 0, reg_read(iommu, SMMU_IRQ_CTRLACK));
	smmu_write_wide(reg(iommu, SMMU_GERROR_IRQ_CFG0), 0);
	smmu_write_wide(reg(iommu, SMMU_EVENTQ_IRQ_CFG0), 0);
	reg_write(iommu, SMMU_GERRORN, reg_read(iommu, SMMU_GERROR)); /* errors of before are not ours */
	reg_write(iommu, SMMU_CR1, CR1_VALUE);
	reg_write(iommu, SMMU_CR2, CR2_VALUE);
	smmu_write_wide(reg(iommu, SMMU_STRTAB_BASE), config->strtab_base);
	reg_write(iommu, SMMU_STRTAB_BASE_CFG, config->strtab_cfg);
	smmu_write_wide(reg(iommu, SMMU_CMDQ_BASE), config->cmdq_base);
	reg_write(iommu, SMMU_CMDQ_PROD, 0);
	reg_write(iommu, SMMU_CMDQ_CONS, 0);
	smmu_write_wide(reg(iommu, SMMU_EVENTQ_BASE), config->eventq_base);
	reg_write(iommu, SMMU_EVENTQ_PROD, 0);
	reg_write(iommu, SMMU_EVENTQ_CONS, 0);
}

void arch_iommu_init(u16 iommu)
{
	if (!smmu_answers(reg(iommu, SMMU_IDR0))) {
		log_put(MESSAGE_SMMU_SILENT, LOG_NO_CELL, machine_iommus[iommu].name, machine_iommus[iommu].base);
		panic("declared SMMU is not there: address", machine_iommus[iommu].base, 0);
	}
	verify(iommu);
	abort_all(iommu);
	load_registers(iommu);
	must_set_cr0(iommu, CR0_CMDQEN);
	command(iommu, CMD_CFGI_ALL, CFGI_ALL_RANGE); /* what it has cached of before: 3.21.3, 6.3.13 */
	command(iommu, CMD_TLBI_NSNH_ALL, 0);
	if (reg_read(iommu, SMMU_IDR0) & IDR0_HYP)
		command(iommu, CMD_TLBI_EL2_ALL, 0); /* an illegal command else */
	synchronize(iommu);
	if (smmus[iommu].dead)
		panic("SMMU does not work: SMMU_CMDQ_PROD and SMMU_CMDQ_CONS", smmus[iommu].prod, reg_read(iommu, SMMU_CMDQ_CONS));
	must_set_cr0(iommu, CR0_CMDQEN | CR0_EVENTQEN);
	must_set_cr0(iommu, CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
}

/* ---- streams ---- */

/* One word, so the SMMU sees one value or the other (3.21.3). */
void arch_iommu_set(u32 stream, bool on)
{
	__atomic_store_n(machine_streams[stream].arch.entry, on ? STE_IN_FORCE : STE_REVOKED, __ATOMIC_RELAXED);
}

static bool is_here(u32 stream, u16 iommu, u16 cell)
{
	return (machine_streams[stream].cell == cell) & (machine_streams[stream].iommu == iommu); /* one condition: a loop has one way round */
}

/* Entries first: what is looked up after them does not fill the TLB by an old one any more. */
static bool sync_one(u16 iommu, u16 cell)
{
	u32 vmid = 0; /* nobody's */

	for (u32 i = 0; i < STREAM_COUNT; i++) {
		LOOP_BOUND(STREAM_COUNT);
		if (is_here(i, iommu, cell))
			command(iommu, CMD_CFGI_STE(machine_streams[i].id), CFGI_LEAF);
	}
	synchronize(iommu);
	for (u32 i = 0; i < STREAM_COUNT; i++) {
		LOOP_TOTAL(STREAM_COUNT);
		if (!is_here(i, iommu, cell) || machine_streams[i].arch.vmid == vmid)
			continue;
		LOOP_BOUND(STREAM_COUNT);
		vmid = machine_streams[i].arch.vmid; /* a cell has two at most; once too often does no harm */
		command(iommu, CMD_TLBI_S12_VMALL(vmid), 0);
	}
	synchronize(iommu);
	return !smmus[iommu].dead;
}

static bool has_any(u16 iommu, u16 cell)
{
	for (u32 i = 0; i < STREAM_COUNT; i++) {
		LOOP_BOUND(STREAM_COUNT);
		if (is_here(i, iommu, cell))
			return true;
	}
	return false;
}

bool arch_iommu_sync(u16 cell)
{
	bool done = true;

	for (u16 i = 0; i < IOMMU_COUNT; i++) {
		LOOP_BOUND(IOMMU_COUNT);
		done = (!has_any(i, cell) || sync_one(i, cell)) && done;
	}
	return done;
}

/* ---- events ---- */

static u16 kind_of(u16 number)
{
	switch (number) {
	case C_BAD_STREAMID:
	case C_BAD_STE: return IOMMU_EVENT_STREAM;
	case F_TRANSLATION:
	case F_ADDR_SIZE: return IOMMU_EVENT_TRANSLATION;
	case F_PERMISSION: return IOMMU_EVENT_PERMISSION;
	default: return IOMMU_EVENT_OTHER;
	}
}

/* 7.3: what has InputAddr and RnW */
static bool has_address(u16 number)
{
	return number == F_UUT || number == F_TRANSL_FORBIDDEN || number == F_WALK_EABT ||
	       (number >= F_TRANSLATION && number <= F_PERMISSION) || number == F_TLB_CONFLICT;
}

/* The SMMU says so in one of two ways (3.5.3, 7.2): acknowledged, so that it says so again. */
static bool has_lost(u16 iommu, u32 prod)
{
	u32 gerrorn = reg_read(iommu, SMMU_GERRORN);
	u32 aborted = (reg_read(iommu, SMMU_GERROR) ^ gerrorn) & GERROR_EVENTQ_ABT_ERR;
	u32 overflow = (prod ^ smmus[iommu].cons) & EVENTQ_OVERFLOW;

	if (aborted)
		reg_write(iommu, SMMU_GERRORN, gerrorn ^ GERROR_EVENTQ_ABT_ERR);
	if (overflow) {
		smmus[iommu].cons ^= EVENTQ_OVERFLOW;
		reg_write(iommu, SMMU_EVENTQ_CONS, smmus[iommu].cons);
	}
	return aborted || overflow;
}

bool arch_iommu_event(u16 iommu, struct iommu_event *event)
{
	u32 prod = reg_read(iommu, SMMU_EVENTQ_PROD), cons = smmus[iommu].cons;
	const u64 *entry = &machine_iommus[iommu].events[4 * (cons % EVENTS)];

	if (has_lost(iommu, prod)) {
		event->kind = IOMMU_EVENT_LOST;
		return true;
	}
	if (!((prod ^ cons) & (2 * EVENTS - 1)))
		return false;
	smmu_barrier(); /* the entry was written before the index */
	event->id = (u32)(entry[0] >> 32);
	event->number = entry[0] & 0xff;
	event->kind = kind_of(event->number);
	event->write = !(entry[1] & EVENT_RNW);
	event->address = has_address(event->number) ? entry[2] : 0;
	smmu_barrier(); /* and is read before it is given back */
	smmus[iommu].cons = (cons & EVENTQ_OVERFLOW) | ((cons + 1) & (2 * EVENTS - 1));
	reg_write(iommu, SMMU_EVENTQ_CONS, smmus[iommu].cons);
	return true;
}
