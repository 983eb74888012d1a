/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * core/life.c, life_cpu.c, life_table.c: every operation in every state, ends and what
 * comes after them. linux (two vCPUs) is restarted always, at most twice within ten
 * seconds: built with -DRESTART (machine.c). All at once is tested by paths/ and by test_race_life.c.
 */
#include "test.h"

#include "threads.h"
#include "core/console.h"
#include "core/crash.h"
#include "core/record.h"
#include "core/life.h"
#include "core/watch.h"

static struct cell *const cell = &cells[CELL_LINUX];

static int first_life(void **state)
{
	setup(state);
	unit_lives[CELL_CONTROL].heartbeat_period = 0; /* nobody beats here */
	cell->incarnation = 1;
	cell->cleaned = 0;
	memset(cell->restarts, 0, sizeof cell->restarts);
	cell->counted = 0;
	host.now = 100 * HOST_HZ;
	return 0;
}

/* Rounds of the service CPU, one in a millisecond. */
static void rounds(u32 count)
{
	struct cpu *before = host_this;

	for (u32 i = 0; i < count; i++) {
		serve(1);
		host_this = &host_cpus[SERVICE];
		crash_serve();
		watch_serve();
		life_serve();
		host_this = before;
	}
}

static void leave(struct cpu *cpu)
{
	(void)cpu;
	host_leave(HOST_ESCAPE);
}

/* Parks, until it leaves the core (true) or sleeps. */
static bool park(u16 who)
{
	enum host_end end;

	host_this = &host_cpus[who];
	host.on_wait = leave;
	HOST_CATCH(end, cell_park(host_this));
	host.on_wait = NULL;
	return end == HOST_RETURNED;
}

static void stop(u16 who, enum stop_reason reason)
{
	host_this = &host_cpus[who];
	cell_stop(host_this, reason, "x");
}

/* Everybody comes in, it is told, its memory is cleared. True: it begins again, up to the first instruction of the copier. */
static bool end(void)
{
	bool left;
	enum host_end end;

	assert_false(park(1));
	if (!park(0)) {
		rounds(20);
		assert_true(park(0));
	}
	assert_int_equal(host_cpus[0].copier, COPIER_CLEAR);
	host.on_wait = leave;
	HOST_CATCH(end, cell_loaded(&host_cpus[0]));
	host.on_wait = NULL;
	left = end == HOST_RETURNED;
	assert_int_equal(host_cpus[0].copier, left ? COPIER_LOAD : COPIER_NONE);
	return left;
}

static void stop_and_start(u16 who, enum stop_reason reason)
{
	stop(who, reason);
	assert_int_equal(cell->state, CELL_RESTARTING);
	assert_true(end());
	assert_int_equal(cell->state, CELL_LOADING);
}

static void run(void)
{
	host_this = &host_cpus[0];
	cell_loaded(host_this);
	assert_int_equal(cell->state, CELL_RUNNING);
}

static void a_second_life(void **state)
{
	struct cpu *cpu = &host_cpus[0];

	(void)state;
	vcpus[1].state = VCPU_ON_PENDING;
	cpu->exits[EXIT_HVC] = 7;
	stop_and_start(1, STOP_FAULT);
	assert_non_null(strstr(wire_text, "[core] cell linux: stopped by fault: x, vCPU 1 on cpu1"));
	assert_true(strstr(wire_text, "[core] cell linux: restarted, number 1\r\n") > strstr(wire_text, "[core] linux: x28="));
	assert_int_equal(cell->incarnation, 2);
	assert_int_equal(host.restored[CELL_LINUX], 1);
	assert_int_equal(*machine_cells[CELL_LINUX].arch.root, 1);
	assert_int_equal(cpu->frame.pc, 0x1000);
	assert_int_equal(cpu->frame.x[0], 0x2000);
	assert_true(cpu->arch.loading);
	assert_int_equal(vcpus[0].state, VCPU_ON);
	assert_int_equal(vcpus[1].state, VCPU_OFF);
	assert_int_equal(cpu->exits[EXIT_HVC], 7);
	assert_int_equal(cells[CELL_CONTROL].state, CELL_RUNNING);
	assert_int_equal(host.kicks[2] + host.kicks[3], 0);
	assert_int_equal(cpu->arch.clears, 1);
	assert_int_equal(cpu->arch.cleared_size, (1ULL << 39) - 4096);
	cell_loaded(cpu);
	assert_int_equal(cell->state, CELL_RUNNING);
	assert_int_equal(cpu->frame.pc, 0x40200000);
	assert_false(cpu->arch.loading);
}

static void reasons(void **state)
{
	static const struct { enum stop_reason reason; u32 linux_, hello; } cases[] = {
		{ STOP_SYSTEM_OFF, CELL_STOPPING, CELL_STOPPING }, { STOP_SYSTEM_RESET, CELL_RESTARTING, CELL_STOPPING },
		{ STOP_DEBUG, CELL_RESTARTING, CELL_FAILING }, { STOP_FAULT, CELL_RESTARTING, CELL_FAILING },
		{ STOP_DENIED, CELL_RESTARTING, CELL_FAILING },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(life_decide(&host_cpus[0], cases[i].reason), cases[i].linux_);
		assert_int_equal(life_decide(&host_cpus[3], cases[i].reason), cases[i].hello);
	}
}

/* Not before everybody has left, and not while a kick is on its way. */
static void everybody_has_left(void **state)
{
	struct cpu *cpu = &host_cpus[0];

	(void)state;
	assert_int_equal(life_poll(cpu), LIFE_SLEEP); /* running */
	stop(0, STOP_SYSTEM_RESET);
	assert_int_equal(life_poll(cpu), LIFE_SLEEP);
	vcpus[1].parked = 2;
	assert_int_equal(life_poll(cpu), LIFE_LOOK);
	vcpus[1].parked = 1; /* of a life before */
	cell->released = 3;
	assert_int_equal(life_poll(cpu), LIFE_SLEEP);
	u32 kicks = host.kicks[0];

	host_this = &host_cpus[1];
	assert_int_equal(life_poll(host_this), LIFE_SLEEP);
	assert_int_equal(life_poll(host_this), LIFE_SLEEP);
	host_this = cpu;
	assert_int_equal(vcpus[1].parked, 3);
	assert_int_equal(host.kicks[0], kicks + 1); /* told once */
	cell->released = 2;
	assert_int_equal(life_poll(cpu), LIFE_LOOK);
	cell->released = 3;
	cell->cleaned = 1;
	assert_int_equal(life_poll(cpu), LIFE_LOOK);
	assert_int_equal(cell->state, CELL_STARTING);
	assert_int_equal(life_poll(cpu), LIFE_LEAVE);
	host_this = &host_cpus[1];
	assert_int_equal(life_poll(host_this), LIFE_SLEEP); /* of the new life nothing is said */
	assert_int_equal(vcpus[1].parked, 3);
}

static void limit(void **state)
{
	(void)state;
	for (u32 i = 0; i < 2; i++) {
		stop_and_start(0, STOP_FAULT);
		run();
		host.now += 2 * HOST_HZ;
	}
	host.now += 7 * HOST_HZ; /* the first was 11 seconds ago, the second 9 */
	stop_and_start(0, STOP_SYSTEM_RESET);
	run();
	stop(0, STOP_SYSTEM_RESET);
	assert_int_equal(cell->state, CELL_FAILING);
	assert_false(end());
	assert_int_equal(cell->state, CELL_FAILED);
	rounds(20);
	assert_non_null(strstr(wire_text, "[core] cell linux: restarted, number 3\r\n"));
	assert_non_null(strstr(wire_text, "[core] cell linux: more than 2 restarts within 10 seconds: it stays failed\r\n"));
	rounds(1000);
	assert_int_equal(life_poll(&host_cpus[0]), LIFE_SLEEP);
	assert_int_equal(cell->incarnation, 4);
}

/* What somebody asked for is no sign of a cell that fails for good. */
static void asked_restarts_do_not_count(void **state)
{
	(void)state;
	unit_lives[CELL_LINUX].shutdown_time = 0;
	for (u32 i = 0; i < 5; i++) {
		host_this = &host_cpus[SERVICE];
		assert_int_equal(life_do(CELL_LINUX, LIFE_RESTART, CONTROLLER_OPERATOR), LIFE_OK);
		assert_true(end());
		run();
	}
	assert_int_equal(cell->counted, 0);
	stop_and_start(0, STOP_FAULT);
	run();
	assert_int_equal(cell->counted, 1);
}

static void a_fault_of_the_copier(void **state)
{
	(void)state;
	stop_and_start(0, STOP_FAULT);
	stop_and_start(0, STOP_FAULT);
	stop(0, STOP_FAULT);
	assert_int_equal(cell->state, CELL_FAILING);
	assert_false(end());
	assert_int_equal(cell->state, CELL_FAILED);
}

/* A console that prints nothing holds it up for half a second; its record comes later, whatever it prints itself. */
static void a_silent_console(void **state)
{
	(void)state;
	wire_room = 0;
	guest_print(VDEV_LINUX, "last words");
	stop(0, STOP_FAULT);
	assert_false(park(1));
	rounds(499);
	assert_false(park(0));
	rounds(5);
	assert_true(end());
	run();
	wire_room = ~0u;
	for (u32 i = 0; i < 30; i++) {
		guest_print(VDEV_LINUX, "~");
		rounds(1);
	}
	assert_non_null(strstr(wire_text, "last words"));
	assert_non_null(strstr(wire_text, "[core] cell linux: restarted, number 1\r\n"));
	assert_int_equal(cell->record_state, RECORD_PRINTED);
}

/* ---- every operation in every state ---- */

static const char *const state_names[CELL_STATE_COUNT] = {
	[CELL_OFF] = "OFF", [CELL_STARTING] = "STARTING", [CELL_LOADING] = "LOADING", [CELL_RUNNING] = "RUNNING",
	[CELL_SUSPENDED] = "SUSPENDED", [CELL_RESUMING] = "RESUMING", [CELL_STOPPING] = "STOPPING", [CELL_FAILING] = "FAILING",
	[CELL_RESTARTING] = "RESTARTING", [CELL_STOPPED] = "STOPPED", [CELL_FAILED] = "FAILED",
};

static void expect_word(enum life_op op, u32 from, const char *word)
{
	const struct life_step *step = &life_table[op][from];

	assert_string_equal(word, step->next != from ? state_names[step->next] : life_result_names[step->result]);
}

/* docs/lifecycle.md: a row for each state, a column for start, stop and kill, restart, suspend, resume. */
static void as_documented(void **state)
{
	char path[1024], line[512];
	u32 rows = 0;

	(void)state;
	snprintf(path, sizeof path, "%.*s/../../docs/lifecycle.md", (int)(strrchr(__FILE__, '/') - __FILE__), __FILE__);
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	while (fgets(line, sizeof line, file)) {
		char from[32], word[5][32];

		if (sscanf(line, "| %31[A-Z] | %31[A-Za-z] | %31[A-Za-z] | %31[A-Za-z] | %31[A-Za-z] | %31[A-Za-z] |", from, word[0], word[1], word[2],
			   word[3], word[4]) != 6)
			continue;
		assert_string_equal(from, state_names[rows]);
		expect_word(LIFE_START, rows, word[0]);
		expect_word(LIFE_STOP, rows, word[1]);
		expect_word(LIFE_KILL, rows, word[1]);
		expect_word(LIFE_RESTART, rows, word[2]);
		expect_word(LIFE_SUSPEND, rows, word[3]);
		expect_word(LIFE_RESUME, rows, word[4]);
		assert_int_equal(life_table[LIFE_STATUS][rows].next, rows);
		assert_int_equal(life_table[LIFE_STATUS][rows].result, LIFE_OK);
		rows++;
	}
	fclose(file);
	assert_int_equal(rows, CELL_STATE_COUNT);
}

/* And the code does what the table says: linux cannot be asked, so at once. */
static void every_operation_in_every_state(void **state)
{
	for (u32 from = 0; from < CELL_STATE_COUNT; from++) {
		for (u32 op = 0; op < LIFE_OP_COUNT; op++) {
			const struct life_step *step = &life_table[op][from];

			first_life(state);
			cell->state = from;
			vcpus[0].parked = vcpus[1].parked = 3;
			host_this = &host_cpus[SERVICE];
			bool ends = step->next == CELL_STOPPING || step->next == CELL_RESTARTING;
			bool lived = from == CELL_LOADING || from == CELL_RUNNING || from == CELL_SUSPENDED || from == CELL_RESUMING;

			assert_int_equal(life_do(CELL_LINUX, (enum life_op)op, CONTROLLER_OPERATOR), step->result);
			assert_int_equal(cell->state, step->next);
			assert_int_equal(cell->record_state, ends && lived && step->next != from ? RECORD_READY : RECORD_NONE);
			assert_int_equal(host.revoked[CELL_LINUX], step->next != from && ((ends && (lived || from == CELL_STARTING)) ||
					 (step->next == CELL_SUSPENDED && from == CELL_RUNNING)));
			assert_int_equal(host.unrevoked[CELL_LINUX], 0);
			assert_int_equal(cell->suspends, step->next == CELL_SUSPENDED && from == CELL_RUNNING);
			assert_int_equal(host.kicks[2] + host.kicks[3], 0);
			if (step->next == CELL_STARTING && from != CELL_STARTING)
				assert_int_equal(cell->called, 3);
		}
	}
}

static void the_core_decides(void **state)
{
	static const u32 ends[] = { CELL_STOPPING, CELL_FAILING, CELL_RESTARTING };

	for (u32 from = 0; from < CELL_STATE_COUNT; from++) {
		for (u32 i = 0; i < ARRAY_COUNT(ends); i++) {
			bool alive = !(from == CELL_OFF || from >= CELL_STOPPING);
			bool done = alive ? from != CELL_STARTING || ends[i] != CELL_RESTARTING : from == CELL_RESTARTING && ends[i] != CELL_RESTARTING;

			first_life(state);
			cell->state = from;
			host_this = &host_cpus[SERVICE];
			assert_int_equal(life_end(CELL_LINUX, STOP_WATCHDOG, "x", BY_POLICY, ends[i]), done);
			assert_int_equal(cell->state, done ? ends[i] : from);
			if (cell->record_state == RECORD_READY) {
				assert_int_equal(cell->record.reason, STOP_WATCHDOG);
				assert_int_equal(cell->record.by, BY_POLICY);
				assert_int_equal(cell->record.cpu, SERVICE);
				assert_int_equal(cell->record.end, ends[i]);
				assert_int_equal(cell->record.pc, 0);
			}
		}
	}
}

/* ---- from outside ---- */

static enum life_result operate(enum life_op op)
{
	struct cpu *before = host_this;

	host_this = &host_cpus[SERVICE];
	enum life_result result = life_do(CELL_LINUX, op, CONTROLLER_OPERATOR);

	host_this = before;
	return result;
}

static void stopped_and_started(void **state)
{
	(void)state;
	host_cpus[0].frame.pc = 0x4444;
	host_cpus[1].frame.pc = 0x5555;
	assert_int_equal(operate(LIFE_STOP), LIFE_OK);
	assert_int_equal(cell->record.reason, STOP_TOLD);
	assert_int_equal(cell->record.by, CONTROLLER_OPERATOR);
	assert_false(end());
	assert_int_equal(cell->state, CELL_STOPPED);
	for (u32 n = 0; n < 2; n++) { /* where they were, not where the copier was */
		assert_int_equal(vcpus[n].captured, 2);
		assert_int_equal(vcpus[n].registers.pc, n ? 0x5555 : 0x4444);
		assert_int_equal(vcpus[n].state, VCPU_OFF);
	}
	assert_int_equal(*machine_cells[CELL_LINUX].arch.root, 0);
	assert_int_equal(operate(LIFE_START), LIFE_OK);
	assert_true(park(0));
	assert_int_equal(cell->state, CELL_LOADING);
	assert_int_equal(cell->incarnation, 2);
	assert_int_equal(host_cpus[0].arch.clears, 1); /* once for each end */
	run();
	assert_int_equal(operate(LIFE_RESTART), LIFE_OK);
	assert_int_equal(operate(LIFE_KILL), LIFE_OK); /* in the middle of it */
	assert_false(end());
	assert_int_equal(cell->state, CELL_STOPPED);
}

/* The start waits for the kick to be sent, so that it is not the guest's. */
static void started_with_its_kick(void **state)
{
	(void)state;
	cell->state = CELL_STOPPED;
	cell->cleaned = 1;
	assert_int_equal(operate(LIFE_START), LIFE_REFUSED); /* linux has not come in */
	assert_int_equal(life_missing(CELL_LINUX), 2);
	vcpus[0].parked = vcpus[1].parked = 3;
	assert_int_equal(operate(LIFE_START), LIFE_OK);
	cell->called = 2;
	assert_int_equal(life_poll(&host_cpus[0]), LIFE_LOOK);
	cell->called = 3;
	assert_int_equal(life_poll(&host_cpus[0]), LIFE_LEAVE);
	assert_int_equal(host.kick_pending[0], 0);
}

static void asked_first(void **state)
{
	(void)state;
	unit_lives[CELL_LINUX].shutdown_time = 100;
	assert_int_equal(operate(LIFE_RESTART), LIFE_ASKED);
	assert_int_equal(cell->state, CELL_RUNNING);
	assert_int_equal(operate(LIFE_STOP), LIFE_ASKED);
	stop(1, STOP_SYSTEM_RESET); /* whatever its table says */
	assert_int_equal(cell->state, CELL_STOPPING);
	assert_false(end());
	assert_int_equal(cell->state, CELL_STOPPED);
	assert_int_equal(cell->asked, 0);
}

static void killed_without_being_asked(void **state)
{
	(void)state;
	unit_lives[CELL_LINUX].shutdown_time = 100;
	assert_int_equal(operate(LIFE_KILL), LIFE_OK);
	assert_int_equal(cell->state, CELL_STOPPING);
}

static void out_of_time(void **state)
{
	(void)state;
	unit_lives[CELL_LINUX].shutdown_time = 100;
	assert_int_equal(operate(LIFE_RESTART), LIFE_ASKED);
	rounds(90);
	assert_int_equal(cell->state, CELL_RUNNING);
	rounds(20);
	assert_int_equal(cell->state, CELL_RESTARTING);
	assert_int_equal(cell->record.reason, STOP_TIMEOUT);
}

/* ---- suspended ---- */

/* A fault while it is suspended: how often it slept, and what was done meanwhile. */
static u32 sleeps;
static void (*in_sleep)(u32 n);

static void asleep(struct cpu *cpu)
{
	assert_true(cpu->arch.paused);
	assert_true(sleeps < 50);
	in_sleep(++sleeps);
	host_this = cpu;
}

static bool fault_of(u16 who, void (*meanwhile)(u32 n))
{
	host_this = &host_cpus[who];
	sleeps = 0;
	in_sleep = meanwhile;
	host.on_wait = asleep;
	bool suspended = life_was_suspended(host_this);

	host.on_wait = NULL;
	return suspended;
}

static void resume_at_3(u32 n)
{
	if (n == 3)
		assert_int_equal(operate(LIFE_RESUME), LIFE_OK);
	vcpus[1].waits = cell->suspends; /* the other one is in */
	rounds(1);
}

static void suspended_and_resumed(void **state)
{
	(void)state;
	assert_int_equal(operate(LIFE_SUSPEND), LIFE_OK);
	assert_int_equal(*machine_cells[CELL_LINUX].arch.root, 0);
	assert_true(host.kicks[0] && host.kicks[1]);
	assert_true(fault_of(0, resume_at_3));
	assert_in_range(sleeps, 3, 4);
	assert_int_equal(cell->state, CELL_RUNNING);
	assert_int_equal(*machine_cells[CELL_LINUX].arch.root, 1);
	assert_false(host_cpus[0].arch.paused);
	assert_int_equal(host.kick_pending[0], 0);
	assert_int_equal(host_cpus[0].arch.quiesces, 0); /* nothing of it was touched */
	assert_int_equal(cell->record_state, RECORD_NONE);
	/* vCPU 1 faulted on it, too, but looks only now */
	assert_true(fault_of(1, NULL));
	assert_false(fault_of(1, NULL)); /* that is its own */
	assert_false(fault_of(0, NULL));
}

static void not_before_all_are_in(void **state)
{
	(void)state;
	assert_int_equal(operate(LIFE_SUSPEND), LIFE_OK);
	vcpus[0].waits = 1;
	assert_int_equal(operate(LIFE_RESUME), LIFE_OK);
	rounds(900);
	assert_int_equal(cell->state, CELL_RESUMING);
	assert_int_equal(operate(LIFE_SUSPEND), LIFE_OK); /* there and back */
	assert_int_equal(cell->state, CELL_SUSPENDED);
	assert_int_equal(operate(LIFE_RESUME), LIFE_OK);
	assert_int_equal(host.unrevoked[CELL_LINUX], 0);
	u32 kicks = host.kicks[1];

	rounds(110);
	assert_int_equal(cell->state, CELL_RUNNING);
	assert_int_equal(host.kicks[1], kicks); /* its guest would take it */
	assert_int_equal(cell->suspends, 1);
}

static void stop_at_2(u32 n)
{
	if (n == 2)
		assert_int_equal(operate(LIFE_STOP), LIFE_OK);
	if (n > 2)
		host_leave(HOST_ESCAPE); /* parked */
}

static void stop_at_2_and_leave(u32 n)
{
	if (n == 3)
		host_cpus[0].arch.paused = true; /* parked by now, and still quiet */
	stop_at_2(n);
}

static void stopped_while_suspended(void **state)
{
	enum host_end end_of;

	(void)state;
	host_cpus[0].frame.pc = 0x7777;
	assert_int_equal(operate(LIFE_SUSPEND), LIFE_OK);
	HOST_CATCH(end_of, fault_of(0, stop_at_2_and_leave));
	assert_int_equal(end_of, HOST_ESCAPE);
	assert_int_equal(vcpus[0].captured, 2);
	assert_int_equal(vcpus[0].registers.pc, 0x7777);
	assert_int_equal(cell->state, CELL_STOPPING);
}

/* Its own doing wins over a suspension, and over a resume under way. */
static void ends_itself_while_suspended(void **state)
{
	(void)state;
	assert_int_equal(operate(LIFE_SUSPEND), LIFE_OK);
	stop(1, STOP_SYSTEM_OFF); /* it was in the core with that */
	assert_int_equal(cell->state, CELL_STOPPING);
	assert_int_equal(operate(LIFE_RESUME), LIFE_REFUSED);
	assert_int_equal(host.unrevoked[CELL_LINUX], 0);
}

/* ---- what must not be ---- */

static void a_vcpu_that_never_comes_in(void **state)
{
	(void)state;
	assert_int_equal(operate(LIFE_RESTART), LIFE_OK);
	assert_false(park(0));
	rounds(990);
	assert_false(park(0));
	rounds(20);
	assert_true(park(0)); /* all the same: its memory is cleared */
	assert_int_equal(host_cpus[0].copier, COPIER_CLEAR);
	host.on_wait = leave;
	enum host_end end_of;

	HOST_CATCH(end_of, cell_loaded(&host_cpus[0]));
	assert_int_equal(end_of, HOST_ESCAPE);
	assert_int_equal(cell->state, CELL_FAILED);
	rounds(20);
	assert_non_null(strstr(wire_text, "[core] cell linux: 1 of its vCPUs did not come in: it is not started before they have\r\n"));
	assert_int_equal(operate(LIFE_START), LIFE_REFUSED);
	assert_false(park(1)); /* late */
	assert_int_equal(life_missing(CELL_LINUX), 0);
	assert_int_equal(operate(LIFE_START), LIFE_OK);
	assert_true(park(0));
	assert_int_equal(cell->state, CELL_LOADING);
}

static void memory_that_cannot_be_cleared(void **state)
{
	(void)state;
	assert_int_equal(operate(LIFE_RESTART), LIFE_OK);
	assert_false(park(1));
	if (!park(0)) {
		rounds(20);
		assert_true(park(0));
	}
	assert_int_equal(host_cpus[0].copier, COPIER_CLEAR);
	assert_false(park(0)); /* the copier has faulted */
	assert_int_equal(cell->state, CELL_FAILED);
	assert_int_equal(host_cpus[0].arch.clears, 1); /* and is not tried again */
	rounds(20);
	assert_non_null(strstr(wire_text, "[core] cell linux: its memory cannot be cleared: it is never started again\r\n"));
	assert_int_equal(operate(LIFE_START), LIFE_REFUSED);
	assert_int_equal(operate(LIFE_RESTART), LIFE_REFUSED);
}

/* Started by hand, or at boot. */
static void manual(void **state)
{
	(void)state;
	cell->state = CELL_OFF;
	cell->incarnation = 0;
	vcpus[0].state = vcpus[1].state = VCPU_OFF;
	unit_lives[CELL_LINUX].manual = true;
	life_boot(&host_cpus[0]);
	assert_false(park(0));
	assert_int_equal(cell->state, CELL_OFF);
	assert_int_equal(operate(LIFE_START), LIFE_OK);
	assert_true(park(0));
	assert_int_equal(cell->state, CELL_LOADING);
	assert_int_equal(cell->incarnation, 1);
	assert_int_equal(host.restored[CELL_LINUX], 0); /* it is as boot has left it */
	assert_int_equal(host_cpus[0].arch.clears, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_second_life, first_life),
		cmocka_unit_test_setup(reasons, first_life),
		cmocka_unit_test_setup(everybody_has_left, first_life),
		cmocka_unit_test_setup(limit, first_life),
		cmocka_unit_test_setup(asked_restarts_do_not_count, first_life),
		cmocka_unit_test_setup(a_fault_of_the_copier, first_life),
		cmocka_unit_test_setup(a_silent_console, first_life),
		cmocka_unit_test_setup(as_documented, first_life),
		cmocka_unit_test_setup(every_operation_in_every_state, first_life),
		cmocka_unit_test_setup(the_core_decides, first_life),
		cmocka_unit_test_setup(stopped_and_started, first_life),
		cmocka_unit_test_setup(started_with_its_kick, first_life),
		cmocka_unit_test_setup(asked_first, first_life),
		cmocka_unit_test_setup(killed_without_being_asked, first_life),
		cmocka_unit_test_setup(out_of_time, first_life),
		cmocka_unit_test_setup(suspended_and_resumed, first_life),
		cmocka_unit_test_setup(not_before_all_are_in, first_life),
		cmocka_unit_test_setup(stopped_while_suspended, first_life),
		cmocka_unit_test_setup(ends_itself_while_suspended, first_life),
		cmocka_unit_test_setup(a_vcpu_that_never_comes_in, first_life),
		cmocka_unit_test_setup(memory_that_cannot_be_cleared, first_life),
		cmocka_unit_test_setup(manual, first_life),
	};
	return cmocka_run_group_tests_name("life", tests, NULL, NULL);
}
