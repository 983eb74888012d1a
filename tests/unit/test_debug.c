/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * core/debug.c, debug_answer.c: linux can be debugged, control cannot. Its two vCPUs wait where the test lets them
 * run: step_vcpu is one of them until it sleeps, or leaves the core.
 */
#include "test.h"

#include "core/debug_mail.h"
#include "core/console.h"
#include "core/life.h"
#include "host.h"
#include "machine.h"

static struct cell *const cell = &cells[CELL_LINUX];
static u8 memory[4096]; /* of linux, from BASE on */
#define BASE 0x40000000u

/* ---- the world ---- */

static void sleeps(struct cpu *cpu)
{
	(void)cpu;
	host_leave(HOST_ESCAPE);
}

/* The copier's page: what is there now. */
static u64 page(const struct cpu *cpu)
{
	u64 offset = cpu->arch.debug.address - BASE, value = 0;

	assert_true(offset + cpu->arch.debug.bytes <= sizeof memory);
	assert_true((offset & 7) + cpu->arch.debug.bytes <= 8);
	for (u32 i = 0; i < cpu->arch.debug.bytes; i++) {
		if (cpu->arch.debug.write)
			memory[offset + i] = (u8)(cpu->arch.debug.value >> 8 * i);
		value |= (u64)memory[offset + i] << 8 * i;
	}
	return value;
}

static enum host_end come_back(struct cpu *cpu)
{
	enum host_end end;

	HOST_CATCH(end, debug_accessed(cpu, true, page(cpu)));
	return end;
}

static enum host_end wait_once(struct cpu *cpu)
{
	enum host_end end;

	HOST_CATCH(end, life_wait(cpu));
	return end;
}

/* A vCPU that waits in the core goes round until it sleeps (HOST_ESCAPE), goes on (HOST_RETURNED), or is in its step (HOST_ENTER). */
static enum host_end look(u16 who)
{
	struct cpu *cpu = &host_cpus[who], *before = host_this;
	u32 accesses = cpu->arch.debug.accesses;
	enum host_end end;

	host_this = cpu;
	host.on_wait = sleeps;
	end = wait_once(cpu);
	while (end == HOST_ENTER && cpu->arch.debug.accesses != accesses) {
		accesses = cpu->arch.debug.accesses;
		end = come_back(cpu);
	}
	host.on_wait = NULL;
	host_this = before;
	return end;
}

/* It leaves its guest by this exception. */
static enum host_end hits(u16 who, enum debug_why why, u64 more)
{
	struct cpu *before = host_this;
	enum host_end end;

	host_this = &host_cpus[who];
	host.on_wait = sleeps;
	HOST_CATCH(end, debug_hit(host_this, why, more));
	host.on_wait = NULL;
	host_this = before;
	return end;
}

/* Its memory has gone. */
static enum host_end faults(u16 who)
{
	struct cpu *before = host_this;
	enum host_end end;

	host_this = &host_cpus[who];
	host.on_wait = sleeps;
	HOST_CATCH(end, assert_true(life_was_suspended(host_this)));
	host.on_wait = NULL;
	host_this = before;
	return end;
}

static void serve_round(void)
{
	host.now += HOST_HZ / 1000;
	debug_serve();
	life_serve();
}

/* ---- a request ---- */

static u8 data[LINE_MESSAGE], payload[LINE_PART], answer[2048];
static struct line_job job;
static u32 answered;

static void put(u32 at, u64 value, u32 bytes)
{
	for (u32 i = 0; i < bytes; i++)
		data[at + i] = (u8)(value >> 8 * i);
}

static u64 got(u32 at, u32 bytes)
{
	u64 value = 0;

	for (u32 i = 0; i < bytes; i++)
		value |= (u64)answer[at + i] << 8 * i;
	return value;
}

static void ask(u8 op, u32 size)
{
	job = (struct line_job){ .data = data, .size = size, .op = op, .payload = payload };
	answered = 0;
}

/* One call. True: it is answered, all parts of it. */
static bool call(enum line_status *status)
{
	job.length = 0;
	job.more = job.later = false;
	*status = debug_answer(&job);
	if (job.later)
		return false;
	memcpy(answer + answered, payload, job.length);
	answered += job.length;
	job.part++;
	if (!job.more)
		return true;
	job.state[0] = job.state[1] = 0;
	return false;
}

/* Of linux; it is not answered at once. */
static void begin(u8 op, u16 more)
{
	put(0, CELL_LINUX, 2);
	put(2, more, 2);
	ask(op, 4);
}

/* Rounds of everybody until it is answered. */
static enum line_status request(u8 op, u32 size)
{
	enum line_status status;

	ask(op, size);
	for (u32 i = 0; i < 3000; i++) {
		if (call(&status))
			return status;
		serve_round();
		if (cell->state == CELL_SUSPENDED || cell->state == CELL_RESUMING) {
			look(0);
			look(1);
		}
	}
	fail_msg("no answer to %u", op);
	return LINE_FAILED;
}

static enum line_status of_cell(u8 op, u16 which, u16 more)
{
	put(0, which, 2);
	put(2, more, 2);
	return request(op, op == DEBUG_STATE ? 2 : 4);
}

static enum line_status of_memory(u8 op, u64 address, u16 size, const void *bytes)
{
	put(0, CELL_LINUX, 2);
	put(2, 0, 2);
	put(4, 0, 2);
	put(6, size, 2);
	put(8, address, 8);
	if (bytes)
		memcpy(data + 16, bytes, size);
	return request(op, 16 + (bytes ? size : 0));
}

static enum line_status set(u32 number, u64 value)
{
	put(0, CELL_LINUX, 2);
	put(2, 0, 2);
	put(4, number, 4);
	put(8, value, 8);
	return request(DEBUG_SET, 16);
}

static enum line_status point(u8 number, u8 kind, u32 size, u64 address)
{
	put(0, CELL_LINUX, 2);
	put(2, number, 1);
	put(3, kind, 1);
	put(4, size, 4);
	put(8, address, 8);
	return request(DEBUG_POINT, 16);
}

static void check_state(bool halted, u8 why, bool held)
{
	assert_int_equal(of_cell(DEBUG_STATE, CELL_LINUX, 0), LINE_OK);
	assert_int_equal(answered, 32);
	assert_int_equal(got(0, 1), halted);
	assert_int_equal(got(1, 1), why);
	assert_int_equal(got(26, 2), held);
}

static int runs(void **state)
{
	machine_reset(state);
	memset(debug_cells, 0, sizeof debug_cells[0] * CELL_COUNT);
	memset(&debug_mail, 0, sizeof debug_mail);
	memset(&job, 0, sizeof job);
	for (u32 i = 0; i < sizeof memory; i++)
		memory[i] = (u8)(i * 7);
	host.now = HOST_HZ;
	cell->incarnation = 1;
	vcpus[0].state = vcpus[1].state = VCPU_ON;
	vcpus[0].waits = vcpus[1].waits = 0;
	host_this = &host_cpus[SERVICE];
	return 0;
}

static void halted(void)
{
	enum line_status status;

	begin(DEBUG_HALT, HALT_NOW);
	assert_false(call(&status));
	assert_int_equal(cell->state, CELL_SUSPENDED);
	assert_int_equal(faults(0), HOST_ESCAPE);
	assert_false(call(&status));
	assert_int_equal(faults(1), HOST_ESCAPE);
	assert_true(call(&status));
	assert_int_equal(status, LINE_OK);
}

/* ---- the tests ---- */

static void refused(void **state)
{
	(void)state;
	assert_int_equal(of_cell(DEBUG_HALT, CELL_CONTROL, 0), LINE_DENIED);
	assert_int_equal(of_cell(DEBUG_STATE, CELL_CONTROL, 0), LINE_DENIED);
	assert_int_equal(of_cell(DEBUG_STATE, CELL_COUNT, 0), LINE_INVALID);
	assert_int_equal(of_cell(0, CELL_LINUX, 0), LINE_UNKNOWN);
	assert_int_equal(of_cell(DEBUG_POINT + 1, CELL_LINUX, 0), LINE_UNKNOWN);
	for (u8 op = DEBUG_HALT; op <= DEBUG_POINT; op++)
		for (u32 size = 0; size < 17; size++) {
			bool whole = op == DEBUG_STATE ? size == 2 : op == DEBUG_SET || op == DEBUG_READ || op == DEBUG_POINT ? size == 16 : op != DEBUG_WRITE && size == 4;

			put(0, CELL_LINUX, 2);
			if (!whole)
				assert_int_equal(request(op, size), LINE_INVALID);
		}
	/* It runs */
	assert_int_equal(of_cell(DEBUG_GO, CELL_LINUX, GO_ON), LINE_REFUSED);
	assert_int_equal(of_cell(DEBUG_STEP, CELL_LINUX, 0), LINE_REFUSED);
	assert_int_equal(of_cell(DEBUG_STEP, CELL_LINUX, 2), LINE_INVALID);
	assert_int_equal(of_cell(DEBUG_REGISTERS, CELL_LINUX, 0), LINE_REFUSED);
	assert_int_equal(of_memory(DEBUG_READ, BASE, 4, NULL), LINE_REFUSED);
	assert_int_equal(point(0, POINT_EXECUTE, 0, BASE), LINE_REFUSED);
	assert_int_equal(of_cell(DEBUG_HALT, CELL_LINUX, HALT_FIRST + 1), LINE_INVALID);
	assert_int_equal(of_cell(DEBUG_GO, CELL_LINUX, GO_LEAVE + 1), LINE_INVALID);
	check_state(false, DEBUG_ASKED, false);
	cell->state = CELL_STOPPED;
	assert_int_equal(of_cell(DEBUG_HALT, CELL_LINUX, HALT_NOW), LINE_REFUSED);
	check_state(false, DEBUG_ENDED, false);
}

static void halt_and_go(void **state)
{
	(void)state;
	host_cpus[0].frame.pc = 0x40001000;
	halted();
	check_state(true, DEBUG_ASKED, true);
	assert_int_equal(got(2, 2), 0);
	assert_int_equal(got(4, 4), 1);
	assert_int_equal(got(8, 8), 0x40001000);
	assert_int_equal(got(24, 1), DEBUG_POINTS);
	assert_int_equal(got(25, 1), 2);
	assert_int_equal(life_do(CELL_LINUX, LIFE_RESUME, CELL_CONTROL), LIFE_REFUSED);
	assert_int_equal(of_cell(DEBUG_GO, CELL_LINUX, GO_ON), LINE_OK);
	assert_int_equal(cell->state, CELL_RUNNING);
	assert_int_equal(look(0), HOST_RETURNED);
	assert_int_equal(look(1), HOST_RETURNED);
	assert_false(host_cpus[0].arch.paused);
	check_state(false, DEBUG_ASKED, false);
}

/* A CPU that does not come in: a second. */
static void halt_takes_too_long(void **state)
{
	enum line_status status = LINE_OK;
	u32 calls = 0;

	(void)state;
	begin(DEBUG_HALT, HALT_NOW);
	while (!call(&status) && calls++ < 2000)
		serve_round();
	assert_int_equal(status, LINE_FAILED);
	assert_in_range(calls, 999, 1001);
}

static void registers(void **state)
{
	(void)state;
	for (u32 i = 0; i < 31; i++)
		host_cpus[0].frame.x[i] = 0x1111 * i;
	halted();
	assert_int_equal(of_cell(DEBUG_REGISTERS, CELL_LINUX, 0), LINE_OK);
	assert_int_equal(answered, sizeof(struct vcpu_registers));
	for (u32 i = 0; i < 31; i++)
		assert_int_equal(got(8 * i, 8), 0x1111 * i);
	assert_int_equal(got(8 * 33, 8), 0x3c5);
	for (u32 i = 0; i < VCPU_MORE_REGISTERS; i++)
		assert_int_equal(got(8 * (34 + i), 8), 0x2000 + i);
	assert_int_equal(set(3, 42), LINE_OK);
	assert_int_equal(host_cpus[0].frame.x[3], 42);
	assert_int_equal(set(32, 0x40002000), LINE_OK);
	assert_int_equal(set(32, 0x40002001), LINE_INVALID);
	assert_int_equal(set(34, 0), LINE_INVALID);
	assert_int_equal(of_cell(DEBUG_REGISTERS, CELL_LINUX, 0), LINE_OK);
	assert_int_equal(got(8 * 3, 8), 42);
	assert_int_equal(got(8 * 32, 8), 0x40002000);
	vcpus[1].state = VCPU_OFF;
	assert_int_equal(of_cell(DEBUG_REGISTERS, CELL_LINUX, 1), LINE_REFUSED);
}

static void memory_read_and_written(void **state)
{
	u8 bytes[128];

	(void)state;
	halted();
	for (u32 at = 0; at < 24; at++)
		for (u32 size = 1; size < 24; size++) {
			assert_int_equal(of_memory(DEBUG_READ, BASE + at, (u16)size, NULL), LINE_OK);
			assert_int_equal(answered, size);
			assert_memory_equal(answer, memory + at, size);
		}
	assert_int_equal(of_memory(DEBUG_READ, BASE + 3, 1024, NULL), LINE_OK);
	assert_int_equal(answered, 1024);
	assert_memory_equal(answer, memory + 3, 1024);
	assert_int_equal(of_memory(DEBUG_READ, BASE, 1025, NULL), LINE_INVALID);
	assert_int_equal(of_memory(DEBUG_READ, BASE, 0, NULL), LINE_INVALID);
	memset(bytes, 0xa5, sizeof bytes);
	assert_int_equal(of_memory(DEBUG_WRITE, BASE + 5, 128, bytes), LINE_OK);
	assert_memory_equal(memory + 5, bytes, 128);
	assert_int_equal(memory[4], 4 * 7);
	assert_int_equal(memory[133], (u8)(133 * 7));
	/* Not its own: the last page below 2^39, and what wraps */
	assert_int_equal(of_memory(DEBUG_READ, (1ULL << 39) - 4096, 8, NULL), LINE_FAILED);
	assert_int_equal(of_memory(DEBUG_READ, (1ULL << 39) - 4096 - 4, 8, NULL), LINE_FAILED);
	assert_int_equal(of_memory(DEBUG_READ, ~0ULL - 3, 8, NULL), LINE_FAILED);
	put(2, 0, 2);
	put(6, 9, 2);
	assert_int_equal(request(DEBUG_WRITE, 16 + 8), LINE_INVALID);
}

/* The exception in the place of the page's HVC. */
static void memory_fails(void **state)
{
	enum line_status status;
	enum host_end end;

	(void)state;
	halted();
	put(0, CELL_LINUX, 2);
	put(2, 0, 2);
	put(6, 16, 2);
	put(8, BASE, 8);
	ask(DEBUG_READ, 16);
	assert_false(call(&status));
	host_this = &host_cpus[0];
	HOST_CATCH(end, life_wait(host_this));
	assert_int_equal(end, HOST_ENTER);
	host.on_wait = sleeps;
	HOST_CATCH(end, debug_accessed(host_this, false, 0));
	host.on_wait = NULL;
	host_this = &host_cpus[SERVICE];
	assert_int_equal(end, HOST_ESCAPE);
	assert_true(call(&status));
	assert_int_equal(status, LINE_FAILED);
}

static void breakpoint(void **state)
{
	(void)state;
	halted();
	assert_int_equal(point(0, POINT_EXECUTE, 0, 0xffff000040001000), LINE_OK);
	assert_int_equal(point(17, POINT_WRITE, 4, 0x40001004), LINE_OK);
	assert_int_equal(point(1, POINT_EXECUTE, 0, 0x40001002), LINE_INVALID);
	assert_int_equal(point(1, POINT_EXECUTE, 0, 0x8000000040001000), LINE_INVALID);
	assert_int_equal(point(4, POINT_EXECUTE, 0, 0x40001000), LINE_INVALID);
	assert_int_equal(point(18, POINT_WRITE, 4, 0x40001000), LINE_INVALID);
	assert_int_equal(point(32, POINT_EXECUTE, 0, 0x40001000), LINE_INVALID);
	assert_int_equal(point(0, POINT_WRITE, 4, 0x40001000), LINE_INVALID);
	assert_int_equal(point(16, POINT_EXECUTE, 4, 0x40001000), LINE_INVALID);
	assert_int_equal(point(16, POINT_READ, 3, 0x40001000), LINE_INVALID);
	assert_int_equal(point(16, POINT_READ, 8, 0x40001004), LINE_INVALID);
	assert_int_equal(point(16, POINT_ACCESS + 1, 8, 0x40001000), LINE_INVALID);
	assert_int_equal(of_cell(DEBUG_GO, CELL_LINUX, GO_ON), LINE_OK);
	assert_int_equal(look(0), HOST_RETURNED);
	assert_int_equal(look(1), HOST_RETURNED);
	assert_int_equal(host_cpus[0].arch.debug.breaks, 1);
	assert_int_equal(host_cpus[1].arch.debug.watches, 1);

	/* Both hit something; the first one is told */
	assert_int_equal(hits(1, DEBUG_WATCHED, 0x40001006), HOST_ESCAPE);
	assert_int_equal(hits(0, DEBUG_BREAKPOINT, 0), HOST_ESCAPE);
	assert_int_equal(cell->state, CELL_RUNNING);
	assert_int_equal(look(1), HOST_ESCAPE); /* waits although it runs */
	serve_round();
	assert_int_equal(cell->state, CELL_SUSPENDED);
	assert_int_equal(look(0), HOST_ESCAPE);
	assert_int_equal(look(1), HOST_ESCAPE);
	check_state(true, DEBUG_WATCHED, true);
	assert_int_equal(got(2, 2), 1);
	assert_int_equal(got(16, 8), 0x40001006);
	assert_int_equal(point(17, POINT_OFF, 0, 0), LINE_OK);
	assert_int_equal(of_cell(DEBUG_GO, CELL_LINUX, GO_ON), LINE_OK);
	assert_int_equal(look(0), HOST_RETURNED);
	assert_int_equal(host_cpus[0].arch.debug.watches, 0);
	assert_int_equal(look(1), HOST_RETURNED);

	/* Of another life there are none */
	cell->incarnation = 2;
	halted();
	assert_int_equal(of_cell(DEBUG_GO, CELL_LINUX, GO_ON), LINE_OK);
	assert_int_equal(look(0), HOST_RETURNED);
	assert_int_equal(host_cpus[0].arch.debug.breaks, 0);
}

static void breakpoint_instruction(void **state)
{
	(void)state;
	/* Nobody is there: the guest's own */
	assert_int_equal(hits(0, DEBUG_BRK, 0x800), HOST_RETURNED);
	assert_int_equal(host_cpus[0].arch.debug.brks, 1);
	assert_int_equal(host_cpus[0].arch.debug.brk, 0x800);
	halted();
	assert_int_equal(of_cell(DEBUG_GO, CELL_LINUX, GO_ON), LINE_OK);
	look(0), look(1);
	assert_int_equal(hits(0, DEBUG_BRK, 7), HOST_ESCAPE);
	serve_round();
	assert_int_equal(faults(1), HOST_ESCAPE);
	assert_int_equal(look(0), HOST_ESCAPE);
	check_state(true, DEBUG_BRK, true);
	assert_int_equal(got(28, 4), 7);
	assert_int_equal(of_cell(DEBUG_GO, CELL_LINUX, GO_PASS), LINE_OK);
	assert_int_equal(host_cpus[0].arch.debug.brks, 2);
	assert_int_equal(host_cpus[0].arch.debug.brk, 7);
	look(0), look(1);
	/* It leaves */
	assert_int_equal(hits(0, DEBUG_BRK, 8), HOST_ESCAPE);
	serve_round();
	assert_int_equal(faults(1), HOST_ESCAPE);
	look(0);
	assert_int_equal(of_cell(DEBUG_GO, CELL_LINUX, GO_LEAVE), LINE_OK);
	look(0), look(1);
	assert_int_equal(hits(0, DEBUG_BRK, 8), HOST_RETURNED);
	assert_int_equal(of_cell(DEBUG_GO, CELL_LINUX, GO_LEAVE), LINE_OK);
}

static void one_step(void **state)
{
	enum line_status status;
	u32 revoked;

	(void)state;
	halted();
	assert_int_equal(point(0, POINT_EXECUTE, 0, 0x40001000), LINE_OK);
	assert_int_equal(point(16, POINT_READ, 1, 0x40001000), LINE_OK);
	revoked = host.revoked[CELL_LINUX];
	begin(DEBUG_STEP, 0);
	assert_false(call(&status));
	assert_int_equal(*machine_cells[CELL_LINUX].arch.root, 1); /* it has memory */
	assert_int_equal(look(0), HOST_ENTER);
	assert_false(host_cpus[0].arch.paused);
	assert_true(host_cpus[0].arch.debug.step);
	assert_int_equal(look(1), HOST_ESCAPE); /* the other stays */
	serve_round();
	assert_false(call(&status));
	assert_int_equal(life_do(CELL_LINUX, LIFE_RESUME, CONTROLLER_OPERATOR), LIFE_OK);
	serve_round();
	assert_int_equal(cell->state, CELL_RESUMING); /* it is waited for */
	cell->state = CELL_SUSPENDED;
	assert_int_equal(hits(0, DEBUG_STEPPED, 0), HOST_ESCAPE);
	assert_true(host_cpus[0].arch.paused);
	serve_round();
	assert_true(call(&status));
	assert_int_equal(status, LINE_OK);
	assert_int_equal(host.revoked[CELL_LINUX], revoked);
	check_state(true, DEBUG_STEPPED, true);

	/* One that does not come back is called */
	ask(DEBUG_STEP, 4);
	put(2, 0, 2);
	assert_false(call(&status));
	assert_int_equal(look(0), HOST_ENTER);
	for (u32 i = 0; i < 99; i++)
		serve_round();
	assert_int_equal(host.revoked[CELL_LINUX], revoked);
	serve_round();
	assert_int_equal(host.revoked[CELL_LINUX], revoked + 1);
	assert_int_equal(faults(0), HOST_ESCAPE);
	serve_round();
	assert_true(call(&status));
	assert_int_equal(status, LINE_OK);
	check_state(true, DEBUG_ASKED, true);
}

/* What was asked of a vCPU that is not there any more is refused, and the next request is answered. */
static void it_ends_meanwhile(void **state)
{
	enum line_status status;
	enum host_end end;

	(void)state;
	halted();
	begin(DEBUG_STEP, 0);
	assert_false(call(&status));
	assert_int_equal(look(0), HOST_ENTER);
	host_this = &host_cpus[0]; /* SYSTEM_OFF */
	cell_stop(host_this, STOP_SYSTEM_OFF, "off");
	host.on_wait = sleeps;
	HOST_CATCH(end, cell_park(host_this));
	host.on_wait = NULL;
	assert_int_equal(end, HOST_ESCAPE);
	host_this = &host_cpus[SERVICE];
	serve_round();
	assert_true(call(&status));
	assert_int_equal(status, LINE_REFUSED);
	check_state(false, DEBUG_ENDED, false);
	assert_int_equal(of_cell(DEBUG_GO, CELL_LINUX, GO_ON), LINE_REFUSED);

	runs(NULL);
	halted();
	put(6, 8, 2);
	put(8, BASE, 8);
	ask(DEBUG_READ, 16);
	assert_false(call(&status));
	assert_int_equal(life_do(CELL_LINUX, LIFE_KILL, CONTROLLER_OPERATOR), LIFE_OK);
	assert_int_equal(look(0), HOST_ESCAPE);
	assert_true(call(&status));
	assert_int_equal(status, LINE_REFUSED);
}

/* A session that ends leaves its request behind: it is not answered to the next one. */
static void a_session_ends(void **state)
{
	enum line_status status;

	(void)state;
	halted();
	put(0, CELL_LINUX, 2);
	put(2, 0, 2);
	put(6, 8, 2);
	put(8, BASE, 8);
	ask(DEBUG_READ, 16);
	assert_false(call(&status));
	ask(DEBUG_STATE, 2);
	assert_false(call(&status));
	look(0);
	assert_true(call(&status));
	assert_int_equal(status, LINE_OK);
	assert_int_equal(answered, 32);

	/* What was halted on purpose stays so, and is the operator's to let go */
	debug_gone();
	serve_round();
	assert_int_equal(cell->state, CELL_SUSPENDED);
	assert_int_equal(life_do(CELL_LINUX, LIFE_RESUME, CONTROLLER_OPERATOR), LIFE_OK);
	serve_round();
	assert_int_equal(cell->state, CELL_RUNNING);
	look(0), look(1);
	serve_round();
	assert_false(debug_is_held(CELL_LINUX));

	/* What has hit a point of his goes on without */
	halted();
	assert_int_equal(point(0, POINT_EXECUTE, 0, 0x40001000), LINE_OK);
	assert_int_equal(of_cell(DEBUG_GO, CELL_LINUX, GO_ON), LINE_OK);
	look(0), look(1);
	assert_int_equal(host_cpus[0].arch.debug.breaks, 1);
	assert_int_equal(hits(0, DEBUG_BREAKPOINT, 0), HOST_ESCAPE);
	serve_round();
	assert_int_equal(faults(1), HOST_ESCAPE);
	look(0);
	check_state(true, DEBUG_BREAKPOINT, true);
	debug_gone();
	serve_round();
	assert_int_equal(cell->state, CELL_RUNNING);
	assert_int_equal(look(0), HOST_RETURNED);
	assert_int_equal(host_cpus[0].arch.debug.breaks, 0);
	look(1);
	assert_int_equal(hits(1, DEBUG_BREAKPOINT, 0), HOST_RETURNED); /* one that was still in its registers */
}

static void before_the_first_instruction(void **state)
{
	enum host_end end;

	(void)state;
	assert_int_equal(of_cell(DEBUG_HALT, CELL_LINUX, HALT_FIRST), LINE_OK);
	assert_int_equal(cell->state, CELL_RUNNING);
	cell->state = CELL_LOADING;
	vcpus[1].state = VCPU_OFF;
	host_cpus[0].copier = COPIER_LOAD;
	host_this = &host_cpus[0];
	host.on_wait = sleeps;
	HOST_CATCH(end, cell_loaded(host_this));
	assert_int_equal(end, HOST_ESCAPE);
	host_this = &host_cpus[SERVICE];
	serve_round();
	look(0);
	host_this = &host_cpus[1];
	host.on_wait = sleeps;
	HOST_CATCH(end, cell_park(host_this));
	host.on_wait = NULL;
	host_this = &host_cpus[SERVICE];
	check_state(true, DEBUG_ASKED, true);
	assert_int_equal(got(8, 8), machine_cells[CELL_LINUX].entry);
	assert_int_equal(debug_cells[CELL_LINUX].first, 0);
}

/* Whatever comes over the line. */
static void anything(void **state)
{
	u64 seed = 88172645463325252;
	enum line_status status;

	(void)state;
	halted();
	for (u32 n = 0; n < 200000; n++) {
		u32 size = next_random(&seed) % 32;

		for (u32 i = 0; i < size; i++)
			data[i] = (u8)next_random(&seed);
		if (next_random(&seed) & 3)
			put(0, next_random(&seed) % (CELL_COUNT + 1), 2);
		if (next_random(&seed) & 3)
			put(2, next_random(&seed) % 4, 2);
		if (next_random(&seed) & 1)
			put(8, BASE + next_random(&seed) % 2048, 8);
		if (next_random(&seed) & 1)
			put(6, next_random(&seed) % 1100, 2);
		ask((u8)(next_random(&seed) % (DEBUG_POINT + 2)), size);
		for (u32 i = 0; i < 200 && !call(&status); i++) {
			serve_round();
			if (cell->state == CELL_SUSPENDED || cell->state == CELL_RESUMING)
				for (u16 who = 0; who < 2; who++)
					if (look(who) == HOST_ENTER)
						assert_int_equal(hits(who, DEBUG_STEPPED, 0), HOST_ESCAPE);
		}
		assert_false(job.later);
		if (cell->state == CELL_RUNNING) {
			look(0), look(1);
			halted();
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(refused, runs), cmocka_unit_test_setup(halt_and_go, runs),
		cmocka_unit_test_setup(halt_takes_too_long, runs), cmocka_unit_test_setup(registers, runs),
		cmocka_unit_test_setup(memory_read_and_written, runs), cmocka_unit_test_setup(memory_fails, runs),
		cmocka_unit_test_setup(breakpoint, runs), cmocka_unit_test_setup(breakpoint_instruction, runs),
		cmocka_unit_test_setup(one_step, runs), cmocka_unit_test_setup(it_ends_meanwhile, runs),
		cmocka_unit_test_setup(a_session_ends, runs), cmocka_unit_test_setup(before_the_first_instruction, runs),
		cmocka_unit_test_setup(anything, runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
