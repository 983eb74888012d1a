/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* core/audit.c: entries, who can push out what, and at what rate they are told. */
#include "test.h"

#include "machine.h"
#include "core/audit.h"
#include "core/console.h"
#include "core/log.h"
#include "host.h"

static struct audit room;
static bool kept; /* there is a crash region */

void *__wrap_crash_audit(void);
void *__wrap_crash_audit(void)
{
	return kept ? &room : NULL;
}

static int begin(void **state)
{
	kept = false;
	machine_reset(state);
	audit_init();
	host_become(SERVICE);
	return 0;
}

/* As main.c: the pump, then the audit. */
static void rounds(u32 count)
{
	for (u32 i = 0; i < count; i++) {
		serve(1);
		audit_serve();
	}
	serve(1);
}

static void expect_wire(const char *text)
{
	assert_string_equal(wire_text, text);
	memset(wire_text, 0, wire_length);
	wire_length = 0;
}

static u32 count_lines(const char *part)
{
	u32 n = 0;

	for (const char *p = wire_text; (p = strstr(p, part)); p++)
		n++;
	return n;
}

static void lines(void **state)
{
	(void)state;
	audit_note(CONTROLLER_OPERATOR, CELL_LINUX, LIFE_STOP, LIFE_OK);
	audit_note(BY_POLICY, CELL_HELLO, LIFE_RESTART, LIFE_OK);
	audit_note(CELL_LINUX, CELL_CONTROL, LIFE_STOP, LIFE_ASKED);
	rounds(5);
	expect_wire("[core] audit 3: cell linux stop control: asked\r\n"
		    "[core] audit 1: operator stop linux: ok\r\n"
		    "[core] audit 2: policy restart hello: ok\r\n");
	rounds(2000);
	expect_wire("");
}

/* Refused at once several times: one entry, told when it is sure to grow no more. */
static void many_refusals_are_one_entry(void **state)
{
	(void)state;
	audit_note(CELL_HELLO, CELL_CONTROL, LIFE_RESTART, LIFE_DENIED);
	rounds(100);
	audit_notes(CELL_HELLO, CELL_CONTROL, LIFE_RESTART, LIFE_DENIED, 2);
	rounds(100);
	expect_wire("");
	audit_note(CELL_HELLO, CELL_CONTROL, LIFE_STOP, LIFE_DENIED); /* something else */
	audit_note(CELL_HELLO, CELL_LINUX, LIFE_RESTART, LIFE_DENIED);
	audit_note(CELL_HELLO, CELL_CONTROL, LIFE_RESTART, LIFE_REFUSED);
	rounds(60);
	expect_wire("[core] audit 1: cell hello restart control: denied (3 times)\r\n");
	audit_note(CELL_HELLO, CELL_CONTROL, LIFE_RESTART, LIFE_DENIED); /* too late: a new one */
	rounds(1300);
	assert_int_equal(count_lines("audit"), 4);
	assert_non_null(strstr(wire_text, "audit 5: cell hello restart control: denied\r\n"));
}

/* The deeds of a cell are not to be found in the way of its refusals, nor those of others. */
static void nobody_pushes_anything_out(void **state)
{
	const struct audit *audit = audit_place();

	(void)state;
	for (u32 cell = 0; cell < CELL_COUNT; cell++)
		audit_note((u16)cell, CELL_LINUX, LIFE_KILL, LIFE_OK);
	audit_note(CONTROLLER_OPERATOR, CELL_LINUX, LIFE_STOP, LIFE_DENIED);
	for (u32 i = 0; i < 10000; i++) {
		host.now += HOST_HZ;
		audit_notes(CELL_HELLO, (u16)(i % CELL_COUNT), (enum life_op)(i % LIFE_OP_COUNT), i & 1 ? LIFE_DENIED : LIFE_REFUSED, 1000);
	}
	for (u32 cell = 0; cell < CELL_COUNT; cell++) {
		assert_int_equal(audit->entries[cell][AUDIT_DONE][0].op, LIFE_KILL);
		assert_int_equal(audit->entries[cell][AUDIT_DONE][0].sequence, cell + 1);
		assert_int_equal(audit->count[cell][AUDIT_DONE], 1);
	}
	assert_int_equal(audit->entries[AUDIT_OPERATOR][AUDIT_REFUSED][0].sequence, CELL_COUNT + 1);
	assert_int_equal(audit->count[CELL_HELLO][AUDIT_REFUSED], 10000);
	for (u32 i = 0; i < AUDIT_ENTRIES; i++)
		assert_true(audit_is_whole(&audit->entries[CELL_HELLO][AUDIT_REFUSED][i]));
}

static void the_rate_is_bounded(void **state)
{
	u32 lost = log_lost();

	(void)state;
	for (u32 ms = 0; ms < 6000; ms += 2) {
		for (u16 cell = 0; cell < CELL_COUNT; cell++)
			for (u32 op = 0; op < LIFE_OP_COUNT; op++)
				audit_notes(cell, CELL_LINUX, (enum life_op)op, LIFE_DENIED, 17);
		for (u32 i = 0; i < 5; i++)
			audit_note(CELL_HELLO, (u16)(i % CELL_COUNT), LIFE_SUSPEND, LIFE_OK);
		if (ms == 3000)
			audit_note(CONTROLLER_OPERATOR, CELL_LINUX, LIFE_STOP, LIFE_OK);
		rounds(1);
	}
	assert_int_equal(log_lost(), lost);
	for (u16 cell = 0; cell < CELL_COUNT; cell++) {
		char head[40];

		snprintf(head, sizeof head, ": cell %s ", machine_cells[cell].name);
		assert_in_range(count_lines(head), 20, 24); /* 4 a second */
	}
	assert_int_equal(count_lines("operator stop linux: ok"), 1);
	assert_true(count_lines(" before it were not told\r\n") > 0);
	assert_int_equal(count_lines("audit"), count_lines("\r\n"));
}

/* What is told and what is counted as not told are all there were. */
static void nothing_is_unaccounted(void **state)
{
	u32 told = 0, untold = 0;

	(void)state;
	for (u32 i = 0; i < 100; i++)
		audit_note(CELL_HELLO, CELL_LINUX, i & 1 ? LIFE_SUSPEND : LIFE_RESUME, LIFE_OK);
	rounds(10000);
	for (const char *p = wire_text; (p = strstr(p, "audit ")); p++) {
		const char *end = strchr(p, '\n'), *more = strstr(p, "; ");

		told++;
		if (more && more < end)
			untold += (u32)strtoul(more + 2, NULL, 10);
	}
	assert_int_equal(told, AUDIT_ENTRIES);
	assert_int_equal(told + untold, 100);
}

/* A console that takes nothing keeps nothing from being noted, and loses no line. */
static void a_blocked_console(void **state)
{
	u32 lost = log_lost();

	(void)state;
	wire_room = 0;
	for (u32 i = 0; i < 2; i++, serve(1)) /* the pump holds one line itself */
		while (log_has_room())
			console_printf("full");
	for (u32 i = 0; i < 100; i++) {
		audit_note(CONTROLLER_OPERATOR, CELL_LINUX, LIFE_STOP, LIFE_OK);
		rounds(30);
	}
	assert_int_equal(log_lost(), lost);
	assert_null(strstr(wire_text, "audit"));
	wire_room = ~0u;
	rounds(2000);
	assert_int_equal(count_lines("audit"), AUDIT_ENTRIES);
	assert_non_null(strstr(wire_text, "audit 93: operator stop linux: ok; 92 before it were not told\r\n"));
}

static void print(void **state)
{
	(void)state;
	assert_false(audit_print(0));
	for (u32 i = 0; i < 20; i++)
		audit_note(i & 1 ? CELL_LINUX : BY_POLICY, CELL_HELLO, LIFE_STOP, i % 3 ? LIFE_OK : LIFE_REFUSED);
	wire_length = 0;
	u32 n = 0;

	while (audit_print(n)) {
		n++;
		serve(1);
	}
	serve(2);
	u32 before = 0;

	for (const char *p = wire_text; (p = strstr(p, "audit ")); p++) {
		u32 sequence = (u32)strtoul(p + 6, NULL, 10);

		assert_true(sequence > before);
		before = sequence;
	}
	assert_int_equal(before, 18); /* three are one */
	assert_true(audit_print(0));
}

/* In the crash region: written behind the caches, the entry before its count; what was there before means nothing. */
static struct audit memory; /* as a reset would leave it */
static void on_clean(const void *address, u32 size)
{
	assert_true((const u8 *)address >= (u8 *)&room && (const u8 *)address + size <= (u8 *)(&room + 1));
	memcpy((u8 *)&memory + ((const u8 *)address - (u8 *)&room), address, size);
	for (u32 o = 0; o < AUDIT_ORIGINS; o++)
		for (u32 kind = 0; kind < AUDIT_KINDS; kind++)
			for (u32 i = 0; i < memory.count[o][kind] && i < AUDIT_ENTRIES; i++)
				assert_true(audit_is_whole(&memory.entries[o][kind][i]));
}

static void region(void **state)
{
	(void)state;
	kept = true;
	memset(&room, 0xa5, sizeof room);
	memset(&memory, 0xa5, sizeof memory);
	audit_init();
	memcpy(&memory, &room, sizeof room);
	assert_ptr_equal(audit_place(), &room);
	assert_int_equal(room.sequence, 0);
	assert_int_equal(room.origins, AUDIT_ORIGINS);
	host.on_clean = on_clean;
	for (u32 i = 0; i < 100; i++)
		audit_notes((u16)(i % CELL_COUNT), CELL_HELLO, (enum life_op)(i % LIFE_OP_COUNT), (enum life_result)(i % 5), i + 1);
	assert_memory_equal(&room, &memory, sizeof room);
	audit_note(CELL_LINUX, CELL_NONE, LIFE_STOP, LIFE_DENIED);
	host.now += HOST_HZ;
	rounds(8000);
	assert_non_null(strstr(wire_text, "cell linux stop a cell that it has no number for: denied"));
}

static void whole(void **state)
{
	(void)state;
	audit_notes(CELL_LINUX, CELL_HELLO, LIFE_STOP, LIFE_DENIED, 3);
	const struct audit_entry good = audit_place()->entries[CELL_LINUX][AUDIT_REFUSED][0];

	assert_true(audit_is_whole(&good));
	for (u32 bit = 0; bit < 8 * sizeof good; bit++) {
		struct audit_entry bad = good;

		((u8 *)&bad)[bit / 8] ^= (u8)(1u << bit % 8);
		assert_false(audit_is_whole(&bad));
	}
	assert_false(audit_is_whole(&(struct audit_entry){ 0 }));
}

static void counts_do_not_wrap(void **state)
{
	(void)state;
	for (u32 i = 0; i < 3; i++)
		audit_notes(CELL_LINUX, CELL_HELLO, LIFE_STOP, LIFE_DENIED, ~0u - 5);
	assert_int_equal(audit_place()->entries[CELL_LINUX][AUDIT_REFUSED][0].times, ~0u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(lines, begin),
		cmocka_unit_test_setup(many_refusals_are_one_entry, begin),
		cmocka_unit_test_setup(nobody_pushes_anything_out, begin),
		cmocka_unit_test_setup(the_rate_is_bounded, begin),
		cmocka_unit_test_setup(nothing_is_unaccounted, begin),
		cmocka_unit_test_setup(a_blocked_console, begin),
		cmocka_unit_test_setup(print, begin),
		cmocka_unit_test_setup(region, begin),
		cmocka_unit_test_setup(whole, begin),
		cmocka_unit_test_setup(counts_do_not_wrap, begin),
	};
	return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
