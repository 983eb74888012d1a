/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The ITS that a cell sees (src/arch/aarch64/vits.c): registers and commands by hand, then random plans (vits_world.h).
 *
 *   VITS_PLANS=N, VITS_SEED=S    so many plans, from this seed on
 */
#include "test.h"

#include "its.h"
#include "vits_world.h"

enum { NIC = 0x10, PLANS = 3000, PLAN_SIZE = 2400 };

#define CBASER 0x80
#define CWRITER 0x88
#define CREADR 0x90
#define VALID BIT(63)
#define MAPTI(device, event, intid, icid) (u64)(device) << 32 | ITS_MAPTI, (u64)(intid) << 32 | (event), icid

static int reset(void **state)
{
	(void)state;
	vits_world_reset();
	return 0;
}

static int well(void **state)
{
	(void)state;
	if (vits_world_message)
		fprintf(stderr, "%s\n", vits_world_message);
	return vits_world_message ? -1 : 0;
}

/* What Linux and others look at before they go on. */
static void identity(void **state)
{
	u64 typer = vits_register_read(8, 8);

	(void)state;
	assert_int_equal(typer & 3, 1);
	assert_int_equal((typer >> 8 & 0x1f) + 1, 5);
	assert_int_equal((typer >> 13 & 0x1f) + 1, 5);
	assert_int_equal(typer >> 19 & 1, 0);
	assert_int_equal(typer >> 24 & 0xff, VITS_VCPUS);
	assert_int_equal(vits_register_read(12, 4), typer >> 32);
	assert_int_equal(vits_register_read(0, 4), BIT(31)); /* off and quiescent */
	assert_int_equal(vits_register_read(0xffe8, 4) >> 4, 3);
	for (u32 n = 0; n < 8; n++) {
		vits_register_write(0x100 + 8 * n, 8, ~0ULL);
		assert_int_equal(vits_register_read(0x100 + 8 * n, 8), 0);
	}
	assert_int_equal(vits_register_read(0x10040, 4), 0); /* GITS_TRANSLATER */
}

static void queue_register(void **state)
{
	(void)state;
	vits_register_write(CBASER, 4, VITS_QUEUE | 0xf);
	vits_register_write(CBASER + 4, 4, 1u << 31);
	assert_int_equal(vits_register_read(CBASER, 8), VALID | 7ULL << 59 | VITS_QUEUE | 1 << 10 | 0xf);
	vits_register_write(CWRITER, 8, 0xffe0);
	assert_int_equal(vits_register_read(CWRITER, 4), 0xffe0);
	vits_register_write(CWRITER, 8, 0x10000); /* outside the queue */
	assert_int_equal(vits_register_read(CWRITER, 4), 0xffe0);
	assert_int_equal(vits_register_read(CREADR, 4), 0);
	vits_register_write(CBASER, 8, VALID | VITS_QUEUE);
	assert_int_equal(vits_register_read(CWRITER, 4), 0);
	vits_register_write(0, 4, 1);
	vits_register_write(CBASER, 8, VALID | VITS_PROPERTIES);
	assert_int_equal(vits_register_read(CBASER, 8) & 0xfffff000, VITS_QUEUE);
}

/* Outside the cell's memory, across its end, in another cell's: the queue stops, and nothing is read. */
static void queue_elsewhere(void **state)
{
	static const u64 bases[] = { 0, 0x3ffff000, VITS_RAM + VITS_RAM_SIZE - 0x1000, 0x7ffff000, 0x80000000, 0xfffffffff000, 0x7fc0000000 };

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(bases); i++) {
		vits_world_reset();
		vits_register_write(CBASER, 8, VALID | bases[i] | 1);
		vits_register_write(0, 4, 1);
		vits_register_write(CWRITER, 8, 0x20);
		assert_int_equal(vits_register_read(CREADR, 4), 1);
	}
}

static void map_and_deliver(void **state)
{
	(void)state;
	vits_start();
	vits_ram[VITS_PROPERTIES - VITS_RAM + 5] = 0x21; /* more urgent than it may be */
	vits_command(MAPTI(NIC, 2, 8197, 1));
	assert_int_equal(vits_physical[6].intid, 0); /* the device is not mapped */
	vits_command((u64)NIC << 32 | ITS_MAPD, 3, VALID | VITS_RAM);
	vits_command(MAPTI(NIC, 2, 8197, 1));
	assert_int_equal(vits_physical[6].intid, 8197);
	assert_int_equal(vits_physical[6].vcpu, 1);
	assert_int_equal(vits_physical[6].property, 0xa0 | 2 | 1);
	vits_ram[VITS_PROPERTIES - VITS_RAM + 5] = 0xf0;
	assert_int_equal(vits_physical[6].property, 0xa0 | 2 | 1);
	vits_command((u64)NIC << 32 | ITS_INV, 2, 0);
	assert_int_equal(vits_physical[6].property, 0xf0 | 2);
	vits_command((u64)NIC << 32 | ITS_MOVI, 2, 0);
	assert_int_equal(vits_physical[6].vcpu, 0);
	vits_command((u64)NIC << 32 | ITS_INT, 2, 0);
	vits_command((u64)NIC << 32 | ITS_CLEAR, 2, 0);
	assert_int_equal(vits_physical[6].raised, 1);
	assert_int_equal(vits_physical[6].cleared, 1);
	vits_command((u64)NIC << 32 | ITS_DISCARD, 2, 0);
	assert_int_equal(vits_physical[6].intid, 0);
}

static void refused(void **state)
{
	(void)state;
	vits_start();
	vits_command((u64)NIC << 32 | ITS_MAPD, 3, VALID | VITS_RAM);
	vits_orders = 0;
	vits_command(MAPTI(NIC, 8, 8192, 0));      /* it has 8 events */
	vits_command(MAPTI(NIC, 0xffffffff, 8192, 0));
	vits_command(MAPTI(NIC, 0, 8191, 0));      /* no LPI */
	vits_command(MAPTI(NIC, 0, 40, 0));        /* a line */
	vits_command(MAPTI(NIC, 0, 16384, 0));
	vits_command(MAPTI(NIC, 0, 8192, 2));      /* a collection that is not there */
	vits_command(MAPTI(0x11, 0, 8192, 0));     /* another's device */
	vits_command((u64)NIC << 32 | ITS_MAPI, 0, 0);
	vits_command((u64)NIC << 32 | ITS_INT, 0, 0); /* not mapped */
	vits_command((u64)NIC << 32 | ITS_INV, 0, 0);
	vits_command((u64)NIC << 32 | ITS_MOVI, 0, 1);
	vits_command(0x0e, 0, 0);                  /* MOVALL, and what is no command */
	vits_command(0x29, 0, 0);
	vits_command(ITS_MAPC, 0, VALID | 7ULL << 16);
	assert_int_equal(vits_orders, 0);
	assert_int_equal(vits_register_read(CREADR, 8), vits_register_read(CWRITER, 8));
	vits_command(MAPTI(NIC, 0, 8192, 0));
	vits_command(MAPTI(NIC, 1, 8192, 0));      /* taken */
	assert_int_equal(vits_physical[5].intid, 0);
}

/* Many events by one command: over several traps, and CREADR comes last. */
static void long_commands(void **state)
{
	(void)state;
	vits_start();
	vits_command(0x1fULL << 32 | ITS_MAPD, 4, VALID | VITS_RAM);
	for (u32 i = 0; i < 32; i++)
		vits_command(MAPTI(0x1f, i, 8192 + i, 0));
	memset(vits_ram + (VITS_PROPERTIES - VITS_RAM), 0xa1, 32);
	vits_command(ITS_INVALL, 0, 0);
	for (u32 i = 0; i < 32; i++)
		assert_int_equal(vits_physical[12 + i].property, 0xa3);
	vits_command(ITS_MAPC, 0, VALID | 1 << 16);
	for (u32 i = 0; i < 32; i++)
		assert_int_equal(vits_physical[12 + i].vcpu, 1);
	vits_command(0x1fULL << 32 | ITS_MAPD, 4, 0);
	for (u32 i = 0; i < 32; i++)
		assert_int_equal(vits_physical[12 + i].intid, 0);
	assert_in_range(vits_most, 1, 40);
}

static void lpis_off(void **state)
{
	(void)state;
	vits_start();
	for (u32 n = 0; n < VITS_VCPUS; n++)
		vits_redistributor_write(n, 0, 4, 0);
	memset(vits_ram + (VITS_PROPERTIES - VITS_RAM), 0xa1, 32);
	vits_command((u64)NIC << 32 | ITS_MAPD, 3, VALID | VITS_RAM);
	vits_command(MAPTI(NIC, 0, 8192, 0));
	assert_int_equal(vits_physical[4].property & 1, 0);
	vits_redistributor_write(0, 0x70, 8, 0xffffffff0000ULL | 13); /* a table that is nowhere */
	vits_redistributor_write(1, 0, 4, 1);
	assert_int_equal(vits_physical[4].property & 1, 0);
	vits_redistributor_write(1, 0, 4, 0);
	vits_redistributor_write(0, 0x70, 8, VITS_PROPERTIES | 13);
	vits_redistributor_write(1, 0, 4, 1);
	assert_int_equal(vits_physical[4].property & 1, 1);
}

/* A vCPU leaves a long command in the middle; what another then asks for waits for its end, and is not lost. */
static void two_vcpus(void **state)
{
	u64 writer;

	(void)state;
	vits_start();
	vits_redistributor_write(1, 0, 4, 0);
	vits_command(0x1fULL << 32 | ITS_MAPD, 4, VALID | VITS_RAM);
	for (u32 i = 0; i < 32; i++)
		vits_command(MAPTI(0x1f, i, 8192 + i, i % 2));
	memset(vits_ram + (VITS_PROPERTIES - VITS_RAM), 0xa1, 32);
	writer = vits_put(ITS_INVALL, 0, 0);
	assert_true(vits_register_write_once(CWRITER, 8, writer));
	assert_int_not_equal(vits_register_read(CREADR, 8), writer);
	vits_redistributor_write(1, 0, 4, 1);
	assert_int_equal(vits_register_read(CREADR, 8), writer);
	for (u32 i = 0; i < 32; i++)
		assert_int_equal(vits_physical[12 + i].property, 0xa3);
}

static void dead_hardware(void **state)
{
	(void)state;
	vits_start();
	vits_command((u64)NIC << 32 | ITS_MAPD, 3, VALID | VITS_RAM);
	vits_dead = true;
	vits_command(MAPTI(NIC, 0, 8192, 0));
	vits_command(MAPTI(NIC, 1, 8193, 0));
	assert_int_equal(vits_register_read(CREADR, 8) & 1, 1); /* Stalled */
	assert_int_equal(vits_orders, 0);
}

static void next_life(void **state)
{
	(void)state;
	vits_start();
	vits_command((u64)NIC << 32 | ITS_MAPD, 3, VALID | VITS_RAM);
	for (u32 i = 0; i < 8; i++)
		vits_command(MAPTI(NIC, i, 9000 + i, 1));
	vits_restore();
	for (u32 i = 0; i < VITS_EVENTS; i++)
		assert_int_equal(vits_physical[i].intid, 0);
	identity(state);
	assert_int_equal(vits_register_read(CBASER, 8), 0);
}

static void random_plans(void **state)
{
	const char *first = getenv("VITS_SEED"), *count = getenv("VITS_PLANS");
	u64 seed = first ? strtoull(first, NULL, 0) : 1, plans = count ? strtoull(count, NULL, 0) : PLANS;
	static u8 plan[PLAN_SIZE];

	(void)state;
	for (u64 n = 0; n < plans; n++) {
		u64 random = (seed + n) * 0x9e3779b97f4a7c15ULL;

		for (u32 i = 0; i < PLAN_SIZE; i++)
			plan[i] = (u8)next_random(&random);
		if (!vits_world_run(plan, PLAN_SIZE)) {
			fprintf(stderr, "VITS_SEED=%llu: %s\n", (unsigned long long)(seed + n), vits_world_message);
			fail();
		}
	}
}

/* A MAPTI of no LPI is ignored: the event keeps its LPI, and the property that it was mapped with, whatever memory says meanwhile. */
static void refused_reads_no_property(void **state)
{
	static const u8 plan[] = {
		0, 2, 0, 0, 0, 1, 0, 0,      /* MAPD nvme */
		3, 2, 23, 227, 0, 1, 0, 0,   /* MAPTI event 23, LPI 8192 + 227 */
		31, 0, 227, 0xe3, 0, 0, 0, 0, /* its property changes in memory */
		3, 2, 23, 0xff, 0, 1, 0, 0,  /* MAPTI event 23, INTID 255 */
	};

	(void)state;
	if (!vits_world_run(plan, sizeof plan))
		fail_msg("%s", vits_world_message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_reads_no_property), cmocka_unit_test_setup_teardown(identity, reset, well), cmocka_unit_test_setup_teardown(queue_register, reset, well),
		cmocka_unit_test_setup_teardown(queue_elsewhere, reset, well), cmocka_unit_test_setup_teardown(map_and_deliver, reset, well),
		cmocka_unit_test_setup_teardown(refused, reset, well), cmocka_unit_test_setup_teardown(long_commands, reset, well),
		cmocka_unit_test_setup_teardown(lpis_off, reset, well), cmocka_unit_test_setup_teardown(dead_hardware, reset, well),
		cmocka_unit_test_setup_teardown(two_vcpus, reset, well),
		cmocka_unit_test_setup_teardown(next_life, reset, well), cmocka_unit_test(random_plans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
