/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * libFuzzer target: somebody types at the command line whatever the input says,
 * words of its own among it, while a cell prints and the UART is fast or slow.
 * Looked for, besides what sanitizers find and what may not be on the wire: a line
 * that does not stand there as it was typed, and an operation that was carried out
 * though the line did not ask for it, or the other way round.
 *
 *   tests/fuzz/run [seconds [output folder]] command
 */
#include "core/audit.h"
#include "core/command.h"
#include "core/console.h"
#include "core/control.h"
#include "core/watch.h"
#include "host.h"
#include "input.h"
#include "terminal.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static const char *const words[] = {
	"status", "start", "stop", "restart", "suspend", "resume", "kill", "audit", "crash", "help",
	"linux", "control", "hello", "all", " ", "\x7f", "\x15", "\x08",
};

/* The line as it was typed. */
static char typed[COMMAND_LENGTH + 1];
static u32 typed_length;

static void key(char byte)
{
	wire_type(&byte, 1);
	if (byte == 0x15)
		typed_length = 0;
	else if ((byte == 0x08 || byte == 0x7f) && typed_length)
		typed_length--;
	else if (byte >= ' ' && byte < 0x7f && typed_length < COMMAND_LENGTH)
		typed[typed_length++] = byte;
	typed[typed_length] = 0;
}

/* Rounds as main.c has them. */
static void rounds(u32 count)
{
	for (u32 i = 0; i < count; i++) {
		serve(1);
		host_this = &host_cpus[SERVICE];
		watch_serve();
		control_serve();
		audit_serve();
	}
}

/* The last line of the command line on the wire, as a terminal shows it, is the one that was typed. */
static void check_line(void)
{
	static const char prompt[] = "[core] : ";
	char line[512], last[512] = "";
	u32 at = 0;

	for (u32 i = 0; i < wire_length; i++) {
		char byte = wire_text[i];

		if (byte == '\b' && at) {
			at--;
		} else if (byte == '\n') {
			line[at] = 0;
			at = 0;
			if (!strncmp(line, prompt, sizeof prompt - 1))
				memcpy(last, line, sizeof last);
		} else if (byte != '\r' && at < sizeof line - 1) {
			line[at++] = byte;
		}
	}
	check(!strncmp(last, prompt, sizeof prompt - 1) && !strcmp(last + sizeof prompt - 1, typed), "not the line that was typed");
}

/* ---- what it asks for ---- */

static u32 answers(const char *op, const char *cell)
{
	char line[80];
	u32 count = 0;

	snprintf(line, sizeof line, "\r\n[core] %s %s: ", op, cell);
	for (const char *p = wire_text; (p = strstr(p, line)); p++)
		count++;
	return count;
}

/* Written without command.c in mind: true, if the typed line asks for this operation on this cell. */
static bool asks(const char *op, const char *cell)
{
	char copy[COMMAND_LENGTH + 1], *rest = copy, *word;
	bool any = false, asked = false;

	memcpy(copy, typed, sizeof copy);
	while ((word = strsep(&rest, " "))) {
		bool known = !strcmp(word, "all");

		if (!*word)
			continue;
		if (!any) {
			any = true;
			if (strcmp(word, op))
				return false;
			continue;
		}
		for (u32 i = 0; i < CELL_COUNT; i++)
			known |= !strcmp(word, machine_cells[i].name);
		if (!known)
			return false; /* a slip: nothing is done */
		asked |= !strcmp(word, cell) || !strcmp(word, "all");
	}
	return asked;
}

static void enter(void)
{
	u32 before[LIFE_OP_COUNT][CELL_COUNT];

	wire_room = ~0u;
	rounds(20); /* all that was typed is drawn, what was asked before is answered */
	for (u32 op = LIFE_START; op < LIFE_OP_COUNT; op++)
		for (u32 cell = 0; cell < CELL_COUNT; cell++)
			before[op][cell] = answers(life_op_names[op], machine_cells[cell].name);
	wire_type("\r", 1);
	rounds(20);
	check_line();
	for (u32 op = LIFE_START; op < LIFE_OP_COUNT; op++)
		for (u32 cell = 0; cell < CELL_COUNT; cell++)
			check(answers(life_op_names[op], machine_cells[cell].name) - before[op][cell] ==
			      asks(life_op_names[op], machine_cells[cell].name), "an operation too many, or too few");
	check(!command_is_open(), "it is still open");
}

static void step(struct input *input)
{
	u32 what = next(input, 1);

	switch (what & 7) {
	case 0: case 1:
		key((char)(what >> 3 | 0x60));
		break;
	case 2: case 3: case 4:
		for (const char *p = words[(what >> 3) % ARRAY_COUNT(words)]; *p; p++)
			key(*p);
		break;
	case 5:
		guest_print(what & 8 ? VDEV_HELLO : VDEV_LINUX, what & 16 ? "says\n" : "says ");
		break;
	case 6:
		wire_room = what & 0x80 ? ~0u : what >> 3 & 15;
		break;
	default:
		rounds(1 + (what >> 3 & 7));
		break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input input = { data, size };

	machine_reset(NULL);
	audit_init();
	for (u32 i = 0; i < CONTROL_COUNT; i++) /* the operator may do everything with two of the three */
		unit_controls[i] = (struct control_config){ CONTROLLER_OPERATOR, (u16)(i % 2), 0x3f };
	unit_core.first_control = 0;
	unit_core.control_count = 2;
	typed_length = 0;
	typed[0] = 0;
	wire_type("\x14:", 2);
	while (input.left && wire_length < sizeof wire_text / 2)
		step(&input);
	enter();
	wire_room = ~0u;
	for (u32 i = 0; i < CELL_COUNT; i++)
		cells[i].state = CELL_STOPPED;
	serve(60);
	check_wire();
	return 0;
}
