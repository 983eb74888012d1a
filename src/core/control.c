/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Requests (control.h).
 *
 *   caller's CPU    rights -> no: count it ------------------+
 *                   yes: pair's word 0 -> op + 1 (else busy) |-> news of the caller
 *   service CPU     each round: who has news? -> counts into the audit; life_do -> audit -> result, pair's word := 0
 *
 * A caller may call as often as he can: he gets one answer for each pair and
 * round, and what he may not do is a number in a counter. He calls the service
 * CPU at once only if the pair was idle for KICK_TIME, as that CPU may be
 * another cell's; else its tick finds the request. What is done to one cell comes
 * at least TARGET_TIME after the last that was, since each broadcasts to all CPUs.
 */
#include "core/control.h"
#include "core/audit.h"
#include "core/boot.h"
#include "core/bound.h"
#include "core/log.h"
#include "core/watch.h"

#define KICK_TIME(hz) ((hz) / 100)
#define TARGET_TIME(hz) ((hz) / 1000)
#define OPS_SERVICE 8u /* carried out in one round, on a CPU that has nothing else to do, */
#define OPS_SHARED 1u  /* and on a cell's */
#define PAIRS (CONTROL_COUNT ? CONTROL_COUNT : 1)
#define CELLS (CELL_COUNT ? CELL_COUNT : 1)

/* One for each element of machine_controls; the operator's have no word, only a result. */
static struct pair {
	u32 wanted; /* [A] 0, or 1 + enum life_op. By the caller from 0, by the service CPU to 0 */
	u32 result; /* [A] enum life_result of the last one */
	u64 kicked; /* [A] ticks, when the service CPU was last called for it */
	u32 denied[LIFE_OP_COUNT]; /* [A] refused and not yet in the audit */
} pairs[PAIRS];

static struct caller {
	u32 news;    /* [A] look at its pairs */
	u32 invalid; /* [A] requests to numbers that it has not, and not yet in the audit */
	u32 op;      /* [A] the last of them */
} callers[CELLS];

/* Of the service CPU: the operator's. */
static struct wish {
	u8 wanted;     /* 0, or 1 + enum life_op */
	bool fetched;  /* what comes of it is fetched by who asked (control_answer), not told; */
	u8 answer;     /* and is this, 1 + enum life_result; 0: not yet */
} wishes[CELLS];
static u64 done_at[CELLS]; /* [O] service CPU: ticks, when something was last done to the cell */
static u32 turn;           /* [O] service CPU: the caller that goes first */

/* ---- rights ---- */

/* Who may stop may do so without asking. */
static bool may(const struct control_config *config, enum life_op op)
{
	return config->rights >> (op == LIFE_KILL ? LIFE_STOP : op) & 1;
}

/* The element of machine_controls; CONTROL_COUNT: it has no such number. */
static u32 pair_of(u16 cell, u64 number)
{
	const struct life_config *life = &machine_lives[cell];

	return number < life->control_count ? life->first_control + (u32)number : CONTROL_COUNT;
}

/* ---- the caller's CPU ---- */

/* After everything that is news. */
static void tell(u16 cell)
{
	__atomic_store_n(&callers[cell].news, 1, __ATOMIC_SEQ_CST);
}

static enum control_result refuse(u16 cell, u32 pair, enum life_op op)
{
	__atomic_fetch_add(&pairs[pair].denied[op], 1, __ATOMIC_RELAXED);
	tell(cell);
	return CONTROL_DENIED;
}

static enum control_result no_such(u16 cell, enum life_op op)
{
	__atomic_store_n(&callers[cell].op, op, __ATOMIC_RELAXED);
	__atomic_fetch_add(&callers[cell].invalid, 1, __ATOMIC_RELAXED);
	tell(cell);
	return CONTROL_INVALID;
}

static void call_service(struct pair *pair)
{
	u64 now = arch_time_now();

	if (now - __atomic_load_n(&pair->kicked, __ATOMIC_RELAXED) < KICK_TIME(arch_time_hz()))
		return;
	__atomic_store_n(&pair->kicked, now, __ATOMIC_RELAXED);
	core_call_service();
}

enum control_result control_ask(struct cpu *cpu, u64 number, u64 op)
{
	u16 cell = cpu->cell_index;
	u32 pair = pair_of(cell, number);

	if (op >= LIFE_OP_COUNT)
		return CONTROL_INVALID;
	if (pair >= CONTROL_COUNT)
		return no_such(cell, (enum life_op)op);
	if (!may(&machine_controls[pair], (enum life_op)op))
		return refuse(cell, pair, (enum life_op)op);
	if (op == LIFE_STATUS)
		return CONTROL_OK; /* nothing to carry out: control_status */
	if (!arch_cas32(&pairs[pair].wanted, 0, (u32)op + 1))
		return CONTROL_BUSY;
	tell(cell);
	call_service(&pairs[pair]);
	return CONTROL_OK;
}

static void copy_times(struct life_times *to, const struct life_times *from)
{
	to->revoked = __atomic_load_n(&from->revoked, __ATOMIC_RELAXED);
	to->regain = __atomic_load_n(&from->regain, __ATOMIC_RELAXED);
	to->stop = __atomic_load_n(&from->stop, __ATOMIC_RELAXED);
	to->clear = __atomic_load_n(&from->clear, __ATOMIC_RELAXED);
	to->start = __atomic_load_n(&from->start, __ATOMIC_RELAXED);
	to->resume = __atomic_load_n(&from->resume, __ATOMIC_RELAXED);
}

enum control_result control_status(const struct cpu *cpu, u64 number, struct control_status *status)
{
	u16 cell = cpu->cell_index;
	u32 pair = pair_of(cell, number);

	if (pair >= CONTROL_COUNT)
		return no_such(cell, LIFE_STATUS);
	if (!may(&machine_controls[pair], LIFE_STATUS))
		return refuse(cell, pair, LIFE_STATUS);
	const struct cell *target = &cells[machine_controls[pair].target];

	/* The result first: who sees the request done sees what it did, too */
	status->result = (enum life_result)atomic_load32(&pairs[pair].result);
	status->state = life_shown(atomic_load32(&target->state));
	status->lives = atomic_load32(&target->incarnation);
	status->reason = __atomic_load_n(&target->record.reason, __ATOMIC_RELAXED);
	copy_times(&status->times, &target->times);
	return CONTROL_OK;
}

/* ---- the service CPU ---- */

static bool is_too_soon(u16 target)
{
	return done_at[target] && arch_time_now() - done_at[target] < TARGET_TIME(arch_time_hz());
}

static enum life_result carry_out(u16 target, enum life_op op, u16 by)
{
	enum life_result result = life_do(target, op, by);

	done_at[target] = arch_time_now();
	audit_note(by, target, op, result);
	return result;
}

/* False: later. */
static bool serve_pair(u32 index)
{
	struct pair *pair = &pairs[index];
	const struct control_config *config = &machine_controls[index];
	u32 wanted = atomic_load32(&pair->wanted);

	if (!wanted)
		return true;
	if (is_too_soon(config->target))
		return false;
	atomic_store32(&pair->result, carry_out(config->target, (enum life_op)(wanted - 1), config->controller));
	atomic_store32(&pair->wanted, 0);
	return true;
}

static u32 take(u32 *counter)
{
	return atomic_load32(counter) ? __atomic_exchange_n(counter, 0, __ATOMIC_ACQ_REL) : 0;
}

static void audit_pair(u32 index)
{
	const struct control_config *config = &machine_controls[index];

	for (u32 op = 0; op < LIFE_OP_COUNT; op++) {
		u32 times = take(&pairs[index].denied[op]);

		if (times)
			audit_notes(config->controller, config->target, (enum life_op)op, LIFE_DENIED, times);
	}
}

/* How many of the allowed operations are left. */
static u32 serve_caller(u16 cell, u32 left)
{
	const struct life_config *life = &machine_lives[cell];
	u32 invalid;

	if (!__atomic_exchange_n(&callers[cell].news, 0, __ATOMIC_SEQ_CST)) /* before what it is about */
		return left;
	invalid = take(&callers[cell].invalid);
	if (invalid)
		audit_notes(cell, CELL_NONE, (enum life_op)atomic_load32(&callers[cell].op), LIFE_DENIED, invalid);
	for (u32 i = life->first_control; i < (u32)life->first_control + life->control_count; i++) {
		LOOP_BOUND(CONTROL_COUNT);
		audit_pair(i);
		if (!atomic_load32(&pairs[i].wanted))
			continue;
		if (!left || !serve_pair(i))
			tell(cell); /* the next round looks again */
		else
			left--;
	}
	return left;
}

u16 control_rights(u16 cell)
{
	u32 rights = 0;

	for (u32 i = machine_core.first_control; i < (u32)machine_core.first_control + machine_core.control_count; i++) {
		LOOP_BOUND(CONTROL_COUNT);
		if (machine_controls[i].target == cell)
			rights |= machine_controls[i].rights;
	}
	rights &= (1u << LIFE_KILL) - 1;
	return (u16)(rights | (rights >> LIFE_STOP & 1) << LIFE_KILL);
}

static enum life_result obey(u16 cell, enum life_op op)
{
	if (control_rights(cell) >> op & 1)
		return carry_out(cell, op, CONTROLLER_OPERATOR);
	audit_note(CONTROLLER_OPERATOR, cell, op, LIFE_DENIED);
	return LIFE_DENIED;
}

/* Those that are told wait until there is room for that. */
static u32 serve_operator(u32 left)
{
	for (u16 cell = 0; cell < CELL_COUNT && left; cell++) {
		LOOP_BOUND(CELL_COUNT);
		struct wish *wish = &wishes[cell];
		enum life_op op = (enum life_op)(wish->wanted - 1);

		if (!wish->wanted || is_too_soon(cell) || !(wish->fetched || log_has_room()))
			continue;
		enum life_result result = obey(cell, op);

		if (wish->fetched)
			wish->answer = (u8)(1 + result);
		else
			log_put_either(result == LIFE_DENIED, MESSAGE_OPERATION_DENIED, MESSAGE_OPERATION, cell, life_op_names[op],
				       life_result_names[result]);
		wish->wanted = 0;
		left--;
	}
	return left;
}

void control_serve(void)
{
	u32 left = arch_cpu_this()->config->role == CPU_SERVICE ? OPS_SERVICE : OPS_SHARED;

	left = serve_operator(left); /* he cannot flood, so he goes first */
	turn = turn + 1 < CELL_COUNT ? turn + 1 : 0;
	for (u32 i = 0; i < CELL_COUNT; i++) {
		LOOP_BOUND(CELL_COUNT);
		left = serve_caller((u16)((turn + i) % CELL_COUNT), left);
	}
}

/* ---- the operator ---- */

void control_operator(u16 cell, enum life_op op)
{
	if (cell < CELL_COUNT && op < LIFE_OP_COUNT)
		wishes[cell] = (struct wish){ .wanted = (u8)(1 + op) };
}

bool control_request(u16 cell, enum life_op op)
{
	if (wishes[cell].wanted)
		return false;
	wishes[cell] = (struct wish){ .wanted = (u8)(1 + op), .fetched = true };
	return true;
}

bool control_answer(u16 cell, enum life_result *result)
{
	if (wishes[cell].answer)
		*result = (enum life_result)(wishes[cell].answer - 1);
	return wishes[cell].answer;
}

enum life_result control_board(enum manage_board what)
{
	enum life_result result = machine_core.board_rights >> what & 1 ? LIFE_OK : LIFE_DENIED;

	audit_note(CONTROLLER_OPERATOR, CELL_NONE, AUDIT_BOARD + what, result);
	if (result == LIFE_OK)
		watch_end_board(what);
	return result;
}
