/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* When the cell runs, and why it has stopped. */
#include "gdb.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PC 32u
#define SIGNAL_INTERRUPT 2u
#define SIGNAL_TRAP 5u

static void forget(struct gdb *g)
{
	memset(g->known, 0, sizeof(g->known));
}

/* ---- why it has stopped ---- */

static void put_reason(const struct gdb *g, char *text, size_t size)
{
	static const char *const watch[] = { [POINT_WRITE] = "watch", [POINT_READ] = "rwatch", [POINT_ACCESS] = "awatch" };
	const struct gdb_hard *point;

	*text = 0;
	switch (g->last.why) {
	case DEBUG_BREAKPOINT: snprintf(text, size, "hwbreak:;"); break;
	case DEBUG_BRK:
		if (gdb_is_soft(g, g->last.pc))
			snprintf(text, size, "swbreak:;");
		break;
	case DEBUG_WATCHED:
		point = gdb_watch_at(g, g->last.address);
		snprintf(text, size, "%s:%" PRIx64 ";", watch[point ? point->kind : POINT_WRITE], point ? point->address : g->last.address);
		break;
	default: break;
	}
}

static void tell_stop(struct gdb *g)
{
	char reason[64], text[128];

	g->running = g->stepping = g->returning = false;
	forget(g);
	if (g->last.why == DEBUG_ENDED) {
		g->ended = true;
		gdb_send(g, "W00");
		return;
	}
	if (g->last.vcpu < g->vcpus)
		g->general = g->resume = g->last.vcpu;
	put_reason(g, reason, sizeof(reason));
	snprintf(text, sizeof(text), "T%02xthread:%x;%s", g->last.why == DEBUG_ASKED ? SIGNAL_INTERRUPT : SIGNAL_TRAP, g->general + 1u, reason);
	gdb_send(g, text);
}

static void lose(struct gdb *g)
{
	g->ended = g->broken = true;
	g->running = false;
	gdb_send(g, "W00");
}

/* ---- steps ---- */

static bool step(struct gdb *g)
{
	forget(g);
	return g->deeds->step(g->of, g->stepped) == LINE_OK;
}

/*
 * A cell that has waited has interrupts waiting for it, and a step leads to the first instruction of its handler. That is no step
 * for who debugs something else: the handler runs, to a breakpoint where it was interrupted, and the step is made then.
 */
static bool is_in_handler(struct gdb *g)
{
	const struct gdb_registers *r = gdb_registers_of(g, g->stepped);
	u64 distance = r ? r->core[PC] - r->vbar : 0;

	/* IRQ and FIQ of each of the four sources. */
	return r && r->vbar && distance < 0x800 && ((distance & 0x1ff) == 0x80 || (distance & 0x1ff) == 0x100) && r->elr == g->step_from;
}

static bool run_handler(struct gdb *g)
{
	u8 number = (u8)(g->last.breakpoints - 1);

	if (!g->last.breakpoints || number >= GDB_HARD || g->breaks[number].kind != POINT_OFF || g->tries++ == GDB_TRIES)
		return false;
	if (g->deeds->point(g->of, number, POINT_EXECUTE, 4, g->step_from) != LINE_OK)
		return false;
	g->step_point = number;
	g->returning = true;
	forget(g);
	return g->deeds->go(g->of, GO_ON) == LINE_OK;
}

static bool handler_is_over(struct gdb *g)
{
	bool here = g->last.why == DEBUG_BREAKPOINT && g->last.vcpu == g->stepped && g->last.pc == g->step_from;

	g->returning = false;
	return g->deeds->point(g->of, g->step_point, POINT_OFF, 0, 0) == LINE_OK && here && step(g);
}

/* A BRK with a number is the guest's own (WARN_ON, kprobes), and nothing for us; #0 is what a programmer writes. */
static bool is_guests_own(const struct gdb *g)
{
	return g->last.why == DEBUG_BRK && g->last.brk && !gdb_is_soft(g, g->last.pc);
}

/* It has stopped, and that is not what was asked for. True: it runs again. */
static bool goes_on(struct gdb *g)
{
	if (g->returning)
		return handler_is_over(g);
	if (is_guests_own(g))
		return g->deeds->go(g->of, GO_PASS) == LINE_OK;
	return g->stepping && g->last.why == DEBUG_STEPPED && is_in_handler(g) && run_handler(g);
}

void gdb_poll(struct gdb *g)
{
	if (!g->running)
		return;
	if (g->deeds->state(g->of, &g->last) != LINE_OK)
		lose(g);
	else if (g->last.why == DEBUG_ENDED || (g->last.halted && !goes_on(g)))
		tell_stop(g);
}

void gdb_interrupt(struct gdb *g)
{
	if (!g->running)
		return;
	if (g->deeds->halt(g->of) != LINE_OK)
		lose(g);
	else
		gdb_poll(g);
}

void gdb_why(struct gdb *g, const char *rest, u32 size)
{
	(void)rest, (void)size;
	if (g->deeds->state(g->of, &g->last) != LINE_OK)
		lose(g);
	else
		tell_stop(g);
}

/* ---- running ---- */

static void begin(struct gdb *g, bool done)
{
	forget(g);
	g->running = done;
	if (!done)
		gdb_send(g, "E01");
}

static void begin_step(struct gdb *g, u16 vcpu)
{
	const struct gdb_registers *r = gdb_registers_of(g, vcpu);

	g->stepping = true;
	g->stepped = vcpu;
	g->tries = 0;
	g->step_from = r ? r->core[PC] : 0;
	begin(g, r && step(g));
}

/* signal SIGTRAP at a BRK of the guest: it is to have it. All other signals are nobody's. */
static void begin_run(struct gdb *g, u64 signal)
{
	bool its = signal == SIGNAL_TRAP && g->last.why == DEBUG_BRK && !gdb_is_soft(g, g->last.pc);

	begin(g, g->deeds->go(g->of, its ? GO_PASS : GO_ON) == LINE_OK);
}

u16 gdb_thread(const struct gdb *g, const char **text, u16 any)
{
	u64 value;

	if (**text == '-') {
		++*text;
		gdb_number(text, &value);
		return any;
	}
	if (!gdb_number(text, &value) || !value)
		return any;
	return value <= g->vcpus ? (u16)(value - 1) : any;
}

void gdb_continue(struct gdb *g, const char *rest, u32 size)
{
	(void)size;
	if (rest[-1] == 's')
		begin_step(g, g->resume);
	else
		begin_run(g, 0);
}

void gdb_signal(struct gdb *g, const char *rest, u32 size)
{
	u64 signal = 0;

	(void)size;
	if (rest[-1] == 'S') {
		begin_step(g, g->resume);
		return;
	}
	gdb_number(&rest, &signal);
	begin_run(g, signal);
}

/* vCont;s:1;c steps thread 1. The others wait meanwhile: the core steps one, and nobody else moves. */
void gdb_vcont(struct gdb *g, const char *rest, u32 size)
{
	u64 signal = 0, last = 0;

	(void)size;
	while (*rest == ';') {
		char action = rest[1];

		if (!action)
			break;
		rest += 2;
		if (action == 'S' || action == 'C')
			gdb_number(&rest, action == 'C' ? &signal : &last);
		if (action == 's' || action == 'S') {
			u16 vcpu = g->general;

			if (*rest == ':') {
				rest++;
				vcpu = gdb_thread(g, &rest, vcpu);
			}
			begin_step(g, vcpu);
			return;
		}
		while (*rest && *rest != ';')
			rest++;
	}
	begin_run(g, signal);
}
