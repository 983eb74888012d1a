/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* core/manage.c: each request as line.c would make it, part by part; arguments that are none; the operator's rights; what changes meanwhile. */
#include "test.h"

#include "machine.h"
#include "ask.h"
#include "core/audit.h"
#include "core/boot.h"
#include "core/control.h"
#include "core/crash.h"
#include "core/crash_format.h"
#include "core/frame.h"
#include "core/log.h"
#include "core/console.h"
#include "core/watch.h"
#include "host.h"

static struct asked asked;

static enum line_status ask(u8 op, const void *arguments, u32 size)
{
	return ask_all(manage_answer, &asked, op, arguments, size);
}

static int begin(void **state)
{
	static u64 epoch;

	machine_reset(state);
	host.now = epoch += 1000 * HOST_HZ;
	host_become(SERVICE);
	for (u32 i = 0; i < 30; i++) { /* what an earlier test has left */
		host.now += HOST_HZ / 1000;
		control_serve();
	}
	machine_reset(state);
	host_become(SERVICE);
	host.now = epoch;
	audit_init();
	return 0;
}

/* ---- what there is ---- */

static void identify(void **state)
{
	struct manage_identity id;
	u32 crc = 0;

	(void)state;
	host.now = 77;
	assert_int_equal(ask(MANAGE_IDENTIFY, "", 0), LINE_OK);
	assert_int_equal(asked.size, sizeof id);
	memcpy(&id, asked.bytes, sizeof id);
	assert_int_equal(id.version, LINE_VERSION);
	assert_int_equal(id.cells, CELL_COUNT);
	assert_int_equal(id.vcpus, VCPU_COUNT);
	assert_int_equal(id.cpus, CPU_COUNT);
	assert_int_equal(id.features & 3, 1 << FEATURE_LIFE | 1 << FEATURE_METRICS);
	assert_int_equal(id.hz, HOST_HZ);
	assert_int_equal(id.now, 77);
	assert_int_equal(id.crash_size, 0); /* until crash_init */
	assert_int_equal(id.audit_size, sizeof(struct audit));
	assert_memory_equal(id.hash, machine_hash, 64);
	assert_string_equal(id.partition, "unit");
	assert_string_equal(id.board, "host process");
	/* The CRC is that of what NAMES_MESSAGES answers */
	assert_int_equal(ask(MANAGE_NAMES, &(u16){ NAMES_MESSAGES }, 2), LINE_OK);
	crc = frame_crc(asked.bytes, asked.size);
	assert_int_equal(id.messages, crc);
	assert_int_equal(ask(MANAGE_IDENTIFY, "x", 1), LINE_INVALID);
}

static const char *nth(u32 n)
{
	const char *p = (const char *)asked.bytes;

	for (; n && p < (const char *)asked.bytes + asked.size; n--)
		p += strlen(p) + 1;
	return p < (const char *)asked.bytes + asked.size ? p : "";
}

static void names(void **state)
{
	(void)state;
	assert_int_equal(ask(MANAGE_NAMES, &(u16){ NAMES_STATES }, 2), LINE_OK);
	assert_string_equal(nth(SHOWN_SUSPENDED), "suspended");
	assert_string_equal(nth(SHOWN_FAILED), "failed");
	assert_string_equal(nth(SHOWN_FAILED + 1), "");
	assert_int_equal(ask(MANAGE_NAMES, &(u16){ NAMES_OPS }, 2), LINE_OK);
	assert_string_equal(nth(LIFE_KILL), "kill");
	assert_int_equal(ask(MANAGE_NAMES, &(u16){ NAMES_RESULTS }, 2), LINE_OK);
	assert_string_equal(nth(LIFE_DENIED), "denied");
	assert_int_equal(ask(MANAGE_NAMES, &(u16){ NAMES_REASONS }, 2), LINE_OK);
	assert_string_equal(nth(STOP_WATCHDOG), "watchdog");
	assert_int_equal(ask(MANAGE_NAMES, &(u16){ NAMES_POWER }, 2), LINE_OK);
	assert_string_equal(nth(VCPU_ON), "on");
	assert_int_equal(ask(MANAGE_NAMES, &(u16){ NAMES_REGISTERS }, 2), LINE_OK);
	assert_string_equal(nth(0), "x0");
	assert_string_equal(nth(32), "pc");
	assert_string_equal(nth(33), "pstate");
	assert_string_equal(nth(34), "m0");
	assert_string_equal(nth(45), "m11");
	assert_string_equal(nth(46), "");
	assert_int_equal(ask(MANAGE_NAMES, &(u16){ NAMES_SEVERITIES }, 2), LINE_OK);
	assert_string_equal(nth(LOG_DEBUG), "debug");
	assert_int_equal(ask(MANAGE_NAMES, &(u16){ NAMES_CATEGORIES }, 2), LINE_OK);
	assert_string_equal(nth(LOG_TEXT), "text");
	assert_int_equal(ask(MANAGE_NAMES, &(u16){ NAMES_CATEGORIES + 1 }, 2), LINE_INVALID);
	assert_int_equal(ask(MANAGE_NAMES, &(u16){ 0xffff }, 2), LINE_INVALID);
	assert_int_equal(ask(MANAGE_NAMES, "", 1), LINE_INVALID);
}

/* ---- cells ---- */

static void cell(void **state)
{
	struct manage_cell c;

	(void)state;
	cells[CELL_LINUX].incarnation = 3;
	cells[CELL_LINUX].times.stop = 12;
	cells[CELL_LINUX].since = 1234567890123;
	assert_int_equal(ask(MANAGE_CELL, &(u16){ CELL_LINUX }, 2), LINE_OK);
	assert_int_equal(asked.size, sizeof c);
	memcpy(&c, asked.bytes, sizeof c);
	assert_string_equal(c.name, "linux");
	assert_int_equal(c.vcpu_count, 2);
	assert_int_equal(c.first_vcpu, 0);
	assert_int_equal(c.state, SHOWN_RUNNING);
	assert_int_equal(c.interrupts, 0);
	assert_int_equal(c.console, 1);
	assert_int_equal(c.lives, 3);
	assert_int_equal(c.rights, 1 << LIFE_STATUS);
	assert_int_equal(c.reason, STOP_NONE);
	assert_int_equal(c.stop, 12);
	assert_int_equal(c.since, 1234567890123);
	assert_string_equal(c.what, "");
	assert_int_equal(ask(MANAGE_CELL, &(u16){ CELL_HELLO }, 2), LINE_OK);
	memcpy(&c, asked.bytes, sizeof c);
	assert_int_equal(c.rights, (1 << LIFE_OP_COUNT) - 1); /* LIFE_KILL comes with LIFE_STOP */
	assert_int_equal(ask(MANAGE_CELL, &(u16){ CELL_CONTROL }, 2), LINE_OK);
	memcpy(&c, asked.bytes, sizeof c);
	assert_int_equal(c.rights, 0);
	assert_int_equal(c.interrupts, 1);
	assert_int_equal(ask(MANAGE_CELL, &(u16){ CELL_COUNT }, 2), LINE_INVALID);
	assert_int_equal(ask(MANAGE_CELL, &(u16){ 0xffff }, 2), LINE_INVALID);
	assert_int_equal(ask(MANAGE_CELL, &(u32){ 0 }, 4), LINE_INVALID);
	assert_int_equal(ask(MANAGE_CELL, "", 0), LINE_INVALID);
}

/* The last end; never half of one that is being written. */
static void end_of_a_cell(void **state)
{
	struct cell *linux_cell = &cells[CELL_LINUX];
	struct manage_cell c;

	(void)state;
	linux_cell->incarnation = 1;
	host_become(0);
	cell_stop(&host_cpus[0], STOP_FAULT, "write outside the cell's map, or somewhere else");
	host_become(SERVICE);
	assert_int_equal(ask(MANAGE_CELL, &(u16){ CELL_LINUX }, 2), LINE_OK);
	memcpy(&c, asked.bytes, sizeof c);
	assert_int_equal(c.reason, STOP_FAULT);
	assert_int_equal(c.by, BY_ITSELF);
	assert_int_equal(c.missing, 2);
	assert_memory_equal(c.what, "write outside the cell's map, or somewh", 40);
	/* A later one, while that waits for the console */
	linux_cell->incarnation = 2;
	cell_record(CELL_LINUX, NULL, STOP_WATCHDOG, NULL, BY_POLICY, CELL_FAILING);
	assert_int_equal(ask(MANAGE_CELL, &(u16){ CELL_LINUX }, 2), LINE_OK);
	memcpy(&c, asked.bytes, sizeof c);
	assert_int_equal(c.reason, STOP_WATCHDOG);
	assert_int_equal(c.by, BY_POLICY);
	assert_string_equal(c.what, "");
	linux_cell->unheard_state = RECORD_WRITING;
	assert_int_equal(ask(MANAGE_CELL, &(u16){ CELL_LINUX }, 2), LINE_OK);
	assert_true(asked.later);
	linux_cell->unheard_state = RECORD_NONE;
	linux_cell->record_state = RECORD_WRITING;
	ask(MANAGE_CELL, &(u16){ CELL_LINUX }, 2);
	assert_true(asked.later);
}

static void vcpu(void **state)
{
	struct manage_vcpu v;

	(void)state;
	host_cpus[1].exits[EXIT_HVC] = 5;
	host_cpus[1].exits[EXIT_PCI] = 1ull << 40;
	vcpus[1].state = VCPU_ON_PENDING;
	assert_int_equal(ask(MANAGE_VCPU, (u16[]){ CELL_LINUX, 1 }, 4), LINE_OK);
	assert_int_equal(asked.size, sizeof v);
	memcpy(&v, asked.bytes, sizeof v);
	assert_string_equal(v.cpu, "cpu1");
	assert_int_equal(v.number, 1);
	assert_int_equal(v.power, VCPU_ON_PENDING);
	assert_int_equal(v.kept, 0);
	assert_int_equal(v.exits, (1ull << 40) + 5);
	vcpus[1].captured = 8;
	ask(MANAGE_VCPU, (u16[]){ CELL_LINUX, 1 }, 4);
	memcpy(&v, asked.bytes, sizeof v);
	assert_int_equal(v.kept, 1);
	assert_int_equal(v.life, 7);
	assert_int_equal(ask(MANAGE_VCPU, (u16[]){ CELL_LINUX, 2 }, 4), LINE_INVALID);
	assert_int_equal(ask(MANAGE_VCPU, (u16[]){ CELL_HELLO, 1 }, 4), LINE_INVALID);
	assert_int_equal(ask(MANAGE_VCPU, (u16[]){ CELL_COUNT, 0 }, 4), LINE_INVALID);
	assert_int_equal(ask(MANAGE_VCPU, (u16[]){ CELL_LINUX }, 2), LINE_INVALID);
}

/* ---- operations ---- */

/* Every operation on every cell with every right by itself: carried out, and audited, as the command line's are. */
static void rights(void **state)
{
	(void)state;
	for (u32 right = 0; right <= LIFE_KILL; right++)
		for (u16 op = LIFE_START; op < LIFE_OP_COUNT; op++)
			for (u16 cell_index = 0; cell_index < CELL_COUNT; cell_index++) {
				begin(NULL);
				unit_controls[4] = (struct control_config){ CONTROLLER_OPERATOR, CELL_HELLO, (u16)(1u << right) };
				unit_controls[5] = (struct control_config){ CONTROLLER_OPERATOR, CELL_LINUX, 0 };
				bool may = cell_index == CELL_HELLO && right == (op == LIFE_KILL ? LIFE_STOP : op);
				struct line_job job;
				u8 payload[LINE_PART];
				u16 arguments[] = { cell_index, op }, result;

				job_begin(&job, payload, MANAGE_OPERATE, arguments, sizeof arguments);
				assert_int_equal(manage_answer(&job), LINE_OK);
				assert_true(job.later);
				host.now += HOST_HZ / 1000;
				control_serve();
				assert_int_equal(manage_answer(&job), LINE_OK);
				assert_false(job.later);
				assert_int_equal(job.length, 2);
				memcpy(&result, payload, 2);
				const struct audit *audit = audit_place();
				const struct audit_entry *e = &audit->entries[AUDIT_OPERATOR][result > LIFE_OK && result != LIFE_ASKED][0];

				assert_int_equal(audit->sequence, 1);
				assert_int_equal(e->op, op);
				assert_int_equal(e->target, cell_index);
				assert_int_equal(e->result, result);
				assert_int_equal(result == LIFE_DENIED, !may);
				assert_int_equal(cells[cell_index].state != CELL_RUNNING, may && op != LIFE_START && op != LIFE_RESUME);
			}
}

/* One that a broken session has left is carried out before, and neither is lost. */
static void two_sessions(void **state)
{
	struct line_job one, two;
	u8 payload[LINE_PART];

	(void)state;
	job_begin(&one, payload, MANAGE_OPERATE, (u16[]){ CELL_HELLO, LIFE_SUSPEND }, 4);
	manage_answer(&one);
	job_begin(&two, payload, MANAGE_OPERATE, (u16[]){ CELL_HELLO, LIFE_KILL }, 4);
	manage_answer(&two);
	assert_true(two.later);
	assert_false(two.state[0]); /* not taken yet */
	host.now += HOST_HZ / 1000;
	control_serve();
	assert_int_equal(cells[CELL_HELLO].state, CELL_SUSPENDED);
	manage_answer(&two);
	assert_true(two.later); /* and does not get the other one's answer */
	assert_true(two.state[0]);
	host.now += HOST_HZ / 1000;
	control_serve();
	manage_answer(&two);
	assert_false(two.later);
	assert_int_equal(frame_get(payload, 2), LIFE_OK);
	assert_int_equal(cells[CELL_HELLO].state, CELL_STOPPING);
	assert_int_equal(audit_place()->count[AUDIT_OPERATOR][AUDIT_DONE], 2);
}

/* Nothing of it is printed: the answer goes over the line, and the audit tells it. No room for lines keeps nothing from being done. */
static void no_room(void **state)
{
	struct line_job job;
	u8 payload[LINE_PART];

	(void)state;
	wire_room = 0;
	while (log_has_room())
		console_printf("something");
	job_begin(&job, payload, MANAGE_OPERATE, (u16[]){ CELL_HELLO, LIFE_KILL }, 4);
	manage_answer(&job);
	host.now += HOST_HZ / 1000;
	control_serve();
	manage_answer(&job);
	assert_false(job.later);
	assert_int_equal(cells[CELL_HELLO].state, CELL_STOPPING);
}

static void operate_nonsense(void **state)
{
	(void)state;
	for (u32 op = 0; op < 0x10000; op += op < 20 ? 1 : 0x111)
		if (op <= LIFE_STATUS || op >= LIFE_OP_COUNT)
			assert_int_equal(ask(MANAGE_OPERATE, (u16[]){ CELL_HELLO, (u16)op }, 4), LINE_INVALID);
	assert_int_equal(ask(MANAGE_OPERATE, (u16[]){ CELL_COUNT, LIFE_STOP }, 4), LINE_INVALID);
	assert_int_equal(ask(MANAGE_OPERATE, (u16[]){ CELL_HELLO }, 2), LINE_INVALID);
	control_serve();
	assert_int_equal(audit_place()->sequence, 0);
}

/* ---- the board ---- */

/* Rounds of the service CPU, a millisecond each. */
static void board_rounds(u32 count)
{
	for (u32 i = 0; i < count; i++) {
		host.now += HOST_HZ / 1000;
		watch_serve();
		control_serve();
		audit_serve();
	}
}

static void board_with(u16 what, u8 board_rights)
{
	static const enum host_end ends[] = { [BOARD_RESET] = HOST_BOARD_RESET, [BOARD_OFF] = HOST_BOARD_OFF };
	bool may = board_rights >> what & 1;
	enum host_end end;
	u64 before = host.now;

	unit_core.board_rights = board_rights;
	unit_lives[CELL_CONTROL].heartbeat_period = 0; /* nothing else happens */
	assert_int_equal(ask(MANAGE_BOARD, &what, 2), LINE_OK);
	assert_int_equal(frame_get(asked.bytes, 2), may ? LIFE_OK : LIFE_DENIED);
	const struct audit_entry *e = &audit_place()->entries[AUDIT_OPERATOR][may ? AUDIT_DONE : AUDIT_REFUSED][0];

	assert_int_equal(e->op, AUDIT_BOARD + what);
	assert_int_equal(e->target, CELL_NONE);
	assert_true(audit_is_whole(e));
	HOST_CATCH(end, board_rounds(2000));
	assert_int_equal(end, may ? ends[what] : HOST_RETURNED);
	if (may) /* time for the answer to go out, and no more than that, as nothing is left to be kept */
		assert_in_range(host.now - before, HOST_HZ / 20, HOST_HZ / 10);
}

static void board(void **state)
{
	for (u16 what = BOARD_RESET; what <= BOARD_OFF; what++)
		for (u8 board_rights = 0; board_rights < 4; board_rights++) {
			begin(state);
			board_with(what, board_rights);
		}
	assert_int_equal(ask(MANAGE_BOARD, &(u16){ 2 }, 2), LINE_INVALID);
	assert_int_equal(ask(MANAGE_BOARD, "", 0), LINE_INVALID);
}

/* ---- reading ---- */

static enum line_status read_from(u16 area, u16 cell_index, u16 vcpu_index, u32 offset, u32 size)
{
	const struct manage_read r = { area, cell_index, vcpu_index, 0, offset, size };

	return ask(MANAGE_READ, &r, sizeof r);
}

/* Any piece of it is what lies there, and no message cuts an entry but at the piece's own ends. */
static void read_audit(void **state)
{
	u32 head = offsetof(struct audit, entries), entry = sizeof(struct audit_entry);

	(void)state;
	for (u32 i = 0; i < 60; i++)
		audit_note((u16)(i % CELL_COUNT), CELL_HELLO, LIFE_START + i % 3, i & 1 ? LIFE_OK : LIFE_DENIED);
	for (u32 offset = 0; offset <= sizeof(struct audit); offset += 4) {
		assert_int_equal(read_from(AREA_AUDIT, 0, 0, offset, sizeof(struct audit) - offset), LINE_OK);
		assert_int_equal(asked.size, sizeof(struct audit) - offset);
		assert_memory_equal(asked.bytes, (u8 *)audit_place() + offset, asked.size);
		for (u32 i = 0, at = offset; i + 1 < asked.parts; i++) {
			assert_in_range(asked.part_size[i], 1, LINE_PART);
			at += asked.part_size[i];
			assert_true(at <= head || (at - head) % entry == 0);
		}
	}
}

/* The last test: nobody but a reset undoes crash_init. */
static void read_crash(void **state)
{
	struct manage_identity id;

	assert_int_equal(read_from(AREA_CRASH, 0, 0, 0, 1), LINE_INVALID);
	crash_init();
	ask(MANAGE_IDENTIFY, "", 0);
	memcpy(&id, asked.bytes, sizeof id);
	assert_int_equal(id.crash_size, unit_core.crash_size);
	read_audit(state); /* it lies there now */
	for (u32 i = CRASH_SLOTS_START; i < unit_core.crash_size; i++)
		crash_region[i] = (u8)(i * 7 + i / 256);
	for (u32 offset = 0; offset < unit_core.crash_size; offset += 16384) {
		u32 size = unit_core.crash_size - offset < 16384 ? unit_core.crash_size - offset : 16384;

		assert_int_equal(read_from(AREA_CRASH, 0, 0, offset, size), LINE_OK);
		assert_int_equal(asked.size, size);
		assert_memory_equal(asked.bytes, crash_region + offset, size);
	}
	assert_int_equal(read_from(AREA_CRASH, 0, 0, unit_core.crash_size, 0), LINE_OK);
	assert_int_equal(asked.size, 0);
	assert_int_equal(read_from(AREA_CRASH, 0, 0, unit_core.crash_size, 1), LINE_INVALID);
	assert_int_equal(read_from(AREA_CRASH, 0, 0, unit_core.crash_size - 1, 2), LINE_INVALID);
	assert_int_equal(read_from(AREA_CRASH, 0, 0, ~0u, 2), LINE_INVALID);
	assert_int_equal(read_from(AREA_CRASH, 0, 0, 1, ~0u), LINE_INVALID);
	assert_int_equal(read_from(AREA_CRASH, 0, 0, 0, 16385), LINE_INVALID);
	assert_int_equal(read_from(AREA_REGISTERS + 1, 0, 0, 0, 1), LINE_INVALID);
	assert_int_equal(read_from(0xffff, 0, 0, 0, 1), LINE_INVALID);
	assert_int_equal(ask(MANAGE_READ, "", 0), LINE_INVALID);
}

static void read_registers(void **state)
{
	struct vcpu_registers *registers = &vcpus[1].registers;

	(void)state;
	assert_int_equal(read_from(AREA_REGISTERS, CELL_LINUX, 1, 0, sizeof *registers), LINE_REFUSED);
	for (u32 i = 0; i < sizeof *registers / 8; i++)
		((u64 *)registers)[i] = i * 0x0101010101010101;
	vcpus[1].captured = 5;
	assert_int_equal(read_from(AREA_REGISTERS, CELL_LINUX, 1, 0, sizeof *registers), LINE_OK);
	assert_int_equal(asked.size, sizeof *registers);
	assert_memory_equal(asked.bytes, registers, sizeof *registers);
	assert_int_equal(read_from(AREA_REGISTERS, CELL_LINUX, 1, 8, sizeof *registers), LINE_INVALID);
	assert_int_equal(read_from(AREA_REGISTERS, CELL_LINUX, 2, 0, 8), LINE_INVALID);
	assert_int_equal(read_from(AREA_REGISTERS, CELL_COUNT, 0, 0, 8), LINE_INVALID);
	assert_int_equal(read_from(AREA_REGISTERS, 0xffff, 0xffff, 0, 8), LINE_INVALID);
}

/* Those of another end in the middle: the answer ends and says so. */
static void registers_change(void **state)
{
	const struct manage_read r = { AREA_REGISTERS, CELL_LINUX, 0, 0, 0, sizeof(struct vcpu_registers) };
	static const u32 later[] = { 0, 6, 0x80000005 };

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(later); i++) {
		struct line_job job;
		u8 payload[LINE_PART];

		vcpus[0].captured = 5;
		job_begin(&job, payload, MANAGE_READ, &r, sizeof r);
		assert_int_equal(manage_answer(&job), LINE_OK);
		assert_true(job.more);
		job.part++;
		vcpus[0].captured = later[i];
		assert_int_equal(manage_answer(&job), LINE_REFUSED);
		assert_false(job.more);
		assert_int_equal(job.length, 0);
	}
}

static void unknown(void **state)
{
	(void)state;
	assert_int_equal(ask(0, "", 0), LINE_UNKNOWN);
	for (u32 op = MANAGE_BOARD + 1; op < 256; op++)
		assert_int_equal(ask((u8)op, "abcdefgh", op % 9), LINE_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(identify, begin),
		cmocka_unit_test_setup(names, begin),
		cmocka_unit_test_setup(cell, begin),
		cmocka_unit_test_setup(end_of_a_cell, begin),
		cmocka_unit_test_setup(vcpu, begin),
		cmocka_unit_test_setup(rights, begin),
		cmocka_unit_test_setup(two_sessions, begin),
		cmocka_unit_test_setup(no_room, begin),
		cmocka_unit_test_setup(operate_nonsense, begin),
		cmocka_unit_test_setup(board, begin),
		cmocka_unit_test_setup(read_audit, begin),
		cmocka_unit_test_setup(read_registers, begin),
		cmocka_unit_test_setup(registers_change, begin),
		cmocka_unit_test_setup(unknown, begin),
		cmocka_unit_test_setup(read_crash, begin),
	};
	return cmocka_run_group_tests_name("manage", tests, NULL, NULL);
}
