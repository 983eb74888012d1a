/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What it costs to stop, start, suspend and resume a cell, in ticks of the core's own measurement (CELL_TIMES). The cell
 * that measures controls the others, of which each waits in its way:
 *
 *     role=spin    interrupts masked, in a loop
 *     role=sleep   in WFI
 *     role=chief   names=a,b,..: what the cells that it controls are called, in that order
 *
 *     bench: life_a_regain 101
 */
#include "guest.h"

#define NAME_MAX 16

static void spin(void)
{
	__asm__ volatile("msr daifset, #15\n1:\tb 1b");
}

static void sleep(void)
{
	gic_init();
	for (;;)
		wfi();
}

static void say(const char *cell, const char *what, u64 value)
{
	print("bench: life_%s_%s %lu\n", cell, what, value);
}

static u64 state_of(u64 cell)
{
	return hvc(CLOISON_CELL_STATUS, cell, 0, 0);
}

static u64 lives_of(u64 cell)
{
	struct smccc call = { { CLOISON_CELL_STATUS, cell } };

	smccc_hvc(&call);
	return call.x[1];
}

/*
 * Asleep all the time, so that nobody else's time is counted: after a request just before, which changes nothing, the next
 * is found by the tick, when this CPU is asleep.
 */
static void bring(const char *name, u64 cell, u64 op, u64 state)
{
	u64 lives = lives_of(cell) + (op == OP_START || op == OP_RESTART);

	sleep_us(20000);
	hvc(CLOISON_CONTROL, cell, state_of(cell) == CELL_SUSPENDED ? OP_SUSPEND : OP_RESUME, 0);
	sleep_us(4000);
	if (hvc(CLOISON_CONTROL, cell, op, 0))
		print("bench: FAIL %s operation %lu is refused\n", name, op);
	for (u32 i = 0; i < 500; i++) {
		sleep_us(20000);
		if (state_of(cell) == state && lives_of(cell) == lives)
			return;
	}
	print("bench: FAIL %s operation %lu state %lu lives %lu\n", name, op, state_of(cell), lives_of(cell));
}

static void times(u64 cell, struct smccc *call)
{
	*call = (struct smccc){ { CLOISON_CELL_TIMES, cell } };
	smccc_hvc(call);
}

static void measure(const char *name, u64 cell)
{
	struct smccc t;

	bring(name, cell, OP_START, CELL_RUNNING);
	times(cell, &t);
	say(name, "start", t.x[4]);
	bring(name, cell, OP_SUSPEND, CELL_SUSPENDED);
	times(cell, &t);
	say(name, "suspend", t.x[1]);
	bring(name, cell, OP_RESUME, CELL_RUNNING);
	times(cell, &t);
	say(name, "resume", t.x[5]);
	bring(name, cell, OP_RESTART, CELL_RUNNING);
	times(cell, &t);
	say(name, "restart", t.x[2] + t.x[4]);
	bring(name, cell, OP_STOP, CELL_STOPPED);
	times(cell, &t);
	say(name, "regain", t.x[1]);
	say(name, "stop", t.x[2]);
	say(name, "clear", t.x[3]);
}

static void chief(void)
{
	char names[80], *name = names;

	gic_init();
	if (!args_get("names", names, sizeof names))
		return;
	for (u64 cell = 0; *name; cell++) {
		char *end = name;
		bool more;

		while (*end && *end != ',')
			end++;
		more = *end;
		*end = 0;
		measure(name, cell);
		name = end + more;
	}
	print("bench: end\n");
}

void guest_main(struct boot_state *boot)
{
	char role[NAME_MAX] = "chief";

	args_init(boot->dtb);
	args_get("role", role, sizeof role);
	if (strcmp(role, "spin") == 0)
		spin();
	if (strcmp(role, "sleep") == 0)
		sleep();
	uart_init();
	chief();
	idle_forever();
}
