/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What gdb asks, and what it is told. gdb's manual, "Remote Serial Protocol", has the packets. */
#include "gdb.h"

#include <stdio.h>
#include <string.h>

struct command {
	const char *name; /* what the packet begins with */
	gdb_deed *run;
};

static bool is_name(const char **text, const char *name)
{
	size_t length = strlen(name);

	if (strncmp(*text, name, length) != 0)
		return false;
	*text += length;
	return true;
}

static void vcont_can(struct gdb *g, const char *rest, u32 size)
{
	(void)rest, (void)size;
	gdb_send(g, "vCont;c;C;s;S");
}

static void detach(struct gdb *g, const char *rest, u32 size)
{
	(void)rest, (void)size;
	gdb_close(g);
	gdb_send(g, "OK");
}

/* A cell is not gdb's to kill: it goes on. */
static void kill_it(struct gdb *g, const char *rest, u32 size)
{
	(void)rest, (void)size;
	gdb_close(g);
	if (rest[-1] != 'k')
		gdb_send(g, "OK");
}

/* ---- threads ---- */

static void set_thread(struct gdb *g, const char *rest, u32 size)
{
	char which = *rest;

	(void)size;
	if (which)
		rest++;
	if (which == 'g')
		g->general = gdb_thread(g, &rest, g->general);
	else
		g->resume = gdb_thread(g, &rest, g->general);
	gdb_send(g, "OK");
}

static void current(struct gdb *g, const char *rest, u32 size)
{
	char text[16];

	(void)size;
	snprintf(text, sizeof(text), "QC%x", g->general + 1u);
	gdb_send(g, *rest ? "" : text); /* qCRC is another one */
}

static void is_alive(struct gdb *g, const char *rest, u32 size)
{
	u64 value;

	(void)size;
	gdb_send(g, gdb_number(&rest, &value) && value && value <= g->vcpus && g->deeds->is_on(g->of, (u16)(value - 1)) ? "OK" : "E03");
}

static void more_threads(struct gdb *g, const char *rest, u32 size)
{
	char text[GDB_VCPUS * 4 + 8] = "m";
	size_t at = 1;

	(void)rest, (void)size;
	for (; g->listed < g->vcpus; g->listed++)
		if (g->deeds->is_on(g->of, g->listed))
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%x", at > 1 ? "," : "", g->listed + 1u);
	gdb_send(g, at > 1 ? text : "l");
}

static void first_threads(struct gdb *g, const char *rest, u32 size)
{
	g->listed = 0;
	more_threads(g, rest, size);
}

static void about_thread(struct gdb *g, const char *rest, u32 size)
{
	char text[32], hex[64 + 1];

	(void)size;
	snprintf(text, sizeof(text), "vCPU %u", gdb_thread(g, &rest, g->general));
	gdb_hex(hex, text, (u32)strlen(text));
	gdb_send(g, hex);
}

/* ---- what there is ---- */

static void supported(struct gdb *g, const char *rest, u32 size)
{
	char text[160];

	(void)rest, (void)size;
	snprintf(text, sizeof(text), "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;vContSupported+;swbreak+;hwbreak+", GDB_PACKET);
	gdb_send(g, text);
}

static void no_acks(struct gdb *g, const char *rest, u32 size)
{
	(void)rest, (void)size;
	gdb_send(g, "OK");
	g->silent = true;
}

static void target(struct gdb *g, const char *rest, u32 packet_size)
{
	static char text[GDB_PACKET];
	size_t whole = strlen(gdb_target);
	u64 from, size;

	(void)packet_size;
	if (!is_name(&rest, "target.xml:") || !gdb_range(&rest, &from, &size, 0)) {
		gdb_send(g, "E00");
		return;
	}
	if (from > whole)
		from = whole;
	if (size > sizeof(text) - 2)
		size = sizeof(text) - 2;
	if (size > whole - from)
		size = whole - from;
	text[0] = from + size < whole ? 'm' : 'l';
	memcpy(text + 1, gdb_target + from, size);
	text[1 + size] = 0;
	gdb_send(g, text);
}

static void attached(struct gdb *g, const char *rest, u32 size)
{
	(void)rest, (void)size;
	gdb_send(g, "1"); /* so gdb detaches at its end and does not kill */
}

static void ok(struct gdb *g, const char *rest, u32 size)
{
	(void)rest, (void)size;
	gdb_send(g, "OK");
}

/* Longer names first. */
static const struct command commands[] = {
	{ "qSupported", supported }, { "QStartNoAckMode", no_acks }, { "qXfer:features:read:", target }, { "qAttached", attached },
	{ "qfThreadInfo", first_threads }, { "qsThreadInfo", more_threads }, { "qThreadExtraInfo,", about_thread }, { "qC", current },
	{ "qSymbol", ok }, { "vCont?", vcont_can }, { "vCont", gdb_vcont }, { "vKill", kill_it }, { "?", gdb_why }, { "g", gdb_read_all },
	{ "G", gdb_write_all }, { "p", gdb_read_one }, { "P", gdb_write_one }, { "m", gdb_read_memory }, { "M", gdb_write_memory }, { "X", gdb_write_binary },
	{ "Z", gdb_point }, { "z", gdb_point }, { "H", set_thread }, { "T", is_alive }, { "c", gdb_continue }, { "s", gdb_continue },
	{ "C", gdb_signal }, { "S", gdb_signal }, { "D", detach }, { "k", kill_it },
};

static void run(struct gdb *g)
{
	for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
		const char *rest = g->in.body;

		if (is_name(&rest, commands[i].name)) {
			commands[i].run(g, rest, g->in.size - (u32)(rest - g->in.body));
			return;
		}
	}
	gdb_send(g, ""); /* not known here, as gdb wants to hear it */
}

static void acknowledge(struct gdb *g, char with)
{
	if (!g->silent && g->out_size < sizeof(g->out))
		g->out[g->out_size++] = with;
}

void gdb_input(struct gdb *g, const u8 *bytes, u32 size)
{
	for (u32 i = 0; i < size && !g->ended; i++)
		switch (gdb_byte(&g->in, bytes[i])) {
		case GDB_WHOLE:
			acknowledge(g, '+');
			run(g);
			break;
		case GDB_WRONG: acknowledge(g, '-'); break;
		case GDB_BREAK: gdb_interrupt(g); break;
		case GDB_AGAIN: gdb_again(g); break;
		case GDB_NOTHING: break;
		}
}

void gdb_open(struct gdb *g, const struct gdb_deeds *deeds, void *of, u16 vcpus)
{
	memset(g, 0, sizeof(*g));
	g->deeds = deeds;
	g->of = of;
	g->vcpus = vcpus < GDB_VCPUS ? vcpus : GDB_VCPUS;
	if (deeds->halt(of) != LINE_OK)
		g->ended = g->broken = true;
}

void gdb_close(struct gdb *g)
{
	if (g->ended)
		return;
	if (g->running && g->deeds->halt(g->of) != LINE_OK)
		g->broken = true;
	if (!g->broken) {
		if (g->returning)
			g->deeds->point(g->of, g->step_point, POINT_OFF, 0, 0);
		gdb_clear_points(g);
		if (g->deeds->go(g->of, GO_LEAVE) != LINE_OK)
			g->broken = true;
	}
	g->running = g->returning = false;
	g->ended = true;
}
