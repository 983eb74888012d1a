/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * core/control.c: rights, the way to the service CPU and back, floods. life_do is this test's own: what it is
 * asked for is all that may happen to a cell.
 */
#include "test.h"

#include "machine.h"
#include "core/audit.h"
#include "core/boot.h"
#include "core/console.h"
#include "core/control.h"
#include "core/log.h"
#include "host.h"

static struct {
	u32 calls[CELL_COUNT][LIFE_OP_COUNT];
	u32 all;
	u64 last[CELL_COUNT]; /* ticks */
	u16 by;
	enum life_result answer;
} life;

enum life_result __wrap_life_do(u16 cell, enum life_op op, u16 by);
enum life_result __wrap_life_do(u16 cell, enum life_op op, u16 by)
{
	assert_ptr_equal(host_this, &host_cpus[SERVICE]);
	if (life.last[cell])
		assert_true(host.now - life.last[cell] >= HOST_HZ / 1000);
	life.last[cell] = host.now;
	life.calls[cell][op]++;
	life.all++;
	life.by = by;
	return life.answer;
}

static struct cpu *const linux_cpu = &host_cpus[0], *const control_cpu = &host_cpus[2], *const hello_cpu = &host_cpus[3];

/* Rounds of the service CPU as main.c has them, a millisecond each. */
static void rounds(u32 count)
{
	struct cpu *before = host_this;

	for (u32 i = 0; i < count; i++) {
		serve(1);
		host_this = &host_cpus[SERVICE];
		control_serve();
		audit_serve();
		host_this = before;
	}
}

static int begin(void **state)
{
	static u64 epoch;

	machine_reset(state);
	host.now = epoch += 1000 * HOST_HZ; /* time does not go back */
	memset(&life, 0, sizeof life);
	rounds(20); /* what an earlier test has left */
	audit_init();
	memset(&life, 0, sizeof life);
	memset(host.kicks, 0, sizeof host.kicks);
	memset(wire_text, 0, sizeof wire_text);
	wire_length = 0;
	return 0;
}

static const struct audit_entry *entry(u32 origin, enum audit_kind kind, u32 n)
{
	return &audit_place()->entries[origin][kind][n];
}

/* Every right of every pair by itself: the operation that it is, and no other. */
static void rights(void **state)
{
	(void)state;
	for (u32 right = 0; right <= LIFE_OP_COUNT; right++)
		for (u32 pair = 0; pair < 4; pair++)
			for (u32 op = 0; op < LIFE_OP_COUNT; op++) {
				begin(NULL);
				const struct control_config *c = &unit_controls[pair];
				struct cpu *cpu = c->controller == CELL_LINUX ? linux_cpu : control_cpu;
				u32 needed = op == LIFE_KILL ? LIFE_STOP : op;
				bool allowed = right == needed;

				for (u32 i = 0; i < CONTROL_COUNT; i++)
					unit_controls[i].rights = (u16)(i == pair ? (right < LIFE_OP_COUNT ? 1u << right : 0) : 0x3f);
				u32 number = pair - unit_lives[c->controller].first_control;

				assert_int_equal(control_ask(cpu, number, op), allowed ? CONTROL_OK : CONTROL_DENIED);
				rounds(1);
				u32 carried = allowed && op != LIFE_STATUS;

				assert_int_equal(life.all, carried);
				assert_int_equal(life.calls[c->target][op], carried);
				assert_int_equal(audit_place()->sequence, carried || !allowed);
				const struct audit_entry *e = entry(c->controller, carried ? AUDIT_DONE : AUDIT_REFUSED, 0);

				if (carried || !allowed) {
					assert_int_equal(e->target, c->target);
					assert_int_equal(e->op, op);
					assert_int_equal(e->result, carried ? LIFE_OK : LIFE_DENIED);
				}
				struct control_status status;

				assert_int_equal(control_status(cpu, number, &status), right == LIFE_STATUS ? CONTROL_OK : CONTROL_DENIED);
			}
}

/* Nobody controls by default, and a number beyond one's own is nothing, whatever lies behind it in the table. */
static void numbers(void **state)
{
	struct control_status status;

	(void)state;
	for (u32 i = 0; i < CONTROL_COUNT; i++)
		unit_controls[i].rights = 0x7f;
	static const u64 bad[] = { 1, 2, 3, 5, 0xffff, 0x10000, 0xffffffff, 0x100000000, ~0ull, ~0ull - 1 };

	for (u32 i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_int_equal(control_ask(linux_cpu, bad[i], LIFE_STOP), CONTROL_INVALID);
		assert_int_equal(control_status(linux_cpu, bad[i], &status), CONTROL_INVALID);
		assert_int_equal(control_ask(hello_cpu, bad[i], LIFE_STOP), CONTROL_INVALID);
	}
	assert_int_equal(control_ask(hello_cpu, 0, LIFE_STOP), CONTROL_INVALID);
	assert_int_equal(control_ask(linux_cpu, 0, LIFE_OP_COUNT), CONTROL_INVALID);
	assert_int_equal(control_ask(linux_cpu, 0, ~0ull), CONTROL_INVALID);
	assert_int_equal(control_ask(linux_cpu, 0, 0x100000000 + LIFE_STOP), CONTROL_INVALID);
	rounds(10);
	assert_int_equal(life.all, 0);
	assert_int_equal(host.kicks[SERVICE], 0);
	const struct audit_entry *e = entry(CELL_HELLO, AUDIT_REFUSED, 0);

	assert_int_equal(e->target, CELL_NONE);
	assert_int_equal(e->times, ARRAY_COUNT(bad) + 1);
	assert_int_equal(e->result, LIFE_DENIED);
}

static void a_request(void **state)
{
	struct control_status status;

	(void)state;
	life.answer = LIFE_ASKED;
	cells[CELL_HELLO].incarnation = 3;
	cells[CELL_HELLO].record.reason = STOP_FAULT;
	cells[CELL_HELLO].times = (struct life_times){ 1, 2, 3, 4, 5, 6 };
	assert_int_equal(control_ask(linux_cpu, 0, LIFE_KILL), CONTROL_OK);
	assert_int_equal(host.kicks[SERVICE], 1);
	assert_int_equal(core_service_wanted(), true);
	assert_int_equal(control_ask(&host_cpus[1], 0, LIFE_START), CONTROL_BUSY); /* its second vCPU */
	assert_int_equal(control_ask(control_cpu, 2, LIFE_STOP), CONTROL_OK);      /* another pair */
	assert_int_equal(life.all, 0);
	rounds(1);
	assert_int_equal(life.all, 1); /* one cell: not within a millisecond */
	rounds(1);
	assert_int_equal(life.all, 2);
	assert_int_equal(life.calls[CELL_HELLO][LIFE_KILL], 1);
	assert_int_equal(life.calls[CELL_HELLO][LIFE_STOP], 1);
	assert_int_equal(control_status(linux_cpu, 0, &status), CONTROL_OK);
	assert_int_equal(status.result, LIFE_ASKED);
	assert_int_equal(status.state, SHOWN_RUNNING);
	assert_int_equal(status.lives, 3);
	assert_int_equal(status.reason, STOP_FAULT);
	assert_memory_equal(&status.times, &cells[CELL_HELLO].times, sizeof status.times);
	life.answer = LIFE_REFUSED;
	assert_int_equal(control_ask(linux_cpu, 0, LIFE_START), CONTROL_OK);
	rounds(2);
	control_status(linux_cpu, 0, &status);
	assert_int_equal(status.result, LIFE_REFUSED);
	assert_int_equal(entry(CELL_LINUX, AUDIT_DONE, 0)->op, LIFE_KILL);
	assert_int_equal(entry(CELL_LINUX, AUDIT_DONE, 0)->result, LIFE_ASKED);
	assert_int_equal(entry(CELL_LINUX, AUDIT_REFUSED, 0)->op, LIFE_START);
	rounds(10);
	assert_int_equal(life.all, 3);
}

/* As often as a guest can call: nothing for the service CPU but one counter, and no kick. */
static void flood_of_refused(void **state)
{
	(void)state;
	unit_controls[0].rights = BIT(LIFE_STATUS);
	for (u32 ms = 0; ms < 1000; ms++) {
		for (u32 i = 0; i < 1000; i++) {
			assert_int_equal(control_ask(linux_cpu, 0, LIFE_STOP), CONTROL_DENIED);
			assert_int_equal(control_ask(hello_cpu, i, LIFE_STOP), CONTROL_INVALID);
		}
		rounds(1);
	}
	assert_int_equal(host.kicks[SERVICE], 0);
	assert_int_equal(life.all, 0);
	host.now += HOST_HZ;
	rounds(2000);
	u64 times = 0;

	for (u32 i = 0; i < AUDIT_ENTRIES; i++)
		times += entry(CELL_LINUX, AUDIT_REFUSED, i)->times;
	assert_int_equal(times, 1000 * 1000);
	assert_true(audit_place()->count[CELL_LINUX][AUDIT_REFUSED] <= 5);
	u32 lines = 0;

	for (const char *p = wire_text; (p = strstr(p, "audit")); p++)
		lines++;
	assert_in_range(lines, 2, 12);
}

/* With the right to it: one operation on a cell in a millisecond, and the service CPU is called 100 times in a second. */
static void flood_of_allowed(void **state)
{
	u32 accepted = 0;

	(void)state;
	for (u32 ms = 0; ms < 1000; ms++) {
		for (u32 i = 0; i < 200; i++) {
			accepted += control_ask(control_cpu, 2, i & 1 ? LIFE_SUSPEND : LIFE_RESUME) == CONTROL_OK;
			accepted += control_ask(linux_cpu, 0, LIFE_KILL) == CONTROL_OK;
			if (i % 20 == 0) { /* it is called, so it comes at once */
				host_this = &host_cpus[SERVICE];
				control_serve();
			}
		}
		rounds(1);
	}
	assert_in_range(life.all, 500, 1001);
	assert_in_range(accepted, life.all, life.all + 2);
	assert_true(host.kicks[SERVICE] <= 2 * 101);
	assert_true(life.calls[CELL_HELLO][LIFE_KILL] > 100); /* who asks more often does not shut others out */
	assert_true(life.calls[CELL_HELLO][LIFE_SUSPEND] + life.calls[CELL_HELLO][LIFE_RESUME] > 100);
}

/* The service CPU is a cell's: one operation in a round, everybody in turn. */
static void shared(void **state)
{
	(void)state;
	struct cpu_config config = *host_cpus[SERVICE].config;

	config.role = CPU_VCPU;
	host_cpus[SERVICE].config = &config;
	u32 linux_done = 0;

	for (u32 ms = 0; ms < 100; ms++) {
		u32 before = life.all;

		for (u32 n = 0; n < 3; n++)
			control_ask(control_cpu, n, LIFE_SUSPEND);
		linux_done += control_ask(linux_cpu, 0, LIFE_STOP) == CONTROL_OK;
		rounds(1);
		assert_true(life.all - before <= 1);
	}
	assert_true(life.all >= 90);
	assert_true(linux_done >= 20);
	host_cpus[SERVICE].config = &machine_cpus[SERVICE];
}

/* ---- the operator ---- */

static void expect_line(const char *text)
{
	assert_non_null(strstr(wire_text, text));
	wire_length = 0;
	memset(wire_text, 0, sizeof wire_text);
}

static void operator_rights(void **state)
{
	(void)state;
	for (u32 op = LIFE_START; op < LIFE_OP_COUNT; op++) {
		char text[128];

		host_this = &host_cpus[SERVICE];
		control_operator(CELL_HELLO, (enum life_op)op);
		control_operator(CELL_LINUX, (enum life_op)op); /* status only */
		control_operator(CELL_CONTROL, (enum life_op)op); /* nothing */
		rounds(3);
		assert_int_equal(life.all, op);
		assert_int_equal(life.calls[CELL_HELLO][op], 1);
		assert_int_equal(life.by, CONTROLLER_OPERATOR);
		snprintf(text, sizeof text, "[core] %s hello: ok\r\n", life_op_names[op]);
		assert_non_null(strstr(wire_text, text));
		snprintf(text, sizeof text, "[core] %s control: denied; cloison,controls ", life_op_names[op]);
		assert_non_null(strstr(wire_text, text));
		snprintf(text, sizeof text, "[core] %s linux: denied; cloison,controls ", life_op_names[op]);
		expect_line(text);
	}
	assert_int_equal(audit_place()->count[AUDIT_OPERATOR][AUDIT_DONE], LIFE_OP_COUNT - 1);
	assert_int_equal(audit_place()->count[AUDIT_OPERATOR][AUDIT_REFUSED], 2 * (LIFE_OP_COUNT - 1));
	unit_core.control_count = 0;
	control_operator(CELL_HELLO, LIFE_STOP);
	rounds(3);
	assert_int_equal(life.all, LIFE_OP_COUNT - 1);
	expect_line("[core] stop hello: denied");
	control_operator(CELL_NONE, LIFE_STOP);
	control_operator(CELL_HELLO, LIFE_OP_COUNT);
	rounds(3);
	assert_int_equal(life.all, LIFE_OP_COUNT - 1);
}

/* What a cell may is none of the operator's rights, and the other way round. */
static void rights_are_not_shared(void **state)
{
	(void)state;
	for (u32 i = 0; i < CONTROL_COUNT; i++)
		unit_controls[i].rights = unit_controls[i].controller == CONTROLLER_OPERATOR ? 0x3f : 0;
	assert_int_equal(control_ask(control_cpu, 2, LIFE_STOP), CONTROL_DENIED);
	assert_int_equal(control_ask(linux_cpu, 0, LIFE_STOP), CONTROL_DENIED);
	for (u32 i = 0; i < CONTROL_COUNT; i++)
		unit_controls[i].rights ^= 0x3f;
	control_operator(CELL_HELLO, LIFE_STOP);
	rounds(5);
	assert_int_equal(life.all, 0);
}

/* No answer is lost, however little room there is. */
static void answers_wait_for_room(void **state)
{
	u32 lost = log_lost();

	(void)state;
	host_this = &host_cpus[SERVICE];
	wire_room = 0;
	for (u32 i = 0; i < 2; i++, serve(1)) /* the pump holds one line itself */
		while (log_has_room())
			console_printf("full");
	control_operator(CELL_HELLO, LIFE_STOP);
	rounds(100);
	assert_int_equal(life.all, 0);
	wire_room = ~0u;
	rounds(100);
	assert_int_equal(life.all, 1);
	assert_int_equal(log_lost(), lost);
	expect_line("[core] stop hello: ok\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(rights, begin),
		cmocka_unit_test_setup(numbers, begin),
		cmocka_unit_test_setup(a_request, begin),
		cmocka_unit_test_setup(flood_of_refused, begin),
		cmocka_unit_test_setup(flood_of_allowed, begin),
		cmocka_unit_test_setup(shared, begin),
		cmocka_unit_test_setup(operator_rights, begin),
		cmocka_unit_test_setup(rights_are_not_shared, begin),
		cmocka_unit_test_setup(answers_wait_for_room, begin),
	};
	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
