/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * libFuzzer target: requests on the channels of management and metrics, with whatever arguments the input says, while cells
 * end, are suspended and begin again. Looked for, besides what sanitizers find and what the contract of an answer forbids
 * (ask.h): an operation without the right to it, one that is not in the audit, and a board that ends without its right.
 *
 *   tests/fuzz/run [seconds [output folder]] manage
 */
#include <stdio.h>

#include "ask.h"
#include "core/audit.h"
#include "core/console.h"
#include "core/control.h"
#include "core/watch.h"
#include "host.h"
#include "input.h"
#include "machine.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_manage: %s\n", what);
	abort();
}

static struct {
	struct line_job job;
	bool on;
	u8 arguments[32], payload[LINE_PART + 8];
	u32 parts;
} now; /* what is being answered */

/* Operations on cells, done and refused, of the operator's in the audit. */
static u32 audited(void)
{
	return audit_place()->count[AUDIT_OPERATOR][AUDIT_DONE] + audit_place()->count[AUDIT_OPERATOR][AUDIT_REFUSED];
}

static u32 answered; /* operations, and wishes about the board, so far */

static void look_at_result(void)
{
	u32 cell = now.arguments[0], op = now.arguments[2], result = now.payload[0];

	answered++;
	check(now.job.length == 2 && result <= LIFE_DENIED, "a result that is none");
	if (now.job.op == MANAGE_BOARD) {
		check((result == LIFE_OK) == (machine_core.board_rights >> cell & 1), "the board without its right, or not with it");
		return;
	}
	check(cell < CELL_COUNT && op > LIFE_STATUS && op < LIFE_OP_COUNT, "an operation that is none");
	check((result == LIFE_DENIED) == !(control_rights((u16)cell) >> op & 1), "without the right, or not with it");
}

static void go_on(void)
{
	static const u8 guard[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	bool metrics = now.job.op & 0x80;
	enum line_status status;

	memcpy(now.payload + LINE_PART, guard, sizeof guard);
	now.job.op &= 0x7f;
	status = metrics ? metrics_answer(&now.job) : manage_answer(&now.job);
	check(!memcmp(now.payload + LINE_PART, guard, sizeof guard), "behind the payload");
	if (!now.job.later) {
		check(now.job.length <= LINE_PART && (status == LINE_OK || (!now.job.length && !now.job.more)), "an error has no payload");
		check(!now.job.more || now.job.length, "an empty message, and more");
		if (!metrics && status == LINE_OK && (now.job.op == MANAGE_OPERATE || now.job.op == MANAGE_BOARD))
			look_at_result();
		now.on = now.job.more;
		now.job.part++;
		check(++now.parts < 200, "it does not end");
	}
	now.job.op |= metrics ? 0x80 : 0;
}

static void request(struct input *input)
{
	u8 op = (u8)next(input, 1);
	u32 size = next(input, 1) % (sizeof now.arguments + 1);

	for (u32 i = 0; i < size; i++)
		now.arguments[i] = (u8)next(input, 1);
	job_begin(&now.job, now.payload, op & 0x8f, now.arguments, size);
	now.on = true;
	now.parts = 0;
}

static void round_of_service(void)
{
	host.now += HOST_HZ / 1000;
	control_serve();
	audit_serve();
}

/* What cells and their CPUs may do meanwhile. */
static void happen(u32 what)
{
	u16 cell = (u16)(what % CELL_COUNT);
	struct vcpu *vcpu = &vcpus[what % VCPU_COUNT];

	switch (what / 16 % 5) {
	case 0: cells[cell].state = CELL_RUNNING; cells[cell].incarnation++; break;
	case 1: cells[cell].record_state = what / 4 % 4; break;
	case 2: cells[cell].unheard_state = what / 4 % 4; break;
	case 3: vcpu->captured = what / 4 % 4; break;
	default: audit_note(cell, (u16)(what / 4 % CELL_COUNT), what % LIFE_OP_COUNT, LIFE_DENIED); break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input input = { data, size };
	enum host_end end;

	machine_reset(NULL);
	host_become(SERVICE);
	memset(&now, 0, sizeof now);
	answered = 0;
	unit_core.board_rights = (u8)next(&input, 1);
	for (u32 i = 0; i < CONTROL_COUNT; i++)
		unit_controls[i] = (struct control_config){ CONTROLLER_OPERATOR, (u16)(i % CELL_COUNT), (u16)(next(&input, 1) & 0x3f) };
	while (input.left) {
		u32 what = next(&input, 1);

		if (what < 0x50)
			round_of_service();
		else if (what < 0xa0)
			happen(what - 0x50);
		else if (!now.on)
			request(&input);
		else
			go_on();
	}
	for (u32 i = 0; now.on && i < 300; i++) {
		happen(0x10); /* nobody writes for ever */
		for (u32 c = 0; c < CELL_COUNT; c++)
			cells[c].record_state = cells[c].unheard_state = RECORD_NONE;
		go_on();
		round_of_service();
	}
	check(!now.on, "it is never answered");
	check(audited() >= answered, "not in the audit");
	for (u32 i = 0; i < CELL_COUNT; i++)
		unit_lives[i].heartbeat_period = 0;
	host.now += 2 * HOST_HZ;
	HOST_CATCH(end, watch_serve());
	check(end == HOST_RETURNED || (end == HOST_BOARD_RESET && unit_core.board_rights & 1) ||
	      (end == HOST_BOARD_OFF && unit_core.board_rights & 2), "the board ends");
	return 0;
}
