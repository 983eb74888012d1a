/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * src/arch/aarch64/smmu.c against a simulated SMMUv3 (smmu_sim.h). Cell 0 has
 * streams 0x8 and 0x49 of the first SMMU and 0x8 of the second, and by 0x49 a
 * doorbell; cell 1 has 0x10 of the first. A cell's memory is 2 MiB at 1 GiB.
 */
#include "test.h"

/* Declared as constants; here the test writes them. */
#define machine_iommus declared_iommus
#define machine_streams declared_streams
#include "smmu_sim.h"
#include "arch/arch.h"
#include "core/log.h"
#undef machine_iommus
#undef machine_streams
#include "pte.h"

#define RAM 0x40000000ULL
#define DOORBELL 0x8090000ULL
#define HZ 1000000u
#define IDR0 (3u | 2u << 2 | 1u << 4 | 1u << 18 | 1u << 27) /* both stages, AArch64, COHACC, VMID16, two levels */
#define IDR1 (16u | 7u << 16 | 8u << 21)
#define IDR5 (4u | 1u << 4) /* 44 bits, 4 KiB */

struct arch_iommu_config machine_iommus[IOMMU_COUNT];
struct stream_config machine_streams[STREAM_COUNT];
const struct arch_board_config machine_board = { .pa_bits = 44 };

static _Alignas(4096) u64 level1[2][512], leaves[3][512], commands[2][512], events[2][512], trees[3][4][512];
static _Alignas(1 << 21) u8 ram[2][1 << 21];
static _Alignas(4096) u8 doorbell[4096];

/* ---- what smmu.c asks of the core ---- */

static char text[8192], panicked[256];
static jmp_buf on_panic;
static u64 time_now;

static const char *const formats[] = {
#define FORMAT(name, severity, category, format) format,
	LOG_MESSAGES(FORMAT)
#undef FORMAT
};

void (log_put)(enum log_message message, u32 cell, ...)
{
	u32 at = (u32)strlen(text);
	va_list args;

	va_start(args, cell);
	vsnprintf(text + at, sizeof text - at, formats[message], args);
	va_end(args);
	strncat(text, "\n", sizeof text - strlen(text) - 1);
}

_Noreturn void panic(const char *what, u64 declared, u64 found)
{
	snprintf(panicked, sizeof panicked, "%s: %lx %lx", what, declared, found);
	longjmp(on_panic, 1);
}

u64 arch_time_now(void) { return time_now += 10; }
u64 arch_time_hz(void) { return HZ; }

/* ---- what cellgen makes ---- */

static u64 make_tree(u32 n, u32 cell, bool with_doorbell)
{
	u64 (*t)[512] = trees[n];

	memset(t, 0, sizeof trees[n]);
	t[0][1] = (u64)t[1] | PTE_TABLE;
	t[1][0] = (u64)ram[cell] | S2_DMA | PTE_BLOCK;
	if (with_doorbell) {
		t[0][0] = (u64)t[2] | PTE_TABLE;
		t[2][DOORBELL >> 21] = (u64)t[3] | PTE_TABLE;
		t[3][DOORBELL >> 12 & 511] = (u64)doorbell | S2_DOORBELL | PTE_PAGE;
	}
	return (u64)t[0];
}

static void make_stream(u32 n, u16 iommu, u16 cell, u32 id, u32 leaf, u32 vmid, u32 tree)
{
	u64 *entry = &leaves[leaf][8 * (id % SMMU_LEAF_STREAMS)];

	level1[iommu][id / SMMU_LEAF_STREAMS] = SMMU_L1_DESCRIPTOR((u64)leaves[leaf]);
	entry[0] = STE_REVOKED;
	entry[1] = STE_WORD1;
	entry[2] = STE_WORD2(vmid, 4);
	entry[3] = STE_WORD3((u64)trees[tree][0]);
	machine_streams[n] = (struct stream_config){ .name = "x", .id = id, .iommu = iommu, .cell = cell, .arch = { .entry = entry, .vmid = vmid } };
}

/* The SMMUs as firmware may leave them: on, with tables of its own, errors and interrupts. */
static int power_on(void **state)
{
	(void)state;
	memset(level1, 0, sizeof level1);
	memset(leaves, 0, sizeof leaves);
	memset(sim_smmus, 0, sizeof sim_smmus);
	make_tree(0, 0, false);
	make_tree(1, 0, true);
	make_tree(2, 1, false);
	make_stream(0, 0, 0, 0x8, 0, 1, 0);
	make_stream(1, 0, 0, 0x49, 1, 2, 1);
	make_stream(2, 1, 0, 0x8, 2, 1, 0);
	make_stream(3, 0, 1, 0x10, 0, 3, 2);
	for (u32 i = 0; i < IOMMU_COUNT; i++) {
		machine_iommus[i] = (struct arch_iommu_config){
			.name = i ? "smmu1" : "smmu0", .base = SIM_BASE(i), .strtab_base = SMMU_STRTAB_BASE_VALUE((u64)level1[i]),
			.strtab_cfg = SMMU_STRTAB_CFG_VALUE(15), .sid_bits = 15, .cmdq_base = SMMU_CMDQ_BASE_VALUE((u64)commands[i]),
			.eventq_base = SMMU_EVENTQ_BASE_VALUE((u64)events[i]), .commands = commands[i], .events = events[i], .coherent = true };
		sim_smmus[i] = (struct sim_smmu){ .idr0 = IDR0, .idr1 = IDR1, .idr5 = IDR5, .aidr = 1, .cr0 = 1, .cr0ack = 1, .cr1 = 0xfff,
			.strtab_cfg = 1u << 16, .strtab_base = (u64)level1[1 - i], .irq_ctrl = 7, .gerror = 0x85, .gerror_msi = 0x12340,
			.eventq_msi = 0x56780, .gbpa = 0x1000, .cmdq_prod = 5, .cmdq_cons = 5 };
		sim_smmus[i].stes[0].valid = true; /* what it has cached */
		sim_smmus[i].stes[0].id = 0x20;
		sim_smmus[i].stes[0].words[0] = 0x9; /* bypass */
	}
	*text = *panicked = 0;
	sim_on_write = NULL;
	return 0;
}

static bool boot(u16 iommu)
{
	if (setjmp(on_panic))
		return false;
	arch_iommu_init(iommu);
	return true;
}

static int booted(void **state)
{
	power_on(state);
	assert_true(boot(0) && boot(1));
	return 0;
}

/* ---- boot ---- */

static bool may_bypass;
static void intruder(u32 smmu)
{
	u64 to;
	enum sim_result result;

	if (smmu || sim_smmus[0].cr0ack & 1)
		return; /* firmware's own tables, until they are off */
	result = sim_dma(0, 0x77, 0x1000, true, &to);
	assert_true(result == SIM_ABORTED);
	may_bypass = false;
}

static void boots(void **state)
{
	u64 to;

	(void)state;
	may_bypass = true;
	sim_on_write = intruder;
	assert_true(boot(0));
	assert_false(may_bypass);
	const struct sim_smmu *s = &sim_smmus[0];

	assert_int_equal(s->cr0ack, 0xd); /* no ATS */
	assert_int_equal(s->cr0, 0x1d);
	assert_int_equal(s->cr1, 3u << 10 | 1u << 8 | 1u << 6 | 3u << 4 | 1u << 2 | 1);
	assert_int_equal(s->cr2, 6);
	assert_int_equal(s->gbpa, 1u << 20);
	assert_int_equal(s->irq_ctrl, 0);
	assert_int_equal(s->gerror_msi | s->eventq_msi, 0);
	assert_int_equal(s->gerror, s->gerrorn);
	assert_int_equal(s->syncs, 1);
	assert_int_equal(s->commands, 3);
	assert_int_equal(sim_dma(0, 0x20, 0x1000, true, &to), SIM_ABORTED); /* what firmware had is forgotten */
	assert_int_equal(sim_dma(0, 0x8, RAM, true, &to), SIM_ABORTED);
	assert_int_equal(s->eventq_prod, 1); /* of 0x20: a cell's own is silent */
	assert_string_equal(text, "smmu0: declared SMMUv3 at 0x9050000, StreamIDs of 15 bits, PA 44 bits, coherent\n"
				  "smmu0: found SMMUv3.1, StreamIDs of 16 bits, PA 44 bits, coherent; IDR0 0804001b IDR1 01070010 IDR5 00000014 AIDR 00000001\n");
}

static void with_ats_and_hyp(void **state)
{
	(void)state;
	sim_smmus[0].idr0 |= 1u << 9 | 1u << 10;
	assert_true(boot(0));
	assert_int_equal(sim_smmus[0].cr0ack, 0x1d); /* ATSCHK */
	assert_int_equal(sim_smmus[0].commands, 4);  /* TLBI_EL2_ALL too */
}

static void is_not_there(void **state)
{
	(void)state;
	sim_smmus[0].absent = true;
	assert_false(boot(0));
	assert_string_equal(text, "smmu0: declared SMMUv3 at 0x9050000, found nothing: reading it aborts\n");
	assert_string_equal(panicked, "declared SMMU is not there: address: 9050000 0");
}

/* Each part that is declared and not found. */
static void is_another(void **state)
{
	static const struct { u32 idr0, idr1, idr5, aidr; const char *says; } others[] = {
		{ IDR0 & ~1u, IDR1, IDR5, 1, "IDR0.S2P: 1 0" },
		{ IDR0 & ~8u, IDR1, IDR5, 1, "IDR0.TTF: 1 0" },
		{ IDR0 & ~16u, IDR1, IDR5, 1, "IDR0.COHACC and dma-coherent of its node: 1 0" },
		{ IDR0 | 3u << 21, IDR1, IDR5, 1, "IDR0.TTENDIAN: 0 1" },
		{ IDR0 | 2u << 24, IDR1, IDR5, 1, "IDR0.STALL_MODEL: 0 1" },
		{ IDR0 & ~(3u << 27), IDR1, IDR5, 1, "IDR0.ST_LEVEL: 1 0" },
		{ IDR0, IDR1 | 1u << 30, IDR5, 1, "IDR1[30:28]: 0 4" },
		{ IDR0, IDR1 | 1u << 29, IDR5, 1, "IDR1[30:28]: 0 2" },
		{ IDR0, IDR1 | 1u << 28, IDR5, 1, "IDR1[30:28]: 0 1" },
		{ IDR0, IDR1 - 2, IDR5, 1, "IDR1.SIDSIZE: f e" },
		{ IDR0, IDR1 - (1u << 21), IDR5, 1, "IDR1.CMDQS: 8 7" },
		{ IDR0, IDR1 - (1u << 16), IDR5, 1, "IDR1.EVENTQS: 7 6" },
		{ IDR0, IDR1, 4, 1, "IDR5.GRAN4K: 1 0" },
		{ IDR0, IDR1, IDR5 - 1, 1, "IDR5.OAS: 2c 2a" },
		{ IDR0, IDR1, IDR5, 0x11, "SMMU_AIDR: 0 1" },
	};

	for (u32 i = 0; i < ARRAY_COUNT(others); i++) {
		power_on(state);
		sim_smmus[0].idr0 = others[i].idr0;
		sim_smmus[0].idr1 = others[i].idr1;
		sim_smmus[0].idr5 = others[i].idr5;
		sim_smmus[0].aidr = others[i].aidr;
		assert_false(boot(0));
		if (!strstr(panicked, others[i].says))
			fail_msg("%s, not %s", panicked, others[i].says);
		assert_int_equal(sim_smmus[0].cr0, 1); /* nothing was touched */
		assert_non_null(strstr(text, "declared"));
		assert_non_null(strstr(text, "found"));
	}
	power_on(state);
	machine_streams[3].arch.vmid = 0x100;
	sim_smmus[0].idr0 &= ~(1u << 18);
	assert_false(boot(0));
	assert_non_null(strstr(panicked, "IDR0.VMID16: 100 ff"));
	power_on(state);
	machine_iommus[0].coherent = false;
	assert_false(boot(0));
	power_on(state);
	sim_smmus[0].disobeys = true;
	assert_false(boot(0));
	assert_non_null(strstr(panicked, "does not follow"));
	power_on(state);
	sim_smmus[0].stuck = true;
	assert_false(boot(0));
	assert_non_null(strstr(panicked, "does not work"));
}

/* ---- streams ---- */

static void switch_cell(u16 cell, bool on)
{
	for (u32 i = 0; i < STREAM_COUNT; i++)
		if (machine_streams[i].cell == cell)
			arch_iommu_set(i, on);
	assert_true(arch_iommu_sync(cell));
}

static void expect(u32 smmu, u32 id, u64 address, bool write, const u8 *where)
{
	u64 to;

	assert_int_equal(sim_dma(smmu, id, address, write, &to), where ? SIM_TRANSLATED : SIM_ABORTED);
	if (where)
		assert_int_equal(to, (u64)where);
}

/* Reads, too, and so that all is cached that can be. */
static void touch_all(bool on0, bool on1)
{
	for (u32 write = 0; write < 2; write++) {
		expect(0, 0x8, RAM + 0x123450, write, on0 ? &ram[0][0x123450] : NULL);
		expect(0, 0x49, RAM + 0x1ffff0, write, on0 ? &ram[0][0x1ffff0] : NULL);
		expect(1, 0x8, RAM, write, on0 ? &ram[0][0] : NULL);
		expect(0, 0x10, RAM + 0x123450, write, on1 ? &ram[1][0x123450] : NULL);
	}
	expect(0, 0x49, DOORBELL + 0x40, true, on0 ? &doorbell[0x40] : NULL);
}

static void on_and_off(void **state)
{
	(void)state;
	for (u32 i = 0; i < 400; i++) { /* the queue wraps */
		bool on0 = i & 1, on1 = i & 2;

		switch_cell(0, on0);
		switch_cell(1, on1);
		touch_all(on0, on1);
		u32 event = sim_smmus[0].eventq_prod;

		expect(0, 0x8, RAM + (1 << 21), true, NULL);
		expect(0, 0x8, DOORBELL, true, NULL);
		expect(0, 0x49, DOORBELL, false, NULL);
		expect(0, 0x10, 1ULL << 40, true, NULL);
		expect(0, 0x11, RAM, true, NULL);
		expect(0, 0x3000, RAM, true, NULL);
		expect(0, 0x8000, RAM, true, NULL);
		assert_true(i > 20 || sim_smmus[0].eventq_prod - event == 3u + 3 * on0 + on1);
	}
}

/* Only of its own cell anything is forgotten. */
static void others_keep_theirs(void **state)
{
	(void)state;
	switch_cell(0, true);
	switch_cell(1, true);
	touch_all(true, true);
	switch_cell(1, false);
	u32 vmids = 0;

	for (u32 i = 0; i < SIM_TLB; i++)
		vmids |= sim_smmus[0].tlb[i].valid << sim_smmus[0].tlb[i].vmid;
	assert_int_equal(vmids, 1u << 1 | 1u << 2);
	assert_int_equal(sim_smmus[1].syncs, 1 + 2);
}

/* ---- no answer ---- */

static void expect_dead(const char *says)
{
	u64 before = time_now, to;

	assert_false(arch_iommu_sync(0));
	assert_in_range(time_now - before, 0, HZ / 2);
	assert_int_equal(sim_smmus[0].cr0ack & 1, 0);
	assert_int_equal(sim_dma(0, 0x8, RAM, true, &to), SIM_ABORTED);
	assert_int_equal(sim_dma(0, 0x10, RAM, true, &to), SIM_ABORTED);
	assert_int_equal(sim_dma(1, 0x8, RAM, true, &to), SIM_TRANSLATED);
	if (!strstr(text, says))
		fail_msg("%s", text);
	*text = 0;
	before = time_now;
	assert_false(arch_iommu_sync(0));
	assert_false(arch_iommu_sync(1));
	assert_in_range(time_now - before, 0, 2000);
	assert_string_equal(text, ""); /* said once */
}

static void no_answer(void **state)
{
	(void)state;
	switch_cell(0, true);
	switch_cell(1, true);
	touch_all(true, true);
	sim_smmus[0].stuck = true;
	expect_dead("smmu0: does not answer, SMMU_GERROR (0x0): it is switched off, devices behind it reach nothing any more\n");
}

static void a_refused_command(void **state)
{
	(void)state;
	switch_cell(0, true);
	switch_cell(1, true);
	touch_all(true, true);
	sim_smmus[0].refuses = 0x28;
	expect_dead("smmu0: refuses a command, SMMU_CMDQ_CONS (0x1000");
}

/* ---- events ---- */

static struct iommu_event next_event(u16 iommu)
{
	struct iommu_event event = { 0 };

	assert_true(arch_iommu_event(iommu, &event));
	return event;
}

static void expect_event(u32 id, u16 kind, u16 number, u64 address, bool write)
{
	struct iommu_event event = next_event(0);

	assert_int_equal(event.id, id);
	assert_int_equal(event.kind, kind);
	assert_int_equal(event.number, number);
	assert_int_equal(event.address, address);
	assert_int_equal(event.write, write);
}

static void are_told(void **state)
{
	struct iommu_event event;

	(void)state;
	switch_cell(0, true);
	for (u32 i = 0; i < 100; i++) { /* the queue wraps */
		assert_false(arch_iommu_event(0, &event));
		expect(0, 0x8, 0x12345678, true, NULL);
		expect(0, 0x8, 0x12345678, false, NULL);
		expect(0, 0x49, DOORBELL, false, NULL);
		expect(0, 0x11, 0x1000, true, NULL);
		expect(0, 0x8008, 0x1000, true, NULL);
		expect_event(0x8, IOMMU_EVENT_TRANSLATION, 0x10, 0x12345678, true);
		expect_event(0x8, IOMMU_EVENT_TRANSLATION, 0x10, 0x12345678, false);
		expect_event(0x49, IOMMU_EVENT_PERMISSION, 0x13, DOORBELL, false);
		expect_event(0x11, IOMMU_EVENT_STREAM, 0x4, 0, false);
		expect_event(0x8008, IOMMU_EVENT_STREAM, 0x2, 0, false);
	}
	assert_false(arch_iommu_event(1, &event));
}

/* More than fit: said, once each time, and the rest is there. */
static void some_are_lost(void **state)
{
	struct iommu_event event;

	switch_cell(0, true);
	for (u32 round = 0; round < 6; round++) {
		u32 lost = 0, there = 0;

		sim_smmus[0].like_qemu = round & 1;
		for (u64 i = 0; i < 200; i++)
			expect(0, 0x8, 0x1000 * i, true, NULL);
		while (arch_iommu_event(0, &event)) {
			lost += event.kind == IOMMU_EVENT_LOST;
			if (event.kind != IOMMU_EVENT_LOST)
				assert_int_equal(event.address, 0x1000 * there++);
		}
		assert_int_equal(lost, 1);
		assert_int_equal(there, 128);
	}
	assert_int_equal(sim_smmus[0].gerror, sim_smmus[0].gerrorn);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(boots, power_on),
		cmocka_unit_test_setup(with_ats_and_hyp, power_on),
		cmocka_unit_test_setup(is_not_there, power_on),
		cmocka_unit_test_setup(on_and_off, booted),
		cmocka_unit_test_setup(others_keep_theirs, booted),
		cmocka_unit_test_setup(are_told, booted),
		cmocka_unit_test_setup(some_are_lost, booted),
		cmocka_unit_test_setup(no_answer, booted),
		cmocka_unit_test_setup(a_refused_command, booted),
		cmocka_unit_test_setup(is_another, power_on),
	};
	return cmocka_run_group_tests_name("smmu", tests, NULL, NULL);
}
